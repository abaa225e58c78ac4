"""Which line breaks only wrap a line, and which end one.

A report may be pasted from a page of fixed width, where "no disc" and "herniation" stand on two
lines; another is a list, where "no herniation" and "mild bulging" do. The words on both sides of a
break tell most of them; whether the next word would have fitted on the line tells the rest.
"""

from __future__ import annotations

import re
from itertools import pairwise

BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line."""
_OPEN = re.compile(
    r"(?:[,&] ?|\b(?:the|of|and|with|at|to|or|nor|than|an?|in|is|are|was|were|has|have|no|by|on|"
    r"from|without|any|either|neither|there|between|"
    r"(?:show|cause|demonstrate|reveal|produce|contact)s?|due|because|compared|mild|moderate|"
    r"severe|significant|small|large|focal|diffuse|broad|"
    r"based|definite|new|other|acute|minimal|slight|possible|posterior|anterior|inferior|superior|"
    r"(?:para)?central|\w{4,}ing|\w{3,}(?<!norm)al|\w{3,}(?:ive|ous)) ?)$",
    re.IGNORECASE,
)
"""How a line ends whose sentence goes on, if the next begins in lower case."""
_GOES_ON = re.compile(
    r"(?:and|or|nor|but|of|at|in|on|to|from|by|with|without|is|are|was|were|which|that|than|"
    r"abutt\w+|compress\w+|contact\w+|causing|resulting)\b"
)
"""How a line begins that no statement begins with."""
_NOUN_BEFORE = re.compile(
    r"\b(?:dis[ck]|canal|end ?plate|nerve|root|cord|sac|facet|joint|marrow|signal|height|bone|"
    r"body|left|right|bilateral|level) ?$",
    re.IGNORECASE,
)
_NOUN_AFTER = re.compile(
    r"(?:herniat|protru|extru|bulg|stenos|narrow|degenerat|desiccat|space|height|signal|change|"
    r"compress|imping|contact|root|sac|oedema|edema|irregular|arthr|hypertroph|effusion|fractur|"
    r"collaps|sequest|for?amin|neural|lateral|recess|paracentral|subarticular|sided|loss|material|"
    r"abnormal|lesion|defect)\w*"
)
"""The second word of a name that the end of a line parts, as in "no disc / herniation"."""
_LEVEL = r"[tdlsc]\d{1,2}(?: ?(?:[-/&,]|and|to) ?[tdlsc]?\d{1,2})*"
_NUMBER = re.compile(rf"(?:[ivx]+|{_LEVEL}|\d+(?:\.\d+)? ?[cm]?m)\b", re.IGNORECASE)
"""A grade, a level or a length."""
_CAPITAL_SIDE = re.compile(r"(?:[LR][Tt]|Left|Right)\b")
_OPEN_TO_NUMBER = re.compile(
    r"\b(?:the|of|and|with|at|to|or|by|on|from|upon|over|between|grade|type|measuring|more|both|"
    r"(?:compress|abutt|contact|encroach|displac|imping)ing) ?$",
    re.IGNORECASE,
)
_NUMBER_GOES_ON = re.compile(
    rf"(?:[ivx]+\b|\d|{_LEVEL} ?(?:[,.()]|levels?\b(?! ?:)|nerve|root|vertebra|body|exit))",
    re.IGNORECASE,
)
"""A number that heads no line of a list, as "L4-L5:" would."""
_SIDE = re.compile(r"\b(?:left|right|[lr]t\.?|bilateral|travers\w+|exit\w*) ?$", re.IGNORECASE)
"""Ends a line before the root it belongs to, "left / L5 nerve root"."""
_STATEMENT = re.compile(
    r"(?:no|there|mild|moderate|severe|minimal|slight|small|large|diffuse|broad|wide|multi\w+|"
    r"normal|marked|disc|d[ei]s+ic\w+|the)\b"
)
"""How a line may begin that is a statement of its own, though in lower case."""
_COMPLETE = re.compile(
    r"\b(?:seen|noted|identified|present|appreciated|demonstrated|evident|normal|intact|"
    r"preserved|unremarkable) ?$",
    re.IGNORECASE,
)
"""How a line ends that may be a statement of its own."""
_WIDE = 35
"""Characters; a page is not narrower."""
_ENDS = tuple(".;:!?")
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_CAPITALS = 4
"""Capital letters to a small one from which on a text is written in capitals."""
_REACH = 30
"""Characters before a break that tell how the line ends."""


class Wraps:
    """The line breaks of one text.

    Args:
        text: as it was written, in upper and lower case.
    """

    __slots__ = ("_full", "_text")

    def __init__(self, text: str) -> None:
        capitals = sum(letter.isupper() for letter in text)
        if capitals > _CAPITALS * sum(letter.islower() for letter in text):
            text = text.lower() if len(text.lower()) == len(text) else text
        self._text = text
        self._full: dict[int, bool] | None = None

    def joins(self, start: int, end: int) -> bool:
        """Whether the white space from ``start`` to ``end`` only wraps a line.

        An empty line ends one, and so does what is followed by a list mark or a capital letter,
        unless all is written in capitals.
        """
        text = self._text
        if len(BREAK.findall(text[start:end].replace("\r\n", "\n"))) > 1 or not start:
            return False
        begin = max(0, start - _REACH)
        if _NUMBER.match(text, end) is not None:
            if _OPEN_TO_NUMBER.search(text, begin, start) is not None:
                return True
            if _NUMBER_GOES_ON.match(text, end) is None:
                return False
            return _SIDE.search(text, begin, start) is not None or self._fills(end)
        if _CAPITAL_SIDE.match(text, end) is not None:
            return _OPEN_TO_NUMBER.search(text, begin, start) is not None
        if text[end : end + 1].islower():
            if _OPEN.search(text, begin, start) is not None:
                return True
            if text[start - 1] in _ENDS:
                return False
            if _GOES_ON.match(text, end) is not None:
                return True
            if self._hangs(start, end) and _STATEMENT.match(text, end) is None:
                return True
            named = _NOUN_BEFORE.search(text, begin, start) is not None
            if named and _NOUN_AFTER.match(text, end) is not None:
                return True
            return self._fills(end)
        return text[end : end + 1] in tuple(",&()/.") and self._fills(end)

    def _hangs(self, start: int, end: int) -> bool:
        """Whether the line after a break stands further in than the one before it."""
        begin = max(self._text.rfind(mark, 0, start) for mark in "\n\r") + 1
        line = self._text[begin:start]
        lead = max(self._text.rfind(mark, 0, end) for mark in "\n\r") + 1
        return end - lead > len(line) - len(line.lstrip())

    def _fills(self, end: int) -> bool:
        """Whether the line before ``end`` was full, so that the next word had to go on the next."""
        if self._full is None:
            self._full = _full_lines(self._text)
        return self._full.get(end, False)


def _full_lines(text: str) -> dict[int, bool]:
    """Whether a line goes on with one that was full, by the place of its first word.

    A line is full if the next one's first word would make it longer than the longest line. It may
    still be a whole statement: then what follows has to begin with what begins no statement. So it
    has to where but one line is full, which may just be the longest of a list.
    """
    lines = [(match.start(), match[0].rstrip()) for match in _LINE.finditer(text)]
    found: dict[int, tuple[str, str]] = {}
    # An indent may or may not be part of the page's width.
    for width in (len, lambda line: len(line.strip())):
        longest = max((width(line) for _, line in lines), default=0)
        for (_, line), (begin, after) in pairwise(lines) if longest >= _WIDE else ():
            words = after.split(maxsplit=1)
            if words and width(line) + 1 + len(words[0]) > longest and line[-1:] not in _ENDS:
                found[begin + len(after) - len(after.lstrip())] = (line, after.lstrip())
    return {
        place: _STATEMENT.match(after) is None
        or (len(found) > 1 and _COMPLETE.search(line) is None)
        for place, (line, after) in found.items()
    }
