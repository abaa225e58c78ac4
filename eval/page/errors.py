"""The error page: studies with their scores, and both texts side by side.

A page holds at most a chosen number of studies (the worst by one metric, and as many drawn at
random), so that it opens however large the corpus is; its histograms are of all studies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.batch.marks import STATUSES, Marker
from eval.batch.output import as_json
from eval.batch.pairs import Pair
from eval.batch.scoring import Score
from eval.page.difference import words_apart
from eval.page.files import read, template
from eval.page.thumbnail import thumbnail
from eval.statistics import Floats
from radixgpt import __version__
from radixgpt.errors import SettingsError

if TYPE_CHECKING:
    from jinja2 import Template

EACH = 150
"""Studies of either sort, the worst and the random ones."""
TEXT = 12_000
"""Characters of a text that are shown."""
REFERENCES = 5
"""References of a study that are shown."""
PICTURES = 6_000_000
"""Characters of all pictures together."""
BINS = 24
_PREFERRED = ("finding_f1", "rouge_l", "bleu_4")


@dataclass(frozen=True)
class Choice:
    """The studies that a page holds.

    Attributes:
        by: the metric whose worst studies were taken.
        rows: their numbers, ascending.
        worst: those of ``rows`` that are among the worst.
        total: studies of the corpus.
    """

    by: str
    rows: list[int]
    worst: frozenset[int]
    total: int


def choose(
    values: dict[str, Floats],
    scores: Sequence[Score],
    *,
    by: str = "",
    each: int = EACH,
    seed: int = 0,
) -> Choice:
    """Choose the studies of a page; all, where there are not more than twice ``each``.

    Args:
        values: each metric's scores of all n studies, (n,).
        scores: of the corpus.
        by: the metric, as :func:`metric_of` takes it.
        each: how many of the worst, and how many random ones.
        seed: of the drawing.

    Raises:
        SettingsError: there is no such metric.
    """
    metric = metric_of(by, [score.metric for score in scores])
    better = next(score.better for score in scores if score.metric == metric)
    goodness = values[metric] if better == "larger" else -values[metric]
    n = len(goodness)
    order = np.argsort(goodness, kind="stable")  # what can't be computed comes last
    worst = order[:each]
    rest = order[each:]
    if len(rest) > each:
        rest = np.random.default_rng(seed).choice(rest, each, replace=False)
    rows = sorted({*worst.tolist(), *rest.tolist()})
    return Choice(metric, rows, frozenset(worst.tolist()), n)


def metric_of(by: str, known: Sequence[str]) -> str:
    """The metric to find the worst studies by; if none is named, a preferred one.

    Raises:
        SettingsError: there is no such metric.
    """
    if by and by not in known:
        raise SettingsError(
            f"There is no metric {by} to find the worst studies by.", f"Known: {', '.join(known)}."
        )
    return by or next((name for name in _PREFERRED if name in known), known[0])


def render(
    pairs: Iterable[Pair],
    values: dict[str, Floats],
    scores: Sequence[Score],
    choice: Choice,
    *,
    title: str,
    notes: Sequence[str] = (),
    markers: Sequence[Marker] = (),
) -> str:
    """Write the page.

    Args:
        pairs: the corpus, in the order of the values; only the chosen ones are kept.
        values: each metric's scores of all n studies, (n,).
        scores: of the corpus.
        choice: the studies to show, from :func:`choose`.
        title: what was scored.
        notes: what was left out, and the like.
        markers: what became of each finding of a pair.
    """
    from markupsafe import Markup

    wanted = set(choice.rows)
    kept = ((row, pair) for row, pair in enumerate(pairs) if row in wanted)
    names = [score.metric for score in scores]
    room = _Room()
    studies = [
        {
            "id": pair.id,
            "group": pair.group,
            "scores": [_number(values[name][row]) for name in names],
            "worst": row in choice.worst,
            "marks": [asdict(mark) for marker in markers for mark in marker(pair)],
            **_texts(pair),
            **room.picture(pair),
        }
        for row, pair in kept
    ]
    data: dict[str, Any] = {
        "metrics": [{**asdict(s), **_histogram(values[s.metric])} for s in scores],
        "by": choice.by,
        "studies": studies,
        "statuses": list(STATUSES),
    }
    return _template().render(
        title=title,
        version=__version__,
        total=choice.total,
        shown=len(studies),
        worst=len(choice.worst),
        by=choice.by,
        notes=list(notes),
        metrics=scores,
        marked=bool(markers),
        style=Markup(read("style.css") + read("errors.css")),  # noqa: S704 - our own files
        script=Markup(read("errors.js")),  # noqa: S704 - our own file
        data=Markup(embedded(data)),  # noqa: S704 - escaped there
    )


def embedded(value: object) -> str:
    """A value as JSON that can't end the script element it stands in."""
    text = as_json(value, indent=None)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode("utf-8", "replace").decode("utf-8")


def _number(value: float) -> float | None:
    return round(float(value), 5) if isfinite(value) else None


def _texts(pair: Pair) -> dict[str, Any]:
    """Each reference with the candidate, cut into segments."""
    cut = sum(len(text) > TEXT for text in (pair.candidate, *pair.references))
    said = []
    if cut:
        said.append(f"{cut} of its texts are cut at {TEXT:,} characters")
    if len(pair.references) > REFERENCES:
        said.append(f"{REFERENCES} of its {len(pair.references)} references are shown")
    versions = []
    for text in pair.references[:REFERENCES]:
        reference, candidate = words_apart(text[:TEXT], pair.candidate[:TEXT])
        versions.append({"reference": reference, "candidate": candidate})
    return {"versions": versions, "said": said}


class _Room:
    """What is left for pictures."""

    def __init__(self) -> None:
        self._left = PICTURES

    def picture(self, pair: Pair) -> dict[str, str]:
        """The picture, or why there is none."""
        if pair.image is None:
            return {}
        if self._left <= 0:
            return {"no_image": "left out, as the page would be too large"}
        try:
            image = thumbnail(pair.image)
        except ValueError as error:
            return {"no_image": str(error)}
        self._left -= len(image)
        return {"image": image}


def _histogram(values: Floats) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    if not len(known):
        return {"edges": [0.0, 1.0], "counts": []}
    low, high = float(known.min()), float(known.max())
    counts, edges = np.histogram(known, BINS, (low, high if high > low else low + 1e-9))
    return {"edges": [float(edges[0]), float(edges[-1])], "counts": counts.tolist()}


@cache
def _template() -> Template:
    return template("errors.html.j2")
