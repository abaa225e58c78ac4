"""The leaderboard as a page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from eval.compare import ALPHA, Board, Compared
from eval.page.files import read, template
from radixgpt import __version__

if TYPE_CHECKING:
    from jinja2 import Template


def render(compared: Compared) -> str:
    """Write the page."""
    from markupsafe import Markup

    order = [place.system for place in compared.boards[0].places] if compared.boards else []
    return _template().render(
        boards=compared.boards,
        systems=order,
        by_system=[{place.system: place for place in board.places} for board in compared.boards],
        notes=compared.notes,
        alpha=ALPHA,
        along=_along,
        number=_number,
        version=__version__,
        style=Markup(read("style.css") + read("figures.css") + read("leaderboard.css")),  # noqa: S704
    )


def _along(board: Board, value: float) -> str:
    """Where a value stands between the ends of all intervals of a board, in percent."""
    low = min(place.low for place in board.places)
    high = max(place.high for place in board.places)
    return f"{100 * (value - low) / (high - low):.2f}" if high > low else "50"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"


@cache
def _template() -> Template:
    return template("leaderboard.html.j2")
