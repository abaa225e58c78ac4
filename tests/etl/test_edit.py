"""What a reader may change, and that the changed report is checked anew."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import edit
from etl.remeasure import LONGEST_MM, remeasured
from radixgpt.errors import CheckFailedError, LevelError, SettingsError
from radixgpt.finding import GRADED, KINDS
from radixgpt.report import Report


def texts(report: Report, section: Any) -> list[str]:
    return [s.text for s in report.section(section)]


def test_restyle_and_back(degenerated: Report) -> None:
    concise = edit.restyle(degenerated, "concise")
    assert len(" ".join(texts(concise, "impression"))) < len(
        " ".join(texts(degenerated, "impression"))
    )
    assert concise.findings == degenerated.findings
    assert edit.restyle(concise, "standard") == degenerated
    with pytest.raises(SettingsError):
        edit.restyle(degenerated, "poem")


def test_a_level_left_out_stays_out_and_is_named(degenerated: Report) -> None:
    report = edit.drop_sentences(degenerated, "l4/5")
    said = " ".join(s.text for s in report.sentences if s.section in ("findings", "impression"))
    assert "L4-L5" not in said
    assert "Left out of this text on the reader's request: L4-L5." in texts(report, "limitations")
    assert report.findings == degenerated.findings
    assert "L4-L5" not in " ".join(texts(edit.restyle(report, "concise"), "impression"))
    assert edit.restore_sentences(report, "L4-L5") == degenerated


def test_levels_that_can_not_be_left_out(degenerated: Report) -> None:
    with pytest.raises(LevelError, match="says nothing of T12-L1"):
        edit.drop_sentences(degenerated, "T12-L1")
    report = degenerated
    for level in ("L1-L2", "L2-L3", "L3-L4", "L4-L5"):
        report = edit.drop_sentences(report, level)
    with pytest.raises(LevelError, match="says nothing of L1-L2"):
        edit.drop_sentences(report, "L1-L2")
    with pytest.raises(LevelError, match="only level left"):
        edit.drop_sentences(report, "L5-S1")
    with pytest.raises(LevelError, match="not left out"):
        edit.restore_sentences(degenerated, "L1-L2")


def test_a_grade_set_by_the_reader(degenerated: Report) -> None:
    report = edit.set_grade(degenerated, "L4-L5", "pfirrmann", 5)
    (changed,) = [f for f in report.findings if f.set_by_reader]
    assert (changed.value, changed.confidence, changed.level) == (5, None, "L4-L5")
    assert changed.evidence
    assert any(
        s.text.startswith("L4-L5: Severe disc degeneration (Pfirrmann V)")
        for s in report.section("findings")
    )
    assert any("L4-L5 and L5-S1" in text and "Pfirrmann V)" in text
               for text in texts(report, "impression"))  # fmt: skip
    assert "1 item was set by the reader, not by the model." in texts(report, "limitations")


def test_a_reader_may_decide_what_was_left_open(spines: Any) -> None:
    discs = spines.healthy()
    discs["L4-L5"].statuses = {"disc_herniation": "indeterminate"}
    report = edit.set_grade(spines.write(discs), "L4-L5", "disc_herniation", "present")
    assert texts(report, "impression")[0] == "Disc herniation at L4-L5."


@pytest.mark.parametrize(
    ("level", "kind", "value", "error"),
    [
        ("L4-L5", "pfirrmann", 6, CheckFailedError),
        ("L4-L5", "pfirrmann", "IV", CheckFailedError),
        ("L4-L5", "pfirrmann", True, CheckFailedError),
        ("L4-L5", "disc_bulging", 1, CheckFailedError),
        ("L4-L5", "slip_mm", 3.0, CheckFailedError),
        ("L4-L5", "stenosis", "present", CheckFailedError),
        ("T12-L1", "pfirrmann", 2, LevelError),
        ("nowhere", "pfirrmann", 2, LevelError),
    ],
)
def test_grades_that_can_not_be_set(
    degenerated: Report, level: str, kind: str, value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        edit.set_grade(degenerated, level, kind, value)


def test_a_side_must_be_there(degenerated: Report) -> None:
    with pytest.raises(CheckFailedError, match="side"):
        edit.set_grade(degenerated, "L4-L5", "disc_herniation", "present", side="left")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_edit_of_any_report_passes_the_checks(spines: Any, data: st.DataObject) -> None:
    report = data.draw(spines.reports())
    for _ in range(3):
        step = data.draw(st.sampled_from(["restyle", "drop", "set", "measure"]))
        levels = [lv for lv in edit.described_levels(report) if lv not in report.omitted_levels]
        if step == "restyle":
            report = edit.restyle(
                report, data.draw(st.sampled_from(["standard", "concise", "prose"]))
            )
        elif step == "drop" and len(levels) > 1:
            report = edit.drop_sentences(report, data.draw(st.sampled_from(levels)))
        elif step == "set":
            f = data.draw(st.sampled_from([f for f in report.findings if f.kind in GRADED]))
            value = data.draw(st.sampled_from(KINDS[f.kind].values))
            sized = any(
                (g.level, g.kind) == (f.level, "slip_mm") and g.set_by_reader
                for g in report.findings
            )
            if sized and (f.kind, value) == ("spondylolisthesis", "absent"):
                continue  # refused: what is absent has no size
            report = edit.set_grade(report, str(f.level), f.kind, value, side=f.side)
            assert report.finding(f.id).value == value
        elif step == "measure":
            level = data.draw(st.sampled_from(edit.described_levels(report)))
            kind = data.draw(st.sampled_from(sorted(LONGEST_MM)))
            size = data.draw(st.floats(0.1, LONGEST_MM[kind]))
            way: Any = data.draw(st.sampled_from([None, "anterior", "posterior"]))
            try:
                wanted = remeasured(report, level, kind, size, direction=way)
            except CheckFailedError:
                continue  # nothing was measured there
            report = edit.set_measure(report, level, kind, size, direction=way)
            assert report.findings == wanted
        assert all(c.passed for c in report.obligatory)
