"""Figures of spondylolisthesis on lateral films: what ships, and what was tried before.

Every lateral film of the set is labelled spondylolisthesis, so no classifier of films can be
learnt from it. What can be asked is whether the slipped disc of a film can be told from the other
discs of the same film: its names tell the level. The column network of ``weights/levels``, which
learnt from MR, was tried first; the heads of :mod:`finetune.radiographs_slip`, which learnt from
marked corners, ship.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from finetune.radiographs_data import Film
from finetune.radiographs_seen import auroc, drawn
from finetune.radiographs_slip import crossed
from finetune.radiographs_slip_figures import (
    area_rows,
    confound_rows,
    error_line,
    film_rows,
    judged,
    marks_rows,
)
from radixgpt.level import disc_index
from tools import levels, slips
from tools.column import Column
from tools.column_net import VERTEBRA
from tools.columns import columns_of
from tools.triage_weights import eyes

Floats = npt.NDArray[np.float64]
NEEDED = 0.8
"""Area under the ROC curve, at the lower end of its interval, below which the tool abstains."""


@dataclass(frozen=True)
class Step:
    """A disc of a lateral film: its place above the lowest, its step, and whether it is named."""

    group: int
    place: int
    step: float | None
    bodies: float | None
    named: bool


def oriented(film: Film) -> Column:
    """The column of a lateral film, mirrored if that looks more like a lumbar column."""
    both = columns_of(levels.model(), [film.pixels, film.pixels[:, ::-1]], [None, None])
    return max((column for _, column in both), key=eyes().rules.lumbar)


def steps(film: Film) -> list[Step]:
    """The discs from the lowest to L1-L2 as they are counted on MR."""
    column = oriented(film)
    named = {disc_index(level) for level in film.levels}
    out = []
    for place, disc in enumerate(column.discs[:5]):
        walls = None if disc is None else slips.measure(column, disc).walls
        usual = slips.usual().walls
        against = None if walls is None else abs(walls - usual[min(place, len(usual) - 1)])
        bodies = None if disc is None else _shift(column, disc.centre, disc.along)
        out.append(Step(film.group, place, against, bodies, place in named))
    return out


def _shift(column: Column, centre: Floats, along: Floats) -> float | None:
    """Shift of the centres of the bodies above and below along the disc, in vertebral depths.

    Each body is the part of the vertebra class within a depth above or below; its middle along
    the disc is the mean of its 5th and 95th percentile, so that ragged rims weigh little.
    """
    across = np.array([-along[1], along[0]])
    rows, columns = np.nonzero(ndimage.binary_opening(column.classes == VERTEBRA))
    away = np.stack([columns, rows], 1) - centre
    up, side = away @ across / column.depth, away @ along / column.depth
    middles = []
    for low, high in ((-0.55, -0.1), (0.1, 0.55)):
        some = side[(up > low) & (up < high) & (np.abs(side) < 0.9)]
        if len(some) < 25:
            return None
        middles.append(float(np.percentile(some, (5, 95)).mean()))
    return abs(middles[1] - middles[0])


def slips_table(every: Items[Film]) -> list[str]:
    """Whether measured steps tell the named disc from the others of the same film."""
    lateral = [f for f in every if f.view == "lateral" and f.levels]
    found = [step for film in lateral for step in steps(film)]
    out = [
        "| Tried before: the column network that learnt from MR, on "
        f"{len(lateral)} films with a named level, {len(found)} discs, "
        f"{sum(s.named for s in found)} named | AUROC of named against other discs |",
        "|---|---|",
    ]
    measures: tuple[tuple[str, Callable[[Step], float | None]], ...] = (
        ("Step of the posterior walls", lambda s: s.step),
        ("Shift of the bodies", lambda s: s.bodies),
        ("Baseline: place above the lowest disc alone", lambda s: -abs(s.place - 0.9)),
    )
    for name, measure in measures:
        known = [(s, value) for s in found if (value := measure(s)) is not None]
        area = _area(known)
        out.append(f"| {name}, measured at {len(known)} discs | {area} |")
    return [*out, ""]


def measured_table(every: Items[Film], out: Path) -> list[str]:
    """What the heads measure on films that they never saw, what is said, and what misleads it.

    Args:
        every: all films.
        out: where the heads of the folds lie.
    """
    heads = crossed(every, out)
    seen = judged(every, heads)
    ap = [f for f in every if f.held_out and f.view == "ap"]
    return [
        "| Spondylolisthesis on lateral films, each measured by heads that never saw its group | "
        "discs, named | AUROC of named against other discs |",
        "|---|---|---|",
        *marks_rows(every),
        *area_rows(seen),
        "",
        f"A measure is used from a lower end of {NEEDED} on.",
        "",
        error_line(seen),
        "",
        "| What is said of the same films | |",
        "|---|---|",
        *film_rows(seen),
        "",
        "| Is it the slip that is seen? | |",
        "|---|---|",
        *confound_rows(seen, ap, heads["all"]),
    ]


def _area(known: Items[tuple[Step, float]]) -> str:
    """Area under the ROC curve of a measure, with its interval."""
    score = np.array([value for _, value in known])
    truth = np.array([s.named for s, _ in known])
    return drawn([s.group for s, _ in known], lambda rows: auroc(score[rows], truth[rows]))
