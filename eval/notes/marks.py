"""The marks of an annotator: read, checked against the notes, and compared with a reader's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from eval.notes.draw import digest
from eval.statistics import DRAWS, bootstrap
from radixgpt.case import StatedFinding
from radixgpt.errors import CaseError

HERE = Path(__file__).resolve().parent
MARKS = HERE / "marks.jsonl"
AGAIN = HERE / "marks-again.jsonl"
STYLES = (HERE / "styles-1.jsonl", HERE / "styles-2.jsonl")

Key = tuple[str, str | None, str | None, str]
"""Kind, level, side and assertion: what makes two statements the same."""
Predict = Callable[[str], Iterable[StatedFinding]]


@dataclass(frozen=True)
class Marked:
    """One note with its marks.

    Attributes:
        patient: number of the note.
        text: the note.
        findings: what the annotator says that it states.
    """

    patient: str
    text: str
    findings: tuple[StatedFinding, ...]


@dataclass(frozen=True)
class Agreement:
    """How far two sets of keys are the same, over all notes (micro).

    Attributes:
        right: keys that both have.
        marked: keys of the reference.
        read: keys of the candidate.
        low: lower end of the 95% interval of the F1, resampled by note.
        high: upper end.
    """

    right: int
    marked: int
    read: int
    low: float
    high: float

    @property
    def precision(self) -> float:
        """Share of what was read that was marked; 0 where nothing was read."""
        return self.right / self.read if self.read else 0.0

    @property
    def recall(self) -> float:
        """Share of what was marked that was read; 0 where nothing was marked."""
        return self.right / self.marked if self.marked else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        total = self.marked + self.read
        return 2 * self.right / total if total else 0.0


def read_marks(notes: Mapping[str, str], path: Path = MARKS) -> list[Marked]:
    """The marked notes, with their texts from ``notes``.

    Raises:
        CaseError: a note is missing or its text is not the one that was marked; or a line of the
            marks can't be read.
    """
    marked = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            findings = tuple(StatedFinding.model_validate(one) for one in entry["findings"])
            patient, expected = str(entry["patient_id"]), entry["sha256"]
        except (json.JSONDecodeError, KeyError, ValidationError) as error:
            raise CaseError(
                f"{path.name}, line {number} holds no marks.", "Take the file from the repository."
            ) from error
        text = notes.get(patient)
        if text is None or digest(text) != expected:
            what = "is missing" if text is None else "has another text than was marked"
            raise CaseError(
                f"Note {patient} {what}.",
                "Fetch the notes anew; marks hold for the published texts alone.",
            )
        marked.append(Marked(patient, text, findings))
    return marked


def read_styles(path: Path) -> list[Marked]:
    """The invented snippets of many styles, with their marks; numbered from 1."""
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Marked(
            str(number),
            entry["text"],
            tuple(StatedFinding.model_validate(one) for one in entry["findings"]),
        )
        for number, entry in enumerate(entries, start=1)
    ]


def key_of(finding: StatedFinding) -> Key:
    """What makes a statement the same as another."""
    return finding.kind, finding.level, finding.side, finding.assertion


def agreement(
    references: Sequence[Iterable[Key]],
    candidates: Sequence[Iterable[Key]],
    keep: Callable[[Key], bool] = lambda key: True,
    draws: int = DRAWS,
    seed: int = 0,
) -> Agreement:
    """Compare the keys of each note, those that ``keep`` is true of.

    Args:
        references: keys of each note by the annotator.
        candidates: keys of the same notes by the reader.
        keep: which keys count, on both sides.
        draws: resamples by note.
        seed: of the resampling.
    """
    rows = []
    for reference, candidate in zip(references, candidates, strict=True):
        marked = {key for key in reference if keep(key)}
        read = {key for key in candidate if keep(key)}
        rows.append((len(marked & read), len(marked), len(read)))
    counts = np.array(rows, float).reshape(-1, 3)
    right, marked_sum, read_sum = counts.sum(axis=0)
    low, high = bootstrap(counts, _f1, draws=draws, seed=seed) if len(rows) else (0.0, 0.0)
    return Agreement(int(right), int(marked_sum), int(read_sum), low, high)


def _f1(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    total = sums[..., 1] + sums[..., 2]
    return np.divide(2 * sums[..., 0], total, out=np.zeros_like(total), where=total > 0)
