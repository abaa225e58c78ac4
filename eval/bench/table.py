"""Scored systems side by side, as Markdown: one table a task, and one of its probes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.bench.definition import TaskName, definition
from eval.records import told_at_once
from radixgpt.errors import CaseError

SHOWN: dict[TaskName, tuple[str, ...]] = {
    TaskName.REPORT: (
        *("finding_f1", "finding_f1_weighted", "finding_precision", "finding_recall"),
        *("finding_f1_ungraded", "radgraph_partial"),
    ),
    TaskName.GRADES: (
        *("mean_kappa", "mean_balanced_accuracy", "kappa_pfirrmann", "kappa_disc_bulging"),
        *("kappa_disc_narrowing", "kappa_modic"),
    ),
    TaskName.CONCEPTS: ("concept_f1",),
    TaskName.EXTRACTION: ("present_f1", "all_f1"),
    TaskName.RETRIEVAL: (
        *("overlap_at_10", "overlap_by_chance", "overlap_at_1", "best_within_10", "mrr"),
    ),
}
"""The metrics of a table; the files of scores have all."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Score(_Model):
    """A figure; null where it isn't defined."""

    metric: str
    value: float | None
    low: float | None
    high: float | None


class Probed(_Model):
    """What one probe shows; see :class:`eval.bench.score.Reliance`."""

    probe: str
    value: float | None
    fall: float
    p: float
    refused: float
    passed: bool


class File(_Model):
    """What `radixgpt eval bench score` writes of one task, as far as tables need it."""

    benchmark: str
    built: str
    task: TaskName
    scores: tuple[Score, ...]
    reliance: tuple[Probed, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One system's scores by task."""

    name: str
    files: Mapping[TaskName, File]


def read(folders: Sequence[tuple[str, Path]]) -> list[Entry]:
    """Systems from the folders of their scores.

    Args:
        folders: name and folder; a file of scores for each task that was entered.

    Raises:
        CaseError: a folder has no scores or damaged ones, a name is there twice, or two
            systems were scored on different builds; all problems at once.
    """
    problems: list[str] = []
    entries: list[Entry] = []
    for name, folder in folders:
        files: dict[TaskName, File] = {}
        for task in TaskName:
            path = folder / f"{task}.json"
            if not path.is_file():
                continue
            try:
                files[task] = File.model_validate(json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, ValidationError):
                problems.append(f"{name}: {path.name} is no file of scores")
        if not files and not any(problem.startswith(f"{name}: ") for problem in problems):
            problems.append(f"{name}: there are no scores in {folder.name}")
        if name in {entry.name for entry in entries}:
            problems.append(f"{name}: is there twice")
        entries.append(Entry(name, files))
    built = {file.built for entry in entries for file in entry.files.values()}
    if len(built) > 1:
        problems.append(
            f"the scores are of {len(built)} different builds of the benchmark: "
            + ", ".join(sorted(one[:16] for one in built))
        )
    told_at_once(problems, "Score each system: radixgpt eval bench score --out FOLDER.")
    return entries


def to_markdown(entries: Sequence[Entry]) -> str:
    """All tables, task by task; systems from the best by the task's main metric."""
    files = [file for entry in entries for file in entry.files.values()]
    if not files:
        raise CaseError("There are no scores.", "Score a system first.")
    lines = [f"{files[0].benchmark}, manifest `{files[0].built[:16]}`.", ""]
    for task in definition().tasks:
        known = [(entry.name, entry.files[task]) for entry in entries if task in entry.files]
        if known:
            lines += [*_scores(task, known), *_probes(task, known)]
    return "\n".join(lines)


def _scores(task: TaskName, known: Sequence[tuple[str, File]]) -> list[str]:
    main = definition().tasks[task].main
    ranked = sorted(known, key=lambda pair: -(_by_metric(pair[1])[main].value or 0))
    lines = [f"**{task}**, by `{main}`", "", _row(["system", *(f"`{m}`" for m in SHOWN[task])])]
    lines.append(_row(["---"] * (1 + len(SHOWN[task]))))
    for name, file in ranked:
        scores = _by_metric(file)
        lines.append(_row([name, *(_figure(scores[metric]) for metric in SHOWN[task])]))
    return [*lines, ""]


def _by_metric(file: File) -> dict[str, Score]:
    return {score.metric: score for score in file.scores}


def _figure(score: Score) -> str:
    """A figure with its interval; a dash where it isn't defined."""
    if score.value is None:
        return "-"
    ends = ("-" if end is None else f"{end:.3f}" for end in (score.low, score.high))
    return f"{score.value:.3f} ({' to '.join(ends)})"


def _probes(task: TaskName, known: Sequence[tuple[str, File]]) -> list[str]:
    probes = definition().tasks[task].probes
    if not probes or not any(file.reliance for _, file in known):
        return []
    lines = [f"Probes of `{task}`: `{definition().tasks[task].main}` on them", ""]
    lines += [_row(["system", *map(str, probes)]), _row(["---"] * (1 + len(probes)))]
    for name, file in known:
        told = {one.probe: one for one in file.reliance}
        lines.append(_row([name, *(_told(told.get(str(probe))) for probe in probes)]))
    return [*lines, ""]


def _told(one: Probed | None) -> str:
    if one is None:
        return "not run"
    refused = f", {one.refused:.0%} refused" if one.refused else ""
    p = "p < 0.001" if one.p < 0.001 else f"p {one.p:.3f}"
    passed = "passed" if one.passed else "**not passed**"
    value = "-" if one.value is None else f"{one.value:.3f}"
    return f"{value}, falls by {one.fall:.3f} ({p}){refused}: {passed}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
