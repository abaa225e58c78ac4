"""Steps of the canal and of the posterior walls on maps drawn by hand, and the rule on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import slips
from tools.column import Column, Disc
from tools.column_net import CANAL, DISC, SIZE, VERTEBRA
from tools.slips import SlipRule, Steps, Usual

DEPTH, HEIGHT, MIDDLE = 40, 9, 100
RULE = SlipRule(logit=1.3, step=18.0, agreed=20.0, offset=-0.5)
STEP = st.none() | st.floats(-0.6, 0.6)


def slipped(by: int, *, below: bool = True, specks: int = 0) -> tuple[Column, Disc]:
    """A disc between two bodies, the upper one ``by`` pixels further anterior."""
    classes: npt.NDArray[np.uint8] = np.zeros((SIZE, SIZE), np.uint8)
    half = HEIGHT // 2
    for first, last, moved, bone in (
        (MIDDLE - half - 36, MIDDLE - half, by, True),
        (MIDDLE + half + 1, MIDDLE + half + 37, 0, below),
    ):
        left = 60 - moved
        if bone:
            classes[first:last, left : left + DEPTH] = VERTEBRA
        classes[first:last, left + DEPTH + 3 : left + DEPTH + 17] = CANAL
    classes[MIDDLE - half : MIDDLE + half + 1, 60 : 60 + DEPTH] = DISC
    # Rows in which the outline of the lower wall and canal is far off.
    classes[MIDDLE + half + 8 : MIDDLE + half + 8 + specks, 85:130] = 0
    ends = np.array([[60.0, MIDDLE], [60.0 + DEPTH - 1, MIDDLE]])
    outline = np.array([[60, 96], [99, 96], [99, 104], [60, 104]], float)
    disc = Disc(ends.mean(0), ends[0], ends[1], float(DEPTH), float(HEIGHT), outline, 0.9, 0.9)
    return Column([disc], float(DEPTH), 0.9, classes), disc


@pytest.mark.parametrize("by", [-6, 0, 6])
def test_both_steps_are_those_that_were_drawn(by: int) -> None:
    steps = slips.measure(*slipped(by))
    assert steps.canal == pytest.approx(by / DEPTH, abs=0.015)
    assert steps.walls == pytest.approx(by / DEPTH, abs=0.015)


def test_a_few_bad_rows_do_not_matter() -> None:
    steps = slips.measure(*slipped(6, specks=3))
    assert steps.canal == pytest.approx(6 / DEPTH, abs=0.03)
    assert steps.walls == pytest.approx(6 / DEPTH, abs=0.03)


def test_the_canal_shows_a_slip_on_the_sacrum() -> None:
    steps = slips.measure(*slipped(6, below=False))  # S1 is not outlined
    assert steps.walls is None
    assert steps.canal == pytest.approx(6 / DEPTH, abs=0.015)


def test_nothing_is_measured_of_a_disc_that_was_only_pointed_at() -> None:
    column, disc = slipped(6)
    disc.height = 0.0
    assert slips.measure(column, disc) == Steps(None, None)


def test_the_usual_step_of_the_level_is_taken_off() -> None:
    usual = Usual(canal=(0.05, -0.02), walls=(0.04, -0.06))
    assert Steps(0.15, None).against(usual, 0) == Steps(pytest.approx(0.10), None)
    assert Steps(0.15, 0.1).against(usual, 7) == Steps(pytest.approx(0.17), pytest.approx(0.16))


def test_two_measures_that_agree_say_more_than_one() -> None:
    alone = slips.chance_logit(RULE, -2.0, Steps(0.2, None))
    agreed = slips.chance_logit(RULE, -2.0, Steps(0.2, 0.18))
    against = slips.chance_logit(RULE, -2.0, Steps(0.2, -0.18))
    assert agreed > alone == against
    assert slips.chance_logit(RULE, -2.0, Steps(None, None)) == pytest.approx(-2.6 - 0.5)


@given(STEP, STEP, st.floats(-6, 3))
def test_a_step_never_speaks_against_a_slip(
    canal: float | None, walls: float | None, logit: float
) -> None:
    steps = Steps(canal, walls)
    level = slips.chance_logit(RULE, logit, Steps(0.0, 0.0))
    assert slips.chance_logit(RULE, logit, steps) >= level - 1e-9
    mirrored = Steps(*(None if s is None else -s for s in (canal, walls)))
    assert slips.chance_logit(RULE, logit, mirrored) == pytest.approx(
        slips.chance_logit(RULE, logit, steps)
    )
    assert steps.smaller is None or abs(steps.smaller) <= min(
        abs(s) for s in (canal, walls) if s is not None
    )
