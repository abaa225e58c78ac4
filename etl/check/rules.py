"""The rules that a report must pass or that it is held back by, each a function of the report.

Each yields what breaks it, a clause or a sentence each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.check.rule import STATING
from etl.check.sentence import check_sentence
from etl.claim import Claim
from etl.follow_up import recommendations, to_fill_in
from etl.phrases import Phrases, as_checked
from etl.styles import style_in
from etl.wording import read
from radixgpt.errors import LevelError
from radixgpt.finding import GRADED, KINDS, OF_RADIOGRAPHS, Finding
from radixgpt.level import order
from radixgpt.prior import CLEAR
from radixgpt.report import (
    SECTIONS,
    Report,
    Sentence,
)

_QUOTED = re.compile("„([^“]*)“")
"""A message of the software that its language file does not know."""


def sections_in_order(report: Report) -> Iterator[str]:
    """All nine sections are there, each with a sentence, in their order."""
    order_of = list(style_in(report).sections)
    seen = list(dict.fromkeys(s.section for s in report.sentences))
    for name in order_of:
        if name not in seen:
            yield f"the section '{SECTIONS[name]}' is missing"
    places = [order_of.index(s.section) for s in report.sentences]
    if places != sorted(places):
        yield "the sections are not in their order"


def draft_mark(report: Report) -> Iterator[str]:
    """A draft carries the draft mark; a final report the signature of just this report."""
    signature = report.signature
    if report.status == "draft":
        if report.mark != Phrases.of(report).word("mark", "draft"):
            yield "the draft mark is missing or changed"
        if signature is not None:
            yield "a draft carries a signature"
    elif signature is None:
        yield "a report is a draft until a person signs it"
    else:
        if report.mark != Phrases.of(report).word("mark", "final"):
            yield "the mark of a signed report is missing or changed"
        if signature.content_sha256 != report.content_sha256():
            yield "the report was changed after it was signed"


def known_kind_and_value(report: Report) -> Iterator[str]:
    """Every finding has a known kind and level, and a value that its scale has, or a reason."""
    seen: set[str] = set()
    for f in report.findings:
        if f.id in seen:
            yield f"the id {f.id} is given twice"
        seen.add(f.id)
        if f.level is not None:
            try:
                order(f.level)
            except LevelError:
                yield f"{f.id}: unknown level '{f.level[:20]}'"
        kind = KINDS.get(f.kind)
        if kind is None:
            yield f"{f.id}: unknown kind '{f.kind[:40]}'"
        elif f.status != "value":
            if f.value is not None:
                yield f"{f.id}: a finding without a verdict has a value"
            if not f.reason:
                yield f"{f.id}: no reason is given for the missing value"
        elif kind.type == "item":
            yield f"{f.id}: no tool looks at {kind.title}, and it has a value"
        elif kind.values:
            if isinstance(f.value, bool) or f.value not in kind.values:
                yield f"{f.id}: '{f.value}' is not a value of {f.kind}"
        elif isinstance(f.value, bool | str) or f.value is None:
            yield f"{f.id}: {f.kind} needs a number"
        elif f.unit != kind.unit:
            yield f"{f.id}: {f.kind} is given in '{f.unit}', not in '{kind.unit}'"


def finding_has_evidence(report: Report) -> Iterator[str]:
    """Every finding with a value points at an image, unless a reader set it."""
    series = {s.key: s.slices for s in report.study.series}
    for f in report.findings:
        if f.status == "value" and not f.evidence and not f.set_by_reader:
            yield f"{f.id} ({f.kind} at {f.level}) has no evidence"
        for e in f.evidence:
            if e.series not in series:
                yield f"{f.id} points at the series '{e.series[:20]}', which the study has not"
            elif e.slice_index >= series[e.series]:
                yield f"{f.id} points at slice {e.slice_index} of {e.series}, which has fewer"
    for s in report.structures:
        if any(e.slice_index >= series.get(e.series, 0) for e in s.evidence):
            yield f"the outline of {s.level or s.kind} is not in an image of the study"


def sentence_has_finding(report: Report) -> Iterator[str]:
    """Every sentence of findings and impression names findings, and the report has them."""
    known = {f.id for f in report.findings}
    for sentence in report.sentences:
        if sentence.section in STATING and not sentence.findings:
            yield f"no finding is named by: {sentence.text}"
        for name in sentence.findings:
            if name not in known:
                yield f"there is no finding {name}, named by: {sentence.text}"


def text_agrees(report: Report) -> Iterator[str]:
    """Levels, sides, grades, negations and numbers of each sentence are those of its findings."""
    for sentence in report.sentences:
        if sentence.section not in STATING or sentence.changes:
            continue  # what compares with a prior study has rules of its own
        findings = _named(report, sentence)
        for problem in check_sentence(
            sentence.text, findings, level=sentence.level, complete=True, language=report.language
        ):
            yield f"{problem}: {sentence.text}"
        if sentence.level is not None and any(f.level != sentence.level for f in findings):
            yield f"states another level than {sentence.level}: {sentence.text}"


def impression_within_findings(report: Report) -> Iterator[str]:
    """The impression states only what the findings section states."""
    stated = _stated(report)
    told = {name for s in report.section("findings") for name in s.changes}
    # That nothing has changed is concluded from what is described, without a sentence on each.
    told |= {
        c.id
        for c in (report.prior.changes if report.prior else ())
        if c.finding in stated and c.verdict not in CLEAR
    }
    for sentence in report.section("impression"):
        names, known = (sentence.changes, told) if sentence.changes else (sentence.findings, stated)
        if beyond := [name for name in names if name not in known]:
            yield f"{', '.join(beyond)} only in the impression: {sentence.text}"


def _stated(report: Report) -> set[str]:
    """Findings that the findings section states; to compare one is not to state it."""
    return {n for s in report.section("findings") if not s.changes for n in s.findings}


def nothing_left_out(report: Report) -> Iterator[str]:
    """Every graded finding is in the findings section, but for what a reader left out."""
    stated = _stated(report)
    stated |= {name for s in report.left_out if s.section == "findings" for name in s.findings}
    for f in report.findings:
        judged = f.kind in (GRADED if f.level else OF_RADIOGRAPHS)
        if judged and f.id not in stated and f.level not in report.omitted_levels:
            yield f"{f.id} ({f.kind} at {f.level}) is nowhere in the findings"


def no_claims_elsewhere(report: Report) -> Iterator[str]:
    """Sections other than findings and impression state no finding; the patient's history may."""
    for sentence in report.sentences:
        if sentence.section in (*STATING, "recommendations"):
            continue  # what is recommended is fixed by its rules
        if sentence.findings:
            yield f"names findings outside of findings and impression: {sentence.text}"
        if sentence.section == "clinical_information":
            continue
        for claim in _claims(sentence.text, report.language):
            if claim.status == "value" and (
                claim.levels or claim.number or len(claim.allowed) == 1
            ):
                yield f"'{claim.words}' is a finding outside of the findings: {sentence.text}"


def _claims(text: str, language: str) -> Iterator[Claim]:
    """What a text claims; a message that is quoted in English is read in English."""
    if language != "en":
        for quoted in _QUOTED.findall(text):
            yield from read(quoted, "en").claims
        text = _QUOTED.sub(" ", text)
    yield from read(text, language).claims


def fixed_sections(report: Report) -> Iterator[str]:
    """No communication is invented, and nothing is recommended but by rules that were asked for."""
    phrases = Phrases.of(report)
    blanks = list(to_fill_in(phrases))
    if [s.text for s in report.section("critical_communication")] != blanks:
        yield f"the section '{SECTIONS['critical_communication']}' must read: {' '.join(blanks)}"
    wanted = recommendations(
        report.study,
        report.findings,
        phrases,
        report.omitted_levels,
        follow_up=report.follow_up,
    )
    if report.section("recommendations") != wanted:
        text = " ".join(s.text for s in wanted)
        yield f"the section '{SECTIONS['recommendations']}' must read: {text}"


def limitations_are_stated(report: Report) -> Iterator[str]:
    """What was not looked at is said: slices, structures, numbering, lengths, refusal."""
    text = " ".join(s.text for s in report.section("limitations"))
    text = as_checked(text, report.language).lower()
    needed: list[tuple[bool, str]] = [
        (report.study.gradable, "slice"),
        (report.study.gradable, "structures"),
        (report.study.gradable, "transitional"),
        (report.study.gradable and report.study.numbering_uncertain, "uncertain"),
        (report.study.synthetic, "synthetic"),
        (not report.study.gradable, "refused"),
        (bool(report.study.radiographs), "structures"),
        (
            any(f.kind == "scoliosis" and f.status != "not_assessable" for f in report.findings),
            "side",
        ),
        (
            any(
                f.kind == "spondylolisthesis" and f.status != "not_assessable"
                for f in report.findings
            )
            and bool(report.study.radiographs),
            "slip",
        ),
        (bool(report.omitted_levels or report.left_out), "left_out"),
        (any(s.by_reader for s in report.sentences), "worded"),
        (any(f.set_by_reader for f in report.findings), "reader"),
    ]
    graded = [s for s in report.study.series if s.shown_slice is not None]
    needed.append((report.study.gradable and not any(s.millimetres for s in graded), "millimetres"))
    phrases = Phrases.of(report)
    for applies, name in needed:
        words = as_checked(phrases.word("needed", name), report.language).lower()
        if applies and words not in text:
            yield f"the limitations do not say '{words}'"


def level_in_heading(report: Report) -> Iterator[str]:
    """The sentences of the findings go from head to tail, each level's together."""
    places = [order(s.level) for s in report.section("findings") if s.level is not None]
    if places != sorted(places):
        yield "the levels are not in their order from head to tail"


def _named(report: Report, sentence: Sentence) -> list[Finding]:
    by_id = {f.id: f for f in report.findings}
    return [by_id[name] for name in sentence.findings if name in by_id]
