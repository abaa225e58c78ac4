"""What a generated image is to show: a sequence, and the grades of one disc or of all five."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS

Floats = npt.NDArray[np.float32]
SequenceName = Literal["t1", "t2"]
SEQUENCES: tuple[SequenceName, ...] = get_args(SequenceName)

BINARY: tuple[str, ...] = tuple(kind for kind in GRADED if KINDS[kind].type == "binary")
"""The kinds that a disc has or has not."""
_PFIRRMANN = (1, 2, 3, 4, 5)
_MODIC = (0, 1, 2, 3)
DISC_LENGTH = len(_PFIRRMANN) + len(_MODIC) + len(BINARY)
"""Length of one disc's part of a condition."""


@dataclass(frozen=True)
class DiscGrades:
    """The grades of one disc; healthy where nothing is said.

    Attributes:
        pfirrmann: 1 to 5.
        modic: 0 to 3.
        present: the kinds of BINARY that it has.
    """

    pfirrmann: int = 1
    modic: int = 0
    present: frozenset[str] = frozenset()

    def vector(self) -> Floats:
        """(DISC_LENGTH,): Pfirrmann and Modic one-hot, then the binary kinds."""
        return np.asarray(
            [
                *(float(self.pfirrmann == grade) for grade in _PFIRRMANN),
                *(float(self.modic == kind) for kind in _MODIC),
                *(float(kind in self.present) for kind in BINARY),
            ],
            np.float32,
        )


@dataclass(frozen=True)
class Wanted:
    """One image that is wanted.

    Attributes:
        sequence: ``t1`` or ``t2``.
        discs: grades by lumbar disc; discs that are not named are healthy.
    """

    sequence: SequenceName
    discs: Mapping[str, DiscGrades] = field(default_factory=dict)

    def disc(self, level: str) -> DiscGrades:
        """The grades of a disc."""
        return self.discs.get(level, DiscGrades())

    def column_vector(self) -> Floats:
        """(2 + 5 * DISC_LENGTH,): the sequence, then the discs from head to tail."""
        parts = [self.disc(level).vector() for level in LUMBAR_DISCS]
        return np.concatenate([_sequence(self.sequence), *parts])

    def disc_vector(self, level: str) -> Floats:
        """(2 + 5 + DISC_LENGTH,): the sequence, the level and the disc's grades."""
        place = np.asarray([float(level == one) for one in LUMBAR_DISCS], np.float32)
        return np.concatenate([_sequence(self.sequence), place, self.disc(level).vector()])


DISC_CONDITION = len(SEQUENCES) + len(LUMBAR_DISCS) + DISC_LENGTH
"""Length of :meth:`Wanted.disc_vector`."""
COLUMN_CONDITION = len(SEQUENCES) + len(LUMBAR_DISCS) * DISC_LENGTH
"""Length of :meth:`Wanted.column_vector`."""


def _sequence(name: SequenceName) -> Floats:
    return np.asarray([float(name == one) for one in SEQUENCES], np.float32)
