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


def test_what_stretches_all_discs_of_a_patient_is_no_error() -> None:
    levels = ("L2-L3", "L3-L4", "L4-L5")

    def heights(condition: str, *values: float) -> Seen:
        one = seen(1, condition, disc_height_index=0.3).observations[0]
        return Seen(
            patient=1,
            condition=condition,
            observations=tuple(
                one.model_copy(update={"level": level, "value": value})
                for level, value in zip(levels, values, strict=True)
            ),
        )

    found = [heights("", 0.2, 0.3, 0.4), heights(SPACE, 0.3, 0.45, 0.66)]
    of = moved(repeat.space_pairs(found), "disc_height_index")
    assert of.pairs == 3
    assert of.within == pytest.approx(np.sqrt(0.04**2 / 3 / 2))


def test_a_limit_covers_both_groups() -> None:
    values = dict.fromkeys(repeat.COMPARED, 0.3)

    def everywhere(condition: str, by: float) -> Seen:
        ones = seen(1, condition, **dict.fromkeys(values, 0.3)).observations
        moved_ones = [
            one.model_copy(update={"level": level, "value": 0.3 + by * place})
            for one in ones
            for place, level in enumerate(("L2-L3", "L3-L4", "L4-L5"))
        ]
        return Seen(patient=1, condition=condition, observations=tuple(moved_ones))

    limits = limits_of([everywhere("", 0.0), everywhere(CONDITION, 0.001), everywhere(SPACE, 0.1)])
    assert all(0.1 < limit < 0.4 for limit in limits.values())


@pytest.mark.parametrize("name", AGAIN)
def test_images_are_changed_and_stay_images(name: str) -> None:
    slice_ = np.linspace(0, 1, 64 * 48, dtype=np.float32).reshape(64, 48)
    changed = AGAIN[name](slice_, np.random.default_rng(0))
    assert changed.dtype == np.float32
    assert changed.min() >= -0.01
    assert changed.max() <= 1.01
    assert changed.shape != slice_.shape or not np.array_equal(changed, slice_)
