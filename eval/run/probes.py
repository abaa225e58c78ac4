"""Probes of image reliance: the same cases with images that can't support the answer.

A system that reads images scores lower on all of them, or refuses. One that does not is guessing
from what reports usually say. The probes, each defined to the pixel so that others can repeat them:

- ``blank``: every pixel is the picture's mean grey.
- ``noise``: independent uniform grey values from 0 to 255.
- ``flipped``: upside down, the sacrum on top; what is at which level is turned around.
- ``swapped``: the images of another patient of the same run, by a fixed rotation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from eval.run.registry import Probe
from radixgpt.errors import CaseError

_PICTURES = (".png", ".jpg", ".jpeg")


def changed(source: Path, target: Path, probe: Probe, seed: int) -> None:
    """Write a picture as a probe shows it, as 8-bit grey PNG.

    Args:
        source: PNG or JPEG.
        target: where to; ``.png``.
        probe: one that changes pictures.
        seed: of the noise.

    Raises:
        CaseError: it is no picture, so that the probe can't be made.
    """
    from PIL import Image, UnidentifiedImageError

    if source.suffix.lower() not in _PICTURES:
        raise CaseError(
            f"The probe '{probe}' is defined for PNG and JPEG pictures alone.",
            "Leave the case out, or store its slices as pictures.",
        )
    try:
        with Image.open(source) as file:
            pixels = np.asarray(file.convert("L"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise CaseError("A picture can't be read.", "Look at it, or leave its case out.") from error
    if probe is Probe.BLANK:
        shown = np.full_like(pixels, round(float(pixels.mean())))
    elif probe is Probe.NOISE:
        shown = np.random.default_rng(seed).integers(0, 256, pixels.shape, dtype=np.uint8)
    elif probe is Probe.FLIPPED:
        shown = pixels[::-1]
    else:
        raise ValueError(f"{probe} changes no picture")
    Image.fromarray(np.ascontiguousarray(shown), mode="L").save(target)


def swapped(patients: Mapping[str, str]) -> dict[str, str]:
    """For each case the case whose images it gets: of the patient next in order.

    Args:
        patients: case to patient, of at least two patients.

    Raises:
        CaseError: there is one patient alone.
    """
    first: dict[str, str] = {}
    for case in sorted(patients):
        first.setdefault(patients[case], case)
    order = sorted(first)
    if len(order) < 2:
        raise CaseError("There is no other patient to swap with.", "Run at least two patients.")
    following = dict(zip(order, _rotated(order), strict=True))
    return {case: first[following[patient]] for case, patient in patients.items()}


def _rotated(order: Sequence[str]) -> list[str]:
    return [*order[1:], order[0]]
