"""The staged sets: public data that lies on this machine already, one source a set.

They are the folder of ``RADIXGPT_SHARED_DATA``. Whoever has staged them has accepted their
licences, so these are shown and not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from data.gather.registry import Staged
from data.gather.shelf import Shelf
from data.gather.source import Gathered, LeftOut, Say, Terms
from radixgpt.errors import GatherError


@dataclass(frozen=True)
class StagedSource:
    """One staged set.

    Attributes:
        entry: what the registry tells of it.
        shared: the folder of all staged sets.
        link: hard-link the files instead of copying them.
    """

    entry: Staged
    shared: Path
    link: bool = False

    @property
    def key(self) -> str:
        """The key of the set."""
        return self.entry.key

    @property
    def title(self) -> str:
        """One line for people."""
        return self.entry.title

    @property
    def terms(self) -> Terms:
        """Its terms, which were accepted when it was staged."""
        return replace(self.entry.terms, ask=False)

    def is_there(self) -> bool:
        """Whether the set is among the staged data."""
        return (self.shared / self.entry.place).exists()

    def fetch(self, shelf: Shelf, say: Say) -> Iterator[Gathered | LeftOut]:
        """Copy or link its files, with the names that they have.

        Raises:
            GatherError: the set is not there.
        """
        root = self.shared / self.entry.place
        if not self.is_there():
            raise GatherError(
                f"The staged set '{self.key}' is not here.",
                "Set RADIXGPT_SHARED_DATA to the folder of the staged data, or fetch a published "
                "set (radixgpt data gather --list).",
            )
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        base = root.parent if root.is_file() else root
        shelf.require_space(0 if self.link else sum(path.stat().st_size for path in files))
        what = f"Gathering {self.key}"
        for number, path in enumerate(files, start=1):
            say(what, number - 1, len(files))
            name = path.relative_to(base).as_posix()
            address = f"{self.entry.address}#{path.relative_to(self.shared).as_posix()}"
            yield shelf.copy(name, path, address, link=self.link)
        say(what, len(files), len(files))
