"""Phantoms as studies that are ready to be graded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from data.synth.phantom import Disc, Phantom, render
from radixgpt.eligibility import Eligibility
from radixgpt.study import Geometry, Modality, Plane, Sequence, Series, Study

PhantomStudy = Callable[..., tuple[Study, Eligibility, Mapping[str, tuple[float, float]]]]


@pytest.fixture(scope="session")
def phantom_study() -> PhantomStudy:
    """A function from discs to a two-series study, its eligibility and its disc centres."""

    def make(
        *, millimetres: bool = True, **discs: Disc
    ) -> tuple[Study, Eligibility, Mapping[str, tuple[float, float]]]:
        rendered = render(Phantom().with_discs(**discs), size=320)
        series = tuple(
            Series(
                key=f"s{i + 1}",
                pixels=np.asarray(pixels, np.float32)[None],
                modality=Modality.MR,
                plane=Plane.SAGITTAL,
                sequence=Sequence(name),
                geometry=Geometry(rendered.spacing) if millimetres else None,
            )
            for i, (name, pixels) in enumerate(rendered.images.items())
        )
        keys = {s.sequence: s.key for s in series}
        eligible = Eligibility(
            True,
            t1=keys[Sequence.T1],
            t2=keys[Sequence.T2],
            mid_slices=dict.fromkeys(keys.values(), 0),
        )
        return Study("phantom", series), eligible, rendered.disc_centres

    return make
