"""Whom ``radixgpt eval agent`` talks to, and about which studies: the judge knows neither."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eval.dialogues.known import Known
from eval.dialogues.marking import Said, Subject, Talker
from eval.routing import Call
from radixgpt.case import Case, StatedFinding
from radixgpt.errors import InputError, SettingsError

if TYPE_CHECKING:
    from agent.blind import Conversation
    from agent.pipeline import Reading
    from agent.session import Session
    from data.synth.phantom_parameters import Phantom

SYSTEMS = ("agent", "no-tools", "template-of-normals")
"""``agent``: the product with its tools; ``no-tools``: the language model alone, without tools and
images; ``template-of-normals``: one answer to everything, that all is healthy."""

Begin = Callable[["Reading"], Talker]


@dataclass
class Agent:
    """The product's agent in a session of its own."""

    session: Session

    def say(self, text: str) -> Said:
        """One turn through the graph."""
        from agent import chat
        from agent.events import Answer, Failed, ToolStarted

        calls: list[Call] = []
        said = ""
        for event in chat.stream(self.session, text):
            if isinstance(event, ToolStarted):
                calls.append(Call(event.name, dict(event.args)))
            elif isinstance(event, Answer):
                said = event.text
            elif isinstance(event, Failed):
                said = f"{event.problem} {event.mend}"
        report = self.session.report
        sentences = (*report.section("findings"), *report.section("impression")) if report else ()
        return Said(said, tuple(calls), "\n".join(s.text for s in sentences))


@dataclass(frozen=True)
class Alone:
    """A language model without tools and images, with the conversation before its eyes."""

    talk: Conversation

    def say(self, text: str) -> Said:
        """One turn."""
        return Said(self.talk.say(text))


@dataclass(frozen=True)
class Normals:
    """One answer to everything."""

    text: str

    def say(self, _: str) -> Said:
        """Always the same."""
        return Said(self.text, (), self.text)


def begin(system: str, *, llm: str, timeout: float, send_to: str = "") -> Begin:
    """How a conversation with a system is begun about a study that was read.

    Raises:
        SettingsError: there is no such system, or it needs a language model that writes.
    """
    if system == "agent":
        return partial(_agent, llm=llm, timeout=timeout, send_to=send_to)
    if system == "no-tools":
        from agent import blind

        blind.require(llm)
        return lambda _: Alone(blind.Conversation(llm, "MR of the lumbar spine", timeout=timeout))
    if system == "template-of-normals":
        from commands.eval.systems import write
        from eval.run.baselines import normals

        case = Case.model_construct(id="normals", findings=normals())
        text = " ".join(write(case).values())
        return lambda _: Normals(text)
    raise SettingsError(f"There is no system '{system}'.", f"Known are: {', '.join(SYSTEMS)}.")


def _agent(reading: Reading, *, llm: str, timeout: float, send_to: str) -> Talker:
    from agent import leaving
    from agent.session import Session
    from agent.state import Terms

    session = Session(llm=llm, llm_timeout=timeout, terms=Terms(send_to))
    session.take(reading)
    leaving.require(session, llm)  # nobody is there to be asked
    return Agent(session)


def subject(reading: Reading, truth: Known, start: Begin) -> Subject:
    """A study that was read, for conversations; other numberings are looked at when asked for."""
    from agent import pipeline

    known: dict[int, Known] = {}

    def seen(numbering: int) -> Known:
        if numbering not in known:
            there = (
                reading
                if numbering == 0
                else pipeline.look(
                    reading.study, level_shift=numbering, eligibility=reading.eligibility
                )
            )
            known[numbering] = Known.of_findings(pipeline.write(there).findings)
        return known[numbering]

    return Subject(lambda: start(reading), seen, truth)


def phantom(seed: int, findings: Sequence[str]) -> tuple[Reading, Known]:
    """A phantom's study, read from its DICOM files, and what is true of it."""
    from agent import pipeline
    from data.synth import phantom_dicom
    from data.synth.make import asked
    from data.synth.phantom_wanted import phantom_of

    made = phantom_of(asked(findings).graded(), seed)
    with tempfile.TemporaryDirectory(prefix="radixgpt-") as folder:
        phantom_dicom.write(made, Path(folder), slices=5)
        reading = pipeline.look(pipeline.read_study(Path(folder)))
    return reading, true_of(made)


def true_of(made: Phantom) -> Known:
    """The graded kinds of a phantom's lumbar discs."""
    from data.synth.phantom_anatomy import build
    from data.synth.phantom_truth import truth
    from radixgpt.finding import GRADED
    from radixgpt.level import LUMBAR_DISCS

    found = truth(made, build(made))
    return Known(
        {
            f"{disc} {kind}": value
            for disc in LUMBAR_DISCS
            for kind in GRADED
            if not isinstance(value := found[disc][kind], float)
        }
    )


def real(case: Case, root: Path) -> tuple[Reading, Known]:
    """A case's study, read from its images alone, and what its grader said."""
    from agent import pipeline

    findings: tuple[StatedFinding, ...] = case.findings
    with tempfile.TemporaryDirectory(prefix="radixgpt-") as folder:
        for number, image in enumerate(case.images):
            source = root / image.path
            shutil.copyfile(source, Path(folder) / f"{number}{source.suffix}")
        reading = pipeline.look(pipeline.read_study(Path(folder)))
    return reading, Known.of_truth(findings)


def chosen(cases: Path, count: int) -> Mapping[str, Case]:
    """The first development cases with gradings, under names that tell nothing but a number.

    Raises:
        InputError: there are none.
    """
    from radixgpt.case import read_cases

    found = [
        case
        for case in read_cases(cases)
        if case.split == "development" and case.source == "spider" and case.findings and case.images
    ]
    if not found:
        raise InputError(
            "No graded case of the development side is among these cases.",
            "Make them by `radixgpt data gather shared`, `data map` and `data split`.",
        )
    return {f"real-{number}": case for number, case in enumerate(found[:count], start=1)}
