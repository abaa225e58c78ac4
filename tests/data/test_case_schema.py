"""The written schema of cases is that of the types; the page tells of every field."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from data import schema
from radixgpt.case import Case, Concept, Image, StatedFinding, read_cases, write_cases
from radixgpt.errors import CaseError

PAGE = schema.PATH.with_name("cases.md")

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
FACTS = st.dictionaries(TEXT, st.one_of(TEXT, st.floats(-1e6, 1e6), st.none()), max_size=3)
IMAGES = st.builds(
    Image,
    path=TEXT,
    sha256=TEXT,
    view=st.sampled_from(["ap", "lateral", None]),
    rows=st.none() | st.integers(1, 999),
    spacing=st.none() | st.tuples(st.floats(0.1, 2), st.floats(0.1, 2)),
    facts=FACTS,
)
FINDINGS = st.builds(
    StatedFinding,
    level=st.sampled_from(["L4-L5", "L5", None]),
    kind=TEXT,
    value=st.one_of(st.none(), st.integers(0, 5), st.floats(0, 1), TEXT),
    side=st.sampled_from(["left", "right", "bilateral", None]),
    assertion=st.sampled_from(["present", "absent", "uncertain", "historical"]),
    span=st.none() | st.tuples(st.integers(0, 9), st.integers(0, 99)),
)
CASES = st.builds(
    Case,
    id=TEXT,
    source=TEXT,
    licence=TEXT,
    patient=TEXT,
    images=st.lists(IMAGES, max_size=2).map(tuple),
    report=st.dictionaries(st.sampled_from(["findings", "impression"]), TEXT, max_size=2),
    caption=TEXT,
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    concepts=st.lists(st.builds(Concept, cui=st.none() | TEXT), max_size=2).map(tuple),
    split=st.sampled_from(["train", "development", "test", None]),
    facts=FACTS,
    warnings=st.lists(TEXT, max_size=2).map(tuple),
)


def test_the_schema_is_in_step_with_the_types() -> None:
    assert schema.PATH.read_text(encoding="utf-8") == schema.schema_text(), (
        "run: python -m data.schema"
    )


@given(cases=st.lists(CASES, max_size=4))
def test_cases_are_valid_and_come_back(
    tmp_path_factory: pytest.TempPathFactory, cases: list[Case]
) -> None:
    path = tmp_path_factory.mktemp("cases") / "cases.jsonl"
    assert write_cases(path, cases) == len(cases)
    assert list(read_cases(path)) == cases
    validator = Draft202012Validator(json.loads(schema.PATH.read_text(encoding="utf-8")))
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line:
            assert not list(validator.iter_errors(json.loads(line)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"split": "exam"}, "split"),
        ({"surprise": 1}, "surprise"),
        ({"images": [{"path": "a"}]}, "images"),
    ],
)
def test_what_is_no_case_is_refused_by_schema_and_reader(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    line = {"id": "s/1", "source": "s", "licence": "CC0", "patient": "s/1", **change}
    validator = Draft202012Validator(json.loads(schema.PATH.read_text(encoding="utf-8")))
    assert list(validator.iter_errors(line))
    path = tmp_path / "cases.jsonl"
    path.write_text(f"\n{json.dumps(line)}\n", encoding="utf-8")
    with pytest.raises(CaseError, match=rf"cases.jsonl, line 2: {told}"):
        list(read_cases(path))


def test_the_page_tells_of_every_field() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    for model in (Case, Image, StatedFinding, Concept):
        assert set(model.model_fields) <= told, model.__name__
