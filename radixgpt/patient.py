"""Whether two studies are of one patient, and how far apart: told from keyed hashes alone.

Nothing here can be turned back into a name, a number or a date. Hashes and days mean something only
beside others that were made under the same salt; without one of the caller's, that is this process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Likeness = Literal["same", "unknown", "different", "excluded"]
"""``excluded``: birth date or sex contradict each other, which no new number or name explains."""


@dataclass(frozen=True)
class Person:
    """Whom an object belongs to, as keyed hashes; empty where the header does not say.

    Attributes:
        patient_id: of the patient's id.
        birth: of the birth date.
        sex: of the sex, if female or male.
        name: of each word of the name.
        placeholder: whether the id is one that stands for many, such as ``ANONYMOUS``.
    """

    patient_id: bytes
    birth: bytes
    sex: bytes
    name: frozenset[bytes]
    placeholder: bool = False

    def differs(self, other: Person) -> bool:
        """Whether two objects can't belong to one patient.

        Names may be written with more or fewer words (a middle name), nothing else may differ.
        """
        return (
            self.excludes(other)
            or _unlike(self.patient_id, other.patient_id)
            or bool(
                self.name
                and other.name
                and not self.name <= other.name
                and not other.name <= self.name
            )
        )

    def excludes(self, other: Person) -> bool:
        """Whether birth date or sex contradict each other."""
        return _unlike(self.birth, other.birth) or _unlike(self.sex, other.sex)


def _unlike(one: bytes, other: bytes) -> bool:
    return bool(one and other and one != other)


@dataclass(frozen=True)
class Subject:
    """Of a whole study: whom it is of, and when it was made, without saying either.

    Attributes:
        person: as keyed hashes.
        day: of the study, moved by a secret number of days; only differences mean something.
        shifted: whether the header says that its dates were changed when it was de-identified.
    """

    person: Person
    day: int | None = None
    shifted: bool = False


def likeness(one: Subject | None, other: Subject | None) -> Likeness:
    """What is known of whether two studies are of one patient.

    The same takes an equal id that does not stand for many, an equal birth date or name beside
    it, and nothing that contradicts.
    """
    if one is None or other is None:
        return "unknown"
    a, b = one.person, other.person
    if a.excludes(b):
        return "excluded"
    if a.differs(b):
        return "different"
    known = bool(a.patient_id) and a.patient_id == b.patient_id and not a.placeholder
    beside = (a.birth and a.birth == b.birth) or (a.name and b.name)
    return "same" if known and beside else "unknown"


def days_between(prior: Subject | None, now: Subject | None) -> int | None:
    """Days from a prior study to this one; None where the headers do not tell it truly.

    Dates that were shifted on de-identification are shifted alike for one patient, so their
    difference is true between two such studies of a patient who is known to be the same, and
    between no others.
    """
    if prior is None or now is None or prior.day is None or now.day is None:
        return None
    if prior.shifted != now.shifted:
        return None
    if now.shifted and likeness(prior, now) != "same":
        return None
    return now.day - prior.day
