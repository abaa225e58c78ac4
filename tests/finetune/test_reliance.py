"""Probes change what they say they change, and the table counts what became of the answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finetune import reliance
from finetune.reliance import Answer
from radixgpt.observation import Observation

SLICE = np.linspace(0, 1, 60 * 40, dtype=np.float32).reshape(60, 40)
DISC = np.array([[10.0, 20.0], [20.0, 20.0], [20.0, 26.0], [10.0, 26.0]])


@pytest.mark.parametrize("name", list(reliance.PROBES))
def test_a_probe_keeps_the_range_and_changes_the_slice(name: str) -> None:
    shown = reliance.PROBES[name](SLICE, [DISC], np.random.default_rng(0))
    assert shown.ndim == 2
    assert shown.min() >= 0
    assert shown.max() <= 1
    same = shown.shape == SLICE.shape and np.allclose(shown, SLICE, atol=1e-3)
    assert same == (name == "as it is")


def test_a_painted_disc_is_gone_and_the_rest_stays() -> None:
    shown = reliance.PROBES["every disc painted over"](SLICE, [DISC], np.random.default_rng(0))
    assert np.ptp(shown[21:26, 11:20]) == 0
    assert (shown[:18] == SLICE[:18]).all()
    assert (shown[:, 24:] == SLICE[:, 24:]).all()


def answer(value: str, *, refused: bool = False) -> Answer:
    if refused:
        return Answer(True, {})
    said = Observation(
        id="1",
        tool="classifier",
        tool_version="0",
        kind="disc_bulging",
        level="L4-L5",
        value=value,
        confidence=0.9,
        probabilities={"absent": 0.1, "present": 0.9},
    )
    return Answer(False, {("L4-L5", "disc_bulging"): said})


def test_what_is_refused_or_said_otherwise_is_not_kept(tmp_path: Path) -> None:
    folder = tmp_path / "spider"
    folder.mkdir()
    (folder / "gradings.csv").write_text(
        "patient,disc,modic,endplate_upper,endplate_lower,spondylolisthesis,herniation,narrowing,"
        "bulging,pfirrmann\n1,2,0,0,0,0,0,0,1,3\n2,2,0,0,0,0,0,0,1,3\n3,2,0,0,0,0,0,0,1,3\n"
    )
    plain = {p: answer("present") for p in (1, 2, 3)}
    probed = {1: answer("present"), 2: answer("absent"), 3: answer("", refused=True)}
    found = reliance.figures(tmp_path, (1, 2, 3), probed, plain)
    assert found["refused"] == pytest.approx(1 / 3)
    assert found["kept"] == pytest.approx(1 / 3)
    assert found["stated"] == pytest.approx(2 / 24)
    assert np.isnan(found["kappa"])
    table = reliance.table({"one": found})
    assert "| one | 33% | 8% | 33% |" in table
    assert "nan" not in table
