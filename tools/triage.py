"""Says what a study is, whether it can be graded, with which slices, and why not.

Each series passes a chain of checks, cheap ones first: size, header, signal, looks, column,
contrast. What the header says stands; what it leaves open is read from the pixels. A header alone
never makes a study gradable: the pixels must show a lumbar column with its junction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from radixgpt.eligibility import REASONS, Eligibility, Reason
from radixgpt.report import ModelFacts
from radixgpt.study import BodyRegion, Modality, Plane, Sequence, Series, Study
from tools import levels, midline, triage_column, triage_signal
from tools.column_net import SIZE
from tools.columns import columns_of
from tools.framing import frame
from tools.triage_looks import Kind, Look, features, framed
from tools.triage_outline import outline_of
from tools.triage_quality import judge
from tools.triage_radiographs import radiograph
from tools.triage_weights import Eyes, card, eyes

GRADED = (Sequence.T1, Sequence.T2, Sequence.T2_SPACE)
"""Contrasts that the grading model reads."""

_NEARNESS: tuple[Reason, ...] = (
    "not-an-image",
    "too-small",
    "blank",
    "noise",
    "not-mr",
    "not-spine",
    "not-sagittal",
    "not-lumbar",
    "no-t1-or-t2",
    "no-column",
    "inverted",
    "part-blank",
)
"""Reasons from the one farthest from a gradable study to the nearest: the nearest is told."""

_REASON_OF_KIND: dict[Kind, Reason] = {
    "sagittal_spine": "not-spine",  # a sagittal slice far from all that were learnt
    "axial_spine": "not-sagittal",
    "coronal_body": "not-sagittal",
    "radiograph_ap": "not-mr",
    "radiograph_lateral": "not-mr",
    "ct": "not-mr",
    "other_mr": "not-spine",
    "photograph": "not-spine",
    "page": "not-spine",
    "pattern": "noise",
}
_WORDS: dict[Kind, str] = {
    "sagittal_spine": "an unusual sagittal slice",
    "axial_spine": "axial MR of the spine",
    "coronal_body": "coronal MR of the trunk",
    "radiograph_ap": "a radiograph of the spine from the front",
    "radiograph_lateral": "a radiograph of the spine from the side",
    "ct": "CT",
    "other_mr": "MR of another part of the body",
    "photograph": "a photograph or another picture that is no medical image",
    "page": "a page of text or a drawing",
    "pattern": "a pattern without anatomy",
}
_FACTS: dict[Kind, dict[str, StrEnum]] = {
    "axial_spine": {"modality": Modality.MR, "plane": Plane.AXIAL},
    "coronal_body": {"modality": Modality.MR, "plane": Plane.CORONAL},
    "radiograph_ap": {"modality": Modality.DX, "plane": Plane.CORONAL},
    "radiograph_lateral": {"modality": Modality.DX, "plane": Plane.SAGITTAL},
    "ct": {"modality": Modality.CT},
    "other_mr": {"modality": Modality.MR, "region": BodyRegion.OTHER},
}
_SURE = 0.5
"""Chance from which a kind is written down as a fact."""

_SEEN_DISCS = 4
"""Discs from which a column is said to be seen."""

_CUT_OFF = (
    "Discs are seen, but not the junction with the sacrum that they are counted from: "
    "another region of the spine, or slices that end above L5-S1."
)
_TURNS: dict[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]] = {
    "upside down": lambda x: x[::-1, ::-1],
    "mirrored": lambda x: x[:, ::-1],
    "upside down and mirrored": lambda x: x[::-1],
    "turned by 90 degrees to the left": lambda x: np.rot90(x, -1),
    "turned by 90 degrees to the right": lambda x: np.rot90(x),
}
"""How a slice may be stored, and what brings it upright and facing left."""
_FLIPS = ("upside down and mirrored", "mirrored")
"""The turns that the column rule alone lets by now and then."""
_CLEARLY = 0.5
"""Log odds by which a turned slice must show a column better than the slice as it is."""
_TURNED = "The slices seem to be {}; store them upright, facing left."


@dataclass(frozen=True, eq=False)
class _Verdict:
    """What became of one series."""

    series: Series
    reason: Reason | None = None
    detail: str = ""
    middle: int = 0
    chance: float = 0.0


def model_facts() -> ModelFacts:
    """Name, version and hash of the weights.

    Raises:
        WeightsError: there are none.
    """
    return card().facts()


def run(study: Study) -> tuple[Study, Eligibility]:
    """Say what a study is and whether it can be graded.

    Returns:
        The study with the facts that its headers left open filled in from the pixels where they
        tell, and the decision.

    Raises:
        WeightsError: the weights of triage or of the levels are missing or damaged.
    """
    if not study.series:
        return study, _refused("not-an-image", "")
    verdicts = [_assess(series, eyes()) for series in study.series]
    study = replace(study, series=tuple(map(_with_quality, verdicts)))
    passed = [verdict for verdict in verdicts if verdict.reason is None]
    if not passed:
        films = [film for one in study.series if (film := radiograph(one, eyes())) is not None]
        if films:
            return _radiographs(study, films)
        told = max(verdicts, key=lambda v: _NEARNESS.index(v.reason or "not-an-image"))
        refused = _refused(told.reason or "not-an-image", told.detail)
        return study, replace(refused, outline=outline_of(study, eyes()))
    left = [verdict for verdict in verdicts if _to_be_mended(verdict)]
    study = replace(study, warnings=(*study.warnings, *map(_left_out, left)))
    t1 = _best([v for v in passed if v.series.sequence is Sequence.T1])
    t2 = _best([v for v in passed if v.series.sequence in (Sequence.T2, Sequence.T2_SPACE)])
    chosen = [verdict for verdict in (t2, t1) if verdict is not None]
    names = " and ".join("T1" if verdict is t1 else "T2" for verdict in chosen)
    return study, Eligibility(
        gradable=True,
        detail=f"Sagittal lumbar MR, {names}-weighted.",
        t1=t1.series.key if t1 else None,
        t2=t2.series.key if t2 else None,
        mid_slices={verdict.series.key: verdict.middle for verdict in chosen},
    )


def _with_quality(verdict: _Verdict) -> Series:
    """The series with the quality of its middle slice."""
    series = verdict.series
    return replace(series, quality=judge(series.pixels[verdict.middle or series.slices // 2]))


def _radiographs(study: Study, films: list[Series]) -> tuple[Study, Eligibility]:
    """A study of radiographs: not for the grading model, but for another tool."""
    by_key = {film.key: film for film in films}
    limits = [f"The {f.quality.words}." for f in films if f.quality and f.quality.limits]
    study = replace(
        study,
        series=tuple(by_key.get(s.key, s) for s in study.series),
        warnings=(*study.warnings, *dict.fromkeys(limits)),
    )
    return study, Eligibility(
        gradable=False,
        reason="not-mr",
        detail="Radiographs of the spine." if len(films) > 1 else "A radiograph of the spine.",
        radiographs=tuple(by_key),
    )


def _refused(reason: Reason, detail: str) -> Eligibility:
    return Eligibility(gradable=False, reason=reason, detail=f"{REASONS[reason]} {detail}".strip())


def _best(found: list[_Verdict]) -> _Verdict | None:
    """T2 TSE before T2 SPACE, then most slices, then the clearest column."""
    return max(
        found,
        key=lambda v: (v.series.sequence is not Sequence.T2_SPACE, v.series.slices, v.chance),
        default=None,
    )


def _assess(series: Series, shipped: Eyes) -> _Verdict:
    """Pass one series through the checks."""
    if min(series.pixels.shape[1:]) < triage_signal.SMALLEST:
        rows, columns = series.pixels.shape[1:]
        return _Verdict(series, "too-small", f"They have {rows} x {columns} pixels.")
    stated = _by_header(series)
    if stated is not None:
        return stated
    some = sorted({round(share * (series.slices - 1)) for share in (0.3, 0.5, 0.7)})
    signals = {triage_signal.verdict(series.pixels[index]) for index in some}
    if None not in signals:
        return _Verdict(series, "blank" if signals == {"blank"} else "noise")
    lost = [triage_signal.lost_part(series.pixels[index]) for index in some]
    if all(lost):
        return _part_blank(series, lost[len(lost) // 2])
    look = _look(series, some, shipped)
    sagittal = series.modality is Modality.MR and series.plane is Plane.SAGITTAL
    lines = shipped.thresholds
    if look.kinds["sagittal_spine"] < (lines.sagittal_stated if sagittal else lines.sagittal):
        kind = max((k for k in look.kinds if k != "sagittal_spine"), key=look.kinds.__getitem__)
        return _other_kind(series, kind, look.kinds[kind])
    series = _filled(series, modality=Modality.MR, plane=Plane.SAGITTAL)
    if all(shipped.negative.chance(series.pixels[index]) >= _SURE for index in some):
        return _Verdict(series, "inverted", middle=series.slices // 2)
    return _by_column(series, shipped)


def _by_header(series: Series) -> _Verdict | None:
    """Refuse what the header itself says is something else."""
    if series.modality not in (Modality.MR, Modality.UNKNOWN):
        name = {Modality.DX: "radiographs", Modality.CR: "radiographs", Modality.CT: "CT"}
        told = name.get(series.modality, "images of another modality")
        return _Verdict(series, "not-mr", f"By their header they are {told}.")
    if series.region in (BodyRegion.CERVICAL, BodyRegion.THORACIC):
        return _Verdict(
            series, "not-lumbar", f"By their header they show the {series.region} spine."
        )
    if series.region is BodyRegion.OTHER:
        return _Verdict(series, "not-spine", "Their header names another part of the body.")
    if series.plane not in (Plane.SAGITTAL, Plane.UNKNOWN):
        return _Verdict(series, "not-sagittal", f"The slices are {series.plane}.")
    if series.sequence not in (*GRADED, Sequence.UNKNOWN):
        name_ = "a localizer" if series.sequence is Sequence.LOCALIZER else series.sequence.upper()
        return _Verdict(series, "no-t1-or-t2", f"The sagittal series is {name_}.")
    return None


def _to_be_mended(verdict: _Verdict) -> bool:
    """Whether a series was refused for how it is stored, and could be graded otherwise."""
    if verdict.reason in ("part-blank", "inverted"):
        return True
    return verdict.reason == "no-column" and verdict.detail.startswith(_TURNED.split("{")[0])


def _left_out(verdict: _Verdict) -> str:
    sequence = verdict.series.sequence
    name = "" if sequence is Sequence.UNKNOWN else f"{sequence.upper()} "
    why = verdict.detail or REASONS[verdict.reason or "no-column"]
    return f"One {name}series was not graded: {why[0].lower()}{why[1:]}"


def _part_blank(series: Series, part: str) -> _Verdict:
    return _Verdict(series, "part-blank", f"The {part} of the slice is empty.")


def _look(series: Series, indices: list[int], shipped: Eyes) -> Look:
    """What some slices look like together."""
    spacing = series.geometry.spacing if series.geometry else None
    frames = np.stack([framed(series.pixels[index], spacing) for index in indices])
    looks = shipped.heads.look(features(shipped.network, frames))
    return Look(
        {kind: float(np.mean([x.kinds[kind] for x in looks])) for kind in looks[0].kinds},
        min(x.distance for x in looks),
    )


def _other_kind(series: Series, kind: Kind, chance: float) -> _Verdict:
    if chance >= _SURE:
        series = _filled(series, **_FACTS.get(kind, {}))
    return _Verdict(series, _REASON_OF_KIND[kind], f"They look like {_WORDS[kind]}.")


def _filled(series: Series, **facts: StrEnum) -> Series:
    """Write down facts that are still unknown, as read from the pixels."""
    unknown = {name: fact for name, fact in facts.items() if getattr(series, name) == "unknown"}
    return series.with_facts("pixels", **unknown) if unknown else series


def _by_column(series: Series, shipped: Eyes) -> _Verdict:
    """Find the mid-sagittal slice and judge its column and its contrast."""
    spacing = series.geometry.spacing if series.geometry else None
    found = midline.find(series.pixels, spacing)
    if lost := triage_signal.lost_part(series.pixels[found.index]):
        return _part_blank(series, lost)
    lines = shipped.thresholds
    chance = shipped.rules.lumbar(found.column)
    if chance < lines.column:
        return _Verdict(series, "no-column", _why_no_column(series, found, shipped), found.index)
    pixels = series.pixels[found.index]
    turned, better = _best_turn(pixels, spacing, shipped)
    if better > shipped.rules.score(found.column) + _CLEARLY:
        return _Verdict(series, "no-column", _TURNED.format(turned), found.index)
    shown = frame(pixels, SIZE, spacing)
    if triage_column.room_below(
        pixels, shown, found.column
    ) < lines.room or shipped.cut_off.ends_too_high(pixels, shown, found.column):
        return _Verdict(series, "no-column", _CUT_OFF, found.index)
    if _look(series, [found.index], shipped).distance > lines.distance:
        return _other_kind(series, "sagittal_spine", 0.0)
    series = _filled(series, region=BodyRegion.LUMBAR)
    contrasts = shipped.rules.contrast(framed(pixels, spacing), found.column)
    if series.sequence is Sequence.UNKNOWN and contrasts:
        if contrasts["stir"] >= lines.stir:
            series = _filled(series, sequence=Sequence.STIR)
        else:
            first = contrasts["t1"] >= contrasts["t2"]
            series = _filled(series, sequence=Sequence.T1 if first else Sequence.T2)
    if series.sequence not in GRADED:
        detail = "The sagittal series looks like STIR." if contrasts else ""
        return _Verdict(series, "no-t1-or-t2", detail, found.index)
    return _Verdict(series, middle=found.index, chance=chance)


def _best_turn(
    pixels: npt.NDArray[np.float32],
    spacing: tuple[float, float] | None,
    shipped: Eyes,
    names: Iterable[str] = _FLIPS,
) -> tuple[str, float]:
    """The way of turning a slice that shows a lumbar column best, with its score."""
    wanted = list(names)
    sides = [spacing[::-1] if spacing and "degrees" in name else spacing for name in wanted]
    found = columns_of(levels.model(), [_TURNS[name](pixels) for name in wanted], sides)
    scores = [shipped.rules.score(column) for _, column in found]
    best = int(np.argmax(scores))
    return wanted[best], scores[best]


def _why_no_column(series: Series, found: midline.Midline, shipped: Eyes) -> str:
    """Tell a slice that is turned, and a column without its junction, from no column at all."""
    spacing = series.geometry.spacing if series.geometry else None
    turned, best = _best_turn(series.pixels[found.index], spacing, shipped, _TURNS)
    if triage_column.chance(best) >= shipped.thresholds.column:
        return _TURNED.format(turned)
    if found.column.found >= _SEEN_DISCS:
        return _CUT_OFF
    return ""
