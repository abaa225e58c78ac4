"""Numbers as a page says them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from radixgpt.finding import KINDS

_Z = 1.959964
"""Two-sided 95% point of the normal distribution."""


def number(value: float, digits: int = 3) -> str:
    """A number with some significant digits, without an exponent; large ones by thousands.

    >>> number(1234567), number(0.04567), number(12)
    ('1,234,567', '0.0457', '12')
    """
    if math.isnan(value):
        return "unknown"
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) >= 10**digits:
        return f"{round(value):,}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def count(value: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun.

    >>> count(1, "case"), count(1200, "case"), count(2, "study", "studies")
    ('1 case', '1,200 cases', '2 studies')
    """
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def percent(part: float, whole: float) -> str:
    """A share; small ones keep a digit, so that something is never said to be nothing.

    >>> percent(1, 3), percent(1, 400), percent(399, 400), percent(0, 0)
    ('33%', '0.2%', '99.8%', '0%')
    """
    share = 100 * part / whole if whole else 0.0
    if share in (0.0, 100.0) or 1 <= share <= 99:
        return f"{share:.0f}%"
    return f"{min(max(share, 0.1), 99.9):.1f}%"


def listing(items: Sequence[str], most: int = 6) -> str:
    """Items in a sentence.

    >>> listing(["a", "b", "c"]), listing(["a", "b", "c"], most=2)
    ('a, b and c', 'a, b and 1 more')
    """
    shown = list(items[:most])
    if len(items) > most:
        return f"{', '.join(shown)} and {len(items) - most:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


_SHORT = {
    "endplate_upper": "endplate change above the disc",
    "endplate_lower": "endplate change below the disc",
}


def title_of(kind: str) -> str:
    """A kind of finding in words.

    >>> title_of("modic"), title_of("annular_fissure")
    ('Modic endplate change', 'annular fissure')
    """
    if kind in _SHORT:
        return _SHORT[kind]
    return KINDS[kind].title if kind in KINDS else kind.replace("_", " ")


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95% score interval of a share (Wilson, JASA 1927); (0, 1) where nothing was looked at."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, _Z * _Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = _Z / (1 + square / total)
    half *= math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)
