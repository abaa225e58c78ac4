"""Fields of a form: what stands before a colon, and its degrees by side: "foramina: mild right".

What only a form says: a degree behind the name of a structure, without a word for its state, and a
degree or a denial for each side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from radixgpt.language.clause import DEGREES, MEANINGS, Mention
from radixgpt.language.lexicon import Item

_IMPLIED = {"foramen": "narrow", "recess": "narrow", "canal": "narrow", "facet": "degenerate"}
"""What a degree alone says of a structure."""
_DEGREE = (
    r"(?:(?:mild|moderate|severe|marked|minimal|slight)(?:ly)?)"
    r"(?:(?: ?- ?| to | ?/ ?)(?:mild|moderate|severe|marked)(?:ly)?)?"
)
_NONE = r"(?:none|nil|no|absent|negative|normal|patent|clear|open|unremarkable)"
_SIDE = r"(?:right|left|bilateral(?:ly)?|both)(?:[ -]?side[ds]?)?"
_NOUN = r"(?: (?:narrowing|stenosis|encroachment|compromise|arthropathy|hypertrophy))?"
_ENTRY = (
    rf"(?:(?:{_DEGREE}|{_NONE})(?:,? (?:(?:on|at) the |on )?{_SIDE})?{_NOUN}"
    rf"|(?:on the )?{_SIDE} ?[:=-]? ?(?:{_DEGREE}|{_NONE}){_NOUN})"
)
_FIELD = re.compile(
    rf" ?[:=] ?(?P<entries>{_ENTRY}(?:(?: ?[,/&]| and|, and) ?{_ENTRY})*)"
    r"(?= *(?:$|[.,)\n]|due\b|from\b|secondary\b|because\b))"
)
_ONE = re.compile(_ENTRY)
_WORDS = {
    "mild": ("mild", "minimal", "slight"),
    "moderate": ("moderate",),
    "severe": ("severe", "marked"),
}


def read_fields(text: str, end: int, items: Sequence[Item]) -> tuple[list[Mention], list[Item]]:
    """Fields of a sentence that give degrees by side, or a degree to a structure alone.

    Args:
        text: the text in one spelling.
        end: where the sentence ends.
        items: items of the lexicon within the sentence.

    Returns:
        What the fields state, and the items that are in none of them.
    """
    mentions: list[Mention] = []
    rest: list[Item] = []
    read_upto = 0
    for index, item in enumerate(items):
        if item.start < read_upto:
            continue
        head = _head(text, items, index)
        field = head and _FIELD.match(text, head.state[1], end)
        stated = list(_stated(head, text, field)) if head and field else []
        if not stated or not field:
            rest.append(item)
            continue
        mentions.extend(stated)
        read_upto = field.end()
    return mentions, rest


def _head(text: str, items: Sequence[Item], index: int) -> Mention | None:
    """What a field is about: a finding, or a structure with or without the word for its state."""
    item = items[index]
    if item.sort == "finding":
        value = item.grade if item.grade is not None else item.entry.value
        return Mention(
            item.name, item.start, item.end, value, None, "present", (item.start, item.end)
        )
    if item.sort != "structure":
        return None
    state, end = _IMPLIED.get(item.name), item.end
    following = items[index + 1] if index + 1 < len(items) else None
    if (
        following is not None
        and following.sort == "state"
        and not text[item.end : following.start].strip()
    ):
        state, end = following.name, following.end
    kind, assertion = MEANINGS.get((item.name, state or ""), ("", "absent"))
    if assertion != "present":
        return None
    return Mention(kind, item.start, item.end, None, None, "present", (item.start, end), item.name)


def _stated(head: Mention, text: str, field: re.Match[str]) -> Iterator[Mention]:
    entries = [entry[0] for entry in _ONE.finditer(field["entries"])]
    sides = [_side(entry) for entry in entries]
    is_bare = bool(head.structure) and head.state == (head.start, head.end)
    if len(entries) == 1 and sides[0] is None and not is_bare:
        return  # "canal stenosis: moderate", which a clause reads as well
    for entry, side in zip(entries, sides, strict=True):
        degrees = [degree for degree in DEGREES if any(word in entry for word in _WORDS[degree])]
        yield replace(
            head,
            severity=degrees[-1] if degrees else None,
            assertion="present" if degrees else "absent",
            state=(head.start, field.end()),
            sides=frozenset() if side is None else frozenset((side,)),
        )


def _side(entry: str) -> str | None:
    named = re.search(r"right|left|bilateral|both", entry)
    if named is None:
        return None
    return "bilateral" if named[0] == "both" else named[0]
