"""Levels as texts spell them: L4-5, L4/L5, L4,5, D12-L1, LV5/SV1, L3-4 through L5-S1, and words.

Dorsal is thoracic. Two vertebrae that are not neighbours are a range. Roots (``L5 nerve root``) and
weightings (``T2 signal``) are no levels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from radixgpt.level import DISCS, LUMBAR_DISCS, VERTEBRAE

_ATOM = r"(?<![a-z0-9])(?P<{p}>th|[cdtls])v?[ ]?(?P<{n}>1[0-2]|[1-9])(?!\d|\.\d)"
_JOIN = (
    r"(?: ?[-/_\\.]{1,3} ?| (?:over|on|upon|to|and|relative to|with respect to) (?:the )?| ?& ?| ?)"
)
_LEVEL = re.compile(
    _ATOM.format(p="a", n="i")
    + r"(?:(?P<join>"
    + _JOIN
    + r")(?P<b>th|[cdtls])v?[ ]?(?P<j>1[0-2]|[1-9])(?!\d|\.\d|(?!level)[a-z])"
    r"|(?P<short> ?[-/_\\] ?|,|)(?P<k>1[0-2]|[1-9])(?!\d|\.\d| ?(?:mm|cm|x|\*)\b|[-/,]\d))?"
    r"|(?<![a-z0-9])(?P<glued>[cl][1-7][1-7])(?![\w.])"
    r"|(?P<bare>(?<![\w.*/-])[1-5] ?[-/] ?[1-5](?![\w.*/-]| ?(?:mm|cm)))"
    r"|(?P<all>\b(?:all|each of|at every) (?:of )?(?:the )?(?:five )?"
    r"(?:lumbar|the lumbar spine)(?: (?:disc|intervertebral))*(?: (?:discs?|levels?|spaces?))?)"
    r"|(?P<last>\b(?:last|lowest) (?:mobile|lumbar|open|formed|intervertebral)+ "
    r"(?:disc|segment|level|space)(?: space)?|\blumbosacral (?:disc|junction|level|interspace))"
)
_LINK = re.compile(
    r" ?(?:levels?|discs?|vertebra[el]?)?[ ,&/+]*(?:(?P<word>and|or|as well as|to|through|thru|till"
    r"|until|upto|up to|down to|plus|(?:greater|more(?: so)?|worse|less(?: so)?) than)\b ?"
    r"(?:also |at |the |of |in )*|[,&/+<>-]+ ?(?:at |the )*)?"
)
_RANGES = frozenset(("to", "through", "thru", "till", "until", "upto", "up to", "down to"))
_ROOT_AFTER = re.compile(
    r"[ )]*(?:(?:and|or|&|,) ?[ls][1-5] ?)*(?:left |right |both |bilateral |the )*"
    r"(?:exit\w* |travers\w* |descending |dorsal |spinal )*(?:nerves?|roots?"
    r"|radicul\w+|dermatom\w+|distribution|symptoms?)\b"
)
_ROOT_BEFORE = re.compile(r"(?:roots?|nerves?)(?: of| at)? ?\(?(?:the )?(?:left |right )?$")
_WEIGHT_AFTER = re.compile(
    r"[ -]*(?:(?:and|or|&|/|,|-) ?t[12][ -]*)?(?:w\b|wi\b|weigh\w*|signals?\b|hyper\w*"
    r"|hypo\w*|iso\w*"
    r"|image\w*|sequence\w*|flair|stir|fse|tse|bright|dark|se\b|relax\w*|fat\b|lesion|intens\w*"
    r"|high|low|sagittal|axial|shorten\w*|prolong\w*|star|gradient|turbo|space|inter)"
)
_OWN = re.compile(
    r" (?:levels? |discs? )?(?:(?:is|are|appears?) )?(?:normal|unremarkable|intact)\b"
)
"""Behind a level that has a statement of its own: "slip at L4-5, L5-S1 normal"."""
_VERTEBRAL = re.compile(
    r"[ -]*(?:vertebra\w*|level|body|bodies|fracture|superior|inferior|and t\d)"
)


@dataclass(frozen=True)
class LevelMention:
    """Levels named together, such as ``L3-4, L4-5 and L5-S1``.

    Attributes:
        start: first character in the text.
        end: last character + 1.
        discs: discs named, none for vertebrae and for what can't be a disc.
        vertebrae: vertebrae named, from head to tail within each part.
        pair: whether discs were named as such, not by vertebrae joined.
    """

    start: int
    end: int
    discs: tuple[str, ...]
    vertebrae: tuple[str, ...]
    pair: bool


def find_levels(text: str) -> list[LevelMention]:
    """Levels in a text in one spelling, neighbours in a list or a range put together."""
    groups: list[LevelMention] = []
    for part in _parts(text):
        if groups:
            last = groups[-1]
            gap = _LINK.fullmatch(text, last.end, part.start)
            own = gap is not None and "," in gap[0] and _OWN.match(text, part.end)
            if gap is not None and "\n" not in gap[0] and not own:
                if part.pair is last.pair or part.pair:
                    groups[-1] = _joined(last, part, gap["word"] in _RANGES)
                    continue
                if last.pair and not part.pair and gap["word"] in _RANGES:
                    groups[-1] = _joined(last, part, True)
                    continue
        groups.append(part)
    return [group for group in groups if group.discs or group.vertebrae]


def _joined(one: LevelMention, other: LevelMention, is_range: bool) -> LevelMention:
    discs, vertebrae = one.discs + other.discs, one.vertebrae + other.vertebrae
    if is_range and one.vertebrae and other.vertebrae:
        vertebrae = _between(one.vertebrae[-1], other.vertebrae[-1]) or vertebrae
        if one.pair:
            vertebrae = (*one.vertebrae[:-1], *vertebrae)
            discs = one.discs + _discs(one.vertebrae[-1], other.vertebrae[-1])
        elif not other.pair:
            discs = _discs(one.vertebrae[-1], other.vertebrae[-1])
    return LevelMention(
        one.start,
        other.end,
        tuple(dict.fromkeys(discs)),
        tuple(dict.fromkeys(vertebrae)),
        one.pair or other.pair,
    )


def _parts(text: str) -> list[LevelMention]:
    parts: list[LevelMention] = []
    for match in _LEVEL.finditer(text):
        start, end = match.span()
        if match["all"]:
            parts.append(LevelMention(start, end, LUMBAR_DISCS, (), True))
        elif match["last"]:
            parts.append(LevelMention(start, end, ("L5-S1",), (), True))
        elif match["glued"]:
            glued = match["glued"].upper()
            part = _pair(start, end, glued[:2], _below(glued[:2], glued[2]))
            if len(part.discs) == 1:
                parts.append(part)
        elif match["bare"]:
            near = parts and text[parts[-1].end : start].strip(" ,&") in ("", "and", "or")
            if near and parts[-1].discs:
                above, below = re.split(r" ?[-/] ?", match["bare"])
                parts.append(_pair(start, end, f"L{above}", _below(f"L{above}", below)))
        else:
            parts.extend(_named(text, match))
    return parts


def _named(text: str, match: re.Match[str]) -> list[LevelMention]:
    above = _vertebra(match["a"], match["i"])
    first_end = match.end("i")
    if match["b"] is not None:
        below = _vertebra(match["b"], match["j"])
        listed = match["join"].strip() in ("and", "&", "to")
        if listed or (not match["join"].strip() and not _neighbours(above, below)):
            return [
                *_single(text, match.start(), first_end, above),
                *_single(text, match.start("b"), match.end(), below),
            ]
        if above in ("T1", "T2") and below in ("T1", "T2") and not _is_level(text, match.end()):
            return []
        if _ROOT_AFTER.match(text, match.end()) and match["join"].strip() in ("", "/"):
            return []
        return [_pair(match.start(), match.end(), above, below)]
    if match["k"] is not None:
        part = _pair(match.start(), match.end(), above, _below(above, match["k"]))
        if part.discs or match["short"].strip() not in ("", ","):
            return [part]
    return _single(text, match.start(), first_end, above)


def _single(text: str, start: int, end: int, name: str) -> list[LevelMention]:
    if name not in VERTEBRAE:
        return []
    if _ROOT_AFTER.match(text, end) or _ROOT_BEFORE.search(text[max(0, start - 30) : start]):
        return []
    if name in ("T1", "T2") and (_WEIGHT_AFTER.match(text, end) or not _is_level(text, end)):
        return []
    return [LevelMention(start, end, (), (name,), False)]


def _is_level(text: str, end: int) -> bool:
    return _VERTEBRAL.match(text, end) is not None


def _vertebra(part: str, number: str) -> str:
    letter = {"d": "T", "th": "T"}.get(part, part.upper())
    return f"{letter}{int(number)}"


def _below(above: str, number: str) -> str:
    """The second vertebra where its letter is left out: L5-1 is L5-S1, T12-1 is T12-L1."""
    if number == "1" and above in ("L5", "T12", "C7"):
        return {"L5": "S1", "T12": "L1", "C7": "T1"}[above]
    return f"{above[0]}{number}"


def _neighbours(above: str, below: str) -> bool:
    return f"{above}-{below}" in DISCS


def _pair(start: int, end: int, above: str, below: str) -> LevelMention:
    if above in VERTEBRAE and below in VERTEBRAE and _order(above) > _order(below):
        above, below = below, above
    discs = _discs(above, below)
    return LevelMention(start, end, discs, _between(above, below) if discs else (), True)


def _discs(above: str, below: str) -> tuple[str, ...]:
    """Discs from one vertebra down to another; none if they don't follow each other."""
    names = _between(above, below)
    pairs = (f"{a}-{b}" for a, b in pairwise(names))
    return tuple(pair for pair in pairs if pair in DISCS)


def _between(above: str, below: str) -> tuple[str, ...]:
    if above not in VERTEBRAE or below not in VERTEBRAE:
        return ()
    return VERTEBRAE[_order(above) : _order(below) + 1]


def _order(vertebra: str) -> int:
    return VERTEBRAE.index(vertebra)
