"""What a text claims, before it is compared with findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from radixgpt.observation import Side, Status

Polarity = Literal["plain", "negated", "indeterminate", "not_assessable"]
"""How a mention is meant: affirmed, denied, left open, or not looked at."""


@dataclass(frozen=True)
class Claim:
    """One thing that a text says about one kind of finding.

    Attributes:
        kind: kind of finding.
        words: the words that say it.
        levels: levels it is said of; empty when the text names none.
        status: whether a value is claimed, or that there is none.
        allowed: values that would make the claim true; empty for a number or no value.
        number: a measured number as written (``"6"``, ``"17"``), None otherwise.
        percent: whether ``number`` is a percentage.
        direction: ``anterior`` or ``posterior`` where a slip is said to go there.
        meyerding: a slip grade 1-5 that is claimed.
        superlative: the value is said to be the highest of those stated.
        side: side that is named.
        source: ``measured`` or ``reader`` where it is said to be measured, or set by the reader.
        either: said of an endplate without naming which, so that either one may be meant.
    """

    kind: str
    words: str
    levels: tuple[str, ...] = ()
    status: Status = "value"
    allowed: frozenset[str | int] = frozenset()
    number: str | None = None
    percent: bool = False
    direction: str | None = None
    meyerding: int | None = None
    superlative: bool = False
    side: Side | None = None
    source: Literal["", "measured", "reader"] = ""
    either: bool = False


@dataclass(frozen=True)
class Reading:
    """Claims of a text and what could not be read in it."""

    claims: tuple[Claim, ...]
    problems: tuple[str, ...]
