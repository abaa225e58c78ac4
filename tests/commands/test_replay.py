"""``radixgpt replay``, on a study that is quickly read: a picture that no tool grades."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import cli
from data.synth import bundled
from data.synth.phantom_parameters import Disc

run = CliRunner().invoke


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of noise, and the draft that says so, in ``out``."""
    folder = tmp_path_factory.mktemp("replay")
    grey = np.random.default_rng(0).integers(0, 256, (256, 256), dtype=np.uint8)
    Image.fromarray(grey).save(folder / "doe-jane.png")
    written = run(cli.app, ["report", str(folder / "doe-jane.png"), "-o", str(folder / "out")])
    assert written.exit_code == 4, written.output
    return folder


def replay(noise: Path, *more: str) -> tuple[int, str, str]:
    done = run(cli.app, ["replay", str(noise / "out" / "audit.jsonl"), *more])
    return done.exit_code, done.stdout, done.stderr


def test_the_report_comes_out_byte_for_byte(noise: Path, tmp_path: Path) -> None:
    study, report = str(noise / "doe-jane.png"), noise / "out" / "report.json"
    code, told, _ = replay(noise, "--study", study, "--report", str(report), "-o", str(tmp_path))
    assert code == 0
    assert "the same byte for byte" in told
    assert (tmp_path / "report.json").read_bytes() == report.read_bytes()
    kept = (noise / "out" / "audit.jsonl").read_text(encoding="utf-8")
    assert "doe" not in kept
    assert str(noise) not in kept


def test_the_record_alone_is_verified(noise: Path) -> None:
    code, told, _ = replay(noise, "--json")
    seal = json.loads(told)["seal"]
    assert (code, json.loads(told)["run"]) == (0, "report")
    assert replay(noise, "--seal", seal.upper())[0] == 0
    assert replay(noise, "--seal", "0" * 64)[0] == 9
    report = noise / "out" / "report.json"
    assert replay(noise, "--report", str(report))[0] == 0


def test_a_report_that_was_altered_is_told_with_the_place(noise: Path, tmp_path: Path) -> None:
    text = (noise / "out" / "report.json").read_text(encoding="utf-8")
    altered = tmp_path / "report.json"
    altered.write_text(text.replace('"status": "draft"', '"status": "final"'), encoding="utf-8")
    code, _, said = replay(noise, "--report", str(altered))
    assert code == 9
    assert "not the one that the record tells of" in said
    study = str(noise / "doe-jane.png")
    code, told, _ = replay(noise, "--report", str(altered), "--study", study)
    assert code == 9
    assert "differs from the one made again at: status." in told
    altered.write_text(text.rstrip(), encoding="utf-8")
    code, told, _ = replay(noise, "--report", str(altered), "--study", study, "--json")
    assert json.loads(told)["differences"] == [
        "The report says the same as the one made again, but its bytes differ."
    ]


def test_another_study_and_a_tampered_record_are_told(noise: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((256, 256), dtype=np.uint8)).save(tmp_path / "other.png")
    code, told, said = replay(noise, "--study", str(tmp_path / "other.png"))
    assert code == 9
    assert "Series s1 has other pixels" in told
    assert "Traceback" not in said
    rows = (noise / "out" / "audit.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "audit.jsonl").write_text("".join(rows[:-1]), encoding="utf-8")
    cut = run(cli.app, ["replay", str(tmp_path / "audit.jsonl")])
    assert cut.exit_code == 9
    assert "cut off" in cut.stderr
    missing = run(cli.app, ["replay", str(tmp_path / "nowhere"), "--json"])
    assert json.loads(missing.stdout)["error"]["code"] == "audit"


def test_a_style_of_ones_own_is_asked_for(noise: Path, tmp_path: Path) -> None:
    house, study = tmp_path / "doe-house.yaml", str(noise / "doe-jane.png")
    house.write_text("name: ours\nfindings: prose\n", encoding="utf-8")
    run(cli.app, ["report", study, "-o", str(tmp_path / "out"), "--style", str(house)])
    record = tmp_path / "out" / "audit.jsonl"
    assert "doe" not in record.read_text(encoding="utf-8")
    call = ["replay", str(record), "--study", study]
    assert "--style" in run(cli.app, call).stderr
    assert run(cli.app, [*call, "--style", str(house)]).exit_code == 0


HISTORY, QUESTION = "Jane Doe, pain in the left leg", "Herniation at L4-L5, Mrs Doe?"


def test_what_a_report_was_told_is_given_again_and_not_kept(noise: Path, tmp_path: Path) -> None:
    study, out = str(noise / "doe-jane.png"), tmp_path / "out"
    told = ["--history", HISTORY, "--question", QUESTION]
    run(cli.app, ["report", study, "-o", str(out), *told, "--follow-up"])
    record = out / "audit.jsonl"
    kept = record.read_text(encoding="utf-8")
    assert not {"Doe", "Jane", "leg", "Herniation"} & set(re.findall(r"\w+", kept))
    call = ["replay", str(record), "--study", study, "--report", str(out / "report.json")]
    for given, missing in (
        ([], "--history"),
        (["--history", HISTORY], "--question"),
        (["--history", HISTORY, "--question", QUESTION.upper()], "--question"),
    ):
        refused = run(cli.app, [*call, *given])
        assert refused.exit_code == 9
        assert f"Give the same text again with {missing}." in refused.stderr
        assert "Doe" not in refused.stderr
    again = run(cli.app, [*call, *told])
    assert again.exit_code == 0, again.output
    assert "the same byte for byte" in again.stdout


def test_a_record_with_words_holds_what_was_told(
    noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADIXGPT_AUDIT_WORDS", "true")
    study, out = str(noise / "doe-jane.png"), tmp_path / "out"
    run(cli.app, ["report", study, "-o", str(out), "--history", HISTORY])
    assert HISTORY in (out / "audit.jsonl").read_text(encoding="utf-8")
    again = run(cli.app, ["replay", str(out / "audit.jsonl"), "--study", study])
    assert again.exit_code == 0, again.output


def test_a_comparison_comes_out_byte_for_byte(tmp_path: Path) -> None:
    study = bundled.study_folder()
    fresh = replace(
        bundled.PHANTOM, discs={name: Disc() for name in bundled.PHANTOM.discs}, seed=12
    )
    prior, out = bundled.written(fresh, tmp_path / "prior"), tmp_path / "out"
    given = ["--prior", str(prior), "--same-patient", "--question", QUESTION, "--follow-up"]
    done = run(cli.app, ["report", str(study), "-o", str(out), *given, "-q"])
    assert done.exit_code == 0, done.output
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert any(change["verdict"] == "increased" for change in report["prior"]["changes"])
    assert report["follow_up"]
    call = ["replay", str(out / "audit.jsonl"), "--study", str(study), "--question", QUESTION]
    assert "--prior" in run(cli.app, call).stderr
    again = run(cli.app, [*call, "--prior", str(prior), "--report", str(out / "report.json")])
    assert again.exit_code == 0, again.output
    assert "the same byte for byte" in again.stdout
    other = bundled.written(replace(fresh, seed=13), tmp_path / "other")
    wrong = run(cli.app, [*call, "--prior", str(other), "-q"])
    assert wrong.exit_code == 9
    assert "The prior study, or what was seen in it, is not the recorded one." in wrong.stdout


def test_an_answer_has_its_record(noise: Path, tmp_path: Path) -> None:
    study, file = str(noise / "doe-jane.png"), tmp_path / "made" / "chat.jsonl"
    asked = run(cli.app, ["ask", study, "what is this study?", "--audit", str(file), "-q"])
    assert asked.exit_code == 0, asked.output
    again = run(cli.app, ["replay", str(file), "--study", study])
    assert again.exit_code == 0, again.output
    assert "without a report" in again.stdout
    assert run(cli.app, ["ask", study, "x", "--audit", str(tmp_path)]).exit_code == 2
