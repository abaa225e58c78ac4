"""What a system said of the benchmark's studies, as files of predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from eval.bench.build import grade_of
from eval.bench.definition import TaskName, definition
from eval.bench.folder import Bench
from eval.run.outputs import Output
from eval.run.registry import Probe
from eval.run.score import row_of
from eval.run.system import seed_of
from eval.run.tasks import Task, as_row
from radixgpt.case import StatedFinding
from radixgpt.errors import CaseError, SettingsError
from radixgpt.language.reader import read
from radixgpt.terminology.table import concepts_of

Row = Mapping[str, object]
IMAGES = (TaskName.REPORT, TaskName.GRADES, TaskName.CONCEPTS)
"""The tasks that one report answers."""


def tasks(bench: Bench, probe: Probe, seed: int) -> list[Task]:
    """The studies as tasks for a runner; the images of a probe are there already."""
    return [
        Task(study.id, study.exam, study.images, seed_of(seed, study.id))
        for study in bench.studies(probe)
    ]


def of_outputs(bench: Bench, outputs: Mapping[str, Output]) -> dict[TaskName, list[Row]]:
    """Rows of the tasks that a report answers: its text, grades and concepts."""
    said = {name: _findings(output) for name, output in outputs.items()}
    return {
        TaskName.REPORT: [row_of(output) for output in outputs.values()],
        TaskName.GRADES: _grades(bench, said),
        TaskName.CONCEPTS: [
            {"id": name, "cuis": _cuis(findings) if findings else None}
            for name, findings in said.items()
        ],
    }


def _findings(output: Output) -> Sequence[StatedFinding]:
    return read(output.text).findings if output.findings is None else output.findings


def _cuis(findings: Sequence[StatedFinding]) -> str:
    return ";".join(sorted({one.cui for one in concepts_of(findings) if one.cui}))


def _grades(bench: Bench, said: Mapping[str, Sequence[StatedFinding]]) -> list[Row]:
    """The grade of each item; null where the report states none."""
    allowed = definition().tasks[TaskName.GRADES].grades
    by_place = {
        (name, one.level, one.kind): grade_of(one)
        for name, findings in said.items()
        for one in findings
    }
    rows: list[Row] = []
    for name, item in bench.items(TaskName.GRADES).items():
        kind = str(item["kind"])
        value = by_place.get((str(item["study"]), str(item["level"]), kind))
        rows.append({"id": name, "value": value if value in allowed[kind] else None})
    return rows


def ranked(bench: Bench, rank: Callable[[Path], Sequence[str]]) -> list[Row]:
    """Rows of retrieval: ``rank`` takes the folder of a study's images and orders the index."""
    most = max(definition().tasks[TaskName.RETRIEVAL].cuts)
    return [
        {"id": study.id, "ranked": list(rank(study.images[0].parent))[:most]}
        for study in bench.studies()
    ]


def extracted(
    bench: Bench,
    notes: Mapping[str, str],
    digest: Callable[[str], str],
    reader: Callable[[str], Sequence[StatedFinding]],
) -> list[Row]:
    """Rows of the extraction.

    Raises:
        CaseError: a note is missing, or its text is not the one that was marked.
    """
    rows: list[Row] = []
    for name, item in bench.items(TaskName.EXTRACTION).items():
        text = notes.get(name)
        if text is None or digest(text) != item["sha256"]:
            raise CaseError(
                f"Note {name} is missing, or its text is not the one that was marked.",
                "Fetch the notes anew; marks hold for the published texts alone.",
            )
        listed = [
            {"level": one.level, "kind": one.kind, "side": one.side, "assertion": one.assertion}
            for one in reader(text)
        ]
        rows.append({"id": name, "findings": listed})
    return rows


def write(folder: Path, rows: Mapping[TaskName, Sequence[Row]]) -> list[Path]:
    """Write one file a task, and say where.

    Raises:
        SettingsError: nothing can be written there.
    """
    paths: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, of_task in rows.items():
            path = folder / f"{name}.jsonl"
            new = path.with_suffix(".jsonl.new")
            new.write_text("".join(map(as_row, of_task)), encoding="utf-8")
            new.replace(path)
            paths.append(path)
    except OSError as error:
        raise SettingsError(
            "The predictions can't be written.", "Name a folder that you may write to."
        ) from error
    return paths
