"""Cases and measures with a signal that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.baselines.threads import one_thread
from radixgpt.case import Case, StatedFinding
from radixgpt.level import LUMBAR_DISCS

Made = tuple[list[Case], pd.DataFrame]
Synthetic = Callable[..., Made]

_SILENT = ("length_to_depth", "canal_ratio", "slip_ratio", "signal_to_vertebra", "signal_spread")


def make(
    patients: int = 45,
    *,
    seed: int = 0,
    development: int = 15,
    signal: float = 2.0,
    shuffled: bool = False,
    sequences: tuple[str, ...] = ("t2", "t1"),
) -> Made:
    """Patients whose discs wear by a hidden amount that height and T2 signal tell of.

    Narrowing is that amount above its middle, Pfirrmann its five parts; herniation is drawn at the
    two lowest levels alone. Shuffled grades keep their numbers and lose their discs.
    """
    rng = np.random.default_rng(seed)
    total = patients + development
    worn = rng.normal(size=(total, 5)) + 0.7 * rng.normal(size=(total, 1))
    graded = rng.permutation(worn.ravel()).reshape(worn.shape) if shuffled else worn
    cases, rows = [], []
    for p in range(total):
        findings = []
        for k, level in enumerate(LUMBAR_DISCS):
            grade = 1 + int(np.digitize(graded[p, k], [-1.2, -0.4, 0.4, 1.2]))
            herniated = k >= 3 and rng.random() < 0.5
            findings += [
                StatedFinding(level=level, kind="pfirrmann", value=grade),
                stated(level, "disc_narrowing", graded[p, k] > 0),
                stated(level, "disc_herniation", herniated),
            ]
            for sequence in sequences:
                rows.append(measured_row(p, level, sequence, worn[p, k], signal, rng))
        cases.append(
            Case(
                id=f"made/{p}",
                source="made",
                licence="CC0",
                patient=f"made/{p}",
                findings=tuple(findings),
                split="train" if p < patients else "development",
                facts={"sex": "FM"[p % 2]},
            )
        )
    return cases, pd.DataFrame(rows)


def stated(level: str, kind: str, there: bool) -> StatedFinding:
    return StatedFinding(level=level, kind=kind, assertion="present" if there else "absent")


def measured_row(
    patient: int, level: str, sequence: str, worn: float, signal: float, rng: np.random.Generator
) -> dict[str, Any]:
    height = 0.25 - 0.02 * signal * worn + 0.04 * rng.normal()
    return {
        "case": f"made/{patient}",
        "image": f"{patient}_{sequence}.png",
        "sequence": sequence,
        "level": level,
        "disc_height_index": height,
        "height_to_own_median": height / 0.25,
        "signal_to_canal": 0.4 - 0.05 * signal * worn + 0.1 * rng.normal(),
        **{name: rng.normal() for name in _SILENT},
        "reason": None,
    }


@pytest.fixture(scope="session")
def synthetic() -> Synthetic:
    """The maker of cases and measures."""
    return make


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield
