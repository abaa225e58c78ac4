"""Building the benchmark's folder from mapped cases: items, answers, images, probes, card."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.batch.output import as_json, hash_of
from eval.bench.card import card
from eval.bench.definition import PATH, TaskName, definition, digest
from eval.findings.compare import FIGURES, compare
from eval.findings.statement import Stated, stated
from eval.notes.marks import MARKS
from eval.run import tasks
from eval.run.probes import changed, swapped
from eval.run.registry import Probe
from eval.run.system import exam_of, seed_of
from radixgpt import __version__
from radixgpt.case import Case, StatedFinding
from radixgpt.errors import CaseError, SettingsError
from radixgpt.terminology.table import concepts_of

MANIFEST, STUDIES, DEFINITION, CARD = "manifest.json", "studies.jsonl", "bench.yaml", "README.md"
ITEMS, ANSWERS, INDEX = "items.jsonl", "answers.jsonl", "index.jsonl"
SEED = 0
Say = Callable[[str, int, int], None]
Row = Mapping[str, object]


@dataclass(frozen=True)
class Built:
    """What was built.

    Attributes:
        studies: items with images.
        index: studies that retrieval ranks.
        items: of each task.
        sha256: of the manifest, which names every other file by its hash.
    """

    studies: int
    index: int
    items: dict[str, int]
    sha256: str


def build(
    cases: Iterable[Case],
    root: Path,
    folder: Path,
    write: tasks.Write,
    *,
    citation: str = "",
    say: Say = lambda _what, _done, _total: None,
) -> Built:
    """Build the benchmark into a new folder.

    Args:
        cases: mapped and split.
        root: the workspace that images' paths start from.
        folder: new, or empty.
        write: a report text from the gradings of a case.
        citation: of the source, for the card.
        say: told what is done, how much, and of how much.

    Raises:
        CaseError: there is no case for it, or an image is missing or can't be probed.
        SettingsError: the folder holds something, or can't be written to.
    """
    what = definition()
    everything = [case for case in cases if case.source == what.source]
    lumbar = [case for case in map(_lumbar, everything) if case.findings]
    chosen = tasks.choose(lumbar, what.items)
    known = tasks.choose(lumbar, what.index)
    _no_patient_on_both_sides(chosen, known)
    tasks.tasks([*chosen, *known], root, seed=SEED)  # every image has to be there
    new = folder.with_name(folder.name + ".new")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise SettingsError(f"{folder.name} holds something.", "Name a new folder.")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        _studies(chosen, known, root, new, say)
        counts = _tasks(chosen, known, new, write)
        shutil.copyfile(PATH, new / DEFINITION)
        text = card(what, chosen, known, counts, citation=citation, sha256=digest())
        (new / CARD).write_text(text, encoding="utf-8")
        files = sorted(path for path in new.rglob("*") if path.is_file())
        manifest = as_json(
            {
                "name": what.name,
                "version": what.version,
                "definition": digest(),
                "made_with": f"radixgpt {__version__}",
                "items": counts,
                "files": {path.relative_to(new).as_posix(): hash_of(path) for path in files},
            }
        )
        (new / MANIFEST).write_text(manifest, encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        new.replace(folder)
    except OSError as error:
        raise SettingsError(
            f"The benchmark can't be written: {error.strerror or 'unknown reason'}.",
            "Name a folder that you may write to.",
        ) from error
    sha256 = hashlib.sha256(manifest.encode()).hexdigest()
    return Built(len(chosen), len(known), counts, sha256)


def _lumbar(case: Case) -> Case:
    """A case with the gradings of the benchmark's levels alone."""
    kept = tuple(one for one in case.findings if one.level in definition().levels)
    return case.model_copy(update={"findings": kept})


def _no_patient_on_both_sides(chosen: Sequence[Case], known: Sequence[Case]) -> None:
    both = {case.patient for case in chosen} & {case.patient for case in known}
    if both:
        raise CaseError(
            f"{len(both)} patients are on both sides of the split.", "Run radixgpt data split."
        )


def slug(case: str) -> str:
    """The id of a case as the name of a folder."""
    return case.replace("/", "-")


def _studies(
    chosen: Sequence[Case], known: Sequence[Case], root: Path, folder: Path, say: Say
) -> None:
    """Lay out the images and their probes, and say where they are."""
    others = swapped({case.id: case.patient for case in chosen})
    places: dict[str, list[str]] = {}
    rows: list[Row] = []
    total = len(chosen) + len(known)
    for done, case in enumerate([*chosen, *known], start=1):
        places[case.id] = _images(case, root, folder)
        say("Laying out images", done, total)
    for done, case in enumerate(chosen, start=1):
        probes = {
            str(probe): places[others[case.id]]
            if probe is Probe.SWAPPED
            else _probed(case, root, folder, probe)
            for probe in definition().probes
        }
        rows.append(
            {
                "id": case.id,
                "patient": case.patient,
                "exam": exam_of(case),
                "images": places[case.id],
                "probes": probes,
            }
        )
        say("Making probes", done, len(chosen))
    _write(folder / STUDIES, rows)
    (folder / TaskName.RETRIEVAL).mkdir()
    _write(
        folder / TaskName.RETRIEVAL / INDEX,
        [{"id": case.id, "images": places[case.id]} for case in known],
    )


def _images(case: Case, root: Path, folder: Path) -> list[str]:
    found: list[str] = []
    for number, image in enumerate(case.images, start=1):
        source = root / image.path
        place = Path("images") / slug(case.id) / f"image-{number}{source.suffix.lower()}"
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            _link(source, target)
        found.append(place.as_posix())
    return found


def _link(source: Path, target: Path) -> None:
    """A copy that takes no room where the disk allows it."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def _probed(case: Case, root: Path, folder: Path, probe: Probe) -> list[str]:
    found: list[str] = []
    for number, image in enumerate(case.images, start=1):
        place = Path("probes") / probe / slug(case.id) / f"image-{number}.png"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        changed(root / image.path, folder / place, probe, seed_of(SEED, case.id) + number)
        found.append(place.as_posix())
    return found


def _tasks(
    chosen: Sequence[Case], known: Sequence[Case], folder: Path, write: tasks.Write
) -> dict[str, int]:
    """Items and answers of every task; how many items each has."""
    made: dict[TaskName, tuple[list[Row], list[Row]]] = {
        TaskName.REPORT: (
            [{"id": case.id} for case in chosen],
            [_reference(case, write) for case in chosen],
        ),
        TaskName.GRADES: _grades(chosen),
        TaskName.CONCEPTS: (
            [{"id": case.id} for case in chosen],
            [{"id": case.id, "cuis": ";".join(_cuis(case.findings))} for case in chosen],
        ),
        TaskName.EXTRACTION: _notes(),
        TaskName.RETRIEVAL: (
            [{"id": case.id} for case in chosen],
            [{"id": case.id, "overlap": _overlaps(case, known)} for case in chosen],
        ),
    }
    for name, (items, answers) in made.items():
        (folder / name).mkdir(exist_ok=True)
        _write(folder / name / ITEMS, items)
        _write(folder / name / ANSWERS, answers)
    return {str(name): len(items) for name, (items, _) in made.items()}


def _reference(case: Case, write: tasks.Write) -> Row:
    row = dict(tasks.reference(case, Path(), write).row)
    row.pop("image", None)
    return row


def _grades(chosen: Sequence[Case]) -> tuple[list[Row], list[Row]]:
    task = definition().tasks[TaskName.GRADES]
    items: list[Row] = []
    answers: list[Row] = []
    for case in chosen:
        for one in sorted(case.findings, key=lambda one: (str(one.level), one.kind)):
            if one.kind not in task.grades:
                continue
            name = f"{case.id} {one.level} {one.kind}"
            grades = list(task.grades[one.kind])
            items.append(
                {"id": name, "study": case.id, "level": one.level, "kind": one.kind,
                 "grades": grades}
            )  # fmt: skip
            answers.append({"id": name, "value": grade_of(one)})
    return items, answers


def grade_of(one: StatedFinding) -> int:
    """The grade of a finding as a number: its own, or 1 for present and 0 for absent."""
    if isinstance(one.value, int | float):
        return int(one.value)
    return int(one.assertion != "absent")


def _cuis(findings: Sequence[StatedFinding]) -> list[str]:
    return sorted({one.cui for one in concepts_of(findings) if one.cui})


def _notes() -> tuple[list[Row], list[Row]]:
    """The marked notes: their numbers and hashes, never their text; and the marks."""
    from json import loads

    lines = [loads(line) for line in MARKS.read_text(encoding="utf-8").splitlines() if line.strip()]
    items: list[Row] = [{"id": str(line["patient_id"]), "sha256": line["sha256"]} for line in lines]
    answers: list[Row] = [
        {"id": str(line["patient_id"]), "findings": line["findings"]} for line in lines
    ]
    return items, answers


def _overlaps(query: Case, known: Sequence[Case]) -> dict[str, float]:
    """How much of its findings a case shares with each case of the index."""
    mine = stated(query.findings)
    return {case.id: round(overlap(mine, stated(case.findings)), 4) for case in known}


def overlap(first: Stated, second: Stated) -> float:
    """Finding F1 of two cases without grades: kind, level and side; 1 where both have none."""
    counts = compare(first, second).counts[None]
    value = float(FIGURES["finding_f1_ungraded"](counts)[0])
    return 1.0 if value != value else value  # nan: neither has a finding


def _write(path: Path, rows: Iterable[Row]) -> None:
    path.write_text("".join(map(tasks.as_row, rows)), encoding="utf-8")
