"""The levels, numbers, directions and references in an utterance, read by rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

from radixgpt.level import LUMBAR_DISCS, disc_index, shift
from tools.router import words
from tools.router.places import Place, discs_of, masked, places_in, spelled

_NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8,
}  # fmt: skip
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
_WORD = "zero|one|two|three|four|five|six|seven|eight|nine|ten"
_DIGIT = rf"\d{{1,3}}|{_WORD}|iv|v|vi{{1,3}}|i{{1,3}}"
_VALUE = re.compile(
    r"(:?=|\b(?:to|into|as|is|be|a|an|grade[sd]?|type|pfirrmann|modic|score|class|put|make|value"
    r"|with|by)\b)(?: (?:it|a|an|grade|type|pfirrmann|modic|of|at|xdiscs?))*"
    rf" ({_DIGIT})\b(?![.,]\d)(?! (?:disc|would|do|see|think|am|want|disagree)\b)"
)
_NOT_THAT = re.compile(
    rf"(?:\bnot|n't|\binstead of|\brather than)(?: (?:a|an|be|grade|type|pfirrmann|modic))*"
    rf" (?:{_DIGIT})\b"
)
_ABSENT = re.compile(r"\b(?:absent|not|no|none|negative|without|never)\b|n't\b")
_PRESENT = re.compile(
    r"\b(?:present|positive|is|as|add|put|mark|record|enter|include|do see|does|there's|has|should"
    r"|make)\b"
)
_UP = re.compile(r"\b(?:increase|up|upwards?|higher|above|cranial(?:ly)?|headwards?)\b")
_DOWN = re.compile(r"\b(?:decrease|down|downwards?|lower|below|caudal(?:ly)?)\b")
_TOO = re.compile(r"\btoo (low|high)\b")
_STEPS = re.compile(rf"\b({_WORD}|\d{{1,3}})\b")
_SIGNED = re.compile(r"(?<![\w-])([+-]) ?(\d{1,3})\b")
_BY = re.compile(r"\bby (\d{1,3})\b")
_FRACTION = re.compile(r"\d[.,]\d|\bhalf\b")
_ORDER = re.compile(
    r"^(?:(?:please|ok(?:ay)?|now|then|no|well|actually|could you|can you"
    r"|i(?:'d| would| want to| would like to)(?: rather)?),? )*"
    r"(?:call|set|mark|grade|make|put|record|enter|code|label|score|rate|change|correct)\b"
)
_DICTATED = re.compile(r"[:=] ?(?:present|absent|positive|negative)\W*$")
_STATED = re.compile(r"\b(?:present|absent|positive|negative)\b")
_SIDE = re.compile(
    r"\b(?:left|right)[- ](?:hand )?(?:sided?|one)\b|\b(?:on|to|about) the (?:left|right)\b"
    r"|\bwhich side\b|\b(?:left|right)(?:,? or |/)(?:left|right)\b"
    r"|^(?:and |what about |how about )?(?:the )?(?:left|right)\W*$"
)
_LONGER = re.compile(
    r"\b(?:long(?:er)?|full|fuller|detail(?:s|ed)?|expand\w*|extend\w*|more words|standard)\b"
)
_RETURN = re.compile(r"\b(?:back|restore|re-?add|re-?insert|again|re-?include|undo|undelete)\b")
_SHORTER = re.compile(r"\btoo (?:long|detailed)\b|\bshort|\bless\b|\bnot? (?:so |as )?long")
_NORMAL = re.compile(r"\b(?:normal|healthy|unremarkable|unaffected|spared|fine)\b")
_NEXT_TO = re.compile(
    r"\b(?:levels?|discs?|ones?|segments?|spaces?) (?:just |directly |right |immediately )?"
    r"(?:(above|over|higher than|cranial (?:to|of))"
    r"|below|under|beneath|lower than|caudal (?:to|of))"
    r" (?:the )?xdisc\b"
)
_OTHER_IMAGE = re.compile(
    r"\b(?:axials?|transvers\w+|coronals?|stir|flair|dwi|dixon|fat[- ]?sat\w*|contrast"
    r"|post[- ]?gad\w*|ct|x-?rays?|radiographs?)\b"
)
_APART = re.compile(r" and | & | plus ")


@dataclass(frozen=True)
class Slots:
    """What was read in one utterance.

    Attributes:
        text: tidy and mended.
        masked: the same with levels as ``xdisc``, ``xdiscs``, ``xvert``, ``xother``.
        discs: the lumbar discs that are named, in order; ranges are expanded.
        others: levels outside of the five lumbar discs.
        unknown: what is written like a level and is none.
        turned: a disc was named with its lower vertebra first.
        relative: 1 for a level above, -1 for one below the one spoken of, 0 for neither.
        by: levels by which the numbering is to move up; None when not said.
        steps: the size of a move whose direction is not said.
        choice: 0 or 1 for the first or second of two options.
        number: a grade that is to be set.
        numeric: a size is asked for.
        worst: the worst of all is asked for.
        presence: ``present`` or ``absent``, as far as it can be told.
        stated: the same where it is said in so many words.
        order: a value is dictated, as in "call L4-L5 herniation present".
        side: left or right is asked for.
        longer: more text is asked for.
        back: what was taken away is to come back.
        other_image: another plane, sequence or modality than the graded ones is named.
        normal: the word normal or one like it is said.
        half: one part of it names a kind of finding, another what no tool assesses.
    """

    text: str
    masked: str
    discs: tuple[str, ...] = ()
    vertebrae: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    turned: bool = False
    everything: bool = False
    relative: int = 0
    reference: bool = False
    kinds: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    sequence: str | None = None
    number: int | None = None
    presence: str | None = None
    stated: str | None = None
    by: int | None = None
    steps: int = 1
    choice: int | None = None
    unassessed: bool = False
    numeric: bool = False
    worst: bool = False
    order: bool = False
    side: bool = False
    longer: bool = False
    back: bool = False
    half: bool = False
    other_image: bool = False
    normal: bool = False

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


def _shift(text: str, said: str, places: list[Place]) -> int | None:
    """Levels by which the names should move up."""
    named = [p.discs[0] if p.discs else p.other for p in places if len(p.discs) == 1 or p.other]
    if len(named) == 2 and all(n in (*LUMBAR_DISCS, "S1-S2", "T12-L1") for n in named):
        return disc_index(named[1]) - disc_index(named[0]) or None
    if _FRACTION.search(said):
        return None
    size = _steps(said)
    if signed := _SIGNED.search(text):
        return int(signed.group(2)) * (1 if signed.group(1) == "+" else -1)
    if too := _TOO.search(text):
        return size if too.group(1) == "low" else -size
    up, down = bool(_UP.search(said)), bool(_DOWN.search(said))
    if up != down:
        return size if up else -size
    if by := _BY.search(said):
        return int(by.group(1))
    return None


def _steps(said: str) -> int:
    found = None if _FRACTION.search(said) else _STEPS.search(said)
    return _integer(found.group(1)) if found else 1


def _integer(said: str) -> int:
    return _NUMBERS[said] if said in _NUMBERS else int(said)


def _number(said: str) -> int | None:
    found = _VALUE.findall(_NOT_THAT.sub(" ", said))
    if not found:
        return None
    last = next((value for cue, value in reversed(found) if cue in ("to", "into")), found[0][1])
    return _integer(last)


def _presence(said: str) -> str | None:
    plain = re.sub(r"^(?:no|nope), ", "", said)
    if _ABSENT.search(plain):
        return "absent"
    return "present" if _PRESENT.search(plain) else None


def _stated(said: str) -> str | None:
    """``present`` or ``absent`` where it is said in so many words."""
    found = _STATED.search(said)
    if found is None:
        return None
    yes = found.group() in ("present", "positive")
    return "present" if yes and not _ABSENT.search(said) else "absent"


def _choice(text: str) -> int | None:
    first, second = bool(_FIRST.search(text)), bool(_SECOND.search(text))
    return None if first == second else int(second)


def _next_to(said: str, discs: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The disc that "the level above L5-S1" means, or its name outside of the lumbar discs."""
    found = _NEXT_TO.search(said)
    if found is None or len(discs) != 1:
        return discs, ()
    disc = shift(discs[0], 1 if found.group(1) else -1)
    return ((disc,), ()) if disc in LUMBAR_DISCS else ((), (disc,))


def _half(said: str) -> bool:
    """Whether one part names a kind of finding and another one only what no tool assesses."""
    parts = [
        (bool(words.kinds_in(part)), bool(words.UNASSESSED.search(part)))
        for part in _APART.split(said)
    ]
    return (True, False) in parts and (False, True) in parts


def read(utterance: str, *, known: frozenset[str] = frozenset()) -> Slots:
    """Read an utterance; words in ``known`` are taken as spelt right."""
    text = spelled(words.mend(words.tidy(utterance), known))
    places = places_in(text)
    said = masked(text, places)
    above, below = bool(_ABOVE.search(said)), bool(_BELOW.search(said))
    sequence = _SEQUENCE.search(said)
    # "from L1-L2 on, every level" means all levels, but "all levels from L3 to S1" does not
    every = _ALL_LEVELS.search(said) and all(len(place.discs) < 2 for place in places)
    number, stated = _number(said), _stated(said)
    discs, beyond = _next_to(said, () if every else discs_of(text, places))
    return Slots(
        text=text,
        masked=said,
        discs=discs,
        vertebrae=tuple(p.vertebra for p in places if p.vertebra),
        others=(*(p.other for p in places if p.other), *beyond),
        unknown=tuple(p.unknown for p in places if p.unknown),
        turned=any(p.turned for p in places),
        everything=bool(_EVERYTHING.search(said)),
        relative=0 if above == below else 1 if above else -1,
        reference=bool(_REFERENCE.search(said)),
        kinds=words.kinds_in(said),
        quantities=words.quantities_in(said),
        sequence=sequence.group(1) if sequence else None,
        number=number,
        presence=_presence(said),
        by=_shift(text, said, places),
        steps=_steps(said),
        choice=_choice(text),
        unassessed=bool(words.UNASSESSED.search(said)),
        numeric=bool(_NUMERIC.search(said)),
        worst=bool(_WORST.search(said)),
        stated=stated,
        order=bool(_ORDER.search(said) or _DICTATED.search(said))
        and not text.endswith("?")
        and bool(number is not None or stated),
        side=bool(_SIDE.search(said)),
        longer=bool(_LONGER.search(said)) and not _SHORTER.search(said),
        back=bool(_RETURN.search(said)),
        half=_half(said),
        other_image=bool(_OTHER_IMAGE.search(said)),
        normal=bool(_NORMAL.search(said)),
    )
