"""Check digits of code systems: LOINC's mod 10 (Luhn), SNOMED CT's dihedral one (Verhoeff 1969)."""

from __future__ import annotations

import re
from typing import Literal

Scheme = Literal["SCT", "LN", "RADELEMENT", "DCM", "UCUM", "RFC5646", "99RADIXGPT"]
"""Coding scheme designators: SNOMED CT, LOINC, RadElement, DICOM, units, languages, our own."""

_LOINC_FORM = re.compile(r"(\d{1,7})-(\d)")
_SCT_FORM = re.compile(r"[1-9]\d{5,17}")
_FORMS: dict[Scheme, re.Pattern[str]] = {
    "RADELEMENT": re.compile(r"RDES?\d+"),
    "DCM": re.compile(r"1[0-9]{5}"),
    "UCUM": re.compile(r"mm|1|deg|%"),
    "RFC5646": re.compile(r"[a-z]{2}-[A-Z]{2}"),
    "99RADIXGPT": re.compile(r"[A-Za-z][A-Za-z0-9-]{2,15}"),
}
"""Form of identifiers without a check digit."""

# Verhoeff's tables: the multiplication of the dihedral group D5 and its permutation, which is
# applied once more for every place to the left.
_MULTIPLY = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def check_digit_holds(scheme: Scheme, value: str) -> bool:
    """Whether a code is well formed and its check digit is right.

    Identifiers of RadElement, DICOM, UCUM and our own have none, only their form is looked at.
    """
    if scheme == "LN":
        match = _LOINC_FORM.fullmatch(value)
        return match is not None and _mod10(match[1]) == int(match[2])
    if scheme == "SCT":
        return _SCT_FORM.fullmatch(value) is not None and _verhoeff(value) == 0
    return _FORMS[scheme].fullmatch(value) is not None


def _mod10(digits: str) -> int:
    """The LOINC check digit of the digits before the hyphen."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        if place % 2 == 0:
            number *= 2
        total += number // 10 + number % 10
    return -total % 10


def _verhoeff(digits: str) -> int:
    """Verhoeff's check over all digits, check digit last; 0 when it holds."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        for _ in range(place % 8):
            number = _PERMUTE[number]
        check = _MULTIPLY[check][number]
    return check
