"""The training of the embedded captioner: what it learns from, and that it learns and resumes."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from data.generated.captions import STYLES, apart, joined
from finetune.captioner import card, fit, habits, tokens
from finetune.captioner.fit import Recipe
from finetune.captioner.marks import Asked, marks
from finetune.captioner.measure import others
from finetune.captioner.tokens import Copy
from finetune.classifier_data import DiscViews
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS
from tools.captioner.decoder import MEMBERS, Decoder, Shape, words
from tools.crops import COLUMNS, MEASURES, ROWS, Crop
from tools.grade_net import WIDTH, GradeNet

TINY = Shape(width=32, layers=1, heads=2, inner=32, dropout=0.0)
BOTH = frozenset(("t1", "t2"))


def spine(bulging: str) -> dict[str, dict[str, int]]:
    return {
        level: {
            **dict.fromkeys(GRADED, 0),
            "pfirrmann": 4 if level == "L4-L5" else 2,
            "disc_bulging": int(level == bulging),
        }
        for level in LUMBAR_DISCS
    }


def copies() -> list[Copy]:
    """Two patients whose tokens tell them apart."""
    rng = np.random.default_rng(0)
    return [
        Copy(
            patient,
            LUMBAR_DISCS,
            (rng.normal(0, 0.1, (5, MEMBERS, WIDTH)) + patient).astype(np.float16),
            sequences,
        )
        for patient in (0, 1)
        for sequences in (BOTH, frozenset(("t2",)))
    ]


GRADES = {0: spine("L3-L4"), 1: spine("L5-S1")}


def test_a_kind_is_stated_only_where_its_sequences_are_shown() -> None:
    grades = spine("L3-L4")["L4-L5"]
    assert set(fit.shows(grades, BOTH)) == set(GRADED)
    assert "modic" not in fit.shows(grades, frozenset(("t2",)))
    assert {"modic", "pfirrmann"}.isdisjoint(fit.shows(grades, frozenset(("t1",))))


@pytest.mark.parametrize("scope", ["disc", "image", "study"])
def test_a_sample_is_of_what_it_shows(scope: str) -> None:
    rng = random.Random(1)
    for _ in range(30):
        one = rng.choice(copies())
        made = fit.sample(one, GRADES[one.patient], scope, rng, Recipe())
        text = joined(made.words)
        named = {level for level in LUMBAR_DISCS if level in text}
        assert named <= set(made.tokens)
        assert made.style in STYLES
        assert ("Pfirrmann" in text or made.style == "brief") or "t2" not in made.sequences
        if scope == "disc":
            assert len(made.tokens) == 1
        assert [w.lower() for w in apart(text)] == [w.lower() for w in made.words]


def test_it_learns_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    few = Recipe(steps=100, discs=8, images=2, rate=5e-3, noise=0.0, lost=0.0, cropped=0.0)
    whole = list(fit.train(copies(), GRADES, tmp_path / "whole", few, TINY))
    assert [row["step"] for row in whole] == [50, 100]
    assert whole[1]["loss"] < whole[0]["loss"] < math.log(len(words())) - 1
    run = fit.train(copies(), GRADES, tmp_path / "parts", few, TINY)
    next(run)
    run.close()
    rest = list(fit.train(copies(), GRADES, tmp_path / "parts", few, TINY))
    assert [row["step"] for row in rest] == [100]
    one, other = fit.trained(tmp_path / "whole", TINY), fit.trained(tmp_path / "parts", TINY)
    for name, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[name])


def test_what_is_spoiled_stays_near_what_it_was() -> None:
    torch.manual_seed(0)
    seen = torch.randn(4, 5, MEMBERS, WIDTH)
    found = fit.spoiled(seen, torch.ones(WIDTH), Recipe(noise=0.1, lost=0.5))
    blank = (found == 0).all(-1)
    assert 0.2 < float(blank.float().mean()) < 0.8
    assert float((found - seen)[~blank].std()) == pytest.approx(0.1, abs=0.02)


def test_copies_of_a_patient_differ_and_leave_the_graders_as_they_were() -> None:
    rng = np.random.default_rng(0)

    def crop() -> Crop:
        pixels = rng.uniform(-1, 1, (round(1.25 * ROWS), round(1.25 * COLUMNS)))
        return Crop(pixels.astype(np.float32), np.ones(len(MEASURES), np.float32))

    discs = [
        DiscViews(7, index, 3, 0, (0,) * 6, {"t2": [crop()], "t1": [crop()]}) for index in (0, 1)
    ]
    torch.manual_seed(0)
    nets = [GradeNet().eval()]
    made = tokens.copies(nets, discs, np.random.default_rng(1))
    assert tokens.DRAWN <= len(made) <= tokens.DRAWN + 2 * tokens.ALONE
    assert all(one.levels == ("L4-L5", "L5-S1") for one in made)
    assert all(one.tokens.shape == (2, 1, WIDTH) for one in made)
    assert {one.sequences for one in made} >= {frozenset(("t2",)), frozenset(("t1",))}
    assert float(np.abs(made[0].tokens - made[1].tokens).max()) > 0
    assert not any(module.training for net in nets for module in net.modules())


def test_another_patient_is_never_oneself() -> None:
    found = others(range(10, 20))
    assert sorted(found) == sorted(found.values()) == list(range(10, 20))
    assert all(own != other for own, other in found.items())


def test_habits_are_counted_by_sentence() -> None:
    found, sentences, notes = habits.count(["Disc bulge noted at L4-L5 level.\nNo fracture."])
    assert (sentences, notes) == (2, 1)
    assert found["'noted'"] == found["finding before its level"] == found["a denial"] == 1
    assert found["level as a heading"] == 0


@pytest.mark.data
def test_a_caption_of_the_very_gradings_scores_full_and_an_empty_one_nothing(
    shared_data: Path,
) -> None:
    from finetune import spider
    from finetune.captioner.marks import references

    patients = spider.split(shared_data)[1][:4]
    asked = [Asked("study", patient, BOTH) for patient in patients]
    own = [references(shared_data, one, "standard")[0] for one in asked]
    full = marks(shared_data, asked, own, "standard")
    assert full["finding_f1"]["value"] == 1.0
    assert full["bleu_4"]["value"] == pytest.approx(1.0)
    none = marks(shared_data, asked, [""] * len(asked), "standard")
    assert none["finding_f1"]["value"] == 0.0
    assert none["errors"]["missed"] > 0
    moved = marks(shared_data, asked, [*own[1:], own[0]], "standard")
    assert moved["finding_f1"]["value"] < full["finding_f1"]["value"]
    assert "finding F1" in card.tables({"tasks": {"study": {"systems": {"captioner": full}}}})


def test_the_decoder_that_ships_is_small() -> None:
    assert sum(parameter.numel() for parameter in Decoder().parameters()) < 4_000_000
