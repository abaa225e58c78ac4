"""Fit and measure image-caption agreement: a caption of a patient's own gradings, and changed ones.

Fitted on the training patients, graded by the member that did not learn from them; measured on the
development patients, from slices without a header.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.text.tokens import coco
from finetune import seen as tools_of
from finetune import spider
from finetune.captions import changed
from finetune.captions.changed import CHANGES, OTHER, TECHNIQUE
from finetune.classifier_groups import FEWEST, parted
from finetune.seen import Say, Seen
from radixgpt.case import StatedFinding
from radixgpt.finding import ABSENT, PRESENT
from radixgpt.level import LUMBAR_DISCS, order
from radixgpt.observation import Observation
from radixgpt.statistics import auroc, intervals
from tools.captions import classify
from tools.captions.agreement import Weighing, check, finding_statements, surprises

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]
_SEED = 11
_CALIBRATED_ON = (*CHANGES, OTHER)
_FALSE_ALARMS = 0.05
"""Share of right captions of training patients that may be said not to fit."""


@dataclass(frozen=True)
class Pair:
    """A caption and the patient whose images it is held against; ``change`` is empty if right."""

    patient: int
    change: str
    caption: str


def pairs(shared: Path, patients: Sequence[int], seed: int = _SEED) -> list[Pair]:
    """The right caption of each patient, and one for each change that can be made."""
    found: list[Pair] = []
    for patient in patients:
        rng = random.Random(f"{seed}/{patient}")
        own = tools_of.stated(shared, patient)
        other = rng.choice([p for p in patients if p != patient])
        names = tools_of.sequences_of(shared, patient)
        technique = changed.technique_of([name[:2].upper() for name in names])
        seed_of = f"captions/{patient}"
        found.append(Pair(patient, "", changed.written(own, seed_of, technique)))
        for name, change in CHANGES.items():
            moved = change(own, rng)
            if moved is not None:
                found.append(Pair(patient, name, changed.written(moved, seed_of, technique)))
        theirs = tools_of.stated(shared, other)
        found.append(Pair(patient, OTHER, changed.written(theirs, seed_of, technique)))
        wrong = changed.wrong_technique(rng)
        found.append(Pair(patient, TECHNIQUE, changed.written(own, seed_of, wrong)))
    return found


Look = Mapping[int, Sequence[Observation]]


def fit(pairs_: Sequence[Pair], look: Look) -> Weighing:
    """How surprises make a chance that a caption is the right one, right ones being half."""
    from sklearn.linear_model import LogisticRegression

    rows, right = [], []
    for pair in pairs_:
        if pair.change and pair.change not in _CALIBRATED_ON:
            continue
        found = surprises(
            finding_statements(classify(pair.caption).findings, look.get(pair.patient, ()))
        )
        if found is not None:
            rows.append(found)
            right.append(pair.change == "")
    model = LogisticRegression(C=100.0, class_weight="balanced").fit(np.array(rows), right)
    worst, mean = (round(float(v), 4) for v in model.coef_[0])
    offset = round(float(model.intercept_[0]), 4)
    own = model.predict_proba(np.array(rows)[np.array(right)])[:, 1]
    low = round(float(np.quantile(own, _FALSE_ALARMS)), 4)
    return Weighing(offset=offset, worst=worst, mean=mean, low=low, high=0.5)


def prevalences(shared: Path, patients: Iterable[int]) -> tuple[Observation, ...]:
    """What a reader who sees no image would say: how frequent each grade is at each level."""
    counts: dict[tuple[str, str], dict[str, float]] = {}
    for patient in patients:
        for one in tools_of.stated(shared, patient):
            if one.level not in LUMBAR_DISCS:
                continue
            value = one.value if one.value is not None else None
            name = str(value) if value is not None else _presence(one)
            here = counts.setdefault((one.kind, one.level), {})
            here[name] = here.get(name, 0.0) + 1
    return tuple(
        Observation(
            id=f"prior-{kind}-{level}",
            tool="prevalence",
            tool_version="1",
            kind=kind,
            level=level,
            probabilities={name: count / sum(named.values()) for name, count in named.items()},
        )
        for (kind, level), named in sorted(counts.items(), key=lambda item: order(item[0][1]))
    )


def _presence(one: StatedFinding) -> str:
    return PRESENT if one.assertion == "present" else ABSENT


def overlap(caption: str, observations: Sequence[Observation]) -> float:
    """F1 of the words of a caption and of one that is written from the tools' likeliest values."""
    likeliest = []
    for one in observations:
        if not one.probabilities or one.level is None:
            continue
        value = max(one.probabilities, key=lambda name: one.probabilities[name])
        if value.isdecimal():
            there = "absent" if one.kind == "modic" and value == "0" else "present"
            fields: dict[str, Any] = {"value": int(value), "assertion": there}
        else:
            fields = {"assertion": value}
        likeliest.append(
            StatedFinding.model_validate({"level": one.level, "kind": one.kind, **fields})
        )
    mine = Counter(coco(changed.written(likeliest, "overlap", "")))
    theirs = Counter(coco(caption))
    shared = sum((mine & theirs).values())
    return 2 * shared / max(1, mine.total() + theirs.total())


def evaluate(shared: Path, weights: Weighing, say: Say) -> dict[str, Any]:
    """AUROC and accuracy on the development patients beside two baselines, with intervals."""
    train, _ = spider.split(shared)
    looked = tools_of.development(shared, say)
    by_patient = {one.patient: one for one in looked}
    prior = prevalences(shared, train)
    prior_weights = fit(pairs(shared, train), dict.fromkeys(train, prior))
    tried = pairs(shared, [one.patient for one in looked])

    def scored(pair: Pair, observations: Sequence[Observation], rules: Weighing) -> float:
        one = check(pair.caption, by_patient[pair.patient].study(), observations, weights=rules)
        return 0.5 if one.score is None else one.score  # nothing could be checked: as good as none

    systems: dict[str, Callable[[Pair], float]] = {
        "tools": lambda pair: scored(pair, by_patient[pair.patient].observations, weights),
        "prevalence, no image": lambda pair: scored(pair, prior, prior_weights),
        "shared words": lambda pair: overlap(pair.caption, by_patient[pair.patient].observations),
    }
    scores = {name: np.array([score(pair) for pair in tried]) for name, score in systems.items()}
    found: dict[str, Any] = {
        "patients": len(looked),
        "not graded": sum(not one.gradable for one in looked),
        "systems": {name: _marks(tried, own) for name, own in scores.items()},
        "groups": {
            name: _of_group(tried, scores["tools"], own) | {"patients": len(own)}
            for name, own in parted(shared, by_patient).items()
        },
        "verdicts": _verdicts(tried, by_patient, weights),
    }
    return found


_TOLD = (*CHANGES, OTHER, TECHNIQUE, "one statement changed", "any change")


def _marks(tried: Sequence[Pair], scores: Floats, told: Sequence[str] = _TOLD) -> dict[str, Any]:
    """By change: AUROC against the right captions, and how often the right one scores higher."""
    patients = np.array([pair.patient for pair in tried])
    change = np.array([pair.change for pair in tried])
    own = {
        pair.patient: score for pair, score in zip(tried, scores, strict=True) if not pair.change
    }
    beaten = np.array(
        [
            (own[p] > score) + 0.5 * (own[p] == score)
            for p, score in zip(patients, scores, strict=True)
        ]
    )
    found: dict[str, Any] = {}
    changes = (*CHANGES, OTHER, TECHNIQUE)
    for name in told:
        chosen = {"any change": changes, "one statement changed": tuple(CHANGES)}.get(name, (name,))
        wrong = np.isin(change, chosen)
        kept = np.flatnonzero(wrong | (change == ""))
        figures = partial(_figures, ~wrong[kept], scores[kept], beaten[kept])
        values = figures(np.arange(len(kept)))
        ends = intervals(patients[kept], figures)
        found[name] = {
            figure: {
                "value": round(values[k], 3),
                "interval": [round(float(v), 3) for v in ends[k]],
            }
            for k, figure in enumerate(("AUROC", "right one higher", "balanced accuracy at 0.5"))
        } | {"captions": int(wrong.sum())}
    return found


def _of_group(tried: Sequence[Pair], scores: Floats, own: Sequence[int]) -> dict[str, Any]:
    """What the tools reach on any change among some patients; None where they are too few."""
    kept = [k for k, pair in enumerate(tried) if pair.patient in own]
    if len(own) < FEWEST:
        return {"AUROC": None, "right one higher": None}
    found: dict[str, Any] = _marks([tried[k] for k in kept], scores[kept], ("any change",))[
        "any change"
    ]
    return found


def _figures(right: Flags, scores: Floats, beaten: Floats, rows: Rows) -> list[float]:
    """AUROC, share of changed captions that the right one beats, and balanced accuracy."""
    own = right[rows]
    said = (scores[rows] >= 0.5) == own
    balanced = (said[own].mean() + said[~own].mean()) / 2
    return [auroc(own, scores[rows]), float(beaten[rows][~own].mean()), float(balanced)]


def _verdicts(
    tried: Sequence[Pair], seen: Mapping[int, Seen], weights: Weighing
) -> dict[str, dict[str, int]]:
    """How often each verdict is given, by change."""
    found: dict[str, dict[str, int]] = {}
    for pair in tried:
        one = seen[pair.patient]
        verdict = check(pair.caption, one.study(), one.observations, weights=weights).verdict
        here = found.setdefault(pair.change or "right", {})
        here[verdict] = here.get(verdict, 0) + 1
    return found
