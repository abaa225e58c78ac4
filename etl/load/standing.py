"""What a report is for its reader: a draft, or signed by whom; and its text as it is then read."""

from __future__ import annotations

from datetime import datetime

from etl.sign import readable
from radixgpt.report import Report

NOT_REVIEWED = (
    "Draft report, written from findings that automated tools saw. Not reviewed by a person."
)
NONE_RECORDED = "None recorded."


def standing(report: Report) -> str:
    """One sentence: not reviewed by a person, or signed by whom, as what and when."""
    signed = report.signature
    if signed is None:
        return NOT_REVIEWED
    who = ", ".join(part for part in (readable(signed.name), signed.role) if part)
    of = f", {signed.organization}" if signed.organization else ""
    at = datetime.fromisoformat(signed.signed_at)
    return f"Signed by {who}{of}, {at:%Y-%m-%d %H:%M} (UTC{at:%z})."


def as_read(report: Report) -> Report:
    """The report as it is printed: a signed one has no empty line for its signer to fill in."""
    signed = report.signature
    if signed is None:
        return report
    text = signed.critical_communication or NONE_RECORDED
    sentences = tuple(
        s.model_copy(update={"text": text}) if s.section == "critical_communication" else s
        for s in report.sentences
    )
    return report.model_copy(update={"sentences": sentences})


def title(report: Report) -> str:
    """The exam in words, for headings: ``MRI of the lumbar spine``."""
    exam = report.section("exam")
    return exam[0].text.rstrip(".") if exam else "Spine imaging report"
