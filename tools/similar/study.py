"""A study as an index is asked with it: vectors of its discs and slices, findings, fingerprints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from radixgpt.case import StatedFinding
from radixgpt.eligibility import Eligibility
from radixgpt.finding import ABSENT, GRADED, KINDS, OF_RADIOGRAPHS, PRESENT, Finding
from radixgpt.observation import Observation
from radixgpt.study import Series, Study
from retrieval.encoder import Encoder, Floats, Views
from retrieval.facts import Fact, Place, facts
from retrieval.overlap import Asked, Chances
from retrieval.prints import print_of
from tools import classifier, levels
from tools.framing import standardise
from tools.threads import one_thread


@dataclass(frozen=True, eq=False)
class LookedAt:
    """What an encoder saw of one study.

    Attributes:
        discs: level to the vector of its disc.
        image: vector of its mid-sagittal slices, or of its first picture; None where it was not
            looked at.
        prints: of the slices that were looked at.
    """

    discs: Mapping[str, Floats] = field(default_factory=dict)
    image: Floats | None = None
    prints: tuple[str, ...] = ()


_DISCS = 6
"""Discs from the lowest up that are looked at: the lumbar ones, and one for a shifted numbering."""
_SEEN: WeakKeyDictionary[Study, dict[str, tuple[list[int], Floats, Floats | None]]] = (
    WeakKeyDictionary()
)


def look(
    study: Study,
    eligibility: Eligibility,
    observations: Iterable[Observation],
    encoder: Encoder | None,
    *,
    whole: bool = False,
) -> LookedAt:
    """Look at a study after the tools; the vectors are kept while the study is.

    The discs find more in common without the whole slices than with them (``weights/similar``), and
    the slices take most of the time: a study that has discs does without.

    Args:
        study: after triage.
        eligibility: what triage said of it.
        observations: what ``tools.levels`` saw, for the names of the discs.
        encoder: None for the fingerprints alone.
        whole: look at the slices too where there are discs, as an index keeps both.

    Raises:
        WeightsError: weights are missing or damaged.
    """
    prints = tuple(found for one in study.series if (found := print_of(_middle(one, eligibility))))
    if encoder is None:
        return LookedAt(prints=prints)
    kept = _SEEN.setdefault(study, {})
    key = f"{encoder.sha256} {whole}"
    if key not in kept:
        with one_thread():
            kept[key] = _vectors(study, eligibility, encoder, whole=whole)
    places, vectors, image = kept[key]
    named = [o.level for o in observations if o.kind == "disc"]
    discs = {
        level: vector
        for place, vector in zip(places, vectors, strict=True)
        if place < len(named) and (level := named[place]) is not None
    }
    return LookedAt(discs, image, prints)


def _middle(series: Series, eligibility: Eligibility) -> Floats:
    index = eligibility.mid_slices.get(series.key, series.slices // 2)
    slice_: Floats = series.pixels[index]
    return slice_


def _vectors(
    study: Study, eligibility: Eligibility, encoder: Encoder, *, whole: bool
) -> tuple[list[int], Floats, Floats | None]:
    """Places of the discs above the lowest with their vectors, and the vector of the slices."""
    pictures: list[Views] = []
    places: list[int] = []
    if eligibility.gradable:
        cut, _ = classifier.cuts(study, eligibility)
        places = sorted(cut)[:_DISCS]
        pictures = [{name: crop.pixels for name, crop in cut[place].items()} for place in places]
    if whole or not places:
        pictures += _slices(study, eligibility)
    if not pictures:
        return [], np.zeros((0, encoder.dimension), np.float32), None
    vectors = _side_by_side(encoder, pictures)
    return places, vectors[: len(places)], vectors[-1] if len(vectors) > len(places) else None


def _slices(study: Study, eligibility: Eligibility) -> list[Views]:
    """The graded slices together, or else the first picture; none of an empty study."""
    if eligibility.gradable:
        found: dict[str, Floats] = {}
        for view in levels.views(study, eligibility):
            name = "t1" if view.series.key == eligibility.t1 else "t2"
            found.setdefault(name, view.framed.pixels)
        return [found]
    if not study.series:
        return []
    return [{"grey": standardise(_middle(study.series[0], eligibility))}]


def _side_by_side(encoder: Encoder, pictures: Sequence[Views]) -> Floats:
    """The vectors of pictures; two halves at once use two cores better than two threads of one."""
    halves = (pictures[::2], pictures[1::2])
    with ThreadPoolExecutor(len(halves)) as pool:
        even, odd = pool.map(encoder.images, halves)
    out = np.empty((len(pictures), encoder.dimension), np.float32)
    out[::2], out[1::2] = even, odd
    return out


# --- findings -------------------------------------------------------------------------------------


def asked_by(
    observations: Iterable[Observation], findings: Sequence[Finding] = (), *, level: str = ""
) -> Asked:
    """What a study asks for: each graded finding with the chances that the tools give it.

    Args:
        observations: what the tools saw.
        findings: of the report; those that the reader set stand before the tools'.
        level: of this disc alone; empty for all.
    """
    asked: dict[Place, Chances] = {}
    for one in observations:
        if one.kind in (*GRADED, *OF_RADIOGRAPHS) and one.probabilities:
            asked.update(_chances(one.kind, one.level, one.probabilities))
    for finding in findings:
        if finding.set_by_reader and finding.value is not None:
            asked.update(_chances(finding.kind, finding.level, {str(finding.value): 1.0}))
    return {place: chances for place, chances in asked.items() if level in ("", place[1])}


def doubted_by(
    observations: Iterable[Observation], findings: Sequence[Finding] = ()
) -> frozenset[Place]:
    """The places of which the tools say "indeterminate", and the reader nothing.

    Such a place asks with its chances like the others, but is not told as seen.
    """
    doubted: set[Place] = set()
    for one in observations:
        if one.kind in (*GRADED, *OF_RADIOGRAPHS) and one.probabilities and one.value is None:
            doubted.update(_chances(one.kind, one.level, one.probabilities))
    for finding in findings:
        if finding.set_by_reader and finding.value is not None:
            doubted.difference_update(
                _chances(finding.kind, finding.level, {str(finding.value): 1.0})
            )
    return frozenset(doubted)


def _chances(kind: str, level: str | None, named: Mapping[str, float]) -> dict[Place, Chances]:
    """Values with their chances as states with theirs, at the place of the kind."""
    found: dict[Place, dict[Fact, float]] = {}
    known = {str(value) for value in KINDS[kind].values}
    for value, chance in named.items():
        if value not in known:
            continue
        for place, fact in facts([stated(kind, level, value)]).items():
            states = found.setdefault(place, {})
            states[fact] = states.get(fact, 0.0) + chance
    return {place: tuple(states.items()) for place, states in found.items()}


def stated(kind: str, level: str | None, value: str) -> StatedFinding:
    """A value as the tools name it, as a finding that is stated."""
    if value in (PRESENT, ABSENT) or KINDS[kind].type != "grade":
        said = ABSENT if value == ABSENT else PRESENT
        return StatedFinding.model_validate({"level": level, "kind": kind, "assertion": said})
    return StatedFinding.model_validate(
        {"level": level, "kind": kind, "value": int(value),
         "assertion": ABSENT if value == "0" else PRESENT}
    )  # fmt: skip
