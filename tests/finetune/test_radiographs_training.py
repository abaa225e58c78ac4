"""How the radiograph tool is trained and measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.radiographs import fit_angle, fit_curve, fit_view, threshold
from finetune.radiographs_data import (
    SAME_FILM,
    Film,
    columns_at,
    dealt,
    films,
    grouped,
    midlines,
    target,
    varied,
)
from finetune.radiographs_seen import auroc, drawn
from finetune.radiographs_shortcut import bent, straightened
from tools.radiographs.curve import Curve
from tools.radiographs.curve_net import CHANNELS, strip
from tools.radiographs.view import ViewHead


def picture(seed: int, shape: tuple[int, int] = (300, 120)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def test_films_of_one_number_and_cuts_of_one_film_are_one_group() -> None:
    first, second = SAME_FILM[0]
    groups = grouped([1, 2, 1, 4, 5], ["a", first, "b", second, "c"])
    assert groups[0] == groups[2]
    assert groups[1] == groups[3]
    assert len(set(groups)) == 3


@pytest.mark.data
def test_no_film_and_no_number_is_on_both_sides(shared_data: Path) -> None:
    every = {f.key: f for f in films(shared_data)}
    assert len(every) == 272
    for one, other in SAME_FILM:
        assert every[one].group == every[other].group
    held = {f.group for f in every.values() if f.held_out}
    assert not held & {f.group for f in every.values() if not f.held_out}
    assert 0.25 < sum(f.held_out for f in every.values()) / len(every) < 0.55
    assert {f.view for f in every.values() if f.label == "normal"} == {"ap"}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 30), min_size=5, max_size=60))
def test_groups_are_dealt_whole(groups: list[int]) -> None:
    held = dealt(groups)
    assert held == dealt(list(reversed(groups)))
    assert held <= set(groups)
    assert len(held) == round(0.4 * len(set(groups)))


def test_marks_are_shares_and_run_down() -> None:
    assert len(midlines()) >= 40
    for points in midlines().values():
        assert ((points > 0) & (points < 1)).all()
        assert (np.diff(points[:, 0]) > 0).all()
        assert len(points) >= 4


def test_a_line_ends_where_the_marks_end() -> None:
    line = columns_at(np.array([[0.25, 0.5], [0.35, 0.5], [0.45, 0.6], [0.55, 0.6]]), 200, 100)
    assert np.isnan(line[:39]).all()
    assert np.isnan(line[121:]).all()
    assert line[60] == pytest.approx(49.5, abs=1)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_a_varied_line_stays_on_the_spine(seed: int) -> None:
    """A film that is bright on its midline alone is bright there after every change, too."""
    rows, columns = 240, 160
    line = 80 + 15 * np.sin(np.arange(rows) / 40)
    line[:20] = np.nan
    place = np.where(np.isfinite(line), line, -50)
    film = np.exp(-0.5 * ((np.arange(columns)[None] - place[:, None]) / 4) ** 2)
    changed, moved = varied(film.astype(np.float32), line, np.random.default_rng(seed))
    assert len(moved) == len(changed)
    known = np.isfinite(moved) & (moved > 3) & (moved < changed.shape[1] - 4)
    assert known.sum() > 0.3 * len(moved)
    brightest = np.array([row.argmax() for row in changed])
    assert np.median(np.abs(brightest - moved)[known]) < 4


def test_targets_are_distributions() -> None:
    film = picture(4, (320, 160))
    line = np.full(320, 70.0)
    line[:100] = np.nan
    columns = strip(film)[0].shape[1] // 8
    wanted = target(film, line, columns)
    assert wanted.sum(1) == pytest.approx(np.ones(56))
    assert (wanted[:16, -1] == 1).all()
    assert wanted[40, :-1].argmax() == round((70.5 * 28 / 160) - 0.5)


def test_the_head_learns_where_a_line_runs() -> None:
    torch.manual_seed(0)
    data = []
    for k in range(6):
        maps = torch.randn(1, CHANNELS, 56, 8) * 0.1
        wanted = torch.zeros(56, 9)
        for row in range(56):
            x = (1 + k) if row < 40 else 8
            wanted[row, x] = 1
            if x < 8:
                maps[0, :8, row, x] += 2
        data.append((maps.half(), wanted))
    head, mean, spread = fit_curve(data, steps=40)
    maps, wanted = data[0]
    with torch.inference_mode():
        said = head((maps.float() - mean[:, None, None]) / spread[:, None, None])[0]
    assert (said.argmax(1) == wanted.argmax(1)).float().mean() > 0.9


def test_the_angle_rule_is_monotone_and_thresholds_hold_their_promise() -> None:
    rng = np.random.default_rng(2)
    degrees = np.r_[rng.uniform(2, 14, 60), rng.uniform(10, 60, 80)]
    curved = np.arange(140) >= 60
    rule = fit_angle(degrees, curved)
    assert (np.diff(rule.chance(np.linspace(0, 80, 50))) > 0).all()
    line = threshold(rule.chance(degrees), curved, 0.5)
    chance = rule.chance(degrees)
    sure = np.maximum(chance, 1 - chance) >= line
    assert ((chance >= 0.5) == curved)[sure].mean() >= 0.98
    assert threshold(np.array([0.5, 0.99]), np.array([False, False]), 0.6) == 0.99


def test_the_view_rule_works_on_the_features_themselves() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(3, 2, (80, 2, 1280))
    lateral = np.arange(80) % 4 == 0
    x[lateral, :, :30] += 4
    weight, bias = fit_view(x, lateral, np.ones(80, bool))
    chance = ViewHead(weight, np.array([bias])).lateral(x)
    assert ((chance > 0.5) == lateral).all()


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=40))
def test_auroc_is_that_of_the_library(rows: list[tuple[int, bool]]) -> None:
    from sklearn.metrics import roc_auc_score

    score = np.array([r[0] for r in rows], float)
    truth = np.array([r[1] for r in rows])
    if truth.all() or not truth.any():
        assert np.isnan(auroc(score, truth))
    else:
        assert auroc(score, truth) == pytest.approx(roc_auc_score(truth, score))


def test_intervals_are_of_groups() -> None:
    """Ten rows of two groups that disagree: the interval spans both."""
    flags = np.array([1.0] * 5 + [0.0] * 5)
    text = drawn([1] * 5 + [2] * 5, lambda rows: float(flags[rows].mean()))
    assert text == "0.500 (0.000 to 1.000)"


def test_a_bent_film_made_straight_is_what_it_was() -> None:
    """The counterfactuals that tell the shortcut from the curve keep the film's shape."""
    pixels = np.zeros((300, 160), np.float32)
    pixels[:, 76:84] = 200
    film = Film("a", pixels, "normal", "ap", 0, True, False)
    wavy = bent(film)
    assert wavy.shape == pixels.shape
    brightest = wavy.argmax(1).astype(float)
    assert np.ptp(brightest) > 15
    line = Curve(brightest + 3.5, np.arange(300.0), 5.0, 45.0, 0, 1.0, 1.0)
    again = straightened(Film("b", wavy, "scoliosis", "ap", 0, True, False), line)
    assert again.shape == pixels.shape
    assert np.ptp(again.argmax(1)) <= 2
