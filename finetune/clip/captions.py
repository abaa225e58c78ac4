"""Captions generated from gradings, and what each of them states.

A caption states facts: of some kinds, which grades it allows. So it can be said of every image
whether a caption is true of it: many discs share their gradings, and most captions leave something
out. The words are those of the generated reports (``data.generated``), and further ones in
``phrases.yaml``. The facts are gradings only; a caption is generated from labels, not written by a
reader. Words of degree on what was only graded as there or not ("severe narrowing") are taken as
"there", for that is how people ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from data.generated import text
from radixgpt.level import LUMBAR_DISCS, disc_at

Facts = Mapping[str, int]
"""Graded kind to grade; ``level`` counts discs above L5-S1. Of a slice the keys are ``0 modic``."""
Stated = dict[str, tuple[int, ...]]
"""Kind to the grades that a caption allows."""

LEVEL = "level"
BINARY = (
    "disc_narrowing",
    "disc_bulging",
    "disc_herniation",
    "endplate_upper",
    "endplate_lower",
    "spondylolisthesis",
)
KINDS = ("pfirrmann", "modic", *BINARY)
GRADES: dict[str, tuple[int, ...]] = {
    LEVEL: tuple(range(10)),
    "pfirrmann": (1, 2, 3, 4, 5),
    "modic": (0, 1, 2, 3),
    **dict.fromkeys(BINARY, (0, 1)),
}
"""All values of each kind of fact."""
GROUPS = {"level": (LEVEL,), "grade": ("pfirrmann",), "finding": ("modic", *BINARY)}
"""What a hard negative may differ in."""
_ABSENT_SHARE, _PARTIAL_SHARE = 0.3, 0.4
_PLACED_SHARE, _PLACED_REPORTS = 0.6, 0.75
_ROMAN = ("", "I", "II", "III", "IV", "V")
_DEGENERATED = 3
_DENIED = {
    "endplate_upper": "endplate changes above the disc",
    "endplate_lower": "endplate changes below the disc",
}


@dataclass(frozen=True)
class Caption:
    """A text with what it states."""

    text: str
    stated: Stated

    def holds(self, facts: Facts) -> bool:
        """Whether it is true of an image of these facts; not if one of them is unknown."""
        return all(facts.get(kind) in allowed for kind, allowed in self.stated.items())


@cache
def phrases() -> dict[str, Any]:
    """The words, from the table beside this module."""
    table = Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(table)
    return found


def level_name(index: int, rng: Random) -> str:
    """A disc in one of the ways that it is written."""
    above, below = disc_at(index).split("-")
    number = below[1:] if below[0] == above[0] else below
    return str(rng.choice(phrases()["level"])).format(a=above, b=below, n=number)


def pick(seed: str, name: str, items: Sequence[Any]) -> Any:
    """One of some items; each place in a text draws on its own, whatever the others are."""
    return items[int(Random(f"{seed} {name}").random() * len(items))]


def said(kind: str, grade: int, seed: str) -> tuple[str, tuple[int, ...]]:
    """Words for a grade, and all grades that they would be as true of."""
    row = pick(seed, f"row {kind}", [r for r in phrases()[kind] if grade in r["grades"]])
    return str(pick(seed, f"words {kind}", row["said"])), tuple(row["grades"])


def report(facts: Facts, kinds: Sequence[str], seed: str, placed: bool = True) -> Caption:
    """A caption in the words of the generated reports: each of the kinds, and mostly the level."""
    words = text.phrases()
    index = facts[LEVEL]
    there: list[str] = []
    for kind in [k for k in KINDS if k in kinds]:
        grade = facts[kind]
        if kind == "pfirrmann":
            name = "pfirrmann" if grade >= _DEGENERATED else "healthy"
            one = pick(seed, kind, words[name])
            there.append(one.format(roman=_ROMAN[grade], number=grade).rstrip(","))
        elif grade:
            there.append(pick(seed, kind, words[kind]).format(number=grade))
    denied = [_DENIED.get(k) or words["denied_names"][k] for k in kinds if not facts[k]]
    name = f"report{'' if denied else '_all'}{'' if placed else '_placeless'}"
    form = pick(seed, "form", phrases()[name])
    made = form.format(
        level=level_name(index, Random(f"{seed} level")),
        there=_listed(there or ["disc"], "and"),
        denied=_listed(denied or [""], "or"),
    )
    stated: Stated = {kind: (facts[kind],) for kind in kinds}
    return Caption(made, {LEVEL: (index,), **stated} if placed else stated)


def _listed(items: Sequence[str], last: str) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def short(facts: Facts, kinds: Sequence[str], placed: bool, seed: str) -> Caption:
    """A caption such as a reader would search with: some kinds, with or without the level."""
    told = [said(kind, facts[kind], seed) for kind in kinds]
    stated: Stated = {kind: grades for kind, (_, grades) in zip(kinds, told, strict=True)}
    whole = str(pick(seed, "between", phrases()["between"])).join(one for one, _ in told)
    form = str(pick(seed, "form", phrases()["placed" if placed else "placeless"]))
    if not placed:
        return Caption(form.format(said=whole), stated)
    level = level_name(facts[LEVEL], Random(f"{seed} level"))
    return Caption(form.format(said=whole, level=level), {LEVEL: (facts[LEVEL],), **stated})


def drawn_kinds(facts: Facts, rng: Random, most: int) -> list[str]:
    """Some kinds to speak of, mostly what is there."""
    there = [k for k in KINDS if k == "pfirrmann" or facts[k]]
    absent = [k for k in KINDS if k not in there]
    many = rng.randint(1, most)
    own = rng.sample(there, min(many, len(there)))
    if absent and (rng.random() < _ABSENT_SHARE or len(own) < many):
        own += rng.sample(absent, min(max(many - len(own), 1), len(absent)))
    rng.shuffle(own)
    return own


def changed(facts: Facts, group: str, kinds: Sequence[str], rng: Random) -> Facts | None:
    """The facts with exactly one of a group altered that a caption speaks of; None if it can't be.

    Args:
        facts: of an image.
        group: of GROUPS.
        kinds: what the caption speaks of; the level always counts among it.
        rng: draws which one, and to what.
    """
    able = [kind for kind in GROUPS[group] if kind == LEVEL or kind in kinds]
    if not able:
        return None
    kind = rng.choice(able)
    others = [g for g in GRADES[kind] if g != facts[kind]]
    if kind == LEVEL:  # a lumbar disc, whatever else the image shows
        others = [g for g in others if g < len(LUMBAR_DISCS)]
    return {**facts, kind: rng.choice(others)}


@dataclass(frozen=True)
class Draft:
    """How a caption of a disc is worded, so that another can be worded alike.

    Attributes:
        kinds: what it speaks of.
        brief: :func:`short`, or else :func:`report`.
        placed: whether it names the level.
        seed: of its words.
    """

    kinds: tuple[str, ...]
    brief: bool
    placed: bool
    seed: str

    def of(self, facts: Facts) -> Caption:
        """The caption of a disc."""
        if self.brief:
            return short(facts, self.kinds, self.placed, self.seed)
        return report(facts, self.kinds, self.seed, self.placed)

    def against(self, facts: Facts) -> dict[str, Caption]:
        """Captions of the same words that are false of the disc in one fact, by its group."""
        rng = Random(f"{self.seed} negatives")
        found: dict[str, Caption] = {}
        for group in GROUPS:
            other = changed(facts, group, self.kinds, rng)
            if other is None or (group == LEVEL and not self.placed):
                continue
            made = self.of(other)
            if not made.holds(facts):  # "degenerated disc" is as true of the next grade
                found[group] = made
        return found


def draft(facts: Facts, seed: str, *, brief: bool, most: int = 3) -> Draft:
    """Draw what a caption speaks of and how.

    Args:
        facts: of the disc.
        seed: decides everything.
        brief: a few kinds as in a search; else all or most, as in a report.
        most: kinds of a brief one.
    """
    rng = Random(f"{seed} draft")
    if brief:
        kinds = drawn_kinds(facts, rng, most)
    else:
        kinds = list(KINDS)
        if rng.random() < _PARTIAL_SHARE:
            kinds = [k for k in KINDS if k == "pfirrmann" or rng.random() < 0.6]
    placed = rng.random() < (_PLACED_SHARE if brief else _PLACED_REPORTS)
    return Draft(tuple(kinds), brief, placed, seed)
