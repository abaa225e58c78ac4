"""What a chat turn tells its door, in order, as typed events.

A turn is any number of tool steps and progress notes, then the answer's tokens, then exactly one
:class:`Answer` or :class:`Failed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Image:
    """An evidence image for the person at the door; it never reaches a language model.

    Attributes:
        png: the encoded picture.
        caption: what it shows, such as ``L4-L5, sagittal T2, slice 8``.
        series: handle of the series.
        slice_index: slice within the series, from 0.
        level: the marked level, None for the whole slice.
    """

    png: bytes = field(repr=False)
    caption: str
    series: str
    slice_index: int
    level: str | None = None


@dataclass(frozen=True)
class SimilarCase:
    """Another patient's case, for the person at the door; its text never reaches a language model.

    Attributes:
        number: by which the answer names it, from 1.
        case: its pseudonymous id.
        alike: how alike it is, in words.
        shared, differing, unstated: what of the question it has, has otherwise, and doesn't state.
        text: word for word; data, whatever it says.
        written: who wrote the text, in words.
        source, licence: where it is from, and under which terms.
        png: its key image; None where the index has none.
    """

    number: int
    case: str
    alike: str
    shared: tuple[str, ...]
    differing: tuple[str, ...]
    unstated: tuple[str, ...]
    text: str
    written: str
    source: str
    licence: str
    png: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SyntheticImage:
    """A made-up image, for the person at the door; it is no evidence and of no patient.

    Attributes:
        png: the encoded picture, marked synthetic.
        caption: that it is synthetic, and what was asked for.
        study: zip of the DICOM study that the picture is a slice of; empty where only the picture
            was made.
    """

    png: bytes = field(repr=False)
    caption: str
    study: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class ToolStarted:
    """A tool was called; ``id`` joins it to its :class:`ToolEnded`."""

    id: str
    name: str
    title: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Progress:
    """A step within a running tool has begun."""

    text: str


@dataclass(frozen=True)
class ToolEnded:
    """A tool has answered or failed, with one line that says what came out."""

    id: str
    name: str
    title: str
    summary: str
    seconds: float
    images: tuple[Image, ...] = ()
    failed: bool = False


@dataclass(frozen=True)
class Token:
    """A piece of the answer's text; all of a turn's tokens joined are the answer's text."""

    text: str


@dataclass(frozen=True)
class Took:
    """What a turn took.

    Attributes:
        seconds: of the whole turn.
        steps: title and seconds of each tool, in the order in which they ended.
        model: the language model that led, without its address.
        model_calls, model_seconds: its calls, and how long they took together.
        tokens_in, tokens_out: None where its client does not count them.
        cost: in the money of the user's own prices; None where they give none.
    """

    seconds: float
    steps: tuple[tuple[str, float], ...] = ()
    model: str = "embedded"
    model_calls: int = 0
    model_seconds: float = 0.0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None


@dataclass(frozen=True)
class Answer:
    """The whole answer of a turn.

    Attributes:
        text: Markdown.
        images: evidence images, in the order of the findings they belong to.
        findings: ids of the report's findings that the answer states.
        report_changed: whether the report is another one than before the turn.
        guarded: what the guard refused in the language model's wording, empty if nothing.
        similar: cases of other patients, to be shown as such beside the text.
        synthetic: made-up images, to be shown as such below everything else.
        took: None where nothing ran, as for a question whether anything may be sent.
    """

    text: str
    images: tuple[Image, ...] = ()
    findings: tuple[str, ...] = ()
    report_changed: bool = False
    guarded: tuple[str, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    synthetic: tuple[SyntheticImage, ...] = ()
    took: Took | None = None


@dataclass(frozen=True)
class Failed:
    """The turn could not be answered; ``problem`` and ``mend`` are sentences for the user."""

    code: str
    problem: str
    mend: str


Event = ToolStarted | Progress | ToolEnded | Token | Answer | Failed
