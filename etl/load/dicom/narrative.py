"""The text of the report as a DICOM Basic Text SR (PS3.16 TID 2000): nine headed sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.load.dicom.common import encode
from etl.load.dicom.content import (
    CONTAINS,
    INFERRED,
    container,
    context,
    document,
    image,
    text,
)
from etl.load.job import Job
from etl.load.standing import standing
from etl.load.statements import stated
from etl.styles import style_in
from radixgpt.codes import STRUCTURE, section_code, title_code
from radixgpt.report import Sentence

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from radixgpt.reading.source import SourceSlice


def to_narrative(job: Job) -> dict[str, bytes]:
    """``report.sr.dcm``, checked against the report before it is given out.

    Raises:
        InputError: the source is not at hand.
        CheckFailedError: what was written does not say what the report says.
    """
    from etl.load.dicom.lint import require_narrative

    made = narrative(job)
    require_narrative(made, job)
    return {"report.sr.dcm": encode(made)}


def narrative(job: Job) -> Dataset:
    """The report's sentences as a Basic Text SR data set; each names the images behind it."""
    s = STRUCTURE
    slices: dict[tuple[str, int], SourceSlice] = {}
    sections = []
    for name in style_in(job.report).sections:
        sentences = job.report.section(name)
        if sentences:
            said = [_sentence(job, one, slices) for one in sentences]
            sections.append(container(CONTAINS, section_code(name), *said))
    mark = f"{job.report.mark}. {standing(job.report)}"
    root = container(
        "",
        title_code(job.report.study.modality),
        *context(job),
        container(CONTAINS, s["comment"], text(CONTAINS, s["comment"], mark)),
        *sections,
        template="2000",
    )
    return document(job, "text", root, evidence=list(slices.values()))


def _sentence(job: Job, sentence: Sentence, slices: dict[tuple[str, int], SourceSlice]) -> Dataset:
    """A sentence with the images of its findings; notes which they are."""
    known = {f.id: f for f in stated(job.report)}
    places = dict.fromkeys(
        (e.series, e.slice_index)
        for name in sentence.findings
        if name in known
        for e in known[name].evidence
    )
    behind = []
    for place in places:
        slices[place] = job.needs_source().slice(*place)
        behind.append(image(INFERRED, None, slices[place]))
    return text(CONTAINS, STRUCTURE["finding"], sentence.text, *behind)
