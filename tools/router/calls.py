"""What an utterance leads to, and the turn before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """A tool with its arguments, or an answer without one.

    Answers without a tool: ``thanks``, ``greeting``, ``off_topic``, ``not_assessed``, ``define``,
    ``told`` and ``ask_back``.
    """

    tool: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Previous:
    """The turn before.

    Attributes:
        call: the last call of a tool.
        pending: whether its change waits for a yes.
        options: the readings among which the user was asked to choose.
        focus: the one level that the answer before spoke of as affected, None if there is none.
        last: the call of the turn just before if it is one that only the next message takes up.
    """

    call: Call
    pending: bool = False
    options: tuple[Call, ...] = ()
    focus: str | None = None
    last: Call | None = None


@dataclass(frozen=True)
class Ask:
    """Something was left open; ``options`` are the readings, if they can be named.

    Attributes:
        missing: ``level``, ``kind``, ``value``, ``direction``, ``one`` (more than one grade was
            named), ``whole_level`` (a kind is to be taken out) or ``meaning``.
        kind: for a missing value, the kind of finding that it is of.
    """

    missing: str
    options: tuple[Call, ...] = ()
    kind: str = ""


Resolved = Call | Ask


def listed(call: Call, key: str) -> list[str]:
    """An argument as a list."""
    value = call.args.get(key)
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def levels_of(call: Call) -> list[str]:
    """The levels that a call names."""
    return listed(call, "levels") or listed(call, "level")


def kinds_of(call: Call) -> list[str]:
    """The kinds of finding that a call names."""
    return listed(call, "kinds") or listed(call, "kind")
