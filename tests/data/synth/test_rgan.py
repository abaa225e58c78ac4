"""The relativistic pair: its loss, its penalties and its blocks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from data.synth.conditions import DISC_CONDITION, Wanted
from data.synth.rgan import networks, sample
from radixgpt.errors import InputError

SMALL = (8, 8, 8, 8, 8, 8)


@given(shift=st.floats(-30, 30), seed=st.integers(0, 99))
def test_the_loss_is_relative(shift: float, seed: int) -> None:
    real, made = torch.randn(2, 6, generator=torch.Generator().manual_seed(seed))
    lost = networks.discriminator_loss(real, made)
    assert torch.allclose(networks.discriminator_loss(real + shift, made + shift), lost, atol=1e-4)
    assert torch.equal(networks.generator_loss(made, real), lost)
    assert networks.discriminator_loss(real + 5, made) < lost


def test_the_penalty_is_the_squared_norm_of_the_gradient() -> None:
    class Linear(nn.Module):
        def forward(self, images: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
            return 3 * images.flatten(1)[:, 0] - 4 * images.flatten(1)[:, 1]

    images = torch.randn(5, 1, 4, 4)
    found = networks.penalty(Linear(), images, torch.zeros(5, 2))
    assert float(found) == pytest.approx(25.0)


@settings(max_examples=5, deadline=None)
@given(value=st.floats(-2, 2))
def test_resampling_keeps_a_flat_image_flat(value: float) -> None:
    flat = torch.full((1, 3, 8, 10), value)
    assert torch.allclose(networks.larger(flat), torch.full((1, 3, 16, 20), value), atol=1e-5)
    assert torch.allclose(networks.smaller(flat), torch.full((1, 3, 4, 5), value), atol=1e-5)


def test_the_condition_changes_what_is_made_and_how_it_is_judged() -> None:
    torch.manual_seed(0)
    generator = networks.Generator(DISC_CONDITION, SMALL).eval()
    discriminator = networks.Discriminator(DISC_CONDITION, SMALL).eval()
    t1, t2 = (Wanted(s).disc_vector("L4-L5") for s in ("t1", "t2"))
    noise = torch.randn(1, networks.NOISE)
    with torch.no_grad():
        one = generator(noise, torch.from_numpy(t1)[None])
        other = generator(noise, torch.from_numpy(t2)[None])
        assert one.shape == (1, 1, *networks.SHAPE)
        assert not torch.allclose(one, other)
        judged = [discriminator(one, torch.from_numpy(c)[None]) for c in (t1, t2)]
    assert float(judged[0]) != float(judged[1])


def test_a_seed_draws_the_same_crops_and_a_wrong_level_is_told() -> None:
    torch.manual_seed(0)
    net = networks.Generator(DISC_CONDITION, SMALL).eval()
    one = sample.draw(Wanted("t2"), "L4-L5", 3, seed=4, net=net)
    assert one.shape == (3, *networks.SHAPE)
    assert abs(one).max() <= 1
    assert (sample.draw(Wanted("t2"), "L4-L5", 3, seed=4, net=net) == one).all()
    assert (sample.draw(Wanted("t2"), "L4-L5", 3, seed=5, net=net) != one).any()
    with pytest.raises(InputError, match="C3-C4"):
        sample.draw(Wanted("t2"), "C3-C4", net=net)
