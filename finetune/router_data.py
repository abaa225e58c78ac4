"""The utterances as the router's classifier learns them: intents and seeded variants.

Variants are another kind of finding in the same sentence, a politeness before or after, a misspelt
word, and the same sentence after a turn that it does not refer to.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from eval.routing import Turn, Utterance
from tools.router import slots as reader
from tools.router import words
from tools.router.resolve import Call, Previous
from tools.router.slots import Slots

_INTENT_OF_TOOL = {
    "get_findings": "findings",
    "show_image": "image",
    "draft_report": "report",
    "shift_numbering": "shift",
    "find_levels": "levels",
    "shorten_impression": "impression",
    "remove_sentences": "remove",
    "describe_study": "study",
}
_SURFACES = (
    ("herniation", "protrusion", "extrusion", "prolapse"),
    ("bulging", "bulge"),
    ("narrowing", "height loss"),
    ("modic changes", "modic"),
    ("pfirrmann", "degeneration", "desiccation"),
    ("spondylolisthesis", "listhesis"),
    ("endplate changes", "endplates"),
)
_ANY_SURFACE = re.compile(
    rf"\b({'|'.join(word for several in _SURFACES for word in several)})\b", re.IGNORECASE
)
_WITH_KINDS = ("findings", "explain", "follow_up", "set_grade")
_NEEDS_NO_TURN = 4
"""Words from which an utterance is taken to say all that it means."""
_TURNS = (
    "get_findings",
    "measure",
    "show_image",
    "draft_report",
    "explain",
    "restyle",
    "set_grade",
    "shift_numbering",
    "remove_sentences",
)
"""Tools that may have run before an utterance that does not refer to them."""
_BEFORE = ("please ", "ok, ", "can you tell me ", "hey, ", "hmm, ", "i want to know ")
_AFTER = (" please", " thanks", "?", " in this patient", " now", "")


@dataclass(frozen=True)
class Sample:
    """An utterance as read, or a variant of it, with its intent.

    Attributes:
        before: tool of the turn before.
        source: number of the utterance that it is, or is a variant of.
    """

    slots: Slots
    before: str | None
    pending: bool
    intent: str
    source: int


def intent_of(utterance: Utterance) -> str | None:
    """The router's class of an utterance; None for an answer to a question back."""
    call, after = utterance.call, utterance.after
    if utterance.intent:
        return utterance.intent
    if after and after.options:
        return None
    if call.tool == "confirm_change":
        return "yes" if call.args["accept"] else "no"
    if call.tool == "restyle":
        return "short" if call.args["style"] == "concise" else "standard"
    if call.tool == "draft_report" and call.args.get("style") == "concise":
        return "report_short"
    if call.tool == "get_findings" and "which" in call.args:
        return f"findings_{call.args['which']}"
    lists = {"get_findings", "measure"}
    if after and (after.call.tool == call.tool or {after.call.tool, call.tool} <= lists):
        return "follow_up"
    return _INTENT_OF_TOOL.get(call.tool, call.tool)


def previous_of(turn: Turn | None) -> Previous | None:
    """The turn before in the router's own words."""
    if turn is None:
        return None
    options = tuple(Call(option.tool, option.args) for option in turn.options)
    return Previous(Call(turn.call.tool, turn.call.args), turn.pending, options)


def known_words(utterances: Sequence[Utterance]) -> frozenset[str]:
    """The words of all who spell with care."""
    texts = (words.tidy(u.text) for u in utterances if u.voice != "hurried")
    return frozenset(word for text in texts for word in re.findall(r"[a-z]+(?:'[a-z]+)?", text))


def _misspell(text: str, rng: random.Random) -> str:
    """One letter left out or two swapped, in one of the longer words."""
    parts = text.split()
    long = [i for i, part in enumerate(parts) if len(part) > 4 and part.isalpha()]
    if not long:
        return text
    at = rng.choice(long)
    word = parts[at]
    i = rng.randrange(2, len(word))
    left_out = word[:i] + word[i + 1 :]
    swapped = word[: i - 1] + word[i] + word[i - 1] + word[i + 1 :]
    parts[at] = rng.choice((left_out, swapped))
    return " ".join(parts)


def _variants(text: str, intent: str, rng: random.Random) -> list[str]:
    """Another kind of finding, a politeness before or after, a misspelt word."""
    found: list[str] = []
    if intent in _WITH_KINDS and _ANY_SURFACE.search(text):
        found += [
            _ANY_SURFACE.sub(rng.choice(several), text, count=1)
            for several in rng.sample(_SURFACES, 3)
        ]
    found.append(rng.choice(_BEFORE) + text)
    found.append(text.rstrip("?.! ") + rng.choice(_AFTER))
    found.append(_misspell(text, rng))
    return found


def samples(
    utterances: Sequence[Utterance],
    *,
    known: frozenset[str],
    variants: bool,
    seed: int,
) -> list[Sample]:
    """The samples of some utterances, with seeded variants of each if asked for."""
    rng = random.Random(seed)
    found: list[Sample] = []
    for source, utterance in enumerate(utterances):
        intent = intent_of(utterance)
        if intent is None:
            continue
        texts = [utterance.text]
        if variants:
            texts += _variants(utterance.text, intent, rng)
        after = utterance.after
        before, pending = (after.call.tool, after.pending) if after else (None, False)
        found += [
            Sample(reader.read(text, known=known), before, pending, intent, source)
            for text in dict.fromkeys(texts)
        ]
        if variants and after is None and utterance.call.tool != "ask_back":
            said = reader.read(utterance.text, known=known)
            if said.discs or len(utterance.text.split()) >= _NEEDS_NO_TURN:
                tool = rng.choice(_TURNS)
                pending = tool == "set_grade" and rng.random() < 0.5
                found.append(Sample(said, tool, pending, intent, source))
    return found
