"""Key images: a slice as a reader would see it, with discs outlined and named."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from radixgpt.errors import InputError
from radixgpt.observation import Evidence, Point
from radixgpt.study import Series, Study

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

PERCENTILES = (1.0, 99.3)
"""Black and white of a slice whose header asks for no window."""
OUTLINE = (88, 196, 221)
HIGHLIGHT = (255, 176, 0)
_FINE = 2
"""Lines are drawn this much larger and then made smaller, so that they are smooth."""
_LARGEST = 2048
_COLD, _HOT = (255, 214, 64), (230, 40, 20)
_HEAT_FROM = 0.2
"""Heat below this share of the hottest place is not painted."""
_HEAT_OPACITY = 0.55


@dataclass(frozen=True)
class Mark:
    """A region to outline.

    Attributes:
        evidence: where it is; its polygon is drawn, else its axis.
        label: short name beside it, such as ``L4-L5``.
        highlighted: drawn in the colour that stands out.
    """

    evidence: Evidence
    label: str = ""
    highlighted: bool = False


@dataclass(frozen=True)
class _View:
    """From pixels of the slice to pixels of the picture."""

    left: float
    top: float
    x_scale: float
    y_scale: float

    def point(self, p: Point) -> Point:
        return ((p[0] + 0.5 - self.left) * self.x_scale, (p[1] + 0.5 - self.top) * self.y_scale)


def key_image(
    study: Study,
    evidence: Evidence | Mark | Iterable[Evidence | Mark],
    *,
    crop: bool = False,
    height: int = 640,
    heat: npt.NDArray[np.float32] | None = None,
) -> bytes:
    """A slice with its marks as PNG.

    The slice is windowed as its header asks, else from its own percentiles, and resampled to
    square pixels where the spacing is known.

    Args:
        study: the study that the evidence points into.
        evidence: one or several regions, all of one slice; an ``Evidence`` is drawn unnamed.
        crop: show only the surroundings of the marks.
        height: height of the picture in pixels.
        heat: what a network looked at, (rows, columns) of the slice, 0 to 1; painted over it.

    Returns:
        An RGB picture, encoded as PNG.

    Raises:
        InputError: no evidence, evidence of several slices, or of a slice the study has not.
    """
    from PIL import Image

    given = [evidence] if isinstance(evidence, Evidence | Mark) else list(evidence)
    marks = [m if isinstance(m, Mark) else Mark(m, highlighted=True) for m in given]
    series, index = _slice(study, marks)
    grey = to_grey(series, index)
    row, column = series.geometry.spacing if series.geometry else (1.0, 1.0)
    box = _surroundings(marks, grey.shape, row / column) if crop else None
    left, top, right, bottom = box or (0, 0, grey.shape[1], grey.shape[0])
    rows, columns = bottom - top, right - left
    height = max(16, min(height, _LARGEST))
    width = max(16, min(round(height * columns * column / (rows * row)), _LARGEST))
    picture = Image.fromarray(grey[top:bottom, left:right], mode="L").resize(
        (width, height), Image.Resampling.BICUBIC
    )
    view = _View(left, top, width / columns, height / rows)
    coloured = picture.convert("RGB")
    if heat is not None:
        coloured = _warm(coloured, heat[top:bottom, left:right])
    buffer = io.BytesIO()
    _draw(coloured, marks, view).save(buffer, format="PNG", compress_level=4)
    return buffer.getvalue()


def _warm(picture: Image.Image, heat: npt.NDArray[np.float32]) -> Image.Image:
    """Paint the heat over a picture: clear, then yellow, then red."""
    from PIL import Image

    small = Image.fromarray(np.clip(heat, 0, 1).astype(np.float32), mode="F")
    share = np.asarray(small.resize(picture.size, Image.Resampling.BILINEAR))
    strength = np.clip((share - _HEAT_FROM) / (1 - _HEAT_FROM), 0, 1)[..., None]
    colour = np.array(_COLD) * (1 - strength) + np.array(_HOT) * strength
    opacity = _HEAT_OPACITY * np.minimum(1, 2 * strength)
    mixed = np.asarray(picture) * (1 - opacity) + colour * opacity
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def to_grey(series: Series, index: int) -> npt.NDArray[np.uint8]:
    """A slice as 8-bit grey, shape (rows, columns), by its window or its own percentiles."""
    pixels = series.pixels[index].astype(np.float32)
    if series.window is not None and series.window[1] > 0:
        centre, width = series.window
        low, high = centre - width / 2, centre + width / 2
    else:
        low, high = (float(v) for v in np.percentile(pixels, PERCENTILES))
    scaled = (pixels - low) / max(high - low, 1e-6)
    grey: npt.NDArray[np.uint8] = np.rint(np.clip(scaled, 0.0, 1.0) * 255.0).astype(np.uint8)
    return grey


def _slice(study: Study, marks: Sequence[Mark]) -> tuple[Series, int]:
    places = {(m.evidence.series, m.evidence.slice_index) for m in marks}
    if len(places) != 1:
        raise InputError(
            f"The evidence lies in {len(places)} slices.", "Show evidence of one slice at a time."
        )
    key, index = places.pop()
    series = study.one(key)
    if index >= series.slices:
        raise InputError(
            f"The series {key} has no slice {index}.", f"Use one from 0 to {series.slices - 1}."
        )
    return series, index


def _points(evidence: Evidence) -> tuple[Point, ...]:
    return evidence.polygon or evidence.axis or ()


def _surroundings(
    marks: Sequence[Mark], shape: tuple[int, ...], aspect: float
) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom around the marks; None when nothing is outlined.

    Args:
        marks: what to show.
        shape: rows and columns of the slice.
        aspect: row spacing over column spacing.
    """
    points = [p for m in marks for p in _points(m.evidence)]
    if not points:
        return None
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    breadth = max(max(xs) - min(xs), 8.0)
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    half_width = breadth * 1.0
    half_height = max(half_width * 0.8 / aspect, (max(ys) - min(ys)) * 0.9)
    left, right = int(max(0, x - half_width)), int(min(shape[1], x + half_width + 1))
    top, bottom = int(max(0, y - half_height)), int(min(shape[0], y + half_height + 1))
    return (left, top, right, bottom) if right - left > 3 and bottom - top > 3 else None


def _draw(picture: Image.Image, marks: Sequence[Mark], view: _View) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    size = (picture.width * _FINE, picture.height * _FINE)
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    line = max(2, round(picture.height / 320)) * _FINE
    font = ImageFont.load_default(max(12, round(picture.height / 30)) * _FINE)
    for mark in sorted(marks, key=lambda m: m.highlighted):
        colour = HIGHLIGHT if mark.highlighted else OUTLINE
        points = [
            (x * _FINE, y * _FINE) for x, y in (view.point(p) for p in _points(mark.evidence))
        ]
        if len(points) < 2:
            continue
        closed = [*points, points[0]] if mark.evidence.polygon else points
        pen.line(closed, fill=(*colour, 235), width=line, joint="curve")
        if mark.label:
            _name(pen, mark, points, view, font, (*colour, 255))
    small = layer.resize(picture.size, Image.Resampling.LANCZOS)
    picture = picture.convert("RGBA")
    picture.alpha_composite(small)
    return picture.convert("RGB")


def _name(
    pen: ImageDraw.ImageDraw,
    mark: Mark,
    points: Sequence[Point],
    view: _View,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    colour: tuple[int, int, int, int],
) -> None:
    """Write a label in front of a disc, away from the canal."""
    middle = sum(y for _, y in points) / len(points)
    xs = [x for x, _ in points]
    on_the_left = True
    if mark.evidence.axis is not None:
        anterior, posterior = (view.point(p) for p in mark.evidence.axis)
        on_the_left = anterior[0] <= posterior[0]
        middle = anterior[1] * _FINE
    gap = 8 * _FINE
    place = (min(xs) - gap, middle) if on_the_left else (max(xs) + gap, middle)
    pen.text(
        place,
        mark.label,
        fill=colour,
        font=font,
        anchor="rm" if on_the_left else "lm",
        stroke_width=2 * _FINE,
        stroke_fill=(0, 0, 0, 200),
    )
