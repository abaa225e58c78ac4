"""Calibrate the shipped disc grades on training patients, and say what it brings.

Every training disc is seen by the networks that did not learn from its patient
(``finetune.classifier train`` makes them). From these logits come the calibration for each choice
of sequences, the rule that joins spondylolisthesis with the measured slip, the thresholds of
abstention and the conformal sets; they go into the manifest of ``weights/classifier``. The
development patients take no part::

    python -m finetune.classifier_calibration           # fit and write
    python -m finetune.classifier_calibration --crossed # measure by five-fold cross-validation
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from finetune import classifier_data, classifier_forest, spider, usual_steps
from finetune.classifier import FILE, MEMBERS, folds, of_folds
from finetune.classifier_data import DiscViews
from finetune.classifier_fit import predict
from finetune.usual_steps import SLIP, steps_of
from radixgpt.weights import WEIGHTS, write_manifest
from tools import crops as cropping
from tools import levels, slips
from tools.calibration import Calibration, Chances, Joined, Said, any_modic, calibrate
from tools.forest import FEATURES, SECOND, features
from tools.grade_net import BINARY, SEQUENCES

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

REGIMES: dict[str, str | None] = {"both": None, "t2": "t2", "t1": "t1"}
"""Which sequences are there, and the only one that is looked at."""
PHANTOM_WEIGHT = 12.0
"""What a phantom's disc counts against a patient's in the rule on slips.

Large slips are rare among the patients (25 graded slips, two of them above 15 % of the depth), so
what such a slip means is mostly learned from phantoms, where it is known.
"""

MISSED = 0.1
"""Share of the discs whose true value may lie outside of its set."""


@dataclass(frozen=True, eq=False)
class Unseen:
    """Discs with the logits of networks that did not learn from their patients.

    Attributes:
        pfirrmann, modic, binary: logits, (n, 4), (n, 4), (n, 6).
        given: what the trees judge by, (n, features).
        steps: the steps measured in the sequence that stands for the regime, as they are.
    """

    discs: list[DiscViews]
    pfirrmann: Array
    modic: Array
    binary: Array
    given: Array
    steps: list[slips.Steps]

    def part(self, chosen: Flags) -> Unseen:
        """Some of the discs."""
        rows = np.flatnonzero(chosen)
        return Unseen(
            [self.discs[i] for i in rows],
            self.pfirrmann[rows],
            self.modic[rows],
            self.binary[rows],
            self.given[rows],
            [self.steps[i] for i in rows],
        )

    def against(self, usual: slips.Usual) -> list[slips.Steps]:
        """The steps beyond the usual ones."""
        return [s.against(usual, d.index) for s, d in zip(self.steps, self.discs, strict=True)]

    def usual(self) -> slips.Usual:
        """The usual steps of these discs."""
        return usual_steps.fit(self.discs, self.steps)

    def slipped(self) -> Flags:
        """Which discs have a graded (in phantoms, a drawn) spondylolisthesis."""
        return np.array([d.binary[SLIP] == 1 for d in self.discs])

    def patients(self) -> Array:
        """The patient of each disc."""
        return np.array([d.patient for d in self.discs], float)

    def trees(self) -> Array:
        """Logits of trees that did not learn from a disc's patient either."""
        return classifier_forest.crossed(
            self.given, classifier_forest.targets(self.discs), self.patients()
        )

    def chances(self, trees: Array, calibration: Calibration, usual: slips.Usual) -> Chances:
        """Calibrated probabilities, with what the trees say."""
        said = Said(self.pfirrmann, self.modic, self.binary, trees, self.against(usual))
        return calibrate(said, calibration)


def look(members: Items[torch.nn.Module], discs: list[DiscViews], regime: str) -> Unseen:
    """Mean logits of members for the discs that have the regime's sequences."""
    only = REGIMES[regime]
    wanted = {"t1", "t2"} if only is None else {only}
    shown = [d for d in discs if wanted <= {name for name, views in d.views.items() if views}]
    # The neighbours that a disc is judged beside are all of its patient's, as in the product.
    beside = [d for d in discs if d.views.get(only)] if only else discs
    place = {id(d): i for i, d in enumerate(beside)}
    rows = [place[id(d)] for d in shown]

    parts = [predict(net, beside, only=only) for net in members]
    pfirrmann, modic, binary = (
        torch.stack([part[name][rows] for part in parts]).mean(0).double().numpy()
        for name in ("pfirrmann", "modic", "binary")
    )
    if only is None:
        alone = look(members, discs, "t2")
        of = {id(d): row for d, row in zip(alone.discs, alone.pfirrmann, strict=True)}
        pfirrmann = (pfirrmann + np.stack([of[id(d)] for d in shown])) / 2
    given = np.full((len(shown), len(FEATURES)), np.nan)
    row_of = {id(d): i for i, d in enumerate(shown)}
    for patient in {d.patient for d in shown}:
        own = [d for d in shown if d.patient == patient]
        at = [row_of[id(d)] for d in own]
        given[at] = features(
            [_cut(d, only) for d in own],
            [steps_of(d, only) for d in own],
            [d.index for d in own],
            (pfirrmann[at], modic[at], binary[at]),
        )
    return Unseen(shown, pfirrmann, modic, binary, given, [steps_of(d, only) for d in shown])


def _cut(disc: DiscViews, only: str | None) -> dict[str, cropping.Crop]:
    """The first view of each sequence that is shown."""
    return {
        name: disc.views[name][0]
        for name in SEQUENCES
        if disc.views.get(name) and only in (None, name)
    }


def out_of_fold(
    networks: Items[Items[torch.nn.Module]],
    discs: list[DiscViews],
    parts: list[list[int]],
    regime: str,
) -> Unseen:
    """Each training disc as the networks saw it that did not learn from its patient."""
    seen = [
        look(own, [d for d in discs if d.patient in patients], regime)
        for own, patients in zip(networks, parts, strict=True)
    ]
    return Unseen(
        [d for one in seen for d in one.discs],
        np.concatenate([one.pfirrmann for one in seen]),
        np.concatenate([one.modic for one in seen]),
        np.concatenate([one.binary for one in seen]),
        np.concatenate([one.given for one in seen]),
        [s for one in seen for s in one.steps],
    )


def _logistic(
    features: Array, target: Flags, weights: Array | None = None, strength: float = 100.0
) -> list[float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, fit_intercept=False, max_iter=3000)
    return [float(v) for v in model.fit(features, target, sample_weight=weights).coef_[0]]


def fit_slip(seen: Unseen, drawn: Unseen, usual: slips.Usual) -> slips.SlipRule:
    """Join network and measures, on patients and phantoms."""
    columns, target, weights = [], [], []
    for some, weight in ((seen, 1.0), (drawn, PHANTOM_WEIGHT)):
        measured = np.array([s.features for s in some.against(usual)]).reshape(-1, 2)
        constant = np.ones(len(some.discs))
        columns.append(np.column_stack([some.binary[:, SLIP], measured, constant]))
        target.append(some.slipped())
        weights.append(np.full(len(some.discs), weight))
    found = _logistic(np.concatenate(columns), np.concatenate(target), np.concatenate(weights))
    return slips.SlipRule(**dict(zip(("logit", "step", "agreed", "offset"), found, strict=True)))


def fit_calibration(seen: Unseen, trees: Array, drawn: Unseen, usual: slips.Usual) -> Calibration:
    """Logistic calibration (Platt 1999) of each output on discs that were not learned from.

    Args:
        seen: the patients' discs.
        trees: what trees that don't know the patients say of them.
        drawn: discs of phantoms, for the rule on slips.
        usual: the usual steps.
    """

    def platt(logit: Array, tree: Array, present: Flags) -> Joined:
        network, own, offset = _logistic(
            np.stack([logit, tree, np.ones_like(logit)], 1), present, strength=1.0
        )
        return Joined(network=network, trees=own, offset=offset)

    grade = np.array([d.pfirrmann for d in seen.discs])
    places = np.tile(np.eye(4), (len(grade), 1))
    both = np.stack([seen.pfirrmann.reshape(-1), trees[:, -4:].reshape(-1)], axis=1)
    above = (grade[:, None] > np.arange(1, 5)).reshape(-1)
    network, own, *offsets = _logistic(np.concatenate([both, places], axis=1), above)
    first, second, third, fourth = (
        Joined(network=network, trees=own, offset=offset) for offset in offsets
    )
    changed = np.array([d.modic > 0 for d in seen.discs])
    fitted = Calibration(
        pfirrmann=(first, second, third, fourth),
        sharpness=1.0,
        modic=platt(any_modic(seen.modic), trees[:, SECOND.index("modic")], changed),
        binary={
            name: platt(
                seen.binary[:, j],
                trees[:, SECOND.index(name)],
                np.array([d.binary[j] == 1 for d in seen.discs]),
            )
            for j, name in enumerate(BINARY)
            if j != SLIP
        },
        slip=fit_slip(seen, drawn, usual),
    )
    rows = np.arange(len(grade))

    def surprise(sharpness: float) -> float:
        tried = fitted.model_copy(update={"sharpness": sharpness})
        return -float(np.log(seen.chances(trees, tried, usual).pfirrmann[rows, grade - 1]).mean())

    best = min(np.arange(0.5, 1.51, 0.05).tolist(), key=surprise)
    return fitted.model_copy(update={"sharpness": round(best, 2)})


def abstention(discs: list[DiscViews], chances: Chances) -> dict[str, float]:
    """Confidence below which a statement of each kind is right less than three times in five.

    At most a tenth of the discs of a kind is given up.
    """
    stated: dict[str, tuple[Array, Array]] = {}
    rows = np.arange(len(discs))
    grade = 1 + chances.pfirrmann.argmax(axis=1)
    truth = np.array([d.pfirrmann for d in discs])
    stated["pfirrmann"] = chances.pfirrmann[rows, grade - 1], grade == truth
    change = chances.modic[:, 1:].sum(1)
    types = np.where(change < 0.5, 0, 1 + chances.modic[:, 1:].argmax(1))
    modic = np.array([d.modic for d in discs])
    stated["modic"] = chances.modic[rows, types], types == modic
    for j, name in enumerate(BINARY):
        present = chances.binary[:, j]
        right = (present >= 0.5) == np.array([d.binary[j] for d in discs], bool)
        stated[name] = np.maximum(present, 1 - present), right
    found = {}
    for name, (sure, right) in stated.items():
        limit = 0.0
        for threshold in np.arange(0.3, 0.71, 0.02):
            below = sure < threshold
            if below.mean() > 0.1:
                break
            if below.any() and right[below].mean() < 0.6:
                limit = float(threshold)
        found[name] = round(limit, 2)
    return found


def conformal(discs: list[DiscViews], chances: Chances, miss: float = MISSED) -> dict[str, float]:
    """Chance from which a value belongs to the set that holds the true one (Sadinle, Lei and
    Wasserman, JASA 2019): at most ``miss`` of new discs have their value outside of it, as long as
    they resemble these.
    """
    rows = np.arange(len(discs))
    true = {
        "pfirrmann": chances.pfirrmann[rows, [d.pfirrmann - 1 for d in discs]],
        "modic": chances.modic[rows, [d.modic for d in discs]],
    }
    for j, name in enumerate(BINARY):
        present = np.array([d.binary[j] == 1 for d in discs])
        true[name] = np.where(present, chances.binary[:, j], 1 - chances.binary[:, j])
    place = max(1, int(np.floor(miss * (len(discs) + 1))))
    return {name: round(float(np.sort(p)[place - 1]), 4) for name, p in true.items()}


def main() -> None:
    """Fit and write, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/classifier"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--crossed", action="store_true", help="measure, write nothing")
    parser.add_argument("--phantoms", type=int, default=70)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train, _ = spider.split(options.shared)
    networks = of_folds(options.out)
    cut = classifier_data.load(options.shared, levels.model(), options.out / "discs.pickle")
    discs = [d for d in cut if d.patient in train]
    phantoms = classifier_data.load_phantoms(
        levels.model(), options.phantoms, options.out / "phantoms.pickle"
    )
    parts = folds(train)
    both = out_of_fold(networks, discs, parts, "both")
    drawn_by = [net for own in networks for net in own]
    if options.crossed:
        from finetune.classifier_crossed import crossed

        print(json.dumps(crossed(both, look(drawn_by, phantoms, "both")), indent=1))
        return
    usual = slips.usual()
    calibration, cuts, forests = {}, {}, {}
    limits: dict[str, float] = {}
    for regime in REGIMES:
        seen = both if regime == "both" else out_of_fold(networks, discs, parts, regime)
        trees = seen.trees()
        fitted = fit_calibration(seen, trees, look(drawn_by, phantoms, regime), usual)
        chances = seen.chances(trees, fitted, usual)
        calibration[regime], cuts[regime] = fitted, conformal(seen.discs, chances)
        forests[regime] = classifier_forest.fit(seen.given, classifier_forest.targets(seen.discs))
        if regime == "both":
            limits = abstention(seen.discs, chances)
    classifier_forest.store(forests, WEIGHTS / "classifier" / classifier_forest.FILE)
    write(calibration, limits, cuts)


def write(
    calibration: dict[str, Calibration],
    limits: dict[str, float],
    cuts: dict[str, dict[str, float]],
) -> None:
    """Write the manifest; the networks stay as they are."""
    write_manifest(
        WEIGHTS / "classifier",
        files=(*(FILE.format(member) for member in range(MEMBERS)), classifier_forest.FILE),
        name="disc grades",
        version="2.0",
        licence="Apache-2.0; trained on SPIDER (CC BY 4.0)",
        summary="Pfirrmann, Modic, endplate, narrowing, bulging, herniation and slip of each disc",
        labels={"binary": list(BINARY), "pfirrmann": [1, 2, 3, 4, 5], "modic": [0, 1, 2, 3]},
        thresholds=dict(limits),
        calibration={k: v.model_dump(mode="json") for k, v in calibration.items()},
        conformal={regime: dict(own) for regime, own in cuts.items()},
        input=[cropping.ROWS, cropping.COLUMNS],
    )


if __name__ == "__main__":
    main()
