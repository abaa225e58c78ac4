"""FHIR bundles and HL7 messages: valid to others' eyes, and saying what the report says."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from etl.edit import set_measure
from etl.load import formats
from etl.load.fhir import bundle
from etl.load.hl7 import escape, message
from etl.load.job import Job
from etl.load.lint_messages import lint_bundle, lint_message
from radixgpt.report import DRAFT_MARK, SIGNED_MARK

ROOT = Path(__file__).resolve().parents[3]
MODULES = Path(os.environ.get("RADIXGPT_NODE_MODULES", ROOT / ".venv/node/node_modules"))
_VALIDATE = """
const fs = require('fs');
const made = JSON.parse(fs.readFileSync(process.argv[1]));
const Schema = require('@asymmetrik/fhir-json-schema-validator');
const { Fhir } = require('fhir');
const found = new Fhir().validate(made, {});
console.log(JSON.stringify({
  schema: new Schema().validate(made),
  errors: found.messages.filter(m => !['info', 'warning'].includes(m.severity)),
  valid: found.valid,
}));
"""


def _validate(made: dict[str, Any], tmp_path: Path, node: str) -> dict[str, Any]:
    """What two published validators of FHIR R4 say."""
    if not (MODULES / "fhir").is_dir():
        reason = "the validators of FHIR are not here (.ci/run installs them)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    (tmp_path / "bundle.json").write_text(json.dumps(made), encoding="utf-8")
    result = subprocess.run(
        [node, "-e", _VALIDATE, str(tmp_path / "bundle.json")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "NODE_PATH": str(MODULES)},
    )
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer


def _with(bench: Any, case: str) -> Job:
    if case == "signed":
        return bench.signed().job  # type: ignore[no-any-return]
    if case == "alone":
        return Job(bench.job.signed, bench.job.at)
    if case == "remeasured":
        report = set_measure(bench.job.signed, "L4-L5", "slip_mm", 7.5)
        return Job(report, bench.job.at, bench.job.study, bench.job.source)
    return bench.job  # type: ignore[no-any-return]


CASES = ["draft", "signed", "alone", "remeasured"]


@pytest.mark.parametrize("case", CASES)
def test_fhir_validators_find_no_error(case: str, bench: Any, tmp_path: Path, studies: Any) -> None:
    made = bundle(_with(bench, case))
    answer = _validate(made, tmp_path, studies.tool("node"))
    assert answer == {"schema": [], "errors": [], "valid": True}


def test_fhir_validators_take_changes_from_a_prior(
    compared: Job, tmp_path: Path, studies: Any
) -> None:
    answer = _validate(bundle(compared), tmp_path, studies.tool("node"))
    assert answer == {"schema": [], "errors": [], "valid": True}


def test_fhir_validators_see_an_error(bench: Any, tmp_path: Path, studies: Any) -> None:
    made = bundle(bench.job)
    made["entry"][-1]["resource"]["status"] = "draft"
    answer = _validate(made, tmp_path, studies.tool("node"))
    assert answer["schema"] or answer["errors"]


@pytest.mark.parametrize("case", CASES)
def test_the_models_of_fhir_take_the_bundle(case: str, bench: Any) -> None:
    models = pytest.importorskip("fhir.resources.R4B.bundle")
    models.Bundle.model_validate(bundle(_with(bench, case)))


def _resources(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in made["entry"] if e["resource"]["resourceType"] == kind]


def test_a_bundle_says_who_and_what(bench: Any) -> None:
    made = bundle(bench.job)
    (patient,) = _resources(made, "Patient")
    assert patient["identifier"] == [{"value": "HOSPITAL-4711"}]
    assert patient["name"][0]["family"] == "Müller-Öz"
    assert (patient["gender"], patient["birthDate"]) == ("female", "1948-02-29")
    (study,) = _resources(made, "ImagingStudy")
    assert study["numberOfInstances"] == 6
    assert study["identifier"][1]["value"] == "ACC-0815"
    graded = [
        o
        for o in _resources(made, "Observation")
        if o["code"]["coding"][0]["code"] == "pfirrmann" and "L5-S1" in o["bodySite"]["text"]
    ]
    assert [o["valueCodeableConcept"]["text"] for o in graded] == ["Pfirrmann grade V"]


@pytest.mark.parametrize(("case", "status"), [("draft", "preliminary"), ("signed", "final")])
def test_a_bundle_is_preliminary_until_it_is_signed(case: str, status: str, bench: Any) -> None:
    made = bundle(_with(bench, case))
    for kind in ("DiagnosticReport", "Observation"):
        assert {r["status"] for r in _resources(made, kind)} == {status}
    people = _resources(made, "Practitioner")
    assert [p["name"][0]["family"] for p in people] == (["Example"] if case == "signed" else [])
    mark = SIGNED_MARK if case == "signed" else DRAFT_MARK
    assert mark in _resources(made, "DiagnosticReport")[0]["text"]["div"]


def test_without_a_source_a_bundle_names_nobody(bench: Any, studies: Any) -> None:
    text = json.dumps(bundle(Job(bench.job.signed, bench.job.at)), ensure_ascii=False)
    assert not [part for part in studies.identity if part in text]


# --- faults of a bundle -------------------------------------------------------------------------


def _observation(made: dict[str, Any], code: str, level: str = "L4-L5") -> dict[str, Any]:
    return next(
        o
        for o in _resources(made, "Observation")
        if o["code"]["coding"][0]["code"] == code and level in o["bodySite"]["text"]
    )


def _f_grade(made: dict[str, Any]) -> None:
    _observation(made, "pfirrmann")["valueCodeableConcept"]["coding"][0]["code"] = "pfirrmann-2"


def _f_level(made: dict[str, Any]) -> None:
    site = copy.deepcopy(_observation(made, "pfirrmann", "L3-L4")["bodySite"])
    _observation(made, "pfirrmann")["bodySite"] = site


def _f_side(made: dict[str, Any]) -> None:
    sided = _observation(made, "disc-bulging", "L3-L4")["component"][0]
    sided["valueCodeableConcept"]["coding"][0]["code"] = "24028007"


def _f_unit(made: dict[str, Any]) -> None:
    _observation(made, "slip-mm")["valueQuantity"]["code"] = "cm"


def _f_number(made: dict[str, Any]) -> None:
    _observation(made, "slip-mm")["valueQuantity"]["value"] = 2.6


def _f_status(made: dict[str, Any]) -> None:
    _observation(made, "slip-mm")["status"] = "final"


def _f_reference(made: dict[str, Any]) -> None:
    _observation(made, "slip-mm")["subject"]["reference"] = "urn:uuid:nobody"


def _f_lost(made: dict[str, Any]) -> None:
    gone = _observation(made, "slip-mm")
    made["entry"] = [e for e in made["entry"] if e["resource"] is not gone]


def _f_conclusion(made: dict[str, Any]) -> None:
    _resources(made, "DiagnosticReport")[0]["conclusion"] = "1. Normal."


def _f_evidence(made: dict[str, Any]) -> None:
    del _observation(made, "slip-mm")["derivedFrom"]


@pytest.mark.parametrize(
    "fault",
    [
        _f_grade, _f_level, _f_side, _f_unit, _f_number, _f_status, _f_reference, _f_lost,
        _f_conclusion, _f_evidence,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_every_seeded_fault_of_a_bundle_is_seen(
    fault: Callable[[dict[str, Any]], None], bench: Any
) -> None:
    made = bundle(bench.job)
    assert lint_bundle(made, bench.job) == []
    fault(made)
    assert lint_bundle(made, bench.job)


# --- HL7 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_strict_parser_takes_the_message(case: str, bench: Any) -> None:
    parser = pytest.importorskip("hl7apy.parser")
    from hl7apy.consts import VALIDATION_LEVEL

    text = message(_with(bench, case))
    parsed = parser.parse_message(text, validation_level=VALIDATION_LEVEL.STRICT)
    assert parsed.validate()
    assert parsed.to_er7() == text.rstrip("\r")


def test_no_line_of_a_message_is_too_long_for_a_strict_parser(bench: Any) -> None:
    from etl import edit

    asked = edit.tell(bench.job.signed, "Pain | leg & back. " * 25, "Disc herniation?")
    text = message(replace(bench.job, signed=asked))
    told = [s.split("|") for s in text.split("\r") if s.startswith("OBX") and "|TX|" in s]
    assert max(len(line) for s in told for line in s[5].split("~")) <= 199
    parser = pytest.importorskip("hl7apy.parser")
    from hl7apy.consts import VALIDATION_LEVEL

    assert parser.parse_message(text, validation_level=VALIDATION_LEVEL.STRICT).validate()
    assert lint_message(text, replace(bench.job, signed=asked)) == []


@pytest.mark.parametrize(("case", "status"), [("draft", "P"), ("signed", "F")])
def test_a_message_is_preliminary_until_it_is_signed(case: str, status: str, bench: Any) -> None:
    segments = [s.split("|") for s in message(_with(bench, case)).split("\r") if s]
    assert {s[11] for s in segments if s[0] == "OBX"} == {status}
    (order,) = [s for s in segments if s[0] == "OBR"]
    assert order[25] == status
    assert order[32:] == (["&Example&Ada"] if case == "signed" else [])


def test_a_message_names_the_sources_patient(bench: Any, studies: Any) -> None:
    text = message(bench.job)
    assert "PID|1||HOSPITAL-4711||Müller-Öz^Zoë||19480229|F\r" in text
    alone = message(Job(bench.job.signed, bench.job.at))
    assert not [part for part in studies.identity if part in alone]


def test_what_separates_fields_is_escaped() -> None:
    assert escape("a|b^c&d~e\\f\r\ng") == "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f g"


def test_text_of_a_patient_can_add_no_segment(tmp_path: Path, studies: Any, spines: Any) -> None:
    folder = studies.write(
        tmp_path / "study", PatientName="A|B^C&D~E", PatientID="1|2\\3^4", AccessionNumber="9|8"
    )
    text = message(studies.bench(folder, spines).job)
    (patient,) = [s.split("|") for s in text.split("\r") if s.startswith("PID")]
    assert patient[3] == "1\\F\\2\\E\\3\\S\\4"
    assert patient[5] == "A\\F\\B^C\\T\\D\\R\\E"


def test_a_name_given_twice_is_named_once(tmp_path: Path, studies: Any, spines: Any) -> None:
    folder = studies.write(tmp_path / "study", PatientName=["One^A", "Two^B"])
    job = studies.bench(folder, spines).job
    assert "|One^A|" in message(job)
    assert _resources(bundle(job), "Patient")[0]["name"][0]["family"] == "One"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pfirrmann-4^Pfirrmann grade IV", "pfirrmann-2^Pfirrmann grade II"),
        ("84020006^", "62551000^"),
        ("|7771000^left", "|24028007^right"),
        ("|6.2|mm^", "|2.6|mm^"),
        ("|6.2|mm^millimeter", "|6.2|cm^centimeter"),
        ("|P\r", "|F\r"),
        ("Pfirrmann IV", "Pfirrmann V"),
        ("AI draft, not for clinical use", "Report"),
        ("24968-0^", "24963-1^"),
        ("OBX|3|", "OBX|4|"),
    ],
)
def test_every_seeded_fault_of_a_message_is_seen(old: str, new: str, bench: Any) -> None:
    made = message(bench.job)
    assert lint_message(made, bench.job) == []
    assert old in made
    assert lint_message(made.replace(old, new, 1), bench.job)


def test_both_are_among_the_formats(bench: Any) -> None:
    made = formats.export(bench.job, ["fhir", "hl7"]).files
    assert json.loads(made["report.fhir.json"])["resourceType"] == "Bundle"
    assert made["report.hl7"].startswith(b"MSH|^~\\&|")
