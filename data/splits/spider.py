"""The split of SPIDER's patients, fixed: the weights that ship were trained on its first part.

What those weights learned from must not turn up in a development or test set of anything else, so
this split has its own seed and share, whatever the others are. There is no test part: the data
set's official validation patients are for the final measurement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

import yaml
from pydantic import TypeAdapter

from data.splits.stratify import by_patient
from radixgpt.case import Split

SEED = 20
DEVELOPMENT_SHARE = 0.2
BINARY = (
    "endplate_upper",
    "endplate_lower",
    "spondylolisthesis",
    "herniation",
    "narrowing",
    "bulging",
)
"""Columns of the gradings that are 0 or 1."""


def labels_of(*, pfirrmann: int, modic: int, binary: Mapping[str, int]) -> frozenset[str]:
    """The labels of one graded disc that the split is stratified on.

    Args:
        pfirrmann: 1 to 5.
        modic: 0 to 3.
        binary: every column of ``BINARY`` to 0 or 1.
    """
    graded = {f"pfirrmann{pfirrmann}", f"modic{modic}"}
    return frozenset(graded | {f"{name}{binary[name]}" for name in BINARY})


def split(
    discs: Iterable[tuple[int, frozenset[str]]],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Training and development patients.

    Args:
        discs: of each graded disc that has a name (a disc 0, below L5-S1, has none), the patient
            and the labels.

    Returns:
        Both parts in the order of the patients' numbers.
    """
    labels: dict[int, set[str]] = {}
    for patient, found in discs:
        labels.setdefault(patient, set()).update(found)
    frozen = {patient: frozenset(found) for patient, found in sorted(labels.items())}
    train, development = by_patient(frozen, share=DEVELOPMENT_SHARE, seed=SEED)
    return tuple(train), tuple(development)


@cache
def fixed_sides() -> dict[int, Split]:
    """The sides of the patients that the shipped weights were trained and tuned on."""
    text = resources.files("data.splits").joinpath("spider.yaml").read_text(encoding="utf-8")
    kept = TypeAdapter(dict[Split, list[int]]).validate_python(yaml.safe_load(text))
    return {patient: side for side, patients in kept.items() for patient in patients}
