"""The KAUH radiographs as examples, in groups that never fall apart, and their midlines.

The set knows no patients. Original names begin with a number; films with one number, whatever
their label, age or source, and cuts of one film are one group. Groups, not films, are dealt to
the parts. Of the names nothing is kept but sex, age band, the named levels and which of the two
sources a film comes from: those named ``..._1_0`` were exported in another way than the rest.

``points/kauh_midlines.csv`` holds midlines of 48 AP films, set by eye for this project: for rows
in shares of the height the column in shares of the width.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

from data.duplicates.pair import groups_of
from data.mapping.kauh import read_name
from data.mapping.views import views
from finetune.triage_data import grey
from radixgpt.level import find_discs
from tools.radiographs.curve_net import ROWS, STRIDE, strip

Pixels = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

SEED = 23
HELD_OUT = 0.4
"""Share of the groups that are kept for the figures."""
SAME_FILM: tuple[tuple[str, str], ...] = (
    ("normal_278", "normal_302"),
    ("normal_288", "normal_312"),
    ("scol_003", "scol_067"),
    ("scol_052", "scol_083"),
    ("scol_077", "scol_091"),
    ("scol_081", "scol_097"),
    ("scol_093", "scol_111"),
)
"""One film cut in two ways, as ``data.duplicates`` finds them (a test of it finds the same)."""
MIDLINES = Path(__file__).parent / "points" / "kauh_midlines.csv"

_NUMBER = re.compile(r"\s*n(\d+)", re.IGNORECASE)
_EXPORTED = re.compile(r"_\d+_\d+\s*$")


@dataclass(frozen=True, eq=False)
class Film:
    """One radiograph.

    Attributes:
        key: name of the staged file, without what it was called before.
        pixels: (rows, columns).
        label: ``normal``, ``scoliosis`` or ``spondylolisthesis``: the folder it came in.
        view: ``ap``, ``lateral`` or ``unknown``, set by eye.
        group: of films that may be of one patient.
        held_out: kept for the figures.
        exported: of the second source.
        levels: discs named as slipped.
    """

    key: str
    pixels: Pixels
    label: str
    view: str
    group: int
    held_out: bool
    exported: bool
    sex: str = ""
    age: float | None = None
    levels: tuple[str, ...] = ()

    @property
    def curved(self) -> bool:
        """Whether it is labelled scoliosis."""
        return self.label == "scoliosis"


@cache
def films(shared: Path) -> tuple[Film, ...]:
    """All films with their groups and parts."""
    folder = shared / "kauh_xray"
    seen = {Path(place).name: view.view for place, view in views().items()}
    found: list[Film] = []
    numbers: list[int] = []
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            name = row["original_name"]
            facts, _ = read_name(name, row["label"])
            number = _NUMBER.match(name)
            numbers.append(int(number[1]) if number else -1 - len(numbers))
            found.append(
                Film(
                    Path(row["image"]).stem,
                    grey(folder / "images" / row["image"]),
                    row["label"],
                    seen.get(row["image"], "unknown"),
                    0,
                    False,
                    bool(_EXPORTED.search(name)),
                    str(facts.get("sex") or ""),
                    float(age) if isinstance(age := facts.get("age_years"), int | float) else None,
                    tuple(find_discs(name)),
                )
            )
    groups = grouped(numbers, [film.key for film in found])
    held = dealt(groups)
    return tuple(
        replace(film, group=group, held_out=group in held)
        for film, group in zip(found, groups, strict=True)
    )


def grouped(numbers: Items[int], keys: Items[str]) -> list[int]:
    """A group for each film: films of one number, and cuts of one film, share it."""
    place = {key: i for i, key in enumerate(keys)}
    first: dict[int, int] = {}
    pairs = [(i, first.setdefault(number, i)) for i, number in enumerate(numbers)]
    pairs += [(place[a], place[b]) for a, b in SAME_FILM if a in place and b in place]
    group = list(range(len(numbers)))
    for members in groups_of(pairs):
        for i in members:
            group[i] = min(members)
    return group


def dealt(groups: Items[int]) -> frozenset[int]:
    """The groups that are held out."""
    every = np.array(sorted(set(groups)))
    np.random.default_rng(SEED).shuffle(every)
    return frozenset(every[: round(HELD_OUT * len(every))].tolist())


# --- midlines -----------------------------------------------------------------------------------


@cache
def midlines() -> dict[str, Floats]:
    """The marked midlines, (n, 2) of (row, column) in shares, by film."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with MIDLINES.open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            points[row["image"]].append((float(row["row"]), float(row["column"])))
    return {key: np.array(sorted(some)) for key, some in points.items()}


def columns_at(points: Floats, rows: int, columns: int) -> Floats:
    """The marked column of each of the film's rows in pixels; NaN above and below the marks.

    The marks lie a tenth of the height apart; half of that is taken to belong to the ends.
    """
    share = (np.arange(rows) + 0.5) / rows
    first, last = points[0, 0], points[-1, 0]
    line = PchipInterpolator(points[:, 0], points[:, 1])(np.clip(share, first, last))
    inside = (share >= first - 0.05) & (share <= last + 0.05)
    return np.where(inside, line * columns - 0.5, np.nan)


def varied(pixels: Pixels, line: Floats, rng: np.random.Generator) -> tuple[Pixels, Floats]:
    """A film and its midline mirrored, cut, bent, leant and with other greys.

    The bends make straight spines crooked and crooked ones straight, so that nothing but the line
    itself can tell where it runs; the cuts make long films short and wide ones narrow.
    """
    film, x = pixels.astype(np.float32), line.copy()
    if rng.random() < 0.5:
        film, x = film[:, ::-1], film.shape[1] - 1 - x
    if rng.random() < 0.5:
        high = len(film)
        kept = int(rng.uniform(0.45, 1) * high)
        top = int(rng.integers(0, high - kept + 1))
        if np.isfinite(x[top : top + kept]).sum() > 0.3 * kept:
            film, x = film[top : top + kept], x[top : top + kept]
    high = len(film)
    if rng.random() < 0.8:
        nodes = np.linspace(0, high - 1, int(rng.integers(4, 8)))
        bend = PchipInterpolator(nodes, rng.normal(size=len(nodes)))(np.arange(high))
        film, x = moved(film, x, (bend - bend.mean()) * float(rng.uniform(0, 0.05)) * high)
    if rng.random() < 0.4:
        lean = np.tan(np.radians(float(rng.uniform(-8, 8))))
        film, x = moved(film, x, (np.arange(high) - high / 2) * lean)
    if rng.random() < 0.7:
        low, top_ = float(np.nanmin(x)), float(np.nanmax(x))
        margin = 0.06 * high
        left = int(rng.uniform(0, max(low - margin, 1)))
        right = int(rng.uniform(min(top_ + margin, film.shape[1] - 1), film.shape[1]))
        film, x = film[:, left : max(right, left + 24)], x - left
    dark, bright = np.percentile(film, (1, 99))
    film = np.clip((film - dark) / max(float(bright - dark), 1e-6), 0, 1)
    grey = film ** float(np.exp(rng.uniform(-0.5, 0.5)))
    if rng.random() < 0.3:
        grey = ndimage.gaussian_filter(grey, float(rng.uniform(0.4, 1.5)))
    noisy = grey + rng.normal(size=grey.shape) * float(rng.uniform(0, 0.05))
    return np.asarray(noisy, np.float32), x


def moved(film: Pixels, x: Floats, by: Floats) -> tuple[Pixels, Floats]:
    """Each row of a film and its line moved sideways; the film grows, so that nothing is lost."""
    margin = int(np.abs(by).max()) + 1
    wide = np.pad(film, ((0, 0), (margin, margin)), mode="edge")
    rows, columns = np.mgrid[0 : wide.shape[0], 0 : wide.shape[1]]
    moved = ndimage.map_coordinates(wide, [rows, columns - by[:, None]], order=1, mode="nearest")
    return np.asarray(moved, np.float32), x + margin + by


def target(pixels: Pixels, line: Floats, columns: int) -> npt.NDArray[np.float32]:
    """What the head should say of a film: (r, columns + 1), each row a distribution.

    Args:
        pixels: the film.
        line: column of each of its rows, NaN where there is no spine.
        columns: columns of the map.
    """
    high, wide = pixels.shape
    centres = (np.arange(ROWS // STRIDE) + 0.5) * STRIDE * high / ROWS - 0.5
    here = line[np.clip(np.round(centres).astype(int), 0, high - 1)]
    place = (here + 0.5) * strip(pixels)[1] / wide - 0.5
    out = np.zeros((len(centres), columns + 1), np.float32)
    for row, x in enumerate(place):
        if np.isfinite(x) and -0.5 <= x <= columns - 0.5:
            bell = np.exp(-0.5 * ((np.arange(columns) - x) / 0.7) ** 2)
            out[row, :columns] = bell / bell.sum()
        else:
            out[row, columns] = 1
    return out
