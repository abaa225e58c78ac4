"""Who is in the data: sources, patients, cases, sex, age and splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.explore.chart import NO_SPLIT, UNKNOWN, bars, figure, histogram
from data.explore.columns import (
    counts,
    cross,
    filled,
    joined,
    labels,
    numbers,
    sexes,
    shown_sources,
)
from data.explore.section import Part, Section, Statistics, Table
from data.explore.tables import Tables
from data.explore.wording import count, number, percent

if TYPE_CHECKING:
    import pandas as pd

_DECADE = 10
_OLDEST = 120
_MOST_STACKED = 8
_FEW = 0.5


def cohort(tables: Tables) -> Section:
    """Count cases, patients, sex and age, in all and by source."""
    cases = tables.cases.assign(sex_label=sexes(tables.cases), age=_ages(tables.cases))
    people = cases.drop_duplicates("patient", keep="first").copy()
    # What any case of a person tells is known of the person.
    told = cases[cases["sex_label"] != UNKNOWN].drop_duplicates("patient").set_index("patient")
    people["sex_label"] = filled(people["patient"].map(told["sex_label"]))
    aged = cases.dropna(subset=["age"]).drop_duplicates("patient").set_index("patient")
    people["age"] = people["patient"].map(aged["age"])

    statistics = _statistics(tables, cases, people)
    return Section(
        "cohort",
        "Cohort",
        _sentence(statistics),
        statistics,
        parts=tuple(_parts(cases, people, statistics)),
        alerts=tuple(_alerts(statistics)),
        notes=(
            "A patient is what the cases call one. A source that knows no patients may count each "
            "case as a patient, or all of them as one, so that no split parts them. Sex and age "
            "are of patients, everything else of cases.",
        ),
    )


def _ages(cases: pd.DataFrame) -> pd.Series[float]:
    years = numbers(cases, "age_years")
    return years.where((years >= 0) & (years <= _OLDEST))


def _statistics(tables: Tables, cases: pd.DataFrame, people: pd.DataFrame) -> Statistics:
    ages = people["age"].dropna()
    each = people.groupby("patient").size().index
    per_patient = cases.groupby("patient").size().reindex(each)
    return {
        "cases": len(cases),
        "patients": len(people),
        "images": len(tables.images),
        "reports": sum(bool(text) for text in tables.texts),
        "graded_findings": int(cases["graded"].sum()),
        "stated_findings": int(cases["stated"].sum()),
        "cases_with_concepts": int((cases["concepts"] > 0).sum()),
        "most_cases_of_a_patient": int(per_patient.max()),
        "sources": {
            str(source): {
                "cases": len(rows),
                "patients": int(rows["patient"].nunique()),
                "images": int(rows["images"].sum()),
                "reports": sum(bool(tables.texts[int(i)]) for i in rows.index),
                "graded_findings": int(rows["graded"].sum()),
                "stated_findings": int(rows["stated"].sum()),
                "concepts": int(rows["concepts"].sum()),
            }
            for source, rows in cases.groupby("source", sort=True)
        },
        "sex": counts(people["sex_label"]),
        "age": {
            "known": len(ages),
            "median": float(ages.median()) if len(ages) else None,
            "youngest": float(ages.min()) if len(ages) else None,
            "oldest": float(ages.max()) if len(ages) else None,
        },
        "splits": {
            str(split): {"cases": len(rows), "patients": int(rows["patient"].nunique())}
            for split, rows in cases.assign(in_split=labels(cases, "split")).groupby("in_split")
        },
    }


def _sentence(s: Statistics) -> str:
    patients = count(s["patients"], "patient")
    sources = count(len(s["sources"]), "source")
    largest = max(s["sources"], key=lambda name: s["sources"][name]["cases"])
    share = percent(s["sources"][largest]["cases"], s["cases"])
    begin = f"{count(s['cases'], 'case')} of {patients} from {sources}"
    if len(s["sources"]) > 1:
        begin += f", {share} of the cases from {largest}"
    known = s["patients"] - s["sex"].get(UNKNOWN, 0)
    sex = "no patient's sex is known"
    if known:
        women = percent(s["sex"].get("F", 0), known)
        sex = f"{women} of the {known:,} patients of known sex are women"
    age = s["age"]
    years = "no age is known"
    if age["known"]:
        years = (
            f"the median age is {number(age['median'])} ({number(age['youngest'])} to "
            f"{number(age['oldest'])}, known of {age['known']:,})"
        )
    return f"{begin}; {sex}, and {years}."


def _parts(cases: pd.DataFrame, people: pd.DataFrame, s: Statistics) -> list[Part]:
    sources, more = shown_sources(cases)
    splits = [name for name in ("train", "development", "test") if name in s["splits"]]
    found = cross(cases.assign(in_split=labels(cases, "split")), "source", "in_split")
    stacks = {
        name: [found[name].get(source, 0) for source in sources]
        for name in [*splits, UNKNOWN]
        if name in found
    }
    if not splits:
        stacks = {"cases": stacks.get(UNKNOWN, [])}
    named = {(NO_SPLIT if n == UNKNOWN else n): v for n, v in stacks.items()}
    parts: list[Part] = [
        figure(
            "cohort-sources",
            "Cases by source" + (" and split" if splits else ""),
            ("", bars(sources, named, lying=True, x="cases")),
            note=more,
            height=max(220, 90 + 34 * len(sources)),
        )
    ]
    if set(s["sex"]) - {UNKNOWN}:
        by_sex = cross(people, "source", "sex_label")
        people_of = {
            sex: [by_sex[sex].get(source, 0) for source in sources]
            for sex in ("F", "M", "O", UNKNOWN)
            if sex in by_sex
        }
        parts.append(
            figure(
                "cohort-sex",
                "Patients by sex",
                ("count", bars(sources, people_of, lying=True, x="patients")),
                ("share", bars(sources, people_of, lying=True, share=True)),
                note=more,
                height=max(220, 90 + 34 * len(sources)),
            )
        )
    if s["age"]["known"]:
        parts.append(_age_figure(people))
    columns = (
        "source",
        "patients",
        "cases",
        "images",
        "reports",
        "graded findings",
        "stated findings",
        "concepts",
    )
    rows = [(n, *(s["sources"][n][c.replace(" ", "_")] for c in columns[1:])) for n in sources]
    if len(rows) > 1:
        total = [
            sum(of[name.replace(" ", "_")] for of in s["sources"].values()) for name in columns[1:]
        ]
        total[0] = s["patients"]
        rows.append(("all", *total))
    parts.append(Table("What each source brings", columns, tuple(rows), more))
    return parts


def _age_figure(people: pd.DataFrame) -> Part:
    import numpy as np

    known = people.dropna(subset=["age"])
    highest = int(known["age"].max()) // _DECADE * _DECADE + _DECADE
    edges = list(range(0, highest + 1, _DECADE))

    def stacks(column: str) -> dict[str, list[int]]:
        groups = known.groupby(column)["age"]
        return {str(n): np.histogram(ages, bins=edges)[0].tolist() for n, ages in groups}

    known = known.assign(source=joined(known["source"], _MOST_STACKED))
    by_sex, by_source = stacks("sex_label"), stacks("source")
    ordered = {sex: by_sex[sex] for sex in ("F", "M", "O", UNKNOWN) if sex in by_sex}
    views = [("by sex", histogram(edges, ordered, x="years"))]
    if len(by_source) > 1:
        views.append(("by source", histogram(edges, by_source, x="years")))
    for _, spec in views:
        spec["layout"]["xaxis"] |= {"tick0": 0, "dtick": _DECADE}
    return figure("cohort-age", "Age by decade", *views)


def _alerts(s: Statistics) -> list[str]:
    alerts = []
    known = s["patients"] - s["sex"].get(UNKNOWN, 0)
    for what, n in (("sex", known), ("age", s["age"]["known"])):
        if 0 < n < _FEW * s["patients"]:
            alerts.append(
                f"The {what} of {percent(s['patients'] - n, s['patients'])} of the patients is "
                f"unknown: figures by {what} speak of few sources only."
            )
    return alerts
