"""Training of the diffusion model: aligned columns, exact resumption, a loss that falls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synth.conditions import DiscGrades, Wanted
from data.synth.diffusion.networks import CONDITION, PLACES, SHAPE
from finetune.diffusion import __main__ as command
from finetune.diffusion import columns, fit
from finetune.diffusion.columns import MARGIN, Columns, aligned
from radixgpt.level import LUMBAR_DISCS

TINY = fit.Recipe(steps=6, images=2, widths=(16, 16, 16), warm_up=2)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(n: int = 4) -> Columns:
    rng = np.random.default_rng(1)
    found = []
    for k in range(n):
        shape = tuple(side + 2 * MARGIN for side in SHAPE)
        cut = np.clip(rng.normal(0, 0.4, shape), -1, 1).astype(np.float32)
        patient = k + 1 if k % 2 else -k - 1
        found.append((cut, Wanted("t2" if k % 3 else "t1"), patient))
    return columns.together(found)


@settings(max_examples=5)
@given(scale=st.floats(0.6, 3), x=st.floats(0, 60), y=st.floats(0, 60), lost=st.integers(-1, 4))
def test_discs_come_to_lie_at_their_places(scale: float, x: float, y: float, lost: int) -> None:
    side = int(140 * scale + 80)
    picture = np.zeros((side, side), np.float32)
    centres = {}
    for k, (level, (px, py)) in enumerate(zip(LUMBAR_DISCS, PLACES, strict=True)):
        if k == lost:
            continue
        cx, cy = px * scale + x, py * scale + y
        centres[level] = (cx, cy)
        rows, cols = np.mgrid[:side, :side]
        picture += 200 * np.exp(-((cols - cx) ** 2 + (rows - cy) ** 2) / (2 * (2 * scale) ** 2))
    cut = aligned(picture, centres)
    assert cut is not None
    for k, (px, py) in enumerate(PLACES):
        if k != lost:
            row, col = round(py) + MARGIN, round(px) + MARGIN
            near = cut[row - 6 : row + 7, col - 6 : col + 7] + 1
            down, across = np.mgrid[-6:7, -6:7]
            assert abs(float((near * down).sum() / near.sum()) + row - MARGIN - py) < 1
            assert abs(float((near * across).sum() / near.sum()) + col - MARGIN - px) < 1


def test_three_known_discs_are_too_few() -> None:
    few = dict(zip(LUMBAR_DISCS[:3], PLACES, strict=False))
    assert aligned(np.random.default_rng(0).normal(size=(200, 200)), few) is None


def test_phantoms_come_with_their_grades_and_are_told_apart() -> None:
    found = list(columns.of_phantoms(2, 1, lambda done, total: None))
    known = columns.together(found)
    assert {w.sequence for _, w, _ in found} == {"t1", "t2"}
    assert set(known.patients.tolist()) <= {-1, -2}
    assert known.conditions.shape == (len(found), CONDITION)
    assert (known.conditions[:, -1] == 1).all()
    assert len(known.real) == 0
    assert len(known.phantoms) == len(found)
    # One spine in two contrasts: the same edges, other greys.
    t2, t1 = (next(cut for cut, w, _ in found if w.sequence == s) for s in ("t2", "t1"))
    assert np.corrcoef(t2.ravel(), t1.ravel())[0, 1] < 0.95
    assert np.abs(t2 - t1).mean() > 0.05


def test_kept_columns_come_back(tmp_path: Path) -> None:
    first = columns.kept(tmp_path / "x.npz", made)
    again = columns.kept(tmp_path / "x.npz", lambda: pytest.fail("cut twice"))
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.conditions, again.conditions)


def test_a_step_shows_each_patient_alike_and_fewer_phantoms_in_the_end() -> None:
    pixels = np.zeros((12, 4, 4), np.float16)
    patients = np.asarray([1] * 9 + [2] + [-1, -2])
    known = Columns(pixels, np.zeros((12, CONDITION), np.float32), patients)
    recipe = fit.Recipe(steps=400, images=20, phantoms=0.5)
    early = np.concatenate([fit.rows_of(known, recipe, k) for k in range(40)])
    late = np.concatenate([fit.rows_of(known, recipe, k) for k in range(360, 400)])
    shares = [float((patients[rows] < 0).mean()) for rows in (early, late)]
    assert 0.4 < shares[0] < 0.55
    assert shares[1] < 0.1
    assert 0.4 < float((patients[late[patients[late] > 0]] == 2).mean()) < 0.6


def test_training_resumes_exactly(tmp_path: Path) -> None:
    straight = fit.train(made(), tmp_path / "a", TINY)
    fit.train(made(), tmp_path / "b", TINY, until=3)
    again = fit.train(made(), tmp_path / "b", TINY)
    for one, other in zip(straight.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    lines = [json.loads(line) for line in (tmp_path / "a" / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 6
    assert lines[-1]["loss"] > 0
    assert (tmp_path / "a" / "grid-00006.png").stat().st_size > 1000


def test_the_loss_falls_on_columns_that_are_learnt_by_heart() -> None:
    rows, cols = np.mgrid[: SHAPE[0] + 2 * MARGIN, : SHAPE[1] + 2 * MARGIN]
    wave = (np.sin(rows / 9) * np.cos(cols / 7)).astype(np.float32)
    grades = {"L4-L5": DiscGrades(5)}
    known = columns.together([(wave, Wanted("t2"), 1), (-wave, Wanted("t1", grades), 2)])
    recipe = fit.Recipe(steps=40, images=4, widths=(16, 16, 16), rate=3e-3, warm_up=5)
    training = fit.Training.start(recipe, known)
    losses = []
    for number in range(recipe.steps):
        torch.manual_seed(number)
        rows_ = fit.rows_of(known, recipe, number)
        images = columns.middle(known.pixels[rows_])
        told = torch.from_numpy(known.conditions[rows_])
        losses.append(fit.step(training, recipe, images, told, number))
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_what_is_missing_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["train", "--shared", str(tmp_path), "--out", str(tmp_path / "run")]
    try:
        assert command.main(told) == 1
    finally:  # of the whole process
        torch.set_flush_denormal(False)
    assert "RADIXGPT_SHARED_DATA" in capsys.readouterr().err
