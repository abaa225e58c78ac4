"""The terminal door: what it prints where, how it ends, and how fast it answers."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

import cli
from commands import terminal
from radixgpt import __version__, errors
from radixgpt.report import DRAFT_MARK, Report
from tools.registry import capabilities

ROOT = Path(__file__).resolve().parents[1]
run = CliRunner().invoke


def _command(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *args],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def _all_errors(base: type[errors.RadixError] = errors.RadixError) -> Iterator[type]:
    yield base
    for child in base.__subclasses__():
        yield from _all_errors(child)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "demo"
    result = run(cli.app, ["demo", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def test_help_answers_within_a_second() -> None:
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = _command("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        seconds.append(used)  # of the processor: what else runs there takes none of them
        assert result.returncode == 0
        assert "report" in result.stdout
    assert min(seconds) < 1.0


@pytest.mark.parametrize("call", [[], ["tools", "--json"]])
def test_the_door_and_the_list_of_tools_load_nothing_heavy(call: list[str]) -> None:
    code = (
        "import sys, cli\n"
        f"call = {call!r}\n"
        "if call:\n"
        "    try: cli.app(call)\n"
        "    except SystemExit: pass\n"
        "heavy = {'torch', 'gradio', 'langchain', 'langchain_core', 'langgraph', 'transformers',"
        " 'SimpleITK', 'pandas', 'scipy', 'skimage', 'pydicom'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stderr.strip() == "[]"


def test_version() -> None:
    result = run(cli.app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"radixgpt {__version__}\n")


def test_every_error_has_an_exit_code_and_every_code_is_documented() -> None:
    assert {kind.code for kind in _all_errors()} == terminal.EXIT_CODES.keys()
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d) \|", page, re.MULTILINE)}
    assert documented == {0, *terminal.EXIT_CODES.values()}
    for name in ("report", "ask", "chat", "tools", "demo"):
        assert f"`radixgpt {name}" in page


@pytest.mark.parametrize("kind", sorted(_all_errors(), key=lambda kind: kind.__name__))
def test_an_error_is_told_with_its_mend(
    kind: type[errors.RadixError], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("It broke.", "Mend it.")
    coded = "reason" in inspect.signature(kind).parameters
    error = kind("a-reason", *words) if coded else kind(*words)
    with pytest.raises(typer.Exit) as ended, terminal.errors_as_exit_codes(as_json=True):
        raise error
    said = capsys.readouterr()
    assert ended.value.exit_code == terminal.EXIT_CODES[kind.code]
    assert json.loads(said.out)["error"] == {
        "code": kind.code,
        "problem": words[0],
        "mend": words[1],
    }
    assert all(word in said.err for word in words)


@pytest.mark.parametrize(
    "args",
    [
        ["report"],
        ["report", "study"],
        ["report", "study", "-o", "out", "--shift-levels", "one"],
        ["report", "study", "-o", __file__],
        ["report", "study", "-o", "out", "--style", "baroque"],
        ["ask", "study", " "],
        ["demo", __file__],
        ["demo", str(ROOT)],
        ["unknown"],
    ],
)
def test_wrong_usage(args: list[str]) -> None:
    result = run(cli.app, args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_an_unknown_setting_is_wrong_usage(tmp_path: Path) -> None:
    result = _command("report", "x", "-o", str(tmp_path), RADIXGPT_LML="embedded")
    assert result.returncode == 2
    assert "RADIXGPT_LML" in result.stderr


def test_input_that_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("L4-L5 looks fine")
    for study in (tmp_path / "nowhere", tmp_path):
        result = run(cli.app, ["report", str(study), "-o", str(tmp_path / "out")])
        assert result.exit_code == 3, result.output
        assert result.stdout == ""
        assert str(tmp_path) not in result.stderr
        assert not (tmp_path / "out").exists()


def test_tools_are_real_and_their_weights_ship() -> None:
    result = run(cli.app, ["tools", "--json"])
    listed = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [tool["name"] for tool in listed["tools"]] == [
        "triage",
        "levels",
        "classifier",
        "radiographs",
        "concepts",
        "captioner",
        "captions",
        "similar",
    ]
    other = {"captions": "check", "captioner": "caption", "similar": "opened"}
    for tool in capabilities():
        module = importlib.import_module(f"tools.{tool.name}")
        assert callable(getattr(module, other.get(tool.name, "run")))
        assert all(used.there and used.version for used in tool.weights)
    plain = run(cli.app, ["tools"])
    assert "missing" not in plain.stdout


def test_report_of_the_bundled_study(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    result = run(cli.app, ["report", str(demo), "-o", str(out)])
    assert result.exit_code == 0, result.output
    written = {path.name for path in out.iterdir()}
    assert written == {"report.json", "report.md", "report.html", "audit.jsonl"}
    draft = Report.model_validate_json((out / "report.json").read_bytes())
    assert draft.status == "draft"
    assert draft.study.gradable
    assert draft.study.synthetic
    assert all(check.passed for check in draft.obligatory)
    for name in ("report.md", "report.html"):
        assert DRAFT_MARK in (out / name).read_text(encoding="utf-8")
    assert DRAFT_MARK in result.stdout
    assert "Reading the study" in result.stderr

    assert audit_of(out) == ["begin", "study", "look", "report", "end"]


def audit_of(out: Path) -> list[str]:
    rows = (out / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(row)["kind"] for row in rows]


def test_no_record_where_none_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADIXGPT_AUDIT", "false")
    blank = tmp_path / "blank.png"
    Image.fromarray(np.zeros((64, 64), dtype=np.uint8)).save(blank)
    run(cli.app, ["report", str(blank), "-o", str(tmp_path / "out")])
    assert (tmp_path / "out" / "report.json").exists()
    assert not (tmp_path / "out" / "audit.jsonl").exists()


def test_a_prior_is_read_or_its_mend_is_told(demo: Path, tmp_path: Path) -> None:
    assert run(cli.app, ["report", str(demo), "--json", "--same-patient"]).exit_code == 2
    none = tmp_path / "prior.json"
    none.write_text("{}", encoding="utf-8")
    result = run(cli.app, ["report", str(demo), "--json", "-q", "--prior", str(none)])
    assert result.exit_code == 3
    assert "holds no report" in result.stderr


def test_the_clinical_question_is_answered_first(demo: Path, tmp_path: Path) -> None:
    told = ["--history", "Pain in the left leg", "--question", "Canal stenosis?"]
    result = run(cli.app, ["report", str(demo), "-o", str(tmp_path), *told, "-q"])
    assert result.exit_code == 0, result.output
    report = Report.model_validate_json((tmp_path / "report.json").read_text(encoding="utf-8"))
    (said,) = report.section("clinical_information")
    assert said.text == "Pain in the left leg. Question: Canal stenosis?"
    assert report.section("impression")[0].text == "Not assessed: spinal canal stenosis."
    assert (tmp_path / "audit.jsonl").exists()


def test_report_for_a_machine(demo: Path) -> None:
    result = run(cli.app, ["report", str(demo), "--json", "--quiet"])
    assert result.exit_code == 0
    assert result.stderr == ""
    assert Report.model_validate_json(result.stdout).findings


def test_shift_moves_the_levels_and_may_not_leave_the_spine(demo: Path, tmp_path: Path) -> None:
    def numbers(*args: str) -> dict[str, object]:
        result = run(cli.app, ["report", str(demo), "--json", *args])
        assert result.exit_code == 0, result.output
        draft = Report.model_validate_json(result.stdout)
        assert draft.study.level_shift == (int(args[1]) if args else 0)
        return {f.level or "": f.value for f in draft.findings if f.kind == "disc_height_index"}

    plain, shifted = numbers(), numbers("--shift-levels", "1")
    assert plain["L5-S1"] == shifted["L4-L5"]
    assert plain["L3-L4"] == shifted["L2-L3"]
    result = run(cli.app, ["report", str(demo), "-o", str(tmp_path), "--shift-levels", "40"])
    assert result.exit_code == 2


def test_a_study_that_must_not_be_graded_still_gets_its_report(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (256, 256), dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "noise.png")
    out = tmp_path / "out"
    result = run(cli.app, ["report", str(tmp_path / "noise.png"), "-o", str(out)])
    assert result.exit_code == terminal.NOT_ELIGIBLE, result.output
    draft = Report.model_validate_json((out / "report.json").read_bytes())
    assert not draft.study.gradable
    assert draft.study.reason
    assert not [f for f in draft.findings if f.status == "value"]


def test_ask_answers_from_the_findings(demo: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "evidence"
    question = "What is the Pfirrmann grade at L4-L5?"
    result = run(cli.app, ["ask", str(demo), question, "--json", "--images", str(pictures)])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert "L4-L5" in said["answer"]
    assert said["findings"]
    assert [image["file"] for image in said["images"]] == sorted(p.name for p in pictures.iterdir())
    assert said["images"]
    with Image.open(pictures / said["images"][0]["file"]) as picture:
        assert picture.format == "PNG"
    plain = run(cli.app, ["ask", str(demo), question, "--quiet"])
    assert plain.stdout.strip() == said["answer"].strip()


def test_a_language_model_that_is_not_there(demo: Path) -> None:
    result = run(
        cli.app,
        ["ask", str(demo), "What is wrong?", "--llm", "openai:none@http://127.0.0.1:9/v1"],
    )
    assert result.exit_code == 7, result.output
    assert result.stdout == ""


@pytest.mark.data
def test_a_radiograph_is_read_and_ends_well(shared_data: Path, tmp_path: Path) -> None:
    film = shared_data / "kauh_xray" / "images" / "scol_000.jpg"
    result = run(cli.app, ["report", str(film), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "scoliosis" in text.lower()


def test_a_house_style_and_another_language(demo: Path, tmp_path: Path) -> None:
    style = tmp_path / "house.yaml"
    style.write_text("name: House\nfindings: prose\nheadings: {impression: Fazit}\n")
    out = tmp_path / "out"
    asked = ["report", str(demo), "-o", str(out), "--style", str(style), "--language", "de"]
    result = run(cli.app, [*asked, "--quiet"])
    assert result.exit_code == 0, result.output
    draft = Report.model_validate_json((out / "report.json").read_bytes())
    assert (draft.style, draft.language) == ("House", "de")
    assert str(tmp_path) not in draft.model_dump_json()
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "## Fazit" in text
    assert "MRT der Lendenwirbelsäule." in text


def test_a_wrong_style_is_told_before_anything_is_read(tmp_path: Path) -> None:
    style = tmp_path / "house.yaml"
    style.write_text("name: House\nfindings: verse\n")
    result = run(cli.app, ["report", "nowhere", "-o", str(tmp_path / "o"), "--style", str(style)])
    assert result.exit_code == 2
    assert "house.yaml, line 2, field 'findings'" in " ".join(result.stderr.split())


def test_an_unknown_language_is_wrong_usage(tmp_path: Path) -> None:
    result = run(cli.app, ["report", "nowhere", "-o", str(tmp_path / "o"), "--language", "tlh"])
    assert result.exit_code == 2
    assert "'language'" in result.stderr
