"""Radiographs of the spine: the view first, then what that view can show.

On an AP film the midline of the spine is traced and its bend decides on scoliosis. On a lateral
film the corners beside each disc are found, and the step between them decides on spondylolisthesis.
What a view can't show is not assessable in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from radixgpt.eligibility import Eligibility
from radixgpt.finding import ABSENT, PRESENT
from radixgpt.observation import Evidence, Observation
from radixgpt.report import ModelFacts
from radixgpt.study import Series, Study, View

if TYPE_CHECKING:
    from tools.radiographs.curve import Curve
    from tools.radiographs.slip import Slip, Verdict

TOOL = "radiographs"

NEEDS_AP = "Scoliosis was not assessable: it needs an AP radiograph"
NEEDS_LATERAL = "Spondylolisthesis was not assessable: it needs a lateral radiograph"
NO_DISCS = (
    "Spondylolisthesis was not assessable on the lateral radiograph: "
    "the corners of the vertebrae could not be made out"
)
NO_VIEW = "the view could not be told"
NO_LINE = "the midline of the spine could not be traced"
CLOSE = "the probabilities are too close to call"
NO_SLIP = "no slip was measured, but one may hide at a disc that was not found"


def model_facts() -> ModelFacts:
    """Name, version and hash of the weights.

    Raises:
        WeightsError: there are none.
    """
    from tools.radiographs.weights import card

    return card().facts()


def run(study: Study, eligibility: Eligibility) -> list[Observation]:
    """Look at the radiographs that triage named.

    Args:
        study: the study after triage.
        eligibility: which series are radiographs of the spine.

    Returns:
        For each film its view, and scoliosis and spondylolisthesis, none of which has a level;
        on an AP film whose midline was traced also the angle of its curve, on a lateral one with
        a slip its size. Levels are not named, as a film may not show where counting begins.

    Raises:
        WeightsError: the weights of this tool or of triage are missing or damaged.
    """
    out: list[Observation] = []
    version = model_facts().version
    for key in eligibility.radiographs:
        series = study.one(key)
        for index in range(series.slices):
            for fields in _film(series, index):
                out.append(
                    Observation.model_validate(
                        {
                            "id": f"{TOOL}-{len(out) + 1}",
                            "tool": TOOL,
                            "tool_version": version,
                            **fields,
                        }
                    )
                )
    return out


def view_of(series: Series, index: int) -> tuple[View, dict[str, float]]:
    """The view of one film: by the header where it says so, else from the pixels.

    Returns:
        The view, ``UNKNOWN`` when unsure, and the chances (empty when the header decided).
    """
    if series.view is not View.UNKNOWN and series.facts_from.get("view") == "header":
        return series.view, {}
    from tools.radiographs.view import pooled
    from tools.radiographs.weights import heads
    from tools.triage_looks import framed
    from tools.triage_weights import eyes

    frame = framed(series.pixels[index], _spacing(series))
    lateral = float(heads().view.lateral(pooled(eyes().network, frame)[None])[0])
    chances = {View.AP.value: round(1 - lateral, 4), View.LATERAL.value: round(lateral, 4)}
    if max(lateral, 1 - lateral) < heads().thresholds.view:
        return View.UNKNOWN, chances
    return (View.LATERAL if lateral >= 0.5 else View.AP), chances


def traced(series: Series, index: int) -> tuple[Curve | None, npt.NDArray[np.float64]]:
    """The midline on one AP film, None where it can't be traced, and the map of its chances."""
    from tools.radiographs import curve_net
    from tools.radiographs.curve import trace
    from tools.radiographs.weights import heads
    from tools.triage_weights import eyes

    pixels = series.pixels[index]
    strip, columns = curve_net.strip(pixels, _spacing(series))
    chances = heads().chances(curve_net.maps_of(eyes().network, strip))
    found = trace(chances, pixels.shape, columns, _spacing(series))
    if found is not None and found.clearness < heads().thresholds.clearness:
        found = None
    shown = chances[:, : max(1, round(columns))]
    return found, np.where(chances[:, -1:] < 1, shown, 0.0)


def discs(series: Series, index: int) -> tuple[Verdict, npt.NDArray[np.float32]]:
    """What the discs of one lateral film say, and a map (rows, columns) of where they were seen."""
    from tools.radiographs.slip import judge
    from tools.radiographs.slip_find import find
    from tools.radiographs.weights import heads
    from tools.triage_weights import eyes

    shipped = heads()
    found, seen = find(series.pixels[index], eyes().network, shipped.slips, _spacing(series))
    return judge(found, shipped.slip_rule.of, shipped.thresholds.lines()), seen


def heat(series: Series, index: int) -> npt.NDArray[np.float32]:
    """Where the tool looked on one film, (rows, columns) in [0, 1].

    The chances of the midline on an AP film and of discs on a lateral one; where no disc is found,
    and on other films, what spoke for the view.
    """
    from tools.framing import resize

    pixels = series.pixels[index]
    view = series.view if series.view is not View.UNKNOWN else view_of(series, index)[0]
    if view is View.AP:
        seen = np.asarray(traced(series, index)[1], np.float32)
    else:
        if view is not View.LATERAL:
            return _spoke_for(series, index, lateral=False)
        verdict, seen = discs(series, index)
        if not verdict.measured:
            return _spoke_for(series, index, lateral=True)
    scaled = np.asarray(seen / max(float(seen.max()), 1e-6), np.float32)
    return np.clip(resize(scaled, *pixels.shape), 0, 1)


def _spoke_for(series: Series, index: int, *, lateral: bool) -> npt.NDArray[np.float32]:
    """What spoke for a view on one film, (rows, columns) in [0, 1]."""
    from tools.framing import frame, resize
    from tools.radiographs.view import last_maps
    from tools.radiographs.weights import heads
    from tools.triage_looks import SIZE
    from tools.triage_weights import eyes

    pixels = series.pixels[index]
    framed = frame(pixels, SIZE, _spacing(series))
    maps = last_maps(eyes().network, framed.pixels)
    square = resize(heads().view.activation(maps, lateral=lateral), SIZE, SIZE)
    (left, top), (right, bottom) = framed.to_frame(
        [(-0.5, -0.5), (pixels.shape[1] - 0.5, pixels.shape[0] - 0.5)]
    )
    film = square[round(top + 0.5) : round(bottom + 0.5), round(left + 0.5) : round(right + 0.5)]
    return np.clip(resize(film, *pixels.shape), 0, 1)


def _spacing(series: Series) -> tuple[float, float] | None:
    return series.geometry.spacing if series.geometry else None


def _film(series: Series, index: int) -> list[dict[str, Any]]:
    """What is said of one film, as fields of observations."""
    instance = series.instances[index] if index < len(series.instances) else ""
    plain = Evidence(series=series.key, instance=instance, slice_index=index)
    view, chances = view_of(series, index)
    if view is View.UNKNOWN:
        seen: dict[str, Any] = {"status": "indeterminate", "reason": NO_VIEW}
    else:
        seen = {"value": view.value, "confidence": chances.get(view.value)}
    seen |= {"kind": "view", "probabilities": chances, "evidence": [plain]}
    if view is View.AP:
        return [seen, *_scoliosis(series, index, plain), _not("spondylolisthesis", NEEDS_LATERAL)]
    if view is View.LATERAL:
        return [seen, _not("scoliosis", NEEDS_AP), *_slip(series, index, plain)]
    if view is View.OTHER:
        return [seen, _not("scoliosis", NEEDS_AP), _not("spondylolisthesis", NEEDS_LATERAL)]
    open_ = {"status": "indeterminate", "reason": NO_VIEW, "evidence": [plain]}
    return [seen, {"kind": "scoliosis", **open_}, _not("spondylolisthesis", NEEDS_LATERAL)]


def _not(kind: str, reason: str) -> dict[str, Any]:
    return {"kind": kind, "status": "not_assessable", "reason": reason}


def _scoliosis(series: Series, index: int, plain: Evidence) -> list[dict[str, Any]]:
    """Scoliosis and the angle that decides on it."""
    from tools.radiographs.weights import heads

    found, _ = traced(series, index)
    if found is None:
        return [
            {
                "kind": "scoliosis",
                "status": "indeterminate",
                "reason": NO_LINE,
                "evidence": [plain],
            }
        ]
    shown = [plain.model_copy(update={"polygon": found.outline()})]
    chance = float(heads().calibration.chance(found.angle))
    value, sure = (PRESENT, chance) if chance >= 0.5 else (ABSENT, 1 - chance)
    said: dict[str, Any] = {
        "kind": "scoliosis",
        "probabilities": {ABSENT: round(1 - chance, 4), PRESENT: round(chance, 4)},
        "evidence": shown,
    }
    if sure < heads().thresholds.scoliosis:
        said |= {"status": "indeterminate", "reason": CLOSE}
    else:
        said |= {"value": value, "confidence": round(sure, 4)}
    angle = {"kind": "curve_angle", "value": round(found.angle, 1), "unit": "deg"}
    return [said, {**angle, "evidence": shown}]


def _slip(series: Series, index: int, plain: Evidence) -> list[dict[str, Any]]:
    """Spondylolisthesis by the largest step of a lateral film, and that step where it is stated."""
    verdict, _ = discs(series, index)
    if verdict.answer == "none":
        return [_not("spondylolisthesis", NO_DISCS)]
    chance = verdict.chance
    said: dict[str, Any] = {
        "kind": "spondylolisthesis",
        "probabilities": {ABSENT: round(1 - chance, 4), PRESENT: round(chance, 4)},
        "evidence": [_shown(plain, s) for s in verdict.slipped or verdict.measured],
    }
    if verdict.answer == "present":
        worst = verdict.slipped[0]
        size = {"kind": "slip_ratio", "value": round(worst.posterior, 3), "unit": "1"}
        return [
            said | {"value": PRESENT, "confidence": round(chance, 4)},
            {**size, "evidence": [_shown(plain, worst)]},
        ]
    reason = CLOSE if verdict.answer == "close" else NO_SLIP
    return [said | {"status": "indeterminate", "reason": reason}]


def _shown(plain: Evidence, slip: Slip) -> Evidence:
    """The disc on the film."""
    front, back = ((float(x), float(y)) for x, y in slip.corners[[2, 3]])
    return plain.model_copy(update={"polygon": slip.outline(), "axis": (front, back)})
