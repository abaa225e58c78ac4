"""The cases of a split as tasks: images to look at, and the references to score against."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.findings.statement import judged_by
from eval.run.probes import swapped
from eval.run.registry import Probe, Side
from eval.run.system import Answer, exam_of, seed_of
from radixgpt.case import Case, StatedFinding
from radixgpt.errors import CaseError
from radixgpt.report import Section

Write = Callable[[Case], Mapping[Section, str]]
"""A report text generated from the gradings of a case."""
SHOWN: tuple[Section, ...] = ("findings", "impression")
"""The sections of a reference that an image can answer for."""


@dataclass(frozen=True)
class Task:
    """One case to run.

    Attributes:
        id: of the case.
        exam: what kind of examination it is.
        images: files or folders.
        seed: its own.
        probe: what is done to the images first.
    """

    id: str
    exam: str
    images: tuple[Path, ...]
    seed: int
    probe: Probe = Probe.NONE


@dataclass(frozen=True)
class Reference:
    """What a case is scored against.

    Attributes:
        text: a person's report, or one generated from gradings.
        generated: whether it is generated.
        row: of the table of references.
    """

    text: str
    generated: bool
    row: Mapping[str, object]


def choose(
    cases: Iterable[Case], split: Side, *, sources: Sequence[str] = (), limit: int | None = None
) -> list[Case]:
    """The cases of a split that have images and something to score against, by id.

    Args:
        cases: all cases.
        split: which side.
        sources: keep these alone; none for all.
        limit: keep the first ones by a seedless shuffle: the order of the hashes of their ids.

    Raises:
        CaseError: there is no such case.
    """
    kept = [
        case
        for case in cases
        if case.split == split.value
        and case.images
        and (case.findings or _human(case))
        and (not sources or case.source in sources)
    ]
    if not kept:
        raise CaseError(
            f"No case of the split {split} has images and gradings or a report.",
            "Name another split or source, or make cases first: radixgpt data map, data split.",
        )
    kept.sort(key=lambda case: seed_of(0, case.id))
    return sorted(kept[:limit], key=lambda case: case.id)


def tasks(cases: Sequence[Case], root: Path, *, seed: int, probe: Probe = Probe.NONE) -> list[Task]:
    """The tasks of cases, in their order.

    Raises:
        CaseError: an image is missing, or the probe can't be made.
    """
    lacking = [
        case.id for case in cases if not all((root / image.path).exists() for image in case.images)
    ]
    if lacking:
        raise CaseError(
            f"Images of {len(lacking)} cases are missing, the first of {lacking[0]}.",
            "Name the workspace that the cases were mapped in.",
        )
    by_id = {case.id: case for case in cases}
    others = swapped({case.id: case.patient for case in cases}) if probe is Probe.SWAPPED else {}
    return [
        Task(
            case.id,
            exam_of(case),
            tuple(root / image.path for image in by_id[others.get(case.id, case.id)].images),
            seed_of(seed, case.id),
            probe,
        )
        for case in cases
    ]


def reference(case: Case, root: Path, write: Write) -> Reference:
    """The reference of a case: a person's report where there is one, else its gradings."""
    row: dict[str, object] = {"id": case.id, "patient": case.patient}
    picture = next(
        (image.path for image in case.images if image.path.endswith((".png", ".jpg", ".jpeg"))), ""
    )
    if picture:
        row["image"] = str((root / picture).resolve())
    if _human(case):
        text = as_text(case.report)
        return Reference(text, generated=False, row={**row, "text": text})
    text = as_text(write(case))
    row["findings"] = [finding_row(one) for one in case.findings]
    row["judged"] = judged_cell(case)
    return Reference(text, generated=True, row={**row, "text": text})


def finding_row(one: StatedFinding) -> dict[str, object]:
    """A finding as a cell of a table holds it."""
    said: dict[str, object] = one.model_dump(mode="json", exclude_defaults=True)
    return {"level": one.level, **said}


def judged_cell(case: Case) -> str:
    """What the gradings of a case looked at, as a cell of the table of references."""
    looked = judged_by(case.findings)
    return ";".join(
        kind
        + (":grade" if kind in looked.graded else "")
        + (":side" if kind in looked.sided else "")
        for kind in sorted(looked.kinds)
    )


def as_text(report: Mapping[Section, str]) -> str:
    """Findings and impression of a report."""
    return "\n".join(report[name] for name in SHOWN if report.get(name))


def answer_of(case: Case, write: Write) -> Answer:
    """A training case as an answer, for the systems that repeat one."""
    if _human(case):
        return Answer(as_text(case.report))
    return Answer(as_text(write(case)), case.findings)


def _human(case: Case) -> bool:
    return case.report_origin == "human" and any(case.report.get(name) for name in SHOWN)


def as_row(record: Mapping[str, object]) -> str:
    """One line of JSON."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n"
