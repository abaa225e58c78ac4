"""Measure the shipped triage on what it was not trained on, and write its model card."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from finetune.triage import SEEN, Seen, fit_looks, fit_rules, kind_chances, lumbar_chances
from finetune.triage_data import SEED, Example, everything, spoilt
from finetune.triage_groups import details
from finetune.triage_seen import Outcome, alone, share
from radixgpt.weights import WEIGHTS
from tools import triage_signal
from tools.framing import frame
from tools.triage_looks import KINDS
from tools.triage_weights import eyes

GROUPS: dict[str, Callable[[Example], bool]] = {
    "Axial MR of the spine": lambda e: e.kind == "axial_spine",
    "Coronal MR of the trunk": lambda e: e.kind == "coronal_body",
    "Radiographs, AP and lateral": lambda e: e.kind.startswith("radiograph"),
    "Other MR (two heads, an abdomen)": lambda e: e.kind == "other_mr",
    "Sagittal MR of the neck": lambda e: e.source == "dicom_Spine1",
    "Sagittal CT of the neck": lambda e: e.source == "dicom_cervicalKyphosis",
    "STIR made from T1 and T2": lambda e: e.source == "pseudo_stir",
    "Photographs": lambda e: e.kind == "photograph",
    "Pages of text, drawings": lambda e: e.kind == "page",
    "Noise, blanks, gradients, blobs": lambda e: e.kind == "pattern",
}
UNSEEN: dict[str, tuple[str, ...]] = {
    "radiographs": ("kauh_ap", "kauh_lateral"),
    "axial MR": ("sudirman_axial",),
    "coronal MR": ("sudirman_coronal", "dicom_Abdo"),
    "CT": ("dicom_CT_small", "dicom_bad_sequence", "dicom_693_J2KR", "dicom_cervicalKyphosis"),
    "MR of a head": ("dicom_t1_series_pddl", "package_matplotlib"),
    "MR of a shoulder": ("dicom_MR2_J2KR",),
    "photographs": ("package_skimage", "package_sklearn", "package_gradio"),
    "text and drawings": ("text", "drawing"),
    "blobs and noise": ("blobs", "noise"),
}
COMMAND = "python -m finetune.triage evaluate --shared ../shared/data"


def judge(shared: Path, phantoms: int) -> tuple[list[Outcome], float]:
    """Outcomes of all held-out examples and of spoilt copies; median seconds for one slice."""
    rng = np.random.default_rng(SEED + 1)
    outcomes, seconds = [], []
    for example in everything(shared, phantom_count=phantoms):
        if example.part != "held_out":
            continue
        rows = [("as is", example)]
        if example.good and example.source != "phantom":
            rows += [*spoilt(example, rng), *halved(example)]
        for what, shown in rows:
            begun = time.perf_counter()
            study, decision = alone(shown.pixels)
            seconds.append(time.perf_counter() - begun)
            outcomes.append(Outcome(example, what, study, decision))
    return outcomes, float(np.median(seconds))


SIDES = ("upper", "lower", "left", "right")


def halved(example: Example) -> Iterator[tuple[str, Example]]:
    """A good slice of which one half holds nothing.

    Yields:
        The half (``upper``, ``lower``, ``left`` or ``right``), and the copy.
    """
    for side in SIDES:
        pixels = example.pixels.copy()
        view = pixels if side in SIDES[:2] else pixels.T
        middle = len(view) // 2
        view[slice(0, middle) if side in ("upper", "left") else slice(middle, None)] = 0
        yield side, replace(example, pixels=pixels, good=False)


def whole(shared: Path, phantoms: int) -> str:
    """How many good slices are called blank in part, and how wide the widest margins are."""
    good = [e for e in everything(shared, phantom_count=phantoms) if e.good]
    rows, columns = (
        max(max(triage_signal.flat_sides(e.pixels, axis)) for e in good) for axis in (0, 1)
    )
    lost = share(bool(triage_signal.lost_part(e.pixels)) for e in good)
    return f"{lost}; widest flat side {rows:.1%} of the rows, {columns:.1%} of the columns"


def by_patient(outcomes: list[Outcome], hit: Callable[[Outcome], bool], draws: int = 2000) -> str:
    """A share with its 95% bootstrap interval, patients drawn with replacement."""
    groups: dict[int, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.example.patient].append(hit(outcome))
    sums = np.array([(sum(flags), len(flags)) for flags in groups.values()])
    rng = np.random.default_rng(SEED)
    drawn = sums[rng.integers(0, len(sums), (draws, len(sums)))].sum(1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    total, count = sums.sum(0)
    return f"{total}/{count} = {total / count:.1%} ({low:.1%} to {high:.1%})"


def said_kind(outcome: Outcome) -> str:
    """Modality and plane as the tool wrote them down."""
    series = outcome.study.series[0]
    return f"{series.modality} {series.plane}"


_WANTED = {
    "sagittal_spine": "MR sagittal",
    "axial_spine": "MR axial",
    "coronal_body": "MR coronal",
    "radiograph_ap": "DX coronal",
    "radiograph_lateral": "DX sagittal",
}


def thumbnails(examples: list[Example]) -> npt.NDArray[np.float32]:
    """The trivial baseline's eyes: 16 x 16 pixels."""
    rows = np.stack([frame(e.pixels, 16).pixels.ravel() for e in examples])
    rows = rows - rows.mean(1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))


def baseline(shared: Path, phantoms: int) -> dict[str, str]:
    """The nearest training thumbnail's answer to the same questions."""
    examples = everything(shared, phantom_count=phantoms)
    known = [e for e in examples if e.part == "train"]
    asked = [e for e in examples if e.part == "held_out"]
    nearest = (thumbnails(asked) @ thumbnails(known).T).argmax(1)
    pairs = [(e, known[i]) for e, i in zip(asked, nearest, strict=True)]
    bad = [p for p in pairs if p[0].kind != "sagittal_spine" or p[0].source.startswith("dicom")]
    real = [p for p in pairs if p[0].good and p[0].source != "phantom"]
    return {
        "false": share(not b.good for _, b in real),
        "refused": share(not b.good for _, b in bad),
        "sequence": share(a.sequence == b.sequence for a, b in real),
        "plane": share(a.kind == b.kind for a, b in pairs if a.kind in _WANTED),
    }


def unseen(seen: Seen) -> dict[str, str]:
    """Refusals of kinds left out of training whole: what meets the tool unprepared."""
    lines, found = eyes().thresholds, {}
    for name, sources in UNSEEN.items():
        out = np.isin(seen.source, sources)
        use = (seen.part == "train") & ~out
        plain = out & (seen.what == "as is")
        sagittal = kind_chances(fit_looks(seen, use), seen)[plain, KINDS.index("sagittal_spine")]
        column = lumbar_chances(fit_rules(seen, use), seen)[plain]
        found[name] = share((sagittal < lines.sagittal) | (column < lines.column))
    return found


def report(shared: Path, out: Path, *, phantoms: int = 24) -> None:
    """Measure everything and write ``weights/triage/card.md``."""
    outcomes, seconds = judge(shared, phantoms)
    plain = [o for o in outcomes if o.what == "as is"]
    spider = [o for o in plain if o.example.source.startswith("spider")]
    other = [o for o in plain if o.example.good and o.example.source.startswith("sudirman")]
    phantom = [o for o in plain if o.example.source == "phantom"]

    def refused(o: Outcome) -> bool:
        return not o.decision.gradable

    def right_sequence(o: Outcome) -> bool:
        return o.weighting_right

    bad = [o for o in plain if any(test(o.example) for test in GROUPS.values())]
    planes = [o for o in plain if o.example.kind in _WANTED]
    trivial = baseline(shared, phantoms)
    lines = [
        "| Good lumbar slices | wrongly refused |",
        "|---|---|",
        f"| SPIDER development patients, T1, T2 and T2 SPACE | {by_patient(spider, refused)} |",
        f"| the same, exact interval | {share(map(refused, spider))} |",
        f"| Sudirman, another hospital, none trained on | {share(map(refused, other))} |",
        f"| Phantoms | {share(map(refused, phantom))} |",
        f"| Baseline, nearest thumbnail, SPIDER and Sudirman | {trivial['false']} |",
        f"| All good slices, training part too, called blank in part | {whole(shared, phantoms)} |",
        "",
        "| Everything else | refused | reason codes |",
        "|---|---|---|",
    ]
    for name, test in GROUPS.items():
        some = [o for o in plain if test(o.example)]
        if some:
            lines.append(f"| {name} | {share(map(refused, some))} | {reasons(some)} |")
    lines.append(f"| **All of these** | {share(map(refused, bad))} | |")
    for what, name in (
        ("turned", "Good slices, turned or mirrored"),
        ("cut", "Good, cut off above L5-S1"),
        *((side, f"Good, {side} half black") for side in SIDES),
    ):
        some = [o for o in outcomes if o.what == what]
        lines.append(f"| {name} | {share(map(refused, some))} | {reasons(some)} |")
    lines += [
        f"| Baseline, nearest thumbnail | {trivial['refused']} | |",
        "| Baseline, accept everything | 0% | |",
        "",
        "| Read from the pixels | right |",
        "|---|---|",
        f"| T1 or T2, SPIDER development | {by_patient(spider, right_sequence)} |",
        f"| T1 or T2, Sudirman mid-sagittal | {share(map(right_sequence, other))} |",
        f"| T1 or T2, baseline: nearest thumbnail | {trivial['sequence']} |",
        f"| T1 or T2, baseline: always T2 | {share(o.example.sequence == 't2' for o in spider)} |",
        "| Modality and plane of spine images | "
        f"{share(said_kind(o) == _WANTED[o.example.kind] for o in planes)} |",
        f"| Modality and plane, baseline: nearest thumbnail | {trivial['plane']} |",
        "",
        "| Kind left out of training whole | refused all the same |",
        "|---|---|",
        *(f"| {name} | {figure} |" for name, figure in unseen(Seen.load(out / SEEN)).items()),
        "",
        f"Median time for one slice with everything loaded: {seconds:.2f} s on one core of a busy "
        "machine.",
        "",
        "Wrongly refused: "
        + (
            "; ".join(
                f"{o.example.source} of patient {o.example.patient} ({o.decision.reason})"
                if o.example.patient
                else f"{o.example.source} ({o.decision.reason})"
                for o in [*spider, *other, *phantom]
                if refused(o)
            )
            or "none"
        )
        + ".",
        "",
        "Wrongly let by: "
        + (
            "; ".join(
                f"{o.example.source}, {o.what}"
                for o in outcomes
                if not refused(o) and (o.what != "as is" or o in bad)
            )
            or "none"
        )
        + ".",
    ]
    card = (Path(__file__).parent / "triage_card.md").read_text(encoding="utf-8")
    shown = eyes().thresholds.model_dump()
    filled = card.replace("{figures}", "\n".join(lines)).replace("{command}", COMMAND)
    filled = filled.replace("{details}", details(shared, phantoms))
    filled = filled.replace("{thresholds}", ", ".join(f"{k} {v:g}" for k, v in shown.items()))
    (WEIGHTS / "triage" / "card.md").write_text(filled, encoding="utf-8")
    print("\n".join(lines))


def reasons(outcomes: list[Outcome]) -> str:
    """How often each reason code was given."""
    counts = Counter(o.decision.reason or "gradable" for o in outcomes)
    return ", ".join(f"{reason} {count}" for reason, count in counts.most_common())
