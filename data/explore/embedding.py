"""The embedding map: images that look alike lie together, coloured by whatever is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.explore.chart import UNKNOWN, bars, figure
from data.explore.facets import Facet, facets
from data.explore.pixels import Looks, sampled
from data.explore.section import Figure, Section, Statistics, absent
from data.explore.tables import Say, Tables
from data.explore.threads import one_thread
from data.explore.wording import count, percent

Matrix = npt.NDArray[np.float32]

TITLE = "Embedding map"
MOST_POINTS = 2000
"""So many images are drawn; of more, a sample by source."""
NEIGHBOURS = 10
FALLBACK = "thumbnail pixels"
_COMPONENTS = 40
_PERPLEXITY = 30.0
_STEPS = 600
_FEWEST = 5
_FEWEST_JUDGED = 40


@dataclass(frozen=True, eq=False)
class Embedding:
    """Vectors of images.

    Attributes:
        name: what made them, for the page.
        vectors: by the path of the image in the cases.
    """

    name: str
    vectors: dict[str, Matrix]


def embedding_map(
    tables: Tables, looks: Looks, embedding: Embedding | None, say: Say, *, seed: int
) -> Section:
    """Project the images to a plane, and measure what neighbours share.

    Args:
        tables: the cases.
        looks: the images as opened; only these are drawn.
        embedding: vectors of the images; without one, the pixels of thumbnails stand in.
        say: told how far it is.
        seed: of the sample and the projection.
    """
    if not looks.seen:
        why = "hold no image" if tables.images.empty else "have no image that could be opened"
        return absent("map", TITLE, f"The cases {why}, so there is nothing to map.")
    candidates = [row for row in looks.seen if not looks.seen[row].blank]
    paths = tables.images["path"]
    if embedding is not None:
        candidates = [row for row in candidates if paths[row] in embedding.vectors]
    if len(candidates) < _FEWEST:
        return absent(
            "map",
            TITLE,
            f"A map needs {_FEWEST} images that could be opened and embedded; there "
            f"{'is' if len(candidates) == 1 else 'are'} {len(candidates)}.",
        )
    sources = tables.cases["source"].iloc[tables.images["case"].iloc[candidates]]
    rows = [candidates[i] for i in sampled([str(s) for s in sources], MOST_POINTS, seed)]
    say("Mapping images", 0, 2)
    vectors = _vectors(tables, looks, embedding, rows)
    say("Mapping images", 1, 2)
    places = _plane(vectors, seed)
    patients = tables.cases["patient"].iloc[tables.images["case"].iloc[rows]].to_numpy()
    columns = facets(tables, looks, rows)
    shared = _shared(vectors, patients, columns)
    say("Mapping images", 2, 2)
    name = embedding.name if embedding is not None else FALLBACK
    statistics: Statistics = {
        "images": len(rows),
        "left_out": len(tables.images) - len(rows),
        "embedding": name,
        "neighbours": NEIGHBOURS,
        "shared_by_neighbours": shared,
    }
    return Section(
        "map",
        TITLE,
        _sentence(statistics, columns),
        statistics,
        parts=tuple(_parts(shared, columns)),
        alerts=tuple(_alerts(shared, columns)),
        notes=tuple(_notes(statistics, embedding)),
        map=_drawn(tables, looks, rows, places, columns),
    )


def _vectors(
    tables: Tables, looks: Looks, embedding: Embedding | None, rows: Sequence[int]
) -> Matrix:
    """Principal components of the images' vectors, shape (images, components)."""
    from sklearn.decomposition import PCA

    if embedding is None:
        raw = np.stack([looks.seen[row].tiny.ravel() for row in rows])
        raw = raw - raw.mean(axis=1, keepdims=True)
    else:
        paths = tables.images["path"]
        raw = np.stack([np.asarray(embedding.vectors[paths[row]], np.float32) for row in rows])
    length = np.linalg.norm(raw, axis=1, keepdims=True)
    scaled = raw / np.maximum(length, 1e-9)
    if np.ptp(scaled, axis=0).max() == 0:  # equal images have no components
        return np.zeros((len(scaled), 1), np.float32)
    components = min(_COMPONENTS, *scaled.shape)
    reduced: Matrix = PCA(components, random_state=0).fit_transform(scaled).astype(np.float32)
    return reduced


def _plane(vectors: Matrix, seed: int) -> Matrix:
    """Places in the plane, shape (images, 2), by t-SNE (van der Maaten and Hinton 2008)."""
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    if not vectors.any():  # equal images have no neighbourhoods to keep
        return np.zeros((len(vectors), 2), np.float32)
    tsne = TSNE(2, perplexity=perplexity, init="pca", max_iter=_STEPS, random_state=seed)
    if vectors.shape[1] < 2:
        vectors = np.column_stack([vectors, np.zeros(len(vectors), np.float32)])
    with one_thread():
        places: Matrix = tsne.fit_transform(vectors)
    return places


def _shared(
    vectors: Matrix, patients: npt.NDArray[Any], columns: Sequence[Facet]
) -> dict[str, dict[str, float | int]]:
    """How often the nearest images of other patients have the same label, and how often by chance.

    ``above_chance`` is 0 where neighbours agree as often as images drawn at random and 1 where
    they always agree.
    """
    square = (vectors**2).sum(axis=1)
    distance = square[:, None] + square[None] - 2 * vectors @ vectors.T
    _, person = np.unique(patients, return_inverse=True)
    distance[person[:, None] == person[None]] = np.inf
    nearest = np.argsort(distance, axis=1)
    apart = np.isfinite(np.take_along_axis(distance, nearest, axis=1))
    found: dict[str, dict[str, float | int]] = {}
    for column in columns:
        labels = np.array(column.groups())
        known = labels != UNKNOWN
        if known.sum() < _FEWEST_JUDGED:
            continue
        usable = known[nearest] & apart
        counted = usable & (np.cumsum(usable, axis=1) <= NEIGHBOURS)
        judged = known & (counted.sum(axis=1) > 0)
        same = (labels[nearest] == labels[:, None]) & counted
        by_chance = (labels[nearest] == labels[:, None]) & usable
        agree = (same.sum(axis=1) / np.maximum(counted.sum(axis=1), 1))[judged].mean()
        chance = (by_chance.sum(axis=1) / np.maximum(usable.sum(axis=1), 1))[judged].mean()
        if chance < 1:
            found[column.title] = {
                "images": int(judged.sum()),
                "same": round(float(agree), 4),
                "chance": round(float(chance), 4),
                "above_chance": round(float((agree - chance) / (1 - chance)), 4),
            }
    return dict(sorted(found.items(), key=lambda item: -item[1]["above_chance"]))


def _sentence(s: Statistics, columns: Sequence[Facet]) -> str:
    shared = s["shared_by_neighbours"]
    if not shared:
        return f"{count(s['images'], 'image')}; too few is known of them to say what groups them."
    kinds = {column.title: column.kind for column in columns}
    findings = {name for name in shared if kinds[name] == "findings"}
    others = [name for name in shared if kinds[name] == "facts"]
    said = []
    if others:
        most = shared[others[0]]
        said.append(
            f"Neighbours on the map share {others[0]} most ({percent(most['same'], 1)} of the "
            f"{s['neighbours']} nearest images of other patients, {percent(most['chance'], 1)} by "
            "chance)"
        )
    named = [name for name in shared if name in findings]
    if named:
        best = shared[named[0]]
        title = named[0].removeprefix("finding: ")
        said.append(
            f"of the findings {title[:1].lower() + title[1:]} shows most "
            f"({percent(best['same'], 1)}, {percent(best['chance'], 1)} by chance)"
        )
    text = "; ".join(said)
    return text[:1].upper() + text[1:] + "."


def _parts(shared: dict[str, dict[str, float | int]], columns: Sequence[Facet]) -> list[Figure]:
    if not shared:
        return []
    shown = dict(list(shared.items())[:20])
    kinds = {column.title: column.kind for column in columns}
    spec = bars(
        list(shown),
        {
            kind: [
                100 * v["above_chance"] if kinds[name] == kind else 0.0 for name, v in shown.items()
            ]
            for kind in ("findings", "facts", "pixels")
            if any(kinds[name] == kind for name in shown)
        },
        lying=True,
        x="agreement of neighbours above chance, %",
    )
    for trace in spec["data"]:
        trace["marker"]["color"] = {"findings": "$1", "facts": "$0"}.get(trace["name"], "$soft")
        trace["customdata"] = [
            f"same in {100 * v['same']:.0f}% of neighbours, {100 * v['chance']:.0f}% by chance "
            f"({v['images']:,} images)"
            for v in shown.values()
        ]
        trace["hovertemplate"] = "%{y}<br>%{customdata}<extra></extra>"
    return [
        figure(
            "map-shared",
            "What the embedding sees",
            ("", spec),
            note=f"Of the {NEIGHBOURS} nearest images of other patients; numbers by their quarter.",
            height=max(260, 110 + 24 * len(shown)),
            wide=True,
        )
    ]


def _alerts(shared: dict[str, dict[str, float | int]], columns: Sequence[Facet]) -> list[str]:
    """Labels that can be told by the source or the scanner."""
    findings = [c.title for c in columns if c.kind == "findings" and c.title in shared]
    shortcuts = [
        name
        for name in ("source", "manufacturer", "field strength, T")
        if name in shared and shared[name]["above_chance"] > 0.5
    ]
    best = max((shared[name]["above_chance"] for name in findings), default=0.0)
    if not findings or not shortcuts or best >= shared[shortcuts[0]]["above_chance"]:
        return []
    return [
        f"The embedding tells {' and '.join(shortcuts)} better than any finding: check that a "
        "model trained on it does not learn the scanner."
    ]


def _notes(s: Statistics, embedding: Embedding | None) -> list[str]:
    notes = []
    if embedding is None:
        notes.append(
            "No weights for an image embedding were at hand: the map rests on the pixels of "
            "small thumbnails, which show brightness and framing and little else."
        )
    else:
        notes.append(f"Embedding: {embedding.name}.")
    notes.append(
        "Projected by t-SNE: near points look alike, but distances between far groups and the "
        "sizes of groups mean nothing."
    )
    if s["left_out"]:
        notes.append(
            f"{count(s['left_out'], 'image')} not on the map: missing, unreadable, blank, or "
            f"beyond the sample of {MOST_POINTS:,}."
        )
    return notes


def _drawn(
    tables: Tables, looks: Looks, rows: Sequence[int], places: Matrix, columns: Sequence[Facet]
) -> dict[str, Any]:
    """What the page's script draws the map from."""
    cases = tables.images["case"].iloc[list(rows)]
    return {
        "x": [round(float(v), 2) for v in places[:, 0]],
        "y": [round(float(v), 2) for v in places[:, 1]],
        "name": [str(tables.cases["id"].iloc[case]) for case in cases],
        "thumbnail": [looks.seen[row].thumbnail for row in rows],
        "columns": [_column(column) for column in columns],
    }


def _column(column: Facet) -> dict[str, Any]:
    if column.labels is not None:
        sizes: dict[str, int] = {}
        for label in column.labels:
            sizes[label] = sizes.get(label, 0) + 1
        last = ("other", UNKNOWN)
        names = sorted(sizes, key=lambda name: (name in last, name == UNKNOWN, -sizes[name], name))
        codes = {name: code for code, name in enumerate(names)}
        return {
            "title": column.title,
            "labels": names,
            "codes": [codes[label] for label in column.labels],
        }
    assert column.values is not None
    values = [None if v != v else float(f"{v:.4g}") for v in column.values]
    return {"title": column.title, "values": values}
