"""A length that a reader measured anew, with the share of the vertebral depth that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Literal, cast, get_args

from etl.prior import LENGTHS
from radixgpt.errors import CheckFailedError
from radixgpt.finding import KINDS, PRESENT, Finding
from radixgpt.report import Report

Direction = Literal["anterior", "posterior"]
"""Where a slip goes: anterior where the upper vertebra lies in front, which is positive."""
RATIOS: Mapping[str, str] = {length: ratio for ratio, length in LENGTHS.items()}
"""The share of the vertebral depth that is set along with a length."""
LONGEST_MM: Mapping[str, float] = {"disc_height_mm": 30.0, "canal_mm": 40.0, "slip_mm": 60.0}
"""What no lumbar spine reaches; a larger number is a slip of the pen, or in another unit."""
_LEAST_RATIO = 0.1
"""Below it, the rounding of a length and its share says little of the depth."""


def remeasured(
    report: Report,
    level: str,
    kind: str,
    millimetres: float,
    *,
    direction: Direction | None = None,
) -> tuple[Finding, ...]:
    """The findings of a report with one length, and its ratio, set by the reader.

    Both keep their evidence, lose the model's confidence and are marked as set by a reader.

    Args:
        report: with levels; its measurements give the depth of the patient's vertebrae.
        level: of a disc, by its proper name.
        kind: one of :data:`LONGEST_MM`.
        millimetres: above 0, up to what is plausible; kept to a tenth.
        direction: of a slip; None keeps the one that it has.

    Raises:
        CheckFailedError: it is no such length, is not plausible or has no direction, nothing was
            measured there, or the report does not tell how deep the vertebrae are.
    """
    size = _plausible(kind, millimetres)
    here = {f.kind: f for f in report.findings if f.level == level and f.side is None}
    there = [here[k] for k in (kind, RATIOS[kind]) if k in here]
    if len(there) < 2 or any(f.status == "not_assessable" for f in there):
        _refuse(report, level, kind)
    if kind == "slip_mm":
        size *= _sign(here, level, direction)
    elif direction is not None:
        raise CheckFailedError("Only a slip has a direction.", "Leave the direction out.")
    values = {kind: size, RATIOS[kind]: round(size / depth_mm(report), 3)}

    def own(f: Finding) -> Finding:
        return f.model_copy(
            update={
                "status": "value",
                "value": values[f.kind],
                "unit": KINDS[f.kind].unit,
                "reason": None,
                "confidence": None,
                "plausible": (),
                "set_by_reader": True,
            }
        )

    return tuple(own(f) if f in there else f for f in report.findings)


def depth_mm(report: Report) -> float:
    """The median depth of the patient's vertebrae, as the report's own measurements tell it.

    Raises:
        CheckFailedError: no length stands beside a ratio that is large enough to divide by.
    """
    pairs: dict[bool, list[float]] = {True: [], False: []}
    numbers = {(f.level, f.kind): f for f in report.findings if isinstance(f.value, float | int)}
    for (level, kind), f in numbers.items():
        ratio = numbers.get((level, RATIOS.get(kind, "")))
        if ratio is not None and abs(float(ratio.value or 0)) >= _LEAST_RATIO:
            own = f.set_by_reader or ratio.set_by_reader
            pairs[own].append(float(f.value or 0) / float(ratio.value or 1))
    found = [size for size in pairs[False] or pairs[True] if size > 0]
    if not found:
        raise CheckFailedError(
            "The report does not tell how deep the vertebrae are, so the share of it that goes "
            "with a length is not known.",
            "Leave it as it is, or set the grade.",
        )
    return median(found)


def _plausible(kind: str, millimetres: float) -> float:
    if kind not in LONGEST_MM:
        raise CheckFailedError(
            f"'{kind[:40]}' is no length that a reader sets.",
            f"Use one of: {', '.join(LONGEST_MM)}.",
        )
    title, longest = KINDS[kind].title, LONGEST_MM[kind]
    size = round(float(millimetres), 1) if not isinstance(millimetres, bool) else 0.0
    if not 0 < size <= longest:  # nor is what is no number at all
        raise CheckFailedError(
            f"The {title} can't be that.",
            f"Give it in millimetres, from 0.1 to {longest:g}"
            + (", and its direction as a word." if kind == "slip_mm" else "."),
        )
    return size


def _refuse(report: Report, level: str, kind: str) -> None:
    if not any(s.millimetres for s in report.study.series if s.shown_slice is not None):
        raise CheckFailedError(
            "The report has no lengths in millimetres, as the pixel spacing is unknown.",
            "A length can be set where the images tell their spacing.",
        )
    raise CheckFailedError(
        f"No {KINDS[kind].title} was measured at {level}.", "Name a level at which it was."
    )


def _sign(here: Mapping[str, Finding], level: str, direction: Direction | None) -> int:
    """1 for an anterior slip, -1 for a posterior one."""
    grade = here.get("spondylolisthesis")
    if grade is None or grade.value != PRESENT:
        raise CheckFailedError(
            f"Spondylolisthesis is not graded as present at {level}, so it has no slip.",
            "Set spondylolisthesis there to present first.",
        )
    if direction is None:
        size = here["slip_mm"].value
        if not isinstance(size, float | int) or size == 0:
            raise CheckFailedError(
                f"The slip at {level} has no direction yet.", "Say whether anterior or posterior."
            )
        return 1 if size > 0 else -1
    if direction not in get_args(Direction):
        raise CheckFailedError(
            f"'{cast(str, direction)[:20]}' is no direction of a slip.",
            "Use anterior or posterior.",
        )
    return 1 if direction == "anterior" else -1
