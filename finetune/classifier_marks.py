"""Mark levels and grades on the development patients, from image to statement.

Nothing is given to the tools but the slices: discs that are not found, or are given the wrong
level, count against the grades. Run ``python -m finetune.classifier_marks``; ``--cards`` writes the
model cards, ``--json`` is for machines.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from eval import grades as marks
from finetune import spider, to_beat
from radixgpt.eligibility import Eligibility
from radixgpt.finding import ABSENT, PRESENT
from radixgpt.level import LUMBAR_DISCS, disc_index
from radixgpt.observation import Observation
from radixgpt.study import Modality, Plane, Sequence, Series, Study
from radixgpt.weights import WEIGHTS
from tools import classifier, levels

BINARY = {
    "disc_narrowing": "narrowing",
    "disc_bulging": "bulging",
    "disc_herniation": "herniation",
    "endplate_upper": "endplate_upper",
    "endplate_lower": "endplate_lower",
    "spondylolisthesis": "spondylolisthesis",
}


@dataclass
class Patient:
    """What the tools said of one patient, and where the discs really are."""

    number: int
    observations: list[Observation]
    numbered: bool
    wrong: list[str]
    sequences: frozenset[str]
    uncertain: bool
    """Whether the numbering was called uncertain."""


def study_of(shared: Path, patient: int, only: str | None = None) -> tuple[Study, Eligibility]:
    """The staged mid-sagittal slices of one patient as a study (T2 SPACE where TSE T2 lacks)."""
    series: list[Series] = []
    chosen: dict[Sequence, str] = {}
    t2 = "t2" if spider.image(shared, f"{patient}_t2") is not None else "t2_SPACE"
    for name, sequence in ((t2, Sequence.T2), ("t1", Sequence.T1)):
        pixels = spider.image(shared, f"{patient}_{name}")
        if pixels is None or (only and sequence != only):
            continue
        key = f"s{len(series) + 1}"
        chosen[sequence] = key
        series.append(
            Series(
                key,
                pixels[None].astype(np.float32),
                modality=Modality.MR,
                plane=Plane.SAGITTAL,
                sequence=sequence,
            )
        )
    eligible = Eligibility(
        True,
        t1=chosen.get(Sequence.T1),
        t2=chosen.get(Sequence.T2),
        mid_slices={s.key: 0 for s in series},
    )
    return Study(f"patient-{patient}", tuple(series)), eligible


def wrong_levels(
    shared: Path, patient: int, study: Study, eligible: Eligibility, shift: int
) -> list[str]:
    """Lumbar discs that are not within their own length of the centre set by eye in the T2."""
    by_eye = spider.points()
    own = next((n for n in (f"{patient}_t2", f"{patient}_t2_SPACE") if n in by_eye), None)
    view = next((v for v in levels.views(study, eligible) if v.series.key == eligible.t2), None)
    if own is None or view is None:
        return []
    wrong = []
    for level in LUMBAR_DISCS:
        if level not in by_eye[own]:
            continue
        centre = view.framed.to_frame([by_eye[own][level]])[0]
        place = disc_index(level) - shift
        disc = view.disc(place) if place >= 0 else None
        if disc is None or np.hypot(*(disc.centre - centre)) > 0.45 * disc.length:
            wrong.append(level)
    return wrong


def look(shared: Path, patient: int, only: str | None = None, *, renumber: bool = False) -> Patient:
    """Run levels and classifier on one patient, and compare the discs with the centres by eye.

    ``renumber`` shifts the levels first where they are wrong, as a reader would.
    """
    study, eligible = study_of(shared, patient, only)
    wrong = wrong_levels(shared, patient, study, eligible, 0)
    shift = 0
    if wrong and renumber:
        shifts = (0, 1, -1)
        shift = min(shifts, key=lambda k: len(wrong_levels(shared, patient, study, eligible, k)))
    found = levels.run(study, eligible, shift=shift)
    graded = classifier.run(study, eligible, found)
    sequences = frozenset(str(s.sequence) for s in study.series)
    uncertain = any(o.kind == "numbering" and o.status == "indeterminate" for o in found)
    return Patient(patient, [*found, *graded], not wrong, wrong, sequences, uncertain)


def mark(
    shared: Path, patients: tuple[int, ...], only: str | None = None, *, renumber: bool = False
) -> dict[str, object]:
    """All figures, each with its 95 % interval by patient and its trivial baseline."""
    seen = {p: look(shared, p, only, renumber=renumber) for p in patients}
    # One row for each graded lumbar disc; a disc without a statement has the prior's.
    truth = [g for g in spider.gradings(shared) if g.patient in seen and g.disc in LUMBAR_DISCS]
    train, _ = spider.split(shared)
    prior = [g for g in spider.gradings(shared) if g.patient in train and g.disc in LUMBAR_DISCS]
    said = {(p, o.level, o.kind): o for p, one in seen.items() for o in one.observations}
    studies = [g.patient for g in truth]
    rows: dict[str, object] = {}

    def able(needs: set[str]) -> npt.NDArray[np.intp]:
        # A patient without the needed sequences is "not assessable", which is no grade to mark.
        return np.flatnonzero([needs <= seen[g.patient].sequences for g in truth])

    def add(
        name: str,
        figure: Callable[[npt.NDArray[np.intp]], float],
        baseline: float,
        kept: npt.NDArray[np.intp] | None = None,
    ) -> None:
        chosen = np.arange(len(truth)) if kept is None else kept
        own = [studies[i] for i in chosen]
        low, high = marks.interval(own, lambda drawn: figure(chosen[drawn]))
        rows[name] = {
            "value": round(figure(chosen), 3),
            "low": round(low, 3),
            "high": round(high, 3),
            "baseline": round(baseline, 3),
            "patients": len(set(own)),
        }

    add(
        "five discs found and rightly numbered (studies)",
        lambda r: float(np.mean([seen[p].numbered for p in np.take(studies, r)])),
        0.0,
    )
    grade = np.array([g.pfirrmann for g in truth])
    usual = Counter(g.pfirrmann for g in prior).most_common(1)[0][0]
    if only != "t1":
        kept = able({"t2"})
        stated = np.array([_stated(said.get((g.patient, g.disc, "pfirrmann"))) for g in truth])
        add(
            "Pfirrmann quadratic kappa",
            lambda r: marks.quadratic_kappa(grade[r] - 1, stated[r] - 1, 5),
            0.0,
            kept,
        )
        add(
            "Pfirrmann within one",
            lambda r: marks.within_one(grade[r], stated[r]),
            marks.within_one(grade[kept], np.full_like(grade[kept], usual)),
            kept,
        )
        add(
            "Pfirrmann balanced accuracy",
            lambda r: marks.balanced_accuracy(grade[r], stated[r]),
            0.2,
            kept,
        )
        sure = np.array([_confidence(said.get((g.patient, g.disc, "pfirrmann"))) for g in truth])
        add(
            "Pfirrmann ECE",
            lambda r: marks.expected_calibration_error(sure[r], grade[r] == stated[r]),
            float("nan"),
            kept,
        )
    for kind, column in (("modic", "modic"), *BINARY.items()):
        if kind == "modic":
            if only:
                continue
            present = np.array([g.modic > 0 for g in truth])
            base = float(np.mean([g.modic > 0 for g in prior]))
        else:
            present = np.array([g.binary[column] == 1 for g in truth])
            base = float(np.mean([g.binary[column] for g in prior]))
        chance = np.array([_chance(said.get((g.patient, g.disc, kind)), base) for g in truth])
        kept = able({"t1", "t2"} if kind == "modic" else set())

        def area(
            r: npt.NDArray[np.intp],
            p: npt.NDArray[np.bool_] = present,
            c: npt.NDArray[np.float64] = chance,
        ) -> float:
            return marks.auroc(p[r], c[r])

        def error(
            r: npt.NDArray[np.intp],
            p: npt.NDArray[np.bool_] = present,
            c: npt.NDArray[np.float64] = chance,
        ) -> float:
            sure = np.maximum(c[r], 1 - c[r])
            return marks.expected_calibration_error(sure, (c[r] >= 0.5) == p[r])

        add(f"{kind} AUROC", area, 0.5, kept)
        add(f"{kind} ECE", error, float("nan"), kept)
    graded = [o for one in seen.values() for o in one.observations if o.tool == classifier.TOOL]
    abstained = {
        kind: round(
            float(np.mean([o.status == "indeterminate" for o in graded if o.kind == kind])), 3
        )
        for kind in ("pfirrmann", "modic", *BINARY)
    }
    return {
        "patients": len(patients),
        "discs": len(truth),
        "figures": rows,
        "abstained": abstained,
        "called uncertain": {
            name: f"{sum(one.uncertain for one in some)} of {len(some)}"
            for name, some in (
                ("wrong", [one for one in seen.values() if not one.numbered]),
                ("right", [one for one in seen.values() if one.numbered]),
            )
        },
        "wrongly numbered": {str(p): one.wrong for p, one in seen.items() if one.wrong},
    }


def _stated(said: Observation | None) -> int:
    """The likeliest grade, also where the tool would rather not say; 3 without a statement."""
    if said is None or not said.probabilities:
        return 3
    return int(max(said.probabilities, key=lambda grade: said.probabilities[grade]))


def _confidence(said: Observation | None) -> float:
    if said is None or not said.probabilities:
        return 0.2
    return max(said.probabilities.values())


def _chance(said: Observation | None, otherwise: float) -> float:
    if said is None or not said.probabilities:
        return otherwise
    if said.kind == "modic":
        return 1 - said.probabilities["0"]
    assert set(said.probabilities) == {ABSENT, PRESENT}
    return said.probabilities[PRESENT]


def rows_of(result: dict[str, object], wanted: str = "") -> str:
    """The figures as a Markdown table; ``wanted`` keeps those whose name begins with it."""
    figures = result["figures"]
    assert isinstance(figures, dict)
    lines = [
        "| figure | patients | value | 95 % interval | baseline |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, f in figures.items():
        if name.startswith(wanted):
            base = "" if math.isnan(f["baseline"]) else f"{f['baseline']:.3f}"
            lines.append(
                f"| {name} | {f['patients']} | {f['value']:.3f} "
                f"| {f['low']:.3f} to {f['high']:.3f} | {base} |"
            )
    return "\n".join(lines)


AIMS = {
    "spondylolisthesis AUROC": 0.85,
    "Pfirrmann quadratic kappa": 0.75,
    "Pfirrmann within one": 0.95,
    "disc_narrowing AUROC": 0.88,
    "disc_bulging AUROC": 0.88,
    "modic AUROC": 0.85,
}
"""The least that was aimed at."""
CALIBRATION_AIM = 0.08
"""The largest expected calibration error that was aimed at."""


def aims(result: dict[str, object]) -> str:
    """Which aims are met and which are missed, as one sentence."""
    met: list[str] = []
    missed: list[str] = []
    for name, f in _figures(result):
        if name in AIMS:
            (met if f["value"] >= AIMS[name] else missed).append(f"{name} {f['value']:.3f}")
        elif name.endswith("ECE"):
            (met if f["value"] <= CALIBRATION_AIM else missed).append(f"{name} {f['value']:.3f}")
    return f"met by {', '.join(met) or 'none'}; missed by {', '.join(missed) or 'none'}."


def write_cards(results: dict[str, dict[str, object]]) -> None:
    """Write ``card.md`` of both weights from their templates and the figures."""
    both = results["both"]
    wrong = both["wrongly numbered"]
    abstained = both["abstained"]
    assert isinstance(wrong, dict)
    assert isinstance(abstained, dict)
    uncertain = both["called uncertain"]
    assert isinstance(uncertain, dict)
    numbered = "five discs"
    here = Path(__file__).parent
    members = classifier.models()
    grades = dict(both, figures={k: v for k, v in _figures(both) if not k.startswith(numbered)})
    values = {
        "patients": both["patients"],
        "wrong": "; ".join(f"patient {p} ({', '.join(v)})" for p, v in wrong.items()) or "none",
        "abstained": ", ".join(f"{k} {v:.1%}" for k, v in abstained.items()),
        "members": len(members),
        "aims": aims(both),
    }
    for name, own in (
        (
            "levels",
            {
                "figures": rows_of(both, numbered),
                "uncertain_wrong": uncertain["wrong"],
                "uncertain_right": uncertain["right"],
                "parameters": _millions(levels.model()),
            },
        ),
        (
            "classifier",
            {
                "figures": rows_of(grades),
                "to_beat": to_beat.beside(dict(_figures(grades))),
                "figures_renumbered": rows_of(_without(results["renumbered"], numbered)),
                "figures_t2": rows_of(_without(results["t2"], numbered)),
                "figures_t1": rows_of(_without(results["t1"], numbered)),
                "parameters": _millions(members[0]),
            },
        ),
    ):
        text = (here / f"{name}_card.md").read_text(encoding="utf-8")
        for key, value in {**values, **own}.items():
            text = text.replace("{" + key + "}", str(value))
        (WEIGHTS / name / "card.md").write_text(text, encoding="utf-8")


def _figures(result: dict[str, object]) -> list[tuple[str, dict[str, float]]]:
    figures = result["figures"]
    assert isinstance(figures, dict)
    return list(figures.items())


def _without(result: dict[str, object], name: str) -> dict[str, object]:
    return dict(result, figures={k: v for k, v in _figures(result) if not k.startswith(name)})


def _millions(model: torch.nn.Module) -> str:
    return f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f}"


def main() -> None:
    """Print the marks."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.progress import track

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cards", action="store_true", help="write the model cards")
    options = parser.parse_args()
    torch.set_num_threads(2)
    _, development = spider.split(options.shared)
    console = Console(stderr=True)
    regimes = (
        ("both", None, False),
        ("renumbered", None, True),
        ("t2", "t2", True),
        ("t1", "t1", True),
    )
    results = {
        name: mark(options.shared, development, only, renumber=renumber)
        for name, only, renumber in track(regimes, "Marking", console=console)
    }
    if options.cards:
        write_cards(results)
    if options.json:
        print(json.dumps(results, indent=1))
        return
    for name, result in results.items():
        rest = {k: v for k, v in result.items() if k != "figures"}
        console.print(Markdown(f"# {name}\n\n{rows_of(result)}\n\n{rest}"))


if __name__ == "__main__":
    main()
