"""What takes up a caption or a search for other patients' cases: "and one for L5-S1 alone".

Such a call is none that a question on findings refers to. It is taken up by the very next message
alone, and only if that says nothing but another level, weighting, style or number.
"""

from __future__ import annotations

import re
from typing import Any

from radixgpt.level import LUMBAR_DISCS, shift
from tools.router.calls import Call, levels_of
from tools.router.slots import read

_HERE = ("caption_image", "find_similar_cases")
TAKEN_UP = (*_HERE, "make_synthetic_image")
"""The calls that only the next message takes up; the last one by :mod:`tools.router.made_up`."""
_LEAD = (
    r"(?:(?:and|now|also|then|next|ok(?:ay)?|please|so|but|can you|could you|would you|do|give|make"
    r"|write|show|get|find|try|i want|i need|i'd like|want|need|me|us|it|that|this"
    r"|what about|how about)\b,? ?)*"
)
_ONE = (
    r"(?:(?:the )?(?:same|other|others|one|ones|another|again|an?|some|more|that|it|likewise)\b ?)*"
)
_NOUN = r"(?:(?:captions?|descriptions?|cases?|patients?|examples?)\b ?)?"
_STYLE = (
    r"(?P<style>(?:(?:as|like|in|in the style of) (?:a |an )?)?(?:note|brief|briefer|short|shorter"
    r"|standard|full|longer)\b ?(?:style|form|one)?\b ?)?"
)
_WHAT = (
    r"(?:(?:for|of|at|on|about|in|like|from|with|to|only)\b ?)*(?:the |this |that |my )?"
    r"(?P<thing>xdisc|t[12]\b(?:[- ]?(?:w|weighted|wi))?|(?:whole |entire |open )?(?:study|spine"
    r"|exam\w*))?(?: ?(?:disc|level|image|picture|series|slice|one))?"
    r"(?P<next> ?(?:just )?(?:above|below))? ?"
)
_COUNT = r"(?:(?P<count>\d+|two|three|four|five|six|seven|eight|nine|ten)\b ?)?"
_TAIL = r"(?:(?:alone|only|too|as well|please|instead|again|also|now|just|then|this time)\b ?)*"
_TAKES_UP = re.compile(
    rf"\W*{_LEAD}{_ONE}{_COUNT}{_ONE}{_STYLE}{_NOUN}{_WHAT}{_STYLE.replace('style>', 'late>')}"
    rf"{_TAIL}\W*"
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_STYLES = (("note", "note"), ("brief", "brief"), ("short", "brief"))
_MOST = 10
_LONGEST = 80
"""Characters of what takes something up."""


def taken_up(utterance: str, last: Call | None) -> Call | None:
    """The last call once more with what the message changes in it; None if it says more than that.

    Args:
        utterance: what was said.
        last: the call of the turn before, a caption or a search of cases.
    """
    if last is None or last.tool not in _HERE or len(utterance) > _LONGEST:
        return None
    said = read(utterance)
    found = _TAKES_UP.fullmatch(said.masked)
    if found is None or len(said.discs) > 1 or said.others or said.unknown or said.turned:
        return None
    thing, style, count = found["thing"], found["style"] or found["late"], found["count"]
    args: dict[str, Any] = dict(last.args)
    if thing and not said.discs:
        args.pop("level", None)
        args.pop("sequence", None)
    level = said.discs[0] if said.discs else _beside(last, said.relative) if found["next"] else None
    if found["next"] and (level is None or said.discs):
        return None
    if level:
        args.pop("description", None)
        args["level"] = level
    if last.tool == "caption_image":
        if said.sequence:
            args["sequence"] = said.sequence
        if style:
            named = next((value for word, value in _STYLES if word in style), "standard")
            args["style"] = named
    elif count:
        number = _NUMBERS.index(count) + 1 if count in _NUMBERS else int(count)
        args["count"] = min(max(number, 1), _MOST)
    if last.tool == "find_similar_cases" and (style or said.sequence):
        return None
    if last.tool == "caption_image" and count:
        return None
    return Call(last.tool, args) if thing or level or style or count else None


def _beside(last: Call, by: int) -> str | None:
    """The lumbar disc above or below that of the last call."""
    levels = levels_of(last)
    found = shift(levels[0], by) if levels else ""
    return found if found in LUMBAR_DISCS else None
