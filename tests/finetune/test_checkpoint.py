"""Checkpoints: taken up by the same recipe only, with a log in which each step comes once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from finetune import checkpoint
from radixgpt.errors import InputError

RECIPE = {"steps": 8, "widths": (4, 4)}


def kept(out: Path, done: int) -> torch.nn.Linear:
    net = torch.nn.Linear(2, 2)
    checkpoint.keep(out, {"net": net}, done, RECIPE)
    return net


def test_the_state_comes_back_and_the_log_ends_where_it_does(tmp_path: Path) -> None:
    net, again = kept(tmp_path, 4), torch.nn.Linear(2, 2)
    log = "".join(json.dumps({"step": step}) + "\n" for step in range(7)) + '{"step": 7, "lo'
    (tmp_path / "log.jsonl").write_text(log)
    assert checkpoint.taken_up(tmp_path, {"net": again}, RECIPE, first_logged=0) == 4
    assert torch.equal(net.weight, again.weight)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [0, 1, 2, 3]


def test_without_a_checkpoint_the_log_of_a_killed_run_goes(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 0}\n')
    assert checkpoint.taken_up(tmp_path, {}, RECIPE, first_logged=0) == 0
    assert not (tmp_path / "log.jsonl").exists()


def test_another_recipe_is_told_and_not_gone_on_with(tmp_path: Path) -> None:
    kept(tmp_path, 4)
    net = torch.nn.Linear(2, 2)
    before = net.weight.clone()
    with pytest.raises(InputError, match="steps 8, now 9") as told:
        checkpoint.taken_up(tmp_path, {"net": net}, {**RECIPE, "steps": 9}, first_logged=0)
    assert "--out" in told.value.mend
    assert torch.equal(net.weight, before)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04cut"])
def test_a_damaged_checkpoint_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(InputError, match="can't be read"):
        checkpoint.taken_up(tmp_path, {}, RECIPE, first_logged=0)
