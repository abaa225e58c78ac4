"""Requests for a made-up image, which the words decide before any intent is looked for.

The classifier was not trained on them. What the image is to show is handed on as it was said.
"""

from __future__ import annotations

import re

from tools.router.calls import Call

_REQUEST = re.compile(
    r"\W*(?:(?:please|can you|could you|would you|will you|now|and|also|ok(?:ay)?),? )*"
    r"(?:make|draw|generate|create|show|synthesi[sz]e|produce|give|need|want)"
    r"(?: (?:me|us|up))*(?: (?:an?|some|one))?"
    r"(?: (?:sagittal|lumbar|(?P<before>t[12])(?:[- ]?weighted)?))*"
    r" (?:synthetic|made-up|artificial|simulated|phantom|teaching)"
    r"(?: (?:sagittal|lumbar|mri?|(?P<after>t[12])(?:[- ]?weighted)?))*"
    r" (?:images?|pictures?|slices?|scans?|mris?|spines?|examples?)"
    r"(?: (?:in|as) (?P<late>t[12]))?"
    r" (?:of|with|that shows?|showing|having)\b(?P<findings>.+)",
    re.IGNORECASE | re.DOTALL,
)
_BY = re.compile(
    r"[,;]? *\b(?:by|with|using|from) (?:an? |the )?(?P<by>diffusion|gan|rgan|phantom)"
    r"(?: (?:model|network))?\b",
    re.IGNORECASE,
)
_LATE = re.compile(r"[,;]? *\b(?:in|on|as) (?P<sequence>t[12])(?:[- ]?weighted)?\b", re.IGNORECASE)
_LONGEST = 400
"""Characters of such a request; a longer text speaks of something else."""


def made_up(utterance: str) -> Call | None:
    """The call for a made-up image; None for any other message."""
    if len(utterance) > _LONGEST or (found := _REQUEST.fullmatch(utterance)) is None:
        return None
    text = found["findings"]
    args: dict[str, str] = {}
    sequence = found["before"] or found["after"] or found["late"]
    if (late := _LATE.search(text)) is not None:
        sequence, text = late["sequence"], _LATE.sub("", text)
    if sequence:
        args["sequence"] = sequence.lower()
    if (by := _BY.search(text)) is not None:
        args["by"] = {"gan": "rgan"}.get(by["by"].lower(), by["by"].lower())
        text = _BY.sub("", text)
    return Call("make_synthetic_image", {"findings": text.strip(" \t\n.?!:,;"), **args})
