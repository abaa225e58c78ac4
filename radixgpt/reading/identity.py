"""Keys in place of identifiers.

Every identifier that is needed to tell things apart is replaced by a keyed hash (HMAC-SHA256) as
soon as it is read. With a salt of the caller's the keys are the same in every run; without one
they hold for the life of this process and can't be traced back or linked to another run.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import date

from radixgpt.errors import MixedPatientsError
from radixgpt.patient import Person, Subject
from radixgpt.reading.header import Header

_PROCESS_SALT = secrets.token_bytes(32)
_SYNTHETIC = "SYNTHETIC"


class Keyring:
    """Turns identifiers into keys.

    Args:
        salt: secret of the keyed hash; None takes the random one of this process.
    """

    def __init__(self, salt: bytes | None) -> None:
        self._salt = _PROCESS_SALT if salt is None else salt

    def digest(self, domain: str, value: str | bytes) -> bytes:
        """Keyed hash of a value; the domain keeps kinds of values apart. 32 bytes."""
        raw = value.encode() if isinstance(value, str) else value
        return hmac.new(self._salt, domain.encode() + b"\0" + raw, hashlib.sha256).digest()

    def uid(self, value: str | bytes) -> str:
        """A DICOM UID in place of one (or of content): ``2.25.`` and a 128-bit number (PS3.5 B.2).

        Equal input and salt give equal output.
        """
        return f"2.25.{int.from_bytes(self.digest('uid', value)[:16], 'big')}"

    def study(self, values: Iterable[str | bytes]) -> str:
        """Key of a study from what identifies it, in any order."""
        parts = sorted(self.digest("study-part", value) for value in values)
        return f"study-{self.digest('study', b''.join(parts)).hex()[:16]}"


_FOR_MANY = re.compile(
    r"(?:anon\w*|unknown|none|no ?name|test\w*|patient|subject|phantom|removed|de-?id\w*"
    r"|[0x*?_ -]+)",
    re.IGNORECASE,
)
"""Ids that many patients share once a data set was de-identified."""


def person(header: Header, keys: Keyring) -> Person:
    """Hash what tells one patient from another."""

    def hashed(domain: str, value: str) -> bytes:
        return keys.digest(domain, value) if value else b""

    words = re.findall(r"\w+", header.text("PatientName").casefold())
    sex = header.text("PatientSex").upper()
    return Person(
        patient_id=hashed("id", header.text("PatientID").casefold()),
        birth=hashed("birth", header.text("PatientBirthDate")),
        sex=hashed("sex", sex if sex in ("F", "M") else ""),
        name=frozenset(keys.digest("name", word) for word in words),
        placeholder=_FOR_MANY.fullmatch(header.text("PatientID").strip()) is not None,
    )


def subject(header: Header, keys: Keyring) -> Subject:
    """Whom a study is of and when it was made, neither of which can be read from it."""
    text = header.text("StudyDate")
    day: int | None = None
    if re.fullmatch(r"[12]\d{7}", text):
        try:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
        except ValueError:
            day = None
    moved = int.from_bytes(keys.digest("day", b"")[:6], "big")
    state = header.text("LongitudinalTemporalInformationModified").upper()
    return Subject(
        person(header, keys),
        None if day is None or state == "REMOVED" else day + moved,
        shifted=state == "MODIFIED",
    )


def check_one_patient(people: Iterable[Person]) -> None:
    """Stop where objects of two patients came together.

    Raises:
        MixedPatientsError: two objects can't belong to one patient.
    """
    seen: list[Person] = []
    for one in dict.fromkeys(people):
        if any(one.differs(other) for other in seen):
            raise MixedPatientsError(
                "The input holds objects of more than one patient.",
                "Give the study of one patient at a time.",
            )
        seen.append(one)


def age_band(header: Header) -> str | None:
    """Decade of age: ``"60-69"``, ``"90+"``; None where the header does not say.

    From the patient's age (PS3.5 AS: ``063Y``, ``018M``), else from birth date and study date.
    """
    match = re.fullmatch(r"(\d{1,3})([DWMY]?)", header.text("PatientAge").upper())
    if match and int(match[1]):
        years = int(match[1]) / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1, "": 1}[match[2]]
    else:
        dates = [header.text(k) for k in ("PatientBirthDate", "StudyDate")]
        if not all(re.fullmatch(r"[12]\d{7}", date) for date in dates):
            return None
        born, seen = (int(date) for date in dates)
        years = (seen - born) / 10_000
    if not 0 <= years < 130:
        return None
    decade = int(years // 10) * 10
    return "90+" if decade >= 90 else f"{decade}-{decade + 9}"


def sex(header: Header) -> str | None:
    """``"F"``, ``"M"`` or ``"O"``, None where the header does not say."""
    found = header.text("PatientSex").upper()
    return found if found in ("F", "M", "O") else None


def is_synthetic(header: Header) -> bool:
    """Whether the header declares a synthetic image.

    The project's own images say so twice: content qualification ``RESEARCH`` and image comments
    that begin with ``SYNTHETIC``. The second is what tells; real research images carry the first.
    """
    return any(
        header.text(keyword).upper().startswith(_SYNTHETIC)
        for keyword in ("ImageComments", "PatientName")
    )
