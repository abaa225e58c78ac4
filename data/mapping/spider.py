"""SPIDER: mid-sagittal slices of lumbar MRI with gradings; a case is a patient.

van der Graaf et al., Sci Data 2024, CC BY 4.0. ``series.csv`` has a row a picture, ``gradings.csv``
a row a disc, and ``images`` holds ``<patient>_<t1|t2|t2_SPACE>.png``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from data.mapping import gradings
from data.mapping.cells import identifier, is_missing, number, sex, whole
from data.mapping.pictures import NO_SPACING, picture, pictures, unnamed
from data.mapping.source import Mapped, Refused, Source, Unit
from data.mapping.table import Columns, Row, rows
from radixgpt.case import Case, Image
from radixgpt.errors import CaseError, RefusedError
from radixgpt.terminology.table import concepts_of

SERIES = Columns(
    needed={
        "image": ("new_file_name",),
        "num_vertebrae": ("num vertebrae",),
        "num_discs": ("num discs",),
        "sex": (),
    },
    optional={
        "patient": ("Patient ID",),
        "subset": (),
        "manufacturer": (),
        "field_strength_t": ("MagneticFieldStrength",),
        "echo_time_ms": ("EchoTime",),
        "repetition_time_ms": ("RepetitionTime",),
        "slice_thickness_mm": ("SliceThickness",),
    },
)
_NAME = re.compile(r"(?P<patient>[^_]+)_(?P<sequence>t1|t2_SPACE|t2)")
_BOUNDS = {
    "field_strength_t": (0.01, 20.0),
    "echo_time_ms": (0.0, 2_000.0),
    "repetition_time_ms": (0.0, 60_000.0),
    "slice_thickness_mm": (0.01, 50.0),
}
_MOST_ROWS = 2_000_000
"""Rows of a table whose rows are joined by patient, which is done in memory."""

UPSIDE_DOWN = frozenset(
    {
        *("50_t2_SPACE", "52_t1", "52_t2_SPACE", "55_t1", "55_t2_SPACE"),
        *("57_t1", "57_t2", "57_t2_SPACE"),
    }
)
"""Pictures that are stored with the sacrum on top; seen by eye, and against the other series."""

_TURNED = "Picture {} is stored upside down."
_COUNTS = "The series of this patient count different numbers of discs: {}."
_MORE = "Disc {} was graded, and {} discs are counted: look at the numbering."
_FEWER = "{} of {} counted discs are graded."
_UNGRADED = "No disc of this patient is graded."
_UNSEEN = "No picture of this patient can be used."


@dataclass(frozen=True)
class Series:
    """One row of the table of series."""

    row: int
    image: str
    patient: str
    sequence: str
    sex: str | None
    discs: int | None
    vertebrae: int | None
    subset: str
    facts: dict[str, str | float | None]


@dataclass
class Patient:
    """What the tables tell of one patient."""

    series: list[Series] = field(default_factory=list)
    discs: list[gradings.Graded] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """Where the tables and images of a set lie.

    Attributes:
        series: table with a row an image.
        gradings: table with a row a disc.
        find: gives the images of a folder by their names without suffix.
        image: gives a file as an image of a case, and warnings; raises ``RefusedError``.
        suffix: of the images.
    """

    series: str
    gradings: str
    find: Callable[[Path], dict[str, Path]]
    image: Callable[[Source, Path, dict[str, Any]], tuple[Image, tuple[str, ...]]]
    suffix: str


def _picture(source: Source, file: Path, facts: dict[str, Any]) -> tuple[Image, tuple[str, ...]]:
    image, warnings = picture(source, file, **facts)
    return image, (NO_SPACING, *warnings)


SLICES = Layout("series.csv", "gradings.csv", pictures, _picture, "png")


def units(source: Source, layout: Layout = SLICES) -> Iterator[Unit]:
    """A unit a patient, after one for the rows and pictures that belong to none.

    Raises:
        CaseError: a table can't be used.
    """
    patients: dict[str, Patient] = {}
    loose: list[Refused] = []
    files = layout.find(source.folder / "images")
    tables: tuple[tuple[str, Columns, Callable[[Row], Any]], ...] = (
        (layout.series, SERIES, _series),
        (layout.gradings, gradings.COLUMNS, gradings.graded),
    )
    for name, columns, read in tables:
        for row in _bounded(source.folder / name, columns):
            if isinstance(row, RefusedError):
                loose.append(source.refused(source.folder / name, row))
                continue
            try:
                found = read(row)
                key = found.patient if isinstance(found, Series) else _patient(row)
            except RefusedError as error:
                loose.append(source.refused(source.folder / name, error, row=row.number))
                continue
            patient = patients.setdefault(key, Patient())
            (patient.series if isinstance(found, Series) else patient.discs).append(found)
    named = {series.image for patient in patients.values() for series in patient.series}
    loose += unnamed(source, [files[name] for name in files if name not in named], layout.series)
    total = len(patients) + 1
    yield Unit("tables", lambda: Mapped(unit="tables", refused=tuple(loose)), 1, total)
    for done, (key, patient) in enumerate(sorted(patients.items(), key=_by_number), start=2):
        yield Unit(key, partial(_unit, source, layout, key, patient, files), done, total)


def _by_number(item: tuple[str, Patient]) -> tuple[int, str]:
    return int(item[0]) if item[0].isdecimal() else 0, item[0]


def _bounded(path: Path, columns: Columns) -> Iterator[Row | RefusedError]:
    for count, row in enumerate(rows(path, path.name, columns)):
        if count == _MOST_ROWS:
            raise CaseError(
                f"{path.name} has more than {_MOST_ROWS} rows.", "Split it by patients."
            )
        yield row


def _patient(row: Row) -> str:
    return identifier(row.cells["patient"], "patient")


def _series(row: Row) -> Series:
    name = row.cells["image"].strip()
    name = name.removesuffix(".mha").removesuffix(".png")
    match = _NAME.fullmatch(name)
    if match is None:
        raise RefusedError(
            "image has another form than patient_t1, patient_t2 or patient_t2_SPACE.",
            "Name the picture so.",
        )
    if "patient" in row.cells and match["patient"] != _patient(row):
        raise RefusedError(
            "image names another patient than the column patient: two people in one row.",
            "Correct one of them.",
        )
    facts: dict[str, str | float | None] = {
        key: number(row.get(key), key, low, high) for key, (low, high) in _BOUNDS.items()
    }
    maker = row.get("manufacturer").strip()
    facts["manufacturer"] = None if is_missing(maker) else maker
    return Series(
        row=row.number,
        image=name,
        patient=match["patient"],
        sequence=match["sequence"].lower(),
        sex=sex(row.cells["sex"]),
        discs=whole(row.cells["num_discs"], "num_discs", 1, 25),
        vertebrae=whole(row.cells["num_vertebrae"], "num_vertebrae", 1, 26),
        subset=row.get("subset").strip().lower(),
        facts={key: value for key, value in facts.items() if value is not None},
    )


def _unit(
    source: Source, layout: Layout, key: str, patient: Patient, files: dict[str, Path]
) -> Mapped:
    refused: list[Refused] = []
    table = source.folder / layout.series
    sexes = {series.sex: series.row for series in reversed(patient.series) if series.sex}
    if len(sexes) > 1:
        rows_ = " and ".join(str(row) for row in sorted(sexes.values()))
        error = RefusedError(
            f"Rows {rows_} give one patient two sexes: two people may share the id.",
            "Give each their own id, or correct the sex.",
        )
        refused = [source.refused(table, error, row=row) for row in sorted(sexes.values())]
        return Mapped(unit=key, refused=tuple(refused))
    images, warnings = _images(source, layout, patient.series, files, refused)
    discs, problems = gradings.settle(patient.discs)
    problems += [problem for disc in discs for problem in disc.problems]
    refused += [source.refused(source.folder / layout.gradings, problem) for problem in problems]
    findings = tuple(finding for disc in discs for finding in disc.findings)
    if not images and not findings:
        return Mapped(unit=key, refused=tuple(refused))
    warnings += [] if images else [_UNSEEN]
    warnings += _numbering(patient.series, discs)
    case = Case(
        id=f"{source.key}/{key}",
        source=source.key,
        licence=source.licence(),
        patient=f"spider/{key}",
        images=tuple(images),
        findings=findings,
        concepts=concepts_of(findings),
        facts=_facts(patient.series, next(iter(sexes), None)),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    return Mapped(unit=key, cases=(case,), refused=tuple(refused))


def _images(
    source: Source,
    layout: Layout,
    series: list[Series],
    files: dict[str, Path],
    refused: list[Refused],
) -> tuple[list[Image], list[str]]:
    images: list[Image] = []
    warnings: list[str] = []
    rows_: dict[str, int] = {}
    for one in series:
        file = files.get(one.image)
        try:
            if one.image in rows_:
                raise RefusedError(
                    f"It repeats row {rows_[one.image]}.", "Remove one of the two.", row=one.row
                )
            rows_[one.image] = one.row
            if file is None:
                raise RefusedError(
                    f"There is no picture {one.image}.{layout.suffix}.",
                    "Gather the source again, or take the row away.",
                    row=one.row,
                )
            turned = layout is SLICES and one.image in UPSIDE_DOWN
            facts: dict[str, Any] = {
                "modality": "MR",
                "plane": "sagittal",
                "sequence": one.sequence,
                "region": "lumbar",
                "facts": {**one.facts, "upside_down": "yes"} if turned else one.facts,
            }
            image, told = layout.image(source, file, facts)
        except RefusedError as error:
            inside = file if file is not None and error.row is None else None
            refused.append(source.refused(inside or source.folder / layout.series, error))
            continue
        images.append(image)
        warnings += [*told, *([_TURNED.format(one.image)] if turned else [])]
    return images, warnings


def _numbering(series: list[Series], discs: list[gradings.Graded]) -> list[str]:
    """What the numbers of the graded discs and the counted ones say against each other."""
    warnings: list[str] = []
    counted = sorted({one.discs for one in series if one.discs})
    if len(counted) > 1:
        warnings.append(_COUNTS.format(" and ".join(map(str, counted))))
    if not discs:
        return [*warnings, _UNGRADED]
    if discs[0].disc == 0:
        warnings.append(gradings.EXTRA_LEVEL)
    if counted and discs[-1].disc > counted[-1]:
        warnings.append(_MORE.format(discs[-1].disc, counted[-1]))
    elif counted and len(discs) < counted[0]:
        warnings.append(_FEWER.format(len(discs), counted[0]))
    return warnings


def _facts(series: list[Series], of_sex: str | None) -> dict[str, str | float | None]:
    facts: dict[str, str | float | None] = {"sex": of_sex}
    for name, values in (
        ("num_discs", [one.discs for one in series]),
        ("num_vertebrae", [one.vertebrae for one in series]),
    ):
        known = [value for value in values if value is not None]
        facts[name] = max(known, default=None)
    facts["subset"] = next((one.subset for one in series if one.subset), None)
    return {key: value for key, value in facts.items() if value is not None}
