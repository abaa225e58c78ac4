"""Suspicious labels: planted errors are found, and a judge who knows nothing accuses nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from data.explore import Embedding, Given
from data.explore.judge import judge
from radixgpt.case import Case, Image, StatedFinding

if TYPE_CHECKING:
    from conftest import Explore


def _told(rng: np.random.Generator, count: int) -> tuple[np.ndarray, list[str], list[str]]:
    truth = rng.integers(0, 2, count)
    features = np.column_stack([truth * 6 + rng.normal(0, 1, count), rng.normal(0, 1, count)])
    labels = ["present" if t else "absent" for t in truth]
    return features, labels, [f"p{i // 2}" for i in range(count)]


def test_planted_errors_are_doubted_and_little_else() -> None:
    features, labels, patients = _told(np.random.default_rng(0), 400)
    wrong = list(range(0, 400, 40))
    for row in wrong:
        labels[row] = "absent" if labels[row] == "present" else "present"
    verdict = judge(features, labels, patients, seed=0)
    assert verdict is not None
    doubted = {int(verdict.rows[i]) for i in verdict.doubted}
    assert len(doubted & set(wrong)) >= 8
    assert len(doubted - set(wrong)) <= 2
    assert verdict.auroc > 0.9


def test_no_probability_comes_from_a_model_that_saw_the_patient() -> None:
    # Each patient has a feature of its own that gives the label away to whoever saw the patient.
    rng = np.random.default_rng(1)
    patients = [f"p{i // 4}" for i in range(160)]
    of_patient = {p: rng.integers(0, 2) for p in dict.fromkeys(patients)}
    labels = ["present" if of_patient[p] else "absent" for p in patients]
    own = np.array([[float(p == q) for q in of_patient] for p in patients]) * 5
    verdict = judge(own, labels, patients, seed=0)
    assert verdict is not None
    assert abs(verdict.auroc - 0.5) < 0.2
    assert verdict.worthless
    assert verdict.doubted == ()


def test_by_chance_is_about_what_is_found_where_every_label_is_right() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(0, 2, 3000)
    labels = ["present" if rng.random() < 1 / (1 + np.exp(-v)) else "absent" for v in x]
    verdict = judge(x[:, None], labels, [str(i) for i in range(3000)], seed=0)
    assert verdict is not None
    assert len(verdict.doubted) == pytest.approx(verdict.by_chance, rel=0.35)


def test_grades_are_doubted_only_from_two_apart() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(1, 6, 600)
    features = truth[:, None] + rng.normal(0, 0.15, (600, 1))
    given = truth.copy()
    given[::50] = np.where(given[::50] <= 3, given[::50] + 2, given[::50] - 2)
    given[1::50] = np.where(given[1::50] <= 4, given[1::50] + 1, given[1::50] - 1)
    labels = [str(v) for v in given]
    verdict = judge(features, labels, [str(i) for i in range(600)], graded=True, seed=0)
    assert verdict is not None
    doubted = {int(verdict.rows[i]) for i in verdict.doubted}
    assert doubted
    for row in doubted:
        likelier = int(verdict.classes[int(verdict.probabilities[row].argmax())])
        assert abs(likelier - given[row]) >= 2
    assert len(doubted & set(range(0, 600, 50))) >= 6


def test_one_class_and_rare_classes_are_not_judged() -> None:
    features = np.zeros((40, 1))
    patients = [str(i) for i in range(40)]
    assert judge(features, ["absent"] * 40, patients, seed=0) is None
    assert judge(features, ["absent"] * 35 + ["present"] * 5, patients, seed=0) is None
    # Enough labels, but of too few people.
    few = [str(i % 3) for i in range(15)] + [f"q{i}" for i in range(25)]
    assert judge(features, ["present"] * 15 + ["absent"] * 25, few, seed=0) is None


def test_unknown_features_are_borne() -> None:
    features, labels, patients = _told(np.random.default_rng(4), 200)
    features[::7, 0] = np.nan
    features = np.column_stack([features, np.full(200, np.nan)])
    verdict = judge(features, labels, patients, seed=0)
    assert verdict is not None
    assert np.isfinite(verdict.probabilities).all()
    assert np.allclose(verdict.probabilities.sum(1), 1)


def _cases(count: int, wrong: set[int]) -> tuple[list[Case], pd.DataFrame, pd.DataFrame]:
    """Cases with one disc each, its measure, and what its image looks like."""
    rng = np.random.default_rng(5)
    cases, discs, seen = [], [], []
    for i in range(count):
        truth = bool(i % 2)
        given = truth != (i in wrong)
        images = (Image(path=f"{i}.png", sha256=str(i), modality="MR", plane="sagittal"),)
        finding = StatedFinding(
            level="L4-L5", kind="disc_narrowing", assertion="present" if given else "absent"
        )
        cases.append(
            Case(
                id=f"s/{i}",
                source="s",
                licence="MIT",
                patient=f"s/{i}",
                images=images,
                findings=(finding,),
            )
        )
        row = {"case": f"s/{i}", "image": f"{i}.png", "sequence": "t2", "level": "L4-L5"}
        discs.append({**row, "x": 5.0, "y": 5.0, "height": truth * -3 + rng.normal(0, 0.8)})
        seen.append(
            {
                "case": f"s/{i}",
                "image": f"{i}.png",
                "looks": "radiograph_ap" if i == 4 else "sagittal_spine",
                "looks_chance": 0.8 if i == 5 else 0.99,
            }
        )
    return cases, pd.DataFrame(discs), pd.DataFrame(seen)


def test_measures_of_discs_doubt_labels_and_looks_doubt_facts(run_explore: Explore) -> None:
    wrong = {10, 33, 60}
    cases, discs, seen = _cases(120, wrong)
    vectors = {f"{i}.png": np.zeros(4, np.float32) for i in range(120)}
    given = Given(embedding=Embedding("an embedding", vectors), seen=seen, discs=discs)
    run = run_explore(cases, given)
    judged = run.statistics("suspicious")["judged"]["disc_narrowing"]
    assert judged["from"] == "measures of the discs and their level"
    assert {f"s/{i}" for i in wrong} <= {one["case"] for one in judged["doubted"]}
    first = judged["doubted"][0]
    assert first["level"] == "L4-L5"
    assert {first["given"], first["likelier"]} == {"present", "absent"}
    assert run.statistics("suspicious")["unlike"] == [
        {
            "case": "s/4",
            "image": 4,
            "facts": {"modality": "MR"},
            "looks": "radiograph_ap",
            "chance": 0.99,
        }
    ]
    assert "1 image unlike what the facts say" in run.section("suspicious").sentence


def test_without_evidence_the_section_says_so(run_explore: Explore) -> None:
    cases, _, _ = _cases(60, set())
    section = run_explore(cases).section("suspicious")
    assert section.absent
    assert "without measures or an embedding" in section.sentence


def _stated(*said: tuple[str, object, str | None]) -> Case:
    findings = tuple(
        StatedFinding(
            level="L4-L5",
            kind="disc_degeneration",
            assertion=assertion,
            value=value,
            side=side,
            section="findings",
        )
        for assertion, value, side in said
    )
    report = {"findings": "Words."}
    return Case(id="s/1", source="s", licence="MIT", patient="s", findings=findings, report=report)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([("present", None, None), ("absent", None, None)], ["absent", "present"]),
        ([("present", 2, None), ("present", 4, None)], ["2", "4"]),
        ([("present", 3, None), ("absent", None, None)], ["3", "absent"]),
        ([("present", None, None), ("present", "desiccation", None)], None),
        ([("present", None, "left"), ("absent", None, "right")], None),
        ([("present", None, None), ("uncertain", None, None)], None),
        ([("present", 3, None), ("present", 3, None)], None),
        ([("present", 3, None), ("present", None, None)], None),
    ],
)
def test_what_contradicts_and_what_does_not(
    run_explore: Explore, said: list[tuple[str, object, str | None]], told: list[str] | None
) -> None:
    run = run_explore([_stated(*said)])
    found = run.statistics("suspicious").get("contradictions", [])
    assert [one["said"] for one in found] == ([told] if told else [])
