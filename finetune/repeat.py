"""How far grades and measures of one patient move when nothing has changed.

    python -m finetune.repeat

looks at each patient several times as if at several visits: turned, enlarged, shifted, noisier,
brighter, and with the 3-D T2 series (SPACE) of the same day in place of the plain one. What differs
then is the software's own error, and a change between two studies may only be called beyond it.
The figures go to ``etl/repeatability.yaml``, which :mod:`etl.prior` reads, and to
``docs/repeatability.md``. Images are changed of development patients, whom the weights have not
seen; of the few with a SPACE series all are taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, TypeAdapter

from etl.extract import finding
from etl.prior import judged
from finetune import spider
from finetune.reliance import Slice, look, slices_of
from radixgpt.finding import GRADED, KINDS, Finding
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation
from radixgpt.prior import CLEAR
from tools import classifier, levels

COMPARED = ("disc_height_index", "canal_ratio", "slip_ratio")
"""Measured kinds that are compared between two studies."""
SPACE = "T2 SPACE for T2"
STRETCHED = ("disc_height_index",)
"""Kinds that set heights against depths. The stored pictures of SPACE and T2 have lost how they
were stretched, which changes all discs of a patient by one factor: medians are set alike."""
_FEWEST = 3
"""Discs that a patient's median needs."""
SEEN = Path("runs/repeat/seen.json")


def _turned(degrees: float) -> Callable[[Slice, np.random.Generator], Slice]:
    def change(pixels: Slice, _rng: np.random.Generator) -> Slice:
        from scipy import ndimage

        turned = ndimage.rotate(pixels, degrees, reshape=False, order=1, mode="nearest")
        return np.asarray(turned, np.float32)

    return change


def _enlarged(by: float) -> Callable[[Slice, np.random.Generator], Slice]:
    def change(pixels: Slice, _rng: np.random.Generator) -> Slice:
        from skimage.transform import rescale

        return np.asarray(rescale(pixels, by, order=1, anti_aliasing=by < 1), np.float32)

    return change


def _shifted(pixels: Slice, _rng: np.random.Generator) -> Slice:
    rows, columns = pixels.shape
    padded = np.pad(pixels, ((round(0.04 * rows), 0), (round(0.04 * columns), 0)), mode="edge")
    moved: Slice = padded[:rows, :columns]
    return moved


def _noisy(pixels: Slice, rng: np.random.Generator) -> Slice:
    noise = rng.normal(0, 0.03, pixels.shape).astype(np.float32)
    clipped: Slice = np.clip(pixels + noise, 0, 1).astype(np.float32)
    return clipped


AGAIN: dict[str, Callable[[Slice, np.random.Generator], Slice]] = {
    "turned by 4 degrees": _turned(4.0),
    "enlarged to 1.15": _enlarged(1.15),
    "made smaller to 0.87": _enlarged(0.87),
    "shifted by 4 %": _shifted,
    "noise added, sigma 0.03": _noisy,
    "gamma 0.8": lambda pixels, _rng: (pixels**0.8).astype(np.float32),
    "gamma 1.25": lambda pixels, _rng: (pixels**1.25).astype(np.float32),
}
"""What may differ between two visits though the patient has not changed; shares of the range."""


class Seen(BaseModel):
    """What was seen of one patient under one condition; empty where the study was refused."""

    model_config = ConfigDict(frozen=True)

    patient: int
    condition: str
    observations: tuple[Observation, ...]


def collect(
    shared: Path, patients: tuple[int, ...], others: tuple[int, ...], say: Callable[[str], None]
) -> list[Seen]:
    """Every patient as it is, and under each condition that there are images for.

    Args:
        shared: folder of the staged data.
        patients: whose images are changed.
        others: who are looked at where they have a SPACE series, and not otherwise.
        say: called with each patient's number.
    """
    found = []

    def add(patient: int, condition: str, slices: Mapping[str, Slice]) -> None:
        _, seen = look(slices)
        kept = [o for o in seen if o.kind in (*GRADED, *COMPARED)]
        bare = [o.model_copy(update={"evidence": ()}) for o in kept]
        found.append(Seen(patient=patient, condition=condition, observations=tuple(bare)))

    for patient in (*patients, *others):
        slices = slices_of(shared, patient)
        plain, space = (spider.image(shared, f"{patient}_{name}") for name in ("t2", "t2_SPACE"))
        both = plain is not None and space is not None and patient not in spider.UPSIDE_DOWN
        if "t2" not in slices or (patient in others and not both):
            continue
        add(patient, "", slices)
        for number, (name, change) in enumerate(AGAIN.items() if patient in patients else ()):
            rng = np.random.default_rng((number, patient))
            add(patient, name, {s: change(x, rng) for s, x in slices.items()})
        if both:
            other = np.asarray(space, np.float32) / np.float32(255)
            add(patient, SPACE, {**slices, "t2": other})
        say(str(patient))
    return found


@dataclass(frozen=True)
class Moved:
    """How one measured kind moves.

    Attributes:
        pairs: of a disc as it is and looked at again.
        within: within-subject standard deviation, the root of half the mean squared difference.
        most: the difference that 95 % of the pairs stay within.
    """

    pairs: int
    within: float
    most: float

    @property
    def repeatability(self) -> float:
        """What two looks differ by in 95 % if errors are normal (Bland and Altman, BMJ 1996)."""
        return 1.96 * 2**0.5 * self.within


@dataclass(frozen=True)
class Regraded:
    """What becomes of one graded kind; shares of the pairs that both have a value.

    Attributes:
        pairs: both with a value.
        other: another value.
        called: another value, and :func:`etl.prior.judged` would call it a change.
    """

    pairs: int
    other: float
    called: float


def pairs_of(seen: Sequence[Seen], conditions: Collection[str]) -> list[tuple[Finding, Finding]]:
    """Each disc's findings as it is, and under each of these conditions."""
    plain = {one.patient: _by_place(one) for one in seen if not one.condition}
    return [
        (plain[one.patient][place], f)
        for one in seen
        if one.condition in conditions
        for place, f in _by_place(one).items()
        if place in plain[one.patient]
    ]


def _by_place(one: Seen) -> dict[tuple[str | None, str], Finding]:
    return {(o.level, o.kind): finding(o, {}) for o in one.observations if o.level in LUMBAR_DISCS}


def unstretched(pairs: Sequence[tuple[Finding, Finding]]) -> list[tuple[Finding, Finding]]:
    """One patient's pairs, those of :data:`STRETCHED` brought to the median of the first look."""
    found: list[tuple[Finding, Finding]] = []
    for kind in STRETCHED:
        own = [p for p in pairs if p[0].kind == kind and p[0].status == p[1].status == "value"]
        if len(own) < _FEWEST:
            continue
        factor = float(np.median([float(a.value or 0) / float(b.value or 1) for a, b in own]))
        found += [(a, b.model_copy(update={"value": factor * float(b.value or 0)})) for a, b in own]
    return [*(p for p in pairs if p[0].kind not in STRETCHED), *found]


def space_pairs(seen: Sequence[Seen]) -> list[tuple[Finding, Finding]]:
    """The pairs of T2 and SPACE of all patients who have both."""
    patients = [one.patient for one in seen if one.condition == SPACE]
    return [
        pair
        for patient in patients
        for pair in unstretched(pairs_of([s for s in seen if s.patient == patient], {SPACE}))
    ]


def moved(pairs: Sequence[tuple[Finding, Finding]], kind: str) -> Moved:
    """How far one measured kind moves."""
    differences = np.array(
        [
            abs(float(b.value or 0.0)) - abs(float(a.value or 0.0))
            for a, b in pairs
            if a.kind == kind and a.status == b.status == "value"
        ]
    )
    within = float(np.sqrt(np.mean(differences**2) / 2))
    return Moved(len(differences), within, float(np.quantile(np.abs(differences), 0.95)))


def regraded(pairs: Sequence[tuple[Finding, Finding]], kind: str) -> Regraded:
    """What becomes of one graded kind."""
    own = [p for p in pairs if p[0].kind == kind and p[0].status == p[1].status == "value"]
    other = [a.value != b.value for a, b in own]
    called = [judged(b, a) in CLEAR for a, b in own]
    share = float(np.mean(other)), float(np.mean(called))
    return Regraded(len(own), *share)


def limits_of(seen: Sequence[Seen]) -> dict[str, float]:
    """The difference of each measured kind from which a change may be called.

    The largest of what either group of conditions gives, by both ways of putting it.
    """
    groups = pairs_of(seen, AGAIN), space_pairs(seen)
    found = {}
    for kind in COMPARED:
        one = [moved(pairs, kind) for pairs in groups]
        largest = max(max(m.repeatability, m.most) for m in one)
        found[kind] = float(np.ceil(largest * 1000) / 1000)
    return found


def page(seen: Sequence[Seen], limits: Mapping[str, float]) -> str:
    """The tables of ``docs/repeatability.md``."""
    groups = {"images changed": pairs_of(seen, AGAIN), SPACE: space_pairs(seen)}
    lines = [
        "| measured | looked at again | pairs | within-subject SD | repeatability coefficient "
        "| 95 % within | limit |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind in COMPARED:
        for name, pairs in groups.items():
            m = moved(pairs, kind)
            lines.append(
                f"| {KINDS[kind].title} | {name} | {m.pairs} | {m.within:.3f} "
                f"| {m.repeatability:.3f} | {m.most:.3f} | {limits[kind]:.3f} |"
            )
    lines += [
        "",
        "| graded | looked at again | pairs | another value | called a change |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in GRADED:
        for name, pairs in groups.items():
            r = regraded(pairs, kind)
            lines.append(
                f"| {KINDS[kind].title} | {name} | {r.pairs} | {r.other:.1%} | {r.called:.1%} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Look again, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--keep", action="store_true", help=f"take what {SEEN} holds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    many = TypeAdapter(list[Seen])
    if options.keep:
        seen = many.validate_json(SEEN.read_bytes())
    else:
        training, development = spider.split(options.shared)
        seen = collect(options.shared, development, training, print)
        SEEN.parent.mkdir(parents=True, exist_ok=True)
        SEEN.write_bytes(many.dump_json(seen))
    limits = limits_of(seen)
    here = Path(__file__).parent
    made = (here / "repeat_limits.yaml").read_text(encoding="utf-8")
    version = classifier.model_facts().version, levels.model_facts().version
    text = Template(made).substitute(limits, classifier=version[0], levels=version[1])
    (here.parent / "etl" / "repeatability.yaml").write_text(text, encoding="utf-8")
    patients = {one.patient for one in seen if one.condition in AGAIN}
    space = sum(one.condition == SPACE for one in seen)
    told = (here / "repeat_page.md").read_text(encoding="utf-8")
    told = told.replace("{tables}", page(seen, limits)).replace("{patients}", str(len(patients)))
    of_development = sum(one.condition == SPACE and one.patient in patients for one in seen)
    told = told.replace("{space}", str(space)).replace("{fresh}", str(of_development))
    (here.parent / "docs" / "repeatability.md").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
