"""Published archives: every sound file comes out, no hostile one does."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.gather.unpack import PUBLISHED, Kind, members, unpacked_size
from radixgpt.errors import GatherError, UnsafeInputError
from radixgpt.reading.limits import Limits

FILES = {"images/1_t1.mha": b"one", "images/N93, Rt, 14 Yrs.jpg": b"two" * 1000, "a.csv": b"1,2"}


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def packed(path: Path, kind: Kind, files: dict[str, bytes]) -> Path:
    return zipped(path, files) if kind == "zip" else tarred(path, files)


def unpacked(path: Path, kind: Kind, limits: Limits = PUBLISHED) -> dict[str, bytes]:
    return {m.name: b"".join(m.chunks) for m in members(path, kind, limits)}


KINDS = pytest.mark.parametrize("kind", ["zip", "tgz"])


@KINDS
def test_every_file_comes_out_and_clutter_stays(tmp_path: Path, kind: Kind) -> None:
    clutter = {"__MACOSX/a.csv": b"x", "images/.DS_Store": b"x"}
    path = packed(tmp_path / "set", kind, {**FILES, **clutter})
    assert unpacked(path, kind) == FILES
    assert unpacked_size(path, kind) > 0


@KINDS
@pytest.mark.parametrize("name", ["../out.csv", "/out.csv", "a/../../out.csv", "C:\\out.csv"])
def test_names_that_point_out_are_refused(tmp_path: Path, kind: Kind, name: str) -> None:
    path = packed(tmp_path / "set", kind, {"a.csv": b"1", name: b"2"})
    with pytest.raises(UnsafeInputError, match="points out"):
        unpacked(path, kind)


@KINDS
def test_one_name_twice_is_refused(tmp_path: Path, kind: Kind) -> None:
    path = packed(tmp_path / "set", kind, {"a/B.csv": b"1", "A/b.csv": b"2"})
    with pytest.raises(UnsafeInputError, match="two files of one name"):
        unpacked(path, kind)


@KINDS
@pytest.mark.parametrize(
    "limits",
    [
        replace(PUBLISHED, object_bytes=100),
        replace(PUBLISHED, archive_bytes=100),
        replace(PUBLISHED, objects=2),
        replace(PUBLISHED, ratio_from=100, archive_ratio=2),
    ],
)
def test_what_grows_too_large_is_refused(tmp_path: Path, kind: Kind, limits: Limits) -> None:
    path = packed(tmp_path / "set", kind, FILES)
    with pytest.raises(UnsafeInputError):
        unpacked(path, kind, limits)


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    zip_link = zipfile.ZipInfo("link")
    zip_link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(zip_link, "/etc/passwd")
    with pytest.raises(UnsafeInputError, match="link"):
        unpacked(tmp_path / "link.zip", "zip")
    for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)):
        member = tarfile.TarInfo("strange")
        member.type, member.linkname = kind, "/etc/passwd"
        path = tmp_path / f"{number}.tgz"
        with tarfile.open(path, "w:gz") as tar:
            tar.addfile(member)
        with pytest.raises(UnsafeInputError):
            unpacked(path, "tgz")


@KINDS
@given(cut=st.floats(0, 0.999))
def test_a_cut_archive_is_damaged_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, kind: Kind, cut: float
) -> None:
    path = packed(tmp_path_factory.mktemp("cut") / "set", kind, FILES)
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))])
    try:
        found = unpacked(path, kind)
    except GatherError:
        return
    assert found == FILES  # only the padding of a tar was lost


@KINDS
def test_an_empty_archive_is_told(tmp_path: Path, kind: Kind) -> None:
    with pytest.raises(GatherError, match="empty"):
        unpacked(packed(tmp_path / "set", kind, {}), kind)


def test_a_wrong_checksum_inside_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", b"unmistakable")
    path.write_bytes(path.read_bytes().replace(b"unmistakable", b"unmistakeable"[:12], 1))
    with pytest.raises(GatherError, match="damaged"):
        unpacked(path, "zip")
