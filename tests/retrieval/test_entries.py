"""Entries as lines: parsed when wanted, and told where they are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from radixgpt.errors import CorpusError
from retrieval.corpus import Item
from retrieval.entries import Entries
from retrieval.facts import facts

Make = Callable[..., Item]


def test_entries_are_the_same_from_memory_and_from_a_file(tmp_path: Path, make_item: Make) -> None:
    made = [
        make_item(n, {"L4-L5": {"modic": n % 3}}, f"Text {n}.", prints=("00ff", "", "0f"))
        for n in range(5)
    ]
    entries = [item.entry for item in made]
    inner = Entries.of(entries)
    path = tmp_path / "cases.jsonl"
    path.write_bytes(b"".join(inner.line(row) + b"\n" for row in range(5)))
    halves = [inner.chosen(np.arange(5) < 2), inner.chosen(np.arange(5) >= 2)]
    for found in (inner, Entries.read(path), Entries.joined(halves)):
        assert list(found) == entries
        assert (found[-1], found[1:3]) == (entries[-1], entries[1:3])
        assert found.column("id") == [f"test/{n}" for n in range(5)]
        assert found.column("region") == ["lumbar"] * 5
        assert [tuple(own) for own in found.tokens()] == [e.tokens for e in entries]
        assert list(found.facts()) == [facts(e.findings) for e in entries]
        values, rows = found.prints()
        assert values.tolist() == [255, 15] * 5
        assert rows.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        with pytest.raises(IndexError):
            found[5]


def test_many_entries_do_not_all_stay_parsed(
    make_item: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.entries._KEPT", 2)
    found = Entries.of(make_item(n).entry for n in range(5))
    first = found[0]
    assert found[0] is first
    assert [one.id for one in found] == [f"test/{n}" for n in range(5)]
    assert len(found._parsed) == 2
    assert found[0] == first


@pytest.mark.parametrize("line", ["no json", "[1]", '"text"', "{"])
def test_a_line_that_is_none_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "cases-0.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"cases-0\.jsonl, line 1, is no entry"):
        Entries.read(path)


def test_an_object_that_is_no_entry_is_told_when_it_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "cases-0.jsonl"
    path.write_text('{"id": "a/1", "patient": "/srv/jane"}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match="line 1, is no entry"):
        Entries.read(path)[0]
    path.write_text('{"id": "a/1", "findings": [{"level": 3}]}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match="line 1, is no entry"):
        list(Entries.read(path).facts())


def test_no_file_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="can't be read"):
        Entries.read(tmp_path / "nothing")
    (tmp_path / "empty").touch()
    assert len(Entries.read(tmp_path / "empty")) == 0
    assert len(Entries.joined([])) == 0
