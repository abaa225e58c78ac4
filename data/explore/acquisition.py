"""How the images were made: modality, plane, sequence, scanner, field strength, timing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.explore.chart import UNKNOWN, bars, figure, heat, scatter, top
from data.explore.columns import counts, cross, labels, numbers, shown_sources, tally
from data.explore.section import Figure, Part, Section, Statistics, absent
from data.explore.tables import Tables
from data.explore.wording import count, percent

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Sequences and scanners"
MOST_POINTS = 3000
"""So many echo and repetition times are drawn; of more, the most frequent pairs."""
_TIMES = ("echo_time_ms", "repetition_time_ms")
_MOST = 12
_INITIALS = 3
_SEQUENCES = {"t1": "T1", "t2": "T2", "t2_space": "T2 SPACE", "stir": "STIR", "pd": "PD"}


def acquisition(tables: Tables) -> Section:
    """Count what the images are and what made them."""
    images = tables.images
    if images.empty:
        return absent("acquisition", TITLE, "The cases hold no image, so there is no scanner.")
    told = images.assign(
        what=kinds_of_image(images),
        maker=makers(images),
        field=_fields(images),
        source=images["case"].map(tables.cases["source"]),
        plane_label=labels(images, "plane"),
    )
    statistics: Statistics = {
        "images": len(images),
        "modality": counts(labels(images, "modality")),
        "plane": counts(labels(images, "plane")),
        "sequence": counts(labels(images, "sequence")),
        "region": counts(labels(images, "region")),
        "view": counts(labels(images, "view")),
        "what": counts(told["what"]),
        "manufacturer": counts(told["maker"]),
        "manufacturer_as_told": counts(labels(images, "manufacturer")),
        "field_strength_t": counts(told["field"]),
        **{name: _times(images, name) for name in _TIMES},
    }
    return Section(
        "acquisition",
        TITLE,
        _sentence(statistics),
        statistics,
        parts=tuple(_parts(told, statistics)),
        alerts=tuple(_alerts(told)),
        notes=("Facts of the scanner are as the source tells them; none was read from pixels.",),
    )


def kinds_of_image(images: pd.DataFrame) -> pd.Series[str]:
    """Modality, and of MR its sequence, of a radiograph its view."""
    modality = labels(images, "modality")
    sequence = labels(images, "sequence").map(lambda name: _SEQUENCES.get(name, name))
    detail = sequence.where(sequence != UNKNOWN, labels(images, "view"))
    joined = modality + " " + detail.where(detail != UNKNOWN, "")
    return joined.str.strip()


def makers(images: pd.DataFrame) -> pd.Series[str]:
    """Manufacturers by their first word, which is spelled in one way.

    ``SIEMENS``, ``Siemens Healthineers`` and ``Siemens`` are one maker.
    """
    told = labels(images, "manufacturer").map(lambda name: name.split()[0].strip(",.").casefold())
    names = told.map(lambda name: name.upper() if len(name) <= _INITIALS else name.capitalize())
    return names.where(told != UNKNOWN, UNKNOWN)


def _fields(images: pd.DataFrame) -> pd.Series[str]:
    strength = numbers(images, "field_strength_t").round(1)
    return strength.map(lambda t: f"{t:g} T" if t == t else UNKNOWN).astype(object)


def _times(images: pd.DataFrame, name: str) -> dict[str, float | int | None]:
    known = numbers(images, name).dropna()
    if known.empty:
        return {"known": 0, "median": None, "least": None, "most": None}
    return {
        "known": len(known),
        "median": float(known.median()),
        "least": float(known.min()),
        "most": float(known.max()),
    }


def _sentence(s: Statistics) -> str:
    kind, most = next(iter(s["what"].items()))
    begin = f"{kind} makes {percent(most, s['images'])} of the {count(s['images'], 'image')}"
    makers = {name: n for name, n in s["manufacturer"].items() if name != UNKNOWN}
    if not makers:
        scanner = "no scanner is named"
    else:
        maker, n = next(iter(makers.items()))
        known = sum(makers.values())
        scanner = (
            f"of the {known:,} whose scanner is named, {percent(n, known)} come from {maker}"
            if known < s["images"]
            else f"{percent(n, known)} come from {maker}"
        )
    strengths = {name: n for name, n in s["field_strength_t"].items() if name != UNKNOWN}
    if not strengths:
        return f"{begin}; {scanner}, and no field strength is known."
    strength, n = next(iter(strengths.items()))
    known = sum(strengths.values())
    return f"{begin}; {scanner}, and {percent(n, known)} of {known:,} were made at {strength}."


def _stack(told: pd.DataFrame, rows: str, columns: str) -> tuple[list[str], dict[str, list[int]]]:
    """Labels and series of stacked bars: ``rows`` along the axis, ``columns`` in the stack."""
    shown = list(top(counts(told[rows]), _MOST))
    kept = told.assign(shown=told[rows].where(told[rows].isin(shown), "other"))
    few = top(counts(told[columns]), 7)
    kept["stack"] = kept[columns].where(kept[columns].isin(few), "other")
    found = cross(kept, "shown", "stack")
    return shown, {name: [by.get(label, 0) for label in shown] for name, by in found.items()}


def _parts(told: pd.DataFrame, s: Statistics) -> list[Part]:
    what, planes = _stack(told, "what", "plane_label")
    parts: list[Part] = [
        figure(
            "acquisition-what",
            "Images by kind and plane",
            ("", bars(what, planes, lying=True, x="images")),
            height=max(220, 100 + 30 * len(what)),
        )
    ]
    known = told[told["maker"] != UNKNOWN]
    if not known.empty:
        makers, fields = _stack(known, "maker", "field")
        parts.append(
            figure(
                "acquisition-maker",
                "Manufacturer and field strength",
                ("", bars(makers, fields, lying=True, x="images")),
                note=f"{count(len(told) - len(known), 'image')} of unknown make left out"
                if len(known) < len(told)
                else "",
                height=max(220, 100 + 30 * len(makers)),
            )
        )
    timing = _timing(told)
    if timing is not None:
        parts.append(timing)
    parts.append(_by_source(told))
    return parts


def _timing(told: pd.DataFrame) -> Figure | None:
    """Echo against repetition time; equal pairs are one point with their number."""
    pairs = told.assign(te=numbers(told, _TIMES[0]), tr=numbers(told, _TIMES[1]))
    pairs = pairs[(pairs["te"] > 0) & (pairs["tr"] > 0)]
    if pairs.empty:
        return None
    grouped = pairs.assign(te=pairs["te"].round(1), tr=pairs["tr"].round(0))
    points: dict[str, list[tuple[float, float, str]]] = {}
    widths: dict[str, list[float]] = {}
    for (kind, te, tr), n in tally(grouped, "what", "te", "tr")[:MOST_POINTS]:
        hover = f"TE {te:g} ms, TR {tr:g} ms: {count(n, 'image')}"
        points.setdefault(str(kind), []).append((float(te), float(tr), hover))
        widths.setdefault(str(kind), []).append(min(28.0, 5 + 3 * n**0.5))
    order = sorted(points)
    drawn = scatter(
        {name: points[name] for name in order},
        x="echo time, ms",
        y="repetition time, ms",
        logarithmic=True,
        sizes={name: widths[name] for name in order},
    )
    return figure(
        "acquisition-timing",
        "Echo and repetition time",
        ("", drawn),
        note="Equal settings are one point, larger where more images share them; axes logarithmic.",
    )


def _by_source(told: pd.DataFrame) -> Figure:
    """Images of each kind in each source."""
    kinds = list(top(counts(told["what"]), _MOST))
    sources, more = shown_sources(told)
    kept = told.assign(shown=told["what"].where(told["what"].isin(kinds), "other"))
    found = cross(kept, "source", "shown")
    table = [[found.get(kind, {}).get(source, 0) for kind in kinds] for source in sources]
    most = max(max(row) for row in table)
    spec = heat(
        kinds,
        sources,
        [[n or None for n in row] for row in table],
        shown=[[f"{n:,}" if n else "" for n in row] for row in table],
        hover=[
            [f"{source}\n{kind}: {count(n, 'image')}" for kind, n in zip(kinds, row, strict=True)]
            for source, row in zip(sources, table, strict=True)
        ],
        low=0,
        high=most,
        bar="images",
    )
    return figure(
        "acquisition-sources",
        "Kinds of image by source",
        ("", spec),
        note=more,
        height=max(240, 150 + 32 * len(sources)),
        wide=len(kinds) > 6,
    )


def _alerts(told: pd.DataFrame) -> list[str]:
    """Kinds of image that only one of several sources has: a model can tell the source by them."""
    sources = cross(told[told["what"] != UNKNOWN], "source", "what")
    if told["source"].nunique() < 2 or any(len(of) > 1 for of in sources.values()):
        return []
    return [
        "No kind of image comes from more than one source: what a model finds by kind it may "
        "have found by source. "
        f"({count(len(sources), 'kind')}, {count(int(told['source'].nunique()), 'source')})"
    ]
