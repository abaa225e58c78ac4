"""A semantic check of written structured reports: do they say what the report says?

Validators look at the form of an object, and pass one with another level, side or unit, with a
region beside the image or a text that its codes deny. Here the tree is read back from its codes
and held against the report and its source; a text is read by the same rules that every sentence
of a report has to pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from etl.check import check_sentence
from etl.load.dicom.common import person_name
from etl.load.dicom.readback import (
    ReadGroup,
    Reading,
    Reference,
    code_of,
    key,
    name_of,
    read_measurements,
    reference_of,
    regions,
    unknown_codes,
    walk,
)
from etl.load.job import Job
from etl.load.statements import changes_of, stated
from etl.styles import style_in
from radixgpt.codes import STRUCTURE, exam_code, section_code, site_code, title_code
from radixgpt.errors import CheckFailedError
from radixgpt.finding import Finding

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from radixgpt.reading.source import SourceSlice

_PIXEL = 0.02
"""Graphic data are single precision and rounded to a hundredth of a pixel."""
_PERCENT = 0.06
_RELATIVE = 1e-6

Said = tuple[str, str | None, str | None]
"""Kind, level and side of a finding."""


def lint_measurements(made: Dataset, job: Job) -> list[str]:
    """What is wrong with a TID 1500 data set for this report and source; empty when nothing is."""
    reading = read_measurements(made)
    problems = [
        *_document(made, job, key(STRUCTURE["measurement_report"]), "1500"),
        *unknown_codes(made),
        *reading.problems,
        *_references(made, job),
        *_groups(reading, job),
        *_same_findings(reading, job),
        *_texts(reading, job),
    ]
    return list(dict.fromkeys(problems))


def lint_narrative(made: Dataset, job: Job) -> list[str]:
    """What is wrong with a TID 2000 data set for this report and source; empty when nothing is."""
    report = job.report
    problems = [
        *_document(made, job, key(title_code(report.study.modality)), "2000"),
        *unknown_codes(made),
        *_references(made, job),
    ]
    wanted = [
        (key(section_code(name)), [s.text for s in report.section(name)])
        for name in style_in(job.report).sections
        if report.section(name)
    ]
    sections = [c for c in made.get("ContentSequence") or () if c.get("ValueType") == "CONTAINER"]
    marks = [
        str(t.get("TextValue", ""))
        for c in sections
        if name_of(c) == key(STRUCTURE["comment"])
        for t in c.get("ContentSequence") or ()
    ]
    if not any(report.mark in text for text in marks):
        problems.append("the mark is missing")
    written = [
        (name_of(c), [str(t.get("TextValue", "")) for t in c.get("ContentSequence") or ()])
        for c in sections
        if name_of(c) != key(STRUCTURE["comment"])
    ]
    if written != wanted:
        problems.append("its sections or sentences are not those of the report")
    by_text: dict[str, set[Reference]] = {}
    for item in walk(made):
        if item.get("ValueType") == "TEXT":
            found = {r for c in item.get("ContentSequence") or () if (r := reference_of(c))}
            by_text.setdefault(str(item.get("TextValue", "")), set()).update(found)
    known = {f.id: f for f in stated(report)}
    for sentence in report.sentences:
        needed = {
            r for name in sentence.findings if name in known for r in _images(known[name], job)
        }
        if needed - by_text.get(sentence.text, set()):
            problems.append(f"evidence is missing of: {sentence.text}")
    return list(dict.fromkeys(problems))


def require_measurements(made: Dataset, job: Job) -> None:
    """Refuse a data set that :func:`lint_measurements` finds fault with.

    Raises:
        CheckFailedError: with what is wrong.
    """
    _require(lint_measurements(made, job))


def require_narrative(made: Dataset, job: Job) -> None:
    """Refuse a data set that :func:`lint_narrative` finds fault with.

    Raises:
        CheckFailedError: with what is wrong.
    """
    _require(lint_narrative(made, job))


def _require(problems: list[str]) -> None:
    if problems:
        raise CheckFailedError(
            f"The structured report does not say what the report says: {'; '.join(problems)}.",
            "Report this as a fault of the software; the other formats can be used.",
        )


# --- the document -------------------------------------------------------------------------------


def _document(made: Dataset, job: Job, title: tuple[str, str], template: str) -> Iterator[str]:
    """Title, template, flags, signer, patient, study, procedure and observer."""
    if name_of(made) != title:
        yield "it has another title"
    which = made.get("ContentTemplateSequence")
    if not which or which[0].get("TemplateIdentifier") != template:
        yield f"it does not name the template {template}"
    final = job.final
    flags = {
        "CompletionFlag": "COMPLETE" if final else "PARTIAL",
        "VerificationFlag": "VERIFIED" if final else "UNVERIFIED",
        "PreliminaryFlag": "FINAL" if final else "PRELIMINARY",
    }
    for keyword, flag in flags.items():
        if made.get(keyword) != flag:
            yield f"its {keyword} is not {flag}"
    observers = [
        str(o.get("VerifyingObserverName", "")) for o in made.get("VerifyingObserverSequence") or ()
    ]
    signature = job.report.signature
    if observers != ([] if signature is None else [person_name(signature)]):
        yield "it is not verified by who signed"
    header = job.needs_source().header
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID"):
        if str(made.get(keyword) or "") != str(header.get(keyword) or ""):
            yield f"its {keyword} is not the source's"
    facts = job.report.study
    top = {name_of(c): code_of(c, "ConceptCodeSequence") for c in made.get("ContentSequence") or ()}
    if top.get(key(STRUCTURE["procedure"])) != key(exam_code(facts)):
        yield "it reports another procedure"
    if top.get(key(STRUCTURE["observer_type"])) != key(STRUCTURE["device"]):
        yield "it does not say that a device observed"


def _images(finding: Finding, job: Job) -> set[Reference]:
    """The images that a finding rests on, as references."""
    return {_reference(job.needs_source().slice(e.series, e.slice_index)) for e in finding.evidence}


def _reference(slice_: SourceSlice) -> Reference:
    header = slice_.header
    return str(header.SOPClassUID), str(header.SOPInstanceUID), slice_.frame


def _references(made: Dataset, job: Job) -> Iterator[str]:
    """Every image is one of the source's, and listed as evidence under its series."""
    known = {
        (str(h.SOPClassUID), str(h.SOPInstanceUID)): str(h.SeriesInstanceUID)
        for h in job.needs_source().headers
    }
    listed: set[tuple[str, str]] = set()
    for study in made.get("CurrentRequestedProcedureEvidenceSequence") or ():
        if study.get("StudyInstanceUID") != made.get("StudyInstanceUID"):
            yield "it lists evidence of another study"
        for series in study.get("ReferencedSeriesSequence") or ():
            for one in series.get("ReferencedSOPSequence") or ():
                which = (
                    str(one.get("ReferencedSOPClassUID", "")),
                    str(one.get("ReferencedSOPInstanceUID", "")),
                )
                if known.get(which) != series.get("SeriesInstanceUID"):
                    yield "it lists evidence that the source has not"
                listed.add(which)
    for item in walk(made):
        reference = reference_of(item)
        if reference is None:
            continue
        if reference[:2] not in known:
            yield "it refers to an image that the source has not"
        elif reference[:2] not in listed:
            yield "it refers to an image that it does not list as evidence"


# --- the groups ---------------------------------------------------------------------------------


def _groups(reading: Reading, job: Job) -> Iterator[str]:
    """Each group is tracked, lies somewhere, and its outline in an image."""
    labels, uids = (
        Counter(g.label for g in reading.groups),
        Counter(g.uid for g in reading.groups),
    )
    for group in reading.groups:
        where = group.level or "the whole study"
        if not group.label or not group.uid:
            yield f"a group at {where} is not tracked"
        elif labels[group.label] > 1 or uids[group.uid] > 1:
            yield f"two groups are tracked alike, one at {where}"
        if len(group.sites) != 1:
            yield f"the group {group.label[:30]} has not just one finding site"
        elif group.level is None and group.sites[0] not in regions():
            yield f"the group {group.label[:30]} lies nowhere in the spine"
        elif group.level is None and group.sites[0] != key(
            site_code(None, job.report.study.region)
        ):
            yield f"the group {group.label[:30]} lies in another region"
        if group.subject != (group.sites[0] if group.sites else None):
            yield f"the group {group.label[:30]} is about something else than its site"
        if group.level is not None and group.label.split(",")[0] != group.level:
            yield f"the group {group.label[:30]} is called otherwise than its level"
        if not group.items:
            yield f"the group {group.label[:30]} states nothing"
        yield from _outline(group, job)


def _outline(group: ReadGroup, job: Job) -> Iterator[str]:
    """The outline of a group is the one its findings rest on, inside of its image."""
    where = group.level or "the whole study"
    drawn = any(
        e.polygon or e.axis
        for f in stated(job.report)
        if f.level == group.level and any(_said(f) == _said(one.finding) for one in group.items)
        for e in f.evidence
    )
    if (group.template == "1410") != bool(group.points) or drawn != bool(group.points):
        yield f"an outline at {where} is missing, or has no ground"
        return
    if not group.points:
        return
    slices = {
        _reference(slice_): (place, slice_) for place, slice_ in job.needs_source().slices.items()
    }
    found = slices.get(group.region_image or ("", "", None))
    if found is None:
        yield f"the outline at {where} lies in no image of the source"
        return
    (series, index), slice_ = found
    if not all(0 <= x <= slice_.columns and 0 <= y <= slice_.rows for x, y in group.points):
        yield f"the outline at {where} leaves its image"
    if not any(
        _same_outline(group.points, [slice_.point(p) for p in (e.polygon or e.axis or ())])
        for f in stated(job.report)
        if f.level == group.level
        for e in f.evidence
        if (e.series, e.slice_index) == (series, index)
    ):
        yield f"the outline at {where} is not the one of the report"
    for one in group.items:
        if group.region_image not in one.images:
            yield f"{one.finding.kind} at {where} does not rest on the image of its outline"


def _same_outline(
    points: tuple[tuple[float, float], ...], wanted: list[tuple[float, float]]
) -> bool:
    if len(wanted) > 2 and wanted[0] != wanted[-1]:
        wanted = [*wanted, wanted[0]]
    return len(points) == len(wanted) and all(
        abs(p[0] - w[0]) <= _PIXEL and abs(p[1] - w[1]) <= _PIXEL
        for p, w in zip(points, wanted, strict=True)
    )


# --- the findings -------------------------------------------------------------------------------


def _said(f: Finding) -> Said:
    return f.kind, f.level, f.side


def _same_findings(reading: Reading, job: Job) -> Iterator[str]:
    """The tree states each finding of the report once, with its value, certainty and evidence."""
    wanted = {_said(f): f for f in stated(job.report)}
    changed = changes_of(job.report)
    seen: set[Said] = set()
    for group in reading.groups:
        for one in group.items:
            f = one.finding
            kind, level, side = said = _said(f)
            where = f"{kind} at {level or 'the whole study'}" + (f", {side}" if side else "")
            own = wanted.get(said)
            if own is None:
                yield f"{where} is not in the report"
                continue
            if said in seen:
                yield f"{where} is stated twice"
            seen.add(said)
            if f.status != own.status or not _same_value(f.value, own.value):
                yield f"{where} has another value than in the report"
            if f.set_by_reader != (own.set_by_reader and own.status == "value"):
                yield f"{where} is not said to be by whom it is in the report"
            sure = own.confidence if own.status == "value" else None
            if (one.percent is None) != (sure is None) or (
                one.percent is not None
                and sure is not None
                and abs(one.percent - 100 * sure) > _PERCENT
            ):
                yield f"{where} has another certainty than in the report"
            became = changed.get(own.id)
            if one.changes != (() if became is None else (key(became),)):
                yield f"{where} is said to have changed otherwise than in the report"
            if set(one.images) != _images(own, job):
                yield f"{where} rests on other images than in the report"
    for kind, level, side in wanted.keys() - seen:
        at = f"{kind} at {level or 'the whole study'}" + (f", {side}" if side else "")
        yield f"{at} is missing"


def _same_value(one: str | int | float | None, other: str | int | float | None) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return abs(one - other) <= _RELATIVE * max(1.0, abs(other))
    return one == other


def _texts(reading: Reading, job: Job) -> Iterator[str]:
    """The text at each level is the report's, and says nothing but what the codes say."""
    found: dict[str, list[str]] = {}
    for group in reading.groups:
        if group.text and group.level is not None:
            found.setdefault(group.level, []).append(group.text)
        elif group.text:
            yield "a group of the whole study carries a text"
    coded = reading.findings()
    for level, texts in found.items():
        here = [f for f in coded if f.level == level]
        for text in texts:
            for problem in check_sentence(text, here, level=level, language=job.report.language):
                yield f"the text at {level} is not what its codes say: {problem}"
    said = [s for s in job.report.section("findings") if s.level and not s.changes]
    for named in dict.fromkeys(s.level or "" for s in said):
        wanted = " ".join(s.text for s in said if s.level == named)
        if found.get(named, []) != [wanted]:
            yield f"the text at {named} is not the report's"
