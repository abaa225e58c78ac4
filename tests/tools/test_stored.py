"""Weights come back from storage nearly as they were."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.grade_net import GradeNet
from tools.stored import pack, unpack


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.floats(1e-6, 1e4))
def test_a_rounded_matrix_is_off_by_half_a_step_at_most(seed: int, size: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(64, 80, generator=generator) * size
    matrix[3] = 0
    back = unpack(pack({"m": matrix}))["m"]
    step = matrix.abs().amax(1, keepdim=True) / 127
    assert ((back - matrix).abs() <= 0.5001 * step + 1e-12).all()


def test_a_network_is_stored_in_a_third_of_its_size_and_answers_alike() -> None:
    torch.manual_seed(0)
    net = GradeNet().eval()
    stored = pack(net.state_dict())
    size = sum(t.numel() * t.element_size() for t in stored.values())
    assert size < 0.3 * sum(t.numel() * t.element_size() for t in net.state_dict().values())
    again = GradeNet().eval()
    again.load_state_dict(unpack(stored))
    given_ = (
        torch.rand(2, 2, 112, 144) * 2 - 1,
        torch.ones(2, 2, dtype=torch.bool),
        torch.rand(2, 2, 8),
        torch.tensor([0, 1]),
        torch.zeros(2, dtype=torch.long),
    )
    with torch.no_grad():
        before, after = net(*given_), again(*given_)
    assert torch.allclose(before.pfirrmann, after.pfirrmann, atol=0.05)
    assert torch.allclose(before.binary, after.binary, atol=0.05)


def test_integers_stay_as_they_are() -> None:
    counts = torch.tensor([1, 2, 3])
    assert torch.equal(unpack(pack({"n": counts}))["n"], counts)
