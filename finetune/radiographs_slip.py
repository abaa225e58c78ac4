"""Train the heads that find discs and corners on lateral films, each film judged by others' heads.

The backbone is frozen, so what it sees of the varied examples is worked out once; the heads of a
fold then take minutes. Folds are of groups of films. The heads that ship are trained on all marked
films in the same way; no figure is theirs. Everything is kept in ``runs/radiographs/slips`` and
taken up where it was left.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from finetune.radiographs_corners import (
    corner_target,
    corners,
    disc_target,
    varied_film,
    varied_square,
)
from finetune.radiographs_data import SEED, Film
from tools.framing import standardise
from tools.radiographs import curve_net
from tools.radiographs.slip_find import SlipHeads
from tools.radiographs.slip_net import CornerHead, DiscHead, square_maps
from tools.radiographs.weights import slip_heads
from tools.triage_weights import eyes

Floats = npt.NDArray[np.float64]

FOLDS = 5
FILM_COPIES = 12
"""Varied copies of each film."""
DISC_COPIES = 24
"""Varied squares about each disc."""
FILM_STEPS, DISC_STEPS = 600, 450
FILM_BATCH, DISC_BATCH = 8, 32
_WAY_WEIGHT = 0.3


@dataclass(frozen=True, eq=False)
class FilmExample:
    """What the backbone sees of a varied film, and what is to be said of it."""

    key: str
    maps: Tensor
    wanted: Tensor
    asked: Tensor
    way: Tensor
    near: Tensor


@dataclass(frozen=True, eq=False)
class DiscExample:
    """What the backbone sees of a varied square, and where its corners are."""

    key: str
    maps: tuple[Tensor, ...]
    wanted: Tensor


def film_examples(some: Items[Film], copies: int = FILM_COPIES) -> list[FilmExample]:
    """Varied copies of the marked films."""
    rng, network, out = np.random.default_rng(SEED), eyes().network, []
    for film in some:
        for _ in range(copies):
            strip, discs, complete = varied_film(film.pixels, corners()[film.key], rng)
            maps = curve_net.maps_of(network, strip)
            told = disc_target(discs, maps.shape[-1], complete)
            out.append(FilmExample(film.key, maps.half(), *map(torch.from_numpy, told)))
    return out


def disc_examples(some: Items[Film], copies: int = DISC_COPIES) -> list[DiscExample]:
    """Varied squares about the marked discs."""
    rng, network, out = np.random.default_rng(SEED), eyes().network, []
    for film in some:
        shown = standardise(film.pixels)
        for mark in corners()[film.key]:
            pairs = [varied_square(shown, mark.on(film.pixels), rng) for _ in range(copies)]
            maps = square_maps(network, np.stack([seen for seen, _ in pairs]))
            for i, (_, placed) in enumerate(pairs):
                some_maps = tuple(m[i].half() for m in maps)
                out.append(
                    DiscExample(film.key, some_maps, torch.from_numpy(corner_target(placed)))
                )
    return out


def fit_discs(data: Items[FilmExample], steps: int = FILM_STEPS) -> tuple[DiscHead, Tensor, Tensor]:
    """The head that finds discs, and the mean and spread that scale its maps."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    mean = torch.stack([d.maps.float().mean((0, 2, 3)) for d in data]).mean(0)
    spread = torch.stack([d.maps.float().std((0, 2, 3)) for d in data]).mean(0) + 1e-3
    head = DiscHead()
    optimiser = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, steps)
    for step in range(steps):
        loss = torch.zeros(())
        for i in rng.integers(0, len(data), FILM_BATCH):
            d = data[int(i)]
            scaled = (d.maps.float() - mean[:, None, None]) / spread[:, None, None]
            scaled = scaled * (torch.rand(1, scaled.shape[1], 1, 1) > 0.1) / 0.9
            said = head(scaled)[0]
            chance = said[0].sigmoid()
            bend = (chance - d.wanted).abs() ** 2
            entropy = functional.binary_cross_entropy_with_logits(
                said[0], d.wanted, reduction="none"
            )
            centre = (entropy * bend * d.asked).sum() / 5
            away = ((said[1:] - d.way).abs() * d.near).sum() / d.near.sum().clamp(min=1)
            loss = loss + (centre + _WAY_WEIGHT * away) / FILM_BATCH
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"discs: step {step} of {steps}, loss {loss.item():.3f}", flush=True)
    return head.eval(), mean, spread


def fit_corners(data: Items[DiscExample], steps: int = DISC_STEPS) -> CornerHead:
    """The head that finds corners."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    head = CornerHead()
    optimiser = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, steps)
    for step in range(steps):
        picked = [data[int(i)] for i in rng.integers(0, len(data), DISC_BATCH)]
        maps = [torch.stack([d.maps[k] for d in picked]).float() for k in range(4)]
        wanted = torch.stack([d.wanted for d in picked])
        loss = -(wanted * head(maps)).sum(2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"corners: step {step} of {steps}, loss {loss.item():.3f}", flush=True)
    return head.eval()


def lateral(every: Items[Film]) -> list[Film]:
    """The lateral films with marks."""
    return [f for f in every if f.view == "lateral" and f.key in corners()]


def folds(some: Items[Film]) -> dict[str, int]:
    """The fold of each film; films of one group share it."""
    groups = sorted({f.group for f in some})
    np.random.default_rng(SEED).shuffle(groups)
    of = {group: i % FOLDS for i, group in enumerate(groups)}
    return {f.key: of[f.group] for f in some}


def crossed(every: Items[Film], out: Path) -> dict[str, SlipHeads]:
    """For each lateral film heads that never saw its group, and under ``all`` those that ship."""
    some = lateral(every)
    of = folds(some)
    done: dict[int | None, SlipHeads] = {}
    films_seen: list[FilmExample] = []
    discs_seen: list[DiscExample] = []
    for fold in (*range(FOLDS), None):
        place = out / "slips" / f"heads-{'all' if fold is None else fold}.safetensors"
        if not place.is_file():
            films_seen = films_seen or film_examples(some)
            discs_seen = discs_seen or disc_examples(some)
            print(f"fold {fold}", flush=True)
            head, mean, spread = fit_discs([d for d in films_seen if of[d.key] != fold])
            corner = fit_corners([d for d in discs_seen if of[d.key] != fold])
            place.parent.mkdir(parents=True, exist_ok=True)
            save_file(stored(SlipHeads(head, corner, mean, spread)), place)
        done[fold] = slip_heads(load_file(place))
    return {key: done[fold] for key, fold in of.items()} | {"all": done[None]}


def stored(heads: SlipHeads) -> dict[str, Tensor]:
    """The heads as tensors of a file."""
    return {
        "slip_mean": heads.mean,
        "slip_spread": heads.spread,
        **{f"disc.{k}": v.contiguous() for k, v in heads.disc.state_dict().items()},
        **{f"corner.{k}": v.contiguous() for k, v in heads.corner.state_dict().items()},
    }
