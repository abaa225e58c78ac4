"""Annotations in the style of RadGraph, made by the project's rules for spine reports.

What :mod:`radixgpt.language` reads in a report becomes entities and relations:

- an observation (``bulging``) with the label definitely present, definitely absent or uncertain,
  ``located_at`` its structure (``disc``) and its level (``L4-L5``);
- the structure, the level and the side as anatomy; the level and the side ``modify`` the structure,
  and the side the level, so that a side can't move to another level unseen;
- a grade or severity as an observation that ``modify`` the one it grades;
- ``suggestive_of`` from one observation to another of the same sentence with such words between.

Tokens are the words of the table beside this module and not the report's: two wordings of one
finding are the same entity. Scores are therefore higher than those of an extractor that keeps the
words, and do not compare with them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from eval.findings.statement import TYPES, Statement, told
from eval.radgraph import Entity
from radixgpt.case import StatedFinding
from radixgpt.language.reader import Reading

NAME = "rules-spine v1"
"""Name and version of the extractor; a score made with it says so."""
_PRESENT = "Observation::definitely present"
_LABELS = {
    "present": _PRESENT,
    "historical": _PRESENT,
    "absent": "Observation::definitely absent",
    "uncertain": "Observation::uncertain",
}
_ANATOMY = "Anatomy::definitely present"
_SUGGESTS = re.compile(
    r"\b(?:suggest(?:ive of|ing|s)|consistent with|in keeping with|compatible with"
    r"|indicat(?:ive of|ing|es)|represent(?:ing|s)|(?:may|likely|probably) represent"
    r"|(?:likely|probably|possibly|most likely) (?:due to|from|because of|secondary to))\b",
    re.IGNORECASE,
)
_SENTENCE_ENDS = re.compile(r"[.;!?](?:\s|$)|\n")


@cache
def table() -> dict[str, tuple[str, str]]:
    """Observation and structure of each kind; the structure may be empty."""
    path = Path(__file__).with_suffix(".csv")
    with path.open(encoding="utf-8", newline="") as lines:
        return {
            row["kind"]: (row["observation"], row["structure"]) for row in csv.DictReader(lines)
        }


def annotate(reading: Reading) -> dict[str, Entity]:
    """The entities of a report that was read, by their ids, in the order of its findings."""
    found: dict[str, Entity] = {}
    named: dict[int, list[str]] = {}
    suggested = _suggested(reading)
    for number, finding in enumerate(reading.findings, start=1):
        for one in told(finding):
            named.setdefault(number - 1, []).append(f"{number}{one.side}")
            found.update(_entities(one, f"{number}{one.side}"))
    for first, second in suggested:
        for name in named.get(first, ()):
            targets = tuple(("suggestive_of", target) for target in named.get(second, ()))
            entity = found[name]
            found[name] = Entity(entity.tokens, entity.label, entity.relations + targets)
    return found


def _entities(one: Statement, name: str) -> dict[str, Entity]:
    observed, structure = table().get(one.kind, (one.title, ""))
    kind = one.grade if one.grade in TYPES else ""
    grade = "" if kind else one.grade
    parts = {"structure": structure, "level": one.level, "side": one.side}
    ids = {part: f"{name} {part}" for part, words in parts.items() if words}

    def to(relation: str, *targets: str) -> tuple[tuple[str, str], ...]:
        return tuple((relation, ids[target]) for target in targets if target in ids)

    relations = {
        "structure": (),
        "level": to("modify", "structure"),
        "side": to("modify", "structure", "level"),
    }
    label = _LABELS[one.status]
    found = {name: Entity(kind or observed, label, to("located_at", "structure", "level"))}
    found |= {ids[part]: Entity(parts[part], _ANATOMY, relations[part]) for part in ids}
    if grade:
        found[f"{name} grade"] = Entity(grade, label, (("modify", name),))
    return found


def _suggested(reading: Reading) -> list[tuple[int, int]]:
    """Numbers of findings of which the first is said to suggest the second."""
    by_section: dict[str, list[tuple[int, tuple[int, int]]]] = {}
    for number, finding in enumerate(reading.findings):
        if finding.section is not None and finding.span is not None:
            by_section.setdefault(finding.section, []).append((number, finding.span))
    pairs: list[tuple[int, int]] = []
    for section, found in by_section.items():
        text = reading.sections[section]  # type: ignore[index]
        pairs += _neighbours(text, found, reading.findings)
    return pairs


def _neighbours(
    text: str, found: Sequence[tuple[int, tuple[int, int]]], findings: Sequence[StatedFinding]
) -> list[tuple[int, int]]:
    """Of one section: a finding and the next one in the text, with words of suggestion between."""
    pairs: list[tuple[int, int]] = []
    spans = sorted({span for _, span in found})
    for first, second in pairwise(spans):
        between = text[first[1] : second[0]]
        if _SENTENCE_ENDS.search(between) or not _SUGGESTS.search(between):
            continue
        pairs += [
            (one, other)
            for one, span in found
            for other, next_span in found
            if span == first and next_span == second and findings[one].assertion != "absent"
        ]
    return pairs
