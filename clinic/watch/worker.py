"""The process that drafts: it can crash, hang or run out of memory, and takes nothing with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from radixgpt.errors import RadixError

Draft = Callable[[Path, Path, tuple[str, ...]], dict[str, Any]]
"""Drafts from a folder of images into another, in these formats; gives facts for a machine."""


@dataclass(frozen=True)
class Failure:
    """Why there is no draft.

    Attributes:
        reason: code of the error; ``crashed`` or ``too-slow`` where the process ended or was ended.
    """

    reason: str
    problem: str
    mend: str

    @property
    def crashed(self) -> bool:
        """Whether the process was lost."""
        return self.reason in ("crashed", "too-slow")


CRASHED = Failure(
    "crashed",
    "Drafting it ended the process that drafts.",
    "Look whether memory is short; read it with radixgpt report, and put it back if that works.",
)
TOO_SLOW = Failure(
    "too-slow",
    "Drafting it took longer than it may.",
    "Read it with radixgpt report; a longer time is set with --timeout.",
)


class Worker:
    """One drafting process, started when it is needed and again when it was lost.

    Args:
        draft: what it does; a function of a module, as the process imports it.
        timeout: seconds that one draft may take.
    """

    def __init__(self, draft: Draft, timeout: float) -> None:
        self._draft = draft
        self._timeout = timeout
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._until = 0.0
        self.busy = False

    def start(self, images: Path, out: Path, formats: tuple[str, ...]) -> None:
        """Begin a draft."""
        if self._process is None or not self._process.is_alive():
            self.stop()
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self._draft), daemon=True)
            self._process.start()
            theirs.close()
            self._pipe = ours
        assert self._pipe is not None
        self._pipe.send((str(images), str(out), formats))
        self._until = time.monotonic() + self._timeout
        self.busy = True

    def outcome(self) -> dict[str, Any] | Failure | None:
        """What came of the draft; None while it goes on."""
        assert self._pipe is not None
        try:
            if self._pipe.poll():
                self.busy = False
                found: dict[str, Any] | Failure = self._pipe.recv()
                return found
        except (EOFError, OSError):
            self.stop()
            return CRASHED
        if time.monotonic() > self._until:
            self.stop()
            return TOO_SLOW
        return None

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.busy = False
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join()


def _serve(pipe: Connection, draft: Draft) -> None:
    """Draft what is asked for, until the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the watching process ends this one
    # What a library prints or a crash quotes may tell of a patient.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            images, out, formats = pipe.recv()
        except (EOFError, OSError):
            return
        reply: dict[str, Any] | Failure
        try:
            reply = draft(Path(images), Path(out), formats)
        except RadixError as error:
            reply = Failure(error.code, error.problem, error.mend)
        try:
            pipe.send(reply)
        except OSError:
            return


def _end_with_parent() -> None:
    """End at once when the watching process is killed, so that no two draft the same study."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
    sys.exit()
