"""Suggestions from rules: off unless asked for, each with a source, only from what is stated."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from etl import draft, edit
from etl.check import check, require
from etl.follow_up import FollowUp, rules, to_fill_in
from etl.load.standing import as_read
from etl.phrases import Phrases
from etl.sign import sign
from radixgpt.errors import CheckFailedError
from radixgpt.report import Report
from radixgpt.style import LANGUAGES, Style

LEAD = "Suggestions from published rules"
TREATMENT = re.compile(
    r"\b(?:surg|fus(?:e|ion)\b|inject|physiotherap|medica|drug|refer|operat|injekt)", re.I
)


def texts(report: Report) -> list[str]:
    return [s.text for s in report.section("recommendations")]


def test_nothing_is_suggested_unless_asked_for(degenerated: Report) -> None:
    assert not degenerated.follow_up
    assert texts(degenerated) == ["None generated."]


def test_suggestions_lead_to_findings_and_sources(degenerated: Report) -> None:
    report = edit.suggest(degenerated, True)
    lead, *told = report.section("recommendations")
    assert lead.text.startswith(LEAD)
    assert [s.text.partition(":")[0] for s in told] == [
        "Spondylolisthesis at L4-L5",
        "Type 1 Modic changes at L5-S1",
    ]
    for sentence in told:
        assert re.search(r"\(.+, doi:10\.\d{4,}/\S+\)$", sentence.text)
        stated = [report.finding(name) for name in sentence.findings]
        assert stated
        assert all(f is not None and f.status == "value" for f in stated)
    assert texts(edit.suggest(report, False)) == ["None generated."]


def test_common_degeneration_is_told_where_nothing_weightier_is(spines: Any) -> None:
    report = edit.suggest(spines.write(spines.healthy(L4_L5={"pfirrmann": 4})), True)
    assert texts(report)[1].startswith("Disc degeneration or bulging at L4-L5: both are common")
    weighty = {"pfirrmann": 4, "disc_herniation": "present"}
    report = edit.suggest(spines.write(spines.healthy(L4_L5=weighty)), True)
    assert texts(report) == ["None of the published rules applies."]


def test_an_open_finding_or_one_left_out_suggests_nothing(spines: Any) -> None:
    discs = spines.healthy(L4_L5={"spondylolisthesis": "present"})
    discs["L4-L5"].statuses["spondylolisthesis"] = "indeterminate"
    assert len(texts(edit.suggest(spines.write(discs), True))) == 1
    slipped = spines.write(spines.healthy(L4_L5={"spondylolisthesis": "present"}))
    report = edit.drop_sentences(edit.suggest(slipped, True), "L4-L5")
    assert len(texts(report)) == 1


def test_an_uncertain_numbering_suggests_a_localizer(degenerated: Report) -> None:
    facts = degenerated.study.model_copy(update={"numbering_uncertain": True})
    report = edit.suggest(degenerated.model_copy(update={"study": facts}), True)
    assert "localizer of the whole spine" in texts(report)[1]


def test_nothing_else_can_be_recommended(degenerated: Report) -> None:
    report = edit.suggest(degenerated, True)
    place = next(
        i
        for i, s in enumerate(report.sentences)
        if s.text.startswith("Spondylolisthesis at L4-L5: a")
    )
    for update in (
        {"text": "Surgery is recommended."},
        {"text": report.sentences[place].text.replace("L4-L5", "L3-L4")},
        {"findings": ()},
    ):
        sentences = list(report.sentences)
        sentences[place] = sentences[place].model_copy(update=update)
        wrong = report.model_copy(update={"sentences": tuple(sentences)})
        assert "fixed-sections" in {c.rule for c in check(wrong) if not c.passed}
        with pytest.raises(CheckFailedError):
            require(wrong)
    off = report.model_copy(update={"follow_up": False})
    assert "fixed-sections" in {c.rule for c in check(off) if not c.passed}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_rule_orders_a_treatment(language: str) -> None:
    phrases = Phrases(language=language)
    for rule in rules():
        text = phrases.say(f"follow_up_{rule.name}", levels=["L4-L5"])
        assert not TREATMENT.search(text)
        assert not TREATMENT.search(rule.says)


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "Somebody 2020", "when": {"modic": [1]}},
        {"source": "Somebody 2020", "doi": "10.1/x"},
        {"source": "Somebody 2020", "doi": "10.1/x", "when": {"stenosis": ["severe"]}},
        {"source": "Somebody 2020", "doi": "10.1/x", "when": {"modic": [7]}},
        {"source": "Somebody 2020", "doi": "10.1/x", "when": {"modic": [1]}, "treat": "yes"},
    ],
)
def test_a_rule_without_source_or_from_what_no_tool_sees_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FollowUp.model_validate({"name": "x", "says": "y", **wrong})


def test_sources_are_told_apart() -> None:
    assert len({r.name for r in rules()}) == len(rules())
    for rule in rules():
        assert re.search(r"\b(?:19|20)\d\d\b", rule.source)
        assert not rule.doi or re.fullmatch(r"10\.\d{4,9}/\S+", rule.doi)


# --- lines to be filled in ----------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_prompts_are_blank_lines(spines: Any, language: Any) -> None:
    style = Style(name="Our house", critical_prompts=True, language=language)
    images, eligibility = spines.study()
    report = draft(
        images, eligibility, spines.observe(spines.degenerated()), models=spines.MODELS, style=style
    )
    lines = [s.text for s in report.section("critical_communication")]
    assert tuple(lines) == to_fill_in(Phrases(style))
    assert len(lines) == 3
    assert all(line.endswith(": ____________________") for line in lines)
    filled = [
        s.model_copy(update={"text": s.text.replace("____________________", "Dr. No, 10:15")})
        if s.section == "critical_communication"
        else s
        for s in report.sentences
    ]
    with pytest.raises(CheckFailedError, match="fixed-sections"):
        require(report.model_copy(update={"sentences": tuple(filled)}))


def test_a_signer_fills_the_lines_with_one_remark(spines: Any) -> None:
    from datetime import UTC, datetime

    style = Style(name="Our house", critical_prompts=True)
    images, eligibility = spines.study()
    report = draft(
        images, eligibility, spines.observe(spines.degenerated()), models=spines.MODELS, style=style
    )
    signed = sign(
        report,
        name="Ada Reader",
        role="Radiologist",
        at=datetime(2026, 1, 2, tzinfo=UTC),
        critical_communication="Told to the ward by phone.",
    )
    read = as_read(signed).section("critical_communication")
    assert [s.text for s in read] == ["Told to the ward by phone."]
