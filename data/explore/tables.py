"""Cases as flat tables, read one line at a time so that a hundred thousand fit."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from radixgpt.case import Case, StatedFinding, read_cases
from radixgpt.errors import CaseError, LevelError
from radixgpt.level import order
from radixgpt.report import SECTIONS

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str, int, int], None]
"""Told how far long work is: what, done, total."""

MOST_FACTS = 40
"""So many facts become columns, the most frequent first."""
POSITIVE_FROM = {"pfirrmann": 4, "modic": 1}
"""Grade from which a finding counts as positive: Pfirrmann IV (the nucleus has lost its signal and
its border, Pfirrmann et al., Spine 2001) and any Modic change."""
CAPTION = "caption"
"""Stands among the sections for a text that is no report."""
_NOTHING = frozenset({"absent", "none", "normal", "no"})
_TOLD_EVERY = 2000


@dataclass(frozen=True, eq=False)
class Tables:
    """The cases of one file.

    Attributes:
        cases: a row a case: ``id``, ``source``, ``licence``, ``patient``, ``split``,
            ``report_origin``, counts (``images``, ``graded``, ``stated``, ``concepts``,
            ``warnings``), ``sections`` (names of the sections with text) and its facts.
        images: a row an image: ``case`` (row number in ``cases``), ``path``, what it is, its size
            and its facts.
        findings: a row a finding: ``case``, ``level``, ``kind``, ``value``, ``side``,
            ``assertion``, ``severity``, ``origin`` (``graded``, ``text``, ``generated text``) and
            ``positive`` (True, False, or None where the text leaves it open).
        texts: whole text of each case, empty where there is none. It never goes on the page.
        facts: names of the columns that hold facts of cases, most frequent first.
        image_facts: the same of images.
        sha256: hash of the file.
    """

    cases: pd.DataFrame
    images: pd.DataFrame
    findings: pd.DataFrame
    texts: list[str]
    facts: tuple[str, ...]
    image_facts: tuple[str, ...]
    sha256: str

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row number of each case by its id."""
        return {str(name): row for row, name in enumerate(self.cases["id"])}


@dataclass
class _Columns:
    """Rows on their way to a table, column by column."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    facts: list[dict[str, str | float | None]] = field(default_factory=list)

    def add(self, facts: dict[str, str | float | None] | None = None, **row: object) -> None:
        for name, value in row.items():
            kept = sys.intern(value) if isinstance(value, str) else value
            self.values.setdefault(name, []).append(kept)
        if facts is not None:
            self.facts.append(facts)

    def fact_names(self) -> tuple[str, ...]:
        seen = Counter(
            name for facts in self.facts for name, value in facts.items() if value is not None
        )
        usable = [(-n, name) for name, n in seen.items() if name not in self.values]
        return tuple(name for _, name in sorted(usable)[:MOST_FACTS])

    def frame(self, columns: Iterable[str]) -> pd.DataFrame:
        import pandas as pd

        known = {name: self.values.get(name, []) for name in columns}
        told = {name: [facts.get(name) for facts in self.facts] for name in self.fact_names()}
        # As objects None stays None, and a grade stays the whole number that it is.
        return pd.DataFrame(
            {
                name: pd.Series(values, dtype=int if name in _WHOLE else object)
                for name, values in {**known, **told}.items()
            }
        )


_CASE = (
    "id",
    "source",
    "licence",
    "patient",
    "split",
    "report_origin",
    "images",
    "graded",
    "stated",
    "concepts",
    "warnings",
    "sections",
)
_WHOLE = frozenset({"case", "images", "graded", "stated", "concepts", "warnings"})
_IMAGE = (
    "case",
    "path",
    "sha256",
    "modality",
    "plane",
    "sequence",
    "region",
    "view",
    "rows",
    "columns",
    "spacing",
    "mask",
)
_FINDING = ("case", "level", "kind", "value", "side", "assertion", "severity", "origin", "positive")


def read_tables(path: Path, say: Say = lambda _what, _done, _total: None) -> Tables:
    """Read a file of cases.

    Raises:
        CaseError: the file is missing or empty, a line is no case, an id is there twice, a level
            does not exist, or the path of an image leads out of the folder.
    """
    cases, images, findings = _Columns(), _Columns(), _Columns()
    texts: list[str] = []
    rows: dict[str, int] = {}
    for case in _told(read_cases(path), say):
        if case.id in rows:
            raise CaseError(
                f"{path.name}: the id {case.id} is there twice, as case {rows[case.id] + 1} and "
                f"as case {len(rows) + 1}.",
                "Give each case an id of its own.",
            )
        row = rows[case.id] = len(rows)
        texts.append(case.text.strip())
        _add_case(cases, case)
        for image in case.images:
            _check_inside(path, case, image.path)
            known = image.model_dump(include=set(_IMAGE) - {"case"})
            images.add(facts=image.facts, case=row, **known)
        for finding in case.findings:
            _add_finding(findings, path, case, row, finding)
    if not rows:
        raise CaseError(f"{path.name} holds no case.", "Make it first: radixgpt data map.")
    return Tables(
        cases.frame(_CASE),
        images.frame(_IMAGE),
        findings.frame(_FINDING),
        texts,
        cases.fact_names(),
        images.fact_names(),
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _told(cases: Iterator[Case], say: Say) -> Iterator[Case]:
    """The cases, telling now and then how many were read; how many there are is not known."""
    done = 0
    while batch := list(islice(cases, _TOLD_EVERY)):
        yield from batch
        done += len(batch)
        say("Reading cases", done, done)


def _add_case(cases: _Columns, case: Case) -> None:
    stated = sum(f.section is not None for f in case.findings)
    cases.add(
        facts=case.facts,
        id=case.id,
        source=case.source,
        licence=case.licence,
        patient=case.patient,
        split=case.split,
        report_origin=case.report_origin,
        images=len(case.images),
        graded=len(case.findings) - stated,
        stated=stated,
        concepts=len(case.concepts),
        warnings=len(case.warnings),
        sections=_sections(case),
    )


def _sections(case: Case) -> tuple[str, ...]:
    found = tuple(name for name in SECTIONS if case.report.get(name, "").strip())
    return found or ((CAPTION,) if case.caption.strip() else ())


def _add_finding(
    findings: _Columns, path: Path, case: Case, row: int, finding: StatedFinding
) -> None:
    if finding.level is not None:
        try:
            order(finding.level)
        except LevelError as error:
            raise CaseError(f"{path.name}, case {case.id}: {error.problem}", error.mend) from error
    origin = "graded" if finding.section is None else "text"
    if origin == "text" and case.report_origin == "generated":
        origin = "generated text"
    findings.add(
        case=row,
        level=finding.level,
        kind=finding.kind,
        value=finding.value,
        side=finding.side,
        assertion=finding.assertion,
        severity=finding.severity,
        origin=origin,
        positive=is_positive(finding),
    )


def is_positive(finding: StatedFinding) -> bool | None:
    """Whether a finding is there; None where it may be or once was."""
    if finding.assertion in ("uncertain", "historical"):
        return None
    if finding.assertion == "absent":
        return False
    if isinstance(finding.value, str):
        return finding.value.strip().lower() not in _NOTHING
    if finding.value is None:
        return True
    return finding.value >= POSITIVE_FROM.get(finding.kind, 1)


def _check_inside(path: Path, case: Case, name: str) -> None:
    parts = PurePosixPath(name)
    windows = PureWindowsPath(name)
    if not name or parts.is_absolute() or windows.drive or ".." in windows.parts:
        raise CaseError(
            f"{path.name}, case {case.id}: the path of an image leads out of the folder.",
            "Write paths relative to the folder of the cases, with forward slashes.",
        )
