"""How each task is marked: rows of studies that add up, and figures of their sums."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval import concepts
from eval.batch import content, given
from eval.batch.block import Block
from eval.batch.family import Family, Shared
from eval.batch.given import Given
from eval.batch.pairs import Pair
from eval.bench import predictions
from eval.bench.definition import TaskName, definition
from eval.bench.folder import Bench
from eval.notes.marks import key_of
from eval.records import Record
from eval.statistics import Floats, by_study
from eval.tables.grades import figures as grade_figures
from radixgpt.errors import CaseError

Figure = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Marking:
    """Predictions of one task, marked.

    Attributes:
        studies: ids of the n studies, or notes.
        groups: their patients.
        rows: (n, k), what each adds to the sums.
        figures: metric to its figure of sums (m, k).
        own: (n,) the score of each study alone, by which probes are told apart.
        refused: (n,) which studies have no answer.
        signature: how it is marked.
    """

    studies: Sequence[str]
    groups: Sequence[str]
    rows: Floats
    figures: Mapping[str, Figure]
    own: Floats
    refused: npt.NDArray[np.bool_]
    signature: str


def mark(bench: Bench, task: TaskName, path: Path) -> Marking:
    """Mark a file of predictions.

    Raises:
        CaseError: the file, or anything in it, can't be used; all problems at once.
    """
    marks = {
        TaskName.REPORT: _report,
        TaskName.GRADES: _grades,
        TaskName.CONCEPTS: _concepts,
        TaskName.EXTRACTION: _extraction,
        TaskName.RETRIEVAL: _retrieval,
    }
    return marks[task](bench, path)


def _column(place: int) -> Figure:
    """The mean of a column; the last counts the studies."""
    return lambda sums: sums[:, place] / np.maximum(sums[:, -1], 1)


def _text(record: Record) -> str:
    text = record.get("text")
    if not isinstance(text, str):
        raise CaseError("text is missing.", "")
    return text


# --- report -----------------------------------------------------------------------------------

_REPORT: tuple[Family, ...] = (content.FINDINGS, content.RADGRAPH)


def _said(_: str, record: Record) -> tuple[str, Given]:
    listed = record.get("findings")
    if listed is not None and not isinstance(listed, list):
        raise CaseError("findings are no list.", "")
    cells = Given(findings=None if listed is None else json.dumps(listed))
    wrong = given.problems(cells)
    if wrong:
        raise CaseError(wrong[0], "")
    return _text(record), cells


def _report(bench: Bench, path: Path) -> Marking:
    task = definition().tasks[TaskName.REPORT]
    answers, patients = bench.answers(TaskName.REPORT), bench.patients()
    told = predictions.read(path, answers, _said, task.row)
    pairs = [
        Pair(
            name,
            text,
            (str(answers[name]["text"]),),
            patients[name],
            given=cells,
            references_given=(given.given(answers[name], Path()),),
        )
        for name, (text, cells) in told.items()
    ]
    block = Block(pairs)
    parts = [family.rows(block, Shared()) for family in _REPORT]
    ends = np.cumsum([0, *(part.shape[1] for part in parts)])
    figures: dict[str, Figure] = {}
    for family, start, end in zip(_REPORT, ends, ends[1:], strict=False):
        for name, figure in family.figures.items():
            figures[name] = partial(_within, figure, int(start), int(end))
    said = [content.stated_in(text, cells) for text, cells in told.values()]
    refused = np.array([not one.found and not one.denied for one in said])
    return Marking(
        list(told),
        [patients[name] for name in told],
        np.hstack(parts),
        figures,
        content.FINDINGS.own["finding_f1"](parts[0]),
        refused,
        "; ".join(family.signed(Shared()) for family in _REPORT),
    )


def _within(figure: Figure, start: int, end: int, sums: Floats) -> Floats:
    return figure(sums[:, start:end])


# --- grades -----------------------------------------------------------------------------------


def _graded(allowed: Mapping[str, Sequence[int]], name: str, record: Record) -> int | None:
    value = record.get("value")
    if value is None and "value" in record:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed[name]:
        grades = ", ".join(map(str, allowed[name]))
        raise CaseError(f"the value of {name} is none of {grades}.", "")
    return value


def _grades(bench: Bench, path: Path) -> Marking:
    task = definition().tasks[TaskName.GRADES]
    items, answers = bench.items(TaskName.GRADES), bench.answers(TaskName.GRADES)
    patients = bench.patients()
    allowed = {name: list(task.grades[str(item["kind"])]) for name, item in items.items()}
    told = predictions.read(path, items, partial(_graded, allowed), task.row)
    sizes = {kind: len(grades) for kind, grades in task.grades.items()}
    starts = dict(zip(sizes, np.cumsum([0, *(n * n for n in sizes.values())]), strict=False))
    width = sum(n * n for n in sizes.values())
    rows = np.zeros((len(items), width + 2))
    for place, (name, value) in enumerate(told.items()):
        kind = str(items[name]["kind"])
        grades = task.grades[kind]
        truth, said = answers[name]["value"], grades[0] if value is None else value
        cell = grades.index(int(str(truth))) * sizes[kind] + grades.index(said)
        rows[place, starts[kind] + cell] = 1
        rows[place, width:] = said == truth, 1
    studies = [str(item["study"]) for item in items.values()]
    of_study = by_study(studies, rows)
    names = list(dict.fromkeys(studies))
    answered = {str(items[name]["study"]) for name, value in told.items() if value is not None}
    kappas: dict[str, Figure] = {}
    balanced: dict[str, Figure] = {}
    for kind, size in sizes.items():
        of_kind = grade_figures(size, [size - 1])
        end = int(starts[kind]) + size * size
        kappas[kind] = partial(_within, of_kind["quadratic_kappa"], int(starts[kind]), end)
        balanced[kind] = partial(_within, of_kind["balanced_accuracy"], int(starts[kind]), end)
    return Marking(
        names,
        [patients[name] for name in names],
        of_study,
        {
            "mean_kappa": partial(_mean, list(kappas.values())),
            "mean_balanced_accuracy": partial(_mean, list(balanced.values())),
            **{f"kappa_{kind}": figure for kind, figure in kappas.items()},
        },
        of_study[:, width] / of_study[:, width + 1],
        np.array([name not in answered for name in names]),
        "quadratic kappa of each kind over all discs, averaged; null counts as without finding",
    )


def _mean(figures: Sequence[Figure], sums: Floats) -> Floats:
    """The mean of figures, of those that are defined."""
    values = np.stack([figure(sums) for figure in figures])
    known = ~np.isnan(values)
    total: Floats = np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return total


# --- concepts ---------------------------------------------------------------------------------


def _cuis(_: str, record: Record) -> frozenset[str] | None:
    cell = record.get("cuis")
    if cell is None and "cuis" in record:
        return None
    if not isinstance(cell, str):
        raise CaseError("cuis is missing.", "")
    return given.cuis(cell)


def _concepts(bench: Bench, path: Path) -> Marking:
    task = definition().tasks[TaskName.CONCEPTS]
    answers, patients = bench.answers(TaskName.CONCEPTS), bench.patients()
    told = predictions.read(path, answers, _cuis, task.row)
    scores = np.array(
        [
            concepts.binary_f1(said or frozenset(), given.cuis(str(answers[name]["cuis"])))
            for name, said in told.items()
        ]
    )
    return Marking(
        list(told),
        [patients[name] for name in told],
        np.column_stack([scores, np.ones(len(scores))]),
        {"concept_f1": _column(0)},
        scores,
        np.array([said is None for said in told.values()]),
        "flavour:imageclef|empty against empty:1|corpus:mean",
    )


# --- extraction -------------------------------------------------------------------------------


def _findings(_: str, record: Record) -> list[object]:
    listed = record.get("findings")
    if not isinstance(listed, list):
        raise CaseError("findings are no list.", "")
    return [key_of(one) for one in given.findings(json.dumps(listed))]


def _extraction(bench: Bench, path: Path) -> Marking:
    task = definition().tasks[TaskName.EXTRACTION]
    answers = bench.answers(TaskName.EXTRACTION)
    told = predictions.read(path, answers, _findings, task.row)
    rows: list[list[float]] = []
    for name, keys in told.items():
        truth, said = set(_findings(name, answers[name])), set(keys)
        row: list[float] = []
        for kept in (lambda key: key[3] == "present", lambda key: True):
            mine, theirs = set(filter(kept, said)), set(filter(kept, truth))
            row += [len(mine & theirs), len(mine) + len(theirs)]
        rows.append(row)
    sums = np.array(rows, float)
    return Marking(
        list(told),
        list(told),
        sums,
        {"present_f1": partial(_f1, 0), "all_f1": partial(_f1, 2)},
        _f1(2, sums),
        np.array([not keys for keys in told.values()]),
        "key:kind,level,side,assertion|corpus:pooled",
    )


def _f1(place: int, sums: Floats) -> Floats:
    both = sums[:, place + 1]
    shares: Floats = np.divide(2 * sums[:, place], both, out=np.ones(len(sums)), where=both > 0)
    return shares


# --- retrieval --------------------------------------------------------------------------------


def _ranked(known: frozenset[str], most: int, name: str, record: Record) -> list[str]:
    listed = record.get("ranked")
    if not isinstance(listed, list) or len(set(map(str, listed))) != len(listed):
        raise CaseError(f"ranked of {name} is no list of different studies.", "")
    unknown = [str(one) for one in listed if str(one) not in known]
    if unknown:
        raise CaseError(f"{', '.join(unknown[:3])} is not in the index.", "")
    if len(listed) < most:
        raise CaseError(f"ranked of {name} has {len(listed)} studies; {most} are needed.", "")
    return [str(one) for one in listed]


def _retrieval(bench: Bench, path: Path) -> Marking:
    """Overlap of findings within the first k, and whether the best study is among them.

    By chance: the mean overlap with the whole index, as of a random order.
    """
    task = definition().tasks[TaskName.RETRIEVAL]
    answers, patients = bench.answers(TaskName.RETRIEVAL), bench.patients()
    known = frozenset(study.id for study in bench.index())
    most = min(max(task.cuts), len(known))
    told = predictions.read(path, answers, partial(_ranked, known, most), task.row)
    rows = np.zeros((len(told), 2 * len(task.cuts) + 3))
    for place, (name, ranked) in enumerate(told.items()):
        overlap = answers[name]["overlap"]
        assert isinstance(overlap, dict), "the answers were checked by their hash"
        values = np.array([float(overlap[one]) for one in ranked])
        best = values >= max(map(float, overlap.values())) - 1e-9
        for column, cut in enumerate(task.cuts):
            rows[place, column] = values[:cut].mean()
            rows[place, len(task.cuts) + column] = best[:cut].any()
        chance = np.mean([float(value) for value in overlap.values()])
        rows[place, -3:] = (1 / (1 + best.argmax()) if best.any() else 0), chance, 1
    names = [f"overlap_at_{cut}" for cut in task.cuts]
    names += [f"best_within_{cut}" for cut in task.cuts]
    figures = {
        name: _column(column) for column, name in enumerate([*names, "mrr", "overlap_by_chance"])
    }
    return Marking(
        list(told),
        [patients[name] for name in told],
        rows,
        figures,
        rows[:, len(task.cuts) - 1],
        np.zeros(len(told), bool),
        "overlap:finding F1 of kind, level, side|best:largest overlap in the index",
    )
