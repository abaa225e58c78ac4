"""The chat on a radiograph: what it says comes from the film's own findings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from agent.events import Answer
from agent.pipeline import Reading
from agent.session import Session
from radixgpt.eligibility import Eligibility
from radixgpt.observation import Evidence, Observation
from radixgpt.study import Modality, Series, Study, View

Say = Callable[[Session, str], Answer]


@pytest.fixture
def film_session() -> Session:
    """A session on one AP film with scoliosis, as the tools hand it on."""
    pixels = np.add.outer(np.arange(220.0), np.arange(90.0)).astype(np.float32)[None]
    series = Series("s1", pixels, modality=Modality.DX, view=View.AP)
    band = ((40.0, 10.0), (50.0, 10.0), (50.0, 200.0), (40.0, 200.0))
    placed = Evidence(series="s1", slice_index=0, polygon=band)
    fields = {"tool": "radiographs", "tool_version": "1"}
    seen = (
        Observation(id="o1", kind="view", value="ap", **fields),
        Observation(
            id="o2",
            kind="scoliosis",
            value="present",
            confidence=0.95,
            probabilities={"absent": 0.05, "present": 0.95},
            evidence=(placed,),
            **fields,
        ),
        Observation(
            id="o3", kind="curve_angle", value=33.0, unit="deg", evidence=(placed,), **fields
        ),
        Observation(
            id="o4",
            kind="spondylolisthesis",
            status="not_assessable",
            reason="Spondylolisthesis was not assessable: it needs a lateral radiograph",
            **fields,
        ),
    )
    eligible = Eligibility(
        False, reason="not-mr", detail="A radiograph of the spine.", radiographs=("s1",)
    )
    session = Session()
    session.take(Reading(Study("k", (series,)), eligible, seen, ()))
    return session


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is this study?", ["a radiograph of the spine", "AP view"]),
        ("Is there scoliosis?", ["Scoliosis with a measured curve of 33 degrees", "95%"]),
        ("What are the findings?", ["Scoliosis", "Spondylolisthesis not assessed"]),
        ("Draft the report", ["The draft report is written", "33 degrees"]),
        ("How large is the angle?", ["measured curve of 33 degrees"]),
        ("How big is the curve?", ["measured curve of 33 degrees"]),
        ("Is the spine crooked?", ["measured curve of 33 degrees"]),
        ("What is the lordosis angle?", ["No tool here assesses that on a radiograph"]),
        ("Make the curve 20 degrees", ["can't be set, moved or taken out"]),
        ("Show me the image", ["the radiograph, AP view"]),
        ("How big is the slip?", ["Spondylolisthesis not assessed", "needs a lateral radiograph"]),
        ("Is there a disc herniation at L4-L5?", ["radiographs"]),
    ],
)
def test_a_film_is_answered_from_its_findings(
    film_session: Session, say: Say, question: str, words: list[str]
) -> None:
    text = say(film_session, question).text
    for word in words:
        assert word in text, text
    assert "Pfirrmann" not in text


@pytest.fixture
def lateral_session() -> Session:
    """A session on one lateral film with a slip, as the tools hand it on."""
    pixels = np.add.outer(np.arange(220.0), np.arange(90.0)).astype(np.float32)[None]
    series = Series("s1", pixels, modality=Modality.DX, view=View.LATERAL)
    disc = ((20.0, 150.0), (60.0, 148.0), (70.0, 160.0), (30.0, 162.0))
    placed = Evidence(series="s1", slice_index=0, polygon=disc)
    fields = {"tool": "radiographs", "tool_version": "1"}
    seen = (
        Observation(id="o1", kind="view", value="lateral", **fields),
        Observation(
            id="o2",
            kind="scoliosis",
            status="not_assessable",
            reason="Scoliosis was not assessable: it needs an AP radiograph",
            **fields,
        ),
        Observation(
            id="o3",
            kind="spondylolisthesis",
            value="present",
            confidence=0.94,
            probabilities={"absent": 0.06, "present": 0.94},
            evidence=(placed,),
            **fields,
        ),
        Observation(id="o4", kind="slip_ratio", value=0.31, unit="1", evidence=(placed,), **fields),
    )
    eligible = Eligibility(
        False, reason="not-mr", detail="A radiograph of the spine.", radiographs=("s1",)
    )
    session = Session()
    session.take(Reading(Study("k", (series,)), eligible, seen, ()))
    return session


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is this study?", ["a radiograph of the spine", "lateral view"]),
        (
            "Is there spondylolisthesis?",
            ["anterior slip of 31% of the vertebral depth", "grade II", "94%", "not named"],
        ),
        ("Is there a slip at L4-L5?", ["not named on a radiograph"]),
        ("What are the findings?", ["Scoliosis not assessed", "slip of 31%"]),
        ("Draft the report", ["The draft report is written", "31%"]),
        ("How big is the slip?", ["slip of 31% of the vertebral depth", "not named"]),
        ("Measure the slip at L4-L5", ["slip of 31%", "not named on a radiograph"]),
        ("Measure everything", ["slip of 31%"]),
        ("How wide is the canal?", ["Nothing of that kind is looked for on radiographs"]),
        ("What is the Meyerding grade?", ["slip of 31%", "grade II", "not named"]),
        ("Which levels are affected?", ["slip of 31%", "not named on a radiograph"]),
        ("Which levels were found?", ["levels are not numbered", "open a lumbar MR study"]),
        ("Set the slip at L4-L5 to absent", ["can't be set", "no numbered levels"]),
    ],
)
def test_a_lateral_film_is_answered_from_its_findings(
    lateral_session: Session, say: Say, question: str, words: list[str]
) -> None:
    text = say(lateral_session, question).text
    for word in words:
        assert word in text, text
    assert "31 mm" not in text


@pytest.mark.parametrize(
    "question",
    [
        "What is the wedge angle of L3?",
        "What is the angle of the sacrum?",
        "From which angle was this taken?",
        "Was the patient bent over?",
        "Has the curve changed?",
    ],
)
def test_another_angle_is_not_taken_for_the_curve(
    film_session: Session, say: Say, question: str
) -> None:
    assert "33 degrees" not in say(film_session, question).text


def test_how_sure_is_asked_of_a_film_without_a_level(
    film_session: Session, lateral_session: Session, say: Say
) -> None:
    say(lateral_session, "What do you see?")
    sure = say(lateral_session, "How sure are you?").text
    for word in ("Of the radiograph", "present 94%", "slip to vertebral depth: 31%"):
        assert word in sure, sure
    assert "present 94%" in say(lateral_session, "Why?").text  # once more, after an explanation
    assert "can't be set, moved or taken out" in say(lateral_session, "remove it").text
    curve = say(film_session, "What is the Cobb angle?").text
    assert "33 degrees" in curve
    assert "Not assessed by any tool" not in curve
    assert "sideways curve of the spine: 33 degrees" in say(film_session, "How sure are you?").text


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How sure are you?", "present 94%"),
        ("Are you sure?", "present 94%"),
        ("What grade?", "grade II"),
        ("remove the sentence about scoliosis", "can't be set, moved or taken out"),
        ("remove the slip", "can't be set, moved or taken out"),
        ("set L5-S1 to Meyerding 2", "can't be set, moved or taken out"),
        ("set the slip to absent", "can't be set, moved or taken out"),
        ("is there a fracture?", "No tool here assesses that on a radiograph"),
    ],
)
def test_a_first_message_knows_that_a_film_is_open(
    lateral_session: Session, say: Say, question: str, words: str
) -> None:
    assert words in say(lateral_session, question).text


def test_the_image_shows_the_traced_spine(film_session: Session, say: Say) -> None:
    answer = say(film_session, "Show me the image")
    (image,) = answer.images
    assert image.png.startswith(b"\x89PNG")
    assert image.caption == "AP radiograph"


def test_levels_are_not_graded_on_a_film(film_session: Session, say: Say) -> None:
    text = say(film_session, "Shift the numbering up by one").text
    assert "no numbered levels" in text
