"""Training of the relativistic GAN: it resumes exactly, and writes what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from data.synth.conditions import DISC_CONDITION
from finetune.classifier_data import DiscViews
from finetune.rgan import __main__ as command
from finetune.rgan import fit
from finetune.rgan.crops import Crops, crops_of, middle
from tools.crops import MEASURES, Crop

TINY = fit.Recipe(steps=6, images=2, widths=(8, 8, 8, 8, 8, 8), every=2)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def crops(n: int = 6) -> Crops:
    rng = np.random.default_rng(1)
    discs = []
    for k in range(n):
        pixels = rng.normal(0, 0.3, (140, 180)).astype(np.float32)
        view = Crop(pixels, np.zeros(len(MEASURES), np.float32))
        discs.append(DiscViews(k, k, 1 + k % 5, k % 4, (k % 2,) * 6, {"t2": [view], "t1": [view]}))
    return crops_of(discs)


def test_crops_carry_their_gradings_and_only_lumbar_discs() -> None:
    made = crops()
    assert len(made.pixels) == 10  # the sixth disc is T12-L1
    assert made.conditions.shape == (10, DISC_CONDITION)
    assert {w.sequence for w in made.wanted} == {"t1", "t2"}
    assert made.wanted[0].disc(made.levels[0]).pfirrmann == 1
    assert middle(made.pixels).shape[0] == 10


def test_training_resumes_exactly(tmp_path: Path) -> None:
    straight = fit.train(crops(), tmp_path / "a", TINY)
    fit.train(crops(), tmp_path / "b", TINY, until=3)
    again = fit.train(crops(), tmp_path / "b", TINY)
    for one, other in zip(straight.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    lines = [json.loads(line) for line in (tmp_path / "a" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 2, 4]
    assert all(line["R1"] >= 0 and line["discriminator"] > 0 for line in lines)
    assert (tmp_path / "a" / "grid-00006.png").stat().st_size > 1000


def test_a_step_moves_both_networks() -> None:
    pair = fit.Pair.start(TINY)
    before = [p.clone() for p in (*pair.generator.parameters(), *pair.discriminator.parameters())]
    made = crops()
    fit.step(pair, TINY, middle(made.pixels[:2]), made.conditions[:2], 0)
    after = [*pair.generator.parameters(), *pair.discriminator.parameters()]
    moved = [not torch.equal(a, b) for a, b in zip(before, after, strict=True)]
    assert sum(moved) > 0.5 * len(moved)


def test_what_is_missing_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["train", "--shared", str(tmp_path), "--out", str(tmp_path / "run")]
    try:
        assert command.main([*told, "--discs", str(tmp_path / "none")]) == 1
    finally:  # of the whole process
        torch.set_flush_denormal(False)
    assert "RADIXGPT_SHARED_DATA" in capsys.readouterr().err
