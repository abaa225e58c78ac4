"""The card of the shipped relativistic GAN: curves, samples by class, walks, coverage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data.synth.conditions import SEQUENCES, DiscGrades, SequenceName, Wanted
from data.synth.rgan.networks import NOISE, Generator
from data.synth.rgan.sample import generator
from finetune.copied import nearest, refuse_copies
from finetune.rgan import fit
from finetune.rgan.coverage import coverage, unlike
from finetune.rgan.crops import Crops, middle
from finetune.synthesis.measure import grader_features
from finetune.synthesis.sources import Discs, asked, by_rgan

SAMPLES, WALKS, LOSSES = "samples.png", "walks.png", "losses.png"
_TEMPLATE = Path(__file__).with_name("card.md")
_ACROSS = 8
_LEVEL = "L4-L5"
_SMOOTHED = 12
_SEED = 23

SHOWN: tuple[tuple[str, SequenceName, DiscGrades], ...] = (
    *(
        (f"{name.upper()}, Pfirrmann {grade}", name, DiscGrades(grade))
        for name in SEQUENCES[::-1]
        for grade in range(1, 6)
    ),
    ("T2, Pfirrmann 4, bulging", "t2", DiscGrades(4, 0, frozenset({"disc_bulging"}))),
    ("T2, Pfirrmann 4, herniation", "t2", DiscGrades(4, 0, frozenset({"disc_herniation"}))),
    ("T2, Pfirrmann 5, narrowing", "t2", DiscGrades(5, 0, frozenset({"disc_narrowing"}))),
    ("T2, Pfirrmann 5, Modic 2", "t2", DiscGrades(5, 2, frozenset({"disc_narrowing"}))),
    ("T2, Pfirrmann 4, slip", "t2", DiscGrades(4, 0, frozenset({"spondylolisthesis"}))),
)
"""The classes of which the card shows a row each."""


def condition(sequence: SequenceName, grades: DiscGrades) -> Tensor:
    """(DISC_CONDITION,) of L4-L5 with these grades."""
    return torch.from_numpy(Wanted(sequence, {_LEVEL: grades}).disc_vector(_LEVEL))


@torch.inference_mode()
def rows(net: Generator, told: Sequence[tuple[SequenceName, DiscGrades]]) -> Tensor:
    """A row of samples of each class, the same noise in a column: (n * _ACROSS, 1, *SHAPE)."""
    noise = torch.randn(_ACROSS, NOISE, generator=torch.Generator().manual_seed(_SEED))
    return torch.cat([net(noise, condition(*one).expand(_ACROSS, -1)) for one in told])


@torch.inference_mode()
def walks(net: Generator) -> Tensor:
    """From one noise to another by three paths, and from Pfirrmann 1 to 5 for three noises."""
    source = torch.Generator().manual_seed(_SEED + 1)
    shares = torch.linspace(0, 1, _ACROSS)[:, None]
    ends = torch.randn(6, NOISE, generator=source)
    made = []
    for first, second in ends.reshape(3, 2, NOISE):
        # Along the circle: a straight line would leave the shell that noise lies on.
        angle = shares * torch.pi / 2
        path = angle.cos() * first + angle.sin() * second
        made.append(net(path, condition("t2", DiscGrades(3)).expand(_ACROSS, -1)))
    healthy, worn = condition("t2", DiscGrades(1)), condition("t2", DiscGrades(5))
    for noise in ends[::2]:
        told = (1 - shares) * healthy + shares * worn
        made.append(net(noise.expand(_ACROSS, -1), told))
    return torch.cat(made)


def curves(lines: Sequence[dict[str, float]], path: Path) -> None:
    """The losses of both networks over the steps, smoothed, as a PNG with its scale."""
    from PIL import Image, ImageDraw

    width, height, rim = 720, 260, 40
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    steps = np.array([line["step"] for line in lines])
    for name, colour, place in (("discriminator", "#b0413e", 0), ("generator", "#2f6690", 150)):
        values = np.array([line[name] for line in lines])
        kernel = np.ones(min(_SMOOTHED, len(values)))
        mean = np.convolve(values, kernel, "same") / np.convolve(
            np.ones(len(values)), kernel, "same"
        )
        x = rim + (width - 2 * rim) * steps / max(1, steps[-1])
        y = height - rim - (height - 2 * rim) * np.clip(mean, 0, 3) / 3
        draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=colour, width=2)
        draw.text((rim + place, 8), name, fill=colour)
    for value in range(4):
        height_of = height - rim - (height - 2 * rim) * value / 3
        draw.line([(rim, height_of), (width - rim, height_of)], fill="#dddddd")
        draw.text((rim - 16, height_of - 6), str(value), fill="black")
    draw.text((width - rim - 90, height - rim + 10), f"{int(steps[-1])} steps", fill="black")
    picture.save(path)


def covered(net: Generator, crops: Crops) -> dict[str, str]:
    """The figures on coverage: of the training crops, and of a half of them against the other."""
    pixels = np.asarray(middle(crops.pixels)[:, 0].numpy(), np.float32)
    grades = tuple(w.disc(level) for w, level in zip(crops.wanted, crops.levels, strict=True))
    sequences = tuple(w.sequence for w in crops.wanted)
    learned = Discs(pixels, sequences, crops.levels, grades, crops.patients).of("t2")
    made = by_rgan(net, asked(learned, len(learned.pixels), _SEED), _SEED)
    real, fake = grader_features(learned.pixels), grader_features(made.pixels)
    half = learned.patients % 2 == 0
    own, other = coverage(real, fake), coverage(real[half], real[~half])
    alike_real, alike_made = _unlike_by_grade(learned), _unlike_by_grade(made)
    table = "\n".join(
        f"| {grade} | {alike_real[grade]:.2f} | {alike_made[grade]:.2f} |"
        for grade in sorted(alike_real)
        if grade in alike_made
    )
    return {
        "bins": str(own.bins),
        "different": str(own.different),
        "empty": str(own.empty),
        "half_different": str(other.different),
        "half_empty": str(other.empty),
        "crops": str(len(learned.pixels)),
        "unlike": table,
    }


def _unlike_by_grade(discs: Discs) -> dict[int, float]:
    found = {}
    small: npt.NDArray[np.float32] = discs.pixels[:, ::4, ::4]
    for grade in range(1, 6):
        rows_ = [i for i, one in enumerate(discs.grades) if one.pfirrmann == grade][:150]
        if len(rows_) >= 8:
            found[grade] = unlike(small[rows_])
    return found


def write(folder: Path, crops: Crops, run: Path, recipe: fit.Recipe) -> None:
    """Draw the pictures from the weights in ``folder`` as they ship, and write the card.

    Raises:
        CheckFailedError: a sample is a copy of a training image.
    """
    generator.cache_clear()
    net = generator()
    shown, walked = rows(net, [(name, grades) for _, name, grades in SHOWN]), walks(net)
    near = nearest(torch.cat([shown, walked]), middle(crops.pixels), crops.patients)
    refuse_copies(near)
    fit.grid(shown, folder / SAMPLES, _ACROSS)
    fit.grid(walked, folder / WALKS, _ACROSS)
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    curves(lines, folder / LOSSES)
    spent = [line["cpu_seconds"] for line in lines]
    last = [a for a, b in zip(spent, [*spent[1:], 0.0], strict=True) if b < a]
    text = _TEMPLATE.read_text(encoding="utf-8").format(
        parameters=f"{sum(p.numel() for p in net.parameters()) / 1e6:.1f}",
        patients=len(set(crops.patients.tolist())),
        images=len(crops.pixels),
        steps=recipe.steps,
        batch=recipe.images,
        gamma=f"{recipe.gamma:g}",
        every=recipe.every,
        minutes=round(sum(last) / 60),
        classes="; ".join(name for name, _, _ in SHOWN),
        **near.told(),
        **covered(net, crops),
    )
    (folder / "card.md").write_text(text, encoding="utf-8")
