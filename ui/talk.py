"""The conversation as Gradio's chat shows it: events become messages, tool steps become steps."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

from agent import took
from agent.events import (
    Answer,
    Event,
    Failed,
    Image,
    Progress,
    SimilarCase,
    SyntheticImage,
    Token,
    ToolEnded,
    ToolStarted,
)
from radixgpt.errors import StoppedError
from ui.desk import Desk

Message = dict[str, Any]

T = TypeVar("T")

_LIVENESS = 0.1
"""Seconds between looks whether the work is done."""

_REDRAW = 0.2
"""Seconds between two redraws of an answer that is being written."""


class Steps:
    """Tool steps in a list of messages, each with its state and its duration.

    Args:
        messages: the list that is added to.
        number: gives every step an id of its own.
    """

    def __init__(self, messages: list[Message], number: Callable[[], int]) -> None:
        self._messages = messages
        self._number = number
        self._open: dict[str, tuple[Message, float]] = {}
        self._inner: dict[str, str] = {}

    def begin(self, title: str, key: str = "", *, within: str | None = None) -> None:
        """A step begins, by itself or within the step ``within``."""
        metadata = {"title": title, "status": "pending", "id": f"step-{self._number()}"}
        if within is not None:
            metadata["parent_id"] = self._open[within][0]["metadata"]["id"]
        message: Message = {"role": "assistant", "content": "", "metadata": metadata}
        self._messages.append(message)
        self._open[key] = (message, time.perf_counter())

    def within(self, title: str) -> None:
        """The next part of the step that began last begins; the part before it is over."""
        outer = [key for key in self._open if key not in self._inner.values()]
        if not outer:
            return
        key = outer[-1]
        self._end_inner(key)
        inner = f"{key}/{title}"
        self.begin(title, inner, within=key)
        self._inner[key] = inner

    def _end_inner(self, key: str, *, failed: bool = False) -> None:
        if key in self._inner:
            self.end(self._inner.pop(key), failed=failed)

    def end(self, key: str = "", *, summary: str = "", failed: bool = False) -> None:
        """A step is over, and with it what ran within it."""
        if key not in self._open:
            return
        self._end_inner(key, failed=failed)
        message, begun = self._open.pop(key)
        message["content"] = summary
        metadata = message["metadata"]
        if failed:
            metadata["title"] += " · failed"
        metadata["status"] = "done"
        metadata["duration"] = round(max(time.perf_counter() - begun, 0.01), 2)

    def end_all(self, *, failed: bool = False) -> None:
        """Whatever still runs is over."""
        for key in reversed(list(self._open)):
            self.end(key, failed=failed)


def say(messages: list[Message], text: str, *, role: str = "assistant") -> Message:
    """Add a plain message and return it."""
    message: Message = {"role": role, "content": text}
    messages.append(message)
    return message


def trouble(problem: str, mend: str) -> str:
    """An error in the words for the person: what was wrong, and what mends it."""
    return f"**{problem}** {mend}"


_LAST_WAIT = 5.0
"""Seconds that something which was stopped is waited for."""


def watched(
    work: Callable[[Callable[[str], None]], T], stop: threading.Event
) -> Generator[str, None, T]:
    """Run ``work(progress)`` beside us, yield what it reports, and return what it returns.

    Once ``stop`` is set, the work ends where it would report its next step.

    Raises:
        RadixError: what ``work`` raised, or that it was stopped.
    """
    reports: queue.SimpleQueue[str] = queue.SimpleQueue()

    def progress(text: str) -> None:
        if stop.is_set():
            raise StoppedError
        reports.put(text)

    runner = ThreadPoolExecutor(max_workers=1)
    result = runner.submit(work, progress)
    runner.shutdown(wait=False)
    while not (result.done() and reports.empty()):
        try:
            yield reports.get(timeout=_LIVENESS)
        except queue.Empty:
            continue
    return result.result()


def stoppable(events: Iterator[Event], stop: threading.Event) -> Iterator[Event]:
    """The events of a turn, which ends in :class:`Failed` soon after ``stop`` is set.

    The turn runs beside us. It ends where it would tell its next event: a tool that runs is not
    torn apart, and a language model's server that does not answer is waited for no longer.
    """
    told: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            for event in events:
                if stop.is_set():
                    break
                told.put(event)
        finally:
            if isinstance(events, Generator):
                events.close()
            told.put(None)

    runner = ThreadPoolExecutor(max_workers=1)
    result = runner.submit(run)
    runner.shutdown(wait=False)
    while not stop.is_set():
        try:
            event = told.get(timeout=_LIVENESS)
        except queue.Empty:
            continue
        if event is None:
            result.result()
            return
        yield event
    wait([result], timeout=_LAST_WAIT)
    stopped = StoppedError()
    yield Failed(stopped.code, stopped.problem, stopped.mend)


def converse(desk: Desk, events: Iterable[Event]) -> Iterator[Answer | Failed | None]:
    """Write a turn's events into the desk's messages; the end is yielded with the last.

    Yields after every event; of tokens that come fast, after some only.
    """
    messages = desk.messages
    steps = Steps(messages, desk.number)
    answer: Message | None = None
    drawn = -_REDRAW
    for event in events:
        if isinstance(event, ToolStarted):
            steps.begin(event.title, event.id)
            yield None
        elif isinstance(event, Progress):
            steps.within(event.text)
            yield None
        elif isinstance(event, ToolEnded):
            steps.end(event.id, summary=event.summary, failed=event.failed)
            yield None
        elif isinstance(event, Token):
            answer = answer or say(messages, "")
            answer["content"] += event.text
            if time.monotonic() - drawn >= _REDRAW:  # each redraw sends the whole conversation
                yield None
                drawn = time.monotonic()
        elif isinstance(event, Answer):
            steps.end_all()
            answer = answer or say(messages, "")
            answer["content"] = _with_images(desk, event)
            if event.images:
                first = event.images[0]
                desk.point(first.series, first.slice_index, first.level)
            yield event
        else:
            steps.end_all(failed=True)
            if answer is not None:
                messages.remove(answer)
            say(messages, trouble(event.problem, event.mend))
            yield event


def _with_images(desk: Desk, answer: Answer) -> str:
    """The answer with its evidence images; pressing one shows its slice in the viewer."""
    text = answer.text
    if answer.guarded:
        text += "\n\n*Left out, because no finding supports it: " + "; ".join(answer.guarded) + ".*"
    if answer.images:
        text += "\n\n" + " ".join(_picture(desk, image) for image in answer.images)
        text += "\n\n" + " · ".join(_caption(image) for image in answer.images)
    if answer.similar:
        text = _without_listed(text, answer.similar) + "\n\n" + _cards(desk, answer.similar)
    if answer.synthetic:
        text += "\n\n" + "\n\n".join(_made_up(desk, one) for one in answer.synthetic)
    if answer.took is not None:
        text += f"\n\n<small>{_plain(took.line(answer.took))}</small>"
    return text


def _made_up(desk: Desk, one: SyntheticImage) -> str:
    """A made-up image under its mark; pressing it leads nowhere in the open study."""
    told = _plain(one.caption)
    kept = desk.keep(Image(one.png, "", series="", slice_index=0))
    text = f"**SYNTHETIC, no patient**\n\n![{told}]({kept})\n\n*{told}*"
    if one.study:
        text += f"\n\n[Download the synthetic study (DICOM, zip)]({desk.keep_study(one.study)})"
    return text


def _without_listed(text: str, cases: Sequence[SimilarCase]) -> str:
    """The answer without the lines on the cases, which the cards tell."""
    listed = tuple(f"{one.number}. {one.alike}" for one in cases)
    return "\n".join(line for line in text.split("\n") if not line.startswith(listed))


def _cards(desk: Desk, cases: Sequence[SimilarCase]) -> str:
    """Other patients' cases as a row of cards: key image, what is shared, the text on demand.

    The row is one line of HTML, in which nothing is Markdown: every text stands there escaped, word
    for word, and its line ends as references, so that none can end the row.
    """
    return f'<div class="rx-cases">{"".join(_card(desk, one) for one in cases)}</div>'


_MOST_SHOWN = 4
"""Findings that a card lists unasked."""


def _card(desk: Desk, one: SimilarCase) -> str:
    parts = [f"<header><b>Case {one.number}</b> <em>another patient</em></header>"]
    if one.png is not None:
        kept = desk.keep(Image(one.png, "", series="", slice_index=0))
        parts.append(f'<img src="{kept}" alt="Key image of case {one.number}, another patient">')
    parts.append(f"<p><b>{_inert(one.alike)}</b></p>")
    for title, what, shown in (
        ("In both", one.shared, True),
        ("Otherwise", one.differing, False),
        ("Not stated", one.unstated, False),
    ):
        if what:
            items = "".join(f"<li>{_inert(each)}</li>" for each in what)
            parts.append(
                f"<details{' open' if shown and len(what) <= _MOST_SHOWN else ''}>"
                f"<summary>{title}: {len(what)}</summary><ul>{items}</ul></details>"
            )
    if one.text.strip():
        parts.append(
            f"<details><summary>{_inert(one.written)}</summary>"
            f"<pre>{_inert(one.text.strip())}</pre></details>"
        )
    parts.append(f"<p><small>{_inert(f'{one.case}, {one.source}, {one.licence}')}</small></p>")
    return f'<article class="rx-case">{"".join(parts)}</article>'


def _inert(text: str) -> str:
    """Somebody's text as HTML that stays on one line; nothing of it is markup or Markdown."""
    kept = (c for c in text if c == "\n" or c.isprintable())
    return "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in kept)


def _picture(desk: Desk, image: Image) -> str:
    caption = _caption(image)
    place = f"#show={image.series}.{image.slice_index}.{image.level or ''}"
    return f'[![Evidence: {caption}]({desk.keep(image)} "{caption}")]({place})'


def _caption(image: Image) -> str:
    """The caption without what Markdown would take for its own."""
    return _plain(image.caption)


def _plain(text: str) -> str:
    """A line without what Markdown would take for its own."""
    return " ".join(text.translate(str.maketrans('[]()*_`<>"', " " * 10)).split())
