"""DICOM objects to slices, without anything that identifies a person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from radixgpt.patient import Subject
from radixgpt.reading.dataset import Parsed
from radixgpt.reading.decoder import Decoder
from radixgpt.reading.facts import Layers, read_facts, read_modality
from radixgpt.reading.frame import Frame, Orientation, Vector, orientation_of
from radixgpt.reading.header import Header
from radixgpt.reading.identity import Keyring, age_band, sex, subject
from radixgpt.reading.limits import Limits
from radixgpt.reading.orientation import orientation_of_letters
from radixgpt.reading.pixels import PixelFacts, decode, facts
from radixgpt.reading.reasons import rejected

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_NO_IMAGES = (
    *("88.", "11.", "104.", "9.", "66"),  # SR and KO, presentation states, PDF, waveforms, masks
    *(f"481.{last}" for last in range(2, 10)),  # radiotherapy but its images
    *("30", "4.2", "68."),  # parametric maps, spectroscopy, surfaces
)
_NO_IMAGE_MODALITIES = frozenset({"SR", "PR", "KO", "DOC", "SEG", "AU", "ECG", "HD", "FID", "REG"})

NO_SPACING = "The pixel spacing is unknown; no millimetres are measured."
NO_PLACE = "Place and direction of the images are unknown; no millimetres are measured."
BAD_DIRECTION = "The direction cosines are damaged and were not used."
BAD_RESCALE = "The rescale slope of the header is impossible and was not applied."


@dataclass(frozen=True)
class Owner:
    """Whose object it is.

    Attributes:
        subject: whom it is of and when it was made, as keyed hashes and a moved day.
        study: remapped StudyInstanceUID, empty where it is missing.
        age_band, sex: as in ``Study``.
    """

    subject: Subject
    study: str
    age_band: str | None
    sex: str | None


def owner(header: Header, keys: Keyring) -> Owner:
    """Whose object it is."""
    study = header.text("StudyInstanceUID")
    return Owner(
        subject=subject(header, keys),
        study=keys.uid(study) if study else "",
        age_band=age_band(header),
        sex=sex(header),
    )


def frames(parsed: Parsed, keys: Keyring, decoder: Decoder, limits: Limits) -> list[Frame]:
    """The slices of one object.

    Raises:
        RejectedObjectError: it is no image, or its pixels can't be read.
    """
    header = parsed.header
    check_is_image(parsed)
    found = facts(header, limits)
    groups = _functional_groups(header, found.frames)
    modality = read_modality(header)
    stack, mended = decode(parsed, found, modality.value if modality else "", decoder)
    single = found.frames == 1
    common = Frame(
        pixels=stack[0],
        series=keys.uid(header.text("SeriesInstanceUID")),
        instance=keys.uid(header.text("SOPInstanceUID")),
        order=header.integer("SeriesNumber", 0),
        warnings=tuple(mended),
    )
    return [
        _frame(
            common,
            stack[index],
            header.integer("InstanceNumber", 0) if single else index,
            Layers(header, groups[index]),
            found,
        )
        for index in range(found.frames)
    ]


def check_is_image(parsed: Parsed) -> None:
    """Refuse what holds no image.

    Raises:
        RejectedObjectError: ``not-an-image`` or ``no-pixels``.
    """
    header = parsed.header
    kind = header.text("SOPClassUID")
    other = kind.startswith(tuple(_STORAGE + tail for tail in _NO_IMAGES))
    if other or header.text("Modality").upper() in _NO_IMAGE_MODALITIES:
        raise rejected("not-an-image")
    if parsed.pixels is None:
        raise rejected("no-pixels")


def _functional_groups(header: Header, count: int) -> list[tuple[Header, ...]]:
    """Own and shared functional groups of each frame (PS3.3 C.7.6.16)."""
    shared = tuple(header.items("SharedFunctionalGroupsSequence")[:1])
    own = header.items("PerFrameFunctionalGroupsSequence")
    if own and len(own) != count:
        raise rejected("lying-header")
    return [(item, *shared) for item in own] if own else [shared] * count


def _frame(
    common: Frame, pixels: npt.NDArray[Any], number: int, layers: Layers, found: PixelFacts
) -> Frame:
    warnings = list(common.warnings)
    spacing = _spacing(layers)
    position, orientation = _place(layers, warnings)
    if spacing is None or position is None:
        warnings.append(NO_SPACING if position is not None else NO_PLACE)
    slope, intercept = _rescale(layers, warnings)
    inverted_from = None
    if found.photometric == "MONOCHROME1":
        # Lowest plus highest stored value, so that the range stays what it was.
        inverted_from = -1 if found.signed else (1 << found.stored) - 1
    window = _window(layers)
    if window is not None and inverted_from is not None:
        window = (slope * inverted_from + 2 * intercept - window[0], window[1])
    read = read_facts(layers)
    return replace(
        common,
        pixels=pixels,
        number=number,
        slope=slope,
        intercept=intercept,
        inverted_from=inverted_from,
        spacing=spacing,
        position=position,
        orientation=orientation,
        stated_gap=_stated_gap(layers),
        split=_split(layers, read.technique.get("echo_time_ms")),
        window=window,
        facts=read,
        warnings=tuple(warnings),
    )


def _vector(layers: Layers, keyword: str, sequence: str, length: int) -> tuple[float, ...] | None:
    group = layers.group(sequence)
    if group is not None and group.has(keyword):
        return group.vector(keyword, length)
    return layers.header.vector(keyword, length)


def _spacing(layers: Layers) -> tuple[float, float] | None:
    found = _vector(layers, "PixelSpacing", "PixelMeasuresSequence", 2)
    if found is None or not all(0.001 < value < 100 for value in found):
        return None
    return found[0], found[1]


def _place(layers: Layers, warnings: list[str]) -> tuple[Vector | None, Orientation | None]:
    """Position and orientation; without a sound pair of both there is no position."""
    stated = _vector(layers, "ImageOrientationPatient", "PlaneOrientationSequence", 6)
    orientation = orientation_of(stated)
    if orientation is None:
        if stated is not None:
            warnings.append(BAD_DIRECTION)
        return None, orientation_of_letters(layers.header.texts("PatientOrientation"))
    found = _vector(layers, "ImagePositionPatient", "PlanePositionSequence", 3)
    if found is None or not all(abs(value) < 1e5 for value in found):
        return None, orientation
    return (found[0], found[1], found[2]), orientation


def _rescale(layers: Layers, warnings: list[str]) -> tuple[float, float]:
    """Slope and intercept of the modality transform."""
    group = layers.group("PixelValueTransformationSequence") or layers.header
    slope, intercept = group.number("RescaleSlope"), group.number("RescaleIntercept")
    if slope == 0 or (slope is not None and abs(slope) > 1e6):
        warnings.append(BAD_RESCALE)
        return 1.0, 0.0
    return (1.0 if slope is None else slope), (0.0 if intercept is None else intercept)


def _window(layers: Layers) -> tuple[float, float] | None:
    group = layers.group("FrameVOILUTSequence") or layers.header
    centre, width = group.number("WindowCenter"), group.number("WindowWidth")
    return (centre, width) if centre is not None and width is not None and width > 0 else None


def _stated_gap(layers: Layers) -> float | None:
    found = layers.number("SpacingBetweenSlices", ("PixelMeasuresSequence", "SpacingBetweenSlices"))
    return found if found is not None and 0 < found < 1000 else None


def _split(layers: Layers, echo: float | str | None) -> tuple[float | str | None, ...]:
    """Echo time, b-value and stack."""
    content = layers.group("FrameContentSequence")
    return (
        round(echo, 1) if isinstance(echo, float) else None,
        layers.number("DiffusionBValue", ("MRDiffusionSequence", "DiffusionBValue")),
        content.text("StackID") if content is not None else None,
    )
