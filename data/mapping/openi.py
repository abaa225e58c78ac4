"""Open-i: chest radiographs of Indiana University with their reports; a case is a report.

``ecgen-radiology/<number>.xml`` holds a report by sections and names its pictures
``<id>.png``. Non-commercial use only. No findings are read: the kinds of finding are the spine's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from data.mapping.journal import files_below
from data.mapping.pictures import NO_SPACING, picture
from data.mapping.source import Mapped, Refused, Source, Unit
from radixgpt.case import Case, Image
from radixgpt.errors import CaseError, RefusedError
from radixgpt.report import Section

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_LARGEST = 1 << 20
_SECTIONS: dict[str, Section] = {
    "comparison": "comparison",
    "indication": "clinical_information",
    "findings": "findings",
    "impression": "impression",
}


def units(source: Source) -> Iterator[Unit]:
    """A unit a report, after one for the pictures that no report names.

    Raises:
        CaseError: there is no report.
    """
    found = files_below(source.folder)
    reports = [file for file in found if file.suffix.lower() == ".xml"]
    files = {file.stem: file for file in found if file.suffix.lower() == ".png"}
    if not reports:
        raise CaseError("There is no report.", "Gather the source again.")
    for done, file in enumerate(reports, start=1):
        yield Unit(file.stem, partial(_unit, source, file, files), done, len(reports))


def _unit(source: Source, file: Path, files: dict[str, Path]) -> Mapped:
    refused: list[Refused] = []
    images: list[Image] = []
    warnings: list[str] = [NO_SPACING]
    try:
        root = _parsed(file)
        report = _report(root)
    except RefusedError as error:
        return Mapped(unit=file.stem, refused=(source.refused(file, error),))
    for name in [node.get("id", "") for node in root.iter("parentImage")]:
        place = files.get(name)
        if place is None:
            warnings.append("A picture that the report names is missing.")
            continue
        try:
            image, told = picture(source, place, modality="DX", region="other")
        except RefusedError as error:
            refused.append(source.refused(place, error))
            continue
        images.append(image)
        warnings += told
    case = Case(
        id=f"{source.key}/{file.stem}",
        source=source.key,
        licence=source.licence(file),
        patient=f"{source.key}/{file.stem}",
        images=tuple(images),
        report=report,
        report_origin="human",
        facts={"modality": "DX", "region": "chest"},
        warnings=tuple(dict.fromkeys(warnings)),
    )
    return Mapped(unit=file.stem, cases=(case,), refused=tuple(refused))


def _parsed(file: Path) -> Element:
    from xml.etree import ElementTree

    data = file.read_bytes()
    if len(data) > _LARGEST or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise RefusedError("It is no plain report.", "Gather the source again.")
    try:
        # Neither entities nor external references get here, and expat caps what is left.
        return ElementTree.fromstring(data)  # noqa: S314
    except ElementTree.ParseError as error:
        raise RefusedError("It is no XML.", "Gather the source again.") from error


def _report(root: Element) -> dict[Section, str]:
    report: dict[Section, str] = {}
    for node in root.iter("AbstractText"):
        section = _SECTIONS.get(node.get("Label", "").casefold())
        text = " ".join("".join(node.itertext()).split())
        if section and text:
            report[section] = text
    if not report:
        raise RefusedError("It has no text.", "Take it away.")
    return report
