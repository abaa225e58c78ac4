"""A length that the user dictates, "set the slip at L4-L5 to 7 mm", which the words decide.

It takes a number in millimetres or centimetres, one quantity and one level, said as an order or as
a plain statement in the present. A question, a supposition and somebody else's word set nothing.
The classifier was not trained on them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.router.calls import Ask, Call, Previous, Resolved, levels_of, listed
from tools.router.slots import Slots

_NUMBER = r"\d+(?:[.,]\d+)?"
_LENGTH = re.compile(rf"(?<![\w.,])({_NUMBER}) ?(mm|cm|millimet\w+|centimet\w+)\b")
_UNIT = r"(?:mm|cm|millimet\w+|centimet\w+)"
_SPAN = re.compile(rf"{_NUMBER} ?{_UNIT}? ?(?:-|to|and) ?{_NUMBER} ?{_UNIT}\b")
"""A range, "7-8 mm", whose ends are both no length."""
_SIGNED = re.compile(rf"(?:(?<!\w)(?<!disc )[-+] ?|\b(?:minus|plus) ){_NUMBER} ?{_UNIT}\b")
"""A number with a sign, which does not say in words where a slip goes."""
_SHARE = re.compile(rf"(?<![\w.,]){_NUMBER} ?(?:%|per ?cent\b)")
_NOT_THAT = re.compile(
    rf"(?:\bnot|n't|\binstead of|\brather than|\bfrom) (?:the |a |only |just )*{_NUMBER}"
    r"(?: ?(?:mm|cm|millimet\w+|centimet\w+)\b)?"
)
"""The number that is to be left, beside the one that is to be set."""
_ORDERS = re.compile(r"\b(?:set|change|correct|make|put|edit|replace|adjust|fix|record|enter)\b")
_STATES = re.compile(
    r"\b(?:is|it's|are|measures?|comes? to|should be|should read|must be"
    r"|i (?:re-?)?(?:measured?|get|got|have|see|make))\b|[:=]"
)
_ASKS = re.compile(
    r"\?\W*$|^(?:and |so |ok |but |then |well,? )*(?:is|are|was|were|do|does|did|has|have|am|will"
    r"|would|should|what\w*|which|how|why|where|when|who)\b|\bwhat if\b"
)
_OTHERWISE = re.compile(
    r"\b(?:if|whether|suppose\w*|assum\w+|imagine|pretend|because|since|why|what|how"
    r"|does(?:n't| not) mean"
    r"|you (?:say|said|wrote|write|state|call|measured?|get|got|give|gave)|says?|said|claims?"
    r"|reads?|wrote|prior|previous\w*|earlier|last|ago|before|used to|was|were|had been"
    r"|may|might|could be|maybe|perhaps|more than|less than|larger|smaller|greater|over|under"
    r"|probabl\w+|possibl\w+|presumabl\w+|likely|guess|either|old|other"
    r"|above|below|at least|at most|up to|between|exceed\w*|normal|limit|cut-?off|threshold)\b"
)
"""What makes of a statement a supposition, somebody else's word, or a bound."""
_NOT_HERE = re.compile(
    r"(?<!\bi )\b(?:says?|said|wrote|writes|claims?|reads?)[^a-z]+(?:set|change|correct|make|put)\b"
    r"|\b(?:in|on|of) the (?:prior|previous|earlier|old|last)\b|\bslice thickness\b"
)
"""Somebody else's order, another study, or what is no length of the spine."""
_NOT_TO_BE = re.compile(
    r"\b(?:if|unless)\b|\b(?:don't|do not|never|shouldn't|should not|can't|cannot)\b"
)
_TO = re.compile(rf"\b(?:in)?to ((?:[a-z]+ )?{_NUMBER} ?[a-z]+)\b")
"""Of two numbers, that to which the quantity is to be set."""
_ABOUT = re.compile(r"^(?:no,? |ok,? |yes,? |please |then |and |actually,? |well,? )*")
_ANTERIOR = re.compile(r"\b(?:anterior\w*|ventral\w*|forwards?|antero-?listhes\w+)\b")
_POSTERIOR = re.compile(
    r"\b(?:posterior\w*|dorsal\w*|backwards?|retro-?listhes\w+|retro-?slip\w*)\b"
)
_YES = re.compile(r"^(?:yes|yeah|yep|ok|okay|sure)\b")
_LARGEST = 1000.0


def resized(said: Slots, previous: Previous | None) -> Resolved | None:
    """The change that a dictated length asks for; None where none is dictated."""
    orders = _ORDERS.search(said.masked) is not None
    if _ASKS.search(_ABOUT.sub("", said.masked)) and not _bids(said.masked):
        return None
    if not orders and (not _STATES.search(said.masked) or _OTHERWISE.search(said.masked)):
        return None
    if _NOT_TO_BE.search(said.masked) or _NOT_HERE.search(said.masked):
        return None
    quantities = _quantities(said, previous)
    if not quantities:
        return None
    told = _NOT_THAT.sub(" ", said.masked)
    lengths = list(dict.fromkeys(_lengths(told)))
    wanted = _lengths(" ".join(_TO.findall(told)))
    if len(lengths) > 1 and len(wanted) == 1 and not re.search(r"\bor\b", told):
        lengths = wanted
    if not lengths:
        # a share of the depth follows from the length, and is not set by itself
        share = orders and _SHARE.search(told)
        return Call("told", {"topic": "measured"}) if share else None
    if len(lengths) > 1 or len(quantities) > 1 or len(said.discs) > 1 or said.everything:
        return Call("told", {"topic": "measured"})
    both = _ANTERIOR.search(told) and _POSTERIOR.search(told)
    if both or _SIGNED.search(told) or _SPAN.search(told):
        return Call("told", {"topic": "measured"})
    if said.others or said.unknown:
        return Call("not_assessed")
    return _call(said, previous, quantities[0], lengths[0])


def _call(said: Slots, previous: Previous | None, quantity: str, size: float) -> Resolved:
    levels = list(said.discs)
    if not levels and not said.vertebrae:
        levels = levels_of(previous.call) if previous else []
        if not levels and previous and previous.focus:
            levels = [previous.focus]
    if len(levels) != 1:
        return Ask("level")
    args: dict[str, object] = {"level": levels[0], "quantity": quantity, "millimetres": size}
    if quantity == "slip" and (way := _direction(said.masked)):
        args["direction"] = way
    call = Call("set_measure", args)
    if previous and previous.pending and call == previous.call and _YES.match(said.text):
        return Call("confirm_change", {"accept": True})
    return call


def _bids(text: str) -> bool:
    """Whether a question is a polite order: "can you set the slip at L4-L5 to 7 mm?"."""
    return re.match(rf"{_ABOUT.pattern[1:]}(?:can|could|would|will) you\b", text) is not None and (
        _ORDERS.search(text) is not None
    )


def _quantities(said: Slots, previous: Previous | None) -> Sequence[str]:
    """What is measured; where only a number is dictated, what was just spoken of."""
    if said.quantities:
        return said.quantities
    if previous is None or said.kinds or said.unassessed:
        return ()
    before = listed(previous.call, "quantities") or listed(previous.call, "quantity")
    return before if len(before) == 1 else ()


def _lengths(text: str) -> list[float]:
    """The lengths that a text names, in millimetres."""
    found = []
    for written, unit in _LENGTH.findall(text):
        size = float(written[:9].replace(",", "."))
        size = round(size * 10, 3) if unit.startswith("c") else size
        found.append(min(size, _LARGEST))
    return found


def _direction(text: str) -> str:
    anterior, posterior = _ANTERIOR.search(text), _POSTERIOR.search(text)
    if (anterior is None) == (posterior is None):
        return ""
    return "anterior" if anterior else "posterior"
