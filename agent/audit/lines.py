"""The lines of a record, and the chain that holds them together.

A record is text, one JSON object a line, in canonical form (sorted keys, no spaces). Each line
holds its number and the SHA-256 of the line before, the first 64 zeros, and the last is of kind
``end``. A line that is altered, moved, left out or put in breaks the chain; a record that was cut
off lacks its end. Whoever makes the whole chain anew is found out by its seal alone, the hash of
the last line, if that is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from radixgpt.errors import AuditError

FORMAT = 1
"""Version of the form of a record."""
START = "0" * 64
"""What the first line holds in place of the hash of a line before it."""
LARGEST = 64 * 2**20
"""Bytes of a record that are read."""

Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Args = dict[str, JsonValue]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Begin(_Line):
    """What the run was made with."""

    kind: Literal["begin"] = "begin"
    format: int = FORMAT
    run: Literal["report", "chat"]
    version: str = Field(description="Of the software")
    code: Sha = Field(description="Of the program's source, prompts and templates")
    prompts: dict[str, Sha] = Field(description="By file")
    weights: dict[str, Sha] = Field(description="By folder: hash of the manifest's list of hashes")
    tools: Sha = Field(description="Of the tools' descriptions and arguments")
    packages: dict[str, str] = Field(description="Versions that a result may depend on")
    llm: str = Field(description="The language model without its address")
    captioner: str
    encoder: str
    words: bool = Field(description="Whether what was said is kept word for word")
    salt: Sha | None = Field(description="Of the keys of study and instances; null if not known")


class SeriesLine(_Line):
    """A series as it was read: its pixels and its facts by hash."""

    key: str = Field(max_length=20)
    shape: tuple[int, int, int]
    pixels: Sha
    facts: Sha


class StudyLine(_Line):
    """What was read."""

    kind: Literal["study"] = "study"
    series: tuple[SeriesLine, ...]
    left_out: int = Field(description="Number of objects that could not be read")
    synthetic: bool


class LookLine(_Line):
    """The tools looked at the study."""

    kind: Literal["look"] = "look"
    level_shift: int
    models: dict[str, Sha] = Field(description="By name and version")
    seen: Sha = Field(description="Of everything that they saw")
    seconds: float = Field(ge=0, description="By the clock; taken over when the run is made again")


class Did(_Line):
    """What was done to the report; the arguments are those of the session's method."""

    do: Literal[
        "draft",
        "restyle",
        "shift",
        "drop_sentences",
        "restore_sentences",
        "set_grade",
        "set_measure",
        "reword",
        "leave_out",
        "undo",
        "compare",
        "tell",
        "suggest",
    ]
    style: str | None = None
    language: str | None = None
    by: int | None = None
    stated: bool | None = Field(
        default=None, description="Whether the person said that the prior is of the same patient"
    )
    prior: Sha | None = Field(
        default=None, description="Of the content of the prior's report, its pixels' hash in it"
    )
    history: str | None = Field(default=None, description="By its hash, unless words are kept")
    question: str | None = Field(default=None, description="Likewise")
    wanted: bool | None = None
    level: str | None = None
    kind: str | None = None
    value: str | int | None = None
    millimetres: float | None = None
    direction: Literal["anterior", "posterior"] | None = None
    place: int | None = None
    text: str | None = None


class ReportLine(_Line):
    """The report was written or changed; ``sha256`` is of the bytes of its ``report.json``."""

    kind: Literal["report"] = "report"
    did: Did
    sha256: Sha | None = Field(description="Null where a change led back to no report")


class SaidLine(_Line):
    """The user said something."""

    kind: Literal["said"] = "said"
    turn: int = Field(ge=1)
    sha256: Sha
    changes: tuple[tuple[str, dict[str, str]], ...] = Field(
        default=(), description="What it asks for in its own words, where a model was to act on it"
    )
    yes: bool = False
    text: str | None = Field(default=None, description="Where words are kept")


class ConsentLine(_Line):
    """The user was asked whether the conversation may leave this machine, and answered."""

    kind: Literal["consent"] = "consent"
    given: bool


class CallLine(_Line):
    """A call as a language model made it; what is not among the known values is there by hash."""

    name: str
    args: Args


class ModelLine(_Line):
    """The language model was asked and answered, before any check of it."""

    kind: Literal["model"] = "model"
    turn: int = Field(ge=1)
    asked: Sha = Field(description="Of all messages that it was given")
    calls: tuple[CallLine, ...]
    sha256: Sha = Field(description="Of its text")
    text: str | None = Field(default=None, description="Where words are kept")


class ToolLine(_Line):
    """A tool ran."""

    kind: Literal["tool"] = "tool"
    turn: int = Field(ge=1)
    name: str
    args: Args
    result: Sha
    shown: Sha = Field(description="Of the images that the user was shown")
    failed: bool


class AnswerLine(_Line):
    """A turn ended; ``guarded`` counts what the guard refused."""

    kind: Literal["answer"] = "answer"
    turn: int = Field(ge=1)
    sha256: Sha
    guarded: int = Field(ge=0)
    failed: str = Field(default="", description="Code of the error that ended the turn")


class EndLine(_Line):
    """The last line."""

    kind: Literal["end"] = "end"


Line = Annotated[
    Begin
    | StudyLine
    | LookLine
    | ReportLine
    | SaidLine
    | ConsentLine
    | ModelLine
    | ToolLine
    | AnswerLine
    | EndLine,
    Field(discriminator="kind"),
]
_ANY: TypeAdapter[Line] = TypeAdapter(Line)


def sha256(data: str | bytes) -> str:
    """SHA-256 of bytes, or of a text in UTF-8; 64 hexadecimal digits."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return hashlib.sha256(raw).hexdigest()


def canonical(value: Any) -> str:
    """A value as JSON that has one form only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def written(number: int, before: str, line: Line) -> str:
    """A line as it stands in a record, without its newline."""
    facts = line.model_dump(mode="json")
    return canonical({"n": number, "before": before, **facts})


@dataclass(frozen=True)
class Record:
    """A record whose chain holds.

    Attributes:
        lines: without the end.
        seal: hash of the last line, which is of no use to anyone but for comparison.
    """

    lines: tuple[Line, ...]
    seal: str

    @property
    def begin(self) -> Begin:
        """What the run was made with."""
        first = self.lines[0]
        assert isinstance(first, Begin), "read() has seen to it"
        return first

    @property
    def report(self) -> str | None:
        """Hash of the report as it stood at the end; None if there was none."""
        found = [line for line in self.lines if isinstance(line, ReportLine)]
        return found[-1].sha256 if found else None


def text_of(lines: Sequence[str]) -> str:
    """A whole record from its chained lines, with its end."""
    before = sha256(lines[-1]) if lines else START
    end = written(len(lines), before, EndLine())
    return "".join(f"{line}\n" for line in (*lines, end))


_MEND = "Take the record as it was written; nothing can be proved by this one."


def read(data: bytes) -> Record:
    """A record whose chain was verified from the first line to the last.

    Raises:
        AuditError: it was altered, cut off, re-ordered, or is no record.
    """
    if len(data) > LARGEST:
        raise AuditError("The record is larger than any that is read.", _MEND)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AuditError("The file is not a record: it is not text.", _MEND) from error
    rows = text.split("\n")
    if rows.pop() != "":
        raise AuditError("The record is cut off in the middle of a line.", _MEND)
    before, lines = START, []
    for number, row in enumerate(rows):
        lines.append(_line(number, row, before))
        before = sha256(row)
    _whole(lines)
    return Record(tuple(lines[:-1]), before)


def _line(number: int, row: str, before: str) -> Line:
    """One line, if it is where it belongs."""
    named = f"Line {number + 1} of the record"
    try:
        facts = json.loads(row)
        told = isinstance(facts, dict) and canonical(facts) == row
    except (ValueError, RecursionError) as error:
        raise AuditError(f"{named} is not a line of a record.", _MEND) from error
    if not told:
        raise AuditError(f"{named} is not as it was written.", _MEND)
    place, held = facts.pop("n", None), facts.pop("before", None)
    if place != number or isinstance(place, bool):
        raise AuditError(f"{named} is out of place: lines were moved, left out or put in.", _MEND)
    if held != before:
        raise AuditError(
            f"{named} does not follow the one before: line {max(number, 1)} was altered.", _MEND
        )
    try:
        return _ANY.validate_python(facts, strict=False)
    except ValidationError as error:
        raise AuditError(f"{named} says what no line of a record says.", _MEND) from error


def _whole(lines: Sequence[Line]) -> None:
    """Refuse lines that are not a record from its beginning to its end."""
    if not lines or not isinstance(lines[0], Begin):
        raise AuditError("The file is not a record: it has no beginning.", _MEND)
    if lines[0].format != FORMAT:
        raise AuditError(
            f"The record is of format {lines[0].format}; format {FORMAT} is read.",
            "Use the version of the program that wrote it.",
        )
    ends = [place for place, line in enumerate(lines) if isinstance(line, EndLine)]
    if not ends:
        raise AuditError("The record is cut off: its end is missing.", _MEND)
    if ends[0] != len(lines) - 1 or any(isinstance(line, Begin) for line in lines[1:]):
        raise AuditError("The record goes on after its end, or begins twice.", _MEND)


def chained(lines: Iterable[Line]) -> list[str]:
    """Lines as they stand in a record, each with the hash of the one before."""
    rows: list[str] = []
    for number, line in enumerate(lines):
        rows.append(written(number, sha256(rows[-1]) if rows else START, line))
    return rows
