"""Answers in the form of a language model's service, played by a server on the loopback.

No service is reached: what is played was recorded by others (``recordings.py``), or written by hand
in ``tests/agent/traffic`` where nobody has recorded it. ``docs/reference/services.md`` tells which.
The clients that read it are the real ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import Asked, Given, Loopback

__all__ = ["Asked", "Player", "answers_of", "player"]

FOLDER = Path(__file__).parents[1] / "agent" / "traffic"


class Player(Loopback):
    """Plays answers in order, whatever is asked, and keeps what was asked.

    An answer is a recorded one, or a status with a ``body`` of JSON, or with ``lines`` of it; None
    drops the connection without an answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Given | dict[str, Any] | None] = []
        self.asked: list[Asked] = []

    def answer(self, asked: Asked) -> Given | None:
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if answer is None or isinstance(answer, Given):
            return answer
        if "lines" in answer:
            text = "".join(json.dumps(line) + "\n" for line in answer["lines"])
        else:
            text = json.dumps(answer["body"])
        return Given(answer["status"], text, answer.get("headers", {}))


def answers_of(service: str) -> dict[str, Any]:
    """The answers of a service, by name."""
    return json.loads((FOLDER / f"{service}.json").read_text(encoding="utf-8"))


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    """A player that no proxy stands before."""
    with Player().running(monkeypatch) as running:
        yield running
