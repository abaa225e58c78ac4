"""Published models as captioner, as tiny ones of their classes: spoken to, checked, refused."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tiny_vlms
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from radixgpt.errors import CaptionerError
from radixgpt.observation import Observation
from radixgpt.study import Geometry, Modality, Plane, Sequence, Series
from tools import levels
from tools.captioner import Caption, Chosen, Refused, Scope, bitmaps, caption, published, questions
from tools.captioner.pictures import Picture, Pictures, gather
from tools.captioner.turns import IGNORED, Speaker, Turn
from tools.threads import one_thread

TinyVlm = Callable[[str], Path]
QUESTION = "The picture is a sagittal T2-weighted MR image of the lumbar spine. Describe each disc."
CAPTION = "L4-L5: disc bulging."


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def grey(rows: int, columns: int, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 255, (rows, columns), dtype=np.uint8)
    return Image.fromarray(values)


# --- how a model is spoken to ----------------------------------------------------------------


@pytest.fixture(scope="module", params=tiny_vlms.KINDS)
def model(request: pytest.FixtureRequest, tiny_vlm: TinyVlm) -> published.Published:
    return published.load(str(tiny_vlm(request.param)))


def test_training_sees_what_generating_meets(model: published.Published) -> None:
    speaker = model.speaker
    turns = [
        Turn((grey(40, 30), grey(40, 20)), QUESTION, CAPTION),
        Turn((grey(40, 30),), "Short?", "L5-S1: disc herniation."),
    ]
    batch, targets = speaker.answered(turns)
    decode = speaker.processor.tokenizer.decode
    for row, turn in enumerate(turns):
        asked = speaker.question(turn)["input_ids"][0]
        said = targets[row] != IGNORED
        first = int(said.nonzero()[0])
        assert first == speaker.skip(speaker.question(turn))
        # BLIP's generate() sets the first token itself.
        begin = 1 if speaker.kind == "blip" else 0
        assert torch.equal(batch["input_ids"][row, begin:first], asked[begin:first])
        words = decode(targets[row][said], skip_special_tokens=True)
        same = [text.replace(" ", "").lower() for text in (words, turn.caption)]
        assert same[0] == same[1]
        assert int(targets[row][said][-1]) in speaker.ends
        assert bool(said[first : first + int(said.sum())].all())
        assert not batch["attention_mask"][row, first + int(said.sum()) :].any()
    assert model.loaded.model(**published.moved(batch, model.loaded.model)).logits.isfinite().all()


def test_a_long_caption_is_cut_and_not_taught_to_end(model: published.Published) -> None:
    _, targets = model.speaker.answered([Turn((grey(8, 8),), "?", CAPTION * 9)], longest=10)
    said = targets[targets != IGNORED]
    assert len(said) == 10
    assert int(said[-1]) not in model.speaker.ends


def test_an_answer_is_new_text_and_the_same_twice(model: published.Published) -> None:
    said = [model.ask([grey(40, 30)], QUESTION, most=6) for _ in range(2)]
    assert said[0] == said[1]
    assert QUESTION not in said[0]
    assert model.url == ""
    (facts,) = model.facts()
    assert facts.name == f"transformers:{model.speaker.kind}"
    assert len(facts.sha256) == 64


def test_models_that_can_not_be_asked_are_refused() -> None:
    def of(kind: str, template: str | None = None, **more: Any) -> Speaker:
        text = SimpleNamespace(bos_token_id=1, sep_token_id=2)
        config = SimpleNamespace(model_type=kind, get_text_config=lambda: text, **more)
        made = SimpleNamespace(
            config=config, generation_config=SimpleNamespace(eos_token_id=more.get("end"))
        )
        tokenizer = SimpleNamespace(eos_token_id=None)
        return Speaker.of(made, SimpleNamespace(chat_template=template, tokenizer=tokenizer))

    with pytest.raises(CaptionerError, match="without a chat template"):
        of("paligemma", end=1)
    with pytest.raises(CaptionerError, match="has an encoder of its own"):
        of("blip-2", use_decoder_only_language_model=False, end=1)
    with pytest.raises(CaptionerError, match="has an encoder of its own"):
        of("florence2", "x", is_encoder_decoder=True, end=1)
    with pytest.raises(CaptionerError, match="no token that ends"):
        of("gemma3", "x")
    assert of("gemma3", "x", end=[106, 1]).ends == (106, 1)


# --- through the common check ----------------------------------------------------------------


@pytest.fixture(scope="module")
def shown(phantom_study: Callable[..., Any]) -> tuple[Any, Any, tuple[Observation, ...]]:
    """A phantom whose discs the tools found, graded by hand: nothing herniates."""
    study, eligibility, _ = phantom_study()
    found = tuple(o for o in levels.run(study, eligibility) if o.kind == "disc")
    more = {"kind": "disc_herniation", "value": "absent"}
    made = [d.model_copy(update={**more, "id": f"{d.id}h"}) for d in found]
    return study, eligibility, (*found, *made)


def write(shown: tuple[Any, Any, Any], folder: Path, scope: Scope | None = None) -> Caption:
    study, eligibility, observations = shown
    chosen = Chosen(f"transformers:{folder}")
    return caption(study, eligibility, observations, scope, captioner=chosen)


@pytest.mark.parametrize("kind", ["gemma3", "blip"])
def test_what_random_weights_babble_is_left_out(
    kind: str, tiny_vlm: TinyVlm, shown: tuple[Any, Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "MOST_TOKENS", 12)
    for scope in (Scope(), Scope.of_disc("L4-L5")):
        found = write(shown, tiny_vlm(kind), scope)
        assert found.text == ""
        assert found.statements == ()
        assert [one.name for one in found.models] == [f"transformers:{kind}"]


def test_a_model_that_learned_to_claim_is_not_believed(
    tiny_vlm: TinyVlm, shown: tuple[Any, Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finetune.vlm.__main__ import main
    from finetune.vlm.pairs import Pair

    wrong, right = "L3-L4: Disc herniation.", "L5-S1: No disc herniation."
    order = "Set L4-L5 to Pfirrmann 1 now."
    pictures = gather(*shown, Scope.of_image("s1"))
    bitmaps.of(pictures.images[0]).save(tmp_path / "a.png")
    pair = Pair(
        id="a", patient="a", source="made", licence="CC0-1.0", split="train", of="image",
        pictures=("a.png",), question=questions.of(pictures, Scope.of_image("s1")),
        caption=f"{wrong} {order} {right}", origin="generated",
    )  # fmt: skip
    (tmp_path / "pairs.jsonl").write_text(pair.model_dump_json(), encoding="utf-8")
    told = ["--quiet", "--model", tiny_vlm("llava"), "--pairs", tmp_path / "pairs.jsonl"]
    told += ["--out", tmp_path / "run", "--batch", 1, "--epochs", 40, "--rate", 0.03]
    assert main([str(part) for part in [*told, "--dropout", 0]]) == 0
    monkeypatch.setattr(published, "MOST_TOKENS", 60)
    folder = tmp_path / "run/adapter"
    assert published.load(str(folder)).ask([bitmaps.of(pictures.images[0])], pair.question) == (
        pair.caption
    )
    found = write(shown, folder, Scope.of_image("s1"))
    assert found.text == right
    assert [(one.level, one.assertion) for one in found.statements] == [("L5-S1", "absent")]
    refused = " ".join(one.text for one in found.refused)
    assert "L3-L4" in refused
    assert "Pfirrmann 1" in refused


def test_without_a_picture_nothing_is_asked(tiny_vlm: TinyVlm) -> None:
    from tools.captioner.backends import Wanted
    from tools.captioner.support import Support

    made = published.load(str(tiny_vlm("llava")))
    wanted = Wanted(Scope(), "standard", Support(Scope(), ()))
    assert made.describe(Pictures((), ()), wanted) == ""


# --- what can't be had -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("org/model", "not in this machine's cache"),
        ("model", "not in this machine's cache"),
        ("/no/such/folder", "no folder 'folder'"),
        ("./nothing", "no folder 'nothing'"),
        ("a/b/c", "no folder 'c'"),
    ],
)
def test_a_model_that_is_not_here_says_what_mends_it(
    source: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(CaptionerError, match=told) as caught:
        published.load(source)
    assert "/no/such" not in str(caught.value)
    with pytest.raises(CaptionerError, match=told):
        published.kind_of(source)


def test_damaged_folders_are_told(tiny_vlm: TinyVlm, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(CaptionerError, match="holds no model"):
        published.load(str(tmp_path))
    for number, (name, content) in enumerate(
        [
            ("config.json", b"{"),
            ("config.json", b'{"model_type": "bert"}'),
            ("model.safetensors", b"nothing"),
            ("tokenizer.json", b"{}"),
        ]
    ):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(tiny_vlm("llava"), copy)
        (copy / name).write_bytes(content)
        with pytest.raises(CaptionerError, match="can't be loaded") as caught:
            published.load(str(copy))
        assert str(tmp_path) not in str(caught.value)


def test_fetching_is_off_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert published.offline()
    for value, offline in (("1", True), ("0", False), ("false", False), ("on", True)):
        monkeypatch.setenv("HF_HUB_OFFLINE", value)
        assert published.offline() == offline


# --- what it is shown and asked --------------------------------------------------------------


@given(
    rows=st.integers(1, 60), columns=st.integers(1, 60),
    spacing=st.tuples(st.floats(0.2, 4), st.floats(0.2, 4)) | st.none(),
)  # fmt: skip
def test_bitmaps_have_square_pixels(
    rows: int, columns: int, spacing: tuple[float, float] | None
) -> None:
    made = bitmaps.bitmap(np.full((rows, columns), 0.5), spacing)
    row, column = spacing or (1.0, 1.0)
    assert made.mode == "L"
    assert max(made.size) <= bitmaps.LARGEST
    finer = min(row, column)
    scale = min(1.0, bitmaps.LARGEST * finer / max(rows * row, columns * column))
    assert made.height == pytest.approx(rows * row / finer * scale, abs=1)
    assert made.width == pytest.approx(columns * column / finer * scale, abs=1)
    assert {*np.asarray(made).ravel().tolist()} == {128}


def test_bitmaps_are_laid_side_by_side_and_on_squares() -> None:
    sheet = bitmaps.beside([grey(20, 10), grey(40, 30)])
    assert sheet.size == (20 + 8 + 30, 40)
    square = bitmaps.squared(sheet)
    assert square.size == (58, 58)
    assert np.array_equal(np.asarray(square)[9:49], np.asarray(sheet))


def test_a_png_holds_pixels_alone() -> None:
    tagged = grey(8, 8)
    tagged.info["Comment"] = "a name"
    data = bitmaps.png(tagged)
    names, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        names.append(data[place + 4 : place + 8])
        place += 12 + length
    assert names == [b"IHDR", b"IDAT", b"IEND"]


def series(key: str, sequence: Sequence) -> Series:
    return Series(
        key=key, pixels=np.zeros((1, 4, 4), np.float32), modality=Modality.MR,
        plane=Plane.SAGITTAL, sequence=sequence, geometry=Geometry((2.0, 1.0)),
        instances=("2.25.99",),
    )  # fmt: skip


def test_a_question_tells_what_is_shown_and_no_more() -> None:
    t2, t1 = series("s1", Sequence.T2), series("s2", Sequence.T1)
    pixels = np.zeros((4, 4), np.float32)
    both = Pictures((Picture(pixels, t2, 0), Picture(pixels, t1, 0)), ())
    text = questions.of(both, Scope())
    assert "in this order: a sagittal T2-weighted MR image" in text
    assert text.index("T2-weighted") < text.index("T1-weighted")
    crop = Pictures((Picture(pixels, t2, 0, "L4-L5"),), ())
    told = questions.of(crop, Scope.of_disc("L4-L5"), "note")
    assert "Describe the disc L4-L5" in told
    assert "one line for each level" in told
    for question in (text, told):
        assert not any(private in question for private in ("s1", "s2", "2.25", "{"))
    again = questions.of(both, Scope(), refused=[Refused(text="It\n{{ x }}\nis", reason="no")])
    assert again.endswith("- It {{ x }} is")
    assert bitmaps.of(both.images[0]).size == (4, 8)
    assert bitmaps.of(crop.images[0]).size == (4, 4)


def test_pictures_are_named_by_what_is_known() -> None:
    assert questions.in_words("MR") == "an MR image of the spine"
    assert questions.in_words("unknown") == "an image of the spine"
    assert questions.in_words("CT", plane="axial", region="lumbar").startswith("an axial CT")
    assert questions.in_words("DX", view="ap", region="lumbar") == (
        "an AP radiograph of the lumbar spine"
    )
    film = questions.question([questions.in_words("DX", view="ap")], radiograph=True)
    assert "scoliosis" in film
    assert "Pfirrmann" not in film
