"""The shelf: a file appears whole and within its folder, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.gather.shelf import Shelf, is_safe
from radixgpt.errors import GatherError, UnsafeInputError

PIECES = st.sampled_from(
    ["..", ".", "/", "\\", "C:", "a", "b.png", " ", "\0", "\n", "~", "é", "x" * 300]
)


@given(st.lists(PIECES, min_size=0, max_size=6).map("".join))
def test_a_safe_name_stays_in_the_folder(name: str) -> None:
    if is_safe(name):
        joined = os.path.normpath(f"/home-of-all/{name}")
        assert joined.startswith("/home-of-all/")
        assert name.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/x",
        "C:/x",
        "C:x",
        "\\\\host\\x",
        "a\\..\\..\\x",
        "",
        ".",
        "..",
        "a\nb",
    ],
)
def test_hostile_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeInputError):
        Shelf(tmp_path, {}).place(name)


def test_a_write_that_fails_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"new"
        raise ConnectionError

    shelf = Shelf(tmp_path / "one", {})
    shelf.put("a/b.png", [b"old"], "address")
    with pytest.raises(ConnectionError):
        shelf.put("a/b.png", broken(), "address")
    assert [p.name for p in (tmp_path / "one" / "a").iterdir()] == ["b.png"]
    assert (tmp_path / "one" / "a" / "b.png").read_bytes() == b"old"


def test_links_where_asked_and_copies_otherwise(tmp_path: Path) -> None:
    original = tmp_path / "original.png"
    original.write_bytes(b"pixels")
    shelf = Shelf(tmp_path / "one", {})
    linked = shelf.copy("linked.png", original, "address", link=True)
    copied = shelf.copy("copied.png", original, "address", link=False)
    assert linked.sha256 == copied.sha256
    assert shelf.place("linked.png").samefile(original)
    assert not shelf.place("copied.png").samefile(original)


def test_no_disk_is_filled(tmp_path: Path) -> None:
    with pytest.raises(GatherError, match="free on the disk"):
        Shelf(tmp_path / "one", {}).require_space(1 << 60)
    Shelf(tmp_path / "one", {}).require_space(0)
