"""What happens when someone opens, asks, picks a level, drafts or clears.

Every handler finds the tab's desk by Gradio's session hash and hands the page fresh views of it.
Errors of the project become plain messages in the conversation, never a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from agent.session import Session
from radixgpt.errors import RadixError
from radixgpt.report import Report
from radixgpt.study import Study
from ui import pane, talk, viewer
from ui.desk import Desk, Desks

Views = tuple[Any, Any, Any, Any, Any]
"""New values of: conversation, viewer, report pane, download links, text box."""

EXAMPLES = (
    "What is at L4-L5?",
    "Which level is worst?",
    "Undo",
    "Make the impression shorter",
    "Shift the numbering up by one",
)


class Handlers:
    """The page's handlers over one set of desks.

    Args:
        desks: the desks.
        patience: seconds that a turn waits for the one before it.
    """

    def __init__(self, desks: Desks, *, patience: float = 300.0) -> None:
        self._desks = desks
        self._patience = patience

    def arrive(self, request: gr.Request) -> Views:
        """The page was opened."""
        return _everything(self._desk(request), "")

    def leave(self, request: gr.Request) -> None:
        """The tab was closed or loaded anew."""
        self._desks.close(str(request.session_hash))

    def clear(self, request: gr.Request) -> Views:
        """Forget the study and the conversation."""
        self._desks.close(str(request.session_hash))
        return _everything(self._desk(request), "")

    def open_uploads(self, sent: gr.EventData, request: gr.Request) -> Iterator[Views]:
        """Open what the browser has just sent."""
        desk = self._desk(request)
        batch = int(sent.batch)

        def load(progress: Callable[[str], None]) -> Study:
            with desk.uploaded(batch) as path:
                return desk.session.load(path, progress=progress)

        with self._turn(desk) as free:
            if free:
                yield from _open(desk, load)

    def open_prior(self, sent: gr.EventData, request: gr.Request) -> Iterator[Views]:
        """Compare with the prior study that the browser has just sent."""
        desk = self._desk(request)
        batch, stated = int(sent.batch), bool(sent.same)

        def compare(progress: Callable[[str], None]) -> Report:
            with desk.uploaded(batch) as path:
                return desk.session.compare(path, stated=stated, progress=progress)

        with self._turn(desk) as free:
            if free:
                yield from _compare(desk, compare)

    def open_example(self, chosen: gr.EventData, request: gr.Request) -> Iterator[Views]:
        """Open one of the example studies; it is made when it is asked for first."""
        desk = self._desk(request)
        name = str(chosen.name)

        def load(progress: Callable[[str], None]) -> Study:
            from data.synth.examples import study_folder

            progress("Making the phantom, which is kept then")
            return desk.session.load(study_folder(name), progress=progress)

        with self._turn(desk) as free:
            if free:
                yield from _open(desk, load)

    def ask(self, text: str, request: gr.Request) -> Iterator[Views]:
        """Answer a question or do what it asks for."""
        desk = self._desk(request)
        if not text.strip():
            return
        with self._turn(desk) as free:
            if free:
                yield from _answer(desk, text.strip())

    def ask_about(self, picked: gr.EventData, request: gr.Request) -> Iterator[Views]:
        """A level was picked in the image or among the chips."""
        yield from self.ask(f"What is at {picked.level}?", request)

    def stop(self, request: gr.Request) -> None:
        """What runs is to end; it says so itself."""
        desk = self._desk(request)
        desk.stop.set()
        desk.session.cancel()

    def changed(self, request: gr.Request) -> Views:
        """The reader has edited or signed the report (:mod:`ui.editing`)."""
        return _everything(self._desk(request))

    def draft(self, request: gr.Request) -> Iterator[Views]:
        """Draft the report; this needs no language model."""
        desk = self._desk(request)
        with self._turn(desk) as free:
            if free:
                yield from _draft(desk)

    def _desk(self, request: gr.Request) -> Desk:
        return self._desks.at(str(request.session_hash))

    @contextmanager
    def _turn(self, desk: Desk) -> Generator[bool, None, None]:
        """Hold the desk for one turn, after the one that runs; False when that takes too long."""
        free = desk.turn.acquire(timeout=self._patience)
        if free:
            desk.stop.clear()
        else:
            gr.Info("The step before has not ended yet. Try again when it has.")
        try:
            yield free
        finally:
            if free:
                desk.turn.release()


_AT_REST = {"submit_btn": True, "stop_btn": False}
_RUNNING = {"submit_btn": False, "stop_btn": "Stop"}


def _everything(desk: Desk, box: Any = None) -> Views:
    return (
        _messages(desk),
        viewer.view(desk),
        pane.pane(desk),
        pane.downloads(desk),
        gr.update(**_AT_REST) if box is None else gr.update(value=box, **_AT_REST),
    )


def _talk_only(desk: Desk, box: Any = None) -> Views:
    unchanged = gr.skip()
    running = gr.update(**_RUNNING) if box is None else gr.update(value=box, **_RUNNING)
    return _messages(desk), unchanged, unchanged, unchanged, running


def _messages(desk: Desk) -> list[dict[str, Any]]:
    """A copy, for the handlers go on writing."""
    return [
        {**m, "metadata": dict(m["metadata"])} if "metadata" in m else dict(m)
        for m in desk.messages
    ]


def _steps_of(
    desk: Desk, steps: talk.Steps, work: Callable[[Callable[[str], None]], object]
) -> Iterator[Views]:
    """Run work, one step of the conversation for everything that it reports."""
    began = False
    try:
        for text in talk.watched(work, desk.stop):
            if began:
                steps.end()
            steps.begin(text)
            began = True
            yield _talk_only(desk)
    except RadixError:
        steps.end_all(failed=True)
        raise
    steps.end_all()


def _open(desk: Desk, load: Callable[[Callable[[str], None]], Study]) -> Iterator[Views]:
    session = desk.session
    before = list(desk.messages)
    desk.messages = []
    steps = talk.Steps(desk.messages, desk.number)
    try:
        yield from _steps_of(desk, steps, load)
    except RadixError as error:
        desk.messages[:0] = before
        talk.say(desk.messages, talk.trouble(error.problem, error.mend))
        yield _everything(desk)
        return
    reading_steps = desk.messages
    desk.fresh()
    desk.messages = reading_steps
    yield _everything(desk)
    try:
        yield from _steps_of(desk, steps, lambda progress: session.look(progress=progress))
    except RadixError as error:
        talk.say(desk.messages, talk.trouble(error.problem, error.mend))
    else:
        talk.say(desk.messages, _welcome(session))
    yield _everything(desk)


def _welcome(session: Session) -> str:
    """What was opened and whether it can be graded; nothing about what it shows."""
    study, reading = session.study, session.reading
    parts = []
    if study.synthetic:
        parts.append("**A synthetic phantom, no patient.**")
    listed = ", ".join(
        f"{viewer.name(s)} ({s.slices} {'slice' if s.slices == 1 else 'slices'})"
        for s in study.series
    )
    parts.append(f"Opened: {listed}.")
    if reading is not None:
        if reading.eligibility.detail:
            parts.append(reading.eligibility.detail)
        if reading.eligibility.gradable:
            parts.append("Pick a level, ask, or draft the report.")
        elif reading.eligibility.radiographs:
            parts.append("Ask for the findings or the image, or draft the report.")
        else:
            parts.append("The images can be viewed; nothing of them is graded.")
    parts += [f"Note: {warning}" for warning in study.warnings]
    if study.quarantine:
        count = len(study.quarantine)
        reasons = sorted({f"{q.detail} ({q.reason})" for q in study.quarantine})[:4]
        objects = "1 object was" if count == 1 else f"{count} objects were"
        parts.append(f"{objects} left out: {' '.join(reasons)}")
    return " ".join(parts)


def _answer(desk: Desk, text: str) -> Iterator[Views]:
    from agent import chat

    talk.say(desk.messages, text, role="user")
    yield _talk_only(desk, "")
    try:
        events = talk.stoppable(chat.stream(desk.session, text), desk.stop)
        for end in talk.converse(desk, events):
            if end is None:
                yield _talk_only(desk)
            else:
                yield _everything(desk)
    except RadixError as error:
        talk.say(desk.messages, talk.trouble(error.problem, error.mend))
        yield _everything(desk)


def _compare(desk: Desk, work: Callable[[Callable[[str], None]], Report]) -> Iterator[Views]:
    steps = talk.Steps(desk.messages, desk.number)
    try:
        yield from _steps_of(desk, steps, work)
    except RadixError as error:
        mend = error.mend.replace(
            "--same-patient", "tick Same patient beside it, and open it again"
        )
        talk.say(desk.messages, talk.trouble(error.problem, mend))
    else:
        talk.say(desk.messages, "The report is compared with the prior study.")
    yield _everything(desk)


def _draft(desk: Desk) -> Iterator[Views]:
    session = desk.session
    steps = talk.Steps(desk.messages, desk.number)
    before = session.report
    try:
        if before is None:
            yield from _steps_of(desk, steps, lambda progress: session.draft(progress))
    except RadixError as error:
        talk.say(desk.messages, talk.trouble(error.problem, error.mend))
    else:
        report = session.draft()
        passed = sum(check.passed for check in report.obligatory)
        ready = "The draft is in the report pane" if before is None else "The draft is up to date"
        talk.say(desk.messages, f"{ready}; {passed} of {len(report.obligatory)} checks passed.")
    yield _everything(desk)
