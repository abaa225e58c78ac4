"""Slips on lateral radiographs: the geometry of corners, the chain of discs, and the verdict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.radiographs.slip import Lines, Peak, Slip, column, judge, peaks
from tools.radiographs.slip_net import (
    CELL,
    CELLS,
    REACH,
    SIDE,
    places,
    square,
    square_points,
    to_film,
    to_square,
)

Floats = npt.NDArray[np.float64]
LINES = Lines(slip=0.8, no_slip=0.2, doubt=0.06)


def disc(step: float, *, degrees: float = 0.0, facing: float = -1.0, doubt: float = 0.0) -> Slip:
    """A disc whose upper body stands in front by a share; the anterior side lies left or right."""
    corners = np.array([[1.0 + step, -0.3], [step, -0.3], [1.0, 0.0], [0.0, 0.0]]) * 50
    corners[:, 0] *= facing
    turn = np.radians(degrees)
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return Slip(corners @ rotate.T + 200, 0.9, doubt)


@settings(deadline=None, max_examples=40)
@given(
    step=st.floats(-0.4, 1.0),
    degrees=st.floats(-50, 50),
    facing=st.sampled_from([-1.0, 1.0]),
)
def test_a_step_depends_on_neither_side_nor_turn(
    step: float, degrees: float, facing: float
) -> None:
    found = disc(step, degrees=degrees, facing=facing)
    assert found.posterior == pytest.approx(step, abs=1e-9)
    assert found.moved == pytest.approx(step, abs=1e-9)
    assert len(found.outline()) == 4


@pytest.mark.parametrize(
    ("steps", "doubts", "answer"),
    [
        ([0.0, 0.5, 0.0], [0.0] * 3, "present"),
        ([0.0, 0.5, 0.0], [0.0, 0.2, 0.0], "unseen"),
        ([0.5], [0.2], "none"),
        ([0.0, 0.2, 0.0, 0.0, 0.0], [0.0] * 5, "close"),
        ([0.0] * 5, [0.0] * 5, "unseen"),
        ([-0.6] * 5, [0.0] * 5, "unseen"),
        ([], [], "none"),
    ],
)
def test_a_film_is_judged_by_its_largest_step(
    steps: list[float], doubts: list[float], answer: str
) -> None:
    """An unsure corner is not measured, and a slip to the back is none to the front."""

    def chance(step: float) -> float:
        return float(1 / (1 + np.exp(-20 * (step - 0.2))))

    found = [disc(s, doubt=d) for s, d in zip(steps, doubts, strict=True)]
    said = judge(found, chance, LINES)
    assert said.answer == answer
    assert all(s.doubt <= LINES.doubt for s in said.measured)
    if answer == "present":
        assert [s.posterior for s in said.slipped] == [pytest.approx(0.5)]


def test_corners_that_contradict_one_another_are_not_measured() -> None:
    """An endplate twice as long as its neighbour is a mistake, however sure it looks."""
    odd = disc(0.0)
    odd.corners[1] += (odd.corners[0] - odd.corners[1]) * 0.5
    assert odd.posterior == pytest.approx(0.5)
    assert judge([odd], lambda step: float(step > 0.2), LINES).answer == "none"


def spine(count: int, facing: float = -1.0) -> list[Peak]:
    """A column of discs, the lowest first."""
    return [
        Peak(np.array([20.0 + k, 50.0 - 6 * k]), np.array([facing * 6.0, 0.5]), 0.7)
        for k in range(count)
    ]


def test_the_chain_leaves_out_what_is_no_neighbour() -> None:
    strays = [
        Peak(np.array([45.0, 48.0]), np.array([-6.0, 0.0]), 0.6),
        Peak(np.array([20.5, 47.5]), np.array([-6.0, 0.0]), 0.3),
        Peak(np.array([22.0, 33.0]), np.array([6.0, 0.0]), 0.6),
    ]
    chain = column([*spine(5), *strays])
    assert [float(p.centre[1]) for p in chain] == [50.0, 44.0, 38.0, 32.0, 26.0]
    assert column([]) == []
    assert len(column(spine(9))) == 6


def test_peaks_are_found_between_cells() -> None:
    rows, columns = np.mgrid[0:56, 0:24]
    bell = np.exp(-0.5 * ((columns - 10.3) ** 2 + (rows - 30.0) ** 2) / 0.8**2)
    said = np.stack([np.log((bell + 1e-4) / (1 - bell + 1e-4)), columns * 0 - 5.0, rows * 0 + 1.0])
    (found,) = peaks(said, 24)
    assert found.centre == pytest.approx([10.3, 30.0], abs=0.2)
    assert found.along == pytest.approx([-5, 1])
    assert peaks(said, 8) == []


@settings(deadline=None, max_examples=30)
@given(x=st.floats(-60, 60), y=st.floats(-30, 30), seed=st.integers(0, 1000))
def test_a_square_and_its_film_agree(x: float, y: float, seed: int) -> None:
    along = np.array([x if abs(x) > 10 else 40.0, y])
    points = np.random.default_rng(seed).uniform(0, SIDE, (4, 2))
    centre = np.array([100.0, 120.0])
    assert to_square(to_film(points, centre, along), centre, along) == pytest.approx(points)
    front = to_square((centre + along / 2)[None], centre, along)
    assert front[0, 0] < (SIDE - 1) / 2
    below = to_square((centre + np.array([0.0, 5.0]))[None], centre, along)
    assert below[0, 1] > (SIDE - 1) / 2


def test_a_mirrored_film_gives_the_same_square() -> None:
    """So a corner head can't know which way the patient faced."""
    film = np.random.default_rng(4).random((200, 180)).astype(np.float32)
    centre, along = np.array([90.0, 100.0]), np.array([-40.0, 9.0])
    one = square(film, square_points(centre, along), float(np.hypot(*along)))
    other_centre = np.array([179 - centre[0], centre[1]])
    other_along = along * (-1, 1)
    other = square(
        np.ascontiguousarray(film[:, ::-1]),
        square_points(other_centre, other_along),
        float(np.hypot(*along)),
    )
    assert one == pytest.approx(other, abs=1e-4)
    assert pytest.approx(SIDE / REACH / CELL, rel=0.01) == 18.18


def test_corners_are_read_between_cells() -> None:
    rows, columns = np.mgrid[0:CELLS, 0:CELLS]
    wanted = np.array([[10.25, 12.5], [30.0, 12.0], [9.0, 25.75], [29.5, 26.0]])
    bells = np.stack(
        [np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2)).ravel() for x, y in wanted]
    )
    chances = torch.from_numpy(np.log(bells / bells.sum(1, keepdims=True) + 1e-12))[None]
    found, spread = places(chances)
    assert (found[0] + 0.5) / CELL - 0.5 == pytest.approx(wanted, abs=0.1)
    assert spread.max() < 2
