"""The items of a structured report's tree (PS3.3 C.17.3), and the document around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from etl.load.dicom.common import (
    DEVICE_UID,
    MANUFACTURER,
    What,
    by_series,
    coded,
    date_time,
    items,
    opened,
    own_scheme,
    person_name,
    reference,
)
from etl.load.job import Draft, Job
from etl.phrases import Phrases
from radixgpt.codes import STRUCTURE, Code, exam_code, language_code

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from radixgpt.reading.source import SourceSlice

HAS_CONTEXT, HAS_MODIFIER = "HAS OBS CONTEXT", "HAS CONCEPT MOD"
CONTAINS, HAS_PROPERTIES, INFERRED = "CONTAINS", "HAS PROPERTIES", "INFERRED FROM"
SELECTED = "SELECTED FROM"


def item(relation: str, kind: str, name: Code | None, *children: Dataset) -> Dataset:
    """An item of the tree.

    Args:
        relation: to the item above it; empty at the root.
        kind: value type.
        name: concept name; None where the relation says enough.
        children: the items below it.
    """
    from pydicom.dataset import Dataset

    made = Dataset()
    if relation:
        made.RelationshipType = relation
    made.ValueType = kind
    if name is not None:
        made.ConceptNameCodeSequence = items([coded(name)])
    if children:
        made.ContentSequence = items(children)
    return made


def code(relation: str, name: Code, value: Code, *children: Dataset) -> Dataset:
    """A CODE item."""
    made = item(relation, "CODE", name, *children)
    made.ConceptCodeSequence = items([coded(value)])
    return made


def text(relation: str, name: Code, value: str, *children: Dataset) -> Dataset:
    """A TEXT item."""
    made = item(relation, "TEXT", name, *children)
    made.TextValue = value
    return made


def uid(relation: str, name: Code, value: str) -> Dataset:
    """A UIDREF item."""
    made = item(relation, "UIDREF", name)
    made.UID = value
    return made


def number(relation: str, name: Code, value: float, unit: Code, *children: Dataset) -> Dataset:
    """A NUM item.

    One without a value is legal, but readers that are in use stumble over it: what was not
    measured is a CODE item that says so.
    """
    from pydicom.dataset import Dataset
    from pydicom.valuerep import DSfloat

    made = item(relation, "NUM", name, *children)
    measured = Dataset()
    measured.NumericValue = DSfloat(value, auto_format=True)
    measured.MeasurementUnitsCodeSequence = items([coded(unit)])
    made.MeasuredValueSequence = items([measured])
    return made


def image(relation: str, name: Code | None, slice_: SourceSlice) -> Dataset:
    """An IMAGE item."""
    made = item(relation, "IMAGE", name)
    made.ReferencedSOPSequence = items([reference(slice_)])
    return made


def region(
    relation: str, points: Sequence[tuple[float, float]], slice_: SourceSlice, *, closed: bool
) -> Dataset:
    """A SCOORD item: an outline in a source image, closed on itself, or a line.

    Args:
        relation: to the item above it.
        points: of the upright slice, pixel centres at integers.
        slice_: where the slice came from.
        closed: whether the points go round a region.
    """
    made = item(
        relation, "SCOORD", STRUCTURE["region"], image(SELECTED, STRUCTURE["source"], slice_)
    )
    placed = [slice_.point(p) for p in points]
    if closed and placed[0] != placed[-1]:
        placed.append(placed[0])
    made.GraphicType = "POLYLINE"
    made.GraphicData = [round(v, 2) for p in placed for v in p]
    return made


def container(relation: str, name: Code, *children: Dataset, template: str = "") -> Dataset:
    """A CONTAINER item, with its template of PS3.16."""
    from pydicom.dataset import Dataset

    made = item(relation, "CONTAINER", name, *children)
    made.ContinuityOfContent = "SEPARATE"
    if template:
        which = Dataset()
        which.MappingResource = "DCMR"
        which.TemplateIdentifier = template
        made.ContentTemplateSequence = items([which])
    return made


def context(job: Job) -> list[Dataset]:
    """Language, the observing device, who signed, and the procedure (TID 1204, 1001, 1500)."""
    s = STRUCTURE
    facts = job.report.study
    made = [
        code(HAS_MODIFIER, s["language"], language_code(Phrases.of(job.report).tag)),
        code(HAS_CONTEXT, s["observer_type"], s["device"]),
        uid(HAS_CONTEXT, s["device_uid"], DEVICE_UID),
        text(HAS_CONTEXT, s["device_name"], MANUFACTURER),
        text(HAS_CONTEXT, s["device_manufacturer"], MANUFACTURER),
        text(HAS_CONTEXT, s["device_model"], job.report.provenance.version),
    ]
    made.append(code(HAS_MODIFIER, s["procedure"], exam_code(facts)))
    return made


def document(
    job: Job,
    what: What,
    root: Dataset,
    *,
    evidence: Sequence[SourceSlice],
) -> Dataset:
    """The object that holds a tree: unverified and preliminary until a person signed.

    A final one names the drafts of its kind that it supersedes, as far as they are known.

    Args:
        job: what is exported.
        what: the tree holds.
        root: the tree.
        evidence: the slices that the tree refers to.
    """
    from pydicom.dataset import Dataset

    made = opened(job, what)
    made.CodingSchemeIdentificationSequence = items([own_scheme()])
    made.ReferencedPerformedProcedureStepSequence = items([])
    made.PerformedProcedureCodeSequence = items([])
    study = Dataset()
    study.StudyInstanceUID = made.StudyInstanceUID
    study.ReferencedSeriesSequence = items([_referenced(*one) for one in by_series(evidence)])
    earlier = [d for d in job.supersedes if d.sop_class == made.SOPClassUID]
    if earlier:
        made.PredecessorDocumentsSequence = items([_predecessor(one) for one in earlier])
    if evidence:
        made.CurrentRequestedProcedureEvidenceSequence = items([study])
    signature = job.report.signature
    made.CompletionFlag = "PARTIAL" if signature is None else "COMPLETE"
    made.VerificationFlag = "UNVERIFIED" if signature is None else "VERIFIED"
    made.PreliminaryFlag = "PRELIMINARY" if signature is None else "FINAL"
    if signature is not None:
        observer = Dataset()
        # Type 1: it may not be empty.
        observer.VerifyingOrganization = signature.organization or "not stated"
        observer.VerificationDateTime = date_time(datetime.fromisoformat(signature.signed_at))
        observer.VerifyingObserverName = person_name(signature)
        observer.VerifyingObserverIdentificationCodeSequence = items([])
        made.VerifyingObserverSequence = items([observer])
    for element in root:
        made.add(element)
    return made


def _predecessor(draft: Draft) -> Dataset:
    """The hierarchical reference to a draft (PS3.3 C.17.2.1)."""
    from pydicom.dataset import Dataset

    instance, made = Dataset(), Dataset()
    instance.ReferencedSOPClassUID = draft.sop_class
    instance.ReferencedSOPInstanceUID = draft.instance
    made.StudyInstanceUID = draft.study
    made.ReferencedSeriesSequence = items([_referenced(draft.series, [instance])])
    return made


def _referenced(series: str, references: list[Dataset]) -> Dataset:
    from pydicom.dataset import Dataset

    made = Dataset()
    made.SeriesInstanceUID = series
    made.ReferencedSOPSequence = items(references)
    return made
