"""One command a model: stages in order, ended by the first that fails."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import pytest

from finetune import whole
from radixgpt.weights import WEIGHTS


def test_every_model_that_ships_has_its_command() -> None:
    assert set(whole.STAGES) == {path.parent.name for path in WEIGHTS.glob("*/manifest.json")}


@pytest.mark.parametrize("stage", [one for some in whole.STAGES.values() for one in some])
def test_every_stage_is_one_that_its_module_knows(stage: str) -> None:
    name, *words = stage.split()
    spec = importlib.util.find_spec(f"finetune.{name}")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin)
    source = (path.with_name("__main__.py") if path.stem == "__init__" else path).read_text()
    for word in words:
        assert word.isdecimal() or f'"{word}"' in source


def test_stages_end_at_the_first_that_fails() -> None:
    called: list[str] = []

    def call(command: Sequence[str]) -> int:
        called.append(" ".join(command[2:]))
        return 3 if "transfer" in command else 0

    assert whole.run("levels", call) == 3
    assert called == [
        "finetune.levels masks --steps 800 --phantoms 0",
        "finetune.levels transfer --steps 900 --phantoms 110",
    ]
    assert whole.run("concepts", lambda _: 0) == 0


def test_threads_reach_every_stage_that_takes_more_than_one() -> None:
    for model, stages in whole.STAGES.items():
        told = [line[-2:] == ["--threads", "1"] for line in whole.commands(model, 1)]
        assert told == [model in whole.THREADED] * len(stages)
    for stage in ("levels", "classifier", "classifier_calibration"):
        module = importlib.import_module(f"finetune.{stage}")
        assert '"--threads", type=int' in Path(str(module.__file__)).read_text()
