"""Pictures and texts become vectors, of the encoder that ships and of published checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from radixgpt.errors import InputError, SettingsError, WeightsError
from radixgpt.weights import WEIGHTS, write_manifest
from retrieval import encoder
from retrieval.encoder import Encoder, Views
from retrieval.encoder.embedded import CONFIG, FILE, Embedded, build, encode_text, slim, whole
from retrieval.encoder.pictures import checked, fitted, squared
from retrieval.encoder.published import Published

CAPTIONS = [
    "disc herniation at L4-L5",
    "L5-S1: Pfirrmann grade IV, no disc bulge",
    "",
    "a much longer text about lumbar discs " * 8,
]


def places(count: int, seed: int = 0, shape: tuple[int, int] = (112, 144)) -> list[Views]:
    rng = np.random.default_rng(seed)
    return [
        {name: rng.uniform(-1, 1, shape).astype(np.float32) for name in ("t2", "t1")}
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A small model of the shipped one's class as ``weights/clip``, and what was stored."""
    from finetune.clip.export import export

    root = tmp_path_factory.mktemp("weights")
    path = root / "radixgpt-clip.json"
    path.write_text(json.dumps(SMALL), encoding="utf-8")
    torch.manual_seed(3)
    model, tokenizer = build(path)
    known = torch.zeros(model.vocab_size, dtype=torch.bool)
    known[tokenizer(CAPTIONS).unique()] = True
    export(model.state_dict(), known, root / "clip", config=path)
    return root, model


SMALL = {
    "embed_dim": 32,
    "custom_text": True,
    "vision_cfg": {
        "image_size": [112, 144],
        "timm_model_name": "test_efficientnet",
        "timm_pool": "",
        "timm_proj": "linear",
    },
    "text_cfg": {"context_length": 48, "width": 32, "heads": 2, "layers": 2, "vocab_size": 49408},
}


def check(one: Encoder) -> None:
    """What holds for every encoder."""
    seen = [*places(3), {"grey": places(1, 5)[0]["t2"]}, *places(2, 1, (256, 256))]
    vectors, texts = one.images(seen), one.texts(CAPTIONS)
    assert vectors.shape == (6, one.dimension)
    assert texts.shape == (4, one.dimension)
    assert vectors.dtype == texts.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    assert np.array_equal(one.images(seen), vectors)
    assert np.array_equal(one.texts(CAPTIONS), texts)
    # Neither order nor company matters.
    assert np.allclose(one.images(seen[::-1])[::-1], vectors, atol=1e-5)
    assert np.allclose(one.texts(CAPTIONS[:1]), texts[:1], atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4
    assert one.images([]).shape == (0, one.dimension)
    assert one.texts([]).shape == (0, one.dimension)
    assert len(one.sha256) == 64


def test_an_embedded_encoder_gives_steady_vectors_of_unit_length(small: tuple[Path, Any]) -> None:
    one = Embedded.load(small[0])
    check(one)
    assert one.name == "radixgpt-clip 1.0"


def test_stored_in_eight_bits_it_answers_nearly_alike(small: tuple[Path, Any]) -> None:
    root, model = small
    one = Embedded.load(root)
    with torch.no_grad():
        texts = torch.nn.functional.normalize(model.encode_text(one.tokenizer(CAPTIONS)), dim=-1)
        crops = [np.stack([p[name] for p in places(3)]) for name in ("t2", "t1")]
        shown = [torch.from_numpy(c)[:, None].expand(-1, 3, -1, -1) for c in crops]
        mean = model.encode_image(shown[0]) + model.encode_image(shown[1])
        seen = torch.nn.functional.normalize(mean, dim=-1)
    assert (one.texts(CAPTIONS) * texts.numpy()).sum(1).min() > 0.99
    assert (one.images(places(3)) * seen.numpy()).sum(1).min() > 0.99


def test_leaving_out_the_padding_changes_nothing(small: tuple[Path, Any]) -> None:
    model = small[1]
    tokens = Embedded.load(small[0]).tokenizer(CAPTIONS)
    with torch.no_grad():
        assert torch.allclose(encode_text(model, tokens), model.encode_text(tokens), atol=1e-5)


def test_unknown_words_are_named(small: tuple[Path, Any]) -> None:
    one = Embedded.load(small[0])
    assert one.unknown("disc herniation with haemangioma at L4-L5") == ["with", "haemangioma"]


def test_rows_that_were_left_out_come_back_as_zeros(small: tuple[Path, Any]) -> None:
    state = small[1].state_dict()
    back = whole(slim(state, [5, 3]), 49408)
    rows = back["text.token_embedding.weight"]
    assert torch.equal(rows[[3, 5]], state["text.token_embedding.weight"][[3, 5]])
    assert rows.count_nonzero() == rows[[3, 5]].count_nonzero()


def test_damaged_or_foreign_weights_are_refused(small: tuple[Path, Any], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights 'clip'"):
        Embedded.load(tmp_path)
    folder = tmp_path / "clip"
    folder.mkdir()
    for name in (CONFIG, FILE, "manifest.json"):
        (folder / name).write_bytes((small[0] / "clip" / name).read_bytes())
    (folder / FILE).write_bytes((folder / FILE).read_bytes()[:-9])
    with pytest.raises(WeightsError, match="damaged"):
        Embedded.load(tmp_path)
    other = {**SMALL, "embed_dim": 16}
    (folder / CONFIG).write_text(json.dumps(other), encoding="utf-8")
    (folder / FILE).write_bytes((small[0] / "clip" / FILE).read_bytes())
    write_manifest(
        folder, files=(CONFIG, FILE), name="x", version="1", licence="x", summary="", input={}
    )
    with pytest.raises(WeightsError, match="does not fit"):
        Embedded.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nonsense", "not an encoder"),
        ("open_clip:", "not an encoder"),
        ("open_clip:ViT-B-99/laion", "no model 'ViT-B-99'.*ViT-B-"),
        ("open_clip:ViT-B-32/of-no-one", "no weights 'of-no-one'.*laion2b_s34b_b79k"),
        ("open_clip:ViT-B-32", "aren't named"),
        ("open_clip:ViT-B-32@absent.pt", "no file 'absent.pt'"),
        ("open_clip:hf-hub:BiomedCLIP", "not name a repository"),
    ],
)
def test_an_encoder_that_there_is_not_is_named(name: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        encoder.load(name)


def test_weights_that_the_hub_does_not_give_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        WeightsError, match=r"neither in this machine's cache nor.*open_clip:FOLDER"
    ):
        encoder.load("open_clip:hf-hub:nobody/no-such-model-of-ours")


def checkpoint(folder: Path, config: dict[str, Any]) -> None:
    """A tiny random open_clip checkpoint as published ones lie on a disk."""
    import open_clip
    from safetensors.torch import save_file

    from retrieval.encoder.quiet import quietly

    (folder / "tiny.json").write_text(json.dumps(config), encoding="utf-8")
    torch.manual_seed(1)
    with quietly():
        open_clip.add_model_config(folder / "tiny.json")
        model = open_clip.create_model("tiny", pretrained=None, pretrained_text=False)
    save_file(
        {k: v.contiguous() for k, v in model.state_dict().items()},
        folder / "open_clip_model.safetensors",
    )
    seen = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]}
    written = {"model_cfg": config, "preprocess_cfg": seen}
    (folder / "open_clip_config.json").write_text(json.dumps(written), encoding="utf-8")


VIT: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 20, "width": 32, "heads": 2, "layers": 2, "vocab_size": 49408},
}


def test_a_published_checkpoint_is_loaded_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "tiny-clip"
    folder.mkdir()
    checkpoint(folder, VIT)
    one = encoder.load(f"open_clip:{folder}")
    check(one)
    assert one.name == "open_clip:tiny-clip"
    assert one.dimension == 24
    # The very weights of the file, not random ones.
    again = Published.load(str(folder))
    assert again.sha256 == one.sha256
    assert np.array_equal(again.texts(CAPTIONS), one.texts(CAPTIONS))
    (folder / "open_clip_model.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="'tiny-clip' can't be loaded"):
        encoder.load(f"open_clip:{folder}")
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(SettingsError, match="no weights"):
        encoder.load(f"open_clip:{folder}")


def test_a_checkpoint_of_biomedclip_s_class_is_loaded(tmp_path: Path) -> None:
    """A timm vision transformer with a BERT of transformers, its tokenizer in the same folder."""
    from transformers import BertConfig, BertTokenizerFast

    folder = tmp_path / "tiny-biomed"
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "disc", "her", "##niation", "at", "l"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
    ).save_pretrained(folder)
    checkpoint(
        folder,
        {
            "embed_dim": 24,
            "vision_cfg": {
                "timm_model_name": "test_vit",
                "timm_model_pretrained": False,
                "timm_pool": "",
                "timm_proj": "linear",
                "image_size": 160,
            },
            "text_cfg": {
                "hf_model_name": str(folder),
                "hf_tokenizer_name": str(folder),
                "hf_proj_type": "mlp",
                "hf_pooler_type": "cls_last_hidden_state_pooler",
                "context_length": 32,
                "hf_model_pretrained": False,
            },
        },
    )
    one = encoder.load(f"open_clip:{folder}")
    assert one.dimension == 24
    assert np.allclose(np.linalg.norm(one.images(places(2)), axis=1), 1, atol=1e-5)
    texts = one.texts(["disc herniation", "at l"])
    assert np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    assert np.abs(texts[0] - texts[1]).max() > 1e-4


def test_weights_in_a_file_are_loaded_into_a_named_model(tmp_path: Path) -> None:
    import open_clip

    folder = tmp_path / "own"
    folder.mkdir()
    checkpoint(folder, VIT)
    assert "tiny" in open_clip.list_models()
    one = encoder.load(f"open_clip:tiny@{folder / 'open_clip_model.safetensors'}")
    assert one.name == "open_clip:tiny@open_clip_model.safetensors"
    assert str(tmp_path) not in one.name
    assert one.dimension == 24


def test_pictures_that_show_nothing_are_refused() -> None:
    good = places(1)[0]
    bad: list[tuple[Views, str]] = [
        ({}, "no picture"),
        ({"stir": good["t2"]}, "sequence 'stir' is not known"),
        ({"t2": good["t2"], "t1": good["t1"][:50]}, "differ in size"),
        ({"t2": good["t2"][0]}, "can't be looked at"),
        ({"t2": good["t2"][:3]}, "can't be looked at"),
        ({"t2": np.full((112, 144), np.nan, np.float32)}, "not numbers"),
    ]
    for views, told in bad:
        with pytest.raises(InputError, match=told):
            checked(views)


def test_a_picture_means_the_same_under_each_name(small: tuple[Path, Any]) -> None:
    one, both = Embedded.load(small[0]), places(1)[0]
    alone = one.images([{name: both["t1"]} for name in ("t2", "t1", "grey")])
    assert np.allclose(alone, alone[0], atol=1e-5)
    assert np.abs(one.images([both]) - alone[0]).max() > 1e-4


@given(st.integers(8, 300), st.integers(8, 300))
def test_every_size_becomes_one_of_two(rows: int, columns: int) -> None:
    made = fitted(torch.zeros(1, rows, columns), (112, 144), 384)
    assert tuple(made.shape[1:]) in ((112, 144), (384, 384))


@given(arrays(np.float32, st.tuples(st.integers(8, 20), st.integers(8, 20)), elements=st.just(0.5)))
def test_nothing_is_cut_off_a_squared_picture(picture: Any) -> None:
    made = squared(picture)
    assert made.shape[0] == made.shape[1] == max(picture.shape)
    assert (made == 0.5).sum() == picture.size


@pytest.mark.data
def test_the_shipped_encoder_tells_degenerated_from_healthy_discs(shared_data: Path) -> None:
    """On discs that the tools cut of patients whom it did not learn from."""
    if not (WEIGHTS / "clip" / "manifest.json").is_file():
        pytest.skip("weights/clip is not here")
    from finetune import spider
    from finetune.classifier_look import study_of
    from tools import classifier, levels

    _, development = spider.split(shared_data)
    graded = {(g.patient, g.disc): g.pfirrmann for g in spider.gradings(shared_data)}
    one = encoder.load()
    degenerated, healthy = one.texts(["severe disc degeneration", "normal well hydrated disc"])
    likeness: dict[bool, list[float]] = {True: [], False: []}
    for patient in development[:5]:
        study, eligible = study_of(shared_data, patient)
        named = [o.level for o in levels.run(study, eligible) if o.kind == "disc"]
        cut, _ = classifier.cuts(study, eligible)
        for place, views in cut.items():
            grade = graded.get((patient, named[place] or ""), 3) if place < len(named) else 3
            if grade not in (1, 2, 5):
                continue
            vector = one.images([{name: crop.pixels for name, crop in views.items()}])[0]
            likeness[grade == 5].append(float(vector @ (degenerated - healthy)))
    assert likeness[True]
    assert likeness[False]
    assert np.mean(likeness[True]) > np.mean(likeness[False]) + 0.2
    # A whole slice of another kind of picture is looked at too, and gets a vector.
    assert np.isclose(np.linalg.norm(one.images([{"grey": np.zeros((90, 60))}])), 1, atol=1e-5)
