"""ROCOv2: published figures with captions, concepts and a licence each; a case is a figure.

``{train,valid,test}_captions.csv`` (ID, Caption), ``*_concepts.csv`` (ID, CUIs with semicolons
between), ``license_information.csv`` (ID, PMCID, Attribution, Link) and a folder of JPEGs a part.
Figures of one article may show one person, so the article stands for the patient. Findings are read
from captions that name the spine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data.mapping.cells import identifier, is_missing
from data.mapping.journal import files_below
from data.mapping.pictures import NO_SPACING, SUFFIXES, picture
from data.mapping.source import Mapped, Refused, Source, Unit
from data.mapping.table import Columns, Row, rows
from radixgpt.case import Case, Concept, Image
from radixgpt.errors import CaseError, RefusedError
from radixgpt.language.reader import findings_in

NO_PICTURE = "The figure itself is missing."
PARTS = ("train", "valid", "test")
_CAPTIONS = Columns(needed={"id": (), "caption": ()})
_CONCEPTS = Columns(needed={"id": (), "cuis": ()})
_LICENCES = Columns(needed={"id": (), "attribution": ()}, optional={"pmcid": ()})
_CUI = re.compile(r"C\d{7}")
_LICENCE = re.compile(r"CC\s*0|CC[ -]BY(?:[ -](?:NC|ND|SA))*", re.IGNORECASE)
_SPINE = re.compile(
    r"\b(?:spin(?:e|al)|lumb\w+|vertebra\w*|cervical|thoracic|sacr\w+|dis[ck]s?)\b", re.I
)


def units(source: Source) -> Iterator[Unit]:
    """A unit a figure; the licences and concepts, some megabytes, are held in memory.

    Raises:
        CaseError: a table can't be used.
    """
    licences = {
        row.cells["id"].strip(): (row.cells["attribution"], row.get("pmcid").strip())
        for row in _rows(source, "license_information.csv", _LICENCES)
    }
    files = {
        file.stem: file for file in files_below(source.folder) if file.suffix.lower() in SUFFIXES
    }
    tables = [part for part in PARTS if (source.folder / f"{part}_captions.csv").is_file()]
    if not tables:
        raise CaseError("There is no table of captions.", "Gather the source again.")
    seen: dict[str, str] = {}
    for place, part in enumerate(tables):
        table = source.folder / f"{part}_captions.csv"
        concepts = {
            row.cells["id"].strip(): row.cells["cuis"]
            for row in _rows(source, f"{part}_concepts.csv", _CONCEPTS)
        }
        size = table.stat().st_size
        for row in rows(table, table.name, _CAPTIONS):
            if isinstance(row, RefusedError):
                yield source.refusal(table, row, f"{part} row {row.row}")
                continue
            key = f"{part} row {row.number}"
            name = row.cells["id"].strip()
            first = seen.setdefault(name, key)
            about = (licences.get(name), concepts.get(name, ""), files.get(name))
            work = partial(_unit, source, table, key, row, first, about)
            yield Unit(key, work, place * size + row.end, len(tables) * size)


def _rows(source: Source, name: str, columns: Columns) -> Iterator[Row]:
    for row in rows(source.folder / name, name, columns):
        if isinstance(row, Row):
            yield row


def _unit(
    source: Source,
    table: Path,
    key: str,
    row: Row,
    first: str,
    about: tuple[tuple[str, str] | None, str, Path | None],
) -> Mapped:
    terms, cuis, file = about
    refused: list[Refused] = []
    try:
        name = identifier(row.cells["id"], "ID")
        if first != key:
            raise RefusedError(f"It repeats the id of {first}.", "Remove one of the two.")
        caption = row.cells["caption"].strip()
        if is_missing(caption):
            raise RefusedError("Its caption is empty.", "Write it, or remove the row.")
        licence = _LICENCE.search(terms[0]) if terms else None
        if licence is None or terms is None:
            raise RefusedError(
                "Its licence is unknown.", "Add it to license_information.csv, or leave it out."
            )
    except RefusedError as error:
        return Mapped(unit=key, refused=(source.refused(table, error, row=row.number),))
    images: list[Image] = []
    warnings = [NO_PICTURE] if file is None else [NO_SPACING]
    if file is not None:
        try:
            image, told = picture(source, file)
            images.append(image)
            warnings += told
        except RefusedError as error:
            refused.append(source.refused(file, error))
    article = terms[1]
    case = Case(
        id=f"{source.key}/{name}",
        source=source.key,
        licence=licence[0].upper(),
        patient=f"{source.key}/{article or name}",
        images=tuple(images),
        caption=caption,
        report_origin="human",
        findings=findings_in(caption) if _SPINE.search(caption) else (),
        concepts=tuple(Concept(cui=cui) for cui in dict.fromkeys(_CUI.findall(cuis))),
        facts={"article": article} if article else {},
        warnings=tuple(warnings),
    )
    return Mapped(unit=key, cases=(case,), refused=tuple(refused))
