"""What calibration and trees bring, on training patients that neither has seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eval import grades as marks
from finetune import classifier_forest
from finetune.classifier_calibration import Unseen, fit_calibration
from tools.calibration import any_modic, sigmoid
from tools.forest import judged
from tools.grade_net import BINARY

_SLIP = BINARY.index("spondylolisthesis")


def _modes(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The likeliest grade, from 0, by the networks' own thresholds."""
    above = np.minimum.accumulate(sigmoid(thresholds), axis=1)
    ends = np.ones((len(above), 1))
    edges = np.concatenate([ends, above, 0 * ends], axis=1)
    likeliest: npt.NDArray[np.intp] = (edges[:, :-1] - edges[:, 1:]).argmax(1)
    return likeliest


def crossed(seen: Unseen, drawn: Unseen, repeats: int = 2) -> dict[str, float]:
    """Figures of the training discs with both sequences, calibrated without their own patient.

    ``before`` is without the power of the Pfirrmann grades, and spondylolisthesis by the network's
    logit alone. ``floor`` is the ECE that a grader with exactly these probabilities would show on
    as many discs as the development patients have.
    """
    patients = np.array([d.patient for d in seen.discs])
    grade = np.array([d.pfirrmann for d in seen.discs])
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        shuffled = rng.permutation(np.unique(patients))
        fold = dict(zip(shuffled.tolist(), (np.arange(len(shuffled)) % 5).tolist(), strict=True))
        folded = np.array([fold[p] for p in patients])
        plain, mended = np.zeros((len(grade), 5)), np.zeros((len(grade), 5))
        slip, change = np.zeros(len(grade)), np.zeros(len(grade))
        every = np.zeros((len(grade), len(BINARY)))
        for out in range(5):
            rest = seen.part(folded != out)
            usual = rest.usual()
            fitted = fit_calibration(rest, rest.trees(), drawn, usual)
            held = seen.part(folded == out)
            forests = classifier_forest.fit(rest.given, classifier_forest.targets(rest.discs))
            trees = judged(forests, held.given)
            chances = held.chances(trees, fitted, usual)
            every[folded == out] = chances.binary
            change[folded == out] = chances.modic[:, 1:].sum(1)
            mended[folded == out], slip[folded == out] = chances.pfirrmann, chances.binary[:, _SLIP]
            unmended = fitted.model_copy(update={"sharpness": 1.0})
            plain[folded == out] = held.chances(trees, unmended, usual).pfirrmann
        for name, chance in (("before", plain), ("after", mended)):
            stated = 1 + chance.argmax(1)
            error = marks.expected_calibration_error(chance.max(1), stated == grade)
            note(f"Pfirrmann ECE, {name}", error)
        note("Pfirrmann quadratic kappa", marks.quadratic_kappa(grade - 1, stated - 1, 5))
        note("Pfirrmann balanced accuracy", marks.balanced_accuracy(grade, stated))
        alone = 1 + _modes(seen.pfirrmann)
        note("Pfirrmann quadratic kappa, networks", marks.quadratic_kappa(grade - 1, alone - 1, 5))
        note("Pfirrmann within one", marks.within_one(grade, stated))
        for _ in range(40):
            some = rng.choice(len(grade), 185, replace=False)
            sure = mended[some].max(1)
            note("floor", marks.expected_calibration_error(sure, rng.random(185) < sure))
        changed = np.array([d.modic > 0 for d in seen.discs])
        note("modic AUROC, networks", marks.auroc(changed, any_modic(seen.modic)))
        note("modic AUROC, with trees", marks.auroc(changed, change))
        for j, name in enumerate(BINARY):
            found_so = np.array([d.binary[j] == 1 for d in seen.discs])
            note(f"{name} AUROC, networks", marks.auroc(found_so, seen.binary[:, j]))
            note(f"{name} AUROC, with trees", marks.auroc(found_so, every[:, j]))
        present = seen.slipped()
        note("spondylolisthesis AUROC, after", marks.auroc(present, slip))
        note("spondylolisthesis AUROC, before", marks.auroc(present, seen.binary[:, _SLIP]))
        sure, right = np.maximum(slip, 1 - slip), (slip >= 0.5) == present
        note("spondylolisthesis ECE", marks.expected_calibration_error(sure, right))
        for line in (0.5, 0.7):
            stated = slip >= line
            note(f"spondylolisthesis at {line} or more", float(stated.sum()))
            note(f"of these graded so, at {line} or more", float((stated & present).sum()))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}
