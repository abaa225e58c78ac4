"""The rules: from an element of the source to the value that may be written."""

from __future__ import annotations

import hashlib
import math
import re
from datetime import date, timedelta
from functools import cache
from typing import Any

from radixgpt.deidentify.allowed import TERMS
from radixgpt.reading.identity import Keyring

_WELL_KNOWN = "1.2.840.10008."
_MOST_DAYS = 3652
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_SCHEMES = {"DCM": "DCM", "SCT": "SCT", "UCUM": "UCUM", "SRT": "SRT", "SNM3": "SRT"}


def several(value: Any) -> list[Any]:
    """The values of an element, none for an empty one."""
    if value is None or value == "":
        return []
    if isinstance(value, str | bytes | int | float):
        return [value]
    try:
        return list(value)
    except TypeError:
        return [value]


def numbers(value: Any, vr: str) -> list[Any]:
    """Numbers written anew; none if one of the values is no number.

    Integers of text (IS) stay integers, decimals (DS) are written with at most 16 characters.
    """
    found: list[Any] = []
    for one in several(value):
        try:
            number = float(str(one).strip()) if vr in ("DS", "IS") else one
        except ValueError:
            return []
        if not isinstance(number, int | float) or not math.isfinite(number):
            return []
        if vr == "IS":
            if number != int(number) or abs(number) >= 2**31:
                return []
            found.append(str(int(number)))
        else:
            found.append(_decimal(float(number)) if vr == "DS" else number)
    return found


def _decimal(number: float) -> str:
    """A decimal string (PS3.5 DS) as close to a number as 16 characters allow."""
    for digits in range(17, 6, -1):
        text = f"{number:.{digits}g}"
        if len(text) <= 16:
            return text
    return f"{number:.6g}"


def terms(keyword: str, value: Any) -> list[str]:
    """The values that are terms; in an image type, whose places mean something, others stand
    as ``OTHER``.
    """
    found = [str(one).strip().upper() for one in several(value)]
    if keyword in ("ImageType", "FrameType"):
        return [one if one in TERMS else "OTHER" for one in found]
    if keyword == "PatientOrientation" and not all(one in TERMS for one in found):
        return []
    return [one for one in found if one in TERMS]


@cache
def _known_uids() -> frozenset[str]:
    from pydicom._uid_dict import UID_dictionary

    return frozenset(UID_dictionary)


def uids(value: Any, keys: Keyring) -> list[str]:
    """UIDs of the standard as they are, every other one replaced."""
    return [
        uid if uid.startswith(_WELL_KNOWN) and uid in _known_uids() else keys.uid(uid)
        for uid in (str(one).strip("\0 ") for one in several(value))
        if uid
    ]


def shift_of(patient: str, keys: Keyring) -> timedelta:
    """By how much the dates of a patient are moved into the past: 1 to 3652 days."""
    drawn = int.from_bytes(keys.digest("date-shift", patient)[:8], "big")
    return timedelta(days=-1 - drawn % _MOST_DAYS)


def day_of(value: Any) -> date | None:
    """The day of a date or a date with time; None where it is none."""
    match = _DATE.match(str(value).strip())
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def dates(value: Any, shift: timedelta) -> list[str]:
    """Days, shifted; of a date with time the day alone."""
    found = []
    for one in several(value):
        day = day_of(one)
        if day is not None and (day - date.min) > -shift:
            found.append(f"{day + shift:%Y%m%d}".zfill(8))
    return found


def age(stated: str, born: date | None, seen: date | None) -> str:
    """Age string (PS3.5 AS); above 89 years 090Y. Empty where it is not known."""
    match = _AGE.fullmatch(stated.strip().upper())
    if match and int(match[1]):
        count, unit = int(match[1]), match[2]
        return "090Y" if unit == "Y" and count > 89 else f"{count:03d}{unit}"
    if born is None or seen is None:
        return ""
    years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    return f"{min(years, 90):03d}Y" if 0 <= years < 130 else ""


def label(value: Any, keys: Keyring) -> str:
    """A small whole number as it is, else a keyed label."""
    text = str(value).strip()
    if not text:
        return ""
    return text if re.fullmatch(r"\d{1,3}", text) else keys.digest("label", text).hex()[:8]


@cache
def _meanings() -> dict[tuple[str, str], str]:
    """(scheme, value) to meaning of the codes of PS3.16."""
    from pydicom.sr import _concepts_dict

    concepts: Any = _concepts_dict.concepts
    found: dict[tuple[str, str], str] = {}
    for scheme in ("DCM", "SCT", "UCUM"):
        for codes in concepts[scheme].values():
            for value, (meaning, *_) in codes.items():
                found[scheme, str(value)] = str(meaning)
    return found


def code(scheme: str, value: str) -> tuple[str, str, str] | None:
    """Value, scheme and meaning of a code that the standard uses; None for any other."""
    scheme, value = _SCHEMES.get(scheme.strip(), ""), value.strip()
    if scheme == "SRT":
        from pydicom.sr import _snomed_dict

        value = str(_snomed_dict.mapping["SRT"].get(value, ""))
        scheme = "SCT"
    meaning = _meanings().get((scheme, value))
    return (value, scheme, meaning[:64]) if meaning else None


def pseudonym(patient: str, keys: Keyring) -> str:
    """What stands in place of a patient's name and number."""
    return f"P-{keys.digest('patient', patient).hex()[:16]}"


def content_key(data: bytes, keys: Keyring) -> str:
    """What tells one object from another in a list, and nothing else."""
    return keys.digest("object", hashlib.sha256(data).digest()).hex()[:16]
