"""Annotations of other extractors, joined by id."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.batch.annotations import annotated
from eval.batch.given import annotation
from eval.batch.pairs import Pair
from radixgpt.errors import CaseError

PAIRS = [Pair("a", "x", ("y", "z"), "a"), Pair("b", "x", ("y",), "b")]


def _one(tokens: str, **more: object) -> dict[str, object]:
    return {"entities": {"1": {"tokens": tokens, "label": "OBS-DP", "relations": [], **more}}}


def _write(folder: Path, name: str, content: object) -> Path:
    lines = content if isinstance(content, list) else [content]
    path = folder / name
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_objects_and_lines_are_joined_alike(tmp_path: Path) -> None:
    whole = _write(tmp_path, "r.json", {"b": _one("b1"), "a": [_one("a1"), _one("a2")]})
    lines = _write(
        tmp_path,
        "r.jsonl",
        [{"id": "a", **_one("a1")}, {"id": "b", **_one("b1")}, {"id": "a", **_one("a2")}],
    )
    mine = _write(tmp_path, "c.json", {"a": _one("A"), "b": {**_one("B"), "text": "x"}})
    for references in (whole, lines):
        with annotated(PAIRS, references, mine) as found:
            told = [
                (
                    annotation(pair.given.annotation or "")["1"].tokens,
                    [annotation(c.annotation or "")["1"].tokens for c in pair.references_given],
                )
                for pair in found
            ]
            assert [pair.id for pair in found] == ["a", "b"], "it can be gone through again"
        assert told == [("A", ["a1", "a2"]), ("B", ["b1"])]


def test_all_malformed_annotations_are_told_at_once_with_ids(tmp_path: Path) -> None:
    references = _write(
        tmp_path, "r.json", {"a": _one("x"), "b": _one("x", relations=[["modify", "9"]])}
    )
    mine = _write(tmp_path, "c.json", {"a": {"entities": {"1": {"label": "y"}}}, "c": []})
    with pytest.raises(CaseError) as told, annotated(PAIRS, references, mine):
        pass
    for part in (
        "r.json: the annotation of b can't be used",
        "c.json: the annotation of a can't be used",
        "r.json: a has 1 annotations for 2 texts",
        "c.json: b has 0 annotations for 1 texts",
    ):
        assert part in told.value.problem


@pytest.mark.parametrize("content", ["[1]", "{", "\x00"])
def test_a_file_without_annotations_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CaseError, match=r"r\.json"), annotated(PAIRS, path, path):
        pass


def test_a_study_that_is_named_twice_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    one = json.dumps(_one("x"))
    path.write_text(f'{{"a": {one}, "a": {one}}}', encoding="utf-8")
    with pytest.raises(CaseError, match=r"r\.json names 'a' twice"), annotated(PAIRS, path, path):
        pass


def test_both_files_are_read_before_anything_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "r.json"
    broken.write_text("{", encoding="utf-8")
    lines = tmp_path / "c.jsonl"
    told_line = json.dumps({"id": "z", **_one("x")})
    lines.write_text(f"{told_line}\nnot json\n", encoding="utf-8")
    with pytest.raises(CaseError) as told, annotated(PAIRS, broken, lines):
        pass
    for part in ("r.json is no JSON", "c.jsonl, line 2 is no JSON", "c.jsonl: z is no study"):
        assert part in told.value.problem
    assert "0 annotations" not in told.value.problem


def test_an_annotation_of_no_study_is_told(tmp_path: Path) -> None:
    references = _write(tmp_path, "r.json", {"a": [_one("1"), _one("2")], "b": _one("3")})
    mine = _write(tmp_path, "c.json", {"a": _one("1"), "b": _one("3"), "zz": _one("3")})
    with (
        pytest.raises(CaseError, match=r"1 problem: c\.json: zz is no study"),
        annotated(PAIRS, references, mine),
    ):
        pass
