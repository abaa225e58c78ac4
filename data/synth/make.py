"""One door to everything that makes up images: by phantom, relativistic GAN or diffusion."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from data.synth.asking import asked
from data.synth.conditions import SequenceName, Wanted
from data.synth.request import LUMBAR_VERTEBRAE, Place, Request
from radixgpt.errors import InputError, MissingPackageError
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import ModelFacts

if TYPE_CHECKING:
    from data.synth.phantom_truth import Truth

By = Literal["phantom", "rgan", "diffusion"]
WAYS: tuple[By, ...] = get_args(By)

__all__ = [
    "WAYS",
    "By",
    "Known",
    "Made",
    "asked",
    "facts",
    "pictures",
    "ready",
    "study",
    "truth_of",
    "zipped",
]


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


def ready(request: Request, by: By, seed: int = 0, count: int = 1, *, study: bool = False) -> None:
    """Make sure that all of it can be made, before any of it is.

    Raises:
        InputError: a network is asked for what only the phantom draws, the relativistic GAN for no
            disc, one image for a sideways curve, or a build can't have what is asked for.
    """
    if by != "phantom":
        named = "The relativistic GAN" if by == "rgan" else "The diffusion model"
        if by == "rgan" and not request.discs and request.graded(named) == {}:
            raise InputError(
                "The relativistic GAN draws single discs, and none is named.",
                "Name one with its finding, such as 'L4-L5 pfirrmann 5', or use another way.",
            )
        request.graded(named)
        return
    if request.curved and not study:
        raise InputError(
            "One slice from front to back doesn't show a sideways curve.",
            "Make a whole study: ask for a synthetic study, or radixgpt data synth make --study.",
        )
    from data.synth.phantom_wanted import phantom_of

    for number in range(seed, seed + count):
        phantom_of(request, number)


def pictures(
    request: Request, sequence: SequenceName, by: By, seed: int = 0, count: int = 1
) -> Iterator[Made]:
    """Make up images: whole columns, or by the relativistic GAN a crop of each disc that is named.

    Args:
        request: what is asked for; all else is healthy.
        sequence: ``t1`` or ``t2``.
        by: what makes them.
        seed: of the first image; each further one has the next.
        count: how many of each.

    Raises:
        InputError: as :func:`ready`.
        MissingPackageError: torch or diffusers is not installed.
        WeightsError: the weights are missing or damaged.
    """
    ready(request, by, seed, count)
    if by == "phantom":
        for number in range(seed, seed + count):
            yield Made(_of_phantom(request, sequence, number), number)
        return
    wanted = Wanted(sequence, request.graded())
    for number in range(seed, seed + count):
        if by == "diffusion":
            from data.synth.diffusion import sample as diffusion

            yield Made(diffusion.draw(wanted, seed=number)[0], number)
        else:
            from data.synth.rgan import sample as rgan

            for level in request.discs:
                yield Made(rgan.draw(wanted, level, seed=number)[0], number, level)


def _of_phantom(request: Request, sequence: SequenceName, seed: int) -> npt.NDArray[np.float32]:
    from data.synth.phantom_render import render
    from data.synth.phantom_wanted import phantom_of

    return _shown(render(phantom_of(request, seed), (sequence,)).images[sequence])


def _shown(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """An image in [-1, 1], cut off at its 1st and its 99.5th percentile."""
    low, high = np.percentile(image, (1, 99.5))
    return np.asarray(np.clip((image - low) / max(high - low, 1e-6), 0, 1) * 2 - 1, np.float32)


def study(request: Request, folder: Path, seed: int = 0, *, axial: bool = False) -> Path:
    """Write a phantom with what is asked for as a DICOM study, marked synthetic in every header.

    Args:
        request: what is asked for; all else is healthy.
        folder: where; made if need be.
        seed: of everything else.
        axial: whether a T2 series with an axial slice along each lumbar disc is written too.

    Raises:
        InputError: the build can't have what is asked for, or the folder can't be written.
    """
    from data.synth import phantom_dicom
    from data.synth.phantom_wanted import phantom_of

    along = LUMBAR_DISCS if axial else ()
    return phantom_dicom.write(phantom_of(request, seed), folder, axial=along)


def zipped(
    request: Request, sequence: SequenceName = "t2", seed: int = 0
) -> tuple[bytes, npt.NDArray[np.float32]]:
    """The study that :func:`study` writes, packed, and its middle sagittal slice.

    Args:
        request: what is asked for; all else is healthy.
        sequence: of the slice.
        seed: of everything else.

    Returns:
        A zip, the same byte for byte each time, and (rows, columns) in [-1, 1].

    Raises:
        InputError: the build can't have what is asked for.
    """
    from io import BytesIO
    from tempfile import TemporaryDirectory
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    import pydicom

    from data.synth.phantom_dicom import SEQUENCES

    packed = BytesIO()
    with TemporaryDirectory() as folder, ZipFile(packed, "w") as archive:
        files = sorted(study(request, Path(folder), seed).iterdir())
        for file in files:
            entry = ZipInfo(f"synthetic-study/{file.name}")  # of 1980, whenever it is made
            archive.writestr(entry, file.read_bytes(), ZIP_DEFLATED, 6)
        number = f"MR{SEQUENCES.index(sequence) + 1:02d}"
        series = [file for file in files if file.name.startswith(number)]
        middle = pydicom.dcmread(series[len(series) // 2]).pixel_array
    return packed.getvalue(), _shown(middle.astype(np.float32))


@dataclass(frozen=True, eq=False)
class Known:
    """What is true of a phantom.

    Attributes:
        truth: by place, as :func:`data.synth.phantom_wanted.whole_truth` tells; the spine's is
            under None.
        follows: kinds by place that weren't asked for and follow from what was.
        mask: (rows, columns) of the mid-sagittal image: 0 background, 1 vertebra, 2 disc, 3 canal;
            of none where the spine curves sideways, which no one slice shows.
        seed: of the phantom.
        spacing: (row, column) distance of the mask's pixel centres in millimetres.
    """

    truth: Mapping[Place, Truth]
    follows: Sequence[tuple[Place, str]]
    mask: npt.NDArray[np.uint8] | None
    seed: int
    spacing: tuple[float, float]

    def as_json(self) -> str:
        """Seed, spacing, spine, lumbar vertebrae and discs as JSON, marked synthetic."""
        from data.synth.phantom_truth import SOURCES

        told = {
            "synthetic": True,
            "seed": self.seed,
            "spacing_mm": self.spacing,
            "spine": self.truth[None],
            "vertebrae": {level: self.truth[level] for level in LUMBAR_VERTEBRAE},
            "discs": {level: self.truth[level] for level in LUMBAR_DISCS},
            "follows": [f"{place or 'spine'} {kind}" for place, kind in self.follows],
            "sources": SOURCES,
        }
        return json.dumps(told, indent=2, default=float) + "\n"

    def mask_png(self, asked: str) -> bytes:
        """The mask as a PNG that says that it is synthetic; its greys are the labels 0 to 3.

        Raises:
            InputError: the spine curves sideways.
        """
        from data.synth.marked import as_png

        if self.mask is None:
            raise InputError("A curved spine has no mask of one slice.", "Make a whole study.")
        pixels = self.mask.astype(np.float32) / np.float32(127.5) - 1
        return as_png(pixels, by="phantom, mask", asked=asked, seed=self.seed)


def truth_of(request: Request, seed: int) -> Known:
    """What is true of the phantom that :func:`pictures` and :func:`study` draw of this seed."""
    from data.synth.phantom_render import render
    from data.synth.phantom_wanted import consequences, phantom_of, whole_truth

    phantom = phantom_of(request, seed)
    found = whole_truth(phantom)
    mask, spacing = None, (phantom.fov_mm / 384, phantom.fov_mm / 384)
    if not phantom.curve_deg:
        drawn = render(phantom, ("t2",))
        mask, spacing = drawn.labels, drawn.spacing
    return Known(found, tuple(consequences(request, found)), mask, seed, spacing)


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
