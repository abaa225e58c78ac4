"""One conversation held with a system, and how its turns are marked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from eval.dialogues.known import OPEN, Known, tells, unsupported
from eval.dialogues.task import CHANGING, Task, Turn
from eval.routing import Call


@dataclass(frozen=True)
class Said:
    """What a system answered.

    Attributes:
        text: the answer, or what it said it could not do.
        calls: the tools that it called, in their order.
        report: findings and impression of its report as they stand now; empty without one.
    """

    text: str
    calls: tuple[Call, ...] = ()
    report: str = ""


class Talker(Protocol):
    """A conversation about one study; it keeps what was said before."""

    def say(self, text: str) -> Said:
        """One turn."""


@dataclass(frozen=True)
class Subject:
    """A study that conversations are held about.

    Attributes:
        begin: begins a conversation about it; nothing of another one is in it.
        seen: what the tools saw, by how many levels the numbering was moved.
        truth: what is so; nothing where nobody knows.
    """

    begin: Callable[[], Talker]
    seen: Callable[[int], Known]
    truth: Known


@dataclass(frozen=True)
class TurnMark:
    """How one turn went.

    Attributes:
        tool: whether the tools called are those that are right; None where any will do.
        arguments: and their arguments; None likewise.
        answer: whether the answer and the report hold what they must.
        missing: what they do not, in words.
        unsupported: what the answer states and no tool saw.
        told, true: of the places that were asked about and rightly told, how many there are, and
            how many are as the truth has them.
        seconds: that the answer took.
    """

    say: str
    text: str
    tool: bool | None
    arguments: bool | None
    answer: bool
    missing: tuple[str, ...]
    unsupported: tuple[str, ...]
    told: int
    true: int
    seconds: float

    @property
    def right(self) -> bool:
        """Whether everything is."""
        return (
            self.tool is not False
            and self.arguments is not False
            and self.answer
            and not self.unsupported
        )


@dataclass(frozen=True)
class TaskMark:
    """How one conversation went."""

    task: Task
    turns: tuple[TurnMark, ...]

    @property
    def right(self) -> bool:
        """Whether every turn is."""
        return all(turn.right for turn in self.turns)


def hold(task: Task, subject: Subject) -> TaskMark:
    """Hold one conversation, begun anew, and mark it."""
    talker = subject.begin()
    own: dict[str, str | int] = {}
    numbering = 0
    marks: list[TurnMark] = []
    for turn in task.turns:
        begun = time.perf_counter()
        said = talker.say(turn.say)
        seconds = time.perf_counter() - begun
        if turn.numbering is not None:
            numbering, own = turn.numbering, {}  # the reader's values move: the task says where to
        own |= turn.sets
        seen = subject.seen(numbering).with_set(own)
        truth = subject.truth if numbering == 0 else Known({})
        marks.append(_mark(turn, said, seen, truth, seconds))
    return TaskMark(task, tuple(marks))


def _mark(turn: Turn, said: Said, seen: Known, truth: Known, seconds: float) -> TurnMark:
    expected = turn.expected
    tool = arguments = None
    if expected is not None:
        tool = _same_tools(expected, said.calls)
        arguments = tool and _same_calls(expected, said.calls)
    missing = tuple(_missing(turn, said, seen))
    told = [place for place in turn.tells if tells(said.text, place, seen)]
    known = [
        place
        for place in told
        if truth.at(*place.split(" ")) != OPEN and seen.at(*place.split(" ")) != OPEN
    ]
    return TurnMark(
        turn.say,
        said.text,
        tool,
        arguments,
        not missing,
        missing,
        unsupported(said.text, seen),
        len(known),
        sum(tells(said.text, place, truth) for place in known),
        seconds,
    )


def _same_tools(expected: Sequence[Call], made: Sequence[Call]) -> bool:
    wanted, called = [c.tool for c in expected], [c.tool for c in made]
    extra = [c for c in made if c.tool not in wanted and _changes(c)]
    if not wanted:
        return not called
    return set(wanted) <= set(called) and not extra


def _changes(call: Call) -> bool:
    """Whether a call changes something; to let a change drop that waits for a yes does not."""
    dropped = call.tool == "confirm_change" and call.args.get("accept") is False
    return call.tool in CHANGING and not dropped


def _same_calls(expected: Sequence[Call], made: Sequence[Call]) -> bool:
    called = {_plain(call) for call in made}
    return {_plain(call) for call in expected} <= called


def _plain(call: Call) -> str:
    """The same text for the same call, numbers and their digits being one."""
    args: Mapping[str, object] = {
        key: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for key, value in call.args.items()
    }
    return Call(call.tool, args).canonical()


def _missing(turn: Turn, said: Said, seen: Known) -> list[str]:
    found = [
        f"does not say {place} ({seen.at(*place.split(' '))})"
        for place in turn.tells
        if not tells(said.text, place, seen)
    ]
    for pattern, text, wanted, what in (
        *((p, said.text, True, "answer") for p in turn.words),
        *((p, said.text, False, "answer") for p in turn.never),
        *((p, said.report, True, "report") for p in turn.report.has),
        *((p, said.report, False, "report") for p in turn.report.lacks),
    ):
        if bool(re.search(pattern, text, re.IGNORECASE)) is not wanted:
            found.append(f"the {what} {'lacks' if wanted else 'has'} '{pattern}'")
    return found
