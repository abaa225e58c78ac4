"""Runs that are made again: one by the real tools on the phantom, the others on a small study."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from chat_server import Server, calls, says
from traffic import Player, answers_of

from agent import chat, pipeline
from agent.audit import lines, replay
from agent.audit.lines import Did, Line, LookLine, Record, ToolLine
from agent.audit.recorder import Recorder
from agent.events import Answer, ToolEnded, ToolStarted
from agent.pipeline import Reading
from agent.session import Session
from data.synth.bundled import study_folder
from etl.load import to_json
from radixgpt.consent import Address
from radixgpt.errors import AuditError
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation

SALT = bytes(range(32))
READ, LOOK = pipeline.read_study, pipeline.look


@pytest.fixture(scope="module")
def folder() -> Path:
    return study_folder()


def moved(reading: Reading, by: int) -> Reading:
    """What was seen, in another numbering."""
    if by == 0:
        return reading

    def one(seen: Observation) -> Observation | None:
        if seen.level not in LUMBAR_DISCS:
            return seen
        place = LUMBAR_DISCS.index(seen.level) - by
        there = 0 <= place < len(LUMBAR_DISCS)
        return seen.model_copy(update={"level": LUMBAR_DISCS[place]}) if there else None

    kept = tuple(new for seen in reading.observations if (new := one(seen)) is not None)
    return replace(reading, observations=kept, level_shift=by)


@pytest.fixture(autouse=True, scope="module")
def by_hand(make_reading: Callable[..., Reading]) -> Iterator[None]:
    """A small study that was read by hand; nothing here turns on what the networks see.

    Fixtures of the module are made within it. ``real`` takes it away.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "read_study", lambda *_, **__: make_reading().study)
        patch.setattr(
            pipeline, "look", lambda *_, level_shift=0, **__: moved(make_reading(), level_shift)
        )
        yield


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "read_study", READ)
    monkeypatch.setattr(pipeline, "look", LOOK)


def opened(folder: Path, *, words: bool = True, llm: str = "embedded") -> Session:
    made = Session(llm=llm, llm_timeout=20.0, record=partial(Recorder, words=words, salt=SALT))
    made.load(folder)
    return made


def say(session: Session, text: str) -> Answer:
    last = list(chat.stream(session, text))[-1]
    assert isinstance(last, Answer), last
    return last


def record_of(session: Session) -> Record:
    return lines.read(session.audit.text().encode())


@pytest.fixture(scope="module")
def talked(folder: Path) -> Session:
    """A session of questions, changes by the chat, and changes beside it."""
    session = opened(folder)
    session.look()
    session.draft()
    for text in (
        "what is at L4-L5?",
        "set L4-L5 to Pfirrmann 5",
        "yes",
        "take L3-L4 out of the report",
        "shift the numbering up by one",
        "undo",
        "is there a tumour?",
        "explain L5-S1",
    ):
        say(session, text)
    session.restyle("concise")
    session.restore_sentences("L3-L4")
    return session


@pytest.mark.usefixtures("real")
def test_a_run_of_the_real_tools_comes_out_the_same(folder: Path) -> None:
    session = opened(folder)
    say(session, "what is at L4-L5?")
    say(session, "take L3-L4 out of the report")
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert found.report is not None
    assert to_json(found.report) == to_json(session.draft())


def test_a_session_comes_out_the_same_byte_for_byte(talked: Session, folder: Path) -> None:
    found = replay.run(record_of(talked), folder)
    assert found.differences == ()
    assert found.not_compared == ()
    assert found.report is not None
    assert to_json(found.report) == to_json(talked.draft())
    assert any(f.set_by_reader for f in found.report.findings)
    assert record_of(talked).report == lines.sha256(to_json(found.report))


@pytest.mark.parametrize("words", [True, False])
def test_what_was_made_up_is_no_difference(folder: Path, words: bool) -> None:
    session = opened(folder, words=words)
    say(session, f"make a synthetic {'study' if words else 'image'} with L4-L5 pfirrmann 5")
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert bool(found.not_compared) is not words  # a finding in words is kept by its hash alone


def test_without_words_the_report_is_the_same_and_texts_are_left(folder: Path) -> None:
    session = opened(folder, words=False)
    for text in ("what is at L4-L5?", "set L4-L5 to Pfirrmann 5", "yes", "L4-L5 is fine: true?"):
        say(session, text)
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert found.report is not None
    assert to_json(found.report) == to_json(session.draft())
    assert "No words were kept" in found.not_compared[0]


@pytest.mark.parametrize("words", [True, False])
def test_a_length_that_the_reader_set_comes_out_the_same(folder: Path, words: bool) -> None:
    session = opened(folder, words=words)
    for text in ("set the canal at L4-L5 to 11.5 mm", "yes", "what did I change?"):
        say(session, text)
    session.set_grade("L3-L4", "spondylolisthesis", "present")
    session.set_measure("L3-L4", "slip_mm", 6, "posterior")  # beside the chat
    say(session, "undo")
    say(session, "shift the numbering up by one")
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert found.report is not None
    assert to_json(found.report) == to_json(session.draft())
    set_by_reader = [(f.level, f.kind, f.value) for f in found.report.findings if f.set_by_reader]
    assert ("L3-L4", "canal_mm", 11.5) in set_by_reader


@pytest.mark.parametrize("words", [True, False])
def test_a_length_said_to_a_hosted_model_is_played_back(
    folder: Path, server: Server, words: bool
) -> None:
    session = opened(folder, words=words, llm=f"openai:tiny@{server.url}")
    server.replies = [
        calls("set_measure", level="L4-L5", quantity="canal", millimetres=4),  # its own number
        calls("set_measure", level="L4-L5", quantity="canal", millimetres=11),
        says("Shall I? Yes or no."),
        calls("confirm_change", accept=True),
        says("Done."),
    ]
    say(session, "set the canal at L4-L5 to 11 mm")
    say(session, "yes")
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert found.report is not None
    assert to_json(found.report) == to_json(session.draft())
    assert {f.value for f in found.report.findings if f.set_by_reader and f.unit == "mm"} == {11.0}


def test_a_number_that_is_no_length_is_not_kept(folder: Path, server: Server) -> None:
    session = opened(folder, words=False, llm=f"openai:tiny@{server.url}")
    server.replies = [says("No.")]
    list(chat.stream(session, "set the slip at L4-L5 to 471 mm"))
    assert "471" not in re.sub(r"[0-9a-f]{16,}", "", session.audit.text())


@pytest.mark.parametrize("words", [True, False])
def test_a_hosted_model_is_played_back_and_not_asked(
    folder: Path, server: Server, words: bool
) -> None:
    session = opened(folder, words=words, llm=f"openai:tiny@{server.url}")
    server.replies = [
        calls("get_findings", levels=["L4-L5"], kinds=["disc_herniation"]),
        says("The spine is normal."),
        says("No disc herniation at L4-L5."),
        calls("set_grade", level="L4-L5", kind="modic", value="3"),
        says("Shall I? Yes or no."),
        calls("confirm_change", accept=True),
        says("Done."),
    ]
    assert say(session, "is there a herniation at L4-L5?").guarded
    say(session, "set Modic at L4-L5 to 3")
    say(session, "yes")
    asked = len(server.asked)
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert len(server.asked) == asked
    assert found.report is not None
    assert to_json(found.report) == to_json(session.draft())
    assert server.url not in session.audit.text()


def test_a_turn_that_failed_fails_again(folder: Path, server: Server) -> None:
    session = opened(folder, llm="openai:tiny@http://127.0.0.1:9/v1")
    list(chat.stream(session, "hello"))
    assert '"failed":"language-model"' in session.audit.text()
    assert replay.run(record_of(session), folder).same


def _with(record: Record, change: Callable[[Line], Line | None]) -> Record:
    """A record that somebody made anew, with a whole chain."""
    changed = [one for line in record.lines if (one := change(line)) is not None]
    return lines.read(lines.text_of(lines.chained(changed)).encode())


def test_what_differs_is_told(talked: Session, folder: Path) -> None:
    def other_result(line: Line) -> Line:
        if isinstance(line, ToolLine) and line.name == "explain":
            return line.model_copy(update={"result": "0" * 64})
        return line

    def other_model(line: Line) -> Line:
        if isinstance(line, LookLine):
            name = next(iter(line.models))
            return line.model_copy(update={"models": {**line.models, name: "1" * 64}})
        return line

    def without_shift(line: Line) -> Line | None:
        gone = isinstance(line, ToolLine) and line.name == "shift_numbering"
        return None if gone else line

    record = record_of(talked)
    told = replay.run(_with(record, other_result), folder).differences
    assert told == ("Turn 8: the tool explain returned something else.",)
    assert "The model" in replay.run(_with(record, other_model), folder).differences[0]
    told = replay.run(_with(record, without_shift), folder).differences
    assert told[0].endswith("turn 5: the tool shift_numbering came in its place.")


@pytest.mark.usefixtures("real")
def test_another_study_is_told_before_anything_runs(folder: Path, tmp_path: Path) -> None:
    session = opened(folder)
    for path in sorted(folder.glob("*.dcm"))[1:]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    found = replay.run(record_of(session), tmp_path)
    assert found.report is None
    assert found.differences[0] == "This is not the study of the record."
    assert "is of shape (8, 320, 320), and was of (9, 320, 320)" in found.differences[1]


@pytest.mark.parametrize("words", [True, False])
def test_a_conversation_that_stayed_here_stays_here_again(folder: Path, words: bool) -> None:
    session = opened(folder, words=words, llm="ollama:tiny@http://far.example")
    for text in ("what is at L4-L5?", "no", "take L3-L4 out of the report", "set L4-L5 to Modic 2"):
        say(session, text)
    say(session, "yes")
    assert session.changes == 2
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert found.report is not None
    assert to_json(found.report) == to_json(session.draft())


def test_a_conversation_that_left_is_played_back_and_asks_nobody(
    folder: Path, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Address, "here", property(lambda _: False))
    player.answers = answers_of("ollama")["turn"]
    session = opened(folder, llm=f"ollama:tiny@{player.url}")
    say(session, "is there a herniation at L4-L5?")
    assert say(session, "yes").text == "At L4-L5 there is a disc herniation."
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert len(player.asked) == 2


@pytest.mark.parametrize("begun", [False, True])
def test_a_turn_that_was_stopped_stops_there_again(
    folder: Path, server: Server, begun: bool
) -> None:
    session = opened(folder, llm=f"openai:tiny@{server.url}")
    say_at = ToolEnded if begun else ToolStarted
    server.replies = [calls("remove_sentences", level="L4-L5")]
    for event in chat.stream(session, "take L4-L5 out of the report"):
        if isinstance(event, say_at):
            session.cancel()
    assert session.changes == 0
    server.replies = [calls("remove_sentences", level="L3-L4"), says("Done.")]
    say(session, "take L3-L4 out of the report")
    found = replay.run(record_of(session), folder)
    assert found.differences == ()
    assert found.report is not None
    assert to_json(found.report) == to_json(session.draft())
    assert len(server.asked) == 3


def test_other_weights_and_packages_are_named(talked: Session, folder: Path) -> None:
    def then(line: Line) -> Line:
        if line.kind != "begin":
            return line
        packages = {**line.packages, "torch": "1.0"}
        weights = {**line.weights, "levels": "0" * 64}
        return line.model_copy(update={"packages": packages, "weights": weights, "code": "0" * 64})

    found = replay.run(_with(record_of(talked), then), folder)
    assert found.same
    assert "The weights of levels are not the recorded ones." in found.made_with
    assert any(line.startswith("torch is ") for line in found.made_with)


def test_a_study_that_was_handed_over_read_can_not_be_read_again(
    make_reading: Callable[..., Reading], folder: Path
) -> None:
    session = Session()
    session.take(make_reading())
    with pytest.raises(AuditError, match="read before"):
        replay.run(record_of(session), folder)


def test_a_record_that_asks_for_the_impossible_is_refused(talked: Session, folder: Path) -> None:
    def impossible(line: Line) -> Line:
        if line.kind == "report" and line.did.do == "restore_sentences":
            return line.model_copy(update={"did": line.did.model_copy(update={"level": "L9"})})
        return line

    with pytest.raises(AuditError, match="can't be done"):
        replay.run(_with(record_of(talked), impossible), folder)


def test_a_wording_by_hand_needs_a_record_with_words(talked: Session, folder: Path) -> None:
    def by_hand(line: Line) -> Line:
        if line.kind == "report" and line.did.do == "restore_sentences":
            did = Did(do="reword", place=1, text=f"sha256:{'0' * 64}")
            return line.model_copy(update={"did": did})
        return line

    with pytest.raises(AuditError, match="worded by hand"):
        replay.run(_with(record_of(talked), by_hand), folder)


def test_places_where_reports_differ_are_named() -> None:
    then = {"a": [1, {"b": 2}], "c": True}
    assert list(replay.paths(then, {"a": [1, {"b": 3}, 4], "c": 1, "d": 0})) == [
        "a[1].b",
        "a (3 of them, and were 2)",
        "c",
        "d",
    ]
