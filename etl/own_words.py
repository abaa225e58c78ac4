"""A reader's own words for a sentence, and sentences that a reader took out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from etl.check import check_sentence
from etl.phrases import list_and
from radixgpt.finding import KINDS, Finding
from radixgpt.report import Sentence

_LONGEST = 600
_MOST_PROBLEMS = 4
_MISSING = re.compile(r"^does not state f\w+ \((\w+) at ([\w-]+)\)$")


def key(sentence: Sentence) -> tuple[str, frozenset[str], bool]:
    """What makes it the same sentence in other words: its section and the findings it states.

    A sentence on what has changed in them is another one.
    """
    return sentence.section, frozenset(sentence.findings), bool(sentence.changes)


def one_line(text: str) -> str:
    """A text on one line without control characters, and not too long."""
    plain = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    return " ".join(plain.split())[:_LONGEST].rstrip()


def kept(
    composed: Sequence[Sentence],
    findings: Sequence[Finding],
    *,
    worded: Sequence[Sentence],
    left_out: Sequence[Sentence],
    before: Sequence[Finding],
    language: str = "en",
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """Composed sentences with what a reader did to them, as far as it still holds.

    Words hold while they say what the findings say; a sentence stays out while none of its
    findings has changed. What no longer holds is dropped, and the composed sentence stands.

    Args:
        composed: sentences of the findings and the impression.
        findings: as they are now.
        worded: sentences in the reader's words; of two for the same, the last counts.
        left_out: sentences that the reader took out.
        before: the findings as they were.
        language: of the sentences.

    Returns:
        The sentences, and those of ``left_out`` that are still out.
    """
    by_id = {f.id: f for f in findings}
    changed = {f.id for f in before if by_id.get(f.id) != f}
    words = {key(s): s.text for s in worded}
    out = {key(s): s for s in left_out if not changed & set(s.findings)}
    stay: list[Sentence] = []
    gone: list[Sentence] = []
    for sentence in composed:
        if key(sentence) in out:
            gone.append(out[key(sentence)])
            continue
        text = words.get(key(sentence))
        if text is not None:
            stated = [by_id[name] for name in sentence.findings if name in by_id]
            if not check_sentence(
                text, stated, level=sentence.level, complete=True, language=language
            ):
                sentence = sentence.model_copy(update={"text": text, "by_reader": True})
        stay.append(sentence)
    return tuple(stay), tuple(gone)


def in_words(problems: Sequence[str]) -> str:
    """What is wrong with a wording, for its writer: the clauses of :func:`check_sentence`."""
    missing: list[str] = []
    clauses: list[str] = []
    for problem in problems:
        if match := _MISSING.match(problem):
            kind = KINDS.get(match[1])
            place = "" if match[2] == "None" else f" at {match[2]}"
            missing.append(f"{kind.title if kind else match[1]}{place}")
        else:
            clauses.append(problem)
    if missing and not clauses:
        many = list_and(missing[:_MOST_PROBLEMS])
        rest = len(missing) - _MOST_PROBLEMS
        clauses.append(f"it leaves out {many}" + (f" and {rest} more" if rest > 0 else ""))
    return "; ".join(clauses[:_MOST_PROBLEMS])
