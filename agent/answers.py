"""The answers by templates: every word about the study comes from what a tool returned.

The embedded brain answers with these, and they stand in where the guard refuses what a language
model wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent import content as c
from agent.pictures import NAMES
from radixgpt.finding import GRADED, KINDS, Finding
from radixgpt.level import LUMBAR_DISCS, order

_SIDE = re.compile(r"\b(?:left|right|side[ds]?|bilateral)\b", re.IGNORECASE)
_QUANTITY = {"disc_height": "disc height", "canal": "midline canal depth", "slip": "slip"}


def value(kind: str, said: str) -> str:
    """A value with its scale: ``Pfirrmann IV``, ``type 2``, ``present``."""
    from etl.phrases import roman

    if kind == "pfirrmann" and said.isdecimal():
        return f"Pfirrmann {roman(int(said))}"
    return f"type {said}" if kind == "modic" and said.isdecimal() else said


def compose(contents: Sequence[c.Content], question: str = "") -> str:
    """The answer to a question from what its tools returned, as Markdown."""
    return "\n\n".join(_one(content, question) for content in contents)


def _one(content: c.Content, question: str) -> str:
    if isinstance(content, c.FindingsContent):
        return findings(content, question)
    if isinstance(content, c.MeasuresContent):
        return measures(content, question)
    return _WORDS[type(content)](content)


# --- findings ---------------------------------------------------------------------------------


def _span(levels: Sequence[str]) -> str:
    from etl.phrases import span

    return span(levels)


def sentences(found: Sequence[Finding]) -> list[str]:
    """The findings in the sentences of the report, those of one level put together."""
    from etl.board import Board
    from etl.describe import findings_sentences
    from etl.phrases import Phrases

    by_level: dict[str, list[str]] = {}
    for place, sentence in enumerate(findings_sentences(Board(found, Phrases()))):
        by_level.setdefault(sentence.level or f"sentence {place}", []).append(sentence.text)
    return [" ".join(texts) for texts in by_level.values()]


def _lines(texts: Sequence[str]) -> str:
    return "\n".join(f"- {text}" for text in texts) if len(texts) > 1 else "".join(texts)


def findings(content: c.FindingsContent, question: str = "") -> str:
    """Findings, level by level; whether they are the worst or the abnormal ones is said first."""
    found = content.findings
    levels = sorted({f.level for f in found if f.level}, key=order)
    parts: list[str] = []
    if content.which == "worst" and levels:
        parts.append(
            f"Graded worst: {_span(levels)}, by Pfirrmann grade and then by the number of findings."
        )
    if content.which == "abnormal" and not any(f.status == "value" for f in found):
        parts.append(
            "Nothing beyond Pfirrmann II, Modic 0 and absent was graded at "
            f"{_span(content.levels)}."
        )
    if not found and content.which != "abnormal":
        parts.append(f"The report has no such finding at {_span(content.levels)}.")
    if found:
        parts.append(_lines(sentences(found)))
    if chances := _chances(found):
        parts.append(chances)
    reasons = {f.reason for f in found if f.status == "not_assessable" and f.reason}
    if len(found) <= len(GRADED) and reasons:
        parts.append(f"Reason: {'; '.join(sorted(reasons))}.")
    if _SIDE.search(question):
        parts.append("No tool here tells the side of a finding.")
    return "\n\n".join(parts)


def _chances(found: Sequence[Finding]) -> str:
    """The model's confidence where one finding was asked for."""
    if len(found) != 1 or found[0].status != "value":
        return ""
    if found[0].set_by_reader:
        return "Set by the reader."
    if found[0].confidence is None:
        return ""
    return f"Probability of this value by the model: {found[0].confidence:.0%}."


# --- measurements -------------------------------------------------------------------------------


def _number(found: Mapping[tuple[str, str], Finding], level: str, kind: str) -> float | None:
    finding = found.get((level, kind))
    if finding is None or finding.status != "value" or not isinstance(finding.value, int | float):
        return None
    return float(finding.value)


def _cell(found: Mapping[tuple[str, str], Finding], level: str, quantity: str) -> str:
    """``7.9 mm (0.23)``: the length where it is known, and the ratio."""
    ratio_kind = {"disc_height": "disc_height_index", "canal": "canal_ratio", "slip": "slip_ratio"}
    length = _number(found, level, f"{quantity}_mm")
    ratio = _number(found, level, ratio_kind[quantity])
    if length is None and ratio is None:
        return "not measured"
    share = "" if ratio is None else f"{ratio:.2f}"
    if length is None:
        return f"ratio {share}"
    return f"{length:.1f} mm" + (f" (ratio {share})" if share else "")


def measures(content: c.MeasuresContent, question: str = "") -> str:
    """Measured quantities as a sentence for one level, else as a table."""
    found = {(f.level or "", f.kind): f for f in content.findings}
    levels = [lv for lv in content.levels if any(level == lv for level, _ in found)]
    parts: list[str] = []
    if not levels:
        parts.append(f"Nothing was measured at {_span(content.levels)}.")
    elif len(levels) == 1:
        items = [f"{_QUANTITY[q]} {_cell(found, levels[0], q)}" for q in content.quantities]
        parts.append(f"{levels[0]}: {', '.join(items)}.")
    else:
        head = ["Level", *(_QUANTITY[q] for q in content.quantities)]
        rows = [[lv, *(_cell(found, lv, q) for q in content.quantities)] for lv in levels]
        parts.append(
            "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
        )
    if levels and not content.millimetres:
        parts.append("Pixel spacing is unknown, so there are ratios and no millimetres.")
    if levels:
        parts.append(
            "Ratios are to the depth of the patient's own vertebrae"
            + ("; a positive slip is anterior." if "slip" in content.quantities else ".")
        )
    if "canal" in content.quantities:
        parts.append("Canal stenosis is not graded by any tool here; this is the measured depth.")
    if _SIDE.search(question):
        parts.append("No tool here tells the side of a finding.")
    return "\n\n".join(parts)


# --- the rest -------------------------------------------------------------------------------------


def _study(content: c.StudyContent) -> str:
    kind = {"MR": "MR", "CT": "CT", "DX": "a radiograph", "CR": "a radiograph"}
    modality = kind.get(content.modality, "of unknown modality")
    region = "" if content.region in ("unknown", "other") else f" of the {content.region} spine"
    region = region.replace("whole-spine spine", "whole spine")
    parts = [f"This study is {modality}{region}."]
    if content.synthetic:
        parts.append("It is synthetic, not of a patient.")
    rows = []
    for s in content.series:
        name = NAMES.get(s.sequence, "unknown weighting")
        size = "spacing known" if s.millimetres else "spacing unknown"
        many = "1 slice" if s.slices == 1 else f"{s.slices} slices"
        rows.append(f"- {s.series}: {s.plane} {name}, {many}, {size}")
    parts.append("It can be graded." if content.gradable else f"It is not graded. {content.reason}")
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


def _image(content: c.ImageContent) -> str:
    name = NAMES.get(content.sequence, "an image of unknown weighting")
    what = f"{content.level} on {name}" if content.level else name
    return f"Here is {what}, slice {content.slice_number} of {content.slices}."


def _report(content: c.ReportContent) -> str:
    parts = [content.change]
    if content.impression:
        parts.append("**Impression**\n" + "\n".join(f"- {text}" for text in content.impression))
    if content.changed and content.tool != "undo":
        parts.append("Say *undo* to take it back." if content.tool != "draft_report" else "")
    return "\n\n".join(part for part in parts if part)


def _pending(content: c.PendingContent) -> str:
    return (
        f"At {content.level}, {content.title} is {value(content.kind, content.now)}. Shall I set "
        f"it to {value(content.kind, content.wanted)} and mark it as set by the reader? (yes or no)"
    )


def _reasons(content: c.ReasonsContent) -> str:
    lines = []
    for reason in content.reasons:
        finding = reason.finding
        if finding.status == "value":
            said = value(finding.kind, str(finding.value))
        else:
            open_ = "indeterminate" if finding.status == "indeterminate" else "not assessed"
            said = open_ + (f" ({finding.reason})" if finding.reason else "")
        line = f"- {reason.title}: {said}"
        if finding.set_by_reader:
            line += ", set by the reader"
        if reason.probabilities:
            by_chance = sorted(reason.probabilities.items(), key=lambda item: -item[1])
            line += "; probabilities " + ", ".join(f"{k} {v:.0%}" for k, v in by_chance)
        lines.append(line)
    places = dict.fromkeys(
        f"{NAMES.get(p.sequence, p.series)} slice {p.slice_number}"
        for reason in content.reasons
        for p in reason.places
    )
    seen_by = dict.fromkeys(reason.seen_by for reason in content.reasons if reason.seen_by)
    parts = [f"At {content.level} the model says:\n" + "\n".join(lines)]
    if places:
        parts.append(f"Seen on {', '.join(places)} by {', '.join(seen_by) or 'the model'}.")
    return "\n\n".join(parts)


def _about(content: c.AboutContent) -> str:
    return "\n\n".join(
        (
            "I draft reports on lumbar spine MR and answer questions on the open study. For "
            "research; not a medical device.",
            f"Graded at each of L1-L2 to L5-S1: {', '.join(content.graded)}. "
            f"Measured: {', '.join(content.measured)}.",
            "You can ask for findings, measurements, images, the evidence behind a grade, and the "
            "report; shorten it, take a level out, set a grade, shift the numbering, or undo. The "
            "report is saved with the download button of the page, or with `radixgpt report`.",
            f"Not assessed: {'; '.join(content.not_assessed)}.",
            f"Language model: {content.language_model}.",
        )
    )


def _dismissed(content: c.DismissedContent) -> str:
    now = value(content.kind, content.now)
    return f"Nothing changed: at {content.level}, {content.title} stays {now}."


def _error(content: c.ErrorContent) -> str:
    return f"{content.problem} {content.mend}"


_WORDS: Mapping[type, Callable[[Any], str]] = {
    c.StudyContent: _study,
    c.LevelsContent: _levels,
    c.ImageContent: _image,
    c.ReportContent: _report,
    c.PendingContent: _pending,
    c.ReasonsContent: _reasons,
    c.AboutContent: _about,
    c.DismissedContent: _dismissed,
    c.ErrorContent: _error,
}


# --- without a tool -----------------------------------------------------------------------------


THANKS = "You're welcome."
GREETING = (
    "Hello. I can draft the report of the open study, answer questions on its findings and show "
    "the images behind them."
)
OFF_TOPIC = "I only talk about the open study and what I can do with it."


def not_assessed(level: str = "") -> str:
    """That no tool looks at what was asked for."""
    if level:
        return f"{level} is not assessed: only the discs from L1-L2 to L5-S1 are graded."
    return (
        "No tool here assesses that, so I can't say. Graded are disc degeneration, narrowing, "
        "bulging, herniation, Modic and endplate changes and spondylolisthesis from L1-L2 to "
        "L5-S1; disc height, canal depth and slip are measured."
    )


def ask(missing: str, options: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """A question back that names the readings to choose from, if there are any."""
    if len(options) == 2:
        first, second = (describe(tool, args) for tool, args in options)
        return f"Do you mean (1) {first} or (2) {second}?"
    if len(options) == 1:
        return f"Do you mean: {describe(*options[0])}? If not, please say it in other words."
    return _MISSING.get(missing, _MISSING["meaning"])


_MISSING = {
    "level": f"Which level do you mean? One of {', '.join(LUMBAR_DISCS)}.",
    "kind": "Which finding do you mean, for instance the Pfirrmann grade or the herniation?",
    "value": "Which value should it have: a grade, or present or absent?",
    "meaning": "I'm not sure what you mean. Name a level and a finding, or ask what I can do.",
}


def describe(tool: str, args: Mapping[str, Any]) -> str:
    """A call in words, for a question back."""
    levels = args.get("levels") or ([args["level"]] if args.get("level") else [])
    at = f" at {_span(list(levels))}" if levels else ""
    kinds = args.get("kinds") or ([args["kind"]] if args.get("kind") else [])
    titles = " and ".join(KINDS[kind].title for kind in kinds)
    if set(kinds) == {"endplate_upper", "endplate_lower"}:
        titles = "endplate changes"
    quantities = " and ".join(_QUANTITY[q] for q in args.get("quantities", ()))
    if tool == "get_findings":
        which = {"abnormal": "abnormal findings", "worst": "the worst level"}
        return which.get(args.get("which", ""), titles or "all findings") + at
    if tool == "shift_numbering":
        by = int(args.get("by", 1))
        return f"moving the numbering {'up' if by > 0 else 'down'} by {abs(by)}"
    named = {
        "measure": f"the measured {quantities or 'values'}{at}",
        "show_image": f"the image{at}",
        "explain": f"the evidence for {titles or 'the grades'}{at}",
        "set_grade": f"setting {titles}{at} to {args.get('value', '')}",
        "remove_sentences": f"taking{at.removeprefix(' at')} out of the report",
        "draft_report": "writing the report",
        "restyle": f"the report in the {args.get('style', '')} style",
        "shorten_impression": "a shorter impression",
        "find_levels": "which levels were found",
        "describe_study": "what the study is",
        "about": "what I can do",
        "undo": "taking the last change back",
        "not_assessed": "something that no tool here assesses",
    }
    return named.get(tool, "something else")
