"""Train and measure what ``tools/triage`` runs.

``fit`` looks once at all examples with the frozen backbone and the column network, fits the linear
heads on the training part, sets the thresholds on the training part, and writes
``weights/triage``. ``evaluate`` runs the shipped tool on the held-out part and writes the figures
into the card (it looks at all examples first where ``fit`` has not); ``detail`` writes only its
section by sequence, scanner and sex, on radiographs and on quality. Run ``fit`` again whenever
``weights/levels`` changes::

    python -m finetune.triage fit      --shared ../shared/data
    python -m finetune.triage evaluate --shared ../shared/data
    python -m finetune.triage detail   --shared ../shared/data
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence as Items
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file

from finetune.levels import imagenet
from finetune.triage_data import SEED, Example, everything, spoilt, vary
from radixgpt.errors import InputError
from radixgpt.weights import WEIGHTS, load_card, write_manifest
from tools import levels
from tools.backbone import EfficientNetLite0
from tools.column_net import ColumnNet
from tools.columns import columns_of
from tools.triage_column import CONTRASTS, MEASURES, Rules, greys, measures
from tools.triage_looks import KINDS, Heads, distance, features, framed
from tools.triage_weights import BACKBONE, HEADS

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

COMPONENTS = 64
VARIANTS: dict[str, int] = {
    "sagittal_spine": 2,
    "axial_spine": 3,
    "coronal_body": 8,
    "radiograph_ap": 1,
    "radiograph_lateral": 5,
    "ct": 25,
    "other_mr": 8,
    "photograph": 4,
    "page": 1,
    "pattern": 0,
}
"""Distorted copies of each training example: few where there are many examples."""
VERSION = "1"
SEEN = "seen.npz"
"""What was seen of all examples, below ``--out``."""
BATCH = 8
ROOM = 0.8
"""Least part of a slice below its lowest disc, in vertebral depths.

On training patients 6 of 230 slices cut off above L5-S1 pass with it and 48 without; 2 of 260 good
slices, both T1, have less.
"""
GREYS = 10
"""Ratios of greys of a column."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Examples as the networks see them, one row each.

    Attributes:
        kind, source, part, sequence, patient, good: of the example; ``sequence`` may be empty.
        what: ``as is``, ``varied``, ``turned``, ``cut``, or ``looks only`` (no column sought).
        features: (n, 1280) of the backbone.
        measures: (n, m) of the column, NaN where none was sought.
        greys: (n, g) ratios, NaN where too little of the column is seen.
    """

    kind: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    part: npt.NDArray[np.str_]
    sequence: npt.NDArray[np.str_]
    patient: npt.NDArray[np.int64]
    good: Flags
    what: npt.NDArray[np.str_]
    features: Floats
    measures: Floats
    greys: Floats

    @classmethod
    def load(cls, path: Path) -> Seen:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})

    def save(self, path: Path) -> None:
        """Write as one compressed file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **{f.name: getattr(self, f.name) for f in fields(self)})


def backbone() -> EfficientNetLite0:
    """The frozen network with its ImageNet weights."""
    network = EfficientNetLite0()
    network.load_imagenet(imagenet())
    return network.eval()


def copies(examples: Items[Example]) -> list[tuple[str, Example]]:
    """Every example as it is, with distorted copies for training and spoilt copies for both."""
    rng = np.random.default_rng(SEED)
    out: list[tuple[str, Example]] = []
    for example in examples:
        out.append(("as is", example))
        count = VARIANTS[example.kind] if example.part == "train" else 0
        if example.source in ("pseudo_stir", "space"):
            count = min(count, 1)
        if example.source in ("dicom_Abdo", "dicom_MR2_J2KR"):
            count = 20
        out += [
            ("looks only" if i or not example.good else "varied", vary(example, rng))
            for i in range(count)
        ]
        if example.good:
            out += spoilt(example, rng)
    return out


def see(examples: Items[Example], column_net: ColumnNet, looked: Path) -> Seen:
    """Look at all examples and their copies with both networks.

    What the backbone sees is kept in the file ``looked``: it never changes, while the column
    network may.
    """
    rows = copies(examples)
    if looked.is_file():
        seen_features = np.load(looked)
    else:
        looked.parent.mkdir(parents=True, exist_ok=True)
        seen_features = _all_features([example for _, example in rows])
        np.save(looked, seen_features)
    if len(seen_features) != len(rows):
        raise InputError(f"{looked.name} belongs to other examples.", "Remove it and fit again.")
    shaped = np.full((len(rows), len(MEASURES)), np.nan, np.float32)
    shaded = np.full((len(rows), GREYS), np.nan, np.float32)
    asked = [i for i, (what, _) in enumerate(rows) if what != "looks only"]
    for step, start in enumerate(range(0, len(asked), BATCH)):
        some = asked[start : start + BATCH]
        shown = [rows[i][1].pixels for i in some]
        found = columns_of(column_net, shown, [None] * len(some))
        for i, (framed_slice, column) in zip(some, found, strict=True):
            shaped[i] = measures(column)
            ratios = greys(framed_slice.pixels, column)
            if ratios is not None:
                shaded[i] = ratios
        if step % 25 == 0:
            print(f"columns: {start} of {len(asked)}", flush=True)
    examples_seen = [example for _, example in rows]
    return Seen(
        kind=np.array([e.kind for e in examples_seen]),
        source=np.array([e.source for e in examples_seen]),
        part=np.array([e.part for e in examples_seen]),
        sequence=np.array([e.sequence or "" for e in examples_seen]),
        patient=np.array([e.patient for e in examples_seen]),
        good=np.array([e.good for e in examples_seen]),
        what=np.array([what for what, _ in rows]),
        features=seen_features,
        measures=shaped,
        greys=shaded,
    )


def _all_features(examples: Items[Example]) -> Floats:
    network = backbone()
    looked = []
    for start in range(0, len(examples), BATCH):
        some = [framed(example.pixels) for example in examples[start : start + BATCH]]
        looked.append(features(network, np.stack(some)))
        if start % (BATCH * 50) == 0:
            print(f"features: {start} of {len(examples)}", flush=True)
    return np.concatenate(looked)


def fit_looks(seen: Seen, use: Flags, components: int = COMPONENTS) -> Heads:
    """The kind head and the memory, from the rows marked in ``use``."""
    from sklearn.linear_model import LogisticRegression

    chosen = seen.features[use].astype(np.float64)
    mean = chosen.mean(0)
    _, spread, axes = np.linalg.svd(chosen - mean, full_matrices=False)
    basis = axes[:components] / (spread[:components, None] / np.sqrt(len(chosen)))
    whitened = (chosen - mean) @ basis.T
    head = LogisticRegression(C=0.05, max_iter=4000, class_weight="balanced")
    head.fit(whitened, seen.kind[use])
    weight = np.zeros((len(KINDS), components), np.float32)
    bias = np.full(len(KINDS), -30, np.float32)  # a kind left out of training is never told
    slopes, offsets = head.coef_, head.intercept_
    if len(head.classes_) == 2:  # one logit, which is a difference of two
        slopes, offsets = np.vstack([-slopes, slopes]) / 2, np.hstack([-offsets, offsets]) / 2
    for row, kind in enumerate(head.classes_):
        weight[KINDS.index(kind)] = slopes[row]
        bias[KINDS.index(kind)] = offsets[row]
    heads = Heads(
        mean.astype(np.float32),
        basis.astype(np.float32),
        weight,
        bias,
        np.zeros((0, components), np.float32),
    )
    remembered = use & remember(seen)
    return replace(heads, memory=heads.project(seen.features[remembered]))


def remember(seen: Seen) -> Flags:
    """The rows that make the memory: undistorted lumbar slices and phantoms."""
    sources = ("spider_t1", "spider_t2", "spider_t2_SPACE", "space", "phantom")
    return np.asarray((seen.what == "as is") & np.isin(seen.source, sources), bool)


def fit_rules(seen: Seen, use: Flags) -> Rules:
    """The column rule and the contrast rule, from the rows marked in ``use``."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    good = seen.good
    doubtful = (seen.kind == "sagittal_spine") & np.isin(seen.what, ("as is", "varied")) & ~good
    pool = (
        use & ~doubtful & np.isfinite(seen.measures).all(1)
    )  # slices beside the middle are neither good nor bad
    column = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, class_weight="balanced"))
    column.fit(seen.measures[pool], good[pool])
    shown = use & np.isin(seen.sequence, CONTRASTS) & np.isfinite(seen.greys).all(1)
    shown &= np.isin(seen.what, ("as is", "varied"))
    contrast = make_pipeline(
        StandardScaler(), LogisticRegression(C=1.0, max_iter=2000, class_weight="balanced")
    )
    contrast.fit(seen.greys[shown], seen.sequence[shown])
    order = [list(contrast[-1].classes_).index(name) for name in CONTRASTS]
    column_weight, column_bias = _unscaled(column)
    contrast_weight, contrast_bias = _unscaled(contrast)
    return Rules(column_weight[0], column_bias, contrast_weight[order], contrast_bias[order])


def _unscaled(pipeline: object) -> tuple[Floats, Floats]:
    """Weights and bias of a scaled linear model, for unscaled inputs."""
    scaler, model = (step for _, step in pipeline.steps)  # type: ignore[attr-defined]
    weight = model.coef_ / scaler.scale_
    bias = model.intercept_ - weight @ scaler.mean_
    return weight.astype(np.float32), np.atleast_1d(bias).astype(np.float32)


def lumbar_chances(rules: Rules, seen: Seen) -> Floats:
    """Column chance of every row."""
    scores = seen.measures @ rules.column_weight + rules.column_bias[0]
    chances: Floats = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
    return chances


def kind_chances(heads: Heads, seen: Seen) -> Floats:
    """Chances (n, k) of the kinds."""
    scores = heads.project(seen.features) @ heads.kind_weight.T + heads.kind_bias
    raised = np.exp(scores - scores.max(1, keepdims=True))
    chances: Floats = raised / raised.sum(1, keepdims=True)
    return chances


def crossed(seen: Seen, use: Flags, folds: int = 5) -> tuple[Floats, Floats, Floats]:
    """Sagittal chance, distance and column chance of training rows from models without them.

    Rows of a patient stay together, and so do neighbouring rows of what has no patients.
    """
    rows = np.arange(len(seen.patient))
    groups = np.where(seen.patient > 0, seen.patient, 1000 + rows // 7)
    sagittal, away, column = (np.full(len(groups), np.nan, np.float32) for _ in range(3))
    for fold in range(folds):
        out = use & (groups % folds == fold)
        heads = fit_looks(seen, use & ~out)
        sagittal[out] = kind_chances(heads, seen)[out, KINDS.index("sagittal_spine")]
        away[out] = distance(heads.project(seen.features[out]), heads.memory)
        column[out] = lumbar_chances(fit_rules(seen, use & ~out), seen)[out]
    return sagittal, away, column


def thresholds(seen: Seen, use: Flags) -> dict[str, float]:
    """Lines that nearly no good training slice falls behind, from cross-validated chances."""
    sagittal, away, column = crossed(seen, use)
    good = use & seen.good
    plain = good & (seen.what == "as is")
    bad = use & (seen.kind != "sagittal_spine")
    spoiled = use & np.isin(seen.what, ("turned", "cut"))
    lines = {
        "sagittal": min(0.5, float(np.quantile(sagittal[good], 0.002))),
        "distance": float(np.quantile(away[plain], 0.998) + 0.05),
        "column": float(np.clip(np.quantile(column[plain], 0.005), 0.2, 0.5)),
        "stir": 0.97,
        "room": ROOM,
    }
    lines["sagittal_stated"] = lines["sagittal"] / 10
    for name, chance, others in (
        ("sagittal", sagittal, bad), ("column", column, spoiled), ("column", column, bad)
    ):  # fmt: skip
        known = np.isfinite(chance)
        lost = (chance[good & known] < lines[name]).mean()
        let = (chance[others & known] >= lines[name]).mean()
        print(f"{name}: line {lines[name]:.3f}, good refused {lost:.4f}, others let by {let:.4f}")
    print(f"distance: line {lines['distance']:.3f}, good {np.quantile(away[good], [0.5, 0.99])}")
    print(f"column chances of plain good: {np.quantile(column[plain], [0, 0.005, 0.01, 0.05])}")
    return {name: round(value, 4) for name, value in lines.items()}


def write(heads: Heads, rules: Rules, lines: dict[str, float], folder: Path) -> None:
    """Write weights and manifest; the backbone only where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / BACKBONE).is_file():
        save_file(
            {
                name: np.ascontiguousarray(tensor.numpy().astype(np.float16))
                for name, tensor in backbone().state_dict().items()
                if not name.endswith("num_batches_tracked")
            },
            folder / BACKBONE,
        )
    tensors = {**vars(heads), **vars(rules)}
    before = (folder / "manifest.json").is_file()
    card = load_card("triage", root=folder.parent) if before else None
    # Rules of finetune.triage_negative and finetune.triage_cut, which need nothing of this.
    kept = {name: card.value(name) for name in ("negative", "cut_off")} if card else {}
    save_file(
        {
            name: np.ascontiguousarray(t, np.float16 if t.size > 1000 else np.float32)
            for name, t in tensors.items()
        },
        folder / HEADS,
    )
    write_manifest(
        folder,
        files=(BACKBONE, HEADS),
        name="radixgpt-triage",
        version=VERSION,
        licence="Apache-2.0",
        summary="What a slice shows, and whether it is a lumbar sagittal T1 or T2 slice.",
        labels={"kinds": list(KINDS), "contrasts": list(CONTRASTS), "measures": list(MEASURES)},
        thresholds=dict(lines),
        **kept,
        column_network=load_card("levels").facts().sha256 if (WEIGHTS / "levels").is_dir() else "",
    )


def look(shared: Path, out: Path, *, column: Path | None, phantoms: int) -> Seen:
    """Look once at all examples, and keep what was seen in ``out``."""
    column_net = ColumnNet()
    if column is None:
        column_net = levels.model()
    else:
        column_net.load_state_dict(torch.load(column, weights_only=True))
    seen = see(everything(shared, phantom_count=phantoms), column_net.eval(), out / "looked.npy")
    seen.save(out / SEEN)
    return seen


def refit(seen: Seen) -> None:
    """Fit heads, rules and thresholds on what was seen, and write them."""
    use = seen.part == "train"
    heads, rules = fit_looks(seen, use), fit_rules(seen, use)
    write(heads, rules, thresholds(seen, use), WEIGHTS / "triage")


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("fit", "evaluate", "detail"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/triage"))
    parser.add_argument("--column", type=Path, help="column network other than weights/levels")
    parser.add_argument("--phantoms", type=int, default=24)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.command == "fit":
        refit(look(options.shared, options.out, column=options.column, phantoms=options.phantoms))
    elif options.command == "detail":
        from finetune import triage_groups

        triage_groups.report(options.shared, phantoms=options.phantoms)
    else:
        from finetune.triage_figures import report

        if not (options.out / SEEN).is_file():  # kinds left out are learned from it anew
            look(options.shared, options.out, column=options.column, phantoms=options.phantoms)
        report(options.shared, options.out)


if __name__ == "__main__":
    main()
