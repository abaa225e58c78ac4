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
    assert told["understood"] == "L4-L5: Pfirrmann 5"
    with Image.open(tmp_path / told["files"][0]) as picture:
        assert picture.text["Synthetic"] == "true"  # type: ignore[attr-defined]
        assert "L4-L5: Pfirrmann 5" in picture.text["Description"]  # type: ignore[attr-defined]


def test_a_study_by_the_phantom(tmp_path: Path) -> None:
    code, out, _ = make("--study", "--finding", "L5-S1 disc herniation", "-o", tmp_path, "-q")
    assert (code, out) == (0, "")
    assert len(list((tmp_path / "synthetic-0000").glob("*.dcm"))) == 18


def test_every_word_of_a_finding_is_asked_for(tmp_path: Path) -> None:
    text = "L4-L5 pfirrmann 5 narrowing bulging slip 6"
    code, out, _ = make("--finding", text, "--truth", "-o", tmp_path, "--json")
    assert code == 0
    asked = json.loads(out)["asked"]["L4-L5"]
    assert asked["present"] == ["disc_bulging", "disc_narrowing", "spondylolisthesis"]
    assert asked["slip_mm"] == 6
    truth = json.loads((tmp_path / "synthetic-phantom-t2-0000-truth.json").read_text())
    assert truth["discs"]["L4-L5"]["slip_mm"] == 6
    assert truth["discs"]["L4-L5"]["meyerding"] == 1


def test_a_study_has_both_weightings_and_takes_no_sequence(tmp_path: Path) -> None:
    code, _, err = make("--study", "--sequence", "t1", "-o", tmp_path)
    assert code == 2
    assert "--sequence t1" in err
    assert not list(tmp_path.iterdir())


def test_a_network_is_not_asked_for_more_than_it_draws(tmp_path: Path) -> None:
    code, _, err = make("--finding", "L3 fracture", "--by", "diffusion", "-o", tmp_path)
    assert code == 3
    assert "L3: fracture" in err
    assert "--by phantom" in err


def test_axial_slices_belong_to_a_study(tmp_path: Path) -> None:
    code, _, err = make("--axial", "-o", tmp_path)
    assert code == 2
    assert "--study" in err


def test_another_image_or_study_is_not_written_over(tmp_path: Path) -> None:
    herniated = ("--finding", "L5-S1 disc herniation", "-o", tmp_path, "-q")
    assert make(*herniated)[0] == make(*herniated)[0] == 0  # the same bytes again are no loss
    before = (tmp_path / "synthetic-phantom-t2-0000.png").read_bytes()
    code, _, err = make("--finding", "L4-L5 pfirrmann 5", "-o", tmp_path)
    assert code == 2
    assert "--seed" in err
    assert (tmp_path / "synthetic-phantom-t2-0000.png").read_bytes() == before
    (tmp_path / "synthetic-0000").mkdir()
    (tmp_path / "synthetic-0000" / "MR030001.dcm").write_bytes(b"of another study")
    code, _, err = make("--study", *herniated)
    assert code == 2
    assert "'synthetic-0000'" in err


def test_the_truth_comes_with_a_phantom(tmp_path: Path) -> None:
    wanted = ("--finding", "L4-L5 pfirrmann 4 with disc bulging", "--truth", "-o", tmp_path)
    code, out, _ = make(*wanted, "--json")
    assert code == 0
    image, truth, mask = (tmp_path / name for name in json.loads(out)["files"])
    told = json.loads(truth.read_text())
    assert told["synthetic"] is True
    assert told["discs"]["L4-L5"]["pfirrmann"] == 4
    assert told["discs"]["L4-L5"]["disc_bulging"] == "present"
    assert 3 < told["discs"]["L4-L5"]["disc_height_mm"] < 20
    with Image.open(mask) as labels, Image.open(image) as picture:
        assert labels.size == picture.size
        assert {value for _, value in labels.getcolors() or ()} == {0, 1, 2, 3}
        assert labels.text["Synthetic"] == "true"  # type: ignore[attr-defined]
    code, _, err = make("--finding", "L4-L5 pfirrmann 4", "--by", "rgan", "--truth", "-o", tmp_path)
    assert code == 2
    assert "--by phantom" in err


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (("L4-L5 pfirrmann 5", "L4-L5 pfirrmann 2"), "contradict"),
        (("L4-L5 pfirrmann 5, L4-L5 pfirrmann 2",), "contradict"),
        (("L4-L5 disc herniation", "no disc herniation at L4-L5"), "contradict"),
        (("L4-L5 possible disc herniation",), "uncertain"),
        (("L4-L5 pfirrmann 3 or 4",), "uncertain"),
        (("L4-L5 pfirrmann 5 sparkles",), "'sparkles'"),
        (("L4-L5 left disc herniation",), "side"),
        (("L4-L5 grade 4 spondylolisthesis",), "Grades: 1, 2"),
        (("scoliosis",), "--study"),
    ],
)
def test_what_would_be_drawn_otherwise_than_said_is_refused(
    texts: tuple[str, ...], word: str, tmp_path: Path
) -> None:
    code, _, err = make(*(part for t in texts for part in ("--finding", t)), "-o", tmp_path)
    assert code == 3
    assert word in err
    assert not list(tmp_path.iterdir())


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
