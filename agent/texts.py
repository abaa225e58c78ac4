"""The words for a checked or written caption, for concepts, and for similar cases."""

from __future__ import annotations

from collections.abc import Sequence

from agent import content as c
from etl.phrases import chance_in_percent

_VERDICTS = {
    "fits": "The caption fits the images as far as the tools can tell.",
    "fits_in_part": "The caption fits in part: some of it contradicts what the tools saw.",
    "does_not_fit": "The caption does not fit these images.",
    "cannot_tell": "Whether the caption fits can't be told.",
}
_NAMES = {
    "modality": "Modality",
    "region": "Region",
    "plane": "Plane",
    "view": "View",
    "sequence": "Weighting",
    "contrast": "Contrast agent",
}
_MOST = 8
"""Statements of one kind that are listed."""


Texts = (
    c.CaptionContent
    | c.ConceptsContent
    | c.SimilarContent
    | c.CaptionedContent
    | c.SendingContent
    | c.SyntheticContent
    | c.ComparisonContent
)
TEXTS = (
    c.CaptionContent, c.ConceptsContent, c.SimilarContent, c.CaptionedContent, c.SendingContent,
    c.SyntheticContent, c.ComparisonContent,
)  # fmt: skip
"""What is worded here."""


def worded(content: Texts) -> str:
    """The answer as Markdown."""
    if isinstance(content, c.CaptionContent):
        return _caption(content)
    if isinstance(content, c.CaptionedContent):
        return _captioned(content)
    if isinstance(content, c.SendingContent):
        return f"{content.question} (yes or no)" if content.question else "Nothing was sent."
    if isinstance(content, c.SyntheticContent):
        return _synthetic(content)
    if isinstance(content, c.ComparisonContent):
        lines = [*content.impression, *content.changed]
        told = "\n".join(f"- {line}" for line in dict.fromkeys(lines))
        return "\n\n".join(part for part in (" ".join(content.comparison), told) if part)
    return _concepts(content) if isinstance(content, c.ConceptsContent) else _similar(content)


def _caption(content: c.CaptionContent) -> str:
    first = _VERDICTS[content.verdict]
    if content.score is not None:
        first += f" Chance that it belongs to them: {chance_in_percent(content.score)}."
    parts = [first]
    for answer, title in (
        ("contradict", "Contradicts"),
        ("agree", "Agrees"),
        ("cannot_tell", "Can't be told"),
    ):
        lines = [_statement(one) for one in content.statements if one.answer == answer]
        if lines:
            parts.append(f"**{title}**\n" + _listed(lines))
    parts += [one for one in content.reasons if one.startswith(("No finding", "The numbering"))]
    parts.append(
        "A caption is held against the graded discs and the technique; what no tool looks at is "
        "left open."
    )
    return "\n\n".join(parts)


def _statement(one: c.StatementContent) -> str:
    where = f"{one.level}: " if one.level else ""
    name = f"{_NAMES[one.about]} " if one.about in _NAMES else ""
    line = f"{where}{name}{one.stated}"
    if one.seen:
        line += f"; seen: {one.seen}"
    return f"{line} ({one.reason})" if one.reason else line


def _listed(lines: Sequence[str]) -> str:
    shown = [f"- {line}" for line in lines[:_MOST]]
    if len(lines) > _MOST:
        shown.append(f"- and {len(lines) - _MOST} more")
    return "\n".join(shown)


def _concepts(content: c.ConceptsContent) -> str:
    parts = []
    findings = [one for one in content.present if one.group == "finding"]
    rest = [one for one in content.present if one.group != "finding"]
    if findings:
        parts.append("**Findings**\n" + "\n".join(f"- {_concept(one)}" for one in findings))
    else:
        parts.append("No concept of a finding reaches its threshold.")
    if rest:
        named = ", ".join(f"{one.meaning} ({one.cui or 'no CUI'})" for one in rest)
        parts.append(f"**Anatomy and technique**: {named}.")
    below = [one for one in content.absent if one.group == "finding"]
    if below:
        told = ", ".join(f"{one.meaning} {chance_in_percent(one.score or 0)}" for one in below)
        parts.append(f"Below their thresholds: {told}.")
    if content.not_assessed:
        named = ", ".join(one.meaning for one in content.not_assessed if one.meaning)
        parts.append(f"Not assessed in this study: {named}.")
    parts.append(
        f"{content.not_detectable} more concepts of the vocabulary have no tool that looks for "
        "them; nothing is said of these."
    )
    return "\n\n".join(parts)


def _concept(one: c.ConceptContent) -> str:
    where = f", most at {one.level}" if one.level else ""
    line = f"{one.meaning} ({one.cui or 'no CUI'}): {chance_in_percent(one.score or 0)}{where}"
    return line if one.calibrated else f"{line}; this score was not calibrated"


_OF = {"study": "this study", "series": "this series", "image": "the {sequence} image"}
_SEQUENCES = {"t1": "T1", "t2": "T2", "t2_space": "T2 SPACE"}


def _captioned(content: c.CaptionedContent) -> str:
    name = _SEQUENCES.get(content.sequence, "").strip()
    of = content.level or _OF[content.of].format(sequence=name).replace("  ", " ")
    if content.text:
        quoted = "\n".join(f"> {line}" for line in content.text.splitlines())
        behind = (
            f"No finding is stated: {content.silence}."
            if content.silence
            else f"Its {content.statements} statements on findings were each led back to what the "
            "graders saw; nothing else was let through."
        )
        parts = [f"**Caption of {of}**\n\n{quoted}", f"Written by the {content.model}. {behind}"]
    else:
        parts = [f"Nothing may be said of {of}: {content.silence}."]
    if content.unsaid:
        left = "\n".join(f"- {one}" for one in content.unsaid)
        parts.insert(1, f"**Not complete: seen, and not in the caption**\n{left}")
    if content.not_stated:
        parts.append("**Not stated**\n" + _listed(content.not_stated))
    return "\n\n".join([*parts, f"{content.mark}."])


_MADE_BY = {
    "phantom": "a phantom: geometry and physics, no patient",
    "rgan": "a generative network: what was asked for need not be what a radiologist sees",
    "diffusion": "a diffusion model: what was asked for need not be what a radiologist sees",
}


def _synthetic(content: c.SyntheticContent) -> str:
    if content.study:
        return (
            "I made up a whole DICOM study, sagittal T1 and T2, marked synthetic in every header, "
            f"by {_MADE_BY[content.by]}. One slice of it is shown below, with the study as a zip. "
            "Nothing in it is of the open study."
        )
    many = "an image" if content.images == 1 else f"{content.images} images"
    return (
        f"I made up {many}, shown below and marked synthetic, by {_MADE_BY[content.by]}. "
        "Nothing in it is of the open study."
    )


_LIKE = {
    "study": "like this study",
    "level": "with a disc like {level} of this study",
    "description": "for what you described",
}
_NAMED = 6
"""Findings of one case that are named; the rest is counted."""


def _similar(content: c.SimilarContent) -> str:
    like = _LIKE[content.asked].format(level=content.level)
    if not content.cases:
        none = f"No case {like} was found among {content.searched}."
        return "\n\n".join(part for part in (none, *content.notes, content.own) if part)
    many = "1 case" if len(content.cases) == 1 else f"{len(content.cases)} cases"
    parts = [
        f"**Other patients.** {many} {like}, of {content.searched} that were searched. What they "
        "state is theirs: nothing of it was seen in this study, and the report stays as it is."
    ]
    parts += content.notes
    parts.append("\n".join(_one_case(one) for one in content.cases))
    if content.generated:
        parts.append("Their texts were generated from gradings; nobody wrote them as a report.")
    if content.own:
        parts.append(content.own)
    return "\n\n".join(parts)


def _one_case(one: c.SimilarCaseContent) -> str:
    told = [f"{one.number}. {one.alike}"]
    for name, some in (
        ("shared", one.shared),
        ("different", one.differing),
        ("not stated", one.unstated),
    ):
        if some:
            left = len(some) - _NAMED
            more = f" and {left} more" if left > 0 else ""
            told.append(f"{name}: {'; '.join(some[:_NAMED])}{more}")
    return ". ".join(told)
