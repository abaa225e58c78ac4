"""``radixgpt ask`` with a language model elsewhere, which is played here."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from traffic import Player, answers_of
from typer.testing import CliRunner

import cli
from commands import ask as ask_command
from radixgpt.consent import Address
from radixgpt.errors import ConsentError
from radixgpt.reading import read

SAID = "No tool here assesses that level."


@pytest.fixture
def study(tmp_path: Path) -> str:
    grey = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "noise.png")
    return str(tmp_path / "noise.png")


@pytest.fixture
def far(player: Player, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Player:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Address, "here", property(lambda _: False))
    told: dict[str, Any] = answers_of("ollama")["turn"][1]
    words = {"role": "assistant", "content": SAID}
    lines = [{**told["lines"][0], "message": words}, told["lines"][-1]]
    player.answers = [{**told, "lines": lines}]
    return player


def ask(study: str, player: Player, *more: str) -> Any:
    llm = ["--llm", f"ollama:tiny@{player.url}"]
    return CliRunner().invoke(cli.app, ["ask", study, "what is at L9?", *llm, *more])


def test_nothing_leaves_where_nobody_can_be_asked(study: str, far: Player) -> None:
    result = ask(study, far)
    assert result.exit_code == 7, result.output
    assert result.stdout == ""
    assert "nobody allowed that" in result.stderr
    assert "RADIXGPT_LLM_SEND_TO=127.0.0.1" in result.stderr
    assert far.asked == []


def test_a_flag_allows_it_once_and_the_answer_tells_what_it_took(
    study: str, far: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADIXGPT_LLM_PRICE_IN", "2")
    monkeypatch.setenv("RADIXGPT_LLM_PRICE_OUT", "10")
    result = ask(study, far, "--send-conversation", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["answer"] == SAID
    took = said["took"]
    assert (took["model"], took["model_calls"]) == ("ollama:tiny", 1)
    assert (took["tokens_in"], took["tokens_out"]) == (2200, 11)
    assert took["cost"] == pytest.approx((2200 * 2 + 11 * 10) / 1e6)
    assert "2,200 tokens in, 11 out" in result.stderr
    assert far.url not in result.stdout
    assert len(far.asked) == 1


def test_a_setting_allows_it_for_its_hosts(
    study: str, far: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADIXGPT_LLM_SEND_TO", "example.org, 127.0.0.1")
    result = ask(study, far, "--quiet")
    assert (result.exit_code, result.stdout.strip()) == (0, SAID)
    assert "tokens" not in result.stderr


def test_a_made_up_study_is_kept_beside_its_picture(study: str, tmp_path: Path) -> None:
    wanted = ["ask", study, "make a synthetic study with L4-L5 pfirrmann 5", "--llm", "embedded"]
    plain = CliRunner().invoke(cli.app, [*wanted, "-q"])
    assert "name a folder with --images to keep it" in plain.stdout
    out = tmp_path / "out"
    kept = CliRunner().invoke(cli.app, [*wanted, "--images", str(out), "--json"])
    (one,) = json.loads(kept.stdout)["synthetic"]
    assert (one["file"], one["study"]) == ("synthetic-1.png", "synthetic-study-1.zip")
    assert sorted(path.name for path in out.iterdir()) == [one["file"], one["study"]]
    assert read(out / one["study"]).synthetic


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "brain"), [("y\n", "ollama:tiny"), ("n\n", "embedded"), ("", "embedded")]
)
def test_a_person_at_a_terminal_is_asked(
    far: Player,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    brain: str,
) -> None:
    from agent import leaving
    from agent.session import Session

    session = Session(llm=f"ollama:tiny@{far.url}")
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    with pytest.raises(ConsentError):
        ask_command.ask_to_send(session, given=False, by_hand=False)
    ask_command.ask_to_send(session, given=False, by_hand=True)
    assert session.brain.startswith(brain)
    assert leaving.question(session) == ""
    told = capsys.readouterr()
    assert far.url in told.err
    assert told.out == ""
