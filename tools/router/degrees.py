"""A dictated degree, "call it mild", which the words decide before any intent is looked for.

The report's own words for the degree of a disc's degeneration stand for Pfirrmann grades; no other
kind of finding has degrees. The classifier was not trained on them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tools.router.calls import Ask, Call, Previous, Resolved, levels_of
from tools.router.slots import Slots

GRADES: Mapping[str, int] = {"minimal": 2, "mild": 3, "moderate": 4, "severe": 5}
"""Pfirrmann grade by the report's word for it, as in etl/languages/en.yaml."""
_BEFORE = (
    r"^(?:(?:please|now|and|then|no|well|actually|ok(?:ay)?|rather|can you|could you"
    r"|i(?:'d| would)(?: rather)?),? )*"
)
_WHAT = (
    r"(?:it|this|that|(?:the |its )?(?:disc |degree of )?degeneration|(?:the )?xdisc"
    r"|(?:the )?(?:herniation|bulg(?:e|ing)|narrowing|protrusion|(?:spondylo)?listhesis|slip))"
)
_DICTATES = re.compile(
    rf"{_BEFORE}(?:call|make|grade|label|rate|mark|set|change) {_WHAT}"
    r"(?: (?:degeneration|disc degeneration|at xdisc|of xdisc|in xdisc|at|to|as|only|just|rather"
    r"|a|an))*"
    r" (?P<degree>minimal|mild|moderate|severe)"
    r"(?: (?:disc )?degeneration)?(?: (?:at|in|of) xdisc)?(?: (?:instead|please))*\W*$"
)
_NORMAL = re.compile(
    rf"{_BEFORE}(?:call|make|grade|label|rate|mark|set) (?:it|this|that|(?:the )?xdisc(?: disc)?)"
    r"(?: (?:to|as))? (?:normal|healthy|unremarkable)(?: (?:instead|please))*\W*$"
)
_HAS_NONE = frozenset(
    {"disc_herniation", "disc_bulging", "disc_narrowing", "spondylolisthesis", "modic"}
)


def dictated(said: Slots, previous: Previous | None) -> Resolved | None:
    """The change that a dictated degree asks for; None where none is dictated.

    It is of the one level that is named or that was just spoken of.
    """
    if _NORMAL.match(said.masked):
        return Ask("kind")  # of which finding is not said, and one at a time is changed
    found = _DICTATES.match(said.masked)
    if found is None:
        return None
    if _HAS_NONE & set(said.kinds):
        return Call("told", {"topic": "no_degrees"})
    before = levels_of(previous.call) if previous else []
    if not before and previous and previous.focus:
        before = [previous.focus]
    levels = list(said.discs) or before
    if len(levels) != 1:
        return Ask("one" if len(said.discs) > 1 else "level")
    value = str(GRADES[found["degree"]])
    return Call("set_grade", {"level": levels[0], "kind": "pfirrmann", "value": value})
