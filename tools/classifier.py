"""Grade each lumbar disc: Pfirrmann, narrowing, bulging, herniation, Modic, endplates, slip.

An ensemble of :class:`tools.grade_net.GradeNet` looks at the T1 and T2 crops together, or at
either alone; with both, the Pfirrmann grade is the mean of what it sees in both and in T2 alone.
Trees judge each disc again by its measures and by what the networks said (``tools/forest``);
spondylolisthesis joins the networks with the measured slip instead. Logits are calibrated on
patients that were not learned from; below its abstention threshold a grade is "indeterminate".
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch
from pydantic import TypeAdapter

from radixgpt.eligibility import Eligibility
from radixgpt.finding import ABSENT, GRADED, PRESENT
from radixgpt.level import LUMBAR_DISCS, disc_index
from radixgpt.observation import Observation
from radixgpt.report import ModelFacts
from radixgpt.study import Study
from radixgpt.weights import load_card
from tools import crops as cropping
from tools import levels as levels_tool
from tools import slips
from tools.calibration import Calibration, Chances, Said, calibrate
from tools.forest import ARRAYS, SECOND, Forest, features, judged
from tools.grade_net import BINARY, SEQUENCES, GradeNet, Inputs
from tools.stored import unpack

TOOL = "classifier"
Floats = npt.NDArray[np.float64]

FORESTS = "forests.safetensors"


@cache
def models() -> tuple[GradeNet, ...]:
    """The shipped ensemble, loaded once.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    from safetensors.torch import load_file

    card = load_card("classifier")
    nets = []
    for name in sorted(card.manifest.files):
        if name == FORESTS:
            continue
        net = GradeNet()
        net.load_state_dict(unpack(load_file(card.file(name))))
        nets.append(net.eval())
    return tuple(nets)


@cache
def forests() -> dict[str, dict[str, Forest]]:
    """The trees by the sequences that are there and what they judge, loaded once.

    Raises:
        WeightsError: they are missing or damaged.
    """
    from safetensors.numpy import load_file

    arrays = load_file(load_card("classifier").file(FORESTS))
    return {
        regime: {
            name: Forest(**{array: arrays[f"{regime}/{name}/{array}"] for array in ARRAYS})
            for name in SECOND
        }
        for regime in ("both", "t2", "t1")
    }


@cache
def calibrations() -> dict[str, Calibration]:
    """Calibration by the sequences that are there: ``both``, ``t2`` or ``t1``."""
    return TypeAdapter(dict[str, Calibration]).validate_python(
        load_card("classifier").value("calibration")
    )


@cache
def thresholds() -> dict[str, float]:
    """Confidence below which a kind is indeterminate."""
    return TypeAdapter(dict[str, float]).validate_python(
        load_card("classifier").manifest.thresholds
    )


@cache
def conformal() -> dict[str, dict[str, float]]:
    """By the sequences that are there and the kind: chance from which a value is plausible.

    The plausible values hold the true one in nine discs of ten.
    """
    return TypeAdapter(dict[str, dict[str, float]]).validate_python(
        load_card("classifier").value("conformal")
    )


def model_facts() -> ModelFacts:
    """Name, version and hash of the weights."""
    return load_card("classifier").facts()


Cut = dict[str, cropping.Crop]
"""Sequence (``t1``, ``t2``) to the crop of one disc."""


def inputs(cut: Items[Cut], levels: Items[int]) -> Inputs:
    """What :meth:`GradeNet.forward` takes, for the discs of one patient.

    Args:
        cut: the crops of each disc.
        levels: discs above L5-S1.
    """
    n = len(cut)
    pixels = torch.full((n, 2, cropping.ROWS, cropping.COLUMNS), -1.0)
    measures = torch.full((n, 2, len(cropping.MEASURES)), torch.nan)
    there = torch.zeros(n, 2, dtype=torch.bool)
    for i, views in enumerate(cut):
        for j, sequence in enumerate(SEQUENCES):
            if sequence in views:
                pixels[i, j] = torch.from_numpy(views[sequence].pixels)
                measures[i, j] = torch.from_numpy(views[sequence].measures)
                there[i, j] = True
    return pixels, there, measures, torch.tensor(list(levels)), torch.zeros(n, dtype=torch.long)


@torch.inference_mode()
def graded_logits(
    nets: Items[GradeNet], cut: Items[Cut], levels: Items[int]
) -> tuple[Floats, Floats, Floats]:
    """Mean logits of an ensemble for the discs of one patient: Pfirrmann, Modic and binary.

    Where a disc has both sequences, its Pfirrmann logits are averaged with those of T2 alone.

    Args:
        nets: the members.
        cut: the crops of each disc.
        levels: discs above L5-S1.
    """
    given = inputs(cut, levels)
    parts = [net.beside_t2(given) for net in nets]

    def mean(name: str, which: int = 0) -> Floats:
        stacked = torch.stack([getattr(part[which], name) for part in parts])
        averaged: Floats = stacked.mean(0).double().numpy()
        return averaged

    pfirrmann = mean("pfirrmann")
    if any(len(views) == 2 for views in cut):
        shown = [i for i, views in enumerate(cut) if "t2" in views]
        pfirrmann[shown] = (pfirrmann[shown] + mean("pfirrmann", 1)) / 2
    return pfirrmann, mean("modic"), mean("binary")


_CUT: WeakKeyDictionary[Study, tuple[Eligibility, dict[int, Cut], dict[int, slips.Steps]]] = (
    WeakKeyDictionary()
)


def cuts(study: Study, eligibility: Eligibility) -> tuple[dict[int, Cut], dict[int, slips.Steps]]:
    """The crops and steps of every disc that was found, by its place above the lowest one.

    They are kept while the study is.
    """
    if study in _CUT and _CUT[study][0] == eligibility:
        return _CUT[study][1:]
    by_place: dict[int, Cut] = {}
    steps: dict[int, slips.Steps] = {}
    for view in levels_tool.views(study, eligibility):  # T2 first; its steps stand if measured
        sequence = "t1" if view.series.key == eligibility.t1 else "t2"
        cut = cropping.crops(view.pixels, view.framed, view.column, view.column.discs)
        for place, crop in enumerate(cut):
            disc = view.column.discs[place]
            if crop is None or disc is None or view.textureless(place):
                continue
            by_place.setdefault(place, {})[sequence] = crop
            if place not in steps or steps[place].canal is None:
                steps[place] = slips.measure(view.column, disc)
    _CUT[study] = (eligibility, by_place, steps)
    return by_place, steps


def run(study: Study, eligibility: Eligibility, levels: Items[Observation]) -> list[Observation]:
    """Grade the lumbar discs that ``tools.levels`` found.

    Args:
        study: the study after triage.
        eligibility: which series and slices to look at.
        levels: what ``tools.levels.run`` returned for them.

    Returns:
        One observation for each disc from L1-L2 to L5-S1 that was found and each graded kind.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    discs = [o for o in levels if o.kind == "disc" and o.level is not None]
    if not discs:
        return []
    shift = disc_index(discs[0].level or "")
    by_place, steps = cuts(study, eligibility)
    places = sorted(by_place)
    version = model_facts().version
    out: list[Observation] = []
    for place, observed in enumerate(discs):
        if place not in by_place and observed.evidence and observed.level in LUMBAR_DISCS:
            fields: dict[str, object] = {
                "status": "not_assessable",
                "reason": levels_tool.NO_TEXTURE,
            }
            for kind in GRADED:
                out.append(_graded(kind, observed, version, len(out) + 1, fields))
    if not places:
        return out
    raw = graded_logits(
        models(), [by_place[p] for p in places], [max(0, p + shift) for p in places]
    )
    given = features(
        [by_place[p] for p in places],
        [steps[p] for p in places],
        [max(0, p + shift) for p in places],
        raw,
    )
    for row, place in enumerate(places):
        observed = discs[place]
        if observed.level not in LUMBAR_DISCS:
            continue
        views = by_place[place]
        regime = "both" if len(views) == 2 else next(iter(views))
        one = slice(row, row + 1)
        said = Said(
            pfirrmann=raw[0][one],
            modic=raw[1][one],
            binary=raw[2][one],
            trees=judged(forests()[regime], given[one]),
            steps=[steps[place].against(slips.usual(), place + shift)],
        )
        chances = calibrate(said, calibrations()[regime])
        for kind in GRADED:
            fields = statement(kind, chances, regime)
            out.append(_graded(kind, observed, version, len(out) + 1, fields))
    return out


def _graded(
    kind: str, disc: Observation, version: str, number: int, fields: dict[str, object]
) -> Observation:
    """What is said of one kind at a disc, with the disc's own evidence."""
    by = f"{TOOL} {version}"
    return Observation.model_validate(
        {
            "id": f"{TOOL}-{number}",
            "tool": TOOL,
            "tool_version": version,
            "kind": kind,
            "level": disc.level,
            "evidence": [e.model_copy(update={"tool": by}) for e in disc.evidence],
            **fields,
        }
    )


def statement(kind: str, chances: Chances, regime: str) -> dict[str, object]:
    """Value, status, confidence and probabilities of one kind for one disc.

    Args:
        kind: one of GRADED.
        chances: of this disc alone.
        regime: which sequences were looked at: ``both``, ``t2`` or ``t1``.
    """
    if kind == "pfirrmann" and regime == "t1":
        return {"status": "not_assessable", "reason": "needs a T2-weighted series"}
    if kind == "modic" and regime != "both":
        return {"status": "not_assessable", "reason": "needs both T1- and T2-weighted series"}
    value: str | int
    if kind == "pfirrmann":
        value = 1 + int(np.argmax(chances.pfirrmann[0]))
        named = {str(g): float(p) for g, p in zip(range(1, 6), chances.pfirrmann[0], strict=True)}
    elif kind == "modic":
        change = float(chances.modic[0, 1:].sum())
        value = 0 if change < 0.5 else 1 + int(np.argmax(chances.modic[0, 1:]))
        named = {str(t): float(p) for t, p in enumerate(chances.modic[0])}
    else:
        present = float(chances.binary[0, BINARY.index(kind)])
        value = PRESENT if present >= 0.5 else ABSENT
        named = {ABSENT: 1 - present, PRESENT: present}
    confidence = named[str(value)]
    plausible = [name for name, p in named.items() if p >= conformal()[regime][kind]]
    # Where every chance is below the cut, none can be excluded.
    kept = [int(name) if name.isdigit() else name for name in plausible or named]
    named = {name: round(p, 4) for name, p in named.items()}
    if confidence < thresholds()[kind]:
        return {
            "status": "indeterminate",
            "reason": _between(kind, plausible),
            "probabilities": named,
            "plausible": kept,
        }
    return {
        "value": value,
        "confidence": round(confidence, 4),
        "probabilities": named,
        "plausible": kept,
    }


_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V"}


def _between(kind: str, plausible: list[str]) -> str:
    """Why nothing is stated, with the values that remain."""
    if len(plausible) < 2:
        return "the probabilities are too close to call"
    if kind == "pfirrmann":
        plausible = [_ROMAN[name] for name in plausible]
    elif kind == "modic":
        plausible = ["no change" if name == "0" else f"type {name}" for name in plausible]
    *first, last = plausible
    return f"too close to call between {', '.join(first)} and {last}"
