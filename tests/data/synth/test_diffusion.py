"""The Haar packet, what the denoiser is told, and sampling."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synth.conditions import DiscGrades, Wanted
from data.synth.diffusion import haar, networks, sample

WIDTHS = (16, 16, 16)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def net() -> networks.Denoiser:
    torch.manual_seed(0)
    return networks.Denoiser(WIDTHS).eval()


@settings(max_examples=10)
@given(seed=st.integers(0, 999), rows=st.integers(1, 4), columns=st.integers(1, 4))
def test_a_packet_loses_nothing_and_keeps_the_energy(seed: int, rows: int, columns: int) -> None:
    source = torch.Generator().manual_seed(seed)
    images = torch.randn(2, 1, rows * haar.SIDE, columns * haar.SIDE, generator=source)
    packed = haar.pack(images)
    assert packed.shape == (2, haar.CHANNELS, rows, columns)
    assert torch.allclose(haar.unpack(packed), images, atol=1e-5)
    assert torch.allclose(packed.square().sum(), images.square().sum(), rtol=1e-4)


def test_the_first_channel_is_the_mean() -> None:
    flat = haar.pack(torch.full((1, 1, 8, 8), 0.5))
    assert torch.allclose(flat[:, 0], torch.full((1, 2, 2), 0.5 * haar.SIDE))
    assert float(flat[:, 1:].abs().max()) < 1e-6


def test_the_schedule_ends_in_noise_alone() -> None:
    schedule = networks.noise_schedule()
    assert float(schedule.alphas_cumprod[-1]) < 1e-6
    assert float(schedule.alphas_cumprod[0]) > 0.99
    assert schedule.config.prediction_type == "v_prediction"


def test_a_discs_grades_are_laid_out_at_its_place(net: networks.Denoiser) -> None:
    healthy = sample.conditions(Wanted("t2"))
    worn = sample.conditions(Wanted("t2", {"L5-S1": DiscGrades(5)}))
    seen: list[torch.Tensor] = []
    hook = net.unet.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        told = torch.ones(1, dtype=torch.bool)
        noisy = torch.zeros(1, haar.CHANNELS, 32, 32)
        with torch.no_grad():
            for one in (healthy, worn):
                net(noisy, torch.zeros(1), one[None], told)
            net(noisy, torch.zeros(1), worn[None], ~told)
    finally:
        hook.remove()
    change = (seen[1] - seen[0]).abs().sum((0, 1))
    row, column = divmod(int(change.argmax()), 32)
    x, y = networks.PLACES[-1]
    assert abs(row - y / haar.SIDE) < 1.5
    assert abs(column - x / haar.SIDE) < 1.5
    assert float(seen[2].abs().max()) == 0  # a condition that is not told is nowhere


def test_what_is_not_told_makes_no_difference(net: networks.Denoiser) -> None:
    conditions = torch.stack([sample.conditions(Wanted(name)) for name in ("t1", "t2")])
    noisy = torch.randn(1, haar.CHANNELS, 32, 32).expand(2, -1, -1, -1)
    with torch.no_grad():
        silent = net(noisy, torch.full((2,), 500), conditions, torch.zeros(2, dtype=torch.bool))
        told = net(noisy, torch.full((2,), 500), conditions, torch.ones(2, dtype=torch.bool))
    assert torch.allclose(silent[0], silent[1], atol=1e-5)
    assert not torch.allclose(told[0], told[1], atol=1e-5)


def test_a_seed_draws_the_same_columns(net: networks.Denoiser) -> None:
    one = sample.draw(Wanted("t2"), 2, seed=4, net=net, steps=2)
    assert one.shape == (2, *networks.SHAPE)
    assert abs(one).max() <= 1
    assert (sample.draw(Wanted("t2"), 2, seed=4, net=net, steps=2) == one).all()
    assert (sample.draw(Wanted("t2"), 2, seed=5, net=net, steps=2) != one).any()
    assert (sample.draw(Wanted("t1"), 2, seed=4, net=net, steps=2) != one).any()


def test_sampling_finds_what_a_perfect_denoiser_knows() -> None:
    # A model that always knows the one image there is: DDIM must end at that image.
    truth = haar.pack(torch.linspace(-1, 1, 128).expand(1, 1, 128, 128))
    levels = networks.noise_schedule().alphas_cumprod

    class Perfect(networks.Denoiser):
        def forward(
            self,
            noisy: torch.Tensor,
            times: torch.Tensor,
            condition: torch.Tensor,
            told: torch.Tensor,
        ) -> torch.Tensor:
            a = levels[times.long()].sqrt()[:, None, None, None]
            b = (1 - levels[times.long()]).sqrt()[:, None, None, None]
            noise = (noisy - a * truth) / b
            return a * noise - b * truth

    found = sample.draw(Wanted("t1"), net=Perfect(WIDTHS), steps=5)
    assert torch.allclose(torch.from_numpy(found)[None], haar.unpack(truth), atol=1e-3)
