"""What a run leaves as it goes: a line a case, so that one that was killed goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from radixgpt.case import StatedFinding
from radixgpt.errors import CaseError, SettingsError

OUTPUTS, RUN = "outputs.jsonl", "run.json"


class Failure(BaseModel):
    """Why a case has no answer; the case is scored as an empty report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    problem: str


class Output(BaseModel):
    """What came of one case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str = ""
    findings: tuple[StatedFinding, ...] | None = None
    failure: Failure | None = None
    seconds: float = 0.0


class Keep(Protocol):
    """Adds one output, so that it outlives a kill."""

    def __call__(self, output: Output) -> None:
        """Write it through to the disk."""
        ...


def begin(folder: Path, what: Mapping[str, object]) -> None:
    """Say what runs in a folder, or find that it is the same that ran before.

    Raises:
        SettingsError: another run lies there, or nothing can be written.
    """
    path = folder / RUN
    text = json.dumps(what, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    try:
        if path.exists():
            before = json.loads(path.read_text(encoding="utf-8"))
            _same(before if isinstance(before, dict) else {}, json.loads(text))
            return
        folder.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".json.new")
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except (OSError, json.JSONDecodeError) as error:
        raise SettingsError(
            "The folder of the run can't be used.", "Name a new folder that you may write to."
        ) from error


def _same(before: Mapping[str, object], now: Mapping[str, object]) -> None:
    differ = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if differ:
        raise SettingsError(
            f"Another run lies in this folder: {', '.join(differ)} differ.",
            "Name a new folder, or run it as it was.",
        )


def read(folder: Path) -> dict[str, Output]:
    """The outputs by case; a last line that was cut by a kill is taken away.

    Raises:
        CaseError: a line that is no output.
    """
    path = folder / OUTPUTS
    if not path.exists():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    found: dict[str, Output] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            output = Output.model_validate_json(line)
        except ValidationError as error:
            raise CaseError(
                f"{OUTPUTS}, line {number} is no output of a run.",
                "Remove the line, and run again.",
            ) from error
        found[output.id] = output
    return found


@contextmanager
def keeping(folder: Path) -> Iterator[Keep]:
    """A place to add outputs to, each written through to the disk before the next."""
    with (folder / OUTPUTS).open("ab") as file:

        def keep(output: Output) -> None:
            file.write(output.model_dump_json(exclude_defaults=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

        yield keep
