"""The terminal doors of captions and concepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from commands import captions, concepts
from data.synth import bundled
from radixgpt.report import DRAFT_MARK

caption = CliRunner()
door = typer.Typer()
door.command()(concepts.run)


def test_a_caption_is_read_as_json(tmp_path: Path) -> None:
    file = tmp_path / "caption.txt"
    file.write_text("Axial T1 MRI. No disc herniation at L4-L5.", encoding="utf-8")
    said = caption.invoke(captions.app, ["read", f"@{file}", "--json"])
    assert said.exit_code == 0
    found = json.loads(said.stdout)
    assert found["technique"]["modalities"] == ["MR"]
    assert found["technique"]["planes"] == ["axial"]
    (one,) = found["findings"]
    assert (one["kind"], one["level"], one["assertion"]) == ("disc_herniation", "L4-L5", "absent")


def test_a_caption_is_read_from_standard_input() -> None:
    said = caption.invoke(captions.app, ["read", "-"], input="Lateral radiograph of the neck.")
    assert "modality   DX" in said.stdout
    assert "region     cervical" in said.stdout


@pytest.mark.parametrize(("text", "code"), [(" ", 3), ("@missing.txt", 3), ("x" * 30_000, 3)])
def test_a_caption_that_can_not_be_read(text: str, code: int) -> None:
    said = caption.invoke(captions.app, ["read", text])
    assert said.exit_code == code
    assert "radixgpt: " in said.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundled.study_folder(tmp_path_factory.mktemp("demo") / "study")


def test_a_caption_is_written_with_what_each_statement_rests_on(demo: Path) -> None:
    said = caption.invoke(captions.app, ["write", str(demo), "--level", "L4/5", "--json", "-q"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert "L4-L5" in found["text"]
    assert found["scope"]["level"] == "L4-L5"
    for one in found["statements"]:
        assert one["level"] == "L4-L5"
        assert one["observations"]
        assert one["evidence"]
    assert found["models"][0]["name"] == "embedded captioner"
    assert found["mark"] == DRAFT_MARK
    assert found["complete"]


def test_a_written_caption_is_marked_and_tells_every_finding(demo: Path) -> None:
    said = caption.invoke(captions.app, ["write", str(demo), "--style", "note", "-q"])
    text, mark = said.stdout.splitlines()
    assert mark == f"{DRAFT_MARK}."
    assert "L5-S1" in text
    assert "Pfirrmann grade" not in text
    nowhere = ["--series", "s1", "--slice", "1", "-q"]
    silent = caption.invoke(captions.app, ["write", str(demo), *nowhere])
    assert silent.stdout.splitlines()[1:] == [
        "No finding is stated: no tool is certain of anything here: no tool looked at this image.",
        f"{DRAFT_MARK}.",
    ]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--level", "L4-L5", "--series", "s1"], 2),
        (["--slice", "2"], 2),
        (["--series", "s9"], 3),
        (["--level", "L9"], 2),
        (["--captioner", "someone"], 2),
        (["--captioner", "openai:model@https://captions.example/v1"], 7),
    ],
)
def test_a_caption_that_can_not_be_written_says_why(
    demo: Path, options: list[str], code: int
) -> None:
    said = caption.invoke(captions.app, ["write", str(demo), "--quiet", *options])
    assert said.exit_code == code, said.output
    assert said.stderr


def test_two_images_of_one_id_are_refused(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        (tmp_path / name).touch()
    said = CliRunner().invoke(door, [str(tmp_path / "a.png"), str(tmp_path / "a.jpg")])
    assert said.exit_code == 3
    assert "the id a" in said.stderr


def test_an_image_that_can_not_be_read_is_named_and_does_not_stop_the_others(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.csv"
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text("no picture", encoding="utf-8")
    said = CliRunner().invoke(
        door, [str(tmp_path / "a.png"), str(tmp_path / "b.png"), "-o", str(out)]
    )
    assert said.exit_code == 3
    assert "2 problems:\n  a: " in said.stderr
    assert "\n  b: " in said.stderr
    assert out.read_text(encoding="utf-8") == "ID,CUIs\n"


def test_listed_ids_need_a_folder_with_their_images(tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("ID,CUIs\none,\n", encoding="utf-8")
    said = CliRunner().invoke(door, [str(tmp_path), "--ids", str(listed)])
    assert said.exit_code == 3
    assert "no image one" in said.stderr
    assert CliRunner().invoke(door, [str(listed), "--ids", str(listed)]).exit_code == 2
