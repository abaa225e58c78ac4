"""The exploration as one HTML page that needs nothing else: no network, no server, no file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.explore.section import Figure, Gallery, Part, Section, Table
from data.explore.wording import count, number

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = Path(__file__).parent
_MAP = "map-points"


def to_html(sections: Sequence[Section], facts: dict[str, Any]) -> str:
    """Write the page.

    Args:
        sections: in their order; their text is escaped throughout.
        facts: ``title``, ``version``, ``sha256`` of the cases and ``seed``; ``command`` that
            writes the page, and ``numbers``, the file beside it with the numbers behind it.
    """
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    figures: dict[str, Any] = {}
    for section in sections:
        for part in section.parts:
            if isinstance(part, Figure):
                views = [{"label": v.label, "spec": v.spec} for v in part.views]
                figures[part.key] = {"height": part.height, "views": views}
        if section.map is not None:
            figures[_MAP] = section.map
    return _template().render(
        sections=sections,
        facts={"command": "", "numbers": "", **facts},
        arranged={section.key: _arranged(section) for section in sections},
        tiles=_tiles(sections),
        alerts=[(s.key, s.title, alert) for s in sections for alert in s.alerts],
        style=Markup(_read("page.css")),  # noqa: S704 - our own file
        script=Markup(_inside(_read("page.js"))),  # noqa: S704 - our own file
        plotly=Markup(_inside(get_plotlyjs())),  # noqa: S704 - the package's own file
        figures=Markup(_json(figures)),  # noqa: S704 - escaped below
        kind=_kind,
        cell=_cell,
    )


def _arranged(section: Section) -> list[tuple[Part, bool]]:
    """The parts, and whether each takes the whole width: those without a neighbour do, too."""
    arranged: list[tuple[Part, bool]] = []
    waiting = False
    for part in section.parts:
        if isinstance(part, Figure) and not part.wide:
            arranged.append((part, False))
            waiting = not waiting
            continue
        if waiting:
            arranged[-1] = (arranged[-1][0], True)
        arranged.append((part, True))
        waiting = False
    if waiting:
        arranged[-1] = (arranged[-1][0], True)
    return arranged


def _kind(part: object) -> str:
    return type(part).__name__.lower() if isinstance(part, Figure | Table | Gallery) else ""


def _cell(value: object) -> str:
    """A cell that is no picture, as text."""
    if value is None or value == "":
        return "–"
    return number(value) if isinstance(value, int | float) else str(value)


def _tiles(sections: Sequence[Section]) -> list[tuple[str, str]]:
    """The numbers at the top: count and noun."""
    cohort = next((s.statistics for s in sections if s.key == "cohort"), None)
    if cohort is None:
        return []
    counted = (
        (cohort["cases"], "case"),
        (cohort["patients"], "patient"),
        (len(cohort["sources"]), "source"),
        (cohort["images"], "image"),
        (cohort["reports"], "text"),
        (cohort["graded_findings"], "graded finding"),
        (cohort["stated_findings"], "stated finding"),
    )
    tiles = []
    for n, noun in counted:
        figure, words = count(n, noun).split(" ", 1)
        tiles.append((figure, words))
    return tiles


def _json(value: object) -> str:
    """JSON that can stand within a script element of a page."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _inside(script: str) -> str:
    """A script that can't end its own element."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")
