"""What a series is, from the acquisition facts of its header.

Weighting comes from physics first (echo, repetition and inversion time, scanning sequence) and
from the words of a closed vocabulary only where physics is silent or can't tell, as between T2
and STIR. Where the header says nothing, or contradicts itself, the fact stays unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from radixgpt.reading import vocabulary
from radixgpt.reading.header import Header
from radixgpt.reading.identity import is_synthetic
from radixgpt.study import BodyRegion, Modality, Sequence, View

_MODALITIES = {
    **{m.value: m for m in (Modality.MR, Modality.CT, Modality.DX, Modality.CR)},
    "RG": Modality.CR,
    **dict.fromkeys(
        ("XA", "RF", "US", "NM", "PT", "MG", "PX", "IO", "XC", "ES", "GM", "SM", "OP", "RTIMAGE"),
        Modality.OTHER,
    ),
}
_IMAGE = "1.2.840.10008.5.1.4.1.1."
_MODALITY_OF_CLASS = {
    **dict.fromkeys((_IMAGE + "4", _IMAGE + "4.1", _IMAGE + "4.4"), Modality.MR),
    **dict.fromkeys((_IMAGE + "2", _IMAGE + "2.1", _IMAGE + "2.2"), Modality.CT),
    **dict.fromkeys((_IMAGE + "1.1", _IMAGE + "1.1.1"), Modality.DX),
    _IMAGE + "1": Modality.CR,
}
_SECONDARY_CAPTURE = _IMAGE + "7"

REGION_WARNING = "The header contradicts itself about the region of the body."
LOOKUP_WARNING = "A lookup table of the header was not applied to the pixels."
BURNED_IN_WARNING = "The header says that text is burned into the images."
CAPTURE_WARNING = "These are screen captures; text may be burned into them."

_SERIES_WORDS = ("SeriesDescription", "ProtocolName")

_RANGES: dict[str, tuple[str, float, float]] = {
    "field_strength_t": ("MagneticFieldStrength", 0.01, 15),
    "echo_time_ms": ("EchoTime", 0.01, 1000),
    "repetition_time_ms": ("RepetitionTime", 0.5, 30_000),
    "inversion_time_ms": ("InversionTime", 1, 10_000),
    "flip_angle_deg": ("FlipAngle", 0.5, 180),
    "slice_thickness_mm": ("SliceThickness", 0.05, 50),
}


@dataclass(frozen=True)
class Facts:
    """What the header says of an image; nothing in it identifies a person.

    ``None`` stands for what the header does not say.
    """

    modality: Modality | None = None
    sequence: Sequence | None = None
    region: BodyRegion | None = None
    view: View | None = None
    technique: dict[str, float | str] = field(default_factory=dict)
    contrast_agent: bool | None = None
    synthetic: bool = False
    warnings: tuple[str, ...] = ()


class Layers:
    """A frame's own header, its functional groups and those it shares, searched in this order."""

    def __init__(self, header: Header, groups: tuple[Header, ...] = ()) -> None:
        self.header = header
        self._groups = groups

    def group(self, sequence: str) -> Header | None:
        """The functional group of the frame, else the one shared by all frames."""
        for layer in self._groups:
            found = layer.item(sequence)
            if found is not None:
                return found
        return None

    def number(self, keyword: str, *places: tuple[str, str]) -> float | None:
        """A number from the header, else from (sequence, keyword) of the functional groups."""
        found = self.header.number(keyword)
        for sequence, inner in places:
            group = self.group(sequence) if found is None else None
            found = group.number(inner) if group is not None else found
        return found


def read_facts(layers: Layers) -> Facts:
    """All facts of one image or frame."""
    header = layers.header
    modality = read_modality(header)
    technique = _technique(layers)
    region, contradiction = _region(layers)
    warnings = [REGION_WARNING] if contradiction else []
    if header.has("ModalityLUTSequence"):
        warnings.append(LOOKUP_WARNING)
    if header.text("BurnedInAnnotation").upper() == "YES":
        warnings.append(BURNED_IN_WARNING)
    elif header.text("SOPClassUID").startswith(_SECONDARY_CAPTURE):
        warnings.append(CAPTURE_WARNING)
    return Facts(
        modality=modality,
        sequence=_sequence(layers, technique) if modality is Modality.MR else None,
        region=region,
        view=_view(header) if modality in (Modality.DX, Modality.CR) else None,
        technique=technique,
        contrast_agent=_contrast_agent(header),
        synthetic=is_synthetic(header),
        warnings=tuple(warnings),
    )


def read_modality(header: Header) -> Modality | None:
    """Modality from the header, else from the class of the object."""
    stated = _MODALITIES.get(header.text("Modality").upper())
    return stated or _MODALITY_OF_CLASS.get(header.text("SOPClassUID"))


def _technique(layers: Layers) -> dict[str, float | str]:
    places: dict[str, tuple[tuple[str, str], ...]] = {
        "EchoTime": (("MREchoSequence", "EffectiveEchoTime"),),
        "RepetitionTime": (("MRTimingAndRelatedParametersSequence", "RepetitionTime"),),
        "FlipAngle": (("MRTimingAndRelatedParametersSequence", "FlipAngle"),),
        "InversionTime": (("MRModifierSequence", "InversionTimes"),),
        "SliceThickness": (("PixelMeasuresSequence", "SliceThickness"),),
    }
    found: dict[str, float | str] = {}
    for name, (keyword, least, most) in _RANGES.items():
        value = layers.number(keyword, *places.get(keyword, ()))
        if value is not None and least <= value <= most:
            found[name] = round(value, 4)
    header = layers.header
    dimension = header.text("MRAcquisitionType").upper()
    if dimension in ("2D", "3D"):
        found["acquisition"] = dimension
    if _fat_suppressed(layers):
        found["fat_suppressed"] = "yes"
    maker = vocabulary.manufacturer(header.text("Manufacturer"))
    if maker:
        found["manufacturer"] = maker
    return found


def _fat_suppressed(layers: Layers) -> bool:
    header = layers.header
    image_type = header.texts("ImageType")
    modifier = layers.group("MRModifierSequence")
    suppression = [header.text("SpectrallySelectedSuppression").upper()]
    if modifier is not None:
        suppression.append(modifier.text("SpectrallySelectedSuppression").upper())
    return (
        "FS" in header.texts("ScanOptions")
        or "WATER" in image_type
        or "W" in image_type[3:]
        or any(value in ("FAT", "FAT_AND_WATER") for value in suppression)
    )


def _sequence(layers: Layers, technique: dict[str, float | str]) -> Sequence | None:
    """Weighting of an MR image; None where neither physics nor words tell.

    ``OTHER`` where physics tells that it is none of those that have a name here.
    """
    header = layers.header
    words = vocabulary.sequences_of_words(
        " ".join(header.text(keyword) for keyword in ("SeriesDescription", "ProtocolName"))
    )
    if "LOCALIZER" in header.texts("ImageType") or Sequence.LOCALIZER in words:
        return Sequence.LOCALIZER
    if layers.number("DiffusionBValue", ("MRDiffusionSequence", "DiffusionBValue")):
        return Sequence.OTHER
    physics = weighting(
        echo=_float(technique.get("echo_time_ms")),
        repetition=_float(technique.get("repetition_time_ms")),
        inversion=_float(technique.get("inversion_time_ms")) if _inverts(layers) else None,
        gradient=_gradient(header),
        flip=_float(technique.get("flip_angle_deg")),
    )
    if physics is None:
        physics = _by_contrast(layers) or _by_words(words)
    if physics in (Sequence.T2, Sequence.PD) and Sequence.STIR in words:
        # Some makers leave the inversion time of a STIR out of the header.
        return Sequence.STIR
    if physics is Sequence.T2 and (
        technique.get("acquisition") == "3D" or Sequence.T2_SPACE in words
    ):
        return Sequence.T2_SPACE
    return physics


def weighting(
    *,
    echo: float | None,
    repetition: float | None,
    inversion: float | None = None,
    gradient: bool = False,
    flip: float | None = None,
) -> Sequence | None:
    """Weighting from the times of a sequence, in milliseconds.

    Spin echo: short repetition and echo time make T1, long ones T2, long with a short echo PD
    (Bitar et al., RadioGraphics 2006, doi 10.1148/rg.262055063). A short inversion time nulls fat
    (STIR); one near a second is used for T1 (FLAIR), longer ones null fluid. Gradient echo: spoiled
    with a short echo makes T1; with a long echo it is T2*, which is not the T2 that is graded.

    Returns:
        ``OTHER`` for one that has no name here, None where the times do not decide.
    """
    if echo is None or repetition is None:
        return None
    if inversion is not None:
        if inversion <= 350:
            return Sequence.STIR if repetition >= 1000 else Sequence.OTHER
        return Sequence.T1 if inversion <= 1300 and echo <= 40 else Sequence.OTHER
    if gradient:
        spoiled = repetition <= 700 and echo <= 8 and (flip is None or flip >= 8)
        return Sequence.T1 if spoiled else Sequence.OTHER
    if repetition <= 1250 and echo <= 35:
        return Sequence.T1
    if repetition >= 900 and echo >= 60:
        return Sequence.T2
    if repetition >= 1500 and echo <= 50:
        return Sequence.PD
    return None


def _float(value: float | str | None) -> float | None:
    return value if isinstance(value, float) else None


def _inverts(layers: Layers) -> bool:
    """Whether an inversion pulse is played at all: some makers write an inversion time anyway."""
    stated = layers.header.texts("ScanningSequence")
    modifier = layers.group("MRModifierSequence")
    enhanced = modifier.text("InversionRecovery").upper() if modifier is not None else ""
    if not stated and not enhanced:
        return True
    return "IR" in stated or enhanced == "YES"


def _gradient(header: Header) -> bool:
    scanning = header.texts("ScanningSequence")
    return bool({"GR", "EP"}.intersection(scanning)) or (
        header.text("EchoPulseSequence").upper() in ("GRADIENT", "BOTH")
    )


def _by_contrast(layers: Layers) -> Sequence | None:
    frame_type = layers.group("MRImageFrameTypeSequence")
    values = layers.header.texts("AcquisitionContrast")
    if frame_type is not None:
        values = (*frame_type.texts("AcquisitionContrast"), *values)
    return vocabulary.sequence_of_contrast(values)


def _by_words(words: frozenset[Sequence]) -> Sequence | None:
    if Sequence.STIR in words:
        return Sequence.STIR
    if Sequence.T2_SPACE in words and Sequence.T1 not in words:
        return Sequence.T2_SPACE
    plain = words & {Sequence.T1, Sequence.T2, Sequence.PD}
    return next(iter(plain)) if len(plain) == 1 else None


def _region(layers: Layers) -> tuple[BodyRegion | None, bool]:
    """Region of the body, and whether the header contradicts itself (then there is none)."""
    header = layers.header
    codes = [*header.items("AnatomicRegionSequence")]
    anatomy = layers.group("FrameAnatomySequence")
    if anatomy is not None:
        codes += anatomy.items("AnatomicRegionSequence")
    coded = [vocabulary.region_of_code(item.text("CodeValue")) for item in codes]
    part, mistaken_for = vocabulary.region_of_part(header.text("BodyPartExamined"))
    series = [vocabulary.region_of_words(header.text(k)) for k in _SERIES_WORDS]
    stated = {region for region in (*coded, part, *series) if region is not None}
    spinal = stated - {BodyRegion.OTHER}
    if not spinal:
        study = vocabulary.region_of_words(header.text("StudyDescription"))
        if study is not None:
            spinal = {study}
    if len(spinal) > 1:
        return None, True
    if BodyRegion.OTHER in stated and spinal:
        # A spine is often filed under the part of the body around it, never under another one.
        likely = spinal == {mistaken_for}
        return (next(iter(spinal)), False) if likely else (None, True)
    if spinal:
        return next(iter(spinal)), False
    words = (header.text(k) for k in (*_SERIES_WORDS, "StudyDescription"))
    other = bool(stated) or any(map(vocabulary.names_other_part, words))
    return (BodyRegion.OTHER if other else None), False


_VIEWS = {
    **dict.fromkeys(("AP", "PA"), View.AP),
    **dict.fromkeys(("LL", "RL", "LAT", "LATERAL"), View.LATERAL),
}


def _view(header: Header) -> View | None:
    """View position of a radiograph (PS3.3 C.8.1.2, C.8.11.5); None where it is not stated."""
    stated = header.text("ViewPosition").upper()
    return _VIEWS.get(stated, View.OTHER) if stated else None


def _contrast_agent(header: Header) -> bool | None:
    agent = header.text("ContrastBolusAgent").upper()
    if agent in ("NONE", "NO", "WITHOUT", "-"):
        return False
    return True if agent or header.items("ContrastBolusAgentSequence") else None
