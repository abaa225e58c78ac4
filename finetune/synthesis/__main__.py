"""Measure what made-up images are worth; the page ``docs/synthesis.md`` is written from it.

Real crops that were learned from are the training patients', those that are judged on the
development patients'::

    python -m finetune.synthesis            # print
    python -m finetune.synthesis --write    # write docs/synthesis.md too
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data.synth.rgan import sample as rgan
from finetune import classifier_data, spider
from finetune.synthesis import measure, sources
from radixgpt.errors import WeightsError
from tools import levels

PAGE = Path(__file__).parents[2] / "docs" / "synthesis.md"
_SEED = 17


def made_by(learned: sources.Discs, count: int, phantoms: int) -> dict[str, sources.Discs]:
    """As many crops as are wanted of every source whose weights are there."""
    found = {"phantom": sources.by_phantom(phantoms, _SEED)}
    try:
        net = rgan.generator()
    except WeightsError as error:
        print(f"No relativistic GAN: {error}")
    else:
        found["GAN"] = sources.by_rgan(net, sources.asked(learned, count, _SEED), _SEED)
    return found


def measured(shared: Path, discs: Path, count: int, phantoms: int) -> dict[str, Any]:
    """Every figure, for the page and for machines."""
    train, development = spider.split(shared)
    views = classifier_data.load(shared, levels.model(), discs)
    learned = sources.real(d for d in views if d.patient in train)
    held = sources.real(d for d in views if d.patient in development)
    made = made_by(learned, count, phantoms)
    half = learned.patients % 2 == 0
    one, other = (learned.part(np.flatnonzero(rows)) for rows in (half, ~half))
    sets = {"real training patients, one half against the other": (one, other, other)}
    sets |= {name: (some, held, learned) for name, some in made.items()}
    return {
        "likeness": {
            name: measure.as_dict(measure.likeness(*three)) for name, three in sets.items()
        },
        "agreement": {
            "real development patients": measure.agreement(held),
            **{name: measure.agreement(some) for name, some in made.items()},
        },
        "utility": measure.utility(made, learned, held),
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


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--discs", type=Path, default=Path("runs/classifier/discs.pickle"))
    parser.add_argument("--count", type=int, default=1200, help="made-up crops of each generator")
    parser.add_argument("--phantoms", type=int, default=120)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = measured(options.shared, options.discs, options.count, options.phantoms)
    print(json.dumps(found, indent=1))
    if options.write:
        text = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
        for name, table in tables(found).items():
            text = text.replace("{" + name + "}", table)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
