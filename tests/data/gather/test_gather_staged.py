"""Staged sets: copied with their names, told apart, checked again, mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.gather import provenance, registry
from data.gather.choose import Wish, choose
from data.gather.gatherer import Outcome, gather
from data.workspace import Workspace
from radixgpt.errors import GatherError


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder in the layout of the staged data, with a few bytes in place of the real ones."""
    folder = tmp_path / "shared" / "data"
    for name in (
        "spider/images/1_t1.png",
        "spider/images/1_t2.png",
        "spider/gradings.csv",
        "spider_masks/images/1.png",
        "spider_masks/masks/1.png",
        "sudirman_slices/slice_000.png",
        "kauh_xray/images/scol_000.jpg",
        "kauh_xray/labels.csv",
        "reports/lumbar_mri_notes.csv",
        "reports/mtsamples_radiology.csv",
        "reports/roco_spine_captions.json",
        "dicom/t1_series_pddl/1.dcm",
        "dicom/Spine1.dcm",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"content of {name}".encode())
    return folder


def bring(shared: Path, workspace: Workspace, name: str = "shared", **wish: bool) -> list[Outcome]:
    sources = choose(Wish(name=name, shared=shared, **wish), workspace)
    return [gather(s, workspace, accepted=False, say=lambda *_: None) for s in sources]


def files(workspace: Workspace) -> list[str]:
    return sorted(
        p.relative_to(workspace.root).as_posix()
        for p in workspace.gathered.rglob("*")
        if p.is_file()
    )


def test_every_set_becomes_its_own_source_with_its_names(
    shared: Path, workspace: Workspace
) -> None:
    outcomes = bring(shared, workspace)
    assert [o.source for o in outcomes] == [entry.key for entry in registry.staged()]
    assert sum(o.added for o in outcomes) == 13
    assert "gathered/spider/images/1_t1.png" in files(workspace)
    assert "gathered/kauh/labels.csv" in files(workspace)
    assert "gathered/lumbar_notes/lumbar_mri_notes.csv" in files(workspace)
    assert "gathered/dicom_examples/t1_series_pddl/1.dcm" in files(workspace)


def test_every_file_has_its_provenance_and_no_path_of_the_machine(
    shared: Path, workspace: Workspace
) -> None:
    bring(shared, workspace)
    records = provenance.read(workspace.provenance)
    assert sorted(records) == files(workspace)
    for path, record in records.items():
        assert path.split("/")[1] == record.source
        assert record.licence
        assert record.citation
        assert record.address.startswith("https://")
        assert (workspace.root / path).stat().st_size == record.bytes
    assert str(shared) not in workspace.provenance.read_text()
    assert records["gathered/spider/gradings.csv"].licence == "CC BY 4.0"


def test_a_second_run_adds_nothing_and_checks_everything(
    shared: Path, workspace: Workspace
) -> None:
    bring(shared, workspace)
    before = workspace.provenance.read_bytes()
    again = bring(shared, workspace)
    assert (sum(o.added for o in again), sum(o.verified for o in again)) == (0, 13)
    assert workspace.provenance.read_bytes() == before


def test_a_damaged_copy_is_mended_and_a_changed_origin_is_told(
    shared: Path, workspace: Workspace
) -> None:
    bring(shared, workspace)
    copy = workspace.root / "gathered/spider/images/1_t1.png"
    whole = copy.read_bytes()
    copy.write_bytes(b"damaged")
    (shared / "spider/gradings.csv").write_text("renewed")
    outcome = bring(shared, workspace, "spider")[0]
    assert copy.read_bytes() == whole
    assert (outcome.added, outcome.verified, outcome.changed) == (0, 2, 1)
    assert (workspace.root / "gathered/spider/gradings.csv").read_text() == "renewed"
    again = bring(shared, workspace, "spider")[0]
    assert (again.added, again.verified, again.changed) == (0, 3, 0)


def test_a_crash_half_way_resumes(shared: Path, workspace: Workspace) -> None:
    class CrashError(Exception):
        pass

    def crash(_what: str, done: int, _total: int) -> None:
        if done == 2:
            raise CrashError

    (source,) = choose(Wish(name="spider", shared=shared), workspace)
    with pytest.raises(CrashError):
        gather(source, workspace, accepted=False, say=crash)
    assert len(provenance.read(workspace.provenance)) == 2
    outcome = bring(shared, workspace, "spider")[0]
    assert (outcome.added, outcome.verified) == (1, 2)


def test_hard_links_are_made_where_asked(shared: Path, workspace: Workspace) -> None:
    bring(shared, workspace, "spider", link=True)
    bring(shared, workspace, "kauh")
    assert (workspace.root / "gathered/spider/gradings.csv").samefile(
        shared / "spider/gradings.csv"
    )
    assert not (workspace.root / "gathered/kauh/labels.csv").samefile(
        shared / "kauh_xray/labels.csv"
    )


def test_what_is_not_there_is_told(tmp_path: Path, workspace: Workspace, shared: Path) -> None:
    with pytest.raises(GatherError, match="No staged data"):
        bring(tmp_path / "nowhere", workspace)
    (shared / "reports/roco_spine_captions.json").unlink()
    with pytest.raises(GatherError, match="staged set 'roco'"):
        bring(shared, workspace, "roco")
    with pytest.raises(GatherError, match="neither a known source nor a path"):
        bring(shared, workspace, "spyder")


@pytest.mark.data
def test_the_real_staged_sets_are_gathered_whole(shared_data: Path, workspace: Workspace) -> None:
    outcomes = {o.source: o for o in bring(shared_data, workspace, link=True)}
    assert outcomes["spider"].files == 362
    assert outcomes["spider_masks"].files == 640
    assert outcomes["sudirman"].files == 198
    assert outcomes["kauh"].files == 273
    assert outcomes["dicom_examples"].files == 21
