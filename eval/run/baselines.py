"""The trivial systems that any other has to beat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval.run.system import Answer, Answerer, Asked
from radixgpt.case import Case, StatedFinding
from radixgpt.errors import CaseError
from radixgpt.level import LUMBAR_DISCS, order

Floats = npt.NDArray[np.float32]
Embed = Callable[[Path], Floats]
"""The vector of a folder of images, of unit length."""
_NORMAL = {"pfirrmann": 1, "modic": 0}
_ABSENT = ("disc_narrowing", "disc_bulging", "disc_herniation", "endplate_upper", "endplate_lower")


@dataclass(frozen=True)
class Constant:
    """The same answer for every case; it looks at nothing."""

    answer: Answer

    def __call__(self) -> Answerer:
        """Open it."""
        return lambda _: self.answer


@dataclass(frozen=True, eq=False)
class Nearest:
    """The answer of the known case whose images look most alike.

    Attributes:
        vectors: (n, d), of unit length.
        answers: of the n known cases.
        embed: images to their vector.
    """

    vectors: Floats
    answers: tuple[Answer, ...]
    embed: Embed

    def __call__(self) -> Answerer:
        """Open it."""

        def answer(asked: Asked) -> Answer:
            return self.answers[int(np.argmax(self.vectors @ self.embed(asked.folder)))]

        return answer


def normals() -> tuple[StatedFinding, ...]:
    """Every lumbar disc healthy, by the kinds that are graded."""
    found: list[StatedFinding] = []
    for level in LUMBAR_DISCS:
        for kind, value in _NORMAL.items():
            said = "present" if value else "absent"
            found.append(_finding(level, kind, value, said))
        found += [_finding(level, kind, None, "absent") for kind in (*_ABSENT, "spondylolisthesis")]
    return tuple(found)


def _finding(level: str | None, kind: str, value: object, said: object) -> StatedFinding:
    return StatedFinding.model_validate(
        {"level": level, "kind": kind, "value": value, "assertion": said}
    )


def most_frequent(cases: Sequence[Case]) -> tuple[StatedFinding, ...]:
    """What most training cases have at each level: of each kind the commonest grade.

    Levels that fewer than half of the cases grade are left out; ties go to the milder grade.

    Raises:
        CaseError: no case is graded.
    """
    graded = [case for case in cases if case.findings]
    if not graded:
        raise CaseError("No training case is graded.", "Split the cases: radixgpt data split.")
    by_place: dict[tuple[str | None, str], Counter[tuple[object, str]]] = {}
    for case in graded:
        for one in case.findings:
            counts = by_place.setdefault((one.level, one.kind), Counter())
            counts[one.value, one.assertion] += 1
    found: list[StatedFinding] = []
    for (level, kind), counts in sorted(by_place.items(), key=lambda item: _place(*item[0])):
        if 2 * sum(counts.values()) >= len(graded):
            (value, said), _ = min(counts.items(), key=lambda item: (-item[1], str(item[0])))
            found.append(_finding(level, kind, value, said))
    return tuple(found)


def _place(level: str | None, kind: str) -> tuple[int, str]:
    return (order(level) if level else -1), kind


def commonest_text(texts: Sequence[str]) -> str:
    """The text that most cases have; of several, the first."""
    return Counter(texts).most_common(1)[0][0]
