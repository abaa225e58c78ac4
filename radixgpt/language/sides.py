"""The side of a finding: left, right or both, where the words of its sentence say so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from radixgpt.language.clause import Mention
from radixgpt.language.lexicon import Item

_PHRASE = re.compile(
    r"(?:[ ,()/&<>-]|\b(?:greater|than|para|central|paracentral|paramedian|median|foraminal"
    r"|extraforaminal|far"
    r"|lateral|posterolateral|posterocentral|anterolateral|posterior|anterior|subarticular|sided?"
    r"|sub|recess|recessal|uncovertebral|marginal|and|or|to|the|wide|broad|based?|focal|disc|annular|exit|exiting|neural|nerves?"
    r"|spinal|l[1-5]|s[12]|c\d|t\d+|d\d+|aspect|part|of|half|small|tiny|large|mild|mildly|moderate"
    r"|severe|diffuse|slightly|intervertebral|descending|traversing|budding|lumbar|more|region|area"
    r"|degenerative|vertebral|body|renal|convex\w*|left|right)\b)*"
)
_REACHES_BACK = re.compile(r"\b(?:to|on|at|in|towards?)(?: the)? $")
_GOES_ON_AFTER = re.compile(r" ?(?:sided?|side)? ?(?:and|or)\b")
_SHARED = re.compile(r" ?(?:and|or|&|/|,) ?(?:(?:exit|exiting|neural|nerve|spinal|l\d|s\d)\b ?)*")
_EXTENDS = re.compile(
    r"\bexten\w*(?: (?:more|also|mildly|slightly))? (?:to|in|into|towards?)[a-z ]*$"
)
_WITHIN = re.compile(r"\b(?:left|right)\b")
_ON = re.compile(r" *(?:(?:on|at|to) (?:the )?)?")
_AGAIN = re.compile(r"[ ,&/(-]*(?:and|with|or)? ?")


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
        if one.start == other.start and one.structure:  # two states of one structure
            sides[index - 1] = sides[index] = sides[index - 1] or sides[index]
        joined = index - 1 in ahead and one.structure and one.state == other.state
        if joined and not sides[index] and _SHARED.fullmatch(text, one.end, other.start):
            sides[index] = sides[index - 1]
            ahead.add(index)
    found: list[Mention] = []
    for mention, named in zip(mentions, sides, strict=True):
        named = [(side, degree or mention.severity) for side, degree in named]
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
    """The degree right before a side: "moderate right", "moderately on the left"."""
    if place and items[place - 1].sort == "degree":
        before = items[place - 1]
        if _ON.fullmatch(text, before.end, items[place].start):
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
