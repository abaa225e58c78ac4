"""What the tools can do, as data: listed without importing a tool, and so without torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from radixgpt.errors import WeightsError
from radixgpt.finding import GRADED, MEASURED, OF_RADIOGRAPHS
from radixgpt.weights import WEIGHTS, load_card


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Used(_Model):
    """Weights that a tool uses.

    Attributes:
        name: folder under ``weights/``.
        there: whether the folder is there with a manifest that parses; the hashes of the files
            are checked when a tool loads them.
        version, licence, summary: from the manifest; empty when it is not there.
    """

    name: str
    there: bool
    version: str = ""
    licence: str = ""
    summary: str = ""


class Capability(_Model):
    """One tool, ``tools/<name>.py``.

    Attributes:
        does: one sentence.
        needs: what a study must hold for it.
        kinds: the kinds of observation that it makes.
        weights: the weights that it uses.
    """

    name: str
    does: str
    needs: str
    kinds: tuple[str, ...] = ()
    weights: tuple[Used, ...] = ()


_TOOLS: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "triage",
        "Says what a study is and whether it can be graded, with a reason code when not.",
        "any study that can be read",
        (),
        ("triage", "levels"),
    ),
    (
        "levels",
        "Finds the vertebrae, discs and canal, numbers the levels and measures them.",
        "a sagittal lumbar MR series, T1- or T2-weighted",
        ("vertebra", "disc", "canal", "numbering", *MEASURED),
        ("levels",),
    ),
    (
        "classifier",
        "Grades each lumbar disc with calibrated probabilities, and abstains when unsure.",
        "the levels; T1 and T2 together or either alone",
        GRADED,
        ("classifier",),
    ),
    (
        "radiographs",
        "Tells the view of a spine radiograph, scoliosis on AP films by the bend of the midline "
        "and spondylolisthesis on lateral ones by the step of corners; abstains when unsure.",
        "radiographs of the spine",
        ("view", *OF_RADIOGRAPHS, "curve_angle", "slip_ratio"),
        ("radiographs", "triage"),
    ),
    (
        "concepts",
        "Names what a study shows by UMLS concepts, each with its chance, threshold and region.",
        "what the other tools saw",
        (),
        ("concepts",),
    ),
    (
        "captioner",
        "Writes a caption of a study, an image or a disc, bounded by what the other tools saw.",
        "what the other tools saw in a lumbar MR",
        (),
        ("captioner", "classifier"),
    ),
    (
        "captions",
        "Reads a caption or report text, and says whether it fits what the other tools saw.",
        "a text; for a check, what the other tools saw",
        (),
        ("captions",),
    ),
    (
        "similar",
        "Finds cases of other patients that are like a study, a disc of it, or a description.",
        "what the other tools saw, or a text; an index of cases",
        (),
        ("similar", "clip"),
    ),
)


def capabilities() -> tuple[Capability, ...]:
    """Every tool, in the order in which they run."""
    return tuple(
        Capability(
            name=name,
            does=does,
            needs=needs,
            kinds=kinds,
            weights=tuple(_used(folder) for folder in weights),
        )
        for name, does, needs, kinds, weights in _TOOLS
    )


def _used(folder: str) -> Used:
    try:
        manifest = load_card(folder, root=WEIGHTS).manifest
    except WeightsError:
        return Used(name=folder, there=False)
    return Used(
        name=folder,
        there=True,
        version=manifest.version,
        licence=manifest.licence,
        summary=manifest.summary,
    )
