"""Everything about the baselines in one go: from cases and measures to figures."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np

from data.baselines.associations import REFERENCE, associate
from data.baselines.folds import FOLDS, LEAST_PATIENTS, NotEstimable
from data.baselines.learn import (
    Learned,
    Task,
    importance,
    learn,
    learning_curve,
    task,
)
from data.baselines.marks import Mark, Split, curve, mark
from data.baselines.models import Floats, models_for
from data.baselines.table import Discs, build, patients
from data.baselines.threads import one_thread
from radixgpt import __version__
from radixgpt.case import Case
from radixgpt.errors import CaseError, MissingPackageError

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "radixgpt-baselines/1"
Say = Callable[[str, int, int], None]
Document = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Baselines:
    """What was learned.

    Attributes:
        document: everything, as JSON can hold it.
        marks: the rows of the table.
    """

    document: Document
    marks: tuple[Mark, ...]

    def csv(self) -> str:
        """The table that trained networks have to beat; an empty value has a reason."""
        import pandas as pd

        columns = list(Mark.__dataclass_fields__)
        table = pd.DataFrame([m.as_row() for m in self.marks], columns=columns)
        table["positive"] = table["positive"].astype("Int64")
        return str(table.to_csv(index=False, lineterminator="\n"))


def run(
    cases: Iterable[Case],
    measured: pd.DataFrame,
    *,
    sha256: str = "",
    seed: int = 0,
    jobs: int | None = None,
    say: Say = lambda _what, _done, _total: None,
) -> Baselines:
    """Learn and mark the baselines of every graded finding.

    Args:
        cases: with gradings and a split.
        measured: a row a disc and image, as ``tools.measures`` makes it.
        sha256: of the file of cases, for the record.
        seed: of folds, models and resampling; equal input and seed give equal figures, whatever
            the number of jobs.
        jobs: processes; as many as there are processors if None.
        say: told what is done, how much of it, and of how much.

    Raises:
        CaseError: nothing can be learned from these cases.
        MissingPackageError: scikit-learn or statsmodels is not installed.
    """
    _needs_packages()
    discs = build(cases, measured)
    done: dict[str, tuple[Document, list[Mark]]] = {}
    say("Learning baselines", 0, len(discs.findings))
    for finding, document, marks in _each(discs, seed, jobs):
        done[finding] = (document, marks)
        say("Learning baselines", len(done), len(discs.findings))
    with one_thread():
        associations = {a.finding: asdict(a) for a in associate(discs, discs.findings)}
    document = {
        "format": FORMAT,
        "radixgpt": __version__,
        "seed": seed,
        "data": {"cases_sha256": sha256, **_about(discs)},
        "settings": {
            "folds": FOLDS,
            "least_patients": LEAST_PATIENTS,
            "reference_level": REFERENCE,
        },
        "findings": {
            finding: {**done[finding][0], "associations": associations[finding]}
            for finding in discs.findings
        },
    }
    rows = tuple(m for finding in discs.findings for m in done[finding][1])
    return Baselines({**document, "marks": [m.as_row() for m in rows]}, rows)


def _each(discs: Discs, seed: int, jobs: int | None) -> Iterator[tuple[str, Document, list[Mark]]]:
    """The findings as they are done."""
    count = min(jobs or os.cpu_count() or 1, len(discs.findings))
    work = partial(of_finding, discs, seed=seed)
    if count <= 1:
        yield from map(work, discs.findings)
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(work, finding) for finding in discs.findings]
        try:
            for finished in as_completed(waiting):
                yield finished.result()
        except BrokenProcessPool as error:
            raise CaseError(
                "A process of the baselines was ended from outside.",
                "Free some memory, or use one process: --jobs 1.",
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def of_finding(discs: Discs, finding: str, *, seed: int) -> tuple[str, Document, list[Mark]]:
    """Learn and mark one finding."""
    with one_thread():
        one = task(discs, finding, seed)
        document: Document = {"grades": one.count, "counts": _counts(one), "reason": ""}
        try:
            learned: Mapping[str, Learned | str] = learn(one)
        except NotEstimable as reason:
            document["reason"] = str(reason)
            learned = dict.fromkeys(models_for(one.count), str(reason))
        there = any(not isinstance(found, str) for found in learned.values())
        document["calibration"] = _calibration(one, learned)
        document["learning_curve"] = learning_curve(one, learned) if there else []
        document["importance"] = importance(one, learned) if there else []
        document["coefficients"] = _coefficients(learned)
        document["penalty"] = {
            name: penalty
            for name, found in learned.items()
            if (penalty := getattr(getattr(found, "whole", None), "penalty", None)) is not None
        }
        return finding, document, _marks(one, learned)


def _marks(one: Task, learned: Mapping[str, Learned | str]) -> list[Mark]:
    rows: list[Mark] = []
    train, development = one.train, one.development
    parts: tuple[tuple[Split, Any, str], ...] = (
        ("cross-validation", train, "held_out"),
        ("development", development, "development"),
    )
    for split, part, name in parts:
        chances: dict[str, Floats | str] = {
            model: found if isinstance(found, str) else getattr(found, name)
            for model, found in learned.items()
        }
        held = split == "cross-validation" and any(not isinstance(c, str) for c in chances.values())
        folds = one.fold_of if held else np.zeros(len(part.grades), np.int64)
        rows += mark(
            one.finding,
            split,
            part.grades,
            chances,
            part.patients,
            folds,
            count=one.count,
            seed=one.seed,
        )
    return rows


def _calibration(one: Task, learned: Mapping[str, Learned | str]) -> Document:
    parts = (
        ("cross-validation", one.train.grades, "held_out"),
        ("development", one.development.grades, "development"),
    )
    return {
        split: {
            model: curve(grades, getattr(found, name))
            for model, found in learned.items()
            if not isinstance(found, str) and len(grades)
        }
        for split, grades, name in parts
    }


def _coefficients(learned: Mapping[str, Learned | str]) -> Document:
    """Log odds ratios for a standard deviation, of the models that have one a feature."""
    out: Document = {}
    for name, found in learned.items():
        model = None if isinstance(found, str) else found.whole
        if (name == "logistic" and model and getattr(model, "count", 0) == 2) or (
            name == "ordinal" and model
        ):
            values = model.coefficients()  # type: ignore[attr-defined]
            out[name] = {feature: round(value, 4) for feature, value in values.items()}
    return out


def _counts(one: Task) -> Document:
    return {
        split: {
            "discs": len(part.grades),
            "patients": len(set(part.patients)),
            "by_grade": {
                str(grade + one.lowest): int((part.grades == grade).sum())
                for grade in range(one.count)
            },
        }
        for split, part in (("train", one.train), ("development", one.development))
    }


def _about(discs: Discs) -> Document:
    rows = discs.rows
    parts = {split: rows[rows["split"] == split] for split in ("train", "development")}
    return {
        "sources": sorted({str(case).split("/")[0] for case in rows["case"]}),
        "discs": {split: len(part) for split, part in parts.items()},
        "patients": {split: int(part["patient"].nunique()) for split, part in parts.items()},
        "not_found": int((~rows["measured"]).sum()),
        "development_patients_sha256": digest_of(patients(parts["development"])),
        "features": list(discs.features),
        "left_out": dict(discs.left_out),
        "notes": list(discs.notes),
    }


def digest_of(keys: Sequence[str]) -> str:
    """A hash of patients' keys: tells whether two parts hold the same patients, and not which."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()


def _needs_packages() -> None:
    try:
        import sklearn  # noqa: F401
        import statsmodels  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(
            f"{error.name} is not installed.", "Install the extra: pip install -e .[data]"
        ) from error
