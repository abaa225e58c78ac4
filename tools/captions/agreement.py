"""Does a caption fit an image? Each statement against what the tools saw, and one verdict.

A statement agrees, contradicts, or can't be told: because no tool looks for it, because it was not
assessed, or because the tools are unsure themselves. A caption never fits merely because nothing
could be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from math import exp, log
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from radixgpt.case import StatedFinding
from radixgpt.observation import Evidence, Observation
from radixgpt.study import BodyRegion, Modality, Plane, Study
from radixgpt.terminology.table import kinds
from radixgpt.weights import load_card
from tools.captions.reading import Caption, classify
from tools.captions.statements import Chance, Unchecked, by_place, chance_of, observed_kinds

AGREES = 0.5
"""Chance from which a statement agrees."""
CONTRADICTS = 0.25
"""Chance below which a statement contradicts: the tools hold the contrary three times likelier."""
_LEAST = 0.002
"""No statement counts as less likely than this against its best alternative."""
_REFUTED = 0.02
"""The score where modality, region, plane or weighting contradict."""

TECHNIQUE = ("modality", "region", "plane", "view", "sequence", "contrast")
"""What statements that are of no finding are about."""
Answer = Literal["agree", "contradict", "cannot_tell"]
Verdict = Literal["fits", "fits_in_part", "does_not_fit", "cannot_tell"]


class Statement(BaseModel):
    """One statement of a caption, held against what the tools saw.

    Attributes:
        about: one of :data:`TECHNIQUE`, or a kind of finding.
        stated: what the caption says, in our words.
        seen: what the tools say, in our words; empty where they say nothing.
        chance: probability that it holds, where the tools give one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    level: str | None = None
    stated: str
    answer: Answer
    seen: str = ""
    reason: str = Field(default="", description="Why it can't be told, or only in part")
    chance: float | None = Field(default=None, ge=0, le=1)
    against: float | None = Field(
        default=None, ge=0, le=1, description="Likelihood against the likeliest alternative"
    )
    evidence: tuple[Evidence, ...] = ()


class Agreement(BaseModel):
    """Whether a caption fits a study.

    Attributes:
        score: calibrated chance that the caption belongs to these images, of captions half of which
            do; None where no finding could be checked.
        reasons: sentences behind the verdict, the weightiest first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict
    score: float | None = Field(default=None, ge=0, le=1)
    statements: tuple[Statement, ...]
    reasons: tuple[str, ...]
    caption: Caption

    def of(self, answer: Answer) -> tuple[Statement, ...]:
        """The statements with one answer."""
        return tuple(one for one in self.statements if one.answer == answer)


class Weighing(BaseModel):
    """How statements make a score; from ``weights/captions``.

    Attributes:
        offset, worst, mean: offset of the logit, and its slopes of the largest and of the mean
            surprise: minus the logarithm of a statement's likelihood against the likeliest one.
        low: score below which a caption does not fit.
        high: score from which it fits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: float
    worst: float
    mean: float
    low: float
    high: float


@cache
def weighing() -> Weighing:
    """The shipped weighing.

    Raises:
        WeightsError: ``weights/captions`` is missing or damaged.
    """
    path = load_card("captions").file("agreement.json")
    return Weighing.model_validate_json(path.read_bytes())


def check(
    caption: str | Caption,
    study: Study,
    observations: Iterable[Observation],
    *,
    weights: Weighing | None = None,
) -> Agreement:
    """Hold a caption against a study.

    Args:
        caption: the text, or what :func:`tools.captions.classify` read in it.
        study: after triage, with the facts of its series.
        observations: what any tools saw in it.
        weights: how statements make a score; the shipped ones if None.

    Raises:
        InputError: the caption is empty or too long.
        WeightsError: the shipped weights are missing or damaged.
    """
    read = classify(caption) if isinstance(caption, str) else caption
    technique = technique_statements(read, study)
    observed = tuple(observations)
    findings = finding_statements(read.findings, observed)
    rules = weights or weighing()
    score = _score(technique, findings, rules)
    verdict = _verdict(technique, findings, score, rules)
    return Agreement(
        verdict=verdict,
        score=score,
        statements=(*technique, *findings),
        reasons=(*_reasons(verdict, technique, findings), *_doubts(observed)),
        caption=read,
    )


# --- technique ------------------------------------------------------------------------------------

_MODALITY = {Modality.CR: "DX", Modality.OTHER: "other"}
_VIEW = {"ap": Plane.CORONAL, "lateral": Plane.SAGITTAL}
"""The plane in which a radiograph's view shows the body."""
_REGION = {  # not the sacrum, which a lumbar study shows in part
    "cervical": BodyRegion.CERVICAL,
    "thoracic": BodyRegion.THORACIC,
    "lumbar": BodyRegion.LUMBAR,
    "whole-spine": BodyRegion.WHOLE_SPINE,
    "other": BodyRegion.OTHER,
}
_NAMES = {"t1": "T1", "t2": "T2", "stir": "STIR", "pd": "PD", "flair": "FLAIR"}


def technique_statements(caption: Caption, study: Study) -> tuple[Statement, ...]:
    """What a caption says of how the images were made, against the facts of the study's series."""
    said = caption.technique
    modalities = [str(_MODALITY.get(s.modality, s.modality)) for s in study.series]
    planes = [str(s.plane) for s in study.series]
    regions = [str(s.region) for s in study.series]
    weightings = [str(s.sequence).removesuffix("_space") for s in study.series]
    found: list[Statement] = []
    if said.modality:
        found.append(_fact("modality", said.modality, (said.modality,), modalities))
    named = [name for name in said.named_regions or said.regions if name in _REGION]
    if named:
        wanted = tuple(str(_REGION[name]) for name in named)
        words = " and ".join("outside the spine" if name == "other" else name for name in named)
        region = _fact("region", words, wanted, regions)
        if said.named_regions or region.answer == "contradict":  # else levels say no more of it
            found.append(region)
    films = [str(s.view) for s in study.series if s.modality in (Modality.DX, Modality.CR)]
    for name in said.planes:
        if films and name in _VIEW:
            found.append(_fact("view", name, (name,), films))
        else:
            found.append(_fact("plane", name, (str(_VIEW.get(name, name)),), planes))
    for name in said.sequences:
        found.append(_fact("sequence", _NAMES[name], (name,), weightings))
    if said.contrast is not None:
        given = [
            "unknown" if s.contrast_agent is None else str(s.contrast_agent) for s in study.series
        ]
        words = "contrast given" if said.contrast else "no contrast given"
        found.append(_fact("contrast", words, (str(said.contrast),), given))
    return tuple(found)


def _fact(about: str, stated: str, wanted: Sequence[str], there: Sequence[str]) -> Statement:
    """One fact: it agrees if any series has it, and contradicts if all are known not to."""
    known = list(dict.fromkeys(value for value in there if value != "unknown"))
    answer: Answer = "cannot_tell"
    if set(wanted) & set(known):
        answer = "agree"
    elif known and "unknown" not in there and str(BodyRegion.WHOLE_SPINE) not in known:
        answer = "contradict"
    return Statement(
        about=about,
        stated=stated,
        answer=answer,
        seen=", ".join(_NAMES.get(value, value) for value in known) if about != "contrast" else "",
        reason="" if answer != "cannot_tell" else f"the {about} is not known for every series",
    )


# --- findings -------------------------------------------------------------------------------------


def finding_statements(
    findings: Iterable[StatedFinding], observations: Iterable[Observation]
) -> tuple[Statement, ...]:
    """What a caption states of findings, against what the tools saw."""
    seen = by_place(observations)
    said = tuple(findings)
    return tuple(
        _finding(one, _ELSEWHERE if _denied_elsewhere(one, said) else chance_of(one, seen))
        for one in said
    )


_ELSEWHERE = Unchecked("the text itself states it at a level, so where it is denied is open")


def _denied_elsewhere(stated: StatedFinding, said: Iterable[StatedFinding]) -> bool:
    """Whether a denial without a level can't be of the whole study: it is stated at a level."""
    if stated.assertion != "absent" or stated.level is not None:
        return False
    same = set(observed_kinds(stated.kind))
    return any(
        one.assertion == "present" and one.level and same & set(observed_kinds(one.kind))
        for one in said
    )


def _finding(stated: StatedFinding, found: Chance | Unchecked) -> Statement:
    words = in_words(stated)
    if isinstance(found, Unchecked):
        return Statement(
            about=stated.kind,
            level=stated.level,
            stated=words,
            answer="cannot_tell",
            reason=found.reason,
        )
    answer, reason = _answer(stated, found)
    return Statement(
        about=stated.kind,
        level=stated.level,
        stated=words,
        answer=answer,
        seen=found.said if stated.level or not found.level else f"{found.said} at {found.level}",
        reason=reason,
        chance=round(found.chance, 4),
        # A finding that is there says nothing for its side: it must not raise the score.
        against=None if reason == _NO_SIDE else round(found.against, 4),
        evidence=found.evidence,
    )


_NO_SIDE = "no tool here tells the side"


def _answer(stated: StatedFinding, found: Chance) -> tuple[Answer, str]:
    if found.unsure:
        return "cannot_tell", "the tools are unsure themselves"
    if found.chance < CONTRADICTS:
        return "contradict", ""
    if found.chance < AGREES:
        return "cannot_tell", "the tools hold it possible, no more"
    if stated.side is not None and stated.assertion == "present":
        return "cannot_tell", _NO_SIDE
    return "agree", "its degree is not compared" if stated.severity else ""


def in_words(stated: StatedFinding) -> str:
    """A stated finding in our own words, without its level."""
    term = kinds().get(stated.kind)
    title = term.title if term else stated.kind.replace("_", " ")
    if stated.kind == "pfirrmann" and stated.value is not None:
        title = f"Pfirrmann {stated.value}"
    elif stated.kind == "modic" and stated.value is not None:
        title = f"Modic {stated.value}"
    elif isinstance(stated.value, str):
        title = f"{title} ({stated.value})"
    parts = [stated.severity or "", title, f"on the {stated.side}" if stated.side else ""]
    if stated.side == "bilateral":
        parts[2] = "on both sides"
    parts.append("" if stated.assertion == "present" else stated.assertion)
    return " ".join(part for part in parts if part)


# --- score and verdict ----------------------------------------------------------------------------


def surprises(findings: Iterable[Statement]) -> tuple[float, float] | None:
    """The largest and the mean surprise of the findings that have a chance; None without any."""
    known = [-log(max(one.against, _LEAST)) for one in findings if one.against is not None]
    return (max(known), sum(known) / len(known)) if known else None


def _score(
    technique: Sequence[Statement], findings: Sequence[Statement], rules: Weighing
) -> float | None:
    if any(one.answer == "contradict" for one in technique):
        return _REFUTED
    found = surprises(findings)
    if found is None:
        return None
    logit = rules.offset + rules.worst * found[0] + rules.mean * found[1]
    return round(1 / (1 + exp(-max(-40.0, min(40.0, logit)))), 4)


def _verdict(
    technique: Sequence[Statement],
    findings: Sequence[Statement],
    score: float | None,
    rules: Weighing,
) -> Verdict:
    if any(one.answer == "contradict" for one in technique):
        return "does_not_fit"
    agreeing = sum(one.answer == "agree" for one in findings)
    against = sum(one.answer == "contradict" for one in findings)
    if score is None or not (agreeing or against):
        return "cannot_tell"
    if against:
        return "does_not_fit" if score < rules.low or not agreeing else "fits_in_part"
    return "fits" if score >= rules.high else "cannot_tell"


def _reasons(
    verdict: Verdict, technique: Sequence[Statement], findings: Sequence[Statement]
) -> tuple[str, ...]:
    told = [
        f"The caption says {one.about} {one.stated}; the images are {one.seen or 'not so'}."
        for one in technique
        if one.answer == "contradict"
    ]
    wrong = sorted(
        (one for one in findings if one.answer == "contradict"), key=lambda one: one.against or 0.0
    )
    told += [
        f"{one.level + ': ' if one.level else ''}stated {one.stated}, seen {one.seen}."
        for one in wrong
    ]
    counts = {
        name: sum(one.answer == name for one in findings)
        for name in ("agree", "contradict", "cannot_tell")
    }
    if findings:
        told.append(
            f"Of {len(findings)} statements on findings {counts['agree']} agree, "
            f"{counts['contradict']} contradict and {counts['cannot_tell']} can't be told."
        )
    if verdict == "cannot_tell" and not counts["agree"] and not counts["contradict"]:
        told.append("No finding of the caption could be checked, so nothing says that it fits.")
    return tuple(told)


def _doubts(observations: Sequence[Observation]) -> tuple[str, ...]:
    """What makes every level doubtful."""
    if any(o.kind == "numbering" and o.status == "indeterminate" for o in observations):
        return ("The numbering of the levels is uncertain: a level may be off by one.",)
    return ()
