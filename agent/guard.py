"""The guard: what a language model says of the study must be what the findings say.

A sentence that states a finding is read again from its words (``etl.check``) and compared with the
findings by kind, level, side, grade, number and negation. A sentence that states none may not speak
of anything clinical either, unless it says that it is not assessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from radixgpt.finding import KINDS, Finding
from tools.router.words import UNASSESSED

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9*(])|\n+")
_MARKDOWN = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+|[*_`#>]+")
_CLINICAL = re.compile(
    r"\b(?:normal\w*|healthy|unremarkable|intact|benign|fine|stenos\w*|stenot\w*|patholog\w*"
    r"|abnormal\w*|degenerat\w*|desiccat\w*|disease\w*|herniat\w*|protru\w*|extru\w*|prolaps\w*"
    r"|bulg\w*|narrow\w*|modic|pfirrmann|endplate\w*|listhes\w*|slip\w*|severe\w*|mild\w*"
    r"|moderate\w*|inflam\w*|oedema|edema|schmorl\w*|height|signal|mm|millimet\w*"
    r"|spin(?:e|al) (?:is|looks|shows)|diagnos\w*|recommend\w*|should (?:see|undergo|have))\b"
    r"|\b[LST] ?\d|\d",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"(?:\b(?:is|are|was|were|has been|have been) )?\bnot (?:assess\w*|grade[ds]?|measure[ds]?)\b"
    r"|\bno tool(?: here)? (?:assess|grade|measure|look|tell|can)\w*"
    r"|\bcan(?:'|no)?t (?:say|tell|assess|answer|see)\b|\bunable to (?:say|tell|assess|answer)\b",
    re.IGNORECASE,
)
_WHETHER = re.compile(r"\b(?:whether|if)\b[^,;.]*", re.IGNORECASE)
_ASSERTS = re.compile(
    r"\b(?:is|are|was|were|be|lies?|has|have|had|shows?|showed|seen?|visible|found|noted|present"
    r"|there|but|however|although|yet|likely|probabl\w+|possibl\w+|suggest\w*|consistent|indicat\w*"
    r"|appears?|looks?|seems?|may|might|could|must|should|probably|suspicious)\b",
    re.IGNORECASE,
)
_MEASURED = frozenset(name for name, kind in KINDS.items() if kind.type in ("ratio", "length"))


def problems(text: str, findings: Sequence[Finding]) -> tuple[str, ...]:
    """What is wrong with an answer about the study, a clause each; empty when nothing is.

    Args:
        text: the answer of a language model, plain or Markdown.
        findings: everything that the answer may state.
    """
    from etl.check import check_sentence

    found: list[str] = []
    for sentence in split(text):
        if _question(sentence) or _disclaims(sentence):
            continue
        if not _CLINICAL.search(sentence) and not UNASSESSED.search(sentence.lower()):
            continue
        found += check_sentence(sentence, _meant(sentence, findings))
    return tuple(dict.fromkeys(found))


def split(text: str) -> tuple[str, ...]:
    """The sentences of a text without the marks of Markdown."""
    plain = (_MARKDOWN.sub("", part).strip() for part in _SENTENCE.split(text))
    return tuple(part for part in plain if part)


def _question(sentence: str) -> bool:
    """A question back states nothing: "Do you mean L3-L4 or L4-L5?"."""
    return bool(re.match(r"(?:do|did|would|which|shall|should i|what)\b.*\?$", sentence, re.I))


def _disclaims(sentence: str) -> bool:
    """Says that something is not assessed and, apart from that, asserts nothing."""
    rest, times = _OPEN.subn("", sentence)
    if not times:
        return False
    return not _ASSERTS.search(_WHETHER.sub("", rest))


def _meant(sentence: str, findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings that a sentence may state; measured ones only where it speaks of numbers."""
    if re.search(r"\d(?:\.\d)?\s*(?:mm|%|per ?cent)|\d\.\d", sentence):
        return findings
    return [f for f in findings if f.kind not in _MEASURED]
