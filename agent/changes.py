"""The tools that write the report or change it."""

# ruff: noqa: D417 (the runtime is injected and no part of a tool's description)

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from langchain.tools import tool

from agent import answers, captioning, remeasuring, replies
from agent import content as c
from agent.arguments import (
    Disc,
    Graded,
    Result,
    Runtime,
    Shown,
    Style,
    Unsaid,
    chosen,
    ids,
    progress,
    report_of,
    result,
)
from agent.edits import Edit, Reword, SetGrade, SetMeasure, level_of
from agent.session import Session
from agent.state import Pending, Proposed, Sending
from etl.phrases import list_and
from radixgpt.errors import CheckFailedError, InputError, LevelError
from radixgpt.finding import KINDS
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import Report

ReportTool = Literal[
    "draft_report",
    "restyle",
    "shorten_impression",
    "remove_sentences",
    "restore_sentences",
    "shift_numbering",
    "confirm_change",
    "undo",
]


def _written(name: ReportTool, change: str, report: Report, *, changed: bool = True) -> Result:
    what = c.ReportContent(
        tool=name,
        change=change,
        style=report.style,
        changed=changed,
        findings=tuple(s.text for s in report.section("findings")),
        impression=tuple(s.text for s in report.section("impression")),
    )
    ids = tuple(dict.fromkeys(i for s in report.section("impression") for i in s.findings))
    return result(what, Shown(change, findings=ids))


_SHORTENED = {"standard": "short_impression", "prose": "short_prose"}
"""The style with a short impression, by the style that it is like."""


@tool(response_format="content_and_artifact", parse_docstring=True)
def draft_report(runtime: Runtime, style: Style | Unsaid = None) -> Result:
    """Write the draft report, or return it if it was written, with its impression.

    Args:
        style: concise for a short report, prose for one that goes finding by finding; leave out
            to keep the present style.
    """
    session = runtime.context.session
    before = session.report
    report = session.draft(progress(runtime), style=style.value if style else None)
    change = "The draft report is written." if before is not report else "The report as it stands."
    return _written("draft_report", change, report, changed=before is not report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def restyle(runtime: Runtime, style: Style) -> Result:
    """Word the report anew.

    Concise makes it shorter, prose tells it finding by finding, standard level by level again.

    Args:
        style: the style wanted.
    """
    session = runtime.context.session
    if report_of(runtime, radiographs=True).style == style.value:
        change = f"The report is in the {style.value} style already."
        return _written("restyle", change, session.draft(), changed=False)
    report = session.restyle(style.value)
    return _written("restyle", f"The report is now in the {style.value} style.", report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def shorten_impression(runtime: Runtime) -> Result:
    """Make the impression of the report shorter and leave the rest as it is."""
    session = runtime.context.session
    before = report_of(runtime, radiographs=True)
    texts = [s.text for s in before.section("impression")]
    short = _SHORTENED.get(before.style)
    if short is None:
        change = "The impression has its short form already."
        return _written("shorten_impression", change, before, changed=False)
    report = session.restyle(short)
    if [s.text for s in report.section("impression")] == texts:
        change = "The impression can't be made shorter without leaving a finding out."
        return _written("shorten_impression", change, report, changed=False)
    return _written("shorten_impression", "The impression is shorter now.", report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def remove_sentences(runtime: Runtime, level: Disc) -> Result:
    """Leave what is said of one level out of the report; the limitations will say so.

    Args:
        level: the disc.
    """
    report_of(runtime)
    return _unless_asked(runtime, "remove_sentences", level=level.value) or _remove(
        runtime, level=level.value
    )


def _remove(runtime: Runtime, *, level: str) -> Result:
    report = runtime.context.session.drop_sentences(level)
    return _written("remove_sentences", f"The sentences on {level} are out of the report.", report)


@tool(response_format="content_and_artifact", parse_docstring=True)
def restore_sentences(runtime: Runtime, level: Disc) -> Result:
    """Bring back what was said of one level before it was taken out of the report.

    Args:
        level: the disc.
    """
    report_of(runtime)
    return _unless_asked(runtime, "restore_sentences", level=level.value) or _restore(
        runtime, level=level.value
    )


def _restore(runtime: Runtime, *, level: str) -> Result:
    report = runtime.context.session.restore_sentences(level)
    return _written(
        "restore_sentences", f"The sentences on {level} are back in the report.", report
    )


@tool(response_format="content_and_artifact", parse_docstring=True)
def shift_numbering(runtime: Runtime, by: int) -> Result:
    """Move the numbering of the levels and grade and write everything anew.

    Args:
        by: levels by which every name moves up; 1 turns L5-S1 into L4-L5, -1 turns L4-L5 into
            L5-S1.
    """
    report_of(runtime)
    return _unless_asked(runtime, "shift_numbering", by=by) or _shift(runtime, by=by)


def _shift(runtime: Runtime, *, by: int) -> Result:
    session = runtime.context.session
    before = _standing(session)
    report = session.shift(by, progress=progress(runtime))
    many = "level" if abs(by) == 1 else "levels"
    change = f"The numbering moved {'up' if by > 0 else 'down'} by {abs(by)} {many}."
    return _written(
        "shift_numbering", " ".join((change, *_missing(session), *_moved(session, before))), report
    )


def _standing(session: Session) -> tuple[int, tuple[Edit, ...]]:
    return session.level_shift, session.aside


def _missing(session: Session) -> list[str]:
    """That discs of the report are not in the images in this numbering."""
    seen = {o.level for o in session.look().observations if o.kind == "disc" and o.evidence}
    gone = [level for level in LUMBAR_DISCS if level not in seen]
    return [f"No disc was found for {list_and(gone)} in this numbering."] if seen and gone else []


def _moved(session: Session, before: tuple[int, tuple[Edit, ...]]) -> list[str]:
    """Which of the reader's own changes another numbering has set aside or brought back."""
    numbering, aside = before
    told = [
        f"{_own(e, numbering)} is set aside, as {_why(e)}; it holds again when the numbering is "
        "moved back."
        for e in session.aside
        if e not in aside
    ]
    told += [
        f"{_own(e, session.level_shift)} holds again."
        for e in aside
        if e in session.edits and e not in session.aside
    ]
    return told


def _why(change: Edit) -> str:
    if isinstance(change, Reword):
        return "its words are of another numbering"
    return "its disc is not in the report now"


def _own(change: Edit, numbering: int) -> str:
    """A reader's change in words, with its level in a numbering."""
    if isinstance(change, Reword):
        what = "leaving out" if change.text is None else "wording"
        return f"Your {what} of a sentence of the {change.sentence.section.replace('_', ' ')}"
    level = level_of(change, numbering)
    if isinstance(change, SetMeasure):
        shown = remeasuring.length(change.kind, change.millimetres, change.direction)
        return f"Your own {KINDS[change.kind].title} at {level} ({shown})"
    if isinstance(change, SetGrade):
        shown = answers.value(change.kind, str(change.value))
        return f"Your own grade at {level} ({KINDS[change.kind].title}: {shown})"
    return f"Your leaving out of {level}"


@tool(response_format="content_and_artifact", parse_docstring=True)
def set_grade(runtime: Runtime, level: Disc, kind: Graded, value: str) -> Result:
    """Prepare a change of one grade to the reader's own; it waits for the reader's yes.

    Args:
        level: the disc.
        kind: what is graded.
        value: a Pfirrmann grade 1 to 5, a Modic type 0 to 3, or present or absent.
    """
    session = runtime.context.session
    session.require_draft()  # nothing is offered that a yes could not do
    here = chosen(report_of(runtime), [level.value], [kind.value])
    facts = KINDS[kind.value]
    allowed = {str(v): v for v in facts.values}
    if value not in allowed:
        known = value.isdecimal() or value in answers.SAID
        said = answers.value(kind.value, value[:20]) if known else "that"  # no echo of free text
        raise CheckFailedError(
            f"{answers.capital(facts.title)} can't be {said}.",
            answers.scale(kind.value),
        )
    if not here:
        raise LevelError(
            f"The report has no {facts.title} at {level.value}.", "Name another level."
        )
    change = SetGrade(level.value, kind.value, allowed[value])
    session.pending = Pending(change, session.turn)
    what = c.PendingContent(
        level=level.value,
        kind=kind.value,
        title=facts.title,
        now=remeasuring.valued(here[0]),
        wanted=value,
    )
    return result(what, Shown("waits for a yes", findings=ids(here)))


@tool(response_format="content_and_artifact", parse_docstring=True)
def confirm_change(runtime: Runtime, accept: bool) -> Result:
    """Carry out or drop the change that waits, after the reader has answered.

    Args:
        accept: whether the reader said yes.
    """
    session = runtime.context.session
    pending = session.pending
    if pending is None:
        raise InputError("No change waits for a yes.", "Say which grade to change, and to what.")
    change = pending.edit
    if isinstance(change, Proposed):
        session.pending = None if not accept else pending
        if not accept:
            return result(c.ProposedContent(question=""), Shown("nothing changed"))
        _require_answer(session, pending)
        session.pending = None
        return _CARRIED[change.tool](runtime, **change.args)
    if isinstance(change, Sending):
        if accept:
            _require_answer(session, pending)
        return captioning.allow(runtime, change, accept=accept)
    if not accept:
        session.pending = None
        here = chosen(session.draft(), [change.level], [change.kind])
        what = c.DismissedContent(
            level=change.level,
            kind=change.kind,
            title=remeasuring.titled(change.kind),
            now=remeasuring.valued(here[0]) if here else "not assessed",
        )
        return result(what, Shown("nothing changed"))
    _require_answer(session, pending)
    if isinstance(change, SetMeasure):
        report = session.set_measure(
            change.level, change.kind, change.millimetres, change.direction
        )
    else:
        report = session.set_grade(change.level, change.kind, change.value)
    found = chosen(report, [change.level], [change.kind])
    done = next(f for f in found if f.set_by_reader)
    shown = answers.value(change.kind, remeasuring.valued(done))
    title = remeasuring.titled(change.kind)
    said = f"At {change.level}, {title} is now {shown}, marked as set by the reader."
    return _written("confirm_change", said, report)


def _require_answer(session: Session, pending: Pending) -> None:
    """Refuse a yes that the reader has not given to this offer.

    Raises:
        InputError: the reader has said nothing since, or something else.
    """
    if pending.turn >= session.turn:
        raise InputError(
            "The reader has not answered yet.", "Ask for a yes and wait for the next message."
        )
    if pending.turn < session.turn - 1:
        session.pending = None  # a yes answers the message before, not an older one
        raise InputError("The offered change has lapsed.", "Say the change again.")
    if (
        session.brain != "embedded" and not session.heard.yes
    ):  # a language model may not say it for them
        raise InputError("You have not said yes to that.", "Say yes, and nothing else.")


def _unless_asked(runtime: Runtime, tool: str, **args: Any) -> Result | None:
    """A question back, where the user's own words do not ask for a change; None where they do."""
    session = runtime.context.session
    if session.brain == "embedded" or session.heard.asks(tool, args):
        return None
    session.pending = Pending(Proposed(tool, args), session.turn)
    asked = f"Shall I go on with {replies.describe(tool, args)}?"
    return result(c.ProposedContent(question=asked), Shown("waits for a yes"))


@tool(response_format="content_and_artifact", parse_docstring=True)
def undo(runtime: Runtime, times: int = 1) -> Result:
    """Take the last change of the report back, or the last few.

    Args:
        times: how many changes; more than there are takes all back.
    """
    return _unless_asked(runtime, "undo", times=times) or _undo(runtime, times=times)


def _undo(runtime: Runtime, *, times: int) -> Result:
    session = runtime.context.session
    before = _standing(session)
    undone = [session.undo()]
    while len(undone) < times and session.changes:
        undone.append(session.undo())
    said = [f"Taken back: {', '.join(undone)}.", *_moved(session, before)]
    if session.changes:
        many = "1 earlier change" if session.changes == 1 else f"{session.changes} earlier changes"
        said.append(f"{many} can be taken back too.")
    return _written("undo", " ".join(said), session.draft())


_CARRIED: dict[str, Callable[..., Result]] = {
    "remove_sentences": _remove,
    "restore_sentences": _restore,
    "shift_numbering": _shift,
    "undo": _undo,
}
"""The changes that may wait for a yes, by tool."""


@tool(response_format="content_and_artifact", parse_docstring=True)
def list_changes(runtime: Runtime) -> Result:
    """Say which changes the reader has made to the report."""
    session = runtime.context.session
    made = [_own(edit, edit.numbering) for edit in session.edits]
    aside = [_own(edit, edit.numbering) for edit in session.aside]
    what = c.ChangesContent(
        changes=tuple(made),
        aside=tuple(aside),
        style=session.style,
        level_shift=session.level_shift,
        undoable=session.changes,
    )
    return result(what, Shown(f"{session.changes} changes can be taken back"))
