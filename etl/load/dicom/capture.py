"""Key images as DICOM secondary captures: the slice with its discs outlined, and the mark."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from etl.load.dicom.common import encode, items, new_uid, opened, reference
from etl.load.job import Job
from etl.load.pictures import Picture
from radixgpt.errors import InputError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_BODY_PARTS = {"lumbar": "LSPINE", "thoracic": "TSPINE", "cervical": "CSPINE"}


def to_captures(job: Job) -> dict[str, bytes]:
    """``key-image-1.dcm`` and so on: one for each slice that findings point at.

    Raises:
        InputError: the source is not at hand, or no finding points at a place in an image.
    """
    job.needs_source()
    job.needs_study()
    if not job.overviews:
        raise InputError("The report outlines nothing.", "Leave out sc.")
    series = new_uid()
    return {
        f"key-image-{number}.dcm": encode(capture(job, picture, series, number))
        for number, picture in enumerate(job.overviews, start=1)
    }


def capture(job: Job, picture: Picture, series: str, number: int) -> Dataset:
    """One key image as a data set.

    Args:
        job: what is exported.
        picture: the slice with its outlines.
        series: UID of the new series.
        number: of the image within the series.
    """
    made = opened(job, "images", series=series, instance=number)
    made.ConversionType = "WSD"
    made.SecondaryCaptureDeviceManufacturer = made.Manufacturer
    made.ImageType = ["DERIVED", "SECONDARY"]
    part = _BODY_PARTS.get(job.report.study.region)
    made.BodyPartExamined = part or "SPINE"
    made.PatientOrientation = ""
    # As the project's own made-up images do, so that this one is never taken for a patient's.
    kind = "SYNTHETIC, not of a patient. " if job.report.study.synthetic else ""
    made.ImageComments = f"{kind}{job.report.mark}. {picture.caption}."
    made.DerivationDescription = "Windowed, enlarged, outlines and mark burned in"
    slice_ = job.needs_source().slice(picture.series, picture.slice_index)
    made.SourceImageSequence = items([reference(slice_)])
    # Words are burned in. They name nobody, but whoever looks for such words should find them.
    made.BurnedInAnnotation = "YES"
    pixels = marked(picture.png, job.report.mark)
    made.SamplesPerPixel = 3
    made.PhotometricInterpretation = "RGB"
    made.PlanarConfiguration = 0
    made.Rows, made.Columns = pixels.shape[0], pixels.shape[1]
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit = 7
    made.PixelRepresentation = 0
    made.LossyImageCompression = "00"
    data = pixels.tobytes()
    made.PixelData = data + b"\0" * (len(data) % 2)
    made["PixelData"].VR = "OB"
    return made


def marked(png: bytes, mark: str) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """A picture with the mark in a band above it, RGB, shape (rows, columns, 3)."""
    from PIL import Image, ImageDraw, ImageFont

    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    size = max(11, round(picture.width / 26))
    font = ImageFont.load_default(size)
    band = 2 * size
    whole = Image.new("RGB", (picture.width, picture.height + band), (0, 0, 0))
    whole.paste(picture, (0, band))
    pen = ImageDraw.Draw(whole)
    while size > 8 and pen.textlength(mark, font=font) > picture.width - 8:
        size -= 1
        font = ImageFont.load_default(size)
    pen.text((picture.width / 2, band / 2), mark, fill=(255, 207, 133), font=font, anchor="mm")
    return np.ascontiguousarray(np.asarray(whole, dtype=np.uint8))
