"""The tool by which a reader sets a length, and how lengths are put in words for a yes or no."""

# ruff: noqa: D417 (the runtime is injected and no part of a tool's description)

from __future__ import annotations

from typing import Any, Literal

from langchain.tools import tool

from agent import content as c
from agent.arguments import (
    KINDS_OF,
    Direction,
    Disc,
    Quantity,
    Result,
    Runtime,
    Shown,
    Unsaid,
    chosen,
    ids,
    report_of,
    result,
)
from agent.edits import SetMeasure
from agent.measured import QUANTITY
from agent.session import Session
from agent.state import Pending
from radixgpt.errors import InputError
from radixgpt.finding import KINDS, Finding

_TITLES = {KINDS_OF[q][0]: f"the {QUANTITY[q.value]}" for q in Quantity}


@tool(response_format="content_and_artifact", parse_docstring=True)
def set_measure(
    runtime: Runtime,
    level: Disc,
    quantity: Quantity,
    millimetres: float,
    direction: Direction | Unsaid = None,
) -> Result:
    """Prepare a change of one length to the reader's own; it waits for the reader's yes.

    Args:
        level: the disc.
        quantity: what the reader has measured anew.
        millimetres: the length as the reader has just said it; no other is taken.
        direction: where a slip goes, if the reader has said it; else it goes where it did.
    """
    session = runtime.context.session
    session.require_draft()  # nothing is offered that a yes could not do
    report = report_of(runtime)
    way: Literal["anterior", "posterior"] | None = None
    if direction is not None:
        way = "posterior" if direction is Direction.POSTERIOR else "anterior"
    _require_said(
        session,
        {"level": level.value, "quantity": quantity.value, "millimetres": millimetres,
         "direction": way},
    )  # fmt: skip
    kind = KINDS_OF[quantity][0]
    change = SetMeasure(level.value, kind, millimetres, way, session.level_shift)
    here = chosen(report, [level.value], KINDS_OF[quantity])
    (wanted,) = chosen(session.preview(change), [level.value], [kind])
    session.pending = Pending(change, session.turn)
    what = c.PendingContent(
        tool="set_measure",
        level=level.value,
        kind=kind,
        title=titled(kind),
        now=valued(here[0]),
        wanted=valued(wanted),
    )
    return result(what, Shown("waits for a yes", findings=ids(here)))


def _require_said(session: Session, args: dict[str, Any]) -> None:
    """Refuse a length that the user's own words do not give: a language model has none of its own.

    Raises:
        InputError: they do not.
    """
    if session.brain == "embedded" or session.heard.asks("set_measure", args):
        return
    raise InputError(
        "You have not said that length.",
        "Say the level, what you measured and the millimetres in one message.",
    )


def titled(kind: str) -> str:
    """A kind as it stands in a sentence: ``the slip``, ``disc degeneration``."""
    return _TITLES.get(kind) or KINDS[kind].title


def valued(finding: Finding) -> str:
    """What a finding states: ``7.0 mm anterior``, ``5``, ``indeterminate``."""
    if finding.status != "value":
        return "indeterminate" if finding.status == "indeterminate" else "not assessed"
    size = finding.value
    if finding.kind not in _TITLES or not isinstance(size, float | int):
        return str(size)
    return length(finding.kind, abs(size), "anterior" if size > 0 else "posterior")


def length(kind: str, millimetres: float, direction: str | None) -> str:
    """A length in words; a slip's with its direction, if that is known."""
    way = f" {direction}" if direction and kind == "slip_mm" else ""
    return f"{millimetres:.1f} mm{way}"
