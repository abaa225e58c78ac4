"""How texts are cut into tokens; every score names its way.

``coco`` follows the COCO caption evaluation: the Stanford PTB tokenizer, lower case, then
punctuation dropped. Its jar needs Java, so its rules are written down here again for the text of
reports; ``tests/eval/text/test_tokens.py``
compares the two where Java is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import chain
from typing import Any

Tokenize = Callable[[str], list[str]]

_PTB = re.compile(
    r"""
    (?:https?://|www\.)\S*[^\s.,;:!?)]
  | (?:[a-z]\.){2,}                                        # a.m., i.e.
  | (?:mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|no|inc|co|fig|figs|al|approx|dept|sq|lt)\.(?=\s)
  | [a-z]\.(?=\s|$)                                        # a single letter is an abbreviation
  | (?<![\w,.])[-+]?\d*(?:[.,:]\d+)+(?!\w)                 # 1,000.5 and 6:00
  | (?:,\d+)(?!\w)
  | \d+\.\d+(?=[a-z])                                      # 3.5 of 3.5cm
  | (?:\w+(?:[-/.]\w+)*)\.(?=[,;:?!])                      # before punctuation a stop stays
  | \w+(?:[-/.]\w+|'(?!(?:s|m|d|ll|re|ve)\b)\w+)*
  | '(?:s|m|d|ll|re|ve)\b | \.{3} | -- | \?+ | \S
    """,
    re.VERBOSE,
)
_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
_LOOKS = str.maketrans({"’": "'", "‘": "'", "–": "--", "—": "--", "“": '"', "”": '"', "…": "..."})
# As there: brackets are lower-cased before they are compared, so they stay.
_DROPPED = frozenset(
    ("''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", *".?!,:-;", "--", "...")
)


def ptb(text: str) -> list[str]:
    """Lower-cased tokens in the manner of the Penn Treebank, punctuation included."""
    return _joined(text, _PTB_PIECES)


def _cut(text: str) -> list[str]:
    """Tokens of lower-cased text."""
    tokens: list[str] = []
    for match in _PTB.finditer(text):
        word = match[0]
        if len(word) > 3 and word.endswith("n't"):
            tokens += [word[:-3], "n't"]
        elif word == "cannot":
            tokens += ["can", "not"]
        elif word == '"':
            before = text[match.start() - 1 : match.start()]
            tokens.append("``" if not before or before in " \t\n([{" else "''")
        else:
            tokens.append(_BRACKETS.get(word, word))
    return tokens


def _compared(text: str) -> list[str]:
    """Tokens of lower-cased text without punctuation."""
    return [token for token in _cut(text) if token not in _DROPPED]


class _Pieces(dict[str, list[str]]):
    """Tokens of what stands between white space, with white space behind it."""

    def __init__(self, cut: Tokenize) -> None:
        super().__init__()
        self.cut = cut

    def __missing__(self, piece: str) -> list[str]:
        found = self[piece] = self.cut(f"{piece} ")
        return found


_KEPT = 100_000
_PTB_PIECES, _COCO_PIECES = _Pieces(_cut), _Pieces(_compared)


def _joined(text: str, known: _Pieces) -> list[str]:
    """Tokens of a text, whose pieces are cut once: no rule looks past white space.

    Whether there is any behind a piece does matter, so the end of a text is cut by itself.
    """
    pieces = text.lower().translate(_LOOKS).split()
    if not pieces:
        return []
    if len(known) > _KEPT:
        known.clear()
    last = [] if text[-1].isspace() else known.cut(pieces.pop())
    return [*chain.from_iterable(map(known.__getitem__, pieces)), *last]


def coco(text: str) -> list[str]:
    """What COCO's scorers compare: :func:`ptb` without punctuation."""
    return _joined(text, _COCO_PIECES)


_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def rouge(text: str) -> list[str]:
    """As rouge-score without stemming: runs of a-z and 0-9 of the lower-cased text."""
    return _NOT_PLAIN.sub(" ", text.lower()).split()


@cache
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


@cache
def _stem(token: str) -> str:
    return str(_stemmer().stem(token))


def rouge_stemmed(text: str) -> list[str]:
    """As rouge-score with stemming: words of more than three letters lose their endings."""
    return [_stem(token) if len(token) > 3 else token for token in rouge(text)]


@cache
def _thirteen_a() -> Callable[[str], str]:
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    cut: Any = Tokenizer13a  # its constructor has no types
    made: Callable[[str], str] = cut()
    return made


def _thirteen(text: str) -> list[str]:
    return _thirteen_a()(text.rstrip()).split()


_THIRTEEN_PIECES = _Pieces(_thirteen)


def mteval(text: str) -> list[str]:
    """SacreBLEU's own ``13a``, which is that of mteval-v13a; letter case stays."""
    if "-\n" in text or "<skipped>" in text:  # the two rules that see white space
        return _thirteen(text)
    if len(_THIRTEEN_PIECES) > _KEPT:
        _THIRTEEN_PIECES.clear()
    return [*chain.from_iterable(map(_THIRTEEN_PIECES.__getitem__, text.split()))]


def characters(text: str) -> list[str]:
    """Characters without white space, as chrF counts them."""
    return list("".join(text.split()))


_PUNCTUATION = re.compile(r"[^\w\s]")
_DIGITS = re.compile(r"\d+")


def imageclef(text: str) -> list[str]:
    """As ImageCLEFmedical Caption: lower case, digits to ``number``, punctuation stripped.

    L4-L5 and L3-L4 become the same token, so this is no way to score levels.
    """
    return _PUNCTUATION.sub("", _DIGITS.sub("number", text.lower())).split()
