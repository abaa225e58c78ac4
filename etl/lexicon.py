"""From text to tokens, each by the first pattern of its language that fits, and to sets of levels.

The words are in :mod:`etl.lexicon_en` and :mod:`etl.lexicon_de`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from etl.lexicon_de import GERMAN
from etl.lexicon_en import ENGLISH
from etl.phrases import Phrases, as_checked
from etl.words import Words
from radixgpt.eligibility import REASONS
from radixgpt.level import DISCS, LUMBAR_DISCS

WORDS: dict[str, Words] = {"en": ENGLISH, "de": GERMAN}
"""The reader's vocabulary by language."""

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}


@dataclass(frozen=True)
class Token:
    """A piece of a clause: the name of its pattern, its text and its match."""

    name: str
    text: str
    match: re.Match[str]


def number(grade: str) -> int:
    """Roman or Arabic numeral to a number."""
    lowered = grade.lower()
    return _ROMAN[lowered] if lowered in _ROMAN else int(lowered)


@cache
def _reasons(language: str) -> tuple[str, ...]:
    """The fixed sentences on why a study is refused, the longest first."""
    phrases = Phrases(language=language)
    return tuple(sorted(map(phrases.told, REASONS.values()), key=len, reverse=True))


def clean(text: str, language: str = "en") -> str:
    """Unify spelling, dashes and spaces, and take out the sentences on why a study is refused."""
    text = unicodedata.normalize("NFKC", text)
    text = as_checked(text, language)
    for reason in _reasons(language):
        text = text.replace(reason, "")
    text = re.sub("[‐‑‒–—−]", "-", text)
    return re.sub(r"[ \t]+", " ", text)


def tokenize(clause: str, words: Words = ENGLISH) -> list[Token]:
    """A clause as tokens; only white space is left out."""
    return [
        Token(next(name for name, _ in words.patterns if match[name] is not None), match[0], match)
        for match in words.token.finditer(clause)
    ]


def disc_name(text: str) -> str | None:
    """A disc as written (``L4-L5``, ``L4/5``, ``L5 on S1``) by its proper name, None if none is."""
    match = re.fullmatch(
        r"([ctls])(\d{1,2}) ?(?:[-/]| on ) ?([ctls])?(\d{1,2})", text.strip(), re.IGNORECASE
    )
    if match is None:
        return None
    part, first, second_part, second = match.groups()
    above = f"{part.upper()}{int(first)}"
    below = f"{(second_part or part).upper()}{int(second)}"
    name = f"{above}-{below}"
    return name if name in DISCS else None


def level_sets(
    tokens: list[Token], problems: list[str], words: Words = ENGLISH
) -> list[tuple[int, int, tuple[str, ...]]]:
    """Sets of levels as (first token, last token, levels); lists and ranges are put together."""
    sets: list[tuple[int, int, tuple[str, ...]]] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.name == "vertebra":
            problems.append(f"names {token.text}, a vertebra, of which no finding is stated")
        if token.name not in ("disc", "five"):
            position += 1
            continue
        levels: list[str] = []
        first = last = position
        link = ","
        while True:
            token = tokens[position]
            if token.name == "five":
                levels.extend(LUMBAR_DISCS)
            else:
                name = disc_name(token.text)
                if name is None:
                    problems.append(f"'{token.text}' is not a disc")
                elif link in words.ranges and levels:
                    begin, end = DISCS.index(levels[-1]), DISCS.index(name)
                    if begin >= end:
                        problems.append(f"the levels {levels[-1]} to {name} run the wrong way")
                    levels.extend(DISCS[begin + 1 : end + 1])
                else:
                    levels.append(name)
            last = position
            ahead = position + 1
            between = []
            linking = (*words.links, *words.ranges)
            while ahead < len(tokens) and tokens[ahead].text.lower() in linking:
                between.append(tokens[ahead].text.lower())
                ahead += 1
            if not between or ahead >= len(tokens) or tokens[ahead].name not in ("disc", "five"):
                break
            link, position = between[-1] if len(between) == 1 else ",", ahead
        if len(set(levels)) != len(levels):
            problems.append("names a level twice")
        if levels:
            sets.append((first, last, tuple(dict.fromkeys(levels))))
        position = last + 1
    return sets
