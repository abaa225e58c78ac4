"""Changes that a reader asks for: each takes a report and gives a new one that passed its checks.

What depends on findings is composed anew from them, so an edit can't leave a sentence behind that
the findings no longer support.
"""

from __future__ import annotations

from collections.abc import Sequence

from etl import own_words
from etl.asked import label, with_items
from etl.check import STATING, check_sentence, require
from etl.compose import FIXED, around, asked_by, first, history, said
from etl.phrases import Phrases, list_and
from etl.prior import Earlier, again, compared
from etl.remeasure import Direction, remeasured
from etl.styles import as_facts, in_language, style_in
from radixgpt.errors import CheckFailedError, LevelError
from radixgpt.finding import ABSENT, GRADED, KINDS, Finding
from radixgpt.level import LUMBAR_DISCS, parse_disc
from radixgpt.observation import Side
from radixgpt.patient import Subject
from radixgpt.report import SECTIONS, Report, Sentence
from radixgpt.style import Style


def restyle(report: Report, style: str | Style, language: str | None = None) -> Report:
    """The report in another style or language; what is left out stays left out.

    Args:
        report: a draft.
        style: a style, its name, or the path of its file.
        language: None for the language it is in.

    Raises:
        SettingsError: there is no such style.
        CheckFailedError: the new wording does not pass.
    """
    return _again(report, report.findings, style=in_language(style, language or report.language))


def drop_sentences(report: Report, level: str) -> Report:
    """The report without the sentences on one level; the limitations say that it is left out.

    Raises:
        LevelError: the report has no such level, or it is the last one left.
        CheckFailedError: what is left does not pass.
    """
    level = parse_disc(level)
    described = [lv for lv in described_levels(report) if lv not in report.omitted_levels]
    if level not in described:
        raise LevelError(
            f"The report says nothing of {level}.", f"Choose from {list_and(described)}."
        )
    if described == [level]:
        raise LevelError(
            f"{level} is the only level left in the report.", "Bring back another level first."
        )
    return _again(report, report.findings, omitted=(*report.omitted_levels, level))


def restore_sentences(report: Report, level: str) -> Report:
    """The report with the sentences on one level back in.

    Raises:
        LevelError: the level is not left out.
        CheckFailedError: the report does not pass.
    """
    level = parse_disc(level)
    if level not in report.omitted_levels:
        raise LevelError(f"{level} is not left out of the report.", "Name a level that is.")
    return _again(
        report, report.findings, omitted=[lv for lv in report.omitted_levels if lv != level]
    )


def set_grade(
    report: Report, level: str, kind: str, value: str | int, *, side: Side | None = None
) -> Report:
    """The report with one graded finding set by the reader.

    The finding keeps its evidence, loses the model's confidence and is marked as set by a reader.

    Raises:
        LevelError: the report has no such level.
        CheckFailedError: the kind is not graded, its scale has no such value, or the new report
            does not pass.
    """
    level = parse_disc(level)
    if kind not in GRADED:
        raise CheckFailedError(
            f"'{kind[:40]}' is not graded by a reader.", f"Use one of: {', '.join(GRADED)}."
        )
    allowed = KINDS[kind].values
    if isinstance(value, bool) or value not in allowed:
        raise CheckFailedError(
            f"'{str(value)[:20]}' is not a value of {KINDS[kind].title}.",
            f"Use one of: {', '.join(str(v) for v in allowed)}.",
        )
    if level not in described_levels(report):
        raise LevelError(f"The report has no level {level}.", "Name a level of the report.")
    here = [f for f in report.findings if (f.level, f.kind, f.side) == (level, kind, side)]
    if not here:
        raise CheckFailedError(
            f"The report has no finding of {KINDS[kind].title} at {level} on this side.",
            "Name the side as the report does.",
        )
    slipped = any(
        (f.level, f.kind) == (level, "slip_ratio") and f.set_by_reader for f in report.findings
    )
    if kind == "spondylolisthesis" and value == ABSENT and slipped:
        raise CheckFailedError(
            f"A reader has set the size of the slip at {level}; what is absent has none.",
            "Take that back first: undo.",
        )
    changed = tuple(
        f.model_copy(
            update={
                "status": "value",
                "value": value,
                "reason": None,
                "confidence": None,
                "plausible": (),
                "set_by_reader": True,
            }
        )
        if f in here
        else f
        for f in report.findings
    )
    return _again(report, changed)


def set_measure(
    report: Report,
    level: str,
    kind: str,
    millimetres: float,
    *,
    direction: Direction | None = None,
) -> Report:
    """The report with one length, and its share of the vertebral depth, set by the reader.

    Args:
        report: a draft.
        level: the disc.
        kind: ``disc_height_mm``, ``canal_mm`` or ``slip_mm``.
        millimetres: above 0.
        direction: of a slip; None keeps the one that it has.

    Raises:
        LevelError: the report has no such level.
        CheckFailedError: see :func:`etl.remeasure.remeasured`; or the report does not pass.
    """
    level = parse_disc(level)
    if level not in described_levels(report):
        raise LevelError(f"The report has no level {level}.", "Name a level of the report.")
    return _again(report, remeasured(report, level, kind, millimetres, direction=direction))


def compare(report: Report, earlier: Earlier | None, now: Subject | None = None) -> Report:
    """The report compared with a prior study of the patient, in place of one before.

    Args:
        report: a draft.
        earlier: the prior study; None to compare with none.
        now: whom the report's study is of, as keyed hashes.

    Raises:
        InputError: the prior is not of this patient, or can't be compared.
        CheckFailedError: the report does not pass.
    """
    prior = None if earlier is None else compared(report, earlier, now)
    return _again(report.model_copy(update={"prior": prior}), report.findings)


def tell(report: Report, history_told: str = "", question: str = "") -> Report:
    """The report with what is known of the patient, and what is asked; the impression answers it.

    Args:
        report: a draft.
        history_told: stated as given, without dates and long numbers; empty keeps what is there.
        question: what the study has to answer.

    Raises:
        CheckFailedError: the report does not pass.
    """
    phrases = Phrases.of(report)
    texts = [history_told.strip()]
    if asked := question.strip():
        if texts[0][-1:].isalnum():  # where the history ends, and the question begins
            texts[0] += "."
        texts.append(phrases.say("clinical_question", text=asked))
    if not (text := " ".join(t for t in texts if t)):
        return report
    told = Sentence(text=history(text, phrases), section="clinical_information")
    others = [s for s in report.sentences if s.section in FIXED and s.section != told.section]
    return _again(report, report.findings, fixed=[*others, told])


def suggest(report: Report, wanted: bool) -> Report:
    """The report with suggestions from rules in its recommendations, or without.

    Raises:
        CheckFailedError: the report does not pass.
    """
    return _again(report.model_copy(update={"follow_up": wanted}), report.findings)


def reword(report: Report, sentence: Sentence, text: str) -> Report:
    """The report with one sentence in the reader's words, which must say what its findings say.

    The words hold as long as the sentence states these findings with these values. In the clinical
    information, which states no finding, any words hold but for dates and long numbers.

    Raises:
        CheckFailedError: the words say something else, with what; or the sentence is none that can
            be worded.
    """
    sentence = _standing(report, sentence)
    text = own_words.one_line(text)
    if not text:
        raise CheckFailedError("A sentence needs words.", "Take it out, if it is not wanted.")
    if sentence.section == "clinical_information":
        told = sentence.model_copy(
            update={"text": history(text, Phrases.of(report)), "by_reader": True}
        )
        first = [s for s in report.sentences if s.section in FIXED]
        return _again(report, report.findings, fixed=[told if s == sentence else s for s in first])
    if sentence.section not in STATING:
        raise CheckFailedError(
            f"The words of this section are fixed: {SECTIONS[sentence.section]}.",
            "Word a sentence of the findings, the impression or the clinical information.",
        )
    if sentence.changes:
        raise CheckFailedError(
            "What has changed since the prior study is worded from the two findings alone.",
            "Take the sentence out, or change the finding in the table.",
        )
    stated = [f for f in report.findings if f.id in sentence.findings]
    if problems := check_sentence(
        text, stated, level=sentence.level, complete=True, language=report.language
    ):
        raise CheckFailedError(
            f"This wording does not agree with its findings: {own_words.in_words(problems)}.",
            "Word it as its findings are, or change the finding in the table first.",
        )
    told = sentence.model_copy(update={"text": text, "by_reader": True})
    return _again(report, report.findings, worded=(told,))


def leave_out(report: Report, sentence: Sentence) -> Report:
    """The report without one sentence of its findings or impression; the limitations count it.

    Raises:
        CheckFailedError: it is none that can be left out: of another section, the last of its
            section, or one whose findings the impression states.
    """
    sentence = _standing(report, sentence)
    if sentence.section not in STATING:
        raise CheckFailedError(
            f"The section '{SECTIONS[sentence.section]}' has to stay.",
            "Take out a sentence of the findings or the impression.",
        )
    others = [s for s in report.section(sentence.section) if s != sentence]
    if not others:
        raise CheckFailedError(
            f"It is the only sentence of the {sentence.section}.", "Leave it, or word it anew."
        )
    if sentence.section == "findings":
        still = {name for s in others for name in s.findings}
        for concluded in report.section("impression"):
            if set(concluded.findings) & set(sentence.findings) - still:
                raise CheckFailedError(
                    f"The impression rests on it: “{concluded.text}”",
                    "Take that sentence out first.",
                )
    return _again(report, report.findings, left_out=(*report.left_out, sentence))


def _standing(report: Report, sentence: Sentence) -> Sentence:
    """The report's own sentence of this section on these findings.

    Raises:
        CheckFailedError: there is none, or there are more.
    """
    same = [s for s in report.sentences if own_words.key(s) == own_words.key(sentence)]
    if len(same) > 1:
        same = [s for s in same if s.text == sentence.text]
    if len(same) != 1:
        raise CheckFailedError(
            "The report has no such sentence any more.", "Choose a sentence as it stands now."
        )
    return same[0]


def described_levels(report: Report) -> list[str]:
    """Levels with graded findings, from head to tail, whether left out of the text or not."""
    there = {f.level for f in report.findings if f.kind in GRADED}
    extra = [lv for lv in dict.fromkeys(f.level for f in report.findings) if lv in there]
    return [lv for lv in extra if lv is not None] or list(LUMBAR_DISCS)


def _history_in(report: Report, style: Style) -> Sentence:
    """The clinical information in another language: the user's words stay as they are."""
    (told,) = report.section("clinical_information")
    ours, theirs = Phrases.of(report), Phrases(style)
    if told.text == ours.say("clinical_none"):
        return told.model_copy(update={"text": theirs.say("clinical_none")})
    text = told.text
    for phrase in ("redacted_date", "redacted_number"):
        text = text.replace(ours.say(phrase), theirs.say(phrase))
    text = text.replace(label(ours), label(theirs))
    return told.model_copy(update={"text": text})


def _again(
    report: Report,
    findings: Sequence[Finding],
    *,
    style: Style | None = None,
    omitted: Sequence[str] | None = None,
    fixed: Sequence[Sentence] | None = None,
    worded: Sequence[Sentence] = (),
    left_out: Sequence[Sentence] | None = None,
) -> Report:
    """The report composed anew, and checked; what is not given stays as it is.

    ``worded`` are sentences in the reader's words, beside those that the report has.
    """
    if report.status != "draft":
        raise CheckFailedError(
            "A signed report can't be changed.", "Change the draft, and sign anew."
        )
    restyled, style = style is not None, style_in(report) if style is None else style
    omitted = report.omitted_levels if omitted is None else tuple(omitted)
    if fixed is None:
        fixed = [s for s in report.sentences if s.section in FIXED]
    if restyled:
        fixed = first(report.study, _history_in(report, style), style=style)
    asked = asked_by(fixed)
    findings = with_items(findings, asked, report.study)
    prior = again(report.prior, findings)
    stated, gone = own_words.kept(
        said(report.study, findings, style=style, omitted=omitted, prior=prior, asked=asked),
        findings,
        worded=(*(s for s in report.sentences if s.by_reader), *worded),
        left_out=report.left_out if left_out is None else left_out,
        before=report.findings,
        language=style.language or report.language,
    )
    sentences = around(
        report.study,
        findings,
        fixed,
        stated,
        style=style,
        omitted=omitted,
        left_out=len(gone),
        prior=prior,
        follow_up=report.follow_up,
    )
    return require(
        report.model_copy(
            update={
                "findings": tuple(findings),
                "sentences": sentences,
                "mark": Phrases(style).word("mark", "draft"),
                **as_facts(style),
                "omitted_levels": tuple(omitted),
                "left_out": gone,
                "prior": prior,
            }
        )
    )
