"""Fit chances and thresholds of concepts on the training patients.

Findings by what the member said that did not learn from the patient; anatomy and technique by
counting, on some training patients from slices without a header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from finetune import seen as tools_of
from finetune.concepts import truth
from finetune.seen import Say, Seen
from radixgpt.eligibility import Eligibility
from radixgpt.observation import Observation
from radixgpt.study import Study
from tools.concepts import detect
from tools.concepts.combine import Rate, Rule, Rules, chance_at, joined, logit
from tools.concepts.vocabulary import Entry

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
GRID = sorted(np.round(np.arange(0.05, 0.96, 0.05), 2).tolist(), key=lambda t: abs(t - 0.4))
"""Thresholds that are tried, from the middle outwards: of equals the least extreme is kept."""
_FOLDS, _SEED, _DRAWS = 5, 4, 40
Combine = Literal["any", "max"]


def fit(shared: Path, entries: Sequence[Entry], say: Say) -> Rules:
    """Everything that is fitted."""
    unseen = tools_of.unseen(shared)
    findings = fit_findings(shared, entries, unseen)
    numbered = tools_of.numbered(shared, say)
    return Rules(
        findings=findings,
        anatomy=_rates(shared, entries, numbered),
        facts=_facts(shared, numbered),
    )


def fit_findings(
    shared: Path, entries: Sequence[Entry], unseen: Mapping[int, Sequence[Observation]]
) -> dict[str, Rule]:
    """A combination, a calibration and a threshold for each finding that the classifier grades."""
    patients = sorted(unseen)
    graded = [one for one in entries if one.detector == "classifier"]
    real = {p: truth.of_patient(tools_of.stated(shared, p), entries) for p in patients}
    rules: dict[str, Rule] = {}
    for entry in graded:
        present = np.array([entry.key in real[patient] for patient in patients])
        tried: dict[Combine, Floats] = {
            how: np.array([_joined(how, entry, unseen[patient]) for patient in patients])
            for how in ("any", "max")
        }
        how = min(tried, key=lambda name: _surprise(tried[name], present))
        slope, offset = _platt(tried[how], present)
        rules[entry.key] = Rule(
            combine=how, slope=round(slope, 4), offset=round(offset, 4), threshold=0.5
        )
    keys = [key for key in rules if (found := _entry(graded, key)) and found.cui]
    scores = np.array([scores_of(rules, graded, unseen[patient], keys) for patient in patients])
    there = np.array([[key in real[patient] for key in keys] for patient in patients])
    for key, threshold in zip(keys, tuned(scores, there), strict=True):
        rules[key] = rules[key].model_copy(update={"threshold": threshold})
    return rules


def _entry(entries: Sequence[Entry], key: str) -> Entry | None:
    return next((one for one in entries if one.key == key), None)


def scores_of(
    rules: Mapping[str, Rule],
    entries: Sequence[Entry],
    observations: Sequence[Observation],
    keys: Sequence[str],
) -> list[float]:
    """The scores of findings as the product gives them; 0 where there is none."""
    found = detect.run(
        Study("unseen", ()),
        Eligibility(True),
        observations,
        fitted=Rules(findings=dict(rules), anatomy={}, facts={}),
        entries=entries,
    )
    by_key = {one.key: one.score or 0.0 for one in found}
    return [by_key.get(key, 0.0) for key in keys]


def _joined(how: Combine, entry: Entry, observations: Sequence[Observation]) -> float:
    chances = [
        chance for one in observations if (chance := chance_at(entry.names, one)) is not None
    ]
    return logit(joined(how, chances)) if chances else logit(0.0)


def _platt(logits: Floats, present: Flags) -> tuple[float, float]:
    """Logistic calibration (Platt 1999); the prevalence where it would not rise."""
    from sklearn.linear_model import LogisticRegression

    constant = 0.0, logit((present.sum() + 1) / (len(present) + 2))
    if present.all() or not present.any():
        return constant
    model = LogisticRegression(C=10.0).fit(logits[:, None], present)
    slope, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    return (slope, offset) if slope > 0 else constant


def _surprise(logits: Floats, present: Flags) -> float:
    """Cross-validated log loss of a combination after calibration."""
    order = np.random.default_rng(_SEED).permutation(len(present))
    total = 0.0
    for fold in range(_FOLDS):
        held = np.zeros(len(present), bool)
        held[order[fold::_FOLDS]] = True
        slope, offset = _platt(logits[~held], present[~held])
        chance = 1 / (1 + np.exp(-np.clip(slope * logits[held] + offset, -30, 30)))
        right = np.where(present[held], chance, 1 - chance)
        total -= float(np.log(np.maximum(right, 1e-9)).sum())
    return total


def mean_f1(scores: Floats, there: Flags, thresholds: Floats) -> float:
    """ImageCLEF F1: of each patient with a concept, averaged."""
    said = scores >= thresholds
    total = said.sum(1) + there.sum(1)
    kept = there.any(1)
    each = 2 * (said & there).sum(1)[kept] / np.maximum(total[kept], 1)
    return float(each.mean())


def _ascended(scores: Floats, there: Flags) -> Floats:
    """Thresholds that raise the mean F1, one concept at a time until none does."""
    thresholds = np.full(scores.shape[1], 0.4)
    best = mean_f1(scores, there, thresholds)
    for _ in range(10):
        before = best
        for k in range(len(thresholds)):
            for value in GRID:
                tried = thresholds.copy()
                tried[k] = value
                figure = mean_f1(scores, there, tried)
                if figure > best + 1e-9:
                    thresholds, best = tried, figure
        if best <= before + 1e-9:
            break
    return thresholds


def tuned(scores: Floats, there: Flags) -> list[float]:
    """Median thresholds over bootstrap draws of patients, which steadies rare concepts."""
    rng = np.random.default_rng(_SEED)
    drawn = [
        _ascended(scores[rows], there[rows])
        for rows in (rng.integers(len(scores), size=len(scores)) for _ in range(_DRAWS))
    ]
    return [round(float(v), 2) for v in np.median(np.array(drawn), axis=0)]


def _rates(shared: Path, entries: Sequence[Entry], seen: Sequence[Seen]) -> dict[str, Rate]:
    """How often anatomy is there when it was found, and when it was not, in what was graded."""
    counts: dict[str, dict[bool, list[bool]]] = {}
    blank = Rules(findings={}, anatomy={}, facts={})
    everything = [one for one in entries if one.detector == "levels" and one.group != "part"]
    parts = [one for one in entries if one.detector == "levels" and one.cui]
    wanted = {one.key: one for one in (*everything, *parts)}.values()
    for patient in seen:
        if not patient.gradable:
            continue
        real = truth.of_patient(tools_of.stated(shared, patient.patient), entries)
        for one in detect.run(
            patient.study(),
            patient.eligibility(),
            patient.observations,
            fitted=blank,
            entries=list(wanted),
        ):
            found = one.status == "scored"
            counts.setdefault(one.key, {True: [], False: []})[found].append(one.key in real)
    return {
        key: Rate(
            found=_share(both[True]) if both[True] else None,
            missed=_share(both[False]) if both[False] else None,
        )
        for key, both in sorted(counts.items())
    }


def _facts(shared: Path, seen: Sequence[Seen]) -> dict[str, float]:
    """How often triage reads modality, plane and weighting rightly from the pixels."""
    right: dict[str, list[bool]] = {}
    for patient in seen:
        names = tools_of.sequences_of(shared, patient.patient)
        for name_of, facts in zip(names, patient.series, strict=True):
            weighting = facts.sequence.removesuffix("_space")
            real = name_of.removesuffix("_SPACE")
            for name, value, wanted in (
                ("modality", facts.modality, "MR"),
                ("plane", facts.plane, "sagittal"),
                ("sequence", weighting, real),
            ):
                if value != "unknown":
                    right.setdefault(f"{name}:{value}", []).append(value == wanted)
    return {name: _share(values) for name, values in sorted(right.items())}


def _share(values: Sequence[bool]) -> float:
    """A share, smoothed by one on either side (Laplace)."""
    return round((sum(values) + 1) / (len(values) + 2), 4)
