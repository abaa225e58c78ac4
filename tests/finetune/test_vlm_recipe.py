"""What one step of a fine-tuning takes: which pairs, which words, at which rate."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.vlm import recipe, train
from tools.captioner.turns import IGNORED


def of_batch(batch: int, at_once: int = 1) -> recipe.Recipe:
    return recipe.read("llava", {"batch": batch, "at_once": at_once})


@given(pairs=st.integers(1, 40), batch=st.integers(1, 12), steps=st.integers(1, 8))
def test_each_pair_is_seen_once_before_any_is_seen_twice(
    pairs: int, batch: int, steps: int
) -> None:
    seen = [i for step in range(steps) for i in train.order(pairs, of_batch(batch), step)]
    for start in range(0, len(seen), pairs):
        epoch = seen[start : start + pairs]
        assert len(set(epoch)) == len(epoch)
        assert set(epoch) <= set(range(pairs))


@given(turns=st.integers(1, 4), processes=st.integers(1, 4), wide=st.integers(1, 3))
def test_processes_share_a_step_between_them(turns: int, processes: int, wide: int) -> None:
    batch = turns * processes * wide
    chosen = list(range(batch))
    parts = [
        train.shares(chosen, of_batch(batch, wide), processes, rank) for rank in range(processes)
    ]
    assert sorted(i for part in parts for some in part for i in some) == chosen
    assert all(len(part) == turns for part in parts)


@given(st.integers(0, 2**31 - 1), st.lists(st.booleans(), min_size=2, max_size=12))
def test_the_loss_is_of_the_caption_alone(seed: int, said: list[bool]) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(1, len(said), 7, generator=generator)
    words = torch.randint(0, 7, (1, len(said)), generator=generator)
    targets = torch.where(torch.tensor([said]), words, IGNORED)
    chances = torch.log_softmax(logits, -1)
    by_hand = -sum(
        float(chances[0, place - 1, words[0, place]])
        for place in range(1, len(said))
        if said[place]
    )
    assert float(train.caption_loss(logits, targets)) == pytest.approx(by_hand, abs=1e-4)
    elsewhere = logits.clone()
    for place in range(len(said)):
        if place + 1 >= len(said) or not said[place + 1]:
            elsewhere[0, place] += 100 * torch.randn(7, generator=generator)
    assert torch.equal(train.caption_loss(elsewhere, targets), train.caption_loss(logits, targets))


@given(steps=st.integers(1, 200), warm_up=st.floats(0, 0.5))
def test_the_rate_rises_and_falls(steps: int, warm_up: float) -> None:
    of = recipe.read("llava", {"warm_up": warm_up})
    rates = [of.rate_at(step, steps) for step in range(steps)]
    assert all(0 < rate <= of.rate * (1 + 1e-9) for rate in rates)
    top = rates.index(max(rates))
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
