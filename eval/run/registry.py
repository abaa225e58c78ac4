"""What can be run and how it can be probed, listed without loading anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Needs = Literal["images", "train", "language model"]


class Probe(StrEnum):
    """What is done to the images before a system sees them; see :mod:`eval.run.probes`."""

    NONE = "none"
    BLANK = "blank"
    NOISE = "noise"
    FLIPPED = "flipped"
    SWAPPED = "swapped"


class Side(StrEnum):
    """The sides of a split."""

    TRAIN = "train"
    DEVELOPMENT = "development"
    TEST = "test"


@dataclass(frozen=True)
class Kind:
    """An entry of the registry.

    Attributes:
        does: one sentence.
        needs: what it can't do without.
    """

    does: str
    needs: tuple[Needs, ...] = ()


KINDS: dict[str, Kind] = {
    "radixgpt": Kind("The project's own pipeline: its eyes and its fixed report.", ("images",)),
    "captioner": Kind(
        "A caption of the study by the model of RADIXGPT_CAPTIONER, as the eyes bear it out.",
        ("images",),
    ),
    "nearest-neighbour": Kind(
        "The report of the training case whose images look most alike.", ("images", "train")
    ),
    "most-frequent": Kind(
        "The same report for all: what most training cases have at each place, or the text that "
        "most have.",
        ("train",),
    ),
    "template-of-normals": Kind("The same report for all: every lumbar disc healthy."),
    "llm-without-images": Kind(
        "A language model that is told the kind of examination and nothing else.",
        ("language model",),
    ),
}
"""The systems by name. A command wires each; the judge knows none of them."""
