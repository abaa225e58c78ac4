"""The router: from what was said to where it leads, with a question back where it is unsure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from radixgpt.level import LUMBAR_DISCS, disc_index, shift
from radixgpt.weights import load_card
from tools.router import slots as reader
from tools.router.calls import Ask, Call, Previous, Resolved, levels_of
from tools.router.model import Classifier, features, load_classifier
from tools.router.offers import chosen
from tools.router.resolve import resolve
from tools.router.slots import Slots
from tools.router.words import SPELT

_WORTH_NAMING = 0.2
"""Probability from which a reading is offered in a question back."""
_NO_READING = ("thanks", "greeting", "off_topic", "not_assessed", "define", "told")
"""Answers that are not offered as a reading of what was said."""


@dataclass(frozen=True)
class Route:
    """Where an utterance leads.

    Attributes:
        confidence: calibrated probability of the call.
        options: for ``ask_back``, the readings to choose from; may be empty.
        missing: for ``ask_back``, what was not said: ``level``, ``kind``, ``value``,
            ``direction``, ``one``, ``whole_level`` or ``meaning``.
        kind: for ``ask_back`` with a missing value, the kind that it is of.
        intent: for ``ask_back``, the likeliest intent that leaves something open.
        topic: for ``not_assessed``, the level that is not looked at, if it was that.
        exists: whether there is such a level.
        foreign: whether the words are hardly any of English.
        slots: the utterance as read.
    """

    call: Call
    confidence: float
    slots: Slots
    options: tuple[Call, ...] = ()
    missing: str = ""
    kind: str = ""
    intent: str = ""
    topic: str = ""
    exists: bool = True
    foreign: bool = False


def _beyond(said: Slots, previous: Previous | None) -> tuple[str, ...]:
    """The level above the highest or below the lowest disc that was spoken of, if that is meant."""
    levels = levels_of(previous.call) if previous else []
    if not (levels and said.relative) or said.unassessed or said.discs:
        return ()
    edge = (max if said.relative > 0 else min)(levels, key=disc_index)
    level = shift(edge, said.relative)
    return () if level in LUMBAR_DISCS else (level,)


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
        found = self._route(utterance, previous)
        if not self._foreign(found.slots.text):
            return found
        return replace(found, foreign=True, options=())  # nothing is offered of half-read words

    def _foreign(self, text: str) -> bool:
        """Whether at least two words, and half of the longer ones, are not of English."""
        long = re.findall(r"[^\W\d_]{4,}", text)
        odd = [w for w in long if w not in self.known and w not in SPELT]
        return bool(self.known) and len(odd) > 1 and 2 * len(odd) >= len(long)

    def _route(self, utterance: str, previous: Previous | None) -> Route:
        said = reader.read(utterance, known=self.known)
        if previous and (choice := chosen(said, previous.options)):
            return Route(choice, 1.0, said)
        votes: dict[str, float] = {}
        found: dict[str, Resolved] = {}
        meant: dict[str, tuple[float, str]] = {}
        for intent, probability in self.classify(said, previous).items():
            resolved = resolve(intent, said, previous)
            key = repr(resolved)
            found[key] = resolved
            votes[key] = votes.get(key, 0.0) + probability
            meant[key] = max(meant.get(key, (0.0, "")), (probability, intent))
        ranked = sorted(votes, key=lambda key: -votes[key])
        best, confidence = found[ranked[0]], votes[ranked[0]]
        if isinstance(best, Ask):
            return Route(
                Call("ask_back"),
                confidence,
                said,
                best.options,
                best.missing,
                kind=best.kind,
                intent=meant[ranked[0]][1],
            )
        if confidence < self.threshold:
            likely = [found[key] for key in ranked[:3] if votes[key] >= _WORTH_NAMING]
            options = tuple(
                call for call in likely if isinstance(call, Call) and call.tool not in _NO_READING
            )
            return Route(Call("ask_back"), confidence, said, options[:2], "meaning")
        outside = (*said.unknown, *said.others, *_beyond(said, previous))
        if best.tool != "not_assessed":
            outside = ()
        topic = outside[0] if outside else ""
        return Route(best, confidence, said, topic=topic, exists=topic not in said.unknown)


def from_classifier(classifier: Classifier, threshold: float) -> Router:
    """A router on a classifier that is in memory."""

    def classify(said: Slots, previous: Previous | None) -> Mapping[str, float]:
        before = previous.call.tool if previous else None
        if before == "set_measure":  # which the classifier has not heard of
            before = "set_grade"
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
