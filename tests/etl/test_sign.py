"""Signing: a final report of just this draft, by somebody, and never changed afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.check import check, require
from etl.edit import restyle, set_grade
from etl.load.standing import standing
from etl.sign import family_and_given, readable, sign
from radixgpt.errors import CheckFailedError, SettingsError
from radixgpt.report import DRAFT_MARK, SIGNED_MARK, Report

AT = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)


def _signed(report: Report, **changes: Any) -> Report:
    return sign(report, **{"name": "Ada Example", "role": "Radiologist", "at": AT, **changes})


def test_a_signed_report_is_final_and_the_draft_is_kept(degenerated: Report) -> None:
    before = degenerated.model_dump_json()
    signed = _signed(degenerated, organization="Example Clinic")
    assert degenerated.model_dump_json() == before
    assert (degenerated.status, degenerated.mark) == ("draft", DRAFT_MARK)
    assert (signed.status, signed.mark) == ("final", SIGNED_MARK)
    assert signed.findings == degenerated.findings
    assert signed.sentences == degenerated.sentences
    assert standing(signed) == (
        "Signed by Ada Example, Radiologist, Example Clinic, 2026-03-04 15:06 (UTC+0000)."
    )


def test_a_signed_report_is_read_again_as_it_was_written(degenerated: Report) -> None:
    signed = _signed(degenerated)
    again = Report.model_validate_json(signed.model_dump_json())
    assert again == signed
    assert require(again) == signed


@pytest.mark.parametrize(
    "change",
    [
        lambda r: {"findings": r.findings[1:]},
        lambda r: {"sentences": r.sentences[:-1]},
        lambda r: {"omitted_levels": ("L1-L2",)},
        lambda r: {"study": r.study.model_copy(update={"level_shift": 1})},
        lambda r: {"signature": None},
        lambda r: {"status": "draft"},
        lambda r: {"mark": DRAFT_MARK},
        lambda r: {"style": "concise"},
    ],
)
def test_what_was_signed_can_t_be_changed_unseen(change: Any, degenerated: Report) -> None:
    signed = _signed(degenerated)
    altered = signed.model_copy(update=change(signed))
    failed = {c.rule for c in check(altered) if not c.passed}
    assert "draft-mark" in failed
    with pytest.raises(CheckFailedError):
        require(altered)


def test_a_draft_can_t_be_called_final(degenerated: Report) -> None:
    with pytest.raises(CheckFailedError, match="until a person signs"):
        require(degenerated.model_copy(update={"status": "final", "mark": SIGNED_MARK}))


def test_a_signed_report_is_neither_edited_nor_signed_again(degenerated: Report) -> None:
    signed = _signed(degenerated)
    with pytest.raises(CheckFailedError, match="can't be changed"):
        restyle(signed, "concise")
    with pytest.raises(CheckFailedError, match="can't be changed"):
        set_grade(signed, "L4-L5", "pfirrmann", 2)
    with pytest.raises(CheckFailedError, match="signed already"):
        _signed(signed)


def test_a_draft_that_fails_its_checks_is_not_signed(degenerated: Report) -> None:
    broken = degenerated.model_copy(update={"sentences": degenerated.sentences[:-1]})
    with pytest.raises(CheckFailedError):
        _signed(broken)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "123"},
        {"name": "A" * 65},
        {"name": "Ada\\Example"},
        {"name": "Ada|Example"},
        {"name": "Ada\u202eExample"},
        {"name": "<b>Ada</b>"},
        {"role": ""},
        {"organization": "A" * 65},
        {"critical_communication": "x" * 401},
        {"at": datetime(2026, 3, 4)},
    ],
)
def test_a_signature_that_can_t_be_one_is_refused(
    wrong: dict[str, Any], degenerated: Report
) -> None:
    with pytest.raises(SettingsError):
        _signed(degenerated, **wrong)


@pytest.mark.parametrize(
    ("written", "family", "given_name"),
    [
        ("Ada Example", "Example", "Ada"),
        ("Ada Byron Example", "Example", "Ada Byron"),
        ("Example^Ada", "Example", "Ada"),
        ("de la Cruz, Ada", "de la Cruz", "Ada"),
        ("de la Cruz^Ada^Maria", "de la Cruz", "Ada Maria"),
        ("Example", "Example", ""),
    ],
)
def test_names_are_taken_apart(written: str, family: str, given_name: str) -> None:
    assert family_and_given(written) == (family, given_name)
    assert readable(written) == f"{given_name} {family}".strip()


@given(st.text(max_size=80))
def test_any_name_is_taken_or_refused(text: str) -> None:
    from etl.sign import _clean

    try:
        clean = _clean("name", text)
    except SettingsError:
        return
    assert clean
    assert len(clean) <= 64
    assert not set(clean) & set("\\|&~=<>{}\n\r")
    assert readable(clean)
