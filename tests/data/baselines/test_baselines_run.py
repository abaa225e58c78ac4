"""From cases and measures to the table: what is known is found, what is not is said."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data.baselines import learn, marks
from data.baselines.document import chosen, main_metric, to_beat
from data.baselines.run import Baselines, digest_of, run
from data.baselines.sections import KEYS, sections
from data.baselines.table import build
from radixgpt.case import Case

Made = tuple[list[Case], pd.DataFrame]
Synthetic = Callable[..., Made]
COLUMNS = [
    *("finding", "metric", "model", "value", "low", "high", "split"),
    *("patients", "discs", "positive", "reason"),
]


@pytest.fixture(scope="module", autouse=True)
def _fewer_draws() -> object:
    """Fewer resamples, so that the tests are quick."""
    patch = pytest.MonkeyPatch()
    patch.setattr("data.baselines.run.mark", lambda *a, **k: marks.mark(*a, **k, draws=60))
    patch.setattr(learn, "CURVE_PATIENTS", (10,))
    patch.setattr(learn, "_CURVE_DRAWS", 30)
    patch.setattr(learn, "REPEATS", 4)
    yield None
    patch.undo()


@pytest.fixture(scope="module")
def made(synthetic: Synthetic) -> Made:
    return synthetic(40, development=15)


@pytest.fixture(scope="module")
def found(made: Made) -> Baselines:
    return run(*made, jobs=1)


def value(found: Baselines, finding: str, model: str, split: str, metric: str = "AUROC") -> float:
    return next(
        float(m.value)
        for m in found.marks
        if (m.finding, m.model, m.split, m.metric) == (finding, model, split, metric)
        and m.value is not None
    )


def test_a_known_signal_is_found_on_unseen_patients(found: Baselines) -> None:
    for split in ("cross-validation", "development"):
        assert value(found, "disc_narrowing", "logistic", split) > 0.8
        assert value(found, "disc_narrowing", "boosting", split) > 0.75
        assert value(found, "disc_narrowing", "prevalence", split) == 0.5
        assert value(found, "pfirrmann", "ordinal", split, "quadratic kappa") > 0.5
        # Herniation goes with the level, and with nothing else.
        assert value(found, "disc_herniation", "level", split) > 0.75


def test_shuffled_grades_are_not_found(synthetic: Synthetic) -> None:
    cases, measured = synthetic(50, development=5, shuffled=True)
    one = learn.task(build(cases, measured), "disc_narrowing", 0)
    for name in ("logistic", "boosting"):
        learned = learn._learn(one, name)
        figure = marks.main_figure(one.train.grades, learned.held_out, one.fold_of)
        assert figure == pytest.approx(0.5, abs=0.12), name


def test_the_models_that_lean_on_the_signal_say_so(found: Baselines) -> None:
    rows = found.document["findings"]["disc_narrowing"]["importance"]
    for model in ("logistic", "boosting"):
        lost = {row["group"]: row["lost"] for row in rows if row["model"] == model}
        assert max(lost, key=lambda group: lost[group]) == "disc height"
        assert lost["disc height"] > 0.1
        assert abs(lost["canal"]) < 0.05
    herniation = found.document["findings"]["disc_herniation"]["importance"]
    first = next(row for row in herniation if row["model"] == "logistic")
    assert first["group"] == "level"


def test_exchanged_measures_stay_at_their_level_and_with_their_patient() -> None:
    rng = np.random.default_rng(0)
    patients = np.repeat([f"p{k}" for k in range(7)], 5)
    levels = np.tile(np.arange(5.0), 7)
    for names, key in ((["canal_ratio"], levels), (["level_index"], patients)):
        source = learn._partners(names, patients, levels, rng)
        assert sorted(source) == list(range(35))
        assert (key[source] == key).all()
    of_sex = learn._partners(["sex_male"], patients, levels, rng)
    for patient in np.unique(patients):
        assert len(set(patients[of_sex[patients == patient]])) == 1


def test_the_learning_curve_ends_at_all_patients(found: Baselines) -> None:
    points = found.document["findings"]["disc_narrowing"]["learning_curve"]
    assert [(p["model"], p["patients"]) for p in points] == [
        ("logistic", 10),
        ("logistic", 32),
        ("boosting", 10),
        ("boosting", 32),
    ]
    last = points[1]["value"]
    assert last == value(found, "disc_narrowing", "logistic", "cross-validation")


def only(cases: list[Case], *kinds: str) -> list[Case]:
    """The cases with some kinds of findings alone."""
    return [
        case.model_copy(update={"findings": tuple(f for f in case.findings if f.kind in kinds)})
        for case in cases
    ]


def test_development_patients_teach_nothing(made: Made, found: Baselines) -> None:
    cases, measured = made
    strange = measured.copy()
    held = [case.id for case in cases if case.split == "development"]
    strange.loc[strange["case"].isin(held), "disc_height_index"] = 7.0
    other = run(only(cases, "disc_narrowing"), strange, jobs=1)
    mine = [m for m in found.marks if m.finding == "disc_narrowing"]
    learned = [m for m in mine if m.split == "cross-validation"]
    assert learned == [m for m in other.marks if m.split == "cross-validation"]
    assert mine != list(other.marks)
    about = found.document["findings"]["disc_narrowing"]
    theirs = other.document["findings"]["disc_narrowing"]
    assert about["learning_curve"] == theirs["learning_curve"]
    assert about["coefficients"] == theirs["coefficients"]
    assert about["associations"]["levels"][0]["odds"] == theirs["associations"]["levels"][0]["odds"]


def test_what_has_to_be_beaten_is_chosen_without_the_development_patients() -> None:
    def row(model: str, split: str, figure: float) -> dict[str, object]:
        return {
            "finding": "modic",
            "metric": "AUROC",
            "model": model,
            "split": split,
            "value": figure,
        }

    rows = [
        row("level", "cross-validation", 0.6),
        row("logistic", "cross-validation", 0.8),
        row("boosting", "cross-validation", 0.8),
        row("level", "development", 0.9),
        row("logistic", "development", 0.7),
        row("boosting", "development", 0.95),
    ]
    assert main_metric(rows, "modic") == "AUROC"
    assert chosen(rows, "modic") == "logistic"
    assert [r["value"] for r in to_beat(rows)] == [0.7]


def test_the_table_holds_every_figure_once(found: Baselines) -> None:
    rows = list(csv.DictReader(io.StringIO(found.csv())))
    assert list(rows[0]) == COLUMNS
    keys = [(r["finding"], r["metric"], r["model"], r["split"]) for r in rows]
    assert len(set(keys)) == len(keys) == 2 * (5 * 5 + 2 * 4 * 4)
    for r in rows:
        if r["value"] and r["low"]:
            assert float(r["low"]) <= float(r["high"])
        assert r["value"] or r["reason"]


def test_equal_input_gives_equal_figures_in_any_number_of_processes(
    synthetic: Synthetic,
) -> None:
    cases, measured = synthetic(14, development=4)
    few = only(cases, "disc_narrowing", "disc_herniation")
    told: list[int] = []
    alone = run(few, measured, jobs=1, say=lambda _w, done, _t: told.append(done))
    assert told == [0, 1, 2]
    together = run(few, measured, jobs=2)
    # The processes draw as often as they would in earnest, so that only the ends may differ.
    for mine, theirs in zip(alone.marks, together.marks, strict=True):
        assert (mine.finding, mine.metric, mine.value) == (
            theirs.finding,
            theirs.metric,
            theirs.value,
        )


def test_a_finding_of_too_few_patients_keeps_its_rows_with_the_reason(made: Made) -> None:
    cases, measured = made
    rare = [
        case.model_copy(
            update={
                "findings": tuple(
                    f.model_copy(update={"assertion": "absent"}) if k > 3 else f
                    for f in case.findings
                    if f.kind == "disc_herniation"
                )
            }
        )
        for k, case in enumerate(cases)
    ]
    found = run(rare, measured, jobs=1)
    assert {m.finding for m in found.marks} == {"disc_herniation"}
    assert all(m.value is None and "training patients" in m.reason for m in found.marks)
    about = found.document["findings"]["disc_herniation"]
    assert "training patients" in about["reason"]
    assert "not estimable" in "".join(sections(found.document)[0].alerts)
    json.dumps(found.document, allow_nan=False)


def test_the_document_can_be_kept_and_names_no_patient(found: Baselines) -> None:
    text = json.dumps(found.document, allow_nan=False)
    assert "made/" not in text
    assert found.document["data"]["patients"] == {"train": 40, "development": 15}
    digest = found.document["data"]["development_patients_sha256"]
    assert digest == digest_of([f"made/{k}" for k in range(54, 39, -1)])


def test_sections_say_what_was_found(found: Baselines) -> None:
    made_of = json.loads(json.dumps(found.document))
    shown = sections(made_of)
    assert tuple(section.key for section in shown) == KEYS
    assert not any(section.absent for section in shown)
    best = next(r for r in to_beat(found.document["marks"]) if r["finding"] == "disc_narrowing")
    assert f"AUROC {best['value']:.2f} for disc space narrowing" in shown[0].sentence
    assert "disc herniation" in shown[2].sentence
    keys = [part.key for section in shown for part in section.parts if hasattr(part, "key")]
    assert len(keys) == len(set(keys)) == 7


def test_the_page_is_whole(found: Baselines) -> None:
    from data.explore.page import to_html

    facts = {"title": "Baselines", "version": "0", "sha256": "0" * 64, "seed": 0}
    page = to_html(sections(found.document), facts)
    assert page.count("<section id=") == 3
    assert "NaN" not in page.split('id="figures"')[1].split("</script>")[0]
