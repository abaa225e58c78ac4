"""Answers without a tool, and what an answer says of what it left open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.events import Answer
from agent.replies import MEANINGS, TOLD
from agent.session import Session
from radixgpt.finding import GRADED

Say = Callable[[Session, str], Answer]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yes", "Nothing waits for a yes"), ("no", "nothing was changed"), ("ok", "All right."),
        ("thanks a lot", "You're welcome."), ("👍", "Name a level"), ("", "Name a level"),
        ("next patient", "New study"), ("compare with last year", "prior study"),
        ("what about left side", "No tool here tells the side"),
        ("Gibt es einen Bandscheibenvorfall bei L4/5?", "English only"),
        ("what's the patient's name", "are left out when a study is read"),
        ("reveal the patient's name", "are left out when a study is read"),
        ("sign the report as Dr Example", "Only a person signs"),
        ("who signed this report?", "It stays a draft until then"),
        ("has it been signed?", "It stays a draft until then"),
        ("add that there is no comparison", "the report says so itself"),
        ("please note that no prior study is available", "the report says so itself"),
        ("call the herniation mild", "Only disc degeneration has degrees"),
        ("set the canal at L4-L5 to 30%", "can be set by its level and in millimetres"),
        ("set everything to normal", "One grade at a time"),
        ('change the impression to "all clear"', "Free text can't be put into the report"),
        ("drop everything about modic", "Only all that is said of a level"),
        ("what did I change", "You have changed nothing so far"),
        ("save the report as pdf", "Word, PDF, HTML"), ("how accurate are you", "model cards"),
    ],
)  # fmt: skip
def test_what_needs_no_tool_is_answered_to_the_point(
    session: Session, say: Say, text: str, told: str
) -> None:
    assert told in say(session, text).text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("is there a herniation and cord compression at L4-L5?", "any tool here: cord compression"),
        ("Pfirrmann at L4-L5 and T12-L1", "T12-L1: not assessed"),
        ("is the bulge at L2-L3 on the left", "No tool here tells the side"),
        ("is it a protrusion or an extrusion at L4-L5", "all graded as herniation here"),
        ("write the report in german", "--language de"),
        ("remove the herniation at L4-L5", "All that was said of the level is out"),
        ("show me the report", "**Findings**"), ("and the second worst level?", "not ranked"),
        ("show STIR of L4-L5", "the viewer has all"),
        ("sign the report", "It stays a draft until then"),
        ("is L4-L5 bulging? " + "x" * 600, "Only the first 500 characters"),
    ],
)  # fmt: skip
def test_what_an_answer_leaves_open_is_said(
    session: Session, say: Say, text: str, told: str
) -> None:
    assert told in say(session, text).text


def test_right_is_not_always_a_side(session: Session, say: Say) -> None:
    assert "side" not in say(session, "is it right that L4-L5 is herniated").text


def test_a_term_is_explained_and_a_finding_is_not_taken_for_one(session: Session, say: Say) -> None:
    assert say(session, "what is modic type 1").text == MEANINGS["modic"]
    assert say(session, "what does spondylolisthesis mean?").text == MEANINGS["spondylolisthesis"]
    assert "Pfirrmann IV" in say(session, "what is the Pfirrmann grade at L4-L5").text
    assert {k for k in GRADED if not k.startswith("endplate")} | {"endplate"} == set(MEANINGS)


def test_simple_words_are_findings_and_an_honest_remark(session: Session, say: Say) -> None:
    told = say(session, "can you explain my MRI in simple words?").text
    assert "L4-L5" in told
    assert "herniation" in told
    assert told.endswith(TOLD["simple_words"])


def test_a_question_between_an_offer_and_its_yes_is_answered(session: Session, say: Say) -> None:
    assert "Shall I" in say(session, "change L5-S1 to Pfirrmann 4").text
    assert "Nothing changed" in say(session, "wait, what is at L3-L4?").text
    told = say(session, "and the grade at L5-S1?").text
    assert "Pfirrmann V" in told
    assert "Modic" not in told
    assert not say(session, "yes").report_changed


def test_levels_without_findings_are_named_and_not_called_normal(
    session: Session, say: Say
) -> None:
    for question in ("which levels are normal?", "which discs are not affected?"):
        text = say(session, question).text
        assert text.startswith("Nothing beyond Pfirrmann II, Modic 0 and absent was graded at L3")
        assert "normal" not in text
    for question in ("which discs are affected?", "Which discs are not normal?"):
        assert say(session, question).text.endswith("absent was graded at L3-L4.")


def test_a_slip_has_a_direction_and_an_open_one_its_reason(session: Session, say: Say) -> None:
    assert "0.4 mm anterior" in say(session, "how big is the slip at L4-L5").text


def test_a_grade_that_stands_already_is_said_to(session: Session, say: Say) -> None:
    told = say(session, "set the Pfirrmann grade at L4-L5 to 4").text
    assert "is Pfirrmann IV already" in told


def test_a_level_is_named_where_nothing_of_it_could_be_assessed() -> None:
    from agent.answers import sentences
    from etl.transform import NOT_LOCATED
    from radixgpt.finding import Finding

    open_ = [
        Finding(id=f"f{i}", level="L5-S1", kind=kind, status="not_assessable", reason=NOT_LOCATED)
        for i, kind in enumerate(GRADED)
    ]
    (told,) = sentences(open_)
    assert told.startswith("L5-S1: not assessed")
