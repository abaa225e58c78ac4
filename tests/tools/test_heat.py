"""Maps of where the classifier looked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from data.synth.phantom import Disc
from radixgpt.errors import LevelError
from tools import classifier, crops, heat, levels
from tools.framing import frame


def test_a_map_is_laid_back_where_its_crop_was_cut(phantom_study: Callable[..., Any]) -> None:
    study, eligibility, _ = phantom_study()
    view = levels.views(study, eligibility)[0]
    disc = next(d for d in view.column.discs if d is not None)
    values = np.zeros((7, 9))
    values[3, 4] = 1.0  # the middle of the crop
    laid = crops.spread(values, view.pixels.shape, view.framed, disc, view.column.depth)
    y, x = np.unravel_index(laid.argmax(), laid.shape)
    middle = view.framed.to_slice((disc.anterior + disc.posterior) / 2)[0]
    depth = view.column.depth / view.framed.scale[0]
    assert np.hypot(x - middle[0], y - middle[1]) < 0.2 * depth
    assert laid.max() <= 1.0
    assert (laid > 0).mean() < 0.05


def test_a_crop_and_its_way_back_agree(phantom_study: Callable[..., Any]) -> None:
    study, eligibility, _ = phantom_study()
    view = levels.views(study, eligibility)[0]
    disc = next(d for d in view.column.discs if d is not None)
    framed = frame(view.pixels, 224, (1.0, 1.0))
    smooth = np.indices(view.pixels.shape).sum(0).astype(np.float32)
    cut = crops.cut(smooth, framed, disc, view.column.depth)
    laid = crops.spread(cut, view.pixels.shape, framed, disc, view.column.depth)
    centre = framed.to_slice((disc.anterior + disc.posterior) / 2)[0].round().astype(int)
    near = np.s_[centre[1] - 4 : centre[1] + 5, centre[0] - 4 : centre[0] + 5]
    assert np.abs(laid[near] - smooth[near]).max() < 2.0


def test_heat_lies_at_the_disc_that_was_graded(phantom_study: Callable[..., Any]) -> None:
    study, eligibility, centres = phantom_study(**{"L4-L5": Disc(pfirrmann=5)})
    found = levels.run(study, eligibility)
    graded = classifier.run(study, eligibility, found)
    wanted = next(o for o in graded if (o.level, o.kind) == ("L4-L5", "pfirrmann"))
    maps = heat.run(study, eligibility, found, wanted)
    assert [m.series for m in maps] == [eligibility.t2, eligibility.t1]
    assert max(m.values.max() for m in maps) == pytest.approx(1.0, abs=0.2)
    for one in maps:
        assert one.values.shape == study.one(one.series).pixels.shape[1:]
        assert (one.values >= 0).all()
        rows, columns = np.nonzero(one.values > 0.3)
        if len(rows):
            depth = levels.views(study, eligibility)[0].column.depth
            away = np.hypot(columns - centres["L4-L5"][0], rows - centres["L4-L5"][1])
            scale = levels.views(study, eligibility)[0].framed.scale[0]
            assert away.max() < 1.6 * depth / scale


def test_what_nothing_looked_at_has_no_map(phantom_study: Callable[..., Any]) -> None:
    study, eligibility, _ = phantom_study()
    found = levels.run(study, eligibility)
    graded = classifier.run(study, eligibility, found)
    none = graded[0].model_copy(update={"status": "not_assessable", "value": None})
    with pytest.raises(LevelError):
        heat.run(study, eligibility, found, none)
