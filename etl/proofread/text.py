"""A typed report as the rules of proofreading see it: sentences, findings, sex, modality, prior."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from radixgpt.case import StatedFinding
from radixgpt.language.reader import Told, read, sentences_in
from radixgpt.report import Section, Severity

Sex = Literal["female", "male"]
Modality = Literal["MR", "CT", "XR"]
STATING: tuple[Section, ...] = ("findings", "impression")

_NO_PRIOR = re.compile(
    r"^\W*(?:none|no(?:ne)? (?:prior|previous|available|comparison)|not available|n/?a|nil)\b", re.I
)
_PRIOR_NAMED = re.compile(
    r"\b(?:compar(?:ed|ison) (?:with|to|is made|made)|prior (?:study|exam|mri|ct|of|dated)"
    r"|previous (?:study|exam|mri|ct|of|dated))",
    re.IGNORECASE,
)
_SEX = re.compile(
    r"\b(?:(?P<female>female|woman|girl|lady|f)|(?P<male>male|man|boy|gentleman|m))\b", re.I
)
_AGED_SEX = re.compile(
    r"\b\d{1,3}[- ]?(?:y(?:ears?)?[- ]?o(?:ld)?|years?|yrs?|y)?[- ]*(?:old)?[- ]*"
    r"(?P<sex>female|woman|lady|male|man|gentleman|f|m)\b",
    re.I,
)
_SEX_STATED = re.compile(r"\b(?:sex|gender) ?[:=] ?(?P<sex>female|male|f|m)\b", re.IGNORECASE)
_MODALITY: dict[str, re.Pattern[str]] = {
    "MR": re.compile(r"\b(?:mri?|magnetic resonance)\b", re.I),
    "CT": re.compile(r"\b(?:ct|computed tomograph\w+)\b", re.I),
    "XR": re.compile(r"\b(?:x-?rays?|radiographs?|plain films?|xr)\b", re.I),
}


@dataclass(frozen=True)
class Remark:
    """What does not fit.

    Attributes:
        rule: its name; ``severity``: error or warning.
        text: what is wrong, in a sentence, and what mends it.
        sentences: the sentences it is about, as they stand in the report.
    """

    rule: str
    severity: Severity
    text: str
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """A finding with the sentence that states it."""

    finding: StatedFinding
    section: Section
    sentence: str


@dataclass(frozen=True)
class Text:
    """A report, read.

    Attributes:
        sections: its text by section.
        sentences: each with its section, as it stands, and what it states.
        opening: the first sentence, where it states no finding: "CT of the lumbar spine".
        sex, modality: where they are known.
        prior: whether there is a prior study.
    """

    sections: Mapping[Section, str]
    sentences: tuple[tuple[Section, str, Told], ...]
    opening: str
    sex: Sex | None
    modality: str | None
    prior: bool

    def said(self, section: Section) -> list[Said]:
        """What a section states, sentence by sentence."""
        return [
            Said(f, section, words)
            for own, words, told in self.sentences
            if own == section
            for f in told.findings
        ]

    def matching(self, pattern: re.Pattern[str]) -> list[tuple[str, re.Match[str]]]:
        """Sentences of findings and impression in which a pattern is found."""
        found = []
        for section, words, _ in self.sentences:
            if section in STATING and (match := pattern.search(words)):
                found.append((words, match))
        return found


def read_typed(
    text: str, sex: Sex | None = None, modality: Modality | None = None, prior: bool | None = None
) -> Text:
    """Read a report; what is not given is taken from its text."""
    sections = read(text).sections
    sentences = tuple(
        (name, part[told.span[0] : told.span[1]], told)
        for name, part in sections.items()
        for told in sentences_in(part)
    )
    opening = _opening(sentences)
    return Text(
        sections,
        sentences,
        opening,
        sex or _sex_in(sections),
        modality or _modality_in(sections, opening),
        _has_prior(sections) if prior is None else prior,
    )


def _opening(sentences: Sequence[tuple[Section, str, Told]]) -> str:
    """The first sentence of a report that names its exam under no heading."""
    section, words, told = sentences[0] if sentences else ("exam", "", None)
    return "" if section != "findings" or told is None or told.findings else words


def _sex_in(sections: Mapping[Section, str]) -> Sex | None:
    told: tuple[Section, ...] = ("clinical_information", "exam")
    others = [name for name in sections if name not in told]
    for name in (*told, *others):
        part = sections.get(name, "")
        if match := _AGED_SEX.search(part) or _SEX_STATED.search(part):
            word = _SEX.fullmatch(match["sex"])
            return "female" if word and word["female"] else "male"
    return None


def _modality_in(sections: Mapping[Section, str], opening: str) -> str | None:
    for part in (sections.get("exam", ""), sections.get("technique", ""), opening):
        found = [m for m, pattern in _MODALITY.items() if pattern.search(part)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _has_prior(sections: Mapping[Section, str]) -> bool:
    compared = sections.get("comparison", "")
    if compared:
        return not _NO_PRIOR.search(compared)
    return any(_PRIOR_NAMED.search(part) for part in sections.values())
