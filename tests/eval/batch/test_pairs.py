from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.batch import pairs
from radixgpt.errors import CaseError


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_pairs_join_by_id_whatever_the_order(tmp_path: Path) -> None:
    references = _write(tmp_path, "r.csv", 'id,report,patient\na,"one, two",p1\nb,three,p1\n')
    in_order = pairs.check(references, _write(tmp_path, "c.csv", "id,text\na,1\nb,3\n"))
    turned = pairs.check(references, _write(tmp_path, "d.csv", "id,text\nb,3\na,1\n"))
    assert (in_order.in_order, turned.in_order) == (True, False)
    assert list(in_order) == list(turned)
    assert list(turned) == [
        pairs.Pair("a", "1", ("one, two",), "p1"),
        pairs.Pair("b", "3", ("three",), "p1"),
    ]


def test_json_lines_and_several_references(tmp_path: Path) -> None:
    references = _write(
        tmp_path,
        "r.jsonl",
        '{"id": 1, "text": "x"}\n\n{"id": 1, "text": "y"}\n{"id": 2, "text": ""}\n',
    )
    candidates = _write(
        tmp_path, "c.jsonl", '{"id": "1", "text": null}\n{"id": "2", "text": "z"}\n'
    )
    found = list(pairs.check(references, candidates))
    assert found == [pairs.Pair("1", "", ("x", "y"), "1"), pairs.Pair("2", "z", ("",), "2")]


def test_patients_are_drawn_whole_before_their_studies(tmp_path: Path) -> None:
    references = _write(tmp_path, "r.csv", "id,text,study,patient\n1,,s1,p\n2,,s2,\n3,,,\n")
    answers = _write(tmp_path, "c.csv", "id,text\n1,\n2,\n3,\n")
    assert [pair.group for pair in pairs.check(references, answers)] == ["p", "s2", "3"]


def test_a_study_that_is_not_named_is_no_group(tmp_path: Path) -> None:
    references = _write(
        tmp_path,
        "r.jsonl",
        '{"id": 1, "text": "", "study": NaN}\n{"id": 2, "text": "", "study": NaN}\n'
        '{"id": 3, "text": "", "study": 0}\n{"id": 4, "text": "", "study": 0}\n',
    )
    answers = _write(tmp_path, "c.csv", "id,text\n1,\n2,\n3,\n4,\n")
    assert [pair.group for pair in pairs.check(references, answers)] == ["1", "2", "0", "0"]


def test_many_problems_have_a_line_each(tmp_path: Path) -> None:
    references = _write(tmp_path, "r.csv", "id,text\n0,\n")
    rows = "".join(f"{number},\n" for number in range(303))
    with pytest.raises(CaseError) as told:
        pairs.check(references, _write(tmp_path, "c.csv", f"id,text\n{rows}"))
    lines = told.value.problem.splitlines()
    assert lines[:2] == ["302 problems:", "  c.csv, row 3: 1 has no reference"]
    assert lines[200] == "  c.csv, row 202: 200 has no reference"
    assert lines[201:] == ["  and 102 more"]


def test_rows_that_nobody_can_tell_are_refused(tmp_path: Path) -> None:
    references = _write(
        tmp_path,
        "r.jsonl",
        '{"id": NaN, "text": ""}\n{"id": true, "text": ""}\n{"id": [1], "text": ""}\n'
        '{"id": 4, "text": "a", "text": "b"}\n',
    )
    answers = _write(tmp_path, "c.csv", "id,text\n1\n2,x\n")
    with pytest.raises(CaseError) as told:
        pairs.check(references, answers)
    for part in (
        "r.jsonl, row 1: the id is missing",
        "r.jsonl, row 2 has an id that is neither text nor number",
        "r.jsonl, row 3 has an id that is neither text nor number",
        "r.jsonl, line 4 names 'text' twice",
        "c.csv, row 2 has fewer cells than there are columns",
    ):
        assert part in told.value.problem


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    table = pd.DataFrame({"id": [1, 2], "text": ["x", None], "image": ["a.png", None]})
    table.to_parquet(tmp_path / "r.parquet")
    candidates = _write(tmp_path, "c.csv", "id,text\n1,\n2,z\n")
    assert list(pairs.check(tmp_path / "r.parquet", candidates)) == [
        pairs.Pair("1", "", ("x",), "1", tmp_path / "a.png"),
        pairs.Pair("2", "z", ("",), "2"),
    ]


def test_all_problems_are_told_at_once_with_rows(tmp_path: Path) -> None:
    references = _write(tmp_path, "r.csv", "id,text\na,1\nb,2\na,3\n,4\n")
    candidates = _write(tmp_path, "c.csv", "id,text\na,1\na,2\nx,3\n")
    with pytest.raises(CaseError) as told:
        pairs.check(references, candidates)
    for part in (
        "r.csv, row 4: a is there again apart from its other reference",
        "r.csv, row 5: the id is missing",
        "c.csv, row 3: a is there again",
        "c.csv, row 4: x has no reference",
        "r.csv, row 3: b has no candidate",
    ):
        assert part in told.value.problem


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("e.csv", b"", "has the columns none"),
        ("e.csv", b"id,text\n", "has no row"),
        ("e.csv", b"name,text\na,b\n", "has the columns name, text"),
        ("e.csv", "id,text\na,é\n".encode("latin-1"), "not UTF-8"),
        ("e.csv", b"id,text\na,b,c\n", "row 2 has more cells"),
        ("e.csv", b"id,id,text\n", "a name of its own"),
        ("e.parquet", b"PAR1", "is no Parquet"),
        ("e.jsonl", b"{", "line 1 is no JSON"),
        ("e.jsonl", b'{"id": null, "text": "x"}\n', "the id is missing"),
        ("e.jsonl", b"[1]\n", "line 1 is no object"),
        ("e.jsonl", b'{"id": 1}\n', "has the columns id"),
    ],
)
def test_tables_that_cannot_be_read_are_told(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CaseError, match=said):
        pairs.check(path, path)


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"no file r\.csv.*\n.*no file c\.csv"):
        pairs.check(tmp_path / "r.csv", tmp_path / "c.csv")


def test_rows_that_cannot_be_read_are_told_with_all_else_of_both_tables(tmp_path: Path) -> None:
    references = tmp_path / "r.csv"
    references.write_bytes(b"id,text\na,1\nb,caf\xe9\nc,1,2\n,3\nd,4\n")
    candidates = _write(
        tmp_path,
        "c.jsonl",
        '{"id": "a", "text": "1"}\n{"id"\n{"id": "b"}\n{"id": "c", "text": 5}\n[]\n'
        '{"id": "d", "text": "\\ud800"}\n{"id": "a", "text": "2"}\n'
        '{"id": "\\udfff", "text": null}\n',
    )
    with pytest.raises(CaseError) as told:
        pairs.check(references, candidates)
    problem = told.value.problem
    for part in (
        "10 problems",
        "r.csv, row 3 is not UTF-8: byte 0xe9",
        "r.csv, row 4 has more cells than there are columns",
        "r.csv, row 5: the id is missing",
        "c.jsonl, line 2 is no JSON",
        "c.jsonl, row 3 has id, and not id and one of text",
        "c.jsonl, row 4 has a text that is no string",
        "c.jsonl, line 5 is no object",
        "c.jsonl, row 6 has half a character",
        "c.jsonl, row 8 has half a character",
        "c.jsonl, row 7: a is there again",
    ):
        assert part in problem
    assert "has no candidate" not in problem, "what stands in a row that can't be read is unknown"


def test_an_open_quote_is_told_where_it_begins(tmp_path: Path) -> None:
    open_quote = _write(tmp_path, "q.csv", 'id,text\n1,a\n2,"unclosed\n3,b\n')
    whole = _write(tmp_path, "w.csv", "id,text\n1,a\n2,b\n3,c\n")
    for tables in ((open_quote, whole), (whole, open_quote)):
        with pytest.raises(
            CaseError, match=r"^1 problem: q\.csv, row 3 and what follows is no CSV"
        ):
            pairs.check(*tables)


def test_bytes_of_another_encoding_are_told_in_headings_and_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_bytes("id,text\n1,a\n".encode("utf-16"))
    with pytest.raises(CaseError, match=r"u\.csv, row 1 is not UTF-8: byte 0xff"):
        pairs.check(path, path)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("x.csv", "x.jsonl", "x.parquet"):
        path = tmp_path / name
        path.write_bytes(content)
        try:
            list(pairs.rows(path))
        except CaseError:
            continue
