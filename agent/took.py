"""What a turn took: seconds by step, calls of the language model, tokens, and what they cost."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from agent.events import Took
from agent.state import Terms

MILLION = 1_000_000


class Meter:
    """Counts while a turn runs; tools of one message count at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: list[tuple[str, float]] = []
        self._model = 0.0
        self._calls = 0
        self._in: int | None = 0
        self._out: int | None = 0

    def ran(self, title: str, seconds: float) -> None:
        """A tool has run."""
        with self._lock:
            self._steps.append((title, seconds))

    def modelled(self, seconds: float, usage: Mapping[str, Any] | None) -> None:
        """A language model has answered; ``usage`` as its client counts tokens, if it does."""
        with self._lock:
            self._calls += 1
            self._model += seconds
            self._in = _sum(self._in, usage, "input_tokens")
            self._out = _sum(self._out, usage, "output_tokens")

    def took(self, seconds: float, model: str, terms: Terms) -> Took:
        """What was counted in the seconds of a turn that this model has led."""
        with self._lock:
            cost = None
            prices = terms.price_in is not None and terms.price_out is not None
            if prices and self._calls and self._in is not None and self._out is not None:
                assert terms.price_in is not None
                assert terms.price_out is not None
                cost = (self._in * terms.price_in + self._out * terms.price_out) / MILLION
            return Took(
                seconds=seconds,
                steps=tuple(self._steps),
                model=model,
                model_calls=self._calls,
                model_seconds=self._model,
                tokens_in=self._in if self._calls else None,
                tokens_out=self._out if self._calls else None,
                cost=cost,
            )


def _sum(so_far: int | None, usage: Mapping[str, Any] | None, name: str) -> int | None:
    """A sum is told only where every call was counted."""
    found = (usage or {}).get(name)
    return None if so_far is None or not isinstance(found, int) else so_far + found


def line(took: Took) -> str:
    """What a turn took, in one line for the person at the door."""
    steps = [f"{title.lower()} {_seconds(s)}" for title, s in took.steps]
    if took.model_calls:
        many = "1 call" if took.model_calls == 1 else f"{took.model_calls} calls"
        steps.append(f"{took.model} {_seconds(took.model_seconds)} in {many}")
    told = _seconds(took.seconds) + (f": {', '.join(steps)}" if steps else "")
    if took.tokens_in is not None and took.tokens_out is not None:
        told += f" · {took.tokens_in:,} tokens in, {took.tokens_out:,} out"
    if took.cost is not None:
        told += f" · {took.cost:.4f} at your prices"
    return told


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"
