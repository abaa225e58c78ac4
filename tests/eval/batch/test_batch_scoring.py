"""Scoring a corpus: the same whatever the block, the order and the engine."""

from __future__ import annotations

import random

import numpy as np
import pytest

from eval.batch import scoring
from eval.batch.engine import EngineName, engine
from eval.batch.metrics import FAMILIES
from eval.batch.pairs import Pair
from radixgpt.errors import MissingPackageError, SettingsError

WORDS = [
    w for s in ("disc bulge at l4-l5 with mild narrowing", "no herniation seen") for w in s.split()
]
NAMES = tuple(  # METEOR is a minute of Java: tested apart
    name for name, family in FAMILIES.items() if name != "meteor" and not family.on_request
)


def _pairs(n: int) -> list[Pair]:
    rng = random.Random(n)

    def text() -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(0, 20)))

    return [
        Pair(f"s{i}", text(), tuple(text() for _ in range(rng.randint(1, 2))), f"p{i // 2}")
        for i in range(n)
    ]


def _scored(
    pairs: list[Pair], name: EngineName = EngineName.SERIAL, size: int = 7
) -> scoring.Scored:
    with engine(name, 2) as run:
        return scoring.joined(scoring.score(pairs, NAMES, run, size=size))


def test_blocks_of_any_size_give_the_same() -> None:
    pairs = _pairs(40)
    whole, cut = _scored(pairs, size=1000), _scored(pairs, size=3)
    assert whole.ids == cut.ids == [p.id for p in pairs]
    for name in NAMES:
        np.testing.assert_allclose(whole.rows[name], cut.rows[name], atol=1e-12)


@pytest.mark.parametrize("name", [EngineName.PROCESSES, EngineName.RAY])
def test_every_engine_gives_the_same(name: EngineName) -> None:
    if name is EngineName.RAY:
        pytest.importorskip("ray", reason="needs the eval extra")
    pairs = _pairs(40)
    here, there = _scored(pairs), _scored(pairs, name)
    assert here.ids == there.ids
    for family in NAMES:
        np.testing.assert_array_equal(here.rows[family], there.rows[family])


def test_summary_draws_groups_and_holds_the_value() -> None:
    scores = scoring.summary(_scored(_pairs(60)), draws=300)
    assert {s.metric for s in scores} == {m for name in NAMES for m in FAMILIES[name].figures}
    for score in scores:
        assert score.studies == 30
        assert score.low <= score.value <= score.high, score.metric
        assert score.signature
    again = scoring.summary(_scored(_pairs(60)), draws=300)
    assert scores == again


def test_a_perfect_system_has_perfect_scores() -> None:
    rng = random.Random(2)
    texts = [
        f"disc bulge at l4-l5, {' '.join(rng.choices(WORDS, k=12))} case {i}" for i in range(20)
    ]
    pairs = [Pair(str(i), text, (text,), str(i)) for i, text in enumerate(texts)]
    found = scoring.values(scoring.summary(_scored(pairs), draws=50))
    best = {"cider": 10.0, "chrf": 100.0, "sacrebleu": 100.0}
    best |= {name: 0.0 for family in FAMILIES.values() for name in family.smaller}
    for name, value in found.items():
        assert value == pytest.approx(best.get(name, 1.0), abs=1e-6), name


def test_a_family_that_can_not_run_is_left_out_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no Java to be found
    usable, left_out = scoring.usable([])
    assert "meteor" not in usable
    usual = {name for name, family in FAMILIES.items() if not family.on_request}
    assert set(usable) | set(left_out) == usual
    assert "METEOR: no" in left_out["meteor"].problem
    with pytest.raises(MissingPackageError, match="METEOR: no"):
        scoring.usable(["bleu", "meteor"])


def test_an_unknown_family_is_told() -> None:
    with (
        engine(EngineName.SERIAL) as run,
        pytest.raises(SettingsError, match="no metrics named bluh"),
    ):
        list(scoring.score(_pairs(2), ["bluh"], run))


def test_a_cluster_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs the eval extra")
    monkeypatch.setenv("RAY_ADDRESS", "nowhere")
    with pytest.raises(SettingsError, match="at nowhere"), engine(EngineName.RAY):
        pass
