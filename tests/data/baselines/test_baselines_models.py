"""The models find a signal that is there, and none where the grades were shuffled."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from data.baselines import models
from data.baselines.folds import NotEstimable
from data.baselines.models import MODELS, Training, models_for
from data.baselines.table import LEVEL, build
from radixgpt import statistics
from radixgpt.case import Case

Synthetic = Callable[..., tuple[list[Case], pd.DataFrame]]


def training(rows: int = 300, *, count: int = 2, seed: int = 0, signal: float = 2.0) -> Training:
    """Grades that one of three features tells of; five rows a patient."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=rows)
    features = pd.DataFrame(
        {
            "told": signal * hidden + rng.normal(size=rows),
            "silent": rng.normal(size=rows),
            "missing": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
            LEVEL: np.arange(rows) % 5.0,
        }
    )
    edges = np.quantile(hidden, np.arange(1, count) / count)
    patients = [str(k // 5) for k in range(rows)]
    return Training(features, np.digitize(hidden, edges).astype(np.int64), patients, count, 0)


@pytest.mark.parametrize("name", ["logistic", "boosting"])
def test_a_model_finds_what_is_there(name: str) -> None:
    fitted = MODELS[name](training())
    unseen = training(seed=1)
    chances = fitted.predict(unseen.features)
    assert chances.shape == (300, 2)
    assert chances.sum(axis=1) == pytest.approx(1)
    assert statistics.auroc(unseen.grades, chances[:, 1]) > 0.9


@pytest.mark.parametrize("name", ["logistic", "boosting", "ordinal"])
def test_grades_are_found_in_their_order(name: str) -> None:
    fitted = MODELS[name](training(count=5, rows=500))
    unseen = training(count=5, rows=500, seed=1)
    chances = fitted.predict(unseen.features)
    assert chances.shape == (500, 5)
    assert chances.sum(axis=1) == pytest.approx(1)
    assert statistics.quadratic_kappa(unseen.grades, chances.argmax(axis=1), 5) > 0.7


@pytest.mark.parametrize("name", ["logistic", "boosting"])
def test_nothing_is_found_where_nothing_is(name: str) -> None:
    silent = training(rows=500, signal=0.0)
    unseen = training(rows=500, signal=0.0, seed=1)
    chances = MODELS[name](silent).predict(unseen.features)
    assert statistics.auroc(unseen.grades, chances[:, 1]) == pytest.approx(0.5, abs=0.08)


def test_prevalence_and_level_count() -> None:
    given = training(rows=50)
    shares = MODELS["prevalence"](given).predict(given.features)
    assert shares[:, 1] == pytest.approx(given.grades.mean())
    levels = given.features[LEVEL].to_numpy()
    by_level = MODELS["level"](given).predict(given.features)
    own = given.grades[levels == 2]
    wanted = (own.sum() + given.grades.mean()) / (len(own) + 1)
    assert by_level[levels == 2, 1] == pytest.approx(wanted)
    other = given.features.head(1).assign(**{LEVEL: 7.0})
    assert MODELS["level"](given).predict(other)[0, 1] == pytest.approx(given.grades.mean())


def test_a_grade_that_was_never_met_gets_no_probability() -> None:
    given = training(count=3)
    apart = Training(given.features, given.grades * 2, given.patients, 5, 0)
    for name in models_for(5):
        chances = MODELS[name](apart).predict(apart.features)
        assert chances.shape == (300, 5)
        assert chances[:, [1, 3]].max() == 0
        assert chances.sum(axis=1) == pytest.approx(1)


def test_logistic_odds_are_those_that_made_the_grades() -> None:
    rng = np.random.default_rng(3)
    told = rng.normal(size=3000)
    grades = (rng.random(3000) < 1 / (1 + np.exp(-1.5 * told))).astype(np.int64)
    features = pd.DataFrame({"told": told, "silent": rng.normal(size=3000)})
    fitted = models.logistic(Training(features, grades, [str(k) for k in range(3000)], 2, 0))
    found = fitted.coefficients()
    assert found["told"] == pytest.approx(1.5 * told.std(), abs=0.15)
    assert found["silent"] == pytest.approx(0, abs=0.15)


def test_ordinal_odds_are_those_that_made_the_grades(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    told = rng.normal(size=1500)
    hidden = 1.2 * told + rng.logistic(size=1500)
    grades = np.digitize(hidden, [-1.0, 0.5, 2.0]).astype(np.int64)
    features = pd.DataFrame({"told": told, "silent": rng.normal(size=1500)})
    given = Training(features, grades, [str(k) for k in range(1500)], 4, 0)
    found = models.ordinal(given).coefficients()
    assert found["told"] == pytest.approx(1.2 * told.std(), abs=0.15)
    assert found["silent"] == pytest.approx(0, abs=0.15)
    monkeypatch.setattr(models, "RIDGE", 300.0)
    assert abs(models.ordinal(given).coefficients()["told"]) < 0.9 * abs(found["told"])


def test_a_feature_that_is_never_known_says_nothing() -> None:
    given = training()
    empty = Training(
        given.features.assign(lost=np.nan), given.grades, given.patients, given.count, 0
    )
    for name in models_for(2):
        chances = MODELS[name](empty).predict(empty.features)
        assert np.isfinite(chances).all()


def test_one_grade_alone_is_not_estimable() -> None:
    given = training()
    single = Training(given.features, given.grades * 0, given.patients, 2, 0)
    for name in ("logistic", "boosting", "ordinal"):
        with pytest.raises(NotEstimable):
            MODELS[name](single)


def test_a_fit_that_does_not_converge_is_told() -> None:
    def warn() -> None:
        warnings.warn("no", ConvergenceWarning, stacklevel=1)

    with pytest.raises(NotEstimable, match="did not converge"):
        models._fit_or_tell(warn)

    def refuse() -> None:
        raise ValueError("only one class")

    with pytest.raises(NotEstimable, match="only one class"):
        models._fit_or_tell(refuse)


def test_models_are_the_same_at_each_run(synthetic: Synthetic) -> None:
    discs = build(*synthetic(12, development=2))
    features = discs.rows[list(discs.features)]
    grades = discs.rows["pfirrmann"].to_numpy(float).astype(np.int64) - 1
    given = Training(features, grades, list(map(str, discs.rows["patient"])), 5, 0)
    for name in models_for(5):
        first, again = (MODELS[name](given).predict(features) for _ in range(2))
        assert (first == again).all(), name
