"""The vocabulary: every concept of the tables, and the CUIs of the ROCO captions with their words.

ROCO's CUIs were matched to words by a machine. Which word a CUI goes with is found again here, so
that one can see what stands behind it; a word that goes with several CUIs shows that they were
matched by their names, not by what they mean.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from radixgpt.terminology.table import Anatomy, Term, anatomy, terms
from tools.concepts.vocabulary import NO_TOOL, Entry
from tools.registry import capabilities

TABLE = "reports/roco_spine_captions.json"
_WORD = re.compile(r"[a-z0-9-]+")
_FEWEST = 4
"""Captions that a CUI needs before a word is named."""
_ALIKE = 0.8
"""Share, as F1, that a word and a CUI must have in common."""
BY_TYPE = "said by its types"
BY_WHOLE = "said by the concept that names no region"
_GRADERS = ("classifier", "radiographs")
"""Tools whose observations are findings with chances."""
_DETECTOR: Mapping[str, str] = {
    "modality": "triage",
    "plane": "triage",
    "sequence": "triage",
    "vertebra": "levels",
    "disc": "levels",
    "part": "levels",
}
_FOUND = ("spine", "vertebra", "disc", "canal")
"""Parts and regions that the tool on levels outlines."""
_LUMBAR = re.compile(r"(?:T1[12]|L[1-5])(?:-|$)")


def build(shared: Path) -> tuple[Entry, ...]:
    """The whole vocabulary, those that a tool looks for first."""
    captions = _captions(shared)
    words = _words(captions)
    entries: dict[str, Entry] = {}
    for entry in (*_of_findings(terms()), *_of_anatomy(anatomy())):
        entries.setdefault(entry.key, _counted(entry, captions, words))
    for cui in sorted({cui for _, cuis in captions for cui in cuis}):
        if cui not in entries:
            bare = Entry(
                key=cui,
                cui=cui,
                group="caption",
                why_not=NO_TOOL,
                source="ROCO captions, matched by a machine",
            )
            entries[cui] = _counted(bare, captions, words)
    return tuple(sorted(entries.values(), key=lambda one: (not one.detector, -one.captions)))


def _of_findings(rows: Iterable[Term]) -> Iterable[Entry]:
    """One concept for each CUI, or for each kind without one."""
    grouped: dict[str, list[Term]] = defaultdict(list)
    for row in rows:
        if row.kind == "pfirrmann" and not row.value:
            continue  # grades I and II are no finding; III to V have a row each
        grouped[row.cui or row.kind].append(row)
    tools = {k: c.name for c in reversed(capabilities()) if c.name in _GRADERS for k in c.kinds}
    for key, same in grouped.items():
        general = next((row for row in same if not row.value), same[0])
        detector = next((tools[row.kind] for row in same if row.kind in tools), "")
        why_not = "" if detector else NO_TOOL
        if any(row.kind == "modic" and not row.value for row in same):
            detector, why_not = "", BY_TYPE
        elif all(row.region for row in same):
            detector, why_not = "", BY_WHOLE
        yield Entry(
            key=key,
            cui=general.cui or None,
            meaning=general.title,
            group="finding",
            detector=detector,
            why_not=why_not,
            source=general.cui_source,
            names=tuple(_name(row) for row in same),
        )


def _name(row: Term) -> str:
    """``kind`` or ``kind:value``; of a row for one region, a name that no observation has."""
    kind = f"{row.kind}@{row.region}" if row.region else row.kind
    return f"{kind}:{row.value}" if row.value else kind


def _of_anatomy(rows: Iterable[Anatomy]) -> Iterable[Entry]:
    merged: dict[str, Entry] = {}
    for row in rows:
        key = row.cui or f"{row.group}:{row.name}"
        if key in merged:
            names = (*merged[key].names, row.name)
            merged[key] = merged[key].model_copy(update={"names": names})
            continue
        detector = _DETECTOR.get(row.group, "levels" if row.name in _FOUND else "")
        if row.group in ("part", "region") and row.name not in _FOUND:
            detector = ""
        if row.group in ("vertebra", "disc") and not _LUMBAR.match(row.name):
            detector = ""
        merged[key] = Entry(
            key=key,
            cui=row.cui or None,
            meaning=row.title,
            group=row.group,
            detector=detector,
            why_not="" if detector else NO_TOOL,
            source=row.cui_source,
            names=(row.name,),
        )
    return merged.values()


Captions = list[tuple[frozenset[str], frozenset[str]]]
"""Words and pairs of words, and CUIs, of each caption."""


def _captions(shared: Path) -> Captions:
    rows = json.loads((shared / TABLE).read_text(encoding="utf-8"))
    found = []
    for row in rows:
        said = _WORD.findall(row["caption"].lower())
        pairs = [f"{one} {other}" for one, other in pairwise(said)]
        found.append((frozenset([*said, *pairs]), frozenset(row["cuis"])))
    return found


def _words(captions: Captions) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for place, (said, _) in enumerate(captions):
        for word in said:
            found[word].add(place)
    return found


def _counted(entry: Entry, captions: Captions, words: Mapping[str, set[int]]) -> Entry:
    """An entry with its captions, and the word that goes with it."""
    having = {place for place, (_, cuis) in enumerate(captions) if entry.cui in cuis}
    if len(having) < _FEWEST:
        return entry.model_copy(update={"captions": len(having)})
    best, alike = "", 0.0
    for word, places in words.items():
        share = 2 * len(having & places) / (len(having) + len(places))
        if (share, -len(word)) > (alike, -len(best)):
            best, alike = word, share
    if alike < _ALIKE:
        return entry.model_copy(update={"captions": len(having)})
    both = len(having & words[best])
    return entry.model_copy(update={"captions": len(having), "word": best, "with_word": both})
