"""Requests for a made-up image, which the words decide before any intent is looked for.

The classifier was not trained on them. What the image is to show is handed on as it was said.
"""

from __future__ import annotations

import re

from tools.router.calls import Call
from tools.router.words import kinds_in, tidy

_POLITE = (
    r"\W*(?:(?:please|can you|could you|would you|will you|now|and|also|ok(?:ay)?),? )*"
    r"(?:i(?: would|['’]d)? )?"
)
_KIND = (
    r"(?: (?:sagittal|lumbar|whole|full|entire|complete|dicom|example"
    r"|mri?|(?P<{}>t[12])(?:[- ]?weighted)?))*"
)
_THING = r"(?:images?|pictures?|slices?|scans?|mris?|spines?|examples?|study|studies|cases?)"
_HOW_MANY = r"(?:an?|some|one|another|a few|several|many|\d{1,4}|two|three|four|five|six|ten)"
_SHOWS = r"(?: (?:in|as) (?P<late>t[12]))? (?:of|with|that shows?|showing|having)\b(?P<findings>.+)"
_REQUESTS = tuple(
    re.compile(_POLITE + words + _SHOWS, re.IGNORECASE | re.DOTALL)
    for words in (
        r"(?:make|draw|generate|create|show|synthesi[sz]e|simulate|produce|give|need|want|like)"
        rf"(?: (?:me|us|up))*(?: {_HOW_MANY})?"
        + _KIND.format("before")
        + r" (?:(?:synthetic|made-up|artificial|simulated|phantom|teaching)"
        + _KIND.format("after")
        + rf" {_THING}|phantoms?|simulations?)",
        # What is generated or simulated is made up, whatever it is called.
        rf"(?:generate|synthesi[sz]e|simulate)(?: (?:me|us|up))*(?: {_HOW_MANY})?"
        + _KIND.format("before")
        + rf" {_THING}",
    )
)
_DRAWN = re.compile(
    _POLITE
    + rf"(?:make|draw|create|produce)(?: (?:me|us|up))*(?: {_HOW_MANY})?"
    + _KIND.format("before")
    + rf" {_THING}"
    + r"(?: (?:in|as) (?P<late>t[12]))? (?:with|that shows?|showing|having)\b(?P<findings>.+)",
    re.IGNORECASE | re.DOTALL,
)
"""An image that is to be drawn with a finding, which no image of the study is."""
_BARE = re.compile(
    _POLITE + r"(?:make|draw|generate|create|synthesi[sz]e|simulate|produce)(?: (?:me|us|up))*"
    rf"(?: {_HOW_MANY})?(?: (?:healthy|normal))?(?: (?:lumbar|sagittal|t[12]))*"
    r" (?:(?:(?:synthetic|made-up|artificial|simulated|phantom|teaching|whole|dicom) )+"
    rf"{_THING}|phantoms?|stud(?:y|ies))"
    r"(?:,? please| (?:without (?:any )?|with no )(?:anything|findings?))*\W*",
    re.IGNORECASE,
)
"""A request that names no finding, which the tool answers by what can be asked for."""
_BY = re.compile(
    r"[,;]? *\b(?:by|with|using|from) (?:an? |the )?(?P<by>diffusion|gan|rgan|phantom)"
    r"(?: (?:model|network))?\b",
    re.IGNORECASE,
)
_LATE = re.compile(r"[,;]? *\b(?:in|on|as) (?P<sequence>t[12])(?:[- ]?weighted)?\b", re.IGNORECASE)
_STUDY = re.compile(r"\b(?:stud(?:y|ies)|cases?)\b", re.IGNORECASE)
_THANKS = re.compile(r"[,;]? *\b(?:please|thanks|thank you)\W*$", re.IGNORECASE)
_LONGEST = 400
"""Characters of such a request; a longer text speaks of something else."""


def made_up(utterance: str) -> Call | None:
    """The call for a made-up image; None for any other message."""
    if len(utterance) > _LONGEST:
        return None
    if _BARE.fullmatch(utterance) is not None:
        return Call("make_synthetic_image", {"findings": ""})
    found = next((m for one in _REQUESTS if (m := one.fullmatch(utterance)) is not None), None)
    if found is None and (drawn := _DRAWN.fullmatch(utterance)) is not None:
        whole = _STUDY.search(utterance, 0, drawn.start("findings"))  # no study is drawn otherwise
        found = drawn if whole or kinds_in(tidy(drawn["findings"])) else None
    if found is None:
        return None
    said = found.groupdict()
    text = said["findings"]
    args: dict[str, str | bool] = {}
    sequence = said["before"] or said.get("after") or said["late"]
    if (late := _LATE.search(text)) is not None:
        sequence, text = late["sequence"], _LATE.sub("", text)
    if sequence:
        args["sequence"] = sequence.lower()
    if (by := _BY.search(text)) is not None:
        args["by"] = {"gan": "rgan"}.get(by["by"].lower(), by["by"].lower())
        text = _BY.sub("", text)
    if _STUDY.search(utterance, 0, found.start("findings")) is not None:
        args["study"] = True
    text = _THANKS.sub("", text)
    return Call("make_synthetic_image", {"findings": text.strip(" \t\n.?!:,;"), **args})
