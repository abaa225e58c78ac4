"""What a vision-language model is asked: the same words in training and afterwards.

The words are ``prompts/captioner.yaml``. A question tells what kind of images they are and which
discs lie in them; it tells nothing that a tool saw there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from prompts import Prompts
from radixgpt.level import LUMBAR_DISCS
from radixgpt.study import BodyRegion, Modality, Plane, Series, View
from radixgpt.study import Sequence as Weighting
from tools.captioner.caption import Of, Refused, Scope, Style
from tools.captioner.pictures import Pictures

# Keys are words, as cases hold them; the values of the study's own types are words too.
_WEIGHTINGS: dict[str, str] = {
    Weighting.T1: "T1-weighted ",
    Weighting.T2: "T2-weighted ",
    Weighting.T2_SPACE: "T2-weighted ",
    Weighting.STIR: "STIR ",
    Weighting.PD: "PD-weighted ",
}
_REGIONS: dict[str, str] = {
    BodyRegion.LUMBAR: "lumbar spine",
    BodyRegion.THORACIC: "thoracic spine",
    BodyRegion.CERVICAL: "cervical spine",
    BodyRegion.WHOLE_SPINE: "whole spine",
}
_VIEWS: dict[str, str] = {View.AP: "AP ", View.LATERAL: "lateral "}
_SCANNERS: dict[str, str] = {Modality.MR: "MR ", Modality.CT: "CT "}
_PLANES = frozenset({Plane.SAGITTAL, Plane.AXIAL, Plane.CORONAL})
_MOST_REFUSED = 20
_VOWELS = ("AP", "MR", "axial", "image")
_RADIOGRAPHS = frozenset({Modality.DX, Modality.CR})


def of(
    pictures: Pictures, scope: Scope, style: Style = "standard", refused: Sequence[Refused] = ()
) -> str:
    """The question for the pictures of a scope.

    Args:
        pictures: of the scope.
        scope: what the caption is about.
        style: how the answer is worded.
        refused: sentences of the last answer that could not be confirmed.
    """
    found = tuple(disc.level for disc in pictures.discs if disc.level in LUMBAR_DISCS)
    levels = (scope.level,) if scope.level else found
    return question(
        [named(one.series, one.level) for one in pictures.images],
        of=scope.of,
        radiograph=any(one.series.modality in _RADIOGRAPHS for one in pictures.images),
        levels=levels,
        style=style,
        refused=[one.text for one in refused],
    )


def question(
    shown: Sequence[str],
    *,
    of: Of = "study",
    radiograph: bool = False,
    levels: Sequence[str] = (),
    style: Style = "standard",
    refused: Sequence[str] = (),
) -> str:
    """A question in words.

    Args:
        shown: each picture in words, as :func:`named` says it, in their order.
        of: what the caption is about.
        radiograph: whether they are radiographs.
        levels: the discs in view, from head to tail.
        style: how the answer is worded.
        refused: sentences of the last answer that could not be confirmed.
    """
    told = prompts()
    one = f"The picture is {shown[0]}." if len(shown) == 1 else ""
    several = "The pictures are, in this order: " + "; ".join(shown) + "."
    fixed = {
        "shown": one or several,
        "style": told.render(style),
        "refused": [" ".join(sentence.split()) for sentence in refused[:_MOST_REFUSED]],
    }
    if radiograph:
        return _on_one_line(told.render("radiograph", **fixed))
    what = "the disc in the middle" if of == "disc" else "each disc"
    if of == "disc" and levels:
        what = f"the disc {levels[0]} in the middle"
    named_levels = "" if of == "disc" else ", ".join(levels)
    return _on_one_line(told.render("lumbar", what=what, levels=named_levels, **fixed))


def named(series: Series, level: str | None = None) -> str:
    """A picture of a series in words, a crop with its level."""
    return in_words(
        series.modality,
        plane=series.plane,
        sequence=series.sequence,
        region=series.region,
        view=series.view,
        level=level,
    )


def in_words(
    modality: str,
    *,
    plane: str = Plane.UNKNOWN,
    sequence: str = Weighting.UNKNOWN,
    region: str = BodyRegion.UNKNOWN,
    view: str = View.UNKNOWN,
    level: str | None = None,
) -> str:
    """A picture in words by what is known of it, such as "a sagittal T2-weighted MR image"."""
    where = _REGIONS.get(region, "spine")
    if modality in _RADIOGRAPHS:
        kind = f"{_VIEWS.get(view, '')}radiograph of the {where}"
    else:
        lies = f"{plane} " if plane in _PLANES else ""
        kind = f"{lies}{_WEIGHTINGS.get(sequence, '')}{_SCANNERS.get(modality, '')}image"
        kind += f" of the {where}" if level is None else f", cropped around the disc {level}"
    return f"{'an' if kind.startswith(_VOWELS) else 'a'} {kind}"


@cache
def prompts() -> Prompts:
    """The words."""
    return Prompts("captioner")


def _on_one_line(text: str) -> str:
    """Lines that a template broke, joined; lists keep their lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    joined: list[str] = []
    for line in lines:
        if joined and not line.startswith("- ") and not joined[-1].startswith("- "):
            joined[-1] = f"{joined[-1]} {line}"
        else:
            joined.append(line)
    return "\n".join(joined)
