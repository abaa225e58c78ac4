"""Statistics of findings against level and measures, with patients as clusters.

Five discs of one patient are not five patients: levels are compared within patients (Cochran's Q),
and odds ratios come from generalised estimating equations with an exchangeable correlation and
robust errors (Liang and Zeger 1986). P-values are adjusted for their number.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data.baselines.folds import NotEstimable, check_enough
from data.baselines.table import LEVEL, Discs
from data.explore.tables import POSITIVE_FROM
from radixgpt.level import LUMBAR_DISCS, disc_index

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
REFERENCE = "L3-L4"
"""Level that the others are compared with: the middle one, which most findings spare less than
L1-L2 and more than L5-S1."""
_WIDEST = 1e4
"""An odds ratio whose interval spans more than this factor says nothing."""


@dataclass
class Association:
    """What goes with one finding; odds ratios hold ``odds``, ``low``, ``high``, ``p``, ``reason``.

    Attributes:
        finding: its kind.
        positive_from: grade from which a disc counts.
        levels: a row a level: ``discs``, ``positive``, ``share`` with its interval (Wilson), and
            the odds ratio against REFERENCE.
        across: Cochran's Q over the patients that are graded at all five levels.
        trend: odds ratio for one level further down.
        features: a row a feature: odds ratio for a standard deviation, or of yes against no, at the
            same level.
    """

    finding: str
    positive_from: int
    levels: list[dict[str, Any]] = field(default_factory=list)
    across: dict[str, Any] = field(default_factory=dict)
    trend: dict[str, Any] = field(default_factory=dict)
    features: list[dict[str, Any]] = field(default_factory=list)


def associate(discs: Discs, findings: Sequence[str]) -> list[Association]:
    """All associations in the training part, adjusted over findings.

    Holm's method (1979) guards the tests across levels and the trends; the many odds ratios of
    single levels and features are adjusted to a false discovery rate (Benjamini and Hochberg 1995).
    """
    training = discs.rows[discs.rows["split"] == "train"]
    found = [_of(training, finding, discs.features) for finding in findings]
    _adjust([a.across for a in found], "holm")
    _adjust([a.trend for a in found], "holm")
    _adjust([row for a in found for row in a.levels if row["level"] != REFERENCE], "fdr_bh")
    _adjust([row for a in found for row in a.features], "fdr_bh")
    return found


def _of(training: pd.DataFrame, finding: str, features: Sequence[str]) -> Association:
    start = POSITIVE_FROM.get(finding, 1) if finding == "pfirrmann" else 1
    rows = training[training[finding].notna()]
    rows = rows.assign(positive=(rows[finding] >= start).astype(float))
    out = Association(finding, start)
    out.levels = _shares(rows)
    out.across = _guarded(lambda: _cochran(rows))
    out.trend = _guarded(lambda: _trend(rows))
    _level_odds(rows, out.levels)
    for name in features:
        if name != LEVEL:
            out.features.append({"feature": name, **_guarded(partial(_feature, rows, name))})
    return out


def _guarded(compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A row, or one that says why there is none."""
    try:
        return {**compute(), "reason": ""}
    except NotEstimable as reason:
        return {"p": None, "reason": str(reason)}


def _shares(rows: pd.DataFrame) -> list[dict[str, Any]]:
    from statsmodels.stats.proportion import proportion_confint

    out = []
    for level in LUMBAR_DISCS:
        here = rows.loc[rows["level"] == level, "positive"]
        row: dict[str, Any] = {"level": level, "discs": len(here), "positive": int(here.sum())}
        if len(here):
            low, high = proportion_confint(int(here.sum()), len(here), method="wilson")
            row |= {
                "share": _round(here.mean()),
                "share_low": _round(low),
                "share_high": _round(high),
            }
        out.append(row)
    return out


def _cochran(rows: pd.DataFrame) -> dict[str, Any]:
    """Cochran's Q (1950): the shares differ between levels within patients."""
    from statsmodels.stats.contingency_tables import cochrans_q

    table = rows.pivot_table(index="patient", columns="level", values="positive", aggfunc="max")
    table = table.reindex(columns=list(LUMBAR_DISCS)).dropna()
    differ = int(table.nunique(axis=1).gt(1).sum())
    if differ < 2:
        raise NotEstimable("fewer than two patients are graded at all levels and differ in them")
    result = cochrans_q(table.to_numpy())
    return {
        "q": _round(result.statistic),
        "degrees": int(result.df),
        "patients": len(table),
        "p": float(result.pvalue),
    }


def _trend(rows: pd.DataFrame) -> dict[str, Any]:
    down = -rows[LEVEL].to_numpy(float)
    return _odds(rows, down[:, None])[0]


def _level_odds(rows: pd.DataFrame, levels: list[dict[str, Any]]) -> None:
    """Fill in the odds ratios of the levels, in place."""
    for row in levels:
        if not row["discs"]:
            row |= {"p": None, "reason": "no disc of this level is graded"}
        elif row["positive"] in (0, row["discs"]):
            none = "none" if not row["positive"] else "every one"
            row |= {"p": None, "reason": f"{none} of the level's discs has it"}
    usable = [row["level"] for row in levels if "reason" not in row]
    others = [level for level in usable if level != REFERENCE]
    computed: list[dict[str, Any]] = []
    reason = f"{REFERENCE} can't be the reference" if REFERENCE not in usable else ""
    if not reason and others:
        kept = rows[rows["level"].isin(usable)]
        flags = np.stack([(kept["level"] == level).to_numpy(float) for level in others], axis=1)
        try:
            computed = _odds(kept, flags)
        except NotEstimable as error:
            reason = str(error)
    for row in levels:
        if "reason" in row:
            continue
        if row["level"] == REFERENCE:
            row |= {"odds": 1.0, "reason": ""} if not reason else {"reason": reason}
        elif reason:
            row |= {"p": None, "reason": reason}
        else:
            row |= {**computed[others.index(row["level"])], "reason": ""}


def _feature(rows: pd.DataFrame, name: str) -> dict[str, Any]:
    known = rows[rows[name].notna()]
    values = known[name].to_numpy(float)
    deviation = float(values.std()) if len(values) else 0.0
    if deviation == 0:
        raise NotEstimable("the same in every disc" if len(values) else "never known")
    yes_or_no = set(np.unique(values)) <= {0.0, 1.0}
    scaled = values if yes_or_no else (values - values.mean()) / deviation
    # Levels without or with nothing but the finding would have infinite odds.
    share = known.groupby(LEVEL)["positive"].transform("mean").to_numpy(float)
    mixed = (share > 0) & (share < 1)
    known, scaled = known[mixed], scaled[mixed]
    if not len(known):
        raise NotEstimable("the finding goes with the level alone")
    levels = [disc_index(level) for level in LUMBAR_DISCS]
    there = [v for v in levels if (known[LEVEL] == v).any()][1:]
    flags = [(known[LEVEL] == v).to_numpy(float) for v in there]
    return {
        **_odds(known, np.column_stack([scaled, *flags]))[0],
        "discs": len(known),
    }


def _odds(rows: pd.DataFrame, exog: Floats) -> list[dict[str, Any]]:
    """Odds ratios of the columns, with patients as clusters.

    Raises:
        NotEstimable: too few patients have the finding, or the fit fails.
    """
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE
    from statsmodels.tools.sm_exceptions import ModelWarning

    positive = rows["positive"].to_numpy(float)
    patients = [str(p) for p in rows["patient"]]
    check_enough(positive, patients)
    design = np.column_stack([np.ones(len(rows)), exog])
    _, groups = np.unique(patients, return_inverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ModelWarning)
        warnings.simplefilter("error", RuntimeWarning)
        try:
            model = GEE(
                positive, design, groups=groups, family=Binomial(), cov_struct=Exchangeable()
            )
            result = model.fit(maxiter=100)
        except (ModelWarning, RuntimeWarning, np.linalg.LinAlgError, ValueError) as error:
            raise NotEstimable("the fit did not converge") from error
    odds, ends = np.asarray(result.params, float), np.asarray(result.conf_int(), float)
    if not np.isfinite([*odds, *ends.ravel()]).all() or np.ptp(ends, axis=1).max() > np.log(
        _WIDEST
    ):
        raise NotEstimable("the interval is too wide to say anything")
    return [
        {
            "odds": _round(np.exp(odds[k])),
            "low": _round(np.exp(ends[k, 0])),
            "high": _round(np.exp(ends[k, 1])),
            "p": float(result.pvalues[k]),
        }
        for k in range(1, design.shape[1])
    ]


def _adjust(rows: Sequence[dict[str, Any]], method: str) -> None:
    """Add ``adjusted`` to the rows that have a p-value, in place."""
    from statsmodels.stats.multitest import multipletests

    there = [row for row in rows if row.get("p") is not None]
    if there:
        for row, adjusted in zip(
            there, multipletests([row["p"] for row in there], method=method)[1], strict=True
        ):
            row["adjusted"] = float(adjusted)


def _round(value: float) -> float:
    return float(f"{float(value):.4g}")
