"""Measure the shipped radiograph tool on the held-out groups, and write its card.

Every figure has a 95% bootstrap interval over groups and stands beside a baseline that needs no
spine: the shape of the film, the view alone, and the three-class shortcut that the set invites.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items
from pathlib import Path

import numpy as np
import numpy.typing as npt

from finetune.radiographs import looked
from finetune.radiographs_data import Film, columns_at, films, midlines
from finetune.radiographs_seen import Seen, auroc, drawn, look, share
from finetune.radiographs_shortcut import shortcut_table
from finetune.radiographs_slips import measured_table, slips_table
from radixgpt.study import Study
from radixgpt.weights import WEIGHTS
from tools import radiographs
from tools.radiographs.weights import heads

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Hits = Items[tuple[int, float]]

COMMAND = "python -m finetune.radiographs evaluate --shared ../shared/data"
DRAWS = 2000
DRAWN: dict[str, int] = {
    "scol_102": 78,
    "scol_118": 87,
    "scol_120": 74,
    "scol_160": 57,
    "scol_167": 57,
}
"""Angles in degrees that a reader had drawn and written on films, as read by eye."""


# --- figures ------------------------------------------------------------------------------------


def _scoliosis_rows(name: str, some: Items[Seen]) -> str:
    """One row: films, AUROC, sensitivity and specificity where decided, abstained."""
    judged = [s for s in some if s.chance is not None]
    groups = [s.film.group for s in judged]
    score = np.array([s.chance for s in judged], float)
    truth = np.array([s.film.curved for s in judged])
    decided = [s for s in some if s.scoliosis in ("present", "absent")]

    def right(curved: bool) -> str:
        those = [s for s in decided if s.film.curved is curved]
        return share(
            [(s.scoliosis == "present") is curved for s in those], [s.film.group for s in those]
        )

    area = drawn(groups, lambda rows: auroc(score[rows], truth[rows])) if judged else "none there"
    return (
        f"| {name} | {sum(s.film.curved for s in some)} and "
        f"{sum(not s.film.curved for s in some)} | {area} | {right(True)} | {right(False)} | "
        f"{len(some) - len(decided)}/{len(some)} |"
    )


def _baseline(
    name: str, train: Items[Film], test: Items[Film], score: Callable[[Items[Film]], Floats]
) -> str:
    """One row for a score whose cut is the best on the training films."""
    known, truth = score(train), np.array([f.curved for f in train])
    cuts = np.unique(known)
    balanced = [((known >= c)[truth].mean() + (known < c)[~truth].mean()) / 2 for c in cuts]
    cut = float(cuts[int(np.argmax(balanced))])
    asked, wanted = score(test), np.array([f.curved for f in test])
    groups = [f.group for f in test]
    area = drawn(groups, lambda rows: auroc(asked[rows], wanted[rows]))
    hit = [
        share(
            list((asked >= cut)[wanted == c] == c),
            [g for g, w in zip(groups, wanted, strict=True) if w == c],
        )
        for c in (True, False)
    ]
    return f"| {name} | {wanted.sum()} and {(~wanted).sum()} | {area} | {hit[0]} | {hit[1]} | 0 |"


def aspect(some: Items[Film]) -> Floats:
    """Columns over rows: what the film's shape alone says."""
    return np.array([f.pixels.shape[1] / f.pixels.shape[0] for f in some])


def _views(held: Items[Seen]) -> list[str]:
    known = [s for s in held if s.film.view != "unknown"]
    lumbar = [s for s in known if s.film.label == "spondylolisthesis"]
    unclear = [s for s in held if s.film.view == "unknown"]
    out = ["| View | right where decided | abstained |", "|---|---|---|"]
    for name, some in (
        ("All held-out films", known),
        ("AP", [s for s in known if s.film.view == "ap"]),
        ("Lateral", [s for s in known if s.film.view == "lateral"]),
        ("AP and lateral of the lumbar spine only (one folder)", lumbar),
    ):
        decided = [s for s in some if s.view != "unknown"]
        right = share([s.view == s.film.view for s in decided], [s.film.group for s in decided])
        out.append(f"| {name} | {right} | {len(some) - len(decided)}/{len(some)} |")
    always = share([s.film.view == "ap" for s in known], [s.film.group for s in known])
    out.append(f"| Baseline: always AP | {always} | 0 |")
    told = ", ".join(s.view for s in unclear) or "none"
    return [*out, "", f"Films whose view could not be set by eye, held out: {told}."]


def _groups(ap: Items[Seen]) -> list[str]:
    """The table of scoliosis by source, sex and age."""
    bands = ((0, 13, "age to 12"), (13, 18, "age 13 to 17"), (18, 200, "age 18 and over"))
    rows = [
        _scoliosis_rows("all", ap),
        _scoliosis_rows("one source only (exported alike)", [s for s in ap if s.film.exported]),
        *(
            _scoliosis_rows(name, [s for s in ap if s.film.sex == sex])
            for sex, name in (("F", "female"), ("M", "male"))
        ),
        *(
            _scoliosis_rows(
                name, [s for s in ap if s.film.age is not None and low <= s.film.age < high]
            )
            for low, high, name in bands
        ),
    ]
    return rows


def _midlines(ap: Items[Seen]) -> str:
    """Distance of the traced from the marked midline on held-out marked films."""
    errors, count = [], 0
    for seen in ap:
        if seen.film.key not in midlines():
            continue
        curve, _ = radiographs.traced(seen.series, 0)
        if curve is None:
            continue
        count += 1
        wanted = columns_at(midlines()[seen.film.key], *seen.film.pixels.shape)
        here = wanted[np.clip(np.round(curve.y).astype(int), 0, len(wanted) - 1)]
        away = np.abs(curve.x - here) / seen.film.pixels.shape[0]
        errors.extend(away[np.isfinite(away)].tolist())
    if not errors:
        return "No marked film was held out."
    return (
        f"On {count} marked held-out films the traced midline lies {np.median(errors):.2%} of the "
        f"film's height from the marks (median; 90% of the rows within "
        f"{np.quantile(errors, 0.9):.2%}). A vertebra is some 4% high on a film of the whole spine."
    )


def calibration(ap: Items[Seen]) -> str:
    """Brier score beside the base rate's, and the expected calibration error in five bins."""
    judged = [s for s in ap if s.chance is not None]
    chance = np.array([s.chance for s in judged], float)
    truth = np.array([s.film.curved for s in judged], float)
    bins = np.clip((chance * 5).astype(int), 0, 4)
    gaps = [
        (bins == b).mean() * abs(chance[bins == b].mean() - truth[bins == b].mean())
        for b in range(5)
        if (bins == b).any()
    ]
    return (
        f"Brier score {((chance - truth) ** 2).mean():.3f} (base rate "
        f"{truth.mean() * (1 - truth.mean()):.3f}), expected calibration error in five bins "
        f"{sum(gaps):.3f}; classes were weighed alike, so the chances hold for a setting in which "
        "half of the films are scoliotic."
    )


def _failures(some: Items[Seen], out: Path) -> list[str]:
    """Pictures of what was wrong, and their list."""
    from etl.load.figure import key_image
    from radixgpt.observation import Evidence

    wrong = [
        s
        for s in some
        if (s.film.view != "unknown" and s.view not in ("unknown", s.film.view))
        or (
            s.film.view == "ap"
            and s.film.label != "spondylolisthesis"
            and s.scoliosis in ("present", "absent")
            and (s.scoliosis == "present") is not s.film.curved
        )
    ]
    folder = out / "failures"
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for seen in wrong:
        found = seen.said.get("scoliosis")
        place = (
            found.evidence[0] if found and found.evidence else Evidence(series="s1", slice_index=0)
        )
        heat = radiographs.heat(seen.series, 0)
        study = Study("figures", (seen.series,))
        (folder / f"{seen.film.key}.png").write_bytes(key_image(study, place, heat=heat))
        angle = seen.said.get("curve_angle")
        degrees = f", {angle.value:.0f} degrees" if angle and angle.value is not None else ""
        lines.append(f"{seen.film.key} ({seen.film.label}): {seen.view}, {seen.scoliosis}{degrees}")
    return lines


def report(shared: Path, out: Path) -> None:
    """Measure everything and write ``weights/radiographs/card.md``."""
    every = films(shared)
    x = looked(every, out / "features.npy")[:, 0]
    held = [look(f) for f in every if f.held_out]
    seen = {s.film.key: s for s in held}
    ap = [s for s in held if s.film.view == "ap" and s.film.label != "spondylolisthesis"]
    train = [
        f for f in every if not f.held_out and f.view == "ap" and f.label != "spondylolisthesis"
    ]
    other = [s for s in held if s.film.view == "ap" and s.film.label == "spondylolisthesis"]
    angles = []
    for key, degrees in DRAWN.items():
        film = next(f for f in every if f.key == key)
        angle = look(film).said.get("curve_angle")
        angles.append(f"{degrees}: {angle.value:.0f}" if angle else f"{degrees}: not traced")
    wrong = _failures(held, out)
    counts = {
        f"{label}, {view}": (
            sum(f.label == label and f.view == view and not f.held_out for f in every),
            sum(f.label == label and f.view == view and f.held_out for f in every),
        )
        for label in ("normal", "scoliosis", "spondylolisthesis")
        for view in ("ap", "lateral", "unknown")
    }
    lines = [
        "| Films | training | held out |",
        "|---|---|---|",
        *(f"| {name} | {a} | {b} |" for name, (a, b) in counts.items() if a or b),
        f"| groups | {len({f.group for f in every if not f.held_out})} | "
        f"{len({f.group for f in every if f.held_out})} |",
        "",
        *_views(held),
        "",
        "| Scoliosis on AP films | scoliotic and normal | AUROC | found where decided | "
        "normal kept where decided | abstained |",
        "|---|---|---|---|---|---|",
        *_groups(ap),
        _baseline("baseline: shape of the film", train, [s.film for s in ap], aspect),
        "",
        calibration(ap),
        "",
        "AP films of the lumbar spine from the spondylolisthesis folder carry no label for "
        "scoliosis; the tool says of those held out: "
        + ", ".join(
            f"{sum(s.scoliosis == w for s in other)} {w}"
            for w in ("present", "absent", "indeterminate")
        )
        + ".",
        "",
        _midlines(ap),
        "",
        "Cobb angles that a reader had drawn on films, of either part, and the curve angle of the "
        "tool: " + "; ".join(angles) + " degrees.",
        "",
        *shortcut_table(every, x, seen),
        "",
        *measured_table(every, out),
        "",
        *slips_table(every),
        "",
        f"Median time for one film with everything loaded: "
        f"{np.median([s.seconds for s in held]):.2f} s on one core of a busy machine, for a "
        f"lateral one {np.median([s.seconds for s in held if s.film.view == 'lateral']):.2f} s.",
        "",
        "Wrong: " + ("; ".join(wrong) or "none") + ".",
    ]
    card = (Path(__file__).parent / "radiographs_card.md").read_text(encoding="utf-8")
    shown = ", ".join(f"{k} {v:g}" for k, v in heads().thresholds.model_dump().items())
    filled = card.replace("{figures}", "\n".join(lines)).replace("{command}", COMMAND)
    filled = filled.replace("{thresholds}", shown)
    rule, slip = heads().calibration, heads().slip_rule
    filled = filled.replace("{rule}", f"{rule.slope:.2f} ln(1 + degrees) {rule.offset:+.2f}")
    filled = filled.replace("{slip_rule}", f"{slip.slope:.1f} step {slip.offset:+.2f}")
    (WEIGHTS / "radiographs" / "card.md").write_text(filled, encoding="utf-8")
    print("\n".join(lines))
