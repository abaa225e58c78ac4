"""Published vision-language models, as tiny ones of their classes: trained, saved, used again."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import tiny_vlms
import torch
from PIL import Image

from finetune.vlm import recipe, train
from finetune.vlm.__main__ import main
from finetune.vlm.pairs import Pair
from radixgpt.errors import WeightsError
from tools.captioner import published
from tools.threads import one_thread

TinyVlm = Callable[[str], Path]
QUESTION = "The picture is a sagittal T2-weighted MR image of the lumbar spine. Describe each disc."
SAID = ("L4-L5: disc bulging.", "L5-S1: disc herniation.")


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def write_pairs(folder: Path, name: str, *, split: str = "train", patients: int = 6) -> Path:
    """Bright pictures bulge, dark ones herniate."""
    folder.mkdir(exist_ok=True)
    lines = []
    for number in range(patients):
        grey = np.full((40, 32), 230 if number % 2 == 0 else 20, np.uint8)
        grey[5 + number :: 7] = 128
        picture = f"{name}-{number}.png"
        Image.fromarray(grey).save(folder / picture)
        pair = Pair(
            id=f"{split}/{number}", patient=f"{split}/{number}", source="made", licence="CC0-1.0",
            split=split, of="image", pictures=(picture,), question=QUESTION,
            caption=SAID[number % 2], origin="generated",
        )  # fmt: skip
        lines.append(pair.model_dump_json())
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("pairs"), "train")


@pytest.fixture(scope="module")
def development(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("development")
    return write_pairs(folder, "development", split="development", patients=2)


def run(*told: object) -> int:
    return main(["--quiet", *map(str, told)])


def log(folder: Path) -> list[dict[str, Any]]:
    text = (folder / train.LOG).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in log(folder) if "step" in line]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = torch.load(folder / train.CHECKPOINT, weights_only=True)
    trained: dict[str, torch.Tensor] = state["trained"]
    return trained


ALL = ("--batch", 6, "--at-once", 6, "--rate", 0.02, "--dropout", 0, "--every", 100)
FEW = ("--batch", 4, "--at-once", 2, "--epochs", 3, "--rate", 0.01, "--rank", 4)
"""Five steps of the six pairs."""


def bright(pairs: Path) -> Image.Image:
    return Image.open(pairs.parent / "train-0.png").convert("L")


# --- every family ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", tiny_vlms.KINDS)
def test_a_family_learns_is_saved_reloaded_and_says_what_it_learned(
    kind: str, tiny_vlm: TinyVlm, pairs: Path, tmp_path: Path
) -> None:
    base, out = tiny_vlm(kind), tmp_path / "run"
    epochs = 80 if kind == "blip" else 40
    assert run("--model", base, "--pairs", pairs, "--out", out, "--epochs", epochs, *ALL) == 0
    seen = losses(out)
    assert len(seen) == epochs
    assert seen[-1] < 0.4 * seen[0]
    told = published.read_trained(out / "adapter")
    assert (told.kind, told.data, told.steps) == (kind, {"generated": 6}, epochs)
    # Whatever is learned of the words, generating begins where the caption began in training.
    text = published.load(str(out / "adapter")).ask([bright(pairs)], QUESTION, most=30)
    assert published.load(str(base)).ask([bright(pairs)], QUESTION, most=30) != text
    assert text.replace(" ", "").lower() in [one.replace(" ", "").lower() for one in SAID]


@pytest.mark.parametrize("kind", ["gemma3", "qwen2_5_vl", "blip", "llava"])
def test_a_training_in_pieces_comes_to_the_same_state(
    kind: str, tiny_vlm: TinyVlm, pairs: Path, tmp_path: Path
) -> None:
    base, whole, parts = tiny_vlm(kind), tmp_path / "whole", tmp_path / "parts"
    told = ("--model", base, "--pairs", pairs, *FEW, "--dropout", 0.1, "--every", 2)
    assert run(*told, "--out", whole) == 0
    for until in (1, 3, 99):
        assert run(*told, "--out", parts, "--until", until) == 0
        assert (parts / "adapter").is_dir() == (until == 99)
    assert losses(parts) == losses(whole)
    one, other = weights(whole), weights(parts)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    saved = [(out / "adapter" / "adapter_model.safetensors").read_bytes() for out in (whole, parts)]
    assert saved[0] == saved[1]


# --- one family, everything else -------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tiny_vlm: TinyVlm, pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished training of a tiny LLaVA."""
    out = tmp_path_factory.mktemp("trained") / "run"
    base = tiny_vlm("llava")
    assert run("--model", base, "--pairs", pairs, "--out", out, "--dropout", 0, *FEW) == 0
    return out


def test_what_is_written_names_no_path_and_says_who_wrote_the_captions(
    trained: Path, pairs: Path, tiny_vlm: TinyVlm
) -> None:
    files = [*(trained / "adapter").iterdir(), trained / train.LOG]
    written = {
        f.name: f.read_text("utf-8") for f in files if f.suffix in (".json", ".jsonl", ".md")
    }
    for name, text in written.items():
        assert str(tiny_vlm("llava").parent) not in text, name
        assert str(pairs.parent) not in text, name
    assert "6 generated from gradings by a program" in written["README.md"]
    assert "nothing is known of patients" in written["README.md"]
    begin = log(trained)[0]["begin"]
    assert begin["model"] == "llava"
    assert begin["pairs"] == 6
    assert 0 < begin["trained_parameters"] < 0.2 * begin["parameters"]


def test_nothing_but_adapters_is_trained(trained: Path, tiny_vlm: TinyVlm) -> None:
    before = published.open_model(str(tiny_vlm("llava"))).model.state_dict()
    adapted = published.open_model(str(trained / "adapter")).model
    after = {
        name.replace(".base_layer", "").removeprefix("base_model.model."): value
        for name, value in adapted.state_dict().items()
        if "lora_" not in name
    }
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    names = [name for name in adapted.state_dict() if "lora_" in name]
    assert names
    assert all("language_model" in name for name in names)


def test_pairs_at_once_and_one_by_one_are_the_same(
    trained: Path, tiny_vlm: TinyVlm, pairs: Path, tmp_path: Path
) -> None:
    told = ("--model", tiny_vlm("llava"), "--pairs", pairs, "--out", tmp_path, *FEW)
    assert run(*told, "--dropout", 0, "--at-once", 1, "--checkpointing", "false") == 0
    assert losses(tmp_path) == pytest.approx(losses(trained), abs=1e-4)


def test_two_processes_come_to_what_one_comes_to(
    trained: Path, tiny_vlm: TinyVlm, pairs: Path, tmp_path: Path
) -> None:
    launch = [
        sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
        "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
        "--main_process_port", "0", "-m", "finetune.vlm", "--quiet",
        "--model", tiny_vlm("llava"), "--pairs", pairs, "--out", tmp_path, *FEW, "--dropout", 0,
    ]  # fmt: skip
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(part) for part in launch], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert log(tmp_path)[0]["begin"]["processes"] == 2
    assert losses(tmp_path) == pytest.approx(losses(trained), abs=1e-4)
    one, other = weights(trained), weights(tmp_path)
    assert all(torch.allclose(one[name], other[name], atol=1e-3) for name in one)


def test_a_merged_model_says_the_same_without_peft(
    trained: Path, pairs: Path, tmp_path: Path
) -> None:
    merged = tmp_path / "merged"
    assert main(["merge", str(trained / "adapter"), "-o", str(merged)]) == 0
    assert not (merged / "adapter_config.json").exists()
    texts = {
        published.load(str(folder)).ask([bright(pairs)], QUESTION, most=20)
        for folder in (merged, trained / "adapter")
    }
    assert len(texts) == 1
    assert main(["merge", str(trained / "adapter"), "-o", str(merged)]) == 1
    assert main(["merge", str(merged), "-o", str(tmp_path / "again")]) == 1


def test_captions_of_pairs_become_a_table_to_score(
    trained: Path, development: Path, tmp_path: Path
) -> None:
    out, references = tmp_path / "candidates.csv", tmp_path / "references.csv"
    told = ["generate", str(trained / "adapter"), "--pairs", str(development), "-o", str(out)]
    assert main([*told, "--references", str(references), "--quiet"]) == 0
    with out.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    with references.open(encoding="utf-8", newline="") as table:
        wanted = list(csv.DictReader(table))
    assert [row["id"] for row in rows] == ["development/0", "development/1"]
    assert [row["text"] for row in wanted] == list(SAID)


def test_tower_and_projector_are_trained_in_bf16_and_the_best_is_kept(
    tiny_vlm: TinyVlm, pairs: Path, development: Path, tmp_path: Path
) -> None:
    base = tiny_vlm("gemma3")
    told = ("--model", base, "--pairs", pairs, "--development", development, *FEW, "--every", 1)
    more = ("--precision", "bf16", "--adapt-vision", "true", "--train-projector", "true")
    assert run(*told, *more, "--out", tmp_path / "run") == 0
    marks = [line["development_loss"] for line in log(tmp_path / "run")[1:]]
    assert len(marks) == 5
    state = torch.load(tmp_path / "run" / train.CHECKPOINT, weights_only=True)
    kept = safetensors.torch.load_file(tmp_path / "run/adapter/adapter_model.safetensors")
    assert min(state["marks"].values()) == pytest.approx(min(marks), abs=1e-5)
    assert kept.keys() == state["best"].keys()
    assert all(torch.equal(kept[name], state["best"][name]) for name in kept)
    for part in ("vision_tower", "multi_modal_projector", "language_model"):
        assert any(part in name for name in kept), part
    assert all(value.dtype == torch.float32 for name, value in kept.items() if "lora_" in name)
    assert published.load(str(tmp_path / "run/adapter")).ask([bright(pairs)], QUESTION, most=3)


# --- what is refused -------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *told: object) -> str:
    assert run(*told) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_what_can_not_be_is_explained(
    tiny_vlm: TinyVlm, pairs: Path, trained: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    llava = ("--model", tiny_vlm("llava"), "--pairs", pairs)
    new = ("--out", tmp_path / "new")
    for told, said in (
        ((*llava, *new, "--config", "medgemma"), "is for gemma3"),
        ((*llava, *new, "--config", "nothing"), "no configuration 'nothing'"),
        ((*llava, *new, "--rate", "fast"), "rate"),
        ((*llava, *new, "--batch", 3, "--at-once", 2), "does not divide"),
        ((*llava, "--out", trained, *FEW, "--rate", 0.5), "another recipe"),
        (("--model", tmp_path, "--pairs", pairs, *new), "holds no model"),
        (("--model", "/no/such", "--pairs", pairs, *new), "no folder 'such'"),
        (("--model", "a/b", "--pairs", tmp_path / "none.jsonl", *new), "Make it first"),
        ((*llava, *new, "--development", pairs), "6 patients are in"),
    ):
        assert said in refused(capsys, *told)
    assert not (tmp_path / "new").exists()


def test_a_name_that_is_not_in_the_cache_says_what_mends_it(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    said = refused(capsys, "--config", "medgemma", "--pairs", pairs, "--out", tmp_path / "x")
    assert "'google/medgemma-4b-it' is not in this machine's cache" in said
    assert "HF_HUB_OFFLINE=0" in said
    assert "HF_TOKEN" in said


def test_an_adapter_of_another_model_or_damaged_is_refused(
    trained: Path, tiny_vlm: TinyVlm, tmp_path: Path
) -> None:
    copy = tmp_path / "adapter"
    shutil.copytree(trained / "adapter", copy)
    told = json.loads((copy / "captioner.json").read_text())
    base = os.path.relpath(tiny_vlm("llava"), copy)
    (copy / "captioner.json").write_text(json.dumps({**told, "base": base}))
    assert published.open_model(str(copy)).name == "adapter"
    other = os.path.relpath(tiny_vlm("gemma3"), copy)
    (copy / "captioner.json").write_text(json.dumps({**told, "base": other}))
    with pytest.raises(WeightsError, match="another model"):
        published.open_model(str(copy))
    (copy / "captioner.json").write_text(json.dumps({**told, "base": base}))
    (copy / "adapter_model.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="can't be read"):
        published.open_model(str(copy))
    (copy / "captioner.json").unlink()
    with pytest.raises(WeightsError, match=r"captioner\.json"):
        published.open_model(str(copy))


def test_every_family_has_a_file_that_fits_its_model(tiny_vlm: TinyVlm) -> None:
    assert set(tiny_vlms.KINDS) <= {kind for name in recipe.names() for kind in _kinds(name)}
    for kind in tiny_vlms.KINDS:
        model = published.open_model(str(tiny_vlm(kind))).model
        of = recipe.of_kind(kind, {})
        modules = dict(model.named_modules())
        found = {part: [n for n in modules if re.fullmatch(getattr(of, part), n)] for part in PARTS}
        for part, names in found.items():
            assert names, (kind, part)
            assert all(isinstance(modules[name], torch.nn.Linear) for name in names), (kind, part)
        assert not set(found["language"]) & set(found["vision"])
        for part in of.projector:
            assert any(name.endswith(part) for name in modules), (kind, part)


def _kinds(name: str) -> tuple[str, ...]:
    return recipe.read(name, {}).kinds


PARTS = ("language", "vision")
