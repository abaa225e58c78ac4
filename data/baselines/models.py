"""The baselines: five models from knowing nothing to boosted trees, behind one small interface.

All see the same features. Grades are numbered from 0; probabilities have a column a grade.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from data.baselines.folds import NotEstimable, patient_folds
from data.baselines.table import LEVEL
from radixgpt.level import LUMBAR_DISCS, disc_index

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PENALTIES = (0.01, 0.1, 1.0)
"""Values of C, the inverse strength of the L2 penalty, that logistic regression chooses from."""
_INNER_FOLDS = 3
RIDGE = 1.0
"""Strength of the L2 penalty of the ordinal model, on standardised features."""


class Fitted(Protocol):
    """A model that has learned."""

    def predict(self, features: pd.DataFrame) -> Floats:
        """Probabilities (n, grades)."""


Fit = Callable[["Training"], Fitted]


@dataclass(frozen=True, eq=False)
class Training:
    """What a model learns from.

    Attributes:
        features: (n, k), nan where unknown.
        grades: (n,), from 0.
        patients: of each row.
        count: how many grades there are, also where some do not occur.
        seed: of whatever is drawn.
    """

    features: pd.DataFrame
    grades: Ints
    patients: Sequence[str]
    count: int
    seed: int

    def rows(self, chosen: npt.NDArray[np.intp]) -> Training:
        """Some of the rows."""
        return Training(
            self.features.iloc[chosen],
            self.grades[chosen],
            [self.patients[i] for i in chosen],
            self.count,
            self.seed,
        )


@dataclass(frozen=True)
class Prevalence:
    """The share of each grade in training, for every disc alike; its likeliest is the usual one."""

    shares: Floats

    @classmethod
    def fit(cls, training: Training) -> Prevalence:
        """Count."""
        return cls(np.bincount(training.grades, minlength=training.count) / len(training.grades))

    def predict(self, features: pd.DataFrame) -> Floats:
        """The same for every row."""
        return np.tile(self.shares, (len(features), 1))


@dataclass(frozen=True)
class LevelPrevalence:
    """The share of each grade at the disc's level, drawn towards that of all by one disc's weight.

    What knowing nothing but the level is worth.
    """

    at: dict[float, Floats]
    otherwise: Floats

    @classmethod
    def fit(cls, training: Training) -> LevelPrevalence:
        """Count at each level."""
        overall = Prevalence.fit(training).shares
        levels = training.features[LEVEL].to_numpy(float)
        at = {}
        for level in np.unique(levels[~np.isnan(levels)]):
            here = np.bincount(training.grades[levels == level], minlength=training.count)
            at[float(level)] = (here + overall) / (here.sum() + 1)
        return cls(at, overall)

    def predict(self, features: pd.DataFrame) -> Floats:
        """By the level of each row."""
        levels = features[LEVEL].to_numpy(float)
        return np.stack([self.at.get(float(level), self.otherwise) for level in levels])


@dataclass(frozen=True)
class FromScikitLearn:
    """A fitted classifier of scikit-learn; grades that it has not met get no probability."""

    estimator: Any
    names: tuple[str, ...]
    count: int
    penalty: float | None = None

    def predict(self, features: pd.DataFrame) -> Floats:
        """Probabilities of all grades."""
        chances = self.estimator.predict_proba(features[list(self.names)].to_numpy())
        return _spread(chances, self.estimator.classes_, self.count)

    def coefficients(self) -> dict[str, float]:
        """Of a logistic model of two grades: log odds ratio for a standard deviation."""
        names = self.estimator[:-1].get_feature_names_out(self.names)
        return dict(zip(map(str, names), map(float, self.estimator[-1].coef_[0]), strict=True))


def _spread(chances: Floats, grades: npt.ArrayLike, count: int) -> Floats:
    """Put columns of the grades that were met among those of all."""
    out = np.zeros((len(chances), count))
    out[:, np.asarray(grades, int)] = chances
    return out


def prepare(features: Sequence[str]) -> Any:
    """Median imputation with a flag, level as a category, everything scaled; a transformer.

    It takes arrays whose columns are ``features``. A feature that is never known among the rows
    becomes a constant, which says nothing.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [place for place, name in enumerate(features) if name != LEVEL]
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    parts: list[tuple[str, Any, list[int]]] = [
        ("measured", make_pipeline(imputer, StandardScaler()), numbers)
    ]
    if LEVEL in features:
        known = [[float(disc_index(disc)) for disc in reversed(LUMBAR_DISCS)]]
        one_hot = OneHotEncoder(categories=known, drop="first", sparse_output=False)
        place = [list(features).index(LEVEL)]
        parts.append(("level", make_pipeline(one_hot, StandardScaler()), place))
    return ColumnTransformer(parts, verbose_feature_names_out=False)


def logistic(training: Training) -> FromScikitLearn:
    """L2-penalised logistic regression (multinomial for more than two grades).

    The penalty is the one of PENALTIES with the least log loss over folds of patients within the
    training rows.

    Raises:
        NotEstimable: it did not converge, or too few patients have the finding.
    """
    from sklearn.pipeline import make_pipeline

    names = tuple(map(str, training.features.columns))
    losses = dict.fromkeys(PENALTIES, 0.0)
    for learn, held in patient_folds(
        training.grades, training.patients, count=_INNER_FOLDS, seed=training.seed
    ):
        part, test = training.rows(learn), training.rows(held)
        transformer = prepare(list(part.features.columns))
        seen, unseen = (
            transformer.fit_transform(part.features),
            transformer.transform(test.features),
        )
        for penalty in PENALTIES:
            model = _logistic(seen, part.grades, penalty)
            chances = _spread(model.predict_proba(unseen), model.classes_, training.count)
            right = np.maximum(chances[np.arange(len(held)), test.grades], 1e-6)
            losses[penalty] -= float(np.log(right).sum())
    penalty = min(PENALTIES, key=losses.__getitem__)
    transformer = prepare(names)
    seen = transformer.fit_transform(training.features.to_numpy())
    model = _logistic(seen, training.grades, penalty)
    return FromScikitLearn(make_pipeline(transformer, model), names, training.count, penalty)


def _logistic(features: Floats, grades: Ints, penalty: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=penalty, max_iter=2000)
    return _fit_or_tell(lambda: model.fit(features, grades))


def boosting(training: Training) -> FromScikitLearn:
    """Histogram gradient boosting of small trees; unknown values go their own way in each split.

    Raises:
        NotEstimable: all training rows have one grade.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    if len(np.unique(training.grades)) < 2:
        raise NotEstimable("all training discs have the same grade")
    model = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=80,
        max_leaf_nodes=6,
        min_samples_leaf=15,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=training.seed,
    )
    # The binning refuses a feature without a single value.
    names = tuple(str(n) for n in training.features if training.features[n].notna().any())
    model.fit(training.features[list(names)].to_numpy(), training.grades)
    return FromScikitLearn(model, names, training.count)


@dataclass(frozen=True)
class Ordinal:
    """A fitted proportional-odds model: one slope a feature, one threshold between two grades."""

    transformer: Any
    names: tuple[str, ...]
    model: Any
    params: Floats
    grades: Ints
    count: int

    def predict(self, features: pd.DataFrame) -> Floats:
        """Probabilities of all grades."""
        exog = self.transformer.transform(features[list(self.names)].to_numpy())
        chances = np.asarray(self.model.predict(self.params, exog=exog), float)
        return _spread(chances, self.grades, self.count)

    def coefficients(self) -> dict[str, float]:
        """Log odds ratio of a higher grade for a standard deviation of each feature."""
        names = [str(name) for name in self.transformer.get_feature_names_out(self.names)]
        return dict(zip(names, map(float, self.params), strict=False))


def ordinal(training: Training) -> Ordinal:
    """Proportional odds (McCullagh 1980) by statsmodels, with an L2 penalty on the slopes.

    Raises:
        NotEstimable: fewer than three grades occur, or it did not converge.
    """
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    class Penalised(OrderedModel):  # type: ignore[misc]
        def loglike(self, params: Floats) -> float:
            slopes = params[: self.exog.shape[1]]
            return float(super().loglike(params)) - RIDGE / 2 * float(slopes @ slopes)

    met, numbered = np.unique(training.grades, return_inverse=True)
    if len(met) < 3:
        raise NotEstimable("fewer than three grades occur in training")
    names = tuple(map(str, training.features.columns))
    transformer = prepare(names)
    exog = transformer.fit_transform(training.features.to_numpy())
    model = Penalised(numbered, exog, distr="logit", hasconst=False)
    # Standard errors would be those of an unpenalised model, so none are asked for.
    result = _fit_or_tell(
        lambda: model.fit(method="bfgs", maxiter=400, disp=False, skip_hessian=True)
    )
    return Ordinal(transformer, names, model, np.asarray(result.params, float), met, training.count)


def _fit_or_tell(fit: Callable[[], Any]) -> Any:
    """Fit, and make what a library only warns of an error of ours.

    Raises:
        NotEstimable: the fit did not converge, or met numbers that it could not work with.
    """
    from sklearn.exceptions import ConvergenceWarning as OfScikitLearn
    from statsmodels.tools.sm_exceptions import ModelWarning

    with warnings.catch_warnings():
        for kind in (OfScikitLearn, ModelWarning, RuntimeWarning):
            warnings.simplefilter("error", kind)
        try:
            return fit()
        except (OfScikitLearn, ModelWarning) as error:
            raise NotEstimable("the fit did not converge") from error
        except (RuntimeWarning, np.linalg.LinAlgError) as error:
            raise NotEstimable("the fit met numbers out of range") from error
        except ValueError as error:
            raise NotEstimable(f"the fit was refused: {error}") from error


MODELS: dict[str, Fit] = {
    "prevalence": Prevalence.fit,
    "level": LevelPrevalence.fit,
    "logistic": logistic,
    "boosting": boosting,
    "ordinal": ordinal,
}
"""All models from the simplest up; ``ordinal`` is for more than two grades."""
MODEL_TITLES = {
    "prevalence": "prevalence",
    "level": "prevalence at the level",
    "logistic": "logistic regression (L2)",
    "boosting": "gradient boosting",
    "ordinal": "proportional odds",
}


def models_for(count: int) -> tuple[str, ...]:
    """Names of the models for a finding of so many grades."""
    return tuple(name for name in MODELS if name != "ordinal" or count > 2)
