"""What the losses, the hard negatives and the trunks bring.

Losses and hard negatives are compared on a third of the training patients left out, with ImageNet's
trunk: the disc grader's has seen them all. Trunks are compared on the development patients. Discs
alone are learned from here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from finetune import spider
from finetune.captions.card import table as markdown
from finetune.clip import export, fit, material, measure
from finetune.clip.bank import STARTS, Bank
from finetune.clip.fit import Recipe
from radixgpt.errors import InputError
from retrieval.encoder import embedded

SHORT = Recipe(epochs=12, start="imagenet")
VARIANTS: dict[str, Recipe] = {
    "masked": SHORT,
    "sigmoid": replace(SHORT, loss="sigmoid"),
    "plain": replace(SHORT, loss="plain"),
    "masked, no hard negatives": replace(SHORT, hard=0),
}
"""What is held against what, by name."""
_KEPT = "compare.json"

Table = dict[str, dict[str, float]]


def parts(patients: Sequence[int]) -> tuple[list[int], list[int]]:
    """Two thirds of the training patients to learn from, and the third left out."""
    order = np.random.default_rng(11).permutation(len(patients))
    cut = 2 * len(patients) // 3
    return [patients[i] for i in order[:cut]], [patients[i] for i in order[cut:]]


def run(shared: Path, out: Path, say: measure.Say) -> dict[str, Table]:
    """Train every variant that is not there yet, and mark all.

    Returns:
        ``variants`` and ``trunks``, each name to its figures; kept in ``out/compare.json`` too.
    """
    train, development = spider.split(shared)
    learn, left = parts(train)
    many = len(VARIANTS) + len(STARTS)
    found: dict[str, Table] = {"variants": {}, "trunks": {}}
    discs = material.disc_bank(shared, SHORT.start, out)
    asked = material.discs_of(shared, left)
    for done, (name, recipe) in enumerate(VARIANTS.items()):
        say("Comparing", done, many)
        place = out / "compare" / name.replace(", ", "-").replace(" ", "-")
        encoder = _trained(discs.of(learn), place, recipe)
        found["variants"][name] = measure.chosen(measure.of_discs(encoder, asked))
    asked = material.discs_of(shared, development)
    for done, which in enumerate(STARTS, start=len(VARIANTS)):
        say("Comparing", done, many)
        discs = material.disc_bank(shared, which, out)
        recipe = replace(SHORT, start=which)
        encoder = _trained(discs, out / "compare" / f"trunk-{which}", recipe)
        found["trunks"][which] = measure.chosen(measure.of_discs(encoder, asked))
    (out / _KEPT).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    say("Comparing", many, many)
    return found


def _trained(discs: Bank, place: Path, recipe: Recipe) -> embedded.Embedded:
    state, known = fit.train(discs, None, place, recipe)
    card = export.export(state, known, place / embedded.FOLDER)
    return embedded.Embedded.load(card.folder.parent)


def kept(out: Path) -> dict[str, Table]:
    """What :func:`run` found before.

    Raises:
        InputError: it has not been run here.
    """
    try:
        found: dict[str, Table] = json.loads((out / _KEPT).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            "The variants have not been compared here.", "Run: python -m finetune.clip compare."
        ) from error
    return found


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """A row a variant, in Markdown."""
    columns = list(next(iter(found.values())))
    rows = ((name, *(f"{row[c]:.3f}" for c in columns)) for name, row in found.items())
    return markdown(("training", *columns), rows)
