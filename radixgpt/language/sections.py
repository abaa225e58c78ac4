"""A report's text by section, whatever its headings are called."""

from __future__ import annotations

import re

from radixgpt.report import Section

_HEADINGS: dict[Section, str] = {
    "exam": r"exam(?:ination)?s?(?: performed)?|study|procedure|title|type of exam|modality",
    "clinical_information": r"(?:clinical |relevant |brief |pertinent )*(?:information|history|data"
    r"|indications?|details|diagnosis|notes?|impression(?= *:? *(?:pain|back)))"
    r"|reason for (?:the )?(?:exam(?:ination)?|study|visit)|symptoms|complaints?|history of present"
    r" illness|preoperative diagnosis|chief complaint",
    "comparison": r"comparisons?(?: stud(?:y|ies))?|compared (?:with|to)|prior (?:stud(?:y|ies)|"
    r"exams?|films?)|previous (?:stud(?:y|ies)|exams?)",
    "technique": r"(?:scan |imaging |mri? )*(?:techniques?|protocols?)|sequences|method|contrast",
    "limitations": r"limitations?|image quality|quality",
    "findings": r"(?:(?:detailed|imaging|mri?|radiological|lumbar|spine) )*findings?|report"
    r"|description|details of the study|observations?|results?|interpretation|the study shows"
    r"|body of report|nb|n\.b\.?",
    "impression": r"impressions?|conclusions?|opinion|summary|assessment|final diagnosis|diagnosis"
    r"|overall impression|comment|comments",
    "recommendations": r"recommendations?|recommend|advice|advised|plan|suggestions?",
    "critical_communication": r"critical (?:communication|results?|findings?)|communication"
    r"|notification",
}
_LABELS: tuple[Section, ...] = tuple(_HEADINGS)
_HEADING = re.compile(
    r"(?:^|(?<=[\n.,;])|(?<=\n[-*#]))[ \t*#_-]*(?:"
    + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _HEADINGS.items())
    + r")[ \t*_]*(?::[ ,*_]*|[ \t]*(?:-{1,2})[ \t]*(?=\n)|(?=\n|\Z))",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[a-z?)]{2})\.\s+(?=[A-Z])|(?<=[?!])\s+(?=[A-Z])|\n+")
_UPPER = re.compile(r"[A-Z]")
_TITLE = re.compile(
    r"\A[ \t\n.*#-]*+(?=[^\n]{0,60}(?:\n|:))(?:(?:(?:mri?|ct|imaging|x-?rays?|radiographs?|scan|of"
    r"|the|and|with(?:out)?|contrast|l\.?s\.?s|ls|[lcd]|lumb(?:ar|o|o?sacral)|sacral|dorsal|cervical"
    r"|thoracic|spine|pelvis|study|report|follow|up|hip|joint|sij|knee|[rl]t)(?![a-z])|[&,().-])"
    r"[ \t]*)++(?::|\n|\Z)[ \t]*",
    re.IGNORECASE,
)


def split_sections(text: str) -> dict[Section, str]:
    """The text of each section that the report has, in the order of their first appearance.

    A heading stands at the beginning of a line or after a sentence and ends with a colon or its
    line. The first line is the exam if it is nothing but the name of one. What stands under no
    heading is findings. Parts of one section are joined by a newline.
    """
    found: dict[Section, list[str]] = {}
    begin, section = 0, _first(text)
    if section == "exam":
        title = _TITLE.match(text)
        assert title is not None
        _keep(found, "exam", text[: title.end()].strip(" \t\n:"))
        begin, section = title.end(), "findings"
    for match in _HEADING.finditer(text, begin):
        label = _label(match)
        if label is None or not _is_heading(text, match):
            continue
        _keep(found, section, text[begin : match.start()].strip(" \t\n,"))
        begin, section = match.end(), label
    _keep(found, section, text[begin:].strip(" \t\n,"))
    if "clinical_information" in found and not found.keys() & {"findings", "impression"}:
        _part(found)
    return {name: "\n".join(parts) for name, parts in found.items()}


def _part(found: dict[Section, list[str]]) -> None:
    """Take what follows the first sentence of the clinical information for findings.

    A report without another heading has its findings there: "Clinical details: sciatica. At L5-S1
    there is a protrusion."
    """
    told = "\n".join(found["clinical_information"])
    end = _SENTENCE.search(told)
    if end is not None:
        found["clinical_information"] = [told[: end.start()]]
        _keep(found, "findings", told[end.end() :].strip(" \t\n"))


def _first(text: str) -> Section:
    title = _TITLE.match(text)
    return "exam" if title is not None and title[0].strip(" \t\n.*#-:") else "findings"


def _keep(found: dict[Section, list[str]], section: Section, text: str) -> None:
    if text:
        found.setdefault(section, []).append(text)


def _label(match: re.Match[str]) -> Section | None:
    return next((name for name in _LABELS if match[name] is not None), None)


def _is_heading(text: str, match: re.Match[str]) -> bool:
    """After a sentence, not at a line's beginning, a heading starts with a capital and a colon."""
    before = text[: match.start()]
    if not before or before[-1] == "\n" or match[0][:1] == "\n":
        return True
    words = match[0].strip(" \t*#_-")
    return ":" in match[0] and _UPPER.match(words) is not None and words.split(":")[0].isupper()
