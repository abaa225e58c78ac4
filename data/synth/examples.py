"""Example studies to try the project on: phantoms, written at the first call and then kept.

Each is computed and of no patient; what is true of it is known, and stands in its note.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.synth import bundled
from data.synth.conditions import DiscGrades
from data.synth.phantom_parameters import Phantom
from data.synth.phantom_wanted import phantom_of
from radixgpt.errors import InputError


@dataclass(frozen=True)
class Example:
    """One example.

    Attributes:
        title: a few words.
        note: what is true of it.
        phantom: makes what is written.
        axial: discs along which an axial T2 slice is written too.
    """

    title: str
    note: str
    phantom: Callable[[], Phantom]
    axial: Sequence[str] = ()


def _grades(**discs: DiscGrades) -> dict[str, DiscGrades]:
    return {name.replace("_", "-"): grades for name, grades in discs.items()}


def _healthy() -> Phantom:
    return phantom_of({}, 21)


def _herniated() -> Phantom:
    return phantom_of(
        _grades(
            L3_L4=DiscGrades(pfirrmann=3, present=frozenset({"disc_bulging"})),
            L4_L5=DiscGrades(pfirrmann=4, present=frozenset({"disc_herniation"})),
            L5_S1=DiscGrades(
                pfirrmann=5,
                modic=1,
                present=frozenset({"disc_narrowing", "endplate_upper", "endplate_lower"}),
            ),
        ),
        33,
    )


EXAMPLES: dict[str, Example] = {
    "worn": Example(
        "Worn column",
        "A slip with a bulge at L4-L5, a collapsed L5-S1 with Modic type 2",
        lambda: bundled.PHANTOM,
    ),
    "healthy": Example("Healthy column", "Five healthy discs", _healthy),
    "herniated": Example(
        "Herniation, with axial slices",
        "A herniation at L4-L5, which the grading may miss; axial T2 at L4-L5 and L5-S1",
        _herniated,
        ("L4-L5", "L5-S1"),
    ),
}
"""Every example by name, in the order in which they are offered."""


def study_folder(name: str, cache: Path | None = None) -> Path:
    """The folder of an example's DICOM files, written at the first call.

    Args:
        name: one of :data:`EXAMPLES`.
        cache: where to keep it; the user's cache folder when None.

    Raises:
        InputError: there is no such example, or the folder can't be written.
    """
    example = EXAMPLES.get(name)
    if example is None:
        raise InputError(
            f"There is no example '{name[:20]}'.", f"Choose one of: {', '.join(EXAMPLES)}."
        )
    return bundled.written(example.phantom(), cache, axial=example.axial)
