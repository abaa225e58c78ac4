"""The trained half of the router: which intent an utterance has.

A multinomial logistic regression over three blocks: words, word pairs and character n-grams
(TF-IDF); facts and cues about the utterance and the turn before; and the mean of word vectors
distilled from a sentence encoder, which know words that no training utterance holds. Training
(``finetune.router``) and inference share :func:`features`, :class:`Vocabulary` and
:class:`Vectors`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from radixgpt.errors import WeightsError
from radixgpt.weights import Card
from tools.router import words
from tools.router.slots import Slots

Floats = npt.NDArray[np.float32]

INTENTS: tuple[str, ...] = (
    "findings",
    "findings_abnormal",
    "findings_worst",
    "measure",
    "image",
    "report",
    "report_short",
    "shift",
    "levels",
    "impression",
    "short",
    "standard",
    "remove",
    "set_grade",
    "undo",
    "explain",
    "study",
    "about",
    "thanks",
    "greeting",
    "not_assessed",
    "off_topic",
    "yes",
    "no",
    "follow_up",
)
"""The classes of the classifier."""

BLOCKS: Mapping[str, float] = {"w": 1.0, "c": 1.0, "f": 2.0}
"""Length of the vector of words and pairs, of characters, of facts and cues."""


def features(slots: Slots, previous: str | None, *, pending: bool) -> tuple[str, ...]:
    """Named features of an utterance as it was read.

    A complete utterance looks the same after any turn.

    Args:
        slots: the utterance as read.
        previous: tool of the turn before, None at the start.
        pending: whether a change waits for a yes.
    """
    before = None if slots.complete else previous
    return (*text_features(slots.masked), *_facts(slots, before, pending))


def text_features(text: str) -> tuple[str, ...]:
    """``w:`` words and neighbouring pairs, ``c:`` three to five characters within words."""
    tokens = [token for t in text.split() if (token := t.strip(".,;:!?()'\""))]
    found = [f"w:{token}" for token in tokens]
    framed = ["<", *tokens, ">"]
    found += [f"w:{a} {b}" for a, b in pairwise(framed)]
    for token in tokens:
        padded = f" {token} "
        for size in (3, 4, 5):
            found += [f"c:{padded[i : i + size]}" for i in range(len(padded) - size + 1)]
    return tuple(dict.fromkeys(found))


def _facts(slots: Slots, previous: str | None, pending: bool) -> list[str]:
    count = len(slots.masked.split())
    said = {
        "disc": bool(slots.discs),
        "discs": len(slots.discs) > 1,
        "vertebra": bool(slots.vertebrae),
        "other level": bool(slots.others),
        "everything": slots.everything,
        "relative": slots.relative != 0,
        "reference": slots.reference,
        "kind": bool(slots.kinds),
        "quantity": bool(slots.quantities),
        "sequence": slots.sequence is not None,
        "number": slots.number is not None,
        "kind and number": bool(slots.kinds) and slots.number is not None,
        "shift": slots.by is not None,
        "unassessed": slots.unassessed,
        "question": slots.text.endswith("?"),
        "pending": pending,
        f"after {previous}": True,
        f"words {min(count, 7)}": True,
        "short after": previous is not None and count <= 4,
        "disc only": bool(slots.discs) and count <= 2,
        "kind only": bool(slots.kinds) and count <= 2,
    }
    cues = words.cues_in(slots.masked)
    pairs = [f"f:{a}+{b}" for i, a in enumerate(cues) for b in cues[i + 1 :]]
    asked = [f"f:pending+{cue}" for cue in cues if pending]
    kept = [f"f:{name}" for name, true in said.items() if true]
    return [*kept, *(f"f:cue {cue}" for cue in cues), *pairs, *asked]


@dataclass(frozen=True)
class Vocabulary:
    """Which features there are, and how much each weighs.

    Attributes:
        column: column of each feature.
        weight: inverse document frequency of each column, shape (columns,).
    """

    column: Mapping[str, int]
    weight: Floats

    def vector(self, found: Sequence[str]) -> tuple[npt.NDArray[np.intp], Floats]:
        """Columns and values of an utterance; each block has its length of ``BLOCKS``.

        Words that are not in the vocabulary are counted in the feature ``f:unknown n``.
        """
        missing = sum(n.startswith("w:") and " " not in n and n not in self.column for n in found)
        named = [*found, f"f:unknown {min(missing, 4)}"]
        columns: list[int] = []
        values: list[float] = []
        for block, size in BLOCKS.items():
            here = [self.column[n] for n in named if n.startswith(block) and n in self.column]
            weights = self.weight[here]
            length = float(np.linalg.norm(weights)) or 1.0
            columns += here
            values += list(size * weights / length)
        return np.array(columns, dtype=np.intp), np.array(values, dtype=np.float32)


_TOKEN = re.compile(r"[a-z]{2,}")


@dataclass(frozen=True)
class Vectors:
    """Word vectors in the order of the words' frequency.

    Attributes:
        row: row of each word.
        table: shape (words, dimensions), 8-bit.
    """

    row: Mapping[str, int]
    table: npt.NDArray[np.int8]

    @property
    def dimensions(self) -> int:
        """Length of one vector."""
        return int(self.table.shape[1])

    def mean(self, text: str) -> Floats:
        """Mean vector of a text with rare words weighing more, of length 1, or zeros.

        The weight is a / (a + p) with a = 0.001 (Arora 2017, "A simple but tough-to-beat baseline
        for sentence embeddings"), the frequency p by Zipf's law.
        """
        rows = [self.row[word] for word in _TOKEN.findall(text) if word in self.row]
        if not rows:
            return np.zeros(self.dimensions, dtype=np.float32)
        frequency = 1 / ((np.array(rows) + 1) * np.log(len(self.row) + 1))
        total = (1e-3 / (1e-3 + frequency)) @ self.table[rows].astype(np.float32)
        length = float(np.linalg.norm(total)) or 1.0
        return np.asarray(total / length, dtype=np.float32)


@dataclass(frozen=True)
class Classifier:
    """The logistic regression.

    Attributes:
        weights: shape (columns, intents).
        dense: weights of the mean word vector, shape (dimensions, intents).
        bias: shape (intents,).
        temperature: divides the scores, fitted so that probabilities are calibrated.
        words: words that are spelt right.
    """

    vocabulary: Vocabulary
    weights: Floats
    bias: Floats
    vectors: Vectors | None = None
    dense: Floats | None = None
    temperature: float = 1.0
    intents: tuple[str, ...] = INTENTS
    words: frozenset[str] = field(default_factory=frozenset)

    def probabilities(self, found: Sequence[str], text: str) -> dict[str, float]:
        """Probability of every intent, for the features and the masked text of an utterance."""
        columns, values = self.vocabulary.vector(found)
        scores = values @ self.weights[columns] + self.bias
        if self.vectors is not None and self.dense is not None:
            scores = scores + self.vectors.mean(text) @ self.dense
        scores = scores / self.temperature
        exponents = np.exp(scores - scores.max())
        return dict(zip(self.intents, (exponents / exponents.sum()).tolist(), strict=True))


def load_vectors(card: Card) -> Vectors:
    """The word vectors of ``weights/router``.

    Raises:
        WeightsError: the files are missing, altered or do not fit one another.
    """
    from safetensors.numpy import load_file

    names = card.file("words.txt").read_text(encoding="utf-8").split()
    table = load_file(card.file("words.safetensors"))["vectors"]
    if len(table) != len(names):
        raise WeightsError("weights/router has other words than vectors.", "Train it again.")
    return Vectors({name: i for i, name in enumerate(names)}, table)


def load_classifier(card: Card) -> Classifier:
    """The classifier of ``weights/router``.

    Raises:
        WeightsError: the files are missing, altered or do not fit one another.
    """
    from safetensors.numpy import load_file

    arrays = load_file(card.file("router.safetensors"))
    listed = json.loads(card.file("vocabulary.json").read_text(encoding="utf-8"))
    names, vectors = listed["features"], load_vectors(card)
    intents, temperature = card.manifest.labels, card.value("temperature")
    if (
        not isinstance(intents, list)
        or not isinstance(temperature, int | float)
        or arrays["weights"].shape != (len(names), len(intents))
        or arrays["dense"].shape != (vectors.dimensions, len(intents))
    ):
        raise WeightsError("weights/router does not fit its labels.", "Train the router again.")
    return Classifier(
        Vocabulary(
            {name: i for i, name in enumerate(names)}, arrays["frequency"].astype(np.float32)
        ),
        arrays["weights"].astype(np.float32),
        arrays["bias"].astype(np.float32),
        vectors,
        arrays["dense"].astype(np.float32),
        float(temperature),
        tuple(str(intent) for intent in intents),
        frozenset(listed["words"]) | frozenset(vectors.row),
    )
