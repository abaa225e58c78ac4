"""DIMSE (PS3.7): studies are searched with C-FIND and fetched with C-GET."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from data.gather import naming
from data.gather.association import SYNTAXES, Peer, associated, lost
from data.gather.pacs import TERMS, Question
from data.gather.shelf import Shelf
from data.gather.source import Gathered, LeftOut, Say, Terms
from radixgpt.errors import GatherError
from radixgpt.reading.identity import Keyring
from radixgpt.reading.quiet import quiet

FIND = "1.2.840.10008.5.1.4.1.2.2.1"  # Study Root Query/Retrieve, FIND
_GET = "1.2.840.10008.5.1.4.1.2.2.3"  # the same, GET
_PENDING = (0xFF00, 0xFF01)
_BATCH = 64
_CLASSES = 14


@dataclass(frozen=True)
class _Wanted:
    study: str
    series: str
    instance: str
    sop_class: str


@dataclass
class _Received:
    """What came in during one C-GET: SOP Instance UID to a DICOM file."""

    files: dict[str, bytes] = field(default_factory=dict)

    def store(self, event: Any) -> int:
        """Keep an object as it came, byte for byte."""
        self.files[str(event.request.AffectedSOPInstanceUID)] = event.encoded_dataset()
        return 0x0000


@dataclass(frozen=True)
class DimseSource:
    """A PACS behind DIMSE.

    Attributes:
        peer: where it is.
        key: the source's key.
        keys: the keyring of the workspace.
        question: which studies are wanted.
        terms: licence and citation, as far as the user stated them.
    """

    peer: Peer
    key: str
    keys: Keyring
    question: Question
    terms: Terms = TERMS

    @property
    def title(self) -> str:
        """One line for people."""
        return self.peer.title

    def fetch(self, shelf: Shelf, say: Say) -> Iterator[Gathered | LeftOut]:
        """Fetch every object of the studies that is not there yet.

        Raises:
            GatherError: the PACS can't be reached, refuses us, or knows no such study.
            MissingPackageError: pynetdicom is not installed.
        """
        self.question.check()
        with self._associated(()) as association:
            found = list(self._find(association))
        if not found:
            raise GatherError("The PACS knows no such study.", "Ask for something else.")
        done = 0
        for batch in _batches(found):
            missing = []
            for one in batch:
                name = self._name(one)
                if shelf.intact(name):
                    done += 1
                    yield shelf.told(name)
                else:
                    missing.append(one)
            received = self._get(missing) if missing else {}
            for one in missing:
                done += 1
                data = received.get(one.instance)
                if data is None:
                    yield LeftOut("not-readable")
                else:
                    yield shelf.keep(self._name(one), data, self._address)
            say(f"Gathering {self.key}", done, len(found))

    @property
    def _address(self) -> str:
        return f"dimse://{self.peer.aet}@{self.peer.host}:{self.peer.port}"

    def _name(self, one: _Wanted) -> str:
        return naming.of_instance(self.keys, one.study, one.series, one.instance)

    def _find(self, association: Any) -> Iterator[_Wanted]:
        studies: dict[str, None] = {}
        for keys in self.question.matching():
            for row in query(self.peer, association, "STUDY", {"StudyInstanceUID": "", **keys}):
                studies[str(row.StudyInstanceUID)] = None
        for study in list(studies)[: self.question.limit]:
            wanted = {"StudyInstanceUID": study, "SeriesInstanceUID": ""}
            for row in query(
                self.peer, association, "SERIES", {**wanted, "Modality": self.question.modality}
            ):
                series = str(row.SeriesInstanceUID)
                wanted = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
                for one in query(
                    self.peer,
                    association,
                    "IMAGE",
                    {**wanted, "SOPInstanceUID": "", "SOPClassUID": ""},
                ):
                    yield _Wanted(study, series, str(one.SOPInstanceUID), str(one.SOPClassUID))

    def _get(self, batch: list[_Wanted]) -> dict[str, bytes]:
        """The objects that the PACS gives, by SOP Instance UID."""
        from pydicom.dataset import Dataset

        received = _Received()
        query = Dataset()
        with quiet():  # a UID may be malformed, and is then remarked upon
            query.QueryRetrieveLevel = "IMAGE"
            query.StudyInstanceUID = batch[0].study
            query.SeriesInstanceUID = batch[0].series
            query.SOPInstanceUID = [one.instance for one in batch]
        classes = tuple(dict.fromkeys(one.sop_class for one in batch))
        with self._associated(classes, received) as association, quiet():
            for status, _ in association.send_c_get(query, _GET):
                if status.get("Status") is None:
                    raise lost(self.peer)
        return received.files

    @contextmanager
    def _associated(
        self, classes: tuple[str, ...], received: _Received | None = None
    ) -> Iterator[Any]:
        """An association that may search, and get objects of the named classes."""
        # One context a class and syntax: in one with several, the PACS settles for a single syntax
        # and can't send what is stored in another.
        contexts: list[tuple[str, str | None]] = [(FIND, None)]
        if classes:
            contexts.append((_GET, None))
        contexts += [(one, syntax) for one in classes for syntax in SYNTAXES]
        with associated(
            self.peer, contexts, store=received.store if received else None, receives=classes
        ) as association:
            yield association


def query(peer: Peer, association: Any, level: str, keys: dict[str, str]) -> list[Any]:
    """The data sets that a PACS answers to a question at a level (C-FIND).

    Raises:
        GatherError: it can't answer, or the connection broke.
    """
    from pydicom.dataset import Dataset

    asked = Dataset()
    asked.QueryRetrieveLevel = level
    rows = []
    with quiet():
        for keyword, value in keys.items():
            setattr(asked, keyword, value)
        for status, row in association.send_c_find(asked, FIND):
            code = status.get("Status")
            if code is None:
                raise lost(peer)
            if code in _PENDING:
                rows.append(row)
            elif code != 0x0000:
                raise GatherError(
                    f"{peer.title} can't answer the question (status {code:04X}).",
                    "Ask for less, or ask its administrator.",
                )
    return rows


def _batches(found: list[_Wanted]) -> Iterator[list[_Wanted]]:
    """Objects of one series, few enough for one message and of few enough classes."""
    batch: list[_Wanted] = []
    for one in found:
        classes = {other.sop_class for other in batch} | {one.sop_class}
        if batch and (
            one.series != batch[0].series or len(batch) == _BATCH or len(classes) > _CLASSES
        ):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch
