"""What a run was given and its record does not hold: files, and words that stand by their hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.audit.lines import Did, sha256
from agent.audit.recorder import HIDDEN, hidden, style_named
from agent.beside import Beside
from radixgpt.errors import AuditError


@dataclass(frozen=True)
class Given:
    """What is given again when a run is made again.

    Attributes:
        style: file of the style, where the report was worded in a house's own.
        prior: the prior study or its report, where the report was compared with one.
        history: the clinical information, where some was given and its words were not kept.
        question: likewise what the study had to answer.
    """

    style: str | None = None
    prior: Path | str | None = None
    history: str = ""
    question: str = ""

    def style_of(self, recorded: str) -> str:
        """The style to word a report in again.

        Raises:
            AuditError: it is a house's own, and not given.
        """
        if not hidden(recorded):
            return recorded
        if self.style is None or style_named(self.style) != recorded:
            raise AuditError(
                "The report was worded in a style of a house's own.", "Name its file with --style."
            )
        return self.style

    def the_prior(self) -> Path | str:
        """The prior study.

        Raises:
            AuditError: it is not given.
        """
        if self.prior is None:
            raise AuditError(
                "The report was compared with a prior study.", "Name that study with --prior."
            )
        return self.prior

    def beside(self, did: Did) -> Beside:
        """What one recorded step behind the draft was given.

        Raises:
            AuditError: the step is none of those, or what it needs is not given.
        """
        if did.do == "tell":
            return Beside(
                history=_words(did.history, self.history, "clinical information", "--history"),
                question=_words(did.question, self.question, "a question", "--question"),
            )
        if did.do == "compare":
            return Beside(prior=self.the_prior(), stated=bool(did.stated), prior_shift=did.by or 0)
        if did.do == "suggest":
            return Beside(follow_up=bool(did.wanted))
        raise AuditError("The record is of no single report.", "Take a whole record.")


def _words(recorded: str | None, given: str, what: str, option: str) -> str:
    """Words as they were given to the run."""
    if not recorded or not hidden(recorded):
        return recorded or ""
    if f"{HIDDEN}{sha256(given)}" != recorded:
        raise AuditError(
            f"The report was given {what} whose words the record does not hold.",
            f"Give the same text again with {option}.",
        )
    return given
