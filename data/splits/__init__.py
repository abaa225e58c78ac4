"""Splits: by patient, duplicates kept together, rare findings shared out."""

from __future__ import annotations

from data.splits.stratify import by_patient, deal

__all__ = ["by_patient", "deal"]
