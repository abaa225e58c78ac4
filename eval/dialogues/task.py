"""The conversations that a system is put through, and what each of their turns must bring."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from eval.routing import Call
from radixgpt.errors import InputError
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS

HERE = Path(__file__).resolve().parent
TASKS, STUDIES = HERE / "tasks", HERE / "studies.yaml"

CHANGING = frozenset(
    {
        "restyle",
        "shorten_impression",
        "remove_sentences",
        "restore_sentences",
        "shift_numbering",
        "set_grade",
        "set_measure",
        "confirm_change",
        "undo",
    }
)
"""Tools that change something: to call one that was not asked for is always wrong."""


def _pattern(text: str) -> str:
    try:
        re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"'{text}' is no pattern: {error}") from error
    return text


def _place(text: str) -> str:
    level, _, kind = text.partition(" ")
    if level not in LUMBAR_DISCS or kind not in GRADED:
        raise ValueError(f"'{text}' is no place such as 'L4-L5 pfirrmann'")
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
Place = Annotated[str, AfterValidator(_place)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Report(_Model):
    """What the report's findings and impression must and must not hold after a turn."""

    has: tuple[Pattern, ...] = ()
    lacks: tuple[Pattern, ...] = ()


class Turn(_Model):
    """One thing said, and what must come of it.

    Attributes:
        say: what the person says.
        calls: tools with their arguments, all of them, in any order; other tools may be called as
            well if they change nothing. An empty list stands for no tool.
        tells: places that the answer must state as the tools saw them.
        words, never: what the answer must and must not hold.
        report: likewise of the report.
        sets: values that hold from this turn on, because the reader has set them.
        numbering: how many levels the numbering stands above the first from this turn on; values
            that were set before hold no more, unless ``sets`` names them at their new places.
    """

    say: str
    calls: tuple[dict[str, dict[str, Any]], ...] | None = None
    tells: tuple[Place, ...] = ()
    words: tuple[Pattern, ...] = ()
    never: tuple[Pattern, ...] = ()
    report: Report = Report()
    sets: dict[Place, str | int] = Field(default_factory=dict)
    numbering: int | None = None

    @property
    def expected(self) -> tuple[Call, ...] | None:
        """The calls that are expected; None where any will do."""
        if self.calls is None:
            return None
        return tuple(Call(name, args) for call in self.calls for name, args in call.items())


class _Written(_Model):
    id: str
    studies: tuple[str, ...] = Field(min_length=1)
    turns: tuple[Turn, ...] = Field(min_length=1)


class _Group(_Model):
    group: str
    tasks: tuple[_Written, ...]

    @model_validator(mode="after")
    def _once(self) -> _Group:
        names = [task.id for task in self.tasks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"more than one task is called {', '.join(twice)}")
        return self


@dataclass(frozen=True)
class Task:
    """One conversation about one study.

    Attributes:
        id: of the conversation and the study, such as ``worst-then-why/worn``.
        group: what it tries.
        study: a study of ``studies.yaml``, or ``real``: every real case that there is.
    """

    id: str
    group: str
    study: str
    turns: tuple[Turn, ...]


REAL = "real"
"""The name that stands for all real cases."""


def load(folder: Path = TASKS) -> tuple[Task, ...]:
    """All tasks, in the order of the files; one for each study that a conversation is held about.

    Raises:
        InputError: a file is no list of tasks.
    """
    found: list[Task] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            group = _Group.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        except (yaml.YAMLError, ValidationError) as error:
            raise InputError(f"{file.name} holds no tasks: {error}", "Mend the file.") from error
        found += [
            Task(f"{task.id}/{study}", group.group, study, task.turns)
            for task in group.tasks
            for study in task.studies
        ]
    return tuple(found)


def about(tasks: tuple[Task, ...], real: tuple[str, ...]) -> tuple[Task, ...]:
    """The tasks with those on real cases put in their place: one for each case of ``real``."""
    found: list[Task] = []
    for task in tasks:
        if task.study != REAL:
            found.append(task)
            continue
        name = task.id.removesuffix(f"/{REAL}")
        found += [Task(f"{name}/{case}", task.group, case, task.turns) for case in real]
    return tuple(found)


def drawn(tasks: Sequence[Task], number: int | None, seed: int) -> tuple[Task, ...]:
    """So many of the tasks, drawn by a seed and kept in order; all where no number is given."""
    if number is None or number >= len(tasks):
        return tuple(tasks)
    places = sorted(random.Random(seed).sample(range(len(tasks)), number))
    return tuple(tasks[place] for place in places)


def studies(file: Path = STUDIES) -> dict[str, tuple[int, tuple[str, ...]]]:
    """The phantoms: seed, and findings in words, by name."""
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: (one["seed"], tuple(one["findings"])) for name, one in written.items()}
