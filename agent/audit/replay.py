"""Makes a recorded run again and says precisely what comes out differently.

The run is made again with a recorder of its own, and the two records are held against each other
line by line. What the clock said is taken over, and so is what a hosted language model said; the
tools, the embedded brain and the guard run for real. Nothing is sent to anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import pipeline
from agent.asked import Heard
from agent.audit.given import Given
from agent.audit.lines import (
    AnswerLine,
    Begin,
    ConsentLine,
    Did,
    Line,
    LookLine,
    ModelLine,
    Record,
    ReportLine,
    SaidLine,
    StudyLine,
    ToolLine,
)
from agent.audit.recorder import Recorder, hidden
from agent.beside import completed
from agent.session import Session
from radixgpt.errors import AuditError, RadixError
from radixgpt.report import Report

_UNKNOWN = "(The words of this message were not kept.)"


@dataclass(frozen=True)
class Outcome:
    """What came of a run that was made again.

    Attributes:
        report: as it stands at the end; None where the record has none.
        same: whether nothing differs and the report is the same byte for byte.
        differences: each a sentence, in the order of the record; the first is where it began.
        made_with: what is not the same here as it was then, each a sentence; may be the cause.
        not_compared: what could not be held against the record, and why.
    """

    report: Report | None
    differences: tuple[str, ...] = ()
    made_with: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the run came out as recorded."""
        return not self.differences


def run(
    record: Record,
    study: Path | str,
    *,
    index: Path | None = None,
    given: Given | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Make a recorded run again on a study.

    Args:
        record: whose chain holds.
        study: file, folder or zip.
        index: folder of the index of similar cases, if not the one that ships.
        given: what the run was given and the record does not hold.
        progress: called with a short text as each step begins.

    Raises:
        AuditError: the record can't be made again, as its study was not read by the run itself, or
            something that it was given is not given again.
        InputError: the study can't be read.
    """
    begin, given = record.begin, given or Given()
    if begin.salt is None:
        raise AuditError(
            "The run was handed a study that was read before it, so it can't be made again.",
            "Record a run that reads its study itself.",
        )
    begun = time.perf_counter()
    clock = [line.seconds for line in record.lines if isinstance(line, LookLine)]
    salt = bytes.fromhex(begin.salt)

    def again() -> Recorder:
        return Recorder(words=begin.words, salt=salt, clock=clock)

    recorder = again()
    opened = pipeline.read_study(study, salt=salt, progress=progress)
    recorder.begin("report", opened)
    other = _other_study(_only(record, StudyLine), _only(recorder, StudyLine))
    if other:
        return Outcome(None, other)
    report: Report | None
    if begin.run == "report":
        wanted = [line.did for line in record.lines if isinstance(line, ReportLine)]
        shifts = [line.level_shift for line in record.lines if isinstance(line, LookLine)]
        if not wanted or len(shifts) != 1 or wanted[0].do != "draft":
            raise AuditError("The record is of no single report.", "Take a whole record.")
        steps = [given.beside(did) for did in wanted[1:]]  # asked for before anything runs
        reading, report = pipeline.drafted(
            opened,
            begun,
            level_shift=shifts[0],
            style=given.style_of(wanted[0].style or "standard"),
            language=wanted[0].language,
            progress=progress,
            audit=recorder,
        )
        for step in steps:
            report = completed(reading, report, step, audit=recorder, progress=progress)
    else:
        session = Session(llm=begin.llm, index=index, encoder=begin.encoder, record=again)
        session.use(opened, salted=True)
        recorder = session.audit
        _converse(session, record, progress, given)
        report = session.report
    lines = recorder.lines
    first = lines[0]
    assert isinstance(first, Begin)
    differences = tuple(_differences(record.lines[1:], lines[1:], begin))
    return Outcome(report, differences, tuple(_made_with(begin, first)), _left(record))


def _only(record: Record | Recorder, kind: type[StudyLine]) -> StudyLine:
    found = [line for line in record.lines if isinstance(line, kind)]
    if len(found) != 1:
        raise AuditError("The record holds no study, or several.", "Take a whole record.")
    return found[0]


def _other_study(then: StudyLine, now: StudyLine) -> tuple[str, ...]:
    """In what a study is not the recorded one."""
    told: list[str] = []
    if len(then.series) != len(now.series):
        told.append(f"The study has {len(now.series)} series, and the recorded {len(then.series)}.")
    for was, is_ in zip(then.series, now.series, strict=False):
        if was.shape != is_.shape:
            told.append(f"Series {is_.key} is of shape {is_.shape}, and was of {was.shape}.")
        elif was.pixels != is_.pixels:
            told.append(f"Series {is_.key} has other pixels than were read.")
        elif was.facts != is_.facts:
            told.append(f"Series {is_.key} has other facts in its header than were read.")
    if then.left_out != now.left_out:
        told.append(f"{now.left_out} objects can't be read, and were {then.left_out}.")
    return ("This is not the study of the record.", *told) if told else ()


def _converse(
    session: Session,
    record: Record,
    progress: Callable[[str], None],
    given: Given,
) -> None:
    """Do again what was done in a session, in the order of the record."""
    from agent import chat, graph
    from agent.brains.playback import Playback, Script

    begin, lines = record.begin, record.lines
    script = Script(stop=session.cancel)
    played = graph.build(Playback(script=script), "embedded")
    session.asks = False  # nobody is asked anything, and nothing is sent
    if not (begin.words and begin.llm == "embedded"):
        session.graph = played
    place = 2
    while place < len(lines):
        line = lines[place]
        place += 1
        if isinstance(line, SaidLine):
            turn = list(_turn(lines[place:]))
            place += len(turn)
            script.lines = [one for one in turn if isinstance(one, ModelLine)]
            script.failed = next((o.failed for o in turn if isinstance(o, AnswerLine)), "")
            script.unrun = len(turn) > 1 and isinstance(turn[-2], ModelLine)
            session.turn = line.turn - 1
            if line.text is None:
                heard = Heard(line.changes, line.yes)
                session.hear = lambda _, heard=heard: heard  # type: ignore[misc]
            progress(f"Turn {line.turn}")
            for _ in chat.stream(session, line.text if line.text is not None else _UNKNOWN):
                pass
        elif isinstance(line, LookLine) and session.reading is None:
            session.look(progress=progress)
        elif isinstance(line, ConsentLine):
            session.leave(line.given)
            if session.refused and not begin.words:
                session.graph = played
        elif isinstance(line, ReportLine):
            _do(session, line.did, given)


def _turn(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines of a turn, up to its answer."""
    for line in lines:
        yield line
        if isinstance(line, AnswerLine):
            return


def _do(session: Session, did: Did, given: Given) -> None:
    """Do to the report what was done outside of the chat.

    Raises:
        AuditError: the record says what can't be done.
    """
    args = did.model_dump(exclude={"do", "prior"}, exclude_none=True)
    if did.style is not None:
        args["style"] = given.style_of(did.style)
    if did.text is not None and hidden(did.text):
        raise AuditError(
            "A sentence was worded by hand, and its words were not kept.",
            "Only a record with words can be made again then: RADIXGPT_AUDIT_WORDS=true.",
        )
    if did.do == "compare":
        args["path"] = given.the_prior()
    try:
        getattr(session, did.do)(**args)
    except (AttributeError, TypeError, RadixError) as error:
        raise AuditError(
            f"'{did.do}' of the record can't be done to this report.", "Take a whole record."
        ) from error


# --- what differs -------------------------------------------------------------------------------


def _differences(then: Sequence[Line], now: Sequence[Line], begin: Begin) -> Iterator[str]:
    """Where two records part, line by line; ``then`` and ``now`` without their beginnings."""
    was, is_ = _compared(then, begin), _compared(now, begin)
    for a, b in zip(was, is_, strict=False):
        if a.kind != b.kind:
            yield f"{_named(a)} was recorded, and {_lower(_named(b))} came in its place."
            return
        yield from _one(a, b, begin)
    longer, verb = (was, "did not come again") if len(was) > len(is_) else (is_, "is new")
    for line in longer[min(len(was), len(is_)) :]:
        yield f"{_named(line)} {verb}."


def _compared(lines: Sequence[Line], begin: Begin) -> list[Line]:
    """The lines that can be held against each other."""
    if begin.words:
        return list(lines)
    return [line for line in lines if not (isinstance(line, ModelLine) and not line.calls)]


def _one(a: Line, b: Line, begin: Begin) -> Iterator[str]:
    """In what two lines of one kind differ."""
    if isinstance(a, LookLine) and isinstance(b, LookLine):
        for name in sorted({*a.models} | {*b.models}):
            if a.models.get(name) != b.models.get(name):
                yield f"The model {name} is not the recorded one."
        if a.level_shift != b.level_shift:
            yield f"The numbering was moved by {b.level_shift}, and had been by {a.level_shift}."
        if a.seen != b.seen:
            yield "The tools saw something else in the study."
        return
    if isinstance(a, ReportLine) and isinstance(b, ReportLine):
        if a.did != b.did and a.did == b.did.model_copy(update={"prior": a.did.prior}):
            yield "The prior study, or what was seen in it, is not the recorded one."
        elif a.did != b.did:
            yield f"{_named(a)} was recorded, and {_lower(_named(b))} came in its place."
        elif a.sha256 != b.sha256:
            yield f"{_named(a)}: its bytes differ."
        return
    if isinstance(a, ToolLine) and isinstance(b, ToolLine):
        if not _alike((a.name, a.args), (b.name, b.args)):
            yield f"{_named(a)} was recorded, and {_lower(_named(b))} came in its place."
        elif not _free(a, begin) and (a.result, a.failed) != (b.result, b.failed):
            yield f"{_named(a)} returned something else."
        elif not _free(a, begin) and a.shown != b.shown:
            yield f"{_named(a)} showed other images."
        return
    if isinstance(a, ModelLine) and isinstance(b, ModelLine):
        if begin.words and a.asked != b.asked:
            yield f"{_named(a)} was asked something else."
        was, is_ = ([one.model_dump() for one in line.calls] for line in (a, b))
        if not _alike(was, is_):
            yield f"{_named(a)} called other tools."
        if begin.words and a.sha256 != b.sha256:
            yield f"{_named(a)} said something else."
        return
    if isinstance(a, AnswerLine) and isinstance(b, AnswerLine) and a.failed != b.failed:
        yield f"{_named(a)} ended with {b.failed or 'an answer'}, not {a.failed or 'an answer'}."
        return
    if begin.words and a != b:
        yield f"{_named(a)} differs."


def _alike(was: Any, is_: Any) -> bool:
    """Whether two values are the same but for words that were not kept.

    The hash of such words is all that can be played back, and is hashed once more.
    """
    if isinstance(was, dict) and isinstance(is_, dict):
        return was.keys() == is_.keys() and all(_alike(was[key], is_[key]) for key in was)
    if isinstance(was, list | tuple) and isinstance(is_, list | tuple):
        return len(was) == len(is_) and all(map(_alike, was, is_))
    return bool(was == is_) or all(isinstance(v, str) and hidden(v) for v in (was, is_))


def _free(line: ToolLine, begin: Begin) -> bool:
    """Whether a call was made with words that are not kept, or asked another captioner."""
    elsewhere = begin.captioner != "embedded" and line.name in ("caption_image", "confirm_change")
    return elsewhere or hidden(line.name) or hidden(line.args)


def _left(record: Record) -> tuple[str, ...]:
    """What could not be held against the record."""
    told: list[str] = []
    if any(isinstance(line, SaidLine) for line in record.lines) and not record.begin.words:
        told.append("No words were kept, so the texts of the chat are not compared.")
    begin = record.begin
    left = [one for one in record.lines if isinstance(one, ToolLine) and _free(one, begin)]
    if left:
        many = "1 tool call is" if len(left) == 1 else f"{len(left)} tool calls are"
        told.append(f"{many} not compared: their words were not kept, or a server is not asked.")
    return tuple(told)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _named(line: Line) -> str:
    """A line in words."""
    if isinstance(line, LookLine):
        return "A look at the study"
    if isinstance(line, ReportLine):
        given = line.did.model_dump(exclude={"do"}, exclude_none=True)
        how = ", ".join(str(value) for value in given.values())
        return f"The report after '{line.did.do}'" + (f" ({how})" if how else "")
    if isinstance(line, ToolLine):
        return f"Turn {line.turn}: the tool {line.name if not hidden(line.name) else '(unknown)'}"
    if isinstance(line, ModelLine):
        return f"Turn {line.turn}: the language model"
    if isinstance(line, AnswerLine):
        return f"Turn {line.turn}: the answer"
    if isinstance(line, ConsentLine):
        return "The user's answer whether the conversation may leave"
    return "What was said" if isinstance(line, SaidLine) else "The study"


def _made_with(then: Begin, now: Begin) -> Iterator[str]:
    """What is not the same on this machine as it was when the record was written."""
    if then.version != now.version:
        yield f"The program is version {now.version}, and was {then.version}."
    elif then.code != now.code:
        yield "The program's source is another one."
    for name, what in (("weights", "The weights of {}"), ("prompts", "The prompts {}")):
        was, is_ = getattr(then, name), getattr(now, name)
        for key in sorted({*was} | {*is_}):
            if was.get(key) != is_.get(key):
                yield f"{what.format(key)} are not the recorded ones."
    if then.run == now.run and then.tools != now.tools:
        yield "The tools are described in another way, or take other arguments."
    for key in sorted({*then.packages} | {*now.packages}):
        was, is_ = then.packages.get(key, "none"), now.packages.get(key, "none")
        if was != is_:
            yield f"{key} is {is_}, and was {was}."


def paths(then: Any, now: Any, at: str = "") -> Iterator[str]:
    """Where two values of JSON differ, as paths such as ``findings[3].value``."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then} | {*now}):
            place = f"{at}.{key}" if at else key
            if key in then and key in now:
                yield from paths(then[key], now[key], place)
            else:
                yield place
    elif isinstance(then, list) and isinstance(now, list):
        for number, (one, other) in enumerate(zip(then, now, strict=False)):
            yield from paths(one, other, f"{at}[{number}]")
        if len(then) != len(now):
            yield f"{at} ({len(now)} of them, and were {len(then)})"
    elif then != now or type(then) is not type(now):
        yield at
