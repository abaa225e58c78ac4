"""The shipped index: how it is made, how it is measured, and what it may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from finetune import seen, spider
from finetune.similar import card, corpus, measure, questions
from radixgpt.case import StatedFinding
from retrieval.corpus import Entry
from retrieval.store import Store


def graded(level: str, kind: str, value: int | None = None, said: Any = "present") -> StatedFinding:
    return StatedFinding(level=level, kind=kind, value=value, assertion=said)


SICK = (graded("L4-L5", "disc_herniation"), graded("L5-S1", "pfirrmann", 5))
WELL = (graded("L4-L5", "disc_herniation", None, "absent"), graded("L5-S1", "pfirrmann", 2))
HALF = (graded("L4-L5", "disc_herniation"), graded("L5-S1", "pfirrmann", 4))


def test_findings_in_common_are_those_of_the_benchmark() -> None:
    truth = measure.truth_of([SICK], [SICK, HALF, WELL])
    assert truth.ungraded.tolist() == [[1.0, 1.0, 0.0]]
    assert truth.graded[0].tolist() == [1.0, 0.5, 0.0]


def test_figures_stand_beside_random_and_the_best_possible() -> None:
    rng = np.random.default_rng(0)
    table = rng.random((12, 40))
    truth = measure.Truth(table, table / 2)
    best = [np.argsort(-row)[: measure.K].tolist() for row in table]
    blind = [rng.permutation(40)[: measure.K].tolist() for _ in table]
    found = measure.figures({"best": best, "pixels": blind}, truth, list(range(12)))
    assert found["best"]["overlap"] == found["best possible"]["overlap"]
    assert found["random"]["overlap"]["value"] == round(float(table.mean()), 3)
    assert found["random"]["over random"]["value"] == 0
    assert found["best"]["over random"]["interval"][0] > 0.2
    assert found["pixels"]["over pixels"]["value"] == 0
    low, high = found["best"]["graded"]["interval"]
    assert low <= found["best"]["graded"]["value"] <= high


def test_questions_are_those_that_some_cases_answer() -> None:
    entries = [
        Entry(
            id=f"t/{n}", patient=f"t/{n}", source="t", licence="CC0",
            findings=SICK if n < 6 else (*WELL, graded("L5-S1", "modic", 0, "absent")),
        )
        for n in range(20)
    ]  # fmt: skip
    asked = {one.text: one for one in questions.questions(entries)}
    assert set(asked) == {"disc herniation at L4-L5", "Pfirrmann grade 5 at L5-S1"}
    assert asked["disc herniation at L4-L5"].right.sum() == 6
    assert not asked["disc herniation at L4-L5"].denies


def test_slices_are_compared_by_the_sequences_that_both_have() -> None:
    one, other = np.eye(4, dtype=np.float32)[:2]
    ranked = measure.by_likeness(
        [{"t2": one}], [{"t1": one}, {"t2": other}, {"t2": one, "t1": other}]
    )
    assert ranked == [[2, 1, 0]]


def test_the_card_has_every_figure() -> None:
    figure = {"value": 0.5, "interval": [0.4, 0.6]}
    row = dict.fromkeys(("overlap", "graded", "over random", "over pixels"), figure)
    figures = {
        "patients": 37,
        "not graded": 0,
        "studies": {"as shipped": row, "pixels": row, "random": row},
        "discs": {"as shipped": row},
        "questions": {
            "present": {"questions": 9, "as shipped": figure},
            "absent": {"questions": 8, "as shipped": figure},
        },
        "pictures": {
            "pairs": 10,
            "bits": 8,
            "taken for one by prints": 1,
            "queries taken for a case by prints": 0,
            "disc pairs taken for one by vectors": 0,
            "highest cosine of two patients' discs": 0.9,
        },
    }
    text = card.text(figures)
    assert "{" not in text
    assert "0.500 (0.400 to 0.600)" in text
    assert "generated from the gradings" in text
    assert "10.1038/s41597-024-03090-w" in text


@pytest.mark.data
def test_an_entry_is_gradings_and_a_generated_text(shared_data: Path) -> None:
    patient = spider.split(shared_data)[0][0]
    entry = corpus.entry_of(shared_data, patient)
    assert entry.findings == seen.stated(shared_data, patient)
    assert (entry.origin, entry.split, entry.key_image) == ("generated", "train", None)
    assert entry.licence == "CC BY 4.0"
    assert len(entry.prints) == len(seen.sequences_of(shared_data, patient))
    assert entry.text
    item = corpus.items(shared_data, [patient], None, lambda *_: None)[0]
    assert (item.entry, item.image, dict(item.discs)) == (entry, None, {})


def test_the_shipped_index_holds_training_patients_without_images() -> None:
    from data.splits.spider import fixed_sides
    from retrieval.encoder import load
    from tools.similar.finder import SHIPPED, facts_of

    store = Store.open(SHIPPED, encoder=facts_of(load()))  # of the encoder that ships with it
    sides = fixed_sides()
    patients = [int(entry.patient.removeprefix("spider/")) for entry in store.entries]
    assert len(set(patients)) == len(patients) == 142
    assert {sides[patient] for patient in patients} == {"train"}
    assert {entry.origin for entry in store.entries} == {"generated"}
    assert {entry.key_image for entry in store.entries} == {None}
    assert store.manifest.workspace is None
    assert {path.suffix for path in SHIPPED.iterdir()} == {".json", ".jsonl", ".md", ".safetensors"}
