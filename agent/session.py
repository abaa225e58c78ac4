"""One user's session: the open study, what was seen in it, the report and its edits.

Nothing here knows a language model. Models run once for each study and numbering; every change
keeps the state before it, so that it can be undone.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import pipeline
from agent.audit.recorder import Recorder
from agent.edits import HIGHEST, LOWEST, DropSentences, Edit, SetGrade, apply, level_of, too_far
from agent.pipeline import Progress, Reading
from radixgpt.consent import Consents
from radixgpt.errors import InputError, LevelError
from radixgpt.finding import Finding
from radixgpt.report import Report
from radixgpt.study import Study

if TYPE_CHECKING:
    from etl.prior import Earlier

def _silent(_: str) -> None:
    return None


@dataclass(frozen=True)
class State:
    """What a session knows at one moment; the unit of undo.

    Attributes:
        edits: the reader's changes, in their order.
        aside: those of them that name no level of the report in the present numbering.
        change: what made this state out of the one before, in a few words.
        prior: the prior study that the report is compared with.
    """

    reading: Reading
    report: Report | None = None
    style: str = "standard"
    edits: tuple[Edit, ...] = ()
    aside: tuple[Edit, ...] = ()
    change: str = ""
    prior: Earlier | None = None


@dataclass(frozen=True)
class Sending:
    """Pictures of the open study that would leave this machine for a caption.

    Attributes:
        url: of the server.
        study: key of the study.
        asked: what the caption was asked for, as the tool takes it.
    """

    url: str
    study: str
    asked: Mapping[str, str]


@dataclass(frozen=True)
class Pending:
    """What waits for the user's yes; it may only be confirmed in a later turn."""

    edit: SetGrade | Sending
    turn: int


class Session:
    """The session of one user.

    Attributes:
        key: random, of no meaning outside this process.
        llm: the ``RADIXGPT_LLM`` setting that this session talks to.
        index: folder of the index of similar cases; None for the one that ships.
        encoder: the ``RADIXGPT_ENCODER`` setting, for an index that a published encoder made.
        captioner: the ``RADIXGPT_CAPTIONER`` setting, and seconds to wait for its server.
        consents: what the user allowed to leave this machine; nothing yet.
        record: makes the audit record of a study that is opened.
        audit: the record of the open study.
        lock: held while the state changes.
        talking: held by a chat turn, so that two turns never interleave.
        turn: number of the chat turn that runs or ran last.
        said: what the user said in it.
        pending: a change, or pictures to be sent, that waits for the user's yes.
    """

    def __init__(
        self,
        *,
        llm: str = "embedded",
        llm_timeout: float = 120.0,
        index: Path | None = None,
        encoder: str = "embedded",
        captioner: tuple[str, float] = ("embedded", 120.0),
        record: Callable[[], Recorder] = Recorder,
    ) -> None:
        self.key = secrets.token_hex(8)
        self.llm = llm
        self.llm_timeout = llm_timeout
        self.index = index
        self.encoder = encoder
        self.captioner = captioner
        self.consents = Consents()
        self.record = record
        self.audit = record()
        self.lock = threading.RLock()
        self.talking = threading.Lock()
        self.turn = 0
        self.said = ""
        self.pending: Pending | None = None
        self.graph: Any = None
        self._study: Study | None = None
        self._state: State | None = None
        self._history: list[State] = []
        self._opened = 0
        self._salt: bytes | None = None

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        llm: str = "embedded",
        llm_timeout: float = 120.0,
        index: Path | None = None,
        encoder: str = "embedded",
        captioner: tuple[str, float] = ("embedded", 120.0),
        record: Callable[[], Recorder] = Recorder,
        progress: Progress = _silent,
    ) -> Session:
        """A session on the study in a file, folder or zip.

        Raises:
            InputError: nothing in it can be read.
        """
        session = cls(
            llm=llm,
            llm_timeout=llm_timeout,
            index=index,
            encoder=encoder,
            captioner=captioner,
            record=record,
        )
        session.load(path, progress=progress)
        return session

    def load(self, path: Path | str, *, progress: Progress = _silent) -> Study:
        """Open another study; the conversation about the one before is forgotten.

        Raises:
            InputError: nothing in it can be read; the study before stays open.
        """
        audit = self.record()
        study = pipeline.read_study(path, salt=audit.salt, progress=progress)
        self._take(study, audit, salted=True)
        return study

    def use(self, study: Study, *, salted: bool = False) -> None:
        """Take a study that was read already; ``salted`` with the salt of the records made here."""
        self._take(study, self.record(), salted=salted)

    def _take(self, study: Study, audit: Recorder, *, salted: bool) -> None:
        audit.begin(
            "chat",
            study,
            llm=self.llm,
            captioner=self.captioner[0],
            encoder=self.encoder,
            salted=salted,
        )
        with self.lock:
            self.audit = audit
            self._salt = audit.salt if salted else None
            self._study = study
            self._state = None
            self._history = []
            self.pending = None
            self._opened += 1

    def take(self, reading: Reading) -> None:
        """Take a study with what the tools saw in it, so that they need not run again."""
        with self.lock:
            self.use(reading.study)
            self._state = State(reading)
            self.audit.looked(reading)

    @property
    def thread(self) -> str:
        """Key of the conversation's memory: another study begins another conversation."""
        return f"{self.key}:{self._opened}"

    @property
    def has_study(self) -> bool:
        """Whether a study is open."""
        return self._study is not None

    @property
    def study(self) -> Study:
        """The open study; with facts from the pixels once the tools have looked.

        Raises:
            InputError: no study is open.
        """
        if self._state is not None:
            return self._state.reading.study
        if self._study is None:
            raise InputError(
                "No study is open.", "Open one first: a DICOM file or folder, a NIfTI or an image."
            )
        return self._study

    @property
    def reading(self) -> Reading | None:
        """What the tools saw, None before they looked."""
        return self._state.reading if self._state else None

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

    def look(self, *, progress: Progress = _silent) -> Reading:
        """What the tools see in the study; they run at the first call only.

        Raises:
            InputError: no study is open.
            WeightsError: the shipped weights are missing or damaged.
        """
        with self.lock:
            if self._state is None:
                reading = pipeline.look(self.study, progress=progress)
                self._state = State(self._looked(reading))
            return self._state.reading

    def draft(self, progress: Progress = _silent, *, style: str | None = None) -> Report:
        """The report; written at the first call, or again when another style is asked for.

        Raises:
            InputError: no study is open.
            CheckFailedError: the report does not agree with its findings.
        """
        with self.lock:
            self.look(progress=progress)
            state = self._now()
            if state.report is None:
                wanted = style or state.style
                report = pipeline.write(state.reading, style=wanted, progress=progress)
                self._state = replace(state, report=report, style=wanted)
                self.audit.reported(report, do="draft", style=wanted)
                return report
            if style is not None and style != state.style:
                return self.restyle(style)
            return state.report

    def shift(self, by: int, *, progress: Progress = _silent) -> Report:
        """Move the numbering ``by`` levels upwards and do everything again.

        A reader's own changes move with their discs. Those whose disc is outside of the report then
        are set aside (:attr:`aside`), and hold again when the numbering brings it back.

        Raises:
            LevelError: the shift leaves the lumbar spine, or is 0.
        """
        if by == 0:
            raise LevelError("A shift by 0 changes nothing.", "Shift by 1 (up) or -1 (down).")
        with self.lock:
            moved = self.level_shift + by
            if not LOWEST <= moved <= HIGHEST:
                raise LevelError(*too_far(by, self.level_shift))
            self.draft(progress)
            before = self._now()
            from etl.edit import compare

            reading = pipeline.look(
                self.study,
                level_shift=moved,
                eligibility=before.reading.eligibility,
                progress=progress,
            )
            reading = self._looked(reading)
            report = pipeline.write(reading, style=before.style, progress=progress)
            if before.prior is not None:
                report = compare(report, before.prior, reading.study.subject)
            aside: list[Edit] = []
            for edit in before.edits:
                try:
                    report = apply(report, replace(edit, level=level_of(edit, moved)))
                except LevelError:
                    aside.append(edit)
            direction = "up" if by > 0 else "down"
            return self._advance(
                State(
                    reading,
                    report,
                    before.style,
                    before.edits,
                    tuple(aside),
                    f"numbering {direction}",
                    before.prior,
                ),
                do="shift",
                by=by,
            )

    def compare(
        self,
        path: Path | str,
        *,
        stated: bool = False,
        by: int = 0,
        progress: Progress = _silent,
    ) -> Report:
        """Compare the report with a prior study, or with the report.json of one.

        Args:
            path: of the prior.
            stated: whether the person says that it is of the same patient.
            by: how many levels the prior's numbering is moved upwards.
            progress: called with a short text as each step begins.

        Raises:
            InputError: it can't be read, is of another patient, or can't be compared.
        """
        from etl import edit

        with self.lock:
            report = self.draft(progress)
            earlier = pipeline.earlier(
                path, stated=stated, level_shift=by, salt=self._salt, progress=progress
            )
            state = self._now()
            compared = edit.compare(report, earlier, state.reading.study.subject)
            return self._advance(
                replace(state, report=compared, prior=earlier, change="comparison"),
                do="compare",
                stated=stated,
                by=by,
            )

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

    def undo(self) -> str:
        """Take the last change back and say in a few words which it was.

        Raises:
            InputError: there is nothing to take back.
        """
        with self.lock:
            if not self._history:
                raise InputError("There is nothing to undo.", "Change something first.")
            undone = self._now().change
            self._state = self._history.pop()
            self.audit.reported(self._state.report, do="undo")
            return undone

    def findings(self, choose: Callable[[Finding], bool] = lambda _: True) -> tuple[Finding, ...]:
        """The report's findings of a choice; writes the report if there is none yet."""
        return tuple(finding for finding in self.draft().findings if choose(finding))

    def _looked(self, reading: Reading) -> Reading:
        """Note what was seen in the record."""
        reading = replace(reading, seconds=self.audit.took(reading.seconds))
        self.audit.looked(reading)
        return reading

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
        self._history.append(self._now())
        self._state = state
        self.pending = None
        assert state.report is not None
        self.audit.reported(state.report, **did)
        return state.report
