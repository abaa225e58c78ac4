"""A semantic check of written FHIR bundles and HL7 messages: do they say what the report says?

Both are read back from their codes into tuples, and these held against the report's findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from etl.load.fhir import NOT_DONE, SYSTEMS, Json
from etl.load.hl7 import coded, escape
from etl.load.job import Job
from etl.load.statements import Statement, by_level, statements
from etl.styles import style_in
from radixgpt.codes import STATUSES, STRUCTURE, Code, exam_code, section_code, title_code
from radixgpt.errors import CheckFailedError

Said = tuple[str, str, str, str, str, str]
"""Site, name, value or number, unit, side and certainty, as codes or numbers in words."""


def _wanted(one: Statement) -> Said:
    return (
        _key(one.site),
        _key(one.name),
        f"{one.number:g}" if one.value is None else _key(one.value),
        "" if one.unit is None else _key(one.unit),
        _key(one.side) if one.side is not None else "",
        "" if one.percent is None else f"{one.percent / 100:.3f}",
    )


def _key(code: Code) -> str:
    return f"{code.scheme}:{code.value}"


def _differ(found: list[Said], wanted: list[Said]) -> Iterator[str]:
    seen, needed = Counter(found), Counter(wanted)
    for said in (seen - needed).elements():
        yield f"it states {said[1]} at {said[0]} otherwise than the report"
    for said in (needed - seen).elements():
        yield f"it does not state {said[1]} at {said[0]} as the report does"


# --- FHIR ---------------------------------------------------------------------------------------

_SCHEMES = {system: scheme for scheme, system in SYSTEMS.items()}


def lint_bundle(made: Json, job: Job) -> list[str]:
    """What is wrong with a bundle for this report; empty when nothing is."""
    resources: list[Json] = [entry["resource"] for entry in made.get("entry", ())]
    urls = Counter(entry["fullUrl"] for entry in made.get("entry", ()))
    problems = []
    if max(urls.values(), default=0) > 1:
        problems.append("two entries have one address")
    problems.extend(
        f"the reference {one[:60]} leads nowhere" for one in _references(made) if one not in urls
    )
    status = "final" if job.final else "preliminary"
    observations = [r for r in resources if r.get("resourceType") == "Observation"]
    reports = [r for r in resources if r.get("resourceType") == "DiagnosticReport"]
    if any(r.get("status") != status for r in (*observations, *reports)):
        problems.append(f"something is not {status}")
    if len(reports) != 1:
        return [*problems, "it has not just one report"]
    report = reports[0]
    results = {one["reference"] for one in report.get("result", ())}
    if results != {f"urn:uuid:{o['id']}" for o in observations}:
        problems.append("the report's results are not its observations")
    if _first(report.get("code")) != _key(title_code(job.report.study.modality)):
        problems.append("the report has another title")
    if ("resultsInterpreter" in report) != job.final:
        problems.append("it is not clear who interpreted the results")
    texts = [s.text for s in job.report.section("impression")]
    conclusion = "\n".join(f"{n}. {text}" for n, text in enumerate(texts, start=1))
    if report.get("conclusion", "") != conclusion:
        problems.append("the conclusion is not the impression")
    if job.report.mark not in report.get("text", {}).get("div", ""):
        problems.append("the mark is missing")
    if any(
        f"urn:uuid:{r['id']}" not in {d["reference"] for d in o.get("derivedFrom", ())}
        for o in observations
        for r in resources
        if r.get("resourceType") == "ImagingStudy"
    ):
        problems.append("an observation does not say what it is derived from")
    problems.extend(
        _differ(
            [_observed(o) for o in observations],
            [_wanted(one) for one in statements(job.report)],
        )
    )
    problems.extend(_became(observations, job))
    return problems


def _became(observations: list[Json], job: Job) -> Iterator[str]:
    """Where what became of a finding since the prior study is not as in the report."""
    name = _key(STRUCTURE["change"])
    told = [
        (_observed(o), _first(part.get("valueCodeableConcept")))
        for o in observations
        for part in o.get("component", ())
        if _first(part.get("code")) == name
    ]
    wanted = [
        (_wanted(one), _key(one.change)) for one in statements(job.report) if one.change is not None
    ]
    if Counter(told) != Counter(wanted):
        yield "the changes from the prior study are not those of the report"


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, below in value.items():
            if name == "reference" and isinstance(below, str):
                yield below
            else:
                yield from _references(below)
    elif isinstance(value, list):
        for below in value:
            yield from _references(below)


def _first(concept: Json | None) -> str:
    """The code of a CodeableConcept."""
    one = ((concept or {}).get("coding") or [{}])[0]
    return f"{_SCHEMES.get(one.get('system', ''), '?')}:{one.get('code', '')}"


def _observed(o: Json) -> Said:
    """What an Observation says."""
    parts = {_first(c.get("code")): c for c in o.get("component", ())}
    side = parts.get(_key(STRUCTURE["laterality"]), {}).get("valueCodeableConcept")
    sure = parts.get(_key(STRUCTURE["certainty"]), {}).get("valueQuantity")
    value, unit = "", ""
    if "valueCodeableConcept" in o:
        value = _first(o["valueCodeableConcept"])
    elif "valueQuantity" in o:
        quantity = o["valueQuantity"]
        value = f"{quantity['value']:g}"
        unit = f"{_SCHEMES.get(quantity.get('system', ''), '?')}:{quantity.get('code', '')}"
    elif "dataAbsentReason" in o:
        reason = o["dataAbsentReason"]["coding"][0]["code"]
        value = _key(STATUSES["not_assessable"]) if reason == NOT_DONE else ""
    return (
        _first(o.get("bodySite")),
        _first(o.get("code")),
        value,
        unit,
        _first(side) if side else "",
        f"{sure['value'] / 100:.3f}" if sure else "",
    )


def require_bundle(made: Json, job: Job) -> None:
    """Refuse a bundle that :func:`lint_bundle` finds fault with.

    Raises:
        CheckFailedError: with what is wrong.
    """
    _require("bundle", lint_bundle(made, job))


# --- HL7 ----------------------------------------------------------------------------------------


def lint_message(made: str, job: Job) -> list[str]:
    """What is wrong with a message for this report; empty when nothing is."""
    segments = [line.split("|") for line in made.split("\r") if line]
    by_name: dict[str, list[list[str]]] = {}
    for fields in segments:
        by_name.setdefault(fields[0], []).append(fields)
    problems = []
    status = "F" if job.final else "P"
    observations = by_name.get("OBX", [])
    if any(_field(o, 11) != status for o in observations):
        problems.append(f"an observation is not {status}")
    if [_field(o, 1) for o in observations] != [str(n + 1) for n in range(len(observations))]:
        problems.append("the observations are not numbered one after the other")
    facts = job.report.study
    orders = by_name.get("OBR", [])
    if len(orders) != 1 or _field(orders[0], 25) != status:
        problems.append(f"the order is not {status}")
    elif _field(orders[0], 4) != coded(exam_code(facts)):
        problems.append("the order is for another examination")
    elif bool(_field(orders[0], 32)) != job.final:
        problems.append("it is not clear who interpreted the results")
    if not any(escape(job.report.mark) in _field(n, 3) for n in by_name.get("NTE", [])):
        problems.append("the mark is missing")
    wanted = [
        (coded(section_code(name)), " ".join(escape(s.text) for s in job.report.section(name)))
        for name in style_in(job.report).sections
        if job.report.section(name)
    ]
    told = [o for o in observations if _field(o, 2) == "TX"]
    if [(_field(o, 3), _field(o, 5).replace("~", " ")) for o in told] != wanted:
        problems.append("its texts are not those of the report")
    said = _said([o for o in observations if _field(o, 2) != "TX"])
    needed = [_wanted(one) for _, found in by_level(job.report) for one in found]
    problems.extend(_differ(said, needed))
    return problems


def _field(segment: list[str], number: int) -> str:
    return segment[number] if number < len(segment) else ""


def _key_of(field: str) -> str:
    value, _, rest = field.partition("^")
    return f"{rest.rpartition('^')[2]}:{value}"


def _said(observations: list[list[str]]) -> list[Said]:
    """The findings of the coded observations, by their sub-ids."""
    site, side = _key(STRUCTURE["site"]), _key(STRUCTURE["laterality"])
    sites = {
        _field(o, 4): _key_of(_field(o, 5)) for o in observations if _key_of(_field(o, 3)) == site
    }
    sides = {
        _field(o, 4): _key_of(_field(o, 5)) for o in observations if _key_of(_field(o, 3)) == side
    }
    found: list[Said] = []
    for o in observations:
        name, sub = _key_of(_field(o, 3)), _field(o, 4)
        if name in (site, side):
            continue
        number = _field(o, 2) == "NM"
        found.append(
            (
                sites.get(sub.partition(".")[0], ""),
                name,
                _field(o, 5) if number else _key_of(_field(o, 5)),
                _key_of(_field(o, 6)) if number else "",
                sides.get(sub, ""),
                _field(o, 9),
            )
        )
    return found


def require_message(made: str, job: Job) -> None:
    """Refuse a message that :func:`lint_message` finds fault with.

    Raises:
        CheckFailedError: with what is wrong.
    """
    _require("message", lint_message(made, job))


def _require(what: str, problems: list[str]) -> None:
    if problems:
        raise CheckFailedError(
            f"The {what} does not say what the report says: {'; '.join(problems)}.",
            "Report this as a fault of the software; the other formats can be used.",
        )
