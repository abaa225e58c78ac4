"""The level of a finding: what its sentence gives it, or a heading or the sentence before lends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from radixgpt.language.clause import Mention
from radixgpt.language.levels import LevelMention
from radixgpt.language.meanings import CONSEQUENCES
from radixgpt.language.sentences import Sentence
from radixgpt.terminology.table import place_of

_MAY_HAVE_LEVEL = ("spondylosis", "cord_signal_change")
_FROM_LESION = ("sac", "cord", "root", "foramen", "recess", "canal", "facet", "flavum")
_ELSEWHERE = re.compile(
    r"[ ,]*(?:(?:noted|seen|is|are|was|present|identified) )*(?:at|in|of) (?:the )?(?:other|rest"
    r"|remaining|lower|upper|multiple|multi|several|some|different|most)\b"
    r"|[ ,]*(?:noted |seen )?elsewhere"
)
_REGION = re.compile(r"\b(?:cervical|thoracic|dorsal|lumbar|lumbosacral) spine\b")
_MULTI = re.compile(r"(?:there (?:is|are) )?(?:multi|multiple)")
_DENIED = re.compile(r"\b(?:no|without|nor|neither)\b")
_TURN = re.compile(r"\b(?:but|however|although|though)\b")
_OR = re.compile(r"\b(?:or|nor)\b")
_OF_DISC = re.compile(r" (?:intervertebral |disc |level )*")
_JOINED = re.compile(
    r"[ ]*(?:,? ?(?:and|with|or|&|/|plus|on top of|as well as|superimposed on) )?[ a-z-]{0,40}"
)
_EMPHASIS = re.compile(
    r"\b(?:n[a-z]+bly|mainly|mostly|especially|particularly|largest|greatest|worst|worse|more|most"
    r"|predominantly|prominent|maximal\w*)[a-z ,]*$"
)
_ANOTHER = re.compile(r"(?:,| and|, and) (?:at )?")
"""Between a finding and the level of another one."""
_WHERE = re.compile(r" ?(?:levels?)?,? ?(?:where|which)\b[^,]*")
_ATTACHED = re.compile(
    r"(?:[ ,(&-]|\b(?:noted|seen|is|are|was|were|present|identified|evident|demonstrated|observed"
    r"|at|of|in|on|the|levels?|region|involving|affecting|discs?|spaces?|body|bodies|vertebral"
    r"|vertebra|material|materials|also|mainly|mostly|best|both|especially|noticeably|notably|more"
    r"|prominent|degenerative|changes?|type|signal|noticebly|notceably|largest|upper|lower|superior|inferior|found"
    r"|visualized|from|between|that|this|mild|lumbar|endplates?|and|plate)\b)*"
)
_SAME = re.compile(
    r"\b(?:same|this|that|these|above ?mentioned|aforementioned|said) (?:disc|level)"
)
_GOES_ON = re.compile(
    r"(?:(?:mild|moderate|severe|significant|marked|slight|large|relative|partial)(?:ly)? )*"
    r"(?:and|with|where|which|it|this|mostly|probably|likely|suggesti\w+|consistent with"
    r"|compatible with|representing|associated|also associated|resulting|causing|leading|all"
    r"|extending|producing|contributing|thereby|together|as well|there (?:is|are)(?= (?:(?:mild"
    r"|moderate|severe|also|marked|associated) )*(?:compress|indent|encroach|efface|narrow|abut"
    r"|imping|displace))|(?:compress|indent|encroach|efface|obliterat|displac|imping|abut|touch|narrow"
    r"|contact|flatten|deform)\w*ing)\b"
)
_OPENING = re.compile(r"(?:at |the |level of |levels? |segments? |discs? )*$")
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
    if over is None and context.explicit and context.heading_line == sentence.line:
        over = None if context.heading is None else _without_span(context.heading)
    attached = [
        mention.at or _attached(text, index, mentions, body)
        for index, mention in enumerate(mentions)
    ]
    taken = {id(level) for level in attached if level is not None}
    goes_on = sentence.goes_on or _GOES_ON.match(text, sentence.start) is not None
    found: list[LevelMention | None] = []
    has_discs = any(level.discs for level in (*levels, *([over] if over else [])))
    every = body
    for index, mention in enumerate(mentions):
        own = attached[index]
        # "L4-5 extrusion behind the body of L5 compresses the root": the root's place is a disc.
        of_disc = has_discs and place_of(mention.kind) == "disc"
        body = [level for level in every if level.discs] if of_disc else every
        if of_disc and own is not None and not own.discs:
            own = None
        after = text[mention.span[1] : sentence.end]
        if place_of(mention.kind) == "study":
            found.append(own if mention.kind in _MAY_HAVE_LEVEL else None)
        elif mention.at is not None:
            found.append(mention.at)
        elif _ELSEWHERE.match(after) and own is None:
            found.append(None)
        elif over is not None and (head.level is not None or body):
            found.append(_under(text, mention, body, own, taken, over))
        elif body:
            found.append(
                own or _in_sentence(text, sentence, index, mentions, body, attached, taken)
            )
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
    """The level right after a finding ("bulge at L4-5") or within it ("narrowed L4-5 disc")."""
    mention = mentions[index]
    first, end = mention.span
    for level in body:
        if first <= level.start < end:
            return level
        if level.start >= end:
            between = any(end <= other.start < level.start for other in mentions)
            if _ANOTHER.fullmatch(text, end, level.start) and _before(text, first, body):
                break
            if not between and _ATTACHED.fullmatch(text, end, level.start):
                return level
            break
    return _before(text, first, body)


def _before(text: str, first: int, body: Sequence[LevelMention]) -> LevelMention | None:
    """The level right before a finding: "L4-5 bulge"."""
    for level in reversed(body):
        if level.end <= first:
            close = text[level.end : first]
            if _WHERE.fullmatch(close) or _OF_DISC.fullmatch(close):
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
        is_free = level.end <= mention.span[0] and id(level) not in taken
        if is_free and not _EMPHASIS.search(text[max(0, level.start - 30) : level.start]):
            return level
    return heading


def _in_sentence(
    text: str,
    sentence: Sentence,
    index: int,
    mentions: Sequence[Mention],
    body: Sequence[LevelMention],
    attached: Sequence[LevelMention | None],
    taken: set[int],
) -> LevelMention | None:
    """The level of a finding whose sentence names levels, none of them right at the finding."""
    mention = mentions[index]
    first, end = mention.span
    before = [level for level in body if level.end <= first]
    if before and id(before[-1]) not in taken:
        return before[-1]
    if mention.structure not in _FROM_LESION and mention.kind not in CONSEQUENCES:
        for later in range(index + 1, len(mentions)):
            gap = text[mentions[later - 1].span[1] : mentions[later].start]
            if not _JOINED.fullmatch(gap) or _TURN.search(gap):
                break
            level = attached[later]
            if level is not None and level.start >= end:
                return level
    if before:
        return before[-1]
    denied = mention.assertion == "absent" or _DENIED.search(text, sentence.start, first)
    gap = text[end : body[0].start]
    if denied and _TURN.search(gap):
        return None  # "no fracture but wedging of T12"
    return None if denied and "," in gap and not _OR.search(gap) else body[0]


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
    return None if denied and not (mention.filled and context.explicit) else _without_span(heading)


def _without_span(level: LevelMention) -> LevelMention:
    return replace(level, start=0, end=0)


def _left(
    sentence: Sentence,
    context: Context,
    head: _Head,
    found: Sequence[LevelMention | None],
    goes_on: bool,
) -> Context:
    named = [level for level in reversed(found) if level is not None]
    last = next((level for level in named if level.discs), next(iter(named), None))
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
        if mention.kind == "spondylolysis" and level.discs:  # of "L5 on S1" the upper one has it
            return level.vertebrae[:1] or level.discs
        return level.vertebrae or level.discs or (None,)
    return level.discs or level.vertebrae or (None,)
