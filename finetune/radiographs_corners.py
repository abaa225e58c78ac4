"""The marked corners of lateral films, and the varied examples that the slip heads learn from.

``points/kauh_corners.csv`` holds, for 138 discs of 31 films, the corners of the endplates beside
them in shares of the film's width and height, set by eye for this project by someone who is no
radiologist, without looking at the names of the films. ``disc`` counts from L5-S1, which is 0. The
marker had counted six films one lower, taking the fifth lumbar vertebra for the first sacral one;
that was seen when the marks were held against the names. So ``points/kauh_counts.csv`` keeps, of
the lowest marked disc of each film, the count as it is used (``now``), the marker's own before he
saw the names (``marker``), and those of two more readers, vision-language models that saw the films
and the marks in a shuffled order, and neither names nor counts (``second``, ``third``, and whether
each was sure).

Every film of the set has a slip somewhere. So slips are made and unmade in training: what lies
above a disc is moved along its lower endplate, by shares drawn alike for discs with and without
one, and nothing but the step itself can tell how large it is.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Sequence as Items
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tools.framing import standardise
from tools.radiographs.curve_net import ROWS, STRIDE
from tools.radiographs.slip import Slip
from tools.radiographs.slip_net import CELL, CELLS, REACH, SIDE, square, square_points, to_square

Pixels = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]

CORNERS = Path(__file__).parent / "points" / "kauh_corners.csv"
COUNTS = CORNERS.with_name("kauh_counts.csv")
BLIND = ("marker", "second", "third")
"""Readers who counted without the names."""
_ENDS = ("upper_anterior", "upper_posterior", "lower_anterior", "lower_posterior")
_SOFT = 0.02
"""Breadth, in depths, of the seam along which a film is moved apart."""
_LEAST, _LARGEST = -0.25, 0.6
"""Slips between which examples are drawn."""


@dataclass(frozen=True, eq=False)
class Marked:
    """A marked disc: its count from L5-S1, and its corners (4, 2) in shares of the film."""

    disc: int
    corners: Floats

    def on(self, pixels: Pixels) -> Floats:
        """The corners in pixels of a film."""
        size = np.array(pixels.shape[::-1], float)
        placed: Floats = self.corners * size - 0.5
        return placed


@cache
def corners() -> dict[str, tuple[Marked, ...]]:
    """The marked discs by film, the lowest first."""
    found: dict[str, list[Marked]] = defaultdict(list)
    with CORNERS.open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            points = np.array([[float(row[f"{end}_{axis}"]) for axis in "xy"] for end in _ENDS])
            found[row["image"]].append(Marked(int(row["disc"]), points))
    return {key: tuple(sorted(some, key=lambda m: m.disc)) for key, some in found.items()}


@cache
def recounted() -> dict[str, dict[str, int]]:
    """By film, how much higher each of ``BLIND``, and most of them, count its discs than ``now``.

    ``most`` is the count that at least two of the three gave.

    Raises:
        ValueError: no two of them agree on a film.
    """
    found: dict[str, dict[str, int]] = {}
    with COUNTS.open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            by = {reader: int(row[reader]) - int(row["now"]) for reader in BLIND}
            count, votes = Counter(by.values()).most_common(1)[0]
            if votes < 2:
                raise ValueError(f"no two readers count {row['image']} alike")
            found[row["image"]] = {**by, "most": count}
    return found


def marked_slip(points: Floats) -> Slip:
    """The slip that marks show."""
    return Slip(points, 1.0, 0.0)


# --- slips made and unmade ----------------------------------------------------------------------


def source_of(points: Floats, disc: Floats, share: float) -> Floats:
    """Where a film is read at points (n, 2) so that what is above a disc has moved by a share.

    Args:
        points: (x, y) of the changed film.
        disc: (4, 2), the corners of the disc before.
        share: to the front, in depths of the lower endplate.
    """
    along = disc[2] - disc[3]
    back: Floats = points - _above(points, disc)[:, None] * share * along
    return back


def _above(points: Floats, disc: Floats) -> Floats:
    """How far points (n, 2) lie above the seam of a disc, 0 to 1; it runs midway in the disc."""
    front, back = (disc[0] + disc[2]) / 2, (disc[1] + disc[3]) / 2
    along = front - back
    up = np.array([along[1], -along[0]]) / float(np.hypot(*along))
    up = up if up[1] < 0 else -up
    away = (points - back) @ up / float(np.hypot(*(disc[2] - disc[3])))
    over: Floats = 1 / (1 + np.exp(-np.clip(away / _SOFT, -30, 30)))
    return over


def slipped(pixels: Pixels, disc: Floats, share: float) -> Pixels:
    """A film whose part above a disc has moved to the front by a share of the depth."""
    rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    points = np.stack([columns.ravel(), rows.ravel()], 1).astype(float)
    place = source_of(points, disc, share)
    taken = ndimage.map_coordinates(pixels, [place[:, 1], place[:, 0]], order=1, mode="nearest")
    return np.asarray(taken, np.float32).reshape(pixels.shape)


def drawn_share(disc: Floats, rng: np.random.Generator) -> float:
    """By how much a disc is moved so that its slip becomes one of all alike."""
    return float(rng.uniform(_LEAST, _LARGEST)) - marked_slip(disc).moved


def moved_with(discs: Floats, at: int, share: float) -> Floats:
    """The corners (n, 4, 2) after what is above one disc has moved; the lowest disc is first."""
    out = discs.copy()
    by = share * (discs[at, 2] - discs[at, 3])
    out[at, :2] += by
    out[at + 1 :] += by
    return out


# --- greys --------------------------------------------------------------------------------------


def shaken(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Other exposure, sharpness, noise and shade of a picture in [-1, 1]."""
    grey = (pixels.astype(np.float64) + 1) / 2
    grey = grey ** float(np.exp(rng.uniform(-0.6, 0.6)))
    if rng.random() < 0.4:
        grey = grey + float(rng.uniform(0.3, 1.5)) * (grey - ndimage.gaussian_filter(grey, 3.0))
    if rng.random() < 0.4:
        grey = ndimage.gaussian_filter(grey, float(rng.uniform(0.4, 1.4)))
    if rng.random() < 0.5:
        rows, columns = np.mgrid[-1 : 1 : grey.shape[0] * 1j, -1 : 1 : grey.shape[1] * 1j]
        grey = grey + float(rng.normal() * 0.15) * rows + float(rng.normal() * 0.15) * columns
    if rng.random() < 0.15:
        top = int(rng.integers(0, grey.shape[0]))
        grey[top : top + int(rng.integers(4, 14))] *= float(rng.uniform(0.3, 0.8))
    noisy = grey + rng.normal(size=grey.shape) * float(rng.uniform(0, 0.07))
    return np.asarray(np.clip(noisy, 0, 1) * 2 - 1, np.float32)


# --- examples -----------------------------------------------------------------------------------


def varied_film(
    pixels: Pixels, marks: Items[Marked], rng: np.random.Generator
) -> tuple[Pixels, Floats, bool]:
    """A strip (ROWS, columns) of a film turned, scaled, mirrored and slipped, and its corners.

    Returns:
        The strip in [-1, 1], the corners (n, 4, 2) in its pixels, the lowest disc first, and
        whether the lowest is L5-S1.
    """
    film = standardise(pixels)
    discs = np.stack([m.on(pixels) for m in marks])
    wide = int(rng.choice([192, 256, 320]))
    step = len(film) / ROWS * float(rng.uniform(0.6, 1.25))
    turn = np.radians(float(rng.uniform(-12, 12)))
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    mirror = np.array([-1.0 if rng.random() < 0.5 else 1.0, 1.0])
    middle = discs.mean((0, 1)) + rng.uniform(-0.1, 0.1, 2) * len(film)
    at, share = None, 0.0
    if rng.random() < 0.5:
        at = int(rng.integers(0, len(discs)))
        share = drawn_share(discs[at], rng)
    rows, columns = np.mgrid[0:ROWS, 0:wide]
    away = np.stack([columns.ravel() - (wide - 1) / 2, rows.ravel() - (ROWS - 1) / 2], 1)
    points = middle + (away * mirror * step) @ rotate.T
    changed = discs if at is None else moved_with(discs, at, share)
    place = points if at is None else source_of(points, discs[at], share)
    source = ndimage.gaussian_filter(film, 0.5 * (step - 1)) if step > 1.3 else film
    taken = ndimage.map_coordinates(
        source, [place[:, 1], place[:, 0]], order=1, mode="constant", cval=-1
    ).reshape(ROWS, wide)
    placed = (changed - middle) @ rotate / step * mirror
    placed = placed + np.array([(wide - 1) / 2, (ROWS - 1) / 2])
    return shaken(standardise(taken), rng), placed, marks[0].disc == 0


def disc_target(
    discs: Floats, columns: int, complete: bool
) -> tuple[Pixels, Pixels, Pixels, Pixels]:
    """What :class:`DiscHead` should say of a strip.

    Args:
        discs: (n, 4, 2) in pixels of the strip, the lowest first.
        columns: columns of the map.
        complete: whether the lowest is L5-S1; else what is below is not asked.

    Returns:
        Chances of a centre (r, c), whether they are asked (r, c), the way along the endplate
        (2, r, c), and whether that is asked.
    """
    high = ROWS // STRIDE
    rows, cols = np.mgrid[0:high, 0:columns]
    wanted = np.zeros((high, columns), np.float32)
    asked = np.ones((high, columns), np.float32)
    way = np.zeros((2, high, columns), np.float32)
    near = np.zeros((high, columns), np.float32)
    cells = (discs + 0.5) / STRIDE - 0.5
    for one in cells:
        x, y = one.mean(0)
        bell = np.exp(-0.5 * ((cols - x) ** 2 + (rows - y) ** 2) / 0.8**2).astype(np.float32)
        close = bell > 0.4
        way[:, close] = (one[2] - one[3])[:, None]
        near = np.maximum(near, close.astype(np.float32))
        wanted = np.maximum(wanted, bell)
    deep = float(np.hypot(*(cells[:, 2] - cells[:, 3]).T).mean())
    asked[rows < cells[-1, :, 1].mean() - 0.6 * deep] = 0
    if not complete:
        asked[rows > cells[0, :, 1].mean() + 0.6 * deep] = 0
    return wanted, asked, way, near


def varied_square(film: Pixels, disc: Floats, rng: np.random.Generator) -> tuple[Pixels, Floats]:
    """A square about a disc seen from a slightly wrong stand, often slipped, and its corners.

    Args:
        film: in [-1, 1].
        disc: (4, 2), its corners on the film.
        rng: where chance comes from.

    Returns:
        The square (SIDE, SIDE), and the corners (4, 2) in its pixels.
    """
    share = drawn_share(disc, rng) if rng.random() < 0.7 else 0.0
    changed = moved_with(disc[None], 0, share)[0]
    along = changed[2] - changed[3]
    depth = float(np.hypot(*along))
    turn = np.radians(float(rng.normal() * 7))
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    stand = rotate @ along * float(np.exp(rng.normal() * 0.12))
    centre = changed.mean(0) + rng.normal(size=2) * 0.08 * depth
    points = source_of(square_points(centre, stand), disc, share)
    seen = square(film, points, float(np.hypot(*stand)))
    return shaken(seen, rng), to_square(changed, centre, stand)


def corner_target(placed: Floats) -> Pixels:
    """Chances (4, CELLS * CELLS) of corners (4, 2) in pixels of a square."""
    cells = (placed + 0.5) / CELL - 0.5
    rows, columns = np.mgrid[0:CELLS, 0:CELLS]
    out = np.zeros((4, CELLS * CELLS), np.float32)
    for k, (x, y) in enumerate(np.clip(cells, 0, CELLS - 1)):
        bell = np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / 0.9**2).ravel()
        out[k] = bell / bell.sum()
    return out


DEPTH_CELLS = SIDE / REACH / CELL
"""Cells of the corner maps to a depth of the lower endplate."""
