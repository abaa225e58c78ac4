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
from radixgpt.errors import CorpusError
from radixgpt.language.reader import read
from retrieval import manifest as manifests
from retrieval import writer
from tools.similar.question import conditions

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
    assert "is of split 'train'" in none.stderr


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
    answer = json.loads(said.stdout)
    assert (answer["own_left_out"], answer["notes"]) == (0, [])
    found = answer["cases"]
    assert len(found) == 2
    assert found[0]["signals"].keys() == {"findings"}
    asked = run(
        "similar", tmp_path / "demo", "-i", index, "--text", "Modic 2 at L4-L5", "-q",
        "--images", tmp_path / "keys",
    )  # fmt: skip
    assert asked.stdout.startswith("Of other patients")
    assert "this study's own patient are left out" in asked.stdout
    without = run("similar", tmp_path / "demo", "-i", index, "--patient", "people/0", "-q")
    assert "1 case of this study's own patient left out." in without.stdout
    assert "1. notes/0: nearly the same findings" in asked.stdout
    assert not list((tmp_path / "keys").iterdir())


@pytest.mark.parametrize(
    ("having", "told"),
    [
        ("Modic 1 at L4-L5 and Modic 2 at L4-L5", "contradict each other: 'L4-L5: Modic type 1'"),
        ("herniation at L4-L5, no herniation at L4-L5", "contradict each other"),
        ("Modic 2 at L9-L10", "There is no 'L9-L10'. Levels are C1 to C7"),
        ("Pfirrmann 7 at L4-L5", "There is no 'Pfirrmann 7'. Pfirrmann grades are 1 to 5"),
        ("Modic 5", "Modic types are 0 to 3"),
        (
            "history of disc herniation at L4-L5",
            "can't be a condition: it tells of an earlier time",
        ),
        ("Modic 2 at L4-L5 and bananas", "'bananas' is not read"),
        ("herniation at L4-L5 or bulging at L4-L5", "'or' can't be asked for"),
        ("Pfirrmann IV-V at L4-L5", "'Pfirrmann IV-V' is more than one grade"),
        ("Modic type 1/2 at L4-L5", "'Modic type 1/2' is more than one grade"),
        ("mild or severe narrowing at L4-L5", "'mild or severe' is more than one grade"),
        ("", "No finding is read in ''"),
    ],
)
def test_conditions_are_kept_whole_or_refused(index: Path, having: str, told: str) -> None:
    said = run("index", "search", "Modic 2", "-i", index, "--with", having)
    assert said.exit_code == 2
    assert told in " ".join(said.stderr.split())
    assert not said.stdout


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Modic type 1 or 2 at L4-L5", "Of 'Modic type 1 or 2' one grade alone is looked for"),
        ("bulging at L4/5 or Modic 2 at L4/5", "'or' is not followed"),
        ("bulging at L4/L5, Modic 2 at L4/L5", ""),
        ("no Modic or bulging at L4-L5", ""),
    ],
)
def test_several_grades_and_or_are_told_as_not_followed(index: Path, text: str, note: str) -> None:
    said = run("index", "search", text, "-i", index, "--json")
    assert said.exit_code == 0
    notes = " ".join(json.loads(said.stdout)["notes"])
    assert note in notes if note else not notes


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"No index can be written there: .*as it was before"):
        manifests.replace(tmp_path / "missing" / "cases", b"1")


def test_a_disc_with_a_slash_is_no_or() -> None:
    kinds = [one.kind for one in conditions("Modic 2 at L4/L5, herniation at L5/S1")]
    assert kinds == ["modic", "disc_herniation"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("banana", "Nothing of 'banana' was understood"),
        ("L4-L5", "Nothing of 'L4-L5' was understood"),
        ("Modic 2 at L9-L10", "There is no 'L9-L10'"),
        ("Pfirrmann 7", "Pfirrmann grades are 1 to 5"),
    ],
)
def test_a_question_that_says_nothing_finds_nothing(index: Path, text: str, told: str) -> None:
    said = run("index", "search", text, "-i", index, "--json")
    assert said.exit_code == 3
    assert told in " ".join(said.stderr.split())
    assert "cases" not in json.loads(said.stdout)


def test_what_of_a_question_is_not_followed_is_told(index: Path) -> None:
    said = run("index", "search", "Modic 2 at L4-L5 with bananas", "-i", index, "--json")
    found = json.loads(said.stdout)
    assert found["notes"] == ["Not understood, and not looked for: 'bananas'."]
    assert found["cases"][0]["case"] == "notes/0"
    both = run("index", "search", "Modic 2 at L4-L5. No Modic changes at L4-L5", "-i", index)
    assert "contradict each other; the graver one is looked for." in both.stdout


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "cases.jsonl holds no case"),
        ([(0, {}), (1, {}), (0, {})], "has one id more than once: notes/0 (lines 1, 3)"),
        (
            [(0, {}), (1, {"findings": [{"level": "L9-L10", "kind": "modic"}]})],
            "cases.jsonl, line 2: there is no level 'L9-L10'",
        ),
        (
            [(0, {"findings": [{"level": "L4-L5", "kind": "modic", "value": 5}]})],
            "line 1: there is no Modic 5; its grades are 0 to 3",
        ),
    ],
)
def test_a_file_of_cases_is_looked_through_before_an_index_is_made(
    tmp_path: Path, lines: list[tuple[int, dict[str, Any]]], told: str
) -> None:
    path = tmp_path / "cases.jsonl"
    write_cases(path, [note(number, TEXTS[0], **fields) for number, fields in lines])
    said = run("index", "build", path, "-o", tmp_path / "i", "--encoder", "none")
    assert said.exit_code == 3
    assert told in " ".join(said.stderr.split())
    assert not (tmp_path / "i").exists()


def test_no_case_of_a_split_is_named(cases: Path) -> None:
    said = run("index", "build", cases, "-o", cases.parent / "i", "--split", "test")
    assert "No case of cases.jsonl is of split 'test'." in " ".join(said.stderr.split())


def test_a_bad_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my-own-index").mkdir()
    monkeypatch.setenv("RADIXGPT_INDEX", str(tmp_path / "my-own-index"))
    for command in (["index", "info"], ["index", "search", "Modic 2"]):
        said = run(*command)
        assert said.exit_code == 3
        told = " ".join(said.stderr.split())
        assert "There is no index in the folder 'my-own-index'." in told
        assert "RADIXGPT_INDEX" in told
        assert str(tmp_path) not in told


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (
            "open_clip:/a/rather/long/path/to/the/folder/of/a/checkpoint/that/is/not/there",
            "'there'",
        ),
        ("open_clip:runs/clip/there", "'there'"),
        ("open_clip:no-such-model/weights", "no model 'no-such-model'"),
        ("hf:" + "x" * 90, "x" * 90),
    ],
)
def test_an_encoder_that_is_not_there_is_named_whole(cases: Path, setting: str, told: str) -> None:
    said = run("index", "build", cases, "-o", cases.parent / "i", "--encoder", setting)
    assert said.exit_code == 2
    assert told in " ".join(said.stderr.split())
