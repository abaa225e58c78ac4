"""Observations, decoders and captions for the tests of the captioner."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from hypothesis import strategies as st

from radixgpt.eligibility import Eligibility
from radixgpt.finding import GRADED, KINDS
from radixgpt.language.reader import sentences_in
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Evidence, Observation
from radixgpt.report import ModelFacts
from radixgpt.study import BodyRegion, Modality, Plane, Sequence, Series, Study
from tools.captioner import (
    Caption,
    Picture,
    Pictures,
    Scope,
    Style,
    Wanted,
    caption,
)
from tools.captioner.decoder import MEMBERS, Decoder, Shape
from tools.captioner.embedded import Embedded
from tools.captioner.support import Support
from tools.grade_net import WIDTH

Grades = dict[str, dict[str, int]]


def study() -> Study:
    return Study(
        "x",
        tuple(
            Series(
                key,
                np.zeros((1, 8, 8), np.float32),
                modality=Modality.MR,
                plane=Plane.SAGITTAL,
                sequence=sequence,
                region=BodyRegion.LUMBAR,
            )
            for key, sequence in (("s1", Sequence.T2), ("s2", Sequence.T1))
        ),
    )


ELIGIBLE = Eligibility(True, t1="s2", t2="s1", mid_slices={"s1": 0, "s2": 0})
IN_BOTH = (Evidence(series="s1", slice_index=0), Evidence(series="s2", slice_index=0))


def observed(grades: Grades, unsure: frozenset[tuple[str, str]] = frozenset()) -> list[Observation]:
    """Observations of grades; those of ``unsure`` are indeterminate."""
    found: list[Observation] = []

    def add(kind: str, level: str, **fields: object) -> None:
        name = f"o{len(found)}"
        found.append(
            Observation.model_validate(
                {"id": name, "tool": "t", "tool_version": "1", "kind": kind, "level": level,
                 "evidence": IN_BOTH, **fields}
            )
        )  # fmt: skip

    for level, kinds in grades.items():
        add("disc", level)
        for kind, value in kinds.items():
            if (level, kind) in unsure:
                add(kind, level, status="indeterminate", reason="too close to call")
            elif KINDS[kind].type == "grade":
                add(kind, level, value=value)
            else:
                add(kind, level, value="present" if value else "absent")
    return found


def numbers(kind: str) -> list[int]:
    """The grades of a kind as the gradings have them."""
    of_grade = [value for value in KINDS[kind].values if isinstance(value, int)]
    return of_grade or [0, 1]


@st.composite
def spines(draw: st.DrawFn) -> Grades:
    """Grades of some lumbar discs, some kinds of which were not looked at."""
    shown = draw(st.lists(st.sampled_from(LUMBAR_DISCS), min_size=1, unique=True))
    grades: Grades = {}
    for level in sorted(shown):
        grades[level] = {
            kind: draw(st.sampled_from(numbers(kind))) for kind in GRADED if draw(st.integers(0, 9))
        }
        if grades[level].get("disc_narrowing") and grades[level].get("pfirrmann") == 1:
            grades[level]["pfirrmann"] = 2  # grade I means normal height
    return grades


def unsupported(
    text: str, observations: list[Observation], level_of_scope: str | None
) -> list[object]:
    """What a text says that no observation has as its value; an own reading, without the check."""
    values = {(o.level, o.kind): o.value for o in observations if o.status == "value"}
    bad: list[object] = []

    def right(level: str, kind: str, value: object, absent: bool) -> bool:
        if kind == "endplate_change":
            parts = [right(level, k, value, absent) for k in ("endplate_upper", "endplate_lower")]
            return all(parts) if absent else any(parts)
        if kind == "disc_degeneration":
            grade = values.get((level, "pfirrmann"))
            return isinstance(grade, int) and (grade < 3) == absent
        there = values.get((level, kind))
        if there is None:
            return False
        if absent:
            return there in ("absent", 0)
        return there == value if value is not None else there not in ("absent", 0)

    for sentence in sentences_in(text):
        for one in sentence.findings:
            here = (one.level or level_of_scope,)
            places = here if here[0] else LUMBAR_DISCS
            absent = one.assertion == "absent"
            if one.assertion not in ("present", "absent") or one.side or one.severity:
                bad.append(one)
            if not all(right(str(p), one.kind, one.value, absent) for p in places):
                bad.append(one)
    return bad


def wild(seed: int) -> Decoder:
    """A decoder whose random weights say anything, and say it surely."""
    torch.manual_seed(seed)
    net = Decoder(Shape(width=16, layers=1, heads=2, inner=16)).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(3 * torch.randn_like(parameter))
    return net


PICTURES = Pictures(tuple(Picture(series.pixels[0], series, 0) for series in study().series), ())


def said_by(net: Decoder, may: Support, style: Style, *, bound: bool = True) -> str:
    """What a decoder says of random tokens."""
    tokens = {level: torch.randn(MEMBERS, WIDTH) for level in may.levels}
    wanted = Wanted(may.scope, style, may)
    return Embedded(net, bound=bound).say(tokens, frozenset(("t1", "t2")), PICTURES, wanted)


SCOPES: tuple[Callable[[Grades], Scope], ...] = (
    lambda grades: Scope(),
    lambda grades: Scope.of_image("s1"),
    lambda grades: Scope.of_series("s2"),
    lambda grades: Scope.of_disc(next(iter(grades))),
)

GRADES: Grades = {
    level: {
        **dict.fromkeys(GRADED, 0),
        "pfirrmann": 4 if level == "L4-L5" else 2,
        "disc_bulging": int(level in ("L4-L5", "L5-S1")),
        "endplate_upper": int(level == "L4-L5"),
    }
    for level in LUMBAR_DISCS
}


class Says:
    """A captioner that says a text, and remembers what it was shown."""

    def __init__(self, *texts: str, url: str = "") -> None:
        self.texts = list(texts)
        self.url = url
        self.wanted: list[Wanted] = []

    def describe(self, pictures: Pictures, wanted: Wanted) -> str:
        self.wanted.append(wanted)
        return self.texts[min(len(self.wanted), len(self.texts)) - 1]

    def facts(self) -> tuple[ModelFacts, ...]:
        return (ModelFacts(name="says", version="1", sha256=""),)


def captioned(captioner: Says, **more: object) -> Caption:
    seen = [o for o in observed(GRADES) if o.kind != "disc"]  # crops of blank images need no cut
    discs = [o for o in observed(GRADES) if o.kind == "disc"]
    return caption(study(), ELIGIBLE, [*seen, *discs], captioner=captioner, **more)  # type: ignore[arg-type]
