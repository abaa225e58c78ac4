"""The benchmark: built, predicted and scored; a system that looks passes the probes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from data.generated import text as generated
from eval.bench import predict, score
from eval.bench.build import build
from eval.bench.definition import TaskName, definition
from eval.bench.folder import Bench, open_bench
from eval.notes.draw import digest
from eval.run.outputs import Failure, Output
from eval.run.registry import Probe
from radixgpt.case import Case
from radixgpt.errors import CaseError, SettingsError
from radixgpt.report import Section

sys.path.insert(0, str(Path(__file__).parent))

from bench_cases import case, look, workspace  # type: ignore[import-not-found]

PROBES = definition().probes


def written(one: Case) -> Mapping[Section, str]:
    return generated.write(one.findings, one.id)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = tmp_path_factory.mktemp("workspace")
    folder = root / "bench"
    build(workspace(root), root, folder, written, citation="Nobody, 2026.")
    return open_bench(folder)


def outputs(bench: Bench, probe: Probe = Probe.NONE, *, blind: bool = False) -> dict[str, Output]:
    found: dict[str, Output] = {}
    for study in bench.studies(probe):
        seen = list(case(1, "train").findings) if blind else look(study.images)
        found[study.id] = (
            Output(id=study.id, failure=Failure(code="x", problem="nothing to see"))
            if seen is None
            else Output(id=study.id, text="A report.", findings=tuple(seen))
        )
    return found


def files(bench: Bench, folder: Path, probe: Probe = Probe.NONE, *, blind: bool = False) -> Path:
    where = folder / f"{probe}{'-blind' if blind else ''}"
    predict.write(where, predict.of_outputs(bench, outputs(bench, probe, blind=blind)))
    return where


def test_the_folder_holds_items_answers_probes_and_a_card(bench: Bench) -> None:
    studies = bench.studies()
    assert [study.id for study in studies] == [f"spider/{n}" for n in range(8)]
    assert len(bench.index()) == 12
    assert {study.exam for study in studies} == {"MR of the lumbar spine"}
    for probe in (Probe.NONE, *PROBES):
        assert all(path.is_file() for study in bench.studies(probe) for path in study.images)
    swapped = {s.id: s.images for s in bench.studies(Probe.SWAPPED)}
    assert all(swapped[study.id] != study.images for study in studies)
    assert len(bench.items(TaskName.GRADES)) == 8 * 5 * 8
    assert "value" not in next(iter(bench.items(TaskName.GRADES).values()))
    card = (bench.root / "README.md").read_text(encoding="utf-8")
    assert "Nobody, 2026." in card
    assert "generated from gradings" in card
    for task in definition().tasks.values():
        assert task.title in card
        assert task.prompt.splitlines()[0] in card


def test_no_text_of_a_note_is_in_it(bench: Bench) -> None:
    items = bench.items(TaskName.EXTRACTION)
    assert len(items) == 60
    assert {tuple(sorted(item)) for item in items.values()} == {("id", "sha256")}


def test_building_again_makes_the_same(bench: Bench, tmp_path: Path) -> None:
    again = tmp_path / "bench"
    build(workspace(tmp_path), tmp_path, again, written, citation="Nobody, 2026.")
    assert open_bench(again).sha256 == bench.sha256


@pytest.mark.parametrize("task", ["report", "grades", "concepts"])
def test_a_system_that_looks_is_right_and_passes_every_probe(
    bench: Bench, tmp_path: Path, task: str
) -> None:
    probes = {
        probe: files(bench, tmp_path, probe) / f"{task}.jsonl"
        for probe in definition().tasks[TaskName(task)].probes
    }
    mine = files(bench, tmp_path) / f"{task}.jsonl"
    result = score.score(bench, TaskName(task), mine, probes, draws=20)
    assert result.scores[0].metric == definition().tasks[TaskName(task)].main
    assert result.scores[0].value == pytest.approx(1)
    told = {probe.probe: probe for probe in result.reliance}
    assert told["blank"].refused == told["noise"].refused == 1
    assert all(one.passed for one in result.reliance), told
    assert told["swapped"].fall > 0


@pytest.mark.parametrize("task", ["report", "grades", "concepts"])
def test_a_system_that_does_not_look_passes_no_probe(
    bench: Bench, tmp_path: Path, task: str
) -> None:
    probes = {
        probe: files(bench, tmp_path, probe, blind=True) / f"{task}.jsonl"
        for probe in definition().tasks[TaskName(task)].probes
    }
    mine = files(bench, tmp_path, blind=True) / f"{task}.jsonl"
    result = score.score(bench, TaskName(task), mine, probes, draws=20)
    assert result.scores[0].value < 1
    assert not any(probe.passed for probe in result.reliance)


@pytest.mark.parametrize("task", ["report", "grades", "concepts"])
def test_a_system_that_refuses_everything_passes_no_probe(
    bench: Bench, tmp_path: Path, task: str
) -> None:
    silent = {
        study.id: Output(id=study.id, failure=Failure(code="x", problem="nothing"))
        for study in bench.studies()
    }
    predict.write(tmp_path, predict.of_outputs(bench, silent))
    mine = tmp_path / f"{task}.jsonl"
    probes = dict.fromkeys(definition().tasks[TaskName(task)].probes, mine)
    result = score.score(bench, TaskName(task), mine, probes, draws=20)
    assert not any(probe.passed for probe in result.reliance)
    assert all(probe.refused == 0 for probe in result.reliance)


def test_retrieval_is_marked_by_the_findings_that_are_shared(bench: Bench, tmp_path: Path) -> None:
    answers = bench.answers(TaskName.RETRIEVAL)

    def rows(sign: int) -> list[dict[str, object]]:
        return [
            {"id": name, "ranked": sorted(row["overlap"], key=lambda k: sign * row["overlap"][k])}  # type: ignore[arg-type,call-overload,index]
            for name, row in answers.items()
        ]

    values = []
    for number, sign in enumerate((-1, 1)):
        (path,) = predict.write(tmp_path / str(number), {TaskName.RETRIEVAL: rows(sign)})
        result = score.score(bench, TaskName.RETRIEVAL, path, {}, draws=20)
        values.append({one.metric: one.value for one in result.scores})
    best, worst = values
    chance = [sum(row["overlap"].values()) / len(row["overlap"]) for row in answers.values()]  # type: ignore[attr-defined,arg-type]
    assert best["overlap_by_chance"] == pytest.approx(sum(chance) / len(chance))
    assert worst["overlap_at_1"] <= worst["overlap_by_chance"] <= best["overlap_at_1"]
    assert best["best_within_1"] == best["mrr"] == 1
    assert worst["overlap_at_1"] < best["overlap_at_1"]
    assert worst["best_within_1"] == 0


def test_extraction_needs_the_marked_texts(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="not the one that was marked"):
        predict.extracted(bench, {"1": "other"}, digest, lambda _: [])
    rows = [
        {"id": name, "findings": row["findings"]}
        for name, row in bench.answers(TaskName.EXTRACTION).items()
    ]
    (path,) = predict.write(tmp_path, {TaskName.EXTRACTION: rows})
    result = score.score(bench, TaskName.EXTRACTION, path, {}, draws=20)
    assert {one.value for one in result.scores} == {1}
    with pytest.raises(CaseError, match="has no probe blank"):
        score.score(bench, TaskName.EXTRACTION, path, {Probe.BLANK: path})


WRONG = {
    TaskName.REPORT: (
        [{"id": "spider/0"}, {"id": "spider/1", "text": "", "findings": "x"}, {"id": "z"}],
        ["row 1: text is missing", "row 2: findings are no list", "row 3: z is no item"],
    ),
    TaskName.GRADES: (
        [{"id": "spider/0 L1-L2 modic", "value": 7}, {"id": "spider/0 L2-L3 modic"}],
        ["row 1: the value of spider/0 L1-L2 modic is none of 0, 1, 2, 3", "row 2: the value"],
    ),
    TaskName.CONCEPTS: (
        [{"id": "spider/0", "cuis": "C1;C1"}, {"id": "spider/1", "cuis": ["C1"]}],
        ["row 1: cuis: C1 is there twice", "row 2: cuis is missing", "spider/2 is missing"],
    ),
    TaskName.RETRIEVAL: (
        [
            {"id": "spider/0", "ranked": ["spider/9"]},
            {"id": "spider/1", "ranked": ["spider/0"] * 2},
        ],
        ["row 1: ranked of spider/0 has 1 studies; 10 are needed", "row 2: ranked of spider/1"],
    ),
    TaskName.EXTRACTION: ([{"id": "0", "findings": 3}], ["is no item of this task"]),
}


@pytest.mark.parametrize("task", list(WRONG))
def test_all_that_is_wrong_with_predictions_is_told_at_once(
    bench: Bench, tmp_path: Path, task: TaskName
) -> None:
    rows, said = WRONG[task]
    (path,) = predict.write(tmp_path, {task: rows})
    with pytest.raises(CaseError) as told:
        score.score(bench, task, path, {})
    for part in said:
        assert part in told.value.problem


def test_lines_that_cannot_be_read_are_told_with_the_rest(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    path.write_text('{"id": "spider/0"}\nno json\n{"id": "z"}\n', encoding="utf-8")
    with pytest.raises(CaseError) as told:
        score.score(bench, TaskName.REPORT, path, {})
    for part in ("row 1: text is missing", "line 2 is no JSON", "row 3: z is no item"):
        assert part in told.value.problem


def test_a_changed_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bench"
    build(workspace(tmp_path, 3, 11), tmp_path, folder, written)
    answers = folder / "report" / "answers.jsonl"
    answers.write_text(answers.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(CaseError, match=r"Changed or missing: report/answers\.jsonl"):
        open_bench(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["definition"] = "0"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(CaseError, match="another definition"):
        open_bench(folder)
    with pytest.raises(CaseError, match="no benchmark"):
        open_bench(tmp_path)


def test_a_full_folder_and_a_leak_are_refused(tmp_path: Path) -> None:
    cases = workspace(tmp_path, 3, 11)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(SettingsError, match="holds something"):
        build(cases, tmp_path, tmp_path / "full", written)
    leak = [*cases[:-1], cases[-1].model_copy(update={"patient": cases[0].patient})]
    with pytest.raises(CaseError, match="1 patients are on both sides"):
        build(leak, tmp_path, tmp_path / "b", written)
