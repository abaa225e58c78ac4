"""Bring studies from a PACS into a folder: WADO-RS, C-GET, or C-MOVE to a receiver of ours."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from clinic.pacs.connection import Connection
from clinic.receive import Listening, received
from data.gather import naming
from data.gather.association import Peer, associated, lost
from data.gather.dicomweb import DicomWebSource
from data.gather.dimse import FIND, DimseSource, query
from data.gather.pacs import Question
from data.gather.provenance import Record
from data.gather.shelf import Shelf, sha256_of
from data.gather.source import LeftOut, Say, Source
from radixgpt.errors import GatherError
from radixgpt.reading.identity import Keyring
from radixgpt.reading.quiet import quiet

_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"  # Study Root Query/Retrieve, MOVE
_PENDING = (0xFF00, 0xFF01)
_NAMES = Keyring(b"names of pulled objects")
"""Names tell nothing, and are the same in every run: what is there is not fetched again."""


@dataclass
class Pulled:
    """What came.

    Attributes:
        new: objects that were not there before.
        there: objects that were.
        missing: objects that the PACS has and did not give.
        folders: of the studies, within the output folder.
    """

    new: int = 0
    there: int = 0
    missing: int = 0
    folders: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, known: bool) -> None:
        """Count an object that lies under a name."""
        self.new += not known
        self.there += known
        self.folders[name.split("/")[0]] += 1


def pull(
    connection: Connection,
    question: Question,
    out: Path,
    *,
    say: Say,
    move: Listening | None = None,
) -> Pulled:
    """Bring every object of the studies that is not there yet.

    Args:
        connection: the PACS.
        question: which studies.
        out: folder; each study gets one below it, whose name is a hash. Objects are as they came,
            patient data included.
        say: progress.
        move: where the PACS sends to by C-MOVE; None takes the objects by C-GET or WADO-RS.

    Raises:
        GatherError: the PACS can't be reached, refuses, or knows no such study; or nothing can be
            written.
        MissingPackageError: a package is not installed.
        SettingsError: C-MOVE was asked of a DICOMweb service.
    """
    question.check()
    pulled = Pulled()
    try:
        known = _there(out)
        shelf = Shelf(out, known)
        if move is not None:
            _move(connection.dimse(), question, shelf, move, pulled, say)
            return pulled
        for one in _source(connection, question).fetch(shelf, say):
            if isinstance(one, LeftOut):
                pulled.missing += 1
            else:
                pulled.add(one.name, one.name in known)
    except OSError as error:
        raise GatherError(
            f"Nothing can be written there: {error.strerror or type(error).__name__}.",
            "Name a folder that you may write to; what has come is kept.",
        ) from error
    return pulled


def _source(connection: Connection, question: Question) -> Source:
    if connection.peer is not None:
        return DimseSource(connection.peer, "pacs", _NAMES, question)
    return DicomWebSource(
        connection.url, "pacs", _NAMES, question, token=connection.token, ca=connection.ca
    )


def _there(out: Path) -> dict[str, Record]:
    """What earlier runs have brought: files appear whole, so what is there is whole."""
    return {
        name: Record(
            path=name,
            source="pacs",
            licence="own",
            address="pacs",
            sha256=sha256_of(path),
            bytes=path.stat().st_size,
            gathered_at="",
            citation="",
        )
        for path in out.glob("study-*/series-*/*.dcm")
        for name in (path.relative_to(out).as_posix(),)
    }


def _move(
    peer: Peer, question: Question, shelf: Shelf, at: Listening, pulled: Pulled, say: Say
) -> None:
    """Have a PACS send the studies to a receiver of ours that listens meanwhile."""
    lock = threading.Lock()
    with associated(peer, [(FIND, None), (_MOVE, None)]) as association:
        studies: dict[str, int] = {}
        for keys in question.matching():
            wanted = {"StudyInstanceUID": "", "NumberOfStudyRelatedInstances": "", **keys}
            for row in query(peer, association, "STUDY", wanted):
                stated = str(row.get("NumberOfStudyRelatedInstances", ""))
                studies[str(row.StudyInstanceUID)] = int(stated) if stated.isdecimal() else 0
        chosen = dict(list(studies.items())[: question.limit])
        if not chosen:
            raise GatherError("The PACS knows no such study.", "Ask for something else.")
        total = sum(chosen.values())

        def keep(data: bytes) -> None:
            study, series, instance, modality = _uids(data)
            if study not in chosen or question.modality not in ("", modality):
                return  # nobody asked for it
            name = naming.of_instance(_NAMES, study, series, instance)
            with lock:
                known = name in shelf.known
                shelf.keep(name, data, "pacs")
                pulled.add(name, known)
                done = pulled.new + pulled.there
            say("Pulling", done, max(total, done))

        with received(at, keep):
            for study in chosen:
                pulled.missing += _moved(peer, association, study, at.aet)


def _moved(peer: Peer, association: Any, study: str, to: str) -> int:
    """Ask for one study by C-MOVE; the number of objects that failed."""
    from pydicom.dataset import Dataset

    asked = Dataset()
    failed = 0
    with quiet():
        asked.QueryRetrieveLevel = "STUDY"
        asked.StudyInstanceUID = study
    # Outside of the silence, which belongs to one thread: objects come in in another meanwhile.
    for status, _ in association.send_c_move(asked, to, _MOVE):
        code = status.get("Status")
        if code is None:
            raise lost(peer)
        failed = int(status.get("NumberOfFailedSuboperations", 0) or 0)
        if code == 0xA801:
            raise GatherError(
                f"{peer.title} does not know {to} as a place to send to.",
                "Ask its administrator to register the title with this machine's address and "
                "the port.",
            )
        if code not in _PENDING and code not in (0x0000, 0xB000):
            raise GatherError(
                f"{peer.title} can't send the study (status {code:04X}).",
                f"Ask its administrator whether {to} is registered with this machine's address "
                "and port, or leave --move out.",
            )
    return failed


def _uids(data: bytes) -> tuple[str, str, str, str]:
    """UIDs of study, series and object, and the modality.

    Raises:
        OSError: the object does not say.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    wanted: list[Any] = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality"]
    try:
        with quiet():
            found = pydicom.dcmread(BytesIO(data), stop_before_pixels=True, specific_tags=wanted)
            study, series, instance = (str(found[name].value) for name in wanted[:3])
            return study, series, instance, str(found.get("Modality", ""))
    except (InvalidDicomError, ValueError, TypeError, KeyError, AttributeError, EOFError):
        raise OSError("not a DICOM object") from None
