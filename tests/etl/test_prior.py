"""Comparison with a prior study: what is called, what is said of it, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from priors import (
    OTHER_BIRTH,
    OTHER_ID,
    against,
    compared_report,
    subject,
    sure,
)

from etl import edit
from etl.prior import Earlier, judged, limits
from radixgpt.errors import InputError
from radixgpt.finding import Finding
from radixgpt.patient import Subject
from radixgpt.report import Report


def f(kind: str, value: Any, *chances: Any, **more: Any) -> Finding:
    return Finding(id="f1", level="L4-L5", kind=kind, value=value, plausible=chances, **more)


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (f("pfirrmann", 3, 3), f("pfirrmann", 3, 3, 4), "unchanged"),
        (f("pfirrmann", 3, 3), f("pfirrmann", 4, 4), "increased"),
        (f("pfirrmann", 3, 3, 4), f("pfirrmann", 4, 4), "not_clear"),
        (f("pfirrmann", 3, 3, 4), f("pfirrmann", 5, 5), "increased"),
        (f("pfirrmann", 4, 4), f("pfirrmann", 2, 2, 3), "decreased"),
        (f("pfirrmann", 2), f("pfirrmann", 5, 5), "not_clear"),  # nothing known of the chances
        (f("pfirrmann", 2, set_by_reader=True), f("pfirrmann", 5, 5), "increased"),
        (f("disc_bulging", "absent", "absent"), f("disc_bulging", "present", "present"), "new"),
        (f("disc_bulging", "present", "present"), f("disc_bulging", "absent", "absent"),
         "resolved"),
        (f("disc_bulging", "absent", "absent", "present"), f("disc_bulging", "present", "present"),
         "not_clear"),
        (f("disc_bulging", "absent", "absent"),
         f("disc_bulging", "present", "present", confidence=0.69), "not_clear"),  # "probable"
        (f("disc_bulging", "present", "present", confidence=0.69),
         f("disc_bulging", "absent", "absent"), "not_clear"),
        (f("modic", 0, 0), f("modic", 1, 1), "new"),
        (f("modic", 2, 2), f("modic", 0, 0), "resolved"),
        (f("modic", 1, 1), f("modic", 2, 2), "other"),
        (f("modic", 1, 1), f("modic", None, status="not_assessable", reason="x"), "not_compared"),
        (f("pfirrmann", None, status="indeterminate", reason="x"), f("pfirrmann", 3, 3),
         "not_compared"),
    ],
)  # fmt: skip
def test_a_change_is_called_beyond_the_error_only(
    before: Finding, now: Finding, verdict: str
) -> None:
    assert judged(now, before) == verdict


@pytest.mark.parametrize("kind", ["disc_height_index", "canal_ratio", "slip_ratio"])
def test_a_measure_changes_beyond_its_limit(kind: str) -> None:
    limit = limits()[kind]
    assert 0.005 < limit < 0.2
    for size, verdict in ((0.99, "unchanged"), (1.01, "increased"), (-1.01, "decreased")):
        now = f(kind, 0.3 + size * limit, unit="1")
        assert judged(now, f(kind, 0.3, unit="1")) == verdict
    if kind == "slip_ratio":  # a slip backwards grows too
        assert judged(f(kind, -0.3 - 2 * limit, unit="1"), f(kind, -0.3, unit="1")) == "increased"


@pytest.fixture(scope="module")
def compared(spines: Any) -> Report:
    return compared_report(spines)


def test_the_sentences_of_a_comparison(compared: Report) -> None:
    assert [s.text for s in compared.section("comparison")] == [
        "Prior MRI of the lumbar spine, 14 months earlier.",
        "A change is called only where it exceeds the error of grading and measuring.",
    ]
    told = {s.level: s.text for s in compared.section("findings") if s.changes and s.level}
    assert told == {
        "L3-L4": "Compared with the prior study: disc bulging no longer seen.",
        "L4-L5": "Compared with the prior study: disc degeneration increased from Pfirrmann III to "
        "IV; type 2 instead of type 1 Modic changes; disc height decreased from 11 to 8 mm; "
        "new disc herniation.",
        "L5-S1": "Compared with the prior study: slip increased from 5% to 15% of the vertebral "
        "depth; new spondylolisthesis; type 2 Modic changes no longer seen.",
    }
    closing = [s.text for s in compared.section("findings") if s.changes and not s.level]
    assert closing[0] == (
        "Unchanged from the prior study: disc degeneration at L1-L2 to L3-L4 and L5-S1."
    )
    assert len(closing) == 1  # what is absent in both is told once, by this study alone
    first = compared.section("impression")[0]
    assert first.text == (
        "Compared with the prior study: new disc herniation at L4-L5; new spondylolisthesis at "
        "L5-S1; slip increased from 5% to 15% of the vertebral depth at L5-S1; disc degeneration "
        "increased from Pfirrmann III to IV at L4-L5; disc bulging no longer seen at L3-L4; type 2 "
        "instead of type 1 Modic changes at L4-L5; type 2 Modic changes no longer seen at L5-S1."
    )
    assert compared.prior is not None
    assert compared.prior.interval_days == 430


def test_every_sentence_leads_to_findings_in_both(compared: Report) -> None:
    prior = compared.prior
    assert prior is not None
    by_id = {c.id: c for c in prior.changes}
    for sentence in compared.sentences:
        for name in sentence.changes:
            now, before = compared.finding(by_id[name].finding), prior.finding(by_id[name].prior)
            assert now is not None
            assert before is not None
            assert (now.level, now.kind) == (before.level, before.kind)
            assert before.evidence or before.status != "value"
    assert all(s.findings for s in compared.sentences if s.changes)


def test_the_answer_to_a_question_stands_before_what_has_changed(compared: Report) -> None:
    asked = edit.tell(compared, "", "Canal stenosis? Spondylolisthesis?")
    told = asked.section("impression")
    where = next(place for place, s in enumerate(told) if s.changes)
    assert [s.text for s in told[:where]] == [
        "Spondylolisthesis at L5-S1 with a measured anterior slip of 15% of the vertebral depth "
        "(Meyerding grade I).",
        "Not assessed: spinal canal stenosis.",
    ]
    assert len(told) > where + 1


def test_nothing_changed_is_said_once(spines: Any) -> None:
    before = sure(spines.write(spines.degenerated()))
    report = against(spines, spines.degenerated(), before, then=None)
    last = report.section("impression")[-1].text
    assert last == (
        "No clear change from the prior study in what was compared at any lumbar level."
    )
    assert report.section("comparison")[0].text == (
        "Prior MRI of the lumbar spine, interval not known."
    )
    assert [c.rule for c in report.notices] == ["same-patient-known"]


def test_what_was_not_assessed_is_never_unchanged(spines: Any) -> None:
    discs = spines.healthy()
    discs["L4-L5"].statuses["disc_herniation"] = "not_assessable"
    before = sure(spines.write(discs))
    report = against(spines, spines.healthy(L4_L5={"disc_herniation": "present"}), before)
    (told,) = [s for s in report.section("findings") if "Not compared" in s.text]
    assert told.text == (
        "Not compared, as one of the studies has no grade: disc herniation at L4-L5."
    )
    others = [s for s in report.section("findings") if s.changes and s is not told]
    assert not any(re.search(r"herniation[^;]*L4-L5", s.text) for s in others)


def test_doubtful_numbering_stops_the_comparison_of_levels(spines: Any) -> None:
    before = sure(spines.write(spines.healthy(L4_L5={"pfirrmann": 5})))
    facts = before.study.model_copy(update={"numbering_uncertain": True})
    report = against(spines, spines.healthy(), before.model_copy(update={"study": facts}))
    assert report.prior is not None
    assert {c.verdict for c in report.prior.changes} == {"not_compared"}
    assert (
        "not certain that both studies are numbered alike" in report.section("comparison")[-1].text
    )
    assert not any(s.changes for s in report.sentences)  # the reason is told once
    moved = facts.model_copy(update={"level_shift": 1})  # by a reader, who has looked
    report = against(spines, spines.healthy(), before.model_copy(update={"study": moved}))
    assert report.prior is not None
    assert report.prior.numbering == "agrees"


@pytest.mark.parametrize(
    ("then", "now", "stated", "match"),
    [
        (None, subject(), False, "can't be told"),
        (subject(person=OTHER_ID), subject(), False, "not of the same"),
        (subject(person=OTHER_BIRTH), subject(), True, "can't be of"),
        (subject(20), subject(10), False, "after this one"),
    ],
)  # fmt: skip
def test_a_comparison_is_refused(
    spines: Any, then: Subject | None, now: Subject, stated: bool, match: str
) -> None:
    before = spines.write(spines.healthy())
    with pytest.raises(InputError, match=match) as caught:
        against(spines, spines.healthy(), before, then=then, now=now, stated=stated)
    assert caught.value.mend


def test_a_person_may_state_that_another_number_is_the_same_patient(spines: Any) -> None:
    before = spines.write(spines.healthy())
    then = subject(person=OTHER_ID)
    report = against(spines, spines.healthy(), before, then=then, now=subject(), stated=True)
    assert any("stated by the user" in s.text for s in report.section("comparison"))


def test_a_study_is_not_compared_with_itself(spines: Any) -> None:
    before = spines.write(spines.healthy())
    with pytest.raises(InputError, match="very images"):
        edit.compare(before, Earlier(before, stated=True))


def test_a_comparison_is_taken_back(compared: Report, spines: Any) -> None:
    alone = edit.compare(compared, None)
    assert alone.prior is None
    assert not any(s.changes for s in alone.sentences)
    assert [s.text for s in alone.section("comparison")] == ["None available."]


def test_measures_need_the_spacing_of_both(spines: Any) -> None:
    change = {"canal_ratio": 0.5, "disc_height_index": 0.3}
    before = spines.write(spines.healthy(L4_L5=change), spacing=False)
    report = against(spines, spines.healthy(L4_L5={"canal_ratio": 0.2}), before)
    assert report.prior is not None
    assert not report.prior.measurable
    assert {c.verdict for c in report.prior.changes if c.limit is not None} == {"not_compared"}
    assert "pixel spacing is not known in both" in report.section("comparison")[-1].text


# --- the reader of its sentences ----------------------------------------------------------------
