"""The findings as a DICOM SR imaging measurement report (PS3.16 TID 1500).

Each level has a group for each outline that its findings rest on (TID 1410), or one without an
outline (TID 1501). A finding is a qualitative evaluation or a measurement with its certainty, the
tool behind it, its change from a prior study, and the images that it was inferred from. What the
report says of the level stands beside the codes as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.load.dicom.common import encode, new_uid
from etl.load.dicom.content import (
    CONTAINS,
    HAS_CONTEXT,
    HAS_MODIFIER,
    HAS_PROPERTIES,
    INFERRED,
    code,
    container,
    context,
    document,
    image,
    number,
    region,
    text,
    uid,
)
from etl.load.job import Job
from etl.load.pictures import outlines
from etl.load.statements import Statement, by_level
from etl.phrases import Phrases
from radixgpt.codes import STRUCTURE, UNITS
from radixgpt.observation import Evidence

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from radixgpt.reading.source import SourceSlice

PLANAR, PLAIN = "1410", "1501"
"""Templates of a group with and without an outline."""

Place = tuple[str, int]


def to_measurements(job: Job) -> dict[str, bytes]:
    """``findings.sr.dcm``, checked against the report before it is given out.

    Raises:
        InputError: the source is not at hand.
        CheckFailedError: what was written does not say what the report says.
    """
    from etl.load.dicom.lint import require_measurements

    made = measurements(job)
    require_measurements(made, job)
    return {"findings.sr.dcm": encode(made)}


def measurements(job: Job) -> Dataset:
    """The report's findings as a Comprehensive 3D SR data set."""
    groups: list[Dataset] = []
    for level, found in by_level(job.report):
        groups.extend(_groups(job, level, found))
    s = STRUCTURE
    root = container(
        "",
        s["measurement_report"],
        *context(job),
        container(CONTAINS, s["measurements"], *groups),
        template="1500",
    )
    return document(job, "findings", root, evidence=evidence_slices(job))


def evidence_slices(job: Job) -> list[SourceSlice]:
    """Every slice that a stated finding points at."""
    source = job.needs_source()
    places = dict.fromkeys(
        (e.series, e.slice_index)
        for _, found in by_level(job.report)
        for one in found
        for e in one.finding.evidence
    )
    return [source.slice(*place) for place in places]


def _groups(job: Job, level: str | None, found: list[Statement]) -> list[Dataset]:
    """The statements of a level, those that rest on one outline together."""
    by_outline: dict[Evidence | None, list[Statement]] = {}
    ranks = {place: rank for rank, place in enumerate(outlines(job.report))}
    for one in found:
        by_outline.setdefault(_outline(one, ranks), []).append(one)
    words = level_text(job, level)
    groups = []
    for nth, (outline, together) in enumerate(by_outline.items(), start=1):
        name = level or Phrases.of(job.report).word("document", "whole_study")
        label = name if len(by_outline) == 1 else f"{name}, {nth}"
        groups.append(_group(job, label, outline, together, words if nth == 1 else ""))
    return groups


def _outline(one: Statement, ranks: dict[Place, int]) -> Evidence | None:
    """Where a finding is shown first; None where no outline shows it.

    A level has one outline a slice, whatever tool drew it, so findings that rest on one slice
    come together: the evidence is stripped of its tool.
    """
    drawn = [e for e in one.finding.evidence if e.polygon or e.axis]
    if not drawn:
        return None
    first = min(drawn, key=lambda e: ranks[e.series, e.slice_index])
    return first.model_copy(update={"tool": "", "observation": ""})


def level_text(job: Job, level: str | None) -> str:
    """What the findings section says of a level alone; a change from a prior stands as its code."""
    if level is None:
        return ""
    own = [s for s in job.report.section("findings") if s.level == level and not s.changes]
    return " ".join(s.text for s in own)


def _group(
    job: Job, label: str, outline: Evidence | None, together: list[Statement], words: str
) -> Dataset:
    s = STRUCTURE
    first = together[0]
    children = [
        text(HAS_CONTEXT, s["tracking"], label),
        uid(HAS_CONTEXT, s["tracking_uid"], new_uid()),
        code(CONTAINS, s["category"], s["anatomy"]),
        code(CONTAINS, s["finding"], first.site),
        code(HAS_MODIFIER, s["site"], first.site),
    ]
    if outline is not None:
        slice_ = job.needs_source().slice(outline.series, outline.slice_index)
        points = outline.polygon or outline.axis or ()
        children.append(region(CONTAINS, points, slice_, closed=bool(outline.polygon)))
    children.extend(_item(job, one) for one in together)
    if words:
        children.append(text(CONTAINS, s["comment"], words))
    template = PLAIN if outline is None else PLANAR
    return container(CONTAINS, s["group"], *children, template=template)


def _item(job: Job, one: Statement) -> Dataset:
    """One finding, with what belongs to it."""
    s = STRUCTURE
    f = one.finding
    below: list[Dataset] = []
    if one.side is not None:
        below.append(code(HAS_MODIFIER, s["laterality"], one.side))
    for tool, version in one.tools:
        below.append(text(HAS_MODIFIER, s["algorithm"], tool))
        below.append(text(HAS_MODIFIER, s["algorithm_version"], version))
    if one.percent is not None:
        below.append(number(HAS_PROPERTIES, s["certainty"], one.percent, UNITS["%"]))
    if one.change is not None:
        below.append(code(HAS_PROPERTIES, s["change"], one.change))
    if one.remark:
        below.append(text(HAS_PROPERTIES, s["comment"], one.remark))
    for place in dict.fromkeys((e.series, e.slice_index) for e in f.evidence):
        seen = job.needs_source().slice(*place)
        below.append(image(INFERRED, s["source_of_measurement"], seen))
    if one.value is not None:
        return code(CONTAINS, one.name, one.value, *below)
    assert one.number is not None, "a statement has a value or a number"
    assert one.unit is not None, "a number has a unit"
    return number(CONTAINS, one.name, one.number, one.unit, *below)
