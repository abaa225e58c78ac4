"""What the marks come to: shares by group with intervals by conversation."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from eval.dialogues.marking import TaskMark, TurnMark
from eval.statistics import bootstrap, mean_of

Share = tuple[float, float, float]
"""A share with the ends of its 95 % interval."""

COLUMNS: dict[str, Callable[[TurnMark], bool | None]] = {
    "right tool": lambda turn: turn.tool,
    "right arguments": lambda turn: turn.arguments,
    "right answer": lambda turn: turn.answer,
    "no unsupported claim": lambda turn: not turn.unsupported,
}
"""What is asked of every turn."""


def summary(marks: Sequence[TaskMark], *, draws: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Shares of all conversations and turns, and of those of each group.

    Raises:
        ValueError: there are no marks.
    """
    if not marks:
        raise ValueError("there is nothing to score")
    groups = list(dict.fromkeys(mark.task.group for mark in marks))
    turns = [turn for mark in marks for turn in mark.turns]
    told = sum(turn.told for turn in turns)
    return {
        "all": _shares(marks, draws, seed),
        "groups": {
            group: _shares([m for m in marks if m.task.group == group], draws, seed)
            for group in groups
        },
        "truth": {"told": told, "true": sum(turn.true for turn in turns)},
        "seconds": {
            "median": float(np.median([turn.seconds for turn in turns])),
            "p95": float(np.quantile([turn.seconds for turn in turns], 0.95)),
        },
    }


def _shares(marks: Sequence[TaskMark], draws: int, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "conversations": len(marks),
        "turns": sum(len(mark.turns) for mark in marks),
        "wholly right": _share([(mark.right, 1.0) for mark in marks], draws, seed),
    }
    for name, of in COLUMNS.items():
        pairs = [
            (
                float(sum(bool(of(turn)) for turn in mark.turns)),
                float(sum(of(turn) is not None for turn in mark.turns)),
            )
            for mark in marks
        ]
        found[name] = _share(pairs, draws, seed)
    return found


def _share(pairs: Sequence[tuple[float, float]], draws: int, seed: int) -> Share | None:
    """A ratio of sums, conversations being drawn; None where nothing was asked."""
    rows = np.array(pairs, np.float64)
    if not rows[:, 1].sum():
        return None
    low, high = bootstrap(rows, mean_of, draws=draws, seed=seed)
    return float(mean_of(rows.sum(0, keepdims=True))[0]), low, high


def table(summaries: dict[str, dict[str, Any]]) -> str:
    """Systems beside each other, as Markdown."""
    names = ("wholly right", *COLUMNS)
    lines = [
        f"| system | conversations | turns | {' | '.join(names)} | told as it is |",
        f"|{'---|' * (len(names) + 4)}",
    ]
    for system, found in summaries.items():
        every, truth = found["all"], found["truth"]
        as_it_is = f"{truth['true']} of {truth['told']}" if truth["told"] else "-"
        lines.append(
            f"| {system} | {every['conversations']} | {every['turns']} | "
            + " | ".join(_cell(every[name]) for name in names)
            + f" | {as_it_is} |"
        )
    return "\n".join(lines)


def by_group(found: dict[str, Any]) -> str:
    """The groups of one system, as Markdown."""
    names = ("wholly right", *COLUMNS)
    lines = [f"| group | conversations | {' | '.join(names)} |", f"|{'---|' * (len(names) + 2)}"]
    for group, shares in found["groups"].items():
        cells = " | ".join(_cell(shares[name], whole=False) for name in names)
        lines.append(f"| {group} | {shares['conversations']} | {cells} |")
    return "\n".join(lines)


def _cell(share: Share | None, *, whole: bool = True) -> str:
    if share is None:
        return "-"
    value, low, high = share
    return f"{value:.1%} ({low:.1%} to {high:.1%})" if whole else f"{value:.1%}"


def lines(marks: Sequence[TaskMark]) -> str:
    """One JSON line a conversation, every turn with its mark."""
    return "".join(
        json.dumps(
            {
                "id": mark.task.id,
                "group": mark.task.group,
                "right": mark.right,
                "turns": [asdict(turn) for turn in mark.turns],
            },
            ensure_ascii=False,
        )
        + "\n"
        for mark in marks
    )
