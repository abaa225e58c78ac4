"""The registry of shipped weights: what there is, what it can do, and whether it is intact.

Each folder under ``weights/`` holds ``manifest.json``, ``card.md`` and the weight files. The
registry reads JSON and hashes bytes only, so capabilities can be listed without torch.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from radixgpt.errors import WeightsError
from radixgpt.report import ModelFacts

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
"""The folder of all shipped weights."""

_MEND = "Restore the folder from the repository (git checkout -- weights) or train it again."


class Manifest(BaseModel):
    """What ``manifest.json`` says; keys beyond these belong to the tool that reads them.

    Attributes:
        files: SHA-256 of every weight file, by file name.
        labels: what the outputs mean, in the tool's own shape.
        thresholds: decision and abstention thresholds, in the tool's own shape.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str
    version: str
    licence: str
    summary: str = ""
    files: dict[str, str] = Field(min_length=1)
    labels: JsonValue = None
    thresholds: JsonValue = None


class Card(BaseModel):
    """Weights with their manifest and their model card; made by :func:`load_card`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """Name of the folder under ``weights/``."""
        return self.folder.name

    def value(self, key: str) -> JsonValue:
        """A key of the manifest that only this tool knows.

        Raises:
            WeightsError: the manifest lacks it.
        """
        values: dict[str, JsonValue] = self.manifest.model_extra or {}
        if key not in values:
            raise WeightsError(f"The manifest of weights/{self.name} lacks '{key}'.", _MEND)
        return values[key]

    def file(self, name: str) -> Path:
        """The path of a weight file whose bytes have the hash of the manifest.

        Raises:
            WeightsError: the file is not listed, not there, or altered.
        """
        expected = self.manifest.files.get(name)
        if expected is None:
            raise WeightsError(f"weights/{self.name} has no file '{name[:60]}'.", _MEND)
        path = self.folder / name
        try:
            stat = path.stat()
        except OSError as error:
            raise WeightsError(f"weights/{self.name}/{name} is missing.", _MEND) from error
        if _sha256(path, stat.st_size, stat.st_mtime_ns) != expected:
            raise WeightsError(
                f"weights/{self.name}/{name} is damaged: its SHA-256 is not the manifest's.", _MEND
            )
        return path

    def text(self) -> str:
        """The model card in Markdown.

        Raises:
            WeightsError: there is no card.
        """
        try:
            return (self.folder / "card.md").read_text(encoding="utf-8")
        except OSError as error:
            raise WeightsError(f"weights/{self.name} has no card.md.", _MEND) from error

    def facts(self) -> ModelFacts:
        """Name, version and one hash over all files, for a report's provenance."""
        listed = json.dumps(self.manifest.files, sort_keys=True).encode()
        return ModelFacts(
            name=self.manifest.name,
            version=self.manifest.version,
            sha256=hashlib.sha256(listed).hexdigest(),
        )


@cache
def _sha256(path: Path, size: int, modified: int) -> str:
    """Hash of a file's bytes, computed once for each state of the file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_card(name: str, *, root: Path = WEIGHTS) -> Card:
    """The card of the weights in ``weights/<name>``.

    The files themselves are verified when they are asked for with :meth:`Card.file`.

    Raises:
        WeightsError: no such folder, or a manifest that does not parse.
    """
    folder = root / name
    if not name.isidentifier() or not folder.is_dir():
        there = ", ".join(sorted(p.parent.name for p in root.glob("*/manifest.json"))) or "none"
        raise WeightsError(f"There are no weights '{name[:40]}' (there are: {there}).", _MEND)
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    except OSError as error:
        raise WeightsError(f"weights/{name} has no manifest.json.", _MEND) from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the file"
        raise WeightsError(
            f"weights/{name}/manifest.json is not valid at {where}.", _MEND
        ) from error
    return Card(folder=folder, manifest=manifest)


def cards(*, root: Path = WEIGHTS) -> tuple[Card, ...]:
    """The cards of all shipped weights, by name."""
    return tuple(
        load_card(path.parent.name, root=root) for path in sorted(root.glob("*/manifest.json"))
    )


def amend_manifest(folder: Path, **values: object) -> None:
    """Put values into the manifest of a folder of weights, which otherwise stays as it is."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | values
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_manifest(
    folder: Path,
    *,
    files: tuple[str, ...],
    name: str,
    version: str,
    licence: str,
    summary: str,
    labels: JsonValue = None,
    thresholds: JsonValue = None,
    **extra: JsonValue,
) -> Card:
    """Hash the weight files of a folder and write its ``manifest.json``; for training runs.

    Raises:
        WeightsError: a named file is missing.
    """
    hashes: dict[str, str] = {}
    for file in files:
        path = folder / file
        if not path.is_file():
            raise WeightsError(f"{folder.name}/{file} is missing.", "Write it before its manifest.")
        hashes[file] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = Manifest.model_validate(
        {
            "name": name,
            "version": version,
            "licence": licence,
            "summary": summary,
            "files": hashes,
            "labels": labels,
            "thresholds": thresholds,
            **extra,
        }
    )
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return load_card(folder.name, root=folder.parent)
