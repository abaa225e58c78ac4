"""Slices that end above the sacrum are refused; whole ones are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.synth.phantom import Phantom, render, sample
from tools import levels
from tools.columns import columns_of
from tools.triage_cut import MEASURES, CutOff, expanded, measure
from tools.triage_weights import eyes


def judged(pixels: np.ndarray) -> bool:
    ((framed, column),) = columns_of(levels.model(), [pixels], [None])
    return eyes().cut_off.ends_too_high(pixels, framed, column)


def test_squares_and_products_follow_the_measures() -> None:
    wide = expanded(np.arange(1.0, len(MEASURES) + 1))
    assert wide.shape == (9 + 45,)
    assert wide[9:12].tolist() == [1, 2, 3]
    assert wide[-1] == 81


def test_a_rule_is_a_line_over_the_measures() -> None:
    weight = np.zeros(54)
    weight[0] = -1.0  # less room, higher score
    rule = CutOff(np.zeros(9), np.ones(9), weight, 0.0, -1.0)
    assert rule.score(np.full(9, 2.0)) == -2
    assert rule.score(np.zeros(9)) == 0


def test_whole_phantoms_pass_and_cut_ones_mostly_do_not() -> None:
    rng = np.random.default_rng(8)
    whole, cut = [], []
    for phantom in [Phantom(), *(sample(rng) for _ in range(7))]:
        made = render(phantom, ("t2",), size=256, fov_mm=300)
        pixels = made.images["t2"]
        lower, upper = made.disc_centres["L5-S1"], made.disc_centres["L4-L5"]
        whole.append(judged(pixels))
        cut.append(judged(pixels[: round(upper[1] + 0.7 * (lower[1] - upper[1]))]))
    assert sum(whole) <= 1
    assert not whole[0]
    assert sum(cut) >= 6


def test_too_few_discs_say_nothing() -> None:
    blank = np.zeros((200, 160), np.float32)
    ((framed, column),) = columns_of(levels.model(), [blank], [None])
    assert measure(blank, framed, column) is None
    assert not judged(blank)


@pytest.mark.data
def test_real_slices_cut_above_the_sacrum_are_refused(shared_data: Path) -> None:
    from finetune import spider
    from finetune.triage_cut import figures, table

    found = figures(table(shared_data, spider.split(shared_data)[1][:8]), eyes().cut_off)
    assert found["whole"]["refused"] <= 1
    cut = [one for name, one in found.items() if name != "whole"]
    assert sum(one["refused"] for one in cut) > 0.7 * sum(one["slices"] for one in cut)
