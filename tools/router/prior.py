"""Requests to compare with a prior study, which the words decide before any intent is looked for.

The classifier was not trained on them.
"""

from __future__ import annotations

import re

from tools.router.calls import Call

_EARLIER = (
    r"(?:(?:prior|previous|earlier|last|old(?:er)?|preceding|first)(?: (?:mri?|ct|lumbar|spine))*"
    r"(?: (?:study|scan|exam(?:ination)?|mri?|report|images?|one|imaging|year|time|visit))?"
    r"|priors?|before|then)"
)
_COMPARES = re.compile(
    rf"\bcompar(?:e|ed|ing|ison)\b.{{0,40}}\b(?:with|to|against|and)\b.{{0,12}}\b{_EARLIER}\b"
    rf"|\b(?:what|which|anything|something|much|has|have|did|is|are|any)\b.{{0,40}}"
    rf"\b(?:chang(?:e|ed|es)|progress(?:ed|ion)?|worse(?:ned)?|better|improved|new|different)\b"
    rf".{{0,25}}\b(?:since|from|than|compared (?:with|to)|between)\b.{{0,12}}\b{_EARLIER}\b"
    rf"|\b(?:interval|any) (?:change|progression)s?\b.{{0,12}}\b(?:since|from)\b"
    rf"|\bcomparison with (?:the |a |my )?{_EARLIER}\b",
    re.IGNORECASE,
)
_ASKS_NOT = re.compile(r"\b(?:no|without|not|don't) compar\w*|\bother patients?\b", re.IGNORECASE)
_LONGEST = 300


def compared(utterance: str) -> Call | None:
    """The call for the comparison with the prior study; None for any other message."""
    if len(utterance) > _LONGEST or _ASKS_NOT.search(utterance):
        return None
    return Call("compare_prior") if _COMPARES.search(utterance) else None
