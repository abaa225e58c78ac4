"""All figures of made-up images, and the page that tells them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.synth.conditions import Wanted
from data.synth.diffusion import sample as diffusion
from data.synth.diffusion.networks import PLACES
from data.synth.rgan import sample as rgan
from finetune import classifier_data, spider
from finetune.synthesis import guidance, measure, sources
from finetune.synthesis.sources import DISCS, SHARED
from radixgpt.errors import MissingPackageError, WeightsError
from radixgpt.level import LUMBAR_DISCS
from tools import levels

Say = Callable[[str, int, int], None]
"""What is done, how much of it, of how much."""
_SEED = 17
_PAGE = Path(__file__).with_name("page.md")


def made_by(
    learned: sources.Discs, count: int, phantoms: int, say: Say
) -> tuple[dict[str, sources.Discs], list[str]]:
    """As many crops as are wanted of every source whose weights are there; and what is missing."""
    found = {"phantom": sources.by_phantom(phantoms, _SEED, lambda n: say("Phantoms", n, phantoms))}
    missing: list[str] = []
    try:
        net = rgan.generator()
    except WeightsError as error:
        missing.append(f"No relativistic GAN: {error}")
    else:
        found["GAN"] = sources.by_rgan(net, sources.asked(learned, count, _SEED), _SEED)
    try:
        denoiser = diffusion.denoiser()
    except (WeightsError, MissingPackageError) as error:
        missing.append(f"No diffusion model: {error}")
    else:
        wanted = sources.wanted_columns(learned, max(1, count // len(LUMBAR_DISCS)), _SEED)

        def drawn(one: Wanted, seed: int) -> sources.Floats:
            say("Columns by diffusion", seed + 1, len(wanted))
            column: sources.Floats = diffusion.draw(one, 1, seed, net=denoiser)[0]
            return column

        found["diffusion"] = sources.by_columns(drawn, wanted, PLACES)
    return found, missing


def measured(
    shared: Path = SHARED,
    discs: Path = DISCS,
    count: int = 1200,
    phantoms: int = 120,
    say: Say = lambda what, done, total: None,
) -> dict[str, Any]:
    """Every figure, for the page and for machines.

    Args:
        shared: the staged data.
        discs: where the crops of the patients are kept once they are cut.
        count: made-up crops of each network.
        phantoms: drawn phantoms, of ten crops each.
        say: is told how far it is.

    Raises:
        InputError: the staged data are not there.
        WeightsError: the grader's weights are missing or damaged.
    """
    train, development = spider.split(shared)
    say("Patients' discs", 0, 1)
    views = classifier_data.load(shared, levels.model(), discs)
    learned = sources.real(d for d in views if d.patient in train)
    held = sources.real(d for d in views if d.patient in development)
    made, missing = made_by(learned, count, phantoms, say)
    half = learned.patients % 2 == 0
    one, other = (learned.part(np.flatnonzero(rows)) for rows in (half, ~half))
    sets = {"real training patients, one half against the other": (one, other, other)}
    sets |= {name: (some, held, learned) for name, some in made.items()}
    likeness = {}
    for n, (name, three) in enumerate(sets.items(), start=1):
        likeness[name] = measure.as_dict(measure.likeness(*three))
        say("Likeness", n, len(sets))
    agreement = {"real development patients": measure.agreement(held)}
    for n, (name, some) in enumerate(made.items(), start=1):
        agreement[name] = measure.agreement(some)
        say("Agreement", n, len(made))
    say("Utility", 0, 1)
    return {
        "likeness": likeness,
        "agreement": agreement,
        "utility": measure.utility(made, learned, held),
        "missing": missing,
    }


def tables(found: dict[str, Any]) -> dict[str, str]:
    """The figures as Markdown tables, by the name of their place in the page."""
    likeness = ["| images | crops | FID | KID | precision | recall | copies |", "|" + " --- |" * 7]
    for name, f in found["likeness"].items():
        likeness.append(
            f"| {name} | {f['images']:.0f} | {f['fid']:.2f} | {f['kid']:.3f} "
            f"| {f['precision']:.2f} | {f['recall']:.2f} | {f['copied']:.1%} |"
        )
    kinds = list(next(iter(found["agreement"].values())))
    agreement = ["| images | " + " | ".join(kinds) + " |", "| --- " * (1 + len(kinds)) + "|"]
    for name, f in found["agreement"].items():
        cells = [f"{f[kind]:.2f}" if kind in f else "too few" for kind in kinds]
        agreement.append(f"| {name} | {' | '.join(cells)} |")
    figures = list(next(iter(found["utility"].values())))
    utility = [
        "| learned from | " + " | ".join(figures) + " |",
        "| --- " * (1 + len(figures)) + "|",
    ]
    for name, f in found["utility"].items():
        cells = [
            "–" if np.isnan(f[k][0]) else f"{f[k][0]:.2f} ({f[k][1]:.2f} to {f[k][2]:.2f})"
            for k in figures
        ]
        utility.append(f"| {name} | {' | '.join(cells)} |")
    return {
        "likeness": "\n".join(likeness),
        "agreement": "\n".join(agreement),
        "utility": "\n".join(utility),
    }


def page(found: dict[str, Any]) -> str:
    """The page with its tables."""
    text = _PAGE.read_text(encoding="utf-8")
    for name, table in {**tables(found), "guidance": guidance.as_markdown()}.items():
        text = text.replace("{" + name + "}", table)
    return text


def as_json(found: dict[str, Any]) -> str:
    """The figures for machines; what could not be told is null."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [plain(v) for v in value]
        return None if isinstance(value, float) and np.isnan(value) else value

    return json.dumps(plain(found), indent=1)
