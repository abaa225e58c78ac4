"""Drafts of studies of the spine that no tool reads: laid out in order, with nothing assessed.

What a report goes through follows modality and region: no marrow, cord or conus on CT, and on
radiographs what they can show. The levels come behind, from head to tail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.phrases import Phrases
from radixgpt.finding import ITEMS, Finding
from radixgpt.level import LUMBAR_DISCS, REGION_DISCS
from radixgpt.report import Sentence

NO_TOOL = "No tool looks at it."
NOT_FROM_CT = "CT does not show it."
_MR_ALONE = ("pfirrmann", "modic")
"""Graded kinds that only MR shows (Pfirrmann 2001, Modic 1988)."""

_FILM = ("vertebral_bodies", "disc_spaces", "posterior_elements", "paraspinal")
_CT = ("alignment", "vertebral_bodies", "spinal_canal", "foramina", "facet_joints")
_CUT = ("posterior_elements", "paraspinal", "implants", "incidental")
_MR = ("alignment", "vertebral_bodies", "marrow", "spinal_canal", "foramina", "facet_joints")


def items_of(modality: str, region: str) -> tuple[str, ...]:
    """The items of a report on such a study, in its order.

    Args:
        modality: ``MR`` or ``CT``; anything else is a radiograph.
        region: of the spine.
    """
    if modality == "CT":
        wanted = {*_CT, *_CUT}
    elif modality == "MR":
        wanted = {*_MR, "paraspinal", "implants", "incidental"}
        wanted |= {"conus"} if region == "lumbar" else {"cord"}
        wanted |= {"conus"} if region in ("thoracic", "whole-spine") else set()
    else:
        wanted = {*_FILM, "implants", "incidental"}
    if region in ("lumbar", "whole-spine") and modality in ("MR", "CT"):
        wanted.add("lateral_recesses")
    return tuple(item for item in ITEMS if item in wanted)


def item_findings(modality: str, region: str) -> list[Finding]:
    """The items as findings that say that nothing looked at them."""
    return [not_looked_at(item) for item in items_of(modality, region)]


def discs_of(region: str) -> tuple[str, ...]:
    """The discs that a report on a region goes through."""
    return REGION_DISCS.get(region, LUMBAR_DISCS)


def reason_at_a_level(kind: str, modality: str, refused: str) -> str:
    """Why a graded kind has no value at a level of a study that is only laid out."""
    return NOT_FROM_CT if modality == "CT" and kind in _MR_ALONE else refused


def not_looked_at(kind: str) -> Finding:
    """An item as a finding that says that nothing looked at it; its id is empty."""
    return Finding(id="", level=None, kind=kind, status="not_assessable", reason=NO_TOOL)


def item_nouns(items: Sequence[Finding], phrases: Phrases, *, graded: bool) -> list[str]:
    """The names of items.

    Where the depth of the canal was measured, what is left open is its stenosis.

    Args:
        items: as findings.
        phrases: of the style.
        graded: whether levels were measured, as in no draft that is only laid out.
    """
    groups = ["asked" if graded and phrases.has_word("asked", f.kind) else "kind" for f in items]
    return [phrases.word(group, f.kind) for group, f in zip(groups, items, strict=True)]


def item_sentences(findings: Sequence[Finding], phrases: Phrases) -> Iterator[Sentence]:
    """The items of the findings section: a line each, or one sentence where the style is prose."""
    found = [f for f in findings if f.kind in ITEMS]
    nouns = item_nouns(found, phrases, graded=any(f.kind == "canal_ratio" for f in findings))
    if not found:
        return
    if phrases.style.findings == "prose":
        text = phrases.say("not_assessable", parts=[phrases.list_and(nouns)])
        yield Sentence(text=text, section="findings", findings=tuple(f.id for f in found))
        return
    for f, noun in zip(found, nouns, strict=True):
        text = phrases.say("item_not_assessed", item=noun)
        yield Sentence(text=text, section="findings", findings=(f.id,))
