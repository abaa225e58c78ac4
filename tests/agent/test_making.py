"""Made-up images in the chat: marked synthetic, and never mixed with the open study."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Pillow

from agent import content as c
from agent.asides import asides
from agent.events import Answer
from agent.session import Session
from agent.toolbox import TOOLS
from radixgpt.reading import read
from tools.router import load_router, routes
from tools.router.calls import Call
from ui import talk
from ui.desk import Desk

Say = Callable[[Session, str], Answer]


@pytest.mark.parametrize(
    ("text", "args"),
    [
        (
            "make a synthetic image with L4-L5 pfirrmann 5",
            {"findings": "L4-L5 pfirrmann 5"},
        ),
        (
            "Please show me an artificial T1 picture of L5-S1 modic 2.",
            {"findings": "L5-S1 modic 2", "sequence": "t1"},
        ),
        (
            "generate a made-up MRI with a herniation at L4-L5, in T2, by the diffusion model",
            {"findings": "a herniation at L4-L5", "sequence": "t2", "by": "diffusion"},
        ),
        (
            "make a phantom with L4-L5 pfirrmann 5 on t2",
            {"findings": "L4-L5 pfirrmann 5", "sequence": "t2"},
        ),
        (
            "make 3 images with a slip of 6 mm at L4-L5",
            {"findings": "a slip of 6 mm at L4-L5"},
        ),
        (
            "make a synthetic study with L4-L5 pfirrmann 5",
            {"findings": "L4-L5 pfirrmann 5", "study": True},
        ),
        (
            "I'd like a synthetic case with L4-L5 pfirrmann 5, please",
            {"findings": "L4-L5 pfirrmann 5", "study": True},
        ),
        (
            "create an example study that shows an L3 fracture",
            {"findings": "an L3 fracture", "study": True},
        ),
        (
            "Could you create a study with a herniation at L5-S1?",
            {"findings": "a herniation at L5-S1", "study": True},
        ),
        (
            "generate a whole DICOM study with scoliosis of 25 degrees",
            {"findings": "scoliosis of 25 degrees", "study": True},
        ),
        (
            "Generate a T1 image with Modic 2 at L5-S1",
            {"findings": "Modic 2 at L5-S1", "sequence": "t1"},
        ),
    ],
)
def test_made_up_images_are_asked_for(text: str, args: dict[str, str]) -> None:
    (route,) = routes(load_router(), text, None)
    assert route.call == Call("make_synthetic_image", args)


WANTED = {"findings": "L4-L5 pfirrmann 5", "study": True}


@pytest.mark.parametrize(
    "text",
    [
        "hi, make a synthetic study with L4-L5 pfirrmann 5",
        "I want to make a synthetic study with L4-L5 pfirrmann 5",
        "Let's make a new synthetic study with L4-L5 pfirrmann 5",
        "download a fake study with L4-L5 pfirrmann 5",
        "create a synthetic patient with L4-L5 pfirrmann 5",
        "synthetic study with L4-L5 pfirrmann 5",
        "make one more synthetic study: L4-L5 pfirrmann 5",
        "make a synthetic study for L4-L5 pfirrmann 5",
        "make a synthetic image and study with L4-L5 pfirrmann 5",
        "make  a synthetic  study with L4-L5 pfirrmann 5 for teaching",
        "Can I have a synthetic study with L4-L5 pfirrmann 5 as a DICOM zip?",
        "fabricate a study with L4-L5 pfirrmann 5",
        "Erstelle eine synthetische Studie mit L4-L5 pfirrmann 5",
    ],
)
def test_who_speaks_of_something_synthetic_never_changes_the_open_study(text: str) -> None:
    (route,) = routes(load_router(), text, None)
    assert route.call == Call("make_synthetic_image", WANTED)


@pytest.mark.parametrize(
    ("text", "study"),
    [
        ("make a healthy phantom", False),
        ("make a phantom without anything", False),
        ("make a synthetic normal study", True),
        ("make a synthetic study with no findings", True),
        ("create a study with everything normal", True),
    ],
)
def test_a_healthy_spine_can_be_made_up(text: str, study: bool) -> None:
    (route,) = routes(load_router(), text, None)
    assert route.call.args.get("findings") in ("healthy", "everything normal")
    assert route.call.args.get("study", False) is study


def test_healthy_is_nothing_that_is_asked_for(session: Session, say: Say) -> None:
    (made,) = say(session, "make a healthy phantom").synthetic
    assert made.caption == "Synthetic, no patient: asked for T2, all lumbar discs healthy"


def test_a_film_can_t_be_made_up(session: Session, say: Say) -> None:
    assert "'x-ray'" in say(session, "make a synthetic x-ray with scoliosis").text


def test_what_was_made_up_is_not_taken_for_the_open_study(session: Session, say: Say) -> None:
    text = say(session, "make a synthetic study with L4-L5 pfirrmann 5 and then open it").text
    assert "whole DICOM study" in text
    assert "open it like any other study" in text
    for refers in ("download it", "make a report of it", "show me the synthetic study again"):
        say(session, "make a synthetic image with L4-L5 pfirrmann 5")
        answer = say(session, refers)
        assert answer.text.startswith("What is made up is not opened here"), refers
        assert not answer.images
    say(session, "make a synthetic image with L4-L5 pfirrmann 5")
    assert "L5-S1" in say(session, "show me the level that is worst").text
    assert "No level is named" in say(session, "make a synthetic image with a herniation").text
    assert say(session, "at L4-L5").synthetic
    assert not say(session, "at L3-L4").synthetic


def test_one_is_made_at_a_time_and_that_is_said() -> None:
    made = c.SyntheticContent(by="phantom", images=1)
    asked = "make three t2 phantoms with L4-L5 pfirrmann 5"
    (route,) = routes(load_router(), asked, None)
    assert route.call.args == {"findings": "L4-L5 pfirrmann 5", "sequence": "t2"}
    assert asides(asked, (made,)) == ("One is made at a time; ask again for another.",)
    assert asides("make 3 synthetic studies with L4-L5 pfirrmann 5", (made,))
    assert asides("make a phantom with L4-L5 pfirrmann 5", (made,)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "show the image of L4-L5",
        "make an image with L4-L5 marked",
        "make a picture of the herniation at L4-L5",
        "is this a synthetic image?",
        "show similar cases",
        "make a report",
        "generate the report with the findings",
        "show an image of L4-L5 with the phantom",
        "which study is open?",
        "make a report of the study with the findings",
        "show me cases with Modic 2",
        "show me a study with severe narrowing",
        "make a study with the findings of this patient",
        "create a case with this patient's findings",
        "make a teaching case of this study",
        "create a study with the prior",
        "make an image with the herniation at L4-L5",
        "generate an image of L4-L5",
        "generate images of this study",
        "the synthetic example looks odd",
        "I would like a picture of L4-L5",
        "compare the study with the prior",
    ],
)
def test_other_requests_stay_what_they_are(text: str) -> None:
    assert "make_synthetic_image" not in {r.call.tool for r in routes(load_router(), text, None)}


def test_the_image_is_shown_as_synthetic_and_is_no_evidence(session: Session, say: Say) -> None:
    before = session.draft()
    answer = say(session, "make a synthetic image with L1-L2 pfirrmann 5")
    assert "marked synthetic" in answer.text
    assert "Nothing in it is of the open study" in answer.text
    assert "L1-L2" not in answer.text
    assert (answer.images, answer.findings, answer.report_changed) == ((), (), False)
    assert session.draft() == before
    (made,) = answer.synthetic
    assert made.caption.startswith("Synthetic, no patient")
    with Pillow.open(BytesIO(made.png)) as picture:
        assert picture.text["Synthetic"] == "true"  # type: ignore[attr-defined]
    shown = talk._with_images(Desk(session), answer)
    assert "SYNTHETIC, no patient" in shown
    assert "#show=" not in shown  # pressing it leads nowhere in the open study


def test_a_whole_study_is_made_and_downloaded(session: Session, say: Say, tmp_path: Path) -> None:
    answer = say(session, "make a synthetic study with L4-L5 pfirrmann 5")
    assert "whole DICOM study" in answer.text
    assert not answer.report_changed
    (made,) = answer.synthetic
    with Pillow.open(BytesIO(made.png)) as picture:
        assert picture.text["Synthetic"] == "true"  # type: ignore[attr-defined]
    desk = Desk(session)
    (number,) = re.findall(
        r"\(study/[\w-]+/synthetic/(\d+)\.zip\)", talk._with_images(desk, answer)
    )
    packed = desk.made_up(int(number))
    assert packed == made.study
    (tmp_path / "made.zip").write_bytes(packed)
    study = read(tmp_path / "made.zip")
    assert study.synthetic
    assert {one.sequence.value for one in study.series if one.sequence} == {"t1", "t2"}
    again = say(session, "make a synthetic study with L4-L5 pfirrmann 5")
    assert again.synthetic[0].study == made.study  # so that a record replays
    desk.fresh()
    assert desk.made_up(int(number)) is None


def test_what_can_t_be_drawn_is_told(session: Session, say: Say) -> None:
    answer = say(session, "make a synthetic image with sparkles")
    assert "No finding is understood" in answer.text
    assert answer.synthetic == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("make a synthetic image with L4-L5 pfirrmann 3 or 4", "uncertain"),
        ("make a synthetic image with L4-L5 pfirrmann 5 sparkles", "'sparkles'"),
        ("make a synthetic image with L3 fracture by the diffusion model", "The phantom can"),
        ("make a synthetic image with scoliosis", "sideways curve"),
        ("make a synthetic study with L4-L5 modic 2 by diffusion", "can't be made by diffusion"),
    ],
)
def test_a_refusal_is_told_in_words(session: Session, say: Say, text: str, word: str) -> None:
    answer = say(session, text)
    assert word in answer.text
    assert answer.synthetic == ()


def test_a_language_model_is_told_no_grade_of_it() -> None:
    assert "make_synthetic_image" in {tool.name for tool in TOOLS}
    told = c.to_text(c.SyntheticContent(by="phantom", images=1))
    assert "pfirrmann" not in told


@pytest.mark.parametrize(
    "text",
    [
        "make 3 phantoms",
        "Please draw me a synthetic image.",
        "make a teaching study",
        "create 2 studies",
    ],
)
def test_a_request_without_a_finding_is_told_what_can_be_asked_for(
    session: Session, say: Say, text: str
) -> None:
    answer = say(session, text)
    assert answer.text.startswith("No finding is named. Name a place and a finding")
    assert not answer.images
