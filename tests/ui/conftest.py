"""A read study as the page meets it: real series, with observations written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from agent.pipeline import Reading, write
from agent.session import Session
from agent.state import State
from radixgpt.eligibility import Eligibility
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS, disc_index
from radixgpt.observation import Evidence, Observation
from radixgpt.report import ModelFacts
from radixgpt.study import BodyRegion, Geometry, Modality, Plane, Series, Study
from radixgpt.study import Sequence as Weighting

SIZE = 64


def series(key: str, sequence: Weighting, slices: int = 3) -> Series:
    """A sagittal MR series that is a ramp, so that every pixel is known."""
    ramp = np.arange(slices * SIZE * SIZE, dtype=np.float32).reshape(slices, SIZE, SIZE)
    return Series(
        key=key,
        pixels=ramp,
        modality=Modality.MR,
        plane=Plane.SAGITTAL,
        sequence=sequence,
        region=BodyRegion.LUMBAR,
        geometry=Geometry(
            spacing=(1.5, 1.5),
            slice_gap=4.0,
            positions=tuple((float(i), 0.0, 0.0) for i in range(slices)),
            orientation=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
        ),
        instances=tuple(f"2.25.{i + 1}" for i in range(slices)),
        facts_from=dict.fromkeys(("modality", "plane", "sequence", "region"), "header"),
        technique={"field_strength_t": 1.5, "echo_time_ms": 102.0},
        synthetic=True,
    )


def observations(**of_l45: str | int) -> tuple[Observation, ...]:
    """All five discs found and graded; L4-L5 as asked for, the others healthy."""
    made: list[Observation] = []

    def add(kind: str, level: str, value: str | int, confidence: float) -> None:
        top = 50.0 - 10 * disc_index(level)
        evidence = tuple(
            Evidence(
                series=key,
                instance="2.25.2",
                slice_index=1,
                polygon=((10.0, top), (30.0, top), (30.0, top + 5), (10.0, top + 5)),
                axis=((10.0, top + 2), (30.0, top + 2)),
                observation=f"o{len(made) + 1}",
                tool="levels 1",
            )
            for key in ("s2", "s1")
        )
        made.append(
            Observation(
                id=f"o{len(made) + 1}",
                tool="levels",
                tool_version="1",
                kind=kind,
                level=level,
                value=value,
                confidence=confidence,
                evidence=evidence,
            )
        )

    for level in LUMBAR_DISCS:
        add("disc", level, "found", 0.99)
        for kind in GRADED:
            healthy: str | int = {"pfirrmann": 2, "modic": 0}.get(kind, "absent")
            value = of_l45.get(kind, healthy) if level == "L4-L5" else healthy
            add(kind, level, value, 0.91)
    made.append(
        Observation(
            id=f"o{len(made) + 1}",
            tool="levels",
            tool_version="1",
            kind="numbering",
            value="counted upwards from the lowest disc, taken as L5-S1",
        )
    )
    return tuple(made)


@pytest.fixture
def study() -> Study:
    return Study("k", (series("s1", Weighting.T1), series("s2", Weighting.T2)))


@pytest.fixture
def session(study: Study) -> Session:
    """A session whose tools have looked; no model ran."""
    made = Session()
    made.use(study)
    eligibility = Eligibility(True, t1="s1", t2="s2", mid_slices={"s1": 1, "s2": 1})
    reading = Reading(
        study,
        eligibility,
        observations(pfirrmann=4, disc_bulging="present"),
        (ModelFacts(name="levels", version="1", sha256="0" * 64),),
    )
    made._state = State(reading)
    return made


@pytest.fixture
def drafted(session: Session) -> Session:
    """The same with its report."""
    state = session._now()
    session._state = State(state.reading, write(state.reading))
    return session
