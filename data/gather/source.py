"""What a source of data is, whatever it is behind: a folder, a published set or a PACS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from data.gather.shelf import Shelf

Say = Callable[[str, int, int], None]
"""Tells what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Terms:
    """The terms under which a source may be used.

    Attributes:
        licence: its short name, such as ``CC BY 4.0``.
        licence_url: page with its text; None where there is no such page.
        commercial: whether it allows commercial use.
        citation: what to cite.
        ask: whether it has to be accepted before anything is fetched. Data that is the user's own,
            or lies on this machine already, asks nothing.
        note: what else a user should know.
    """

    licence: str
    licence_url: str | None
    commercial: bool
    citation: str
    ask: bool = True
    note: str = ""


@dataclass(frozen=True)
class Gathered:
    """One file that lies on the shelf, whole and hashed.

    Attributes:
        name: its path within the source's folder, with forward slashes.
        address: where it came from; never a path of this machine.
        sha256: hash of its bytes.
        size: number of its bytes.
        archive: name of the published archive that it was packed in, if any.
        unpacked: for an archive that was unpacked and not kept: how many files it held.
    """

    name: str
    address: str
    sha256: str
    size: int
    archive: str | None = None
    unpacked: int | None = None


@dataclass(frozen=True)
class LeftOut:
    """One object that was not gathered.

    Attributes:
        reason: reason code of :mod:`radixgpt.reading.reasons`.
    """

    reason: str


class Source(Protocol):
    """A place that files come from."""

    @property
    def key(self) -> str:
        """Short name: the folder under ``gathered/``; lower case, digits and underscores."""

    @property
    def title(self) -> str:
        """One line for people."""

    @property
    def terms(self) -> Terms:
        """Licence and citation of all its files."""

    def fetch(self, shelf: Shelf, say: Say) -> Iterator[Gathered | LeftOut]:
        """Bring every file to the shelf and tell each one as soon as it lies there.

        A file that lies there already is checked and told again, not brought again.

        Raises:
            GatherError: the source can't be reached, or its files are not what they should be.
            InputError: what was given holds nothing that can be used, or is unsafe to open.
        """
