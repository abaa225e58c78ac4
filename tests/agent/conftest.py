"""A session on a study that was read: grey series, with observations written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from agent import chat
from agent.events import Answer, Event, Failed
from agent.pipeline import Reading
from agent.session import Session
from radixgpt.eligibility import Eligibility
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Evidence, Observation
from radixgpt.report import ModelFacts
from radixgpt.study import BodyRegion, Geometry, Modality, Plane, Series, Study
from radixgpt.study import Sequence as Weighting

Values = Mapping[str, Mapping[str, Any]]

SPINE: Values = {
    "L2-L3": {"pfirrmann": 3, "disc_bulging": "present"},
    "L4-L5": {"pfirrmann": 4, "disc_herniation": "present", "disc_narrowing": "present"},
    "L5-S1": {"pfirrmann": 5, "modic": 2, "endplate_lower": "present"},
}
"""What is not healthy in the spine of the tests."""
UNSURE = ("L1-L2", "disc_bulging")
SIZE = 96


def series(key: str, sequence: Weighting) -> Series:
    pixels = np.random.default_rng(3).normal(100, 20, (3, SIZE, SIZE)).astype(np.float32)
    return Series(
        key=key,
        pixels=pixels,
        modality=Modality.MR,
        plane=Plane.SAGITTAL,
        sequence=sequence,
        region=BodyRegion.LUMBAR,
        geometry=Geometry(spacing=(1.5, 1.5), slice_gap=4.0),
        instances=tuple(f"2.25.{i + 1}" for i in range(3)),
        facts_from=dict.fromkeys(("modality", "plane", "sequence", "region"), "header"),
    )


def outline(level: str) -> tuple[Evidence, ...]:
    top = 10.0 + 16 * LUMBAR_DISCS.index(level)
    corners = ((20.0, top), (50.0, top), (50.0, top + 6), (20.0, top + 6))
    return tuple(
        Evidence(series=key, instance="2.25.2", slice_index=1, polygon=corners, tool="levels 1")
        for key in ("s1", "s2")
    )


def observations(spine: Values = SPINE) -> tuple[Observation, ...]:
    made: list[Observation] = []

    def add(kind: str, level: str | None, value: Any, **more: Any) -> None:
        number = f"o{len(made) + 1}"
        tool = "classifier" if kind in GRADED else "levels"
        evidence = outline(level) if level in LUMBAR_DISCS else ()
        made.append(
            Observation(
                id=number, tool=tool, tool_version="1", kind=kind, level=level, value=value,
                evidence=evidence, **more,
            )
        )  # fmt: skip

    add("numbering", None, "counted upwards from the lowest disc, taken as L5-S1")
    for level in LUMBAR_DISCS:
        add("disc", level, "found")
        for kind, value, unit in (
            ("disc_height_mm", 9.6, "mm"), ("disc_height_index", 0.28, "1"),
            ("canal_mm", 12.4, "mm"), ("canal_ratio", 0.36, "1"),
            ("slip_mm", 0.4, "mm"), ("slip_ratio", 0.01, "1"),
        ):  # fmt: skip
            add(kind, level, value, unit=unit)
        for kind in GRADED:
            if (level, kind) == UNSURE:
                add(kind, level, None, status="indeterminate", reason="below its threshold")
                continue
            healthy: Any = {"pfirrmann": 2, "modic": 0}.get(kind, "absent")
            value = spine.get(level, {}).get(kind, healthy)
            add(kind, level, value, confidence=0.9, probabilities={str(value): 0.9, "other": 0.1})
    return tuple(made)


def reading(spine: Values = SPINE, key: str = "study") -> Reading:
    study = Study(key=key, series=(series("s1", Weighting.T2), series("s2", Weighting.T1)))
    eligibility = Eligibility(True, t1="s2", t2="s1", mid_slices={"s1": 1, "s2": 1})
    models = (ModelFacts(name="levels", version="1", sha256="0" * 64),)
    return Reading(study, eligibility, observations(spine), models)


def refused() -> Reading:
    study = Study(key="refused", series=(series("s1", Weighting.T2),))
    return Reading(study, Eligibility(False, reason="not-lumbar"), (), ())


@pytest.fixture(scope="session")
def make_reading() -> Callable[..., Reading]:
    return reading


@pytest.fixture
def session() -> Session:
    made = Session()
    made.take(reading())
    return made


@pytest.fixture
def refused_session() -> Session:
    made = Session()
    made.take(refused())
    return made


@pytest.fixture(scope="session")
def opened() -> Session:
    """A session on the bundled phantom, read once and drafted; never to be changed."""
    from data.synth.bundled import study_folder

    made = Session.open(study_folder())
    made.draft()
    return made


@pytest.fixture
def phantom(opened: Session) -> Session:
    """A session of its own on the bundled phantom."""
    made = Session()
    assert opened.reading is not None
    made.take(opened.reading)
    return made


Say = Callable[[Session, str], Answer]


def hear(session: Session, text: str) -> list[Event]:
    return list(chat.stream(session, text))


@pytest.fixture
def say() -> Say:
    """One turn; a turn that fails fails the test."""

    def one(session: Session, text: str) -> Answer:
        last = hear(session, text)[-1]
        assert isinstance(last, Answer), last
        return last

    return one


@pytest.fixture
def fail() -> Callable[[Session, str], Failed]:
    """One turn that must fail."""

    def one(session: Session, text: str) -> Failed:
        last = hear(session, text)[-1]
        assert isinstance(last, Failed), last
        return last

    return one
