"""Figures of triage by sequence, scanner and sex, of quality, and of what goes to other tools."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from finetune.triage_data import SEED, Example, everything
from finetune.triage_seen import Outcome, alone, share
from radixgpt.weights import WEIGHTS
from tools.triage_quality import judge

COMMAND = "python -m finetune.triage detail --shared ../shared/data"
_BEGIN, _END = "## By sequence, scanner and sex, radiographs and quality\n", "\n## What it can't do"

Pixels = npt.NDArray[np.float32]


@cache
def acquisition(shared: Path) -> dict[tuple[int, str], tuple[str, str]]:
    """Scanner and sex of each SPIDER series, by patient and contrast."""
    found: dict[tuple[int, str], tuple[str, str]] = {}
    with (shared / "spider" / "series.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            patient, _, contrast = row["image"].partition("_")
            maker = (row["Manufacturer"].split() or ["unknown"])[0].title()
            strength = row["MagneticFieldStrength"] or "unknown"
            found[int(patient), contrast] = (f"{maker} {strength} T", row["sex"].strip())
    return found


def by_group(shared: Path, outcomes: list[Outcome]) -> list[str]:
    """Refusals and weightings of good SPIDER slices by sequence, scanner and sex."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        contrast = one.example.source.removeprefix("spider_")
        scanner, sex = acquisition(shared).get((one.example.patient, contrast), ("unknown", ""))
        for name in (
            contrast.upper().replace("_", " "),
            scanner,
            {"F": "female", "M": "male"}.get(sex, "sex not recorded"),
        ):
            groups[name].append(one)
    out = ["| SPIDER development slices | wrongly refused | weighting right |", "|---|---|---|"]
    out += [
        f"| {name} | {share(not o.decision.gradable for o in some)} | "
        f"{share(o.weighting_right for o in some)} |"
        for name, some in sorted(groups.items())
    ]
    return out


def passed_on(outcomes: list[Outcome]) -> list[str]:
    """What is handed to the tool for radiographs, in which view, and what is not."""
    films = [o for o in outcomes if o.example.kind.startswith("radiograph")]
    rest = [o for o in outcomes if not o.example.kind.startswith("radiograph")]
    far = [o for o in rest if o.example.kind in ("photograph", "page", "pattern", "other_mr")]
    handed = [o for o in films if o.decision.radiographs]
    told = [o for o in handed if o.study.series[0].view != "unknown"]
    return [
        "| Images alone, without a header | |",
        "|---|---|",
        "| Radiographs of the spine read as such | "
        f"{share(bool(o.decision.radiographs) for o in films)} |",
        f"| of those, the view told | {len(told)}/{len(handed)} |",
        "| view right where told (some taught it; held out: `weights/radiographs`) | "
        f"{share(o.example.kind == f'radiograph_{o.study.series[0].view}' for o in told)} |",
        "| Other images read as a radiograph | "
        f"{share(bool(o.decision.radiographs) for o in rest)} |",
        "| Blank, noise, photographs, pages, heads and abdomen: neither graded nor read | "
        f"{share(not o.decision.read for o in far)} |",
    ]


def spoilt(pixels: Pixels, rng: np.random.Generator) -> dict[str, Pixels]:
    """Copies of an image, each bad in one way, by what the verdict should name."""
    low, high = (float(v) for v in np.percentile(pixels, (1, 99)))
    span = max(high - low, 1e-6)
    small = ndimage.zoom(pixels, 1 / 4, order=1)
    grown = ndimage.gaussian_filter(ndimage.zoom(small, 4, order=1), 0.8)
    return {
        "noisy": pixels + rng.normal(size=pixels.shape).astype(np.float32) * 0.1 * span,
        "blurred or enlarged": grown,
        "few grey levels": np.round((pixels - low) / span * 14).astype(np.float32),
        "bright parts clipped": np.minimum(pixels, np.percentile(pixels, 78)),
        "small": small,
        "empty": np.where(np.arange(len(pixels))[:, None] < len(pixels) // 3, low, pixels),
    }


def quality_tables(held: list[Example]) -> list[str]:
    """How often good images are called limited, and bad copies are called what they are."""
    rng = np.random.default_rng(SEED)
    lumbar = [e for e in held if e.good and e.source != "phantom"]
    films = [e for e in held if e.kind.startswith("radiograph")]
    out = ["| Quality | called limited |", "|---|---|"]
    for name, some in (("Good lumbar slices as they are", lumbar), ("Radiographs", films)):
        out.append(f"| {name} | {share(bool(judge(e.pixels).limits) for e in some)} |")
    out += ["", "| Lumbar slices made bad | the fault is named |", "|---|---|"]
    named: dict[str, list[bool]] = defaultdict(list)
    for example in lumbar:
        for fault, pixels in spoilt(example.pixels, rng).items():
            limits = judge(np.asarray(pixels, np.float32)).limits
            named[fault].append(any(fault in limit for limit in limits))
    out += [f"| {fault} | {share(hits)} |" for fault, hits in named.items()]
    return out


def details(shared: Path, phantoms: int) -> str:
    """The section of the card that :func:`report` writes."""
    held = [e for e in everything(shared, phantom_count=phantoms) if e.part == "held_out"]
    asked = [e for e in held if e.source not in ("phantom", "space", "pseudo_stir")]
    outcomes = [Outcome(e, "as is", *alone(e.pixels)) for e in asked]
    spider = [o for o in outcomes if o.example.source.startswith("spider")]
    lines = [
        f"By `{COMMAND}`, on the same held-out images, with exact intervals.",
        "",
        *by_group(shared, spider),
        "",
        *passed_on(outcomes),
        "",
        *quality_tables(held),
    ]
    return "\n".join(lines)


def report(shared: Path, *, phantoms: int) -> None:
    """Write the section anew into the card and leave the rest of it."""
    path = WEIGHTS / "triage" / "card.md"
    card = path.read_text(encoding="utf-8")
    text = details(shared, phantoms)
    before, _, rest = card.partition(_BEGIN)
    after = rest[rest.index(_END) :] if rest else card[card.index(_END) :]
    if not rest:
        before = card[: card.index(_END)] + "\n"
    path.write_text(f"{before}{_BEGIN}{text}\n{after}", encoding="utf-8")
    print(text)
