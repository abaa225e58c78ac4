"""``radixgpt check``: remarks with their sentences, exit codes, drafts, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from cli import app

RUN = CliRunner()
WRONG = (
    "FINDINGS: L4-L5: left foraminal stenosis.\nIMPRESSION: Right foraminal stenosis at L4-L5.\n"
)


def test_a_slip_is_told_with_its_sentences(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text(WRONG, encoding="utf-8")
    found = RUN.invoke(app, ["check", str(path)])
    assert found.exit_code == 6
    assert "error laterality" in found.stdout
    assert "| Right foraminal stenosis at L4-L5" in found.stdout


def test_standard_input_and_json() -> None:
    found = RUN.invoke(app, ["check", "-", "--json"], input=WRONG)
    assert found.exit_code == 6
    told = json.loads(found.stdout)
    assert (told["errors"], told["warnings"]) == (1, 0)
    right = RUN.invoke(app, ["check", "-"], input=WRONG.replace("Right", "Left"))
    assert right.exit_code == 0
    assert "No image was looked at" in right.stdout


def test_bad_input_is_told(tmp_path: Path) -> None:
    binary, empty = tmp_path / "a.txt", tmp_path / "b.txt"
    binary.write_bytes(b"\xff\xfe\x00")
    empty.write_text(" \n", encoding="utf-8")
    other = tmp_path / "c.json"
    other.write_text('{"a": 1}', encoding="utf-8")
    for path in (binary, empty, other, tmp_path / "none.txt", tmp_path):
        found = RUN.invoke(app, ["check", str(path)])
        assert found.exit_code == 3
        assert "Traceback" not in found.output


def test_the_rules_are_listed_with_their_severities() -> None:
    from etl.check import RULES
    from etl.proofread import NAMES

    told = json.loads(RUN.invoke(app, ["check", "--rules", "--json"]).stdout)["rules"]
    listed = {(one["of"], one["rule"]): one["severity"] for one in told}
    assert len(listed) == len(RULES) + len(NAMES)
    assert listed["draft", "text-agrees-with-findings"] == "error"
    assert listed["typed report", "word-twice"] == "warning"
    plain = RUN.invoke(app, ["check", "--rules"]).stdout
    assert all(one["rule"] in plain and one["asks"] in plain for one in told)
    assert RUN.invoke(app, ["check"]).exit_code == 2
