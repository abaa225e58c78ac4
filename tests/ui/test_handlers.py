"""The handlers over real sessions: what the page is handed, and that tabs stay apart."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from agent.session import Session
from radixgpt.study import Study
from ui.desk import Desks
from ui.handlers import Handlers, Views

SENT = gr.EventData(None, {"batch": 1})
WORN = gr.EventData(None, {"name": "worn"})
ONE, OTHER = gr.Request(session_hash="one"), gr.Request(session_hash="other")


@pytest.fixture
def desks() -> Iterator[Desks]:
    made = Desks(Session)
    yield made
    made.close_all()


@pytest.fixture
def handlers(desks: Desks) -> Handlers:
    return Handlers(desks)


def _last(views: Iterator[Views]) -> Views:
    *_, end = views
    return end


def _said(views: Views) -> str:
    return str(views[0][-1]["content"])


def _upload(desks: Desks, session_hash: str, content: bytes, name: str) -> None:
    desks.at(session_hash).slot(1, name).write_bytes(content)


def _noise() -> bytes:
    grey = np.random.default_rng(5).integers(0, 255, (256, 256), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_new_tab_is_empty(handlers: Handlers) -> None:
    chat, view, report, links, box = handlers.arrive(ONE)
    assert chat == []
    assert view["series"] == []
    assert "Open a study first" in report
    assert (links, box["value"]) == ("", "")


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\x03\x04 torn zip"])
def test_what_is_no_study_is_told_plainly_and_deleted(
    handlers: Handlers, desks: Desks, content: bytes
) -> None:
    _upload(desks, "one", content, "1.zip")
    folder = desks.at("one").slot(1, "1.zip").parent
    views = _last(handlers.open_uploads(SENT, ONE))
    assert _said(views).startswith("**")
    assert "Traceback" not in _said(views)
    assert views[1]["series"] == []
    assert not folder.exists()
    steps = [m for m in views[0] if "metadata" in m]
    assert {step["metadata"]["status"] for step in steps} == {"done"}


def test_opening_nothing_and_drafting_nothing_say_what_to_do(handlers: Handlers) -> None:
    assert "No file arrived" in _said(_last(handlers.open_uploads(SENT, ONE)))
    assert "No study is open" in _said(_last(handlers.draft(ONE)))


def test_a_failed_opening_leaves_the_study_before(
    handlers: Handlers, desks: Desks, session: Session
) -> None:
    desk = desks.at("one")
    desk.session = session
    _upload(desks, "one", b"nonsense", "1.dcm")
    views = _last(handlers.open_uploads(SENT, ONE))
    assert len(views[1]["series"]) == 2
    assert len(views[1]["levels"]) == 5


def test_the_draft_is_written_shown_and_offered(
    handlers: Handlers, desks: Desks, session: Session
) -> None:
    desks.at("one").session = session
    chat, _, report, links, _ = _last(handlers.draft(ONE))
    assert "checks passed" in chat[-1]["content"]
    assert 'data-section="impression"' in report
    assert "report.json" in links
    assert "up to date" in _said(_last(handlers.draft(ONE)))


def test_a_turn_waits_for_the_one_before(
    handlers: Handlers, desks: Desks, session: Session
) -> None:
    desk = desks.at("one")
    desk.session = session
    with ThreadPoolExecutor(1) as beside:
        with desk.turn:
            later = beside.submit(_last, handlers.draft(ONE))
            assert session.report is None
        assert "checks passed" in _said(later.result())


def test_a_turn_that_waits_too_long_changes_nothing(desks: Desks, session: Session) -> None:
    desk = desks.at("one")
    desk.session = session
    with desk.turn:
        assert list(Handlers(desks, patience=0.01).draft(ONE)) == []
    assert session.report is None


def test_a_cleared_and_a_left_tab_are_forgotten(
    handlers: Handlers, desks: Desks, session: Session
) -> None:
    desk = desks.at("one")
    desk.session = session
    cleared = handlers.clear(ONE)
    assert cleared[1]["series"] == []
    assert cleared[1]["token"] != desk.token
    handlers.leave(ONE)
    assert len(desks) == 0


def test_the_welcome_names_what_was_left_out(
    handlers: Handlers, desks: Desks, session: Session, study: Study
) -> None:
    from radixgpt.study import Quarantined
    from ui.handlers import _welcome

    state = session._now()
    left = replace(study, quarantine=(Quarantined("object 3", "truncated-pixels", "Cut off."),))
    session._state = replace(state, reading=replace(state.reading, study=left))
    text = _welcome(session)
    assert "1 object was left out: Cut off. (truncated-pixels)" in text
    assert "no patient" in text


def test_two_tabs_at_once_get_their_own_study(handlers: Handlers, desks: Desks) -> None:
    # The real path: the bundled study through the shipped models, noise beside it.
    _upload(desks, "other", _noise(), "1.png")
    with ThreadPoolExecutor(2) as both:
        example = both.submit(_last, handlers.open_example(WORN, ONE))
        noise = both.submit(_last, handlers.open_uploads(SENT, OTHER))
        one, other = example.result(), noise.result()
    assert one[1]["synthetic"] is True
    assert [level["level"] for level in one[1]["levels"]][-2:] == ["L4-L5", "L5-S1"]
    assert [series["slices"] for series in one[1]["series"]] == [9, 9]
    assert other[1]["synthetic"] is False
    assert other[1]["levels"] == []
    assert [series["slices"] for series in other[1]["series"]] == [1]
    assert "phantom" in one[0][-1]["content"]
    assert "phantom" not in str(other[0])
    titles = [m["metadata"]["title"] for m in one[0] if "metadata" in m]
    assert titles[-2:] == ["Finding and numbering the discs", "Grading the discs"]
    assert handlers.arrive(OTHER)[1] == other[1]


def test_the_box_can_stop_what_runs_and_send_when_nothing_does(
    handlers: Handlers, desks: Desks, session: Session
) -> None:
    desks.at("one").session = session
    *running, end = [views[-1] for views in handlers.ask("What is at L4-L5?", ONE)]
    assert {(box["submit_btn"], box["stop_btn"]) for box in running} == {(False, "Stop")}
    assert (end["submit_btn"], end["stop_btn"]) == (True, False)


def test_a_stopped_turn_says_so_and_the_next_one_runs(
    handlers: Handlers, desks: Desks, session: Session
) -> None:
    desks.at("one").session = session
    turn = handlers.ask("What is at L4-L5?", ONE)
    next(turn)
    handlers.stop(ONE)
    assert "**Stopped.**" in _said(_last(turn))
    assert "L4-L5" in _said(_last(handlers.ask("What is at L4-L5?", ONE)))


def test_an_example_that_is_not_there_is_told(handlers: Handlers) -> None:
    views = _last(handlers.open_example(gr.EventData(None, {"name": "../etc"}), ONE))
    assert "There is no example" in _said(views)


def test_after_an_edit_the_page_shows_the_report_as_it_is(
    handlers: Handlers, desks: Desks, drafted: Session
) -> None:
    desks.at("one").session = drafted
    drafted.set_grade("L4-L5", "pfirrmann", 5)
    _, view, report, _, _ = handlers.changed(ONE)
    assert view["levels"][3]["line"].startswith("Pf 5")
    assert "Last change: grade at L4-L5" in report


def test_a_prior_is_compared_and_its_files_are_deleted(
    handlers: Handlers, desks: Desks, session: Session
) -> None:
    from etl import edit, load

    desk = desks.at("one")
    desk.session = session
    report = session.draft()
    made = report.provenance.model_copy(update={"input_sha256": "0" * 64})
    before = edit.set_grade(
        report.model_copy(update={"provenance": made}), "L4-L5", "disc_herniation", "absent"
    )
    for same, told in ((False, "tick Same patient"), (True, "is compared with the prior study")):
        _upload(desks, "one", load.to_json(before).encode(), "1.json")
        folder = desk.slot(1, "1.json").parent
        views = _last(handlers.open_prior(gr.EventData(None, {"batch": 1, "same": same}), ONE))
        assert told in _said(views)
        assert not folder.exists()
        assert ("Prior MRI of the lumbar spine" in views[2]) is same
