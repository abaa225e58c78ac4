"""What a system is: it is shown one case's images and answers with a report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from radixgpt.case import Case, StatedFinding


@dataclass(frozen=True)
class Asked:
    """All that a system is told of a case.

    Attributes:
        folder: holds the images of this case alone, under names that tell nothing.
        exam: what kind of examination it is, such as ``MR of the lumbar spine``.
        seed: of whatever the system draws; its own for each case, whatever runs before.
    """

    folder: Path
    exam: str
    seed: int


@dataclass(frozen=True)
class Answer:
    """A report.

    Attributes:
        text: findings and impression.
        findings: as data, where the system has them; None for a text alone.
    """

    text: str
    findings: tuple[StatedFinding, ...] | None = None


Answerer = Callable[[Asked], Answer]
Open = Callable[[], Answerer]
"""Opens a system anew: nothing that one case left behind reaches another's run. It travels to
worker processes, so it has to be picklable; what is costly to load may be kept by its module."""


@dataclass(frozen=True)
class System:
    """A system, ready to run.

    Attributes:
        name: as it is asked for.
        open: a fresh instance for one case.
        made_of: what decides its answers, such as hashes of weights; a run that goes on has to
            have the same.
    """

    name: str
    open: Open
    made_of: Mapping[str, str] = field(default_factory=dict)


def seed_of(seed: int, case: str) -> int:
    """The seed of one case: the same in whatever order and on whatever machine it runs."""
    digest = hashlib.sha256(f"{seed}\n{case}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def exam_of(case: Case) -> str:
    """The kind of examination, from the facts about the images: modality and region."""
    words: dict[str, list[str]] = {"modality": [], "region": []}
    for image in case.images:
        for name, known in words.items():
            value = getattr(image, name)
            if value not in (*known, "unknown", "other"):
                known.append(value)
    modality = " and ".join(words["modality"]) or "Examination"
    region = " and ".join(word.replace("_", " ") for word in words["region"])
    if not region:
        return f"{modality} of the spine"
    return f"{modality} of the {region}{'' if 'spine' in region else ' spine'}"
