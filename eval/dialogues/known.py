"""What is known of a study, and whether a text agrees with it.

Texts are read by :mod:`radixgpt.language`, as a stranger's report is; nothing of the system that
wrote them is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eval.findings.statement import Statement, told
from radixgpt.case import StatedFinding
from radixgpt.finding import ABSENT, GRADED, PRESENT, Finding
from radixgpt.language.reader import findings_in
from radixgpt.level import LUMBAR_DISCS

Value = str | int
OPEN = "indeterminate"
"""The value of what a tool looked at without coming to a grade, or did not look at."""

_KINDS = {
    "disc_degeneration": ("pfirrmann",),
    "endplate_change": ("endplate_upper", "endplate_lower"),
}
_SIDES = {"upper": ("endplate_upper",), "lower": ("endplate_lower",)}
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_QUESTION = re.compile(r"^.*\?\s*(?:\([^)]*\))?$", re.MULTILINE)
_OTHERS = re.compile(
    r"^\W*(?:other patients?|case 1\b).*", re.IGNORECASE | re.MULTILINE | re.DOTALL
)
_NO_CLAIM = re.compile(
    r"\d ?%|probabilit"  # a list of probabilities
    r"|\bnot (?:assess|grade|measure|look)|\bno tool\b"
    r"|\bcan(?:'|no|’)?t (?:say|tell|assess|see|be)\b"
    r"|\bindeterminate\b|^graded (?:are|at each)\b|^you can ask\b"
    r"|^nothing (?:beyond|changed)\b|too close to call"
    r"|\bgrades are \d|\btypes are \d",
    re.IGNORECASE,
)
_UNSURE = re.compile(r"indeterminate|uncertain|not clear|cannot be (?:told|graded)", re.IGNORECASE)


@dataclass(frozen=True)
class Known:
    """Values by place, such as ``L4-L5 pfirrmann``; a place that is not named is open."""

    values: Mapping[str, Value]

    @classmethod
    def of_findings(cls, findings: Iterable[Finding]) -> Known:
        """What the tools saw."""
        return cls(
            {
                f"{f.level} {f.kind}": f.value
                for f in findings
                if f.level in LUMBAR_DISCS
                and f.kind in GRADED
                and f.status == "value"
                and isinstance(f.value, str | int)
            }
        )

    @classmethod
    def of_truth(cls, findings: Iterable[StatedFinding]) -> Known:
        """What a person graded, or what a phantom was given."""
        return cls(
            {
                f"{f.level} {f.kind}": (
                    f.value
                    if isinstance(f.value, str | int)
                    else ABSENT
                    if f.assertion == "absent"
                    else PRESENT
                )
                for f in findings
                if f.level in LUMBAR_DISCS and f.kind in GRADED
            }
        )

    def with_set(self, values: Mapping[str, Value]) -> Known:
        """The same with the reader's own values."""
        return Known({**self.values, **values})

    def at(self, level: str, kind: str) -> Value:
        """The value at a place."""
        return self.values.get(f"{level} {kind}", OPEN)

    def agrees(self, said: Statement) -> bool:
        """Whether a statement holds. One without a level denies all five, or asserts of any."""
        kinds = _SIDES.get(said.side) or _KINDS.get(said.kind, (said.kind,))
        if not set(kinds) <= set(GRADED):
            return False  # no tool looks at it
        levels = (said.level,) if said.level else LUMBAR_DISCS
        held = [_holds(said, kind, self.at(level, kind)) for level in levels for kind in kinds]
        return all(held) if said.status == "absent" else any(held)


def _holds(said: Statement, kind: str, value: Value) -> bool:
    if value == OPEN:
        return said.status == "uncertain"
    there = int(value) > 2 if kind == "pfirrmann" else value not in (ABSENT, 0)
    if said.status == "absent":
        return not there
    number = re.search(r"\d", said.grade)
    if kind in ("pfirrmann", "modic") and number:
        return said.status == "present" and int(number.group()) == int(value)
    return said.status != "historical" and there  # "probable" hedges what is there


def statements(text: str) -> tuple[Statement, ...]:
    """What a text states of the study.

    Left aside: questions, what the program can and can't do, lists of probabilities, and whatever
    follows a heading that speaks of other patients. A word of degree beside a Pfirrmann grade
    ("minimal disc degeneration (Pfirrmann II)") is that grade.
    """
    own = _QUESTION.sub("", _OTHERS.sub("", text))
    kept = [part for part in _SENTENCE.split(own) if not _NO_CLAIM.search(part.strip())]
    found = findings_in("\n".join(kept))
    graded = {f.level for f in found if f.kind == "pfirrmann"}
    return tuple(
        one
        for finding in found
        if not (finding.kind == "disc_degeneration" and finding.level in graded)
        for one in told(finding)
    )


def unsupported(text: str, known: Known) -> tuple[str, ...]:
    """What a text states and what does not hold, in words."""
    return tuple(
        dict.fromkeys(
            " ".join(part for part in (one.status, one.title, one.grade, one.level) if part)
            for one in statements(text)
            if not known.agrees(one)
        )
    )


def tells(text: str, place: str, known: Known) -> bool:
    """Whether a text states a place, and as it is known."""
    level, kind = place.split(" ")
    if known.at(level, kind) == OPEN:
        return bool(_UNSURE.search(text))
    meant = [
        one
        for one in statements(text)
        if one.level in (level, "")
        and kind in (_SIDES.get(one.side) or _KINDS.get(one.kind, (one.kind,)))
    ]
    exact = [one for one in meant if one.level == level] or meant
    graded = kind in ("pfirrmann", "modic") and known.at(level, kind) not in (0, 1, 2)
    if graded or kind == "modic":
        exact = [one for one in exact if re.search(r"\d", one.grade) or one.status == "absent"]
    return bool(exact) and all(known.agrees(one) for one in exact)
