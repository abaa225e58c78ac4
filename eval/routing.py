"""How the choice of tool and arguments is marked, on the utterances of ``eval/utterances``.

The judge does not know the judged: it is given a ``predict`` callable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

UTTERANCES = Path(__file__).resolve().parent / "utterances"
WITHOUT_TOOL = ("thanks", "greeting", "off_topic", "not_assessed", "ask_back")
"""Outcomes that are answered without a tool."""

Part = Literal["train", "test", "fresh"]


@dataclass(frozen=True)
class Call:
    """A tool with its arguments, or an outcome without a tool."""

    tool: str
    args: Mapping[str, Any] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.canonical())

    def canonical(self) -> str:
        """The same text for the same call: defaults left out, lists sorted."""
        args = {
            key: sorted(value) if isinstance(value, list | tuple) else value
            for key, value in self.args.items()
            if value not in (None, [], (), "all")
        }
        return json.dumps([self.tool, args], sort_keys=True)


@dataclass(frozen=True)
class Turn:
    """The turn before an utterance.

    Attributes:
        pending: whether its change waits for the user's yes.
        options: the readings that the assistant offered when it asked back.
    """

    say: str
    call: Call
    pending: bool = False
    options: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Utterance:
    """One thing said, and the call it should lead to.

    Attributes:
        group: number of its entry in the file; the unit of splits and of the bootstrap.
        intent: the router's class where the call does not tell it.
    """

    text: str
    call: Call
    group: int
    voice: str
    after: Turn | None = None
    intent: str | None = None


Predict = Callable[[str, Turn | None], Call]


def _call(entry: Mapping[str, Any]) -> Call:
    return Call(entry["tool"], entry.get("args", {}))


def load(part: Part, *, folder: Path = UTTERANCES) -> tuple[Utterance, ...]:
    """The utterances of one part, in the order of the file."""
    entries = yaml.safe_load((folder / f"{part}.yaml").read_text(encoding="utf-8"))
    found: list[Utterance] = []
    for group, entry in enumerate(entries):
        before = entry.get("after")
        after = before and Turn(
            before["say"],
            _call(before),
            before.get("pending", False),
            tuple(_call(option) for option in before.get("options", ())),
        )
        for voice, texts in entry["say"].items():
            found += [
                Utterance(text, _call(entry), group, voice, after, entry.get("intent"))
                for text in texts
            ]
    return tuple(found)


@dataclass(frozen=True)
class Mark:
    """One utterance with what was predicted for it."""

    utterance: Utterance
    predicted: Call

    @property
    def right_tool(self) -> bool:
        """Whether the tool is right."""
        return self.utterance.call.tool == self.predicted.tool

    @property
    def right(self) -> bool:
        """Whether the tool and every argument are right."""
        return self.utterance.call.canonical() == self.predicted.canonical()


@dataclass(frozen=True)
class Scores:
    """Accuracy of tool, and of tool and arguments, with a 95% interval of the latter.

    Attributes:
        by_tool: for each right tool: number, right tool, right tool and arguments.
    """

    number: int
    tool: float
    call: float
    interval: tuple[float, float]
    by_tool: Mapping[str, tuple[int, int, int]]


def mark(utterances: Sequence[Utterance], predict: Predict) -> tuple[Mark, ...]:
    """Let a router predict every utterance."""
    return tuple(Mark(u, predict(u.text, u.after)) for u in utterances)


def score(marks: Sequence[Mark], *, repeats: int = 2000, seed: int = 0) -> Scores:
    """Accuracies with a percentile bootstrap interval.

    Whole groups are drawn, as utterances of one group share their call and are not independent.

    Raises:
        ValueError: there are no marks.
    """
    if not marks:
        raise ValueError("there is nothing to score")
    groups = [m.utterance.group for m in marks]
    low, high = _interval([float(m.right) for m in marks], groups, repeats=repeats, seed=seed)
    tools = sorted({m.utterance.call.tool for m in marks})
    by_tool = {
        tool: (
            sum(m.utterance.call.tool == tool for m in marks),
            sum(m.right_tool for m in marks if m.utterance.call.tool == tool),
            sum(m.right for m in marks if m.utterance.call.tool == tool),
        )
        for tool in tools
    }
    return Scores(
        len(marks),
        float(np.mean([m.right_tool for m in marks])),
        float(np.mean([m.right for m in marks])),
        (low, high),
        by_tool,
    )


def _interval(
    values: Sequence[float], groups: Sequence[int], *, repeats: int, seed: int
) -> tuple[float, float]:
    """Percentile bootstrap interval (95%) of a mean, whole groups being drawn."""
    names = sorted(set(groups))
    row = np.array([names.index(group) for group in groups])
    total = np.bincount(row, weights=np.array(values))
    size = np.bincount(row)
    drawn = np.random.default_rng(seed).integers(0, len(names), (repeats, len(names)))
    means = total[drawn].sum(1) / size[drawn].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def difference(
    first: Sequence[Mark], second: Sequence[Mark], *, repeats: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """By how much the first has more right calls than the second, with a 95% interval.

    The bootstrap is paired and draws whole groups, as that of :func:`score`.

    Raises:
        ValueError: they are not marks of the same utterances, or there are none.
    """
    if not first or [m.utterance for m in first] != [m.utterance for m in second]:
        raise ValueError("both need marks of the same utterances")
    gain = [float(a.right) - float(b.right) for a, b in zip(first, second, strict=True)]
    groups = [m.utterance.group for m in first]
    low, high = _interval(gain, groups, repeats=repeats, seed=seed)
    return float(np.mean(gain)), low, high


def table(scores: Scores) -> str:
    """The scores as a Markdown table, one row a tool."""
    rows = ["| call | utterances | right tool | right tool and arguments |", "|---|---|---|---|"]
    rows += [f"| {t} | {n} | {tool} | {call} |" for t, (n, tool, call) in scores.by_tool.items()]
    low, high = scores.interval
    rows.append(
        f"| **all** | {scores.number} | {scores.tool:.1%} | "
        f"**{scores.call:.1%}** ({low:.1%} to {high:.1%}) |"
    )
    return "\n".join(rows)


_LEVEL = re.compile(r"\bl\s?[1-5]\s*[-/ ]?\s*(?:[ls]\s?)?[1-5]\b|\b[1-5]\s?[-/]\s?[1-5]\b")


def normal_form(text: str) -> str:
    """A text without case, punctuation and the spelling of levels, for comparing parts."""
    level = _LEVEL.sub(lambda m: " " + "".join(re.findall(r"[1-5]", m.group())) + " ", text.lower())
    return " ".join(re.findall(r"[a-z0-9]+", level))


def _trigrams(text: str) -> frozenset[str]:
    padded = f"  {normal_form(text)}  "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def similarity(first: str, second: str) -> float:
    """Jaccard similarity of the character trigrams of two normal forms, 0 to 1."""
    one, other = _trigrams(first), _trigrams(second)
    return len(one & other) / len(one | other)


def near_duplicates(
    first: Sequence[Utterance], second: Sequence[Utterance], *, threshold: float = 0.7
) -> list[tuple[str, str, float]]:
    """Pairs of two parts that are as alike as ``threshold`` and have the same turn before."""
    found = []
    others = [(other, _trigrams(other.text)) for other in second]
    for one in first:
        mine = _trigrams(one.text)
        for other, theirs in others:
            if (one.after is None) != (other.after is None):
                continue
            alike = len(mine & theirs) / len(mine | theirs)
            if alike >= threshold:
                found.append((one.text, other.text, alike))
    return found
