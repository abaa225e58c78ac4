"""Ways to judge and to calibrate that were tried for the figures that stay short of their aims.

The training discs of two thirds of the patients are seen by networks that did not learn from them,
as in ``finetune.ablation``; what is fitted on top of them is cross-validated by patient. The
development patients take no part. Writes ``finetune/attempts.csv``, which the model card shows::

    python -m finetune.classifier_attempts
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from eval import grades as marks
from finetune import ablation, classifier_data, classifier_fit, spider
from finetune.classifier_calibration import Unseen, out_of_fold
from tools import levels
from tools.calibration import any_modic, sigmoid
from tools.forest import SECOND
from tools.grade_net import BINARY

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
TABLE = Path(__file__).parent / "attempts.csv"
KINDS = (
    "disc_narrowing",
    "modic",
    "endplate_upper",
    "endplate_lower",
    "spondylolisthesis",
    "disc_bulging",
    "disc_herniation",
)
_PARTS = 5
ROW = "another seed"
"""Row of the ablation whose networks are taken: the full recipe, so that it need not be trained."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What can be said of n discs with T1 and T2, by networks and trees that don't know them.

    Attributes:
        logits: by the sequences that were shown (``both``, ``t2``, ``t1``) and the kind, (n,).
        trees: by kind, (n,); none for spondylolisthesis.
        measures: (n, m), without gaps.
        steps: (n, 2) smaller and agreed step of a slip beyond the usual.
        truth: by kind.
        patients, index: of each disc.
    """

    logits: Mapping[str, Mapping[str, Array]]
    trees: Mapping[str, Array]
    measures: Array
    steps: Array
    truth: Mapping[str, Flags]
    patients: Array
    index: Array


def _by_kind(seen: Unseen, rows: npt.NDArray[np.intp]) -> dict[str, Array]:
    found = {kind: seen.binary[rows, j] for j, kind in enumerate(BINARY)}
    return {**found, "modic": any_modic(seen.modic)[rows]}


def gather(looked: Mapping[str, Unseen]) -> Seen:
    """Bring what was seen in each choice of sequences to the discs of ``both``."""
    both = looked["both"]
    logits: dict[str, dict[str, Array]] = {}
    for regime, seen in looked.items():
        place = {(d.patient, d.index): i for i, d in enumerate(seen.discs)}
        rows = np.array([place[d.patient, d.index] for d in both.discs])
        logits[regime] = _by_kind(seen, rows)
    trees = both.trees()
    truth = {
        kind: np.array([d.binary[j] == 1 for d in both.discs]) for j, kind in enumerate(BINARY)
    }
    measures = np.where(np.isfinite(both.given), both.given, np.nanmedian(both.given, axis=0))
    # The last features are the networks' own logits; a transparent model gets the measures alone.
    own = measures[:, : measures.shape[1] - _network_features(both)]
    return Seen(
        logits,
        {kind: trees[:, SECOND.index(kind)] for kind in SECOND if kind in KINDS},
        own,
        np.array([s.features for s in both.against(both.usual())]).reshape(-1, 2),
        {**truth, "modic": np.array([d.modic > 0 for d in both.discs])},
        both.patients(),
        np.array([d.index for d in both.discs], float),
    )


def _network_features(both: Unseen) -> int:
    from tools.forest import FEATURES

    return sum(name.startswith("network") for name in FEATURES)


def parts_of(patients: Array) -> npt.NDArray[np.intp]:
    """The part of each disc's patient, 0 to _PARTS - 1."""
    order = np.random.default_rng(5).permutation(np.unique(patients))
    part = {p: i % _PARTS for i, p in enumerate(order.tolist())}
    return np.array([part[p] for p in patients.tolist()])


def crossed(
    fit: Callable[[Array, Flags], Callable[[Array], Array]], x: Array, y: Flags, patients: Array
) -> Array:
    """What models that don't know a disc's patient say of it."""
    part, out = parts_of(patients), np.zeros(len(y))
    for one in range(_PARTS):
        held = part == one
        out[held] = fit(x[~held], y[~held])(x[held])
    return out


def logistic(strength: float = 1.0) -> Callable[[Array, Flags], Callable[[Array], Array]]:
    """Logistic regression on standardised columns."""

    def fit(x: Array, y: Flags) -> Callable[[Array], Array]:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
        model.fit(x, y)
        return lambda new: np.asarray(model.decision_function(new), float)

    return fit


def boosting(x: Array, y: Flags) -> Callable[[Array], Array]:
    """Gradient boosting, small and slow."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.05, max_leaf_nodes=6, min_samples_leaf=20, random_state=0
    ).fit(x, y)
    return lambda new: np.asarray(model.decision_function(new), float)


def ways(seen: Seen, kind: str) -> dict[str, Array]:
    """Scores of the discs by every way that was tried, by its name."""
    both, t2, t1 = (seen.logits[name][kind] for name in ("both", "t2", "t1"))
    y, patients = seen.truth[kind], seen.patients

    def joined(*columns: Array) -> Array:
        return crossed(logistic(), np.column_stack(columns), y, patients)

    found = {
        "network, T1 and T2": both,
        "network, T2 alone": t2,
        "network, T1 alone": t1,
        "mean of T1 with T2, and T2 alone": (both + t2) / 2,
        "mean of T1 with T2, and either alone": (both + t2 + t1) / 3,
        "logistic stack of the three": joined(both, t2, t1),
        "with the neighbours' logits": joined(both, *_neighbours(both, patients, seen.index)),
        "with what is said of all other kinds": joined(*seen.logits["both"].values()),
        "measures alone, logistic": crossed(logistic(0.1), seen.measures, y, patients),
        "measures alone, boosting": crossed(boosting, seen.measures, y, patients),
        "boosting of measures and all logits": crossed(
            boosting, np.column_stack([seen.measures, *seen.logits["both"].values()]), y, patients
        ),
    }
    if kind in seen.trees:
        trees = seen.trees[kind]
        found["trees"] = trees
        found["network and trees, as it ships"] = joined(both, trees)
        found["mean of both with T2 alone, and trees"] = joined((both + t2) / 2, trees)
    if kind == "spondylolisthesis":
        found["smaller step of canal and walls"] = seen.steps[:, 0]
        found["step where canal and walls agree"] = seen.steps[:, 1]
        found["network and both steps, as it ships"] = joined(both, seen.steps)
        found["mean of both with T2 alone, and both steps"] = joined((both + t2) / 2, seen.steps)
    return found


def _neighbours(logit: Array, patients: Array, index: Array) -> tuple[Array, Array]:
    """The logits of the discs above and below; the disc's own where there is none."""
    at = dict(zip(zip(patients, index, strict=True), logit, strict=True))
    pairs = list(zip(patients, index, logit, strict=True))
    return (
        np.array([at.get((p, i + 1), own) for p, i, own in pairs]),
        np.array([at.get((p, i - 1), own) for p, i, own in pairs]),
    )


def calibrators(seen: Seen, kind: str) -> dict[str, Array]:
    """Probabilities by every way to calibrate that was tried, by its name."""
    from sklearn.isotonic import IsotonicRegression

    both = seen.logits["both"][kind]
    y, patients = seen.truth[kind], seen.patients
    trees = seen.trees.get(kind)

    def of(x: Array, strength: float = 1.0) -> Array:
        return sigmoid(crossed(logistic(strength), x, y, patients))

    def isotonic(x: Array, target: Flags) -> Callable[[Array], Array]:
        model = IsotonicRegression(out_of_bounds="clip", y_min=0.01, y_max=0.99).fit(
            x[:, 0], target
        )
        return lambda new: np.asarray(model.predict(new[:, 0]), float)

    def binned(x: Array, target: Flags) -> Callable[[Array], Array]:
        edges = np.quantile(x[:, 0], np.linspace(0, 1, 9)[1:-1])
        place = np.digitize(x[:, 0], edges)
        share = np.array(
            [(target[place == k].sum() + 1) / ((place == k).sum() + 2) for k in range(8)]
        )
        return lambda new: share[np.digitize(new[:, 0], edges)]

    def tempered(x: Array, target: Flags) -> Callable[[Array], Array]:
        powers = np.arange(0.3, 2.01, 0.05)
        lost = [_surprise(sigmoid(power * x[:, 0]), target) for power in powers]
        best = float(powers[int(np.argmin(lost))])
        return lambda new: sigmoid(best * new[:, 0])

    chance = np.clip(sigmoid(both), 1e-4, 1 - 1e-4)
    beta = np.column_stack([np.log(chance), -np.log1p(-chance)])
    level = np.column_stack([both, *(seen.index == k for k in range(4))]).astype(float)
    found = {
        "none": sigmoid(both),
        "temperature": crossed(tempered, both[:, None], y, patients),
        "Platt": of(both[:, None]),
        "Platt with an offset a level": of(level),
        "beta (Kull, Silva Filho and Flach 2017)": of(beta),
        "isotonic": crossed(isotonic, both[:, None], y, patients),
        "eight bins": crossed(binned, both[:, None], y, patients),
    }
    if trees is not None:
        found["Platt of network and trees, as it ships"] = of(np.column_stack([both, trees]))
        found["the same, pulled hard to the prevalence"] = of(np.column_stack([both, trees]), 0.02)
    else:
        found["logistic of network and steps, as it ships"] = of(
            np.column_stack([both, seen.steps])
        )
    return found


def _surprise(chance: Array, y: Flags) -> float:
    p = np.clip(chance, 1e-6, 1 - 1e-6)
    return -float(np.where(y, np.log(p), np.log1p(-p)).mean())


def rows(seen: Seen) -> list[dict[str, str]]:
    """Every way with its figure for every kind: AUROC of judging, ECE and Brier of calibrating."""
    table: dict[tuple[str, str], dict[str, str]] = {}
    for kind in KINDS:
        y = seen.truth[kind]
        for way, score in ways(seen, kind).items():
            own = table.setdefault(("AUROC", way), {"figure": "AUROC", "way": way})
            own[kind] = f"{marks.auroc(y.tolist(), score):.4f}"
        for way, chance in calibrators(seen, kind).items():
            own = table.setdefault(("ECE", way), {"figure": "ECE", "way": way})
            own[kind] = f"{marks.expected_calibration_error(chance.tolist(), y.tolist()):.4f}"
    return list(table.values())


def as_table(figure: str, path: Path = TABLE) -> str:
    """The kept figures of one kind as a Markdown table; a dash where a way does not apply."""
    with path.open(encoding="utf-8", newline="") as file:
        kept = [row for row in csv.DictReader(file) if row["figure"] == figure]
    lines = ["| way | " + " | ".join(KINDS) + " |", "| --- " * (1 + len(KINDS)) + "|"]
    for row in kept:
        cells = [f"{float(row[kind]):.3f}" if row[kind] else "–" for kind in KINDS]
        lines.append(f"| {row['way']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def learned(
    discs: list[classifier_data.DiscViews], train: tuple[int, ...], out: Path
) -> tuple[list[list[torch.nn.Module]], list[list[int]]]:
    """The networks of one row of the ablation, and the patients whom each does not know."""
    row = next(r for r in ablation.rows(Path()) if r.name == ROW)
    parts = ablation.thirds(train)[: ablation.THIRDS]
    networks: list[list[torch.nn.Module]] = []
    for number, held in enumerate(parts):
        recipe = replace(row.recipe, seed=row.recipe.seed + number)
        folder = out / f"{abs(ablation.hash_of(recipe)):x}"
        own = [d for d in discs if d.patient not in held]
        networks.append([classifier_fit.train(own, [], folder, "member", recipe)])
    return networks, parts


def main() -> None:
    """Measure every way and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--discs", type=Path, default=Path("runs/classifier/discs.pickle"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train, _ = spider.split(options.shared)
    cut = classifier_data.load(options.shared, levels.model(), options.discs)
    discs = [d for d in cut if d.patient in train]
    networks, parts = learned(discs, train, options.out)
    looked = {r: out_of_fold(networks, discs, parts, r) for r in ("both", "t2", "t1")}
    found = rows(gather(looked))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("figure", "way", *KINDS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    for figure in ("AUROC", "ECE"):
        print(as_table(figure), end="\n\n")


if __name__ == "__main__":
    main()
