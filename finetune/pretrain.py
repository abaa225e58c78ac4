"""Other first weights for the disc grader's encoder than ImageNet's, to be held against them.

``images`` learns without labels from every staged spine image (VICReg: Bardes, Ponce and LeCun,
ICLR 2022): two distorted views of one place get like features, features keep their spread and stay
uncorrelated. The development patients' images take no part. ``phantoms`` learns the drawn grades
of phantoms. Both start from ImageNet; an ablation (``finetune.ablation``) says what they bring::

    python -m finetune.pretrain images   --out runs/pretrain
    python -m finetune.pretrain phantoms --out runs/pretrain
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune import classifier_data, classifier_fit, spider
from finetune.recipe import Recipe
from tools import crops as cropping
from tools import levels
from tools.backbone import FEATURES
from tools.grade_net import GradeNet

_WIDE = 256
"""Images are brought to this width; a view is a crop of a disc's size from anywhere in it."""
_EMBEDDED = 512


def images(shared: Path) -> Iterator[npt.NDArray[np.float32]]:
    """Every staged spine image but the development patients', in [-1, 1] and _WIDE columns."""
    from PIL import Image

    _, development = spider.split(shared)
    folders = ("spider/images", "spider_masks/images", "sudirman_slices", "kauh_xray/images")
    for folder in folders:
        for path in sorted((shared / folder).rglob("*")):
            if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
                continue
            first = path.name.split("_")[0]
            own = folder.startswith("spider") and first.isdigit()
            if own and int(first) in development:
                continue
            with Image.open(path) as picture:
                grey = picture.convert("L")
                rows = max(round(grey.height * _WIDE / grey.width), 190)
                values = np.asarray(grey.resize((_WIDE, rows)), np.float32)
            low, high = np.percentile(values, (1, 99))
            scaled = np.clip((values - low) / max(high - low, 1.0) * 2 - 1, -1.2, 1.5)
            yield scaled.astype(np.float32)


def vicreg(a: Tensor, b: Tensor) -> Tensor:
    """VICReg of two batches of embeddings (n, d), weights 25, 25 and 1 as published."""
    n, d = a.shape
    alike = functional.mse_loss(a, b)
    spread = torch.zeros(())
    apart = torch.zeros(())
    for z in (a, b):
        z = z - z.mean(0)
        spread = spread + functional.relu(1 - (z.var(0) + 1e-4).sqrt()).mean() / 2
        covariance = z.T @ z / (n - 1)
        off = covariance - torch.diag(covariance.diagonal())
        apart = apart + off.square().sum() / d
    return 25 * alike + 25 * spread + apart


def learn_images(shared: Path, out: Path, steps: int, batch: int = 48, seed: int = 5) -> Path:
    """Train on images without labels; the encoder ends up in ``out/images.pt``."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    pictures = list(images(shared))
    model = GradeNet()
    classifier_fit.start(model, Recipe())
    classifier_fit.prepare(model)
    head = nn.Sequential(nn.Linear(FEATURES, _EMBEDDED), nn.ReLU(), nn.Linear(_EMBEDDED, _EMBEDDED))
    wanted = [p for p in model.encoder.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW([*wanted, *head.parameters()], lr=2e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-4, total_steps=steps)
    stored = [round(v * classifier_data.MARGIN) for v in (cropping.ROWS, cropping.COLUMNS)]
    out.mkdir(parents=True, exist_ok=True)
    with classifier_fit.fused_start(model):
        for step in range(steps):
            places = []
            for i in rng.integers(len(pictures), size=batch):
                top = rng.integers(pictures[i].shape[0] - stored[0] + 1)
                left = rng.integers(pictures[i].shape[1] - stored[1] + 1)
                places.append(pictures[i][top : top + stored[0], left : left + stored[1]])
            pixels = torch.from_numpy(np.stack(places))[:, None].expand(-1, 2, -1, -1)
            views = [
                classifier_data.distort(pixels, rng, cropping.ROWS, cropping.COLUMNS)[:, :1]
                for _ in range(2)
            ]
            whole = torch.cat(views).contiguous(memory_format=torch.channels_last)
            embedded = head(model.encoder(whole))
            value = vicreg(embedded[:batch], embedded[batch:])
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            if (step + 1) % 20 == 0:
                line = {"stage": "images", "step": step + 1, "loss": round(value.item(), 3)}
                with (out / "train.log").open("a") as log:
                    log.write(json.dumps(line) + "\n")
    torch.save(model.encoder.state_dict(), out / "images.pt")
    return out / "images.pt"


def learn_phantoms(out: Path, cache: Path, count: int, epochs: int) -> Path:
    """Train on the drawn grades of phantoms; the encoder ends up in ``out/phantoms.pt``."""
    discs = classifier_data.load_phantoms(levels.model(), count, cache)
    recipe = replace(Recipe(), epochs=epochs, drawn=True)
    model = classifier_fit.train(discs, [], out, "phantom", recipe)
    torch.save(model.encoder.state_dict(), out / "phantoms.pt")
    return out / "phantoms.pt"


def main() -> None:
    """Train one of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=("images", "phantoms"))
    parser.add_argument("--out", type=Path, default=Path("runs/pretrain"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/classifier/phantoms.pickle"))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--count", type=int, default=70)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    if options.stage == "images":
        learn_images(options.shared, options.out, options.steps)
    else:
        learn_phantoms(options.out, options.cache, options.count, options.epochs)


if __name__ == "__main__":
    main()
