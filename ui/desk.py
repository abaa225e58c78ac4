"""A desk: what one browser tab has on it; kept in this process only, apart from all others.

A desk is found by Gradio's session hash in events, and by its own unguessable token in the
addresses of slices, evidence images and downloads. It goes when the tab is closed, when it was
idle for long, or when too many are open; its uploaded files go with it, and earlier: as soon as
they are read.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.edits import SetGrade
from agent.events import Image
from agent.session import Session
from radixgpt.errors import InputError

MAX_UPLOAD_BYTES = 1024**3
"""Bytes of all files that wait on one desk together."""

MAX_UPLOAD_FILES = 5000

MAX_EVIDENCE = 200
"""Evidence images kept for one desk; the oldest go first."""
_MAX_STUDIES = 4
"""Made-up studies kept for one desk, of some megabytes each."""


@dataclass
class _Inbox:
    """The uploaded files of one study: where they lie, and their sizes in bytes by name."""

    folder: Path
    sizes: dict[str, int] = field(default_factory=dict)


@dataclass
class Desk:
    """One tab's session, conversation and images.

    Attributes:
        session: the agent's session: study, reading, report and edits.
        token: unguessable; whoever has it may fetch this desk's images and report.
        edition: counts the studies opened, so that no slice of an earlier one is shown.
        messages: the conversation as Gradio's chat shows it.
        focus: the slice that the viewer is asked to show, with a number that grows.
        used: monotonic seconds of the last use.
        turn: held while something runs, so that two turns never interleave.
        stop: set when the person wants what runs to end.
        proposal: a grade that waits to be confirmed.
    """

    session: Session
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    edition: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    focus: dict[str, Any] | None = None
    used: float = field(default_factory=time.monotonic)
    turn: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)
    proposal: SetGrade | None = None
    _inboxes: dict[int, _Inbox] = field(default_factory=dict)
    _evidence: OrderedDict[int, bytes] = field(default_factory=OrderedDict)
    _studies: OrderedDict[int, bytes] = field(default_factory=OrderedDict)
    _counter: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def number(self) -> int:
        """A number that this desk has not given out before."""
        with self._lock:
            self._counter += 1
            return self._counter

    def keep(self, image: Image) -> str:
        """Keep an evidence image and return its address, relative to the page."""
        number = self.number()
        with self._lock:
            self._evidence[number] = image.png
            while len(self._evidence) > MAX_EVIDENCE:
                self._evidence.popitem(last=False)
        return f"study/{self.token}/evidence/{number}.png"

    def keep_study(self, packed: bytes) -> str:
        """Keep a made-up study's zip and return its address, relative to the page."""
        number = self.number()
        with self._lock:
            self._studies[number] = packed
            while len(self._studies) > _MAX_STUDIES:
                self._studies.popitem(last=False)
        return f"study/{self.token}/synthetic/{number}.zip"

    def made_up(self, number: int) -> bytes | None:
        """A kept made-up study, None if there is none (any more)."""
        with self._lock:
            return self._studies.get(number)

    def evidence(self, number: int) -> bytes | None:
        """A kept evidence image, None if there is none (any more)."""
        with self._lock:
            return self._evidence.get(number)

    def point(self, series: str, slice_index: int, level: str | None) -> None:
        """Ask the viewer to show a slice and to mark a level in it."""
        self.focus = {
            "series": series,
            "slice": slice_index,
            "level": level,
            "number": self.number(),
        }

    def fresh(self) -> None:
        """Begin a new conversation about a newly opened study."""
        self.edition += 1
        self.messages = []
        self.focus = None
        self.proposal = None
        with self._lock:
            self._evidence.clear()
            self._studies.clear()

    def slot(self, batch: int, name: str) -> Path:
        """Where an uploaded file of a batch is to be written, under a neutral name.

        Raises:
            InputError: too many files.
        """
        with self._lock:
            inbox = self._inboxes.get(batch)
            if inbox is None:
                inbox = _Inbox(Path(tempfile.mkdtemp(prefix="radixgpt-")))
                self._inboxes[batch] = inbox
            if len(inbox.sizes) >= MAX_UPLOAD_FILES and name not in inbox.sizes:
                raise InputError(
                    f"More than {MAX_UPLOAD_FILES} files were sent.",
                    "Open one study, or send it as one zip.",
                )
            inbox.sizes[name] = 0
            return inbox.folder / name

    def weigh(self, batch: int, name: str, size: int) -> None:
        """Account for the bytes of a file that is being received.

        Raises:
            InputError: the files of this desk are too large together, or no longer wanted.
        """
        with self._lock:
            inbox = self._inboxes.get(batch)
            if inbox is None:
                raise InputError("The study was put away.", "Open it again.")
            inbox.sizes[name] = size
            if sum(sum(each.sizes.values()) for each in self._inboxes.values()) > MAX_UPLOAD_BYTES:
                raise InputError(
                    f"The files are larger than {MAX_UPLOAD_BYTES // 1024**2} MB together.",
                    "Open only the series to be read.",
                )

    @contextmanager
    def uploaded(self, batch: int) -> Generator[Path, None, None]:
        """What was uploaded in a batch: the file if it is one, else their folder; then deleted.

        Raises:
            InputError: nothing was uploaded.
        """
        with self._lock:
            inbox = self._inboxes.pop(batch, None)
        if inbox is None:
            raise InputError(
                "No file arrived.", "Choose the files again; a study may be sent as one zip."
            )
        try:
            files = list(inbox.folder.iterdir())
            yield files[0] if len(files) == 1 else inbox.folder
        finally:
            shutil.rmtree(inbox.folder, ignore_errors=True)

    def discard_upload(self, batch: int) -> None:
        """Delete the uploaded files of a batch."""
        with self._lock:
            inbox = self._inboxes.pop(batch, None)
        if inbox is not None:
            shutil.rmtree(inbox.folder, ignore_errors=True)

    def close(self) -> None:
        """Delete what lies outside of memory, and let go of the rest."""
        self.stop.set()
        for batch in list(self._inboxes):
            self.discard_upload(batch)
        self.fresh()


class Desks:
    """All desks of this process.

    Args:
        make: makes the session of a new desk.
        idle: seconds without use after which a desk goes.
        most: how many desks may be open; the one that was idle for longest gives way.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        make: Callable[[], Session],
        *,
        idle: float = 7200.0,
        most: int = 24,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._idle = idle
        self._most = most
        self._clock = clock
        self._by_hash: dict[str, Desk] = {}
        self._by_token: dict[str, Desk] = {}
        self._lock = threading.Lock()
        self._sweeper: threading.Timer | None = None

    def __len__(self) -> int:
        return len(self._by_hash)

    def at(self, session_hash: str) -> Desk:
        """The desk of a tab; an empty one if it has none or lost it."""
        self.sweep()
        with self._lock:
            desk = self._by_hash.get(session_hash)
            if desk is None:
                desk = Desk(self._make())
                self._by_hash[session_hash] = desk
                self._by_token[desk.token] = desk
            desk.used = self._clock()
        self._plan_sweep()
        return desk

    def by_token(self, token: str) -> Desk | None:
        """The desk with this token, None if there is none (any more)."""
        with self._lock:
            desk = self._by_token.get(token)
            if desk is not None:
                desk.used = self._clock()
            return desk

    def close(self, session_hash: str) -> None:
        """The tab was closed."""
        with self._lock:
            desk = self._by_hash.pop(session_hash, None)
            if desk is not None:
                del self._by_token[desk.token]
        if desk is not None:
            desk.close()

    def close_all(self) -> None:
        """The page is shut down."""
        for session_hash in list(self._by_hash):
            self.close(session_hash)
        with self._lock:
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None

    def sweep(self) -> None:
        """Close the desks that were idle for long, and the longest idle if there are too many."""
        now = self._clock()
        with self._lock:
            by_age = sorted(self._by_hash, key=lambda key: self._by_hash[key].used)
            surplus = max(len(by_age) - self._most, 0)
            gone = [
                key
                for place, key in enumerate(by_age)
                if place < surplus or now - self._by_hash[key].used > self._idle
            ]
        for session_hash in gone:
            self.close(session_hash)

    def _plan_sweep(self) -> None:
        """Sweep later even if nobody comes any more."""
        with self._lock:
            if self._sweeper is None and self._by_hash:
                self._sweeper = threading.Timer(min(self._idle, 300.0), self._sweep_and_plan)
                self._sweeper.daemon = True
                self._sweeper.start()

    def _sweep_and_plan(self) -> None:
        with self._lock:
            self._sweeper = None
        self.sweep()
        self._plan_sweep()
