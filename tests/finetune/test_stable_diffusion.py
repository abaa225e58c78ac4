"""Stable Diffusion, as tiny pipelines of its classes: trained, saved, opened again, sampled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from data.synth import stable_diffusion as published
from finetune.stable_diffusion import train
from finetune.stable_diffusion.__main__ import main
from finetune.vlm.pairs import Pair
from radixgpt.errors import InputError, WeightsError
from tools.threads import one_thread

TinySd = Callable[[str], Path]
SIDE = 16
FEW = ("--side", SIDE, "--batch", 4, "--at-once", 2, "--warm-up", 0, "--epochs", 2, "--every", 100)
"""Two steps of the four pairs."""


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    lines = []
    for number in range(5):
        two = number == 4  # a study's pair of two pictures, which can't be drawn as one
        Image.fromarray(np.full((40, 32), 50 * number, np.uint8)).save(folder / f"{number}.png")
        pair = Pair(
            id=f"made/{number}", patient=f"made/{number}", source="made", licence="CC0-1.0",
            split="train", of="study" if two else "image",
            pictures=(f"{number}.png",) * (2 if two else 1),
            question="The picture is a sagittal T2-weighted MR image. Describe each disc.",
            caption=("L4-L5: disc bulging.", "Normal.")[number % 2], origin="generated",
        )  # fmt: skip
        lines.append(pair.model_dump_json())
    path = folder / "pairs.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(*told: object) -> int:
    return main([*map(str, told), "--quiet"])


def losses(out: Path) -> list[float]:
    return [json.loads(x)["loss"] for x in (out / train.LOG).read_text().splitlines()]


def drawn(folder: Path, text: str = "L4-L5: disc bulging.", seed: int = 1) -> Any:
    pipeline = published.open_pipeline(str(folder))
    return published.draw(pipeline, text, 2, seed, side=SIDE, steps=2)


@pytest.mark.parametrize("kind", ["sd", "sd2", "xl"])
def test_adapters_are_trained_saved_and_change_what_is_drawn(
    kind: str, tiny_sd: TinySd, pairs: Path, tmp_path: Path
) -> None:
    base = tiny_sd(kind)
    command = ("--model", base, "--pairs", pairs, "--out", tmp_path, *FEW, "--rate", 0.05)
    assert run(*command, "--train-text", "true") == 0
    assert len(losses(tmp_path)) == 2
    assert (tmp_path / "grid-000002.png").is_file()
    model = tmp_path / train.MODEL
    assert (model / "pytorch_lora_weights.safetensors").is_file()
    told = json.loads((model / published.TRAINED).read_text())
    assert not Path(told["base"]).is_absolute()
    one = drawn(model)
    assert one.shape == (2, SIDE, SIDE)
    assert abs(one).max() <= 1
    assert (one == drawn(model)).all()
    assert not np.allclose(one, drawn(base), atol=1e-3)
    assert not np.allclose(one, drawn(model, "Normal."), atol=1e-6)
    # What is opened again is what was trained, in the text encoders too.
    state = torch.load(tmp_path / train.CHECKPOINT, weights_only=True)["trained"]
    opened = published.open_pipeline(str(model))
    found = {
        f"{part}.{name}".replace(".default_0.", ".default."): parameter
        for part in ("unet", "text_encoder", "text_encoder_2")
        if getattr(opened, part, None) is not None
        for name, parameter in getattr(opened, part).named_parameters()
        if "lora" in name
    }
    assert set(state) == set(found)
    assert any("text_encoder" in name for name in state)
    for name, trained in state.items():
        assert torch.allclose(trained, found[name].float(), atol=1e-6)


@pytest.mark.parametrize(("kind", "way"), [("sd", "lora"), ("xl", "full"), ("sd2", "full")])
def test_steps_lower_the_loss(kind: str, way: str, tiny_sd: TinySd, pairs: Path) -> None:
    pipeline = published.open_pipeline(str(tiny_sd(kind)))
    recipe = train.Recipe(
        model="tiny", way=way, side=SIDE, rank=8, checkpointing=False, untold=0, snr_gamma=0
    )  # fmt: skip
    known = train.usable(read(pairs))
    trained = train.prepare(pipeline, recipe)
    parameters = list(train.parameters_of(trained).values())
    optimizer = torch.optim.Adam(parameters, lr=3e-3)
    from diffusers import DDPMScheduler

    noises = DDPMScheduler.from_config(pipeline.scheduler.config)
    pixels = torch.stack([train.pixels_of(one, pairs.parent, SIDE) for one in known])
    with torch.no_grad():
        told = published.encode(pipeline, [train.prompt_of(one) for one in known])

    def lost(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return train.loss_of(pipeline, pipeline.unet, noises, pixels, told, 0)

    with torch.no_grad():
        before = np.mean([float(lost(k)) for k in range(8)])
    for number in range(30):
        lost(100 + number).backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        after = np.mean([float(lost(k)) for k in range(8)])
    assert after < 0.97 * before


def read(path: Path) -> list[Pair]:
    from finetune.vlm.pairs import read_pairs

    return read_pairs(path)


def test_a_whole_training_resumes_exactly_and_opens_as_a_pipeline(
    tiny_sd: TinySd, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("--model", tiny_sd("sd"), "--pairs", pairs, *FEW, "--way", "full")
    assert run(*command, "--out", tmp_path / "a") == 0
    assert run(*command, "--out", tmp_path / "b", "--until", 1) == 0
    assert not (tmp_path / "b" / train.MODEL).exists()
    assert run(*command, "--out", tmp_path / "b") == 0
    states = [
        torch.load(tmp_path / x / train.CHECKPOINT, weights_only=True)["trained"] for x in "ab"
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert drawn(tmp_path / "a" / train.MODEL).shape == (2, SIDE, SIDE)
    # Another recipe in the same folder is told.
    assert run(*command, "--out", tmp_path / "b", "--seed", 8) == 1
    assert "another recipe" in capsys.readouterr().err


def test_long_texts_are_read_to_their_end_and_longer_ones_refused(tiny_sd: TinySd) -> None:
    pipeline = published.open_pipeline(str(tiny_sd("xl")))
    long = "a" * 30  # more than one piece of 22 characters
    with torch.no_grad():
        told = published.encode(pipeline, ["a", long, long[:-1] + "b"])
    assert told.tokens.shape == (3, 48, 32)
    assert told.pooled is not None
    assert torch.equal(told.tokens[1, :24], told.tokens[2, :24])
    assert not torch.allclose(told.tokens[1, 24:], told.tokens[2, 24:])
    with pytest.raises(InputError, match="Shorten"):
        published.encode(pipeline, ["a" * 200])


def test_short_texts_are_read_as_the_pipeline_itself_reads_them(tiny_sd: TinySd) -> None:
    for kind in ("sd", "xl"):
        pipeline = published.open_pipeline(str(tiny_sd(kind)))
        with torch.no_grad():
            own = published.encode(pipeline, ["Normal."])
            theirs = pipeline.encode_prompt(
                "Normal.", device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True
            )
            without = published.untold(pipeline, own)
        assert torch.allclose(own.tokens, theirs[0], atol=1e-6)
        assert torch.allclose(without.tokens, theirs[1], atol=1e-6)
        if own.pooled is not None and without.pooled is not None:
            assert torch.allclose(own.pooled, theirs[2], atol=1e-6)
            assert torch.allclose(without.pooled, theirs[3], atol=1e-6)


def test_models_that_cant_be_had_are_told_with_the_mend(
    tmp_path: Path, pairs: Path, tiny_sd: TinySd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE=0"):
        published.open_pipeline("nobody/no-such-diffusion")
    with pytest.raises(WeightsError, match="model_index"):
        published.open_pipeline(str(tmp_path))
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(WeightsError, match="no Stable Diffusion"):
        published.open_pipeline(str(tmp_path))
    assert run("--model", "nobody/nothing", "--pairs", pairs, "--out", tmp_path / "x") == 1


def test_sampling_by_a_report_writes_files_that_say_what_they_are(
    tiny_sd: TinySd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.txt").write_text("L4-L5: disc bulging.", encoding="utf-8")
    told = ("sample", tiny_sd("sd"), "--text", tmp_path / "report.txt", "-o", tmp_path / "out")
    assert main([*map(str, told), "--side", str(SIDE), "--steps", "2"]) == 0
    (name,) = json.loads(capsys.readouterr().out)["files"]
    with Image.open(tmp_path / "out" / name) as picture:
        assert picture.text["Synthetic"] == "true"  # type: ignore[attr-defined]
        assert picture.size == (SIDE, SIDE)
    more = ("--side", str(SIDE), "--steps", "2", "--seed", "4", "--count", "2")
    assert main([*map(str, told), *more]) == 0
    names = json.loads(capsys.readouterr().out)["files"]
    seeds = []
    for one in names:
        with Image.open(tmp_path / "out" / one) as picture:
            seeds.append(picture.text["Seed"])  # type: ignore[attr-defined]
    assert seeds == ["4", "5"]
    first, second = ((tmp_path / "out" / one).read_bytes() for one in names)
    assert first != second


@pytest.mark.parametrize("wrong", [("--count", "0"), ("--steps", "0"), ("--seed", "-1")])
def test_sampling_of_nothing_is_told(
    wrong: tuple[str, str], tiny_sd: TinySd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.txt").write_text("L4-L5: disc bulging.", encoding="utf-8")
    told = ("sample", tiny_sd("sd"), "--text", tmp_path / "report.txt", "-o", tmp_path / "out")
    assert main([*map(str, told), "--side", str(SIDE), *wrong]) == 1
    assert "can't be made" in capsys.readouterr().err


def test_a_file_is_marked_with_findings_and_not_with_a_whole_report() -> None:
    from finetune.stable_diffusion.__main__ import findings_of

    text = "Mrs N came in pain. L4-L5: disc bulging, no herniation. L5-S1: Modic type 2. " * 3
    told = findings_of(text)
    assert told == "L4-L5 disc bulging; L4-L5 no disc herniation; L5-S1 modic 2"
    assert findings_of("nothing of a spine") == "nothing of a spine"
