"""Whether two series show the same spine: phantoms with themselves and with others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.synth.phantom import Disc
from etl.extract import extract
from tools import levels, same_spine


def test_t1_and_t2_of_one_phantom_agree(phantom_study: Callable[..., Any]) -> None:
    study, eligible, _ = phantom_study()
    seen = levels.views(study, eligible)
    (t2, t1) = seen
    value = same_spine.alike(t2.framed.pixels, t2.column, t1.framed.pixels, t1.column)
    assert value is not None
    assert value > same_spine.UNLIKE
    assert not any(o.kind == "agreement" for o in levels.observe(seen))


def test_a_series_of_another_spine_is_told(phantom_study: Callable[..., Any]) -> None:
    study, eligible, _ = phantom_study()
    mine = levels.views(study, eligible)
    bent = phantom_study(L2_L3=Disc(5, narrowing=0.7), L4_L5=Disc(4, narrowing=0.5, slip_mm=8.0))
    theirs = levels.views(*bent[:2])
    observed = levels.observe([mine[0], theirs[1]])
    told = [o for o in observed if o.kind == "agreement"]
    assert [o.status for o in told] == ["indeterminate"]
    facts = extract(study, eligible, observed).facts
    assert facts.warnings[0] == same_spine.UNLIKE_TEXT


def test_too_few_discs_say_nothing(phantom_study: Callable[..., Any]) -> None:
    view = levels.views(*phantom_study()[:2])[0]
    frame, column = view.framed.pixels, view.column
    few = type(column)(column.discs[:3], column.depth, column.anchor_chance, column.classes)
    assert same_spine.alike(frame, few, frame, column) is None
    assert same_spine.alike(frame, column, frame, column) == pytest.approx(1)


@pytest.mark.data
def test_pairs_of_patients_are_told_apart(shared_data: Path) -> None:
    from finetune import spider
    from finetune.same_spine import correlations

    own, crossed = correlations(shared_data, spider.split(shared_data)[1][:10])
    assert min(own) > same_spine.UNLIKE
    assert np.mean(np.array(crossed) < same_spine.UNLIKE) > 0.5
