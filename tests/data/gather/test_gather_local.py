"""A user's own files: bytes as they are, names that tell nothing, hostile archives shut out."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.gather import naming, provenance
from data.gather.gatherer import Outcome, gather
from data.gather.local import LocalSource, key_of
from data.workspace import Workspace
from radixgpt.errors import GatherError, InputError, UnreadableError
from radixgpt.reading.identity import Keyring

MakeDicom = Callable[..., bytes]
SECRET = "DOE_JANE"


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (4, 4), 7).save(buffer, "PNG")
    return buffer.getvalue()


def bring(path: Path, workspace: Workspace, **options: bool) -> Outcome:
    keys = naming.keyring(workspace.root)
    source = LocalSource(path, key_of(path, keys), keys, **options)
    return gather(source, workspace, accepted=False, say=lambda *_: None)


def gathered(workspace: Workspace) -> dict[str, bytes]:
    return {
        p.relative_to(workspace.gathered).as_posix(): p.read_bytes()
        for p in workspace.gathered.rglob("*")
        if p.is_file()
    }


@pytest.fixture
def export(tmp_path: Path, make_dicom: MakeDicom) -> Path:
    """A hospital's export: names of files and folders hold the patient's."""
    folder = tmp_path / f"export {SECRET}"
    for name, data in {
        f"{SECRET}/T2 SAG/1.dcm": make_dicom(),
        f"{SECRET}/T2 SAG/2.dcm": make_dicom(InstanceNumber=2),
        f"{SECRET}/T1 SAG/1": make_dicom(InstanceNumber=3),
        f"{SECRET}/key image.png": png(),
        f"{SECRET}/volume.nii": b"\0" * 344 + b"n+1\0" + b"\0" * 8,
        "DICOMDIR": b"\0" * 128 + b"DICM" + b"1.2.840.10008.1.3.10\0" + b"\0" * 200,
        "report.pdf": b"%PDF-1.4",
        "readme.html": b"<html>",
        ".DS_Store": b"clutter",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_objects_come_with_their_bytes_and_without_their_names(
    export: Path, workspace: Workspace
) -> None:
    outcome = bring(export, workspace)
    found = gathered(workspace)
    originals = {p.read_bytes() for p in (export / SECRET).rglob("*") if p.is_file()}
    assert set(found.values()) == originals
    assert outcome.added == 5
    assert dict(outcome.left) == {"index": 1, "not-an-image": 1, "html": 1}
    told = [*found, workspace.provenance.read_text(), outcome.title, str(outcome.as_json())]
    for text in told:
        for secret in ("DOE", "JANE", "SAG", "4711", "19700131", str(export)):
            assert secret not in text
    assert sorted(Path(name).suffix for name in found) == [".dcm", ".dcm", ".dcm", ".nii", ".png"]


def test_folders_stay_together(export: Path, workspace: Workspace) -> None:
    bring(export, workspace)
    folders = [str(Path(name).parent) for name in gathered(workspace) if name.endswith(".dcm")]
    assert sorted(folders.count(folder) for folder in set(folders)) == [1, 2]


def test_a_second_run_adds_nothing(export: Path, workspace: Workspace) -> None:
    bring(export, workspace)
    before = (gathered(workspace), workspace.provenance.read_bytes())
    outcome = bring(export, workspace)
    assert (outcome.added, outcome.verified) == (0, 5)
    assert (gathered(workspace), workspace.provenance.read_bytes()) == before


def test_another_workspace_gives_other_names(
    export: Path, tmp_path: Path, workspace: Workspace
) -> None:
    other = Workspace(tmp_path / "other")
    bring(export, workspace)
    bring(export, other)
    assert not gathered(workspace).keys() & gathered(other).keys()


def test_names_may_be_kept_but_never_those_of_dicom_objects(
    export: Path, workspace: Workspace
) -> None:
    bring(export, workspace, keep_names=True)
    names = {name.partition("/")[2] for name in gathered(workspace)}
    assert f"{SECRET}/key image.png" in names
    assert f"{SECRET}/volume.nii" in names
    assert not any(SECRET in name for name in names if name.endswith(".dcm"))


def test_links_share_the_bytes(export: Path, workspace: Workspace) -> None:
    bring(export, workspace, link=True)
    inodes = {p.stat().st_ino for p in (export / SECRET).rglob("*") if p.is_file()}
    assert {(workspace.gathered / name).stat().st_ino for name in gathered(workspace)} == inodes


def test_one_file_and_one_zip(tmp_path: Path, workspace: Workspace, make_dicom: MakeDicom) -> None:
    data = make_dicom()
    one = tmp_path / "one.dcm"
    one.write_bytes(data)
    assert bring(one, workspace, link=True).added == 1
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/1.dcm", data)
        archive.writestr("a/2.dcm", make_dicom(InstanceNumber=2))
    assert bring(packed, workspace, link=True).added == 2
    assert list(gathered(workspace).values()).count(data) == 2


def test_a_hostile_zip_writes_nothing_outside(
    tmp_path: Path, workspace: Workspace, make_dicom: MakeDicom
) -> None:
    hostile = tmp_path / "hostile.zip"
    with zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../slipped.dcm", make_dicom())
        archive.writestr("/etc/slipped.dcm", make_dicom())
        link = zipfile.ZipInfo("link.dcm")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb.dcm", b"\0" * (80 << 20))
        archive.writestr("good.dcm", make_dicom())
    outcome = bring(hostile, workspace)
    assert outcome.added == 1
    assert dict(outcome.left) == {"unsafe-path": 2, "link": 1, "bomb": 1}
    outside = [p for p in tmp_path.rglob("*slipped*") if p.is_file()]
    assert not outside


def test_links_and_pipes_are_left(
    tmp_path: Path, workspace: Workspace, make_dicom: MakeDicom
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good.dcm").write_bytes(make_dicom())
    (tmp_path / "outside.dcm").write_bytes(make_dicom())
    (folder / "link.dcm").symlink_to(tmp_path / "outside.dcm")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    outcome = bring(folder, workspace)
    assert outcome.added == 1
    assert dict(outcome.left) == {"link": 2, "special-file": 1}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, InputError),
        ({}, InputError),
        ({"a.txt": b"text"}, UnreadableError),
    ],
)
def test_nothing_usable_is_told(
    tmp_path: Path, workspace: Workspace, content: dict[str, bytes] | None, error: type[Exception]
) -> None:
    folder = tmp_path / SECRET
    if content is not None:
        folder.mkdir()
        for name, data in content.items():
            (folder / name).write_bytes(data)
    with pytest.raises(error) as caught:
        bring(folder, workspace)
    assert SECRET not in str(caught.value)
    assert provenance.read(workspace.provenance) == {}


def test_a_damaged_key_stops_and_is_not_replaced(workspace: Workspace, keys: Keyring) -> None:
    path = workspace.root / naming.KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"short")
    with pytest.raises(GatherError, match="key is damaged"):
        naming.keyring(workspace.root)
    assert path.read_bytes() == b"short"


@given(
    first=st.lists(st.text("ab/", min_size=1, max_size=3), min_size=1, max_size=3),
    second=st.lists(st.text("ab/", min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_hashed_paths_differ_exactly_when_the_paths_do(first: list[str], second: list[str]) -> None:
    keys = Keyring(b"k" * 32)
    paths = ["/".join(part.strip("/") or "x" for part in parts) for parts in (first, second)]
    names = [naming.of_path(keys, "home", path, ".dcm") for path in paths]
    normal = [Path(path).parts for path in paths]
    assert (names[0] == names[1]) == (normal[0] == normal[1])
    assert len(Path(names[0]).parts) == len(normal[0])
    assert naming.of_path(keys, "other", paths[0], ".dcm") != names[0]
