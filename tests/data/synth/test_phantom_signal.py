"""The signal equation against numbers worked out by hand, and what the tissues imply."""

from __future__ import annotations

import numpy as np
import pytest

from data.synth import phantom_signal as ps


@pytest.mark.parametrize(
    ("tissue", "protocol", "signal"),
    [
        # 95 (1 - 2 e^(-545/290) + e^(-550/290)) e^(-10/140)
        #   = 95 (1 - 2 * 0.152698 + 0.150087) * 0.931063
        (ps.FAT, ps.T1_WEIGHTED, 74.713),
        # 107.5 (1 - 2 e^(-3449/4270) + e^(-3500/4270)) e^(-102/1580)
        #   = 107.5 (1 - 2 * 0.445868 + 0.440574) * 0.937481
        (ps.FLUID, ps.T2_WEIGHTED, 55.311),
        # 78 (1 - 2 e^(-3449/900) + e^(-3500/900)) e^(-102/38)
        #   = 78 (1 - 2 * 0.021662 + 0.020468) * 0.068282
        (ps.MUSCLE, ps.T2_WEIGHTED, 5.2043),
    ],
)
def test_spin_echo_by_hand(tissue: ps.Tissue, protocol: ps.Protocol, signal: float) -> None:
    assert ps.spin_echo(tissue, protocol) == pytest.approx(signal, rel=3e-4)


def test_arrays_and_numbers_agree() -> None:
    shape = (2, 3)
    arrays = ps.Tissue(*(np.full(shape, v, np.float32) for v in (95.0, 290.0, 140.0)))
    made = ps.spin_echo(arrays, ps.T2_WEIGHTED)
    assert isinstance(made, np.ndarray)
    assert made.shape == shape
    np.testing.assert_allclose(made, ps.spin_echo(ps.FAT, ps.T2_WEIGHTED), rtol=1e-4)


def test_without_echo_and_with_endless_repetition_the_signal_is_the_density() -> None:
    assert ps.spin_echo(ps.FAT, ps.Protocol(1e6, 0.0)) == pytest.approx(95.0)


def test_nucleus_against_fluid_falls_with_pfirrmann() -> None:
    fluid = ps.spin_echo(ps.FLUID, ps.T2_WEIGHTED)
    ratios = [
        float(ps.spin_echo(ps.DISC_TISSUE[g].nucleus, ps.T2_WEIGHTED) / fluid) for g in range(1, 6)
    ]
    assert ratios == sorted(ratios, reverse=True)
    # The ratios known from quantitative imaging.
    np.testing.assert_allclose(ratios, [0.83, 0.62, 0.36, 0.14, 0.07], atol=0.04)


def test_modic_types_have_their_contrasts() -> None:
    marrow = ps.RED_MARROW.mixed(ps.YELLOW_MARROW, 0.4)
    ratios = {
        grade: tuple(
            float(ps.spin_echo(tissue, p) / ps.spin_echo(marrow, p))
            for p in (ps.T1_WEIGHTED, ps.T2_WEIGHTED)
        )
        for grade, tissue in ps.MODIC_TISSUE.items()
    }
    assert ratios[1][0] < 0.55
    assert ratios[1][1] > 1.3
    assert ratios[2][0] > 1.3
    assert ratios[2][1] > 1.0
    assert max(ratios[3]) < 0.5
