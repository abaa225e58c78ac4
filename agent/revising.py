"""What a reader does to the report of a session: changes that can be undone, and a signature."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.audit.recorder import Recorder
from agent.edits import DropSentences, Edit, Reword, SetGrade, SetMeasure, apply, level_of
from agent.pipeline import Progress
from agent.state import Pending, State
from radixgpt.errors import CheckFailedError, InputError
from radixgpt.finding import KINDS, Finding
from radixgpt.report import Report, Sentence

if TYPE_CHECKING:
    from etl.remeasure import Direction


def silent(_: str) -> None:
    """Report no progress."""


class Revising(ABC):
    """The report with its changes; every change keeps the state before it.

    Attributes:
        lock: held while the state changes.
        audit: the record of the open study.
        pending: a change, or pictures to be sent, that waits for the user's yes.
    """

    def __init__(self, audit: Recorder) -> None:
        self.lock = threading.RLock()
        self.audit = audit
        self.pending: Pending | None = None
        self._state: State | None = None
        self._history: list[State] = []
        self._signed: Report | None = None

    @abstractmethod
    def draft(self, progress: Progress = silent, *, style: str | None = None) -> Report:
        """The report, written at the first call."""

    @property
    def report(self) -> Report | None:
        """The draft, None before it was written."""
        return self._state.report if self._state else None

    @property
    def style(self) -> str:
        """The style of the report."""
        return self._state.style if self._state else "standard"

    @property
    def level_shift(self) -> int:
        """How many levels the numbering was moved upwards (negative: downwards)."""
        return self._state.reading.level_shift if self._state else 0

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The reader's changes of grades and sentences, in their order."""
        return self._state.edits if self._state else ()

    @property
    def aside(self) -> tuple[Edit, ...]:
        """Those of :attr:`edits` that wait for another numbering."""
        return self._state.aside if self._state else ()

    @property
    def changes(self) -> int:
        """How many changes can be taken back."""
        return len(self._history)

    @property
    def signed(self) -> Report | None:
        """The final report, None unless the draft as it stands was signed."""
        return self._signed

    @property
    def last_change(self) -> tuple[str, Report] | None:
        """What was changed last, in a few words, and the report before it; None before a change."""
        before = self._history[-1].report if self._history else None
        return None if before is None else (self._now().change, before)

    def restyle(self, style: str) -> Report:
        """Write the report in another style.

        Raises:
            CheckFailedError: the style is unknown to the writer, or its report fails its checks.
        """
        from etl import edit

        with self.lock:
            report = self.draft()
            state = self._now()
            return self._advance(
                replace(state, report=edit.restyle(report, style), style=style, change="style"),
                do="restyle",
                style=style,
            )

    def drop_sentences(self, level: str) -> Report:
        """Take out what the report says of a level.

        Raises:
            LevelError: the report says nothing of it.
        """
        return self._edit(
            DropSentences(level, self.level_shift),
            f"sentences on {level}",
            do="drop_sentences",
            level=level,
        )

    def restore_sentences(self, level: str) -> Report:
        """Bring back what the report says of a level that was taken out.

        Raises:
            LevelError: the level was not taken out.
        """
        from etl import edit

        with self.lock:
            report = edit.restore_sentences(self.draft(), level)
            state = self._now()
            kept = tuple(
                e
                for e in state.edits
                if not (isinstance(e, DropSentences) and level_of(e, self.level_shift) == level)
            )
            return self._advance(
                replace(state, report=report, edits=kept, change=f"return of {level}"),
                do="restore_sentences",
                level=level,
            )

    def set_grade(self, level: str, kind: str, value: str | int) -> Report:
        """Set a reader's own value for a finding; it is marked as set by the reader.

        Raises:
            LevelError: there is no such finding to set.
        """
        return self._edit(
            SetGrade(level, kind, value, self.level_shift),
            f"grade at {level}",
            do="set_grade",
            level=level,
            kind=kind,
            value=value,
        )

    def set_measure(
        self, level: str, kind: str, millimetres: float, direction: Direction | None = None
    ) -> Report:
        """Set a reader's own length, and its share of the vertebral depth with it.

        Args:
            level: the disc.
            kind: ``disc_height_mm``, ``canal_mm`` or ``slip_mm``.
            millimetres: above 0.
            direction: of a slip; None keeps the one that it has.

        Raises:
            LevelError: the report has no such level.
            CheckFailedError: nothing was measured there, or the length is not plausible.
        """
        return self._edit(
            SetMeasure(level, kind, millimetres, direction, self.level_shift),
            f"{KINDS[kind].title if kind in KINDS else 'length'} at {level}",
            do="set_measure",
            level=level,
            kind=kind,
            millimetres=millimetres,
            direction=direction,
        )

    def reword(self, place: int, text: str) -> Report:
        """Give one sentence the reader's words.

        Args:
            place: of the sentence among those of the report, from 0.
            text: which must say what the sentence's findings say.

        Raises:
            CheckFailedError: the words say something else, or the sentence can't be worded.
        """
        edit = Reword(self._sentence(place), text, self.level_shift)
        return self._edit(edit, "wording of a sentence", do="reword", place=place, text=text)

    def leave_out(self, place: int) -> Report:
        """Take one sentence out of the report; ``place`` as in :meth:`reword`.

        Raises:
            CheckFailedError: the sentence has to stay.
        """
        edit = Reword(self._sentence(place), None, self.level_shift)
        return self._edit(edit, "sentence left out", do="leave_out", place=place)

    def preview(self, edit: Edit) -> Report:
        """The report as a change would make it; nothing is changed.

        Raises:
            LevelError: there is nothing that the change is about.
            CheckFailedError: the new report would not pass its checks, or the report is signed.
        """
        with self.lock:
            self.require_draft()
            return apply(self.draft(), edit)

    def sign(
        self,
        *,
        name: str,
        role: str,
        at: datetime,
        organization: str = "",
        critical_communication: str = "",
    ) -> Report:
        """The final report that a person signs; the draft stays as it is, and is locked.

        Raises:
            SettingsError: a name or role that can't be used.
            CheckFailedError: the draft fails its checks, or is signed.
        """
        from etl import sign

        with self.lock:
            self.require_draft()
            self._signed = sign.sign(
                self.draft(),
                name=name,
                role=role,
                at=at,
                organization=organization,
                critical_communication=critical_communication,
            )
            return self._signed

    def reopen(self) -> None:
        """Forget the signed report, and with it who signed, so that the draft can be changed."""
        with self.lock:
            self._signed = None

    def undo(self) -> str:
        """Take the last change back and say in a few words which it was.

        Raises:
            InputError: there is nothing to take back.
            CheckFailedError: the report is signed.
        """
        with self.lock:
            self.require_draft()
            if not self._history:
                raise InputError("There is nothing to undo.", "Change something first.")
            undone = self._now().change
            self._state = self._history.pop()
            self.audit.reported(self._state.report, do="undo")
            return undone

    def findings(self, choose: Callable[[Finding], bool] = lambda _: True) -> tuple[Finding, ...]:
        """The report's findings of a choice; writes the report if there is none yet."""
        return tuple(finding for finding in self.draft().findings if choose(finding))

    def _sentence(self, place: int) -> Sentence:
        sentences = self.draft().sentences
        if not 0 <= place < len(sentences):
            raise CheckFailedError(
                "The report has no such sentence any more.", "Choose a sentence as it stands now."
            )
        return sentences[place]

    def require_draft(self) -> None:
        """Refuse a change of a report that a person has signed.

        Raises:
            CheckFailedError: it is signed.
        """
        if self._signed is not None:
            raise CheckFailedError(
                "The report is signed and can't be changed.",
                "Go back to the draft first; it has to be signed anew then.",
            )

    def _edit(self, edit: Edit, change: str, **did: Any) -> Report:
        with self.lock:
            report = apply(self.draft(), edit)
            state = self._now()
            return self._advance(
                replace(state, report=report, edits=(*state.edits, edit), change=change), **did
            )

    def _now(self) -> State:
        if self._state is None:
            raise InputError("The study was not looked at yet.", "Draft the report first.")
        return self._state

    def _advance(self, state: State, **did: Any) -> Report:
        self.require_draft()
        self._history.append(self._now())
        self._state = state
        self.pending = None
        assert state.report is not None
        self.audit.reported(state.report, **did)
        return state.report
