"""A study: one examination as read, de-identified, with its series ordered.

A study holds no name, no id, no date and no path. Its series are known by handles (``s1``,
``s2``, ...); its instances by remapped UIDs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

from radixgpt.errors import InputError
from radixgpt.patient import Subject


class Modality(StrEnum):
    """DICOM modality of a series (PS3.3 C.7.3.1.1.1)."""

    MR = "MR"
    CT = "CT"
    DX = "DX"
    CR = "CR"
    OTHER = "other"
    """Another modality, as the header says: never to be guessed from pixels."""
    UNKNOWN = "unknown"


class Plane(StrEnum):
    """Anatomical plane of the slices."""

    SAGITTAL = "sagittal"
    AXIAL = "axial"
    CORONAL = "coronal"
    UNKNOWN = "unknown"


class Sequence(StrEnum):
    """MR weighting of a series."""

    T1 = "t1"
    T2 = "t2"
    T2_SPACE = "t2_space"
    STIR = "stir"
    PD = "pd"
    LOCALIZER = "localizer"
    OTHER = "other"
    """Another weighting, as the header says (diffusion, T2*, FLAIR): never to be guessed."""
    UNKNOWN = "unknown"


class BodyRegion(StrEnum):
    """Part of the body that a series shows."""

    LUMBAR = "lumbar"
    THORACIC = "thoracic"
    CERVICAL = "cervical"
    WHOLE_SPINE = "whole-spine"
    OTHER = "other"
    UNKNOWN = "unknown"


class View(StrEnum):
    """How a radiograph was projected; front to back and back to front are one view here."""

    AP = "ap"
    LATERAL = "lateral"
    OTHER = "other"
    """Another view, as the header says (oblique, decubitus): never to be guessed."""
    UNKNOWN = "unknown"


Source = Literal["header", "pixels", "user", "none"]
"""Where a fact about a series comes from."""


@dataclass(frozen=True)
class Quality:
    """What limits the images of a series.

    Attributes:
        limits: each a few words, such as ``noisy``; empty where nothing does.
    """

    limits: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The limits on one line; empty where there are none."""
        return f"image quality is limited: {', '.join(self.limits)}" if self.limits else ""


@dataclass(frozen=True)
class Geometry:
    """Where the slices lie.

    Attributes:
        spacing: (row, column) distance of pixel centres in millimetres.
        slice_gap: distance of neighbouring slice centres in millimetres, None for one slice.
        positions: patient coordinates in millimetres (DICOM LPS) of each slice's first pixel.
        orientation: row and column direction cosines (PS3.3 C.7.6.2), None when unknown.
    """

    spacing: tuple[float, float]
    slice_gap: float | None = None
    positions: tuple[tuple[float, float, float], ...] | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None


@dataclass(frozen=True, eq=False)  # arrays have no truth value; a series is itself
class Series:
    """Slices of one plane and one contrast.

    Attributes:
        key: handle within the study, ``s1``, ``s2``, ...
        pixels: float32, shape (slices, rows, columns), stored values after the modality
            transform; larger is brighter.
        geometry: None where spacing is unknown: then no millimetres may be stated.
        instances: remapped SOP instance UID of each slice.
        numbers: the source's number of each slice: its place from 0 in an object of several
            frames, else its instance number.
        turned: how the source's slices were turned upright: swapped over the diagonal, then rows
            and columns flipped.
        view: of a radiograph; unknown for anything else.
        facts_from: for ``modality``, ``plane``, ``sequence``, ``region`` and ``view``: where it
            was read.
        window: (centre, width) asked for by the header, None otherwise.
        technique: acquisition facts from the header that a report may state, such as
            ``{"field_strength_t": 1.5, "echo_time_ms": 102.0, "repetition_time_ms": 3500.0}``.
        contrast_agent: True or False where recorded, else None.
        quality: as triage judged it; None before.
    """

    key: str
    pixels: npt.NDArray[np.float32]
    modality: Modality = Modality.UNKNOWN
    plane: Plane = Plane.UNKNOWN
    sequence: Sequence = Sequence.UNKNOWN
    region: BodyRegion = BodyRegion.UNKNOWN
    view: View = View.UNKNOWN
    geometry: Geometry | None = None
    instances: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    turned: tuple[bool, bool, bool] = (False, False, False)
    facts_from: dict[str, Source] = field(default_factory=dict)
    window: tuple[float, float] | None = None
    technique: dict[str, float | str] = field(default_factory=dict)
    contrast_agent: bool | None = None
    synthetic: bool = False
    quality: Quality | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or 0 in self.pixels.shape:
            raise InputError(
                f"A series has pixels of shape {self.pixels.shape}.",
                "Give slices, rows and columns.",
            )

    @property
    def slices(self) -> int:
        """Number of slices."""
        return int(self.pixels.shape[0])

    def has_millimetres(self) -> bool:
        """Whether in-plane distances in millimetres may be stated."""
        return self.geometry is not None

    def with_facts(self, source: Source, **facts: StrEnum) -> Series:
        """A copy with modality, plane, sequence, region or view set, and their source noted."""
        return replace(
            self,
            **facts,  # type: ignore[arg-type]
            facts_from={**self.facts_from, **dict.fromkeys(facts, source)},
        )


@dataclass(frozen=True)
class Quarantined:
    """An object that was not read, or is not an image, and why."""

    name: str
    """Neutral name: the object's position in the input (``object 7``), never a path."""
    reason: str
    """Reason code, for instance ``no-preamble`` or ``truncated-pixels``."""
    detail: str
    """One sentence for the user."""


@dataclass(frozen=True, eq=False)
class Study:
    """One examination.

    Attributes:
        key: salted key of the study, of no meaning outside this run.
        series: the image series, in the order of their handles.
        quarantine: what was left out, with reasons.
        warnings: what the reader should know about the study as a whole.
        age_band: decade of age such as ``"60-69"``, ``"90+"``, None when unknown.
        sex: ``"F"``, ``"M"``, ``"O"`` or None.
        subject: whom it is of and when it was made, as keyed hashes and a moved day.
    """

    key: str
    series: tuple[Series, ...]
    quarantine: tuple[Quarantined, ...] = ()
    warnings: tuple[str, ...] = ()
    age_band: str | None = None
    sex: str | None = None
    subject: Subject | None = field(default=None, repr=False)

    @property
    def synthetic(self) -> bool:
        """Whether any series is marked synthetic."""
        return any(series.synthetic for series in self.series)

    def one(self, key: str) -> Series:
        """The series with this handle.

        Raises:
            InputError: the study has no such series.
        """
        for series in self.series:
            if series.key == key:
                return series
        raise InputError(
            f"The study has no series '{key[:20]}'.",
            f"Use one of: {', '.join(s.key for s in self.series) or 'none'}.",
        )
