"""What is missing: of each field, in how many cases or images of each source it is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.explore.chart import UNKNOWN, figure, heat
from data.explore.columns import labels, shown_sources
from data.explore.pixels import Looks
from data.explore.section import Section, Statistics
from data.explore.tables import Tables
from data.explore.wording import count, listing, percent

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Missing data"
_COUNTED = {
    "images": "images",
    "graded findings": "graded",
    "stated findings": "stated",
    "concepts": "concepts",
}
_CONTENT = frozenset({"report", "mask", *_COUNTED})
"""What a source may well be without."""
_CASE_FIELDS = {"sex": "sex", "age": "age_years", "split": "split"}
_IMAGE_FIELDS = {
    "modality": "modality",
    "plane": "plane",
    "sequence": "sequence",
    "region": "region",
    "view": "view",
    "pixel spacing": "spacing",
    "mask": "mask",
    "manufacturer": "manufacturer",
    "field strength": "field_strength_t",
    "echo time": "echo_time_ms",
    "repetition time": "repetition_time_ms",
}
_OF_MR = ("sequence", "field strength", "echo time", "repetition time")
_OF_RADIOGRAPHS = ("view",)
_RADIOGRAPHS = ("DX", "CR")


def missing_data(tables: Tables, looks: Looks) -> Section:
    """Count what is not known, by source."""
    cases = _cases(tables)
    images = _images(tables, looks)
    sources, more = shown_sources(tables.cases)
    fields: dict[str, dict[str, dict[str, int]]] = {}
    for frame in (cases, images):
        for name in frame.columns.drop("source"):
            known = frame[["source", name]].dropna()
            grouped = known.groupby("source")[name].agg(["size", "sum"])
            fields[str(name)] = {
                str(source): {"of": int(row["size"]), "missing": int(row["sum"])}
                for source, row in grouped.iterrows()
            }
    statistics: Statistics = {"fields": {name: by for name, by in fields.items() if by}}
    table = [
        [statistics["fields"][name].get(source) for source in sources]
        for name in statistics["fields"]
    ]
    share = [[100 * c["missing"] / c["of"] if c else None for c in row] for row in table]
    names = list(statistics["fields"])
    spec = heat(
        sources,
        names,
        share,
        shown=[[f"{v:.0f}%" if v is not None else "" for v in row] for row in share],
        hover=[
            [
                f"{name}, {source}\nmissing in {c['missing']:,} of {c['of']:,}" if c else ""
                for source, c in zip(sources, row, strict=True)
            ]
            for name, row in zip(names, table, strict=True)
        ],
        low=0,
        high=100,
        bar="% missing",
    )
    return Section(
        "missing",
        TITLE,
        _sentence(statistics),
        statistics,
        parts=(
            figure(
                "missing-fields",
                "Share missing by field and source",
                ("", spec),
                note="Empty: the field does not apply to what the source holds. A radiograph has "
                f"no echo time, a text no plane. {more}".rstrip(),
                height=max(360, 140 + 24 * len(names)),
                wide=True,
            ),
        ),
        alerts=tuple(_alerts(statistics)),
        notes=_notes(tables),
    )


def _cases(tables: Tables) -> pd.DataFrame:
    """Whether a field is missing, a row a case."""
    cases = tables.cases
    told = cases[["source"]].copy()
    told["report"] = [not text for text in tables.texts]
    for name, column in _COUNTED.items():
        told[name] = cases[column] == 0
    for name, column in _CASE_FIELDS.items():
        told[name] = labels(cases, column) == UNKNOWN
    return told


def _images(tables: Tables, looks: Looks) -> pd.DataFrame:
    """Whether a field is missing, a row an image; None where it does not apply."""
    images = tables.images
    told = images[["case"]].copy()
    told["source"] = told.pop("case").map(tables.cases["source"])
    gone = set(looks.missing)
    told["image file"] = [row in gone for row in range(len(images))]
    modality = labels(images, "modality")
    for name, column in _IMAGE_FIELDS.items():
        absent = (labels(images, column) == UNKNOWN).astype(object)
        if name in _OF_MR:
            absent = absent.where(modality.isin(["MR", UNKNOWN]), None)
        if name in _OF_RADIOGRAPHS:
            absent = absent.where(modality.isin(_RADIOGRAPHS), None)
        told[name] = absent
    return told


def _totals(s: Statistics) -> dict[str, tuple[int, int]]:
    """Missing and all of each field, over the sources."""
    return {
        name: (sum(c["missing"] for c in by.values()), sum(c["of"] for c in by.values()))
        for name, by in s["fields"].items()
    }


def _sentence(s: Statistics) -> str:
    totals = _totals(s)
    never = [name for name, (gone, of) in totals.items() if gone == of]
    partly = {name: n for name, n in totals.items() if 0 < n[0] < n[1] and name not in _CONTENT}
    said = []
    if never:
        said.append(f"nothing is known of {listing(never)}")
    if partly:
        worst = max(partly, key=lambda name: partly[name][0] / partly[name][1])
        said.append(
            f"of what is known in part, {worst} is missing most ({percent(*partly[worst])})"
        )
    whole = sum(gone == 0 for gone, _ in totals.values())
    said.append(f"{count(whole, 'field')} of {len(totals)} complete")
    text = "; ".join(said)
    return text[:1].upper() + text[1:] + "."


def _alerts(s: Statistics) -> list[str]:
    gone, of = _totals(s).get("image file", (0, 0))
    return [f"{gone:,} of {count(of, 'image file')} missing."] if gone else []


def _notes(tables: Tables) -> tuple[str, ...]:
    warned = int((tables.cases["warnings"] > 0).sum())
    if not warned:
        return ()
    return (f"{count(warned, 'case')} with a warning from mapping; the cases' file tells each.",)
