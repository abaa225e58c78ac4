"""A prior study in a session: held, compared, taken back, kept when the numbering moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.events import Answer
from agent.session import Session
from etl import load
from radixgpt.errors import InputError
from radixgpt.report import Report
from tools.router import load_router, routes
from tools.router.calls import Call

Say = Callable[[Session, str], Answer]


@pytest.mark.parametrize(
    "text",
    [
        "compare with the prior",
        "Compare this to the previous MRI",
        "what has changed since the last study?",
        "is anything worse than before?",
        "any interval change from the prior exam?",
        "please compare the report against last year",
    ],
)
def test_a_comparison_is_asked_for(text: str) -> None:
    (route,) = routes(load_router(), text, None)
    assert route.call == Call("compare_prior")


@pytest.mark.parametrize(
    "text",
    ["compare L3-L4 and L4-L5", "show similar cases", "write the report", "undo the last change",
     "what is new in version 2?", "compare with other patients"],
)  # fmt: skip
def test_other_requests_stay_what_they_are(text: str) -> None:
    assert "compare_prior" not in {r.call.tool for r in routes(load_router(), text, None)}


def other_pixels(report: Report) -> Report:
    made = report.provenance.model_copy(update={"input_sha256": "0" * 64})
    return report.model_copy(update={"provenance": made})


@pytest.fixture
def prior(session: Session, tmp_path: Path) -> Path:
    """An earlier report in which L4-L5 was graded by a reader as healthier."""
    from etl import edit

    before = edit.set_grade(session.draft(), "L4-L5", "pfirrmann", 2)
    path = tmp_path / "before.json"
    path.write_text(load.to_json(other_pixels(before)), encoding="utf-8")
    return path


def test_without_a_prior_the_mend_is_told(session: Session, say: Say) -> None:
    answer = say(session, "compare with the prior")
    assert "No prior study is open" in answer.text
    assert "Prior study on the page" in answer.text


def test_a_prior_is_compared_and_told(session: Session, say: Say, prior: Path) -> None:
    session.set_grade("L4-L5", "pfirrmann", 5)
    with pytest.raises(InputError, match="same patient can't be told"):
        session.compare(prior)
    report = session.compare(prior, stated=True)
    assert report.prior is not None
    answer = say(session, "what has changed since the last study?")
    assert "disc degeneration increased from Pfirrmann II to V at L4-L5" in answer.text
    assert "stated by the user" in answer.text
    assert answer.findings


def test_a_study_of_who_knows_whom_is_refused_before_it_is_looked_at(session: Session) -> None:
    from data.synth import bundled

    session.draft()
    steps: list[str] = []
    with pytest.raises(InputError, match="same patient can't be told"):
        session.compare(bundled.study_folder(), progress=steps.append)
    assert steps == ["Reading the prior study"]


def test_a_comparison_can_be_taken_back(session: Session, prior: Path) -> None:
    session.compare(prior, stated=True)
    assert session.undo() == "comparison"
    assert session.draft().prior is None


def test_a_comparison_follows_edits_and_the_numbering(session: Session, prior: Path) -> None:
    session.compare(prior, stated=True)
    report = session.set_grade("L4-L5", "pfirrmann", 5)
    assert any("increased from Pfirrmann II to V" in s.text for s in report.sentences)
    lines = [line.did.do for line in session.audit.lines if line.kind == "report"]
    assert lines == ["draft", "compare", "set_grade"]


def test_a_language_model_may_repeat_a_comparison_and_nothing_else(
    session: Session, prior: Path
) -> None:
    from agent import guard

    report = session.compare(prior, stated=True)
    quotable = [s.text for s in report.sentences if s.changes]
    (told,) = [s.text for s in report.section("impression") if s.changes]
    assert guard.problems(told, report.findings, quotable=quotable) == ()
    assert guard.problems(told, report.findings)
    other = told.replace("L4-L5", "L3-L4") if "L4-L5" in told else f"{told} It has progressed."
    assert guard.problems(other, report.findings, quotable=quotable)
