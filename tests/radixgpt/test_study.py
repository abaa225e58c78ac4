"""The study as a value."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from radixgpt.errors import InputError
from radixgpt.study import (
    BodyRegion,
    Geometry,
    Modality,
    Plane,
    Sequence,
    Series,
    Study,
)


def series(key: str = "s1", **facts: object) -> Series:
    return Series(key=key, pixels=np.zeros((3, 4, 5), np.float32), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(4, 5), (0, 4, 5), (1, 2, 3, 4), (3, 0, 5)])
def test_a_series_has_slices_rows_and_columns(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="shape"):
        Series(key="s1", pixels=np.zeros(shape, np.float32))


def test_nothing_is_claimed_of_a_bare_series() -> None:
    bare = series()
    assert bare.slices == 3
    assert (bare.modality, bare.plane) == (Modality.UNKNOWN, Plane.UNKNOWN)
    assert (bare.sequence, bare.region) == (Sequence.UNKNOWN, BodyRegion.UNKNOWN)
    assert not bare.has_millimetres()
    assert bare.contrast_agent is None
    assert bare.facts_from == {}


def test_spacing_gives_millimetres() -> None:
    assert series(geometry=Geometry(spacing=(0.5, 0.75))).has_millimetres()


def test_facts_are_added_with_their_source_to_a_copy() -> None:
    before = series(facts_from={"plane": "header"})
    after = before.with_facts("pixels", sequence=Sequence.T2, region=BodyRegion.LUMBAR)
    assert after.sequence is Sequence.T2
    assert after.region is BodyRegion.LUMBAR
    assert after.facts_from == {"plane": "header", "sequence": "pixels", "region": "pixels"}
    assert before.sequence is Sequence.UNKNOWN
    assert before.facts_from == {"plane": "header"}
    assert after.pixels is before.pixels


def test_a_study_can_not_be_changed() -> None:
    study = Study(key="study-1", series=(series(),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.key = "other"  # type: ignore[misc]


def test_series_are_found_by_their_handle() -> None:
    study = Study(key="study-1", series=(series("s1"), series("s2")))
    assert study.one("s2").key == "s2"
    with pytest.raises(InputError, match="Use one of: s1, s2"):
        study.one("s3")
    with pytest.raises(InputError, match="Use one of: none"):
        Study(key="study-1", series=()).one("s1")


def test_one_synthetic_series_marks_the_study() -> None:
    assert not Study(key="k", series=(series(),)).synthetic
    assert Study(key="k", series=(series("s1"), series("s2", synthetic=True))).synthetic
