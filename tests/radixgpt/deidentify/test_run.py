"""A folder in, a folder out: names, lists, keys, and being stopped at any moment."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from radixgpt.deidentify import deidentify, key_of
from radixgpt.errors import InputError, RadixError, SettingsError

KEY = b"k" * 32


@pytest.fixture
def source(tmp_path: Path, tools: Any) -> Path:
    """Two patients, one report among the images, a picture and a damaged file."""
    folder = tmp_path / "in" / "DOE JANE"
    folder.mkdir(parents=True)
    for number in range(4):
        made = tools.make(InstanceNumber=number)
        (folder / f"doe-{number}.dcm").write_bytes(tools.save(made))
    other = tools.make(PatientID="B", PatientName="ROE^R", StudyInstanceUID=generate_uid())
    (folder / "roe.dcm").write_bytes(tools.save(other))
    (folder / "report.dcm").write_bytes(tools.save(tools.make(Modality="SR")))
    (folder / "notes.txt").write_text("Jane Doe")
    (folder / "screen.dcm").write_bytes(tools.save(tools.make(BurnedInAnnotation="YES")))
    return tmp_path / "in"


def listed(out: Path) -> dict[str, str]:
    lines = (out / "quarantine.jsonl").read_text().splitlines()
    return {one["object"]: one["reason"] for one in map(json.loads, lines)}


def written(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*.dcm"))}


def test_everything_is_written_or_listed(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = deidentify(source, out, KEY)
    assert outcome.written == len(written(out)) == 5
    assert outcome.quarantined == {"not-an-image": 1, "unknown-format": 1, "burned-in": 1}
    assert sorted(listed(out).values()) == ["burned-in", "not-an-image", "unknown-format"]
    assert (len(outcome.patients), len(outcome.studies)) == (2, 2)
    told = "\n".join(str(p) for p in out.rglob("*")) + (out / "quarantine.jsonl").read_text()
    assert not any(
        word in told.replace(str(tmp_path), "") for word in ("DOE", "doe", "ROE", "Jane")
    )


def test_a_second_run_adds_and_overwrites_nothing(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    deidentify(source, out, KEY)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    again = deidentify(source, out, KEY)
    assert (again.written, again.there) == (0, 5)
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()} == before


def test_a_run_that_broke_goes_on(source: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    deidentify(source, whole, KEY)

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deidentify(source, out, KEY, say=stop)
    (out / ".part-0123").write_bytes(b"half of an object")
    with (out / "quarantine.jsonl").open("a") as file:
        file.write('{"id": "cut o')
    assert len(written(out)) < 5
    deidentify(source, out, KEY)
    assert written(out) == written(whole)
    assert listed(out) == listed(whole)
    assert not list(out.glob(".part-*"))


def test_what_is_allowed_later_leaves_the_list(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    deidentify(source, out, KEY)
    outcome = deidentify(source, out, KEY, allow_burned_in=True)
    assert (outcome.written, outcome.burned_in) == (1, 1)
    assert "burned-in" not in listed(out).values()


def test_another_object_of_the_same_name_is_listed_and_not_written(
    source: Path, tmp_path: Path, tools: Any
) -> None:
    out = tmp_path / "out"
    deidentify(source, out, KEY)
    before = written(out)
    changed = dcmread(next((source / "DOE JANE").glob("doe-0*")))
    changed.EchoTime = 12.0
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a.dcm").write_bytes(tools.save(changed))
    outcome = deidentify(tmp_path / "later", out, KEY)
    assert outcome.quarantined == {"conflict": 1}
    assert written(out) == before


def test_a_zip_is_read(source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for path in source.rglob("*.dcm"):
            archive.write(path, path.name)
    assert deidentify(tmp_path / "in.zip", tmp_path / "out", KEY).written == 5


@pytest.mark.parametrize("place", [lambda s: s / "out", lambda s: s, lambda s: s.parent])
def test_input_and_output_lie_apart(source: Path, place: Callable[[Path], Path]) -> None:
    with pytest.raises(SettingsError, match="within one another"):
        deidentify(source, place(source), KEY)


def test_one_run_at_a_time(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    caught: list[RadixError] = []

    def nested(done: int, _: int) -> None:
        if done == 1:
            with pytest.raises(InputError) as error:
                deidentify(source, out, KEY)
            caught.append(error.value)

    deidentify(source, out, KEY, say=nested)
    assert "Another run" in caught[0].problem


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "my.key"
    key = key_of(path, tmp_path / "in", tmp_path / "out")
    assert len(key) == 32
    assert key_of(path, tmp_path / "in", tmp_path / "out") == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key_of(None, tmp_path / "in", tmp_path / "out") != key
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("place", "content", "match"),
    [
        ("out/my.key", None, "within the output"),
        ("in/my.key", None, "within the input"),
        ("short.key", b"short", "holds no key"),
        ("long.key", b"l" * 4096, "holds no key"),
        (".", None, "can't be read"),
    ],
)
def test_keys_that_can_not_be_used(
    place: str, content: bytes | None, match: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / place).write_bytes(content)
    with pytest.raises(SettingsError, match=match):
        key_of(tmp_path / place, tmp_path / "in", tmp_path / "out")
