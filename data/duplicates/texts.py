"""Texts of different patients that are, but for a few words, the same.

Likeness is the cosine of character n-grams weighted by TF-IDF. Radiologists repeat themselves, so
two rules keep patterns of speech apart from copies:

- a text of at most 40 words that names no level, no side and no number says nothing of its patient
  ("no evidence of disc herniation"): such texts are boilerplate and are never linked;
- two texts are linked only if they name the same levels, sides and numbers: the same sentence on
  another disc is another statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data.duplicates.pair import Pair
from data.mapping.source import Say
from radixgpt.case import Case
from radixgpt.errors import MissingPackageError
from radixgpt.level import find_discs

ALIKE = 0.85
MOST_WORDS = 40
_BLOCK = 512

_SIDES = {
    "left": "left",
    "lt": "left",
    "right": "right",
    "rt": "right",
    "both": "both",
    "bilateral": "both",
    "bilaterally": "both",
}
_SIDE = re.compile(rf"\b(?:{'|'.join(_SIDES)})\b")
_VERTEBRA = re.compile(r"\b[ctls]\s*\d{1,2}\b")
_DISC = re.compile(r"\b[ctls]\s*\d{1,2}\s*[-–/]\s*[ctls]?\s*\d{1,2}\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Particulars:
    """What a text says that is its patient's own.

    Attributes:
        levels: discs and vertebrae.
        sides: left, right, both.
        numbers: every number that is no level.
    """

    levels: frozenset[str]
    sides: frozenset[str]
    numbers: tuple[str, ...]

    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.levels or self.sides or self.numbers)


def particulars(text: str) -> Particulars:
    """The particulars of a text."""
    plain = text.casefold()
    rest = _DISC.sub(" ", plain)
    vertebrae = {"".join(found.split()).upper() for found in _VERTEBRA.findall(rest)}
    return Particulars(
        frozenset({*find_discs(text), *vertebrae}),
        frozenset(_SIDES[found] for found in _SIDE.findall(plain)),
        tuple(sorted(_NUMBER.findall(_VERTEBRA.sub(" ", rest)))),
    )


def is_boilerplate(text: str) -> bool:
    """Whether a text is short and says nothing that is its patient's own."""
    return len(text.split()) <= MOST_WORDS and not particulars(text).any()


def plain(text: str) -> str:
    """A text without case, punctuation and spacing."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def pairs(cases: Sequence[Case], say: Say) -> list[Pair]:
    """The pairs of cases of different patients whose texts are nearly the same.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    written = [(case, plain(case.text)) for case in cases if not is_boilerplate(case.text)]
    written = [(case, text) for case, text in written if text]
    if len(written) < 2:
        return []
    own = [particulars(case.text) for case, _ in written]
    result = []
    for one, other, likeness in _near([text for _, text in written], say):
        first, second = written[one][0], written[other][0]
        if first.patient != second.patient and own[one] == own[other]:
            result.append(
                Pair(
                    kind="text",
                    cases=(first.id, second.id),
                    patients=(first.patient, second.patient),
                    likeness=round(min(likeness, 1.0), 3),
                )
            )
    return result


def _near(texts: Sequence[str], say: Say) -> Iterator[tuple[int, int, float]]:
    """Places of two texts and their likeness, from ``ALIKE`` on; a block of rows at a time."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError as error:
        raise MissingPackageError(
            "scikit-learn is not installed.", "Install the extra: pip install -e .[data]"
        ) from error
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    vectors = vectorizer.fit_transform(texts)
    for start in range(0, len(texts), _BLOCK):
        say("Comparing texts", min(start + _BLOCK, len(texts)), len(texts))
        near = (vectors[start : start + _BLOCK] @ vectors.T).tocoo()
        for row, other, likeness in zip(near.row, near.col, near.data, strict=True):
            one = start + int(row)
            if one < other and likeness >= ALIKE:
                yield one, int(other), float(likeness)
