"""What may be given beside a study: clinical information, a question, a prior, and a wish.

The steps follow the draft in one order, at the terminal and when a recorded run is made again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent import pipeline

if TYPE_CHECKING:
    from agent.audit.recorder import Recorder
    from radixgpt.report import Report


@dataclass(frozen=True)
class Beside:
    """What is given beside a study.

    Attributes:
        history: clinical information; stated as given, without dates and long numbers.
        question: what the study has to answer.
        prior: an earlier study of the patient, or its report.json.
        stated: whether the person says that the prior is of the same patient.
        prior_shift: how many levels the prior's numbering is moved upwards.
        follow_up: whether suggestions by rules are asked for.
    """

    history: str = ""
    question: str = ""
    prior: Path | str | None = None
    stated: bool = False
    prior_shift: int = 0
    follow_up: bool = False


def completed(
    reading: pipeline.Reading,
    report: Report,
    given: Beside,
    *,
    audit: Recorder | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """The draft with what is given beside its study; each step that changes it is recorded.

    Args:
        reading: what the tools saw.
        report: the draft.
        given: beside the study.
        audit: the record of the run, whose salt the prior is read with.
        progress: called with a short text as each step begins.

    Raises:
        InputError: the prior can't be read, is of another patient, or can't be compared.
        CheckFailedError: the report does not pass.
    """
    from etl import edit

    if given.history.strip() or given.question.strip():
        report = edit.tell(report, given.history, given.question)
        if audit is not None:
            audit.reported(report, do="tell", history=given.history, question=given.question)
    if given.prior is not None:
        earlier = pipeline.earlier(
            given.prior,
            reading.study.subject,
            stated=given.stated,
            level_shift=given.prior_shift,
            salt=None if audit is None else audit.salt,
            progress=progress,
        )
        report = edit.compare(report, earlier, reading.study.subject)
        if audit is not None:
            audit.compared(report, stated=given.stated, by=given.prior_shift)
    if given.follow_up:
        report = edit.suggest(report, True)
        if audit is not None:
            audit.reported(report, do="suggest", wanted=True)
    return report
