"""The watching: take what arrives, wait until a study is complete, draft it, begin again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clinic.watch.arrive import Arrival, Arrivals
from clinic.watch.draft import draft as draft_study
from clinic.watch.spool import IMAGES, Spool, now
from clinic.watch.worker import Draft, Failure, Worker
from radixgpt.errors import SettingsError

Tell = Callable[[dict[str, Any]], None]
"""Told of every change: ``event``, ``at``, ``study`` and what belongs to it; no identifiers."""


@dataclass(frozen=True)
class Pace:
    """How patient the watching is, in seconds.

    Attributes:
        quiet: a study is complete when nothing of it has arrived for so long.
        settle: a file is whole when it has stayed as it is for so long.
        timeout: one draft may take so long.
        look: between two looks.
    """

    quiet: float = 60.0
    settle: float = 2.0
    timeout: float = 900.0
    look: float = 0.5


@dataclass
class _Begun:
    """The study that is being drafted."""

    name: str
    part: Path
    objects: frozenset[str]


class Watch:
    """Watches one spool.

    Args:
        spool: the opened spool.
        formats: of the drafts.
        pace: how patient it is.
        tell: told of every change.
        draft: how a study is drafted.
    """

    def __init__(
        self,
        spool: Spool,
        formats: tuple[str, ...],
        pace: Pace,
        tell: Tell,
        draft: Draft = draft_study,
    ) -> None:
        self._spool = spool
        self._formats = formats
        self._pace = pace
        self._tell = tell
        self._arrivals = Arrivals(spool, pace.settle, max(pace.quiet, pace.settle))
        self._worker = Worker(draft, pace.timeout)
        self._begun: _Begun | None = None
        self._since = time.monotonic()
        self.drafted = 0
        self.set_aside = 0

    def run(self, stop: threading.Event, *, once: bool = False) -> None:
        """Watch until told to stop, or with ``once`` until nothing is left to be done.

        Raises:
            SettingsError: the spool can't be read or written any more.
        """
        try:
            while not stop.is_set():
                for arrival in self._arrivals.take():
                    self._told(arrival)
                self._finish()
                self._begin()
                if once and self._idle():
                    return
                stop.wait(self._pace.look)
        except OSError as error:
            raise SettingsError(
                f"The folder can't be used any more: {error.strerror or type(error).__name__}.",
                "Look at the disk; called again, it goes on where it was.",
            ) from error
        finally:
            self._worker.stop()

    def _idle(self) -> bool:
        return not (self._worker.busy or self._spool.studies("working") or self._arrivals.waiting())

    def _told(self, arrival: Arrival) -> None:
        for study, added in dict.fromkeys(arrival.added):
            if added == "new":
                self._say("arriving", study)
            elif added == "late":
                self._say("late", study)
        if arrival.reason == "not-readable":
            self._say("unreadable", "", reason=arrival.reason)
        elif arrival.aside:
            self.set_aside += 1
            self._say("quarantined", arrival.study, object=arrival.aside, reason=arrival.reason)

    def _begin(self) -> None:
        """Give the worker the study that has been quiet for longest, if it is free.

        A study was not quiet while nobody watched: what arrived then is taken first.
        """
        watched = time.monotonic() - self._since
        if self._worker.busy or watched < max(self._pace.quiet, self._pace.settle + 1):
            return
        ready = [
            (self._spool.quiet_for(name), name)
            for name in self._spool.studies("working")
            if self._spool.images(name)
        ]
        age, name = max(ready, default=(0.0, ""))
        if not name or age < self._pace.quiet:
            return
        part = self._spool.part(name)
        self._begun = _Begun(name, part, self._spool.images(name))
        self._say("drafting", name, images=len(self._begun.objects))
        images = self._spool.folder("working") / name / IMAGES
        self._worker.start(images, part, self._formats)

    def _finish(self) -> None:
        """Take over what the worker has done."""
        begun = self._begun
        outcome = self._worker.outcome() if begun is not None and self._worker.busy else None
        if begun is None or outcome is None:
            return
        self._begun = None
        if isinstance(outcome, Failure):
            if self._spool.images(begun.name) != begun.objects:
                self._say("again", begun.name, reason="more-arrived")
                return
            if outcome.crashed and not self._spool.crashed(begun.name):
                self._say("again", begun.name, reason=outcome.reason)
                return
            self._spool.set_aside(begun.name, outcome.reason, outcome.problem, outcome.mend)
            self.set_aside += 1
            self._say("quarantined", begun.name, reason=outcome.reason)
        elif self._spool.finish(begun.name, begun.part, begun.objects, outcome):
            self.drafted += 1
            facts = {key: outcome[key] for key in ("read", "reason", "seconds") if key in outcome}
            self._say("drafted", begun.name, images=len(begun.objects), **facts)
        else:
            self._say("again", begun.name, reason="more-arrived")

    def _say(self, event: str, study: str, **facts: Any) -> None:
        self._tell({"event": event, "at": now(), "study": study or None, **facts})
