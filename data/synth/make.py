"""One door to everything that makes up images: by phantom, relativistic GAN or diffusion."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from data.synth.conditions import DiscGrades, SequenceName, Wanted, from_findings
from radixgpt.case import StatedFinding
from radixgpt.errors import InputError, MissingPackageError
from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import ModelFacts

By = Literal["phantom", "rgan", "diffusion"]
WAYS: tuple[By, ...] = get_args(By)
_EXAMPLES = "'L4-L5 pfirrmann 5', 'L5-S1 disc herniation', 'L3-L4 modic 2'"


@dataclass(frozen=True, eq=False)
class Made:
    """A made-up image.

    Attributes:
        pixels: (rows, columns) in [-1, 1]; anterior is at the left.
        seed: of what was drawn.
        level: of a crop of one disc; empty for a column.
    """

    pixels: npt.NDArray[np.float32]
    seed: int
    level: str = ""


def asked(texts: Sequence[str]) -> dict[str, DiscGrades]:
    """What findings in words ask for, by disc.

    Raises:
        InputError: nothing in a text is understood, it is nothing that can be drawn, or the texts
            contradict each other.
    """
    from radixgpt.language.reader import sentences_in

    findings: list[StatedFinding] = []
    for text in texts:
        # Sentence by sentence: what is said twice, and otherwise the second time, must be seen.
        found = [one for sentence in sentences_in(text) for one in sentence.findings]
        if "retrolisth" in text.lower():  # the reader calls both directions spondylolisthesis
            raise InputError(
                "No retrolisthesis can be drawn; vertebrae slip forward here.",
                "Ask for a spondylolisthesis.",
            )
        if not found:
            titles = ", ".join(KINDS[kind].title for kind in GRADED)
            raise InputError(
                f"No finding is understood in '{text.strip()[:60]}'.",
                f"Name a disc and a finding, such as {_EXAMPLES}; known are: {titles}.",
            )
        findings += found
    return from_findings(findings)


def told(discs: Mapping[str, DiscGrades]) -> str:
    """Grades by disc in words."""
    if not discs:
        return "all lumbar discs healthy"
    parts = []
    for level, grades in discs.items():
        words = [f"Pfirrmann {grades.pfirrmann}"]
        words += [f"Modic {grades.modic}"] if grades.modic else []
        words += [KINDS[kind].title for kind in GRADED if kind in grades.present]
        parts.append(f"{level}: {', '.join(words)}")
    return "; ".join(parts)


def pictures(
    discs: Mapping[str, DiscGrades], sequence: SequenceName, by: By, seed: int = 0, count: int = 1
) -> Iterator[Made]:
    """Make up images: whole columns, or by the relativistic GAN a crop of each disc that is named.

    Args:
        discs: grades by lumbar disc; the others are healthy.
        sequence: ``t1`` or ``t2``.
        by: what makes them.
        seed: of the first image; each further one has the next.
        count: how many of each.

    Raises:
        InputError: the relativistic GAN was given no disc.
        MissingPackageError: torch or diffusers is not installed.
        WeightsError: the weights are missing or damaged.
    """
    wanted = Wanted(sequence, discs)
    if by == "rgan" and not discs:
        raise InputError(
            "The relativistic GAN draws single discs, and none is named.",
            f"Name one with its finding, such as {_EXAMPLES}, or use another way.",
        )
    for number in range(seed, seed + count):
        if by == "phantom":
            yield Made(_of_phantom(discs, sequence, number), number)
        elif by == "diffusion":
            from data.synth.diffusion import sample as diffusion

            yield Made(diffusion.draw(wanted, seed=number)[0], number)
        else:
            from data.synth.rgan import sample as rgan

            for level in discs:
                yield Made(rgan.draw(wanted, level, seed=number)[0], number, level)


def _of_phantom(
    discs: Mapping[str, DiscGrades], sequence: SequenceName, seed: int
) -> npt.NDArray[np.float32]:
    from data.synth.phantom_render import render
    from data.synth.phantom_wanted import phantom_of

    image = render(phantom_of(discs, seed), (sequence,)).images[sequence]
    low, high = np.percentile(image, (1, 99.5))
    return np.asarray(np.clip((image - low) / max(high - low, 1e-6), 0, 1) * 2 - 1, np.float32)


def study(
    discs: Mapping[str, DiscGrades], folder: Path, seed: int = 0, *, axial: bool = False
) -> Path:
    """Write a phantom with these grades as a DICOM study, marked synthetic in every header.

    Args:
        discs: grades by lumbar disc; the others are healthy.
        folder: where; made if need be.
        seed: of everything else.
        axial: whether a T2 series with an axial slice along each lumbar disc is written too.

    Raises:
        InputError: the folder can't be written.
    """
    from data.synth import phantom_dicom
    from data.synth.phantom_wanted import phantom_of

    along = LUMBAR_DISCS if axial else ()
    return phantom_dicom.write(phantom_of(discs, seed), folder, axial=along)


@dataclass(frozen=True, eq=False)
class Known:
    """What is true of a phantom's image.

    Attributes:
        discs: grades and millimetres by disc, as :func:`data.synth.phantom_truth.truth` tells.
        mask: (rows, columns) of the mid-sagittal image: 0 background, 1 vertebra, 2 disc, 3 canal.
        seed: of the phantom.
        spacing: (row, column) distance of the mask's pixel centres in millimetres.
    """

    discs: Mapping[str, Mapping[str, int | float | str]]
    mask: npt.NDArray[np.uint8]
    seed: int
    spacing: tuple[float, float]

    def as_json(self) -> str:
        """Seed, spacing and the lumbar discs as JSON, marked synthetic."""
        discs = {level: self.discs[level] for level in LUMBAR_DISCS}
        told = {"synthetic": True, "seed": self.seed, "spacing_mm": self.spacing, "discs": discs}
        return json.dumps(told, indent=2, default=float) + "\n"

    def mask_png(self, asked: str) -> bytes:
        """The mask as a PNG that says that it is synthetic; its greys are the labels 0 to 3."""
        from data.synth.marked import as_png

        pixels = self.mask.astype(np.float32) / np.float32(127.5) - 1
        return as_png(pixels, by="phantom, mask", asked=asked, seed=self.seed)


def truth_of(discs: Mapping[str, DiscGrades], seed: int) -> Known:
    """What is true of the phantom that :func:`pictures` and :func:`study` draw of this seed."""
    from data.synth.phantom_render import render
    from data.synth.phantom_wanted import phantom_of

    drawn = render(phantom_of(discs, seed), ("t2",))
    return Known(drawn.truth, drawn.labels, seed, drawn.spacing)


def facts(by: By) -> ModelFacts | None:
    """Name, version and hash of the weights; None for the phantom, which has none.

    Raises:
        MissingPackageError: torch is not installed.
        WeightsError: the weights are missing or damaged.
    """
    if by == "phantom":
        return None
    try:
        if by == "diffusion":
            from data.synth.diffusion import sample as diffusion

            return diffusion.model_facts()
        from data.synth.rgan import sample as rgan

        return rgan.model_facts()
    except ImportError as error:
        raise MissingPackageError(
            "Networks need torch.", "Install it: pip install torch."
        ) from error
