"""One row a graded lumbar disc: what was measured of it, and how it was graded.

The rows are the gradings, not what the tools found: a disc that was not found, or was given another
level, has no measures of its own and counts against the models like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from data.explore.tables import is_positive
from radixgpt.case import Case, StatedFinding
from radixgpt.errors import CaseError
from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS, disc_index

if TYPE_CHECKING:
    import pandas as pd

SHAPE = (
    "disc_height_index",
    "height_to_own_median",
    "length_to_depth",
    "canal_ratio",
    "slip_ratio",
)
"""Measures of shape: the mean over the series of a case that show the disc."""
SIGNAL = ("signal_to_canal", "signal_to_vertebra", "signal_spread")
"""Measures of signal, which mean something else in each contrast."""
CONTRASTS: dict[str, tuple[str, ...]] = {"t2": ("t2", "t2_space"), "t1": ("t1",)}
"""Contrast to the sequences that show it, the preferred one first."""
MEASURED = (*SHAPE, "slip_size", *(f"{c}_{name}" for c in CONTRASTS for name in SIGNAL))
"""Measured features of a disc; ``slip_size`` is the slip without its direction."""
PATIENT = ("sex_male", "age_years")
"""Features of a patient; nan where a source does not tell."""
LEVEL = "level_index"
"""Discs above L5-S1."""
FEATURES = (*MEASURED, LEVEL, *PATIENT)
TITLES = {
    "disc_height_index": "disc height",
    "height_to_own_median": "height to own median",
    "length_to_depth": "disc length",
    "canal_ratio": "canal",
    "slip_ratio": "slip",
    "slip_size": "size of slip",
    "t2_signal_to_canal": "T2 to canal",
    "t2_signal_to_vertebra": "T2 to vertebra",
    "t2_signal_spread": "T2 spread",
    "t1_signal_to_canal": "T1 to canal",
    "t1_signal_to_vertebra": "T1 to vertebra",
    "t1_signal_spread": "T1 spread",
    "level_index": "level",
    "sex_male": "sex",
    "age_years": "age",
}
"""Features in words: lengths over the vertebral depth, signals over another tissue's."""
_NEEDED = ("case", "image", "sequence", "level", *SHAPE, *SIGNAL)
_SPLITS = ("train", "development")


@dataclass(frozen=True, eq=False)
class Discs:
    """The graded discs.

    Attributes:
        rows: ``case``, ``patient``, ``split`` (train or development), ``level``, ``measured``
            (whether the disc was found), the FEATURES, and for each finding its grade as a float,
            nan where the disc was not graded for it.
        findings: kinds that at least one row has a grade of, in the order of a report.
        features: those that can be used.
        left_out: features that can't, and why.
        notes: what else a reader should know.
    """

    rows: pd.DataFrame
    findings: tuple[str, ...]
    features: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def build(cases: Iterable[Case], measured: pd.DataFrame) -> Discs:
    """Join gradings and measures.

    Args:
        cases: with gradings and a split; cases without a graded lumbar disc, and those kept for
            the final test, are passed over.
        measured: a row a disc and image, as ``tools.measures`` makes it.

    Raises:
        CaseError: the table lacks a column, no case has a graded disc or a split, two gradings
            of a disc contradict each other, or no graded disc was measured.
    """
    import pandas as pd

    lacking = [name for name in _NEEDED if name not in measured.columns]
    if lacking:
        raise CaseError(
            f"The table of measures lacks {', '.join(lacking)}.",
            "Delete the folder of measures; it is made again.",
        )
    rows: list[dict[str, Any]] = []
    unsplit = graded = 0
    for case in cases:
        found = _gradings(case)
        graded += bool(found)
        unsplit += bool(found) and case.split is None
        if not found or case.split not in _SPLITS:
            continue
        common = {
            "case": case.id,
            "patient": case.patient,
            "split": case.split,
            **_of_patient(case),
        }
        rows += [{**common, "level": level, **grades} for level, grades in found.items()]
    if not rows:
        if unsplit:
            raise CaseError("The graded cases have no split.", "Split them: radixgpt data split.")
        raise CaseError(
            "No case for training has a graded lumbar disc."
            if graded
            else "No case has a graded lumbar disc.",
            "Gather a set with gradings, such as spider, and map it.",
        )
    frame = pd.DataFrame(rows)
    frame[LEVEL] = frame["level"].map(disc_index).astype(float)
    frame = frame.merge(_features(measured), on=["case", "level"], how="left")
    frame["measured"] = frame["measured"].eq(True)
    frame = frame.sort_values(["case", LEVEL], kind="stable", ignore_index=True)
    findings = tuple(kind for kind in GRADED if kind in frame.columns)
    for name in (*FEATURES, *findings):
        frame[name] = frame[name].astype(float) if name in frame else np.nan
    if not frame["measured"].any():
        raise CaseError(
            f"None of the {len(frame)} graded discs was found in the images{_reasons(measured)}.",
            "See that the images are there and show a sagittal lumbar spine.",
        )
    left_out = _unusable(frame)
    notes = []
    unseen = _reasons(measured[measured["case"].isin(frame["case"])])
    if unseen:
        notes.append(f"Images without measures{unseen}.")
    lost = int((~frame["measured"]).sum())
    if lost:
        notes.append(
            f"{lost} of {len(frame)} graded discs were not found by the tools under their level; "
            "their measures are unknown."
        )
    if unsplit:
        notes.append(f"{unsplit} graded cases have no split and were left out.")
    return Discs(
        frame, findings, tuple(f for f in FEATURES if f not in left_out), left_out, tuple(notes)
    )


def _reasons(measured: pd.DataFrame) -> str:
    """Why images have no measures, with their number, as the end of a sentence."""
    if "reason" not in measured.columns:
        return ""
    counts = measured["reason"].dropna().value_counts().sort_index()
    return (
        f" ({', '.join(f'{reason}: {n}' for reason, n in counts.items())})" if len(counts) else ""
    )


def _gradings(case: Case) -> dict[str, dict[str, float]]:
    """Grades by lumbar disc; of statements in a text none, as a grader did not make them."""
    found: dict[str, dict[str, float]] = {}
    for finding in case.findings:
        if finding.level not in LUMBAR_DISCS or finding.kind not in GRADED or finding.section:
            continue
        grade = grade_of(finding)
        if grade is None:
            continue
        of_disc = found.setdefault(finding.level, {})
        if of_disc.setdefault(finding.kind, grade) != grade:
            raise CaseError(
                f"Case {case.id} has two different grades of {finding.kind} at {finding.level}.",
                "Keep the right one.",
            )
    return found


def grade_of(finding: StatedFinding) -> float | None:
    """The grade as a number: Pfirrmann 1 to 5, else 0 absent (no Modic change) or 1 present.

    Returns:
        None where the grading leaves it open.
    """
    if finding.kind == "pfirrmann":
        known = finding.value in KINDS["pfirrmann"].values and finding.assertion == "present"
        return float(finding.value) if known and finding.value is not None else None
    positive = is_positive(finding)
    return None if positive is None else float(positive)


def _of_patient(case: Case) -> dict[str, float]:
    sex = str(case.facts.get("sex") or "").strip().upper()[:1]
    age = case.facts.get("age_years")
    return {
        "sex_male": {"M": 1.0, "F": 0.0}.get(sex, np.nan),
        "age_years": float(age) if isinstance(age, int | float) else np.nan,
    }


def _features(measured: pd.DataFrame) -> pd.DataFrame:
    """A row a case and level: shape averaged over series, signal by contrast."""
    known = measured[measured["level"].notna()].copy()
    for name in (*SHAPE, *SIGNAL):
        known[name] = known[name].astype(float)
    place = {s: (c, k) for c, names in CONTRASTS.items() for k, s in enumerate(names)}
    known = known[known["sequence"].isin(list(place))]
    known["contrast"] = [place[s][0] for s in known["sequence"]]
    known["preference"] = [place[s][1] for s in known["sequence"]]
    # One series a contrast: the preferred sequence, then the one that shows most discs.
    shown = known.groupby(["case", "image"])["level"].transform("size")
    known = known.assign(shown=-shown).sort_values(
        ["case", "contrast", "preference", "shown", "image"], kind="stable"
    )
    first = known.groupby(["case", "contrast"])["image"].transform("first")
    chosen = known[known["image"] == first]
    keys = ["case", "level"]
    shape = chosen.groupby(keys)[list(SHAPE)].mean()
    shape["slip_size"] = shape["slip_ratio"].abs()
    parts: list[pd.DataFrame | pd.Series[float]] = []
    for contrast in CONTRASTS:
        of_contrast = chosen[chosen["contrast"] == contrast].drop_duplicates(keys)
        parts.append(of_contrast.set_index(keys)[list(SIGNAL)].add_prefix(f"{contrast}_"))
    joined = shape.join(parts, how="outer")
    return joined.assign(measured=True).reset_index()


def _unusable(frame: pd.DataFrame) -> dict[str, str]:
    """Features that tell nothing in training, and why."""
    training = frame[frame["split"] == "train"]
    reasons: dict[str, str] = {}
    for name in FEATURES:
        values = training[name].dropna()
        if not len(values):
            reasons[name] = "never known"
        elif values.nunique() == 1:
            reasons[name] = "the same in every disc"
    return reasons


def is_graded(case: Case) -> bool:
    """Whether a case has a graded lumbar disc, so that its images are worth measuring."""
    return any(
        f.level in LUMBAR_DISCS and f.kind in GRADED and not f.section for f in case.findings
    )


def patients(rows: pd.DataFrame) -> Sequence[str]:
    """The patients of some rows, in order of name."""
    return sorted(map(str, rows["patient"].unique()))
