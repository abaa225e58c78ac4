"""Tables in any encoding and shape; a bad row costs itself alone."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.mapping.cells import age, identifier, is_missing, number, sex, whole
from data.mapping.seen import Seen
from data.mapping.table import Columns, Row, rows
from radixgpt.errors import CaseError, RefusedError

COLUMNS = Columns(needed={"id": ("Patient ID",), "text": ("note",)}, optional={"age": ()})

cell_text = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\ufeff", exclude_categories=("Cs",)),
    max_size=20,
).map(lambda text: text.replace("\r", " "))


def read(path: Path, longest: int = 4096) -> tuple[list[Row], list[RefusedError]]:
    found = list(rows(path, path.name, COLUMNS, longest=longest))
    return [r for r in found if isinstance(r, Row)], [
        r for r in found if isinstance(r, RefusedError)
    ]


def write(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "notes.csv"
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return path


@given(
    table=st.lists(st.tuples(st.integers(1, 999), cell_text), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_table_holds_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[tuple[int, str]],
    delimiter: str,
    encoding: str,
    end: str,
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(["Patient ID", "note"])
    writer.writerows(table)
    path = write(tmp_path_factory.mktemp("table"), out.getvalue(), encoding)
    found, refused = read(path)
    assert not refused
    assert [(row.cells["id"], row.cells["text"]) for row in found] == [
        (str(key), text) for key, text in table
    ]
    assert [row.number for row in found] == list(range(2, len(table) + 2))
    assert found[-1].end == path.stat().st_size


def test_a_row_tells_where_a_spreadsheet_and_an_editor_show_it(tmp_path: Path) -> None:
    found, _ = read(write(tmp_path, 'id,text\n1,"two\nlines"\n2,one\n'))
    assert [(row.number, row.line) for row in found] == [(2, 2), (3, 4)]


def test_an_open_quote_costs_its_own_row(tmp_path: Path) -> None:
    many = "".join(f"{i},sound\n" for i in range(3, 2000))
    found, refused = read(write(tmp_path, f'id,text\n1,sound\n2,"never closed\n{many}'))
    assert [row.cells["id"] for row in found] == ["1", *(str(i) for i in range(3, 2000))]
    assert [(error.row, "quote" in error.problem) for error in refused] == [(3, True)]


def test_an_open_quote_at_the_end_costs_its_own_row(tmp_path: Path) -> None:
    found, refused = read(write(tmp_path, 'id,text\n1,sound\n2,"never closed\n3,sound\n'))
    assert [row.cells["id"] for row in found] == ["1", "3"]
    assert [error.row for error in refused] == [3]


def test_rows_of_the_wrong_length_are_told(tmp_path: Path) -> None:
    found, refused = read(write(tmp_path, "id,text\n1,a\n2\n3,b,c\n4,d,\n\n,\n5,e\n"))
    assert [row.cells["id"] for row in found] == ["1", "4", "5"]
    assert [error.row for error in refused] == [3, 4]
    assert "has 1 cells, and the header has 2" in refused[0].problem


def test_a_line_in_another_encoding_is_read_and_marked(tmp_path: Path) -> None:
    content = b"id,text\n1,plain\n2,caf\xe9\n3,caf\xc3\xa9\n"
    found, refused = read(write(tmp_path, content))
    assert not refused
    assert [row.cells["text"] for row in found] == ["plain", "café", "café"]
    assert [row.guessed for row in found] == [False, True, False]


def test_what_is_no_text_in_a_row_costs_the_row(tmp_path: Path) -> None:
    content = b"id,text\n1,a\n2,\x81\x8d\n3,b\0c\n4," + b"x" * 5000 + b"\n5,d\n"
    found, refused = read(write(tmp_path, content))
    assert [row.cells["id"] for row in found] == ["1", "5"]
    assert [error.row for error in refused] == [3, 4, 5]
    assert "Windows-1252" in refused[0].problem
    assert "zero bytes" in refused[1].problem
    assert "longer" in refused[2].problem


def test_utf_16_without_a_mark_is_recognised(tmp_path: Path) -> None:
    found, _ = read(write(tmp_path, "id,text\n1,Lendenwirbelsäule\n", "utf-16-le"))
    assert found[0].cells["text"] == "Lendenwirbelsäule"


def test_a_spreadsheets_first_line_is_passed_by(tmp_path: Path) -> None:
    found, _ = read(write(tmp_path, "sep=;\nid;text\n1;a, b\n"))
    assert (found[0].cells["text"], found[0].number) == ("a, b", 3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"id,text\n", "no rows"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0rest", "old spreadsheet"),
        (b"\x1f\x8brest", "compressed"),
        (b"%PDF-1.7", "a PDF"),
        (b"id,text\r1,a\r2,b\r", "old Macs"),
        (b"a\0\0\0\0b\0\0\0", "not a text"),
        (b"id,txet\n1,a\n", "column text is missing"),
        (b"number,words\n1,a\n", "columns id, text are missing"),
        (b"id,text,Text\n1,a,b\n", "'text' twice"),
        (b'id,"text\n1,a\n', "no header"),
    ],
)
def test_a_table_that_cant_be_used_says_why(tmp_path: Path, content: bytes, told: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(CaseError, match=told) as error:
        list(rows(path, path.name, COLUMNS))
    assert str(error.value).startswith("notes.csv")
    assert error.value.mend


def test_a_misspelt_column_is_guessed(tmp_path: Path) -> None:
    path = write(tmp_path, "id,Txet\n1,a\n")
    with pytest.raises(CaseError, match="Is 'Txet' meant"):
        list(rows(path, path.name, COLUMNS))


def test_broken_utf_16_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "id,text\n1,a\n".encode("utf-16") + b"\x00\xd8\x00")
    with pytest.raises(CaseError, match="after line"):
        list(rows(path, path.name, COLUMNS))


def test_a_missing_table_and_a_folder_are_told(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "no.csv", "missing"), (tmp_path, "folder")):
        with pytest.raises(CaseError, match=told):
            list(rows(path, "no.csv", COLUMNS))


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """A table of 10 MB is read within half a megabyte, open quotes and all."""
    path = tmp_path / "long.csv"
    text = "L4-L5: diffuse disc bulge compressing the thecal sac. " * 4
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        for i in range(45_000):
            file.write(f'{i},"{text}{i}"\n' if i % 9_000 else f'{i},"{text}{i}\n')
    assert path.stat().st_size > 9_000_000
    tracemalloc.start()
    counts = [0, 0]
    for row in rows(path, path.name, COLUMNS, longest=16_384):
        counts[isinstance(row, Row)] += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts[1] > 44_000
    assert counts[0] >= 5
    assert peak < 500_000


@pytest.mark.parametrize("cell", ["", " ", "NaN", "n/a", "None", "-", "NULL"])
def test_missing_cells(cell: str) -> None:
    assert is_missing(cell)
    assert number(cell, "grade", 0, 5) is None


@pytest.mark.parametrize(("cell", "value"), [("3", 3), (" 3.0 ", 3), ("3,0", 3), ("+3", 3)])
def test_whole_numbers(cell: str, value: int) -> None:
    assert whole(cell, "grade", 1, 5) == value


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("6", "out of range"),
        ("-1", "out of range"),
        ("2.5", "not a whole number"),
        ("three", "no number"),
        ("#REF!", "spreadsheet's error"),
        ("#N/A", "spreadsheet's error"),
        ("####", "spreadsheet's error"),
        ("4-May", "a date"),
        ("May-04", "a date"),
        ("03/05/2024", "a date"),
        ("2024-05-04 00:00:00", "a date"),
        ("1.2E+11", "shortened"),
        ("inf", "no number"),
        ("1e999", "no number"),
    ],
)
def test_cells_that_say_nothing_usable(cell: str, told: str) -> None:
    with pytest.raises(RefusedError, match=told):
        whole(cell, "grade", 1, 5)


def test_identifiers_keep_their_zeros_and_lose_a_spreadsheets_decimal() -> None:
    assert identifier(" 007 ", "patient") == "007"
    assert identifier("12.0", "patient") == "12"
    for broken in ("", "nan", "4-May", "1.3E+12"):
        with pytest.raises(RefusedError, match="patient"):
            identifier(broken, "patient")


def test_ages_over_90_are_told_as_90() -> None:
    assert [age(cell) for cell in ("15", "90", "97", "")] == [15, 90, 90, None]
    with pytest.raises(RefusedError):
        age("150")


def test_sexes() -> None:
    assert [sex(cell) for cell in ("F ", "male", "", "W")] == ["F", "M", None, "F"]
    with pytest.raises(RefusedError, match="sex"):
        sex("x")


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=30))
def test_seen_remembers_the_first_row_and_what_it_said(told: list[tuple[str, str]]) -> None:
    seen, first = Seen(), {}
    for row, (key, said) in enumerate(told):
        expected = None if key not in first else (first[key][0], first[key][1] == said)
        assert seen.first(key, row, said) == expected
        first.setdefault(key, (row, said))
    seen.close()
