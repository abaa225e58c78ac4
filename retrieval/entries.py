"""Very many entries in little memory: their lines as they are stored, parsed when one is wanted.

What every search looks at, such as whose a case is, stands in columns.
"""

from __future__ import annotations

import json
import mmap
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from radixgpt.case import StatedFinding
from radixgpt.errors import CorpusError
from retrieval.corpus import Entry
from retrieval.facts import Fact, Place, gathered, states_of

COLUMNS = ("id", "patient", "source", "licence", "modality", "region", "origin", "sha256")
_DEFAULTS = {name: field.default for name, field in Entry.model_fields.items() if name in COLUMNS}
_KEPT = 256
"""Entries that stay parsed."""
MEND = "Build the index again, or restore its folder."
Buffer = bytes | mmap.mmap


class Entries(Sequence[Entry]):
    """Entries in their order.

    Args:
        lines: JSON of each, as (buffer, first byte, last byte + 1).
        name: of the file that they come from, for messages.
    """

    def __init__(self, lines: Iterable[tuple[Buffer, int, int]], name: str = "") -> None:
        self._lines = list(lines)
        self._name = name
        self._parsed: OrderedDict[int, Entry] = OrderedDict()
        columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
        prints: list[list[str]] = []
        for row in range(len(self._lines)):
            found = self._raw(row)
            for key, values in columns.items():
                values.append(found.get(key, _DEFAULTS[key]))
            prints.append(found.get("prints", []))
        self._columns = columns
        self._prints = prints

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Entries:
        """Entries that are in memory."""
        made = [entry.model_dump_json(exclude_defaults=True).encode() for entry in entries]
        return cls((line, 0, len(line)) for line in made)

    @classmethod
    def read(cls, path: Path) -> Entries:
        """The entries of a file of JSON lines; the file is not read into memory.

        Raises:
            CorpusError: it can't be read, or a line is no entry.
        """
        try:
            with path.open("rb") as stream:
                empty = stream.seek(0, 2) == 0
                data: Buffer = (
                    b"" if empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
                )
        except OSError as error:
            raise CorpusError(f"{path.name} of the index can't be read.", MEND) from error
        spans: list[tuple[Buffer, int, int]] = []
        begin = 0
        while (end := data.find(b"\n", begin)) >= 0:
            spans.append((data, begin, end))
            begin = end + 1
        return cls(spans, path.name)

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """The entries of several, in a row."""
        made = cls.__new__(cls)
        made._lines = list(chain.from_iterable(part._lines for part in parts))
        made._name = parts[0]._name if parts else ""
        made._parsed = OrderedDict()
        made._columns = {
            name: list(chain.from_iterable(part._columns[name] for part in parts))
            for name in COLUMNS
        }
        made._prints = list(chain.from_iterable(part._prints for part in parts))
        return made

    def chosen(self, keep: npt.NDArray[np.bool_]) -> Entries:
        """Some of them."""
        made = Entries.__new__(Entries)
        rows = np.flatnonzero(keep).tolist()
        made._lines = [self._lines[row] for row in rows]
        made._name = self._name
        made._parsed = OrderedDict()
        made._columns = {name: [own[row] for row in rows] for name, own in self._columns.items()}
        made._prints = [self._prints[row] for row in rows]
        return made

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, row: int) -> Entry: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Entry]: ...
    def __getitem__(self, row: int | slice) -> Entry | Sequence[Entry]:
        """One entry, or several.

        Raises:
            CorpusError: its line is no entry.
        """
        if isinstance(row, slice):
            return [self[place] for place in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        place = row % len(self)
        if place not in self._parsed:
            try:
                self._parsed[place] = Entry.model_validate_json(self.line(place))
            except ValidationError as error:
                raise self._no_entry(place) from error
            if len(self._parsed) > _KEPT:
                self._parsed.popitem(last=False)
        return self._parsed[place]

    def __iter__(self) -> Iterator[Entry]:
        return (self[row] for row in range(len(self)))

    def line(self, row: int) -> bytes:
        """The JSON of one entry."""
        data, begin, end = self._lines[row]
        return data[begin:end]

    def column(self, name: str) -> list[str]:
        """One of COLUMNS of all entries."""
        return self._columns[name]

    def prints(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """Every fingerprint of a picture, and the entry that it is of."""
        found = [(int(one, 16), row) for row, own in enumerate(self._prints) for one in own if one]
        values = np.array([value for value, _ in found], np.uint64)
        return values, np.array([row for _, row in found], np.int64)

    def facts(self) -> Iterator[dict[Place, Fact]]:
        """The facts of each entry.

        Raises:
            CorpusError: a line's findings are none.
        """
        known: dict[str, tuple[tuple[Place, Fact], ...]] = {}  # most findings are stated often
        for row in range(len(self)):
            stated: list[tuple[Place, Fact]] = []
            for one in self._raw(row).get("findings", []):
                key = str(one)
                if key not in known:
                    try:
                        known[key] = states_of(StatedFinding.model_validate(one))
                    except ValidationError as error:
                        raise self._no_entry(row) from error
                stated.extend(known[key])
            yield gathered(stated)

    def tokens(self) -> Iterator[list[str]]:
        """The tokens of each entry."""
        return (self._raw(row).get("tokens", []) for row in range(len(self)))

    def _raw(self, row: int) -> dict[str, Any]:
        try:
            found = json.loads(self.line(row))
        except ValueError as error:
            raise self._no_entry(row) from error
        if not isinstance(found, dict):
            raise self._no_entry(row)
        return found

    def _no_entry(self, row: int) -> CorpusError:
        return CorpusError(f"{self._name or 'The index'}, line {row + 1}, is no entry.", MEND)
