"""The answers by templates: every word about the study comes from what a tool returned.

The embedded brain answers with these, and they stand in where the guard refuses what a language
model wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent import content as c
from agent import texts
from agent.measured import measures, reasons_of
from agent.pictures import NAMES
from radixgpt.finding import GRADED, KINDS, Finding
from radixgpt.level import order

SAID = frozenset(str(value) for kind in KINDS.values() for value in kind.values)
"""Every value that a graded finding may have, as it is said."""
_SCALES = {"pfirrmann": "Pfirrmann grades are 1 to 5.", "modic": "Modic types are 0 to 3."}


def value(kind: str, said: str) -> str:
    """A value with its scale: ``Pfirrmann IV``, ``type 2``, ``present``."""
    from etl.phrases import roman

    if kind == "pfirrmann" and said in ("1", "2", "3", "4", "5"):
        return f"Pfirrmann {roman(int(said))}"
    if kind == "pfirrmann" and said.isdecimal():
        return f"Pfirrmann {said}"
    return f"type {said}" if kind == "modic" and said.isdecimal() else said


def capital(text: str) -> str:
    """The text with its first letter a capital."""
    return text[:1].upper() + text[1:]


def scale(kind: str) -> str:
    """Which values a kind of finding may have, as a sentence."""
    return _SCALES.get(kind, "It is present or absent.")


def compose(contents: Sequence[c.Content], question: str = "") -> str:
    """The answer to a question from what its tools returned, as Markdown."""
    from agent.asides import asides

    last = max((i for i, one in enumerate(contents) if isinstance(one, c.ReportContent)), default=0)
    shown = [
        one.model_copy(update={"impression": (), "changed": False})
        if isinstance(one, c.ReportContent) and i < last
        else one
        for i, one in enumerate(contents)
    ]
    told = dict.fromkeys(_worded(one, question) for one in shown)  # two calls may come to the same
    return "\n\n".join([*told, *asides(question, contents)])


def _worded(content: c.Content, question: str) -> str:
    if isinstance(content, c.AboutContent):
        return _about(content, question)
    if isinstance(content, c.ReportContent):
        return _report(content, question)
    if isinstance(content, c.FindingsContent):
        return findings(content, question)
    if isinstance(content, texts.TEXTS):
        return texts.worded(content)
    return _WORDS[type(content)](content)


# --- findings ---------------------------------------------------------------------------------


def span_of(levels: Sequence[str]) -> str:
    """Levels in words: ``L1-L2 to L3-L4``."""
    from etl.phrases import span

    return span(levels)


def sentences(found: Sequence[Finding]) -> list[str]:
    """The findings in the sentences of the report, those of one level put together."""
    from etl.board import Board
    from etl.describe import findings_sentences
    from etl.phrases import Phrases

    if any(f.level is None for f in found):
        from etl.radiograph import radiograph_sentences

        said = radiograph_sentences(found, Phrases())
        return [s.text for s in said if s.section == "findings"]
    by_level: dict[str, list[str]] = {}
    for place, sentence in enumerate(findings_sentences(Board(found, Phrases()))):
        by_level.setdefault(sentence.level or f"sentence {place}", []).append(sentence.text)
    told = [" ".join(texts) for texts in by_level.values()]
    levels = {f.level for f in found}
    level = levels.pop() if len(levels) == 1 else None
    return [f"{level}: {text}" if level and level not in text else text for text in told]


def _lines(texts: Sequence[str]) -> str:
    return "\n".join(f"- {text}" for text in texts) if len(texts) > 1 else "".join(texts)


_SPARED = re.compile(
    r"\b(?:not |un|\w+n['’]t )affected\b|(?<!\bnot )(?<!n['’]t )\b(?:normal|healthy|spared)\b",
    re.IGNORECASE,
)
"""Who asks like this is told first where nothing was found."""


def findings(content: c.FindingsContent, question: str = "") -> str:
    """Findings, level by level; whether they are the worst or the abnormal ones is said first."""
    found = content.findings
    levels = sorted({f.level for f in found if f.level}, key=order)
    parts: list[str] = []
    if content.which == "worst" and levels:
        parts.append(
            f"Graded worst: {span_of(levels)}, by Pfirrmann grade and then by number of findings."
        )
    rest = [lv for lv in content.levels if not any(f.level == lv for f in found)]
    if not found and content.kinds == ("scoliosis",):
        return "Scoliosis is not assessed here: it takes an AP radiograph."
    if not found and not content.levels:
        return "Nothing of that kind is looked for on radiographs."
    if not found and content.which != "abnormal":
        parts.append(f"The report has no such finding at {span_of(content.levels)}.")
    if found:
        parts.append(_lines(sentences(found)))
    if content.which == "abnormal" and rest:
        spared = f"Nothing beyond Pfirrmann II, Modic 0 and absent was graded at {span_of(rest)}."
        parts.insert(0 if _SPARED.search(question) else len(parts), spared)
    own = [f"{KINDS[f.kind].title} at {f.level}" for f in found if f.set_by_reader and f.level]
    if own and len(found) > 1:
        parts.append(f"Set by the reader: {', '.join(own)}.")
    if any(f.kind == "spondylolisthesis" and not f.level and f.status == "value" for f in found):
        parts.append(
            "The level of a slip is not named on a radiograph; the image outlines the disc."
        )
    if chances := _chances(found):
        parts.append(chances)
    reasons = {f.reason.rstrip(".") for f in found if f.status != "value" and f.reason}
    if len(found) <= len(GRADED) and reasons:
        parts.append(f"Reason: {reasons_of(reasons)}.")
    return "\n\n".join(parts)


def _chances(found: Sequence[Finding]) -> str:
    """The model's confidence where one finding was asked for."""
    found = [f for f in found if f.level or f.kind not in ("curve_angle", "slip_ratio")]
    if len(found) != 1 or found[0].status != "value":
        return ""
    if found[0].set_by_reader:
        return "Set by the reader."
    if found[0].confidence is None:
        return ""
    from etl.phrases import chance_in_percent

    return f"Probability of this value by the model: {chance_in_percent(found[0].confidence)}."


# --- the rest -------------------------------------------------------------------------------------


def _study(content: c.StudyContent) -> str:
    kind = {"MR": "MR", "CT": "CT", "DX": "a radiograph", "CR": "a radiograph"}
    modality = kind.get(content.modality, "of unknown modality")
    unnamed = " of the spine" if content.radiographs else ""
    region = unnamed
    if content.region not in ("unknown", "other"):
        region = f" of the {content.region} spine"
    region = region.replace("whole-spine spine", "whole spine")
    parts = [f"This study is {modality}{region}."]
    if content.synthetic:
        parts.append("It is synthetic, not of a patient.")
    rows = []
    for s in content.series:
        size = "spacing known" if s.millimetres else "spacing unknown"
        if s.quality:
            size += f"; {s.quality}"
        if s.series in content.radiographs:
            rows.append(f"- {s.series}: {_VIEWS[s.view]}, {size}")
            continue
        name = NAMES.get(s.sequence, "unknown weighting")
        many = "1 slice" if s.slices == 1 else f"{s.slices} slices"
        rows.append(f"- {s.series}: {s.plane} {name}, {many}, {size}")
    if content.radiographs:
        parts.append("The view and what it can show are read; discs are not graded.")
    else:
        graded = "It can be graded." if content.gradable else f"It is not graded. {content.reason}"
        parts.append(graded)
    if content.left_out:
        parts.append(f"{content.left_out} objects could not be read and were left out.")
    return "\n\n".join([" ".join(parts), "\n".join(rows), *content.warnings])


def _levels(content: c.LevelsContent) -> str:
    parts = [f"Discs found: {', '.join(content.discs) or 'none'}."]
    if content.vertebrae:
        parts.append(f"Vertebrae found: {', '.join(content.vertebrae)}.")
    parts.append(f"Numbering: {content.numbering_basis.rstrip('.')}.")
    if content.level_shift:
        parts.append(f"You moved it by {content.level_shift:+d}.")
    parts.append("Transitional anatomy can't be excluded; you can shift the numbering.")
    return " ".join(parts)


_VIEWS = {
    "ap": "AP view",
    "lateral": "lateral view",
    "other": "neither an AP nor a lateral view",
    "unknown": "view not established",
}


def _image(content: c.ImageContent) -> str:
    if content.view:
        where = "its colour shows where the tool looked"
        return f"Here is the radiograph, {_VIEWS[content.view]}; {where}."
    name = NAMES.get(content.sequence, "an image of unknown weighting")
    what = f"{content.level} on {name}" if content.level else name
    return f"Here is {what}, slice {content.slice_number} of {content.slices}."


def _report(content: c.ReportContent, question: str = "") -> str:
    parts = [content.change]
    if content.findings and _WHOLE.search(question):
        parts.append("**Findings**\n" + "\n".join(f"- {text}" for text in content.findings))
    if content.impression:
        parts.append("**Impression**\n" + "\n".join(f"- {text}" for text in content.impression))
    if content.changed and content.tool != "undo":
        parts.append("Say *undo* to take it back." if content.tool != "draft_report" else "")
    return "\n\n".join(part for part in parts if part)


def _changes(content: c.ChangesContent) -> str:
    lines = [*content.changes]
    if content.level_shift:
        way = "up" if content.level_shift > 0 else "down"
        lines.append(f"The numbering stands {abs(content.level_shift)} {way}")
    if content.style != "standard":
        lines.append(f"The style is {content.style.replace('_', ' ')}")
    if not lines:
        return "You have changed nothing so far."
    told = _lines([f"{line}." for line in lines])
    if content.aside:
        told += f"\n\nSet aside in this numbering: {'; '.join(content.aside)}."
    return f"{told}\n\nSay *undo* to take the last change back." if content.undoable else told


def _pending(content: c.PendingContent) -> str:
    if content.now == content.wanted:
        return (
            f"At {content.level}, {content.title} is {value(content.kind, content.now)} already. "
            "Shall I mark it as set by the reader? (yes or no)"
        )
    return (
        f"At {content.level}, {content.title} is {value(content.kind, content.now)}. Shall I set "
        f"it to {value(content.kind, content.wanted)} and mark it as set by the reader? (yes or no)"
    )


def _size(finding: Finding) -> str:
    """What a film measures, in words; empty for any other finding."""
    from etl.phrases import percent

    if not isinstance(finding.value, float):
        return ""
    if finding.kind == "curve_angle":
        return f"{finding.value:.0f} degrees"
    return f"{percent(abs(finding.value))}%" if finding.kind == "slip_ratio" else ""


def _reasons(content: c.ReasonsContent) -> str:
    lines = []
    for reason in content.reasons:
        finding = reason.finding
        if finding.status == "value":
            said = _size(finding) or value(finding.kind, str(finding.value))
        else:
            open_ = "indeterminate" if finding.status == "indeterminate" else "not assessed"
            said = open_ + (f" ({finding.reason})" if finding.reason else "")
        line = f"- {reason.title}: {said}"
        if finding.set_by_reader:
            line += ", set by the reader"
        if reason.probabilities:
            from etl.phrases import chance_in_percent

            by_chance = sorted(reason.probabilities.items(), key=lambda item: -item[1])
            line += "; probabilities: " + ", ".join(
                f"{value(finding.kind, k)} {chance_in_percent(v)}" for k, v in by_chance
            )
        lines.append(line)
    places = dict.fromkeys(
        f"{NAMES.get(p.sequence, p.series)} slice {p.slice_number}"
        for reason in content.reasons
        for p in reason.places
    )
    seen_by = dict.fromkeys(reason.seen_by for reason in content.reasons if reason.seen_by)
    where = f"At {content.level}" if content.level else "Of the radiograph"
    parts = [f"{where} the model says:\n" + "\n".join(lines)]
    if places:
        parts.append(f"Seen on {', '.join(places)} by {', '.join(seen_by) or 'the model'}.")
    return "\n\n".join(parts)


def _about(content: c.AboutContent, question: str = "") -> str:
    if _SAVE.search(question):
        return f"{_SAVED} {_FORMS}"
    if _HOW_GOOD.search(question):
        return (
            f"{_models(content)} What each was trained on and how well it does is in the model "
            "cards, `weights/*/card.md`. For research; not a medical device."
        )
    return "\n\n".join(
        (
            "I draft reports on lumbar spine MR and answer questions on the open study. For "
            "research; not a medical device.",
            f"Graded at each of L1-L2 to L5-S1: {', '.join(content.graded)}. "
            f"Measured: {', '.join(content.measured)}.",
            "You can ask for findings, measurements, images, the evidence behind a grade, and the "
            "report; shorten it, take a level out, set a grade, shift the numbering, or undo; "
            "and for a caption of an image, similar cases of other patients, and a synthetic image "
            "or study for teaching. " + _SAVED,
            f"Not assessed: {'; '.join(content.not_assessed)}.",
            _models(content),
        )
    )


_SAVE = re.compile(
    r"\b(?:save|export|download|pdf|docx?|word (?:file|document)|print)\b", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\b(?:show|read|display|print|see|full|whole|entire|complete)\b.*\breport\b", re.IGNORECASE
)
_HOW_GOOD = re.compile(
    r"\b(?:accura\w+|reliab\w+|how (?:good|well)|which models?|trained|validated|metrics"
    r"|sensitivity|specificity)\b",
    re.IGNORECASE,
)
_FORMS = (
    "The page gives Word, PDF, HTML, Markdown and JSON, and FHIR and HL7 once the report is signed."
)
_SAVED = (
    "The report is saved with the download buttons of the page, or with `radixgpt report` and "
    "`radixgpt export`."
)


def _models(content: c.AboutContent) -> str:
    named = f"Models: {', '.join(content.models)}. " if content.models else ""
    return f"{named}Language model: {content.language_model}."


def _dismissed(content: c.DismissedContent) -> str:
    now = value(content.kind, content.now)
    return f"Nothing changed: at {content.level}, {content.title} stays {now}."


def _proposed(content: c.ProposedContent) -> str:
    return f"{content.question} (yes or no)" if content.question else "Nothing was changed."


def offer(content: c.Content) -> str:
    """The question of a content that waits for a yes; empty for any other."""
    if isinstance(content, c.PendingContent):
        return _pending(content)
    if isinstance(content, c.ProposedContent | c.SendingContent) and content.question:
        return compose([content])
    return ""


def _error(content: c.ErrorContent) -> str:
    return f"{content.problem} {content.mend}"


_WORDS: Mapping[type, Callable[[Any], str]] = {
    c.MeasuresContent: measures,
    c.StudyContent: _study,
    c.LevelsContent: _levels,
    c.ImageContent: _image,
    c.PendingContent: _pending,
    c.ChangesContent: _changes,
    c.ReasonsContent: _reasons,
    c.AboutContent: _about,
    c.DismissedContent: _dismissed,
    c.ProposedContent: _proposed,
    c.ErrorContent: _error,
}
