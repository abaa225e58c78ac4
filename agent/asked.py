"""Whether the user's own words ask for a change, whatever a language model made of them.

The trained router reads what was said. A change that it finds there is carried out; one that a
language model calls for on its own, because a text told it to or because it misread, waits for the
user's yes. The embedded brain is the router, and calls for nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHANGES = ("remove_sentences", "restore_sentences", "shift_numbering", "undo")
"""The tools that change what a report states without an offer of their own."""
_PASTED = re.compile(
    r"\"[^\"]*(?:\"|$)|“[^”]*(?:”|$)|«[^»]*(?:»|$)|(?<!\w)'[^']{12,}(?:'(?!\w)|$)|```.*?(?:```|$)"
    r"|\b(?:history|indication|anamnesis|(?:letter|referral|report|note|order|request form)s?"
    r"(?: of [\w ]{1,30})?|system(?: note| message)?|assistant|developer)\b[\w ]{0,20}:.*",
    re.IGNORECASE | re.DOTALL,
)
_COUNTS = ("level", "by", "times", "quantity", "millimetres", "direction")
"""The arguments that make one change another."""
_LONGEST = 99.0
"""Millimetres beyond which a number is no length of a spine, and may be a number of somebody's."""


@dataclass(frozen=True)
class Heard:
    """What a message asks for in its own words.

    Attributes:
        changes: the changes that it asks for, each a tool and its arguments in words.
        yes: whether it is a yes to an offer, and nothing else.
    """

    changes: tuple[tuple[str, Mapping[str, str]], ...] = ()
    yes: bool = False

    def asks(self, tool: str, args: Mapping[str, Any]) -> bool:
        """Whether it asks for this very change."""
        return (tool, _told(tool, args)) in self.changes


def own_words(text: str) -> str:
    """A message without what is quoted in it or pasted under a heading: that is data."""
    return _PASTED.sub(" ", text)


def hear(text: str) -> Heard:
    """Read a message by the router alone."""
    from tools.router import Call, Previous, load_router, routes

    router, text = load_router(), own_words(text)
    changes = tuple(
        (route.call.tool, _told(route.call.tool, route.call.args))
        for route in routes(router, text, None)
        if route.call.tool in (*CHANGES, "set_measure")
        and abs(route.call.args.get("millimetres", 0.0)) <= _LONGEST
    )
    offered = Previous(Call("set_grade"), pending=True)
    answers = routes(router, text, offered)
    yes = len(answers) == 1 and answers[0].call == Call("confirm_change", {"accept": True})
    return Heard(changes, yes)


def _told(tool: str, args: Mapping[str, Any]) -> dict[str, str]:
    told = {
        name: f"{said:g}" if isinstance(said := args[name], float) else str(said)
        for name in _COUNTS
        if args.get(name) is not None
    }
    return {"times": "1", **told} if tool == "undo" else told
