"""Fit one disc grader: its loss, its steps, its checkpoints.

The first stages of the encoder stay as ImageNet left them. They are fused (each batch
normalisation folded into its convolution) while the rest learns, which makes a step twice as fast
and changes no value.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.optim.swa_utils import AveragedModel
from torch.optim.swa_utils import get_ema_multi_avg_fn as get_ema

from eval import grades as marks
from finetune import classifier_data
from finetune.classifier_data import Batch, DiscViews
from finetune.recipe import Recipe
from radixgpt.errors import InputError
from tools.calibration import any_modic
from tools.grade_net import BINARY, GradeNet, Grades, Inputs

_FROZEN_STAGES = 2
_SLIP = BINARY.index("spondylolisthesis")


def loss(
    grades: Grades,
    batch: Batch,
    recipe: Recipe,
    lesson: tuple[Tensor, Tensor, Tensor] | None = None,
) -> Tensor:
    """Pfirrmann by thresholds or softmax, Modic by softmax, the rest by binary cross-entropy.

    Args:
        grades: the network's logits.
        batch: with the gradings.
        recipe: how it is trained.
        lesson: chances that teachers give: of the Pfirrmann thresholds, the Modic types and the
            binary kinds.
    """
    if lesson is not None:
        own = loss(grades, batch, recipe)
        above, types, present = lesson
        soft = 2 * functional.binary_cross_entropy_with_logits(grades.pfirrmann, above)
        soft = soft + 0.7 * functional.cross_entropy(grades.modic, types)
        soft = soft + 2 * functional.binary_cross_entropy_with_logits(grades.binary, present)
        return (1 - recipe.taught) * own + recipe.taught * soft
    smooth = recipe.smoothing
    if recipe.ordinal:
        above = (batch.pfirrmann[:, None] > torch.arange(1, 5)).float()
        soft = above * (1 - 2 * smooth) + smooth
        pfirrmann = functional.binary_cross_entropy_with_logits(grades.pfirrmann, soft)
    else:
        pfirrmann = 0.4 * functional.cross_entropy(
            _nominal(grades.pfirrmann), batch.pfirrmann - 1, label_smoothing=smooth
        )
    modic = functional.cross_entropy(grades.modic, batch.modic, label_smoothing=smooth * 5 / 3)
    target = batch.binary * (1 - 2 * smooth) + smooth
    kinds = [_SLIP] if recipe.drawn else list(range(len(BINARY)))
    binary = functional.binary_cross_entropy_with_logits(grades.binary[:, kinds], target[:, kinds])
    return 2 * pfirrmann + 0.7 * modic + 2 * binary


def _nominal(logits: Tensor) -> Tensor:
    """Logits of five grades without an order: the first is the one that the others are held to."""
    return torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1)


def as_thresholds(logits: Tensor) -> Tensor:
    """What :func:`_nominal` logits say of the grade being above 1, 2, 3, 4."""
    chance = _nominal(logits).softmax(1)
    above = chance.flip(1).cumsum(1).flip(1)[:, 1:].clamp(1e-6, 1 - 1e-6)
    return above.logit()


def start(model: GradeNet, recipe: Recipe) -> None:
    """The encoder's first weights."""
    if recipe.begin:
        model.encoder.load_state_dict(torch.load(recipe.begin, weights_only=True))
    elif recipe.pretrained:
        from finetune.levels import imagenet

        model.encoder.load_imagenet(imagenet())


def prepare(model: GradeNet) -> None:
    """Train mode, but for the early stages and all running statistics of the encoder."""
    model.train()
    for module in model.encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    for part in (model.encoder.stem, *list(model.encoder.stages)[:_FROZEN_STAGES]):
        part.requires_grad_(False)


def _fused(layers: nn.Module) -> nn.Sequential:
    out: list[nn.Module] = []
    for layer in layers.children():
        if isinstance(layer, nn.BatchNorm2d) and isinstance(out[-1], nn.Conv2d):
            out[-1] = fuse_conv_bn_eval(out[-1].eval(), layer.eval()).requires_grad_(False)
        else:
            out.append(nn.ReLU6(inplace=True) if isinstance(layer, nn.ReLU6) else layer)
    return nn.Sequential(*out)


@contextmanager
def fused_start(model: GradeNet) -> Iterator[None]:
    """The frozen stages fused for the time of the training; afterwards they are as they were."""
    encoder = model.encoder
    kept: list[tuple[nn.Module, str, nn.Module]] = [(encoder, "stem", encoder.stem)]
    for stage in list(encoder.stages)[:_FROZEN_STAGES]:
        for block in stage.children():
            kept.append((block, "layers", block.get_submodule("layers")))
    for owner, name, layers in kept:
        setattr(owner, name, _fused(layers))
    yield
    for owner, name, layers in kept:
        setattr(owner, name, layers)


def predict(
    model: nn.Module,
    discs: list[DiscViews],
    *,
    only: str | None = None,
    recipe: Recipe | None = None,
    copy: np.random.Generator | None = None,
) -> dict[str, Tensor]:
    """Logits of all discs, in their order, patient by patient.

    Args:
        model: a GradeNet.
        discs: of any number of patients.
        only: the one sequence that is shown.
        recipe: how it was trained.
        copy: draws a distorted copy of each disc, which is shown instead.
    """
    recipe = recipe or Recipe()
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
            batch = classifier_data.collate([discs[i] for i in rows], None, only=only, copy=copy)
            grades = model(
                batch.crops, batch.there, batch.measures, batch.levels, _beside(batch, recipe)
            )
            for name in out:
                out[name][rows] = getattr(grades, name)
    if not recipe.ordinal:
        out["pfirrmann"] = as_thresholds(out["pfirrmann"])
    return out


def _beside(batch: Batch, recipe: Recipe) -> Tensor:
    return batch.patients if recipe.context else torch.arange(len(batch.patients))


def _lesson(teachers: Sequence[GradeNet], given: Inputs) -> tuple[Tensor, Tensor, Tensor] | None:
    """What the teachers hold to be likely, on average."""
    if not teachers:
        return None
    with torch.no_grad():
        parts = [teacher(*given) for teacher in teachers]
        return (
            torch.stack([p.pfirrmann.sigmoid() for p in parts]).mean(0),
            torch.stack([p.modic.softmax(1) for p in parts]).mean(0),
            torch.stack([p.binary.sigmoid() for p in parts]).mean(0),
        )


def train(
    discs: list[DiscViews],
    held: list[DiscViews],
    out: Path,
    name: str,
    recipe: Recipe,
    teachers: Sequence[GradeNet] = (),
) -> GradeNet:
    """Train one model; its averaged weights end up in ``out/<name>.pt``.

    Args:
        discs: what to learn from.
        held: followed in the log; may be empty.
        out: folder for the log, the checkpoint and the weights.
        name: of the model, such as ``fold0``.
        recipe: how.
        teachers: networks whose chances it learns from too, where ``recipe.taught`` says so.
    """
    finished = out / f"{name}.pt"
    model = GradeNet()
    if finished.is_file():
        model.load_state_dict(torch.load(finished, weights_only=True))
        return model.eval()
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    model = GradeNet()
    start(model, recipe)
    prepare(model)
    model = model.to(memory_format=torch.channels_last)
    with fused_start(model):
        average = _steps(model, discs, held, out, name, recipe, teachers)
    final = GradeNet()
    start(final, recipe)
    learned = {k: v for k, v in average.state_dict().items() if not _is_frozen(k)}
    frozen = {k: v for k, v in model.state_dict().items() if _is_frozen(k)}
    final.load_state_dict({**frozen, **learned})
    torch.save(final.state_dict(), finished)
    (out / f"{name}.checkpoint").unlink(missing_ok=True)
    return final.eval()


def _is_frozen(key: str) -> bool:
    stages = tuple(f"encoder.stages.{i}." for i in range(_FROZEN_STAGES))
    return key.startswith(("encoder.stem.", *stages))


def _steps(
    model: GradeNet,
    discs: list[DiscViews],
    held: list[DiscViews],
    out: Path,
    name: str,
    recipe: Recipe,
    teachers: Sequence[GradeNet],
) -> nn.Module:
    by_patient: dict[int, list[DiscViews]] = {}
    for disc in discs:
        by_patient.setdefault(disc.patient, []).append(disc)
    patients = sorted(by_patient)
    each = max(1, len(patients) // recipe.patients)
    encoder = [p for p in model.encoder.parameters() if p.requires_grad]
    head = [p for n, p in model.named_parameters() if not n.startswith("encoder.")]
    optimiser = torch.optim.AdamW(
        [{"params": encoder}, {"params": head}], lr=recipe.rate, weight_decay=0.03
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=[recipe.rate / 4, recipe.rate],
        total_steps=recipe.epochs * each,
        pct_start=0.1,
    )
    averaging = get_ema(recipe.averaging)  # type: ignore[no-untyped-call]
    average = AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
    parts: dict[str, Any] = {
        "model": model,
        "average": average,
        "optimiser": optimiser,
        "schedule": schedule,
    }
    checkpoint, first = out / f"{name}.checkpoint", 0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        before, now = state["recipe"], asdict(recipe)
        other = [key for key in now if before.get(key) != now[key]]
        if other:
            raise InputError(
                f"The checkpoint of {name} in '{out.name}' is of another recipe: "
                + ", ".join(f"{key} {before.get(key)}, now {now[key]}" for key in other)
                + ".",
                "Go on with the same recipe, or name another --out.",
            )
        for part, value in parts.items():
            value.load_state_dict(state[part])
        first = state["epoch"]
    for epoch in range(first, recipe.epochs):
        rng = np.random.default_rng((recipe.seed, epoch))
        torch.manual_seed(recipe.seed * 1000 + epoch)
        begun, total = time.time(), 0.0
        order = rng.permutation(len(patients))
        for k in range(each):
            chosen = order[k * recipe.patients : (k + 1) * recipe.patients]
            batch = classifier_data.collate(
                [d for i in chosen for d in by_patient[patients[i]]],
                rng,
                only=recipe.only,
                near=recipe.near,
                flips=recipe.flips,
            )
            crops = batch.crops.contiguous(memory_format=torch.channels_last)
            given = (crops, batch.there, batch.measures, batch.levels, _beside(batch, recipe))
            value = loss(model(*given), batch, recipe, _lesson(teachers, given))
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 3.0)
            optimiser.step()
            schedule.step()
            average.update_parameters(model)
            total += value.item()
        line: dict[str, object] = {
            "name": name,
            "epoch": epoch + 1,
            "loss": round(total / each, 4),
            "seconds": round(time.time() - begun, 1),
        }
        if held and ((epoch + 1) % 6 == 0 or epoch + 1 == recipe.epochs):
            line |= summary(predict(average.module, held, only=recipe.only, recipe=recipe), held)
        with (out / "train.log").open("a") as log:
            log.write(json.dumps(line) + "\n")
        state = {part: value.state_dict() for part, value in parts.items()}
        torch.save({**state, "epoch": epoch + 1, "recipe": asdict(recipe)}, f"{checkpoint}.new")
        Path(f"{checkpoint}.new").replace(checkpoint)
    averaged: nn.Module = average.module
    return averaged


def summary(logits: dict[str, Tensor], discs: list[DiscViews]) -> dict[str, float]:
    """A few figures to follow training by."""
    truth = np.array([d.pfirrmann for d in discs])
    grade = 1 + logits["pfirrmann"].sigmoid().sum(1).numpy()
    rounded = np.clip(np.round(grade), 1, 5).astype(int)
    figures = {
        "kappa": marks.quadratic_kappa(truth - 1, rounded - 1, 5),
        "balanced": marks.balanced_accuracy(truth, rounded),
        "within_one": marks.within_one(truth, rounded),
        "modic": marks.auroc([d.modic > 0 for d in discs], any_modic(logits["modic"].numpy())),
    }
    for j, name in enumerate(BINARY):
        figures[name] = marks.auroc([d.binary[j] for d in discs], logits["binary"][:, j].numpy())
    return {k: round(v, 3) for k, v in figures.items()}
