from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval import severity
from eval.tables import grades
from eval.tables.marked import Marked
from eval.tables.reading import Table
from radixgpt import statistics
from radixgpt.errors import CaseError, SettingsError

NAMES = ("normal", "moderate", "severe")


def _frame(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    truth = rng.choice(3, n, p=[0.6, 0.25, 0.15])
    chances = np.exp(np.eye(3)[truth] * 1.5 + rng.normal(size=(n, 3)))
    chances /= chances.sum(axis=1, keepdims=True)
    frame = pd.DataFrame(chances, columns=[f"p_{name}" for name in NAMES])
    frame["truth"] = [NAMES[t] for t in truth]
    frame["study"] = [f"s{i // 3}" for i in range(n)]
    frame["task"] = np.resize(severity.CONDITIONS, n)
    return frame


def _marked(frame: pd.DataFrame, folder: Path, **options: object) -> Marked:
    frame.to_csv(folder / "g.csv", index=False)
    return grades.mark(Table(folder / "g.csv"), **{"grades": NAMES, "draws": 50, **options})  # type: ignore[arg-type]


def _values(marked: Marked, task: str = "all") -> dict[str, float]:
    return {e.metric: e.value for e in marked.estimates if e.task == task}


def test_figures_are_those_of_the_arrays(tmp_path: Path) -> None:
    frame = _frame()
    found = _values(_marked(frame, tmp_path))
    truth = frame["truth"].map(NAMES.index).to_numpy()
    chances = frame[[f"p_{name}" for name in NAMES]].to_numpy()
    stated = chances.argmax(axis=1)
    assert found["quadratic_kappa"] == pytest.approx(statistics.quadratic_kappa(truth, stated, 3))
    assert found["within_one"] == pytest.approx(statistics.within_one(truth, stated))
    assert found["balanced_accuracy"] == pytest.approx(statistics.balanced_accuracy(truth, stated))
    assert found["accuracy"] == pytest.approx((truth == stated).mean())
    assert found["recall_severe"] == pytest.approx((stated[truth == 2] == 2).mean())
    assert found["auroc_severe"] == pytest.approx(statistics.auroc(truth == 2, chances[:, 2]))
    assert found["auprc_severe"] == pytest.approx(
        statistics.average_precision(truth == 2, chances[:, 2])
    )
    wanted = severity.score(frame["study"].tolist(), frame["task"].tolist(), truth, chances)
    assert found["rsna_log_loss"] == pytest.approx(wanted["score"])
    assert found["rsna_log_loss_any_severe_spinal"] == pytest.approx(wanted["any_severe_spinal"])


def test_kappa_and_macro_f1_are_scikit_learns(tmp_path: Path) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="needs the data extra")
    rng = np.random.default_rng(1)
    truth, stated = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    frame = pd.DataFrame({"truth": truth, "stated": stated, "study": range(200)})
    found = _values(_marked(frame, tmp_path, grades=()))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(truth, stated, average="macro"))
    kappa = metrics.cohen_kappa_score(truth, stated, weights="quadratic")
    assert found["quadratic_kappa"] == pytest.approx(kappa)


def test_intervals_hold_the_value_and_draw_patients_whole(tmp_path: Path) -> None:
    frame = _frame()
    by_study = _marked(frame, tmp_path, draws=300)
    for estimate in by_study.estimates:
        assert estimate.low <= estimate.value <= estimate.high, estimate
    frame["patient"] = "one"
    of_one = _marked(frame, tmp_path)
    assert {e.groups for e in of_one.estimates} == {1}
    assert all(e.low == pytest.approx(e.high) for e in of_one.estimates)


def test_two_grades_have_no_within_one_and_severe_may_be_several(tmp_path: Path) -> None:
    frame = pd.DataFrame({"truth": [0, 1, 1, 0], "stated": [0, 1, 0, 0], "study": list("abcd")})
    assert "within_one" not in _values(_marked(frame, tmp_path, grades=()))
    both = _values(_marked(_frame(), tmp_path, severe=("moderate", "severe")))
    assert both["recall_severe"] > _values(_marked(_frame(), tmp_path))["recall_severe"]


def test_without_a_positive_there_is_no_figure(tmp_path: Path) -> None:
    frame = _frame(30)
    frame["truth"] = "normal"
    found = _values(_marked(frame, tmp_path))
    assert np.isnan([found["recall_severe"], found["auroc_severe"], found["auprc_severe"]]).all()


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    frame = _frame(6).astype(object)
    frame["id"] = ["a", "b", "a", "c", "d", "e"]
    frame.loc[0, "truth"] = "Severe"
    frame.loc[1, "p_normal"] = "x"
    frame.loc[3, "p_severe"] = 1.5
    frame.loc[4, "study"] = ""
    frame.loc[5, ["p_normal", "p_moderate", "p_severe"]] = [0.1, 0.1, 0.1]
    with pytest.raises(CaseError) as told:
        _marked(frame, tmp_path)
    for part in (
        "g.csv, row 2: truth is Severe, not one of normal, moderate, severe",
        "row 3: p_normal is x, no number",
        "row 5: p_severe is 1.5, no number from 0 to 1",
        "row 6: study is empty",
        "row 7: the chances sum to 0.3, not to 1",
        "row 4: id a is there already, in row 2",
    ):
        assert part in told.value.problem
    assert told.value.problem.count("the chances sum") == 1  # no sum is told of unread chances


def test_rows_that_cannot_be_read_are_told_with_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "g.csv"
    path.write_bytes(b"study,truth,stated\na,0,\xff\nb,1,1,1\n,1,1\n")
    with pytest.raises(CaseError) as told:
        grades.mark(Table(path), grades=("0", "1"), draws=10)
    for part in ("row 2 is not UTF-8", "row 3 has more cells", "row 4: study is empty"):
        assert part in told.value.problem
    path.write_bytes(b"study,truth,stated\na,0,\xff\n")
    with pytest.raises(CaseError, match="row 2 is not UTF-8"):
        Table(path)


@pytest.mark.parametrize("drop", ["truth", "study", "p_severe"])
def test_a_missing_column_is_told(tmp_path: Path, drop: str) -> None:
    with pytest.raises(CaseError, match="has the columns"):
        _marked(_frame(3).drop(columns=drop), tmp_path)


def test_grades_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    for options in ({"grades": ("one",)}, {"severe": ("worst",)}, {"severe": NAMES}):
        with pytest.raises(SettingsError, match="can't be marked"):
            _marked(_frame(3), tmp_path, **options)


def test_halves_and_words_are_told_at_once(tmp_path: Path) -> None:
    frame = pd.DataFrame({"truth": ["1.5", "1"], "stated": [1, "x"], "study": [1, 2]})
    with pytest.raises(CaseError) as told:
        _marked(frame, tmp_path, grades=())
    for part in ("row 2: truth is 1.5, no whole number", "row 3: stated is x, no number"):
        assert part in told.value.problem
