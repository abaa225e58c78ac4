"""Send DICOM objects to a PACS (STOW-RS, C-STORE): first what it would be, then, confirmed, the
sending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clinic.pacs.connection import Connection
from data.gather.association import associated
from data.gather.dicomweb import told
from radixgpt.errors import ConsentError, InputError, RejectedObjectError, SendError
from radixgpt.reading.archive import items
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.quiet import quiet
from radixgpt.reading.reasons import rejected
from radixgpt.reading.sniff import sniff

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

    from data.gather.source import Say

_MOST_CONTEXTS = 120  # of an association there are 128
_WARNINGS = frozenset({0xB000, 0xB006, 0xB007, 0x0107, 0x0116})
_LOST = -1


@dataclass(frozen=True)
class Object:
    """One object to be sent.

    Attributes:
        sop_class, instance, syntax: UIDs of its kind, itself and its transfer syntax.
        patient: the patient's number, which is compared and never told.
        draft: whether it says that nobody has verified it.
        data: a DICOM file.
    """

    sop_class: str
    instance: str
    syntax: str
    patient: str = field(repr=False)
    draft: bool
    data: bytes = field(repr=False)

    def open(self) -> FileDataset:
        """The object, parsed."""
        import pydicom

        return pydicom.dcmread(BytesIO(self.data), force=False)


@dataclass(frozen=True)
class Parcel:
    """What is to be sent.

    Attributes:
        objects: each once.
        left_out: reason code to number of files that are no DICOM objects.
    """

    objects: tuple[Object, ...]
    left_out: Counter[str]

    @property
    def kinds(self) -> dict[str, int]:
        """Name of a kind of object to their number."""
        from pydicom.uid import UID

        return dict(Counter(UID(one.sop_class).name for one in self.objects))

    @property
    def drafts(self) -> int:
        """Objects that nobody has verified."""
        return sum(one.draft for one in self.objects)

    def question(self, connection: Connection) -> str:
        """What a person is asked before anything is sent."""
        many = len(self.objects)
        kinds = ", ".join(f"{count} {name}" for name, count in self.kinds.items())
        patients = len({one.patient for one in self.objects})
        of_whom = "one patient" if patients == 1 else f"{patients} patients"
        how = "encrypted" if connection.encrypted else "unencrypted"
        where = ", on this machine" if connection.here else f", {how}"
        drafts = f" {self.drafts} are drafts that nobody signed." if self.drafts else ""
        return (
            f"{many} {'object' if many == 1 else 'objects'} of {of_whom} ({kinds}) would be sent "
            f"to {connection.title}{where}, with all that they say of the patient.{drafts} Send?"
        )


@dataclass
class Sent:
    """What came of sending.

    Attributes:
        stored: objects that the PACS has taken.
        changed: of these, objects in which it changed or dropped elements.
        failed: what it answered to the number of objects that it has not taken.
    """

    stored: int = 0
    changed: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    def require_all(self, connection: Connection) -> None:
        """Stop where anything was not taken.

        Raises:
            SendError: what was not taken, and why.
        """
        if self.failed:
            listed = ", ".join(f"{count} {why}" for why, count in sorted(self.failed.items()))
            raise SendError(
                f"{connection.title} has not taken {sum(self.failed.values())} objects ({listed}); "
                f"{self.stored} were taken.",
                "Send the same again when that is mended: what is there already does no harm.",
            )


def packed(paths: Iterable[Path]) -> Parcel:
    """All DICOM objects below some paths: files, folders or zips.

    Raises:
        InputError: there is nothing at a path, or no DICOM object in all of them.
        UnsafeInputError: an input that would harm the machine.
    """
    found: dict[str, Object] = {}
    left: Counter[str] = Counter()
    for path in paths:
        for item in items(path, LIMITS):
            try:
                one = _object(item.load())
            except RejectedObjectError as error:
                left[error.reason] += 1
                continue
            before = found.setdefault(one.instance, one)
            if before.data != one.data:
                raise InputError(
                    "Two different objects have the same identifier.",
                    "Send them by themselves, once it is clear which is right.",
                )
    if not found:
        raise InputError("There is no DICOM object in what is to be sent.", "Name DICOM objects.")
    return Parcel(tuple(found.values()), left)


def _object(data: bytes) -> Object:
    import pydicom
    from pydicom.errors import InvalidDicomError

    kind, reason = sniff(data)
    if kind != "dicom":
        raise rejected(reason or ("no-preamble" if kind == "bare-dicom" else "not-dicom"))
    wanted: list[Any] = [
        *("SOPClassUID", "SOPInstanceUID", "PatientID", "VerificationFlag", "SeriesDescription"),
    ]
    try:
        with quiet():
            head = pydicom.dcmread(BytesIO(data), stop_before_pixels=True, specific_tags=wanted)
            sop_class, instance = str(head.SOPClassUID), str(head.SOPInstanceUID)
            syntax = str(head.file_meta.TransferSyntaxUID)
            flag = str(head.get("VerificationFlag", ""))
            described = str(head.get("SeriesDescription", ""))
            patient = str(head.get("PatientID", ""))
    except (
        *(InvalidDicomError, ValueError, TypeError, KeyError, AttributeError, EOFError),
        *(OSError, NotImplementedError, RecursionError),
    ):
        raise rejected("damaged") from None
    if not (sop_class and instance and syntax):
        raise rejected("no-identity")
    draft = flag == "UNVERIFIED" or "draft" in described.lower()
    return Object(sop_class, instance, syntax, patient, draft, data)


def send(parcel: Parcel, connection: Connection, *, confirmed: bool, say: Say) -> Sent:
    """Send objects, each with an answer of the PACS.

    Args:
        parcel: what is to be sent.
        connection: where to.
        confirmed: a person said yes to :meth:`Parcel.question`, or a script to ``--yes``.
        say: progress.

    Raises:
        ConsentError: nobody confirmed.
        GatherError: the PACS can't be reached or refuses us.
        MissingPackageError: a package is not installed.
    """
    if not confirmed:
        raise ConsentError(
            "Objects would leave for the PACS, and nobody confirmed that.",
            "Answer the question with yes, or confirm with --yes in a script.",
        )
    sent = Sent()
    answers = _stored if connection.peer is not None else _posted
    for done, code in enumerate(answers(parcel, connection), start=1):
        if code == 0 or code in _WARNINGS:
            sent.stored += 1
            sent.changed += code != 0
        else:
            sent.failed[_words(code)] += 1
        say("Sending", done, len(parcel.objects))
    return sent


def _words(code: int) -> str:
    """What a status means (PS3.4 B.2.3, PS3.18 10.5.3)."""
    if code == _LOST:
        return "not transferred"
    if code == 0x0122:
        return "of a kind or syntax that it does not take"
    if code & 0xFF00 == 0xA700 or code == 413:
        return "for which it has no room"
    if code & 0xFF00 == 0xA900 or code & 0xF000 == 0xC000:
        return "that do not fit their kind, as it says"
    if code == 500:
        return "at which it failed"
    return f"refused with status {code:04X}"


def _stored(parcel: Parcel, connection: Connection) -> Iterator[int]:
    """The status of each object, sent by C-STORE."""
    peer = connection.dimse()
    waiting = list(parcel.objects)
    while waiting:
        batch, contexts = _batch(waiting)
        waiting = waiting[len(batch) :]
        while batch:
            with associated(peer, contexts) as association:
                taken = 0
                for one in batch:
                    code = _store(association, one)
                    taken += 1
                    yield code
                    if code == _LOST:
                        break  # and go on with a new association
                batch = batch[taken:]


def _batch(waiting: list[Object]) -> tuple[list[Object], list[tuple[str, str | None]]]:
    """As many objects as there are contexts for, one a class and syntax."""
    contexts: dict[tuple[str, str | None], None] = {}
    for number, one in enumerate(waiting):
        contexts[one.sop_class, one.syntax] = None
        if len(contexts) > _MOST_CONTEXTS:
            del contexts[one.sop_class, one.syntax]
            return waiting[:number], list(contexts)
    return waiting, list(contexts)


def _store(association: Any, one: Object) -> int:
    try:
        with quiet():
            status = association.send_c_store(one.open())
    except ValueError:  # no context for it was accepted, or it can't be encoded
        return 0x0122
    except RuntimeError:  # the association has ended
        return _LOST
    code = status.get("Status")
    return _LOST if code is None else int(code)


def _posted(parcel: Parcel, connection: Connection) -> Iterator[int]:
    """The status of each object, sent by STOW-RS."""
    import requests

    client = connection.client()
    for one in parcel.objects:
        with told(connection.title), quiet():
            try:
                answer = client.store_instances([one.open()])
            except requests.HTTPError as error:
                status = 0 if error.response is None else int(error.response.status_code)
                if status in (0, 401, 403, 404, 405, 407) or status > 500:
                    raise
                yield status
                continue
        failed = answer.get("FailedSOPSequence") or []
        taken = answer.get("ReferencedSOPSequence") or []
        if failed:
            yield int(failed[0].get("FailureReason", 0xC000))
        elif taken:
            yield int(taken[0].get("WarningReason", 0) or 0)
        else:
            yield 0xC000
