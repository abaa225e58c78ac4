"""From an intent, what was read, and the turn before to one call, or to a question back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from radixgpt.finding import KINDS
from radixgpt.level import LUMBAR_DISCS
from tools.router.calls import Ask, Call, Previous, Resolved, kinds_of, levels_of, listed
from tools.router.offers import agrees, declines
from tools.router.plainly import asks_grade, said_plainly
from tools.router.slots import Slots

__all__ = ["Ask", "Call", "Previous", "resolve"]

_MORE = re.compile(
    r"\b(?:again|another|once more|more|further|same|too|also|as well|up|down|(?:up|down)wards?)\b"
    r"|^and\b|^[+-] ?\d"
)
"""Words that ask for the change before once more; nothing else repeats a change."""
QUANTITY_OF = {
    "disc_narrowing": "disc_height",
    "spondylolisthesis": "slip",
}
"""The measured quantity that a kind of finding stands for when a number is asked for."""

_LISTS = ("get_findings", "measure")
_CHANGES = (
    "shift_numbering",
    "restyle",
    "remove_sentences",
    "restore_sentences",
    "shorten_impression",
)


def around(vertebra: str) -> tuple[str, ...]:
    """The lumbar discs above and below a vertebra: L3-L4 and L4-L5 for L4."""
    return tuple(disc for disc in LUMBAR_DISCS if vertebra in disc.split("-"))


def _vertebra_disc(said: Slots) -> str | None:
    """The disc that a vertebra alone stands for, None where it may be either."""
    vertebra = said.vertebrae[0]
    beside = around(vertebra)
    if len(beside) == 1:
        return beside[0]
    if "endplate_upper" in said.kinds and "endplate_lower" in said.kinds:
        return None
    if "endplate_upper" in said.kinds:  # the upper endplate of L5 borders L4-L5
        return beside[0]
    if "endplate_lower" in said.kinds or "spondylolisthesis" in said.kinds:
        return beside[1]
    return None


def _vertebra_kinds(said: Slots) -> list[str]:
    """Endplates named by their vertebra, renamed by their disc."""
    swap = {"endplate_upper": "endplate_lower", "endplate_lower": "endplate_upper"}
    one_endplate = sum(kind in swap for kind in said.kinds) == 1
    if said.vertebrae and not said.discs and one_endplate:
        return [swap.get(kind, kind) for kind in said.kinds]
    return list(said.kinds)


def _moved(levels: list[str], by: int) -> list[str]:
    """The disc above the highest or below the lowest; empty outside the five lumbar discs."""
    places = [LUMBAR_DISCS.index(level) for level in levels if level in LUMBAR_DISCS]
    if not places:
        return []
    place = min(places) - 1 if by > 0 else max(places) + 1
    return [LUMBAR_DISCS[place]] if 0 <= place < len(LUMBAR_DISCS) else []


def _levels(said: Slots, before: Call | None, *, inherit: bool) -> list[str] | None:
    """The discs that are meant: empty for all, None for a level that is not looked at."""
    if said.discs:
        return list(said.discs)
    if said.vertebrae and (disc := _vertebra_disc(said)):
        return [disc]
    if said.others:
        return None
    known = levels_of(before) if before else []
    if known and said.relative:
        return _moved(known, said.relative) or None
    if said.everything:
        return []
    if known and (inherit or said.reference):
        return known
    return []


def _each_side(said: Slots, make: Callable[[str], Call]) -> Ask | None:
    """A question back if a vertebra alone was named that borders two lumbar discs."""
    if said.discs or not said.vertebrae or _vertebra_disc(said):
        return None
    return Ask("level", tuple(make(disc) for disc in around(said.vertebrae[0])))


def _findings(said: Slots, before: Call | None, *, inherit: bool, which: str = "all") -> Resolved:
    if which == "worst":
        return Call(
            "get_findings", {"which": which, **({"levels": [*d]} if (d := said.discs) else {})}
        )
    kinds = _vertebra_kinds(said)
    if kinds and which == "abnormal":  # "which discs are abnormal: herniated?" asks for the kind
        which = "all"
    if not kinds and said.quantities and which == "all" and said.quantities != ("slip",):
        return _measure(said, before, inherit=inherit)
    if inherit and not kinds and before and before.tool in (*_LISTS, "explain", "set_grade"):
        kinds = kinds_of(before)

    def make(levels: list[str]) -> Call:
        args: dict[str, Any] = {"levels": levels} if levels else {}
        if kinds:
            args["kinds"] = kinds
        if which != "all":
            args["which"] = which
        return Call("get_findings", args)

    levels = _levels(said, before, inherit=inherit)
    if levels is None:
        return Call("not_assessed")
    return _each_side(said, lambda disc: make([disc])) or make(levels)


def _measure(said: Slots, before: Call | None, *, inherit: bool) -> Resolved:
    quantities = list(said.quantities)
    if not quantities:
        quantities = [QUANTITY_OF[kind] for kind in said.kinds if kind in QUANTITY_OF]
    if inherit and not quantities and before and before.tool == "measure":
        quantities = listed(before, "quantities")
    if not quantities and before and before.tool in ("get_findings", "explain"):
        asked = kinds_of(before)  # "any slip?", "how many millimetres?"
        quantities = [QUANTITY_OF[asked[0]]] if len(asked) == 1 and asked[0] in QUANTITY_OF else []

    def make(levels: list[str]) -> Call:
        args: dict[str, Any] = {"levels": levels} if levels else {}
        return Call("measure", {**args, "quantities": quantities} if quantities else args)

    levels = _levels(said, before, inherit=inherit)
    if levels is None:
        return Call("not_assessed")
    return _each_side(said, lambda disc: make([disc])) or make(levels)


def _image(said: Slots, before: Call | None) -> Resolved:
    def make(disc: str | None) -> Call:
        args = {"level": disc, "sequence": said.sequence}
        return Call("show_image", {key: value for key, value in args.items() if value})

    levels = _levels(said, before, inherit=True)
    if levels is None:
        return Call("not_assessed")
    return _each_side(said, make) or make(levels[0] if levels else None)


def _explain(said: Slots, before: Call | None) -> Resolved:
    kinds = _vertebra_kinds(said)
    if not kinds and before and not said.discs:
        kinds = kinds_of(before)
    if not kinds and before and before.tool == "explain":
        kinds = kinds_of(before)

    def make(disc: str) -> Call:
        return Call("explain", {"level": disc, **({"kind": kinds[0]} if kinds else {})})

    levels = _levels(said, before, inherit=True)
    if levels is None:
        return Call("not_assessed")
    if asked := _each_side(said, make):
        return asked
    return make(levels[0]) if levels else Ask("level")


def _remove(said: Slots, before: Call | None) -> Resolved:
    levels = _levels(said, before, inherit=False)  # nothing is taken out that was not pointed at
    if levels is None:
        return Call("not_assessed")
    if asked := _each_side(said, lambda disc: Call("remove_sentences", {"level": disc})):
        return asked
    return Call("remove_sentences", {"level": levels[0]}) if levels else Ask("level")


def _set_grade(said: Slots, before: Call | None) -> Resolved:
    kinds = _vertebra_kinds(said) or (kinds_of(before) if before else [])
    if not kinds and said.number is not None and said.discs:
        kinds = ["pfirrmann"]  # "grade 3" of a disc, no other grade being named
    levels = _levels(said, before, inherit=True)
    if levels is None:
        return Call("not_assessed")
    if len(said.discs) > 1 or len(said.kinds) > 1 or said.everything:
        return Ask("one")  # one grade at a time waits for a yes
    if len(kinds) != 1 or (said.normal and not said.kinds):
        return Ask("kind")
    kind = KINDS[kinds[0]]
    value = _value(said, graded=kind.type == "grade", modic=kind.name == "modic")
    if value is None:
        return Ask("value", kind=kind.name)

    def make(disc: str) -> Call:
        return Call("set_grade", {"level": disc, "kind": kind.name, "value": value})

    if asked := _each_side(said, make):
        return asked
    return make(levels[0]) if levels else Ask("level")


def _value(said: Slots, *, graded: bool, modic: bool) -> str | None:
    """The value that is dictated; a number that no scale has is left for the tool to refuse."""
    if not graded:
        return None if said.number is not None and not said.stated else said.presence
    if said.number is not None:
        return str(said.number)
    return "0" if modic and said.stated == "absent" else None


def _shift(said: Slots) -> Resolved:
    if said.by is None:
        up, down = (Call("shift_numbering", {"by": by}) for by in (said.steps, -said.steps))
        return Ask("direction", (up, down))
    return Call("shift_numbering", {"by": said.by})


def _follow_up(said: Slots, before: Call | None) -> Resolved:
    """The same as before, with what was said put in."""
    if before is None:
        return Ask("meaning")
    if before.tool == "show_image":
        found = _image(said, before)
        keep = before.args.get("sequence")
        if isinstance(found, Call) and found.tool == "show_image" and keep and not said.sequence:
            return Call(found.tool, {**found.args, "sequence": keep})
        return found
    if before.tool == "explain":
        return _explain(said, before)
    more = bool(_MORE.search(said.text)) and not said.text.endswith("?")
    if before.tool == "remove_sentences" and more and not (said.kinds or said.quantities):
        return _remove(said, before)
    if before.tool == "shift_numbering":
        if more and not (said.kinds or said.quantities or said.discs):
            return Call("shift_numbering", {"by": said.by or before.args.get("by", 1)})
        return _findings(said, before, inherit=True) if said.discs or said.kinds else Ask("meaning")
    if before.tool == "set_grade" and said.number is not None:
        return _set_grade(said, before)
    if before.tool == "set_grade" and not said.kinds:
        levels = _levels(said, before, inherit=True)
        if levels:
            return Call("set_grade", {**before.args, "level": levels[0]})
    slip = said.kinds == ("spondylolisthesis",) and "slip" in said.quantities
    if before.tool == "measure" and (slip or not said.kinds):
        return _measure(said, before, inherit=True)
    if said.quantities and not said.kinds:
        return _measure(said, before, inherit=True)
    if before.tool in _LISTS or said.discs or said.kinds:
        return _findings(said, before, inherit=True)
    return Ask("meaning")


_WITHOUT_SLOTS: Mapping[str, Call] = {
    "report": Call("draft_report"),
    "report_short": Call("draft_report", {"style": "concise"}),
    "levels": Call("find_levels"),
    "impression": Call("shorten_impression"),
    "short": Call("restyle", {"style": "concise"}),
    "standard": Call("restyle", {"style": "standard"}),
    "undo": Call("undo"),
    "study": Call("describe_study"),
    "about": Call("about"),
    "thanks": Call("thanks"),
    "greeting": Call("greeting"),
    "not_assessed": Call("not_assessed"),
    "off_topic": Call("off_topic"),
}
"""Intents whose call needs nothing from the utterance."""


def resolve(intent: str, said: Slots, previous: Previous | None) -> Resolved:
    """The call that an intent means for an utterance after a turn."""
    plain = said_plainly(intent, said, previous)
    if not isinstance(plain, str):
        return plain
    if asks_grade(said):
        said = replace(said, kinds=(_graded_before(previous),))
    found = _taking_up(plain, said, previous) or _resolve(plain, said, previous)
    if previous and previous.pending and found == previous.call and agrees(said, previous):
        return Call("confirm_change", {"accept": True})  # "yes, set L4-L5 to 2"
    if said.turned and isinstance(found, Call) and levels_of(found):
        return Ask("meaning", (found,))  # L4-L3 may be meant as L3-L4, or be a slip
    return found


def _graded_before(previous: Previous | None) -> str:
    """The kind that "the grade" means: the graded one that was spoken of, else Pfirrmann's."""
    before = kinds_of(previous.call) if previous else []
    return before[0] if before == ["modic"] else "pfirrmann"


_SEVERAL = re.compile(
    r"\b(?:which|any|where|is there|are there|does (?:he|she|the|this)|has (?:he|she|the|this)"
    r"|slips|heights|canals|percentages|measurements|ratios|values|sizes|distances|discs|levels)\b"
)
_MILLIMETRES = re.compile(r"\b(?:mm|cm|millimet\w+)\b")
_BARE = re.compile(
    r"^(?:(?:and|so|then|now|ok(?:ay)?|but|the|its|disc|what about|how about),? )*"
    r"(?!(?:is|are|was|were|do|does|did|has|have|can|could|show|why|explain|list|give|write)\b)"
)
_LEVEL_BEFORE = ("get_findings", "measure", "explain", "show_image")
_TELLS = ("findings", "measure", "explain", "follow_up", "image")


def _taking_up(intent: str, said: Slots, previous: Previous | None) -> Resolved | None:
    """A kind or a quantity alone, at the one level that was just looked at: "slip in mm?"."""
    if previous is None or previous.pending or intent not in _TELLS:
        return None
    before = previous.call
    level = levels_of(before) or ([previous.focus] if previous.focus else [])
    if before.tool not in _LEVEL_BEFORE or len(level) != 1 or said.everything or said.worst:
        return None
    if said.discs or said.vertebrae or said.others or said.unassessed or said.relative:
        return None
    if _SEVERAL.search(said.text):
        return None
    at = Call(before.tool, {"levels": level})
    words = len(said.masked.split())
    if intent == "measure" or (said.numeric and said.quantities and intent != "image"):
        return _measure(said, at, inherit=True)
    if _MILLIMETRES.search(said.text) and words <= 3 and not said.kinds and intent != "image":
        return _measure(said, Call(before.tool, {**before.args, "levels": level}), inherit=True)
    if words <= 2 and said.kinds and not said.sequence and _BARE.match(said.masked):
        return _findings(said, at, inherit=True)
    return None


def _resolve(intent: str, said: Slots, previous: Previous | None) -> Resolved:
    before = previous.call if previous and previous.call.tool != "ask_back" else None
    if intent in _WITHOUT_SLOTS:
        return _WITHOUT_SLOTS[intent]
    slip = said.quantities == ("slip",) and set(said.kinds) <= {"spondylolisthesis"}
    if intent in ("findings", "measure") and slip:  # a slip may be asked for, or its size
        intent = "measure" if said.numeric else "findings"
    if intent == "findings" and said.worst and not said.discs:
        intent = "findings_worst"
    if intent == "findings":
        return _findings(said, before, inherit=False)
    if intent == "findings_abnormal":
        return _findings(said, before, inherit=False, which="abnormal")
    if intent == "findings_worst":
        return _findings(said, before, inherit=False, which="worst")
    if intent == "measure":
        return _measure(said, before, inherit=False)
    if intent in ("image", "explain"):
        if before and previous and previous.focus and not levels_of(before):
            before = Call(before.tool, {**before.args, "levels": [previous.focus]})
        return _image(said, before) if intent == "image" else _explain(said, before)
    if intent == "remove":
        return _remove(said, before)
    if intent == "set_grade":
        return _set_grade(said, before)
    if intent == "shift":
        return _shift(said)
    if intent == "follow_up":
        return _follow_up(said, before)
    if previous is not None and previous.pending:
        answers = agrees(said, previous) if intent == "yes" else declines(said, previous)
        if answers:
            return Call("confirm_change", {"accept": intent == "yes"})
        return Ask("meaning")
    if intent == "yes":  # a yes or no to nothing
        return Call("thanks")
    changed = before is not None and before.tool in _CHANGES
    return Ask("meaning", (Call("undo"),) if changed else ())
