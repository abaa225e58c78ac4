"""What a sentence says of changes since a prior study, read from its words alone.

It knows nothing of the templates. A comparison has few forms, so the reader takes those and refuses
everything else: a word that it does not know, a finding or level that is not named, a verdict that
it can't place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from etl.lexicon import WORDS, clean, level_sets, number, tokenize
from radixgpt.finding import ENDPLATES
from radixgpt.observation import Side
from radixgpt.prior import Verdict

NO_CLEAR_CHANGE = "no_clear_change"
"""What is claimed where nothing at the named levels has clearly changed."""


@dataclass(frozen=True)
class Claimed:
    """One thing that a text says of a change.

    Attributes:
        verdict: what became of it.
        kind: of finding; empty for :data:`NO_CLEAR_CHANGE`.
        level: where; None where the text names no level.
        side: that is named.
        old, new: the grades, numbers or directions that are given, as written without their unit.
        unit: ``grade``, ``mm``, ``%`` or ``direction`` where they are given.
        set_by_reader: whether the old and the new number are said to be set by a reader.
    """

    verdict: str
    kind: str = ""
    level: str | None = None
    side: Side | None = None
    old: str | None = None
    new: str | None = None
    unit: str | None = None
    set_by_reader: tuple[bool, bool] = (False, False)


class _Language(BaseModel):
    """The forms of a comparison in one language; every pattern is matched in full."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: Mapping[str, str] = Field(description="What is compared, by its kind")
    both: str = Field(description="Both endplates at once")
    sides: Mapping[Side, str]
    joined: str
    at: str
    changed: str
    increased: str
    decreased: str
    from_to: str
    new: str
    resolved: str
    turned: str
    instead: str
    modic: str
    closing: Mapping[Verdict, str]
    no_clear_change: str

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Kinds by the words for them."""
        return {words: kind for kind, words in self.names.items()}


_BOTH = "endplates"
"""What the words for both endplates are replaced by before a list is taken apart."""


@cache
def _languages() -> Mapping[str, _Language]:
    import yaml

    text = Path(__file__).with_name("change_forms.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, _Language]).validate_python(yaml.safe_load(text))


class ReadingError(ValueError):
    """A sentence is no comparison that the reader knows; its text says what it stumbled over."""


def read_changes(text: str, language: str = "en") -> tuple[Claimed, ...]:
    """What a sentence claims of changes.

    Args:
        text: one sentence; a level and a colon may stand in front.
        language: of the sentence.

    Raises:
        ReadingError: it can't be read.
    """
    own = _languages()[language]
    plain = " ".join(clean(text, language).split()).removesuffix(".")
    label = re.match(r"(?P<level>[CTLS]\d{1,2}-[CTLS]\d{1,2}): (?P<rest>.+)", plain, re.IGNORECASE)
    level = None
    if label is not None:
        (level,) = _levels(label["level"], language)
        plain = label["rest"]
    if match := _full(rf"{own.no_clear_change} {own.at} (?P<levels>.+)", plain):
        return tuple(
            Claimed(NO_CLEAR_CHANGE, level=lv) for lv in _levels(match["levels"], language)
        )
    if match := _full(own.changed, plain):
        parts = match["rest"].split("; ")
        found = [c for part in parts for c in _clause(own, part, language)]
    else:
        found = [
            c
            for verdict, form in own.closing.items()
            if (match := _full(form, plain))
            for part in match["rest"].split("; ")
            for c in _listed(own, part, verdict, language)
        ]
    if not found:
        raise ReadingError(f"'{plain[:60]}' is no comparison")
    return tuple(c if c.level else replace(c, level=level) for c in found)


def _full(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text, re.IGNORECASE)


def _levels(text: str, language: str) -> tuple[str, ...]:
    problems: list[str] = []
    tokens = tokenize(text, WORDS[language])
    sets = level_sets(tokens, problems, WORDS[language])
    whole = len(sets) == 1 and sets[0][0] == 0 and sets[0][1] == len(tokens) - 1
    if problems or not whole:
        raise ReadingError(f"'{text[:40]}' does not name levels")
    return sets[0][2]


def _clause(own: _Language, text: str, language: str) -> Iterator[Claimed]:
    """The claims of one clause of a sentence on what has changed."""
    for form, read in (
        (own.from_to, _from_to),
        (own.turned, _turned),
        (own.instead, _instead),
        (own.new, _named("new")),
        (own.resolved, _named("resolved")),
    ):
        if match := _full(rf"{form}(?: {own.at} (?P<levels>[CTLS]\d.*))?", text):
            claims = read(own, match)
            if not match["levels"]:
                yield from claims
                return
            for level in _levels(match["levels"], language):
                yield from (replace(c, level=level) for c in claims)
            return
    raise ReadingError(f"'{text[:60]}' is no change")


def _from_to(own: _Language, match: re.Match[str]) -> list[Claimed]:
    verdict: Verdict = "increased" if match["way"].lower() == own.increased else "decreased"
    (kind, *more), side = _nouns(own, match["noun"])
    if more:
        raise ReadingError(f"'{match[0][:60]}' gives one value for two findings")
    for unit, name in (("grade", "grade"), ("mm", "mm"), ("%", "share")):
        if match[f"{name}_old"]:
            old, new = match[f"{name}_old"], match[f"{name}_new"]
            if unit == "grade":
                old, new = str(number(old)), str(number(new))
                return [Claimed(verdict, kind, None, side, old, new, unit)]
            marks = match[f"{name}_old_set"] is not None, match[f"{name}_new_set"] is not None
            old, new = (one.replace(",", ".") for one in (old, new))
            return [Claimed(verdict, kind, None, side, old, new, unit, marks)]
    raise ReadingError(f"'{match[0][:60]}' gives no values")


def _turned(own: _Language, match: re.Match[str]) -> list[Claimed]:
    ways = ("anterior", "posterior") if match["posterior"] else ("posterior", "anterior")
    marks = False, match["set"] is not None
    return [Claimed("other", "slip_ratio", None, None, *ways, "direction", marks)]


def _instead(own: _Language, match: re.Match[str]) -> list[Claimed]:
    return [Claimed("other", "modic", None, None, match["type_old"], match["type_new"], "grade")]


def _named(verdict: str) -> Callable[[_Language, re.Match[str]], list[Claimed]]:
    """What reads a clause that only names what has this verdict."""

    def read(own: _Language, match: re.Match[str]) -> list[Claimed]:
        found = []
        for noun in _split(own, match["nouns"]):
            if typed := _full(own.modic, noun):
                grade = typed["type"]
                old, new = (None, grade) if verdict == "new" else (grade, None)
                found.append(Claimed(verdict, "modic", None, None, old, new, "grade"))
            else:
                kinds, side = _nouns(own, noun)
                found.extend(Claimed(verdict, kind, None, side) for kind in kinds)
        return found

    return read


def _listed(own: _Language, text: str, verdict: str, language: str) -> Iterator[Claimed]:
    """``disc bulging and disc herniation at L3-L4 to L5-S1``."""
    match = _full(rf"(?P<nouns>.+?) {own.at} (?P<levels>.+)", text)
    if match is None:
        raise ReadingError(f"'{text[:60]}' names no level")
    for level in _levels(match["levels"], language):
        for noun in _split(own, match["nouns"]):
            kinds, side = _nouns(own, noun)
            yield from (Claimed(verdict, kind, level, side) for kind in kinds)


def _split(own: _Language, text: str) -> list[str]:
    whole = re.sub(re.escape(own.both), _BOTH, text, flags=re.IGNORECASE)
    return re.split(rf", | {own.joined} ", whole)


def _nouns(own: _Language, text: str) -> tuple[tuple[str, ...], Side | None]:
    """The kinds and the side that a noun names; only both endplates are two."""
    noun, side = text.strip().lower(), None
    for named, word in own.sides.items():
        if noun.startswith(f"{word} ") or noun.endswith(f" {word}"):
            noun, side = noun.removeprefix(f"{word} ").removesuffix(f" {word}"), named
    if noun == _BOTH:
        return ENDPLATES, side
    if noun not in own.kinds:
        raise ReadingError(f"'{text[:40]}' is not something that is compared")
    return (own.kinds[noun],), side
