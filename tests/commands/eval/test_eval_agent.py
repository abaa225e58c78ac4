from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from cli import app
from commands.eval import talkers
from data.synth.make import asked
from data.synth.phantom_wanted import phantom_of
from eval.dialogues import task
from radixgpt.finding import GRADED


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["eval", "agent", "--quiet", *map(str, arguments)])


def test_the_agent_is_talked_to_about_a_phantom_and_a_healthy_template_is_found_out(
    tmp_path: Path,
) -> None:
    found: dict[str, Any] = {}
    for system in ("agent", "template-of-normals"):
        out = tmp_path / system
        done = ran("--system", system, "--groups", "looking up", "--limit", 2, "-o", out, "--json")
        assert done.exit_code == 0, done.output
        found[system] = json.loads(done.stdout)
        told = json.loads((out / "scores.json").read_text(encoding="utf-8"))
        assert told["system"] == f"{system}, 2 drawn of {told['drawn_of']}"
        assert (out / "table.md").read_text(encoding="utf-8").startswith("| system |")
        lines = (out / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
        of_group = [one for one in task.about(task.load(), ()) if one.group == "looking up"]
        drawn = task.drawn(of_group, 2, 0)
        assert [json.loads(line)["id"] for line in lines] == [one.id for one in drawn]
    agent, normals = found["agent"]["all"], found["template-of-normals"]["all"]
    assert agent["no unsupported claim"][0] == agent["right tool"][0] == 1
    assert normals["no unsupported claim"][0] < 1  # the second spine that is drawn is worn
    assert normals["right tool"][0] == 0


def test_the_languageless_brain_can_not_talk_without_tools() -> None:
    done = ran("--system", "no-tools", "--llm", "embedded")
    assert done.exit_code == 7
    assert "writes no reports" in done.output


def test_conversations_are_drawn_by_the_seed_over_all_groups() -> None:
    every = task.about(task.load(), ())
    some = task.drawn(every, 40, 0)
    assert some == task.drawn(every, 40, 0) != task.drawn(every, 40, 1)
    assert len({one.group for one in some}) > 5
    assert [every.index(one) for one in some] == sorted(every.index(one) for one in some)
    assert task.drawn(every, None, 0) == task.drawn(every, 10_000, 3) == every


def test_what_is_not_there_is_named() -> None:
    assert "There is no system 'oracle'." in ran("--system", "oracle").output
    done = ran("--groups", "numbering,small talk")
    assert done.exit_code == 3
    assert "of the groups small talk." in done.output
    assert "looking up" in done.output


def test_phantoms_are_what_their_findings_say() -> None:
    seed, findings = task.studies()["herniated"]
    truth = talkers.true_of(phantom_of(asked(findings), seed))
    assert truth.at("L4-L5", "disc_herniation") == "present"
    assert truth.at("L5-S1", "pfirrmann") == 3
    assert truth.at("L1-L2", "pfirrmann") == 1
    assert len(truth.values) == 5 * len(GRADED)
