"""Segments of vertebrae and canal, drafts that a final SR supersedes, and compared reports."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from etl import draft
from etl.load import formats
from etl.load.dicom.common import encode
from etl.load.dicom.lint import lint_measurements
from etl.load.dicom.masks import mask
from etl.load.dicom.measurements import measurements
from etl.load.dicom.readback import key, name_of, walk
from etl.load.fhir import bundle
from etl.load.job import Job
from etl.load.lint_messages import lint_bundle
from radixgpt.codes import CHANGES, STRUCTURE
from radixgpt.eligibility import Eligibility
from radixgpt.errors import CheckFailedError, InputError
from radixgpt.observation import Evidence, Observation
from radixgpt.reading.source import read_source


def outlined(kind: str, level: str | None, top: float) -> Observation:
    box = ((22.0, top), (38.0, top), (38.0, top + 5), (22.0, top + 5))
    return Observation(
        id=f"{kind}-{level}",
        tool="levels",
        tool_version="1",
        kind=kind,
        level=level,
        evidence=(Evidence(series="s1", instance="2.25.1", slice_index=1, polygon=box),),
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, studies: Any, spines: Any) -> Any:
    """A study whose vertebrae and canal were outlined, too."""
    folder = studies.write(tmp_path_factory.mktemp("outlined") / "study")
    study, _ = read_source(folder)
    eligibility = Eligibility(
        gradable=True, t1="s2", t2="s1", mid_slices={s.key: 1 for s in study.series}
    )
    seen = [
        *spines.observe(spines.degenerated()),
        outlined("canal", None, 5),
        outlined("vertebra", "L4", 34),
        outlined("vertebra", "S1", 52),
    ]
    report = draft(study, eligibility, seen, models=spines.MODELS, seconds=1.0)
    made = studies.bench(folder, spines)
    return replace(made, job=replace(made.job, signed=report))


def test_vertebrae_and_canal_are_segments(
    bench: Any, tmp_path: Path, judge: Callable[..., list[str]]
) -> None:
    files = formats.export(bench.job, ["seg"]).files
    assert set(files) == {"outlines-s1.seg.dcm", "outlines-s2.seg.dcm"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert judge("dciodvfy", tmp_path / name) == []
    seg = pydicom.dcmread(io.BytesIO(files["outlines-s1.seg.dcm"]))
    codes = {s.SegmentLabel: s.SegmentedPropertyTypeCodeSequence[0] for s in seg.SegmentSequence}
    assert list(codes) == [
        "L1-L2", "L2-L3", "L3-L4", "L4", "L4-L5", "L5-S1", "S1", "spinal canal"
    ]  # fmt: skip
    assert (codes["L4"].CodeValue, codes["L4"].CodingSchemeDesignator) == ("11994002", "SCT")
    assert codes["spinal canal"].CodeValue == "61853006"
    assert codes["S1"].CodingSchemeDesignator == "99RADIXGPT"  # none was confirmed
    slice_ = bench.job.needs_source().slice("s1", 1)
    structures = {s.level or "spinal canal": s for s in bench.job.report.structures}
    numbers = {s.SegmentLabel: s.SegmentNumber for s in seg.SegmentSequence}
    for name, structure in structures.items():
        (frame,) = (
            i
            for i, f in enumerate(seg.PerFrameFunctionalGroupsSequence)
            if f.SegmentIdentificationSequence[0].ReferencedSegmentNumber == numbers[name]
        )
        wanted = mask(structure.evidence[0], slice_)
        assert np.array_equal(seg.pixel_array[frame].astype(bool), wanted)
        assert wanted.any()


def test_an_outline_outside_of_the_study_is_refused(bench: Any) -> None:
    report = bench.job.signed
    far = report.structures[0].evidence[0].model_copy(update={"slice_index": 99})
    moved = report.structures[0].model_copy(update={"evidence": (far,)})
    wrong = report.model_copy(update={"structures": (moved,)})
    from etl.check import require

    with pytest.raises(CheckFailedError, match="not in an image of the study"):
        require(wrong)


def test_a_final_sr_names_the_draft_that_it_supersedes(
    bench: Any, tmp_path: Path, judge: Callable[..., list[str]]
) -> None:
    drafts, final = tmp_path / "draft", tmp_path / "final"
    for folder in (drafts, final):
        folder.mkdir()
    for name, data in formats.export(bench.job, ["sr", "sr-text", "seg"]).files.items():
        (drafts / name).write_bytes(data)
    (drafts / "notes.txt").write_text("no DICOM", encoding="utf-8")
    signed = bench.signed().job
    job = formats.job_of(signed.signed, bench.folder, signed.at, supersedes=drafts)
    for name, data in formats.export(job, ["sr", "sr-text"]).files.items():
        (final / name).write_bytes(data)
        assert judge("dciodvfy", final / name) == []
        assert judge("dsrdump", final / name) == []
        made = pydicom.dcmread(final / name)
        (one,) = made.PredecessorDocumentsSequence
        before = pydicom.dcmread(drafts / name)
        (series,) = one.ReferencedSeriesSequence
        (instance,) = series.ReferencedSOPSequence
        assert one.StudyInstanceUID == before.StudyInstanceUID
        assert series.SeriesInstanceUID == before.SeriesInstanceUID
        assert instance.ReferencedSOPInstanceUID == before.SOPInstanceUID
        assert instance.ReferencedSOPClassUID == made.SOPClassUID
    assert judge("dcentvfy", *sorted(final.iterdir()), *sorted(drafts.glob("*.dcm"))) == []
    alone = formats.export(signed, ["sr"]).files["findings.sr.dcm"]
    assert "PredecessorDocumentsSequence" not in pydicom.dcmread(io.BytesIO(alone))


def test_only_drafts_of_this_study_are_superseded(
    bench: Any, tmp_path: Path, studies: Any, spines: Any
) -> None:
    signed = bench.signed().job
    (tmp_path / "final.sr.dcm").write_bytes(formats.export(signed, ["sr"]).files["findings.sr.dcm"])
    other = studies.bench(studies.write(tmp_path / "other"), spines)
    (tmp_path / "other.sr.dcm").write_bytes(
        formats.export(other.job, ["sr"]).files["findings.sr.dcm"]
    )
    with pytest.raises(InputError, match="No structured report of a draft"):
        formats.job_of(signed.signed, bench.folder, signed.at, supersedes=tmp_path)
    with pytest.raises(InputError, match="Only a signed report"):
        formats.job_of(bench.job.signed, bench.folder, signed.at, supersedes=tmp_path)


def test_a_compared_report_leaves_in_every_format(compared: Job) -> None:
    job = compared
    assert any("new disc bulging" in s.text for s in job.report.sentences)
    made = formats.export(job, [formats.ALL])
    assert made.skipped == {}
    text = pydicom.dcmread(io.BytesIO(made.files["report.sr.dcm"]))
    said = [str(e.value) for e in text.iterall() if e.keyword == "TextValue"]
    assert any(one.startswith("Compared with the prior study") for one in said)
    assert b"Compared with the prior study" in made.files["report.hl7"]
    assert b"Prior MRI of the lumbar spine" in made.files["report.html"]


def test_a_change_is_coded_beside_its_finding(
    compared: Job, tmp_path: Path, judge: Callable[..., list[str]]
) -> None:
    job = compared
    assert job.report.prior is not None
    nothing = {f.id for f in job.report.findings if f.value in ("absent", 0)}
    verdicts = Counter(
        c.verdict
        for c in job.report.prior.changes
        if c.verdict != "unchanged" or c.finding not in nothing
    )
    wanted = Counter({CHANGES[v].value: n for v, n in verdicts.items() if v in CHANGES})
    assert {"7147002", "260388006"} <= set(wanted)
    tree = measurements(job)
    coded = [
        (item.ContentSequence, below)
        for item in walk(tree)
        for below in item.get("ContentSequence") or ()
        if name_of(below) == key(STRUCTURE["change"])
    ]
    values = [below.ConceptCodeSequence[0].CodeValue for _, below in coded]
    assert Counter(values) == wanted
    (tmp_path / "findings.sr.dcm").write_bytes(encode(tree))
    for name in ("dciodvfy", "dsrdump"):
        assert judge(name, tmp_path / "findings.sr.dcm") == []
    assert lint_measurements(tree, job) == []
    other = CHANGES["decreased"]
    coded[0][1].ConceptCodeSequence[0].CodeValue = other.value
    coded[0][1].ConceptCodeSequence[0].CodeMeaning = other.meaning
    assert any("changed otherwise" in one for one in lint_measurements(tree, job))
    coded[0][0].remove(coded[0][1])
    assert any("changed otherwise" in one for one in lint_measurements(tree, job))


def test_an_observation_says_what_became_of_it(compared: Job) -> None:
    job = compared
    made = bundle(job)
    told = [
        part
        for entry in made["entry"]
        for part in entry["resource"].get("component", ())
        if part["code"]["coding"][0]["code"] == STRUCTURE["change"].value
    ]
    assert "New" in {part["valueCodeableConcept"]["text"] for part in told}
    assert lint_bundle(made, job) == []
    told[0]["valueCodeableConcept"]["coding"][0]["code"] = CHANGES["decreased"].value
    assert "the changes from the prior study are not those of the report" in lint_bundle(made, job)
