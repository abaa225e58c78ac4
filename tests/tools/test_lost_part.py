"""A slice of which a large part is black is not graded, and said to be so."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from data.synth.phantom import render, sample
from radixgpt.study import Series, Study
from tools import triage
from tools.triage_signal import lost_part

Pixels = npt.NDArray[np.float32]


@cache
def phantom() -> dict[str, Pixels]:
    rendered = render(sample(np.random.default_rng(5)), size=288)
    return {name: np.asarray(pixels, np.float32) for name, pixels in rendered.images.items()}


def without(pixels: Pixels, side: str, share: float, value: float = 0.0) -> Pixels:
    """A copy in which one side is set to one grey value."""
    copy = pixels.copy()
    view = copy if side in ("upper", "lower") else copy.T
    count = round(share * len(view))
    if side in ("upper", "left"):
        view[:count] = value
    else:
        view[len(view) - count :] = value
    return copy


@pytest.mark.parametrize("side", ["upper", "lower", "left", "right"])
@pytest.mark.parametrize("value", [0.0, 300.0])
def test_a_half_without_signal_is_told_with_its_side(side: str, value: float) -> None:
    told = lost_part(without(phantom()["t2"], side, 0.5, value))
    assert told.startswith(f"{side} ")
    assert 0.4 < float(told.split()[1].rstrip("%")) / 100 <= 0.5


def test_a_half_is_told_beside_a_margin_too() -> None:
    padded = np.pad(phantom()["t2"], ((0, 0), (60, 60)))
    assert lost_part(without(padded, "right", 0.5)) == "right 50%"


def test_whole_slices_and_margins_have_lost_nothing() -> None:
    for pixels in phantom().values():
        assert lost_part(pixels) == ""
        assert lost_part(np.pad(pixels, ((80, 80), (200, 200)))) == ""
        assert lost_part(np.pad(pixels, ((0, 0), (300, 300)))) == ""
        assert lost_part(without(pixels, "right", 0.3)) == ""
    assert lost_part(np.zeros((120, 120), np.float32)) == ""


@pytest.mark.parametrize("side", ["upper", "lower", "left", "right"])
def test_a_study_with_a_black_half_is_refused_with_its_reason(side: str) -> None:
    series = Series("s1", without(phantom()["t2"], side, 0.5)[None])
    _, decision = triage.run(Study("k", (series,)))
    assert (decision.gradable, decision.reason) == (False, "part-blank")
    assert f"The {side} " in decision.detail


def test_a_series_that_is_left_out_for_its_black_half_is_named_in_the_report() -> None:
    from etl import draft

    t1, t2 = phantom()["t1"], without(phantom()["t2"], "lower", 0.5)
    study, decision = triage.run(Study("k", (Series("s1", t1[None]), Series("s2", t2[None]))))
    assert (decision.gradable, decision.t1, decision.t2) == (True, "s1", None)
    (warning,) = study.warnings
    assert warning == "One series was not graded: the lower 50% of the slice is empty."
    report = draft(study, decision, [], models=(), level_shift=0, style="standard", seconds=0.0)
    assert warning in [s.text for s in report.section("limitations")]


def test_one_black_slice_among_whole_ones_does_not_matter() -> None:
    whole = phantom()["t2"]
    stack = np.stack([without(whole, "lower", 0.5), whole, whole, whole, whole])
    _, decision = triage.run(Study("k", (Series("s1", stack),)))
    assert decision.gradable
    assert decision.mid_slices["s1"] != 0
