"""Ordering and measuring discs, on maps drawn by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tools import column as columns
from tools.column_net import CANAL, DISC, SIZE, VERTEBRA
from tools.columns import doubt, reconcile

STEP, LENGTH, HEIGHT = 24, 30, 7
LOWEST = 190


def draw(
    discs: int = 6, *, without: int | None = None, tilt: float = 0.0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """A straight column: boxes for bodies and discs, a canal behind, heat at the centres."""
    classes = np.zeros((SIZE, SIZE), int)
    heat = np.zeros((2, SIZE // 4, SIZE // 4), np.float32)
    for k in range(discs):
        y, x = LOWEST - k * STEP, round(80 + k * tilt)
        classes[y - STEP + 4 : y - 3, x : x + LENGTH] = VERTEBRA
        if k != without:
            classes[y - 3 : y + 4, x : x + LENGTH] = DISC
            heat[0, round(y / 4), round((x + LENGTH / 2) / 4)] = 0.9
    classes[20:200, 80 + LENGTH + 4 : 80 + LENGTH + 16] = CANAL
    heat[1, round(LOWEST / 4), round((80 + LENGTH / 2) / 4)] = 0.9
    return np.eye(4, dtype=np.float32)[classes].transpose(2, 0, 1), heat


def test_discs_are_ordered_from_the_lowest() -> None:
    found = columns.column(*draw())
    assert found.found == 6
    heights = [d.centre[1] for d in found.discs if d is not None]
    assert heights == pytest.approx([LOWEST - k * STEP for k in range(6)], abs=0.5)


def test_a_lost_disc_keeps_its_place() -> None:
    found = columns.column(*draw(without=2))
    assert found.discs[2] is None
    assert found.found == 5
    upper = found.discs[3]
    assert upper is not None
    assert upper.centre[1] == pytest.approx(LOWEST - 3 * STEP, abs=0.5)


def test_a_sacral_remnant_is_left_out() -> None:
    chances, heat = draw()
    classes = chances.argmax(0)
    classes[LOWEST + 20 : LOWEST + 23, 84:94] = DISC
    heat[0, (LOWEST + 21) // 4, 22] = 0.6
    found = columns.column(np.eye(4, dtype=np.float32)[classes].transpose(2, 0, 1), heat)
    lowest = found.discs[0]
    assert lowest is not None
    assert lowest.centre[1] == pytest.approx(LOWEST, abs=0.5)


def test_an_island_off_the_column_is_left_out() -> None:
    chances, heat = draw()
    classes = chances.argmax(0)
    classes[100:106, 10:40] = DISC
    heat[0, 26, 6] = 0.5
    found = columns.column(np.eye(4, dtype=np.float32)[classes].transpose(2, 0, 1), heat)
    assert found.found == 6


def test_pieces_of_one_disc_are_one_disc() -> None:
    chances, heat = draw()
    classes = chances.argmax(0)
    classes[LOWEST - 3 : LOWEST + 4, 92:96] = 0
    found = columns.column(np.eye(4, dtype=np.float32)[classes].transpose(2, 0, 1), heat)
    lowest = found.discs[0]
    assert lowest is not None
    assert lowest.length == pytest.approx(LENGTH, abs=2)


def test_measures_are_those_that_were_drawn() -> None:
    found = columns.column(*draw())
    disc = found.discs[2]
    assert disc is not None
    assert disc.length == pytest.approx(LENGTH, abs=1)
    assert disc.height == pytest.approx(HEIGHT, abs=0.5)
    assert found.depth == pytest.approx(LENGTH, abs=1)
    assert columns.canal_depth(found.classes, disc) == pytest.approx(12, abs=1)
    assert columns.slip(found.classes, disc, 4) == pytest.approx(0, abs=0.6)


def test_a_slip_has_the_sign_of_the_upper_body() -> None:
    chances, heat = draw()
    classes = chances.argmax(0)
    y = LOWEST - 2 * STEP
    upper = slice(y - STEP + 4, y - 3)
    classes[upper, :] = 0
    classes[upper, 75 : 75 + LENGTH] = VERTEBRA  # 5 pixels further anterior
    found = columns.column(np.eye(4, dtype=np.float32)[classes].transpose(2, 0, 1), heat)
    disc = found.discs[2]
    assert disc is not None
    assert columns.slip(found.classes, disc, 4) == pytest.approx(5, abs=0.6)


def test_nothing_is_found_in_nothing() -> None:
    chances = np.zeros((4, SIZE, SIZE), np.float32)
    chances[0] = 1
    found = columns.column(chances, np.zeros((2, SIZE // 4, SIZE // 4), np.float32))
    assert found.discs == []
    assert found.anchor_chance == 0


@pytest.mark.parametrize("start", [1, 2])
def test_two_series_are_numbered_by_the_surer(start: int) -> None:
    sure, other = columns.column(*draw()), columns.column(*draw())
    del other.discs[:start]
    other.anchor_chance = 0.2
    reconcile([sure, other])
    assert [d is None for d in other.discs[:start]] == [True] * start
    for mine, theirs in zip(sure.discs[start:], other.discs[start:], strict=True):
        assert mine is not None
        assert theirs is not None
        assert mine.centre == pytest.approx(theirs.centre)


def test_a_second_disc_that_looks_like_l5_s1_is_a_doubt() -> None:
    plain = columns.column(*draw())
    assert plain.rival_chance == pytest.approx(0, abs=0.05)
    assert doubt([plain]) < 0.1
    chances, heat = draw()
    heat[1, round((LOWEST - STEP) / 4), round((80 + LENGTH / 2) / 4)] = 0.6
    torn = columns.column(chances, heat)
    assert 0.3 < torn.rival_chance < 0.62  # a peak of one pixel is blunted by enlarging it
    assert doubt([plain, torn]) == pytest.approx(torn.rival_chance / torn.anchor_chance)
    assert doubt([]) == 0


def test_series_that_disagree_on_the_lowest_disc_are_a_doubt() -> None:
    sure, other = columns.column(*draw()), columns.column(*draw())
    del other.discs[:1]
    other.anchor_chance = 0.2
    assert doubt([sure, other]) == 1
