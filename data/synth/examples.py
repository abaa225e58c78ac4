"""Example studies to try the project on: phantoms, written at the first call and then kept.

Each is computed and of no patient; what is true of it is known, and stands in its note.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from radixgpt.errors import InputError

if TYPE_CHECKING:
    from data.synth.phantom_parameters import Phantom


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


# What draws a phantom is imported when one is asked for: the page lists the examples as it starts.


def _worn() -> Phantom:
    from data.synth import bundled

    return bundled.PHANTOM


def _healthy() -> Phantom:
    from data.synth.phantom_wanted import phantom_of

    return phantom_of({}, 21)


def _herniated() -> Phantom:
    from data.synth.conditions import DiscGrades
    from data.synth.phantom_wanted import phantom_of

    collapsed = frozenset({"disc_narrowing", "endplate_upper", "endplate_lower"})
    return phantom_of(
        {
            "L3-L4": DiscGrades(pfirrmann=3, present=frozenset({"disc_bulging"})),
            "L4-L5": DiscGrades(pfirrmann=4, present=frozenset({"disc_herniation"})),
            "L5-S1": DiscGrades(pfirrmann=5, modic=1, present=collapsed),
        },
        33,
    )


EXAMPLES: dict[str, Example] = {
    "worn": Example(
        "Worn column",
        "A slip with a bulge at L4-L5, a collapsed L5-S1 with Modic type 2",
        _worn,
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
    from data.synth import bundled

    return bundled.written(example.phantom(), cache, axial=example.axial)
