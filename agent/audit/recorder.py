"""Writes the record of a run as it goes on.

By default no word that anybody typed or a language model wrote is kept: texts stand by their hash,
and so does any argument that is not among the known values of the tools. No line holds a name, an
id, a path or a date; nor the time of day, as a draft is often made on the day of the examination.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Literal

from agent.audit import made_with
from agent.audit.lines import (
    AnswerLine,
    Args,
    Begin,
    CallLine,
    ConsentLine,
    Did,
    Line,
    LookLine,
    ModelLine,
    ReportLine,
    SaidLine,
    SeriesLine,
    StudyLine,
    ToolLine,
    canonical,
    chained,
    sha256,
    text_of,
)

if TYPE_CHECKING:
    from agent.arguments import Shown
    from agent.asked import Heard
    from agent.pipeline import Reading
    from radixgpt.report import Report
    from radixgpt.study import Series, Study

_LARGEST_NUMBER = 99
"""An argument beyond it is no level, grade or count, and may be a number of somebody's."""
HIDDEN = "sha256:"
"""How a word begins that is kept by its hash."""


class Recorder:
    """The record of one run; safe to be called from several threads.

    Args:
        words: whether what the user and a language model say is kept word for word.
        salt: of the keys of study and instances, 32 bytes; a random one otherwise.
        clock: seconds to take over instead of the measured ones, when a run is made again.
    """

    def __init__(
        self,
        *,
        words: bool = False,
        salt: bytes | None = None,
        clock: Iterable[float] | None = None,
    ) -> None:
        self.words = words
        self.salt = secrets.token_bytes(32) if salt is None else salt
        self._clock: Iterator[float] | None = None if clock is None else iter(clock)
        self._lines: list[Line] = []
        self._lock = threading.Lock()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines so far, without the end."""
        with self._lock:
            return tuple(self._lines)

    def text(self) -> str:
        """The whole record as it stands, with its end."""
        return text_of(chained(self.lines))

    def took(self, seconds: float) -> float:
        """The seconds that a step took: as measured, or as recorded when a run is made again."""
        return seconds if self._clock is None else next(self._clock, seconds)

    def begin(
        self,
        run: Literal["report", "chat"],
        study: Study,
        *,
        llm: str = "embedded",
        captioner: str = "embedded",
        encoder: str = "embedded",
        salted: bool = True,
    ) -> None:
        """What the run is made with, and what was read.

        Args:
            run: the fixed sequence alone, or a session with a chat.
            study: as read.
            llm: the setting, of which the address or folder is left out.
            captioner: the same.
            encoder: the same.
            salted: whether the study was read with the salt of this recorder.
        """
        from agent.brains import named
        from radixgpt import __version__

        self._add(
            Begin(
                run=run,
                version=__version__,
                code=made_with.code(),
                prompts=made_with.prompts(),
                weights=made_with.weights(),
                tools=made_with.tools() if run == "chat" else sha256(""),
                packages=made_with.packages(),
                llm=named(llm),
                captioner=captioner.partition(":")[0],
                encoder=encoder.partition(":")[0],
                words=self.words,
                salt=self.salt.hex() if salted else None,
            )
        )
        self._add(
            StudyLine(
                series=tuple(_series(one) for one in study.series),
                left_out=len(study.quarantine),
                synthetic=study.synthetic,
            )
        )

    def looked(self, reading: Reading) -> None:
        """The tools have looked."""
        eligibility = asdict(reading.eligibility)
        seen = [one.model_dump_json() for one in reading.observations]
        self._add(
            LookLine(
                level_shift=reading.level_shift,
                models={f"{m.name} {m.version}": m.sha256 for m in reading.models},
                seen=sha256(canonical([eligibility, seen])),
                seconds=reading.seconds,
            )
        )

    def reported(self, report: Report | None, **did: Any) -> None:
        """The report was written or changed by the session's method ``do``."""
        from etl.load.json import to_json

        if did.get("style") is not None:
            did = {**did, "style": style_named(did["style"])}
        held = None if report is None else sha256(to_json(report))
        for name in ("text", "history", "question"):
            if did.get(name) and not self.words:
                did[name] = f"{HIDDEN}{sha256(did[name])}"
        self._add(ReportLine(did=Did(**did), sha256=held))

    def compared(self, report: Report, *, stated: bool, by: int) -> None:
        """The report was compared with a prior study."""
        assert report.prior is not None, "it was compared"
        prior = report.prior.report_sha256
        self.reported(report, do="compare", stated=stated, by=by, prior=prior)

    def said(self, turn: int, text: str, heard: Heard) -> None:
        """The user has said something."""
        changes = tuple((tool, dict(args)) for tool, args in heard.changes)
        line = SaidLine(
            turn=turn, sha256=sha256(text), changes=changes, yes=heard.yes, text=self._word(text)
        )
        self._add(line)

    def allowed(self, given: bool) -> None:
        """The user has answered whether the conversation may leave."""
        self._add(ConsentLine(given=given))

    def modelled(
        self, turn: int, asked: Sequence[Any], text: str, calls: Iterable[Mapping[str, Any]]
    ) -> None:
        """A language model was asked and has answered."""
        self._add(
            ModelLine(
                turn=turn,
                asked=sha256(canonical(asked)),
                calls=tuple(self._call(call) for call in calls),
                sha256=sha256(text),
                text=self._word(text),
            )
        )

    def ran(
        self,
        turn: int,
        call: Mapping[str, Any],
        result: str,
        shown: Shown | None,
    ) -> None:
        """A tool has run; without ``shown`` it has failed."""
        done = self._call(call)
        self._add(
            ToolLine(
                turn=turn,
                name=done.name,
                args=done.args,
                result=sha256(result),
                shown=_shown(shown),
                failed=shown is None,
            )
        )

    def answered(self, turn: int, text: str, guarded: int, *, failed: str = "") -> None:
        """A turn has ended."""
        self._add(AnswerLine(turn=turn, sha256=sha256(text), guarded=guarded, failed=failed))

    def _add(self, line: Line) -> None:
        with self._lock:
            self._lines.append(line)

    def _word(self, text: str) -> str | None:
        return text if self.words else None

    def _call(self, call: Mapping[str, Any]) -> CallLine:
        args = call["args"] if isinstance(call["args"], dict) else {}
        kept: Args = {self._shown(str(k)): self._shown(v) for k, v in args.items()}
        name = str(call["name"])
        return CallLine(name=name if name in made_with.schemas() else self._shown(name), args=kept)

    def _shown(self, value: Any) -> Any:
        """An argument as it may be kept."""
        if isinstance(value, list | tuple):
            return [self._shown(one) for one in value]
        if isinstance(value, dict):
            return {self._shown(str(k)): self._shown(v) for k, v in value.items()}
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float) and abs(value) <= _LARGEST_NUMBER:
            return value
        text = str(value)
        if self.words or text in made_with.known_values():
            return value if isinstance(value, int) else text
        return f"{HIDDEN}{sha256(text)}"


def style_named(style: Any) -> str:
    """A style by its name if it ships, else by its hash: a house's own may be named by a path."""
    from etl.styles import style_of, styles

    if style in styles():
        return str(style)
    return f"{HIDDEN}{sha256(style_of(style).model_dump_json())}"


def hidden(value: Any) -> bool:
    """Whether an argument holds a word that is there by its hash alone."""
    if isinstance(value, dict):
        return any(hidden(one) for pair in value.items() for one in pair)
    if isinstance(value, list):
        return any(hidden(one) for one in value)
    return isinstance(value, str) and value.startswith(HIDDEN)


def _series(series: Series) -> SeriesLine:
    facts = {
        one.name: getattr(series, one.name)
        for one in fields(series)
        if one.name not in ("pixels", "key", "quality")
    }
    slices, rows, columns = series.pixels.shape
    return SeriesLine(
        key=series.key,
        shape=(slices, rows, columns),
        pixels=sha256(series.pixels.astype("<f4").tobytes()),
        facts=sha256(repr(facts)),
    )


def _shown(shown: Shown | None) -> str:
    if shown is None:
        return sha256("")
    parts = [
        [sha256(one.png), one.caption, one.series, one.slice_index, one.level]
        for one in shown.images
    ]
    others = [[one.case, sha256(one.text), sha256(one.png or b"")] for one in shown.similar]
    made = [
        [sha256(one.png), one.caption, *([sha256(one.study)] if one.study else [])]
        for one in shown.synthetic
    ]
    return sha256(canonical([shown.summary, parts, list(shown.findings), others, made]))
