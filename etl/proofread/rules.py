"""The rules of proofreading, each by name; what each finds is told with its sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from etl.proofread.text import STATING, Remark, Said, Sex, Text
from radixgpt.case import StatedFinding
from radixgpt.finding import KINDS
from radixgpt.language.impossible import LEVELS, find_impossible
from radixgpt.report import Severity

_COMPARED = re.compile(
    r"\b(unchanged|stable|no (?:significant |interval )*change"
    r"|interval (?:change|progression|improvement|worsening|development|increase|decrease)"
    r"|progress(?:ed|ion)"
    r"|worsen(?:ed|ing)|improved|improvement|(?:has|have) (?:increased|decreased)"
    r"|(?:increased|decreased)(?: in size)? (?:since|from|compared)|new(?:ly)? (?:since|compared)"
    r"|as before|(?:previously|again) (?:seen|noted|described)"
    r"|since the (?:last|prior|previous))\b",
    re.IGNORECASE,
)
_STABLE_ELSE = re.compile(r"\b(?:un)?stable (?:spine|segment|vertebra|fracture|injury)", re.I)
_OF_SEX: dict[Sex, re.Pattern[str]] = {
    "female": re.compile(
        r"\b(uter(?:us|ine)|ovar(?:y|ies|ian)|adnexa\w*|endometri\w+|cervix|fibroids?|pregnan\w+"
        r"|gravid|vagina\w*)\b",
        re.I,
    ),
    "male": re.compile(r"\b(prostat\w+|seminal vesicles?|testi\w+|scrot\w+|peni(?:s|le))\b", re.I),
}
_ONLY_OF: dict[str, re.Pattern[str]] = {
    "MR": re.compile(
        r"\b(T[12][- ]?(?:weighted|hyperintens\w+|hypointens\w+|signal|bright|dark)|STIR|modic"
        r"|pfirrmann|(?:marrow|cord|disc) (?:signal|o?edema)|signal intensit\w+|gadolinium)\b",
        re.I,
    ),
    "CT": re.compile(r"\b(hounsfield|HU|bone window|(?:hyper|hypo)(?:dense|attenuating))\b", re.I),
}
_PLAIN = re.compile(r"\b(?:without|no)(?: intravenous| iv)? contrast|non-?contrast", re.I)
_ENHANCED = re.compile(
    r"(?<!no )(?<!non-)(?<!without )(?<!no abnormal )(?<!no pathologic )\benhanc(?:es|ing|ement)\b",
    re.I,
)
_LEVEL = re.compile(r"\b([CTLS])\s?(\d{1,2})(?:\s?[-/]\s?([CTLS])?\s?(\d{1,2}))?\b")
_LAST = {"C": 8, "T": 12, "L": 5, "S": 5}  # C8 is a root
_BLANK = re.compile(r"_{3,}|\*{3,}|\[\s*\]|\bX{3,}\b|<[^<>\n]{0,40}>|\{[^{}\n]{0,40}\}")
_TWICE = re.compile(r"\b([A-Za-z]{2,}) \1\b", re.I)


NAMES: dict[str, tuple[Severity, str]] = {
    "contradiction": ("error", "No section states and denies one finding."),
    "laterality": ("error", "Findings and impression name one side."),
    "grade": ("error", "Findings and impression give one grade."),
    "level": ("error", "Findings and impression name one level."),
    "impression-beyond-findings": ("error", "The impression states what the findings describe."),
    "severe-left-out": ("warning", "What the findings call severe is in the impression."),
    "no-prior": ("error", "Nothing is compared without a prior study."),
    "sex": ("error", "No organ of the other sex is mentioned."),
    "modality": ("error", "Nothing is described that the modality does not show."),
    "contrast": ("error", "No enhancement is described without contrast."),
    "no-such-level": ("error", "Every level is one that there is."),
    "off-the-scale": ("error", "Every grade is one of its scale."),
    "unfilled": ("error", "No gap of a template is left."),
    "word-twice": ("warning", "No word stands twice in a row."),
    "missing-section": ("warning", "Findings and impression are there."),
}
"""Of every remark by its name: its severity, and what the rule asks for."""


def _remark(rule: str, text: str, sentences: tuple[str, ...] = ()) -> Remark:
    return Remark(rule, NAMES[rule][0], text, sentences)


def _name(finding: StatedFinding) -> str:
    title = KINDS[finding.kind].title if finding.kind in KINDS else finding.kind.replace("_", " ")
    return f"{title.lower()} at {finding.level}" if finding.level else title.lower()


def contradiction(text: Text) -> Iterator[Remark]:
    """One section says that a finding is there and that it is not."""
    for section in STATING:
        said = text.said(section)
        for one in said:
            for other in said:
                if (
                    one.finding.assertion == "present"
                    and other.finding.assertion == "absent"
                    and _same(one.finding, other.finding)
                    and other.finding.side in (None, one.finding.side)
                    and other.finding.value is None
                    and one.sentence != other.sentence
                ):
                    yield _remark(
                        "contradiction",
                        f"The section '{section}' both states and denies {_name(one.finding)}: "
                        "keep one.",
                        (one.sentence, other.sentence),
                    )


def _same(one: StatedFinding, other: StatedFinding) -> bool:
    return one.kind == other.kind and one.level == other.level and one.level is not None


def laterality(text: Text) -> Iterator[Remark]:
    """Findings and impression name different sides of one finding."""
    for one, other in _pairs(text):
        sides = {one.finding.side, other.finding.side}
        if sides == {"left", "right"} and not _said_on(text, one, other.finding.side):
            yield _remark(
                "laterality",
                f"The findings put {_name(one.finding)} on the {one.finding.side}, the impression "
                f"on the {other.finding.side}: one of the two is wrong.",
                (one.sentence, other.sentence),
            )


def _said_on(text: Text, one: Said, side: str | None) -> bool:
    return any(
        _same(s.finding, one.finding)
        and s.finding.assertion == "present"
        and s.finding.side in (side, "bilateral")
        for s in text.said("findings")
    )


def _pairs(text: Text) -> Iterator[tuple[Said, Said]]:
    """What findings and impression both state as present at one level."""
    for other in text.said("impression"):
        for one in text.said("findings"):
            if (
                _same(one.finding, other.finding)
                and one.finding.assertion == other.finding.assertion == "present"
            ):
                yield one, other


def grade(text: Text) -> Iterator[Remark]:
    """Findings and impression grade one finding differently."""
    for one, other in _pairs(text):
        for name in ("value", "severity"):
            first, second = getattr(one.finding, name), getattr(other.finding, name)
            if first is None or second is None or first == second:
                continue
            if any(
                _same(s.finding, one.finding) and getattr(s.finding, name) == second
                for s in text.said("findings")
            ):
                continue
            yield _remark(
                "grade",
                f"{_name(one.finding)[:1].upper()}{_name(one.finding)[1:]} is {first} in the "
                f"findings and {second} in the impression: one of the two is wrong.",
                (one.sentence, other.sentence),
            )


def impression_beyond_findings(text: Text) -> Iterator[Remark]:
    """The impression states what the findings do not, or at another level."""
    if "findings" not in text.sections:
        return
    found = [s for s in text.said("findings") if s.finding.assertion in ("present", "uncertain")]
    for one in text.said("impression"):
        f = one.finding
        if f.assertion != "present" or f.level is None:
            continue
        if any(s.finding.kind == f.kind and s.finding.level in (f.level, None) for s in found):
            continue
        elsewhere = sorted(
            {s.finding.level or "" for s in found if s.finding.kind == f.kind} - {""}
        )
        if elsewhere:
            yield _remark(
                "level",
                f"The impression has {_name(f)}, the findings have it at "
                f"{', '.join(elsewhere)}: one of the two levels is wrong.",
                (one.sentence,),
            )
        else:
            yield _remark(
                "impression-beyond-findings",
                f"The impression has {_name(f)}, of which the findings say nothing: describe it "
                "there, or leave it out.",
                (one.sentence,),
            )


def severe_left_out(text: Text) -> Iterator[Remark]:
    """A severe finding is missing from the impression."""
    if not text.said("impression"):
        return
    concluded = {s.finding.kind for s in text.said("impression")}
    for one in text.said("findings"):
        f = one.finding
        severe = f.severity == "severe" or f.value in ("extrusion", "sequestration")
        if f.assertion == "present" and severe and f.kind not in concluded:
            yield _remark(
                "severe-left-out",
                f"The impression does not mention {_name(f)}, which the findings call "
                f"{f.severity or f.value}.",
                (one.sentence,),
            )


def unchanged_without_prior(text: Text) -> Iterator[Remark]:
    """A change, or none, is stated without a prior study."""
    if text.prior:
        return
    for words, match in text.matching(_COMPARED):
        if not _STABLE_ELSE.search(words):
            yield _remark(
                "no-prior",
                f"'{match[0]}' compares with a prior study, and the report names none: name it "
                "under Comparison, or leave the comparison out.",
                (words,),
            )


def other_sex(text: Text) -> Iterator[Remark]:
    """An organ of the other sex is mentioned."""
    for sex, pattern in _OF_SEX.items():
        if text.sex is None or text.sex == sex:
            continue
        for words, match in text.matching(pattern):
            yield _remark(
                "sex",
                f"'{match[0]}' does not go with a {text.sex} patient: is this the right report?",
                (words,),
            )


def other_modality(text: Text) -> Iterator[Remark]:
    """Something is described that this modality does not show."""
    for modality, pattern in _ONLY_OF.items():
        if text.modality is None or text.modality == modality:
            continue
        for words, match in text.matching(pattern):
            yield _remark(
                "modality",
                f"'{match[0]}' is seen on {modality}, and the exam is {text.modality}.",
                (words,),
            )


def contrast(text: Text) -> Iterator[Remark]:
    """Enhancement is described though no contrast agent was given."""
    made = " ".join(
        (*(text.sections.get(name, "") for name in ("exam", "technique")), text.opening)
    )
    if _PLAIN.search(made) and not re.search(r"\bwith and without\b", made, re.I):
        for words, match in text.matching(_ENHANCED):
            yield _remark(
                "contrast",
                f"'{match[0]}' is described, and the exam was made without contrast.",
                (words,),
            )


def level_that_is_not(text: Text) -> Iterator[Remark]:
    """A vertebra or disc that nobody has."""
    for section, words, _ in text.sentences:
        if section not in STATING:
            continue
        for match in _LEVEL.finditer(words):
            if not _exists(match):
                yield _remark(
                    "no-such-level",
                    f"There is no level '{match[0]}'. A transitional vertebra is described in "
                    "words.",
                    (words,),
                )


def _exists(match: re.Match[str]) -> bool:
    upper, lower = match[1], match[3] or match[1]
    first, second = int(match[2]), int(match[4]) if match[4] else None
    if not 1 <= first <= _LAST[upper]:
        return False
    if second is None:
        return True
    order = "CTLS"
    if lower == upper or match[3] is None:
        # "L5-1" is said for L5-S1.
        return first < second <= _LAST[upper] or (first == _LAST[upper] and second == 1)
    later = order.index(lower) > order.index(upper)
    return later and 1 <= second <= _LAST[lower]


def off_the_scale(text: Text) -> Iterator[Remark]:
    """A grade that its scale does not have."""
    for section, words, _ in text.sentences:
        for one in find_impossible(words) if section in STATING else ():
            if one.allowed != LEVELS:
                yield _remark(
                    "off-the-scale", f"There is no '{one.named}': {one.allowed}", (words,)
                )


def unfilled(text: Text) -> Iterator[Remark]:
    """A gap of a template was left."""
    for section, words, _ in text.sentences:
        if section != "critical_communication" and (match := _BLANK.search(words)):
            yield _remark("unfilled", f"'{match[0]}' was not filled in.", (words,))


def said_twice(text: Text) -> Iterator[Remark]:
    """A word stands twice, as dictation makes it."""
    for words, match in text.matching(_TWICE):
        yield _remark("word-twice", f"'{match[0]}' says a word twice.", (words,))


def sections_there(text: Text) -> Iterator[Remark]:
    """Findings or impression are missing."""
    for name in STATING:
        if not text.sections.get(name, "").strip():
            yield _remark("missing-section", f"There is no section '{name}'.")


RULES: tuple[Callable[[Text], Iterator[Remark]], ...] = (
    contradiction,
    laterality,
    grade,
    impression_beyond_findings,
    severe_left_out,
    unchanged_without_prior,
    other_sex,
    other_modality,
    contrast,
    level_that_is_not,
    off_the_scale,
    unfilled,
    said_twice,
    sections_there,
)
"""Every rule, in the order in which their remarks are given."""
