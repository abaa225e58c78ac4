from __future__ import annotations

import numpy as np

from eval import routing
from finetune import router
from finetune.router_candidates import keywords
from finetune.router_data import intent_of, samples
from tools.router.model import INTENTS
from tools.router.route import Router


def test_every_intent_has_utterances_and_every_utterance_an_intent() -> None:
    train = routing.load("train")
    intents = {intent_of(u) for u in train}
    assert intents - {None} == set(INTENTS)
    assert all(u.after and u.after.options for u in train if intent_of(u) is None)


def test_training_is_seeded_and_learns_what_it_was_told() -> None:
    train = routing.load("train")[::16]
    first = router.hybrid(train, 5.0)
    router.hybrid.cache_clear()
    second = router.hybrid(train, 5.0)
    assert np.array_equal(first.weights, second.weights)
    assert first.vocabulary.column == second.vocabulary.column
    learned = routing.mark(train, router.predictor(router.from_classifier(first, 0.0)))
    assert routing.score(learned, repeats=10).call > 0.95


def test_a_trained_router_beats_the_keywords_on_what_neither_saw() -> None:
    test = routing.load("test")[::2]
    trained = router.from_classifier(router.hybrid(routing.load("train")[::16], 5.0), 0.0)
    ours = routing.score(routing.mark(test, router.predictor(trained)), repeats=10)
    baseline = Router(keywords, 0.0)
    theirs = routing.score(routing.mark(test, router.predictor(baseline)), repeats=10)
    assert ours.call > theirs.call + 0.1


def test_variants_keep_their_intent_and_their_source() -> None:
    train = routing.load("train")[:40]
    plain = samples(train, known=frozenset(), variants=False, seed=1)
    varied = samples(train, known=frozenset(), variants=True, seed=1)
    assert varied == samples(train, known=frozenset(), variants=True, seed=1)
    assert len(plain) < len(varied)
    intents = {s.source: s.intent for s in plain}
    assert all(s.intent == intents[s.source] for s in varied)


def test_the_threshold_parts_what_is_mostly_wrong() -> None:
    call, wrong = routing.Call("a"), routing.Call("b")
    said = routing.Utterance("x", call, 0, "lay")
    marks = [routing.Mark(said, wrong)] * 20 + [routing.Mark(said, call)] * 20
    confidences = [i / 40 for i in range(40)]
    assert router.threshold(marks, confidences) == round(19 / 40, 3)
    assert router.threshold(marks[20:], confidences[20:]) == 0.0
