"""``radixgpt eval concepts`` and the content of ``radixgpt eval score``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli

run = CliRunner().invoke


@pytest.fixture
def submission(tmp_path: Path) -> list[str]:
    (tmp_path / "r.csv").write_text("ID,CUIs\na,C01;C02\nb,\nc,C03\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text("ID,CUIs\na,c02\nb,\nc,C01\n", encoding="utf-8")
    (tmp_path / "only.txt").write_text("C01\nC02,said\n", encoding="utf-8")
    tables = ["-r", str(tmp_path / "r.csv"), "-c", str(tmp_path / "c.csv")]
    return ["eval", "concepts", *tables, "--draws", "20"]


def test_a_submission_is_scored(submission: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    listed = ["--concepts-only", str(tmp_path / "only.txt"), "-o", str(out), "--json"]
    result = run(cli.app, [*submission, *listed])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    values = {score["metric"]: score["value"] for score in found["scores"]}
    assert values == {
        "concept_f1": pytest.approx((2 / 3 + 1 + 0) / 3),
        "concept_f1_listed": pytest.approx(2 / 3),
    }
    assert found["scores"][1]["signature"].endswith("secondary:2 listed CUIs")
    assert found == json.loads((out / "scores.json").read_text(encoding="utf-8"))
    table = (out / "images.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "id,concept_f1,concept_f1_listed"
    assert table[2:] == ["b,1.0,", "c,0.0,"]


def test_all_errors_of_a_submission_are_told_at_once(submission: list[str], tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(
        "ID,CUIs\na,C02;c02\na,C01\nx,C01\n" + "b," + ";".join(f"C{n}" for n in range(101)),
        encoding="utf-8",
    )
    result = run(cli.app, submission)
    assert result.exit_code == 3
    for part in (
        "row 2, image a: C02 is there twice",
        "row 3, image a: the image is there already",
        "row 5, image b: 101 concepts; 100 are allowed",
        "image x is not in the references",
        "image c is missing",
    ):
        assert part in result.stderr


def test_rows_that_cannot_be_read_are_told_with_the_rest(
    submission: list[str], tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_bytes(b"ID,CUIs\na,C01\nb,\xff\n")
    (tmp_path / "c.csv").write_text("ID,CUIs\na,C02;c02\nb,C1,C2\n", encoding="utf-8")
    result = run(cli.app, submission)
    assert result.exit_code == 3
    for part in (
        "r.csv, row 3 is not UTF-8: byte 0xff",
        "c.csv, row 3 has more cells",
        "row 2, image a: C02 is there twice",
    ):
        assert part in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [("ID,text\na,b\n", "It needs ID and CUIs"), ("", "columns none"), ("ID,CUIs\n", "no image")],
)
def test_files_that_are_no_submission_are_told(
    submission: list[str], tmp_path: Path, content: str, said: str
) -> None:
    for name in ("r.csv", "c.csv"):
        (tmp_path / name).write_text(content, encoding="utf-8")
    result = run(cli.app, submission)
    assert result.exit_code == 3
    assert said in result.stderr


def test_a_list_without_a_cui_is_told(submission: list[str], tmp_path: Path) -> None:
    (tmp_path / "only.txt").write_text("bulge\n", encoding="utf-8")
    result = run(cli.app, [*submission, "--concepts-only", str(tmp_path / "only.txt")])
    assert result.exit_code == 3
    assert "only.txt names no CUI" in result.stderr


@pytest.fixture
def reports(tmp_path: Path) -> list[str]:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    (tmp_path / "r.csv").write_text(
        "id,text\n1,L4-L5: disc herniation.\n2,No fracture.\n", encoding="utf-8"
    )
    (tmp_path / "c.csv").write_text(
        "id,text\n1,L3-L4: disc herniation.\n2,No fracture.\n", encoding="utf-8"
    )
    tables = ["-r", str(tmp_path / "r.csv"), "-c", str(tmp_path / "c.csv")]
    out = ["-o", str(tmp_path / "out"), "--draws", "20", "--json", "--quiet"]
    return ["eval", "score", *tables, *out]


def _scores(output: str) -> dict[str, dict[str, object]]:
    return {score["metric"]: score for score in json.loads(output)["scores"]}


def test_findings_relations_and_concepts_are_scored_in_one_call(
    reports: list[str], tmp_path: Path
) -> None:
    (tmp_path / "only.txt").write_text("C0021818\n", encoding="utf-8")
    families = ["--metrics", "findings,radgraph,concepts"]
    result = run(cli.app, [*reports, *families, "--concepts-only", str(tmp_path / "only.txt")])
    assert result.exit_code == 0, result.output
    scores = _scores(result.stdout)
    assert scores["finding_f1"]["value"] == 0
    assert scores["findings_wrong_level"]["value"] == 1
    assert scores["findings_wrong_level"]["better"] == "smaller"
    assert scores["concept_f1"]["value"] == 1
    assert scores["concept_f1_listed"]["value"] == 1
    assert "rules-spine v1" in str(scores["radgraph_partial"]["signature"])
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "L4-L5 in the reference" in page


def test_annotations_of_another_extractor_bring_its_name(
    reports: list[str], tmp_path: Path
) -> None:
    one = {"entities": {"1": {"tokens": "x", "label": "OBS-DP", "relations": []}}}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"1": one, "2": one}), encoding="utf-8")
    files = ["--annotations-references", str(path), "--annotations-candidates", str(path)]
    asked = [*reports, "--metrics", "radgraph", *files]
    result = run(cli.app, [*asked, "--extractor", "radgraph-xl"])
    assert result.exit_code == 0, result.output
    assert _scores(result.stdout)["radgraph_simple"] == pytest.approx(
        _scores(result.stdout)["radgraph_simple"] | {"value": 1.0}
    )
    assert "radgraph-xl" in result.stdout
    unnamed = run(cli.app, asked)
    assert unnamed.exit_code == 2
    assert "the extractor's name" in unnamed.stderr


def test_the_secondary_score_needs_its_list(reports: list[str]) -> None:
    result = run(cli.app, [*reports, "--metrics", "concepts_listed"])
    assert result.exit_code == 2
    assert "--concepts-only" in result.stderr


def test_annotations_that_nobody_would_score_are_refused(
    reports: list[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "a.json")
    files = ["--annotations-references", path, "--annotations-candidates", path]
    result = run(cli.app, [*reports, "--metrics", "rouge", *files, "--extractor", "x"])
    assert result.exit_code == 2
    assert "radgraph is not among the metrics" in result.stderr


def test_a_line_of_the_list_that_is_no_cui_is_told(reports: list[str], tmp_path: Path) -> None:
    (tmp_path / "only.txt").write_text("Concepts\nC0158266\nC12E4\n", encoding="utf-8")
    asked = [*reports, "--metrics", "concepts", "--concepts-only", str(tmp_path / "only.txt")]
    result = run(cli.app, asked)
    assert result.exit_code == 3
    assert "1 problem: only.txt, line 3: C12E4 is no CUI" in result.stderr


def test_a_score_that_nobody_can_compute_is_a_dash(reports: list[str], tmp_path: Path) -> None:
    (tmp_path / "only.txt").write_text("C9999999\n", encoding="utf-8")
    asked = [one for one in reports if one not in ("--json", "--quiet")]
    listed = ["--metrics", "concepts", "--concepts-only", str(tmp_path / "only.txt")]
    result = run(cli.app, [*asked, *listed])
    assert result.exit_code == 0, result.output
    last = result.stdout.splitlines()[-1]
    assert last.split() == ["concept_f1_listed", "-", "(-", "to", "-)"]
