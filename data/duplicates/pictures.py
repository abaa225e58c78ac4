"""Pictures of different patients that are nearly the same, or show one person.

Candidates are found in two ways. Within a source, every two pictures are compared roughly
(:class:`data.duplicates.alike.Roughly`). Between sources, in a source of very many pictures, and
for mirrored and turned copies, perceptual hashes (pHash and dHash of imagehash) choose. Each
candidate is then laid over the other and compared (:func:`data.duplicates.alike.likeness`): two
pictures are one where their details and their grey values agree. Where the details agree and the
grey values don't, they show one person: the same slice with T1 and T2 weighting, or a neighbouring
slice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data.duplicates.alike import SIDE, Grey, Roughly, likeness
from data.duplicates.pair import Kind, Pair, Turn
from data.mapping.source import Say
from data.shown import shown
from radixgpt.case import Case, Image
from radixgpt.errors import MissingPackageError

if TYPE_CHECKING:
    from PIL import Image as Pillow

SAME_DETAIL = 0.65
"""Correlation of details from which on two pictures show one person: different people reach 0.62 in
SPIDER and 0.48 in KAUH (benchmarks/duplicates.py)."""
SAME_GREY = 0.97
"""Correlation of grey values from which on they are one picture; T1 and T2 reach 0.969."""
EQUAL_DETAIL = 0.95
"""Correlation of details from which on they are one picture whatever their grey values; T1 and T2
reach 0.926."""

_ROUGH = 0.5
"""Rough correlation from which on a closer look is worth while: 3 of 1000 pairs of different people
pass, and copies cropped by 6% have 0.55 at least."""
_EVERY_PAIR = 1_000
"""Pictures of a source up to which every pair is compared: half a million pairs, 40 s."""
_NEAR = (16, 12)
"""Bits of 64 by which pHash and dHash of a picture and its copy may differ."""
_NEAR_TURNED = (10, 8)
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
    result: dict[tuple[int, int], Pair] = {}

    def differ(one: int, other: int) -> bool:
        first, second = found[one], found[other]
        return first.case != second.case and (within_patients or first.patient != second.patient)

    waiting = [candidate for candidate in _candidates(found, differ, say) if differ(*candidate[:2])]
    for done, (one, other, turn) in enumerate(waiting, start=1):
        say("Comparing images closely", done, len(waiting))
        if (one, other) not in result:
            pair = _confirmed(found[one], found[other], turn)
            if pair is not None:
                result[one, other] = pair
    return list(result.values())


def _confirmed(one: Look, other: Look, turn: Turn) -> Pair | None:
    if one.image.sha256 == other.image.sha256:
        return _pair(one, other, "file", 1.0, "")
    alike = likeness(one.grey, _laid(other.grey, turn))
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


def _candidates(
    found: Sequence[Look], differ: Callable[[int, int], bool], say: Say
) -> Iterator[tuple[int, int, Turn]]:
    """Places of two pictures that may be alike, with the turn at which they may be; some twice."""
    by_source: dict[str, list[int]] = defaultdict(list)
    for place, look in enumerate(found):
        by_source[look.case.split("/")[0]].append(place)
    for source, places in sorted(by_source.items()):
        if len(places) <= _EVERY_PAIR:
            yield from _roughly_alike(found, places, differ, partial(say, f"Comparing {source}"))
    yield from _near_hashes(found)


def _roughly_alike(
    found: Sequence[Look],
    places: Sequence[int],
    differ: Callable[[int, int], bool],
    say: Callable[[int, int], None],
) -> Iterator[tuple[int, int, Turn]]:
    """Candidates among the pictures of one source, all pairs compared."""
    people = {found[place].patient for place in places}
    if len(people) < 2 and not any(differ(places[0], place) for place in places[1:]):
        return
    roughly = Roughly([found[place].grey for place in places])
    for number, one in enumerate(places):
        say(number + 1, len(places))
        alike = roughly.following(number)
        for other in np.flatnonzero(alike >= _ROUGH):
            yield one, places[number + 1 + int(other)], ""


def _near_hashes(found: Sequence[Look]) -> Iterator[tuple[int, int, Turn]]:
    """Candidates among all pictures by their hashes: a million pairs take a tenth of a second."""
    if len(found) < 2:
        return
    hashes = np.stack([look.hashes for look in found])  # (pictures, turns, 2)
    for one in range(len(found)):
        far = np.bitwise_count(hashes[one, 0] ^ hashes[one + 1 :])  # (others, turns, 2)
        for place, turn in enumerate(TURNS):
            near_p, near_d = _NEAR_TURNED if turn else _NEAR
            near = (far[:, place, 0] <= near_p) & (far[:, place, 1] <= near_d)
            for other in np.flatnonzero(near):
                yield one, one + 1 + int(other), turn
