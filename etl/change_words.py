"""What a sentence says of changes since a prior study, read from its words alone.

It knows nothing of the templates. A comparison has few forms, so the reader takes those and refuses
everything else: a word that it does not know, a finding or level that is not named, a verdict that
it can't place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from etl.lexicon import WORDS, clean, level_sets, number, tokenize
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
        old, new: the grades or numbers that are given, as written without their unit.
        unit: ``grade``, ``mm`` or ``%`` where they are given.
    """

    verdict: str
    kind: str = ""
    level: str | None = None
    side: Side | None = None
    old: str | None = None
    new: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class _Language:
    """The forms of a comparison in one language; every pattern is matched in full."""

    nouns: Mapping[str, str]
    both: tuple[str, str]
    sides: Mapping[str, Side]
    joined: str
    at: str
    changed: str
    increased: str
    decreased: str
    from_to: str
    new: str
    resolved: str
    instead: str
    modic: str
    closing: Mapping[str, str]
    no_clear_change: str


_GRADES = r"pfirrmann (?P<grade_old>[iv]+) {to} (?P<grade_new>[iv]+)"
_MM = r"(?P<mm_old>\d+) {to} (?P<mm_new>\d+) mm"

_LANGUAGES: dict[str, _Language] = {
    "en": _Language(
        nouns={
            "disc degeneration": "pfirrmann",
            "disc space narrowing": "disc_narrowing",
            "disc bulging": "disc_bulging",
            "disc herniation": "disc_herniation",
            "modic changes": "modic",
            "endplate changes above the disc": "endplate_upper",
            "endplate changes below the disc": "endplate_lower",
            "spondylolisthesis": "spondylolisthesis",
            "disc height": "disc_height_index",
            "midline canal depth": "canal_ratio",
            "slip": "slip_ratio",
        },
        both=("endplate changes above and below the disc", "endplates"),
        sides={"left": "left", "right": "right", "bilateral": "bilateral"},
        joined=" and ",
        at="at",
        changed=r"compared with the prior study: (?P<rest>.+)",
        increased="increased",
        decreased="decreased",
        from_to=rf"(?P<noun>.+?) (?P<way>increased|decreased) from (?:{_GRADES.format(to='to')}"
        rf"|{_MM.format(to='to')}"
        r"|(?P<share_old>\d+)% to (?P<share_new>\d+)% of the vertebral depth)",
        new=r"new (?P<nouns>.+?)",
        resolved=r"(?P<nouns>.+?) no longer seen",
        instead=r"type (?P<type_new>\d) instead of type (?P<type_old>\d) modic changes",
        modic=r"type (?P<type>\d) modic changes",
        closing={
            r"unchanged from the prior study: (?P<rest>.+)": "unchanged",
            r"not clearly changed, within the error of grading: (?P<rest>.+)": "not_clear",
            r"not compared, as without a grade in one of the studies: (?P<rest>.+)": "not_compared",
        },
        no_clear_change=r"no clear change from the prior study in what was compared",
    ),
    "de": _Language(
        nouns={
            "bandscheibendegeneration": "pfirrmann",
            "höhenminderung des bandscheibenfachs": "disc_narrowing",
            "bandscheibenvorwölbung": "disc_bulging",
            "bandscheibenvorfall": "disc_herniation",
            "modic-veränderungen": "modic",
            "grundplattenveränderungen": "endplate_upper",
            "deckplattenveränderungen": "endplate_lower",
            "spondylolisthese": "spondylolisthesis",
            "bandscheibenhöhe": "disc_height_index",
            "spinalkanaldurchmesser": "canal_ratio",
            "versatz": "slip_ratio",
        },
        both=("grund- und deckplattenveränderungen", "endplates"),
        sides={"links": "left", "rechts": "right", "beidseits": "bilateral"},
        joined=" und ",
        at="(?:im Segment|in den Segmenten|in)",
        changed=r"im vergleich zur voruntersuchung: (?P<rest>.+)",
        increased="zugenommen",
        decreased="abgenommen",
        from_to=r"(?P<noun>.+?) (?P<way>zugenommen|abgenommen) von "
        rf"(?:{_GRADES.format(to='auf')}|{_MM.format(to='auf')}"
        r"|(?P<share_old>\d+) % auf (?P<share_new>\d+) % der wirbelkörpertiefe)",
        new=r"neu: (?P<nouns>.+?)",
        resolved=r"nicht mehr erkennbar: (?P<nouns>.+?)",
        instead=r"modic-veränderungen typ (?P<type_new>\d) statt typ (?P<type_old>\d)",
        modic=r"modic-veränderungen typ (?P<type>\d)",
        closing={
            r"gegenüber der voruntersuchung unverändert: (?P<rest>.+)": "unchanged",
            r"nicht sicher verändert, innerhalb des fehlers der gradierung: (?P<rest>.+)": (
                "not_clear"
            ),
            r"nicht verglichen, da in einer der untersuchungen ohne grad: (?P<rest>.+)": (
                "not_compared"
            ),
        },
        no_clear_change=r"keine sichere änderung gegenüber der voruntersuchung, soweit verglichen,",
    ),
}


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
    own = _LANGUAGES[language]
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
            for form, verdict in own.closing.items()
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
    raise ReadingError(f"'{match[0][:60]}' gives no values")


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
    whole = re.sub(re.escape(own.both[0]), own.both[1], text, flags=re.IGNORECASE)
    return re.split(rf", |{own.joined}", whole)


def _nouns(own: _Language, text: str) -> tuple[tuple[str, ...], Side | None]:
    """The kinds and the side that a noun names; only both endplates are two."""
    noun, side = text.strip().lower(), None
    for word, named in own.sides.items():
        if noun.startswith(f"{word} ") or noun.endswith(f" {word}"):
            noun, side = noun.removeprefix(f"{word} ").removesuffix(f" {word}"), named
    if noun == own.both[1]:
        return ("endplate_upper", "endplate_lower"), side
    if noun not in own.nouns:
        raise ReadingError(f"'{text[:40]}' is not something that is compared")
    return (own.nouns[noun],), side
