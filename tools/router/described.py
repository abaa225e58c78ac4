"""Requests for a caption, which the words decide before any intent is looked for.

The classifier was not trained on them. "Describe this image", "caption the T2", "describe L4-L5":
nothing else may be asked in the same breath, and a description of the study or of findings is none.
"""

from __future__ import annotations

import re

from tools.router.calls import Call
from tools.router.slots import read

_ASKS = (
    r"\W*(?:(?:please|can you|could you|would you|will you|now|and|also|so|then|ok(?:ay)?"
    r"|i want you to|i'd like you to),? )*"
)
_A_CAPTION = (
    r"(?:(?:write|give|generate|make|create|show|produce|compose|draft|get|need|want)"
    r"(?: (?:me|us))?(?: (?:an?|the|some|another))?(?: (?:short|brief|new|image|figure))*"
    r" (?:captions?(?: (?:for|of|to|about|on))?|image descriptions?|descriptions? of))"
)
_VERB = rf"(?:describe|caption|{_A_CAPTION})"
_SEEN = (
    r"(?:(?:sagittal|mid-?sagittal|lumbar|mr|mri|whole|open|current|shown) )*"
    r"(?P<sequence>t[12])?(?:[- ]?(?:w|weighted|wi))?"
    r"(?: ?(?P<thing>images?|pictures?|slices?|series|sequence|scan|mri|view|crop|figure))?"
)
_OF_IMAGE = re.compile(
    rf"{_ASKS}{_VERB}(?: (?:me|us))?(?: (?:this|the|that|these|my|an?))? ?{_SEEN}"
    r"(?: (?:shown|here|for me|in words|please|briefly|like a note))*\W*",
    re.IGNORECASE,
)
_OF_DISC = re.compile(
    rf"{_ASKS}{_VERB}(?: (?:me|us))?(?: (?:this|the|that))?"
    r"(?: (?:disc|disk|level|crop|image)(?: (?:at|of|around))?(?: the)?)? ?xdisc"
    r"(?: (?:disc|disk|level|crop))?(?: (?:for me|in words|please|briefly|like a note))*\W*",
    re.IGNORECASE,
)
_OF_STUDY = re.compile(
    rf"{_ASKS}(?:caption|{_A_CAPTION})(?: (?:this|the|that|my))?(?: (?:whole|open|entire))?"
    r"(?: (?:study|exam|examination|case|images|series))\W*",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\blike a note\b", re.IGNORECASE)
_BRIEF = re.compile(r"\b(?:brief|briefly|short)\b", re.IGNORECASE)
_LONGEST = 120
"""Characters of such a request; a longer text speaks of something else."""


def described(utterance: str) -> Call | None:
    """The call for a caption; None for any other message."""
    if len(utterance) > _LONGEST:
        return None
    args: dict[str, str] = {}
    if _NOTE.search(utterance):
        args["style"] = "note"
    elif _BRIEF.search(utterance):
        args["style"] = "brief"
    if _OF_STUDY.fullmatch(utterance):
        return Call("caption_image", args)
    of_image = _OF_IMAGE.fullmatch(utterance)
    if of_image is not None:
        sequence, thing = of_image["sequence"], of_image["thing"]
        captions = re.search(r"\bcaption", utterance, re.IGNORECASE) is not None
        if not (sequence or thing or captions):
            return None  # "describe this": what is meant is asked back
        if sequence or (thing and not thing.endswith("s")):
            args["sequence"] = (sequence or "t2").lower()
        return Call("caption_image", args)
    said = read(utterance)
    if len(said.discs) == 1 and _OF_DISC.fullmatch(said.masked):
        return Call("caption_image", {**args, "level": said.discs[0]})
    return None
