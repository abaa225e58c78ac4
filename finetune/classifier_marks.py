"""Mark levels and grades on the development patients, from image to statement.

Nothing is given to the tools but the slices: discs that are not found, or are given the wrong
level, count against the grades. Run ``python -m finetune.classifier_marks``; ``--cards`` writes the
model cards, ``--json`` is for machines.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from eval import grades as marks
from finetune import ablation, classifier_card, spider
from finetune.classifier_look import BINARY, Patient, look
from radixgpt.finding import ABSENT, PRESENT
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation
from tools import classifier


def mark(shared: Path, seen: Mapping[int, Patient], only: str | None = None) -> dict[str, object]:
    """All figures, each with its 95 % interval by patient and its trivial baseline.

    Args:
        shared: the staged data.
        seen: what was said of each patient.
        only: the one sequence that was shown, ``t1`` or ``t2``.
    """
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
        "patients": len(seen),
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


def main() -> None:
    """Print the marks."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.progress import track

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cards", action="store_true", help="write the model cards")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    _, development = spider.split(options.shared)
    console = Console(stderr=True)
    regimes = (
        ("both", None, False),
        ("renumbered", None, True),
        ("t2", "t2", True),
        ("t1", "t1", True),
    )
    results: dict[str, dict[str, object]] = {}
    as_it_comes: dict[int, Patient] = {}
    for name, only, renumber in track(regimes, "Marking", console=console):
        seen = {p: look(options.shared, p, only, renumber=renumber) for p in development}
        as_it_comes = as_it_comes or seen
        results[name] = mark(options.shared, seen, only)
    if options.cards:
        classifier_card.write_cards(results, options.shared, as_it_comes, ablation.table())
    if options.json:
        print(json.dumps(results, indent=1))
        return
    for name, result in results.items():
        rest = {k: v for k, v in result.items() if k != "figures"}
        console.print(Markdown(f"# {name}\n\n{classifier_card.rows_of(result)}\n\n{rest}"))


if __name__ == "__main__":
    main()
