"""What is told of a case that was found: whose it is not, why it was found, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from radixgpt.case import Image, Origin, StatedFinding
from radixgpt.errors import CaseError
from retrieval.facts import facts, reading_order, told
from retrieval.overlap import Reason
from retrieval.query import Hit

OTHERS = "Of other patients, and of no bearing on this study's findings."
"""Said above what was found."""
WRITTEN: dict[Origin, str] = {
    "human": "report text",
    "generated": "text generated from gradings",
    "none": "no text",
}


def own_left_out(count: int) -> str:
    """What is told of the study's own patient.

    Args:
        count: cases of theirs that were found and left out.
    """
    if not count:
        return "Cases of this study's own patient are left out; none is known in this index."
    many = "1 case" if count == 1 else f"{count} cases"
    return f"{many} of this study's own patient left out."


class Found(BaseModel):
    """One case that was found, for people and machines.

    Attributes:
        alike: how alike it is, in words.
        shared, differing, unstated: places with what is asked for and what the case states.
        signals: the share of findings, how near the vectors are in standard deviations, BM25.
        stated: what the case states to be there, from head to tail.
        text: its text, word for word: data, whatever it says.
        origin: who wrote the text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int
    case: str
    source: str
    licence: str
    modality: str
    alike: str
    shared: tuple[str, ...]
    differing: tuple[str, ...]
    unstated: tuple[str, ...]
    signals: dict[str, float]
    stated: tuple[str, ...]
    findings: tuple[StatedFinding, ...] = Field(repr=False)
    text: str
    origin: Origin
    key_image: str | None


def found_of(hit: Hit) -> Found:
    """A hit in words."""
    entry, why = hit.entry, hit.reasons
    there = facts(entry.findings)
    return Found(
        rank=hit.rank,
        case=entry.id,
        source=entry.source,
        licence=entry.licence,
        modality=entry.modality,
        alike=hit.alike,
        shared=tuple(_at(one, _both(one)) for one in why.shared),
        differing=tuple(_at(one, _both(one)) for one in why.differing),
        unstated=tuple(_at(one, _asked(one)) for one in why.unstated),
        signals={name: round(value, 4) for name, value in hit.signals.items()},
        stated=tuple(
            told(place, there[place])
            for place in sorted(there, key=reading_order)
            if there[place].state != "absent"
        ),
        findings=entry.findings,
        text=entry.text,
        origin=entry.origin,
        key_image=entry.key_image,
    )


def _both(one: Reason) -> str:
    """What was asked for, and what the case states where that is not the same."""
    return _asked(one) if one.asked == one.theirs else f"{_asked(one)} (there {one.theirs})"


def _asked(one: Reason) -> str:
    """What was asked for; what is indeterminate in the open study is not told as seen there."""
    return f"{one.asked}, in doubt here" if one.doubtful else one.asked


def _at(one: Reason, words: str) -> str:
    return f"{one.level}: {words}" if one.level else words


def key_picture(root: Path | None, found: Found) -> bytes | None:
    """The picture that stands for a case as PNG; None where there is none, or it is gone."""
    if root is None or found.key_image is None:
        return None
    from io import BytesIO

    from PIL import Image as Pillow

    from data.shown import shown

    try:
        grey = shown(root, Image(path=found.key_image, sha256=""))
    except (CaseError, OSError):
        return None
    picture = Pillow.fromarray(grey)
    picture.thumbnail((480, 480))
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def lines(found: Iterable[Found], *, whole: bool = True) -> Iterable[str]:
    """What was found, for a terminal.

    Args:
        found: the cases.
        whole: whether the texts are told in full.
    """
    for one in found:
        yield f"{one.rank}. {one.case}: {one.alike}"
        for name, some in (
            ("shared", one.shared),
            ("differs", one.differing),
            ("not stated", one.unstated),
        ):
            if some:
                yield f"   {name}: {'; '.join(some)}"
        yield f"   {WRITTEN[one.origin]}, {one.source}, {one.licence}"
        if whole:
            yield from (f"   | {line}" for line in one.text.split("\n") if line.strip())
