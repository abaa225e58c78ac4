"""What a session knows at one moment, and what waits for the user's yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.edits import Edit, SetGrade, SetMeasure
from agent.pipeline import Reading
from radixgpt.report import Report

if TYPE_CHECKING:
    from etl.prior import Earlier


@dataclass(frozen=True)
class State:
    """What a session knows at one moment; the unit of undo.

    Attributes:
        edits: the reader's changes, in their order.
        aside: those of them that name no level of the report in the present numbering.
        change: what made this state out of the one before, in a few words.
        prior: the prior study that the report is compared with.
    """

    reading: Reading
    report: Report | None = None
    style: str = "standard"
    edits: tuple[Edit, ...] = ()
    aside: tuple[Edit, ...] = ()
    change: str = ""
    prior: Earlier | None = None


@dataclass(frozen=True)
class Sending:
    """Pictures of the open study that would leave this machine for a caption.

    Attributes:
        url: of the server.
        study: key of the study.
        asked: what the caption was asked for, as the tool takes it.
    """

    url: str
    study: str
    asked: Mapping[str, str]


@dataclass(frozen=True)
class Proposed:
    """A change that a language model called for and the user's words did not; by its tool."""

    tool: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Pending:
    """What waits for the user's yes; it may only be confirmed in a later turn."""

    edit: SetGrade | SetMeasure | Sending | Proposed
    turn: int


@dataclass(frozen=True)
class Terms:
    """What the user has settled beforehand about a language model behind a server.

    Attributes:
        send_to: hosts that the conversation may be sent to unasked, with commas between.
        price_in, price_out: of a million tokens each way; None where they are not told.
    """

    send_to: str = ""
    price_in: float | None = None
    price_out: float | None = None
