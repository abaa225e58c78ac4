"""Whether the disc grades rest on the images: the same patients, with images that don't show it.

Each probe changes the development patients' slices before anything looks at them; then triage,
levels and classifier run as in the product. A grader that reads the images refuses, abstains or
scores lower; one that doesn't keeps its answers. ``python -m finetune.reliance`` writes
``docs/reliance.md``; ``--json`` is for machines.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from eval import grades as marks
from finetune import spider
from finetune.classifier_look import BINARY
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation

Slice = npt.NDArray[np.float32]
Outlines = list[npt.NDArray[np.floating]]
Change = Callable[[Slice, Outlines, np.random.Generator], Slice]
"""A slice in [0, 1] and its discs' outlines (x, y) to the slice that is shown instead."""


def _blanked(pixels: Slice, discs: Outlines, _rng: np.random.Generator) -> Slice:
    """Every disc, and 15 % around it, painted over with the slice's mean grey."""
    from skimage.draw import polygon

    shown = pixels.copy()
    for outline in discs:
        wider = outline.mean(0) + 1.15 * (outline - outline.mean(0))
        rows, columns = polygon(wider[:, 1], wider[:, 0], shown.shape)
        shown[rows, columns] = pixels.mean()
    return shown


def _gamma(power: float) -> Change:
    return lambda pixels, _discs, _rng: (pixels**power).astype(np.float32)


def _noisy(sigma: float) -> Change:
    def change(pixels: Slice, _discs: Outlines, rng: np.random.Generator) -> Slice:
        noisy = pixels + rng.normal(0, sigma, pixels.shape).astype(np.float32)
        return np.clip(noisy, 0, 1).astype(np.float32)

    return change


def _flat(share: float) -> Change:
    """Contrast pressed together around mid-grey, then stored in 8 bits."""
    return lambda pixels, _discs, _rng: (0.5 + share * (pixels - 0.5)).astype(np.float32)


def _stretched(rows: float) -> Change:
    def change(pixels: Slice, _discs: Outlines, _rng: np.random.Generator) -> Slice:
        from skimage.transform import resize

        shape = (round(pixels.shape[0] * rows), pixels.shape[1])
        return np.asarray(resize(pixels, shape, order=1, anti_aliasing=rows < 1), np.float32)

    return change


def _cut_off(pixels: Slice, discs: Outlines, _rng: np.random.Generator) -> Slice:
    """Without its lowest disc and what lies below it, as a field of view that ends too high."""
    lowest = max(discs, key=lambda outline: float(outline[:, 1].mean()), default=None)
    return pixels if lowest is None else pixels[: max(16, int(lowest[:, 1].min()))]


def _blurred(depth: float) -> Change:
    """Smoothed by a Gaussian, sigma as a share of a disc's depth, front to back."""

    def change(pixels: Slice, discs: Outlines, _rng: np.random.Generator) -> Slice:
        from scipy import ndimage

        depths = [float(np.ptp(outline[:, 0])) for outline in discs] or [pixels.shape[1] / 8]
        return np.asarray(ndimage.gaussian_filter(pixels, depth * np.median(depths)), np.float32)

    return change


def _uniform(pixels: Slice, _discs: Outlines, rng: np.random.Generator) -> Slice:
    return rng.random(pixels.shape, np.float32)


PROBES: dict[str, Change] = {
    "as it is": lambda pixels, _discs, _rng: pixels,
    "every disc painted over": _blanked,
    "noise instead": _uniform,
    "blank instead": lambda pixels, _discs, _rng: np.full_like(pixels, pixels.mean()),
    "mirrored, front to back": lambda pixels, _discs, _rng: pixels[:, ::-1],
    "upside down": lambda pixels, _discs, _rng: pixels[::-1],
    "inverted": lambda pixels, _discs, _rng: 1 - pixels,
    "cut off above its lowest disc": _cut_off,
    "blurred, sigma 0.05 of a disc's depth": _blurred(0.05),
    "blurred, sigma 0.1 of a disc's depth": _blurred(0.1),
    "blurred, sigma 0.2 of a disc's depth": _blurred(0.2),
    "stretched to 1.5 of the height": _stretched(1.5),
    "pressed to 0.67 of the height": _stretched(0.67),
    "noise added, sigma 0.05": _noisy(0.05),
    "noise added, sigma 0.1": _noisy(0.1),
    "noise added, sigma 0.2": _noisy(0.2),
    "noise added, sigma 0.4": _noisy(0.4),
    "gamma 0.5": _gamma(0.5),
    "gamma 2": _gamma(2.0),
    "contrast 0.3": _flat(0.3),
    "contrast 0.05": _flat(0.05),
}
"""What is done to the slices. Noise and contrast are in shares of the slice's range."""
SWAPPED = "another patient's images"


@dataclass(frozen=True)
class Answer:
    """What was said of one patient.

    Attributes:
        refused: whether triage refused the study.
        said: (level, kind) to the observation.
    """

    refused: bool
    said: dict[tuple[str, str], Observation]


def slices_of(shared: Path, patient: int) -> dict[str, Slice]:
    """The patient's T2 (SPACE where TSE lacks) and T1, scaled to [0, 1]."""
    t2 = "t2" if spider.image(shared, f"{patient}_t2") is not None else "t2_SPACE"
    found = {}
    for name, own in (("t2", t2), ("t1", "t1")):
        pixels = spider.image(shared, f"{patient}_{own}")
        if pixels is not None:
            found[name] = np.asarray(pixels, np.float32) / np.float32(255)
    return found


def look(slices: Mapping[str, Slice]) -> tuple[bool, list[Observation]]:
    """Triage, levels and classifier on slices stored as pictures, named by their contrast.

    Returns:
        Whether triage took the study, and all that was observed in it.
    """
    from PIL import Image

    from radixgpt.reading import read
    from tools import classifier, levels, triage

    with tempfile.TemporaryDirectory() as folder:
        for name, pixels in slices.items():
            grey = np.clip(np.round(pixels * 255), 0, 255).astype(np.uint8)
            Image.fromarray(grey).save(Path(folder) / f"{name}.png")
        study, eligibility = triage.run(read(Path(folder)))
    if not eligibility.gradable:
        return False, []
    found = levels.run(study, eligibility)
    return True, [*found, *classifier.run(study, eligibility, found)]


def ask(slices: Mapping[str, Slice]) -> Answer:
    """The grades that are given to slices stored as pictures, named by their contrast."""
    taken, seen = look(slices)
    return Answer(not taken, {(o.level or "", o.kind): o for o in seen if o.kind in GRADED})


def outlines_of(slices: Mapping[str, Slice]) -> dict[str, Outlines]:
    """Where the discs are in each slice, as the column network outlines them."""
    from tools import levels
    from tools.columns import columns_of

    found = columns_of(levels.model(), list(slices.values()), [None] * len(slices))
    return {
        name: [
            np.asarray(framed.to_slice(d.outline), np.float64)
            for d in column.discs
            if d is not None and len(d.outline)
        ]
        for name, (framed, column) in zip(slices, found, strict=True)
    }


def figures(
    shared: Path, patients: tuple[int, ...], answers: Mapping[int, Answer], plain: dict[int, Answer]
) -> dict[str, float]:
    """What became of the answers, and how they score on the gradings.

    Returns:
        ``refused`` (share of the studies), ``stated`` (share of the discs and kinds that get a
        value), ``kept`` (share of the values stated from the true images that are stated again),
        and over the discs with a statement the Pfirrmann kappa and the mean AUROC of the binary
        kinds with both outcomes; nan where too little is stated.
    """
    truth = {
        (g.patient, g.disc): g
        for g in spider.gradings(shared)
        if g.patient in patients and g.disc in LUMBAR_DISCS
    }
    stated = [
        answers[p].said.get((disc, kind)) is not None
        and answers[p].said[disc, kind].status == "value"
        for (p, disc) in truth
        for kind in GRADED
    ]
    again, whole = 0, 0
    for p, one in plain.items():
        for key, before in one.said.items():
            if before.status != "value":
                continue
            whole += 1
            now = answers[p].said.get(key)
            again += now is not None and now.status == "value" and now.value == before.value
    grades = [
        (g.pfirrmann, o.value)
        for (p, disc), g in truth.items()
        if (o := answers[p].said.get((disc, "pfirrmann"))) is not None and isinstance(o.value, int)
    ]
    kappa = float("nan")
    if len(grades) >= 30:
        right, said = np.array(grades).T
        kappa = marks.quadratic_kappa(right - 1, said - 1, 5)
    areas = []
    for kind, column in BINARY.items():
        pairs = [
            (bool(g.binary[column]), o.probabilities["present"])
            for (p, disc), g in truth.items()
            if (o := answers[p].said.get((disc, kind))) is not None and o.probabilities
        ]
        present = [one for one, _ in pairs]
        if len(pairs) >= 30 and 0 < sum(present) < len(present):
            areas.append(marks.auroc(present, [chance for _, chance in pairs]))
    return {
        "refused": float(np.mean([answers[p].refused for p in patients])),
        "stated": float(np.mean(stated)),
        "kept": again / max(1, whole),
        "kappa": kappa,
        "auroc": float(np.mean(areas)) if areas else float("nan"),
    }


def run(
    shared: Path, patients: tuple[int, ...], say: Callable[[str], None] = lambda _: None
) -> dict[str, dict[str, float]]:
    """All probes; the figures of each."""
    slices = {p: slices_of(shared, p) for p in patients}
    outlines = {p: outlines_of(slices[p]) for p in patients}
    answers: dict[str, dict[int, Answer]] = {}
    for number, (name, change) in enumerate(PROBES.items()):
        answers[name] = {}
        for p in patients:
            rng = np.random.default_rng((number, p))
            shown = {s: change(x, outlines[p][s], rng) for s, x in slices[p].items()}
            answers[name][p] = ask(shown)
        say(name)
    plain = answers["as it is"]
    others = {p: patients[(i + 1) % len(patients)] for i, p in enumerate(patients)}
    answers[SWAPPED] = {p: plain[others[p]] for p in patients}
    return {name: figures(shared, patients, found, plain) for name, found in answers.items()}


def table(results: Mapping[str, Mapping[str, float]]) -> str:
    """The figures as a Markdown table."""

    def cell(value: float, percent: bool) -> str:
        if np.isnan(value):
            return "–"
        return f"{value:.0%}" if percent else f"{value:.2f}"

    lines = [
        "| images | studies refused | stated | answers kept | Pfirrmann kappa | mean AUROC |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, f in results.items():
        cells = [cell(f[k], True) for k in ("refused", "stated", "kept")]
        cells += [cell(f[k], False) for k in ("kappa", "auroc")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the probes and write the page."""
    from rich.console import Console
    from rich.progress import Progress

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true", help="print the figures, write nothing")
    parser.add_argument("--threads", type=int, default=1, help="more are slower on a busy machine")
    parser.add_argument("--patients", type=int, default=0, help="only so many, for a quick look")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    _, development = spider.split(options.shared)
    patients = development[: options.patients or None]
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Probing", total=len(PROBES))

        def say(name: str) -> None:
            progress.update(task, advance=1, description=name)

        results = run(options.shared, patients, say)
    if options.json:
        print(json.dumps(results, indent=1))
        return
    here = Path(__file__).parent
    text = (here / "reliance_page.md").read_text(encoding="utf-8")
    page = here.parent / "docs" / "reliance.md"
    page.write_text(text.replace("{table}", table(results)), encoding="utf-8")
    Console(stderr=True).print(f"Written: {page.relative_to(here.parent)}")


if __name__ == "__main__":
    main()
