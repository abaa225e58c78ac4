"""Several requests in one message: taken apart, each leads to a call of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tools.router.calls import Call, Previous, levels_of
from tools.router.described import described
from tools.router.lay import simply
from tools.router.looked import looked
from tools.router.made_up import about_made_up, made_up
from tools.router.prior import compared
from tools.router.quoted import quoted
from tools.router.route import Route, Router
from tools.router.similar import similar
from tools.router.slots import Slots
from tools.router.taken_up import taken_up

MOST = 5
"""Calls of one message."""
_SURE = 0.6
"""Probability from which a part is taken as a request of its own."""
_REQUEST = (
    r"(?:please |also |could you |can you )*(?:show|display|write|draft|tell|give|make|shorten"
    r"|remove|delete|leave|take|drop|shift|move|renumber|set|change|call|mark|undo|explain|describe|list"
    r"|measure|is|are|does|do|what|which|how|why|where|restyle|put|bring|restore|open)\b"
)
_BETWEEN = re.compile(
    rf"(?:(?<=[.!?])\s+|\s*;\s*|,?\s+(?:and then|and also|then|and)\s+|,\s*)(?={_REQUEST})",
    re.IGNORECASE,
)
_LOOKUPS = ("get_findings", "measure", "show_image", "explain")
_ONE_LEVEL = ("remove_sentences", "restore_sentences", "show_image", "explain")


def routes(router: Router, utterance: str, previous: Previous | None) -> tuple[Route, ...]:
    """Where a message leads: one route, or one for each request that it makes.

    A lookup that is to be told in simple words is followed by the remark that there are none.
    """
    found = _routes(router, utterance, previous)
    if simply(utterance) and all(r.call.tool in (*_LOOKUPS, "draft_report") for r in found):
        remark = Call("told", {"topic": "simple_words"})
        return (*found, Route(remark, 1.0, Slots(text="", masked="")))
    return found


def _routes(router: Router, utterance: str, previous: Previous | None) -> tuple[Route, ...]:
    if (call := quoted(utterance)) is not None:
        return (Route(call, 1.0, Slots(text="", masked="")),)
    whole = _one(router, utterance, previous)
    parts = [part for part in _BETWEEN.split(utterance) if part.strip()]
    if 1 < len(parts) <= MOST and not whole.slots.unknown:
        found: list[Route] = []
        before = previous
        for part in parts:
            one = _one(router, part, before)
            if found and _the_same(found[-1], one):
                continue
            found.append(one)
            before = Previous(found[-1].call)
        if len(found) == 1:
            return _each(found[0])
        if _apart(found):
            return tuple(one for route in found for one in _each(route))[:MOST]
    return _each(whole)


def _one(router: Router, utterance: str, previous: Previous | None) -> Route:
    """Where one request leads; some are asked for by words that decide by themselves."""
    found = made_up(utterance) or compared(utterance) or similar(utterance) or described(utterance)
    call, last = (previous.call, previous.last) if previous else (None, None)
    found = found or about_made_up(utterance, last or call)
    if (found := found or looked(utterance, call) or taken_up(utterance, last)) is not None:
        return Route(found, 1.0, Slots(text="", masked=""))
    return router.route(utterance, previous)


def _apart(found: Sequence[Route]) -> bool:
    """Whether the parts are requests of their own, and not one that is put in two sentences."""
    calls = [route.call for route in found]
    tools = {call.tool for call in calls}
    if tools & {"ask_back", "thanks", "greeting", "off_topic", "define"}:
        return False
    if tools <= {"get_findings", "not_assessed"} or len({repr(call) for call in calls}) < len(
        calls
    ):
        return False
    return all(route.confidence >= _SURE and _complete(route) for route in found)


def _the_same(before: Route, after: Route) -> bool:
    """Whether a request puts the one before once more: "the impression is long, shorten it"."""
    shorter = Call("restyle", {"style": "concise"})
    return before.call.tool == "shorten_impression" and (
        after.call == shorter and after.slots.reference
    )


def _complete(route: Route) -> bool:
    said = route.slots
    return route.call.tool not in _LOOKUPS or bool(
        said.discs
        or said.vertebrae
        or said.kinds
        or said.quantities
        or said.reference
        or said.worst
    )


def _each(route: Route) -> tuple[Route, ...]:
    """A route for every level, where the tool takes one level at a time."""
    call, said = route.call, route.slots
    if call.tool in _ONE_LEVEL and len(said.discs) > 1 and levels_of(call) == [said.discs[0]]:
        return tuple(_at(route, disc, said) for disc in said.discs)
    return (route,)


def _at(route: Route, disc: str, said: Slots) -> Route:
    return replace(
        route, call=Call(route.call.tool, {**route.call.args, "level": disc}), slots=said
    )
