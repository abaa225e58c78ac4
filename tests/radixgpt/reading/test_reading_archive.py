"""Folders and archives: bounded, and never out of themselves."""

from __future__ import annotations

import stat
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radixgpt.errors import InputError, UnreadableError, UnsafeInputError
from radixgpt.reading import content_hash, read
from radixgpt.reading.limits import LIMITS
from radixgpt.study import Study

Write = Callable[..., Path]


def reasons(study: Study) -> list[tuple[str, str]]:
    return [(q.name, q.reason) for q in study.quarantine]


def packed(folder: Path, target: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", method) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return target


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_reads_like_its_folder(write_stack: Write, tmp_path: Path, method: int) -> None:
    folder = write_stack([4.0, 0.0, -4.0])
    unpacked = read(folder, salt=b"s")
    zipped = read(packed(folder, tmp_path / "study.zip", method), salt=b"s")
    assert content_hash(unpacked) == content_hash(zipped)
    assert (unpacked.key, unpacked.series[0].instances) == (
        zipped.key,
        zipped.series[0].instances,
    )


def test_a_zip_is_told_by_its_bytes(write_stack: Write, tmp_path: Path) -> None:
    assert read(packed(write_stack([0.0]), tmp_path / "study.dcm")).series


def test_folders_are_read_to_any_depth(write: Write, tmp_path: Path) -> None:
    path = write("deep/a/b/c/d/e/1.dcm")
    assert read(tmp_path / "deep").series[0].slices == 1
    assert path.exists()


@pytest.mark.parametrize(
    "name", ["../../evil.dcm", "/etc/evil.dcm", "..\\evil.dcm", "C:\\evil.dcm", "a/../../e.dcm"]
)
def test_names_out_of_the_archive_are_left_out(write: Write, tmp_path: Path, name: str) -> None:
    sound = write("x/1.dcm").read_bytes()
    target = tmp_path / "in" / "slip.zip"
    target.parent.mkdir()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, sound)
        archive.writestr("zz/1.dcm", sound)
    before = sorted(tmp_path.rglob("*"))
    study = read(target)
    assert [reason for _, reason in reasons(study)] == ["unsafe-path"]
    assert len(study.series) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_but_such_names_is_unsafe(write: Write, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        archive.writestr("../1.dcm", write("x/1.dcm").read_bytes())
    with pytest.raises(UnsafeInputError, match="out of the archive"):
        read(tmp_path / "slip.zip")


def test_links_in_an_archive_are_left_out(write: Write, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a-link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("b.dcm", write("x/1.dcm").read_bytes())
    assert reasons(read(tmp_path / "link.zip")) == [("object 1", "link")]


def test_a_bomb_within_an_archive_is_left_out(write: Write, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", bytes(3_000_000))
        archive.writestr("b.dcm", write("x/1.dcm").read_bytes())
    limits = replace(LIMITS, ratio_from=1_000_000)
    assert reasons(read(tmp_path / "bomb.zip", limits=limits)) == [("object 1", "bomb")]


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.dcm", bytes(500_000))
    with pytest.raises(UnsafeInputError, match="unpacks to more"):
        read(tmp_path / "bomb.zip", limits=replace(LIMITS, archive_bytes=1_000_000))


def test_a_member_that_lies_about_its_size_is_damaged(write: Write, tmp_path: Path) -> None:
    target = tmp_path / "lie.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", bytes(5_000_000))
        archive.writestr("b.dcm", write("x/1.dcm").read_bytes())
    lying = target.read_bytes().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 1000))
    target.write_bytes(lying)
    assert reasons(read(target)) == [("object 1", "damaged")]


def test_an_encrypted_member_is_left_out(write: Write, tmp_path: Path) -> None:
    target = tmp_path / "locked.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.dcm", b"secret")
        archive.writestr("b.dcm", write("x/1.dcm").read_bytes())
    data = bytearray(target.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    target.write_bytes(data)
    assert reasons(read(target)) == [("object 1", "encrypted")]


@pytest.mark.parametrize("keep", [30, 300])
def test_a_damaged_archive_is_unreadable(write_stack: Write, tmp_path: Path, keep: int) -> None:
    target = packed(write_stack([0.0]), tmp_path / "study.zip")
    target.write_bytes(target.read_bytes()[:keep])
    with pytest.raises(UnreadableError, match="damaged"):
        read(target)


def test_an_empty_archive_is_told_as_such(tmp_path: Path) -> None:
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    with pytest.raises(InputError, match="empty"):
        read(tmp_path / "empty.zip")


def test_loops_of_links_end(write: Write, tmp_path: Path) -> None:
    folder = write("x/1.dcm").parent
    (folder / "loop").symlink_to(folder)
    (folder / "up").symlink_to(tmp_path)
    (folder / "itself").symlink_to(folder / "itself")
    study = read(folder)
    assert study.series[0].slices == 1
    assert [reason for _, reason in reasons(study)] == ["link"] * 3


def test_links_lead_to_files_within_the_folder_only(write: Write, tmp_path: Path) -> None:
    outside = write("outside/1.dcm", PatientID="OTHER")
    inside = write("x/store/1.dcm")
    (tmp_path / "x/a.dcm").symlink_to(outside)
    (tmp_path / "x/b.dcm").symlink_to(inside)
    study = read(tmp_path / "x")
    assert reasons(study) == [("object 1", "link")]
    assert study.series[0].slices == 1


def test_too_many_objects_are_refused(write_stack: Write) -> None:
    with pytest.raises(UnsafeInputError, match="more than 2 objects"):
        read(write_stack([4.0, 0.0, -4.0]), limits=replace(LIMITS, objects=2))


def test_an_object_over_the_cap_is_left_out(write: Write) -> None:
    folder = write("x/1.dcm").parent
    (folder / "0.dcm").write_bytes(bytes(100_000))
    assert reasons(read(folder, limits=replace(LIMITS, object_bytes=50_000))) == [
        ("object 1", "too-large")
    ]


def test_clutter_of_systems_is_passed_over(write: Write, tmp_path: Path) -> None:
    folder = write("x/1.dcm").parent
    (folder / ".DS_Store").write_bytes(b"\0" * 20)
    (folder / "Thumbs.db").write_bytes(b"\0" * 20)
    assert read(folder).quarantine == ()
    with zipfile.ZipFile(tmp_path / "mac.zip", "w") as archive:
        archive.write(folder / "1.dcm", "1.dcm")
        archive.writestr("__MACOSX/._1.dcm", b"\0" * 20)
    assert read(tmp_path / "mac.zip").quarantine == ()


def test_an_object_of_no_use_is_not_read_to_its_end(write: Write, tmp_path: Path) -> None:
    folder = write("x/1.dcm").parent
    with (folder / "0.exe").open("wb") as file:  # a sparse file of 700 MB
        file.write(b"MZ")
        file.truncate(700 * 1024 * 1024)
    tracemalloc.start()
    study = read(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reasons(study) == [("object 1", "unknown-format")]
    assert peak < 50_000_000


def test_large_objects_are_read_whole(write: Write, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 999, (300, 400), dtype=np.uint16)
    path = write("x/1.dcm", pixels)
    assert np.array_equal(read(path).series[0].pixels[0], pixels)
    zipped = packed(path.parent, tmp_path / "study.zip")
    assert np.array_equal(read(zipped).series[0].pixels[0], pixels)


def test_two_threads_read_at_once(write_stack: Write) -> None:
    folder = write_stack([4.0, 0.0, -4.0])
    filters = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        hashes = {content_hash(study) for study in pool.map(read, [folder] * 12)}
    assert len(hashes) == 1
    assert warnings.filters == filters


def test_importing_is_light() -> None:
    """No library that takes time is imported before something is read."""
    code = (
        "import sys, radixgpt.reading; "
        "print([m for m in ('pydicom', 'SimpleITK', 'PIL', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
