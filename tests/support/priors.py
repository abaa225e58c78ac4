"""Reports that are compared with a prior study, for the tests of comparisons."""

from __future__ import annotations

from typing import Any

from etl import draft, edit
from etl.prior import Earlier
from radixgpt.finding import KINDS
from radixgpt.patient import Person, Subject
from radixgpt.report import Report

DOE = Person(b"1", b"2", b"f", frozenset({b"doe"}))
OTHER_ID = Person(b"9", b"2", b"f", frozenset())
OTHER_BIRTH = Person(b"1", b"9", b"f", frozenset())


def subject(day: int | None = None, person: Person = DOE) -> Subject:
    return Subject(person, day)


def excluding_others(kind: str, value: Any) -> tuple[Any, ...]:
    graded = kind in KINDS and KINDS[kind].values
    return (value,) if value is not None and graded else ()


def against(
    spines: Any,
    discs: Any,
    before: Report,
    *,
    then: Subject | None = None,
    now: Subject | None = None,
    stated: bool = True,
    style: str = "standard",
    **more: Any,
) -> Report:
    """The report on these discs, compared with an earlier report."""
    images, eligibility = spines.study()
    report = draft(
        images,
        eligibility,
        [
            o.model_copy(update={"plausible": excluding_others(o.kind, o.value)})
            for o in spines.observe(discs)
        ],
        models=spines.MODELS,
        style=style,
        **more,
    )
    report = of_other_pixels(report)
    return edit.compare(report, Earlier(before, then, read=then is not None, stated=stated), now)


def of_other_pixels(report: Report) -> Report:
    made = report.provenance.model_copy(update={"input_sha256": "0" * 64})
    return report.model_copy(update={"provenance": made})


def sure(report: Report) -> Report:
    """The report of a grader that excludes every other value."""
    found = tuple(
        g.model_copy(update={"plausible": excluding_others(g.kind, g.value)})
        for g in report.findings
    )
    return report.model_copy(update={"findings": found})


def compared_report(spines: Any) -> Report:
    before = sure(
        spines.write(
            spines.healthy(
                L3_L4={"pfirrmann": 3, "disc_bulging": "present"},
                L4_L5={"pfirrmann": 3, "modic": 1, "disc_height_index": 0.35,
                       "disc_height_mm": 11.2},
                L5_S1={"pfirrmann": 4, "modic": 2, "slip_ratio": 0.05},
            )
        )
    )  # fmt: skip
    discs = spines.healthy(
        L3_L4={"pfirrmann": 3},
        L4_L5={"pfirrmann": 4, "disc_herniation": "present", "modic": 2,
               "disc_height_index": 0.25, "disc_height_mm": 8.1},
        L5_S1={"pfirrmann": 4, "spondylolisthesis": "present", "slip_ratio": 0.15},
    )  # fmt: skip
    return against(spines, discs, before, then=subject(100), now=subject(530), stated=False)
