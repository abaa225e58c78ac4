"""Made-up sets: drawn as asked, told from real ones, and learned from."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from data.synth.conditions import DISC_CONDITION, DiscGrades, Wanted
from data.synth.diffusion.sample import GUIDANCE, denoiser
from data.synth.phantom import render, sample
from data.synth.rgan.networks import SHAPE, Generator
from finetune.synthesis import guidance, measure, run, sources
from radixgpt.level import LUMBAR_DISCS


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def phantom() -> sources.Discs:
    """Each phantom is a patient of its own."""
    made = [sources.by_phantom(1, seed) for seed in range(5)]
    people = np.repeat(np.arange(1, 6), [len(one.pixels) for one in made])
    whole = sources.joined(made)
    return sources.Discs(whole.pixels, whole.sequences, whole.levels, whole.grades, people)


def noise(like: sources.Discs, seed: int = 0) -> sources.Discs:
    pixels = np.random.default_rng(seed).uniform(-1, 1, like.pixels.shape).astype(np.float32)
    return sources.Discs(pixels, like.sequences, like.levels, like.grades, like.patients)


def test_phantom_discs_come_with_their_truth(phantom: sources.Discs) -> None:
    assert len(phantom.pixels) > 35  # nearly all of 5 phantoms x 2 sequences x 5 discs
    assert phantom.pixels.shape[1:] == SHAPE
    assert set(phantom.levels) == set(LUMBAR_DISCS)
    assert len({g.pfirrmann for g in phantom.grades}) > 1
    assert set(phantom.of("t1").sequences) == {"t1"}


def test_a_generator_is_asked_for_what_is_frequent(phantom: sources.Discs) -> None:
    wanted = sources.asked(phantom, 400, seed=1)
    asked = np.mean([g.pfirrmann >= 4 for _, _, g in wanted])
    there = np.mean([g.pfirrmann >= 4 for g in phantom.grades])
    assert asked == pytest.approx(there, abs=0.1)
    net = Generator(DISC_CONDITION, (8, 8, 8, 8, 8, 8))
    made = sources.by_rgan(net, wanted[:7], seed=2)
    assert made.pixels.shape == (7, *SHAPE)
    assert made.grades == tuple(g for _, _, g in wanted[:7])


def test_noise_is_farther_than_another_half_and_no_copy(phantom: sources.Discs) -> None:
    rows = np.arange(len(phantom.pixels))
    half, other = phantom.part(rows[::2]), phantom.part(rows[1::2])
    own = measure.likeness(half, other, phantom)
    far = measure.likeness(noise(half), other, phantom)
    assert far.fid > own.fid  # which is biased upwards for so few
    assert far.kid > 3 * own.kid
    assert far.copied == 0
    assert own.copied > 0.9  # half of the phantoms are the phantoms that were learned from


def test_agreement_and_utility_speak_of_every_source(phantom: sources.Discs) -> None:
    found = measure.agreement(phantom)
    assert -1 <= found["pfirrmann kappa"] <= 1
    table = measure.utility({"noise": noise(phantom), "nothing": None}, phantom, phantom)
    alone = f"noise alone ({len(noise(phantom).of('t2').pixels)} crops)"
    assert set(table) == {"real", "real and noise", alone}
    value, low, high = table["real"]["Pfirrmann kappa"]
    assert low <= value <= high
    assert value > table[alone]["Pfirrmann kappa"][0]


def test_discs_of_a_blank_slice_are_left_out() -> None:
    blank = sources.by_columns(lambda _w, _s: np.zeros((96, 96), np.float32), [])
    assert len(blank.pixels) == 0
    assert DiscGrades() == DiscGrades(1, 0)


def test_a_disc_is_the_one_that_was_asked_for_at_its_place() -> None:
    rendered = render(sample(np.random.default_rng(3)), size=288)
    places = [rendered.disc_centres[level] for level in LUMBAR_DISCS]
    below = round((places[-1][1] + places[-2][1]) / 2)  # L5-S1 is cut off
    image = np.asarray(rendered.images["t2"], np.float32)[:below]
    graded = {level: DiscGrades(1 + n) for n, level in enumerate(LUMBAR_DISCS)}
    wanted = [Wanted("t2", graded)]
    placed = sources.by_columns(lambda _w, _s: image, wanted, places)
    counted = sources.by_columns(lambda _w, _s: image, wanted)
    assert len(placed.levels) >= 3
    assert "L5-S1" not in placed.levels
    assert "L5-S1" in counted.levels  # the lowest that is left is taken for it
    assert placed.grades == tuple(graded[level] for level in placed.levels)
    assert not sources.by_columns(lambda _w, _s: np.zeros((96, 96), np.float32), wanted).levels


def test_whole_columns_are_asked_for_as_patients_have_them(phantom: sources.Discs) -> None:
    graded = {
        (int(p), s, level): g
        for p, s, level, g in zip(
            phantom.patients, phantom.sequences, phantom.levels, phantom.grades, strict=True
        )
    }
    wanted = sources.wanted_columns(phantom, 20, seed=3)
    assert len({one.sequence for one in wanted}) == 2
    for one in wanted:
        own = [one.disc(level) for level in LUMBAR_DISCS]
        assert any(
            own == [graded.get((person, one.sequence, level)) for level in LUMBAR_DISCS]
            for person in range(1, 6)
        )


def test_the_page_and_the_json_tell_what_was_measured() -> None:
    figure = {"images": 10, "fid": 1.0, "kid": 0.1, "precision": 0.5, "recall": 0.5, "copied": 0.25}
    found = {
        "likeness": {"GAN": figure},
        "agreement": {"real": {"pfirrmann kappa": 0.8}, "GAN": {}},
        "utility": {"real": {"Pfirrmann kappa": (float("nan"), 0.0, 0.0)}},
        "missing": ["No diffusion model: weights"],
    }
    text = run.page(found)
    assert "| GAN | 10 | 1.00 | 0.100 | 0.50 | 0.50 | 25.0% |" in text
    assert "| GAN | too few |" in text
    assert "{" not in text
    assert json.loads(run.as_json(found))["utility"]["real"]["Pfirrmann kappa"][0] is None


def test_a_guidance_is_tried_with_the_shipped_model(phantom: sources.Discs) -> None:
    found = guidance.tried(denoiser(), phantom, 2.0, columns=3)
    assert list(found) == list(guidance.FIGURES)
    assert 8 <= found["crops"] <= 15
    assert -1 <= found["Pfirrmann kappa"] <= 1
    assert found["FID"] > 0
    assert all(0 <= found[name] <= 1 for name in ("precision", "recall"))


def test_what_is_drawn_with_is_in_the_table_of_the_trial() -> None:
    rows = guidance.as_markdown().splitlines()[2:]
    assert [float(row.split(" | ")[0].strip("| ")) for row in rows] == list(guidance.TRIED)
    assert GUIDANCE in guidance.TRIED
