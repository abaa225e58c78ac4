"""The Parquet tables hold what the cases hold, a piece at a time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.tables import read_table, write_tables
from radixgpt.case import Case, Concept, Image, StatedFinding, write_cases
from radixgpt.errors import CaseError


def _case(number: int, **fields: object) -> Case:
    base = {"id": f"s/{number}", "source": "s", "licence": "CC0", "patient": f"s/{number}"}
    return Case.model_validate({**base, **fields})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    image = Image(
        path="a.png",
        sha256="0",
        rows=4,
        columns=5,
        spacing=(0.5, 0.75),
        facts={"echo_time_ms": 9, "rows": 3},
    )
    findings = (
        StatedFinding(level="L4-L5", kind="pfirrmann", value=4),
        StatedFinding(level=None, kind="scoliosis", value="lumbar", side="left", span=(2, 7)),
    )
    cases = [
        _case(1, images=(image,), findings=findings, split="train", facts={"age_years": 40}),
        _case(2, report={"impression": "two", "findings": "one"}, facts={"age_years": "unknown"}),
        _case(3, caption="a caption", concepts=(Concept(cui="C1"), Concept(meaning="m"))),
        _case(4, warnings=("look out",), facts={"source": "x", "empty": None}),
    ]
    write_cases(tmp_path / "cases.jsonl", cases)
    counts = write_tables(tmp_path / "cases.jsonl", tmp_path / "tables", piece=3)
    assert counts == {"cases": 4, "images": 1, "findings": 2}
    return tmp_path / "tables"


def test_cases_become_rows(folder: Path) -> None:
    table = read_table(folder, "cases").set_index("case")
    assert list(table["text"].fillna("")) == ["", "one\ntwo", "a caption", ""]
    assert list(table["words"]) == [0, 2, 2, 0]
    assert list(table.loc["s/3", "concepts"]) == ["C1", "m"]
    assert list(table.loc["s/4", "warnings"]) == ["look out"]
    assert table.loc["s/1", "split"] == "train"
    assert pd.isna(table.loc["s/2", "split"])


def test_facts_become_columns_of_one_type(folder: Path) -> None:
    table = read_table(folder, "cases").set_index("case")
    assert list(table["age_years"].dropna()) == ["40.0", "unknown"]
    assert table.loc["s/4", "source"] == "s"
    assert table.loc["s/4", "fact_source"] == "x"
    assert "empty" not in table or table["empty"].isna().all()


def test_images_become_rows(folder: Path) -> None:
    (row,) = read_table(folder, "images").to_dict("records")
    assert (row["rows"], row["row_mm"], row["column_mm"]) == (4, 0.5, 0.75)
    assert (row["echo_time_ms"], row["fact_rows"]) == (9.0, 3.0)
    assert pd.isna(row["view"])


def test_findings_become_rows(folder: Path) -> None:
    table = read_table(folder, "findings")
    assert list(table["value"]) == ["4", "lumbar"]
    assert table["grade"].iloc[0] == 4.0
    assert pd.isna(table["grade"].iloc[1])
    assert (table["begin"].iloc[1], table["end"].iloc[1]) == (2, 7)
    assert list(table["assertion"]) == ["present", "present"]


def test_no_cases_become_empty_tables(tmp_path: Path) -> None:
    write_cases(tmp_path / "cases.jsonl", [])
    assert write_tables(tmp_path / "cases.jsonl", tmp_path)["cases"] == 0
    assert read_table(tmp_path, "findings").empty


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"no cases\.parquet"):
        read_table(tmp_path, "cases")
