"""Learning of one finding: cross-validation by patient, development, learning curve, importance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from data.baselines.folds import NotEstimable, check_enough, patient_folds
from data.baselines.marks import main_figure
from data.baselines.models import MODELS, Fitted, Floats, Ints, Training, models_for
from data.baselines.table import LEVEL, PATIENT, Discs
from radixgpt import statistics
from radixgpt.finding import KINDS

if TYPE_CHECKING:
    import pandas as pd

Rows = npt.NDArray[np.intp]
CURVE_PATIENTS = (10, 25, 60)
"""Training patients of the points of a learning curve; the last point has all of a fold's."""
CURVE_MODELS = ("logistic", "boosting")
EXPLAINED_MODELS = ("logistic", "boosting")
REPEATS = 10
_CURVE_DRAWS = 200


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one part that are graded for a finding."""

    features: pd.DataFrame
    grades: Ints
    patients: list[str]


@dataclass(frozen=True, eq=False)
class Task:
    """One finding with its two parts.

    Attributes:
        count: of grades.
        lowest: the grade that is numbered 0.
    """

    finding: str
    count: int
    lowest: int
    train: Part
    development: Part
    seed: int

    @cached_property
    def folds(self) -> list[tuple[Rows, Rows]]:
        """Training and held-out rows of the cross-validation."""
        return list(patient_folds(self.train.grades, self.train.patients, seed=self.seed))

    @cached_property
    def fold_of(self) -> Ints:
        """The fold in which each training row is held out."""
        place = np.zeros(len(self.train.grades), np.int64)
        for k, (_, held) in enumerate(self.folds):
            place[held] = k
        return place

    def training(self, rows: Rows | None = None) -> Training:
        """All training rows, or some."""
        part = self.train
        everything = Training(part.features, part.grades, part.patients, self.count, self.seed)
        return everything if rows is None else everything.rows(rows)


def task(discs: Discs, finding: str, seed: int) -> Task:
    """Take the rows of a finding out of the table."""
    scale = KINDS[finding].values if finding == "pfirrmann" else (0, 1)
    lowest = int(scale[0])
    parts = []
    for split in ("train", "development"):
        rows = discs.rows[(discs.rows["split"] == split) & discs.rows[finding].notna()]
        grades = rows[finding].to_numpy(float).astype(np.int64) - lowest
        features = rows[list(discs.features)].reset_index(drop=True)
        parts.append(Part(features, grades, [str(p) for p in rows["patient"]]))
    return Task(finding, len(scale), lowest, parts[0], parts[1], seed)


@dataclass(frozen=True, eq=False)
class Learned:
    """What became of one model.

    Attributes:
        held_out: probabilities of the training rows, each by a model that did not see its patient.
        development: probabilities of the development rows, by the model of all training rows.
        folds: the fold models with the rows that they did not see.
        whole: the model of all training rows.
    """

    held_out: Floats
    development: Floats
    folds: list[tuple[Fitted, Rows]] = field(repr=False)
    whole: Fitted = field(repr=False)


def learn(one: Task, say: Callable[[str], None] = lambda _: None) -> dict[str, Learned | str]:
    """Fit all models of a finding; of one that can't be fitted the reason.

    Raises:
        NotEstimable: too few patients have the finding.
    """
    check_enough(one.train.grades, one.train.patients)
    out: dict[str, Learned | str] = {}
    for name in models_for(one.count):
        say(name)
        try:
            out[name] = _learn(one, name)
        except NotEstimable as reason:
            out[name] = str(reason)
    return out


def _learn(one: Task, name: str) -> Learned:
    fit = MODELS[name]
    held_out = np.full((len(one.train.grades), one.count), np.nan)
    fitted: list[tuple[Fitted, Rows]] = []
    for learned, held in one.folds:
        model = fit(one.training(learned))
        held_out[held] = model.predict(one.train.features.iloc[held])
        fitted.append((model, held))
    whole = fit(one.training())
    there = len(one.development.grades) > 0
    development = whole.predict(one.development.features) if there else np.zeros((0, one.count))
    return Learned(held_out, development, fitted, whole)


def learning_curve(one: Task, learned: Mapping[str, Learned | str]) -> list[dict[str, object]]:
    """The main figure over all folds against the number of training patients.

    At each point the folds are those of the cross-validation, and each fold's model learns from
    the first so many of the fold's training patients in an order fixed by the seed.

    Returns:
        Rows of model, patients, value, low, high and reason.
    """
    patients = np.asarray(one.train.patients)
    order = np.random.default_rng(one.seed).permutation(np.unique(patients))
    smallest = min(len(set(patients[learn])) for learn, _ in one.folds)
    rows: list[dict[str, object]] = []
    for name in CURVE_MODELS:
        whole = learned.get(name)
        if whole is None or isinstance(whole, str):
            continue
        for size in [n for n in CURVE_PATIENTS if n < smallest]:
            point: dict[str, object] = {"model": name, "patients": size}
            try:
                chances = _with_fewer(one, name, order, size)
            except NotEstimable as reason:
                rows.append({**point, "value": None, "reason": str(reason)})
            else:
                rows.append({**point, **_point(one, chances), "reason": ""})
        rows.append(
            {"model": name, "patients": smallest, **_point(one, whole.held_out), "reason": ""}
        )
    return rows


def _with_fewer(one: Task, name: str, order: npt.NDArray[np.str_], size: int) -> Floats:
    patients = np.asarray(one.train.patients)
    chances = np.full((len(patients), one.count), np.nan)
    for learned, held in one.folds:
        inside = set(patients[learned])
        some = [p for p in order if p in inside][:size]
        rows = learned[np.isin(patients[learned], some)]
        check = one.training(rows)
        if len(np.unique(check.grades)) < 2:
            raise NotEstimable(f"{size} patients of a fold all have the same grade")
        chances[held] = MODELS[name](check).predict(one.train.features.iloc[held])
    return chances


def _point(one: Task, chances: Floats) -> dict[str, object]:
    grades, folds = one.train.grades, one.fold_of
    low, high = statistics.interval(
        one.train.patients,
        lambda rows: main_figure(grades[rows], chances[rows], folds[rows]),
        draws=_CURVE_DRAWS,
        seed=one.seed,
    )
    value = main_figure(grades, chances, folds)
    return {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4)}


GROUPS: dict[str, tuple[str, ...]] = {
    "disc height": ("disc_height_index", "height_to_own_median"),
    "disc length": ("length_to_depth",),
    "canal": ("canal_ratio",),
    "slip": ("slip_ratio", "slip_size"),
    "T2 signal": ("t2_signal_to_canal", "t2_signal_to_vertebra", "t2_signal_spread"),
    "T1 signal": ("t1_signal_to_canal", "t1_signal_to_vertebra", "t1_signal_spread"),
    "level": (LEVEL,),
    "sex": ("sex_male",),
    "age": ("age_years",),
}
"""Features that are exchanged together, since each tells of the other."""


def importance(one: Task, learned: Mapping[str, Learned | str]) -> list[dict[str, object]]:
    """How much of the main figure is lost when a group of features is another patient's.

    Permutation importance (Breiman 2001) on patients that a fold's model did not see. Measures are
    exchanged between patients at the same level, so that what is lost is not the level's; what
    belongs to the patient goes with the patient; levels are exchanged within a patient.

    Returns:
        Rows of model, group, lost (mean over the repeats), low and high (their 5th and 95th
        percentile), the largest loss first.
    """
    rows: list[dict[str, object]] = []
    for name in EXPLAINED_MODELS:
        model = learned.get(name)
        if model is None or isinstance(model, str):
            continue
        grades, folds = one.train.grades, one.fold_of
        plain = main_figure(grades, model.held_out, folds)
        for group, names in GROUPS.items():
            inside = [n for n in names if n in one.train.features.columns]
            if not inside:
                continue
            figures = [main_figure(grades, c, folds) for c in _exchanged(one, model, inside)]
            lost = plain - np.array(figures)
            low, high = np.percentile(lost, (5, 95))
            rows.append(
                {
                    "model": name,
                    "group": group,
                    "lost": round(float(lost.mean()), 4),
                    "low": round(float(low), 4),
                    "high": round(float(high), 4),
                }
            )
    return sorted(rows, key=lambda row: (row["model"], -float(str(row["lost"]))))


def _exchanged(one: Task, model: Learned, names: list[str]) -> list[Floats]:
    """Held-out probabilities with some features exchanged, a few times over."""
    import pandas as pd

    rng = np.random.default_rng(one.seed)
    out = [np.full((len(one.train.grades), one.count), np.nan) for _ in range(REPEATS)]
    for fitted, held in model.folds:
        features = one.train.features.iloc[held]
        patients = np.asarray(one.train.patients)[held]
        levels = features[LEVEL].to_numpy(float)
        changed = []
        for _ in range(REPEATS):
            other = features.copy()
            source = _partners(names, patients, levels, rng)
            other[names] = features[names].to_numpy()[source]
            changed.append(other)
        chances = np.split(fitted.predict(pd.concat(changed, ignore_index=True)), REPEATS)
        for place, some in enumerate(chances):
            out[place][held] = some
    return out


def _partners(
    names: list[str],
    patients: npt.NDArray[np.str_],
    levels: Floats,
    rng: np.random.Generator,
) -> Rows:
    """For each row the row that its features are taken from."""
    source = np.arange(len(patients))
    if names[0] in PATIENT:
        unique, own = np.unique(patients, return_inverse=True)
        first = np.array([np.flatnonzero(own == k)[0] for k in range(len(unique))])
        return first[rng.permutation(len(unique))][own]
    key = patients if names == [LEVEL] else levels
    for value in np.unique(key):
        here = np.flatnonzero(key == value)
        source[here] = rng.permutation(here)
    return source
