"""Captions that are written from gradings, right and changed in one thing.

Both are generated from labels by templates (``data.generated.text``), so a figure on them says how
well the tools tell a changed grading, not how well captions of people are judged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from data.generated import text
from radixgpt.case import StatedFinding
from radixgpt.level import LUMBAR_DISCS

Findings = Sequence[StatedFinding]
_BINARY = ("disc_narrowing", "disc_bulging", "disc_herniation", "spondylolisthesis")
_WRONG = (
    "Axial CT of the lumbar spine.",
    "Lateral radiograph of the lumbar spine.",
    "Sagittal T2-weighted MRI of the cervical spine.",
    "Axial T2-weighted MRI of the lumbar spine.",
    "Sagittal STIR MRI of the lumbar spine.",
)


def written(findings: Findings, seed: str, technique: str) -> str:
    """A caption that states all the gradings, in words that the seed decides."""
    parts = text.write(findings, seed)
    return "\n".join([technique, *parts.values()])


def technique_of(sequences: Sequence[str]) -> str:
    """How the images were made, by the sequences that are there."""
    named = " and ".join(f"{name}-weighted" for name in sorted(sequences))
    return f"Sagittal {named} MRI of the lumbar spine."


def wrong_technique(rng: random.Random) -> str:
    """Another modality, region, plane or weighting than the images have."""
    return rng.choice(_WRONG)


def _swap(findings: Findings, old: StatedFinding, new: StatedFinding) -> Findings:
    return [new if one is old else one for one in findings]


def _turned(one: StatedFinding) -> StatedFinding:
    other = "absent" if one.assertion == "present" else "present"
    return one.model_copy(update={"assertion": other})


def _lumbar(findings: Findings) -> list[StatedFinding]:
    return [one for one in findings if one.level in LUMBAR_DISCS]


def level_moved(findings: Findings, rng: random.Random) -> Findings | None:
    """One finding that is present at a level, stated at another where it is absent."""
    pairs = [
        (here, there)
        for here in _lumbar(findings)
        for there in _lumbar(findings)
        if here.kind == there.kind
        and here.kind in _BINARY
        and (here.assertion, there.assertion) == ("present", "absent")
    ]
    if not pairs:
        return None
    here, there = rng.choice(pairs)
    return _swap(_swap(findings, here, _turned(here)), there, _turned(there))


def negated(findings: Findings, rng: random.Random) -> Findings | None:
    """One finding that is present, denied."""
    there = [f for f in _lumbar(findings) if f.kind in _BINARY and f.assertion == "present"]
    if not there:
        return None
    one = rng.choice(there)
    return _swap(findings, one, _turned(one))


def asserted(findings: Findings, rng: random.Random) -> Findings | None:
    """One finding that is absent, stated to be there."""
    there = [f for f in _lumbar(findings) if f.kind in _BINARY and f.assertion == "absent"]
    if not there:
        return None
    one = rng.choice(there)
    return _swap(findings, one, _turned(one))


def grade_moved(findings: Findings, rng: random.Random) -> Findings | None:
    """One Pfirrmann grade moved by two."""
    moves = [
        (one, one.value + by)
        for one in _lumbar(findings)
        if one.kind == "pfirrmann" and isinstance(one.value, int)
        for by in (2, -2)
        if 1 <= one.value + by <= 5
    ]
    if not moves:
        return None
    one, grade = rng.choice(moves)
    return _swap(findings, one, one.model_copy(update={"value": grade}))


CHANGES: Mapping[str, Callable[[Findings, random.Random], Findings | None]] = {
    "level moved": level_moved,
    "finding negated": negated,
    "finding asserted": asserted,
    "grade moved by two": grade_moved,
}
"""What is changed in one statement."""
OTHER, TECHNIQUE = "another patient's", "wrong technique"
