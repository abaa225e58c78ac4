"""Where a finding is: the side and the level that its sentence gives it, or the context does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from radixgpt.language.clause import CONSEQUENCES, Mention
from radixgpt.language.levels import LevelMention
from radixgpt.language.lexicon import Item
from radixgpt.language.sentences import Sentence
from radixgpt.terminology.table import place_of

_PHRASE = re.compile(
    r"(?:[ ,()/&-]|\b(?:para|central|paracentral|paramedian|median|foraminal|extraforaminal|far"
    r"|lateral|posterolateral|posterocentral|anterolateral|posterior|anterior|subarticular|sided?"
    r"|sub|recess|and|or|to|the|wide|broad|based?|focal|disc|annular|exit|exiting|neural|nerve|nerves"
    r"|spinal|l[1-5]|s[12]|c\d|t\d+|d\d+|aspect|part|of|half|small|tiny|large|mild|mildly|moderate|severe|diffuse"
    r"|slightly|intervertebral|descending|traversing|budding|lumbar|more|region|area|para|degenerative"
    r"|vertebral|body|renal|convex\w*)\b)*"
)
_REACHES_BACK = re.compile(r"\b(?:to|on|at|in|towards?)(?: the)? $")
_GOES_ON_AFTER = re.compile(r" ?(?:sided?|side)? ?(?:and|or)\b")
_SHARED = re.compile(r" ?(?:and|or|&|/|,) ?(?:(?:exit|exiting|neural|nerve|spinal|l\d|s\d) ?)*")
_EXTENDS = re.compile(
    r"\bexten\w*(?: (?:more|also|mildly|slightly))? (?:to|in|into|towards?)[a-z ]*$"
)
_WITHIN = re.compile(r"\b(?:left|right)\b")
_AGAIN = re.compile(r"[ ,&/(-]*(?:and|with|or)? ?")
_MAY_HAVE_LEVEL = ("spondylosis", "cord_signal_change")
_FROM_LESION = ("sac", "cord", "root", "foramen", "recess", "canal", "facet", "flavum")
_ELSEWHERE = re.compile(
    r"[ ,]*(?:noted|seen|is|are|was|present|identified)* ?(?:at|in|of) (?:the )?(?:other|rest|remaining"
    r"|lower|upper|multiple|multi|several|some|different|most)\b|[ ,]*(?:noted |seen )?elsewhere"
)
_REGION = re.compile(r"\b(?:cervical|thoracic|dorsal|lumbar|lumbosacral) spine\b")
_MULTI = re.compile(r"(?:there (?:is|are) )?(?:multi|multiple)")
_DENIED = re.compile(r"\b(?:no|without|nor|neither)\b")
_OF_DISC = re.compile(r" (?:intervertebral |disc |level )*")
_JOINED = re.compile(
    r"[ ]*(?:,? ?(?:and|with|or|&|/|plus|on top of|as well as|superimposed on) )?[ a-z-]{0,40}"
)
_EMPHASIS = re.compile(
    r"\b(?:not[ie]?ce?[ae]*bly|noticeably|notably|noteably|mainly|mostly|especially|particularly"
    r"|largest|greatest|worst|worse|more|most|predominantly|prominent|maximal\w*|n[a-z]+ably|n[a-z]+bly)"
    r"[a-z ,]*$"
)
_WHERE = re.compile(r" ?(?:levels?)?,? ?(?:where|which)\b")
_ATTACHED = re.compile(
    r"(?:[ ,(&-]|\b(?:noted|seen|is|are|was|were|present|identified|evident|demonstrated|observed"
    r"|at|of|in|on|the|levels?|region|involving|affecting|discs?|spaces?|body|bodies|vertebral"
    r"|vertebra|material|materials|also|mainly|mostly|best|both|especially|noticeably|notably|more"
    r"|prominent|degenerative|changes?|type|signal|noticebly|notceably|largest|upper|lower|found"
    r"|visualized|from|between|that|this|mild|lumbar|endplates?|and|plate)\b)*"
)
_SAME = re.compile(
    r"\b(?:same|this|that|these|above ?mentioned|aforementioned|said) (?:disc|level)"
)
_GOES_ON = re.compile(
    r"(?:(?:mild|moderate|severe|significant|marked|slight|large|relative|partial)(?:ly)? )*"
    r"(?:and|with|where|which|it|this|mostly|probably|likely|suggesti\w+|consistent with"
    r"|compatible with|representing|associated|also associated|resulting|causing|leading|all"
    r"|extending|producing|contributing|thereby|together|as well|there (?:is|are)(?= (?:mild |moderate"
    r" |severe |also |marked |associated )*(?:compress|indent|encroach|efface|narrow|abut|imping"
    r"|displace))|(?:compress|indent|encroach|efface|obliterat|displac|imping|abut|touch|narrow"
    r"|contact|flatten|deform)\w*ing)\b"
)
_OPENING = re.compile(r"(?:at |the |level of |levels? )*$")
_HEADED = re.compile(
    r" ?(?:(?:disc|intervertebral|space|spaces|levels?|interspace|l:) ?)*(?P<end>[:=-]|\)?$)?"
)


@dataclass(frozen=True)
class Context:
    """What earlier sentences leave to the next.

    Attributes:
        heading: levels of the heading that is open.
        explicit: whether the heading stands for itself ("L4-5:"), not as part of a sentence.
        heading_line: line of the heading's own text, in which denials belong to it as well.
        before: levels of the sentence before.
    """

    heading: LevelMention | None = None
    explicit: bool = False
    heading_line: int = -1
    before: LevelMention | None = None


def with_sides(
    text: str, start: int, mentions: Sequence[Mention], items: Sequence[Item]
) -> list[Mention]:
    """Give each side of a sentence to the finding that it is said of.

    Two sides of one structure that each have a degree make two findings.
    """
    sides: list[list[tuple[str, str | None]]] = [
        [(side[0], None) for side in _WITHIN.finditer(text, mention.start, mention.end)]
        if not mention.structure
        else []
        for mention in mentions
    ]
    ahead: set[int] = set()
    for place, item in enumerate(items):
        if item.sort != "side":
            continue
        owner, is_ahead = _owner(text, start, mentions, items, item)
        if owner is None:
            continue
        sides[owner].append((item.name, _own_degree(text, items, place)))
        if is_ahead:
            ahead.add(owner)
    for index in range(1, len(mentions)):
        one, other = mentions[index - 1], mentions[index]
        again = one.kind == other.kind and _AGAIN.fullmatch(text, one.end, other.start)
        if again and sides[index - 1] and not sides[index]:
            sides[index] = sides[index - 1]
        joined = index - 1 in ahead and one.structure and one.state == other.state
        if joined and not sides[index] and _SHARED.fullmatch(text, one.end, other.start):
            sides[index] = sides[index - 1]
            ahead.add(index)
    found: list[Mention] = []
    for mention, named in zip(mentions, sides, strict=True):
        degrees = {degree for _, degree in named}
        if len(named) == 2 and len(degrees) == 2 and None not in degrees:
            found.extend(
                replace(mention, sides=frozenset((side,)), severity=degree)
                for side, degree in named
            )
        elif named:
            found.append(replace(mention, sides=frozenset(side for side, _ in named)))
        else:
            found.append(mention)
    return found


def _own_degree(text: str, items: Sequence[Item], place: int) -> str | None:
    """The degree right before a side: "moderate right"."""
    if place and items[place - 1].sort == "degree":
        before = items[place - 1]
        if not text[before.end : items[place].start].strip():
            return before.name
    return None


def _owner(
    text: str, start: int, mentions: Sequence[Mention], items: Sequence[Item], side: Item
) -> tuple[int | None, bool]:
    """Index of the finding that a side belongs to, and whether the side goes before it."""
    lead = text[max(start, side.start - 40) : side.start]
    before = [index for index, one in enumerate(mentions) if one.start < side.start]
    last = max(before, key=lambda index: mentions[index].end, default=None)
    following = next(
        (one for one in items if one.start >= side.end and one.sort in ("finding", "structure")),
        None,
    )
    if following is not None and _PHRASE.fullmatch(text, side.end, following.start):
        owned = _mention_of(mentions, following)
        if owned is None:
            lesions = [index for index in before if not mentions[index].structure]
            return (lesions[-1] if lesions and _EXTENDS.search(lead) else last), False
        gap = text[side.end : following.start]
        turned = last is not None and (
            "," in gap or (_REACHES_BACK.search(lead) and _GOES_ON_AFTER.match(gap))
        )
        if not turned:
            return owned, True
    if last is not None:
        return last, False
    return (0, True) if mentions else (None, False)


def _mention_of(mentions: Sequence[Mention], item: Item) -> int | None:
    return next((i for i, mention in enumerate(mentions) if mention.start == item.start), None)


def with_levels(
    text: str,
    sentence: Sentence,
    mentions: Sequence[Mention],
    levels: Sequence[LevelMention],
    context: Context,
) -> tuple[list[LevelMention | None], Context]:
    """The levels of each finding of a sentence, and what the sentence leaves to the next.

    Levels that a heading or an earlier sentence lends have an empty span.
    """
    head = _heading(text, sentence, levels)
    body = head.body
    if _REGION.search(text, sentence.start, sentence.end) and not context.explicit:
        context = Context()
    over = head.level
    if over is None and context.heading_line == sentence.line and context.heading is not None:
        over = _without_span(context.heading)
    attached = [_attached(text, index, mentions, body) for index in range(len(mentions))]
    taken = {id(level) for level in attached if level is not None}
    goes_on = _GOES_ON.match(text, sentence.start) is not None
    found: list[LevelMention | None] = []
    for index, mention in enumerate(mentions):
        own = attached[index]
        after = text[mention.span[1] : sentence.end]
        if place_of(mention.kind) == "study":
            found.append(own if mention.kind in _MAY_HAVE_LEVEL else None)
        elif _ELSEWHERE.match(after) and own is None:
            found.append(None)
        elif over is not None and (head.level is not None or body):
            found.append(_under(text, mention, body, own, taken, over))
        elif body:
            found.append(own or _in_sentence(text, index, mentions, body, attached, taken))
        else:
            found.append(_lent(text, sentence, mention, context, goes_on))
    return found, _left(sentence, context, head, found, goes_on)


@dataclass(frozen=True)
class _Head:
    """How a sentence begins: its heading, its other levels, whether words follow the heading."""

    level: LevelMention | None
    body: list[LevelMention]
    rest: bool = True
    explicit: bool = False


def _heading(text: str, sentence: Sentence, levels: Sequence[LevelMention]) -> _Head:
    if not levels or not levels[0].discs:
        return _Head(None, list(levels))
    first = levels[0]
    if not _OPENING.fullmatch(text, sentence.start, first.start):
        return _Head(None, list(levels))
    headed = _HEADED.match(text, first.end, sentence.end)
    rest = headed is None or bool(text[headed.end() : sentence.end].strip(" :l)"))
    if not rest and not _at_line_start(text, sentence.start):
        return _Head(None, list(levels))
    explicit = headed is not None and (bool(headed["end"]) or not rest)
    return _Head(first, list(levels[1:]), rest, explicit)


def _at_line_start(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip(" -*.")


def _attached(
    text: str, index: int, mentions: Sequence[Mention], body: Sequence[LevelMention]
) -> LevelMention | None:
    """The level right after a finding ("bulge noted at L4-5") or within it ("narrowed L4-5 disc")."""
    mention = mentions[index]
    first, end = mention.span
    for level in body:
        if first <= level.start < end:
            return level
        if level.start >= end:
            between = any(end <= other.start < level.start for other in mentions)
            if not between and _ATTACHED.fullmatch(text, end, level.start):
                return level
            break
    for level in reversed(body):
        if level.end <= first:
            close = text[level.end : first]
            if _WHERE.match(close) and "," not in close[_WHERE.match(close).end() :]:  # type: ignore[union-attr]
                return level
            if _OF_DISC.fullmatch(close):
                return level
            break
    return None


def _under(
    text: str,
    mention: Mention,
    body: Sequence[LevelMention],
    own: LevelMention | None,
    taken: set[int],
    heading: LevelMention,
) -> LevelMention:
    """The level of a finding in a sentence that a heading opens."""
    if own is not None:
        follows = own.start >= mention.start
        if not (follows and _EMPHASIS.search(text[mention.span[1] : own.start])):
            return own
        return heading
    for level in reversed(body):
        if level.end <= mention.span[0] and id(level) not in taken:
            if not _EMPHASIS.search(text[max(0, level.start - 30) : level.start]):
                return level
    return heading


def _in_sentence(
    text: str,
    index: int,
    mentions: Sequence[Mention],
    body: Sequence[LevelMention],
    attached: Sequence[LevelMention | None],
    taken: set[int],
) -> LevelMention:
    """The level of a finding whose sentence names levels, none of them right at the finding."""
    mention = mentions[index]
    first, end = mention.span
    before = [level for level in body if level.end <= first]
    if before and id(before[-1]) not in taken:
        return before[-1]
    if mention.structure not in _FROM_LESION and mention.kind not in CONSEQUENCES:
        for later in range(index + 1, len(mentions)):
            gap = text[mentions[later - 1].span[1] : mentions[later].start]
            if not _JOINED.fullmatch(gap):
                break
            level = attached[later]
            if level is not None and level.start >= end:
                return level
    if before:
        return before[-1]
    return body[0]


def _lent(
    text: str, sentence: Sentence, mention: Mention, context: Context, goes_on: bool
) -> LevelMention | None:
    """The level that a sentence without one takes from before."""
    lender = context.before or context.heading
    if lender is not None and (goes_on or _SAME.search(text, sentence.start, sentence.end)):
        return _without_span(lender)
    heading = context.heading
    if heading is None or _MULTI.match(text, sentence.start):
        return None
    if not context.explicit and not (mention.structure or mention.kind in CONSEQUENCES):
        return None
    if context.heading_line == sentence.line:
        return _without_span(heading)
    denied = mention.assertion == "absent" or _DENIED.search(
        text, sentence.start, max(mention.start, mention.state[0])
    )
    return None if denied else _without_span(heading)


def _without_span(level: LevelMention) -> LevelMention:
    return replace(level, start=0, end=0)


def _left(
    sentence: Sentence,
    context: Context,
    head: _Head,
    found: Sequence[LevelMention | None],
    goes_on: bool,
) -> Context:
    last = next((level for level in reversed(found) if level is not None), None)
    if head.level is not None:
        line = sentence.line if head.rest else sentence.line + 1
        return Context(head.level, head.explicit, line, last or head.level)
    if head.body:
        kept = context.explicit and context.heading_line == sentence.line
        return replace(context, before=last) if kept else Context(before=last)
    return replace(context, before=context.before if goes_on else last)


def levels_of(mention: Mention, level: LevelMention | None) -> tuple[str | None, ...]:
    """Names of the levels that a finding is at, by what kind of place it is found in."""
    if level is None:
        return (None,)
    place = place_of(mention.kind)
    if place == "vertebra":
        if level.end == 0 and level.pair:  # lent by a disc: which vertebra is not said
            return (None,)
        return level.vertebrae or level.discs or (None,)
    return level.discs or level.vertebrae or (None,)
