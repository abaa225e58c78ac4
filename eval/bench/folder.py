"""A built benchmark, opened: its files are what they were when it was built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.batch.output import hash_of
from eval.bench.build import ANSWERS, INDEX, ITEMS, MANIFEST, STUDIES
from eval.bench.definition import TaskName, definition, digest
from eval.records import Record, records
from eval.run.registry import Probe
from radixgpt.errors import CaseError

_MEND = "Build it anew: radixgpt eval bench build."


@dataclass(frozen=True)
class Study:
    """One study with its images, or those of a probe."""

    id: str
    patient: str
    exam: str
    images: tuple[Path, ...]


@dataclass(frozen=True)
class Bench:
    """A folder.

    Attributes:
        root: the folder.
        sha256: of its manifest, which names all files by their hashes.
    """

    root: Path
    sha256: str

    def studies(self, probe: Probe = Probe.NONE) -> list[Study]:
        """The studies, with the images of a probe in place of their own."""
        found: list[Study] = []
        for _, row in records(self.root / STUDIES):
            probes, images = row["probes"], row["images"]
            if probe is not Probe.NONE:
                images = probes[str(probe)] if isinstance(probes, dict) else ()
            places = tuple(self.root / str(place) for place in _listed(images))
            found.append(Study(str(row["id"]), str(row["patient"]), str(row["exam"]), places))
        return found

    def index(self) -> list[Study]:
        """The studies that retrieval ranks."""
        return [
            Study(
                str(row["id"]),
                "",
                "",
                tuple(self.root / str(place) for place in _listed(row["images"])),
            )
            for _, row in records(self.root / TaskName.RETRIEVAL / INDEX)
        ]

    def items(self, task: TaskName) -> dict[str, Record]:
        """Items of a task by id, in their order."""
        return {str(row["id"]): row for _, row in records(self.root / task / ITEMS)}

    def answers(self, task: TaskName) -> dict[str, Record]:
        """Answers of a task by id, in their order."""
        return {str(row["id"]): row for _, row in records(self.root / task / ANSWERS)}

    def patients(self) -> Mapping[str, str]:
        """The patient of each study."""
        return {study.id: study.patient for study in self.studies()}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def open_bench(folder: Path) -> Bench:
    """Open a folder, after a look at every file but the images.

    Raises:
        CaseError: it is no benchmark, of another version, or a file was changed.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = dict(manifest["files"])
        version, made = str(manifest["version"]), str(manifest["definition"])
    except FileNotFoundError as error:
        raise CaseError(f"There is no benchmark in {folder.name}.", _MEND) from error
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise CaseError(f"{MANIFEST} is damaged.", _MEND) from error
    if made != digest():
        raise CaseError(
            f"The benchmark is version {version}, and this program scores "
            f"{definition().version} with another definition.",
            "Use the radixgpt that it was built with, or build it anew.",
        )
    texts = [name for name in files if not name.startswith(("images/", "probes/"))]
    changed = [
        name
        for name in texts
        if not (folder / name).is_file() or hash_of(folder / name) != files[name]
    ]
    if changed:
        raise CaseError(f"Changed or missing: {', '.join(changed[:5])}.", _MEND)
    return Bench(folder, hash_of(path))
