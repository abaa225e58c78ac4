"""The terminal doors of an index: build, add, delete, info, search, and similar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import cli
from radixgpt.case import Case, write_cases
from radixgpt.language.reader import read
from retrieval import writer

TEXTS = (
    "L4-L5: severe disc space narrowing with Modic type 2 changes.",
    "No disc herniation at any level.",
    "L5-S1: left paracentral disc extrusion compressing the S1 nerve root.",
)


def note(number: int, text: str, **fields: Any) -> Case:
    reading = read(text)
    return Case(
        **{"id": f"notes/{number}", "source": "notes", "licence": "CC BY 4.0",
           "patient": f"people/{number}", "report": reading.sections, "report_origin": "human",
           "findings": reading.findings, "facts": {"modality": "MR"}, **fields}
    )  # fmt: skip


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(one) for one in arguments])


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "cases.jsonl"
    write_cases(path, [note(n, text) for n, text in enumerate(TEXTS)])
    return path


@pytest.fixture
def index(cases: Path) -> Path:
    folder = cases.parent / "index"
    made = run("index", "build", cases, "-o", folder, "--encoder", "none", "--json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["added"] == 3
    return folder


def test_an_index_is_built_and_searched(index: Path) -> None:
    said = run("index", "search", "severe narrowing at L4-L5 with Modic 2", "-i", index, "--json")
    assert said.exit_code == 0
    first = json.loads(said.stdout)["cases"][0]
    assert first["case"] == "notes/0"
    assert first["shared"] == ["L4-L5: severe disc space narrowing", "L4-L5: Modic type 2"]
    assert first["text"] == TEXTS[0]
    plain = run("index", "search", "disc extrusion", "-i", index, "-k", "1", "-q")
    assert plain.stdout.startswith("1. notes/2: nearly the same findings")
    assert f"| {TEXTS[2]}" in plain.stdout
    none = run(
        "index", "search", "Modic 2", "-i", index, "--with", "spondylolisthesis at L4-L5", "-q"
    )
    assert none.stdout == "No case of the index fits.\n"


def test_a_level_may_be_asked_for(index: Path) -> None:
    said = run("index", "search", "herniation", "-i", index, "--level", "L5/S1", "--json")
    found = {one["case"] for one in json.loads(said.stdout)["cases"]}
    assert found == {"notes/1", "notes/2"}


def test_filters_that_say_nothing_are_refused(index: Path) -> None:
    said = run("index", "search", "Modic 2", "-i", index, "--with", "anything nice")
    assert said.exit_code == 2
    assert "No finding is read in 'anything nice'" in said.stderr


def test_info_tells_what_there_is(index: Path) -> None:
    said = run("index", "info", "-i", index, "--json", "--cases")
    found = json.loads(said.stdout)
    assert (found["cases"], found["patients"], found["encoder"]) == (3, 3, None)
    assert found["licences"] == {"CC BY 4.0": 3}
    assert found["listed"][1]["patient"] == "people/1"
    assert found["workspace"] == ".."
    assert "cases      3 of 3 patients" in run("index", "info", "-i", index).stdout


def test_cases_are_added_once_and_replaced_when_they_change(index: Path, cases: Path) -> None:
    again = run("index", "add", cases, "-i", index, "--json")
    assert json.loads(again.stdout)["added"] == 0
    more = cases.with_name("more.jsonl")
    write_cases(more, [note(1, "Modic 1 at L3-L4."), note(7, "Modic 1 at L2-L3.", split="test")])
    assert json.loads(run("index", "add", more, "-i", index, "--json").stdout)["added"] == 2
    said = run("index", "search", "Modic 1 at L3-L4", "-i", index, "-k", "1", "--json")
    assert json.loads(said.stdout)["cases"][0]["case"] == "notes/1"
    none = run("index", "add", more, "-i", index, "--split", "train")
    assert none.exit_code == 3
    assert "No case is of this split" in none.stderr


def test_cases_are_deleted(index: Path) -> None:
    gone = run("index", "delete", "notes/0", "--patient", "people/2", "-i", index, "--json")
    assert json.loads(gone.stdout) == {"deleted": 2, "cases": 1}
    assert b"extrusion" not in b"".join(path.read_bytes() for path in index.iterdir())
    assert run("index", "delete", "notes/0", "-i", index).exit_code == 3
    assert run("index", "delete", "-i", index).exit_code == 2


def test_a_build_that_was_stopped_goes_on(cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.similar import cases as similar

    folder, real, calls = cases.parent / "slow", similar.item_of, []

    def stops(case: Case, *rest: Any) -> Any:
        calls.append(case.id)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(case, *rest)

    monkeypatch.setattr(writer, "SAVED_EVERY", 1)
    with monkeypatch.context() as patched:
        patched.setattr(similar, "item_of", stops)
        assert run("index", "build", cases, "-o", folder, "--encoder", "none").exit_code != 0
    early = run("index", "search", "Modic 2", "-i", folder)
    assert early.exit_code == 3
    assert "not built to its end" in early.stderr
    done = run("index", "build", cases, "-o", folder, "--encoder", "none", "--json")
    assert json.loads(done.stdout)["added"] == 1
    again = run("index", "build", cases, "-o", folder, "--encoder", "none")
    assert again.exit_code == 3
    assert "There is an index" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["index", "build", "missing.jsonl", "-o", "x", "--encoder", "none"], 3, "missing"),
        (
            ["index", "build", "cases.jsonl", "-o", "x", "--encoder", "nonsense"],
            2,
            "not an encoder",
        ),
        (["index", "build", "cases.jsonl", "-o", "x", "--kind", "tree"], 2, "flat, hnsw or ivf"),
        (["index", "search", "Modic 2", "-i", "nowhere"], 3, "no index"),
        (["index", "info", "-i", "nowhere"], 3, "no index"),
        (["similar", "study", "--level", "L4-L5", "--text", "Modic 2"], 2, "level in the text"),
        (["similar", "study", "--level", "L9", "-i", "nowhere"], 2, "does not name one disc"),
    ],
)
def test_what_can_not_be_done_is_told(
    cases: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, told: str
) -> None:
    monkeypatch.chdir(cases.parent)
    said = run(*arguments)
    assert said.exit_code == code
    assert told in " ".join(said.output.split()) + " ".join(said.stderr.split())
    assert "Traceback" not in said.output


def test_cases_like_a_study(index: Path, tmp_path: Path) -> None:
    run("demo", tmp_path / "demo")
    said = run("similar", tmp_path / "demo", "-i", index, "-k", "2", "--json", "-q")
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)["cases"]
    assert len(found) == 2
    assert found[0]["signals"].keys() == {"findings"}
    asked = run(
        "similar", tmp_path / "demo", "-i", index, "--text", "Modic 2 at L4-L5", "-q",
        "--images", tmp_path / "keys",
    )  # fmt: skip
    assert asked.stdout.startswith("Of other patients")
    assert "1. notes/0: nearly the same findings" in asked.stdout
    assert not list((tmp_path / "keys").iterdir())
