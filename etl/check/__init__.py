"""The rules that a report is held against, each by name and severity.

A report is refused when a sentence states what no finding says, when a finding has no evidence,
when a level, side, grade or number in the text differs from the findings, or when the impression
goes beyond the findings. The sentences are read again from their words (:mod:`etl.wording`), so the
rules also hold for a report that a language model reworded. Warnings and infos are noted with the
report and hold nothing back.
"""

from __future__ import annotations

from etl.check import notices, prior, rules
from etl.check.rule import STATING, Rule
from etl.check.sentence import check_sentence, meyerding, normal_value
from radixgpt.errors import CheckFailedError
from radixgpt.report import Check, Report

__all__ = [
    "RULES",
    "STATING",
    "Rule",
    "check",
    "check_sentence",
    "meyerding",
    "normal_value",
    "require",
]

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("nine-sections", "error", rules.sections_in_order),
        Rule("draft-mark", "error", rules.draft_mark),
        Rule("known-kind-and-value", "error", rules.known_kind_and_value),
        Rule("finding-has-evidence", "error", rules.finding_has_evidence),
        Rule("sentence-has-finding", "error", rules.sentence_has_finding),
        Rule("text-agrees-with-findings", "error", rules.text_agrees),
        Rule("levels-in-order", "error", rules.level_in_heading),
        Rule("impression-within-findings", "error", rules.impression_within_findings),
        Rule("nothing-left-out", "error", rules.nothing_left_out),
        Rule("no-claims-elsewhere", "error", rules.no_claims_elsewhere),
        Rule("fixed-sections", "error", rules.fixed_sections),
        Rule("limitations-stated", "error", rules.limitations_are_stated),
        Rule("comparison-says-what", "error", prior.comparison_says_what),
        Rule("changes-have-a-prior", "error", prior.changes_have_a_prior),
        Rule("changes-follow", "error", prior.changes_follow),
        Rule("changes-agree", "error", prior.changes_agree),
        Rule("changes-told", "error", prior.changes_are_told),
        Rule("same-patient-known", "warning", prior.patient_is_known),
        Rule("numbering-certain", "warning", notices.numbering_is_certain),
        Rule("severe-in-impression", "warning", notices.severe_is_concluded),
        Rule("stated-surely", "warning", notices.surely_stated),
        Rule("mostly-decided", "warning", notices.mostly_decided),
        Rule("said-once", "warning", notices.sentences_differ),
        Rule("set-by-reader", "info", notices.nothing_set_by_hand),
        Rule("level-omitted", "info", notices.nothing_omitted),
        Rule("everything-compared", "info", prior.everything_compared),
        Rule("input-left-aside", "info", notices.everything_read),
        Rule("communication-recorded", "info", notices.communication_recorded),
    )
}
"""Every rule by name."""


def check(report: Report) -> tuple[Check, ...]:
    """The outcome of every rule, in the order of :data:`RULES`."""
    outcomes = []
    for rule in RULES.values():
        broken = list(rule.broken(report))
        outcomes.append(
            Check(
                rule=rule.name,
                severity=rule.severity,
                passed=not broken,
                detail="; ".join(broken),
            )
        )
    return tuple(outcomes)


def require(report: Report) -> Report:
    """The report with its checks noted.

    Raises:
        CheckFailedError: a rule is broken whose breach is an error; the message names the rule and
            the sentences.
    """
    checks = check(report)
    failed = [c for c in checks if not c.passed and c.severity == "error"]
    if failed:
        raise CheckFailedError(
            "The report does not agree with its findings: "
            + " | ".join(f"{c.rule}: {c.detail}" for c in failed)
            + ".",
            "Word the named sentences from their findings, or compose the report anew.",
        )
    return report.model_copy(update={"checks": checks})
