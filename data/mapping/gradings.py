"""Gradings of discs as findings.

Scales: Pfirrmann 1 to 5 (Pfirrmann et al., Spine 2001), Modic 0 to 3 (Modic et al., Radiology
1988), everything else present or absent. Discs are numbered from the bottom: 1 is L5-S1, 2 is
L4-L5, and so on; a disc 0 is an extra level below L5-S1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from data.mapping.cells import AS_TEXT, damage, whole
from data.mapping.table import Columns, Row
from radixgpt.case import StatedFinding
from radixgpt.errors import RefusedError
from radixgpt.level import disc_at

BINARY = {
    "spondylolisthesis": "spondylolisthesis",
    "herniation": "disc_herniation",
    "narrowing": "disc_narrowing",
    "bulging": "disc_bulging",
    "endplate_upper": "endplate_upper",
    "endplate_lower": "endplate_lower",
}
"""Column of a table of gradings to the kind of finding."""

COLUMNS = Columns(
    needed={
        "patient": ("Patient ID",),
        "disc": ("IVD label", "disc label"),
        "pfirrmann": ("Pfirrman grade", "Pfirrmann grade"),
        "modic": ("Modic type",),
        "spondylolisthesis": (),
        "herniation": ("Disc herniation",),
        "narrowing": ("Disc narrowing",),
        "bulging": ("Disc bulging",),
        "endplate_upper": ("UP endplate", "upper endplate"),
        "endplate_lower": ("LOW endplate", "lower endplate"),
    }
)
_HIGHEST = 20
EXTRA_LEVEL = "A disc below L5-S1 was graded: the numbering may be off by one, or S1 lumbarised."


@dataclass(frozen=True)
class Graded:
    """One graded disc.

    Attributes:
        row: of the table.
        disc: number from the bottom, 1 is L5-S1.
        level: name of the disc.
        findings: one for each grade that the row gives.
        problems: what is wrong with single cells, whose findings are left out.
    """

    row: int
    disc: int
    level: str
    findings: tuple[StatedFinding, ...]
    problems: tuple[RefusedError, ...]


def graded(row: Row) -> Graded:
    """Read one row; a cell that is empty or damaged costs its own finding alone.

    Raises:
        RefusedError: the disc or a grade is out of its scale, so that the row can't be trusted.
    """
    disc = _graded(row, "disc", 0, _HIGHEST)
    if disc is None:
        raise RefusedError("disc is empty.", "Number the disc, 1 being L5-S1.", row=row.number)
    level = disc_at(disc - 1)
    found: list[StatedFinding] = []
    problems: list[RefusedError] = []
    for column, low, high in (("pfirrmann", 1, 5), ("modic", 0, 3), *((c, 0, 1) for c in BINARY)):
        hurt = damage(row.cells[column])
        if hurt:
            problems.append(RefusedError(f"{column} holds {hurt}.", AS_TEXT, row=row.number))
            continue
        value = _graded(row, column, low, high)
        if value is None:
            problems.append(
                RefusedError(f"{column} is empty.", "Grade it, or leave it so.", row=row.number)
            )
        else:
            found.append(_finding(column, value, level))
    return Graded(row.number, disc, level, tuple(found), tuple(problems))


def _graded(row: Row, column: str, low: int, high: int) -> int | None:
    try:
        return whole(row.cells[column], column, low, high)
    except RefusedError as error:
        raise RefusedError(error.problem, error.mend, row=row.number) from error


def _finding(column: str, value: int, level: str) -> StatedFinding:
    if column in BINARY:
        return StatedFinding(
            level=level, kind=BINARY[column], assertion="present" if value else "absent"
        )
    absent = column == "modic" and not value
    return StatedFinding(
        level=level, kind=column, value=value, assertion="absent" if absent else "present"
    )


def settle(discs: Iterable[Graded]) -> tuple[list[Graded], list[RefusedError]]:
    """One grading a disc: a row that repeats another is left out, two that differ are both.

    Returns:
        The discs from L5-S1 upwards, and the refusals.
    """
    by_disc: dict[int, list[Graded]] = {}
    for disc in discs:
        by_disc.setdefault(disc.disc, []).append(disc)
    kept: list[Graded] = []
    refused: list[RefusedError] = []
    for _, same in sorted(by_disc.items()):
        first, *others = same
        if all(other.findings == first.findings for other in others):
            kept.append(first)
            refused.extend(
                RefusedError(
                    f"It repeats row {first.row}.", "Remove one of the two.", row=other.row
                )
                for other in others
            )
        else:
            refused.extend(
                RefusedError(
                    f"Rows {', '.join(str(s.row) for s in same)} grade one disc differently.",
                    "Keep the right one.",
                    row=one.row,
                )
                for one in same
            )
    return kept, refused
