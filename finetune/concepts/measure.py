"""How well concepts are detected: ImageCLEF F1 on the development patients, by patient.

From slices without a header. Primary: all concepts with a CUI that the gradings tell; secondary:
those of findings alone. Beside them, the concepts that are most frequent among the training
patients, as many of them as score best there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval import concepts as clef
from eval.statistics import sign_flip
from finetune import seen as tools_of
from finetune import spider
from finetune.classifier_groups import FEWEST, parted
from finetune.concepts import truth
from finetune.seen import Say
from radixgpt.statistics import auroc, expected_calibration_error, intervals
from tools.concepts import Detected, detect
from tools.concepts.vocabulary import Entry

Keys = Mapping[str, frozenset[str]]
Rows = npt.NDArray[np.intp]


def evaluate(shared: Path, entries: Sequence[Entry], say: Say) -> dict[str, Any]:
    """All figures."""
    train, patients = spider.split(shared)
    looked = tools_of.development(shared, say)
    found = {
        str(one.patient): detect.run(one.study(), one.eligibility(), one.observations)
        for one in looked
    }
    coded = {one.key for one in entries if one.cui and one.detector}
    findings = sorted(one.key for one in entries if one.detector == "classifier" and one.cui)
    real = _real(shared, patients, entries, coded)
    learned = _real(shared, train, entries, coded)
    said = {name: frozenset(detect.said(some)) for name, some in found.items()}
    return {
        "patients": len(patients),
        "not graded": sum(not one.gradable for one in looked),
        "vocabulary": {
            "concepts": len(entries),
            "with a detector": sum(bool(one.detector) for one in entries),
            "with a CUI and a detector": len(coded),
        },
        "primary": _scores(said, real, learned, None),
        "secondary": _scores(said, real, learned, findings),
        "groups": {
            name: {
                which: _of_group(said, real, own, only)
                for which, only in (("primary", None), ("secondary", findings))
            }
            | {"patients": len(own)}
            for name, own in parted(shared, patients).items()
        },
        "concepts": {
            entry.meaning: _of_concept(entry, found, real)
            for entry in entries
            if entry.detector == "classifier" and entry.cui
        },
    }


def _real(
    shared: Path, patients: Sequence[int], entries: Sequence[Entry], coded: set[str]
) -> dict[str, frozenset[str]]:
    return {str(p): truth.of_patient(tools_of.stated(shared, p), entries) & coded for p in patients}


def _rows(keys: Keys) -> clef.Rows:
    return [
        (number, name, ";".join(sorted(found))) for number, (name, found) in enumerate(keys.items())
    ]


def frequent(learned: Keys, only: Sequence[str] | None) -> frozenset[str]:
    """The most frequent concepts, as many as score best where they are counted."""
    counts = Counter(key for found in learned.values() for key in found)
    ranked = [key for key, _ in counts.most_common() if only is None or key in only]

    def score(count: int) -> float:
        same = frozenset(ranked[:count])
        return clef.score(_rows(dict.fromkeys(learned, same)), _rows(learned), only).f1

    return frozenset(ranked[: max(range(1, len(ranked) + 1), key=score)])


def _scores(said: Keys, real: Keys, learned: Keys, only: Sequence[str] | None) -> dict[str, Any]:
    common = frequent(learned, only)
    systems = {"tools": said, "most frequent concepts": dict.fromkeys(real, common)}
    by_image = {
        name: clef.score(_rows(keys), _rows(real), only).by_image for name, keys in systems.items()
    }
    found: dict[str, Any] = {"frequent": len(common)}
    for name, scores in by_image.items():
        each = np.array(list(scores.values()))
        low, high = intervals(list(scores), partial(_mean, each))[0]
        found[name] = {
            "value": round(float(each.mean()), 4),
            "interval": [round(float(low), 4), round(float(high), 4)],
            "patients": len(each),
        }
    ours, theirs = (np.array(list(by_image[name].values())) for name in systems)
    test = sign_flip(ours, theirs)
    found["difference"] = {"value": round(test.difference, 4), "p": round(test.p, 4)}
    return found


def _of_group(
    said: Keys, real: Keys, own: Sequence[int], only: Sequence[str] | None
) -> dict[str, Any] | None:
    """Mean F1 of some patients with its interval; None where they are too few."""
    names = {str(patient) for patient in own}
    ours, theirs = ({n: keys[n] for n in keys if n in names} for keys in (said, real))
    scores = clef.score(_rows(ours), _rows(theirs), only).by_image
    each = np.array(list(scores.values()))
    if len(each) < FEWEST:
        return None
    low, high = intervals(list(scores), partial(_mean, each))[0]
    return {"value": float(each.mean()), "interval": [float(low), float(high)]}


def _mean(each: npt.NDArray[np.float64], rows: Rows) -> list[float]:
    return [float(each[rows].mean())]


def _of_concept(
    entry: Entry, found: Mapping[str, Sequence[Detected]], real: Keys
) -> dict[str, Any]:
    """Precision, recall, AUROC and calibration of one concept."""
    rows = [
        (one.score, bool(one.present), entry.key in real[patient], one.threshold)
        for patient, some in found.items()
        for one in some
        if one.key == entry.key
    ]
    scored = [row for row in rows if row[0] is not None]
    chances = np.array([row[0] for row in scored], float)
    stated = np.array([row[1] for row in rows], bool)
    there = np.array([row[2] for row in rows], bool)
    right = int((stated & there).sum())
    kept = np.array([row[2] for row in scored], bool)
    return {
        "cui": entry.cui,
        "threshold": scored[0][3] if scored else None,
        "patients with it": int(there.sum()),
        "said": int(stated.sum()),
        "precision": round(right / stated.sum(), 3) if stated.any() else None,
        "recall": round(right / there.sum(), 3) if there.any() else None,
        "AUROC": round(auroc(kept, chances), 3) if kept.any() and not kept.all() else None,
        "ECE": round(
            expected_calibration_error(np.maximum(chances, 1 - chances), (chances >= 0.5) == kept),
            3,
        )
        if len(scored)
        else None,
        "not assessed": len(rows) - len(scored),
    }
