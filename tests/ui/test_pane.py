"""The report pane: every sentence is there, escaped, and points to its evidence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

from agent.pipeline import write
from agent.session import Session
from agent.state import State
from radixgpt.finding import Finding
from radixgpt.report import DRAFT_MARK, SECTIONS
from ui import pane
from ui.desk import Desk

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_before_a_study_and_before_a_draft_the_pane_says_what_to_do(session: Session) -> None:
    assert "Open a study first" in pane.pane(Desk(Session()))
    undrafted = pane.pane(Desk(session))
    assert "No draft yet" in undrafted
    assert "rx-grades" in undrafted
    assert pane.downloads(Desk(session)) == ""


def test_every_sentence_and_section_is_shown_with_the_mark(drafted: Session) -> None:
    shown = _text(pane.pane(Desk(drafted)))
    report = drafted.report
    assert report is not None
    for sentence in report.sentences:
        assert " ".join(sentence.text.split()) in shown
    for heading in SECTIONS.values():
        assert heading in shown
    assert DRAFT_MARK in shown


def test_a_sentence_tells_its_probability_and_leads_to_its_slice(drafted: Session) -> None:
    html = pane.pane(Desk(drafted))
    impression = html.split('data-section="impression"')[1]
    button = re.search(r"<span tabindex[^>]+rx-sentence[^>]+role=\"button\"[^>]*>", impression)
    assert button is not None
    assert 'data-series="s2" data-slice="1"' in button[0]
    assert "probability 0.91" in button[0]


def test_the_grades_table_has_a_cell_for_every_level_and_kind(session: Session) -> None:
    html = pane.pane(Desk(session))
    assert len(re.findall(r"<td class=", html)) == 5 * 8
    assert 'aria-label="L4-L5 disc bulging: present, probability 0.91"' in html


def test_what_has_no_value_is_never_shown_as_one(session: Session) -> None:
    state = session._now()
    unsure = tuple(
        o.model_copy(update={"status": "indeterminate", "value": None, "reason": "low-confidence"})
        if o.kind == "disc_herniation"
        else o
        for o in state.reading.observations
        if o.kind != "modic"
    )
    session._state = replace(state, reading=replace(state.reading, observations=unsure))
    html = pane.pane(Desk(session))
    assert html.count(">?</button>") == 5
    assert html.count(">n/a</span>") == 5
    assert "indeterminate (low-confidence)" in html


def test_downloads_are_links_under_the_desks_token(drafted: Session) -> None:
    desk = Desk(drafted)
    html = pane.downloads(desk)
    for form in ("docx", "pdf", "html", "md", "json"):
        assert f'href="study/{desk.token}/report.{form}"' in html
    assert f'href="study/{desk.token}/audit.jsonl"' in html


def test_text_is_never_markup() -> None:
    finding = Finding(
        id="f1", level="L4-L5", kind="modic", status="indeterminate", reason="<img src=x>"
    )
    html = pane._grades((finding,))
    assert "<img" not in html
    assert "&lt;img src=x&gt;" in html


def test_a_draft_can_be_edited_and_a_table_before_it_can_not(
    session: Session, drafted: Session
) -> None:
    html = pane.pane(Desk(drafted))
    report = drafted.report
    assert report is not None
    open_to = [
        place
        for place, sentence in enumerate(report.sentences)
        if sentence.section in ("findings", "impression", "clinical_information")
    ]
    assert [int(n) for n in re.findall(r'data-edit="(\d+)"', html)] == open_to
    assert html.count("data-fixed") == 1  # the clinical information can't be taken out
    cells = re.findall(r'data-kind="(\w+)" data-place="([\w-]+)" data-values="([^"]+)"', html)
    assert len(cells) == 5 * 8
    assert ("pfirrmann", "L4-L5", "[1, 2, 3, 4, 5]") in cells
    session._state = replace(session._now(), report=None)
    assert "data-values" not in pane.pane(Desk(session))


def test_what_to_look_at_before_signing_is_told(drafted: Session) -> None:
    assert "set by" not in pane.pane(Desk(drafted)).split('class="rx-checks"')[1]
    drafted.set_grade("L4-L5", "pfirrmann", 5)
    told = pane.pane(Desk(drafted)).split('class="rx-notices"')[1]
    report = drafted.report
    assert report is not None
    for notice in report.notices:
        assert notice.detail in unescape(told)


def test_a_length_that_the_chat_has_set_is_shown_with_what_it_was(drafted: Session) -> None:
    seen = drafted._now().reading
    disc = next(o for o in seen.observations if o.level == "L4-L5")
    made = [
        disc.model_copy(update={"id": kind, "kind": kind, "value": size, "unit": unit})
        for kind, size, unit in (("canal_mm", 12.4, "mm"), ("canal_ratio", 0.36, "1"))
    ]
    seen = replace(seen, observations=(*seen.observations, *made))
    drafted._state = State(seen, write(seen))
    drafted.set_measure("L4-L5", "canal_mm", 11)
    html = unescape(pane.pane(Desk(drafted)))
    change = html.split("Last change: ")[1].split("</details>")[0]
    assert change.startswith("anteroposterior canal depth at L4-L5")
    assert '<ins>11.00 mm</ins> <small class="rx-mine">set by the reader</small>' in change
    assert "11 mm (set by the reader)" in " ".join(re.sub(r"<[^>]+>", " ", change).split())


def test_what_is_signed_is_locked_and_names_who_signed(drafted: Session) -> None:
    desk = Desk(drafted)
    drafted.set_grade("L4-L5", "pfirrmann", 5)
    drafted.sign(name="Reader^Ada", role="radiologist", at=NOW)
    html = pane.pane(desk)
    assert "Signed by Ada Reader, radiologist, 2026-01-02 03:04" in html
    assert DRAFT_MARK not in html
    for edit in ("data-edit", "data-values", "Last change"):
        assert edit not in html
    links = pane.downloads(desk)
    for path in ("report.pdf", "report.fhir", "report.hl7", "draft.json"):
        assert f'href="study/{desk.token}/{path}"' in links
    assert 'data-do="reopen"' in links
    drafted.reopen()
    assert "Ada" not in pane.pane(desk)
    assert "report.fhir" not in pane.downloads(desk)
