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
from finetune import spider
from radixgpt.eligibility import Eligibility
from radixgpt.finding import ABSENT, PRESENT
from radixgpt.level import LUMBAR_DISCS
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


def look(shared: Path, patient: int, only: str | None = None) -> Patient:
    """Run levels and classifier on one patient, and compare the discs with the centres by eye."""
    study, eligible = study_of(shared, patient, only)
    found = levels.run(study, eligible)
    graded = classifier.run(study, eligible, found)
    by_eye = spider.points()
    own = next((n for n in (f"{patient}_t2", f"{patient}_t2_SPACE") if n in by_eye), "")
    wrong = []
    view = next((v for v in levels.views(study, eligible) if v.series.key == eligible.t2), None)
    if own and view is not None:
        for level in LUMBAR_DISCS:
            if level not in by_eye[own]:
                continue
            place = view.framed.to_frame([by_eye[own][level]])[0]
            disc = view.disc(LUMBAR_DISCS[::-1].index(level))
            near = disc is not None and np.hypot(*(disc.centre - place)) < 0.45 * disc.length
            if not near:
                wrong.append(level)
    return Patient(patient, [*found, *graded], not wrong, wrong)


def mark(shared: Path, patients: tuple[int, ...], only: str | None = None) -> dict[str, object]:
    """All figures, each with its 95 % interval by patient and its trivial baseline."""
    seen = {p: look(shared, p, only) for p in patients}
    # One row for each graded lumbar disc; a disc without a statement has the prior's.
    truth = [g for g in spider.gradings(shared) if g.patient in seen and g.disc in LUMBAR_DISCS]
    train, _ = spider.split(shared)
    prior = [g for g in spider.gradings(shared) if g.patient in train and g.disc in LUMBAR_DISCS]
    said = {(p, o.level, o.kind): o for p, one in seen.items() for o in one.observations}
    studies = [g.patient for g in truth]
    rows: dict[str, object] = {}

    def add(name: str, figure: Callable[[npt.NDArray[np.intp]], float], baseline: float) -> None:
        everything = np.arange(len(truth))
        low, high = marks.interval(studies, figure)
        rows[name] = {
            "value": round(figure(everything), 3),
            "low": round(low, 3),
            "high": round(high, 3),
            "baseline": round(baseline, 3),
        }

    add(
        "five discs found and rightly numbered (studies)",
        lambda r: float(np.mean([seen[p].numbered for p in dict.fromkeys(np.take(studies, r))])),
        0.0,
    )
    grade = np.array([g.pfirrmann for g in truth])
    usual = Counter(g.pfirrmann for g in prior).most_common(1)[0][0]
    if only != "t1":
        expected = np.array([_expected(said.get((g.patient, g.disc, "pfirrmann"))) for g in truth])
        stated = np.round(expected).astype(int)
        add(
            "Pfirrmann quadratic kappa",
            lambda r: marks.quadratic_kappa(grade[r] - 1, stated[r] - 1, 5),
            0.0,
        )
        add(
            "Pfirrmann within one",
            lambda r: marks.within_one(grade[r], stated[r]),
            marks.within_one(grade, np.full_like(grade, usual)),
        )
        add(
            "Pfirrmann balanced accuracy",
            lambda r: marks.balanced_accuracy(grade[r], stated[r]),
            0.2,
        )
        sure = np.array([_confidence(said.get((g.patient, g.disc, "pfirrmann"))) for g in truth])
        add(
            "Pfirrmann ECE",
            lambda r: marks.expected_calibration_error(sure[r], grade[r] == stated[r]),
            float("nan"),
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
        add(f"{kind} AUROC", lambda r, p=present, c=chance: marks.auroc(p[r], c[r]), 0.5)  # type: ignore[misc]
        add(
            f"{kind} ECE",
            lambda r, p=present, c=chance: marks.expected_calibration_error(  # type: ignore[misc]
                np.maximum(c[r], 1 - c[r]), (c[r] >= 0.5) == p[r]
            ),
            float("nan"),
        )
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
        "wrongly numbered": {str(p): one.wrong for p, one in seen.items() if one.wrong},
    }


def _expected(said: Observation | None) -> float:
    if said is None or not said.probabilities:
        return 3.0
    return sum(int(grade) * chance for grade, chance in said.probabilities.items())


def _confidence(said: Observation | None) -> float:
    if said is None or not said.probabilities:
        return 0.2
    return said.probabilities[str(round(_expected(said)))]


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
    lines = ["| figure | value | 95 % interval | baseline |", "| --- | --- | --- | --- |"]
    for name, f in figures.items():
        if name.startswith(wanted):
            base = "" if math.isnan(f["baseline"]) else f"{f['baseline']:.3f}"
            lines.append(
                f"| {name} | {f['value']:.3f} | {f['low']:.3f} to {f['high']:.3f} | {base} |"
            )
    return "\n".join(lines)


def write_cards(results: dict[str, dict[str, object]]) -> None:
    """Write ``card.md`` of both weights from their templates and the figures."""
    both = results["both"]
    wrong = both["wrongly numbered"]
    abstained = both["abstained"]
    assert isinstance(wrong, dict)
    assert isinstance(abstained, dict)
    numbered = "five discs"
    here = Path(__file__).parent
    members = classifier.models()
    grades = dict(both, figures={k: v for k, v in _figures(both) if not k.startswith(numbered)})
    values = {
        "patients": both["patients"],
        "wrong": "; ".join(f"patient {p} ({', '.join(v)})" for p, v in wrong.items()) or "none",
        "abstained": ", ".join(f"{k} {v:.1%}" for k, v in abstained.items()),
        "members": len(members),
    }
    for name, own in (
        (
            "levels",
            {
                "figures": rows_of(both, numbered),
                "parameters": _millions(levels.model()),
            },
        ),
        (
            "classifier",
            {
                "figures": rows_of(grades),
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
    regimes = (("both", None), ("t2", "t2"), ("t1", "t1"))
    results = {
        name: mark(options.shared, development, only)
        for name, only in track(regimes, "Marking", console=console)
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
