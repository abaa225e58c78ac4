"""Captions from gradings, in seeded varied words: what the embedded captioner learns to write.

A caption is of one disc, or of all discs of an image or a study. It states every grade that is a
finding, at its level, and denies what was looked for and not found; it adds nothing: no side, no
degree, no cause. Like :mod:`data.generated.text` it is a stand-in for what a person would write,
and a score of words against it is a score against these templates.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from data.generated.text import Grades
from radixgpt.level import LUMBAR_DISCS

DEGENERATED = 3
"""The Pfirrmann grade from which a disc is called degenerated (Pfirrmann 2001)."""
ROMAN = ("", "I", "II", "III", "IV", "V")
PRESENT = (
    "pfirrmann",
    "disc_narrowing",
    "disc_bulging",
    "disc_herniation",
    "modic",
    "endplate_upper",
    "endplate_lower",
    "spondylolisthesis",
)
"""Kinds in the order in which a sentence names them."""
ABSENT: Mapping[str, tuple[str, ...]] = {
    "disc_narrowing": ("disc_narrowing",),
    "disc_bulging": ("disc_bulging",),
    "disc_herniation": ("disc_herniation",),
    "modic": ("modic",),
    "endplates": ("endplate_upper", "endplate_lower"),
    "spondylolisthesis": ("spondylolisthesis",),
}
"""What can be denied, with the kinds that have to be absent for it."""
STYLES = ("standard", "note", "brief")
_WEIGHTED = {"t1": "T1-weighted", "t2": "T2-weighted"}
_TIGHT = re.compile(r" (?=[.,:)])|(?<=\() ")
_FIRST = re.compile(r"(?:^|(?<=\. ))[a-z]")


@cache
def table() -> Mapping[str, Mapping[str, Mapping[str, int]]]:
    """The phrases beside this module: part, list, and weight by phrase."""
    text = Path(__file__).with_name("captions.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@dataclass(frozen=True)
class Shown:
    """What a caption is of.

    Attributes:
        sequences: ``t1`` and ``t2``, those that are shown; none where that is not known.
        level: of a caption of one disc.
    """

    sequences: frozenset[str] = frozenset(("t1", "t2"))
    level: str | None = None


def weighted(sequences: frozenset[str]) -> tuple[str, ...]:
    """How the weighting is named, word by word; nothing if it is not known."""
    words = " and ".join(_WEIGHTED[name] for name in ("t1", "t2") if name in sequences)
    return tuple(words.split())


def joined(words: Sequence[str]) -> str:
    """Words of a caption as a text: punctuation set, sentences begun with a capital."""
    text = _TIGHT.sub("", " ".join(words))
    return _FIRST.sub(lambda match: match[0].upper(), text)


def apart(text: str) -> list[str]:
    """A text of :func:`joined` as words again, but for the capitals of its sentences."""
    return re.findall(r"[.,:()]|[^\s.,:()]+", text)


def write(discs: Mapping[str, Grades], shown: Shown, style: str, rng: random.Random) -> list[str]:
    """The words of a caption.

    Args:
        discs: grades by disc, as :func:`data.generated.text.by_disc` gives them; a kind that is not
            there was not looked at, and nothing is said of it.
        shown: what the caption is of.
        style: one of :data:`STYLES`: prose, level by level under headings, or finding by finding.
        rng: draws the words.
    """
    if shown.level is not None:
        return _of_disc(shown.level, discs.get(shown.level, {}), style, rng)
    words: list[str] = []
    named = weighted(shown.sequences)
    if named and style != "note":
        words += _filled(_draw(rng, "frames", "technique"), {"weighted": named})
    levels = [level for level in LUMBAR_DISCS if level in discs]
    if style == "brief":
        words += _by_finding(levels, discs, rng)
    else:
        frame = "heading" if style == "note" else "prose"
        for level in levels:
            items = _items(discs[level], rng)
            if items:
                fields = {"level": (level,), "items": _with(items, rng)}
                words += _filled(_draw(rng, "frames", frame), fields)
    nowhere = [
        name
        for name, kinds in ABSENT.items()
        if discs and all(_denies(discs.get(level, {}), kinds) for level in LUMBAR_DISCS)
    ]
    if nowhere:
        none = _listed([_draw(rng, "absent", name).split() for name in nowhere], "or")
        words += _filled(_draw(rng, "frames", "nowhere"), {"none": none})
    return words


def _of_disc(level: str, grades: Grades, style: str, rng: random.Random) -> list[str]:
    items = _items(grades, rng)
    free = [name for name, kinds in ABSENT.items() if _denies(grades, kinds)]
    none = _listed([_draw(rng, "absent", name).split() for name in free], "or") if free else []
    fields = {"level": (level,), "levels": (level,), "none": none}
    if items:
        fields["items"] = _with(items, rng)
    if style == "brief":
        return [
            word
            for item in items
            for word in _filled(_draw(rng, "frames", "first"), {**fields, "item": item})
        ]
    if style == "note" and (items or none):
        frame = "heading_free" if items and none else "heading" if items else "heading_none"
        return _filled(_draw(rng, "frames", frame), fields)
    words = _filled(_draw(rng, "frames", "prose"), fields) if items else []
    return words + (_filled(_draw(rng, "frames", "free"), fields) if none else [])


def _by_finding(
    levels: Sequence[str], discs: Mapping[str, Grades], rng: random.Random
) -> list[str]:
    """Each finding once, with all its levels; healthy discs are not named."""
    words: list[str] = []
    for kind in PRESENT:
        values = sorted({_value(discs[level], kind) for level in levels} - {0}, reverse=True)
        for value in values:
            if kind == "pfirrmann" and value < DEGENERATED:
                continue
            where = [[level] for level in levels if _value(discs[level], kind) == value]
            fields = {"item": _phrase(kind, value, rng), "levels": _listed(where, "and")}
            words += _filled(_draw(rng, "frames", "first"), fields)
    return words


def _items(grades: Grades, rng: random.Random) -> list[list[str]]:
    """What is there at one disc, each as words."""
    return [_phrase(kind, value, rng) for kind in PRESENT if (value := _value(grades, kind))]


def _value(grades: Grades, kind: str) -> int:
    return int(grades.get(kind, 0))


def _phrase(kind: str, value: int, rng: random.Random) -> list[str]:
    name = "healthy" if kind == "pfirrmann" and value < DEGENERATED else kind
    return _draw(rng, "present", name).format(roman=ROMAN[value], number=value).split()


def _denies(grades: Grades, kinds: Sequence[str]) -> bool:
    return all(grades.get(kind) == 0 for kind in kinds)


def _draw(rng: random.Random, part: str, name: str) -> str:
    phrases = table()[part][name]
    return rng.choices(list(phrases), list(phrases.values()))[0]


def _with(items: Sequence[Sequence[str]], rng: random.Random) -> list[str]:
    """``A``, ``A with B``, ``A , B and C``."""
    first, *rest = items
    if not rest:
        return list(first)
    if rng.random() < 0.5:
        return [*first, "with", *_listed(rest, "and")]
    return _listed(items, "and")


def _listed(items: Sequence[Sequence[str]], word: str) -> list[str]:
    words = list(items[0])
    for place, item in enumerate(items[1:], start=2):
        words += [word if place == len(items) else ",", *item]
    return words


def _filled(frame: str, fields: Mapping[str, Sequence[str]]) -> list[str]:
    words: list[str] = []
    for part in frame.split():
        words += fields[part[1:-1]] if part.startswith("{") else [part]
    return words
