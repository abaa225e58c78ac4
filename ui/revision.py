"""What a change of the report does, as HTML: before struck through, after underlined."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from etl.diff import Difference, Regraded, Reworded, difference, words
from radixgpt.report import SECTIONS
from ui import editing, statement
from ui.desk import Desk


def revision(desk: Desk) -> str:
    """The change that waits to be confirmed, else the last one with its undo; else nothing."""
    session = desk.session
    report = session.report
    if report is None or session.signed is not None:
        return ""
    after, change = editing.proposed(desk), desk.proposal
    if after is not None and change is not None:
        name = f"{change.level}, {statement.title(change.kind)}"
        return (
            '<section class="rx-revision rx-proposed" role="alertdialog" '
            f'aria-label="A change to confirm"><b>Change {escape(name)}?</b>'
            f"{_told(difference(report, after))}"
            '<p class="rx-acts"><button type="button" class="rx-button rx-primary" '
            'data-do="confirm">Make the change</button>'
            '<button type="button" class="rx-button" data-do="discard">Leave it</button></p>'
            "</section>"
        )
    last = session.last_change
    if last is None:
        return ""
    name, before = last
    return (
        f'<details class="rx-revision" data-change="{session.changes}"><summary>'
        f"<span>Last change: {escape(name)}</span>"
        '<button type="button" class="rx-button" data-do="undo">Undo</button></summary>'
        f"{_told(difference(before, report)) or '<p>The text is the same.</p>'}</details>"
    )


def _told(told: Difference) -> str:
    lines = [*(_regraded(one) for one in told.findings), *_reworded(told.sentences)]
    return f'<div class="rx-diff">{"".join(lines)}</div>' if lines else ""


def _regraded(one: Regraded) -> str:
    place = f"{one.level} " if one.level else ""
    was = "" if one.before is None else f"<del>{escape(statement.value(one.before))}</del> "
    now = "" if one.after is None else f"<ins>{escape(statement.value(one.after))}</ins>"
    mine = one.after is not None and one.after.set_by_reader
    mark = ' <small class="rx-mine">set by the reader</small>' if mine else ""
    return f"<p>{escape(place + statement.title(one.kind))}: {was}{now}{mark}</p>"


def _reworded(sentences: tuple[Reworded, ...]) -> Iterator[str]:
    section = ""
    for one in sentences:
        if one.section != section:
            section = one.section
            yield f"<h4>{escape(SECTIONS[one.section])}</h4>"
        if len(one.before) == len(one.after) == 1:
            yield f"<p>{_words(one.before[0], one.after[0])}</p>"
            continue
        yield from (f"<p><del>{escape(text)}</del></p>" for text in one.before)
        yield from (f"<p><ins>{escape(text)}</ins></p>" for text in one.after)


def _words(before: str, after: str) -> str:
    tags = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
    return " ".join(tags[how].format(escape(text)) for how, text in words(before, after))
