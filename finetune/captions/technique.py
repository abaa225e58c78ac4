"""How well modality, region and plane are read in captions of published spine figures (ROCO).

Two truths: what a person marked in each caption (``marks.csv``), and ROCO's own CUIs. The CUIs were
matched to words by a machine: they are silent on many captions (none stands for "MRI"), so they
only tell how many of their labels are found.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radixgpt.errors import CaseError
from radixgpt.statistics import intervals
from tools.captions.technique import Technique, find_technique

MARKS = Path(__file__).with_name("marks.csv")
TABLE = "reports/roco_spine_captions.json"
OF_CUI: Mapping[str, Mapping[str, str]] = {
    "modality": {"C0040405": "CT", "C1306645": "DX", "C0231881": "MR"},
    "regions": {"C0027530": "cervical", "C0817096": "thoracic"},
    "planes": {"C0935598": "sagittal", "C1709311": "axial"},
}
"""CUIs of ROCO that go with one word in nearly all captions that have them (see
``weights/concepts/vocabulary.json``), and what that word means here."""
FIELDS = ("modality", "regions", "planes", "sequences")
_FOLDS = 5

Labels = frozenset[str]


@dataclass(frozen=True)
class Marked:
    """A caption with both truths, by field."""

    article: str
    text: str
    marks: Mapping[str, Labels]
    cuis: Mapping[str, Labels]


def read_marked(shared: Path) -> list[Marked]:
    """The captions with their marks.

    Raises:
        CaseError: a caption is missing, or its text is not the one that was marked.
    """
    path = shared / TABLE
    if not path.is_file():
        raise CaseError(f"There is no {TABLE} in the shared data.", "Set RADIXGPT_SHARED_DATA.")
    figures = {row["id"]: row for row in json.loads(path.read_text(encoding="utf-8"))}
    found = []
    with MARKS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            figure = figures.get(row["id"])
            text = figure["caption"] if figure else ""
            if hashlib.sha256(text.encode()).hexdigest() != row["sha256"]:
                raise CaseError(
                    f"Figure {row['id']} has another caption than was marked.", "Gather ROCO anew."
                )
            marks = {name: frozenset(filter(None, row[name].split(";"))) for name in FIELDS}
            said = set(figure["cuis"]) if figure else set()
            cuis = {
                name: frozenset(label for cui, label in labels.items() if cui in said)
                for name, labels in OF_CUI.items()
            }
            found.append(Marked(figure["pmc"].split("_")[0] if figure else "", text, marks, cuis))
    return found


def labels_of(technique: Technique) -> dict[str, Labels]:
    """A technique as sets of labels; of the modality, the one that is named first."""
    return {
        "modality": frozenset(technique.modalities[:1]),
        "regions": frozenset(technique.regions),
        "planes": frozenset(technique.planes),
        "sequences": frozenset(technique.sequences),
    }


def evaluate(shared: Path) -> dict[str, Any]:
    """All figures: the rules beside the commonest answer and a TF-IDF model, cross-validated."""
    marked = read_marked(shared)
    rules = [labels_of(find_technique(one.text)) for one in marked]
    found: dict[str, Any] = {"captions": len(marked), "by marks": {}, "by CUIs": {}}
    for name in FIELDS:
        truth = [one.marks[name] for one in marked]
        common = Counter(truth).most_common(1)[0][0]
        systems = {
            "rules": [one[name] for one in rules],
            "commonest": [common] * len(marked),
            "tf-idf": _crossed(marked, truth, single=name == "modality"),
        }
        found["by marks"][name] = {
            system: _figures(marked, truth, said, _same) for system, said in systems.items()
        }
        if name not in OF_CUI:
            continue
        rows = [i for i, one in enumerate(marked) if one.cuis[name]]
        truth = [marked[i].cuis[name] for i in rows]
        some = [marked[i] for i in rows]
        common = frozenset([Counter(label for one in truth for label in one).most_common(1)[0][0]])
        systems = {
            "rules": [rules[i][name] for i in rows],
            "commonest": [common] * len(rows),
            "tf-idf": _crossed(some, truth, single=False),
        }
        found["by CUIs"][name] = {
            system: _figures(some, truth, said, frozenset.issuperset)
            for system, said in systems.items()
        }
    return found


def _same(said: Labels, truth: Labels) -> bool:
    return said == truth


def _figures(
    marked: Sequence[Marked],
    truth: Sequence[Labels],
    said: Sequence[Labels],
    right: Callable[[Labels, Labels], bool],
) -> dict[str, Any]:
    """Share of captions that are right, and the micro F1 of labels; intervals by article."""
    hit = np.array([right(mine, real) for mine, real in zip(said, truth, strict=True)], float)
    both = np.array([len(mine & real) for mine, real in zip(said, truth, strict=True)], float)
    total = np.array([len(mine) + len(real) for mine, real in zip(said, truth, strict=True)], float)

    def figures(rows: np.ndarray[Any, Any]) -> list[float]:
        summed = total[rows].sum()
        f1 = 2 * both[rows].sum() / summed if summed else float("nan")
        return [float(hit[rows].mean()), float(f1)]

    ends = intervals([one.article for one in marked], figures)
    values = figures(np.arange(len(hit)))
    return {
        name: {"value": round(values[k], 4), "interval": [round(float(v), 4) for v in ends[k]]}
        for k, name in enumerate(("right", "F1"))
    } | {"captions": len(hit)}


def _crossed(marked: Sequence[Marked], truth: Sequence[Labels], *, single: bool) -> list[Labels]:
    """TF-IDF of words and pairs with logistic regression, cross-validated by article."""
    from sklearn.dummy import DummyClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline

    texts = [one.text for one in marked]
    groups = [one.article for one in marked]
    found: list[set[str]] = [set() for _ in marked]
    names = sorted({label for one in truth for label in one})
    for rest, held in GroupKFold(_FOLDS).split(texts, groups=groups):
        targets = (
            [[next(iter(one), "") for one in truth]]
            if single
            else [[name if name in one else "" for one in truth] for name in names]
        )
        for target in targets:
            learned = [target[i] for i in rest]
            model = make_pipeline(
                TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                LogisticRegression(C=30.0, class_weight="balanced", max_iter=2000)
                if len(set(learned)) > 1
                else DummyClassifier(),
            ).fit([texts[i] for i in rest], learned)
            for i, label in zip(held, model.predict([texts[i] for i in held]), strict=True):
                if label:
                    found[i].add(str(label))
    return [frozenset(one) for one in found]
