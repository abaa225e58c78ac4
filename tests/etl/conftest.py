"""Studies and observations such as the tools give them, plain and drawn by hypothesis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import yaml
from hypothesis import strategies as st

from etl import draft
from etl.phrases import PLACE
from radixgpt.eligibility import Eligibility
from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS, disc_index
from radixgpt.observation import Evidence, Observation, Status
from radixgpt.report import ModelFacts, Report
from radixgpt.study import (
    BodyRegion,
    Geometry,
    Modality,
    Plane,
    Series,
    Study,
)
from radixgpt.study import (
    Sequence as Weighting,
)

HEADER = dict.fromkeys(("modality", "plane", "sequence", "region"), "header")
HEALTHY: dict[str, str | int] = {
    "pfirrmann": 2,
    "disc_narrowing": "absent",
    "disc_bulging": "absent",
    "disc_herniation": "absent",
    "modic": 0,
    "endplate_upper": "absent",
    "endplate_lower": "absent",
    "spondylolisthesis": "absent",
}
MODELS = (ModelFacts(name="classifier", version="1", sha256="0" * 64),)


@dataclass
class Disc:
    """What the tools say of one disc: a value, or a status."""

    values: dict[str, str | int | float] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)
    confidence: float = 0.9


def series(
    key: str, weighting: Weighting, *, spacing: bool = True, header: bool = True, rows: int = 64
) -> Series:
    """A small sagittal series with a bright block in its middle."""
    pixels = np.zeros((3, rows, rows), np.float32)
    pixels[:, rows // 4 : -rows // 4, rows // 4 : -rows // 4] = 500.0
    pixels += np.linspace(0, 100, rows, dtype=np.float32)
    return Series(
        key=key,
        pixels=pixels,
        modality=Modality.MR,
        plane=Plane.SAGITTAL,
        sequence=weighting,
        region=BodyRegion.LUMBAR,
        geometry=Geometry((4.0, 4.0), 4.0) if spacing else None,
        instances=tuple(f"2.25.{key[1:]}{i}" for i in range(3)),
        facts_from=dict(HEADER) if header else dict.fromkeys(HEADER, "pixels"),
        technique={"field_strength_t": 1.5} if header else {},
    )


def study(
    *,
    t1: bool = True,
    t2: bool = True,
    spacing: bool = True,
    header: bool = True,
) -> tuple[Study, Eligibility]:
    """A lumbar study with what triage says of it."""
    found = []
    if t2:
        found.append(series("s1", Weighting.T2, spacing=spacing, header=header))
    if t1:
        found.append(series("s2", Weighting.T1, spacing=spacing, header=header))
    eligibility = Eligibility(
        gradable=True,
        t1="s2" if t1 else None,
        t2="s1" if t2 else None,
        mid_slices={s.key: 1 for s in found},
    )
    return Study("k", tuple(found)), eligibility


def outline(level: str, key: str, slice_index: int = 1) -> Evidence:
    """A box for a disc, the higher the level the higher in the image."""
    y = 50.0 - 8 * disc_index(level)
    return Evidence(
        series=key,
        instance="2.25.1",
        slice_index=slice_index,
        polygon=((20.0, y - 2), (40.0, y - 2), (40.0, y + 2), (20.0, y + 2)),
        axis=((20.0, y), (40.0, y)),
    )


def observe(discs: Mapping[str, Disc], keys: Sequence[str] = ("s1", "s2")) -> list[Observation]:
    """The observations of ``levels`` and ``classifier`` for these discs."""
    seen: list[Observation] = [
        Observation(
            id="levels-numbering",
            tool="levels",
            tool_version="1",
            kind="numbering",
            value="assumed from the lowest disc",
        )
    ]
    for level, disc in discs.items():
        evidence = tuple(outline(level, key) for key in keys)
        seen.append(
            Observation(
                id=f"levels-disc-{level}",
                tool="levels",
                tool_version="1",
                kind="disc",
                level=level,
                evidence=evidence,
            )
        )
        for kind, value in disc.values.items():
            status = disc.statuses.get(kind, "value")
            graded = kind in GRADED
            seen.append(
                Observation(
                    id=f"{kind}-{level}",
                    tool="classifier" if graded else "levels",
                    tool_version="1",
                    kind=kind,
                    level=level,
                    side=disc.sides.get(kind),  # type: ignore[arg-type]
                    status=status,
                    value=value if status == "value" else None,
                    unit=KINDS[kind].unit,
                    reason=None if status == "value" else "the probabilities are too close to call",
                    confidence=disc.confidence if graded else None,
                    evidence=evidence,
                )
            )
    return seen


def write(
    discs: Mapping[str, Disc],
    *,
    style: str = "standard",
    t1: bool = True,
    t2: bool = True,
    spacing: bool = True,
    header: bool = True,
    shift: int = 0,
) -> Report:
    """The report on a study in which the tools said this of the discs."""
    images, eligibility = study(t1=t1, t2=t2, spacing=spacing, header=header)
    keys = [s.key for s in images.series]
    return draft(
        images,
        eligibility,
        observe(discs, keys),
        models=MODELS,
        style=style,
        level_shift=shift,
        seconds=1.0,
    )


def healthy(**changes: Mapping[str, str | int | float]) -> dict[str, Disc]:
    """Five healthy discs, some with other values: ``healthy(L4_L5={"pfirrmann": 4})``."""
    return {
        level: Disc({**HEALTHY, **changes.get(level.replace("-", "_"), {})})
        for level in LUMBAR_DISCS
    }


def _degenerated() -> dict[str, Disc]:
    """A patient as they often are: worse towards the sacrum, a slip at L4-L5."""
    return healthy(
        L2_L3={"pfirrmann": 3},
        L3_L4={"pfirrmann": 4, "disc_bulging": "present"},
        L4_L5={
            "pfirrmann": 4,
            "disc_narrowing": "present",
            "disc_bulging": "present",
            "modic": 2,
            "endplate_upper": "present",
            "endplate_lower": "present",
            "spondylolisthesis": "present",
            "slip_mm": 6.2,
            "slip_ratio": 0.17,
            "canal_mm": 9.8,
        },
        L5_S1={
            "pfirrmann": 5,
            "disc_narrowing": "present",
            "disc_bulging": "present",
            "disc_herniation": "present",
            "modic": 1,
            "endplate_lower": "present",
        },
    )


_CONFIDENCE = st.floats(0.5, 1.0)


@st.composite
def disc(draw: st.DrawFn) -> Disc:
    """Any disc that the tools could describe."""
    values: dict[str, str | int | float] = {}
    statuses: dict[str, Status] = {}
    sides: dict[str, str] = {}
    for kind in GRADED:
        if draw(st.integers(0, 9)) == 0:
            continue  # the tool said nothing of it
        values[kind] = draw(st.sampled_from(KINDS[kind].values))
        if draw(st.integers(0, 4)) == 0:
            statuses[kind] = draw(st.sampled_from(["indeterminate", "not_assessable"]))
        if KINDS[kind].type == "binary" and draw(st.integers(0, 4)) == 0:
            sides[kind] = draw(st.sampled_from(["left", "right", "bilateral"]))
    for kind, low, high in (
        ("slip_mm", -12.0, 12.0),
        ("slip_ratio", -0.4, 0.4),
        ("canal_mm", 5.0, 20.0),
        ("disc_height_mm", 2.0, 15.0),
        ("disc_height_index", 0.1, 0.5),
    ):
        if draw(st.booleans()):
            values[kind] = draw(st.floats(low, high))
    return Disc(values, statuses, sides, draw(_CONFIDENCE))


@st.composite
def spine(draw: st.DrawFn) -> dict[str, Disc]:
    """Any lumbar spine, sometimes with a level that was not found or one more above."""
    levels = [level for level in LUMBAR_DISCS if draw(st.integers(0, 9)) > 0]
    if draw(st.integers(0, 4)) == 0:
        levels.insert(0, "T12-L1")
    return {level: draw(disc()) for level in levels}


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any report that the pipeline could write."""
    t2 = draw(st.booleans())
    return write(
        draw(spine()),
        style=draw(st.sampled_from(["standard", "concise", "prose"])),
        t1=draw(st.booleans()) or not t2,
        t2=t2,
        spacing=draw(st.booleans()),
        header=draw(st.booleans()),
    )


class Spines:
    """Everything that the tests build with, in one fixture."""

    Disc = Disc
    MODELS = MODELS
    HEALTHY = HEALTHY
    series = staticmethod(series)
    study = staticmethod(study)
    outline = staticmethod(outline)
    observe = staticmethod(observe)
    write = staticmethod(write)
    healthy = staticmethod(healthy)
    degenerated = staticmethod(_degenerated)
    spine = staticmethod(spine)
    reports = staticmethod(reports)


@pytest.fixture(scope="session")
def spines() -> type[Spines]:
    """Builders of discs, studies, observations and reports, and their strategies."""
    return Spines


def _texts(value: object) -> Iterator[str]:
    """Every text of a language file, without the names that it has there."""
    if isinstance(value, dict):
        for below in value.values():
            yield from _texts(below)
    else:
        yield str(value)


def _vocabulary(language: str) -> set[str]:
    """The words of a language file; of its templates those that may be printed."""
    data = yaml.safe_load((PLACE / f"{language}.yaml").read_text(encoding="utf-8"))
    text = " ".join(_texts({k: v for k, v in data.items() if k not in ("messages", "american")}))
    code = " ".join(re.findall(r"\{\{.*?\}\}|\{%.*?%\}", text))
    said = re.findall(r"'([^']*)'", code)
    return _words(" ".join([re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text), *said]))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", text.lower()))


NAMES = {"classifier", "levels"}
"""English words that name a tool or a model, in any language."""


@pytest.fixture(scope="session")
def english_in() -> Callable[[str], set[str]]:
    """``english_in(text)``: words of it that only the English phrases have."""
    alike = {"was", "die", "des", "war", "man", "in", "so", *NAMES}
    foreign = _vocabulary("en") - _vocabulary("de") - alike
    return lambda text: foreign & _words(text)


@pytest.fixture(scope="session")
def degenerated() -> Report:
    """The standard report on a degenerated spine."""
    return write(_degenerated())
