"""Small line charts as inline SVG, in the colours of the page they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from eval.statistics import Floats

WIDTH, HEIGHT = 420, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 40
_POINTS = 400
"""Points of a line at most; more can't be told apart."""


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        name: for the tooltip.
        x: (n,).
        y: (n,).
        sizes: (n,) areas of dots, for a line with dots.
    """

    name: str
    x: Floats
    y: Floats
    sizes: Floats | None = None


def chart(lines: Sequence[Line], x_title: str, y_title: str, *, diagonal: bool = False) -> str:
    """An SVG of lines over x from 0 to 1; y from 0 to 1, or to what is there if that is less.

    Args:
        lines: up to six are told apart by colour.
        x_title: below the axis.
        y_title: beside the axis.
        diagonal: draw the line on which y is x, and y to 1.
    """
    most = 1.0 if diagonal else _round_up(max((float(line.y.max()) for line in lines), default=1))
    across, down = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> str:
        return f"{_LEFT + across * x:.1f},{_TOP + down * (1 - y / most):.1f}"

    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(f"{y_title} by {x_title}")}">'
    ]
    for step in range(5):
        share = step / 4
        x, y = place(share, 0), place(0, most * share)
        parts.append(
            f'<path class="grid" d="M{place(share, 0)} L{place(share, most)} '
            f'M{place(0, most * share)} L{place(1, most * share)}"/>'
            f'<text x="{x.split(",")[0]}" y="{HEIGHT - _BOTTOM + 15}" text-anchor="middle">'
            f"{share:g}</text>"
            f'<text x="{_LEFT - 6}" y="{float(y.split(",")[1]) + 3.5:.1f}" text-anchor="end">'
            f"{most * share:.3g}</text>"
        )
    parts.append(
        f'<text class="axis" x="{_LEFT + across / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(x_title)}</text>"
        f'<text class="axis" transform="translate(12,{_TOP + down / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_title)}</text>'
    )
    if diagonal:
        parts.append(f'<path class="diagonal" d="M{place(0, 0)} L{place(1, 1)}"/>')
    for number, line in enumerate(lines):
        kept = np.unique(np.linspace(0, len(line.x) - 1, min(len(line.x), _POINTS)).astype(int))
        points = [place(float(line.x[k]), float(line.y[k])) for k in kept]
        colour = f"line-{number % 6}"
        parts.append(
            f'<g class="{colour}"><title>{escape(line.name)}</title>'
            f'<polyline points="{" ".join(points)}"/>'
        )
        if line.sizes is not None:
            radius = 2 + 6 * np.sqrt(line.sizes / max(float(line.sizes.max()), 1e-12))
            for k, point in zip(kept, points, strict=True):
                x, y = point.split(",")
                said = f"{line.name}: {line.x[k]:.3f}, {line.y[k]:.3f}, {line.sizes[k]:.0f} rows"
                parts.append(
                    f'<circle cx="{x}" cy="{y}" r="{radius[k]:.1f}"><title>{escape(said)}</title>'
                    "</circle>"
                )
        parts.append("</g>")
    return "".join([*parts, "</svg>"])


def _round_up(value: float) -> float:
    """The next of 0.1, 0.2, 0.4, 0.6, 0.8, 1."""
    return next((end for end in (0.1, 0.2, 0.4, 0.6, 0.8) if value <= end), 1.0)
