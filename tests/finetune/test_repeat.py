"""What counts as an error of grading and measuring; the limits are of the weights that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from finetune import repeat
from finetune.repeat import AGAIN, SPACE, Seen, limits_of, moved, pairs_of, regraded
from radixgpt.observation import Observation
from tools import classifier, levels

ROOT = Path(__file__).parents[2]
CONDITION = next(iter(AGAIN))


def seen(patient: int, condition: str, **values: Any) -> Seen:
    def one(kind: str, value: Any) -> Observation:
        stated = {"status": "value", "value": value, "plausible": (value,)}
        if isinstance(value, float):
            stated["plausible"] = ()
        return Observation.model_validate(
            {"id": kind, "tool": "t", "tool_version": "1", "kind": kind, "level": "L4-L5", **stated}
        )

    return Seen(
        patient=patient,
        condition=condition,
        observations=tuple(one(kind, value) for kind, value in values.items()),
    )


def test_the_limits_are_of_the_weights_that_ship() -> None:
    data = yaml.safe_load((ROOT / "etl" / "repeatability.yaml").read_text(encoding="utf-8"))
    assert data["measured_with"] == {
        "classifier": classifier.model_facts().version,
        "levels": levels.model_facts().version,
    }
    assert set(data["measured"]) == set(repeat.COMPARED)
    page = (ROOT / "docs" / "repeatability.md").read_text(encoding="utf-8")
    assert all(f" {one['limit']:.3f} |" in page for one in data["measured"].values())


def test_figures() -> None:
    found = [
        seen(1, "", canal_ratio=0.50, pfirrmann=3),
        seen(1, CONDITION, canal_ratio=0.54, pfirrmann=4),
        seen(2, "", canal_ratio=0.50, pfirrmann=3),
        seen(2, CONDITION, canal_ratio=0.46, pfirrmann=3),
    ]
    pairs = pairs_of(found, AGAIN)
    of = moved(pairs, "canal_ratio")
    assert of.pairs == 2
    assert of.within == pytest.approx(np.sqrt(0.04**2 / 2))
    assert of.repeatability == pytest.approx(1.96 * 0.04)
    again = regraded(pairs, "pfirrmann")
    assert (again.pairs, again.other, again.called) == (2, 0.5, 0.5)


def test_a_limit_covers_both_groups_but_for_stretched_kinds() -> None:
    values = dict.fromkeys(repeat.COMPARED, 0.3)
    moved_little = dict.fromkeys(values, 0.301)
    moved_far = dict.fromkeys(values, 0.4)
    found = [seen(1, "", **values), seen(1, CONDITION, **moved_little), seen(1, SPACE, **moved_far)]
    limits = limits_of(found)
    assert limits["canal_ratio"] > 0.1
    assert limits["disc_height_index"] < 0.01


@pytest.mark.parametrize("name", AGAIN)
def test_images_are_changed_and_stay_images(name: str) -> None:
    slice_ = np.linspace(0, 1, 64 * 48, dtype=np.float32).reshape(64, 48)
    changed = AGAIN[name](slice_, np.random.default_rng(0))
    assert changed.dtype == np.float32
    assert changed.min() >= -0.01
    assert changed.max() <= 1.01
    assert changed.shape != slice_.shape or not np.array_equal(changed, slice_)
