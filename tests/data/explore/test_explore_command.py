"""``radixgpt data explore`` from the terminal: what it writes, prints and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cli import app
from commands.terminal import INPUT, USAGE
from radixgpt.case import Case, write_cases

if TYPE_CHECKING:
    from conftest import Explored

RUN = CliRunner()


def _cases(path: Path, count: int = 6) -> None:
    write_cases(
        path,
        [
            Case(
                id=f"t/{i}",
                source="t",
                licence="CC0 1.0",
                patient=f"t/{i}",
                report={"findings": f"Disc bulge at L4-L5. Note {i}."},
                report_origin="human",
            )
            for i in range(count)
        ],
    )


def test_it_writes_the_page_and_the_numbers_into_the_workspace(tmp_path: Path) -> None:
    _cases(tmp_path / "cases.jsonl")
    done = RUN.invoke(app, ["data", "explore", "-w", str(tmp_path)])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "explore" / "index.html").read_text(encoding="utf-8")
    assert "6 cases of 6 patients from 1 source" in page
    numbers = json.loads((tmp_path / "explore" / "explore.json").read_text(encoding="utf-8"))
    assert numbers["format"] == "radixgpt-exploration/1"
    assert numbers["sections"]["cohort"]["statistics"]["cases"] == 6
    assert "Cohort: 6 cases of 6 patients" in done.stdout
    assert "Reading cases" in done.stderr


def test_cases_and_out_can_be_named_and_machines_get_json_alone(tmp_path: Path) -> None:
    _cases(tmp_path / "some" / "mine.jsonl")
    out = tmp_path / "page"
    arguments = ["data", "explore", str(tmp_path / "some" / "mine.jsonl"), "-o", str(out)]
    done = RUN.invoke(app, [*arguments, "--json", "--quiet"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed == json.loads((out / "explore.json").read_text(encoding="utf-8"))
    assert done.stderr == ""
    assert not (tmp_path / "some" / "explore").exists()


def test_excerpts_are_opt_in(tmp_path: Path) -> None:
    _cases(tmp_path / "cases.jsonl")
    page = tmp_path / "explore" / "index.html"
    RUN.invoke(app, ["data", "explore", "-w", str(tmp_path), "-q"])
    assert "Disc bulge at L4-L5. Note" not in page.read_text(encoding="utf-8")
    RUN.invoke(app, ["data", "explore", "-w", str(tmp_path), "-q", "--excerpts"])
    assert "Disc bulge at L4-L5. Note" in page.read_text(encoding="utf-8")


def test_images_are_embedded_once_and_kept(hand: Explored) -> None:
    done = RUN.invoke(app, ["data", "explore", "-w", str(hand.root), "--json"])
    assert done.exit_code == 0, done.output
    assert "Embedding images" in done.stderr
    numbers = json.loads(done.stdout)
    # Four of five images are there, fewer than a map takes; they were embedded all the same.
    assert "there are 4" in numbers["sections"]["map"]["sentence"]
    assert (hand.root / "measures" / "embeddings.parquet").is_file()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "There is no cases.jsonl here."),
        ("", "cases.jsonl holds no case."),
        ('{"id": 5}\n', "cases.jsonl, line 1"),
    ],
)
def test_bad_input_is_told_without_a_traceback(
    tmp_path: Path, content: str | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "cases.jsonl").write_text(content, encoding="utf-8")
    done = RUN.invoke(app, ["data", "explore", "-w", str(tmp_path), "--json"])
    assert done.exit_code == INPUT
    assert told in done.stderr
    assert told in json.loads(done.stdout)["error"]["problem"]
    assert "Traceback" not in done.output
    assert not (tmp_path / "explore").exists()


def test_a_damaged_table_of_measures_is_told(tmp_path: Path) -> None:
    _cases(tmp_path / "cases.jsonl")
    (tmp_path / "measures").mkdir()
    (tmp_path / "measures" / "discs.parquet").write_bytes(b"none")
    done = RUN.invoke(app, ["data", "explore", "-w", str(tmp_path)])
    assert done.exit_code == INPUT
    assert "discs.parquet is no table" in done.stderr


def test_the_page_tells_whether_baselines_were_learned_from_these_cases(tmp_path: Path) -> None:
    _cases(tmp_path / "cases.jsonl")
    arguments = ["data", "explore", "-w", str(tmp_path), "--json", "-q"]

    def told() -> str:
        sections = json.loads(RUN.invoke(app, arguments).stdout)["sections"]
        return str(sections["baselines"]["sentence"])

    assert told().startswith("No baseline was learned yet")
    learned = tmp_path / "baselines" / "baselines.json"
    learned.parent.mkdir()
    learned.write_text('{"data": {"cases_sha256": "of others"}}', encoding="utf-8")
    assert "learned from other cases" in told()
    learned.write_text('{"data": {}}', encoding="utf-8")
    done = RUN.invoke(app, arguments)
    assert done.exit_code == INPUT
    assert "baselines.json is damaged" in done.stderr


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    _cases(tmp_path / "cases.jsonl")
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    done = RUN.invoke(app, ["data", "explore", "-w", str(tmp_path), "-o", str(tmp_path / "taken")])
    assert done.exit_code == USAGE
    assert "Nothing can be written there" in done.stderr
