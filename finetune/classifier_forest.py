"""Fit the trees that judge a disc again (``tools/forest``), on what unseen networks said of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from finetune.classifier_data import DiscViews
from tools.forest import ARRAYS, SECOND, Forest
from tools.grade_net import BINARY

Floats = npt.NDArray[np.float64]
TREES = 60
LEAF = 5
"""Fewest discs in a leaf."""
SHARE = 0.4
"""Share of the features that a node may choose from."""
FILE = "forests.safetensors"


def targets(discs: list[DiscViews]) -> Floats:
    """The truth of every question of SECOND, (n, len(SECOND)), 0 or 1."""
    columns = []
    for name in SECOND:
        if name == "modic":
            columns.append([d.modic > 0 for d in discs])
        elif name in BINARY:
            columns.append([d.binary[BINARY.index(name)] == 1 for d in discs])
        else:
            grade = int(name.split()[-1])
            columns.append([d.pfirrmann > grade for d in discs])
    return np.array(columns, float).T


def fit(given: Floats, target: Floats, seed: int = 0) -> dict[str, Forest]:
    """One forest a question (extremely randomised trees: Geurts, Ernst and Wehenkel 2006).

    Args:
        given: features (n, len(tools.forest.FEATURES)), nan where unknown.
        target: as :func:`targets` gives it.
        seed: of the trees.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    filled = np.zeros(given.shape[1], np.float32)
    known = np.isfinite(given).any(0)
    filled[known] = np.nanmedian(given[:, known], axis=0)
    whole = np.where(np.isnan(given), filled, given).astype(np.float32)
    forests = {}
    for j, name in enumerate(SECOND):
        model = ExtraTreesClassifier(
            TREES, min_samples_leaf=LEAF, max_features=SHARE, random_state=seed
        )
        forests[name] = _arrays(model.fit(whole, target[:, j] > 0), filled)
    return forests


def _arrays(model: object, filled: npt.NDArray[np.float32]) -> Forest:
    parts: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in ARRAYS[:5]}
    roots, first = [], 0
    positive = list(model.classes_).index(True)  # type: ignore[attr-defined]
    for one in model.estimators_:  # type: ignore[attr-defined]
        tree = one.tree_
        leaf = tree.children_left < 0
        share = tree.value[:, 0, :] / tree.value[:, 0, :].sum(1, keepdims=True)
        parts["feature"].append(np.where(leaf, -1, tree.feature).astype(np.int16))
        parts["threshold"].append(tree.threshold.astype(np.float32))
        parts["left"].append((tree.children_left + first).astype(np.int32))
        parts["right"].append((tree.children_right + first).astype(np.int32))
        parts["value"].append(share[:, positive].astype(np.float16))
        roots.append(first)
        first += tree.node_count
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return Forest(**joined, roots=np.array(roots, np.int32), filled=filled)


def crossed(given: Floats, target: Floats, patients: Floats, parts: int = 5) -> Floats:
    """Logits (n, len(SECOND)) of forests that did not learn from a disc's patient."""
    from tools.forest import judged

    order = np.random.default_rng(11).permutation(np.unique(patients))
    fold = dict(zip(order.tolist(), (np.arange(len(order)) % parts).tolist(), strict=True))
    folded = np.array([fold[p] for p in patients.tolist()])
    out = np.zeros(target.shape)
    for part in range(parts):
        held = folded == part
        out[held] = judged(fit(given[~held], target[~held], seed=part), given[held])
    return out


def store(forests: Mapping[str, Mapping[str, Forest]], path: Path) -> None:
    """Write the forests of every choice of sequences."""
    from safetensors.numpy import save_file

    arrays = {
        f"{regime}/{name}/{array}": np.ascontiguousarray(getattr(forest, array))
        for regime, own in forests.items()
        for name, forest in own.items()
        for array in ARRAYS
    }
    save_file(arrays, path)
