"""Signing: a person answers for a draft, which becomes a final report; the draft stays as it is."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from etl.check import require
from etl.phrases import Phrases
from radixgpt.errors import CheckFailedError, SettingsError
from radixgpt.report import Report, Signature

_LONGEST = 64
"""Characters of a name, a role or an organisation; DICOM's LO and a part of PN hold no more."""
_LONGEST_REMARK = 400
_STRUCTURAL = frozenset("\\|&~=<>{}")
"""Characters that mean something in DICOM values, HL7 fields or markup."""


def sign(
    report: Report,
    *,
    name: str,
    role: str,
    at: datetime,
    organization: str = "",
    critical_communication: str = "",
) -> Report:
    """The final report that a person signs, from a draft that passes its checks.

    Args:
        report: the draft; it is not changed.
        name: of the person: given and family name, or ``Family^Given``.
        role: as what the person signs.
        at: when, with its offset from UTC.
        organization: for which; may be empty.
        critical_communication: what the person says of it, in place of the empty line.

    Raises:
        SettingsError: a name or role that is empty, too long or holds what no name does, or a time
            without offset.
        CheckFailedError: the report is signed already, or fails its checks.
    """
    if report.status != "draft":
        raise CheckFailedError(
            "The report is signed already.", "Sign the draft that it was made of."
        )
    if at.tzinfo is None:
        raise SettingsError("The time of signing has no offset.", "Give a time with its zone.")
    report = require(report)
    signature = Signature(
        name=_clean("name", name),
        role=_clean("role", role),
        organization=_clean("organization", organization, needed=False),
        signed_at=at.isoformat(timespec="seconds"),
        critical_communication=_clean(
            "critical communication", critical_communication, needed=False, most=_LONGEST_REMARK
        ),
        content_sha256=report.content_sha256(),
    )
    mark = Phrases.of(report).word("mark", "final")
    return require(
        report.model_copy(update={"status": "final", "mark": mark, "signature": signature})
    )


def family_and_given(name: str) -> tuple[str, str]:
    """Family name and the rest: ``Family^Given``, ``Family, Given`` or ``Given Family``."""
    for mark in ("^", ","):
        if mark in name:
            family, _, given = name.partition(mark)
            return family.strip(), given.replace("^", " ").strip()
    *given_names, family = name.split()
    return family, " ".join(given_names)


def readable(name: str) -> str:
    """A name as people write it: given name first."""
    family, given = family_and_given(name)
    return f"{given} {family}".strip()


def _clean(what: str, text: str, *, needed: bool = True, most: int = _LONGEST) -> str:
    """One line of text, or an error that names what is wrong with it."""
    text = " ".join(text.split())
    if needed and not any(c.isalpha() for c in text):
        raise SettingsError(f"The {what} of who signs is missing.", f"Say it with --{what}.")
    if len(text) > most:
        raise SettingsError(
            f"The {what} is longer than {most} characters.", "Give it in fewer words."
        )
    if _STRUCTURAL & set(text) or any(unicodedata.category(c)[0] == "C" for c in text):
        raise SettingsError(
            f"The {what} holds a character that can't be part of it.",
            "Use letters, digits and plain punctuation.",
        )
    return text
