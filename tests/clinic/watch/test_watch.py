"""A spool, what arrives in it, and what comes of it: each study once, nothing lost."""

from __future__ import annotations

import io
import json
import os
import stat
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_drafts
import pytest
from orthanc_server import free_port
from pydicom import dcmread
from watched import PACE, Runner, objects

from clinic.pacs.connection import connection_of
from clinic.pacs.send import packed, send
from clinic.receive import Listening, received
from clinic.watch import spool as spools
from clinic.watch.arrive import Arrivals
from clinic.watch.run import Pace, Watch
from radixgpt.errors import SettingsError


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "spool")


def test_every_study_is_drafted_once_with_all_its_objects(runner: Runner) -> None:
    first, second = objects(3), objects(2)
    runner.put(first, "a")
    (runner.incoming / "deeper" / "DOE").mkdir(parents=True)
    for number, data in enumerate(second):
        (runner.incoming / "deeper" / "DOE" / f"{number}").write_bytes(data)
    runner.run()
    done = runner.names("done")
    assert len(done) == 2
    assert sorted(runner.images("done", name) for name in done) == [2, 3]
    assert set(runner.drafted().values()) == {1}
    for name in done:
        listed = (runner.root / "done" / name / "draft" / "report.json").read_text().split()
        assert len(listed) == runner.images("done", name)
        state = json.loads((runner.root / "done" / name / "state.json").read_text())
        assert (state["state"], state["images"]) == ("done", len(listed))
    assert not list((runner.root / "working").iterdir())
    assert not [p for p in runner.incoming.rglob("*") if p.is_file()]


def test_no_identifier_is_in_a_name_or_an_event(runner: Runner) -> None:
    data = objects(2)
    runner.put(data)
    (runner.incoming / "zqnotes.txt").write_text("Jane Doe")
    runner.run()
    uids = [dcmread(io.BytesIO(one)).SOPInstanceUID for one in data]
    told = json.dumps(runner.events) + " ".join(
        str(p.relative_to(runner.root)) for p in runner.root.rglob("*")
    )
    states = "".join(p.read_text() for p in runner.root.rglob("*.json"))
    for secret in ("zq", "ZQ", "Jane", *uids):
        assert secret not in told + states
    assert stat.S_IMODE((runner.root / "done").stat().st_mode) == 0o700


def test_a_study_is_complete_when_it_is_quiet(runner: Runner) -> None:
    data = objects(6)
    stop = threading.Event()

    def bring() -> None:
        for number, one in enumerate(data):
            (runner.incoming / f"{number}.part").write_bytes(one)
            (runner.incoming / f"{number}.part").rename(runner.incoming / f"{number}.dcm")
            time.sleep(0.15)
        time.sleep(2.5)
        stop.set()

    thread = threading.Thread(target=bring)
    with spools.opened(runner.root) as spool:
        thread.start()
        pace = Pace(quiet=1.0, settle=0.0, look=0.02)
        Watch(spool, ("json",), pace, runner.events.append, fake_drafts.quick).run(stop)
        thread.join()
    if not runner.names("done"):
        runner.run()  # a slow machine
    assert len(runner.names("done")) == 1
    assert runner.images("done", runner.names("done")[0]) == 6


def test_objects_that_arrive_while_it_is_drafted_are_in_the_draft(runner: Runner) -> None:
    data = objects(4)
    runner.put(data[:2], "early")
    told: list[dict[str, Any]] = runner.events

    def tell(event: dict[str, Any]) -> None:
        if event["event"] == "drafting" and not any(e["event"] == "drafting" for e in told):
            runner.put(data[2:], "late")
        told.append(event)

    with spools.opened(runner.root) as spool:
        Watch(spool, ("json",), PACE, tell, fake_drafts.slow).run(threading.Event(), once=True)
    (name,) = runner.names("done")
    listed = (runner.root / "done" / name / "draft" / "report.json").read_text().split()
    assert len(listed) == 4
    assert runner.drafted() == {name: 1}


def test_what_was_sent_before_is_not_drafted_again(runner: Runner) -> None:
    data = objects(3)
    runner.put(data)
    runner.run()
    before = runner.names("done")
    runner.put(data, "again")
    runner.run()
    assert runner.names("done") == before
    assert sum(runner.drafted().values()) == 1
    assert not list(runner.incoming.iterdir())


def test_a_late_object_makes_a_further_revision_with_all(runner: Runner) -> None:
    data = objects(4)
    runner.put(data[:3])
    runner.run()
    (first,) = runner.names("done")
    runner.put(data[3:], "late")
    runner.run()
    assert runner.names("done") == [first, f"{first}.2"]
    assert runner.images("done", f"{first}.2") == 4
    assert runner.images("done", first) == 3
    runner.put(data, "all again")
    runner.run()
    assert runner.names("done") == [first, f"{first}.2"]


@pytest.mark.parametrize(
    ("draft", "reason"), [("refusing", "mixed-patients"), ("crashing", "crashed"),
                          ("raising", "crashed"), ("stuck", "too-slow")],
)  # fmt: skip
def test_a_study_that_can_not_be_drafted_is_set_aside_with_a_reason(
    draft: str, reason: str, runner: Runner, capfd: pytest.CaptureFixture[str]
) -> None:
    runner.put(objects(2))
    watch = runner.run(getattr(fake_drafts, draft), Pace(quiet=0, settle=0, look=0.02, timeout=4))
    (name,) = runner.names("quarantine")
    assert runner.images("quarantine", name) == 2
    state = json.loads((runner.root / "quarantine" / name / "state.json").read_text())
    assert state["reason"] == reason
    assert state["mend"]
    assert watch.set_aside == 1
    assert runner.names("done") == runner.names("working") == []
    assert "zqsecret" not in "".join(capfd.readouterr())
    # Put back by hand it is drafted.
    (runner.root / "quarantine" / name).rename(runner.root / "working" / name)
    runner.run()
    assert runner.names("done") == [name]


def test_a_failure_of_a_study_that_grew_meanwhile_is_no_failure(runner: Runner) -> None:
    data = objects(2)
    runner.put(data[:1])
    told = runner.events

    def tell(event: dict[str, Any]) -> None:
        if event["event"] == "drafting" and len(told) < 3:
            runner.put(data[1:], "late")
        told.append(event)

    with spools.opened(runner.root) as spool:
        watch = Watch(spool, ("json",), PACE, tell, fake_drafts.incomplete)
        watch.run(threading.Event(), once=True)
    (name,) = runner.names("done")
    assert runner.images("done", name) == 2


def test_after_a_restart_what_arrived_meanwhile_is_taken_first(runner: Runner) -> None:
    data = objects(3)
    with spools.opened(runner.root) as spool:
        study = str(dcmread(io.BytesIO(data[0])).StudyInstanceUID)
        name, _ = spool.add(study, data[0])
        old = time.time() - 3600
        os.utime(runner.root / "working" / name / "images", (old, old))
    runner.put(data[1:])
    with spools.opened(runner.root) as spool:
        pace = Pace(quiet=0.1, settle=0.5, look=0.02)
        watch = Watch(spool, ("json",), pace, runner.events.append, fake_drafts.quick)
        watch.run(threading.Event(), once=True)
    assert [e["images"] for e in runner.events if e["event"] == "drafting"] == [3]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads every file")
def test_a_file_of_another_user_is_told_once_and_waited_for(runner: Runner) -> None:
    runner.put(objects(1))
    for path in runner.incoming.iterdir():
        path.chmod(0)
    runner.run()
    assert [e["event"] for e in runner.events] == ["unreadable"]
    assert len(list(runner.incoming.iterdir())) == 1


def test_one_bad_study_does_not_hold_up_another(runner: Runner) -> None:
    runner.put(objects(1), "a")
    runner.run(fake_drafts.crashing)
    runner.put(objects(1), "b")
    runner.run()
    assert len(runner.names("done")) == len(runner.names("quarantine")) == 1


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda p: p.write_bytes(b""), "empty"),
    "text": (lambda p: p.write_text("Jane Doe"), "unknown-format"),
    "cut": (lambda p: p.write_bytes(objects(1)[0][:-3000]), "truncated-pixels"),
    "picture": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99), "not-dicom"),
    "link": (lambda p: p.symlink_to("/etc/hostname"), "link"),
    "pipe": (os.mkfifo, "special-file"),
    "nameless": (
        lambda p: p.write_bytes(objects(1, StudyInstanceUID="")[0]), "no-identity",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(BAD))
def test_files_that_are_no_objects_are_set_aside_with_a_reason(kind: str, runner: Runner) -> None:
    make, reason = BAD[kind]
    make(runner.incoming / "zqfile")
    watch = runner.run()
    assert watch.set_aside == 1
    aside = runner.root / "quarantine" / "objects"
    (told,) = [json.loads(p.read_text()) for p in aside.glob("*.json")]
    assert told["reason"] == reason
    assert os.path.lexists(aside / told["object"])
    assert not list(runner.incoming.iterdir())
    assert Path("/etc/hostname").exists()


def test_a_file_that_grows_is_waited_for(runner: Runner) -> None:
    (data,) = objects(1)
    path = runner.incoming / "slow.dcm"
    path.write_bytes(data[:1000])
    with spools.opened(runner.root) as spool:
        arrivals = Arrivals(spool, settle=0.0, patience=60.0)
        assert list(arrivals.take()) == []
        path.write_bytes(data[:4000])
        assert list(arrivals.take()) == []
        path.write_bytes(data)
        (arrival,) = arrivals.take()
        assert [added for _, added in arrival.added] == ["new"]


def test_a_zip_brings_its_studies(runner: Runner) -> None:
    with zipfile.ZipFile(runner.incoming / "zq.zip", "w") as archive:
        for number, data in enumerate([*objects(2), *objects(3)]):
            archive.writestr(f"zqdoe/{number}.dcm", data)
    runner.run()
    assert sorted(runner.images("done", name) for name in runner.names("done")) == [2, 3]


def test_one_process_a_folder(runner: Runner) -> None:
    with (
        spools.opened(runner.root),
        pytest.raises(SettingsError, match="Another process"),
        spools.opened(runner.root),
    ):
        pass


def test_a_damaged_key_stops_before_anything_is_drafted_twice(runner: Runner) -> None:
    (runner.root / ".key").write_bytes(b"short")
    with pytest.raises(SettingsError, match="drafted again"), spools.opened(runner.root):
        pass


def test_studies_come_by_c_store_and_only_from_whom_is_admitted(
    runner: Runner, tmp_path: Path
) -> None:
    runner.put(data := objects(3))
    runner.incoming.rename(tmp_path / "sent")
    runner.incoming.mkdir()
    listening = Listening("US", free_port(), admitted=("PACS",))
    address = f"dimse://US@127.0.0.1:{listening.port}"
    parcel = packed([tmp_path / "sent"])
    with spools.opened(runner.root) as spool, received(listening, spool.receive):
        admitted = connection_of(address, calling_aet="PACS")
        assert send(parcel, admitted, confirmed=True, say=lambda *_: None).stored == 3
        for stranger in (
            connection_of(address, calling_aet="STRANGER"),
            connection_of(address.replace("US@", "THEM@"), calling_aet="PACS"),
        ):
            with pytest.raises(Exception, match="refuses"):
                send(parcel, stranger, confirmed=True, say=lambda *_: None)
    assert len(list(runner.incoming.iterdir())) == 3
    runner.run()
    (name,) = runner.names("done")
    assert runner.images("done", name) == len(data)


def test_a_sender_hears_that_there_is_no_room(runner: Runner, tmp_path: Path) -> None:
    runner.put(objects(1))
    parcel = packed([runner.incoming])

    def keep(_: bytes) -> None:
        raise OSError("no space left")

    listening = Listening("US", free_port())
    with received(listening, keep):
        there = connection_of(f"dimse://US@127.0.0.1:{listening.port}")
        sent = send(parcel, there, confirmed=True, say=lambda *_: None)
    assert dict(sent.failed) == {"for which it has no room": 1}
