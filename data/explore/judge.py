"""Probabilities of labels from cross-validation by patient, and the labels that they doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.explore.threads import one_thread
from radixgpt.statistics import auroc

Floats = npt.NDArray[np.float64]

FOLDS = 5
FEWEST = 10
"""A class is judged from so many labels, of at least ``FOLDS`` patients."""
WORTHLESS = 0.7
"""Area under the curve below which a judge is not asked."""
UNLIKELY = 0.1
"""Chance of the given label at which it may be doubted: the judge has to be sure of another."""
APART = 2
"""Grades that a given and a likelier grade are apart; readers often differ by one."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a judge says of the labels of one kind.

    Attributes:
        classes: the labels that were judged, in order.
        rows: which of the given labels were judged.
        probabilities: (rows, classes), each row by a model that saw no label of its patient.
        auroc: mean over the classes, one against the rest.
        doubted: positions in ``rows``, the most doubtful first; empty where the judge is
            worthless.
        by_chance: so many labels would look as unlikely if all were right and so were the judge's
            probabilities.
        left_out: labels of classes that are too rare.
    """

    classes: tuple[str, ...]
    rows: npt.NDArray[np.intp]
    probabilities: Floats
    auroc: float
    doubted: tuple[int, ...]
    by_chance: float
    left_out: int

    @property
    def worthless(self) -> bool:
        """Whether it knows too little to doubt anyone."""
        return self.auroc < WORTHLESS


def judge(
    features: Floats,
    labels: Sequence[str],
    patients: Sequence[str],
    *,
    graded: bool = False,
    seed: int,
) -> Verdict | None:
    """Let a regularised logistic regression judge labels that it was not trained on.

    Folds are by patient and keep the shares of the classes. Doubted labels are those of confident
    learning (Northcutt, Jiang and Chuang, JAIR 2021), as cleanlab finds them, that the judge also
    gives a chance of at most ``UNLIKELY``.

    Args:
        features: (labels, features); NaN where one is unknown.
        labels: the label of each row.
        patients: the patient of each row.
        graded: labels are whole grades; only those ``APART`` from the likeliest are doubted.
        seed: of the folds.

    Returns:
        None where there are not two classes that are frequent enough.
    """
    from cleanlab.filter import find_label_issues

    given, people = np.asarray(labels, dtype=object), np.asarray(patients, dtype=object)
    classes = tuple(
        name
        for name in sorted(set(labels))
        if (given == name).sum() >= FEWEST and len(set(people[given == name])) >= FOLDS
    )
    if len(classes) < 2:
        return None
    rows = np.flatnonzero(np.isin(given, classes))
    codes = np.array([classes.index(name) for name in given[rows]])
    usable = features[rows][:, np.isfinite(features[rows]).any(axis=0)]
    probabilities = _out_of_fold(usable, codes, people[rows], len(classes), seed)
    area = float(np.mean([auroc(codes == c, probabilities[:, c]) for c in range(len(classes))]))
    unlikely = probabilities <= UNLIKELY
    if graded:
        grades = np.array([float(name) for name in classes])
        likeliest = grades[probabilities.argmax(axis=1)]
        unlikely &= np.abs(grades[None] - likeliest[:, None]) >= APART
    doubted: tuple[int, ...] = ()
    if area >= WORTHLESS:
        found = find_label_issues(
            codes, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
        )
        doubted = tuple(int(i) for i in found if unlikely[i, codes[i]])
    by_chance = float((probabilities * unlikely).sum())
    left_out = len(given) - len(rows)
    return Verdict(classes, rows, probabilities, area, doubted, by_chance, left_out)


def _out_of_fold(
    features: Floats,
    codes: npt.NDArray[np.intp],
    patients: npt.NDArray[Any],
    classes: int,
    seed: int,
) -> Floats:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probabilities = np.full((len(codes), classes), np.nan)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with one_thread():
        for training, held in folds.split(features, codes, patients):
            model = make_pipeline(
                SimpleImputer(strategy="median", keep_empty_features=True),
                StandardScaler(),
                LogisticRegression(max_iter=2000),
            )
            model.fit(features[training], codes[training])
            probabilities[held] = 0.0
            probabilities[np.ix_(held, model.classes_)] = model.predict_proba(features[held])
    return probabilities
