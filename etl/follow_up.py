"""Suggestions for follow-up, from rules that are data; each with its published source.

They are off unless a person asks for them, rest on stated findings alone, and are no orders. What a
rule asks for and where it comes from is in ``etl/follow_up.yaml``, its words in ``etl/languages``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from etl.phrases import Phrases
from radixgpt.finding import KINDS, Finding
from radixgpt.level import order
from radixgpt.report import Sentence, StudyFacts

Values = dict[str, tuple[str | int, ...]]
"""Values by kind of finding."""


class FollowUp(BaseModel):
    """One rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    when: Values = Field(default_factory=dict)
    unless: Values = Field(default_factory=dict)
    study: Literal["", "numbering_uncertain"] = ""
    of: Literal["levels", "study"] = "levels"
    source: str
    doi: str
    says: str = Field(description="What the source says, in our words")

    @model_validator(mode="after")
    def _rests_on_what_tools_see(self) -> FollowUp:
        if not (self.when or self.study):
            raise ValueError("a rule needs something that it rests on")
        for values in (self.when, self.unless):
            for kind, wanted in values.items():
                if kind not in KINDS or not set(wanted) <= set(KINDS[kind].values):
                    raise ValueError(f"no tool states such a value of {kind}")
        return self

    @property
    def reference(self) -> str:
        """The source as it is printed."""
        return f"{self.source}, doi:{self.doi}"


@cache
def rules() -> tuple[FollowUp, ...]:
    """Every rule, in the order in which they are told."""
    import yaml

    text = Path(__file__).with_name("follow_up.yaml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[FollowUp, ...]).validate_python(yaml.safe_load(text)["rules"])


def applies(
    rule: FollowUp, facts: StudyFacts, findings: Sequence[Finding]
) -> tuple[Finding, ...] | None:
    """The findings that a rule rests on; None where it does not apply."""
    if rule.study and not (facts.numbering_uncertain and not facts.level_shift):
        return None
    if any(_states(f, rule.unless) for f in findings):
        return None
    found = tuple(
        f for f in findings if _states(f, rule.when) and (f.level is None) == (rule.of == "study")
    )
    return found if found or not rule.when else None


def _states(f: Finding, wanted: Values) -> bool:
    return f.status == "value" and f.value in wanted.get(f.kind, ())


def suggestions(
    facts: StudyFacts, findings: Sequence[Finding], phrases: Phrases, omitted: Sequence[str] = ()
) -> Iterator[Sentence]:
    """The sentences of the recommendations, when suggestions are asked for.

    Args:
        facts: the study.
        findings: with their ids.
        phrases: of the report.
        omitted: levels that the reader left out.
    """
    shown = [f for f in findings if f.level is None or f.level not in omitted]
    told = []
    for rule in rules():
        found = applies(rule, facts, shown)
        if found is None:
            continue
        levels = sorted({f.level for f in found if f.level is not None}, key=order)
        text = phrases.say(f"follow_up_{rule.name}", levels=levels)
        told.append(
            Sentence(
                text=phrases.say("follow_up_sourced", text=text, source=rule.reference),
                section="recommendations",
                findings=tuple(f.id for f in found),
            )
        )
    lead = "follow_up_lead" if told else "follow_up_none"
    yield Sentence(text=phrases.say(lead), section="recommendations")
    yield from told


def recommendations(
    facts: StudyFacts,
    findings: Sequence[Finding],
    phrases: Phrases,
    omitted: Sequence[str] = (),
    *,
    follow_up: bool,
) -> tuple[Sentence, ...]:
    """Suggestions from rules where they are asked for, else that there are none."""
    if not follow_up:
        return (Sentence(text=phrases.say("recommendations"), section="recommendations"),)
    return tuple(suggestions(facts, findings, phrases, omitted))


def to_fill_in(phrases: Phrases) -> tuple[str, ...]:
    """Blank lines on critical communication; never anything but blanks."""
    if phrases.style.critical_prompts:
        return tuple(phrases.say(f"critical_{name}") for name in ("finding", "to", "when"))
    return (phrases.say("critical_communication"),)
