"""What the tools measure of every disc in the images of cases, as a table.

A row is one disc in one image. Levels are counted as :mod:`tools.levels` counts them, alike in all
images of a case; nothing of the case's own statements is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radixgpt.case import Case, Image
from radixgpt.errors import InputError
from radixgpt.level import disc_at
from radixgpt.study import BodyRegion, Modality, Plane
from radixgpt.study import Sequence as Contrast
from tools import levels
from tools.case_images import check_inside, load
from tools.column import Column
from tools.columns import columns_of, reconcile
from tools.crops import MEASURES, measure
from tools.framing import Frame
from tools.measure_store import Store, fingerprint, key_of
from tools.threads import one_thread
from tools.triage_weights import eyes

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str, int, int], None]

NAMES = {
    "height_to_depth": "disc_height_index",
    "canal_to_depth": "canal_ratio",
    "slip_to_depth": "slip_ratio",
}
"""Measures that a report states, under the report's names for them."""
MEASURED = tuple(NAMES.get(name, name) for name in MEASURES)
"""What is measured of a disc, in the order of :data:`tools.crops.MEASURES`."""
COLUMNS = {
    "case": "string",
    "image": "string",
    "sequence": "string",
    "level": "string",
    "place": "Int64",
    "x": "float64",
    "y": "float64",
    **dict.fromkeys(MEASURED, "float64"),
    "anchor_chance": "float64",
    "reason": "string",
}
"""Columns of the table with their pandas types."""
SEQUENCES = (Contrast.T1, Contrast.T2, Contrast.T2_SPACE)
_SOURCES = (
    "case_images.py",
    "column.py",
    "column_net.py",
    "columns.py",
    "crops.py",
    "framing.py",
    "levels.py",
    "measures.py",
    "midline.py",
    "triage_column.py",
)


def measurable(image: Image) -> bool:
    """Whether the facts of an image say that it is a sagittal T1 or T2 slice of the lumbar spine.

    The region may be unknown; the plane and the contrast may not.
    """
    return (
        image.modality == Modality.MR
        and image.plane == Plane.SAGITTAL
        and image.sequence in SEQUENCES
        and image.region in (BodyRegion.LUMBAR, BodyRegion.WHOLE_SPINE, BodyRegion.UNKNOWN)
    )


def measure_discs(
    cases: Iterable[Case],
    root: Path,
    folder: Path,
    say: Say = lambda _what, _done, _total: None,
) -> pd.DataFrame:
    """Measure the discs of all measurable images; what was measured before is not done again.

    Args:
        cases: with images; those without a measurable one have no row.
        root: the workspace that the images' paths start from.
        folder: keeps ``discs.parquet``.
        say: told what is done, how much of it, and of how much.

    Returns:
        A row a disc and image: ``case``, ``image`` (its path), ``sequence``, ``level``, ``place``
        (discs above the lowest), ``x`` and ``y`` (centre, pixels of the slice), the
        :data:`MEASURED` ratios (nan where one could not be measured) and ``anchor_chance`` (how
        surely the lowest disc is L5-S1). An image without a disc has one row, whose ``level`` is
        missing and whose ``reason`` says why: ``no-column``, where triage would refuse the slice
        for want of a lumbar column, or an error's code. Sorted by case, image and place.

    Raises:
        CaseError: a path leads out of the workspace, or a stored table is damaged.
        WeightsError: the column network is missing or damaged.
    """
    wanted = {case.id: [i for i in case.images if measurable(i)] for case in cases}
    wanted = {case: images for case, images in wanted.items() if images}
    made_by = fingerprint(("levels", "triage"), _SOURCES)
    store = Store(folder, "discs", made_by, COLUMNS)
    keys = set()
    with one_thread():
        for done, (case, images) in enumerate(wanted.items(), start=1):
            for image in images:
                check_inside(image, case)
            key = key_of(case, *(f"{i.path} {i.sha256} {i.sequence} {i.spacing}" for i in images))
            keys.add(key)
            if key not in store:
                store.add(key, list(_rows(case, images, root)))
            say("Measuring discs", done, len(wanted))
    rows = store.finish(("case", "image", "place"))
    return rows[rows["key"].isin(keys)].reset_index(drop=True)


def _rows(case: str, images: Sequence[Image], root: Path) -> Iterable[dict[str, Any]]:
    """The rows of one case."""
    there = []
    for image in images:
        try:
            there.append((image, load(image, root)))
        except InputError as error:
            yield _empty(case, image, error.code)
    found = columns_of(
        levels.model(), [one.pixels for _, one in there], [one.spacing for _, one in there]
    )
    seen = []
    for (image, _), (framed, column) in zip(there, found, strict=True):
        if eyes().rules.lumbar(column) < eyes().thresholds.column:
            yield _empty(case, image, "no-column")
        else:
            seen.append((image, framed, column))
    reconcile([column for _, _, column in seen])
    for image, framed, column in seen:
        rows = [
            {"case": case, "image": image.path, "sequence": str(image.sequence), **row}
            for row in disc_rows(framed, column)
        ]
        yield from rows or [_empty(case, image, "no-column")]


def _empty(case: str, image: Image, reason: str) -> dict[str, Any]:
    return {
        "case": case,
        "image": image.path,
        "sequence": str(image.sequence),
        "reason": reason,
    }


def disc_rows(framed: Frame, column: Column) -> list[dict[str, Any]]:
    """The measures of the discs that were found in one slice, from the lowest up."""
    rows = []
    for place, disc in enumerate(column.discs):
        if disc is None:
            continue
        x, y = framed.to_slice(disc.centre)[0]
        measures = dict(zip(MEASURED, map(float, measure(framed, column, disc)), strict=True))
        if place == 0:  # S1 is not outlined, so what is read there is no posterior wall
            measures["slip_ratio"] = float("nan")
        rows.append(
            {
                "level": disc_at(place),
                "place": place,
                "x": round(float(x), 1),
                "y": round(float(y), 1),
                **measures,
                "anchor_chance": round(column.anchor_chance, 4),
            }
        )
    return rows
