"""Mapping a workspace: kept, resumed, partly failing, written whole."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from cli import app
from data.gather.provenance import Record
from data.mapping import registry, run
from data.mapping.journal import Journal, fingerprint
from data.mapping.run import map_workspace
from data.mapping.source import CHANGED, Mapped
from data.splits.run import split_workspace
from radixgpt.case import Case, read_cases
from radixgpt.errors import CaseError

NOTES = "lumbar_notes/lumbar_mri_notes.csv"


def _say(what: str, done: int, total: int) -> None:
    assert what
    assert 0 <= done <= total


def _notes(sources: Any, count: int = 5, first: int = 1) -> Path:
    rows = [[i, f"L4-L5: disc bulge of {i} mm."] for i in range(first, first + count)]
    place: Path = sources.table(NOTES, ["patient_id", "note"], rows)
    return place


def _cases(sources: Any) -> list[Case]:
    return list(read_cases(sources.workspace.cases))


def test_cases_refusals_and_tables_are_written(sources: Any) -> None:
    sources.spider()
    sources.picture("spider/images/99_t2.png", 99)
    _notes(sources)
    result = map_workspace(sources.workspace, say=_say)
    counts = {one.source: (one.cases, one.images, one.refused) for one in result.outcomes}
    assert counts == {"lumbar_notes": (5, 0, 0), "spider": (2, 3, 1)}
    assert result.split is None
    assert len(_cases(sources)) == 7
    (refused,) = sources.entries(sources.workspace.refused)
    assert refused["file"] == "gathered/spider/images/99_t2.png"
    assert set(refused) == {"source", "file", "reason", "mend"}
    cases, images, findings = (
        pd.read_parquet(sources.workspace.tables / f"{name}.parquet")
        for name in ("cases", "images", "findings")
    )
    assert (len(cases), len(images)) == (7, 3)
    assert len(findings) == sum(one.findings for one in result.outcomes)
    assert cases.set_index("case").loc["spider/12", "sex"] == "F"
    assert set(images["echo_time_ms"]) == {100.0}


def test_what_has_not_changed_is_kept(sources: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sources.spider()
    _notes(sources)
    map_workspace(sources.workspace, say=_say)
    before = sources.workspace.cases.read_bytes()
    _notes(sources, count=6)

    def fail(source: Any) -> Any:
        raise AssertionError(f"{source.key} was mapped again")

    monkeypatch.setitem(registry.MAPPERS, "spider", fail)
    result = map_workspace(sources.workspace, say=_say)
    assert {one.source: one.kept for one in result.outcomes} == {
        "lumbar_notes": False,
        "spider": True,
    }
    after = sources.workspace.cases.read_bytes()
    assert after.count(b"\n") == before.count(b"\n") + 1
    assert set(before.splitlines()) <= set(after.splitlines())


def test_a_crash_loses_one_unit_at_most(sources: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sources.spider()
    for name in ("a", "b", "c"):
        sources.picture(f"sudirman/{name}.png", ord(name))
    whole = registry.MAPPERS["sudirman"]
    worked: list[str] = []

    def mapper(source: Any, *, stop_at: str | None) -> Any:
        for unit in whole(source):

            def work(unit: Any = unit) -> Mapped:
                if unit.key == stop_at:
                    raise KeyboardInterrupt
                worked.append(unit.key)
                done: Mapped = unit.work()
                return done

            yield type(unit)(unit.key, work, unit.done, unit.total)

    monkeypatch.setitem(registry.MAPPERS, "sudirman", lambda s: mapper(s, stop_at="c"))
    with pytest.raises(KeyboardInterrupt):
        map_workspace(sources.workspace, say=_say)
    assert worked == ["a", "b"]
    assert not sources.workspace.cases.exists()
    with (sources.workspace.mapped / "sudirman.jsonl").open("ab") as journal:
        journal.write(b'{"unit":"c","cas')  # a line that the crash cut off
    monkeypatch.setitem(registry.MAPPERS, "sudirman", lambda s: mapper(s, stop_at=None))
    result = map_workspace(sources.workspace, say=_say)
    assert worked == ["a", "b", "c"]
    assert {one.source: (one.cases, one.kept) for one in result.outcomes} == {
        "spider": (2, True),
        "sudirman": (3, False),
    }
    assert len({case.id for case in _cases(sources)}) == 5


def test_a_source_that_fails_leaves_the_others(sources: Any) -> None:
    _notes(sources)
    folder = sources.spider()
    (folder / "gradings.csv").write_text("")
    for _ in range(2):  # the failure is told again, not kept silently
        result = map_workspace(sources.workspace, say=_say)
        failed = {one.source: one.failed for one in result.outcomes}
        assert failed["lumbar_notes"] is None
        assert failed["spider"] is not None
        assert failed["spider"].problem == "gradings.csv is empty."
        assert [case.source for case in _cases(sources)] == ["lumbar_notes"] * 5
        (refused,) = sources.entries(sources.workspace.refused)
        assert refused["file"] == "gathered/spider"
    sources.spider()
    result = map_workspace(sources.workspace, say=_say)
    assert not [one for one in result.outcomes if one.failed]
    assert len(_cases(sources)) == 7


def test_one_source_may_be_looked_at_alone(sources: Any) -> None:
    sources.spider()
    _notes(sources)
    map_workspace(sources.workspace, only=["spider"], say=_say)
    assert {case.source for case in _cases(sources)} == {"spider"}
    map_workspace(sources.workspace, only=["lumbar_notes"], say=_say)
    assert {case.source for case in _cases(sources)} == {"spider", "lumbar_notes"}
    with pytest.raises(CaseError, match="'kauh' was not gathered"):
        map_workspace(sources.workspace, only=["kauh"], say=_say)


def test_sources_that_are_gone_are_forgotten(sources: Any) -> None:
    sources.picture("own/one/a.png", 1)
    note = _notes(sources)
    map_workspace(sources.workspace, say=_say)
    assert list(sources.workspace.studies.rglob("*.png"))
    sources.picture("own/one/a.png", 1).unlink()
    (sources.folder("own") / "one").rmdir()
    sources.folder("own").rmdir()
    map_workspace(sources.workspace, say=_say)
    assert {case.source for case in _cases(sources)} == {"lumbar_notes"}
    assert not list(sources.workspace.studies.rglob("*.png"))
    assert note.exists()


def test_nothing_gathered_is_told(sources: Any) -> None:
    with pytest.raises(CaseError, match="Nothing was gathered"):
        map_workspace(sources.workspace, say=_say)


def test_licences_and_changed_bytes_come_from_the_provenance(sources: Any) -> None:
    folder = sources.spider()
    image = folder / "images" / "7_t2.png"
    known = {
        "source": "spider",
        "licence": "CC BY 4.0",
        "address": "https://example.org/7_t2.png",
        "bytes": 1,
        "gathered_at": "2026-01-01",
        "citation": "somebody",
    }
    record = Record(path="gathered/spider/images/7_t2.png", sha256="0" * 64, **known)
    sources.workspace.provenance.write_text(record.model_dump_json(exclude_none=True) + "\n")
    map_workspace(sources.workspace, say=_say)
    case = next(case for case in _cases(sources) if case.id == "spider/7")
    assert case.licence == "CC BY 4.0"
    assert CHANGED in case.warnings
    assert image.exists()


def test_a_split_outlives_a_mapping_of_the_same_cases(sources: Any) -> None:
    _notes(sources, count=12)
    workspace = sources.workspace
    map_workspace(workspace, say=_say)
    shares = {"train": 0.5, "test": 0.5}
    split_workspace(workspace, shares=shares, seed=1, say=_say)  # type: ignore[arg-type]
    sides = {case.id: case.split for case in _cases(sources)}
    assert None not in sides.values()
    assert map_workspace(workspace, say=_say).split is True
    assert {case.id: case.split for case in _cases(sources)} == sides
    assert set(pd.read_parquet(workspace.tables / "cases.parquet")["split"]) == {"train", "test"}
    _notes(sources, count=13)
    assert map_workspace(workspace, say=_say).split is False
    assert {case.split for case in _cases(sources)} == {None}
    workspace.splits.write_text("{}")
    assert map_workspace(workspace, say=_say).split is False


def test_a_fingerprint_sees_names_sizes_times_and_code(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    file = folder / "a.png"
    file.write_bytes(b"1")
    marks = [fingerprint(folder)]
    os.utime(file, ns=(time.time_ns(), time.time_ns() + 5_000_000))
    marks.append(fingerprint(folder))
    file.write_bytes(b"12")
    marks.append(fingerprint(folder))
    file.rename(folder / "b.png")
    marks.append(fingerprint(folder))
    marks.append(fingerprint(folder, "more"))
    code = tmp_path / "code.py"
    code.write_text("1")
    marks.append(fingerprint(folder, code))
    code.write_text("2")
    marks.append(fingerprint(folder, code))
    assert len(set(marks)) == len(marks)
    (folder / ".hidden").write_text("passed by")
    assert fingerprint(folder, code) == marks[-1]


def test_a_journal_of_other_things_is_begun_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", "one")
    assert journal.state() == (set(), False)
    with journal.open(anew=True) as file:
        journal.add(file, Mapped(unit="a"))
    assert journal.state() == ({"a"}, False)
    assert Journal(journal.path, "two").state() == (set(), False)
    with journal.open(anew=False) as file:
        journal.add(file, Mapped(unit="b"))
        journal.end(file)
    assert journal.state() == (set(), True)
    assert [mapped.unit for mapped in journal.units()] == ["a", "b"]


def test_a_full_disk_is_told(sources: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _notes(sources)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "write_cases", full)
    with pytest.raises(CaseError, match="No space left"):
        map_workspace(sources.workspace, say=_say)


def test_the_command_maps_and_tells(sources: Any) -> None:
    sources.spider()
    sources.picture("spider/images/99_t2.png", 99)
    arguments = ["data", "map", "-w", str(sources.workspace.root)]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    assert "spider: 2 cases, 3 images, 24 findings, 1 refused" in told.stdout
    assert "refused.jsonl" in told.stdout
    machine = CliRunner().invoke(app, [*arguments, "--json", "-q"])
    result = json.loads(machine.stdout)
    assert (result["cases"], result["refused"], result["split"]) == (2, 1, None)
    assert result["sources"][0]["kept"] is True


def test_the_command_ends_with_3_where_a_source_fails(sources: Any) -> None:
    _notes(sources)
    (sources.spider() / "gradings.csv").write_text("")
    arguments = ["data", "map", "-w", str(sources.workspace.root)]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 3
    assert "spider: gradings.csv is empty." in told.stderr
    assert len(_cases(sources)) == 5
    machine = CliRunner().invoke(app, [*arguments, "--json"])
    assert machine.exit_code == 3
    failed = {one["source"]: one["failed"] for one in json.loads(machine.stdout)["sources"]}
    assert failed["spider"]["problem"] == "gradings.csv is empty."
    empty = CliRunner().invoke(app, ["data", "map", "-w", str(sources.workspace.root / "no")])
    assert empty.exit_code == 3
    assert "Nothing was gathered" in empty.stderr
