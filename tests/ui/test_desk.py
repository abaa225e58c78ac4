"""Desks keep tabs apart, and let go of what they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.events import Image
from agent.session import Session
from radixgpt.errors import InputError
from ui import desk as desk_of
from ui.desk import Desk, Desks


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desks(clock: Clock):
    made = Desks(Session, idle=60.0, most=3, clock=clock)
    yield made
    made.close_all()


def test_a_tab_finds_its_own_desk_again_and_no_other(desks: Desks) -> None:
    one, other = desks.at("a"), desks.at("b")
    assert desks.at("a") is one
    assert one is not other
    assert one.session is not other.session
    assert one.token != other.token
    assert desks.by_token(one.token) is one
    assert desks.by_token(one.token[:-1]) is None


def test_a_closed_tab_leaves_nothing(desks: Desks) -> None:
    desk = desks.at("a")
    path = desk.slot(1, "1.dcm")
    path.write_bytes(b"x")
    desk.keep(Image(b"png", "L4-L5", "s1", 0))
    desks.close("a")
    assert not path.parent.exists()
    assert desk.evidence(1) is None
    assert desks.by_token(desk.token) is None
    assert desks.at("a") is not desk


def test_an_idle_desk_goes_and_a_used_one_stays(desks: Desks, clock: Clock) -> None:
    idle, used = desks.at("idle"), desks.at("used")
    clock.now += 50
    desks.by_token(used.token)
    clock.now += 20
    desks.sweep()
    assert desks.by_token(idle.token) is None
    assert desks.by_token(used.token) is used


def test_too_many_desks_make_the_longest_idle_give_way(desks: Desks, clock: Clock) -> None:
    opened = []
    for name in "abcd":
        clock.now += 1
        opened.append(desks.at(name))
    desks.sweep()
    assert len(desks) == 3
    assert desks.by_token(opened[0].token) is None
    assert desks.by_token(opened[3].token) is opened[3]


def test_uploads_are_one_file_or_their_folder_and_are_deleted_after() -> None:
    desk = Desk(Session())
    desk.slot(1, "1.dcm").write_bytes(b"a")
    with desk.uploaded(1) as alone:
        assert alone.read_bytes() == b"a"
    assert not alone.parent.exists()
    for name in ("1.dcm", "2.dcm"):
        desk.slot(2, name).write_bytes(b"b")
    with desk.uploaded(2) as folder:
        assert sorted(p.name for p in folder.iterdir()) == ["1.dcm", "2.dcm"]
    assert not folder.exists()
    with pytest.raises(InputError, match="No file arrived"), desk.uploaded(2):
        pass


def test_a_study_sent_while_another_is_read_is_kept_apart() -> None:
    desk = Desk(Session())
    desk.slot(1, "1.dcm").write_bytes(b"first")
    with desk.uploaded(1) as first:
        desk.slot(2, "1.dcm").write_bytes(b"second")
        assert first.read_bytes() == b"first"
    with desk.uploaded(2) as second:
        assert second.read_bytes() == b"second"


def test_uploads_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_of, "MAX_UPLOAD_BYTES", 100)
    monkeypatch.setattr(desk_of, "MAX_UPLOAD_FILES", 2)
    desk = Desk(Session())
    desk.slot(1, "1.dcm")
    desk.weigh(1, "1.dcm", 60)
    desk.slot(2, "1.dcm")
    with pytest.raises(InputError, match="larger than"):
        desk.weigh(2, "1.dcm", 41)
    desk.slot(1, "2.dcm")
    with pytest.raises(InputError, match="More than 2 files"):
        desk.slot(1, "3.dcm")
    desk.close()
    with pytest.raises(InputError, match="put away"):
        desk.weigh(1, "1.dcm", 1)


def test_old_evidence_gives_way_to_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_of, "MAX_EVIDENCE", 2)
    desk = Desk(Session())
    addresses = [desk.keep(Image(bytes([i]), "", "s1", i)) for i in range(3)]
    numbers = [int(Path(address).stem) for address in addresses]
    assert desk.evidence(numbers[0]) is None
    assert desk.evidence(numbers[2]) == bytes([2])
    assert all(desk.token in address for address in addresses)


def test_a_newly_opened_study_begins_a_new_edition_and_conversation() -> None:
    desk = Desk(Session())
    desk.messages.append({"role": "user", "content": "hello"})
    desk.point("s1", 3, "L4-L5")
    edition = desk.edition
    desk.fresh()
    assert desk.edition == edition + 1
    assert desk.messages == []
    assert desk.focus is None
