"""What a language model that chooses tools is shown, and what it is to answer: prompts and lines.

A call is one line, ``get_findings levels=L4-L5``; a prompt holds the call of the turn before::

    and the level below? => again get_findings levels=L5-S1
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval import routing
from eval.routing import Turn, Utterance
from finetune.router_data import intent_of, previous_of, samples
from tools.router import Previous
from tools.router import slots as reader
from tools.router.resolve import resolve
from tools.router.slots import Slots

WORDS: Mapping[str, str] = {
    "findings": "findings", "findings_abnormal": "abnormal", "findings_worst": "worst",
    "measure": "measure", "image": "image", "report": "report", "report_short": "brief",
    "shift": "shift", "levels": "levels", "impression": "impression", "short": "short",
    "standard": "standard", "remove": "remove", "set_grade": "grade", "undo": "undo",
    "explain": "explain", "study": "study", "about": "about", "thanks": "thanks",
    "greeting": "greeting", "not_assessed": "not", "off_topic": "off", "yes": "yes", "no": "no",
    "follow_up": "again",
}  # fmt: skip
"""The word for each intent; each is one token of SmolLM2."""
CHOICE = "option"
"""The word for an answer to a question back, which is no intent."""

_LISTS = ("levels", "kinds", "quantities")
_TOKEN = re.compile(r"[A-Za-z0-9_+.-]+")


def line_of(call: routing.Call) -> str:
    """A call as one line: ``get_findings levels=L4-L5,L5-S1 which=abnormal``."""
    parts = [call.tool]
    for name, value in call.args.items():
        several = value if isinstance(value, list | tuple) else [value]
        said = (str(one).lower() if isinstance(one, bool) else str(one) for one in several)
        parts.append(f"{name}={','.join(said)}")
    return " ".join(parts)


def call_of(line: str) -> routing.Call | None:
    """The call that a line means; None if it means none."""
    tool, *parts = line.split() or [""]
    args: dict[str, Any] = {}
    for part in parts:
        name, equals, text = part.partition("=")
        values = text.split(",")
        if not equals or name in args or not all(_TOKEN.fullmatch(v) for v in (name, *values)):
            return None
        if name in _LISTS:
            args[name] = values
        elif name == "accept" and text in ("true", "false"):
            args[name] = text == "true"
        elif name == "by" and re.fullmatch(r"-?\d", text):
            args[name] = int(text)
        elif name in ("accept", "by") or len(values) > 1:
            return None
        else:
            args[name] = text
    return routing.Call(tool, args) if _TOKEN.fullmatch(tool) else None


def prompt_of(text: str, previous: Previous | None) -> str:
    """What the model is given: the call of the turn before, what was offered, what was said."""
    if previous is None:
        return f"{text} =>"
    before = line_of(routing.Call(previous.call.tool, previous.call.args))
    waits = "; waits for a yes" if previous.pending else ""
    options = (line_of(routing.Call(o.tool, o.args)) for o in previous.options)
    offered = f"; offered {' or '.join(options)}" if previous.options else ""
    return f"{before}{waits}{offered}\n{text} =>"


@dataclass(frozen=True)
class Example:
    """A prompt with its answer: the word for the intent, and the line of the call."""

    prompt: str
    word: str
    line: str


def _call_of_variant(
    utterance: Utterance, intent: str, variant: Slots, known: frozenset[str]
) -> routing.Call | None:
    """The call of a variant, whose kind of finding may be another; None where it is not sure."""
    previous = previous_of(utterance.after)
    original = reader.read(utterance.text, known=known)
    if variant.text == original.text:
        return utterance.call
    as_much = [len(variant.kinds), len(variant.discs)] == [len(original.kinds), len(original.discs)]
    calls = []
    for said in (original, variant):
        found = resolve(intent, said, previous)
        tool = getattr(found, "tool", "ask_back")
        calls.append(routing.Call(tool, getattr(found, "args", {})))
    read = calls[0].canonical() == utterance.call.canonical()
    return calls[1] if read and as_much and calls[1].tool == utterance.call.tool else None


def examples(
    utterances: Sequence[Utterance], *, known: frozenset[str], seed: int
) -> list[list[Example]]:
    """For each utterance itself and its variants, those that every candidate learns from.

    A variant's call is what the slot reader makes of it, where it reads the utterance right.
    """
    found: list[list[Example]] = [[] for _ in utterances]
    for sample in samples(utterances, known=known, variants=True, seed=seed):
        utterance = utterances[sample.source]
        call = _call_of_variant(utterance, sample.intent, sample.slots, known)
        if call is None:
            continue
        previous = previous_of(utterance.after)
        if previous is None and sample.before:  # after a turn that it does not refer to
            previous = previous_of(Turn("", routing.Call(sample.before), sample.pending))
        prompt = prompt_of(sample.slots.text, previous)
        found[sample.source].append(Example(prompt, WORDS[sample.intent], line_of(call)))
    for source, utterance in enumerate(utterances):
        if intent_of(utterance) is None:
            text = reader.read(utterance.text, known=known).text
            prompt = prompt_of(text, previous_of(utterance.after))
            found[source].append(Example(prompt, CHOICE, line_of(utterance.call)))
    return [several for several in found if several]
