"""How likely each statement of a text is by what the tools saw.

The chance of a statement comes from the probabilities of the observations at its level: of a
finding as present, of a Pfirrmann grade, of a Modic type. A grade counts as met by its neighbours
too, as two readers often differ by one (quadratic kappa about 0.6, Pfirrmann 2001); a finding
without a level is met anywhere in the study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from radixgpt.case import StatedFinding
from radixgpt.finding import ABSENT, GRADED, PRESENT
from radixgpt.level import DISCS
from radixgpt.observation import Evidence, Observation

DEGENERATED = 3
"""The Pfirrmann grade from which a disc is called degenerated."""
Seen = Mapping[tuple[str, str | None], Observation]
"""Observations by kind and level."""


@dataclass(frozen=True)
class Chance:
    """What the tools give a statement.

    Attributes:
        chance: probability that it holds; of a grade, that it is right or off by one.
        against: how much less likely it is than the likeliest value, 0 to 1; 1 where it is that.
        unsure: whether a tool itself called what it rests on indeterminate.
        level: where it was looked for; None for the whole study.
        evidence: the image regions that were looked at.
        said: the value that the tools hold likeliest, in words.
    """

    chance: float
    against: float
    unsure: bool
    level: str | None
    evidence: tuple[Evidence, ...]
    said: str


@dataclass(frozen=True)
class Unchecked:
    """Why nothing can be said of a statement."""

    reason: str


def by_place(observations: Iterable[Observation]) -> Seen:
    """Observations that have probabilities, or say that they could not be assessed."""
    return {
        (o.kind, o.level): o
        for o in observations
        if o.probabilities or o.status == "not_assessable"
    }


def chance_of(stated: StatedFinding, seen: Seen) -> Chance | Unchecked:
    """What the tools give one statement."""
    if stated.assertion in ("uncertain", "historical"):
        return Unchecked(f"the text itself calls it {stated.assertion}")
    kinds = observed_kinds(stated.kind)
    levels = sorted({level for kind, level in seen if kind in kinds}, key=str)
    if not levels:
        if any(kind in GRADED for kind in kinds):
            return Unchecked("no disc was graded in these images")
        return Unchecked("no tool here looks for it")
    if stated.level is not None and stated.level not in levels:
        where = "that level" if stated.level in DISCS else "single vertebrae"
        return Unchecked(f"no tool looked at {where}")
    places = [stated.level] if stated.level is not None else levels
    parts = [_at(stated, [seen[k, place] for k in kinds if (k, place) in seen]) for place in places]
    known = [part for part in parts if isinstance(part, Chance)]
    if not known:
        return next(part for part in parts if isinstance(part, Unchecked))
    if len(known) == 1 and stated.level is not None:
        return known[0]
    return _anywhere(stated, known, every=len(known) == len(parts))


def observed_kinds(kind: str) -> tuple[str, ...]:
    """The kinds of observation that speak of a kind as texts name it."""
    return _KINDS.get(kind, (kind,))


def _anywhere(stated: StatedFinding, parts: Sequence[Chance], *, every: bool) -> Chance | Unchecked:
    """A statement without a level: present somewhere, or absent everywhere."""
    if stated.assertion == "absent":
        if not every:
            return Unchecked("it was not looked for at every level")
        chance = prod(part.chance for part in parts)
        worst = min(parts, key=lambda part: part.chance)
    else:
        chance = 1 - prod(1 - part.chance for part in parts)
        worst = max(parts, key=lambda part: part.chance)
    return Chance(
        chance=chance,
        against=_odds(chance),
        unsure=worst.unsure,
        level=worst.level,
        evidence=worst.evidence,
        said=worst.said,
    )


def _at(stated: StatedFinding, here: Sequence[Observation]) -> Chance | Unchecked:
    """A statement at one level by the observations of its kinds there."""
    read = [o for o in here if o.probabilities]
    if not read:
        return Unchecked(next((o.reason for o in here if o.reason), "") or "it was not assessed")
    present = 1 - prod(1 - _present(o) for o in read)
    chance, against = present, _odds(present)
    if stated.assertion == "absent":
        chance, against = 1 - present, _odds(1 - present)
    elif isinstance(grade := stated.value, int) and stated.kind in _GRADED:
        named = read[0].probabilities
        near = (grade - 1, grade, grade + 1) if stated.kind == "pfirrmann" else (grade,)
        chance = sum(named.get(str(value), 0.0) for value in near)
        against = named.get(str(grade), 0.0) / max(named.values())
    likeliest = max(read, key=_present)
    return Chance(
        chance=min(chance, 1.0),
        against=min(against, 1.0),
        unsure=any(o.status == "indeterminate" for o in read),
        level=likeliest.level,
        evidence=likeliest.evidence,
        said=_said(likeliest, _present(likeliest)),
    )


def _present(observation: Observation) -> float:
    """The chance that a kind of finding is there at all."""
    named = observation.probabilities
    if observation.kind in _GRADED:
        return _GRADED[observation.kind](named)
    return named.get(PRESENT, 1 - named.get(ABSENT, 1.0))


def _degenerated(named: Mapping[str, float]) -> float:
    return sum(p for grade, p in named.items() if grade.isdecimal() and int(grade) >= DEGENERATED)


def _changed(named: Mapping[str, float]) -> float:
    return sum(p for kind, p in named.items() if kind.isdecimal() and kind != "0")


_GRADED: Mapping[str, Callable[[Mapping[str, float]], float]] = {
    "pfirrmann": _degenerated,
    "modic": _changed,
}
_KINDS: Mapping[str, tuple[str, ...]] = {
    "disc_degeneration": ("pfirrmann",),
    "endplate_change": ("endplate_upper", "endplate_lower"),
}
"""The observations that speak of a kind which texts name by another word."""


def _odds(chance: float) -> float:
    """A chance against that of its contrary, at most 1."""
    return 1.0 if chance >= 0.5 else chance / (1 - chance)


def _said(observation: Observation, present: float) -> str:
    named = observation.probabilities
    if observation.kind == "pfirrmann":
        grade = max(named, key=lambda value: named[value])
        return f"Pfirrmann {grade} ({named[grade]:.0%})"
    if observation.kind == "modic":
        kind = max(named, key=lambda value: named[value])
        return f"Modic {kind} ({named[kind]:.0%})"
    return f"present {present:.0%}"
