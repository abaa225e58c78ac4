"""What is stated of a study, in words: by the report's findings, else by what the tools saw."""

from __future__ import annotations

from typing import Final

from agent.session import Session
from etl.phrases import chance
from radixgpt.finding import ABSENT, KINDS, Finding
from radixgpt.observation import Observation

Statement = Observation | Finding
"""Both say a level, a kind, a value and where it was seen."""


def statements(session: Session) -> tuple[Statement, ...]:
    """What is stated of the study: the report's findings, else what the tools saw."""
    if session.report is not None:
        return session.report.findings
    return session.reading.observations if session.reading is not None else ()


def title(kind: str) -> str:
    """What a kind is called."""
    known = KINDS.get(kind)
    return known.title if known else kind.replace("_", " ")


def value(said: Statement) -> str:
    """What is stated, without how sure that is."""
    if said.status == "not_assessable":
        return "not assessed"
    if said.status == "indeterminate":
        return "indeterminate"
    if isinstance(said.value, float):
        kind = KINDS.get(said.kind)
        unit = "" if said.unit in (None, "1") else f" {said.unit}"
        return f"{said.value:.{0 if kind and kind.type == 'angle' else 2}f}{unit}"
    return str(said.value)


def source(said: Statement) -> str:
    """How sure it is: a probability, that it was measured or set by the reader, or why not."""
    if said.status != "value":
        return said.reason or ""
    if isinstance(said, Finding) and said.set_by_reader:
        return "set by the reader"
    if isinstance(said.value, float):
        return "measured"
    return "" if said.confidence is None else f"probability {chance(said.confidence)}"


def certainty(said: Statement) -> str:
    """One line: what is stated, and with which probability or why not."""
    place = f"{said.level} " if said.level else ""
    told, sure = value(said), source(said)
    if said.status != "value":
        return f"{place}{title(said.kind)}: {told}" + (f" ({sure})" if sure else "")
    return f"{place}{title(said.kind)}: {told}" + (f", {sure}" if sure else "")


_BRIEF: Final = {
    "pfirrmann": "Pfirrmann",
    "disc_narrowing": "narrowing",
    "disc_bulging": "bulging",
    "disc_herniation": "herniation",
    "modic": "Modic",
    "endplate_upper": "endplate above",
    "endplate_lower": "endplate below",
    "spondylolisthesis": "slip",
}
_LENGTHS: Final = {"disc_height_mm": "height", "canal_mm": "canal", "slip_mm": "slip"}


def of_level(said: tuple[Statement, ...], level: str) -> list[dict[str, str]]:
    """What is stated of a level, briefly: a title, a value and a source a row.

    What has a finding or no verdict has a row each; what was looked for and not seen shares one,
    and so does what was measured, and what the reader set of it. What was not assessed is not left
    out.
    """
    here = {one.kind: one for one in said if one.level == level}
    rows: list[dict[str, str]] = []
    absent, missing = [], []
    for kind, brief in _BRIEF.items():
        one = here.get(kind)
        if one is None or one.status == "not_assessable":
            missing.append(brief)
        elif one.status == "value" and (one.value == ABSENT or (kind == "modic" and not one.value)):
            absent.append(f"{brief} ({_sure(one)})")
        else:
            rows.append({"title": brief, "value": value(one), "source": source(one)})
    lengths: dict[str, list[str]] = {"measured": [], "set by the reader": []}
    for kind, brief in _LENGTHS.items():
        one = here.get(kind)
        if one is not None and isinstance(one.value, float):
            own = isinstance(one, Finding) and one.set_by_reader
            lengths["set by the reader" if own else "measured"].append(
                f"{brief} {one.value:.1f} mm"
            )
    for title_, parts in {"not seen": absent, "not assessed": missing, **lengths}.items():
        if parts:
            rows.append({"title": title_, "value": ", ".join(parts), "source": ""})
    return rows


def _sure(one: Statement) -> str:
    return source(one).replace("probability ", "") or "no probability"
