"""How slips on lateral films are marked, made, learnt and measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.radiographs_corners import (
    BLIND,
    corner_target,
    corners,
    disc_target,
    marked_slip,
    moved_with,
    recounted,
    slipped,
    varied_film,
    varied_square,
)
from finetune.radiographs_data import Film, films
from finetune.radiographs_slip import folds, lateral
from finetune.radiographs_slip_figures import Disc, fit_rule, matched, undone
from tools.framing import standardise
from tools.radiographs.slip import Slip
from tools.radiographs.slip_net import CELL, CELLS

KEY = "spond_189"
"""A film with marks; its pixels are drawn here."""


def film(seed: int = 0, key: str = KEY, group: int = 1, levels: tuple[str, ...] = ()) -> Film:
    """Pixels that are bright at the marked corners alone."""
    pixels = np.random.default_rng(seed).normal(0, 1, (384, 272)).astype(np.float32)
    rows, columns = np.mgrid[0:384, 0:272]
    for mark in corners()[key]:
        for x, y in mark.on(pixels):
            pixels += 60 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 4.0)
    return Film(key, pixels, "spondylolisthesis", "lateral", group, False, False, levels=levels)


def test_marks_are_shares_in_order() -> None:
    assert len(corners()) == 31
    for marks in corners().values():
        assert [m.disc for m in marks] == sorted({m.disc for m in marks})
        for mark in marks:
            assert ((mark.corners > 0) & (mark.corners < 1)).all()
            assert mark.corners[0, 1] < mark.corners[2, 1] + 0.05
        heights = [m.corners[:, 1].mean() for m in marks]
        assert heights == sorted(heights, reverse=True)


def test_other_readers_counts_move_what_is_named() -> None:
    by = recounted()
    assert by.keys() == corners().keys()
    assert sum(one["marker"] != 0 for one in by.values()) == 6
    for one in by.values():  # most means that another reader said the same
        assert [one[reader] for reader in BLIND].count(one["most"]) >= 2
    key = next(key for key, one in by.items() if one["second"] == 1)
    mark = corners()[key][0]
    disc = Disc(film(key=key, levels=("L4-L5",)), 0, Slip(mark.corners, 1.0, 0.0), mark)
    assert (mark.disc, disc.named, disc.named_by("second")) == (0, False, True)
    unmarked = Disc(disc.film, 0, disc.slip, None)
    assert not unmarked.named_by("second")


def test_all_discs_of_a_film_face_one_way() -> None:
    for marks in corners().values():
        along = np.stack([m.corners[2] - m.corners[3] for m in marks])
        assert (along[:, 0] * along[0, 0] > 0).all()


@pytest.mark.data
def test_marks_are_of_lateral_films(shared_data: Path) -> None:
    every = films(shared_data)
    assert {f.key for f in lateral(every)} == set(corners())
    of = folds(lateral(every))
    by_group: dict[int, set[int]] = {}
    for one in lateral(every):
        by_group.setdefault(one.group, set()).add(of[one.key])
    assert all(len(parts) == 1 for parts in by_group.values())
    assert len(set(of.values())) == 5


@settings(deadline=None, max_examples=15)
@given(share=st.floats(-0.4, 0.4), at=st.integers(0, 3))
def test_a_slip_is_made_by_what_is_asked(share: float, at: int) -> None:
    """The bright corners above the disc move with the marks, those below stay."""
    one = film()
    discs = np.stack([m.on(one.pixels) for m in corners()[KEY]])
    changed = moved_with(discs, at, share)
    before, after = marked_slip(discs[at]).posterior, marked_slip(changed[at]).posterior
    assert after == pytest.approx(before + share)
    pixels = slipped(one.pixels, discs[at], share)
    for k, placed in enumerate(changed):
        for x, y in placed:
            if 3 < x < 268 and 3 < y < 380 and (k == at or abs(k - at) == 1):
                near = pixels[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4]
                assert near.max() > 15


def test_undone_films_have_no_step_left() -> None:
    one = film()
    even, discs = undone(one)
    assert [marked_slip(d).posterior for d in discs] == pytest.approx([0.0] * len(discs), abs=1e-9)
    assert even.shape == one.pixels.shape
    lowest = corners()[KEY][0].on(one.pixels)
    assert discs[0, 2:] == pytest.approx(lowest[2:])


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 5000))
def test_varied_examples_keep_their_corners(seed: int) -> None:
    """What was bright at the corners is bright there after every change."""
    one, rng = film(), np.random.default_rng(seed)
    seen, placed = varied_square(standardise(one.pixels), corners()[KEY][1].on(one.pixels), rng)
    inside = [(x, y) for x, y in placed if 4 < x < 155 and 4 < y < 155]
    lit = [seen[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5].max() for x, y in inside]
    assert np.mean([v > np.median(seen) + 0.2 for v in lit]) > 0.7
    strip, discs, complete = varied_film(one.pixels, corners()[KEY], rng)
    assert strip.shape[0] == 448
    assert complete
    assert discs.shape == (4, 4, 2)
    assert (np.diff(discs[:, :, 1].mean(1)) < 0).all()


def test_what_is_below_an_unmarked_junction_is_not_asked() -> None:
    discs = np.stack([m.on(np.zeros((448, 320), np.float32)) for m in corners()[KEY]])
    wanted, asked, way, near = disc_target(discs, 40, complete=True)
    assert wanted.max() > 0.7
    assert asked[-1].all()
    assert not asked[0].any()
    assert not disc_target(discs, 40, complete=False)[1][-1].any()
    x, y = (discs[0].mean(0) + 0.5) / 8 - 0.5
    assert near[round(y), round(x)] == 1
    assert way[:, round(y), round(x)] == pytest.approx((discs[0, 2] - discs[0, 3]) / 8, abs=1e-4)


def test_corner_targets_are_distributions() -> None:
    placed = np.array([[20.0, 60.0], [120.0, 60.0], [20.0, 90.0], [400.0, 90.0]])
    told = corner_target(placed)
    assert told.sum(1) == pytest.approx(np.ones(4))
    peak = int(told[0].argmax())
    assert abs(peak % CELLS - 20 / CELL) < 1
    assert abs(peak // CELLS - 60 / CELL) < 1


def test_found_discs_are_held_against_marks_once() -> None:
    one = film(levels=("L4-L5",))
    placed = [m.on(one.pixels) for m in corners()[KEY]]
    found = [Slip(placed[0] + 2, 0.9, 0.0), Slip(placed[1], 0.9, 0.0), Slip(placed[1], 0.5, 0.0)]
    discs = matched(one, found)
    assert [d.mark is not None for d in discs] == [True, True, False]
    assert [d.named for d in discs] == [False, True, False]
    assert discs[1].marked == pytest.approx(discs[1].slip.posterior)


def test_the_rule_rises_with_the_step_and_its_lines_leave_a_gap() -> None:
    one = film(levels=("L4-L5",))
    rng = np.random.default_rng(3)
    discs = []
    for mark in corners()[KEY]:
        for _ in range(30):
            step = rng.normal(0.25 if mark.disc == 1 else 0.0, 0.06)
            shape = np.array([[1 + step, -0.3], [step, -0.3], [1.0, 0.0], [0.0, 0.0]]) * 40
            discs.append(Disc(one, mark.disc, Slip(shape, 0.9, 0.0), mark))
    rule, lines = fit_rule(discs)
    assert rule.of(0.3) > 0.9
    assert rule.of(0.0) < 0.1
    assert lines.no_slip <= 0.5 <= lines.slip
