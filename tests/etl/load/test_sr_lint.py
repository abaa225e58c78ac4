"""The semantic check of structured reports: sound ones pass, and each seeded fault is seen."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from etl.load import formats
from etl.load.dicom.common import coded, encode, reference
from etl.load.dicom.content import CONTAINS, HAS_PROPERTIES, code, text
from etl.load.dicom.lint import lint_measurements, lint_narrative
from etl.load.dicom.measurements import measurements
from etl.load.dicom.narrative import narrative
from etl.load.job import Job
from radixgpt.codes import GRADES, QUALIFIERS, STRUCTURE, UNITS, Code, kind_code, site_code
from radixgpt.errors import CheckFailedError


def _group(sr: Dataset, label: str = "L4-L5") -> Dataset:
    holder = next(c for c in sr.ContentSequence if _is(c, STRUCTURE["measurements"]))
    return next(g for g in holder.ContentSequence if g.ContentSequence[0].TextValue == label)


def _is(item: Dataset, name: Code) -> bool:
    return bool(
        "ConceptNameCodeSequence" in item
        and item.ConceptNameCodeSequence[0].CodeValue == name.value
    )


def _child(item: Dataset, name: Code) -> Dataset:
    return next(c for c in item.ContentSequence if _is(c, name))


def _kind(sr: Dataset, kind: str, label: str = "L4-L5") -> Dataset:
    return _child(_group(sr, label), kind_code(kind))


def _set(item: Dataset, value: Code) -> None:
    item.ConceptCodeSequence = [coded(value)]


def _drop(item: Dataset, gone: Dataset) -> None:
    item.ContentSequence = [c for c in item.ContentSequence if c is not gone]


# --- the faults ---------------------------------------------------------------------------------


def other_level(sr: Dataset) -> None:
    group = _group(sr)
    for name in ("site", "finding"):
        _set(_child(group, STRUCTURE[name]), site_code("L3-L4"))


def other_level_by_site_alone(sr: Dataset) -> None:
    _set(_child(_group(sr), STRUCTURE["site"]), site_code("L5-S1"))


def other_side(sr: Dataset) -> None:
    bulging = _kind(sr, "disc_bulging", "L3-L4")
    _set(_child(bulging, STRUCTURE["laterality"]), QUALIFIERS["right"])


def lost_side(sr: Dataset) -> None:
    bulging = _kind(sr, "disc_bulging", "L3-L4")
    _drop(bulging, _child(bulging, STRUCTURE["laterality"]))


def other_grade(sr: Dataset) -> None:
    _set(_kind(sr, "pfirrmann"), GRADES["pfirrmann", 3])


def absent_for_present(sr: Dataset) -> None:
    _set(_kind(sr, "disc_narrowing"), QUALIFIERS["absent"])


def value_of_another_scale(sr: Dataset) -> None:
    _set(_kind(sr, "pfirrmann"), GRADES["modic", 2])


def value_for_what_is_open(sr: Dataset) -> None:
    _set(_kind(sr, "disc_narrowing", "L2-L3"), QUALIFIERS["present"])


def other_number(sr: Dataset) -> None:
    _kind(sr, "slip_mm").MeasuredValueSequence[0].NumericValue = "2.6"


def called_the_readers(sr: Dataset) -> None:
    said = text(HAS_PROPERTIES, STRUCTURE["comment"], "Set by the reader.")
    _kind(sr, "slip_mm").ContentSequence.append(said)


def other_unit(sr: Dataset) -> None:
    measured = _kind(sr, "slip_mm").MeasuredValueSequence[0]
    measured.MeasurementUnitsCodeSequence = [coded(UNITS["1"])]


def bogus_unit(sr: Dataset) -> None:
    measured = _kind(sr, "slip_mm").MeasuredValueSequence[0]
    measured.MeasurementUnitsCodeSequence[0].CodeValue = "furlong"


def other_certainty(sr: Dataset) -> None:
    sure = _child(_kind(sr, "pfirrmann"), STRUCTURE["certainty"])
    sure.MeasuredValueSequence[0].NumericValue = "99"


def certainty_of_a_measurement(sr: Dataset) -> None:
    sure = copy.deepcopy(_child(_kind(sr, "pfirrmann"), STRUCTURE["certainty"]))
    _kind(sr, "slip_mm").ContentSequence.append(sure)


def unknown_image(sr: Dataset) -> None:
    image = _child(_kind(sr, "pfirrmann"), STRUCTURE["source_of_measurement"])
    image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "1.2.3"


def lost_evidence(sr: Dataset) -> None:
    graded = _kind(sr, "pfirrmann")
    _drop(graded, _child(graded, STRUCTURE["source_of_measurement"]))


def unlisted_evidence(sr: Dataset) -> None:
    study = sr.CurrentRequestedProcedureEvidenceSequence[0]
    study.ReferencedSeriesSequence = study.ReferencedSeriesSequence[:1]


def evidence_under_another_series(sr: Dataset) -> None:
    study = sr.CurrentRequestedProcedureEvidenceSequence[0]
    study.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"


def outline_outside_of_the_image(sr: Dataset) -> None:
    region = _child(_group(sr), STRUCTURE["region"])
    region.GraphicData = [v + 1000 for v in region.GraphicData]


def outline_beside_the_disc(sr: Dataset) -> None:
    region = _child(_group(sr), STRUCTURE["region"])
    region.GraphicData = [v + 3 for v in region.GraphicData]


def lost_outline(sr: Dataset) -> None:
    group = _group(sr)
    _drop(group, _child(group, STRUCTURE["region"]))


def lost_tracking(sr: Dataset) -> None:
    group = _group(sr)
    _drop(group, _child(group, STRUCTURE["tracking_uid"]))


def tracked_alike(sr: Dataset) -> None:
    mine, other = (_child(_group(sr, lv), STRUCTURE["tracking_uid"]) for lv in ("L4-L5", "L5-S1"))
    mine.UID = other.UID


def other_title(sr: Dataset) -> None:
    sr.ConceptNameCodeSequence = [coded(STRUCTURE["measurements"])]


def called_final(sr: Dataset) -> None:
    sr.PreliminaryFlag = "FINAL"


def verified_by_nobody(sr: Dataset) -> None:
    sr.VerificationFlag = "VERIFIED"


def other_patient(sr: Dataset) -> None:
    sr.PatientID = "SOMEBODY-ELSE"


def other_study(sr: Dataset) -> None:
    sr.StudyInstanceUID = "1.2.3"


def other_procedure(sr: Dataset) -> None:
    _set(_child(sr, STRUCTURE["procedure"]), Code("LN", "24963-1", "CT", ""))


def text_of_another_grade(sr: Dataset) -> None:
    said = _child(_group(sr), STRUCTURE["comment"])
    assert "Pfirrmann IV" in said.TextValue
    said.TextValue = said.TextValue.replace("Pfirrmann IV", "Pfirrmann II")


def text_that_denies(sr: Dataset) -> None:
    said = _child(_group(sr), STRUCTURE["comment"])
    said.TextValue = "L4-L5: No disc degeneration, narrowing or bulging seen."


def code_with_other_words(sr: Dataset) -> None:
    _kind(sr, "disc_narrowing").ConceptCodeSequence[0].CodeMeaning = "absent"


def wrong_check_digit(sr: Dataset) -> None:
    _kind(sr, "disc_narrowing").ConceptNameCodeSequence[0].CodeValue = "1130100"


def lost_finding(sr: Dataset) -> None:
    _drop(_group(sr), _kind(sr, "disc_herniation"))


def lost_group(sr: Dataset) -> None:
    holder = next(c for c in sr.ContentSequence if _is(c, STRUCTURE["measurements"]))
    _drop(holder, _group(sr))


def made_up_finding(sr: Dataset) -> None:
    made_up = code(CONTAINS, kind_code("scoliosis"), QUALIFIERS["present"])
    _group(sr).ContentSequence.append(made_up)


def stated_twice(sr: Dataset) -> None:
    _group(sr).ContentSequence.append(copy.deepcopy(_kind(sr, "pfirrmann")))


FAULTS: list[Callable[[Dataset], None]] = [
    other_level, other_level_by_site_alone, other_side, lost_side, other_grade,
    absent_for_present, value_of_another_scale, value_for_what_is_open, other_number, other_unit,
    called_the_readers, bogus_unit, other_certainty, certainty_of_a_measurement, unknown_image,
    lost_evidence, unlisted_evidence, evidence_under_another_series, outline_outside_of_the_image,
    outline_beside_the_disc, lost_outline, lost_tracking, tracked_alike,
    other_title, called_final, verified_by_nobody, other_patient, other_study, other_procedure,
    text_of_another_grade, text_that_denies, code_with_other_words, wrong_check_digit,
    lost_finding, lost_group, made_up_finding, stated_twice,
]  # fmt: skip


@pytest.fixture
def sound(bench: Any) -> Dataset:
    return copy.deepcopy(measurements(bench.job))


def test_a_sound_report_passes(bench: Any, sound: Dataset) -> None:
    assert lint_measurements(sound, bench.job) == []
    signed = bench.signed().job
    assert lint_measurements(measurements(signed), signed) == []


def test_a_sound_report_passes_as_it_is_read_from_its_file(bench: Any, sound: Dataset) -> None:
    import io

    import pydicom

    again = pydicom.dcmread(io.BytesIO(encode(sound)))
    assert lint_measurements(again, bench.job) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_every_seeded_fault_is_seen(
    fault: Callable[[Dataset], None], bench: Any, sound: Dataset
) -> None:
    fault(sound)
    assert lint_measurements(sound, bench.job)


def test_an_outline_in_a_neighbouring_slice_is_seen(bench: Any, sound: Dataset) -> None:
    neighbour = bench.job.source.slice("s1", 0)
    image = _child(_group(sound), STRUCTURE["region"]).ContentSequence[0]
    image.ReferencedSOPSequence = [reference(neighbour)]
    study = sound.CurrentRequestedProcedureEvidenceSequence[0]
    series = next(
        s
        for s in study.ReferencedSeriesSequence
        if s.SeriesInstanceUID == neighbour.header.SeriesInstanceUID
    )
    series.ReferencedSOPSequence.append(reference(neighbour))
    assert any("outline" in problem for problem in lint_measurements(sound, bench.job))


def test_validators_of_form_pass_most_of_these_faults(
    bench: Any, judge: Callable[..., list[str]], tmp_path: Any
) -> None:
    """Why the check is there: its faults are sound in form."""
    passed = []
    for fault in (other_level, other_grade, outline_beside_the_disc):
        sr = copy.deepcopy(measurements(bench.job))
        fault(sr)
        (tmp_path / "faulty.dcm").write_bytes(encode(sr))
        passed.append(judge("dciodvfy", tmp_path / "faulty.dcm") == [])
    assert all(passed)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_report_is_written_soundly(bench: Any, spines: Any, data: st.DataObject) -> None:
    report = data.draw(spines.reports())
    keys = {s.key for s in report.study.series}
    if keys != {"s1", "s2"}:
        return
    job = Job(report, bench.job.at, bench.job.study, bench.job.source)
    assert lint_measurements(measurements(job), job) == []
    assert lint_narrative(narrative(job), job) == []
    made = formats.export(job, ["fhir", "hl7"])
    assert set(made.files) == {"report.fhir.json", "report.hl7"}


# --- the text -----------------------------------------------------------------------------------


def _texts(sr: Dataset) -> list[Dataset]:
    return [
        item
        for section in sr.ContentSequence
        if section.ValueType == "CONTAINER"
        for item in section.ContentSequence
    ]


def other_words(sr: Dataset) -> None:
    said = next(t for t in _texts(sr) if "Pfirrmann IV" in t.TextValue)
    said.TextValue = said.TextValue.replace("Pfirrmann IV", "Pfirrmann V")


def lost_sentence(sr: Dataset) -> None:
    section = sr.ContentSequence[-3]
    section.ContentSequence = section.ContentSequence[1:]


def lost_section(sr: Dataset) -> None:
    sr.ContentSequence = sr.ContentSequence[:-1]


def lost_mark(sr: Dataset) -> None:
    _texts(sr)[0].TextValue = "Report"


def lost_image(sr: Dataset) -> None:
    said = next(t for t in _texts(sr) if t.TextValue.startswith("L4-L5"))
    said.ContentSequence = said.ContentSequence[:1]


NARRATIVE_FAULTS = [
    other_words, lost_sentence, lost_section, lost_mark, lost_image, called_final, other_patient,
    unlisted_evidence, other_title,
]  # fmt: skip


@pytest.mark.parametrize("fault", NARRATIVE_FAULTS, ids=lambda f: f.__name__)
def test_every_seeded_fault_of_the_text_is_seen(
    fault: Callable[[Dataset], None], bench: Any
) -> None:
    sr = copy.deepcopy(narrative(bench.job))
    assert lint_narrative(sr, bench.job) == []
    fault(sr)
    assert lint_narrative(sr, bench.job)


def test_a_faulty_report_is_not_given_out(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from etl.load.dicom import measurements as module

    def faulty(job: Job) -> Dataset:
        made = copy.deepcopy(measurements(job))
        other_grade(made)
        return made

    monkeypatch.setattr(module, "measurements", faulty)
    with pytest.raises(CheckFailedError, match="pfirrmann at L4-L5 has another value"):
        formats.export(bench.job, ["sr"])
