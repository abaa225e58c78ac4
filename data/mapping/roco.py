"""ROCO: captions of published spine figures, ``roco_spine_captions.json``; a case is a figure.

Each figure has its own licence. Figures of one article may show one person, so the article stands
for the patient. CUIs are the source's; their meanings are not redistributed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.mapping.source import Mapped, Refused, Source, Unit
from radixgpt.case import Case, Concept
from radixgpt.errors import CaseError, RefusedError
from radixgpt.language.reader import findings_in

TABLE = "roco_spine_captions.json"
_LARGEST = 1 << 30
_CUI = re.compile(r"C\d{7}")
_ARTICLE = re.compile(r"PMC\d+")


class Figure(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str = Field(min_length=1)
    pmc: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    caption: str = Field(min_length=1)
    cuis: list[str] = []


def units(source: Source) -> Iterator[Unit]:
    """A unit a figure; refusals count the entries from 1.

    Raises:
        CaseError: the file can't be used.
    """
    path = source.folder / TABLE
    entries = _entries(path)
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        name = entry.get("id") if isinstance(entry, dict) else None
        first = seen.setdefault(name, number) if isinstance(name, str) else number
        work = partial(_unit, source, path, number, entry, first)
        yield Unit(f"entry {number}", work, number, len(entries))


def _entries(path: Path) -> list[Any]:
    again = "Gather the source again."
    try:
        if path.stat().st_size > _LARGEST:
            raise CaseError(f"{path.name} is larger than 1 GB.", "Split it.")
        entries = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CaseError(f"{path.name} is missing.", again) from error
    except UnicodeDecodeError as error:
        raise CaseError(
            f"{path.name} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise CaseError(
            f"{path.name}, line {error.lineno}: it is no JSON ({error.msg}).", again
        ) from error
    if not isinstance(entries, list) or not entries:
        raise CaseError(f"{path.name} holds no list of figures.", again)
    return entries


def _unit(source: Source, path: Path, number: int, entry: Any, first: int) -> Mapped:
    unit = f"entry {number}"
    refused: list[Refused] = []
    try:
        if first != number:
            raise RefusedError(f"It repeats the id of entry {first}.", "Remove one of the two.")
        figure = _figure(entry)
    except RefusedError as error:
        return Mapped(unit=unit, refused=(source.refused(path, error, row=number),))
    wrong = [cui for cui in figure.cuis if not _CUI.fullmatch(cui)]
    if wrong:
        malformed = RefusedError(f"{len(wrong)} CUIs are malformed.", "Write C and seven digits.")
        refused.append(source.refused(path, malformed, row=number))
    article = _ARTICLE.match(figure.pmc)
    case = Case(
        id=f"{source.key}/{figure.id}",
        source=source.key,
        licence=figure.licence,
        patient=f"{source.key}/{article[0] if article else figure.id}",
        caption=figure.caption.strip(),
        report_origin="human",
        findings=findings_in(figure.caption.strip()),
        concepts=tuple(
            Concept(cui=cui) for cui in dict.fromkeys(figure.cuis) if _CUI.fullmatch(cui)
        ),
        facts={"article": article[0]} if article else {},
    )
    return Mapped(unit=unit, cases=(case,), refused=tuple(refused))


def _figure(entry: Any) -> Figure:
    try:
        figure = Figure.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the entry"
        raise RefusedError(f"{where}: {first['msg']}.", "Complete the entry.") from error
    if figure.licence.strip().casefold() in ("", "unknown", "none"):
        raise RefusedError("Its licence is unknown.", "Find the figure's licence, or leave it out.")
    return figure
