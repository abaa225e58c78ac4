"""Scores agree with the reference libraries on random, real-looking and adversarial text."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.text import bleu, chrf, cider, rouge, tokens
from eval.text.ngrams import Texts, count

_SENTENCES = (
    "disc bulge at l4-l5 with mild narrowing of the left foramen",
    "no herniation is seen",
)
WORDS = [word for sentence in _SENTENCES for word in sentence.split()]
Pairs = tuple[list[str], list[list[str]]]


def _corrupted(words: list[str], rng: random.Random) -> list[str]:
    return [rng.choice(WORDS) if rng.random() < 0.2 else w for w in words if rng.random() > 0.1]


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    rng = random.Random(5)
    candidates, references = [], []
    for _ in range(200):
        texts = [[rng.choice(WORDS) for _ in range(rng.randint(1, 60))] for _ in range(1)]
        texts += [_corrupted(texts[0], rng) for _ in range(rng.randint(0, 2))]
        candidates.append(" ".join(_corrupted(texts[0], rng)))
        references.append([" ".join(text) for text in texts])
    # Adversarial: empty sides, one token, other scripts, no overlap, and thousands of tokens.
    candidates += ["", "x", "", "椎間板 膨隆 ḏisc", "a b c", "l5 " * 3000]
    references += [["disc"], [""], [""], ["椎間板 𝟛 膨隆"], ["d e f"], ["l5 s1 " * 2000, "l5"]]
    return candidates, references


def _coco(name: str) -> Callable[[Pairs], tuple[object, object]]:
    pytest.importorskip("pycocoevalcap", reason="needs the eval extra")
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    scorer = {"bleu": lambda: Bleu(4), "cider": Cider, "rouge": Rouge}[name]()

    def score(pairs: Pairs) -> tuple[object, object]:
        candidates, references = pairs
        with contextlib.redirect_stdout(io.StringIO()):
            found: tuple[object, object] = scorer.compute_score(
                dict(enumerate(references)), {i: [c] for i, c in enumerate(candidates)}
            )
        return found

    return score


def _texts(pairs: Pairs, tokens: Callable[[str], list[str]]) -> tuple[Texts, Texts, np.ndarray]:
    candidates, references = pairs
    flat = [text for texts in references for text in texts]
    item_of = np.repeat(np.arange(len(candidates)), [len(texts) for texts in references])
    return Texts.of(map(tokens, candidates)), Texts.of(map(tokens, flat)), item_of


def test_bleu_is_cocos(pairs: Pairs) -> None:
    corpus, each = _coco("bleu")(pairs)
    found = bleu.match(*_texts(pairs, str.split))
    np.testing.assert_allclose(bleu.coco(bleu.total(found))[0], corpus, atol=1e-12)
    np.testing.assert_allclose(bleu.coco(found), np.transpose(each), atol=1e-12)


def test_sacrebleu_is_its_own(pairs: Pairs) -> None:
    library = pytest.importorskip("sacrebleu.metrics", reason="needs the eval extra")
    drawn = random.Random(3)
    marks = [".", ",", "(mild)", "&amp;", "11.5", "Disc"]
    candidates, references = [], []
    for candidate, texts in zip(*pairs, strict=True):
        candidates.append(
            f"{candidate} {drawn.choice(marks)}" if drawn.random() < 0.7 else candidate
        )
        references.append([f"{text} {drawn.choice(marks)} " for text in texts])
    found = bleu.match(*_texts((candidates, references), tokens.mteval))
    # Of several empty references sacreBLEU makes none, so all are filled up to three.
    padded = [[texts[min(k, len(texts) - 1)] for texts in references] for k in range(3)]
    for effective in (False, True):
        metric = library.BLEU(effective_order=effective)
        wanted = metric.corpus_score(candidates, padded).score
        corpus = bleu.sacre(bleu.total(found), effective=effective)[0]
        assert corpus == pytest.approx(wanted, abs=1e-9)
        if effective:
            each = [
                metric.sentence_score(c, texts).score
                for c, texts in zip(candidates, references, strict=True)
            ]
            np.testing.assert_allclose(bleu.sacre(found, effective=True), each, atol=1e-9)


def test_cider_is_cocos(pairs: Pairs) -> None:
    mean, each = _coco("cider")(pairs)
    candidates, references, item_of = _texts(pairs, str.split)
    mine, theirs = count(candidates, 4), count(references, 4)
    known = cider.Frequencies.of(theirs, item_of, len(candidates))
    score = cider.score(candidates, mine, references, theirs, item_of, known)
    np.testing.assert_allclose(score, each, atol=1e-9)
    assert score.mean() == pytest.approx(mean, abs=1e-9)


def test_rouge_l_is_cocos() -> None:
    # Its code fails on references of different emptiness, so one reference each.
    rng = random.Random(1)
    references = [[" ".join(rng.choices(WORDS, k=rng.randint(1, 50)))] for _ in range(100)]
    candidates = [" ".join(_corrupted(r[0].split(), rng)) or "x" for r in references]
    candidates += ["", "", "x"]
    references += [["disc"], [""], [""]]
    _, each = _coco("rouge")((candidates, references))
    mine, theirs, item_of = _texts((candidates, references), str.split)
    common = rouge.longest_common(mine, theirs, item_of)
    np.testing.assert_allclose(rouge.coco(mine, theirs, item_of, common), each, atol=1e-12)


def test_rouge_is_googles(pairs: Pairs) -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="needs the eval extra")
    google = scorer.RougeScorer(["rouge1", "rouge2", "rougeL"])
    candidates, references = pairs[0][:-1], pairs[1][:-1]
    mine, theirs, item_of = _texts(
        (candidates, references), lambda t: [w for w in re.split(r"[^a-z0-9]+", t.lower()) if w]
    )
    found = rouge.f_scores(mine, theirs, item_of, rouge.longest_common(mine, theirs, item_of))
    for name, values in found.items():
        wanted = [
            max(google.score(r, c)[name].fmeasure for r in texts)
            for c, texts in zip(candidates, references, strict=True)
        ]
        np.testing.assert_allclose(values, wanted, atol=1e-12, err_msg=name)


def test_chrf_is_sacrebleus(pairs: Pairs) -> None:
    sacrebleu = pytest.importorskip("sacrebleu", reason="needs the eval extra")
    metric = sacrebleu.CHRF()
    candidates, references = pairs[0][:-1], pairs[1][:-1]
    found = chrf.statistics(*_texts((candidates, references), lambda t: list("".join(t.split()))))
    wanted = [
        metric.sentence_score(c, texts).score
        for c, texts in zip(candidates, references, strict=True)
    ]
    np.testing.assert_allclose(chrf.score(found), wanted, atol=1e-9)
    padded = [[texts[min(k, len(texts) - 1)] for texts in references] for k in range(3)]
    corpus = metric.corpus_score(candidates, padded).score
    assert chrf.score(found.sum(0, keepdims=True))[0] == pytest.approx(corpus, abs=1e-9)


_text = st.lists(st.sampled_from(WORDS), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_text, _text), min_size=1, max_size=8), st.randoms())
def test_scores_are_bounded_symmetric_where_due_and_blind_to_order(
    drawn: list[tuple[list[str], list[str]]], rng: random.Random
) -> None:
    def all_scores(pairs: list[tuple[list[str], list[str]]]) -> dict[str, np.ndarray]:
        mine, theirs = Texts.of(c for c, _ in pairs), Texts.of(r for _, r in pairs)
        item_of = np.arange(len(pairs))
        common = rouge.longest_common(mine, theirs, item_of)
        ngrams = count(mine, 4), count(theirs, 4)
        known = cider.Frequencies.of(ngrams[1], item_of, len(pairs))
        return {
            "bleu": bleu.coco(bleu.match(mine, theirs, item_of))[:, 3],
            "sacrebleu": bleu.sacre(bleu.match(mine, theirs, item_of), effective=True) / 100,
            "cider": cider.score(mine, ngrams[0], theirs, ngrams[1], item_of, known) / 10,
            "coco_rouge": rouge.coco(mine, theirs, item_of, common),
            **rouge.f_scores(mine, theirs, item_of, common),
            "chrf": chrf.score(chrf.statistics(mine, theirs, item_of)) / 100,
        }

    scores = all_scores(drawn)
    for name, values in scores.items():
        assert ((values >= 0) & (values <= 1 + 1e-9)).all(), name
    swapped = all_scores([(r, c) for c, r in drawn])
    for name in ("rouge1", "rouge2", "rougeL"):
        np.testing.assert_allclose(scores[name], swapped[name])
    order = list(range(len(drawn)))
    rng.shuffle(order)
    shuffled = all_scores([drawn[i] for i in order])
    for name, values in scores.items():
        np.testing.assert_allclose(shuffled[name], values[order], atol=1e-9, err_msg=name)
    same = all_scores([(r, r) for _, r in drawn])
    for i, (_, reference) in enumerate(drawn):
        if len(reference) >= 4:
            assert same["bleu"][i] == pytest.approx(1)
        if reference:
            assert same["rougeL"][i] == pytest.approx(1)
            assert same["coco_rouge"][i] == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_text, _text), min_size=2, max_size=8), st.integers(1, 7))
def test_blocks_add_up(drawn: list[tuple[list[str], list[str]]], cut: int) -> None:
    def frequencies(part: list[tuple[list[str], list[str]]]) -> cider.Frequencies:
        counts = count(Texts.of(r for _, r in part), 4)
        return cider.Frequencies.of(counts, np.arange(len(part)), len(part))

    whole = frequencies(drawn)
    gathered = cider.Gathering()
    for start in range(0, len(drawn), cut):
        gathered.add(frequencies(drawn[start : start + cut]))
    assert gathered.items == len(drawn)
    parts = gathered.total()
    assert parts.items == whole.items
    np.testing.assert_array_equal(parts.gram, whole.gram)
    np.testing.assert_array_equal(parts.documents, whole.documents)
