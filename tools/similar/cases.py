"""From a mapped case to an entry of an index, with the vectors of its pictures and its text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from data.generated import text as generated
from radixgpt.case import Case, Image, Origin, StatedFinding
from radixgpt.language.reader import findings_in
from radixgpt.report import Section
from retrieval.corpus import Entry, Item
from retrieval.encoder import Encoder
from retrieval.lexical import tokens_of
from tools import levels, triage
from tools.case_images import study_of
from tools.similar.study import LookedAt, look
from tools.threads import one_thread


def fingerprint(case: Case) -> str:
    """Hash of a case with its images, to tell whether it has changed."""
    return hashlib.sha256(case.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def entry_of(case: Case) -> Entry:
    """What a case tells, without its pictures.

    Its text is its report, or its caption; where gradings have neither, one is generated of them.
    Its findings are its own, or those that its text states.
    """
    report, origin = _text(case)
    findings = case.findings or tuple(
        finding for section, text in report.items() for finding in findings_in(text, section)
    )
    first = case.images[0] if case.images else None
    return Entry(
        id=case.id,
        patient=case.patient,
        source=case.source,
        licence=case.licence,
        modality=first.modality if first else str(case.facts.get("modality") or "unknown"),
        region=first.region if first else str(case.facts.get("region") or "unknown"),
        split=case.split,
        findings=tuple(_without_span(one) for one in findings),
        report=report,
        origin=origin,
        key_image=_key_image(case.images),
        tokens=tokens_of(report, findings),
        sha256=fingerprint(case),
    )


def item_of(case: Case, root: Path, encoder: Encoder | None) -> tuple[Item, tuple[str, ...]]:
    """An entry with its vectors.

    Args:
        case: as mapped.
        root: the workspace that its images' paths start from.
        encoder: None for an index without vectors.

    Returns:
        The item, and what could not be read, a sentence each.

    Raises:
        CaseError: a path leads out of the workspace.
        WeightsError: weights are missing or damaged.
    """
    entry = entry_of(case)
    study, unread = study_of(case, root)
    seen = LookedAt()
    if study.series:
        with one_thread():
            study, eligibility = triage.run(study)
            found = levels.run(study, eligibility) if eligibility.gradable else []
        seen = look(study, eligibility, found, encoder, whole=True)
    words = None
    if encoder is not None and entry.text:
        words = encoder.texts([entry.text])[0]
    with_prints = entry.model_copy(update={"prints": seen.prints})
    return Item(with_prints, image=seen.image, text=words, discs=seen.discs), unread


def _text(case: Case) -> tuple[dict[Section, str], Origin]:
    if case.report:
        return dict(case.report), case.report_origin
    if case.caption:
        return {"findings": case.caption}, case.report_origin
    written = generated.write(case.findings, case.id)
    return written, "generated" if written else "none"


def _without_span(finding: StatedFinding) -> StatedFinding:
    return finding.model_copy(update={"span": None})


def _key_image(images: Sequence[Image]) -> str | None:
    """The picture that stands for a case: T2 before others, within the workspace."""
    order = sorted(images, key=lambda one: (not one.sequence.startswith("t2"), one.path))
    return order[0].path if order else None
