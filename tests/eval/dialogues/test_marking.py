from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval.dialogues import scores
from eval.dialogues.known import Known
from eval.dialogues.marking import Said, Subject, TaskMark, hold
from eval.dialogues.task import REAL, Task, Turn, about, load, studies
from eval.routing import Call
from radixgpt.errors import InputError

SEEN = {0: Known({"L4-L5 pfirrmann": 4}), 1: Known({"L3-L4 pfirrmann": 4})}
LOOKED_UP = Call("get_findings", {"levels": ["L4-L5"]})


class Script:
    """Says what was written down for it."""

    def __init__(self, *said: Said) -> None:
        self.said = list(said)

    def say(self, text: str) -> Said:
        return self.said.pop(0)


def marks(turns: list[dict[str, Any]], *said: Said) -> TaskMark:
    task = Task("a/b", "g", "b", tuple(Turn.model_validate(turn) for turn in turns))
    subject = Subject(lambda: Script(*said), SEEN.__getitem__, Known({"L4-L5 pfirrmann": 3}))
    return hold(task, subject)


ASKED = {
    "say": "L4-L5?",
    "calls": [{"get_findings": {"levels": ["L4-L5"]}}],
    "tells": ["L4-L5 pfirrmann"],
}


def test_a_right_turn_is_right_in_everything() -> None:
    done = marks([ASKED], Said("L4-L5: Pfirrmann IV.", (LOOKED_UP,)))
    (turn,) = done.turns
    assert done.right
    assert (turn.tool, turn.arguments, turn.answer, turn.unsupported) == (True, True, True, ())
    assert (turn.told, turn.true) == (1, 0)  # as the tools saw it, which is not how it is


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (Said("L4-L5: Pfirrmann IV.", (Call("measure", {"levels": ["L4-L5"]}),)), "tool"),
        (Said("L4-L5: Pfirrmann IV.", (Call("get_findings", {"levels": ["L5-S1"]}),)), "arguments"),
        (Said("L4-L5: Pfirrmann IV.", (LOOKED_UP, Call("undo"))), "tool"),
        (Said("I can't tell.", (LOOKED_UP,)), "answer"),
    ],
)
def test_each_kind_of_error_is_told_apart(said: Said, wrong: str) -> None:
    (turn,) = marks([ASKED], said).turns
    assert not turn.right
    assert not getattr(turn, wrong)


def test_looking_up_more_than_was_asked_is_no_error_and_an_invention_is() -> None:
    more = Said("L4-L5: Pfirrmann IV.", (Call("describe_study"), LOOKED_UP))
    assert marks([ASKED], more).right
    invented = Said("L4-L5: Pfirrmann IV. There is a fracture of L1.", (LOOKED_UP,))
    (turn,) = marks([ASKED], invented).turns
    assert turn.answer
    assert turn.unsupported


def test_where_no_tool_is_right_any_call_is_wrong() -> None:
    thanks = {"say": "thanks", "calls": []}
    assert marks([thanks], Said("You are welcome.")).right
    assert not marks([thanks], Said("You are welcome.", (Call("about"),))).right


def test_numbers_and_their_digits_are_the_same_argument() -> None:
    turn = {"say": "x", "calls": [{"set_grade": {"level": "L4-L5", "value": 3}}]}
    assert marks([turn], Said("?", (Call("set_grade", {"level": "L4-L5", "value": "3"}),))).right


def test_to_let_a_waiting_change_drop_changes_nothing() -> None:
    dropped = Call("confirm_change", {"accept": False})
    assert marks([ASKED], Said("L4-L5: Pfirrmann IV.", (dropped, LOOKED_UP))).right
    kept = Call("confirm_change", {"accept": True})
    assert not marks([ASKED], Said("L4-L5: Pfirrmann IV.", (kept, LOOKED_UP))).right


def test_set_values_hold_from_then_on_and_move_with_the_numbering() -> None:
    turns = [
        {"say": "set it", "sets": {"L4-L5 pfirrmann": 2}},
        {"say": "?", "tells": ["L4-L5 pfirrmann"]},
        {"say": "up", "numbering": 1},
        {"say": "?", "tells": ["L3-L4 pfirrmann"]},
    ]
    done = marks(
        turns,
        Said("Done."),
        Said("L4-L5: Pfirrmann II."),
        Said("Moved."),
        Said("L3-L4: Pfirrmann IV."),
    )
    assert done.right


def test_words_of_the_answer_and_of_the_report_are_looked_for() -> None:
    turn = {
        "say": "draft",
        "words": ["draft"],
        "never": ["normal"],
        "report": {"has": ["Pfirrmann"], "lacks": ["^L1-L2:"]},
    }
    assert marks([turn], Said("The draft is written.", (), "L4-L5: Pfirrmann IV.")).right
    (bad,) = marks([turn], Said("All normal.", (), "L1-L2: nothing")).turns
    assert len(bad.missing) == 4


def test_the_summary_counts_conversations_and_turns() -> None:
    good = marks([ASKED, ASKED], *[Said("L4-L5: Pfirrmann IV.", (LOOKED_UP,))] * 2)
    bad = marks([ASKED], Said("I can't tell."))
    found = scores.summary([good, bad], draws=50)
    assert found["all"]["conversations"] == 2
    assert found["all"]["turns"] == 3
    assert found["all"]["wholly right"][0] == 0.5
    assert found["all"]["right answer"][0] == pytest.approx(2 / 3)
    assert found["truth"] == {"told": 2, "true": 0}
    assert "| g | 2 | 50.0% |" in scores.by_group(found)
    assert scores.lines([good, bad]).count("\n") == 2
    with pytest.raises(ValueError, match="nothing to score"):
        scores.summary([])


def test_the_tasks_that_ship_are_many_of_several_turns_and_about_known_studies() -> None:
    tasks = load()
    phantoms = [task for task in tasks if task.study != REAL]
    assert len(phantoms) >= 150
    assert all(len(task.turns) > 1 for task in tasks)
    assert {task.study for task in phantoms} == set(studies())
    assert len({task.id for task in tasks}) == len(tasks)
    with_real = about(tasks, ("real-1", "real-2"))
    assert len(with_real) == len(phantoms) + 2 * (len(tasks) - len(phantoms))


@pytest.mark.parametrize(
    "task",
    [
        "{id: a, studies: [], turns: [{say: x}]}",
        "{id: a, studies: [b], turns: [{say: x, tells: [L9-S4 pfirrmann]}]}",
        "{id: a, studies: [b], turns: [{say: x, words: ['(']}]}",
        "{id: a, studies: [b], turns: [{say: x, colour: red}]}",
    ],
)
def test_a_task_that_can_not_be_marked_is_refused(task: str, tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(f"group: g\ntasks:\n  - {task}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"1\.yaml holds no tasks"):
        load(tmp_path)
