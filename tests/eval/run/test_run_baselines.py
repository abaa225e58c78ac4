"""The trivial systems, and what a run leaves for scoring."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.batch.whole import Wish
from eval.findings.statement import Statement, stated
from eval.run import baselines, score, tasks
from eval.run.outputs import Failure, Output
from eval.run.system import Answer, Asked, exam_of, seed_of
from radixgpt.case import Image
from radixgpt.errors import CaseError

sys.path.insert(0, str(Path(__file__).parent))

from run_systems import case  # type: ignore[import-not-found]

ASKED = Asked(Path(), "MR", 0)


def test_normals_state_nothing_and_deny_all_at_five_discs() -> None:
    said = stated(baselines.normals())
    assert not said.found
    assert len({level for _, level, _ in said.denied}) == 5


def test_the_most_frequent_grade_of_each_place_is_stated() -> None:
    cases = [case(0), case(0), case(1)]
    said = stated(baselines.most_frequent(cases))
    assert said.found == {Statement("disc_bulging", "L3-L4")}
    assert said.denied == {("disc_bulging", "L4-L5", ""), ("disc_bulging", "L5-S1", "")}
    with pytest.raises(CaseError, match="No training case is graded"):
        baselines.most_frequent([])


def test_a_tie_goes_to_the_milder_grade() -> None:
    assert not stated(baselines.most_frequent([case(0), case(1)])).found


def test_the_commonest_text_is_the_first_among_equals() -> None:
    assert baselines.commonest_text(["b", "a", "a", "b"]) == "b"


def test_the_nearest_case_answers() -> None:
    vectors = np.eye(3, dtype=np.float32)
    answers = tuple(Answer(str(number)) for number in range(3))
    near = baselines.Nearest(vectors, answers, lambda _: np.array([0.1, 0.9, 0.2], np.float32))
    assert near()(ASKED).text == "1"


def test_seeds_depend_on_seed_and_case_alone() -> None:
    assert seed_of(1, "a") == seed_of(1, "a")
    assert len({seed_of(seed, name) for seed in range(5) for name in "abc"}) == 15


def test_the_exam_is_told_by_modality_and_region() -> None:
    one = case(0)
    assert exam_of(one) == "MR of the lumbar spine"
    images = (Image(path="x", sha256="0", modality="DX"), Image(path="y", sha256="0"))
    assert exam_of(one.model_copy(update={"images": images})) == "DX of the spine"
    whole = (Image(path="x", sha256="0", modality="MR", region="whole_spine"),)
    assert exam_of(one.model_copy(update={"images": whole})) == "MR of the whole spine"


def test_failures_are_scored_as_empty_and_told(workspace: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    cases = [case(number) for number in range(3)]
    outputs = {
        one.id: Output(id=one.id, text="x", findings=one.findings, seconds=number)
        for number, one in enumerate(cases)
    }
    broken = Failure(code="fault", problem="It broke.")
    outputs["made/1"] = Output(id="made/1", failure=broken)
    references = [tasks.reference(one, workspace, lambda _: {"findings": "y"}) for one in cases]
    wish = Wish(("findings",), draws=20, page_studies=0)
    ran = score.score(outputs, references, workspace, wish)
    assert (ran.cases, ran.generated, ran.failures) == (3, 3, {"made/1": "It broke."})
    values = {one.metric: one.value for one in ran.outcome.scores}
    assert values["finding_recall"] == pytest.approx(2 / 3)
    assert values["finding_precision"] == 1
    told = json.loads(ran.outcome.files["scores.json"])["settings"]
    assert told["references"] == {"human": 0, "generated from gradings": 3}
    assert told["failures"] == {"made/1": "It broke."}
    first = (workspace / score.CANDIDATES).read_bytes()
    again = {name: one.model_copy(update={"seconds": 99.0}) for name, one in outputs.items()}
    score.score(again, references, workspace, replace(wish, draws=10))
    assert (workspace / score.CANDIDATES).read_bytes() == first, "time leaves no trace"
