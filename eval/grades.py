"""How grades are marked: agreement, discrimination, calibration, and intervals by study."""

from __future__ import annotations

from radixgpt.statistics import (
    auroc,
    balanced_accuracy,
    expected_calibration_error,
    interval,
    quadratic_kappa,
    within_one,
)

__all__ = [
    "auroc",
    "balanced_accuracy",
    "expected_calibration_error",
    "interval",
    "quadratic_kappa",
    "within_one",
]
