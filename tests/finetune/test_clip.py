"""Captions with their hard negatives, the losses, and training of the encoder."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.classifier_data import DiscViews
from finetune.clip import bank, compare, fit, losses, marks, pairs, prompts, slices
from finetune.clip.bank import Bank
from finetune.clip.captions import GRADES, GROUPS, KINDS, LEVEL, Caption, draft, phrases, report
from finetune.clip.fit import Recipe
from radixgpt.language.reader import findings_in
from radixgpt.level import disc_at, find_discs
from tools.grade_net import BINARY

FACTS = st.fixed_dictionaries(
    {LEVEL: st.integers(0, 9), **{kind: st.sampled_from(GRADES[kind]) for kind in KINDS}}
)
SMALL = {
    "embed_dim": 24,
    "custom_text": True,
    "vision_cfg": {
        "image_size": [112, 144],
        "timm_model_name": "test_efficientnet",
        "timm_pool": "",
        "timm_proj": "linear",
    },
    "text_cfg": {"context_length": 96, "width": 32, "heads": 2, "layers": 1, "vocab_size": 49408},
}
RECIPE = Recipe(epochs=3, discs=6, slices=2, every=1, start="", rate=3e-3)


@given(FACTS, st.integers(0, 10_000), st.booleans())
def test_a_caption_is_true_and_its_negatives_are_false_in_one_fact(
    facts: dict[str, int], seed: int, brief: bool
) -> None:
    drawn = draft(facts, str(seed), brief=brief)
    own = drawn.of(facts)
    assert own.holds(facts)
    assert own == drawn.of(facts)
    for group, false in drawn.against(facts).items():
        assert not false.holds(facts)
        differs = {k for k in own.stated if own.stated[k] != false.stated.get(k)}
        assert differs == {k for k in false.stated if false.stated[k] != own.stated.get(k)}
        assert len(differs) == 1
        assert differs <= set(GROUPS[group])
        assert false.text != own.text


@given(FACTS, st.integers(0, 10_000))
def test_a_report_like_caption_says_what_it_states(facts: dict[str, int], seed: int) -> None:
    """Read back by the product's own reader of reports."""
    caption = report(facts, KINDS, str(seed))
    level = disc_at(facts[LEVEL])
    assert find_discs(caption.text) == [level]
    told = {f.kind: f for f in findings_in(caption.text) if f.level in (level, None)}
    for kind in ("modic", "disc_narrowing", "disc_bulging", "disc_herniation", "spondylolisthesis"):
        assert told[kind].assertion == ("present" if facts[kind] else "absent"), caption.text
    assert told["pfirrmann"].value == facts["pfirrmann"]


@given(st.dictionaries(st.integers(0, 6), FACTS, min_size=2, max_size=6), st.integers(0, 10_000))
def test_a_slice_s_negatives_are_false_in_one_fact(
    discs: dict[int, dict[str, int]], seed: int
) -> None:
    if not any(index < 5 for index in discs):
        return
    facts = slices.facts_of(discs)
    keys = slices.drawn_keys(facts, str(seed))
    own = slices.caption(facts, keys, str(seed))
    assert own.holds(facts)
    assert slices.full(facts, str(seed)).holds(facts)
    for false in slices.against(facts, keys, str(seed)).values():
        assert not false.holds(facts)
        assert sum(own.stated.get(k) != v for k, v in false.stated.items()) == 1
        assert len(own.stated) == len(false.stated)


def test_every_grade_has_its_words() -> None:
    for kind in KINDS:
        rows = phrases()[kind]
        assert {g for row in rows for g in row["grades"]} == set(GRADES[kind])
        assert all(row["said"] for row in rows)
    for grade in GRADES["pfirrmann"]:
        assert prompts.sayings("pfirrmann", (grade,))
    for kind, there in prompts.PRESENT.items():
        assert prompts.sayings(kind, there)
        assert prompts.sayings(kind, (0,))


@given(st.lists(FACTS, min_size=1, max_size=6), st.integers(0, 1000))
def test_matches_are_what_captions_hold(facts: list[dict[str, int]], seed: int) -> None:
    rng = Random(seed)
    captions = [draft(one, f"{seed} {i}", brief=rng.random() < 0.5).of(one) for i, one in
                enumerate(facts)]  # fmt: skip
    found = pairs.matches(facts, captions)
    assert found.shape == (len(facts), len(captions))
    assert found.tolist() == [[c.holds(one) for c in captions] for one in facts]


@pytest.mark.parametrize("kind", losses.LOSSES)
def test_a_loss_falls_where_what_is_true_is_nearer(kind: str) -> None:
    own = torch.tensor([True, False, True, False])
    owner = torch.tensor([0, 0, 1, 1])
    true = torch.tensor([[True, False, False, False], [False, False, True, False]])
    logits = torch.zeros(2, 4, requires_grad=True)
    before = losses.contrast(kind, logits, true, owner, own)
    before.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert torch.equal(logits.grad < 0, true)
    after = losses.contrast(kind, (logits - logits.grad).detach(), true, owner, own)
    assert after < before


def test_other_true_captions_are_not_held_against_an_image() -> None:
    """Two images of equal gradings: pulling one to the other's caption costs nothing."""
    both = torch.ones(2, 2, dtype=torch.bool)
    owner, own = torch.tensor([0, 1]), torch.tensor([True, True])
    far = torch.tensor([[4.0, -4.0], [-4.0, 4.0]])
    alike = torch.full((2, 2), 4.0)
    assert losses.contrast("masked", alike, both, owner, own) < 1e-3
    assert losses.contrast("masked", far, both, owner, own) < 1e-3
    plain = losses.contrast("plain", alike, both, owner, own)
    assert plain > losses.contrast("plain", far, both, owner, own) + 0.5


def seen(count: int, width: int, seed: int = 0) -> Bank:
    """Features that give the gradings away."""
    rng = np.random.default_rng(seed)
    facts = [
        {LEVEL: int(rng.integers(5)), **{k: int(rng.choice(GRADES[k])) for k in KINDS}}
        for _ in range(count)
    ]
    features = torch.from_numpy(rng.normal(0, 0.1, (count, 2, 2, width))).half()
    for i, one in enumerate(facts):
        for j, kind in enumerate(KINDS):
            features[i, :, :, j] += one[kind]
    return Bank(features, torch.ones(count, 2, dtype=torch.bool), facts, list(range(count)))


def seen_slices(width: int) -> Bank:
    made = seen(4, width, 1)
    facts = [slices.facts_of({one[LEVEL]: one}) for one in made.facts]
    return Bank(made.features, made.there, facts, made.patients)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "small-clip.json"
    path.write_text(json.dumps(SMALL), encoding="utf-8")
    return path


def test_a_step_lowers_the_loss(config: Path) -> None:
    model, tokenizer = fit.begin(RECIPE, config)
    width = model.visual.trunk.num_features
    discs = seen(12, width)
    texts = fit.disc_texts(discs.facts, "one", 1)
    assert sum(texts.own) == 24 < len(texts.captions)
    optimiser = torch.optim.Adam([*model.text.parameters(), *model.visual.head.parameters()], 3e-3)

    def loss() -> torch.Tensor:
        vectors = bank.projected(model, discs.features[:, 0].float(), discs.there)
        return fit.batch_loss(model, tokenizer, vectors, discs.facts, texts, "masked")

    first = loss()
    for _ in range(3):
        optimiser.zero_grad()
        loss().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert loss() < first - 0.05


def test_training_resumes_to_the_same_weights(config: Path, tmp_path: Path) -> None:
    model, _ = fit.begin(RECIPE, config)
    width = model.visual.trunk.num_features
    discs, whole = seen(12, width), seen_slices(width)
    straight, known = fit.train(discs, whole, tmp_path / "a", RECIPE, config=config)
    fit.train(discs, whole, tmp_path / "b", RECIPE, config=config, until=1)
    assert not (tmp_path / "b" / "clip.pt").is_file()
    resumed, again = fit.train(discs, whole, tmp_path / "b", RECIPE, config=config)
    assert all(torch.equal(straight[k], resumed[k]) for k in straight)
    assert torch.equal(known, again)
    assert 40 < int(known.sum()) < 1500
    # The trunk stays; the rest has moved.
    first = model.state_dict()
    moved = {k for k in first if not torch.equal(first[k], straight[k])}
    assert not any(k.startswith("visual.trunk.") for k in moved)
    assert {"visual.head.proj.weight", "text.text_projection", "logit_scale"} <= moved
    # What is finished is read, not trained again.
    stored, _ = fit.train(discs, whole, tmp_path / "b", RECIPE, config=config)
    assert torch.equal(stored["logit_scale"], straight["logit_scale"])
    assert len((tmp_path / "b" / "train.log").read_text().splitlines()) == RECIPE.epochs


def disc(patient: int, index: int, grade: int) -> DiscViews:
    rng = np.random.default_rng(patient * 10 + index)
    pixels = rng.uniform(-1, 1, (140, 180)).astype(np.float32)
    from tools.crops import MEASURES, Crop

    crop = Crop(pixels, np.zeros(len(MEASURES), np.float32))
    views = {"t2": [crop, crop]} if index else {"t2": [crop], "t1": [crop]}
    return DiscViews(patient, index, grade, 0, tuple(int(grade > 3) for _ in BINARY), views)


def test_a_bank_holds_what_the_encoder_would_see(config: Path) -> None:
    """The first copy of each picture gives the vector that encode_image gives of the crop."""
    model, _ = fit.begin(RECIPE, config)
    discs = [disc(1, 0, 4), disc(1, 1, 2)]
    made = bank.of_discs(model, discs, 0, copies=2)
    assert made.there.tolist() == [[True, True], [True, False]]
    assert made.features.shape[:3] == (2, 2, 2)
    assert not torch.equal(made.features[0, 0], made.features[0, 1])
    crop = torch.from_numpy(pairs.views_of(discs[1])["t2"])
    with torch.no_grad():
        alone = model.encode_image(crop.expand(1, 3, -1, -1))
        vectors = bank.projected(model, made.features[:, 0].float(), made.there)
    assert torch.allclose(vectors[1], alone[0], atol=2e-2)
    assert made.of([2]).facts == []
    assert made.facts[0] == {**pairs.facts_of(discs[0])}


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_no_patient_is_on_both_sides_of_a_comparison(seed: int) -> None:
    patients = np.random.default_rng(seed).permutation(500)[:142].tolist()
    learn, left = compare.parts(patients)
    assert set(learn) | set(left) == set(patients)
    assert not set(learn) & set(left)
    assert len(left) == 48


def test_perfect_scores_are_marked_perfect() -> None:
    discs = [disc(p, i, 1 + (p + i) % 5) for p in range(6) for i in range(3)]
    truth = [d.pfirrmann for d in discs]
    there = {kind: [float(pairs.facts_of(d)[kind] > 0) for d in discs] for kind in prompts.PRESENT}
    found = marks.graded(truth, there, discs)
    assert found["Pfirrmann kappa"]["value"] == 1
    assert found["Pfirrmann balanced accuracy"]["value"] == 1
    assert found["disc_bulging AUROC"]["value"] == 1
    assert np.isnan(found["modic AUROC"]["value"])  # no disc has one
    right = np.eye(18, dtype=bool)
    way = marks.retrieval(right.astype(float), right, [d.patient for d in discs], way="there")
    first = way["there R@1"]
    assert first["value"] == first["low"] == first["high"] == 1
    assert first["chance"] == pytest.approx(1 / 18)
    worst = marks.retrieval(-right.astype(float), right, [d.patient for d in discs], way="there")
    assert worst["there R@10"]["value"] == 0


def test_a_caption_that_speaks_of_what_is_unknown_does_not_hold() -> None:
    assert not Caption("", {"1 modic": (0,)}).holds({"0 modic": 0})
