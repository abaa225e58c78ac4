"""From facts and findings to the sentences of the nine sections.

The words are in ``etl/languages``; here is only which of them are said. Nothing in these sections
is worded by a language model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from etl import radiograph
from etl.asked import Asked, asked_in, unknown
from etl.board import Board
from etl.changes import Changes, with_changes
from etl.describe import findings_sentences
from etl.extract import in_header
from etl.follow_up import recommendations, to_fill_in
from etl.impression import impression_sentences
from etl.outline import item_sentences
from etl.phrases import STANDARD, Phrases
from etl.prior import LENGTHS
from etl.prose import prose_sentences
from etl.transform import NOT_GRADED
from radixgpt.eligibility import REASONS
from radixgpt.finding import MEASURED, Finding
from radixgpt.level import disc_at
from radixgpt.prior import Prior
from radixgpt.report import Section, Sentence, StudyFacts
from radixgpt.style import Style

FIXED: tuple[Section, ...] = ("exam", "clinical_information", "technique")
"""Sections that do not depend on the findings."""
_LONGEST_HISTORY = 600
_MOST_WARNINGS = 5

_DATE = re.compile(r"\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b")
_SERIES_KEY = re.compile(r"^s\d+: ")
_LONG_NUMBER = re.compile(r"\b[A-Za-z]{0,3}\d{5,}\b")


def compose(
    facts: StudyFacts,
    findings: Sequence[Finding],
    *,
    style: str | Style = STANDARD,
    clinical_information: str | None = None,
    omitted: Sequence[str] = (),
) -> tuple[Sentence, ...]:
    """All sentences of a report, section by section.

    Args:
        facts: the study.
        findings: as transformed, with their ids.
        style: a style or its name, with its language.
        clinical_information: what the user says of the patient; stated as given, without dates
            and long numbers.
        omitted: levels that the reader asked to leave out.

    Raises:
        SettingsError: there is no such style.
    """
    phrases = Phrases(style)
    told = _say("clinical_information", history(clinical_information, phrases))
    fixed = first(facts, told, style=style)
    return recompose(facts, findings, fixed, style=style, omitted=omitted)


def first(
    facts: StudyFacts, history_told: Sentence, *, style: str | Style = STANDARD
) -> tuple[Sentence, ...]:
    """The sentences of :data:`FIXED`.

    Args:
        facts: the study.
        history_told: the sentence of the clinical information.
        style: a style or its name, with its language.
    """
    phrases, films = Phrases(style), bool(facts.radiographs)
    exam = radiograph.exam_sentences if films else _exam
    technique = radiograph.technique_sentences if films else _technique
    return (*exam(facts, phrases), history_told, *technique(facts, phrases))


def recompose(
    facts: StudyFacts,
    findings: Sequence[Finding],
    fixed: Sequence[Sentence],
    *,
    style: str | Style = STANDARD,
    omitted: Sequence[str] = (),
    prior: Prior | None = None,
) -> tuple[Sentence, ...]:
    """The sentences anew, but for those of :data:`FIXED`, which are taken as they are.

    Args:
        facts: the study.
        findings: with their ids.
        fixed: sentences of the sections before the limitations.
        style: a style or its name, with its language.
        omitted: levels that the reader asked to leave out.
        prior: an earlier study that was compared.
    """
    stated = said(facts, findings, style=style, omitted=omitted, prior=prior, asked=asked_by(fixed))
    return around(facts, findings, fixed, stated, style=style, omitted=omitted, prior=prior)


def said(
    facts: StudyFacts,
    findings: Sequence[Finding],
    *,
    style: str | Style = STANDARD,
    omitted: Sequence[str] = (),
    prior: Prior | None = None,
    asked: Sequence[Asked] = (),
) -> tuple[Sentence, ...]:
    """The sentences of the findings and the impression.

    ``asked`` is what the clinical information asks; the others are as in :func:`recompose`.
    """
    phrases = Phrases(style)
    if facts.radiographs:
        films = radiograph.radiograph_sentences(findings, phrases, asked)
        return (*films, *item_sentences(findings, phrases))
    board = Board(findings, phrases, omitted, each=facts.outlined)
    write = prose_sentences if phrases.style.findings == "prose" else findings_sentences
    why = refusal(facts)
    answers, rest = impression_sentences(board, None if why is None else phrases.told(why), asked)
    return with_changes(
        (*item_sentences(findings, phrases), *write(board)),
        answers,
        rest,
        Changes(prior, findings, phrases, omitted),
    )


def around(
    facts: StudyFacts,
    findings: Sequence[Finding],
    fixed: Sequence[Sentence],
    stated: Sequence[Sentence],
    *,
    style: str | Style = STANDARD,
    omitted: Sequence[str] = (),
    left_out: int = 0,
    prior: Prior | None = None,
    follow_up: bool = False,
) -> tuple[Sentence, ...]:
    """The whole text around the sentences of the findings and the impression.

    Args:
        facts: the study.
        findings: with their ids.
        fixed: sentences of the sections before the limitations.
        stated: those of the findings and the impression; the limitations say how many of them a
            reader worded.
        style: a style or its name, with its language.
        omitted: levels that the reader asked to leave out.
        left_out: how many single sentences the reader took out.
        prior: an earlier study that was compared.
        follow_up: whether suggestions from rules are asked for.
    """
    phrases = Phrases(style)
    limits = [*_limitations(facts, findings, phrases, omitted)]
    if unknown(asked_by(fixed)):
        limits.append(phrases.say("limit_question"))
    if left_out:
        limits.append(phrases.say("limit_left_out", count=left_out))
    if worded := sum(s.by_reader for s in (*fixed, *stated)):
        limits.append(phrases.say("limit_worded", count=worded))
    compared = Changes(prior, findings, phrases, omitted).comparison()
    sentences = (
        *fixed,
        *(_say("comparison", text) for text in compared),
        *(_say("limitations", text) for text in limits),
        *stated,
        *recommendations(facts, findings, phrases, omitted, follow_up=follow_up),
        *(_say("critical_communication", text) for text in to_fill_in(phrases)),
    )
    return tuple(sorted(sentences, key=lambda s: phrases.style.sections.index(s.section)))


def asked_by(fixed: Sequence[Sentence]) -> tuple[Asked, ...]:
    """What the clinical information among these sentences asks."""
    told = " ".join(s.text for s in fixed if s.section == "clinical_information")
    return asked_in(told)


def refusal(facts: StudyFacts) -> str | None:
    """Why nothing looked at the study, in a sentence; None when something did."""
    if facts.gradable or facts.radiographs:
        return None
    return next((text for code, text in REASONS.items() if code == facts.reason), NOT_GRADED)


def _say(section: Section, text: str) -> Sentence:
    return Sentence(text=text, section=section)


def _exam(facts: StudyFacts, phrases: Phrases) -> Iterator[Sentence]:
    yield _say(
        "exam",
        phrases.say(
            "exam",
            modality=phrases.word("modality", facts.modality),
            region=phrases.word("region", facts.region),
        ),
    )
    if facts.synthetic:
        yield _say("exam", phrases.say("exam_synthetic"))


def history(text: str | None, phrases: Phrases) -> str:
    """The user's words on one line, without control characters, dates and long numbers."""
    if not text or not text.strip():
        return phrases.say("clinical_none")
    plain = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    plain = _DATE.sub(phrases.say("redacted_date"), plain)
    plain = _LONG_NUMBER.sub(phrases.say("redacted_number"), plain)
    plain = " ".join(plain.split())
    if len(plain) > _LONGEST_HISTORY:
        plain = f"{plain[:_LONGEST_HISTORY].rstrip()} …"
    return plain


def recorded_series(facts: StudyFacts) -> tuple[tuple[str, str], ...]:
    """Plane and weighting of the series whose header says both, each once, graded ones first."""
    graded_first = sorted(facts.series, key=lambda s: s.shown_slice is None)
    both = ((s.plane, s.sequence) for s in graded_first if in_header(s.facts_from))
    return tuple(dict.fromkeys(one for one in both if "unknown" not in one))


def _technique(facts: StudyFacts, phrases: Phrases) -> Iterator[Sentence]:
    if facts.modality == "CT":
        yield from _technique_of_ct(facts, phrases)
        return
    strengths = [phrases.decimal(f"{t:g}") for t in facts.field_strengths]
    if recorded := recorded_series(facts):
        planes: dict[str, list[str]] = {}
        for plane, sequence in recorded:
            planes.setdefault(plane, []).append(phrases.word("sequence", sequence))
        described = [
            phrases.say("plane_series", plane=phrases.word("plane", plane), names=sorted(names))
            for plane, names in planes.items()
        ]
        yield _say(
            "technique",
            phrases.say("technique_series", series=described, strengths=strengths),
        )
    else:
        yield _say("technique", phrases.say("technique_none"))
        if strengths:
            yield _say("technique", phrases.say("technique_strength", strengths=strengths))
    yield _say("technique", phrases.say("contrast", contrast=facts.contrast))


def _technique_of_ct(facts: StudyFacts, phrases: Phrases) -> Iterator[Sentence]:
    """Planes and thickness of the slices, as the headers record them, and the contrast agent."""
    stated = [s for s in facts.series if s.facts_from.get("plane") == "header"]
    planes = [phrases.word("plane", p) for p in dict.fromkeys(s.plane for s in stated)]
    thick = sorted({s.slice_thickness_mm for s in facts.series if s.slice_thickness_mm})
    written = [phrases.decimal(f"{mm:g}") for mm in thick]
    yield _say("technique", phrases.say("technique_ct", planes=planes, thickness=written))
    yield _say("technique", phrases.say("contrast", contrast=facts.contrast))


def _warnings(facts: StudyFacts) -> list[str]:
    """Warnings on the study and on its graded series, each once, without what is said anyway."""
    graded = {s.key for s in facts.series if s.shown_slice is not None}
    others = tuple(f"{s.key}: " for s in facts.series if s.key not in graded)
    texts: dict[str, None] = {}
    for warning in facts.warnings:
        if not warning.startswith(others):
            texts[" ".join(_SERIES_KEY.sub("", warning).split())] = None
    return [text for text in texts if "millimetres" not in text][:_MOST_WARNINGS]


def _limitations(
    facts: StudyFacts,
    findings: Sequence[Finding],
    phrases: Phrases,
    omitted: Sequence[str],
) -> Iterator[str]:
    say = phrases.say
    if facts.synthetic:
        yield say("limit_synthetic")
    if facts.radiographs:
        yield from radiograph.limitations(facts, findings, phrases)
    elif not facts.gradable:
        yield say("limit_refused", reason=phrases.told(refusal(facts) or ""))
        if facts.outlined:
            yield say("limit_outlined")
    else:
        graded = [s for s in facts.series if s.shown_slice is not None]
        slices = [
            say(
                "slice",
                sequence=phrases.word("sequence", s.sequence),
                number=s.shown_slice + 1,
                slices=s.slices,
            )
            for s in graded
            if s.shown_slice is not None
        ]
        yield say("limit_slices", slices=slices, given=all(s.slices == 1 for s in graded))
        yield say("limit_structures")
        yield say("limit_numbering", lowest=disc_at(facts.level_shift))
        if facts.numbering_uncertain:
            yield say("limit_uncertain")
        if facts.level_shift:
            yield say("limit_shift", shift=facts.level_shift)
        measured = (f for f in findings if f.kind in MEASURED and not f.set_by_reader)
        if any(f.status == "value" for f in measured):
            yield say("limit_measured")
        if not any(s.millimetres for s in graded):
            yield say("limit_millimetres")
        weightings = {s.sequence for s in graded}
        if not weightings & {"t2", "t2_space"}:
            yield say("limit_no_t2")
        elif "t1" not in weightings:
            yield say("limit_no_t1")
        judged = [
            phrases.word("sequence", s.sequence) for s in graded if not in_header(s.facts_from)
        ]
        if judged:
            yield say("limit_judged", series=judged)
        if any(f.status == "indeterminate" for f in findings):
            yield say("limit_indeterminate")
    if facts.quarantine:
        yield say("limit_quarantine", count=len(facts.quarantine))
    for warning in _warnings(facts):
        yield say("limit_warning", warning=phrases.told(warning))
    if omitted:
        yield say("limit_omitted", levels=omitted)
    # a ratio goes with its length, and is no item of its own
    by_reader = sum(f.set_by_reader and f.kind not in LENGTHS for f in findings)
    if by_reader:
        yield say("limit_reader", count=by_reader)
