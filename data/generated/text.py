"""A report text from gradings, in seeded varied words.

The text states every grade that is a finding, at its level, and denies what was looked for and not
found: at the disc, or once for all discs. It adds nothing: no side, no degree, no cause. It is a
stand-in where a source has grades and no report; a score against it is a score against these
templates, so the structured findings are scored first.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from radixgpt.case import StatedFinding
from radixgpt.level import DISCS, order
from radixgpt.report import Section

_ROMAN = ("", "I", "II", "III", "IV", "V")
_DEGENERATED = 3
_AT_DISC = ("disc_narrowing", "disc_bulging", "disc_herniation")
_ENDPLATES = ("endplate_upper", "endplate_lower")
_ONCE = ("disc_herniation", "spondylolisthesis", "modic", "endplates")
"""Kinds whose absence at all levels is said once."""

Grades = Mapping[str, int]
"""Of one disc: Pfirrmann and Modic as numbers, everything else 0 or 1."""


@cache
def phrases() -> dict[str, Any]:
    """The words, from the table beside this module."""
    text = Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def by_disc(findings: Iterable[StatedFinding]) -> dict[str, dict[str, int]]:
    """The grades of each disc from findings, from head to tail; other findings are left out."""
    found: dict[str, dict[str, int]] = {}
    for one in findings:
        if one.level not in DISCS:
            continue
        absent = one.assertion == "absent"
        value = int(one.value) if isinstance(one.value, int | float) else int(not absent)
        found.setdefault(one.level, {})[one.kind] = value
    return dict(sorted(found.items(), key=lambda item: order(item[0])))


def write(findings: Iterable[StatedFinding], seed: str) -> dict[Section, str]:
    """Findings and impression from gradings.

    Args:
        findings: gradings of discs; without any, the text is empty.
        seed: decides the words; the id of the case, with a number for further variants.
    """
    discs = by_disc(findings)
    if not discs:
        return {}
    rng = random.Random(seed)
    style = rng.choice(sorted(phrases()["level"]))
    nowhere = [kind for kind in _ONCE if _looked(discs, kind) and not _anywhere(discs, kind)]
    lines = [_level(rng, style, level, grades, nowhere) for level, grades in discs.items()]
    if rng.random() < 0.5:  # some readers begin at the sacrum
        lines.reverse()
    if nowhere:
        told = _draw(rng, "nowhere").format(
            items=_or([_denied(kind) for kind in nowhere]), levels=_and(list(discs))
        )
        lines.insert(rng.choice((0, len(lines))), told)
    return {"findings": "\n".join(lines), "impression": _impression(rng, discs)}


def _draw(rng: random.Random, name: str) -> str:
    return str(rng.choice(phrases()[name]))


def _denied(kind: str) -> str:
    return str(phrases()["denied_names"][kind])


def _has(grades: Grades, kind: str) -> bool:
    if kind == "endplates":
        return any(grades.get(one) for one in _ENDPLATES)
    return bool(grades.get(kind))


def _looked(discs: Mapping[str, Grades], kind: str) -> bool:
    """Whether a kind was graded at every disc."""
    kinds = _ENDPLATES if kind == "endplates" else (kind,)
    return all(one in grades for grades in discs.values() for one in kinds)


def _anywhere(discs: Mapping[str, Grades], kind: str) -> bool:
    return any(_has(grades, kind) for grades in discs.values())


def _level(
    rng: random.Random, style: str, level: str, grades: Grades, nowhere: Sequence[str]
) -> str:
    """All that is said of one disc."""
    grade = grades.get("pfirrmann", 0)
    items: list[str] = []
    if grade:
        name = "pfirrmann" if grade >= _DEGENERATED else "healthy"
        items.append(_draw(rng, name).format(roman=_ROMAN[grade], number=grade))
    items += [_draw(rng, kind) for kind in _AT_DISC if grades.get(kind)]
    if grades.get("modic"):
        items.append(_draw(rng, "modic").format(number=grades["modic"]))
    ends = [kind for kind in _ENDPLATES if grades.get(kind)]
    if ends:
        items.append(_draw(rng, "endplates" if len(ends) == 2 else ends[0]))
    if grades.get("spondylolisthesis"):
        items.append(_draw(rng, "spondylolisthesis"))
    sentences = [_joined(rng, items)] if items else []
    missing = [
        kind
        for kind in (*_AT_DISC, "modic", "endplates", "spondylolisthesis")
        if kind not in nowhere and _looked({level: grades}, kind) and not _has(grades, kind)
    ]
    if missing:
        sentences.append(_draw(rng, "denied").format(items=_or([_denied(k) for k in missing])))
    if not items:
        style = "heading"
    text = " ".join(sentences)
    frame = str(rng.choice(phrases()["level"][style]))
    return frame.format(level=level, text=_capital(text) if style == "heading" else text)


def _joined(rng: random.Random, items: Sequence[str]) -> str:
    first, *rest = items
    if not rest:
        return f"{first.rstrip(',')}."
    told = _draw(rng, "with").format(first=first.rstrip(","), rest=_and(rest))
    return told.replace(",,", ",")


def _impression(rng: random.Random, discs: Mapping[str, Grades]) -> str:
    lines: list[str] = []
    worst = max((grades.get("pfirrmann", 0) for grades in discs.values()), default=0)
    if worst >= _DEGENERATED:
        levels = [level for level, grades in discs.items() if grades.get("pfirrmann") == worst]
        lines.append(
            _draw(rng, "impression_degeneration").format(levels=_and(levels), roman=_ROMAN[worst])
        )
    for kind, name in phrases()["impression_names"].items():
        levels = [level for level, grades in discs.items() if _has(grades, kind)]
        if levels:
            lines.append(_draw(rng, "impression_at").format(name=name, levels=_and(levels)))
    if not lines and all(_looked(discs, kind) for kind in ("disc_herniation", "spondylolisthesis")):
        lines.append(_draw(rng, "impression_none"))
    return "\n".join(lines)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _and(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _or(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
