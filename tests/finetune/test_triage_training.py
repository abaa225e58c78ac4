"""How triage is trained and measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finetune.triage import Seen, copies, fit_looks, fit_rules, kind_chances, lumbar_chances
from finetune.triage_data import Example, computed, spoilt, vary
from finetune.triage_nothing import MAKERS
from finetune.triage_seen import alone, share
from tools.triage_column import CONTRASTS, MEASURES
from tools.triage_looks import KINDS, distance


def example(**changes: object) -> Example:
    pixels = np.add.outer(np.arange(300.0), np.arange(200.0)).astype(np.float32)
    facts: dict[str, object] = {
        "pixels": pixels,
        "kind": "sagittal_spine",
        "source": "spider_t2",
        "part": "train",
        "sequence": "t2",
        "good": True,
        "patient": 3,
        "junction": (0.8, 0.68, 0.56, 0.45, 0.35),
    }
    return Example(**(facts | changes))  # type: ignore[arg-type]


def test_computed_examples_are_reproducible_and_differ_between_parts() -> None:
    first, again, other = (
        [e.pixels for e in computed(2, part)] for part in ("train", "train", "held_out")
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_pictures_of_nothing_are_refused(name: str) -> None:
    for seed in range(2):
        _, decision = alone(MAKERS[name](np.random.default_rng(seed)))
        assert not decision.gradable


def test_spoilt_copies_are_not_good_and_lose_the_junction() -> None:
    made = dict(spoilt(example(), np.random.default_rng(0)))
    assert set(made) == {"turned", "cut"}
    assert not any(copy.good for copy in made.values())
    assert len(made["cut"].pixels) < 0.8 * 300
    assert set(dict(spoilt(example(junction=()), np.random.default_rng(0)))) == {"turned"}


def test_variants_are_for_training_only() -> None:
    assert [what for what, _ in copies([example(part="held_out", good=False)])] == ["as is"]
    bad = [what for what, _ in copies([example(good=False)])]
    assert bad == ["as is", "looks only", "looks only"]
    good = [what for what, _ in copies([example()])]
    assert good[:3] == ["as is", "varied", "looks only"]


def test_variation_keeps_the_labels_and_moves_the_greys() -> None:
    varied = vary(example(), np.random.default_rng(1))
    assert (varied.kind, varied.patient, varied.good) == ("sagittal_spine", 3, True)
    assert np.isfinite(varied.pixels).all()


def made_up(count: int = 240) -> Seen:
    """Separable rows: the first half sagittal and good, the rest radiographs."""
    rng = np.random.default_rng(4)
    good = np.arange(count) < count // 2
    features = rng.normal(size=(count, 1280)).astype(np.float32)
    features[good, :40] += 3
    measures = rng.normal(size=(count, len(MEASURES))).astype(np.float32)
    measures[good] += 2
    sequence = np.where(good, np.array(CONTRASTS)[np.arange(count) % 3], "")
    greys = rng.normal(size=(count, 10)).astype(np.float32) * 0.3
    greys[np.arange(count), np.arange(count) % 3] += 2
    return Seen(
        kind=np.where(good, "sagittal_spine", "radiograph_ap"),
        source=np.where(good, "spider_t2", "kauh_ap"),
        part=np.full(count, "train"),
        sequence=sequence,
        patient=np.arange(count),
        good=good,
        what=np.full(count, "as is"),
        features=features,
        measures=measures,
        greys=greys,
    )


def test_heads_and_rules_learn_what_is_separable(tmp_path: Path) -> None:
    seen = made_up()
    seen.save(tmp_path / "seen.npz")
    seen = Seen.load(tmp_path / "seen.npz")
    use = np.arange(len(seen.good)) % 4 != 0
    heads, rules = fit_looks(seen, use, components=20), fit_rules(seen, use)
    sagittal = kind_chances(heads, seen)[:, KINDS.index("sagittal_spine")] > 0.5
    assert (sagittal == seen.good)[~use].mean() > 0.95
    assert ((lumbar_chances(rules, seen) > 0.5) == seen.good)[~use].mean() > 0.95
    told = (seen.greys @ rules.contrast_weight.T + rules.contrast_bias).argmax(1)
    held = ~use & seen.good
    assert (np.array(CONTRASTS)[told] == seen.sequence)[held].mean() > 0.8
    assert len(heads.memory) == (use & seen.good).sum()
    away = distance(heads.project(seen.features), heads.memory)
    assert away[~use & ~seen.good].mean() > away[held].mean()


def test_a_kind_left_out_of_training_is_never_told() -> None:
    seen = made_up()
    chances = kind_chances(fit_looks(seen, seen.part == "train", components=20), seen)
    assert chances[:, KINDS.index("ct")].max() < 1e-6


def test_share_states_an_exact_interval() -> None:
    assert share([False] * 74) == "0/74 = 0.0% (0.0% to 4.9%)"


@pytest.mark.data
def test_no_patient_is_on_both_sides(shared_data: Path) -> None:
    from finetune.triage_data import lumbar, pseudo_stir

    parts: dict[int, set[str]] = {}
    for made in (*lumbar(shared_data), *pseudo_stir(shared_data)):
        parts.setdefault(made.patient, set()).add(made.part)
    assert len(parts) > 170
    assert all(len(sides) == 1 for sides in parts.values())
