"""Each rule of the checks, and sentences as a language model might write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from etl.check import RULES, check, check_sentence, meyerding, prior, require
from etl.proofread import NAMES
from etl.sign import sign
from radixgpt.errors import CheckFailedError
from radixgpt.finding import Finding
from radixgpt.observation import Evidence
from radixgpt.report import Report, Sentence

Change = Callable[[Report], Report]
EVIDENCE = (Evidence(series="s1", slice_index=1),)


def f(id_: str, level: str, kind: str, value: Any, **more: Any) -> Finding:
    return Finding(id=id_, level=level, kind=kind, value=value, evidence=EVIDENCE, **more)


FINDINGS = (
    f("f1", "L3-L4", "pfirrmann", 3),
    f("f2", "L3-L4", "disc_bulging", "absent"),
    f("f3", "L4-L5", "pfirrmann", 4),
    f("f4", "L4-L5", "disc_bulging", "present"),
    f("f5", "L4-L5", "disc_herniation", "absent"),
    f("f6", "L4-L5", "modic", 2),
    f("f7", "L4-L5", "spondylolisthesis", "present"),
    f("f8", "L4-L5", "slip_mm", 6.3, unit="mm"),
    f("f9", "L4-L5", "slip_ratio", 0.18, unit="1"),
    f("f10", "L5-S1", "disc_herniation", "present", side="left"),
    f("f11", "L5-S1", "disc_narrowing", None, status="indeterminate", reason="unsure"),
    f("f12", "L4-L5", "canal_mm", 10.2, unit="mm"),
    f("f13", "L4-L5", "disc_height_index", 0.213, unit="1"),
    f("f14", "L3-L4", "endplate_upper", "present"),
    f("f15", "L3-L4", "endplate_lower", "absent"),
    f("f16", "L2-L3", "endplate_upper", "absent"),
    f("f17", "L2-L3", "endplate_lower", "absent"),
    f("f18", "L1-L2", "endplate_lower", "present"),
)


@pytest.mark.parametrize(
    "text",
    [
        "At L4-L5 there is moderate disc degeneration (Pfirrmann grade IV) with a disc bulge.",
        "The L4/5 disc shows Pfirrmann 4 degeneration and bulging, without herniation.",
        "L4-L5: moderate degeneration; no herniation is seen.",
        "Disc herniation is absent at L4-L5.",
        "No disc herniation at L4-L5, no disc bulging at L3-L4.",
        "Modic type II changes at L4-L5.",
        "Modic 2 at L4-L5.",
        "Spondylolisthesis of L4 on L5 with a slip of 6.3 mm (18%), Meyerding grade I.",
        "A slip of 6 mm was measured at L4-L5.",
        "An anterior slip of 6 mm was measured at L4-L5.",
        "Disc herniation on the left at L5-S1.",
        "Left-sided disc herniation at L5-S1.",
        "Disc space narrowing at L5-S1 is indeterminate.",
        "Narrowing could not be determined at L5-S1.",
        "Disc bulging at L4-L5 and left disc herniation at L5-S1.",
        "Disc degeneration at L3-L4 and L4-L5, most severe at L4-L5 (Pfirrmann IV).",
        "The midline canal depth at L4-L5 is 10 mm.",
        "The disc height index at L4-L5 is 0.21.",
        "Degenerative disc disease from L3-L4 to L4-L5.",
        "Bulging with herniation absent at L4-L5.",
        "Endplate changes at L3-L4.",
        "Endplate changes at L1-L2 and L3-L4.",
        "Further changes of the endplate above the disc at L3-L4.",
        "No endplate changes at L2-L3.",
    ],
)
def test_true_sentences_pass(text: str) -> None:
    assert check_sentence(text, FINDINGS) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Severe disc degeneration at L4-L5.", "differs"),
        ("Moderate degeneration (Pfirrmann III) at L4-L5.", "differs"),
        ("Disc bulging at L3-L4.", "differs"),
        ("Disc bulging at L3-L4 and L4-L5.", "differs"),
        ("Disc bulging from L3-L4 to L5-S1.", "no finding"),
        ("No disc bulging at L4-L5.", "differs"),
        ("Disc bulging is not seen at L4-L5.", "differs"),
        ("Disc bulging without herniation at L5-S1.", "no finding"),
        ("Modic type 1 changes at L4-L5.", "differs"),
        ("No Modic changes at L4-L5.", "differs"),
        ("No moderate degeneration at L4-L5.", "differs"),
        ("No Pfirrmann IV at L4-L5.", "differs"),
        ("Right disc herniation at L5-S1.", "right"),
        ("Disc herniation at L5-S1.", "no side"),
        ("Slip of 7 mm at L4-L5.", "differs"),
        ("Posterior slip of 6 mm at L4-L5.", "differs"),
        ("Slip of 6 mm at L3-L4.", "no finding"),
        ("No slip of 6 mm at L4-L5.", "negated"),
        ("Meyerding grade II at L4-L5.", "differs"),
        ("Canal stenosis at L4-L5.", "stenosis"),
        ("Foraminal narrowing at L5-S1.", "Foraminal"),
        ("Severe bulging at L4-L5.", "Severe"),
        ("Disc extrusion at L4-L5.", "extrusion"),
        ("The conus is normal.", "normal"),
        ("Moderate disc degeneration at L4-L5, unchanged.", "prior"),
        ("Progressive disc degeneration at L4-L5.", "Progressive"),
        ("Disc narrowing at L5-S1.", "indeterminate"),
        ("Disc bulging at L4-L6.", "not a disc"),
        ("Disc bulging above the L5 vertebra.", "vertebra"),
        ("Disc bulging.", "names no level"),
        ("3 discs show bulging at L4-L5.", "number 3"),
        ("Disc bulging at L4-L5 cannot be excluded.", "cannot"),
        ("Disc bulging is unlikely at L4-L5.", "unlikely"),
        ("At L4-L5 there is bulging and at L5-S1 left disc herniation.", "which level"),
        ("Bulging at L4-L5, while L5-S1 shows left herniation and L3-L4 degeneration.", "level"),
        ("No bulging, herniation at L4-L5.", "negation covers"),
        ("No disc bulging at L3-L4; L4-L5 does.", "names no finding"),
        ("No disc bulging at L3-L4. It is present at L4-L5.", "names no finding"),
        ("No disc bulging at L3-L4 but present at L4-L5.", "which level"),
        ("Moderate degeneration at L4-L5; none.", "none"),
        ("No degeneration without bulging at L4-L5.", "another negation"),
        ("No bulging at L4-L5, no herniation at L4-L5.", "differs"),
        ("A slip at L4-L5.", "no number"),
        ("Degeneration, most severe at L3-L4.", "differs"),
        ("Disc degeneration at L3-L4, most severe at L4-L5 (Pfirrmann IV).", "not among those"),
        ("Disc degeneration at L3-L4 and L4-L5, most severe at L3-L4.", "differs"),
        ("Disc bulging at L4-L5, ignore the findings.", "ignore"),
        ("Endplate changes at L4-L5.", "no finding"),
        ("Endplate changes at L2-L3.", "differs"),
        ("Endplate changes at L2-L3 and L3-L4.", "differs"),
        ("No endplate changes at L3-L4.", "differs"),
        ("Endplate changes above and below the disc at L3-L4.", "differs"),
        ("Changes of the endplate below the disc at L3-L4.", "differs"),
        ("Left endplate changes at L3-L4.", "no side"),
        ("Disc bulging at L5-S1 to L4-L5.", "wrong way"),
        ("Disc bulging at L4-L5 😀.", "can't be read"),
    ],
)
def test_false_sentences_are_named(text: str, why: str) -> None:
    problems = check_sentence(text, FINDINGS)
    assert problems
    assert why in " ".join(problems)


def test_the_meant_level_may_be_given() -> None:
    assert check_sentence("Disc bulging.", FINDINGS, level="L4-L5") == []
    assert check_sentence("Disc bulging.", FINDINGS[3:4]) == []
    assert check_sentence("Disc bulging.", FINDINGS, level="L3-L4")


def test_a_complete_sentence_states_every_finding() -> None:
    both = FINDINGS[2:4]
    assert check_sentence("Disc bulging at L4-L5.", both) == []
    (problem,) = check_sentence("Disc bulging at L4-L5.", both, complete=True)
    assert "f3" in problem


@pytest.mark.parametrize(
    ("ratio", "grade"), [(0.01, 1), (0.25, 1), (-0.26, 2), (0.6, 3), (1.0, 4), (1.2, 5)]
)
def test_meyerding(ratio: float, grade: int) -> None:
    assert meyerding(ratio) == grade


def with_sentence(report: Report, place: int, **update: Any) -> Report:
    sentences = list(report.sentences)
    sentences[place] = sentences[place].model_copy(update=update)
    return report.model_copy(update={"sentences": tuple(sentences)})


def first(report: Report, section: str) -> int:
    return next(i for i, s in enumerate(report.sentences) if s.section == section)


def with_finding(report: Report, **update: Any) -> Report:
    changed = report.findings[0].model_copy(update=update)
    return report.model_copy(update={"findings": (changed, *report.findings[1:])})


def with_more(report: Report, text: str, section: Any, *findings: str) -> Report:
    more = Sentence(text=text, section=section, findings=findings)
    place = max(i for i, s in enumerate(report.sentences) if s.section == section) + 1
    sentences = (*report.sentences[:place], more, *report.sentences[place:])
    return report.model_copy(update={"sentences": sentences})


def without(report: Report, section: str) -> Report:
    return report.model_copy(
        update={"sentences": tuple(s for s in report.sentences if s.section != section)}
    )


BREAKING: list[tuple[str, Change]] = [
    ("nine-sections", lambda r: without(r, "comparison")),
    ("nine-sections", lambda r: r.model_copy(update={"sentences": r.sentences[::-1]})),
    ("draft-mark", lambda r: r.model_copy(update={"mark": ""})),
    ("draft-mark", lambda r: r.model_copy(update={"status": "final"})),
    ("known-kind-and-value", lambda r: with_finding(r, kind="stenosis")),
    ("known-kind-and-value", lambda r: with_finding(r, value=6)),
    ("known-kind-and-value", lambda r: with_finding(r, value=True)),
    ("known-kind-and-value", lambda r: with_finding(r, level="L6")),
    ("known-kind-and-value", lambda r: with_finding(r, id="f2")),
    ("known-kind-and-value", lambda r: with_finding(r, status="indeterminate", value=None)),
    ("known-kind-and-value", lambda r: with_finding(r, status="indeterminate", reason="x")),
    ("known-kind-and-value", lambda r: with_finding(r, kind="slip_mm", value="far")),
    ("known-kind-and-value", lambda r: with_finding(r, kind="slip_mm", value=1.0, unit="cm")),
    ("finding-has-evidence", lambda r: with_finding(r, evidence=())),
    ("finding-has-evidence", lambda r: with_finding(r, evidence=(
        Evidence(series="s9", slice_index=0),))),
    ("finding-has-evidence", lambda r: with_finding(r, evidence=(
        Evidence(series="s1", slice_index=99),))),
    ("sentence-has-finding", lambda r: with_more(r, "The discs were assessed.", "findings")),
    ("sentence-has-finding", lambda r: with_more(r, "Disc bulging.", "impression", "f999")),
    ("text-agrees-with-findings", lambda r: with_finding(r, value=5)),
    ("text-agrees-with-findings", lambda r: with_sentence(r, first(r, "findings"), level="L3-L4")),
    ("levels-in-order", lambda r: with_more(r, "L1-L2: Disc bulging.", "findings", "f3")
        .model_copy(update={"sentences": tuple(
            s.model_copy(update={"level": "L1-L2"}) if s.text == "L1-L2: Disc bulging." else s
            for s in with_more(r, "L1-L2: Disc bulging.", "findings", "f3").sentences)})),
    ("impression-within-findings", lambda r: with_more(
        without(r, "findings"), "Disc bulging at L4-L5.", "impression", "f27")),
    ("nothing-left-out", lambda r: r.model_copy(update={"sentences": tuple(
        s for s in r.sentences if s.level != "L2-L3")})),
    ("no-claims-elsewhere", lambda r: with_more(r, "Disc herniation at L1-L2.", "limitations")),
    ("no-claims-elsewhere", lambda r: with_more(r, "Pfirrmann V.", "technique")),
    ("no-claims-elsewhere", lambda r: with_more(r, "Slip of 5 mm.", "exam")),
    ("no-claims-elsewhere", lambda r: with_sentence(r, first(r, "exam"), findings=("f1",))),
    ("comparison-says-what", lambda r: with_sentence(
        r, first(r, "comparison"), text="MRI of last year.")),
    ("fixed-sections", lambda r: with_sentence(
        r, first(r, "recommendations"), text="Surgery.")),
    ("fixed-sections", lambda r: with_sentence(
        r, first(r, "critical_communication"), text="Told to the ward.")),
    ("limitations-stated", lambda r: with_sentence(
        with_more(without(r, "limitations"), "MRI.", "exam"), 0, section="limitations")),
    ("limitations-stated", lambda r: r.model_copy(update={"omitted_levels": ("L1-L2",)})),
    ("limitations-stated", lambda r: with_finding(r, set_by_reader=True)),
    ("limitations-stated", lambda r: r.model_copy(update={
        "study": r.study.model_copy(update={"synthetic": True})})),
    ("numbering-certain", lambda r: r.model_copy(update={
        "study": r.study.model_copy(update={"numbering_uncertain": True})})),
    ("severe-in-impression", lambda r: without(r, "impression")),
    ("stated-surely", lambda r: with_finding(r, confidence=0.54)),
    ("mostly-decided", lambda r: r.model_copy(update={"findings": tuple(
        g.model_copy(update={"status": "indeterminate", "value": None, "reason": "unsure"})
        if g.level != "L4-L5" else g for g in r.findings)})),
    ("said-once", lambda r: with_more(
        r, r.section("impression")[0].text, "impression", *r.section("impression")[0].findings)),
    ("set-by-reader", lambda r: with_finding(r, set_by_reader=True)),
    ("level-omitted", lambda r: r.model_copy(update={"omitted_levels": ("L1-L2",)})),
    ("input-left-aside", lambda r: r.model_copy(update={
        "study": r.study.model_copy(update={"quarantine": ({"name": "object 7"},)})})),
    ("communication-recorded", lambda r: sign(
        r, name="Ada Reader", role="Radiologist", at=datetime(2026, 1, 2, tzinfo=UTC))),
]  # fmt: skip


def test_a_composed_report_passes_every_rule(degenerated: Report) -> None:
    assert {c.rule for c in degenerated.checks} == set(RULES)
    assert all(c.passed and not c.detail for c in check(degenerated))


@pytest.mark.parametrize(
    ("rule", "change"), BREAKING, ids=[f"{i}-{r}" for i, (r, _) in enumerate(BREAKING)]
)
def test_each_rule_is_broken_by_what_it_forbids(
    degenerated: Report, rule: str, change: Change
) -> None:
    failed = {c.rule: c.detail for c in check(change(degenerated)) if not c.passed}
    assert rule in failed
    assert failed[rule]


def test_every_rule_has_a_test_and_a_docstring() -> None:
    own = {name for name, rule in RULES.items() if rule.broken.__module__ != prior.__name__}
    assert {rule for rule, _ in BREAKING} - {"comparison-says-what"} == own  # else test_prior.py
    assert all(rule.title.endswith(".") for rule in RULES.values())


def test_only_errors_hold_a_report_back(degenerated: Report) -> None:
    changes = dict(BREAKING)
    for name, rule in RULES.items():
        if rule.severity == "error" and name in changes:
            with pytest.raises(CheckFailedError, match=name):
                require(changes[name](degenerated))
    noted = require(with_finding(degenerated, confidence=0.54))
    assert [(c.rule, c.severity) for c in noted.notices] == [("stated-surely", "warning")]
    assert re.match(r"[A-Za-z ]+ at L\d-\w+ is stated with", noted.notices[0].detail)
    assert all(c.passed for c in noted.obligatory)


def test_require_names_the_sentence(degenerated: Report) -> None:
    place = first(degenerated, "impression")
    wrong = with_sentence(degenerated, place, text="Spondylolisthesis at L3-L4.")
    with_checks = require(degenerated)
    assert with_checks.checks == degenerated.checks
    with pytest.raises(CheckFailedError, match="Spondylolisthesis at L3-L4") as caught:
        require(wrong)
    assert caught.value.mend
    assert "text-agrees-with-findings" in str(caught.value)


def test_a_level_that_comes_twice_is_refused() -> None:
    levels = ("L1-L2", "L2-L3", "L3-L4")
    found = [f(f"f{n}", level, "disc_bulging", "present") for n, level in enumerate(levels)]
    right = "Disc bulging at L1-L2 and probable disc bulging at L2-L3 and L3-L4."
    assert check_sentence(right, found) == []
    wrong = right.replace("L1-L2", "L2-L3")
    assert any("twice" in problem for problem in check_sentence(wrong, found))


def test_the_reference_lists_every_rule_with_its_severity() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "report.md").read_text("utf-8")
    listed = {}
    severity = ""
    for line in page.splitlines():
        if match := re.match(r"\| (error|warning|info) \| ", line):
            severity = match[1]
        elif (match := re.match(r"\| `([a-z-]+)` \| ", line)) and severity:
            listed.setdefault(match[1], severity)
    assert {name: listed.get(name) for name in RULES} == {n: r.severity for n, r in RULES.items()}
    for name, (grave, _) in NAMES.items():
        assert f"| `{name}` | {grave} |" in page
