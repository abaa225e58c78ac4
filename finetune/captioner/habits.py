"""How radiologists word notes, as counts: which habits the captions' phrases are weighted by.

Only frequencies of short habits are taken from the notes (Sudirman et al., CC BY 4.0): no sentence
of theirs is kept or shown. ``python -m finetune.captioner habits`` prints the table that the
weights in ``data/generated/captions.yaml`` were set from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from eval.notes.draw import read_notes
from radixgpt.language.sentences import split_sentences
from radixgpt.language.spelling import Plain

_LEVEL = r"l\d ?[-/] ?[ls]?\d"
HABITS: Mapping[str, re.Pattern[str]] = {
    "finding before its level": re.compile(rf"^[a-z][^:]*\b(?:at|of|in) (?:the )?{_LEVEL}"),
    "level as a heading": re.compile(rf"^(?:at )?{_LEVEL}[^:]{{0,40}}[:=]"),
    "level first, in prose": re.compile(rf"^(?:at |the )?{_LEVEL}(?![^:]{{0,40}}[:=])"),
    "several levels in one sentence": re.compile(rf"{_LEVEL}.*{_LEVEL}"),
    "'noted'": re.compile(r"\bnoted\b"),
    "'seen'": re.compile(r"\bseen\b"),
    "'there is'": re.compile(r"\bthere (?:is|are)\b"),
    "'level' after a level": re.compile(rf"{_LEVEL} levels?\b"),
    "'diffuse disc bulge'": re.compile(r"diffuse disc bulg"),
    "'disc bulge'": re.compile(r"\bdisc bulges?\b"),
    "'disc bulging'": re.compile(r"\bdisc bulging\b"),
    "'no evidence of'": re.compile(r"\bno evidence of\b"),
    "'no significant'": re.compile(r"\bno significant\b"),
    "a denial": re.compile(r"^(?:there is )?no\b"),
    "'with'": re.compile(r"\bwith\b"),
}


def count(notes: Iterable[str]) -> tuple[dict[str, int], int, int]:
    """Sentences with each habit, all sentences, and all notes."""
    found = dict.fromkeys(HABITS, 0)
    sentences = texts = 0
    for note in notes:
        texts += 1
        plain = Plain(note).text
        for sentence in split_sentences(plain):
            words = plain[sentence.start : sentence.end]
            sentences += 1
            for name, pattern in HABITS.items():
                found[name] += pattern.search(words) is not None
    return found, sentences, texts


def table(shared: Path) -> str:
    """The habits as a table in Markdown."""
    found, sentences, texts = count(read_notes(shared).values())
    rows = [f"| {name} | {n} | {n / sentences:.0%} |" for name, n in found.items()]
    head = f"{texts} notes, {sentences} sentences\n\n| habit | sentences | share |\n|---|---|---|"
    return "\n".join([head, *rows])
