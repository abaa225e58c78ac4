"""Studies that a PACS holds (C-FIND, QIDO-RS), without names and numbers of patients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clinic.pacs.connection import Connection
from data.gather.association import associated
from data.gather.dicomweb import told
from data.gather.dimse import FIND, query
from data.gather.pacs import Question

_PAGE = 1000
_COLUMNS = {
    "StudyInstanceUID": "0020000D",
    "StudyDate": "00080020",
    "ModalitiesInStudy": "00080061",
    "StudyDescription": "00081030",
    "NumberOfStudyRelatedSeries": "00201206",
    "NumberOfStudyRelatedInstances": "00201208",
}


@dataclass(frozen=True)
class Row:
    """One study.

    Attributes:
        uid: Study Instance UID, to pull it by.
        date: ``YYYYMMDD``.
        modalities: such as ``MR``, with commas between.
        description: as the PACS has it, without characters that a terminal would obey.
        series, images: how many; None where the PACS does not say.
    """

    uid: str
    date: str
    modalities: str
    description: str
    series: int | None
    images: int | None


def find(connection: Connection, question: Question) -> list[Row]:
    """The studies that a question matches, newest first.

    Raises:
        GatherError: it can't be asked, or the PACS can't be reached or refuses.
        MissingPackageError: a package is not installed.
    """
    question.check()
    found = {row.uid: row for row in _rows(connection, question) if row.uid}
    rows = sorted(found.values(), key=lambda row: (row.date, row.uid), reverse=True)
    return rows[: question.limit]


def _rows(connection: Connection, question: Question) -> Iterator[Row]:
    if connection.peer is not None:
        with associated(connection.peer, [(FIND, None)]) as association:
            for keys in question.matching():
                wanted = {**dict.fromkeys(_COLUMNS, ""), **keys}
                for one in query(connection.peer, association, "STUDY", wanted):
                    yield _row({name: _values(one.get(name)) for name in _COLUMNS})
        return
    with told(connection.title):
        client = connection.client()
        for keys in question.matching():
            for one in client.search_for_studies(
                search_filters=keys,
                limit=question.limit or _PAGE,
                get_remaining=question.limit is None,
                fields=list(_COLUMNS),
            ):
                yield _row(
                    {name: one.get(tag, {}).get("Value", []) for name, tag in _COLUMNS.items()}
                )


def _values(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str | int) else list(value)


def _row(values: dict[str, list[Any]]) -> Row:
    def text(name: str) -> str:
        joined = ",".join(str(one) for one in values[name])
        return "".join(one for one in joined if one.isprintable())[:80]

    def count(name: str) -> int | None:
        stated = text(name)
        return int(stated) if stated.isdecimal() else None

    return Row(
        uid=text("StudyInstanceUID"),
        date=text("StudyDate"),
        modalities=text("ModalitiesInStudy"),
        description=text("StudyDescription"),
        series=count("NumberOfStudyRelatedSeries"),
        images=count("NumberOfStudyRelatedInstances"),
    )
