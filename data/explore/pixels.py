"""What an image's pixels tell: size, grey values, contrast, noise, sharpness, a small picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from data.explore.tables import Say
from radixgpt.errors import RadixError

if TYPE_CHECKING:
    import pandas as pd

Grey = npt.NDArray[np.float32]
"""Grey values from 0 to 1, shape (rows, columns)."""

BINS = 64
"""Bins of a histogram of grey values."""
TINY = 24
"""Side in pixels of the picture that stands in for an embedding where there is none."""
THUMBNAIL = 96
"""Longest side in pixels of the small picture on the page."""
FOREGROUND = 0.04
"""Grey above which a pixel is no background."""
MEASURES = ("brightness", "contrast", "noise", "sharpness", "background", "clipped")
_LEAST_FOREGROUND = 0.01
_SIDE = 1024
"""Of larger images the middle is measured, at full resolution."""
_PICTURES = (".png", ".jpg", ".jpeg")
_WEBP_QUALITY = 55
_THREADS = 2
_CROP = 0.25
"""Side of a crop, as a share of the image's rows: a disc with the vertebrae beside it."""


@dataclass(frozen=True, eq=False)
class Look:
    """One image as measured.

    Attributes:
        rows, columns, slices: its size; the middle slice is measured.
        measures: by the names of ``MEASURES``; NaN where the image is blank.
        histogram: share of the foreground in each of ``BINS`` bins of grey.
        tiny: (TINY, TINY) grey values.
        thumbnail: data URI of a small WebP picture.
    """

    rows: int
    columns: int
    slices: int
    measures: dict[str, float]
    histogram: npt.NDArray[np.float64]
    tiny: Grey
    thumbnail: str

    @property
    def blank(self) -> bool:
        """Whether there is next to nothing but background."""
        return bool(np.isnan(self.measures["contrast"]))


@dataclass(frozen=True, eq=False)
class Looks:
    """The images that were opened.

    Attributes:
        seen: look by row number in the table of images.
        missing: rows whose file is not there, of all images.
        unreadable: reason by row whose file could not be read.
    """

    seen: dict[int, Look]
    missing: tuple[int, ...]
    unreadable: dict[int, str]


def look_at(root: Path, images: pd.DataFrame, chosen: Sequence[int], say: Say) -> Looks:
    """Open images and measure them; whether a file is there is asked of all.

    Args:
        root: folder that the paths of ``images`` start from.
        images: table of images with ``path``.
        chosen: row numbers of those to open.
        say: told after each image.
    """
    paths = [root / str(name) for name in images["path"]]
    missing = tuple(row for row, path in enumerate(paths) if not path.exists())
    gone = set(missing)
    seen: dict[int, Look] = {}
    unreadable: dict[int, str] = {}
    there = [row for row in chosen if row not in gone]
    with ThreadPoolExecutor(_THREADS) as pool:
        found = zip(there, pool.map(lambda row: _tried(paths[row]), there), strict=True)
        for done, (row, one) in enumerate(found, start=1):
            if isinstance(one, Look):
                seen[row] = one
            else:
                unreadable[row] = one
            say("Looking at images", done, len(there))
    return Looks(seen, missing, unreadable)


def _tried(path: Path) -> Look | str:
    """What an image looks like, or why it can't be read."""
    try:
        return look(path)
    except RadixError as error:
        return error.problem


def look(path: Path) -> Look:
    """Measure one image; of several series the first, of its slices the middle.

    Raises:
        RadixError: the file can't be read as an image.
    """
    from radixgpt.reading import read

    pixels = read(path).series[0].pixels
    plane = pixels[len(pixels) // 2]
    grey = _grey(plane, picture=path.suffix.lower() in _PICTURES)
    measures, histogram = _measured(_middle(grey))
    return Look(
        rows=plane.shape[0],
        columns=plane.shape[1],
        slices=len(pixels),
        measures=measures,
        histogram=histogram,
        tiny=_resized(grey, (TINY, TINY)),
        thumbnail=_thumbnail(grey),
    )


def crop(path: Path, x: float, y: float) -> str | None:
    """A small picture of the surroundings of a place, as a data URI.

    Args:
        path: a picture; in a volume the place would be in another slice than the middle one.
        x: column of the place.
        y: its row.

    Returns:
        None for a volume, or where the place lies outside.

    Raises:
        RadixError: the file can't be read as an image.
    """
    from radixgpt.reading import read

    if path.suffix.lower() not in _PICTURES:
        return None
    grey = _grey(read(path).series[0].pixels[0], picture=True)
    rows, columns = grey.shape
    if not (0 <= x < columns and 0 <= y < rows):
        return None
    half = max(8, round(_CROP * rows / 2))
    top, left = max(0, round(y) - half), max(0, round(x) - half)
    return _thumbnail(grey[top : round(y) + half, left : round(x) + half])


def _grey(plane: Grey, *, picture: bool) -> Grey:
    """Grey from 0 to 1: of 8-bit pictures as stored, of others between the 0.5 and 99.5 %."""
    if picture and plane.min() >= 0 and 1 < plane.max() <= 255:
        return plane / np.float32(255)
    low, high = np.percentile(plane, (0.5, 99.5))
    if high <= low:
        return np.zeros_like(plane)
    scaled: Grey = np.clip((plane - low) / (high - low), 0, 1).astype(np.float32)
    return scaled


def _middle(grey: Grey) -> Grey:
    top, left = (max(0, (side - _SIDE) // 2) for side in grey.shape)
    return grey[top : top + _SIDE, left : left + _SIDE]


def _measured(grey: Grey) -> tuple[dict[str, float], npt.NDArray[np.float64]]:
    """Measures and histogram of the foreground.

    Contrast is the standard deviation of the foreground's greys (root-mean-square contrast, Peli
    1990). Noise is the standard deviation of white noise behind the median response to
    Immerkaer's mask (1996), as a share of the mean grey. Sharpness is the variance of the
    Laplacian (Pech-Pacheco et al. 2000) of the smoothed image over the variance of the image.
    """
    inside = grey > FOREGROUND
    measures = dict.fromkeys(MEASURES, float("nan"))
    measures["background"] = float(1 - inside.mean())
    measures["clipped"] = float((grey >= 0.999).mean())
    histogram = np.zeros(BINS)
    if inside.mean() < _LEAST_FOREGROUND or min(grey.shape) < 5:
        return measures, histogram
    values = grey[inside]
    bins = np.minimum((values * BINS).astype(np.int32), BINS - 1)
    histogram = np.bincount(bins, minlength=BINS) / values.size
    spread = float(values.std())
    measures["brightness"] = float(values.mean())
    measures["contrast"] = spread if spread > 1e-4 else float("nan")
    core = inside[1:-1, 1:-1]
    response = np.abs(_immerkaer(grey)[core])
    measures["noise"] = float(np.median(response) / 0.6745 / 6 / values.mean())
    smooth = _smoothed(grey)
    laplacian = _laplacian(smooth)[inside[2:-2, 2:-2]]
    if laplacian.size and spread > 1e-4:
        measures["sharpness"] = float(laplacian.var() / spread**2)
    return measures, histogram


def _immerkaer(g: Grey) -> Grey:
    """Response to the mask 1 -2 1, -2 4 -2, 1 -2 1; edges left out."""
    across = g[:, :-2] - 2 * g[:, 1:-1] + g[:, 2:]
    response: Grey = across[:-2] - 2 * across[1:-1] + across[2:]
    return response


def _smoothed(g: Grey) -> Grey:
    """Binomial smoothing by 1 2 1 both ways; edges left out."""
    across = g[:, :-2] + 2 * g[:, 1:-1] + g[:, 2:]
    smooth: Grey = (across[:-2] + 2 * across[1:-1] + across[2:]) / 16
    return smooth


def _laplacian(g: Grey) -> Grey:
    middle = g[1:-1, 1:-1]
    laplacian: Grey = g[:-2, 1:-1] + g[2:, 1:-1] + g[1:-1, :-2] + g[1:-1, 2:] - 4 * middle
    return laplacian


def _resized(grey: Grey, size: tuple[int, int]) -> Grey:
    from PIL import Image

    # Halving by steps before the last resize is quick and averages as a box does.
    small = Image.fromarray((grey * 255).astype(np.uint8)).resize(
        size, Image.Resampling.BOX, reducing_gap=2.0
    )
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _thumbnail(grey: Grey) -> str:
    from PIL import Image

    rows, columns = grey.shape
    scale = THUMBNAIL / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    small = Image.fromarray((_resized(grey, size) * 255).astype(np.uint8))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=_WEBP_QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def sampled(groups: Sequence[str], most: int, seed: int) -> list[int]:
    """Row numbers of at most ``most`` rows, every group keeping its share and at least one.

    With more groups than rows some have none.
    All rows if there are no more than that; else a draw that the seed decides, in order.
    """
    if len(groups) <= most:
        return list(range(len(groups)))
    rng = np.random.default_rng(seed)
    names = np.asarray(groups)
    rows = {name: np.flatnonzero(names == name) for name in sorted(set(groups))}
    shares = {name: max(1, int(most * len(of) / len(names))) for name, of in rows.items()}
    while sum(shares.values()) > most:
        shares[max(shares, key=lambda name: shares[name])] -= 1
    chosen = [rng.choice(of, size=shares[name], replace=False) for name, of in rows.items()]
    return sorted(int(row) for row in np.concatenate(chosen))
