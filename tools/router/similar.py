"""Requests for other patients' cases, which the words decide before any intent is looked for.

The classifier was not trained on them. What is described is handed on as it was said.
"""

from __future__ import annotations

import re

from tools.router.calls import Call
from tools.router.slots import read

_ASKS = (
    r"(?:please |can you |could you |would you |now |and |also |so |ok(?:ay)?,? )*"
    r"(?:(?:show|find|search|get|give|list|retrieve|fetch|pull up|bring up|see|look|want|need"
    r"|display|are there|is there|have you|do you (?:have|know)|any|which|what)\b"
    r"(?: (?:me|us|for|up|out|some|any|all|the|other|more|i|to|see)\b)*)"
)
_CASES = r"(?:cases?|patients?|studies|examples?|exams|examinations|reports?|scans|people|spines)"
_PLURAL = r"(?:cases|patients|studies|examples|exams|examinations|reports|scans|people|spines)"
_ONE = r"(?:an? (?:case|patient|study|example|exam|examination|report|scan|spine))"
_MANY = r"(?:(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|few|several|most|other) )*"
_ALIKE = r"(?:similar|comparable|alike|analogous|matching|look-?alike)"
_LIKE_THIS = re.compile(
    rf"\b{_ALIKE}(?:[- ](?:looking|lumbar|spine|mri?|past|known|other))* {_CASES}\b"
    rf"|\b{_CASES} (?:that (?:are|look) |which (?:are|look) )?(?:most |very |more )?"
    rf"(?:{_ALIKE}|like (?:this|that|it|mine|him|her|the (?:open|present|current))\b)"
    r"|\blook-?alikes?\b|\bwho else (?:has|looks)\b"
    rf"|\b{_CASES} whose\b.{{0,40}}\b(?:looks?|is|are) (?:most |very )?(?:like|alike|similar)\b"
    rf"|\bdiscs? (?:like|similar to)\b.{{0,30}}\b(?:other|different) {_CASES}\b"
    rf"|\b(?:{_CASES}|anyone|others?) (?:with|having|that have|who have) (?:the|an?) "
    r"(?:same|similar|comparable) (?:findings?|discs?|grades?|pictures?|images?|pattern|report)\b"
    rf"|\b(?:similar|comparable) (?:discs?|levels?) (?:in|of|from|among) (?:other|different)\b",
    re.IGNORECASE,
)
_DESCRIBED = re.compile(
    rf"^\W*(?:{_ASKS} )?(?:{_MANY}(?:{_ALIKE} )?{_PLURAL}|{_ONE}) "
    r"(?:with|of|showing|that (?:have|show)|who have|having|where|in which|for|but)\b(?P<text>.+)$"
    r"|^\W*(?:please )?(?:search|look|ask)\b[^.]{0,20}\b(?:index|archive|corpus|database|library)"
    r" for\b(?P<other>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_NOT_OTHERS = re.compile(
    r"\b(?:this|the open|the same|my) (?:patient|case|study|report)\b(?! (?:to|with) others?)"
    r"|\b(?:prior|previous|earlier|last) (?:study|scan|exam\w*|report)\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    rf"\b{_CASES} (?:like|similar to|comparable to|comparable with|resembling) "
    r"(?:this|the open|the same|my)\b|\b(?:to|like|as) (?:this|the open|my)\b",
    re.IGNORECASE,
)
_SAME = re.compile(r"^\W*(?:the|an?) (?:same|similar|comparable)\b", re.IGNORECASE)
_COUNT = re.compile(rf"\b(?P<n>\d+|one|two|three|four|five|six|seven|eight|nine|ten) (?:\w+ )?"
                    rf"(?:{_ALIKE} )?{_CASES}\b", re.IGNORECASE)  # fmt: skip
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MOST = 10
_LONGEST = 400
"""Characters of such a request; a longer text speaks of something else."""


def similar(utterance: str) -> Call | None:
    """The call for similar cases; None for any other message."""
    if len(utterance) > _LONGEST:
        return None
    described = _DESCRIBED.match(utterance)
    like = _LIKE_THIS.search(utterance)
    if described is None and like is None:
        return None
    if _NOT_OTHERS.search(utterance) and not _OWN.search(utterance):
        return None
    args: dict[str, str | int] = {}
    if (count := _count(utterance)) is not None:
        args["count"] = count
    text = (described["text"] or described["other"]).strip(" \t\n.?!:") if described else ""
    said = read(text if described else utterance)
    if described and not _SAME.match(text) and (said.kinds or not said.discs or said.unassessed):
        return Call("find_similar_cases", {**args, "description": text})
    if like and said.kinds and not described:
        return Call("find_similar_cases", {**args, "description": utterance.strip()})
    if len(said.discs) == 1:
        args["level"] = said.discs[0]
    return Call("find_similar_cases", args)


def _count(utterance: str) -> int | None:
    found = _COUNT.search(utterance)
    if found is None:
        return None
    word = found["n"].lower()
    number = _NUMBERS.index(word) + 1 if word in _NUMBERS else int(word)
    return min(max(number, 1), _MOST)
