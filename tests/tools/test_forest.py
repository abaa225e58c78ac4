"""Trees as arrays say what the library's trees say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from finetune import classifier_forest
from finetune.classifier_data import DiscViews
from tools.crops import MEASURES, Crop
from tools.forest import FEATURES, SECOND, features, judged
from tools.grade_net import BINARY
from tools.slips import Steps


def given(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shown = rng.normal(size=(count, len(FEATURES)))
    shown[rng.random(shown.shape) < 0.1] = np.nan
    target = (np.nan_to_num(shown[:, : len(SECOND)]) + rng.normal(0, 0.3, (count, len(SECOND)))) > 0
    return shown, target.astype(float)


def test_arrays_and_library_agree() -> None:
    shown, target = given(200)
    forests = classifier_forest.fit(shown, target)
    filled = np.nanmedian(shown, axis=0)
    whole = np.where(np.isnan(shown), filled, shown).astype(np.float32)
    model = ExtraTreesClassifier(
        classifier_forest.TREES,
        min_samples_leaf=classifier_forest.LEAF,
        max_features=classifier_forest.SHARE,
        random_state=0,
    ).fit(whole, target[:, 2] > 0)
    theirs = model.predict_proba(whole)[:, 1]
    assert forests[SECOND[2]].chance(shown) == pytest.approx(theirs, abs=2e-3)


def test_what_was_stored_judges_alike(tmp_path: object) -> None:
    from pathlib import Path

    from safetensors.numpy import load_file

    from tools.forest import ARRAYS, Forest

    shown, target = given(120)
    forests = classifier_forest.fit(shown, target)
    path = Path(str(tmp_path)) / "forests.safetensors"
    classifier_forest.store({"both": forests}, path)
    arrays = load_file(path)
    again = {
        name: Forest(**{array: arrays[f"both/{name}/{array}"] for array in ARRAYS})
        for name in SECOND
    }
    assert judged(again, shown) == pytest.approx(judged(forests, shown))


def test_trees_of_other_patients_know_less() -> None:
    shown, target = given(300)
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 2, target.shape).astype(float)
    patients = np.repeat(np.arange(60.0), 5)
    own = judged(classifier_forest.fit(shown, noise), shown)
    other = classifier_forest.crossed(shown, noise, patients)
    known = np.mean((own > 0) == (noise > 0))
    guessed = np.mean((other > 0) == (noise > 0))
    assert known > 0.8
    assert 0.4 < guessed < 0.6


def test_features_hold_a_disc_against_its_patient_and_its_neighbours() -> None:
    blank = np.zeros((2, 2), np.float32)
    cut = [
        {"t2": Crop(blank, np.full(len(MEASURES), value, np.float32))} for value in (1.0, 2.0, 4.0)
    ]
    logits = np.zeros((3, 4)), np.zeros((3, 4)), np.ones((3, len(BINARY)))
    found = features(cut, [Steps(0.1, None)] * 3, [0, 1, 3], logits)
    assert found.shape == (3, len(FEATURES))
    at = FEATURES.index
    assert found[:, at("height_to_depth t2")].tolist() == [1, 2, 4]
    assert np.isnan(found[:, at("height_to_depth t1")]).all()
    assert found[:, at("height_to_depth against the patient's median")].tolist() == [-1, 0, 2]
    assert found[0, at("height_to_depth above")] == 2
    assert found[1, at("height_to_depth below")] == 1
    assert np.isnan(found[1, at("height_to_depth above")])  # the disc two above is no neighbour
    assert found[:, at("canal step")].tolist() == [0.1] * 3
    assert np.isnan(found[:, at("wall step")]).all()


def test_questions_are_put_as_they_are_meant() -> None:
    binary = tuple(int(name == "disc_bulging") for name in BINARY)
    targets = classifier_forest.targets([DiscViews(1, 0, 3, 2, binary, {})])[0]
    asked = dict(zip(SECOND, targets.tolist(), strict=True))
    assert asked["modic"] == asked["disc_bulging"] == 1
    assert asked["disc_narrowing"] == 0
    assert [asked[f"pfirrmann above {g}"] for g in range(1, 5)] == [1, 1, 0, 0]
