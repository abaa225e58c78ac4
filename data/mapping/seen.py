"""Which keys a long table has had already, in constant memory: a temporary database on disk."""

from __future__ import annotations

import hashlib
import sqlite3


class Seen:
    """Keys with the row of their first appearance and a mark of what it said."""

    def __init__(self) -> None:
        # An empty name: in memory while small, in a file that is removed by itself when large.
        self._base = sqlite3.connect("", check_same_thread=False)
        self._base.execute(
            "CREATE TABLE seen (key BLOB PRIMARY KEY, row INTEGER, mark BLOB) WITHOUT ROWID"
        )

    def first(self, key: str, row: int, said: str = "") -> tuple[int, bool] | None:
        """The row that had the key first and whether it said the same; None if this one is."""
        mark = _hash(said)
        old = self._base.execute("SELECT row, mark FROM seen WHERE key = ?", (_hash(key),))
        found = old.fetchone()
        if found is None:
            self._base.execute("INSERT INTO seen VALUES (?, ?, ?)", (_hash(key), row, mark))
            return None
        return int(found[0]), found[1] == mark

    def close(self) -> None:
        """Give its file back."""
        self._base.close()


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
