"""The report as a FHIR R4 bundle: DiagnosticReport, an Observation a finding, ImagingStudy.

The subject is the source's patient where the source is at hand, else a patient without a name.
Everything is ``preliminary`` until a person signed, then ``final`` with who interpreted it.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from etl.load.job import Job
from etl.load.patient import person_of, text_of
from etl.load.standing import standing
from etl.load.statements import Statement, statements
from etl.phrases import Phrases
from etl.sign import family_and_given, readable
from radixgpt.codes import OWN_UID, STRUCTURE, UNITS, Code, exam_code, title_code

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Json = dict[str, Any]

SYSTEMS: dict[str, str] = {
    "SCT": "http://snomed.info/sct",
    "LN": "http://loinc.org",
    "UCUM": "http://unitsofmeasure.org",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "99RADIXGPT": f"urn:oid:{OWN_UID}",
}
"""FHIR's names of our coding schemes."""
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
NOT_DONE = "not-performed"
"""Data absent reason of what was not looked at."""


def to_fhir(job: Job) -> dict[str, bytes]:
    """``report.fhir.json``, its references and codes checked.

    Raises:
        CheckFailedError: the bundle does not hold together.
    """
    from etl.load.lint_messages import require_bundle

    made = bundle(job)
    require_bundle(made, job)
    return {"report.fhir.json": f"{json.dumps(made, indent=2, ensure_ascii=False)}\n".encode()}


def bundle(job: Job) -> Json:
    """The bundle as a JSON value."""
    builder = _Builder(job)
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "type": "collection",
        "timestamp": _instant(job.at),
        "entry": [
            {"fullUrl": f"urn:uuid:{made['id']}", "resource": made} for made in builder.resources()
        ],
    }


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def coding(code: Code) -> Json:
    """A code as a CodeableConcept."""
    return {
        "coding": [{"system": SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}],
        "text": code.meaning,
    }


def _quantity(value: float, unit: Code) -> Json:
    return {
        "value": value,
        "unit": unit.value,
        "system": SYSTEMS["UCUM"],
        "code": unit.value,
    }


class _Builder:
    """The resources of one bundle, which refer to each other."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.status = "final" if job.final else "preliminary"
        self.names = {
            name: str(uuid.uuid4()) for name in ("patient", "device", "study", "person", "report")
        }

    def reference(self, name: str) -> Json:
        return {"reference": f"urn:uuid:{self.names[name]}"}

    def start(self, kind: str, name: str) -> Json:
        return {"resourceType": kind, "id": self.names[name]}

    def resources(self) -> Iterator[Json]:
        yield self.patient()
        yield self.device()
        if self.job.final:
            yield self.person()
        yield self.study()
        observations = [self.observation(one) for one in statements(self.job.report)]
        yield from observations
        yield self.report([f"urn:uuid:{made['id']}" for made in observations])

    def patient(self) -> Json:
        made = self.start("Patient", "patient")
        if self.job.source is None:
            made["active"] = True
            return made
        header = self.job.source.header
        if identifier := text_of(header, "PatientID"):
            made["identifier"] = [{"value": identifier}]
        if name := _human_name(header):
            made["name"] = [name]
        gender = {"M": "male", "F": "female", "O": "other"}
        made["gender"] = gender.get(text_of(header, "PatientSex").upper(), "unknown")
        if born := _date(text_of(header, "PatientBirthDate")):
            made["birthDate"] = born
        return made

    def device(self) -> Json:
        provenance = self.job.report.provenance
        return {
            **self.start("Device", "device"),
            "manufacturer": "RadiXGPT",
            "deviceName": [{"name": provenance.software, "type": "model-name"}],
            "version": [
                {"value": provenance.version},
                *(
                    {"value": f"{model.name} {model.version} (SHA-256 {model.sha256})"}
                    for model in provenance.models
                ),
            ],
        }

    def person(self) -> Json:
        signature = self.job.report.signature
        assert signature is not None, "a final report has a signature"
        family, given = family_and_given(signature.name)
        made = self.start("Practitioner", "person")
        made["name"] = [{"text": readable(signature.name), "family": family}]
        if given:
            made["name"][0]["given"] = given.split()
        made["qualification"] = [{"code": {"text": signature.role}}]
        return made

    def study(self) -> Json:
        made = self.start("ImagingStudy", "study")
        facts = self.job.report.study
        source = self.job.source
        if source is not None:
            uid = str(source.header.StudyInstanceUID)
            made["identifier"] = [{"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}]
            if number := text_of(source.header, "AccessionNumber"):
                made["identifier"].append(
                    {
                        "type": {"coding": [{"system": f"{_TERMINOLOGY}/v2-0203", "code": "ACSN"}]},
                        "value": number,
                    }
                )
        made["status"] = "available"
        made["subject"] = self.reference("patient")
        if source is not None and (started := _date(text_of(source.header, "StudyDate"))):
            made["started"] = started
        made["procedureCode"] = [coding(exam_code(facts))]
        if source is None:
            return made
        by_series: dict[str, list[Dataset]] = {}
        for header in source.headers:
            by_series.setdefault(str(header.SeriesInstanceUID), []).append(header)
        made["numberOfSeries"] = len(by_series)
        made["numberOfInstances"] = len(source.headers)
        made["series"] = [_series(uid, headers) for uid, headers in by_series.items()]
        return made

    def observation(self, one: Statement) -> Json:
        f = one.finding
        made: Json = {
            "resourceType": "Observation",
            "id": str(uuid.uuid4()),
            "status": self.status,
            "category": [
                {
                    "coding": [
                        {
                            "system": f"{_TERMINOLOGY}/observation-category",
                            "code": "imaging",
                            "display": "Imaging",
                        }
                    ]
                }
            ],
            "code": coding(one.name),
            "subject": self.reference("patient"),
            "issued": _instant(self.job.at),
        }
        if self.job.final:
            made["performer"] = [self.reference("person")]
        if f.status == "not_assessable":
            made["dataAbsentReason"] = {
                "coding": [{"system": f"{_TERMINOLOGY}/data-absent-reason", "code": NOT_DONE}],
                "text": one.remark,
            }
        elif one.value is not None:
            made["valueCodeableConcept"] = coding(one.value)
        elif one.number is not None and one.unit is not None:
            made["valueQuantity"] = _quantity(one.number, one.unit)
        if one.remark:
            made["note"] = [{"text": one.remark}]
        made["bodySite"] = coding(one.site)
        made["device"] = self.reference("device")
        made["derivedFrom"] = [self.reference("study")]
        components = []
        if one.side is not None:
            components.append(
                {"code": coding(STRUCTURE["laterality"]), "valueCodeableConcept": coding(one.side)}
            )
        if one.percent is not None:
            sure = _quantity(one.percent, UNITS["%"])
            components.append({"code": coding(STRUCTURE["certainty"]), "valueQuantity": sure})
        if one.change is not None:
            components.append(
                {
                    "code": coding(STRUCTURE["change"]),
                    "valueCodeableConcept": coding(one.change),
                }
            )
        if components:
            made["component"] = components
        return made

    def report(self, observations: list[str]) -> Json:
        report = self.job.report
        made = self.start("DiagnosticReport", "report")
        made["language"] = Phrases.of(report).tag
        made["text"] = {"status": "generated", "div": self._div()}
        made["status"] = self.status
        made["category"] = [
            {
                "coding": [
                    {"system": f"{_TERMINOLOGY}/v2-0074", "code": "RAD", "display": "Radiology"}
                ]
            }
        ]
        made["code"] = coding(title_code(report.study.modality))
        made["subject"] = self.reference("patient")
        made["issued"] = _instant(self.job.at)
        if self.job.final:
            made["resultsInterpreter"] = [self.reference("person")]
        made["result"] = [{"reference": name} for name in observations]
        made["imagingStudy"] = [self.reference("study")]
        impression = [s.text for s in report.section("impression")]
        if impression:
            made["conclusion"] = "\n".join(
                f"{number}. {text}" for number, text in enumerate(impression, start=1)
            )
        made["presentedForm"] = [
            {
                "contentType": "text/plain; charset=utf-8",
                "language": Phrases.of(report).tag,
                "data": base64.b64encode(plain(self.job).encode()).decode("ascii"),
                "title": report.mark,
            }
        ]
        return made

    def _div(self) -> str:
        from html import escape

        headings = Phrases.of(self.job.report).headings()
        parts = [f"<p><b>{escape(self.job.report.mark)}</b></p>"]
        for name, heading in headings.items():
            said = " ".join(s.text for s in self.job.report.section(name))
            parts.append(f"<h3>{escape(heading)}</h3><p>{escape(said)}</p>")
        tag = Phrases.of(self.job.report).tag
        tags = f'xmlns="http://www.w3.org/1999/xhtml" lang="{tag}" xml:lang="{tag}"'
        return f"<div {tags}>{''.join(parts)}</div>"


def plain(job: Job) -> str:
    """The report as plain text: the mark, who signed, and the sections."""
    headings = Phrases.of(job.report).headings()
    lines = [job.report.mark, standing(job.report), ""]
    for name, heading in headings.items():
        lines.append(heading.upper())
        sentences = [s.text for s in job.report.section(name)]
        if name == "impression":
            lines.extend(f"{number}. {text}" for number, text in enumerate(sentences, start=1))
        else:
            lines.extend(sentences)
        lines.append("")
    return "\n".join(lines)


def _date(written: str) -> str:
    """A DICOM date as FHIR writes it; empty where it is none."""
    if not re.fullmatch(r"[12]\d{7}", written):
        return ""
    try:
        return f"{datetime.strptime(written, '%Y%m%d'):%Y-%m-%d}"
    except ValueError:
        return ""


def _human_name(header: Dataset) -> Json:
    """The patient's name; the first component group alone where it is written in several."""
    name = person_of(header)
    if name is None:
        return {}
    made: Json = {"text": " ".join(str(name).split("=")[0].replace("^", " ").split())}
    family, given = str(name.family_name), str(name.given_name)
    if family:
        made["family"] = family
    if given:
        made["given"] = given.split()
    return made


def _series(uid: str, headers: list[Dataset]) -> Json:
    made: Json = {
        "uid": uid,
        "modality": {
            "system": SYSTEMS["DCM"],
            "code": Counter(text_of(h, "Modality") or "OT" for h in headers).most_common(1)[0][0],
        },
        "numberOfInstances": len(headers),
        "instance": [
            {
                "uid": str(h.SOPInstanceUID),
                "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{h.SOPClassUID}"},
            }
            for h in headers
        ],
    }
    number = text_of(headers[0], "SeriesNumber")
    if number.isdigit():
        made["number"] = int(number)
    return made
