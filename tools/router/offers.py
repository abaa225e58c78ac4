"""Answers to what the turn before offered: a yes or a no, and a choice between two readings.

A change of the report hangs on them, so they are read by strict rules: a message that says anything
else besides is no answer to an offer.
"""

from __future__ import annotations

import re

from tools.router import words
from tools.router.calls import Call, Previous, kinds_of, levels_of
from tools.router.slots import Slots

_YES = re.compile(
    r"(?:y|ye[aps]+h?|yup|o?k+|okay|sure|right|correct|exactly|please|i|mean|meant|that|that's|it"
    r"|is|was|one|this|the|first|1|do|what|indeed|of|course)"
)
_AGREES = re.compile(
    r"\b(?:y|ye+s+|yea+h?|yep|yup|ok+|okay|sure|confirm\w*|correct|go|do (?:it|that|so)|please do"
    r"|right|absolutely|of course|agreed?|definitely|exactly|proceed|fine|affirm\w+|approv\w+"
    r"|accept\w*|apply|aye|sounds good|perfect|great|good|carry (?:it|that) out|(?:set|change) it"
    r"|make it so|by all means|indeed|certainly)\b"
)
_BOTH = re.compile(r"\b(?:both|each|either|all of them|1 and 2|first and (?:the )?second)\b")
_LONGEST = 8
"""Words of a yes or a no; a longer message says something else."""
_CHOICE = 6
"""Words of a choice."""
_REQUESTS = frozenset(
    ("asks", "show", "explain", "remove", "undo", "short", "report", "impression")
)
"""Cues of a message that is a request of its own."""


def is_request(said: Slots) -> bool:
    """Whether a message asks for something of its own and answers no question back."""
    return bool(_REQUESTS & set(words.cues_in(said.masked)))


def agrees(said: Slots, previous: Previous) -> bool:
    """Whether a message says yes, and nothing else, to the change that waits."""
    return declines(said, previous) and bool(_AGREES.search(said.masked))


def declines(said: Slots, previous: Previous) -> bool:
    """Whether a message that is taken for a no speaks of nothing but the change that waits."""
    offered = previous.call
    value = str(offered.args.get("value", ""))
    return (
        len(said.masked.split()) <= _LONGEST
        and not said.text.endswith("?")
        and not (said.unknown or said.others or said.vertebrae)
        and set(said.discs) <= set(levels_of(offered))
        and set(said.kinds) <= set(kinds_of(offered))
        and (said.number is None or str(said.number) == value)
    )


def chosen(said: Slots, options: tuple[Call, ...]) -> Call | None:
    """The option that an answer to a question back means, if it is an answer."""
    if not options or len(said.masked.split()) > _CHOICE or said.unknown or said.others:
        return None
    if is_request(said):
        return None
    if not set(said.kinds) <= {kind for option in options for kind in kinds_of(option)}:
        return None
    if len(options) == 1 and all(map(_YES.fullmatch, re.findall(r"[\w']+", said.text) or ["-"])):
        return options[0]
    if len(said.discs) == 1:
        named = [option for option in options if said.discs[0] in levels_of(option)]
        return named[0] if len(named) == 1 else _elsewhere(said.discs[0], options)
    if len(options) == 2 and _BOTH.search(said.text) and not said.discs:
        return _both(options)
    if said.choice is None or len(options) != 2 or said.discs:
        return None
    option = options[said.choice]
    if option.tool == "shift_numbering" and said.by is not None:  # "up by two" of up or down
        return Call(option.tool, {"by": said.by})
    return option


def _both(options: tuple[Call, ...]) -> Call | None:
    """One look at the levels of both options, if they differ in nothing else."""
    first, second = options
    if {**first.args, "levels": []} != {**second.args, "levels": []} or first.tool != second.tool:
        return None
    return Call(first.tool, {**first.args, "levels": [*levels_of(first), *levels_of(second)]})


def _elsewhere(disc: str, options: tuple[Call, ...]) -> Call | None:
    """The same call at a level that was not among the options."""
    tools = {option.tool for option in options}
    option = options[0]
    if len(tools) > 1 or len(levels_of(option)) != 1:
        return None
    key, value = ("levels", [disc]) if "levels" in option.args else ("level", disc)
    return Call(option.tool, {**option.args, key: value})
