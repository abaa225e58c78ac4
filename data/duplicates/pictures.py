"""Pictures of different patients that are nearly the same, or show one person.

Perceptual hashes (pHash and dHash of imagehash) find candidates, also where one of them is mirrored
or turned; :mod:`data.duplicates.alike` confirms them. Two pictures are one where their details and
their grey values agree. Where the details agree and the grey values don't, they show one person:
the same slice with T1 and T2 weighting, or a neighbouring slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data.duplicates.alike import SIDE, Grey, at_best_shift, details, likeness
from data.duplicates.pair import Kind, Pair, Turn
from data.mapping.source import Say
from data.shown import shown
from radixgpt.case import Case, Image
from radixgpt.errors import MissingPackageError

if TYPE_CHECKING:
    from PIL import Image as Pillow

SAME_DETAIL = 0.65
"""Correlation of details from which on two pictures show one person. Of 360 SPIDER slices and 272
radiographs of different people the highest is 0.60 (benchmarks/duplicates.py)."""
SAME_GREY = 0.965
"""Correlation of grey values from which on they are one picture; T1 and T2 reach 0.963."""
EQUAL_DETAIL = 0.95
"""Correlation of details from which on they are one picture whatever their grey values."""

_NEAR = (16, 12)
"""Bits of 64 by which pHash and dHash of a picture and its crop may differ."""
_NEAR_TURNED = (10, 8)
_LOW = 0.2
"""Correlation of details at the best shift below which no scale helps."""
_BLOCK = 256

TURNS: tuple[Turn, ...] = ("", "mirrored", "upside down", "rotated by 180 degrees")


@dataclass(frozen=True, eq=False)
class Look:
    """What is kept of a picture to compare it.

    Attributes:
        case, patient, image: whose it is.
        grey: uint8 of shape (64, 64).
        hashes: uint64 of shape (4, 2): pHash and dHash of each of ``TURNS``.
    """

    case: str
    patient: str
    image: Image
    grey: Grey
    hashes: npt.NDArray[np.uint64]


def looks(cases: Sequence[Case], root: Path, say: Say) -> list[Look]:
    """Look at every image of the cases.

    Raises:
        CaseError: an image can't be read.
        MissingPackageError: imagehash is not installed.
    """
    wanted = [(case, image) for case in cases for image in case.images]
    found: list[Look] = []
    with ThreadPoolExecutor(2) as pool:
        for look in pool.map(lambda one: _look(one[0], one[1], root), wanted):
            found.append(look)
            say("Looking at images", len(found), len(wanted))
    return found


def _look(case: Case, image: Image, root: Path) -> Look:
    from PIL import Image as Pillow

    try:
        import imagehash
    except ImportError as error:
        raise MissingPackageError(
            "imagehash is not installed.", "Install the extra: pip install -e .[data]"
        ) from error
    whole = Pillow.fromarray(shown(root, image))
    small = whole.resize((2 * SIDE, 2 * SIDE), Pillow.Resampling.BOX)
    hashes = [
        [_bits(imagehash.phash(turned)), _bits(imagehash.dhash(turned))]
        for turned in (_turned(small, turn) for turn in TURNS)
    ]
    grey = np.asarray(small.resize((SIDE, SIDE), Pillow.Resampling.BOX), np.uint8)
    return Look(case.id, case.patient, image, grey, np.asarray(hashes, np.uint64))


def _bits(found: Any) -> int:
    return int(str(found), 16)


def _turned(picture: Pillow.Image, turn: Turn) -> Pillow.Image:
    from PIL import Image as Pillow

    ways = {
        "mirrored": Pillow.Transpose.FLIP_LEFT_RIGHT,
        "upside down": Pillow.Transpose.FLIP_TOP_BOTTOM,
        "rotated by 180 degrees": Pillow.Transpose.ROTATE_180,
    }
    return picture.transpose(ways[turn]) if turn else picture


def pairs(found: Sequence[Look], say: Say, *, within_patients: bool = False) -> list[Pair]:
    """The pairs of pictures of different patients that are one, or show one person.

    Args:
        found: the looks.
        say: progress.
        within_patients: tell pairs of one patient as well, but for those of one case.
    """
    result: list[Pair] = []
    waiting = [
        (one, other, turn)
        for one, other, turn in _candidates(found)
        if found[one].case != found[other].case
        and (within_patients or found[one].patient != found[other].patient)
    ]
    kept: dict[int, Any] = {}
    told: set[tuple[int, int]] = set()
    for done, (one, other, turn) in enumerate(waiting, start=1):
        say("Comparing images", done, len(waiting))
        if (one, other) in told:
            continue
        pair = _confirmed(found[one], found[other], turn, kept, one)
        if pair is not None:
            told.add((one, other))
            result.append(pair)
    return result


def _confirmed(
    one: Look, other: Look, turn: Turn, kept: dict[int, Any], number: int
) -> Pair | None:
    if one.image.sha256 == other.image.sha256:
        return _pair(one, other, "file", 1.0, "")
    second = _laid(other.grey, turn)
    if number not in kept:
        kept.clear()  # candidates come in the order of their first picture
        kept[number] = details(one.grey)
    if at_best_shift(kept[number], details(second)) < _LOW:
        return None
    alike = likeness(one.grey, second)
    if alike.detail < SAME_DETAIL:
        return None
    same = alike.grey >= SAME_GREY or alike.detail >= EQUAL_DETAIL
    return _pair(one, other, "picture" if same else "person", alike.detail, turn)


def _pair(one: Look, other: Look, kind: Kind, alike: float, turn: Turn) -> Pair:
    return Pair(
        kind=kind,
        cases=(one.case, other.case),
        patients=(one.patient, other.patient),
        images=(one.image.path, other.image.path),
        likeness=round(min(alike, 1.0), 3),
        turn=turn,
    )


def _laid(grey: Grey, turn: Turn) -> Grey:
    return {
        "": grey,
        "mirrored": grey[:, ::-1],
        "upside down": grey[::-1],
        "rotated by 180 degrees": grey[::-1, ::-1],
    }[turn]


def _candidates(found: Sequence[Look]) -> Iterator[tuple[int, int, Turn]]:
    """Places of two pictures whose hashes are near, with the turn at which they are.

    All pairs are looked at, a block at a time: a million pairs take a tenth of a second.
    """
    if len(found) < 2:
        return
    hashes = np.stack([look.hashes for look in found])  # (pictures, turns, 2)
    upright = hashes[:, 0]
    for start in range(0, len(found), _BLOCK):
        block = upright[start : start + _BLOCK]
        for one in range(len(block)):
            row = start + one
            far = np.bitwise_count(block[one] ^ hashes[row + 1 :])  # (others, turns, 2)
            for place, turn in enumerate(TURNS):
                near_p, near_d = _NEAR_TURNED if turn else _NEAR
                near = (far[:, place, 0] <= near_p) & (far[:, place, 1] <= near_d)
                for other in np.flatnonzero(near):
                    yield row, row + 1 + int(other), turn
