"""One user's session: the open study, what was seen in it, the report and its edits.

Nothing here knows a language model. Models run once for each study and numbering; every change
keeps the state before it, so that it can be undone.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent import pipeline
from agent.asked import Heard, hear
from agent.audit.recorder import Recorder
from agent.edits import (
    HIGHEST,
    LOWEST,
    Edit,
    apply,
    moved,
    too_far,
)
from agent.pipeline import Progress, Reading
from agent.revising import Revising, silent
from agent.state import State, Terms
from radixgpt.consent import Consents
from radixgpt.errors import CheckFailedError, InputError, LevelError
from radixgpt.report import Report
from radixgpt.study import Study


class Session(Revising):
    """The session of one user.

    Attributes:
        key: random, of no meaning outside this process.
        llm: the ``RADIXGPT_LLM`` setting that this session talks to.
        terms: what the user has settled about its server.
        asks: whether the user is asked before the conversation leaves; a replay sends nothing.
        refused: whether the user would not have this study's conversation leave.
        held: the message that waits for the user's answer to that.
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
        hear: reads what a message asks for in its own words; a replay knows it from the record.
        heard: what it found in this turn; nothing where the embedded brain leads, which is it.
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
        terms: Terms | None = None,
    ) -> None:
        super().__init__(record())
        self.key = secrets.token_hex(8)
        self.llm = llm
        self.llm_timeout = llm_timeout
        self.terms = terms or Terms()
        self.asks = True
        self.refused = False
        self.held: str | None = None
        self.index = index
        self.encoder = encoder
        self.captioner = captioner
        self.consents = Consents()
        self.record = record
        self.talking = threading.Lock()
        self.turn = 0
        self.said = ""
        self.hear: Callable[[str], Heard] = hear
        self.heard = Heard()
        self.graph: Any = None
        self._stopping = threading.Event()
        self._study: Study | None = None
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
        terms: Terms | None = None,
        progress: Progress = silent,
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
            terms=terms,
        )
        session.load(path, progress=progress)
        return session

    def load(self, path: Path | str, *, progress: Progress = silent) -> Study:
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
            self._signed = None
            self.pending = None
            self.held = None
            if self.refused:  # which was for the study before
                self.refused, self.graph = False, None
            self._opened += 1

    def take(self, reading: Reading) -> None:
        """Take a study with what the tools saw in it, so that they need not run again."""
        with self.lock:
            self.use(reading.study)
            self._state = State(reading)
            self.audit.looked(reading)

    @property
    def brain(self) -> str:
        """The setting of the language model that leads: the embedded one after a refusal."""
        return "embedded" if self.refused else self.llm

    def leave(self, allowed: bool) -> None:
        """Note the user's answer, whether the conversation about this study may leave.

        Without it the embedded brain goes on, until another study is opened.
        """
        from agent import brains

        self.held = None
        self.audit.allowed(allowed)
        if allowed:
            self.consents.give(self.about, brains.leaves_to(self.llm), "conversation")
        else:
            self.refused, self.graph = True, None

    @property
    def about(self) -> str:
        """Key of the study that a consent is for; empty before one is open."""
        return "" if self._study is None else self._study.key

    def cancel(self) -> None:
        """End the turn that runs at its next step; what it has changed is taken back."""
        if self.talking.locked():
            self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether the turn that runs is to end."""
        return self._stopping.is_set()

    def stopped_within(self, seconds: float) -> bool:
        """Wait for so long, or until the turn is to end; whether it is."""
        return self._stopping.wait(seconds)

    def begin_turn(self) -> None:
        """Another turn begins; no one has wanted it to end yet."""
        self._stopping.clear()

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

    def look(self, *, progress: Progress = silent) -> Reading:
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

    def draft(self, progress: Progress = silent, *, style: str | None = None) -> Report:
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

    def shift(self, by: int, *, progress: Progress = silent) -> Report:
        """Move the numbering ``by`` levels upwards and do everything again.

        A reader's own changes move with their discs. Those whose disc is outside of the report then
        are set aside (:attr:`aside`), and hold again when the numbering brings it back.

        Raises:
            LevelError: the shift leaves the lumbar spine, or is 0.
        """
        if by == 0:
            raise LevelError("A shift by 0 changes nothing.", "Shift by 1 (up) or -1 (down).")
        with self.lock:
            numbering = self.level_shift + by
            if not LOWEST <= numbering <= HIGHEST:
                raise LevelError(*too_far(by, self.level_shift))
            self.draft(progress)
            self.require_draft()
            before = self._now()
            from etl.edit import compare

            reading = pipeline.look(
                self.study,
                level_shift=numbering,
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
                    report = apply(report, moved(edit, numbering))
                except (LevelError, CheckFailedError):
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
        progress: Progress = silent,
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
            self.require_draft()
            report = self.draft(progress)
            state = self._now()
            subject = state.reading.study.subject
            earlier = pipeline.earlier(
                path, subject, stated=stated, level_shift=by, salt=self._salt, progress=progress
            )
            compared = edit.compare(report, earlier, subject)
            assert compared.prior is not None, "it was compared"
            return self._advance(
                replace(state, report=compared, prior=earlier, change="comparison"),
                do="compare",
                stated=stated,
                by=by,
                prior=compared.prior.report_sha256,
            )

    def _looked(self, reading: Reading) -> Reading:
        """Note what was seen in the record."""
        reading = replace(reading, seconds=self.audit.took(reading.seconds))
        self.audit.looked(reading)
        return reading
