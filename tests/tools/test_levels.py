"""The shipped column network on phantoms with exact truth, and on real slices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.synth.phantom import Disc
from radixgpt.errors import LevelError
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation
from tools import levels


@pytest.fixture(scope="module")
def seen(phantom_study: Callable[..., Any]) -> tuple[list[Observation], dict[str, object]]:
    study, eligible, centres = phantom_study()
    return levels.run(study, eligible), centres


def test_lumbar_discs_are_where_they_were_drawn(
    seen: tuple[list[Observation], dict[str, object]],
) -> None:
    observations, centres = seen
    discs = {o.level: o for o in observations if o.kind == "disc" and o.status == "value"}
    assert set(LUMBAR_DISCS) <= set(discs)
    for level in LUMBAR_DISCS:
        for evidence in discs[level].evidence:
            assert evidence.axis is not None
            middle = np.mean(evidence.axis, axis=0)
            assert middle == pytest.approx(np.asarray(centres[level]), abs=9), level


def test_every_disc_has_evidence_in_both_series(
    seen: tuple[list[Observation], dict[str, object]],
) -> None:
    for o in seen[0]:
        if o.kind == "disc" and o.level in LUMBAR_DISCS:
            assert {e.series for e in o.evidence} == {"s1", "s2"}
            assert all(len(e.polygon) > 6 for e in o.evidence)


def test_the_numbering_basis_is_stated(seen: tuple[list[Observation], dict[str, object]]) -> None:
    numbering = next(o for o in seen[0] if o.kind == "numbering")
    assert "L5-S1" in str(numbering.value)


def test_a_rival_of_the_lowest_disc_makes_the_numbering_uncertain(
    phantom_study: Callable[..., Any],
) -> None:
    study, eligible, _ = phantom_study()
    found = levels.views(study, eligible)
    again = [levels.View(v.series, v.index, v.framed, v.column, doubt=0.9) for v in found]
    numbering = next(o for o in levels.observe(again) if o.kind == "numbering")
    assert numbering.status == "indeterminate"
    assert "uncertain" in str(numbering.value)
    decided = next(o for o in levels.observe(again, shift=1) if o.kind == "numbering")
    assert decided.status == "value"
    assert "uncertain" not in str(decided.value)


def test_a_slip_is_measured_at_every_level_and_on_the_sacrum(
    phantom_study: Callable[..., Any],
) -> None:
    for name in ("L4_L5", "L5_S1"):
        study, eligible, _ = phantom_study(**{name: Disc(4, narrowing=0.3, slip_mm=6.0)})
        slip = {o.level: o.value for o in levels.run(study, eligible) if o.kind == "slip_mm"}
        assert slip[name.replace("_", "-")] == pytest.approx(6.0, abs=2.5)


def test_a_shift_renames_everything(phantom_study: Callable[..., Any]) -> None:
    study, eligible, _ = phantom_study()
    plain, shifted = levels.run(study, eligible), levels.run(study, eligible, shift=1)
    before = [o.level for o in plain if o.kind == "disc"]
    after = [o.level for o in shifted if o.kind == "disc"]
    assert after[:-1] == before[1:]
    assert after[0] == "L4-L5"
    assert "shifted" in str(next(o for o in shifted if o.kind == "numbering").value)
    with pytest.raises(LevelError):
        levels.run(study, eligible, shift=40)


def test_no_millimetres_without_spacing(phantom_study: Callable[..., Any]) -> None:
    study, eligible, _ = phantom_study(millimetres=False)
    kinds = {o.kind for o in levels.run(study, eligible)}
    assert "disc_height_index" in kinds
    assert not any(kind.endswith("_mm") for kind in kinds)


@pytest.mark.data
def test_real_development_slices_are_numbered_as_by_eye(shared_data: Path) -> None:
    from finetune import spider
    from finetune.classifier_look import study_of

    _, development = spider.split(shared_data)
    right = 0
    for patient in development[:6]:
        study, eligible = study_of(shared_data, patient)
        view = levels.views(study, eligible)[0]
        truth = spider.points()[f"{patient}_t2"]
        centre = view.framed.to_frame([truth["L4-L5"]])[0]
        disc = view.disc(1)
        right += disc is not None and bool(np.hypot(*(disc.centre - centre)) < disc.length / 2)
    assert right >= 5
