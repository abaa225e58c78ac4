"""The arguments of the tools, what a tool is given besides, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

from langchain.tools import ToolRuntime
from pydantic import WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from agent import content as c
from agent.events import Image, Progress, SimilarCase, SyntheticImage
from agent.session import Session
from agent.took import Meter
from radixgpt.eligibility import REASONS
from radixgpt.errors import NotEligibleError
from radixgpt.finding import Finding
from radixgpt.level import LUMBAR_DISCS, order
from radixgpt.report import Report

NOT_ASSESSED: tuple[str, ...] = (
    "the foramina and lateral recesses",
    "nerve roots, cord and conus",
    "facet joints and ligaments",
    "a grade of canal stenosis",
    "fractures, tumours, infection and marrow lesions",
    "alignment and implants; scoliosis but on AP radiographs",
    "the side of a finding",
    "levels outside of L1-L2 to L5-S1",
    "change from an earlier study",
    "cause, treatment and prognosis",
)
"""What no tool looks at, in words for a reader."""


class Disc(StrEnum):
    """A lumbar disc."""

    L1_L2 = "L1-L2"
    L2_L3 = "L2-L3"
    L3_L4 = "L3-L4"
    L4_L5 = "L4-L5"
    L5_S1 = "L5-S1"


class Graded(StrEnum):
    """A kind of finding that is graded at every disc."""

    PFIRRMANN = "pfirrmann"
    NARROWING = "disc_narrowing"
    BULGING = "disc_bulging"
    HERNIATION = "disc_herniation"
    MODIC = "modic"
    ENDPLATE_UPPER = "endplate_upper"
    ENDPLATE_LOWER = "endplate_lower"
    SPONDYLOLISTHESIS = "spondylolisthesis"


class Quantity(StrEnum):
    """Something that is measured at every disc."""

    DISC_HEIGHT = "disc_height"
    CANAL = "canal"
    SLIP = "slip"


class Direction(StrEnum):
    """Where a slip goes: anterior where the upper vertebra lies in front."""

    ANTERIOR = "anterior"
    POSTERIOR = "posterior"


class Weighting(StrEnum):
    """The weighting of a series."""

    T1 = "t1"
    T2 = "t2"


class Style(StrEnum):
    """How the report is worded."""

    STANDARD = "standard"
    CONCISE = "concise"
    PROSE = "prose"


KINDS_OF: dict[Quantity, tuple[str, ...]] = {
    Quantity.DISC_HEIGHT: ("disc_height_mm", "disc_height_index"),
    Quantity.CANAL: ("canal_mm", "canal_ratio"),
    Quantity.SLIP: ("slip_mm", "slip_ratio"),
}
"""The measured kinds of each quantity."""

Which = Literal["all", "abnormal", "worst"]

Kind = Annotated[
    Graded | Literal["scoliosis"],
    WithJsonSchema({"type": "string", "enum": [*(kind.value for kind in Graded), "scoliosis"]}),
]
"""A kind of finding that can be asked for."""

Unsaid = SkipJsonSchema[None]
"""None of an argument that may be left out. No schema tells it: where an argument may be one of two
things, the client of Ollama sends nothing of what it may be, and Google's not all values."""


@dataclass(frozen=True)
class Context:
    """What a tool is given besides its arguments; no model sees it.

    Attributes:
        meter: counts what the turn takes.
    """

    session: Session
    meter: Meter = field(default_factory=Meter)


@dataclass(frozen=True)
class Shown:
    """What a tool gives to the user and not to the model.

    Attributes:
        summary: one line on what came out.
        findings: ids of the findings that were returned.
        similar: other patients' cases, word for word.
        synthetic: made-up images, which are no evidence.
    """

    summary: str
    images: tuple[Image, ...] = ()
    findings: tuple[str, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    synthetic: tuple[SyntheticImage, ...] = ()


Runtime = ToolRuntime[Context]
Result = tuple[str, Shown]


def progress(runtime: Runtime) -> Callable[[str], None]:
    """What a long step calls to tell the user what it does."""
    write = runtime.stream_writer
    return lambda text: write(Progress(text))


def report_of(runtime: Runtime, *, radiographs: bool = False) -> Report:
    """The report of a gradable study; with ``radiographs``, also of radiographs of the spine.

    Raises:
        NotEligibleError: triage refused it.
    """
    session = runtime.context.session
    report = session.draft(progress(runtime))
    if report.study.radiographs and not radiographs:
        raise NotEligibleError(
            report.study.reason or "not-mr",
            "A radiograph is read as a whole: its levels are not numbered, and no grade of it can "
            "be set.",
            "Ask for its findings, or open a lumbar MR study.",
        )
    if not report.study.gradable and not report.study.radiographs:
        reason = report.study.reason or "not-an-image"
        text = next((t for code, t in REASONS.items() if code == reason), "It was not graded.")
        raise NotEligibleError(
            reason, f"This study is not graded. {text}", "Open a lumbar MR study."
        )
    return report


def levels_of(levels: Iterable[Disc] | None) -> tuple[str, ...]:
    """The levels that are meant, from head to tail; all five if none are named."""
    return tuple(sorted({disc.value for disc in levels or ()}, key=order)) or LUMBAR_DISCS


def chosen(report: Report, levels: Iterable[str], kinds: Iterable[str]) -> tuple[Finding, ...]:
    """The findings at these levels of these kinds, from head to tail.

    Radiographs have no levels: of them, those of these kinds.
    """
    places, wanted = list(levels), list(kinds)
    if report.study.radiographs:
        return tuple(f for f in report.findings if f.level is None and f.kind in wanted)
    found = [f for f in report.findings if f.level in places and f.kind in wanted]
    return tuple(sorted(found, key=lambda f: (order(f.level or ""), wanted.index(f.kind))))


def result(what: c.Content, shown: Shown) -> Result:
    """Content for the model and what is shown to the user."""
    return c.to_text(what), shown


def ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The ids of findings."""
    return tuple(f.id for f in findings)
