"""Captions of whole slices, generated from the gradings of all their discs.

The facts of a slice are those of its discs, keyed ``1 modic`` for L4-L5, and what holds anywhere:
``any disc_herniation`` is 1 where one disc has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from finetune.clip.captions import (
    BINARY,
    GRADES,
    GROUPS,
    KINDS,
    LEVEL,
    Caption,
    Facts,
    Stated,
    level_name,
    phrases,
    pick,
    said,
)
from radixgpt.level import LUMBAR_DISCS

ANY = "any"
_ANYWHERE_SHARE, _THERE_SHARE = 0.3, 0.8


def facts_of(discs: Mapping[int, Facts]) -> dict[str, int]:
    """The facts of a slice from those of its discs by index above L5-S1."""
    found = {f"{i} {kind}": facts[kind] for i, facts in discs.items() for kind in KINDS}
    for kind in BINARY:
        found[f"{ANY} {kind}"] = int(any(facts[kind] for facts in discs.values()))
    return found


def caption(facts: Facts, keys: Sequence[str], seed: str) -> Caption:
    """What is said of some of a slice's facts, in their order."""
    parts: list[str] = []
    stated: Stated = {}
    for place, key in enumerate(keys):
        where, kind = key.split()
        words, stated[key] = said(kind, facts[key], f"{seed} {place}")
        if where == ANY:
            form = pick(seed, f"{place}", phrases()["anywhere" if facts[key] else "nowhere"])
            parts.append(form.format(said=words))
        else:
            form = pick(seed, f"{place}", phrases()["placed"])
            level = level_name(int(where), Random(f"{seed} {place} level"))
            parts.append(form.format(said=words, level=level))
    whole = pick(seed, "between", (", ", ". ", "; ")).join(parts)
    return Caption(pick(seed, "slice", phrases()["slice"]).format(said=whole), stated)


def drawn_keys(facts: Facts, seed: str, most: int = 4) -> list[str]:
    """Some facts to speak of, mostly of what is there."""
    rng = Random(f"{seed} keys")
    anywhere = [key for key in facts if key.startswith(ANY)]
    placed = [key for key in facts if not key.startswith(ANY) and int(key.split()[0]) < 5]
    there = [key for key in placed if "pfirrmann" in key or facts[key]]
    found: list[str] = []
    for _ in range(rng.randint(1, most)):
        pool = (
            anywhere if rng.random() < _ANYWHERE_SHARE else there if rng.random() < 0.8 else placed
        )
        if pool:
            found.append(rng.choice(pool))
    return list(dict.fromkeys(found)) or [rng.choice(placed or anywhere)]


def full(facts: Facts, seed: str) -> Caption:
    """A caption of the Pfirrmann grade and every finding of the five lumbar discs."""
    placed = [k for k in facts if not k.startswith(ANY) and int(k.split()[0]) < len(LUMBAR_DISCS)]
    return caption(facts, [k for k in placed if k.endswith("pfirrmann") or facts[k]], seed)


def against(facts: Facts, keys: Sequence[str], seed: str) -> dict[str, Caption]:
    """Captions of the same words that are false of the slice in one fact, by its group."""
    rng = Random(f"{seed} negatives")
    found: dict[str, Caption] = {}
    for group, kinds in GROUPS.items():
        placed = [k for k in keys if not k.startswith(ANY)]
        able = placed if group == LEVEL else [k for k in keys if k.split()[1] in kinds]
        if not able:
            continue
        key = rng.choice(able)
        where, kind = key.split()
        if group == LEVEL:
            others = [
                f"{i} {kind}"
                for i in range(len(LUMBAR_DISCS))
                if f"{i} {kind}" in facts and f"{i} {kind}" not in keys and str(i) != where
            ]
            if not others:
                continue
            new = rng.choice(others)
            swapped = [new if k == key else k for k in keys]
            made = caption({**facts, new: facts[key]}, swapped, seed)
        else:
            grades = [g for g in GRADES[kind] if g != facts[key]]
            made = caption({**facts, key: rng.choice(grades)}, keys, seed)
        if not made.holds(facts):
            found[group] = made
    return found
