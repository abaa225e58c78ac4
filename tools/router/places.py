"""The levels that an utterance names: lumbar discs, vertebrae, others, and what is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from radixgpt.level import LUMBAR_DISCS, VERTEBRAE

COUNTS = {"one": 1, "two": 2, "three": 3}
PLACE = r"(?:disc space|discs?|levels?|segments?|ones?|spaces?)"
_COUNT = r"(?:two|three|2|3)"
_LUMBAR = ("L1", "L2", "L3", "L4", "L5", "S1")
_BODIES = (*VERTEBRAE, "S3", "S4", "S5")
_SEQUENCES = ("T1", "T2")

_PAIR = re.compile(
    r"\b(?<!')(c|th?|l|s) ?(\d{1,2})(?: ?[-/] ?(?:(c|th?|l|s) ?)?|(c|th?|l|s))(\d{1,2})\b"
)
_SPACED = re.compile(r"\b(s) ?(1) (s) ?(2)\b|\b(th?) ?(12) (l) ?(1)\b")
_SINGLE = re.compile(r"\b(?:(th?|c) ?(\d{1,2})|(?<!series )([ls])(0|[2-9]|\d\d))\b")
_RANGE = ("to", "through", "thru", "till", "down to", "up to")
_WORDS = re.compile(
    rf"\b([ls]) ?([1-5])(,| on | over | and | & | (?:{'|'.join(_RANGE)}) | )([ls]) ?([1-5])\b"
)
_SHORT = re.compile(r"\bl ?([1-5]) ([1-5])\b")
_GLUED = re.compile(r"\bl([1-5])([1-5])\b")
_BARE = re.compile(r"(?<![\w/.+-])([1-5]) ?[-/] ?([1-5])(?![\w/])")
_LUMBOSACRAL = re.compile(rf"\blumbo-?sacral(?: (?:junction|transition|{PLACE}))*|\blumbosacral\b")
_MIDDLE = re.compile(rf"\bmiddle (?:lumbar )?{PLACE}\b")
_LOWEST = re.compile(
    rf"\b(?:very |most )?(?:(?P<n>{_COUNT}) )?(?:lowest|lowermost|bottommost|most caudal)"
    rf"(?: (?P<m>{_COUNT}))?(?: lumbar)?(?: {PLACE})?\b"
    rf"|\b(?:very )?(?:(?P<q>{_COUNT}) )?bottom(?: (?P<r>{_COUNT}))?(?: lumbar)? {PLACE}\b"
    rf"|\b(?P<o>{_COUNT}) (?:lower|last)(?: lumbar)? {PLACE}\b"
    rf"|\b(?:lower|last) (?P<p>{_COUNT})(?: lumbar)?(?: {PLACE})?\b|\blast (?:lumbar )?{PLACE}\b"
)
_HIGHEST = re.compile(
    rf"\b(?:(?P<n>{_COUNT}) )?(?:highest|uppermost|top)(?: (?P<m>{_COUNT}))?(?: lumbar)? {PLACE}\b"
    rf"|\b(?P<o>{_COUNT}) upper(?: lumbar)? {PLACE}\b"
    rf"|\bupper (?P<p>{_COUNT})(?: lumbar)?(?: {PLACE})?\b"
)
_DIGITS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_NTH = "|".join(_ORDINALS)
_ORDINAL_PAIR = re.compile(
    rf"\b(?:the )?({_NTH}) (?:and|to|-) (?:the )?({_NTH}) lumbar vertebra\w*"
)
_ORDINAL_DISC = re.compile(rf"\b({_NTH}) lumbar (?:disc|level)\b")
_IN_WORDS = re.compile(rf"(?<!')\b([ls])[- ]({'|'.join(_DIGITS)})\b")
_ODD_DASH = re.compile(r"\b([ls])[-_](?=\d)")
_ODD_MARK = re.compile(r"\bl ?([1-5]) ?[._:|\\] ?([ls]?)([1-5])\b")
_VERTEBRA = re.compile(r"\b(l) ?([1-5])\b|\b(s) ?1\b")


@dataclass(frozen=True)
class Place:
    """Words of an utterance that name a level.

    Attributes:
        mask: what stands for them in the masked text.
        discs: the lumbar discs that they name.
        vertebra: ``L1`` to ``L5`` or ``S1``, when it stands alone.
        other: a level that exists outside of the five lumbar discs.
        unknown: what is written like a level and is none, such as ``L6-L7``.
        turned: the lower vertebra is named first, as in ``L4-L3``.
    """

    start: int
    end: int
    mask: str
    discs: tuple[str, ...] = ()
    vertebra: str = ""
    other: str = ""
    unknown: str = ""
    turned: bool = False


def _between(first: str, second: str) -> tuple[str, ...]:
    """The lumbar discs between two of the vertebrae L1 to S1, in whichever order."""
    above, below = sorted((_LUMBAR.index(first), _LUMBAR.index(second)))
    return LUMBAR_DISCS[above:below]


def _place(match: re.Match[str], first: str, second: str) -> Place | None:
    """What two vertebrae name together; None for two names that are MR sequences."""
    if first in _SEQUENCES and (second in _SEQUENCES or second[0] != "T"):
        return None
    start, end = match.span()
    if first in _LUMBAR and second in _LUMBAR and first != second:
        discs = _between(first, second)
        turned = _LUMBAR.index(first) > _LUMBAR.index(second)
        return Place(start, end, "xdisc" if len(discs) == 1 else "xdiscs", discs, turned=turned)
    name = f"{first}-{second}"
    if first in _BODIES and second in _BODIES and first != second:
        return Place(start, end, "xother", other=name)
    return Place(start, end, "xother", unknown=name)


def _pair(match: re.Match[str]) -> Place | None:
    """Two vertebrae with a dash, a slash or nothing in between: ``L4-L5``, ``T12/L1``, ``C5/6``."""
    letter, number, after_dash, at_once, below = match.groups()
    first = f"{letter[0].upper()}{int(number)}"
    second = after_dash or at_once
    if second is None and first in _SEQUENCES:
        return None
    if second is None:
        second = "s" if first == "L5" and below == "1" else letter
    return _place(match, first, f"{second[0].upper()}{int(below)}")


def _spaced(match: re.Match[str]) -> Place | None:
    above, number, below, other = (group for group in match.groups() if group)
    return _place(match, f"{above[0].upper()}{number}", f"{below[0].upper()}{other}")


def _single(match: re.Match[str]) -> Place | None:
    """One vertebra outside of L1 to S1, or what looks like one; None for a sequence."""
    letter = match.group(1) or match.group(3)
    name = f"{letter[0].upper()}{int(match.group(2) or match.group(4))}"
    if name in (*_SEQUENCES, *_LUMBAR) and letter != "th":
        return None
    if name in _BODIES:
        return Place(*match.span(), "xother", other=name)
    # "at 9" and "c 14" are no levels; "T13" and "L6" are meant as some
    return None if " " in match.group() else Place(*match.span(), "xother", unknown=name)


def _discs(match: re.Match[str], discs: tuple[str, ...], *, turned: bool = False) -> Place | None:
    mask = "xdisc" if len(discs) == 1 else "xdiscs"
    return Place(*match.span(), mask, discs, turned=turned) if discs else None


def _words(match: re.Match[str]) -> Place | None:
    """``L3 to L5``, ``S1 up to L4``, ``L4 and L5``, ``L4 L5``; upwards a range needs its ``to``."""
    one, number, between, other, last = match.groups()
    first, second = f"{one.upper()}{number}", f"{other.upper()}{last}"
    if first not in _LUMBAR or second not in _LUMBAR:
        return None
    discs = _between(first, second)
    upwards = _LUMBAR.index(first) > _LUMBAR.index(second)
    ranged = between.strip() in _RANGE
    return _discs(match, discs) if not upwards or len(discs) == 1 or ranged else None


def _numbers(match: re.Match[str]) -> Place | None:
    """``L4 5``, ``L45`` or ``4-5``: neighbours, or with the L a range."""
    first, second = f"L{match.group(1)}", f"L{match.group(2)}"
    if (first, second) == ("L5", "L1"):
        second = "S1"
    discs = _between(first, second)
    if len(discs) > 1 and match.re is not _SHORT:
        return None
    upwards = _LUMBAR.index(first) > _LUMBAR.index(second)
    if upwards and len(discs) > 1:
        return None
    return _discs(match, discs, turned=upwards)


def _count(match: re.Match[str]) -> int:
    said = next((value for value in match.groupdict().values() if value), "1")
    return COUNTS.get(said) or int(said)


def _vertebra(match: re.Match[str]) -> Place:
    name = f"L{match.group(2)}" if match.group(1) else "S1"
    return Place(*match.span(), "xvert", vertebra=name)


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Place | None]], ...] = (
    (_PAIR, _pair),
    (_SPACED, _spaced),
    (_WORDS, _words),
    (_SHORT, _numbers),
    (_GLUED, _numbers),
    (_SINGLE, _single),
    (_BARE, _numbers),
    (_MIDDLE, lambda m: _discs(m, ("L3-L4",))),
    (_LUMBOSACRAL, lambda m: _discs(m, ("L5-S1",))),
    (_LOWEST, lambda m: _discs(m, LUMBAR_DISCS[-_count(m) :])),
    (_HIGHEST, lambda m: _discs(m, LUMBAR_DISCS[: _count(m)])),
    (_VERTEBRA, _vertebra),
)


def spelled(text: str) -> str:
    """A tidy text with levels as ``L4-L5`` that were written in words or with odd marks."""
    text = _ORDINAL_PAIR.sub(lambda m: f"l{_ORDINALS[m[1]]}-l{_ORDINALS[m[2]]}", text)
    text = _ORDINAL_DISC.sub(lambda m: LUMBAR_DISCS[_ORDINALS[m[1]] - 1].lower(), text)
    text = _IN_WORDS.sub(lambda m: f"{m[1]}{_DIGITS[m[2]]}", text)
    text = _ODD_DASH.sub(r"\1", text)
    return _ODD_MARK.sub(r"l\1-\2\3", text)


def places_in(text: str) -> list[Place]:
    """Everything in a tidy text that names a level, each stretch of it once, in its order."""
    found: list[Place] = []
    left = text
    for pattern, make in _READERS:
        for match in list(pattern.finditer(left)):
            place = make(match)
            if place is not None:
                found.append(place)
                left = left[: match.start()] + "\0" * len(match.group()) + left[match.end() :]
    return sorted(found, key=lambda place: place.start)


def masked(text: str, places: list[Place]) -> str:
    """The text with each place as its mask and single spaces."""
    pieces, at = [], 0
    for place in places:
        pieces += [text[at : place.start], place.mask]
        at = place.end
    return " ".join(" ".join([*pieces, text[at:]]).split())


def discs_of(text: str, places: list[Place]) -> tuple[str, ...]:
    """The discs of all places, each once, with ``L1-2 through L3-4`` as a range."""
    discs: list[str] = []
    before: Place | None = None
    for place in (p for p in places if p.discs):
        if before is not None:
            between = text[before.end : place.start].strip()
            first, last = LUMBAR_DISCS.index(discs[-1]), LUMBAR_DISCS.index(place.discs[0])
            if between in (*_RANGE, "-") and first < last:
                discs += LUMBAR_DISCS[first + 1 : last]
        discs += [d for d in place.discs if d not in discs]
        before = place
    return tuple(discs)
