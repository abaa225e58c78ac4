"""What tables say of a report besides its text: findings, concepts, annotations."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from eval import concepts, radgraph
from eval.findings.statement import Judged, kind_of
from radixgpt.case import StatedFinding
from radixgpt.errors import CaseError
from radixgpt.finding import ABSENT, GRADED, KINDS, MEASURED, PRESENT
from radixgpt.level import DISCS, VERTEBRAE
from radixgpt.report import Report
from radixgpt.terminology.table import kinds

_FINDINGS = TypeAdapter(tuple[StatedFinding, ...])
_SHOWN = 60
_SCALES = {
    kind.name: tuple(map(str, kind.values)) for kind in KINDS.values() if kind.type == "grade"
}
"""Kinds that are graded by numbers, with the numbers as text."""
_KEPT = 4_000
"""Cells whose reading is kept, as several metrics and the error page ask for one."""


@dataclass(frozen=True)
class Given:
    """The cells of one row, as they stand; None where there is none.

    Attributes:
        findings: JSON list of findings, or the path of a ``report.json``.
        cuis: CUIs with ``;`` between them; may be empty, which is a statement too.
        judged: kinds that the reference's maker looked at (see :func:`judged`).
        annotation: entities and relations as JSON, by whatever extractor.
    """

    findings: str | None = None
    cuis: str | None = None
    judged: str | None = None
    annotation: str | None = None


NOTHING = Given()


def given(record: Mapping[str, object], folder: Path) -> Given:
    """The cells of a row of a table that lies in ``folder``."""
    said = record.get("findings")
    if isinstance(said, list):
        said = json.dumps(said)
    elif isinstance(said, str) and said.strip() and not said.lstrip().startswith("["):
        said = str(folder / said.strip())
    cuis, looked = record.get("cuis"), record.get("judged")
    if isinstance(cuis, list):
        cuis = ";".join(map(str, cuis))
    return Given(
        findings=str(said) if said else None,
        cuis=None if cuis is None else str(cuis),
        judged=str(looked).strip() if looked else None,
    )


def problems(cells: Given) -> list[str]:
    """What is wrong with the cells of one row."""
    found: list[str] = []
    for read, cell in ((findings, cells.findings), (cuis, cells.cuis), (judged, cells.judged)):
        try:
            if cell is not None:
                read(cell)
        except CaseError as error:
            found.append(error.problem.rstrip("."))
    return found


@lru_cache(maxsize=_KEPT)
def findings(cell: str) -> tuple[StatedFinding, ...]:
    """Findings of a cell.

    Raises:
        CaseError: it is neither a list of findings nor the path of a report.
    """
    if not cell.lstrip().startswith("["):
        return _of_report(Path(cell))
    try:
        listed = _FINDINGS.validate_json(cell)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CaseError(
            f"findings can't be read: {where or 'the list'}: {first['msg']}.",
            "Give a JSON list of findings: level, kind, value, side, severity, assertion.",
        ) from error
    wrong = (f"{place}.{told}" for place, one in enumerate(listed) if (told := _wrong(one)))
    first_wrong = next(wrong, "")
    if first_wrong:
        raise CaseError(
            f"findings can't be read: {first_wrong}.",
            "Name kinds of the concept table, levels such as L4 or L4-L5, and values on the scale.",
        )
    return listed


def _wrong(finding: StatedFinding) -> str:
    """What can't be meant, and would never match; nothing where all can."""
    kind, level, value = finding.kind, finding.level, finding.value
    if not _known(kind):
        return f"kind: {kind[:_SHOWN]} is no kind of the concept table"
    if level is not None and level not in VERTEBRAE and level not in DISCS:
        return f"level: {level[:_SHOWN]} is no level"
    if isinstance(value, float) and not math.isfinite(value):
        return f"value: {value} is no number"
    if kind not in _SCALES or value is None or value in (PRESENT, ABSENT):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    scale = _SCALES[kind]
    return "" if str(value) in scale else f"value: {kind} goes from {scale[0]} to {scale[-1]}"


def _known(kind: str) -> bool:
    return kind in kinds() or kind in MEASURED or kind in GRADED


def _of_report(path: Path) -> tuple[StatedFinding, ...]:
    try:
        report = Report.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        if isinstance(error, ValidationError):
            raise CaseError(
                f"findings name {path.name}, which is no report of radixgpt.",
                "Name a report.json.",
            ) from error
        raise CaseError(
            f"findings name {path.name[:_SHOWN]}, which can't be opened.",
            "Give the path of a report.json, from the table's folder.",
        ) from error
    return of_report(report)


def of_report(report: Report) -> tuple[StatedFinding, ...]:
    """The graded findings of a report; what was indeterminate or not assessed states nothing."""
    return tuple(
        StatedFinding(
            level=one.level,
            kind=one.kind,
            value=None if one.value in (PRESENT, ABSENT) else one.value,
            side=one.side,
            assertion="absent" if one.value in (ABSENT, 0) else "present",
        )
        for one in report.findings
        if one.status == "value" and one.kind in GRADED
    )


def cuis(cell: str) -> frozenset[str]:
    """CUIs of a cell; of an empty one ``""``, as ImageCLEF has it.

    Raises:
        CaseError: a CUI is there twice, or there are too many.
    """
    listed = concepts.cuis(cell)
    wrong = concepts.problems_of(listed)
    if wrong:
        raise CaseError(f"cuis: {'; '.join(wrong)}.", f"Give up to {concepts.MOST} different CUIs.")
    return frozenset(listed)


@lru_cache(maxsize=_KEPT)
def judged(cell: str) -> Judged:
    """What was looked at: kinds with ``;`` between them.

    ``modic:grade`` says that the grade was given as well, ``endplate_change:side`` the side; both
    may stand together (``foraminal_stenosis:grade:side``).

    Raises:
        CaseError: a kind is unknown, or something else follows it.
    """
    looked: dict[str, set[str]] = {}
    for part in filter(None, (part.strip() for part in cell.split(";"))):
        kind, *details = (word.strip() for word in part.split(":"))
        if not _known(kind):
            raise CaseError(
                f"judged: {kind[:_SHOWN]} is no kind of the concept table.",
                "Name its kinds, such as disc_bulging.",
            )
        unknown = sorted(set(details) - {"grade", "side"})
        if unknown:
            raise CaseError(
                f"judged: {kind} has {', '.join(unknown)}.", "Write kind, kind:grade or kind:side."
            )
        looked.setdefault(kind_of(kind), set()).update(details)
    return Judged(
        frozenset(looked),
        frozenset(kind for kind, details in looked.items() if "grade" in details),
        frozenset(kind for kind, details in looked.items() if "side" in details),
    )


@lru_cache(maxsize=_KEPT)
def annotation(cell: str) -> Mapping[str, radgraph.Entity]:
    """The entities of an annotation, which was checked when its file was read."""
    return radgraph.parse(json.loads(cell))


def as_text(cells: Given) -> str:
    """For a database."""
    return json.dumps([getattr(cells, field.name) for field in fields(cells)])


def from_text(text: str) -> Given:
    """The inverse of :func:`as_text`."""
    return Given(*json.loads(text))
