"""Comparison with a prior study: sentences that are read again, and the rules they are held to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from priors import (
    against,
    compared_report,
    sure,
)

from etl import edit
from etl.change_words import ReadingError, read_changes
from etl.check import RULES, STATING, check, check_sentence, require
from etl.check import prior as rules
from etl.check.prior import check_changes
from etl.prior import plausible
from radixgpt.errors import CheckFailedError
from radixgpt.observation import Evidence
from radixgpt.prior import CLEAR
from radixgpt.report import Report


@pytest.fixture(scope="module")
def compared(spines: Any) -> Report:
    return compared_report(spines)


def mutations(text: str) -> list[str]:
    """Other levels, grades, numbers, kinds and verdicts."""
    found = []
    for pattern, others in (
        (r"L\d-[LS]\d", ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")),
        (r"\b(?:I|II|III|IV|V)\b", ("I", "II", "III", "IV", "V")),
        (r"(?<=type )\d", ("1", "2", "3")),
        (r"\d+(?=%| mm| to \d)", ("1", "77")),
        (r"increased|decreased", ("increased", "decreased")),
        (r"disc bulging|disc herniation|disc space narrowing|spondylolisthesis",
         ("disc bulging", "disc herniation", "disc space narrowing", "spondylolisthesis")),
        (r"endplate changes above", ("endplate changes below",)),
        (r"\bnew ", ("",)),
        (r" no longer seen", ("", " unchanged")),
        (r"^Unchanged from the prior study", ("Not clearly changed", "Absent in both studies")),
        (r"(?:all five|any) lumbar levels?", ("L1-L2 to L4-L5",)),
        (r"^Not compared, as one of the studies has no grade",
         ("Unchanged from the prior study",)),
        (r"^Not clearly changed, within the error of grading",
         ("Unchanged from the prior study",)),
    ):  # fmt: skip
        for match in re.finditer(pattern, text):
            for other in others:
                if other != match[0]:
                    found.append(text[: match.start()] + other + text[match.end() :])
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_change_of_a_comparison_is_caught(spines: Any, data: st.DataObject) -> None:
    before = sure(spines.write(data.draw(spines.spine())))
    discs = data.draw(spines.spine())
    style = data.draw(st.sampled_from(["standard", "prose", "concise"]))
    report = against(spines, discs, before, style=style)
    assert report.prior is not None
    for sentence in report.sentences:
        if not sentence.changes:
            continue
        assert not check_changes(sentence, report.findings, report.prior)
        for text in mutations(sentence.text):
            wrong = sentence.model_copy(update={"text": text})
            assert check_changes(wrong, report.findings, report.prior), f"{sentence.text} → {text}"
    told = {name for s in report.section("findings") for name in s.changes}
    clear = {c.id for c in report.prior.changes if c.verdict in CLEAR}
    assert clear <= told


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_german_comparisons_are_read(spines: Any, data: st.DataObject) -> None:
    before = sure(spines.write(data.draw(spines.spine())))
    report = against(spines, data.draw(spines.spine()), before, language="de")
    assert report.prior is not None
    texts = [s for s in report.sentences if s.changes]
    for sentence in texts:
        assert not check_changes(sentence, report.findings, report.prior, "de")
        for one, other in (("zugenommen", "abgenommen"), ("L4-L5", "L3-L4"), ("neu: ", "")):
            if one in sentence.text:
                text = sentence.text.replace(one, other, 1)
                wrong = sentence.model_copy(update={"text": text})
                assert check_changes(wrong, report.findings, report.prior, "de"), text


@pytest.mark.parametrize(
    "text",
    [
        "Compared with the prior study: everything looks fine.",
        "Unchanged from the prior study: stenosis at L4-L5.",
        "Unchanged from the prior study: disc bulging.",
        "Unchanged from the prior study: disc bulging at L4-L5 and normal discs.",
        "Compared with the prior study: disc degeneration increased.",
        "The spine is unchanged.",
        "",
    ],
)
def test_what_is_no_comparison_is_refused(text: str) -> None:
    with pytest.raises(ReadingError):
        read_changes(text)


def test_an_ordinary_sentence_can_not_compare(compared: Report) -> None:
    for sentence in compared.sentences:
        if sentence.section in STATING and sentence.changes:
            named = [g for g in compared.findings if g.id in sentence.findings]
            assert check_sentence(sentence.text, named, level=sentence.level)


# --- the rules ----------------------------------------------------------------------------------


def with_change(report: Report, place: int, **update: Any) -> Report:
    assert report.prior is not None
    changes = list(report.prior.changes)
    changes[place] = changes[place].model_copy(update=update)
    prior = report.prior.model_copy(update={"changes": tuple(changes)})
    return report.model_copy(update={"prior": prior})


def without_changes(report: Report, section: str) -> Report:
    kept = tuple(s for s in report.sentences if not (s.changes and s.section == section))
    return report.model_copy(update={"sentences": kept})


def worded(report: Report, text: str) -> Report:
    changed = next(i for i, s in enumerate(report.sentences) if s.changes)
    sentences = list(report.sentences)
    sentences[changed] = sentences[changed].model_copy(update={"text": text})
    return report.model_copy(update={"sentences": tuple(sentences)})


def prior_finding(report: Report, **update: Any) -> Report:
    assert report.prior is not None
    found = (report.prior.findings[0].model_copy(update=update), *report.prior.findings[1:])
    return report.model_copy(update={"prior": report.prior.model_copy(update={"findings": found})})


BREAKING: list[tuple[str, Callable[[Report], Report]]] = [
    ("comparison-says-what", lambda r: r.model_copy(update={"prior": r.prior and
        r.prior.model_copy(update={"interval_days": 3})})),
    ("changes-have-a-prior", lambda r: r.model_copy(update={"prior": None})),
    ("changes-have-a-prior", lambda r: prior_finding(r, evidence=())),
    ("changes-follow", lambda r: with_change(r, 0, verdict="new")),
    ("changes-follow", lambda r: with_change(r, 0, prior="p2")),
    ("changes-follow", lambda r: prior_finding(r, value=5, plausible=(5,))),
    ("changes-agree", lambda r: worded(r, "Compared with the prior study: new disc herniation.")),
    ("changes-agree", lambda r: worded(r, "Unchanged.")),
    ("changes-told", lambda r: without_changes(r, "findings")),
    ("changes-told", lambda r: without_changes(r, "impression")),
    ("impression-within-findings", lambda r: without_changes(r, "findings")),
    ("same-patient-known", lambda r: r.model_copy(update={"prior": r.prior and
        r.prior.model_copy(update={"same_patient": "stated"})})),
    ("everything-compared", lambda r: with_change(r, 0, verdict="not_compared")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "change"), BREAKING, ids=[f"{i}-{r}" for i, (r, _) in enumerate(BREAKING)]
)
def test_each_rule_of_a_comparison(
    compared: Report, rule: str, change: Callable[[Report], Report]
) -> None:
    assert all(c.passed for c in check(compared))
    failed = {c.rule: c.detail for c in check(change(compared)) if not c.passed}
    assert failed.get(rule), failed


def test_every_rule_of_a_comparison_is_broken_here() -> None:
    own = {name for name, rule in RULES.items() if rule.broken.__module__ == rules.__name__}
    assert own <= {rule for rule, _ in BREAKING}


def test_the_rules_are_part_of_a_written_report(compared: Report) -> None:
    with pytest.raises(CheckFailedError, match="changes-follow"):
        require(with_change(compared, 0, verdict="new"))
    assert Report.model_validate_json(compared.model_dump_json()) == compared


# --- edits --------------------------------------------------------------------------------------


def test_an_edit_compares_anew(compared: Report) -> None:
    edited = edit.set_grade(compared, "L4-L5", "disc_herniation", "absent")
    assert "herniation at L4-L5" not in edited.section("impression")[0].text
    assert not any("new disc herniation" in s.text for s in edited.sentences)
    assert plausible(next(g for g in edited.findings if g.set_by_reader)) == {"absent"}
    gone = edit.drop_sentences(compared, "L4-L5")
    assert not any("L4-L5" in s.text for s in gone.sentences if s.changes)
    prose = edit.restyle(compared, "prose")
    assert any(s.text.startswith("L4-L5: Compared with") for s in prose.sentences)
    sentence = next(s for s in compared.section("findings") if s.changes)
    with pytest.raises(CheckFailedError, match="worded from the two findings"):
        edit.reword(compared, sentence, "Nothing has changed.")
    left = edit.leave_out(edit.leave_out(compared, compared.section("impression")[0]), sentence)
    assert sentence.text not in [s.text for s in left.sentences]


def test_evidence_of_the_prior_is_the_priors(compared: Report) -> None:
    assert compared.prior is not None
    assert all(isinstance(e, Evidence) for g in compared.prior.findings for e in g.evidence)
