"""Every figure of the encoder, on the development patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from finetune import spider
from finetune.classifier_data import DiscViews
from finetune.clip import marks, material, pairs, probe
from finetune.clip.marks import Figures
from retrieval.encoder import Encoder

Say = Callable[[str, int, int], None]


def of_discs(encoder: Encoder, discs: Sequence[DiscViews]) -> dict[str, Figures]:
    """What an encoder makes of discs."""
    vectors = encoder.images([pairs.views_of(d) for d in discs])
    found = {
        "zero-shot": marks.zero_shot(encoder, vectors, discs),
        "hard negatives": marks.hard_negatives(encoder, vectors, discs),
        "discs, gradings and level": marks.disc_retrieval(encoder, vectors, discs, placed=True),
        "discs, gradings alone": marks.disc_retrieval(encoder, vectors, discs, placed=False),
        "patients": marks.patient_retrieval(encoder, vectors, discs),
    }
    for only in ("t2", "t1"):
        kept = [d for d in discs if only in pairs.views_of(d)]
        views = [{only: pairs.views_of(d)[only]} for d in kept]
        found[f"zero-shot, {only} alone"] = marks.zero_shot(encoder, encoder.images(views), kept)
    return found


def evaluate(shared: Path, encoder: Encoder, say: Say) -> dict[str, Any]:
    """Figures on the development patients, beside those of others.

    Args:
        shared: the staged data.
        encoder: any; the one that ships for the card.
        say: told how far it has come.
    """
    train, development = spider.split(shared)
    say("Cutting discs", 0, 4)
    taught, discs = (
        material.discs_of(shared, train),
        material.discs_of(shared, development),
    )
    say("Marking discs", 1, 4)
    found: dict[str, Any] = dict(of_discs(encoder, discs))
    whole = pairs.whole_slices(shared, development)
    found["slices"] = marks.slice_figures(
        encoder, encoder.images([w.pictures for w in whole]), whole
    )
    say("Marking linear models", 2, 4)
    own = [encoder.images([pairs.views_of(d) for d in part]) for part in (taught, discs)]
    found["linear"] = probe.probed(own[0], taught, own[1], discs)
    frozen = [probe.imagenet_features(part) for part in (taught, discs)]
    found["linear on ImageNet"] = probe.probed(frozen[0], taught, frozen[1], discs)
    say("Marking the classifier", 3, 4)
    found["classifier"] = classifier(shared, development)
    say("Marking", 4, 4)
    return {
        "encoder": encoder.name,
        "sha256": encoder.sha256,
        "patients": len({d.patient for d in discs}),
        "discs": len(discs),
        "slices measured": len(whole),
        "figures": found,
    }


def classifier(shared: Path, patients: Sequence[int]) -> Figures:
    """What the shipped disc grader reaches on the same patients, given the right levels too."""
    from finetune.classifier_look import look
    from finetune.classifier_marks import mark

    rows: Any = mark(shared, {p: look(shared, p, renumber=True) for p in patients})["figures"]
    named = {
        "Pfirrmann quadratic kappa": "Pfirrmann kappa",
        "Pfirrmann balanced accuracy": "Pfirrmann balanced accuracy",
    }
    return {
        named.get(name, name): {**row, "chance": row["baseline"]}
        for name, row in rows.items()
        if name in named or name.endswith("AUROC")
    }


def chosen(found: dict[str, Figures]) -> dict[str, float]:
    """A few figures that variants are compared by."""
    areas = [v["value"] for k, v in found["zero-shot"].items() if k.endswith("AUROC")]
    return {
        "kappa": found["zero-shot"]["Pfirrmann kappa"]["value"],
        "mean AUROC": float(np.mean(areas)),
        **{change: found["hard negatives"][change]["value"] for change in marks.CHANGES[:4]},
        "image to text R@5": found["discs, gradings alone"]["image to text R@5"]["value"],
        "text to image R@5": found["discs, gradings alone"]["text to image R@5"]["value"],
    }
