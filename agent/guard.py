"""The guard: what a language model says of the study must be what the findings say.

A sentence that states a finding is read again from its words (``etl.check``) and compared with the
findings by kind, level, side, grade, number and negation. A sentence that states none may say that
something is not assessed, ask back, or be made of words that say nothing of a patient; any other
is refused, in whatever language or signs it is written, as no list of bad words is ever complete.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from radixgpt.finding import KINDS, Finding

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9*(])|\n+")
_MARKDOWN = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+|[*_`#>]+")
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
    r"|appears?|looks?|seems?|may|might|could|must|should|probably|suspicious"
    r"|normal\w*|healthy|unremarkable|intact|benign|fine|ok|okay|great|good|perfect\w*|clear\w*"
    r"|clean|well|negative|free|harmless|all|every\w*|otherwise|else|nothing|none|patient\w*"
    r"|names?|born|rest|relax|safe\w*|ignore\w*|tell\w* (?:you|them|him|her)|actually|truth"
    r"|recommend\w*|advice|advise\w*)\b",
    re.IGNORECASE,
)
_COMMON = """
a about above again also an and answer answers anything as ask asking at back beside besides below
by caption captions case cases choose concept concepts confirm draft each edit else english
example explain explanation finding findings for from further give given go grade grades happy
hello help here hi how i image images impression in instead into it its kind kinds know later let
level levels like list long make me mean message my need next now numbering of off on or other
others page patients please read reading redo repeat reply report reports request requests rules
say section sections sentence sentences series set shall shift shorten should show showing similar
slice slices standard study style synthetic t1 t2 take tell text than thank thanks that the their
them then these they this those to together tool tools turn undo until up use user viewer wait
waiting want we welcome what when where which while wish with word wording words would write
writing you your yours
"""
_BACK = """
between bulging canal degeneration depth direction do down endplate evidence height herniation
higher lower measured measurement modic narrowing number pfirrmann probability slip space
spondylolisthesis type upper value values whether
"""
_HARMLESS = frozenset(_COMMON.split())
"""Words that say nothing of a patient, whatever is made of them. No yes, no negation, no number and
no form of "to be" is among them: "It is not there." is an answer, and may be a wrong one."""
_ASKS = _HARMLESS | frozenset(_BACK.split())
"""Words that a question back may be made of."""
_DONE = re.compile(
    r"\byes or no\b|\bhere (?:is|are)\b|\byou can\b|\bhow can i\b|^done\b|\bit is done\b"
    r"|\b(?:(?:one|two|three|four|five|ten) )?"
    r"(?:report|draft|impression|numbering|style|wording|images?|pictures?|cases?|captions?|answer"
    r"|sentences|list) (?:is|are|was|were|has been|have been) (?:now |also |all )*"
    r"(?:shown|listed|written|drafted|changed|moved|shortened|shorter|reworded|restored|back|ready"
    r"|done|below|beside|removed|out|undone)\b",
    re.IGNORECASE,
)
"""What was done with the report, and what is shown: it says nothing of a patient either."""
_PLACE = re.compile(
    r"\b(?:L[1-5](?:-(?:L[1-5]|S1))?|S1)\b|\b(?:pfirrmann|grade|type) (?:[1-5]|I{1,3}|IV|V)\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[\x20-\x7e‐-―‘’“”…]*")
_TOKEN = re.compile(r"\w+(?:'\w+)?")
_ADDRESS = re.compile(r"\w://|\bwww\.|\]\(|<\w|@\w|\\", re.IGNORECASE)
_MEASURED = frozenset(name for name, kind in KINDS.items() if kind.type in ("ratio", "length"))


def problems(
    text: str, findings: Sequence[Finding], *, quotable: Sequence[str] = ()
) -> tuple[str, ...]:
    """What is wrong with an answer about the study, a clause each; empty when nothing is.

    Args:
        text: the answer of a language model, plain or Markdown.
        findings: everything that the answer may state.
        quotable: sentences of the report that may be said word for word, such as what has changed
            since a prior study, which no finding of this study alone states.
    """
    from etl.check import check_sentence

    found: list[str] = []
    allowed = {one for quoted in quotable for one in split(quoted)}
    for sentence in split(text):
        if sentence in allowed:
            continue
        if _ADDRESS.search(sentence):
            found.append("it holds an address or a mark of a page")
            continue
        if _question(sentence) or _disclaims(sentence) or _says_nothing(sentence):
            continue
        found += check_sentence(sentence, _meant(sentence, findings))
    return tuple(dict.fromkeys(found))


def split(text: str) -> tuple[str, ...]:
    """The sentences of a text without the marks of Markdown."""
    plain = (_MARKDOWN.sub("", part).strip() for part in _SENTENCE.split(text))
    return tuple(part for part in plain if part)


def stated(text: str) -> str:
    """A text without the sentences that say nothing of a patient, "I set it" for instance."""
    kept: list[str] = []
    for line in text.split("\n"):
        sentences = split(line)
        states = [one for one in sentences if not _says_nothing(one)]
        if states or not sentences:
            kept.append(line if len(states) == len(sentences) else " ".join(states))
    return "\n".join(kept).strip()


def _says_nothing(sentence: str, words: frozenset[str] = _HARMLESS) -> bool:
    """Whether every word is one of those that say nothing of a patient."""
    if not _PLAIN.fullmatch(sentence):
        return False
    rest = _DONE.sub("", sentence.replace("’", "'")).lower()
    return all(word.partition("'")[0] in words for word in _TOKEN.findall(rest))


def _question(sentence: str) -> bool:
    """A question back states nothing: "Do you mean L3-L4 or L4-L5?"."""
    asked = re.match(
        r"(?:do you (?:mean|want)|would you like|which|what|shall|should i)\b", sentence, re.I
    )
    if not asked or not sentence.endswith("?"):
        return False
    return _says_nothing(_PLACE.sub("", sentence.removeprefix(asked.group())), _ASKS)


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
