"""The outputs of a run as tables, and those tables scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.batch import whole
from eval.run.outputs import Output
from eval.run.tasks import Reference, as_row, finding_row
from radixgpt.errors import SettingsError

REFERENCES, CANDIDATES = "references.jsonl", "candidates.jsonl"
FAMILIES = ("findings", "radgraph", "concepts", "bleu", "coco", "rouge", "chrf")
"""Findings first: against generated texts, words say how alike the templates are."""


@dataclass(frozen=True)
class Ran:
    """A run and its scores.

    Attributes:
        outcome: scores and files.
        failures: problem by case.
        generated: how many references are generated from gradings.
        cases: how many were run.
    """

    outcome: whole.Outcome
    failures: dict[str, str]
    generated: int
    cases: int

    @property
    def reasons(self) -> Counter[str]:
        """How often each problem came."""
        return Counter(self.failures.values())


def score(
    outputs: Mapping[str, Output],
    references: Sequence[Reference],
    folder: Path,
    wish: whole.Wish,
    *,
    say: whole.Say = lambda _what, _done, _total: None,
) -> Ran:
    """Write both tables into the folder of the run, and score them; a failure is an empty report.

    Raises:
        SettingsError: the tables can't be written.
    """
    failures = {name: output.failure.problem for name, output in outputs.items() if output.failure}
    generated = sum(reference.generated for reference in references)
    try:
        _write(folder / REFERENCES, [reference.row for reference in references])
        _write(folder / CANDIDATES, [row_of(output) for output in outputs.values()])
    except OSError as error:
        raise SettingsError(
            "The tables of the run can't be written.", "Name a folder that you may write to."
        ) from error
    origins = {"human": len(references) - generated, "generated from gradings": generated}
    settings = {**wish.settings, "references": origins, "failures": failures}
    outcome = whole.score_tables(
        folder / REFERENCES,
        folder / CANDIDATES,
        folder,
        replace(wish, settings=settings),
        say=say,
    )
    return Ran(outcome, failures, generated, len(outputs))


def row_of(output: Output) -> dict[str, object]:
    """One row of the table of candidates."""
    row: dict[str, object] = {"id": output.id, "text": output.text}
    if output.findings is not None:
        row["findings"] = [finding_row(one) for one in output.findings]
    return row


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    new = path.with_suffix(".jsonl.new")
    new.write_text("".join(map(as_row, rows)), encoding="utf-8")
    new.replace(path)
