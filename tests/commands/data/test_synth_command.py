"""``radixgpt data synth make``: files, JSON, and errors with their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli import app
from radixgpt.weights import WEIGHTS

RUN = CliRunner()


def make(*told: object) -> tuple[int, str, str]:
    found = RUN.invoke(app, ["data", "synth", "make", *map(str, told)])
    return found.exit_code, found.stdout, found.stderr


def test_an_image_by_the_phantom(tmp_path: Path) -> None:
    code, out, _ = make(
        "--finding", "L4-L5 pfirrmann 5", "--sequence", "t1", "--seed", 4, "-o", tmp_path, "--json"
    )
    assert code == 0
    told = json.loads(out)
    assert told["synthetic"] is True
    assert told["model"] is None
    assert told["asked"] == {"L4-L5": {"pfirrmann": 5, "modic": 0, "present": []}}
    with Image.open(tmp_path / told["files"][0]) as picture:
        assert picture.text["Synthetic"] == "true"  # type: ignore[attr-defined]
        assert "L4-L5: Pfirrmann 5" in picture.text["Description"]  # type: ignore[attr-defined]


def test_a_study_by_the_phantom(tmp_path: Path) -> None:
    code, out, _ = make("--study", "--finding", "L5-S1 disc herniation", "-o", tmp_path, "-q")
    assert (code, out) == (0, "")
    assert len(list((tmp_path / "synthetic-0000").glob("*.dcm"))) == 18


def test_axial_slices_belong_to_a_study(tmp_path: Path) -> None:
    code, _, err = make("--axial", "-o", tmp_path)
    assert code == 2
    assert "--study" in err


def test_unknown_findings_are_told_with_the_mend(tmp_path: Path) -> None:
    code, out, err = make("--finding", "L4-L5 sparkles", "-o", tmp_path, "--json")
    assert code == 3
    assert json.loads(out)["error"]["code"] == "input"
    assert "L4-L5 pfirrmann 5" in err
    assert not list(tmp_path.iterdir())


def test_a_study_by_a_network_is_refused(tmp_path: Path) -> None:
    code, _, err = make("--study", "--by", "diffusion", "-o", tmp_path)
    assert code == 2
    assert "--by phantom" in err


@pytest.mark.parametrize("by", ["rgan", "diffusion"])
def test_networks_draw_with_their_weights_or_say_that_they_are_missing(
    by: str, tmp_path: Path
) -> None:
    code, out, err = make("--finding", "L4-L5 pfirrmann 4", "--by", by, "-o", tmp_path, "--json")
    if (WEIGHTS / by / "manifest.json").is_file():
        assert code == 0
        told = json.loads(out)
        assert told["model"]["sha256"]
        with Image.open(tmp_path / told["files"][0]) as picture:
            assert picture.mode == "L"
    else:
        assert code == 5
        assert f"no weights '{by}'" in err


def test_evaluation_without_the_staged_data_says_what_to_set(tmp_path: Path) -> None:
    found = RUN.invoke(app, ["data", "synth", "evaluate", "--shared", str(tmp_path), "--json"])
    assert found.exit_code == 3
    assert "RADIXGPT_SHARED_DATA" in found.stderr
    assert json.loads(found.stdout)["error"]["code"] == "input"
