"""The names of the spine's levels and how they follow one another.

A level is a vertebra (``L4``) or a disc (``L4-L5``). Lumbosacral numbering counts discs upwards
from the lumbosacral junction, so the disc at index 0 is ``L5-S1``.
"""

from __future__ import annotations

import re
from itertools import pairwise

from radixgpt.errors import LevelError

VERTEBRAE: tuple[str, ...] = (
    *(f"C{i}" for i in range(1, 8)),
    *(f"T{i}" for i in range(1, 13)),
    *(f"L{i}" for i in range(1, 6)),
    "S1",
    "S2",
)
"""All vertebrae from head to tail."""

DISCS: tuple[str, ...] = tuple(f"{above}-{below}" for above, below in pairwise(VERTEBRAE[1:]))
"""All discs from ``C2-C3`` down to ``S1-S2``."""

LUMBAR_DISCS: tuple[str, ...] = ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")
"""The five lumbar discs from head to tail, the order of a report."""

REGION_DISCS: dict[str, tuple[str, ...]] = {
    "cervical": DISCS[: DISCS.index("T1-T2")],
    "thoracic": DISCS[DISCS.index("T1-T2") : DISCS.index("L1-L2")],
    "lumbar": LUMBAR_DISCS,
    "whole-spine": DISCS[: DISCS.index("S1-S2")],
}
"""The discs that a report on a region goes through, from head to tail."""

_LUMBOSACRAL = DISCS.index("L5-S1")
_DISC = re.compile(
    r"\b([CTLS])\s*(1[0-2]|[1-9])(\s*[-–—/]?\s*)([CTLS])?\s*(1[0-2]|[1-9])\b", re.IGNORECASE
)


def disc_at(index: int) -> str:
    """Name of the disc that is ``index`` discs above ``L5-S1`` (-1 is ``S1-S2``).

    Raises:
        LevelError: there is no such disc.
    """
    position = _LUMBOSACRAL - index
    if not 0 <= position < len(DISCS):
        raise LevelError(
            f"There is no disc {index} levels above L5-S1.", "Use a smaller shift of the levels."
        )
    return DISCS[position]


def disc_index(disc: str) -> int:
    """How many discs ``disc`` lies above ``L5-S1``; the inverse of :func:`disc_at`."""
    return _LUMBOSACRAL - DISCS.index(parse_disc(disc))


def vertebra_above(disc: str) -> str:
    """The vertebra on top of a disc: ``L4`` for ``L4-L5``."""
    return parse_disc(disc).split("-")[0]


def vertebra_below(disc: str) -> str:
    """The vertebra under a disc: ``L5`` for ``L4-L5``."""
    return parse_disc(disc).split("-")[1]


def shift(disc: str, by: int) -> str:
    """The disc ``by`` levels higher (``by`` < 0: lower)."""
    return disc_at(disc_index(disc) + by)


def parse_disc(text: str) -> str:
    """Read one disc in any usual spelling: ``L4-L5``, ``L4/5``, ``l4 l5``, ``L45``, ``L5S1``.

    Raises:
        LevelError: no disc, or two vertebrae that are not neighbours.
    """
    found = find_discs(text)
    if len(found) != 1:
        raise LevelError(
            f"'{text[:40]}' does not name one disc.", "Write a disc such as L4-L5 or L5-S1."
        )
    return found[0]


def find_discs(text: str) -> list[str]:
    """All discs named in a text, in order of appearance, each once."""
    found: list[str] = []
    for match in _DISC.finditer(text):
        part, number, gap, second_part, second = match.groups()
        if part.upper() == "T" and not gap and second_part is None:  # "T12" is a vertebra
            continue
        above = f"{part.upper()}{int(number)}"
        below = f"{(second_part or part).upper()}{int(second)}"
        if second_part is None and above == "L5" and second == "1":
            below = "S1"
        name = f"{above}-{below}"
        if name in DISCS and name not in found:
            found.append(name)
    return found


def order(level: str) -> int:
    """Sort key from head to tail; a vertebra comes just before the disc under it.

    Raises:
        LevelError: the level is unknown.
    """
    if level in VERTEBRAE:
        return 2 * VERTEBRAE.index(level)
    if level in DISCS:
        return 2 * VERTEBRAE.index(level.split("-")[0]) + 1
    raise LevelError(f"'{level[:20]}' is not a level.", "Use a vertebra (L4) or a disc (L4-L5).")
