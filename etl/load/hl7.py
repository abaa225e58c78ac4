"""The report as an HL7 version 2.5.1 message, ORU^R01.

An OBX a section with its text, then for each level its site and its findings in codes. Every OBX
and the OBR are ``P`` until a person signed, then ``F`` with who interpreted them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from etl.load.job import Job
from etl.load.patient import person_of, text_of
from etl.load.standing import standing
from etl.load.statements import Statement, by_level
from etl.sign import family_and_given
from etl.styles import style_in
from radixgpt.codes import OWN, STRUCTURE, Code, exam_code, section_code

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})
_SYSTEMS = {"SCT": "SCT", "LN": "LN", "UCUM": "UCUM", "DCM": "DCM", OWN: OWN}
UNKNOWN_PATIENT = "UNKNOWN"
LONGEST_LINE = 199
"""Characters of an ST (HL7 v2.5.1, 2.A.75), which some parsers hold TX against."""


def to_hl7(job: Job) -> dict[str, bytes]:
    """``report.hl7``: segments end with a carriage return, UTF-8.

    Raises:
        CheckFailedError: the message does not say what the report says.
    """
    from etl.load.lint_messages import require_message

    made = message(job)
    require_message(made, job)
    return {"report.hl7": made.encode()}


def escape(text: str) -> str:
    """Text as part of a field: what separates fields is escaped, line ends become blanks."""
    return " ".join(text.split()).translate(_ESCAPES)


def lines(text: str) -> list[str]:
    """Text as lines of a TX field; receivers that take a line for an ST hold 199 characters."""
    return wrap(escape(text), LONGEST_LINE, break_long_words=False, break_on_hyphens=False)


def coded(code: Code) -> str:
    """A code as a CE or CWE."""
    return f"{code.value}^{escape(code.meaning)}^{_SYSTEMS[code.scheme]}"


def when(at: datetime) -> str:
    """A time stamp with its offset."""
    return f"{at:%Y%m%d%H%M%S%z}"


def message(job: Job) -> str:
    """The message."""
    return "".join(f"{segment}\r" for segment in _segments(job))


def _segment(name: str, **fields: str) -> str:
    """A segment from its fields by number: ``_segment("OBR", f1="1")``."""
    last = max(int(key[1:]) for key in fields)
    return "|".join([name, *(fields.get(f"f{number}", "") for number in range(1, last + 1))])


def _segments(job: Job) -> Iterator[str]:
    report = job.report
    status = "F" if job.final else "P"
    control = uuid.uuid4().hex[:20]
    yield "|".join(
        [
            "MSH", "^~\\&", "RADIXGPT", "", "", "", when(job.at), "", "ORU^R01^ORU_R01", control,
            "P", "2.5.1", "", "", "", "", "", "UNICODE UTF-8",
        ]
    )  # fmt: skip
    yield _patient(job)
    yield _order(job, status)
    yield _segment("NTE", f1="1", f2="L", f3=escape(f"{report.mark}. {standing(report)}"))
    number = 0
    for name in style_in(report).sections:
        sentences = report.section(name)
        if sentences:
            number += 1
            text = "~".join(line for s in sentences for line in lines(s.text))
            yield _observation(number, "TX", section_code(name), "", text, status)
    for group, (_, found) in enumerate(by_level(report), start=1):
        number += 1
        site = coded(found[0].site)
        yield _observation(number, "CWE", STRUCTURE["site"], str(group), site, status)
        for nth, one in enumerate(found, start=1):
            for segment in _finding(one, f"{group}.{nth}", number, status):
                yield segment
                number += segment.startswith("OBX")


def _patient(job: Job) -> str:
    header = None if job.source is None else job.source.header
    if header is None:
        return _segment("PID", f1="1", f3=UNKNOWN_PATIENT, f5=UNKNOWN_PATIENT)
    sex = text_of(header, "PatientSex").upper()
    return _segment(
        "PID",
        f1="1",
        f3=escape(text_of(header, "PatientID")) or UNKNOWN_PATIENT,
        f5=_name(header) or UNKNOWN_PATIENT,
        f7=escape(text_of(header, "PatientBirthDate")),
        f8=sex if sex in ("F", "M", "O") else "U",
    )


def _name(header: Dataset) -> str:
    """The patient's name as an XPN: family, given, middle, suffix, prefix."""
    name = person_of(header)
    if name is None:
        return ""
    parts = (
        name.family_name, name.given_name, name.middle_name, name.name_suffix, name.name_prefix,
    )  # fmt: skip
    return "^".join(escape(str(part)) for part in parts).rstrip("^")


def _order(job: Job, status: str) -> str:
    facts = job.report.study
    fields = {
        "f1": "1",
        "f3": f"{job.report.content_sha256()[:20]}^RADIXGPT",
        "f4": coded(exam_code(facts)),
        "f22": when(job.at),
        "f24": "RAD",
        "f25": status,
    }
    if job.source is not None:
        header = job.source.header
        fields["f7"] = escape(text_of(header, "StudyDate"))
        fields["f18"] = escape(text_of(header, "AccessionNumber"))
    signature = job.report.signature
    if signature is not None:
        family, given = family_and_given(signature.name)
        fields["f32"] = f"&{escape(family)}&{escape(given)}"
    return _segment("OBR", **fields)


def _observation(
    number: int, kind: str, name: Code, sub: str, value: str, status: str, **more: str
) -> str:
    return _segment(
        "OBX", f1=str(number), f2=kind, f3=coded(name), f4=sub, f5=value, f11=status, **more
    )


def _finding(one: Statement, sub: str, number: int, status: str) -> Iterator[str]:
    """A finding, its side, and a note on why there is no value or who set it."""
    more: dict[str, str] = {}
    if one.percent is not None:
        more["f9"] = f"{one.percent / 100:.3f}"
    if one.value is not None:
        yield _observation(number + 1, "CWE", one.name, sub, coded(one.value), status, **more)
    elif one.number is not None and one.unit is not None:
        more["f6"] = coded(one.unit)
        yield _observation(number + 1, "NM", one.name, sub, f"{one.number:g}", status, **more)
    if one.remark:
        yield _segment("NTE", f1="1", f2="L", f3=escape(one.remark))
    if one.side is not None:
        side = coded(one.side)
        yield _observation(number + 2, "CWE", STRUCTURE["laterality"], sub, side, status)
