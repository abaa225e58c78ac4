"""Requests that the words decide before any intent is looked for: a quoted caption, and concepts.

The classifier was not trained on them. A caption is whatever stands in quotes or behind a colon; it
is handed on as it is, so that nothing within it is taken for a request.
"""

from __future__ import annotations

import re

from tools.router.calls import Call

_ASKS = r"(?:please |can you |could you |would you |now |and |so )*"
_TEXT = (
    r"(?:captions?|(?:this|that|the|following|my|attached) (?:following )?(?:image )?"
    r"(?:description|sentence|statement|text|note|paragraph|report))"
)
_BEFORE = re.compile(
    rf"\s*{_ASKS}(?:check|verify|test|judge|compare|classify|does|do|is|are|would)\b"
    rf"[^:\"“”\n]{{0,60}}?\b{_TEXT}\b[^:\"“”\n]{{0,80}}?(?:[:\n]|(?=[\"“]))\s*(?P<text>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_AFTER = re.compile(
    r"\s*[\"“](?P<text>[^\"”]+)[\"”]\W*"
    + _ASKS
    + r"(?:check|verify|does|do|is|are|would)\b[^\"“”]{0,60}"
    r"\b(?:captions?|fits?|match\w*|agrees?|right|correct|true)\b[^\"“”]{0,60}$",
    re.IGNORECASE | re.DOTALL,
)
_QUOTES = re.compile(r"[\"“](.*)[\"”]\W*$", re.DOTALL)
_CONCEPTS = re.compile(r"\b(?:umls|cuis?|concepts?)\b", re.IGNORECASE)
_SHORT = 120
"""Characters of a request for concepts; a longer text speaks of something else."""


def quoted(utterance: str) -> Call | None:
    """The call for a caption that is to be checked, or for concepts; None for any other message."""
    found = _BEFORE.match(utterance) or _AFTER.match(utterance)
    if found is not None:
        text = found["text"].strip()
        inner = _QUOTES.match(text)
        return Call("check_caption", {"caption": inner[1] if inner else text})
    if len(utterance) <= _SHORT and _CONCEPTS.search(utterance):
        return Call("detect_concepts")
    return None
