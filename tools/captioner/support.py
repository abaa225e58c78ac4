"""What may be said within a scope: the observations that have a value there, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from etl.settle import settled
from radixgpt.case import StatedFinding
from radixgpt.eligibility import Eligibility
from radixgpt.finding import ABSENT, GRADED, OF_RADIOGRAPHS, PRESENT
from radixgpt.level import LUMBAR_DISCS, order
from radixgpt.observation import Evidence, Observation
from radixgpt.study import Study
from tools.captioner.caption import LeftOut, Scope

DEGENERATED = 3
"""The Pfirrmann grade from which a disc is called degenerated (Pfirrmann 2001)."""
Value = str | int | float
_NEEDS = {
    "pfirrmann": ("t2", "needs a T2-weighted image"),
    "modic": ("both", "needs both T1- and T2-weighted images"),
}
"""Kinds that one sequence alone does not show."""
_PARTS: Mapping[str, tuple[str, ...]] = {
    "disc_degeneration": ("pfirrmann",),
    "endplate_change": ("endplate_upper", "endplate_lower"),
}
"""Kinds that texts name by another word than the observations."""


@dataclass(frozen=True)
class Fact:
    """One value that may be stated.

    Attributes:
        level: None for a radiograph as a whole.
        evidence: the regions within the scope.
    """

    level: str | None
    kind: str
    value: Value
    observation: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Support:
    """Everything that a caption of a scope may state.

    Attributes:
        levels: the discs that the scope shows, from head to tail.
        facts: by level and kind.
        left_out: what has no value there, with reasons.
    """

    scope: Scope
    levels: tuple[str, ...]
    facts: Mapping[tuple[str | None, str], Fact] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()

    def value(self, level: str | None, kind: str) -> Value | None:
        """The value of a kind at a level, None where there is none."""
        fact = self.facts.get((level, kind))
        return None if fact is None else fact.value

    def holds(self, level: str, kind: str, value: Value) -> bool:
        """Whether a kind has this very value at a level."""
        return self.value(level, kind) == value

    @property
    def findings(self) -> tuple[Fact, ...]:
        """What may be said and is more than a healthy disc's."""
        return tuple(fact for fact in self.facts.values() if not _absent(fact))

    def unsaid(self, told: Iterable[str]) -> tuple[LeftOut, ...]:
        """The findings that a caption does not mention.

        Args:
            told: ids of the observations behind its statements.
        """
        mentioned = set(told)
        return tuple(
            LeftOut(level=fact.level, kind=fact.kind, reason="seen, and not mentioned")
            for fact in self.findings
            if fact.observation not in mentioned
        )

    def behind(self, stated: StatedFinding) -> tuple[Fact, ...] | str:
        """The facts that a statement of a text rests on, or why it may not be made.

        A statement without a level is one of the disc in a caption of a disc. Elsewhere it may
        deny a kind at all five lumbar discs, each of which has to say so.
        """
        if stated.assertion not in ("present", "absent"):
            return f"it calls a finding {stated.assertion}"
        if stated.side is not None:
            return "no tool tells a side"
        if stated.severity is not None:
            return "no tool tells a degree"
        if stated.kind in OF_RADIOGRAPHS and (None, stated.kind) in self.facts:
            return self._at(stated, None)
        level = stated.level or self.scope.level
        if level is not None:
            return self._at(stated, level)
        if stated.assertion == "present":
            return "it names no level"
        found: list[Fact] = []
        for each in LUMBAR_DISCS:
            here = self._at(stated, each)
            if isinstance(here, str):
                return f"{here}, and it is said of all levels"
            found += here
        return tuple(found)

    def _at(self, stated: StatedFinding, level: str | None) -> tuple[Fact, ...] | str:
        if level is not None and level not in self.levels:
            return f"{level} is not in the scope"
        where = level or "the study"
        kinds = _PARTS.get(stated.kind, (stated.kind,))
        here = [self.facts[level, kind] for kind in kinds if (level, kind) in self.facts]
        if not here:
            return f"no tool says anything certain of {stated.kind} at {where}"
        if stated.assertion == "absent":
            if len(here) < len(kinds) or not all(_absent(fact) for fact in here):
                return f"{stated.kind} is not ruled out at {where}"
            return tuple(here)
        right = [fact for fact in here if _present(fact, stated)]
        if not right:
            return f"{stated.kind} is not seen so at {where}"
        return tuple(right)


def _absent(fact: Fact) -> bool:
    if fact.kind == "pfirrmann":
        return isinstance(fact.value, int) and fact.value < DEGENERATED
    return fact.value in (ABSENT, 0)


def _present(fact: Fact, stated: StatedFinding) -> bool:
    """Whether a fact says what a text states as present."""
    if stated.value is not None:
        return fact.value == stated.value
    if stated.kind == "pfirrmann":
        return False  # a grade without a number says nothing
    return not _absent(fact)


def support(
    study: Study, eligibility: Eligibility, observations: Iterable[Observation], scope: Scope
) -> Support:
    """What may be said of a scope.

    Args:
        study: after triage.
        eligibility: which series and slices the tools looked at.
        observations: what they saw.
        scope: what the caption is about.

    Raises:
        InputError: the scope is incomplete, or names a series that the study has not.
    """
    scope.require()
    if scope.series is not None:
        study.one(scope.series)
    seen = settled(tuple(observations), eligibility)
    places = {
        o.level: kept
        for o in seen
        if o.kind == "disc" and o.level is not None and (kept := within(scope, o.evidence))
    }
    levels = tuple(
        level
        for level in sorted(places, key=order)
        if level in LUMBAR_DISCS and scope.level in (None, level)
    )
    shown = _sequences(eligibility, places, levels)
    facts: dict[tuple[str | None, str], Fact] = {}
    left_out: list[LeftOut] = []
    for o in seen:
        if o.kind == "numbering" and o.status == "indeterminate":
            reason = "it is uncertain: a level may be off by one"
            left_out.append(LeftOut(level=None, kind="numbering", reason=reason))
        whole = o.level is None and o.kind in OF_RADIOGRAPHS and scope.level is None
        if not whole and (o.level not in levels or o.kind not in GRADED):
            continue
        evidence = within(scope, o.evidence)
        reason = _why_not(o, evidence, shown)
        if reason or o.value is None:
            left_out.append(LeftOut(level=o.level, kind=o.kind, reason=reason or "no value"))
            continue
        facts[o.level, o.kind] = Fact(o.level, o.kind, o.value, o.id, evidence)
    return Support(scope, levels, facts, (*left_out, *_not_looked_at(scope, levels, seen)))


def within(scope: Scope, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The pieces of evidence that lie on images of a scope."""
    return tuple(
        one
        for one in evidence
        if scope.series in (None, one.series) and scope.slice_index in (None, one.slice_index)
    )


def _sequences(
    eligibility: Eligibility, places: Mapping[str, tuple[Evidence, ...]], levels: Sequence[str]
) -> frozenset[str]:
    """Which of ``t1`` and ``t2`` a scope shows."""
    series = {one.series for level in levels for one in places[level]}
    named = {"t1": eligibility.t1, "t2": eligibility.t2}
    return frozenset(name for name, key in named.items() if key in series)


def _why_not(o: Observation, evidence: Sequence[Evidence], shown: frozenset[str]) -> str:
    """Why an observation may not be stated; empty if it may."""
    if o.status != "value" or o.value is None:
        return o.reason or o.status.replace("_", " ")
    if not evidence:
        return "it was not seen in this image"
    needs, words = _NEEDS.get(o.kind, ("", ""))
    if (needs == "t2" and "t2" not in shown) or (needs == "both" and len(shown) < 2):
        return words
    return ""


def _not_looked_at(
    scope: Scope, levels: Sequence[str], seen: Sequence[Observation]
) -> list[LeftOut]:
    """Lumbar discs that a caption might be expected to speak of and that no tool found."""
    if any(o.kind in OF_RADIOGRAPHS and o.level is None for o in seen):
        return []
    wanted = LUMBAR_DISCS if scope.level is None else (scope.level,)
    elsewhere = {o.level for o in seen if o.kind == "disc"}

    def why(level: str) -> str:
        if level not in LUMBAR_DISCS:
            return "the lumbar discs alone are graded"
        return "no tool looked at this image" if level in elsewhere else "the disc was not found"

    return [
        LeftOut(level=level, kind="disc", reason=why(level))
        for level in wanted
        if level not in levels
    ]


__all__ = ["DEGENERATED", "PRESENT", "Fact", "Support", "Value", "support"]
