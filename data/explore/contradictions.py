"""Doubts that need no model: a case that says two things, an image unlike what its facts say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.explore.chart import UNKNOWN
from data.explore.pixels import Looks
from data.explore.section import Part, Picture, Table
from data.explore.tables import Tables
from data.explore.wording import capital, listing, title_of

if TYPE_CHECKING:
    import pandas as pd

SURE = 0.9
"""Chance from which an image surely looks like something."""
_EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "sagittal_spine": {"modality": ("MR", "CT"), "plane": ("sagittal",)},
    "axial_spine": {"modality": ("MR", "CT"), "plane": ("axial",)},
    "coronal_body": {"modality": ("MR", "CT"), "plane": ("coronal",)},
    "radiograph_ap": {"modality": ("DX", "CR"), "view": ("ap",)},
    "radiograph_lateral": {"modality": ("DX", "CR"), "view": ("lateral",)},
    "ct": {"modality": ("CT",)},
}
"""What the facts of an image ought to say, by what it looks like."""
_PLACE = ("case", "origin", "kind", "level", "side")
_MOST_CONTRADICTIONS = 40
_MOST_UNLIKE = 24


def contradictions_of(tables: Tables) -> list[dict[str, Any]]:
    """Statements of one case and origin that say two things of one place.

    These are: there and not there, or two grades. A side that is not named may be either, so only
    equal sides are compared; what may be or once was contradicts nothing.
    """
    found = tables.findings[tables.findings["positive"].notna()]
    places: dict[tuple[Any, ...], set[tuple[str, bool, bool]]] = {}
    keys = zip(*(found[name] for name in _PLACE), strict=True)
    stated = zip(found["assertion"], found["value"], found["positive"], strict=True)
    for key, (assertion, value, positive) in zip(keys, stated, strict=True):
        graded = assertion == "present" and isinstance(value, int | float)
        word = f"{value:g}" if graded else ("present" if positive else "absent")
        places.setdefault(key, set()).add((word, graded, bool(positive)))
    return [
        {
            "case": str(tables.cases["id"].iloc[case]),
            "origin": origin,
            "kind": kind,
            "level": level,
            "side": side,
            "said": sorted({word for word, _, _ in said}),
        }
        for (case, origin, kind, level, side), said in places.items()
        if level is not None and _differ(said)
    ]


def _differ(said: set[tuple[str, bool, bool]]) -> bool:
    """Whether words, each a grade or not and positive or not, can't all be true."""
    grades = {word for word, graded, _ in said if graded}
    return len(grades) > 1 or len({positive for _, _, positive in said}) > 1


def unlike_of(tables: Tables, seen: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Images that surely look like another kind than their facts say.

    Args:
        tables: the cases.
        seen: ``image`` (path), ``looks`` and ``looks_chance``: what each image looks like.
    """
    if seen is None or seen.empty:
        return []
    rows = {str(path): row for row, path in enumerate(tables.images["path"])}
    sure = seen[seen["looks"].isin(list(_EXPECTED)) & (seen["looks_chance"] >= SURE)]
    found: list[dict[str, Any]] = []
    for path, looks, chance in zip(sure["image"], sure["looks"], sure["looks_chance"], strict=True):
        row = rows.get(str(path))
        if row is None:
            continue
        told = {name: tables.images[name].iloc[row] for name in ("modality", "plane", "view")}
        wrong = {
            name: str(told[name])
            for name, allowed in _EXPECTED[str(looks)].items()
            if told[name] not in (None, UNKNOWN, *allowed)
        }
        if wrong:
            case = int(tables.images["case"].iloc[row])
            found.append(
                {
                    "case": str(tables.cases["id"].iloc[case]),
                    "image": row,
                    "facts": wrong,
                    "looks": str(looks),
                    "chance": float(chance),
                }
            )
    return sorted(found, key=lambda one: (-one["chance"], one["image"]))


def contradiction_parts(found: list[dict[str, Any]]) -> list[Part]:
    """The contradictions as a table, where there are any."""
    if not found:
        return []
    rows = tuple(
        (
            one["case"],
            one["level"],
            one["side"],
            capital(title_of(one["kind"])),
            " and ".join(one["said"]),
            one["origin"],
        )
        for one in found[:_MOST_CONTRADICTIONS]
    )
    columns = ("case", "level", "side", "finding", "said", "where")
    note = _more(found, _MOST_CONTRADICTIONS)
    return [Table("Contradictions within a case", columns, rows, note)]


def unlike_parts(looks: Looks, found: list[dict[str, Any]]) -> list[Part]:
    """The images unlike their facts as a table, where there are any."""
    if not found:
        return []
    rows = tuple(
        (
            Picture(looks.seen[one["image"]].thumbnail, one["case"])
            if one["image"] in looks.seen
            else None,
            one["case"],
            listing([f"{fact} {value}" for fact, value in one["facts"].items()]),
            one["looks"].replace("_", " "),
            f"{100 * one['chance']:.0f}%",
        )
        for one in found[:_MOST_UNLIKE]
    )
    columns = ("", "case", "facts say", "looks like", "chance")
    return [Table("Images unlike their facts", columns, rows, _more(found, _MOST_UNLIKE))]


def _more(found: list[dict[str, Any]], most: int) -> str:
    return f"{most} of {len(found):,}; explore.json holds all." if len(found) > most else ""
