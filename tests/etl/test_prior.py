"""Comparison with a prior study: what is called, what is said of it, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import draft, edit
from etl.change_words import ReadingError, read_changes
from etl.check import RULES, STATING, check, check_sentence, require
from etl.check import prior as rules
from etl.check.prior import check_changes
from etl.prior import Earlier, judged, limits, plausible
from radixgpt.errors import CheckFailedError, InputError
from radixgpt.finding import KINDS, Finding
from radixgpt.observation import Evidence
from radixgpt.patient import Person, Subject
from radixgpt.prior import CLEAR
from radixgpt.report import Report

DOE = Person(b"1", b"2", b"f", frozenset({b"doe"}))
OTHER_ID = Person(b"9", b"2", b"f", frozenset())
OTHER_BIRTH = Person(b"1", b"9", b"f", frozenset())


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


def subject(day: int | None = None, person: Person = DOE) -> Subject:
    return Subject(person, day)


def excluding_others(kind: str, value: Any) -> tuple[Any, ...]:
    graded = kind in KINDS and KINDS[kind].values
    return (value,) if value is not None and graded else ()


def against(
    spines: Any,
    discs: Any,
    before: Report,
    *,
    then: Subject | None = None,
    now: Subject | None = None,
    stated: bool = True,
    style: str = "standard",
    **more: Any,
) -> Report:
    """The report on these discs, compared with an earlier report."""
    images, eligibility = spines.study()
    report = draft(
        images,
        eligibility,
        [
            o.model_copy(update={"plausible": excluding_others(o.kind, o.value)})
            for o in spines.observe(discs)
        ],
        models=spines.MODELS,
        style=style,
        **more,
    )
    report = of_other_pixels(report)
    return edit.compare(report, Earlier(before, then, read=then is not None, stated=stated), now)


def of_other_pixels(report: Report) -> Report:
    made = report.provenance.model_copy(update={"input_sha256": "0" * 64})
    return report.model_copy(update={"provenance": made})


def sure(report: Report) -> Report:
    """The report of a grader that excludes every other value."""
    found = tuple(
        g.model_copy(update={"plausible": excluding_others(g.kind, g.value)})
        for g in report.findings
    )
    return report.model_copy(update={"findings": found})


@pytest.fixture(scope="module")
def compared(spines: Any) -> Report:
    before = sure(
        spines.write(
            spines.healthy(
                L3_L4={"pfirrmann": 3, "disc_bulging": "present"},
                L4_L5={"pfirrmann": 3, "modic": 1, "disc_height_index": 0.35,
                       "disc_height_mm": 11.2},
                L5_S1={"pfirrmann": 4, "modic": 2, "slip_ratio": 0.05},
            )
        )
    )  # fmt: skip
    discs = spines.healthy(
        L3_L4={"pfirrmann": 3},
        L4_L5={"pfirrmann": 4, "disc_herniation": "present", "modic": 2,
               "disc_height_index": 0.25, "disc_height_mm": 8.1},
        L5_S1={"pfirrmann": 4, "spondylolisthesis": "present", "slip_ratio": 0.15},
    )  # fmt: skip
    return against(spines, discs, before, then=subject(100), now=subject(530), stated=False)


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
