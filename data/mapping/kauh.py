"""KAUH: radiographs of the spine with one of three labels; a case is a radiograph.

``labels.csv`` has a row a picture. The label is gated by the view, which was set by eye: scoliosis
shows in an AP view and spondylolisthesis in a lateral one. A label that its view can't show stays a
fact of the case and becomes no finding, else a model would learn the view. Of the original names,
age, sex, side and level are kept and nothing else; their numbers are no patients' numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data.mapping.cells import OLDEST_TOLD, choice
from data.mapping.journal import files_below
from data.mapping.pictures import NO_SPACING, SUFFIXES, picture, pictures, unnamed
from data.mapping.source import Mapped, Source, Unit
from data.mapping.table import Columns, Row, rows
from data.mapping.views import views
from radixgpt.case import Case, StatedFinding
from radixgpt.errors import CaseError, RefusedError
from radixgpt.level import find_discs
from radixgpt.terminology.table import concepts_of

COLUMNS = Columns(needed={"image": (), "label": ()}, optional={"original_name": ("name",)})
LABELS = {name: name for name in ("normal", "scoliosis", "spondylolisthesis")}
_FOLDERS = {
    "normal": "normal",
    "scol": "scoliosis",
    "scoliosis": "scoliosis",
    "spond": "spondylolisthesis",
    "spondylolisthesis": "spondylolisthesis",
}
_STAGED = "kauh_xray/images"

GATED = "The label {} can't be seen in this view; it is no finding."
NO_VIEW = "The view is unknown; the label is no finding."
NO_PATIENTS = "The source knows no patients; each radiograph counts as one."

_CURVE = re.compile(
    r"\b(?P<side>rt|lt|l)\s+(?P<part>tl|t|l)?\s*(?:a?is)?\b(?=\s|,|$)", re.IGNORECASE
)
_LEVEL = re.compile(r"[a-z]\d+\s*-\s*[a-z]?\d+", re.IGNORECASE)
_PARTS = {"t": "thoracic", "l": "lumbar", "tl": "thoracolumbar"}


def units(source: Source) -> Iterator[Unit]:
    """A unit a row, and a last one for pictures that no row names.

    Raises:
        CaseError: the table can't be used.
    """
    table = source.folder / "labels.csv"
    files = {file.name: file for file in pictures(source.folder / "images").values()}
    seen: dict[str, int] = {}
    for row in rows(table, table.name, COLUMNS):
        if isinstance(row, RefusedError):
            yield source.refusal(table, row, f"row {row.row}")
            continue
        name = Path(row.cells["image"].strip()).name
        first = seen.setdefault(name, row.number)
        work = partial(_unit, source, table, row, files.get(name), first)
        yield Unit(f"row {row.number}", work, row.end, table.stat().st_size)
    left = [file for name, file in files.items() if name not in seen]
    refused = tuple(unnamed(source, left, table.name))
    yield Unit("loose", lambda: Mapped(unit="loose", refused=refused), 1, 1)


def units_of_folders(source: Source) -> Iterator[Unit]:
    """A unit a radiograph of the set as published: the folders are the labels, the names tell more.

    Raises:
        CaseError: there is no folder of a label.
    """
    found: list[tuple[Path, str]] = []
    other: list[Path] = []
    for file in files_below(source.folder):
        folders = [part.casefold() for part in file.relative_to(source.folder).parts[:-1]]
        label = next((full for short, full in _FOLDERS.items() if short in folders), None)
        if label is None or file.suffix.lower() not in SUFFIXES:
            other.append(file)
        else:
            found.append((file, label))
    if not found:
        raise CaseError(
            "No folder Normal, Scol or Spond holds radiographs.", "Gather the source again."
        )
    error = RefusedError("It lies in no folder of a label, or is no picture.", "Look at the set.")
    refused = tuple(source.refused(file, error) for file in other)
    total = len(found) + 1
    yield Unit("loose", lambda: Mapped(unit="loose", refused=refused), 1, total)
    for done, (file, label) in enumerate(found, start=2):
        key = source.keys.digest("radiograph", source.path(file)).hex()[:12]
        yield Unit(key, partial(_published, source, key, file, label), done, total)


def _published(source: Source, key: str, file: Path, label: str) -> Mapped:
    try:
        return Mapped(unit=key, cases=(_case(source, key, file, label, file.stem),))
    except RefusedError as error:
        return Mapped(unit=key, refused=(source.refused(file, error),))


def _unit(source: Source, table: Path, row: Row, file: Path | None, first: int) -> Mapped:
    unit = f"row {row.number}"
    try:
        if first != row.number:
            raise RefusedError(f"It repeats the picture of row {first}.", "Remove one of the two.")
        label = choice(row.cells["label"], "label", LABELS)
        if label is None:
            raise RefusedError("label is empty.", f"Write one of: {', '.join(LABELS)}.")
        if file is None:
            raise RefusedError("Its picture is missing.", "Gather the source again.")
        case = _case(source, file.stem, file, label, row.get("original_name"))
    except RefusedError as error:
        return Mapped(unit=unit, refused=(source.refused(table, error, row=row.number),))
    return Mapped(unit=unit, cases=(case,))


def _case(source: Source, key: str, file: Path, label: str, name: str) -> Case:
    seen = views().get(f"{_STAGED}/{file.name}")
    view = seen.view if seen else None
    image, warnings = picture(source, file, modality="DX", view=view)
    facts, findings = read_name(name, label)
    gate = _gate(label, view)
    findings = () if gate else findings
    return Case(
        id=f"{source.key}/{key}",
        source=source.key,
        licence=source.licence(),
        patient=f"{source.key}/{key}",
        images=(image,),
        findings=findings,
        concepts=concepts_of(findings),
        facts={"label": label, **facts},
        warnings=(NO_PATIENTS, NO_SPACING, *warnings, *gate),
    )


def _gate(label: str, view: str | None) -> tuple[str, ...]:
    """Why a label is no finding of a view; empty where it is one."""
    if view is None:
        return (NO_VIEW,)
    shown_in = "lateral" if label == "spondylolisthesis" else "ap"
    return () if view == shown_in else (GATED.format(label),)


def read_name(
    name: str, label: str
) -> tuple[dict[str, str | float | None], tuple[StatedFinding, ...]]:
    """Age, sex and findings from an original name and its label; the name itself is dropped.

    Two forms occur: ``N1, Rt TAIS, F, 15 yrs`` and ``N1,S,20,F_1_0``. What is told twice in
    different ways is not taken.
    """
    told = re.sub(r"^\s*n\w*\s*,", "", name, flags=re.IGNORECASE)
    about = re.sub(r"_[\d_]*$", "", told)
    levels = find_discs(about)
    loose = re.findall(r"[a-z]+|\d+", _LEVEL.sub(" ", about), flags=re.IGNORECASE)
    sexes = {word.upper() for word in loose if word.upper() in ("F", "M")}
    ages = {int(word) for word in loose if word.isdecimal() and 0 < int(word) <= 120}
    facts: dict[str, str | float | None] = {}
    if len(sexes) == 1:
        facts["sex"] = sexes.pop()
    if len(ages) == 1:
        facts["age_years"] = min(ages.pop(), OLDEST_TOLD)
    if label == "normal":
        return facts, (StatedFinding(level=None, kind="scoliosis", assertion="absent"),)
    if label == "spondylolisthesis":
        named: list[str | None] = [*levels] or [None]
        return facts, tuple(StatedFinding(level=level, kind=label) for level in named)
    return facts, _curves(about) or (StatedFinding(level=None, kind="scoliosis"),)


def _curves(about: str) -> tuple[StatedFinding, ...]:
    """The curves of a name such as ``Rt T and Lt L AIS``; a side is that of the convexity."""
    return tuple(
        StatedFinding(
            level=None,
            kind="scoliosis",
            value=_PARTS.get(curve["part"].lower()) if curve["part"] else None,
            side="right" if curve["side"].lower() == "rt" else "left",
        )
        for curve in _CURVE.finditer(about)
    )
