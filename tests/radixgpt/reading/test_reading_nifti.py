"""NIfTI volumes become upright sagittal slices with their place in the patient."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK

from radixgpt.errors import InputError, UnreadableError, UnsafeInputError
from radixgpt.reading import content_hash, read
from radixgpt.reading.frame import Frame
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.ordering import to_series
from radixgpt.study import Modality, Plane, Series

Affine = npt.NDArray[np.float64]


def nifti(
    array: npt.NDArray[np.int16], affine: Affine | None, *, code: int = 1, endian: str = "<"
) -> bytes:
    """A NIfTI-1 file by the format's definition; the array's axes are i, j, k (and t)."""
    spacing = np.ones(3) if affine is None else np.linalg.norm(affine[:3, :3], axis=0)
    head = bytearray(352)
    struct.pack_into(f"{endian}i", head, 0, 348)
    shape = [*array.shape, *([1] * (7 - array.ndim))]
    struct.pack_into(f"{endian}8h", head, 40, array.ndim, *shape)
    struct.pack_into(f"{endian}2h", head, 70, 4, 16)
    struct.pack_into(f"{endian}8f", head, 76, 1, *spacing, 1, 1, 1, 1)
    struct.pack_into(f"{endian}3f", head, 108, 352, 1, 0)
    head[123] = 2  # millimetres
    head[148:160] = b"JANE DOE 197"  # descrip
    struct.pack_into(f"{endian}2h", head, 252, 0, 0 if affine is None else code)
    if affine is not None:
        struct.pack_into(f"{endian}12f", head, 280, *affine[:3].ravel())
    head[344:348] = b"n+1\0"
    return bytes(head) + array.astype(f"{endian}i2").tobytes(order="F")


def one(path: Path) -> Series:
    (series,) = read(path).series
    return series


_SIGNED = [
    (order, signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


@pytest.mark.parametrize(("order", "signs"), _SIGNED)
def test_every_axis_order_comes_out_upright_and_in_place(
    tmp_path: Path, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    """Each voxel's value says where it lies; left-right is the thick axis."""
    size, spacing = (4, 7, 9), (4.0, 0.5, 0.75)  # along x, y, z of the patient
    affine = np.eye(4)
    affine[:3, :3] = 0
    shape = [0, 0, 0]
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        affine[world, axis] = sign * spacing[world]
        shape[axis] = size[world]
    affine[:3, 3] = (12.0, -20.0, 30.0)
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    ras = index @ affine[:3, :3].T + affine[:3, 3]
    weights = np.array([4.0, 40.0, 400.0])
    path = tmp_path / "a.nii"
    path.write_bytes(nifti(np.round(ras @ weights).astype(np.int16), affine))
    series = one(path)
    assert series.plane is Plane.SAGITTAL
    assert series.facts_from["plane"] == "header"
    assert series.modality is Modality.UNKNOWN
    assert series.pixels.shape == (4, 9, 7)
    geometry = series.geometry
    assert geometry is not None
    assert geometry.positions is not None
    assert geometry.orientation == pytest.approx((0, 1, 0, 0, 0, -1))
    assert geometry.spacing == pytest.approx((0.75, 0.5))
    assert geometry.slice_gap == pytest.approx(4.0)
    xs = [position[0] for position in geometry.positions]
    assert xs == sorted(xs, reverse=True)
    rows, columns = np.mgrid[:9, :7]
    for number, position in enumerate(geometry.positions):
        lps = (
            np.array(position)
            + columns[..., None] * 0.5 * np.array([0.0, 1.0, 0.0])
            + rows[..., None] * 0.75 * np.array([0.0, 0.0, -1.0])
        )
        wanted = lps * [-1, -1, 1] @ weights
        assert np.allclose(series.pixels[number], wanted, atol=0.51)


def test_head_is_up_and_front_is_left(tmp_path: Path) -> None:
    array = np.zeros((3, 8, 10), np.int16)  # right to left, back to front, feet to head
    array[:, 7, :] = 1  # front
    array[:, :, 9] += 2  # head
    path = tmp_path / "a.nii"
    path.write_bytes(nifti(array, np.diag([-4.0, 1, 1, 1])))
    pixels = one(path).pixels[0]
    assert pixels[0, 0] == 3
    assert (pixels[1:, 0] == 1).all()
    assert (pixels[0, 1:] == 2).all()


def test_plane_follows_the_thick_axis_else_the_short_one(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(nifti(np.zeros((20, 20, 5), np.int16), np.diag([1.0, 1, 5, 1])))
    assert one(path).plane is Plane.AXIAL
    path.write_bytes(nifti(np.zeros((20, 5, 20), np.int16), np.diag([1.0, 1, 1, 1])))
    assert one(path).plane is Plane.CORONAL
    path.write_bytes(nifti(np.zeros((9, 9, 9), np.int16), np.diag([1.0, 1, 1, 1])))
    assert one(path).plane is Plane.SAGITTAL


def test_gzip_big_endian_and_simpleitk_write_the_same(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 900, (4, 8, 9)).astype(np.int16)
    affine = np.diag([4.0, 0.5, 0.75, 1])
    plain, packed, big, itk = (tmp_path / n for n in ("a.nii", "b.nii.gz", "c.nii", "d.nii.gz"))
    plain.write_bytes(nifti(array, affine))
    packed.write_bytes(zlib.compress(nifti(array, affine), wbits=31))
    big.write_bytes(nifti(array, affine, endian=">"))
    image = SimpleITK.GetImageFromArray(np.transpose(array))
    image.SetSpacing((4.0, 0.5, 0.75))
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    SimpleITK.WriteImage(image, str(itk))
    studies = [read(path) for path in (plain, packed, big, itk)]
    assert len({content_hash(study) for study in studies}) == 1
    assert len({study.series[0].geometry for study in studies}) == 1


def test_without_a_form_there_are_no_millimetres(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(nifti(np.zeros((3, 20, 20), np.int16), None))
    series = one(path)
    assert series.geometry is None
    assert series.plane is Plane.UNKNOWN
    assert series.slices == 3
    assert series.warnings


def test_several_volumes_are_several_series(tmp_path: Path) -> None:
    array = np.stack([np.full((3, 6, 7), n, np.int16) for n in range(2)], axis=-1)
    path = tmp_path / "a.nii"
    path.write_bytes(nifti(array, np.diag([4.0, 1, 1, 1])))
    assert [float(s.pixels.max()) for s in read(path).series] == [0.0, 1.0]
    path.write_bytes(nifti(np.zeros((2, 2, 2, 40), np.int16), np.diag([4.0, 1, 1, 1])))
    with pytest.raises(UnreadableError, match="dimensions"):
        read(path)


def test_numbers_that_are_none_become_zero(tmp_path: Path) -> None:
    array = np.ones((3, 6, 7), np.float32)
    array[0, 0, 0] = np.nan
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing((1, 1, 4))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nii"))
    assert float(one(tmp_path / "a.nii").pixels.min()) == 0.0
    frame = Frame(pixels=array[0], series="1", instance="1")
    (series,) = to_series([frame])
    assert np.array_equal(series.pixels[0], np.nan_to_num(array[0]))
    assert any("no numbers" in warning for warning in series.warnings)


def test_free_text_and_names_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "jane_doe.nii"
    path.write_bytes(nifti(np.zeros((3, 6, 7), np.int16), np.diag([4.0, 1, 1, 1])))
    text = repr(read(path)).lower()
    assert "jane" not in text
    assert "doe" not in text


@pytest.fixture
def small() -> bytes:
    return nifti(np.zeros((3, 20, 20), np.int16), np.diag([4.0, 1, 1, 1]))


def test_lying_dimensions_are_checked_first(tmp_path: Path, small: bytes) -> None:
    path = tmp_path / "a.nii"
    lying = bytearray(small)
    struct.pack_into("<4h", lying, 40, 3, 30000, 30000, 30000)
    path.write_bytes(lying)
    with pytest.raises(UnsafeInputError, match="larger"):
        read(path)
    struct.pack_into("<4h", lying, 40, 3, 300, 300, 30)
    path.write_bytes(lying)
    with pytest.raises(UnreadableError, match="cut off"):
        read(path)
    struct.pack_into("<4h", lying, 40, 3, -3, 20, 20)
    path.write_bytes(lying)
    with pytest.raises(UnreadableError, match="dimensions"):
        read(path)


def test_gzip_bomb_is_capped(tmp_path: Path, small: bytes) -> None:
    path = tmp_path / "a.nii.gz"
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(small)
    packed += b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    path.write_bytes(packed)
    with pytest.raises(UnsafeInputError, match="unpacks"):
        read(path)
    path.write_bytes(zlib.compress(small, wbits=31))
    with pytest.raises(UnsafeInputError, match="larger"):
        read(path, limits=replace(LIMITS, image_bytes=100))


@pytest.mark.parametrize("keep", [200, 353, 1000])
@pytest.mark.parametrize("packed", [False, True])
def test_truncated_volumes_are_typed_errors(
    tmp_path: Path, small: bytes, keep: int, packed: bool
) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(zlib.compress(small[:keep], wbits=31) if packed else small[:keep])
    with pytest.raises(InputError):
        read(path)


def test_complex_and_colour_volumes_are_not_read(
    tmp_path: Path, small: bytes, write: Callable[..., Path]
) -> None:
    odd = bytearray(small)
    struct.pack_into("<2h", odd, 70, 128, 24)
    folder = write("x/1.dcm").parent
    (folder / "0.nii").write_bytes(odd)
    study = read(folder)
    assert [q.reason for q in study.quarantine] == ["unsupported-pixels"]
    (folder / "2.nii").write_bytes(small)
    study = read(folder)
    assert [s.slices for s in study.series] == [1, 3]
    assert any("can't be checked" in warning for warning in study.warnings)
    assert tmp_path.exists()
