"""Score a corpus of pairs in blocks, and sum it up with intervals by study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.batch.block import SIZE, Block, blocks
from eval.batch.engine import Map
from eval.batch.family import Family, Shared
from eval.batch.marks import Marker
from eval.batch.metrics import FAMILIES
from eval.batch.pairs import Pair
from eval.statistics import by_study, interval, resampled
from eval.text.cider import Frequencies, Gathering
from eval.text.ngrams import Floats
from radixgpt.errors import RadixError, SettingsError

Say = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Scored:
    """The rows of some pairs.

    Attributes:
        ids: of the n pairs.
        groups: what the bootstrap draws as one.
        rows: family to its (n, k) rows.
    """

    ids: list[str]
    groups: list[str]
    rows: dict[str, Floats]

    def scores(self) -> dict[str, Floats]:
        """Each metric's score of each pair."""
        return {
            name: family.own.get(name, figure)(self.rows[family.name])
            for family in families(self.rows)
            for name, figure in family.figures.items()
        }


@dataclass(frozen=True)
class Score:
    """One metric of a corpus, with its 95 % interval by study.

    Attributes:
        metric: its name.
        value: of the whole corpus.
        low: lower end of the interval.
        high: upper end.
        studies: how many groups were drawn from.
        better: ``larger`` or ``smaller``.
        signature: preprocessing and flavour.
    """

    metric: str
    value: float
    low: float
    high: float
    studies: int
    better: str
    signature: str


@dataclass(frozen=True)
class _Job:
    names: tuple[str, ...]
    shared: Shared


def families(names: Iterable[str]) -> list[Family]:
    """Families by name.

    Raises:
        SettingsError: there is no such family.
    """
    wanted = list(names)
    unknown = [name for name in wanted if name not in FAMILIES]
    if unknown:
        raise SettingsError(
            f"There are no metrics named {', '.join(unknown)}.", f"Known: {', '.join(FAMILIES)}."
        )
    return [FAMILIES[name] for name in wanted]


def metrics(names: Iterable[str]) -> list[str]:
    """The metrics of families."""
    return [metric for family in families(names) for metric in family.figures]


def markers(names: Iterable[str]) -> list[Marker]:
    """What families tell of the findings of a pair."""
    return [family.marks for family in families(names) if family.marks is not None]


def usable(
    wanted: Iterable[str], shared: Shared | None = None
) -> tuple[list[str], dict[str, RadixError]]:
    """The families that can run on this machine, and what the others lack.

    Args:
        wanted: names of families; none for all but those that run on request, of which those that
            can't run are left out.
        shared: what the run is given.

    Raises:
        SettingsError: there is no such family.
        RadixError: a family that was asked for by name can't run here.
    """
    named = list(wanted)
    usual = [name for name, family in FAMILIES.items() if not family.on_request]
    context = shared or Shared()
    lacks = {family.name: family.missing(context) for family in families(named or usual)}
    left_out = {name: lack for name, lack in lacks.items() if lack is not None}
    if named and left_out:
        raise next(iter(left_out.values()))
    return [name for name in lacks if name not in left_out], left_out


def score(
    pairs: Iterable[Pair],
    names: Sequence[str],
    run: Map,
    *,
    shared: Shared | None = None,
    total: int = 0,
    size: int = SIZE,
    say: Say = lambda _what, _done, _total: None,
) -> Iterator[Scored]:
    """Score pairs block by block, in their order; ``pairs`` is gone through once or twice.

    Args:
        pairs: the corpus; it has to be the same each time it is gone through.
        names: families of metrics.
        run: where to work, from :func:`eval.batch.engine.engine`.
        shared: what the metrics need besides; document frequencies are added here.
        total: number of pairs, for the progress.
        size: pairs a block; results do not depend on it.
        say: told what is done, how many pairs of how many.

    Raises:
        SettingsError: there is no such family.
    """
    families(names)
    context = shared or Shared()
    if "coco" in names:
        gathered = Gathering()
        for part in run(_frequencies, blocks(pairs, size)):
            gathered.add(part)
            say("Counting words", gathered.items, total)
        context = replace(context, frequencies=gathered.total())
    done = 0
    try:
        for scored in run(_score, blocks(pairs, size), _Job(tuple(names), context)):
            done += len(scored.ids)
            say("Scoring", done, total)
            yield scored
    finally:
        for family in families(names):
            family.close()


def _frequencies(_: None, pairs: list[Pair]) -> Frequencies:
    block = Block(pairs)
    return Frequencies.of(block.counts("coco", 4)[1], block.item_of, len(block))


def _score(job: _Job, pairs: list[Pair]) -> Scored:
    block = Block(pairs)
    rows = {f.name: f.rows(block, job.shared) for f in families(job.names)}
    return Scored([pair.id for pair in pairs], [pair.group for pair in pairs], rows)


def joined(parts: Iterable[Scored]) -> Scored:
    """All blocks as one; a few dozen numbers a pair."""
    kept = list(parts)
    names = list(kept[0].rows) if kept else []
    return Scored(
        [name for part in kept for name in part.ids],
        [group for part in kept for group in part.groups],
        {name: np.concatenate([part.rows[name] for part in kept]) for name in names},
    )


def summary(
    scored: Scored, *, draws: int = 1000, seed: int = 0, shared: Shared | None = None
) -> list[Score]:
    """The corpus score of each metric with its interval; groups are drawn whole.

    Args:
        scored: all blocks.
        draws: of the bootstrap.
        seed: of the bootstrap.
        shared: what the run was given, for the signatures.
    """
    found: list[Score] = []
    context = shared or Shared()
    for family in families(scored.rows):
        rows = by_study(scored.groups, scored.rows[family.name])
        drawn = resampled(rows, draws=draws, seed=seed)
        for name, figure in family.figures.items():
            low, high = interval(figure(drawn))
            value = float(figure(rows.sum(axis=0, keepdims=True))[0])
            better = "smaller" if name in family.smaller else "larger"
            found.append(Score(name, value, low, high, len(rows), better, family.signed(context)))
    return found


def values(scores: Iterable[Score]) -> Mapping[str, float]:
    """Metric to corpus score."""
    return {score.metric: score.value for score in scores}
