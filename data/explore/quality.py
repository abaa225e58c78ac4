"""Image quality and intensity: contrast, noise, sharpness, grey values, resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.explore.acquisition import kinds_of_image
from data.explore.chart import boxes, figure, lines, scatter
from data.explore.columns import joined, tally
from data.explore.pixels import BINS, MEASURES, Look, Looks
from data.explore.section import Gallery, Part, Picture, Section, Statistics, absent
from data.explore.tables import Tables
from data.explore.wording import count, listing, number, percent

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Image quality and intensity"
OUTLYING = 3.5
"""Modified z-score from which a value stands out (Iglewicz and Hoaglin 1993)."""
_TITLES = {
    "brightness": "mean grey of the foreground, 0 to 1",
    "contrast": "contrast: standard deviation of the foreground's grey",
    "noise": "noise over mean grey",
    "sharpness": "sharpness: Laplacian's variance over the grey's",
    "background": "share of background",
    "clipped": "share of pixels at white",
}
_JUDGED = ("brightness", "contrast", "noise", "sharpness")
_LOGARITHMIC = ("noise", "sharpness")
_MOST_GROUPS = 9
_MOST_SHOWN = 18
_MOST_SIZES = 2000
_FEWEST = 10
"""So many images make a group in which one can stand out."""
_LEAST_SPREAD = 0.02


def quality(tables: Tables, looks: Looks) -> Section:
    """Summarise what was measured of the images, and show those that stand out."""
    images = tables.images
    if images.empty:
        return absent("quality", TITLE, "The cases hold no image, so no quality was measured.")
    absences = {"missing": len(looks.missing), "unreadable": len(looks.unreadable)}
    if not looks.seen:
        return absent(
            "quality",
            TITLE,
            f"None of the {count(len(images), 'image')} could be opened: "
            f"{absences['missing']:,} missing, {absences['unreadable']:,} unreadable. Gather the "
            "sources again, or give the folder of the workspace with -w.",
            images=len(images),
            **absences,
        )
    table = _table(tables, looks)
    outliers = _outliers(table)
    groups = _groups(table)
    statistics: Statistics = {
        "images": len(images),
        "measured": len(table),
        **absences,
        "missing_by_source": _by_source(tables, looks.missing),
        "blank": [_name(tables, row) for row in table.index[table["blank"]]],
        "groups": {
            name: {
                "images": len(rows),
                **{m: _five(rows[m]) for m in MEASURES if rows[m].notna().any()},
            }
            for name, rows in groups.items()
        },
        "outliers": [
            {"image": _name(tables, row), "measure": measure, "z": round(z, 2)}
            for row, measure, z in outliers
        ],
        "sizes": {
            "different": int(table.groupby(["rows", "columns"]).ngroups),
            "rows": [int(table["rows"].min()), int(table["rows"].max())],
            "columns": [int(table["columns"].min()), int(table["columns"].max())],
        },
        "with_spacing": int(images["spacing"].notna().sum()),
    }
    return Section(
        "quality",
        TITLE,
        _sentence(statistics),
        statistics,
        parts=tuple(_parts(tables, looks, table, groups, outliers)),
        alerts=tuple(_alerts(statistics)),
        notes=(
            "Measured on the middle slice at full resolution, on pixels brighter than 4% of "
            "white. Noise: median response to Immerkaer's mask; sharpness: variance of the "
            "Laplacian; both compare images of one kind, not kinds with one another. An image "
            f"stands out by a modified z-score above {OUTLYING} within its source and kind.",
            *(
                (f"A sample of {len(table):,} of {len(images):,} images, by source.",)
                if len(table) + len(looks.unreadable) + len(looks.missing) < len(images)
                else ()
            ),
        ),
    )


def _name(tables: Tables, row: int) -> str:
    """An image as the page names it: its case, and its place within it where there are several."""
    case = int(tables.images["case"].iloc[row])
    siblings = tables.images.index[tables.images["case"] == case]
    name = str(tables.cases["id"].iloc[case])
    return name if len(siblings) == 1 else f"{name} image {list(siblings).index(row) + 1}"


def _table(tables: Tables, looks: Looks) -> pd.DataFrame:
    """A row an image that was opened: its measures, size and group."""
    import pandas as pd

    def row(look: Look) -> dict[str, object]:
        size = {"rows": look.rows, "columns": look.columns, "blank": look.blank}
        return {**look.measures, **size}

    table = pd.DataFrame([row(look) for look in looks.seen.values()], index=list(looks.seen))
    chosen = tables.images.loc[table.index]
    table["source"] = chosen["case"].map(tables.cases["source"])
    table["group"] = table["source"] + ": " + kinds_of_image(chosen)
    return table


def _groups(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The largest groups; those of fewer than ten images are left out where others are larger."""
    sizes = table["group"].value_counts()
    large = [name for name in sizes.index if sizes[name] >= _FEWEST] or list(sizes.index)
    names = sorted(large, key=lambda name: (-sizes[name], name))[:_MOST_GROUPS]
    return {name: table[table["group"] == name] for name in sorted(names)}


def _five(values: pd.Series[float]) -> list[float]:
    """5th, 25th, 50th, 75th and 95th percentile."""
    known = values.dropna().to_numpy()
    return [round(float(v), 5) for v in np.percentile(known, (5, 25, 50, 75, 95))]


def _outliers(table: pd.DataFrame) -> list[tuple[int, str, float]]:
    """Row, measure and modified z of the images that stand out, each by its largest z."""
    worst: dict[int, tuple[str, float]] = {}
    for _, rows in table.groupby("group"):
        if len(rows) < _FEWEST:
            continue
        for measure in _JUDGED:
            values = rows[measure].dropna()
            if measure in _LOGARITHMIC:
                values = np.log(values[values > 0])
            middle = values.median()
            spread = (values - middle).abs().median()
            # Where all but a few are equal, any difference would stand out.
            spread = max(spread, _LEAST_SPREAD * abs(middle), 1e-9)
            for row, z in (0.6745 * (values - middle) / spread).items():
                if abs(z) > OUTLYING and abs(z) > abs(worst.get(int(str(row)), ("", 0.0))[1]):
                    worst[int(str(row))] = (measure, float(z))
    ordered = sorted(worst.items(), key=lambda item: (-abs(item[1][1]), item[0]))
    return [(row, measure, z) for row, (measure, z) in ordered]


def _by_source(tables: Tables, rows: tuple[int, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        source = str(tables.cases["source"].iloc[int(tables.images["case"].iloc[row])])
        found[source] = found.get(source, 0) + 1
    return dict(sorted(found.items()))


def _sentence(s: Statistics) -> str:
    medians = {name: group["noise"][2] for name, group in s["groups"].items() if "noise" in group}
    said = f"{count(s['measured'], 'image')} measured"
    if medians:
        noisiest = max(medians, key=lambda name: medians[name])
        said += f"; noise is highest in {noisiest} ({number(100 * medians[noisiest], 2)}% of grey)"
        if len(medians) > 1:
            calmest = min(medians, key=lambda name: medians[name])
            said += f" and lowest in {calmest} ({number(100 * medians[calmest], 2)}%)"
    stand = len(s["outliers"])
    said += f"; {stand:,} stand{'s' if stand == 1 else ''} out within the kind"
    rows, columns = s["sizes"]["rows"], s["sizes"]["columns"]
    if s["sizes"]["different"] == 1:
        return f"{said}, and all are {rows[0]} by {columns[0]} pixels."
    return (
        f"{said}, and sizes differ ({s['sizes']['different']:,} of them, {rows[0]} to {rows[1]} "
        f"rows, {columns[0]} to {columns[1]} columns)."
    )


def _parts(
    tables: Tables,
    looks: Looks,
    table: pd.DataFrame,
    groups: dict[str, pd.DataFrame],
    outliers: list[tuple[int, str, float]],
) -> list[Part]:
    views = []
    for measure in MEASURES:
        summaries = {
            name: _five(rows[measure])
            for name, rows in groups.items()
            if rows[measure].notna().any()
        }
        logarithmic = measure in _LOGARITHMIC and all(five[0] > 0 for five in summaries.values())
        if summaries:
            views.append((measure, boxes(summaries, x=_TITLES[measure], logarithmic=logarithmic)))
    middles = (np.arange(BINS) + 0.5) / BINS
    curves = {
        name: np.mean([looks.seen[int(row)].histogram for row in rows.index], axis=0) * 100
        for name, rows in groups.items()
    }
    parts: list[Part] = [
        figure(
            "quality-measures",
            "Measures by source and kind",
            *views,
            note="Box: middle half; line: median; whiskers: 5th to 95th percentile.",
            height=max(280, 110 + 36 * len(groups)),
            wide=True,
        ),
        figure(
            "quality-grey",
            "Grey values",
            (
                "",
                lines(
                    middles.tolist(),
                    {name: curve.tolist() for name, curve in curves.items()},
                    x_title="grey, 0 black to 1 white",
                    y_title="% of foreground",
                ),
            ),
            note="Mean histogram of the foreground of each group.",
            height=400,
        ),
        figure("quality-sizes", "Resolution", ("", _sizes(table)), height=400),
    ]
    if outliers:
        pictures = tuple(
            Picture(looks.seen[row].thumbnail, f"{_name(tables, row)}: {measure}, z {z:+.1f}")
            for row, measure, z in outliers[:_MOST_SHOWN]
        )
        parts.append(
            Gallery(
                "Images that stand out",
                pictures,
                f"The {len(pictures):,} of {len(outliers):,} that differ most from their group."
                if len(outliers) > len(pictures)
                else "",
            )
        )
    return parts


def _sizes(table: pd.DataFrame) -> dict[str, object]:
    points: dict[str, list[tuple[float, float, str]]] = {}
    widths: dict[str, list[float]] = {}
    table = table.assign(source=joined(table["source"], _MOST_GROUPS))
    for (source, columns, rows), n in tally(table, "source", "columns", "rows")[:_MOST_SIZES]:
        hover = f"{columns} by {rows} pixels: {count(n, 'image')}"
        points.setdefault(str(source), []).append((float(columns), float(rows), hover))
        widths.setdefault(str(source), []).append(min(30.0, 5 + 2.5 * n**0.5))
    return scatter(
        {name: points[name] for name in sorted(points)},
        x="columns",
        y="rows",
        sizes={name: widths[name] for name in sorted(widths)},
    )


def _alerts(s: Statistics) -> list[str]:
    alerts = []
    if s["missing"]:
        where = listing([f"{n:,} of {source}" for source, n in s["missing_by_source"].items()])
        alerts.append(f"{count(s['missing'], 'image file')} missing: {where}.")
    if s["unreadable"]:
        alerts.append(f"{count(s['unreadable'], 'image file')} can't be read as images.")
    if s["blank"]:
        alerts.append(f"{count(len(s['blank']), 'blank image')}: {listing(s['blank'])}.")
    known = s["with_spacing"]
    if known < s["images"]:
        alerts.append(
            f"{percent(s['images'] - known, s['images'])} of the images have no trusted pixel "
            "spacing: measure ratios in them, not millimetres."
        )
    return alerts
