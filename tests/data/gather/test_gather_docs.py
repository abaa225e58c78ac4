"""The how-to tells the same of every source as the registry."""

from __future__ import annotations

import re
from pathlib import Path

from data.gather import registry

PAGE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "gather-data.md"


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_of_public_sets_is_the_registry() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = re.search(r"<!-- sources:.*?-->\n(.*?)<!-- /sources -->", text, re.DOTALL)
    assert table is not None
    assert rows(table[1]) == [
        [
            f"`{entry.key}`",
            entry.title,
            f"{entry.gigabytes:g} GB",
            f"[{entry.terms.licence}]({entry.terms.licence_url})",
            "yes" if entry.terms.commercial else "no",
        ]
        for entry in registry.public()
    ]


def test_the_table_of_staged_sets_is_the_registry() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Staged sets")[2].partition("\n## ")[0]
    assert rows(text) == [[f"`{entry.key}`", f"`{entry.place}`"] for entry in registry.staged()]


def test_every_set_is_published_under_stated_terms() -> None:
    keys = [entry.key for entry in (*registry.public(), *registry.staged())]
    assert len(keys) == len(set(keys))
    for entry in registry.public():
        assert entry.terms.ask
        assert entry.terms.licence_url
        assert entry.terms.citation
        assert ("NC" in entry.terms.licence) == (not entry.terms.commercial)
        names = [file.remote.name for file in entry.files]
        assert len(names) == len(set(names))
        for file in entry.files:
            assert (file.unpack is not None) == file.remote.name.endswith((".zip", ".tgz"))
