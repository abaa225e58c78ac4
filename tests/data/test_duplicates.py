"""Duplicates: cropped, scaled, turned and recoded pictures; texts but for a few words."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from scipy import ndimage

from data.duplicates import pictures, texts
from data.duplicates.alike import details, likeness
from data.duplicates.find import boilerplate, by_kind, find
from data.duplicates.pair import Pair, groups_of
from data.shown import shown
from radixgpt.case import Case, Image
from radixgpt.errors import CaseError

Grey = npt.NDArray[np.uint8]


def _say(what: str, done: int, total: int) -> None:
    assert 0 <= done <= total


def spine(seed: int, *, slice_: float = 0.0, t1: bool = False) -> Grey:
    """A made-up sagittal slice: a bent column of blocks before a canal, of a person of their own.

    ``slice_`` moves through the person's texture; ``t1`` makes the canal dark.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:160, 0:120].astype(float)
    bend, left = rng.uniform(-12, 12), rng.uniform(40, 60)
    middle = left + bend * np.sin(rows / rng.uniform(35, 60)) + 8 * slice_
    period, phase = rng.uniform(18, 26), rng.uniform(0, 9)
    body = (np.abs(columns - middle) < 13) * (np.abs((rows + phase) % period - period / 2) > 3)
    canal = np.abs(columns - middle - 22) < 5
    volume = ndimage.gaussian_filter(rng.normal(size=(6, 160, 120)), (1.5, 2.5, 2.5))
    texture = volume[0] + slice_ * volume[2]
    texture = texture / texture.std()
    bright = 90 + 70 * body + (-30 if t1 else 50) * canal + 22 * texture
    outside = columns < 12 + rng.uniform(0, 9)
    return np.clip(np.where(outside, 4, bright), 0, 255).astype(np.uint8)


@pytest.fixture
def image_of(tmp_path: Path) -> Callable[..., Case]:
    """A case with one picture, of a patient of its own unless told."""

    def make(name: str, pixels: Grey, patient: str | None = None, suffix: str = "png") -> Case:
        path = tmp_path / f"{name}.{suffix}"
        Pillow.fromarray(pixels).save(path)
        import hashlib

        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        image = Image(path=path.name, sha256=digest)
        return Case(
            id=f"made/{name}",
            source="made",
            licence="CC0",
            patient=f"made/{patient or name}",
            images=(image,),
        )

    return make


def _found(cases: list[Case], root: Path, *, within: bool = False) -> list[Pair]:
    return pictures.pairs(pictures.looks(cases, root, _say), _say, within_patients=within)


def _crop(pixels: Grey, share: float) -> Grey:
    rows, columns = pixels.shape
    return pixels[int(share * rows) :, : int((1 - share) * columns)]


def _jpeg(pixels: Grey) -> Grey:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "JPEG", quality=40)
    return np.asarray(Pillow.open(buffer))


CHANGES: dict[str, Callable[[Grey], Grey]] = {
    "cropped by 3%": lambda p: _crop(p, 0.03),
    "cropped by 6%": lambda p: _crop(p, 0.06),
    "halved": lambda p: np.asarray(Pillow.fromarray(p).resize((60, 80))),
    "recoded": _jpeg,
    "brighter": lambda p: np.clip(p * 1.15 + 8, 0, 255).astype(np.uint8),
    "gamma": lambda p: (255 * (p / 255) ** 0.8).astype(np.uint8),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_is_a_duplicate(
    image_of: Callable[..., Case], tmp_path: Path, change: str
) -> None:
    cases = [image_of(f"p{seed}", spine(seed)) for seed in range(6)]
    cases.append(image_of("copy", CHANGES[change](spine(3))))
    (pair,) = _found(cases, tmp_path)
    assert (pair.kind, pair.cases) == ("picture", ("made/p3", "made/copy"))
    assert pair.images == ("p3.png", "copy.png")
    assert pair.likeness > 0.65
    assert pair.turn == ""


@pytest.mark.parametrize(
    ("turn", "turned"),
    [
        ("mirrored", spine(3)[:, ::-1]),
        ("upside down", spine(3)[::-1]),
        ("rotated by 180 degrees", spine(3)[::-1, ::-1]),
    ],
)
def test_a_turned_picture_is_a_duplicate(
    image_of: Callable[..., Case], tmp_path: Path, turn: str, turned: Grey
) -> None:
    cases = [image_of(f"p{seed}", spine(seed)) for seed in range(6)]
    cases.append(image_of("copy", turned))
    (pair,) = _found(cases, tmp_path)
    assert (pair.kind, pair.turn) == ("picture", turn)


def test_equal_files_are_told_as_such(image_of: Callable[..., Case], tmp_path: Path) -> None:
    cases = [image_of("a", spine(1)), image_of("b", spine(1)), image_of("c", spine(2))]
    (pair,) = _found(cases, tmp_path)
    assert (pair.kind, pair.likeness) == ("file", 1.0)


@pytest.mark.parametrize("other", [{"t1": True}, {"slice_": 0.35}])
def test_other_weightings_and_slices_show_a_person_and_are_no_duplicates(
    image_of: Callable[..., Case], tmp_path: Path, other: dict[str, Any]
) -> None:
    """The same slice in T1 and T2, and a slice beside it, of twelve people under two ids each."""
    cases = [image_of(f"p{seed}", spine(seed)) for seed in range(12)]
    cases += [image_of(f"q{seed}", spine(seed, **other)) for seed in range(12)]
    found = _found(cases, tmp_path)
    assert {pair.kind for pair in found} == {"person"}
    assert len(found) >= 6
    assert all(one[6:] == two[6:] for one, two in (pair.cases for pair in found))


def test_different_people_are_no_duplicates(image_of: Callable[..., Case], tmp_path: Path) -> None:
    cases = [image_of(f"p{seed}", spine(seed)) for seed in range(30)]
    assert _found(cases, tmp_path) == []


def test_pictures_of_one_patient_are_told_only_when_asked(
    image_of: Callable[..., Case], tmp_path: Path
) -> None:
    cases = [image_of("a", spine(1), "same"), image_of("b", _jpeg(spine(1)), "same")]
    assert _found(cases, tmp_path) == []
    assert len(_found(cases, tmp_path, within=True)) == 1


def test_likeness_is_of_details_and_of_grey() -> None:
    def square(pixels: Grey) -> Grey:
        return np.asarray(Pillow.fromarray(pixels).resize((64, 64), Pillow.Resampling.BOX))

    one = square(spine(1))
    same = likeness(one, one)
    assert same.detail == pytest.approx(1, abs=1e-4)
    assert same.grey == pytest.approx(1, abs=1e-4)
    weighted = likeness(one, square(spine(1, t1=True)))
    assert weighted.grey < 0.965
    other = likeness(one, square(spine(2)))
    assert other.detail < 0.65
    flat = likeness(np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8))
    assert flat.detail < 0.65
    assert details(one).shape == (64, 64)


def test_blank_pictures_are_no_duplicates(image_of: Callable[..., Case], tmp_path: Path) -> None:
    blank = [np.full((50, 40), grey, np.uint8) for grey in (0, 9, 200)]
    cases = [image_of(f"b{number}", pixels) for number, pixels in enumerate(blank)]
    assert _found(cases, tmp_path) == []


def test_a_picture_that_cant_be_read_or_lies_outside_is_told(
    image_of: Callable[..., Case], tmp_path: Path
) -> None:
    case = image_of("a", spine(1))
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(CaseError, match=r"a\.png can't be read"):
        pictures.looks([case], tmp_path, _say)
    outside = Image(path="../a.png", sha256="")
    with pytest.raises(CaseError, match="leads out"):
        shown(tmp_path, outside)
    with pytest.raises(CaseError):
        shown(tmp_path, Image(path="missing", sha256=""))


def note(number: int, text: str) -> Case:
    return Case(
        id=f"notes/{number}",
        source="notes",
        licence="CC0",
        patient=f"notes/{number}",
        report={"findings": text},
        report_origin="human",
    )


BULGE = (
    "There is a mild broad based disc bulge at L4-L5 which touches the thecal sac and narrows the "
    "left exit foramen, with facet joint hypertrophy on both sides of that level."
)


@pytest.mark.parametrize(
    ("other", "linked"),
    [
        (BULGE, True),
        (BULGE.replace("mild ", "").replace("There is", "There was"), True),
        (BULGE.upper().replace(",", ";"), True),
        (BULGE.replace("L4-L5", "L4/5"), True),
        (BULGE.replace("left", "Lt"), True),
        (BULGE.replace("L4-L5", "L5-S1"), False),
        (BULGE.replace("left", "right"), False),
        (BULGE.replace("mild", "7 mm"), False),
        ("Fracture of L4-L5 seen on the left and on both sides.", False),
    ],
)
def test_texts_are_linked_when_all_that_is_the_patients_own_is_equal(
    other: str, linked: bool
) -> None:
    found = texts.pairs([note(1, BULGE), note(2, other)], _say)
    assert bool(found) == linked
    assert all(pair.kind == "text" and pair.images is None for pair in found)


def test_boilerplate_links_nobody_however_often_it_is_said() -> None:
    normal = "No evidence of disc herniation. No significant nerve root compression noted."
    cases = [note(number, normal) for number in range(20)]
    assert texts.pairs(cases, _say) == []
    assert boilerplate([*cases, note(99, BULGE)]) == 20


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Normal study.", True),
        ("No disc herniation; the cord is normal.", True),
        ("Normal study at L4-L5.", False),
        ("The left foramen is normal.", False),
        ("A cyst of 4 mm.", False),
        ("Normal vertebrae and discs throughout. " * 12, False),
    ],
)
def test_boilerplate_is_short_and_names_nothing(text: str, is_one: bool) -> None:
    assert texts.is_boilerplate(text) == is_one


def test_particulars_are_levels_sides_and_other_numbers() -> None:
    found = texts.particulars("L4/5 and L5-S1 bulge to the Lt, S1 root; 4.5 mm cyst at T12. Both.")
    assert {"L4-L5", "L5-S1", "S1", "T12"} <= found.levels
    assert found.sides == {"left", "both"}
    assert found.numbers == ("4.5",)


def test_one_or_no_text_is_nothing_to_compare() -> None:
    assert texts.pairs([], _say) == []
    assert texts.pairs([note(1, BULGE)], _say) == []
    assert texts.pairs([note(1, "L4-L5 ??"), note(2, "...")], _say) == []


def test_all_kinds_are_found_together(image_of: Callable[..., Case], tmp_path: Path) -> None:
    cases = [
        image_of("a", spine(1)),
        image_of("b", _jpeg(spine(1))),
        note(1, BULGE),
        note(2, BULGE),
    ]
    assert by_kind(find(cases, tmp_path, _say)) == {"picture": 1, "text": 1}


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=20))
def test_groups_are_what_pairs_connect(pairs: list[tuple[int, int]]) -> None:
    groups = groups_of(pairs)
    reach = {node: {node} for pair in pairs for node in pair}
    for _ in reach:
        for one, other in pairs:
            both = reach[one] | reach[other]
            for node in both:
                reach[node] = reach[node] | both
    assert {frozenset(group) for group in groups} == {
        frozenset(found) for found in reach.values() if len(found) > 1
    }


@pytest.mark.data
def test_the_staged_radiographs_hold_seven_pairs_of_duplicates(shared_data: Path) -> None:
    """Each was looked at: one radiograph, cropped in two ways."""
    cases = [
        Case(
            id=f"kauh/{path.stem}",
            source="kauh",
            licence="CC BY 4.0",
            patient=f"kauh/{path.stem}",
            images=(Image(path=f"kauh_xray/images/{path.name}", sha256=path.stem),),
        )
        for path in sorted((shared_data / "kauh_xray" / "images").glob("*.jpg"))
    ]
    found = _found(cases, shared_data)
    assert {pair.kind for pair in found} == {"picture"}
    assert {tuple(case.removeprefix("kauh/") for case in pair.cases) for pair in found} == {
        ("normal_278", "normal_302"),
        ("normal_288", "normal_312"),
        ("scol_003", "scol_067"),
        ("scol_052", "scol_083"),
        ("scol_077", "scol_091"),
        ("scol_081", "scol_097"),
        ("scol_093", "scol_111"),
    }
