"""Where the disc grades hold and where they don't: groups of patients, levels, and abstention.

All from what :func:`finetune.classifier_look.look` returned for the development patients.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from eval import grades as marks
from finetune import spider
from finetune.classifier_look import BINARY, Patient
from radixgpt.finding import ABSENT, PRESENT
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation

Rows = npt.NDArray[np.intp]
COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
FEWEST = 8
"""Patients, or discs with a finding, below which a group gets no figure."""


@dataclass(frozen=True)
class Disc:
    """One graded disc with what was said of it, by kind."""

    patient: int
    level: str
    grading: spider.Grading
    said: Mapping[str, Observation]

    def chance(self, kind: str) -> float:
        """Stated probability of a change; a disc without a statement has none."""
        found = self.said.get(kind)
        if found is None or not found.probabilities:
            return 0.0
        if kind == "modic":
            return 1 - found.probabilities["0"]
        return found.probabilities[PRESENT]

    def truth(self, kind: str) -> str | int:
        """What the data's radiologist graded."""
        if kind == "pfirrmann":
            return self.grading.pfirrmann
        if kind == "modic":
            return self.grading.modic
        return PRESENT if self.grading.binary[BINARY[kind]] == 1 else ABSENT

    def grade(self) -> int:
        """The likeliest Pfirrmann grade; 3 without a statement."""
        found = self.said.get("pfirrmann")
        if found is None or not found.probabilities:
            return 3
        return int(max(found.probabilities, key=lambda name: found.probabilities[name]))


def discs_of(shared: Path, seen: Mapping[int, Patient]) -> list[Disc]:
    """Every graded lumbar disc of these patients."""
    said: dict[tuple[int, str], dict[str, Observation]] = {}
    for patient, one in seen.items():
        for o in one.observations:
            if o.level is not None:
                said.setdefault((patient, o.level), {})[o.kind] = o
    return [
        Disc(g.patient, g.disc, g, said.get((g.patient, g.disc), {}))
        for g in spider.gradings(shared)
        if g.patient in seen and g.disc in LUMBAR_DISCS
    ]


def facts_of(shared: Path) -> dict[int, dict[str, str]]:
    """Patient to sex, scanner, field strength and which T2 there is, as the data's table says."""
    found: dict[int, dict[str, str]] = {}
    with (spider.folder(shared) / "series.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            facts = found.setdefault(int(row["patient"]), {"T2": "none"})
            facts["sex"] = {"F": "women", "M": "men"}.get(row["sex"].strip(), "not known")
            facts["scanner"] = row["Manufacturer"].strip().split(" ")[0].title() or "not known"
            field = row["MagneticFieldStrength"].strip()
            facts["field"] = f"{float(field):g} T" if field else "not known"
            if row["image"].endswith("_t2"):
                facts["T2"] = "TSE T2"
            elif row["image"].endswith("_SPACE") and facts["T2"] == "none":
                facts["T2"] = "T2 SPACE"
    return found


def parted(shared: Path, patients: Iterable[int]) -> dict[str, list[int]]:
    """Patients by sex, scanner, field strength and T2, under names such as ``sex: women``."""
    facts = facts_of(shared)
    parts: dict[str, list[int]] = {}
    for patient in patients:
        for title in ("sex", "scanner", "field", "T2"):
            name = facts.get(patient, {}).get(title, "not known")
            parts.setdefault(f"{title}: {name}", []).append(patient)
    return dict(sorted(parts.items()))


def _kappa(discs: list[Disc]) -> Callable[[Rows], float]:
    right = np.array([d.grading.pfirrmann for d in discs])
    said = np.array([d.grade() for d in discs])
    return lambda r: marks.quadratic_kappa(right[r] - 1, said[r] - 1, 5)


def _area(discs: list[Disc], kind: str) -> Callable[[Rows], float] | None:
    present = np.array([_present(d, kind) for d in discs])
    if present.sum() < FEWEST or (~present).sum() < FEWEST:
        return None
    chance = np.array([d.chance(kind) for d in discs])
    return lambda r: marks.auroc(present[r], chance[r])


def _present(disc: Disc, kind: str) -> bool:
    return disc.truth(kind) not in (0, ABSENT)


def groups(shared: Path, seen: Mapping[int, Patient]) -> str:
    """Figures by sex, scanner, field strength, T2 and level, as a Markdown table."""
    discs = discs_of(shared, seen)
    parts = {
        name: [d for d in discs if d.patient in set(own)]
        for name, own in parted(shared, seen).items()
    }
    for level in LUMBAR_DISCS:
        parts[f"level: {level}"] = [d for d in discs if d.level == level]
    kinds = ("disc_narrowing", "disc_bulging", "endplate_upper", "endplate_lower", "modic")
    lines = [
        "| group | patients | discs | Pfirrmann kappa | "
        + " | ".join(f"{kind} AUROC" for kind in kinds)
        + " |",
        "| --- " * (4 + len(kinds)) + "|",
    ]
    for name, own in parts.items():
        patients = [d.patient for d in own]
        cells = [_cell(patients, _kappa(own) if len(set(patients)) >= FEWEST else None)]
        cells += [
            _cell(patients, _area(own, kind) if len(set(patients)) >= FEWEST else None)
            for kind in kinds
        ]
        lines.append(f"| {name} | {len(set(patients))} | {len(own)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(patients: list[int], figure: Callable[[Rows], float] | None) -> str:
    if figure is None:
        return "too few"
    low, high = marks.interval(patients, figure)
    value = figure(np.arange(len(patients)))
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def numbering(shared: Path, seen: Mapping[int, Patient]) -> str:
    """Studies that are rightly numbered, by group and level, as a Markdown table.

    A level is right where its disc was found in its place. Intervals are exact (Clopper and
    Pearson): where all are right, a bootstrap would tell no doubt.
    """
    rows = [
        (name, [seen[patient].numbered for patient in own])
        for name, own in parted(shared, seen).items()
    ]
    rows += [
        (f"level: {level}", [level not in one.wrong for one in seen.values()])
        for level in LUMBAR_DISCS
    ]
    lines = ["| group | patients | right | 95 % interval |", "| --- " * 4 + "|"]
    for name, right in rows:
        ends = stats.binomtest(sum(right), len(right)).proportion_ci(0.95, "exact")
        lines.append(
            f"| {name} | {len(right)} | {sum(right)} | {ends.low:.2f} to {ends.high:.2f} |"
        )
    return "\n".join(lines)


def sensitivities(shared: Path, seen: Mapping[int, Patient], specificity: float = 0.9) -> str:
    """Sensitivity at a specificity for every binary kind, as a Markdown table.

    The line is drawn on the same discs, as an AUROC is: it says what the order of the discs
    allows, not what a threshold that was set before would give.
    """
    discs = discs_of(shared, seen)
    lines = ["| finding | discs with it | sensitivity | 95 % interval |", "| --- " * 4 + "|"]
    patients = [d.patient for d in discs]
    for kind in (*BINARY, "modic"):
        present = np.array([_present(d, kind) for d in discs])
        chance = np.array([d.chance(kind) for d in discs])

        def figure(
            r: Rows, p: npt.NDArray[np.bool_] = present, c: npt.NDArray[np.float64] = chance
        ) -> float:
            without, having = c[r][~p[r]], c[r][p[r]]
            if not len(without) or not len(having):
                return float("nan")
            return float(np.mean(having > np.quantile(without, specificity)))

        low, high = marks.interval(patients, figure)
        value = figure(np.arange(len(discs)))
        lines.append(f"| {kind} | {present.sum()} | {value:.2f} | {low:.2f} to {high:.2f} |")
    return "\n".join(lines)


def risk_coverage(shared: Path, seen: Mapping[int, Patient]) -> str:
    """How often a statement is right when only the surest are made, as a Markdown table."""
    discs = discs_of(shared, seen)
    lines = [
        "| right among the surest | " + " | ".join(f"{c:.0%}" for c in COVERAGES) + " |",
        "| --- " * (1 + len(COVERAGES)) + "|",
    ]
    for kind in ("pfirrmann", "modic", *BINARY):
        own = [d for d in discs if (o := d.said.get(kind)) is not None and o.probabilities]
        if kind == "pfirrmann":
            sure = [max(d.said[kind].probabilities.values()) for d in own]
            right = [d.grade() == d.grading.pfirrmann for d in own]
        else:
            sure = [max(d.chance(kind), 1 - d.chance(kind)) for d in own]
            right = [(d.chance(kind) >= 0.5) == _present(d, kind) for d in own]
        order = np.argsort(-np.array(sure), kind="stable")
        sorted_right = np.array(right, float)[order]
        cells = [
            f"{sorted_right[: max(1, round(share * len(own)))].mean():.0%}" for share in COVERAGES
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)
