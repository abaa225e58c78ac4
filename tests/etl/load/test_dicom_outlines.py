"""Segments of vertebrae and canal, drafts that a final SR supersedes, and compared reports."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from etl import draft, edit
from etl.load import formats
from etl.load.dicom.masks import mask
from etl.load.job import Job
from etl.prior import Earlier
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


def test_a_compared_report_leaves_in_every_format(bench: Any, spines: Any, tmp_path: Path) -> None:
    before = spines.write(spines.healthy())
    before = before.model_copy(
        update={
            "findings": tuple(
                f.model_copy(update={"plausible": (f.value,)}) if isinstance(f.value, str) else f
                for f in before.findings
            )
        }
    )
    seen = tuple(
        f.model_copy(update={"plausible": (f.value,)}) if isinstance(f.value, str) else f
        for f in bench.job.signed.findings
    )
    draft_ = bench.job.signed.model_copy(update={"findings": seen})
    report = edit.compare(draft_, Earlier(before, read=False, stated=True))
    assert any("new disc bulging" in s.text for s in report.sentences)
    job = Job(report, bench.job.at, bench.job.study, bench.job.source)
    made = formats.export(job, [formats.ALL])
    assert made.skipped == {}
    text = pydicom.dcmread(io.BytesIO(made.files["report.sr.dcm"]))
    said = [str(e.value) for e in text.iterall() if e.keyword == "TextValue"]
    assert any(one.startswith("Compared with the prior study") for one in said)
    assert b"Compared with the prior study" in made.files["report.hl7"]
    assert b"Prior MRI of the lumbar spine" in made.files["report.html"]
