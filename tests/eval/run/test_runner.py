"""Running systems: apart, resumable, the same everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from eval.batch.engine import EngineName, engine
from eval.run import outputs, runner, tasks
from eval.run.registry import Probe, Side
from eval.run.system import System
from radixgpt.errors import CaseError, SettingsError

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # worker processes find the systems by the name of their module

from run_systems import Describes, Dies, Fails, case  # type: ignore[import-not-found]  # noqa: E402

CASES = [case(number) for number in range(4)]


def _run(
    system: System, root: Path, out: Path, name: EngineName = EngineName.SERIAL, seed: int = 1
) -> dict[str, outputs.Output]:
    out.mkdir(exist_ok=True)
    with engine(name, 2) as run_blocks:
        return runner.run(system, tasks.tasks(CASES, root, seed=seed), out, run_blocks)


def test_a_system_sees_its_own_case_alone(workspace: Path) -> None:
    found = _run(System("x", Describes()), workspace, workspace / "out")
    for number, (name, output) in enumerate(found.items()):
        assert name == f"made/{number}"
        assert output.text.startswith("['image-1.png'] MR of the lumbar spine ")
        assert output.text.endswith(f"[{10.0 * number}]"), "nothing of an earlier case is left"
        assert "made" not in output.text


@pytest.mark.parametrize("name", [EngineName.PROCESSES, EngineName.RAY])
def test_every_engine_and_order_gives_the_same(
    workspace: Path, name: EngineName, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name is EngineName.RAY:
        pytest.importorskip("ray", reason="needs the eval extra")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parents[2])]))
    here = _run(System("x", Describes()), workspace, workspace / "a")
    there = _run(System("x", Describes()), workspace, workspace / "b", name)
    assert [one.text for one in here.values()] == [one.text for one in there.values()]
    other = _run(System("x", Describes()), workspace, workspace / "c", seed=2)
    assert [one.text for one in other.values()] != [one.text for one in here.values()]


def test_failures_stay_with_their_case_and_tell_no_secret(workspace: Path) -> None:
    found = _run(System("x", Fails(workspace / "calls")), workspace, workspace / "out")
    failures = [output.failure for output in found.values()]
    assert [failure and failure.code for failure in failures] == [None, "unreadable", "fault", None]
    assert failures[2] is not None
    assert failures[2].problem == "The system failed with KeyError."
    assert [output.text for output in found.values()] == [
        "L4-L5: disc bulge.",
        "",
        "",
        "L4-L5: disc bulge.",
    ]


def test_what_is_done_is_not_done_again_and_a_cut_line_is_mended(workspace: Path) -> None:
    system, out = System("x", Fails(workspace / "calls")), workspace / "out"
    before = _run(system, workspace, out)
    lines = (out / outputs.OUTPUTS).read_bytes()
    (out / outputs.OUTPUTS).write_bytes(lines[:-20])
    after = _run(system, workspace, out)
    assert {name: one.text for name, one in before.items()} == {
        name: one.text for name, one in after.items()
    }
    assert (workspace / "calls").read_text().split() == ["0", "10", "20", "30", "30"]


def test_a_run_that_was_killed_goes_on(workspace: Path) -> None:
    out, alive = workspace / "out", workspace / "alive"
    alive.touch()
    program = f"""
import sys
sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[2])!r}]
from pathlib import Path
from test_runner import _run
from run_systems import Dies
from eval.run.system import System
_run(System("x", Dies(Path({str(alive)!r}))), Path({str(workspace)!r}), Path({str(out)!r}))
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False, timeout=120)
    assert killed.returncode == 9
    assert len((out / outputs.OUTPUTS).read_text().splitlines()) == 2
    alive.unlink()
    found = _run(System("x", Dies(alive)), workspace, out)
    assert [one.text for one in found.values()] == ["grey 0", "grey 10", "grey 20", "grey 30"]
    assert len((out / outputs.OUTPUTS).read_text().splitlines()) == 4


def test_a_damaged_output_is_told(workspace: Path) -> None:
    (workspace / outputs.OUTPUTS).write_text('{"id": 1}\n', encoding="utf-8")
    with pytest.raises(CaseError, match=r"outputs\.jsonl, line 1"):
        outputs.read(workspace)


def test_another_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    outputs.begin(tmp_path / "out", {"system": "a", "seed": 1})
    outputs.begin(tmp_path / "out", {"system": "a", "seed": 1})
    with pytest.raises(SettingsError, match="seed differ"):
        outputs.begin(tmp_path / "out", {"system": "a", "seed": 2})
    (tmp_path / "out" / outputs.RUN).write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match="can't be used"):
        outputs.begin(tmp_path / "out", {"system": "a", "seed": 1})


def test_probes_change_what_is_seen(workspace: Path) -> None:
    def seen(probe: Probe) -> list[str]:
        out = workspace / probe
        out.mkdir()
        with engine(EngineName.SERIAL) as run_blocks:
            done = runner.run(
                System("x", Describes()),
                tasks.tasks(CASES, workspace, seed=1, probe=probe),
                out,
                run_blocks,
            )
        return [one.text.split("[")[-1].rstrip("]") for one in done.values()]

    assert seen(Probe.NONE) == ["0.0", "10.0", "20.0", "30.0"]
    assert seen(Probe.SWAPPED) == ["10.0", "20.0", "30.0", "0.0"]
    blank = [(200 + 7 * grey) / 8 for grey in (0, 10, 20, 30)]
    assert [float(grey) for grey in seen(Probe.BLANK)] == pytest.approx(blank, abs=0.51)
    assert all(60 < float(grey) < 190 for grey in seen(Probe.NOISE))
    assert [float(grey) for grey in seen(Probe.FLIPPED)] == pytest.approx(
        [(200 + 6 * grey) / 7 for grey in (0, 10, 20, 30)]
    )


def test_swapping_never_stays_with_the_patient() -> None:
    from eval.run.probes import swapped

    patients = {"a": "1", "b": "1", "c": "2", "d": "3"}
    others = swapped(patients)
    assert all(patients[case_] != patients[other] for case_, other in others.items())
    with pytest.raises(CaseError, match="no other patient"):
        swapped({"a": "1", "b": "1"})


def test_cases_are_chosen_by_split_source_and_number() -> None:
    everything = [*CASES, case(4, split="train"), case(5, split="test")]
    assert tasks.choose(everything, Side.DEVELOPMENT) == CASES
    some = tasks.choose(everything, Side.DEVELOPMENT, limit=2)
    assert len(some) == 2
    assert {one.id for one in some} < {
        one.id for one in tasks.choose(everything, Side.DEVELOPMENT, limit=3)
    }
    with pytest.raises(CaseError, match="No case of the split test"):
        tasks.choose(everything, Side.TEST, sources=["elsewhere"])


def test_a_missing_image_is_told_before_anything_runs(workspace: Path) -> None:
    (workspace / "images/2.png").unlink()
    with pytest.raises(CaseError, match="Images of 1 cases are missing"):
        tasks.tasks(CASES, workspace, seed=0)


def test_references_are_human_or_called_generated(workspace: Path) -> None:
    made = tasks.reference(CASES[1], workspace, lambda one: {"findings": f"text of {one.id}"})
    assert made.generated
    assert made.row["judged"] == "disc_bulging"
    assert made.row["text"] == "text of made/1"
    assert json.dumps(made.row["findings"])
    written = CASES[1].model_copy(
        update={
            "report": {"findings": "A.", "impression": "B.", "technique": "C."},
            "report_origin": "human",
        }
    )
    person = tasks.reference(written, workspace, lambda one: {})
    assert not person.generated
    assert person.text == "A.\nB."
    assert "findings" not in person.row
