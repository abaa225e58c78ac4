"""What the search for duplicates finds and misses, on the cases of a workspace.

    radixgpt data gather shared && radixgpt data map
    python benchmarks/duplicates.py -w out/data

Changed copies of real pictures say what is found; pictures of different people, and T1 beside T2,
say what is taken for a duplicate by mistake. Then what the staged sets really hold.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PIL import Image as Pillow  # noqa: E402
from PIL import ImageEnhance  # noqa: E402

from data.duplicates import pictures, texts  # noqa: E402
from data.duplicates.alike import likeness  # noqa: E402
from data.duplicates.find import boilerplate  # noqa: E402
from data.duplicates.pair import Pair, groups_of  # noqa: E402
from data.duplicates.pictures import Look, looks, pairs  # noqa: E402
from data.shown import shown  # noqa: E402
from data.workspace import Workspace  # noqa: E402
from radixgpt.case import Case, Image, read_cases  # noqa: E402

SEED = 7


def _crop(picture: Pillow.Image, left: float, top: float, right: float, low: float) -> Pillow.Image:
    width, height = picture.size
    return picture.crop(
        (int(left * width), int(top * height), int((1 - right) * width), int((1 - low) * height))
    )


def _jpeg(picture: Pillow.Image) -> Pillow.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=40)
    return Pillow.open(buffer)


CHANGES: dict[str, Callable[[Pillow.Image], Pillow.Image]] = {
    "saved as JPEG of quality 40": _jpeg,
    "halved": lambda p: p.resize((p.width // 2, p.height // 2)),
    "brighter by 40%": lambda p: ImageEnhance.Brightness(p).enhance(1.4),
    "gamma 0.6": lambda p: p.point([int(255 * (v / 255) ** 0.6) for v in range(256)]),
    "cropped by 3% left and below": lambda p: _crop(p, 0.03, 0, 0, 0.03),
    "cropped by 6% left and above, 3% right": lambda p: _crop(p, 0.06, 0.06, 0.03, 0),
    "cropped by 4% all around": lambda p: _crop(p, 0.04, 0.04, 0.04, 0.04),
    "mirrored": lambda p: p.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda p: p.transpose(Pillow.Transpose.FLIP_TOP_BOTTOM),
}


def quiet(what: str, done: int, total: int) -> None:
    """Say nothing."""


def changed_copies(cases: Sequence[Case], root: Path, number: int) -> Iterable[str]:
    """Share of changed copies that the whole search finds, in their own source and in another."""
    chosen = random.Random(SEED).sample(
        [(case, image) for case in cases for image in case.images], number
    )
    originals = looks([c.model_copy(update={"images": (i,)}) for c, i in chosen], root, quiet)
    yield f"| copies of {number} pictures | found in their source | in another | as one picture |"
    yield "|---|---|---|---|"
    for name, change in CHANGES.items():
        kinds: dict[str, Counter[str]] = {"same": Counter(), "another": Counter()}
        for (case, image), original in zip(chosen, originals, strict=True):
            copy = _look_at(change(Pillow.fromarray(shown(root, image))))
            for where, source in (("same", case.source), ("another", "another")):
                kinds[where].update(p.kind for p in pairs([original, copy(source)], quiet))
        same, another = (kinds[where].total() for where in ("same", "another"))
        whole = kinds["same"]["picture"] / max(same, 1)
        yield f"| {name} | {same / number:.1%} | {another / number:.1%} | {whole:.1%} |"


def _look_at(picture: Pillow.Image) -> Callable[[str], Look]:
    """The look of a picture that is in no file, for a source."""
    with tempfile.TemporaryDirectory() as folder:
        picture.save(Path(folder) / "copy.png")
        image = Image(path="copy.png", sha256="copy")
        case = Case(id="x", source="x", licence="x", patient="copy", images=(image,))
        look = looks([case], Path(folder), quiet)[0]
    return lambda source: replace(look, case=f"{source}/copy")


def other_people(found: Sequence[Look], known: Sequence[Pair]) -> Iterable[str]:
    """How alike pictures of different people get."""
    yield "| different people | pairs | candidates | most alike in detail |"
    yield "|---|---|---|---|"
    doubles = {pair.images for pair in known}
    for source in ("spider", "kauh"):
        own = [look for look in found if look.case.split("/")[0] == source]
        places = {
            (one, other)
            for one, other, turn in pictures._candidates(own, lambda *_: True, quiet)
            if own[one].patient != own[other].patient and not turn
        }
        near = [(own[one], own[other]) for one, other in sorted(places)]
        near = [p for p in near if (p[0].image.path, p[1].image.path) not in doubles]
        most = max(likeness(one.grey, other.grey).detail for one, other in near)
        people = Counter(look.patient for look in own)
        total = (len(own) ** 2 - sum(n * n for n in people.values())) // 2
        yield f"| {source} | {total} | {len(near)} | {most:.3f} |"


def weightings(found: Sequence[Look]) -> Iterable[str]:
    """T1 beside T2 of one patient: one person, never one picture."""
    by_patient: dict[str, dict[str, Look]] = defaultdict(dict)
    for look in found:
        if look.case.startswith("spider/"):
            by_patient[look.patient][look.image.sequence] = look
    both = [p for p in by_patient.values() if {"t1", "t2"} <= p.keys()]
    alike = [likeness(p["t1"].grey, p["t2"].grey) for p in both]
    one = sum(
        a.detail >= pictures.SAME_DETAIL
        and (a.grey >= pictures.SAME_GREY or a.detail >= pictures.EQUAL_DETAIL)
        for a in alike
    )
    detail = np.percentile([a.detail for a in alike], (5, 50, 100))
    yield (
        f"T1 beside T2 of {len(both)} SPIDER patients: detail {detail[0]:.2f} / {detail[1]:.2f} / "
        f"{detail[2]:.3f} (5%, median, highest), grey at most "
        f"{max(a.grey for a in alike):.3f}; {one} taken for one picture."
    )


def staged(cases: Sequence[Case], found: Sequence[Look], known: Sequence[Pair]) -> Iterable[str]:
    """What the sets hold."""
    for pair in known:
        yield f"- {' and '.join(pair.cases)}: {pair.kind}, {pair.likeness}{pair.turn}"
    sudirman = [look for look in found if look.case.startswith("sudirman/")]
    within = pairs(sudirman, quiet, within_patients=True)
    groups = sorted((len(g) for g in groups_of(p.cases for p in within)), reverse=True)
    kinds = Counter(pair.kind for pair in within)
    yield (
        f"- Sudirman, {len(sudirman)} slices among themselves: {dict(kinds)}; {sum(groups)} slices "
        f"in {len(groups)} groups, the largest {groups[:5]}"
    )
    space = [look for look in found if look.image.sequence == "t2_space"]
    crossing = [
        pair
        for pair in pairs(space, quiet, within_patients=True)
        if {case.split("/")[0] for case in pair.cases} == {"spider", "spider_masks"}
    ]
    same = {pair.patients[0] for pair in crossing if pair.patients[0] == pair.patients[1]}
    turned = {pair.patients[0]: pair.turn for pair in crossing if pair.turn}
    others = sum(pair.patients[0] != pair.patients[1] for pair in crossing)
    patients = {look.patient for look in space if look.case.startswith("spider_masks/")}
    equal = {pair.patients[0] for pair in crossing if pair.kind in ("file", "picture")}
    yield (
        f"- SPIDER's T2 SPACE pictures against the {len(patients)} patients with masks: the same "
        f"number shows the same person in {len(same)} ({len(equal)} with the very slice), "
        f"another's in {others}; lying otherwise: {turned}; not confirmed: {patients - same}"
    )
    alike = texts.pairs(cases, quiet)
    together = sorted((len(g) for g in groups_of(p.patients for p in alike)), reverse=True)
    yield (
        f"- texts: {len(alike)} pairs, {sum(together)} patients in {len(together)} groups, the "
        f"largest {together[:3]}; {boilerplate(cases)} texts are boilerplate"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-w", "--workspace", type=Path, default=Path("out/data"))
    parser.add_argument("--copies", type=int, default=200)
    options = parser.parse_args()
    place = Workspace(options.workspace)
    cases = list(read_cases(place.cases))
    found = looks(cases, place.root, quiet)
    known = pairs(found, quiet)
    for part in (
        changed_copies(cases, place.root, options.copies),
        other_people(found, known),
        weightings(found),
        staged(cases, found, known),
    ):
        print()
        for line in part:
            print(line, flush=True)


if __name__ == "__main__":
    main()
