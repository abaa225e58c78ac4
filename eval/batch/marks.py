"""What became of each finding of a pair: the neutral form in which pages and tables show it.

A family of metrics that compares findings gives these marks for a pair; whoever shows errors needs
to know nothing else of findings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from eval.batch.pairs import Pair

Status = Literal["right", "missed", "invented", "wrong_level", "wrong_side", "wrong_grade"]
STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True)
class Mark:
    """One finding of the reference, of the candidate, or of both.

    Attributes:
        kind: what was found, such as ``disc bulge``.
        status: what became of it.
        level: where, such as ``L4-L5``; empty where neither report says.
        side: ``left``, ``right``, ``both`` or empty.
        note: what a person wants to know besides, such as ``L4-L5 in the reference``.
        grade: how much of it, such as ``Pfirrmann 4``; empty for none.
        meant: the level in the reference where that is another.
    """

    kind: str
    status: Status
    level: str = ""
    side: str = ""
    note: str = ""
    grade: str = ""
    meant: str = ""


Marker = Callable[[Pair], Sequence[Mark]]
"""The marks of one pair."""
