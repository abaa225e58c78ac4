"""What a report is for its reader: a draft, or signed by whom; and its text as it is then read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from etl.phrases import Phrases
from etl.sign import readable
from radixgpt.report import Report

DIGEST = 16
"""Characters of a hash that are printed."""


def standing(report: Report) -> str:
    """One sentence: not reviewed by a person, or signed by whom, as what and when."""
    phrases, signed = Phrases.of(report), report.signature
    if signed is None:
        return phrases.word("document", "not_reviewed")
    named = (readable(signed.name), signed.role, signed.organization)
    at = datetime.fromisoformat(signed.signed_at)
    return phrases.say(
        "signed",
        who=", ".join(part for part in named if part),
        date=f"{at:%Y-%m-%d %H:%M}",
        offset=f"{at:%z}",
    )


def as_read(report: Report) -> Report:
    """The report as it is printed: a signed one has no empty line for its signer to fill in."""
    signed = report.signature
    if signed is None:
        return report
    text = signed.critical_communication or Phrases.of(report).word("document", "none_recorded")
    lines = report.section("critical_communication")
    sentences = tuple(
        s.model_copy(update={"text": text}) if s in lines[:1] else s
        for s in report.sentences
        if s not in lines[1:]
    )
    return report.model_copy(update={"sentences": sentences})


def title(report: Report) -> str:
    """The exam in words, for headings: ``MRI of the lumbar spine``."""
    exam = report.section("exam")
    return exam[0].text.rstrip(".") if exam else Phrases.of(report).word("document", "untitled")


def on_every_page(report: Report) -> str:
    """The mark, and that the images are synthetic where they are."""
    if not report.study.synthetic:
        return report.mark
    return f"{report.mark}  ·  {Phrases.of(report).word('document', 'synthetic')}"


def provenance(report: Report, *, timed: bool = False) -> Iterator[str]:
    """What made the report, a line each; ``timed`` tells how long it took."""
    made, say = report.provenance, Phrases.of(report).say
    needed = report.obligatory
    seconds = f"{made.seconds:.1f}" if timed and made.seconds is not None else None
    yield say(
        "made_by",
        software=made.software,
        version=made.version,
        schema=report.schema_version,
        passed=sum(c.passed for c in needed),
        checks=len(needed),
        seconds=seconds,
    )
    for model in made.models:
        digest = model.sha256[:DIGEST]
        yield say("made_with", name=model.name, version=model.version, digest=digest)
    if made.input_sha256:
        yield say("made_from", digest=made.input_sha256[:DIGEST])
