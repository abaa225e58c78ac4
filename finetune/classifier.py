"""Train the disc grading network that ``tools/classifier`` runs.

Three models are trained, each on two thirds of the training patients; their predictions on the
third left out calibrate the ensemble, which ships as a whole. The development patients take no
part. Seeded, and resumes fold by fold and epoch by epoch::

    python -m finetune.classifier train  --out runs/classifier
    python -m finetune.classifier export --out runs/classifier
    python -m finetune.classifier_calibration
    python -m finetune.classifier_marks
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn as get_ema

from eval import grades as marks
from finetune import classifier_data, spider
from finetune.classifier_data import Batch, DiscViews
from radixgpt.weights import WEIGHTS
from tools.classifier import any_modic
from tools.grade_net import BINARY, GradeNet, Grades

FOLDS = 3
MEMBER = "grades{}.safetensors"
"""Name of a member's weights, by the fold that it did not learn from."""
BATCH = 4
"""Patients a step."""
_FROZEN_STAGES = 2


def loss(grades: Grades, batch: Batch) -> Tensor:
    """Ordinal cross-entropy for Pfirrmann, softmax for Modic, binary cross-entropy for the rest."""
    above = (batch.pfirrmann[:, None] > torch.arange(1, 5)).float()
    smooth = 0.03
    soft = above * (1 - 2 * smooth) + smooth
    pfirrmann = functional.binary_cross_entropy_with_logits(grades.pfirrmann, soft)
    modic = functional.cross_entropy(grades.modic, batch.modic, label_smoothing=0.05)
    target = batch.binary * (1 - 2 * smooth) + smooth
    binary = functional.binary_cross_entropy_with_logits(grades.binary, target)
    return 2 * pfirrmann + 0.7 * modic + 2 * binary


def folds(patients: tuple[int, ...]) -> list[list[int]]:
    """The training patients in FOLDS parts, in an order fixed by the seed."""
    order = np.random.default_rng(3).permutation(len(patients))
    return [[patients[i] for i in order[k::FOLDS]] for k in range(FOLDS)]


def _prepare(model: GradeNet) -> None:
    """Train mode, but for the early stages and all running statistics of the encoder."""
    model.train()
    for module in model.encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    for part in (model.encoder.stem, *list(model.encoder.stages)[:_FROZEN_STAGES]):
        part.requires_grad_(False)


def start(model: GradeNet) -> None:
    """ImageNet weights into the encoder."""
    from finetune.levels import imagenet

    model.encoder.load_imagenet(imagenet())


def predict(
    model: nn.Module, discs: list[DiscViews], *, only: str | None = None
) -> dict[str, Tensor]:
    """Logits of all discs, in their order, patient by patient."""
    model.eval()
    by_patient: dict[int, list[int]] = {}
    for i, disc in enumerate(discs):
        by_patient.setdefault(disc.patient, []).append(i)
    out = {
        "pfirrmann": torch.zeros(len(discs), 4),
        "modic": torch.zeros(len(discs), 4),
        "binary": torch.zeros(len(discs), 6),
    }
    groups = list(by_patient.values())
    with torch.inference_mode():
        for k in range(0, len(groups), 8):
            rows = [i for group in groups[k : k + 8] for i in group]
            batch = classifier_data.collate([discs[i] for i in rows], None, only=only)
            grades = model(batch.crops, batch.there, batch.measures, batch.levels, batch.patients)
            for name in out:
                out[name][rows] = getattr(grades, name)
    return out


def train_fold(
    discs: list[DiscViews], held: list[DiscViews], out: Path, fold: int, epochs: int, seed: int = 5
) -> None:
    """Train one model; its averaged weights end up in ``out/fold{N}.pt``."""
    torch.manual_seed(seed + fold)
    model = GradeNet()
    start(model)
    _prepare(model)
    by_patient: dict[int, list[DiscViews]] = {}
    for disc in discs:
        by_patient.setdefault(disc.patient, []).append(disc)
    patients = sorted(by_patient)
    steps = epochs * (len(patients) // BATCH)
    encoder = [p for p in model.encoder.parameters() if p.requires_grad]
    head = [p for n, p in model.named_parameters() if not n.startswith("encoder.")]
    optimiser = torch.optim.AdamW(
        [{"params": encoder}, {"params": head}], lr=1e-3, weight_decay=0.03
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=[2.5e-4, 1e-3], total_steps=steps, pct_start=0.1
    )
    averaging = get_ema(0.98)  # type: ignore[no-untyped-call]
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
    checkpoint, first = out / f"fold{fold}.checkpoint", 0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        for name, part in (
            ("model", model),
            ("average", average),
            ("optimiser", optimiser),
            ("schedule", schedule),
        ):
            part.load_state_dict(state[name])
        first = state["epoch"]
    for epoch in range(first, epochs):
        rng = np.random.default_rng((seed, fold, epoch))
        begun, total = time.time(), 0.0
        order = rng.permutation(len(patients))
        for k in range(0, len(patients) - BATCH + 1, BATCH):
            chosen = [d for i in order[k : k + BATCH] for d in by_patient[patients[i]]]
            batch = classifier_data.collate(chosen, rng)
            grades = model(batch.crops, batch.there, batch.measures, batch.levels, batch.patients)
            value = loss(grades, batch)
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 3.0)
            optimiser.step()
            schedule.step()
            average.update_parameters(model)
            total += value.item()
        line: dict[str, object] = {
            "fold": fold,
            "epoch": epoch + 1,
            "loss": total / max(1, len(patients) // BATCH),
            "seconds": round(time.time() - begun, 1),
        }
        if held and ((epoch + 1) % 5 == 0 or epoch + 1 == epochs):
            line |= summary(predict(average.module, held), held)
        with (out / "train.log").open("a") as log:
            log.write(json.dumps(line) + "\n")
        state = {
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "epoch": epoch + 1,
        }
        torch.save(state, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)
    torch.save(average.module.state_dict(), out / f"fold{fold}.pt")


def summary(logits: dict[str, Tensor], discs: list[DiscViews]) -> dict[str, float]:
    """A few figures to follow training by."""
    truth = np.array([d.pfirrmann for d in discs])
    grade = 1 + logits["pfirrmann"].sigmoid().sum(1).numpy()
    rounded = np.clip(np.round(grade), 1, 5).astype(int)
    figures = {
        "kappa": marks.quadratic_kappa(truth - 1, rounded - 1, 5),
        "within_one": marks.within_one(truth, rounded),
        "modic": marks.auroc([d.modic > 0 for d in discs], any_modic(logits["modic"].numpy())),
    }
    for j, name in enumerate(BINARY):
        figures[name] = marks.auroc([d.binary[j] for d in discs], logits["binary"][:, j].numpy())
    return {k: round(v, 3) for k, v in figures.items()}


def export(out: Path, weights: Path) -> None:
    """Write the members in half precision; their calibration follows."""
    from safetensors.torch import save_file

    weights.mkdir(parents=True, exist_ok=True)
    for fold in range(FOLDS):
        state = torch.load(out / f"fold{fold}.pt", weights_only=True)
        half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
        save_file({k: v.contiguous() for k, v in half.items()}, weights / MEMBER.format(fold))


def main() -> None:
    """Train or export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=("train", "export"))
    parser.add_argument("--out", type=Path, default=Path("runs/classifier"))
    parser.add_argument("--levels", type=Path, default=Path("runs/levels/transfer.pt"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS / "classifier")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--folds", type=int, nargs="*", default=list(range(FOLDS)))
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.set_flush_denormal(True)
    if options.stage == "export":
        export(options.out, options.weights)
        return
    from tools.column_net import ColumnNet

    levels = ColumnNet()
    levels.load_state_dict(torch.load(options.levels, weights_only=True))
    discs = classifier_data.load(options.shared, levels, options.out / "discs.pickle")
    train_patients, _ = spider.split(options.shared)
    parts = folds(train_patients)
    for fold in options.folds:
        held = [d for d in discs if d.patient in parts[fold]]
        rest = [d for d in discs if d.patient in train_patients and d.patient not in parts[fold]]
        train_fold(rest, held, options.out, fold, options.epochs)


if __name__ == "__main__":
    main()
