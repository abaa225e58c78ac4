"""The levels, numbers, directions and references in an utterance, read by rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from radixgpt.level import LUMBAR_DISCS, disc_index
from tools.router import words

_NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "a": 1, "an": 1,
}  # fmt: skip
_PLACE = r"(?:disc space|discs?|levels?|segments?|ones?|spaces?)"
_COUNT = r"(?:two|three|2|3)"

_OTHER = re.compile(
    r"\bs ?1 ?[-/ ] ?s? ?2\b|\bth? ?12 ?[-/ ]? ?l ?1\b|\bth? ?(?:[3-9]|1[0-2])(?: ?[-/] ?(?:th?)? ?"
    r"\d{1,2})?\b|\bc ?[1-7](?: ?[-/] ?(?:c|t)? ?\d)?\b"
)
_FULL = re.compile(
    r"\bl ?([1-5])(?: ?[-/,] ?| on | over | and | & | to | through | thru | till | down to | )?"
    r"([ls]) ?([1-5])\b"
)
_SHORT = re.compile(r"\bl ?([1-5])(?: ?[-/] ?| )([1-5])\b")
_GLUED = re.compile(r"\bl([1-5])([1-5])\b")
_BARE = re.compile(r"(?<![\w/.+-])([1-5]) ?[-/] ?([1-5])(?![\w/])")
_LUMBOSACRAL = re.compile(rf"\blumbo-?sacral(?: (?:junction|transition|{_PLACE}))*|\blumbosacral\b")
_LOWEST = re.compile(
    rf"\b(?:very |most )?(?:(?P<n>{_COUNT}) )?(?:lowest|lowermost|bottommost|most caudal)"
    rf"(?: (?P<m>{_COUNT}))?(?: lumbar)?(?: {_PLACE})?\b"
    rf"|\b(?:very )?(?:(?P<q>{_COUNT}) )?bottom(?: (?P<r>{_COUNT}))?(?: lumbar)? {_PLACE}\b"
    rf"|\b(?P<o>{_COUNT}) (?:lower|last)(?: lumbar)? {_PLACE}\b"
    rf"|\b(?:lower|last) (?P<p>{_COUNT})(?: lumbar)?(?: {_PLACE})?\b|\blast (?:lumbar )?{_PLACE}\b"
)
_HIGHEST = re.compile(
    rf"\b(?:(?P<n>{_COUNT}) )?(?:highest|uppermost|top)(?: (?P<m>{_COUNT}))?(?: lumbar)? {_PLACE}\b"
    rf"|\b(?P<o>{_COUNT}) upper(?: lumbar)? {_PLACE}\b"
    rf"|\bupper (?P<p>{_COUNT})(?: lumbar)?(?: {_PLACE})?\b"
)
_VERTEBRA = re.compile(r"\b(l) ?([1-5])\b|\b(s) ?1\b")
_SEQUENCE = re.compile(r"\b(t[12])(?:w| weighted|-weighted)?\b")

_EVERYTHING = re.compile(
    r"\b(?:all|every|each|whole|entire|everything|others|elsewhere|anywhere|everywhere|throughout"
    r"|rest|other (?:levels|discs|ones|segments)|any (?:other )?(?:level|disc)s?|overall"
    r"|in (?:the|this) (?:spine|study|patient|scan|case|mri))\b"
)
_ALL_LEVELS = re.compile(r"\b(?:all|every|each)(?: of)?(?: the)?(?: lumbar)? (?:levels?|discs?)\b")
_ONE = r"(?:one|next|level|levels|further|higher|lower|segment)"
_ABOVE = re.compile(
    r"\b(?:above|higher|cranial(?:ly)?|upper one|upwards?"
    rf"|{_ONE}(?: one| level)? up|up (?:one|a))\b"
)
_BELOW = re.compile(
    r"\b(?:below|lower|underneath|under|beneath|caudal(?:ly)?|lower one|downwards?"
    rf"|{_ONE}(?: one| level)? down|down (?:one|a))\b"
)
_NUMERIC = re.compile(
    r"\b(?:mm|cm|millimet\w+|how (?:big|large|far|much|wide|high|tall|thick|many mm)|ratios?"
    r"|percent\w*|size|measur\w+|quantif\w+|index|extent|amount|distance|numbers?|values?)\b"
)
_WORST = re.compile(
    r"\b(?:worst|severest|most (?:severe\w*|degenerat\w+|affected|damaged|advanced|worn|abnormal"
    r"|involved|pronounced|diseased))\b"
)
_REFERENCE = re.compile(
    r"^and\b|"
    r"\b(?:its?|it's|same|these|those|too|also|such)\b"
    r"|(?<!is )(?<!are )\bthere\b(?! (?:is|are))"
    r"|\b(?:this|that)\b(?! (?:study|patient|scan|mri|case|exam|examination|report|spine|image)\b)"
)
_FIRST = re.compile(r"\b(?:first|1st|former|upper|above|higher|up|upwards?)\b|^\W*1\W*$")
_SECOND = re.compile(
    r"\b(?:second|2nd|latter|lower|below|underneath|down|downwards?|last)\b|^\W*2\W*$"
)
_DIGIT = r"[0-5]|zero|one|two|three|four|five|iv|v|i{1,3}"
_VALUE = re.compile(
    r"(:?=|\b(?:to|into|as|is|be|a|an|grade[sd]?|type|pfirrmann|modic|score|class|put|make|value"
    r"|with|by)\b)(?: (?:it|a|an|grade|type|pfirrmann|modic|of|at|xdiscs?))*"
    rf" ({_DIGIT})\b(?! (?:disc|would|do|see|think|am|want|disagree)\b)"
)
_ABSENT = re.compile(r"\b(?:absent|not|no|none|negative|without|never)\b|n't\b")
_PRESENT = re.compile(
    r"\b(?:present|positive|is|as|add|put|mark|record|enter|include|do see|does|there's|has|should"
    r"|make)\b"
)
_UP = re.compile(r"\b(?:increase|up|upwards?|higher|above|cranial(?:ly)?|headwards?)\b")
_DOWN = re.compile(r"\b(?:decrease|down|downwards?|lower|below|caudal(?:ly)?)\b")
_TOO = re.compile(r"\btoo (low|high)\b")
_STEPS = re.compile(r"\b(one|two|three|[1-4])\b")
_SIGNED = re.compile(r"(?<![\w-])([+-]) ?([1-4])\b")
_BY = re.compile(r"\bby ([1-4])\b")


@dataclass(frozen=True)
class Slots:
    """What was read in one utterance.

    Attributes:
        text: tidy and mended.
        masked: the same with levels as ``xdisc``, ``xdiscs``, ``xvert``, ``xother``.
        discs: the lumbar discs that are named, in order; ranges are expanded.
        others: levels outside of the five lumbar discs.
        relative: 1 for a level above, -1 for one below the one spoken of, 0 for neither.
        by: levels by which the numbering is to move up; None when not said.
        choice: 0 or 1 for the first or second of two options.
        number: a grade that is to be set.
        numeric: a size is asked for.
        worst: the worst of all is asked for.
    """

    text: str
    masked: str
    discs: tuple[str, ...] = ()
    vertebrae: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    everything: bool = False
    relative: int = 0
    reference: bool = False
    kinds: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    sequence: str | None = None
    number: int | None = None
    presence: str | None = None
    by: int | None = None
    choice: int | None = None
    unassessed: bool = False
    numeric: bool = False
    worst: bool = False

    @property
    def complete(self) -> bool:
        """Whether it says all that it means, so that the turn before does not matter."""
        if self.reference or self.relative:
            return False
        topic = bool(self.kinds or self.quantities)
        count = len(self.masked.split())
        return bool(self.discs and topic and count > 2) or (
            (bool(self.discs) or topic) and count > 4
        )


@dataclass(frozen=True)
class _Item:
    start: int
    end: int
    mask: str
    discs: tuple[str, ...] = ()
    vertebra: str = ""
    other: str = ""


def _pair(above: int, below: int) -> tuple[str, ...]:
    """Discs from vertebra L``above`` down to L``below``, where 6 is S1; empty if there are none."""
    if above == below + 1:
        above, below = below, above
    return LUMBAR_DISCS[above - 1 : below - 1] if above < below else ()


def _second(above: int, letter: str, below: str) -> int:
    """Number of the lower vertebra, 6 for S1; 0 for one that can't follow."""
    if letter == "s" or (not letter and above == 5 and below == "1"):
        return 6 if below == "1" else 0
    return int(below)


def _count(match: re.Match[str]) -> int:
    said = next((value for value in match.groupdict().values() if value), "1")
    return _NUMBERS.get(said) or int(said)


def _items(text: str) -> list[_Item]:
    """Everything that names a level, each stretch of text once, in order of appearance."""
    items: list[_Item] = []
    left = text

    def take(pattern: re.Pattern[str], make: Callable[[re.Match[str]], _Item | None]) -> None:
        nonlocal left
        for match in list(pattern.finditer(left)):
            item = make(match)
            if item is not None:
                items.append(item)
                left = left[: match.start()] + "\0" * len(match.group()) + left[match.end() :]

    def disc(match: re.Match[str], discs: Iterable[str]) -> _Item | None:
        found = tuple(discs)
        mask = "xdisc" if len(found) == 1 else "xdiscs"
        return _Item(match.start(), match.end(), mask, found) if found else None

    def full(match: re.Match[str]) -> _Item | None:
        above = int(match.group(1))
        return disc(match, _pair(above, _second(above, match.group(2), match.group(3))))

    def short(match: re.Match[str]) -> _Item | None:
        above = int(match.group(1))
        return disc(match, _pair(above, _second(above, "", match.group(2))))

    def neighbours(match: re.Match[str]) -> _Item | None:
        above = int(match.group(1))
        found = _pair(above, _second(above, "", match.group(2)))
        return disc(match, found) if len(found) == 1 else None

    def other(match: re.Match[str]) -> _Item:
        name = "S1-S2" if match.group().startswith("s") else match.group().upper()
        return _Item(match.start(), match.end(), "xother", other=name)

    def vertebra(match: re.Match[str]) -> _Item:
        name = f"L{match.group(2)}" if match.group(1) else "S1"
        return _Item(match.start(), match.end(), "xvert", vertebra=name)

    take(_OTHER, other)
    take(_FULL, full)
    take(_SHORT, short)
    take(_GLUED, neighbours)
    take(_BARE, neighbours)
    take(_LUMBOSACRAL, lambda m: disc(m, ["L5-S1"]))
    take(_LOWEST, lambda m: disc(m, LUMBAR_DISCS[-_count(m) :]))
    take(_HIGHEST, lambda m: disc(m, LUMBAR_DISCS[: _count(m)]))
    take(_VERTEBRA, vertebra)
    return sorted(items, key=lambda item: item.start)


def _joined(text: str, items: list[_Item]) -> tuple[str, ...]:
    """The discs of all items, with ``L1-2 through L3-4`` as a range."""
    discs: list[str] = []
    before: _Item | None = None
    for item in (i for i in items if i.discs):
        if before is not None:
            between = text[before.end : item.start].strip()
            first, last = LUMBAR_DISCS.index(discs[-1]), LUMBAR_DISCS.index(item.discs[0])
            if between in ("to", "through", "thru", "till", "down to", "-") and first < last:
                discs += LUMBAR_DISCS[first + 1 : last]
        discs += [d for d in item.discs if d not in discs]
        before = item
    return tuple(discs)


def _shift(text: str, masked: str, items: list[_Item]) -> int | None:
    """Levels by which the names should move up."""
    named = [i.discs[0] if i.discs else i.other for i in items if len(i.discs) == 1 or i.other]
    if len(named) == 2 and all(n in (*LUMBAR_DISCS, "S1-S2", "T12-L1") for n in named):
        return disc_index(named[1]) - disc_index(named[0]) or None
    steps = _STEPS.search(masked)
    size = (_NUMBERS.get(steps.group(1)) or int(steps.group(1))) if steps else 1
    if signed := _SIGNED.search(text):
        return int(signed.group(2)) * (1 if signed.group(1) == "+" else -1)
    if too := _TOO.search(text):
        return size if too.group(1) == "low" else -size
    up, down = bool(_UP.search(masked)), bool(_DOWN.search(masked))
    if up != down:
        return size if up else -size
    if by := _BY.search(masked):
        return int(by.group(1))
    return None


def _number(masked: str) -> int | None:
    found = _VALUE.findall(masked)
    if not found:
        return None
    said = next((value for cue, value in reversed(found) if cue in ("to", "into")), found[0][1])
    return _NUMBERS[said] if said in _NUMBERS else int(said)


def _presence(masked: str) -> str | None:
    plain = re.sub(r"^(?:no|nope), ", "", masked)
    if _ABSENT.search(plain):
        return "absent"
    return "present" if _PRESENT.search(plain) else None


def _choice(text: str) -> int | None:
    first, second = bool(_FIRST.search(text)), bool(_SECOND.search(text))
    return None if first == second else int(second)


def read(utterance: str, *, known: frozenset[str] = frozenset()) -> Slots:
    """Read an utterance; words in ``known`` are taken as spelt right."""
    text = words.mend(words.tidy(utterance), known)
    items = _items(text)
    masked, at = "", 0
    for item in items:
        masked += f"{text[at : item.start]} {item.mask} "
        at = item.end
    masked = " ".join((masked + text[at:]).split())
    above, below = bool(_ABOVE.search(masked)), bool(_BELOW.search(masked))
    sequence = _SEQUENCE.search(masked)
    # "from L1-L2 on, every level" means all levels, but "all levels from L3 to S1" does not
    every = _ALL_LEVELS.search(masked) and all(len(item.discs) < 2 for item in items)
    return Slots(
        text=text,
        masked=masked,
        discs=() if every else _joined(text, items),
        vertebrae=tuple(i.vertebra for i in items if i.vertebra),
        others=tuple(i.other for i in items if i.other),
        everything=bool(_EVERYTHING.search(masked)),
        relative=0 if above == below else 1 if above else -1,
        reference=bool(_REFERENCE.search(masked)),
        kinds=words.kinds_in(masked),
        quantities=words.quantities_in(masked),
        sequence=sequence.group(1) if sequence else None,
        number=_number(masked),
        presence=_presence(masked),
        by=_shift(text, masked, items),
        choice=_choice(text),
        unassessed=bool(words.UNASSESSED.search(masked)),
        numeric=bool(_NUMERIC.search(masked)),
        worst=bool(_WORST.search(masked)),
    )
