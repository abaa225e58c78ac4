"""The router: from what was said to where it leads, with a question back where it is unsure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from radixgpt.weights import load_card
from tools.router import slots as reader
from tools.router.model import Classifier, features, load_classifier
from tools.router.resolve import Ask, Call, Previous, Resolved, levels_of, resolve
from tools.router.slots import Slots

_YES = re.compile(r"(?:yes|yeah|yep|yup|y|ok|okay|sure|right|exactly|correct|please)\b")


@dataclass(frozen=True)
class Route:
    """Where an utterance leads.

    Attributes:
        confidence: calibrated probability of the call.
        options: for ``ask_back``, the readings to choose from; may be empty.
        missing: for ``ask_back``, what was not said: ``level``, ``kind``, ``value``,
            ``direction`` or ``meaning``.
        topic: for ``not_assessed``, the level that is not looked at, if it was that.
        slots: the utterance as read.
    """

    call: Call
    confidence: float
    slots: Slots
    options: tuple[Call, ...] = ()
    missing: str = ""
    topic: str = ""


def _chosen(said: Slots, options: tuple[Call, ...]) -> Call | None:
    """The option that an answer to a question back means, if it is one."""
    if not options or len(said.masked.split()) > 6:
        return None
    if len(options) == 1 and _YES.match(said.text):
        return options[0]
    if len(said.discs) == 1:
        named = [option for option in options if said.discs[0] in levels_of(option)]
        if len(named) == 1:
            return named[0]
    if said.choice is not None and len(options) == 2 and not said.kinds:
        return options[said.choice]
    return None


@dataclass(frozen=True)
class Router:
    """The trained router.

    Attributes:
        classify: probability of every intent for an utterance as read and the turn before.
        threshold: below this probability of a call the router asks back.
        known: words that are spelt right.
    """

    classify: Callable[[Slots, Previous | None], Mapping[str, float]]
    threshold: float
    known: frozenset[str] = frozenset()

    def route(self, utterance: str, previous: Previous | None = None) -> Route:
        """Where an utterance leads; never raises for any text."""
        said = reader.read(utterance, known=self.known)
        if previous and (choice := _chosen(said, previous.options)):
            return Route(choice, 1.0, said)
        votes: dict[str, float] = {}
        found: dict[str, Resolved] = {}
        for intent, probability in self.classify(said, previous).items():
            resolved = resolve(intent, said, previous)
            key = repr(resolved)
            found[key] = resolved
            votes[key] = votes.get(key, 0.0) + probability
        ranked = sorted(votes, key=lambda key: -votes[key])
        best, confidence = found[ranked[0]], votes[ranked[0]]
        if isinstance(best, Ask):
            return Route(Call("ask_back"), confidence, said, best.options, best.missing)
        if confidence < self.threshold:
            likely = [found[key] for key in ranked[:3]]
            options = tuple(call for call in likely if isinstance(call, Call))[:2]
            return Route(Call("ask_back"), confidence, said, options, "meaning")
        topic = said.others[0] if best.tool == "not_assessed" and said.others else ""
        return Route(best, confidence, said, topic=topic)


def from_classifier(classifier: Classifier, threshold: float) -> Router:
    """A router on a classifier that is in memory."""

    def classify(said: Slots, previous: Previous | None) -> Mapping[str, float]:
        before = previous.call.tool if previous else None
        pending = previous.pending if previous else False
        return classifier.probabilities(features(said, before, pending=pending), said.masked)

    return Router(classify, threshold, classifier.words)


@cache
def load_router() -> Router:
    """The shipped router, loaded once.

    Raises:
        WeightsError: ``weights/router`` is missing or damaged.
    """
    card = load_card("router")
    thresholds = card.manifest.thresholds
    ask = thresholds.get("ask_back") if isinstance(thresholds, dict) else None
    threshold = float(ask) if isinstance(ask, int | float) else 0.5
    return from_classifier(load_classifier(card), threshold)
