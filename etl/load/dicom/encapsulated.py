"""The report's PDF as a DICOM object (PS3.3 A.45.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.load.dicom.common import coded, encode, items, opened, reference
from etl.load.job import Job
from etl.load.standing import title
from radixgpt.codes import title_code

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def to_encapsulated(job: Job) -> dict[str, bytes]:
    """``report.pdf.dcm``.

    Raises:
        InputError: the source is not at hand.
    """
    return {"report.pdf.dcm": encode(encapsulated(job, job.pdf))}


def encapsulated(job: Job, pdf: bytes) -> Dataset:
    """A PDF as a data set: the pages name nobody, the object around them does."""
    made = opened(job, "pdf")
    made.AcquisitionDateTime = ""
    made.ConversionType = "WSD"
    source = job.needs_source()
    # The pages show the source's pixels: what is burned into those is burned in here.
    clean = all(str(h.get("BurnedInAnnotation", "")).upper() == "NO" for h in source.headers)
    made.BurnedInAnnotation = "NO" if clean else "YES"
    places = dict.fromkeys((p.series, p.slice_index) for p in job.overviews)
    if places:
        made.SourceInstanceSequence = items(
            [reference(source.slice(*place), frame=False) for place in places]
        )
    made.DocumentTitle = f"{title(job.report)}: {job.report.mark}"[:1024]
    made.ConceptNameCodeSequence = items([coded(title_code(job.report.study.modality))])
    made.VerificationFlag = "VERIFIED" if job.final else "UNVERIFIED"
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocumentLength = len(pdf)
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return made
