"""A length that a reader sets: its ratio follows, and no sentence calls it measured."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import edit
from etl.check import check_sentence, require
from etl.check.prior import check_changes
from etl.diff import difference
from etl.load.table import measurements
from etl.prior import Earlier
from etl.remeasure import LONGEST_MM, RATIOS, depth_mm
from radixgpt.errors import CheckFailedError, LevelError
from radixgpt.finding import Finding
from radixgpt.report import Report

DEPTH = 35.0
LENGTHS = ("disc_height_mm", "canal_mm", "slip_mm")


def _measured(height: float, canal: float, slip: float, depth: float = DEPTH) -> dict[str, float]:
    """What the tools measure of a disc, as they round it."""
    values = dict(zip(LENGTHS, (height, canal, slip), strict=True))
    return {
        **{kind: round(size, 1) for kind, size in values.items()},
        **{RATIOS[kind]: round(size / depth, 3) for kind, size in values.items()},
    }


@pytest.fixture(scope="module")
def slipped(spines: Any) -> Report:
    """A slip at L4-L5, and every disc measured."""
    changed: dict[str, Any] = {
        lv.replace("-", "_"): _measured(8.9, 13.3, 0.3) for lv in spines.healthy()
    }
    changed["L4_L5"] = {"spondylolisthesis": "present", **_measured(8.0, 12.0, 5.2)}
    return spines.write(spines.healthy(**changed))  # type: ignore[no-any-return]


def at(report: Report, level: str, kind: str) -> Finding:
    (found,) = [f for f in report.findings if (f.level, f.kind) == (level, kind)]
    return found


def told(report: Report) -> str:
    return " ".join(s.text for s in report.sentences if s.section in ("findings", "impression"))


def test_a_slip_is_set_with_its_share_and_its_grade(slipped: Report) -> None:
    report = edit.set_measure(slipped, "l4/5", "slip_mm", 10)
    length, ratio = (at(report, "L4-L5", kind) for kind in ("slip_mm", "slip_ratio"))
    assert (length.value, length.unit, length.set_by_reader) == (10.0, "mm", True)
    assert (ratio.value, ratio.unit, ratio.set_by_reader) == (0.286, "1", True)
    assert length.evidence == at(slipped, "L4-L5", "slip_mm").evidence
    assert length.confidence is ratio.confidence is None
    said = "anterior slip of 10 mm (set by the reader; Meyerding grade II)"
    assert f"Spondylolisthesis with an {said}." in told(report)
    assert f"Spondylolisthesis at L4-L5 with an {said}." in told(report)
    assert "measured anterior" in told(slipped)
    assert "measured anterior" not in told(report)
    limits = " ".join(s.text for s in report.section("limitations"))
    assert "1 item was set by the reader, not by the model." in limits


def test_a_slip_keeps_its_direction_unless_another_is_said(slipped: Report) -> None:
    back = edit.set_measure(slipped, "L4-L5", "slip_mm", 4, direction="posterior")
    assert at(back, "L4-L5", "slip_mm").value == -4.0
    assert at(back, "L4-L5", "slip_ratio").value == pytest.approx(-4 / DEPTH, abs=0.001)
    assert "a posterior slip of 4 mm (set by the reader" in told(back)
    again = edit.set_measure(back, "L4-L5", "slip_mm", 6.5)
    assert at(again, "L4-L5", "slip_mm").value == -6.5
    assert "a posterior slip of 6.5 mm (set by the reader" in told(again)
    small = edit.set_measure(slipped, "L4-L5", "slip_mm", 1)  # told, though small: it was set
    assert "an anterior slip of 1 mm (set by the reader" in told(small)


def test_height_and_canal_stand_apart_from_what_was_measured(slipped: Report) -> None:
    report = edit.set_measure(slipped, "L4-L5", "canal_mm", 11)
    assert "Measured disc height 8 mm. Midline canal depth 11 mm (set by the reader)." in told(
        report
    )
    both = edit.set_measure(report, "L4-L5", "disc_height_mm", 7.5)
    assert (
        "Disc height 7.5 mm (set by the reader) and midline canal depth 11 mm (set by the reader)."
        in told(both)
    )
    rows = dict(measurements(both).rows)
    shown = [cell.text for cell in rows["L4-L5"]]
    assert "11.0 (set by the reader)" in shown
    assert "7.5 (set by the reader)" in shown
    assert not any("reader" in cell.text for cell in rows["L3-L4"])


@pytest.mark.parametrize("style", ["standard", "concise", "prose"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_in_every_style_and_language(slipped: Report, style: str, language: str) -> None:
    report = edit.restyle(slipped, style, language)
    for kind, size in (("slip_mm", 7.5), ("canal_mm", 11.5), ("disc_height_mm", 6)):
        report = edit.set_measure(report, "L4-L5", kind, size)
    text = told(report)
    slip, mark = {
        "en": ("anterior slip of 7.5 mm", "(set by the reader"),
        "de": ("Ventralversatz von 7,5 mm", "(vom Befunder gesetzt"),
    }[language]
    assert f"{slip} {mark}; Meyerding" in text
    assert ("6 mm " + mark in text) == (style == "standard")
    l45 = [s.text for s in report.section("findings") if s.level == "L4-L5"]
    assert not any(word in " ".join(l45).lower() for word in ("measured", "gemessen"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("L4-L5: Spondylolisthesis with an anterior slip of 7 mm (set by the reader).", ""),
        ("L4-L5: slip 7.0 mm (0.20), set by the reader.", ""),
        ("L4-L5: Spondylolisthesis with a slip of 7 mm.", ""),
        ("L4-L5: Spondylolisthesis with a measured anterior slip of 7 mm.", "called measured"),
        ("L4-L5: Measured slip 7 mm (set by the reader).", "both measured and set"),
        ("L4-L5: canal depth 12 mm (set by the reader).", "and a tool stated it"),
        ("L4-L5: Spondylolisthesis, set by the reader.", "and a tool stated it"),
        ("L4-L5, set by the reader: spondylolisthesis.", "belongs to no finding"),
        ("L4-L5: slip 8 mm (set by the reader).", "differs from the finding"),
    ],
)
def test_who_gave_a_number_is_read_again(slipped: Report, text: str, wrong: str) -> None:
    report = edit.set_measure(slipped, "L4-L5", "slip_mm", 7)
    problems = check_sentence(text, [f for f in report.findings if f.level == "L4-L5"])
    assert [wrong in one for one in problems] == ([True] if wrong else [])


def test_who_gave_a_number_is_read_again_in_german(slipped: Report) -> None:
    report = edit.set_measure(slipped, "L4-L5", "slip_mm", 7)
    here = [f for f in report.findings if f.level == "L4-L5"]
    said = "L4-L5: Spondylolisthese mit {}Ventralversatz von 7 mm{}."
    own = said.format("", " (vom Befunder gesetzt)")
    assert check_sentence(own, here, language="de") == []
    for text in (said.format("gemessenem ", ""),
                 "L4-L5: Spinalkanaldurchmesser 12 mm (vom Befunder gesetzt)."):  # fmt: skip
        assert len(check_sentence(text, here, language="de")) == 1


def test_the_change_is_told_apart_and_leaves_the_rest(slipped: Report) -> None:
    report = edit.set_measure(slipped, "L4-L5", "canal_mm", 9)
    changed = {(one.level, one.kind) for one in difference(slipped, report).findings}
    assert changed == {("L4-L5", "canal_mm"), ("L4-L5", "canal_ratio")}
    assert all(check.passed for check in report.obligatory)


@pytest.mark.parametrize(
    ("level", "kind", "size", "more", "says"),
    [
        ("L4-L5", "slip_mm", 60.1, {}, "0.1 to 60"),
        ("L4-L5", "canal_mm", 41, {}, "0.1 to 40"),
        ("L4-L5", "disc_height_mm", 31, {}, "0.1 to 30"),
        ("L4-L5", "slip_mm", -4, {}, "direction as a word"),
        ("L4-L5", "canal_mm", 0, {}, "0.1 to 40"),
        ("L4-L5", "canal_mm", 0.04, {}, "0.1 to 40"),
        ("L4-L5", "canal_mm", float("nan"), {}, "0.1 to 40"),
        ("L4-L5", "canal_mm", float("inf"), {}, "0.1 to 40"),
        ("L4-L5", "canal_mm", True, {}, "0.1 to 40"),
        ("L4-L5", "canal_ratio", 0.4, {}, "no length"),
        ("L4-L5", "pfirrmann", 4, {}, "no length"),
        ("L4-L5", "canal_mm", 9, {"direction": "anterior"}, "Only a slip"),
        ("L4-L5", "slip_mm", 9, {"direction": "left"}, "no direction"),
        ("L3-L4", "slip_mm", 4, {}, "present first"),
    ],
)
def test_what_can_not_be_set_says_why(
    slipped: Report, level: str, kind: str, size: float, more: Any, says: str
) -> None:
    with pytest.raises(CheckFailedError) as refused:
        edit.set_measure(slipped, level, kind, size, **more)
    assert says in f"{refused.value.problem} {refused.value.mend}"


def test_where_nothing_was_measured_nothing_is_set(spines: Any, slipped: Report) -> None:
    with pytest.raises(LevelError):
        edit.set_measure(slipped, "T11-T12", "canal_mm", 9)
    ratios = {"canal_ratio": 0.36, "disc_height_index": 0.25}
    unspaced = spines.write(spines.healthy(L4_L5=ratios), spacing=False)
    with pytest.raises(CheckFailedError, match="pixel spacing is unknown"):
        edit.set_measure(unspaced, "L4-L5", "canal_mm", 9)
    elsewhere = spines.write(spines.healthy(L3_L4=_measured(8, 12, 0.2)))
    with pytest.raises(CheckFailedError, match="was measured at L4-L5"):
        edit.set_measure(elsewhere, "L4-L5", "canal_mm", 9)
    tiny = {"spondylolisthesis": "present", "slip_mm": 1.0, "slip_ratio": 0.03}
    with pytest.raises(CheckFailedError, match="how deep the vertebrae are"):
        edit.set_measure(spines.write(spines.healthy(L4_L5=tiny)), "L4-L5", "slip_mm", 5)


def test_a_slip_that_was_left_open_needs_a_direction(spines: Any) -> None:
    values = {"spondylolisthesis": "present", **_measured(8, 12, 0.4)}  # they exclude each other
    report = spines.write(spines.healthy(L4_L5=values))
    assert at(report, "L4-L5", "slip_mm").status == "indeterminate"
    with pytest.raises(CheckFailedError, match="no direction yet"):
        edit.set_measure(report, "L4-L5", "slip_mm", 5)
    done = edit.set_measure(report, "L4-L5", "slip_mm", 5, direction="anterior")
    assert "an anterior slip of 5 mm (set by the reader" in told(done)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    depth=st.floats(20, 50),
    heights=st.lists(st.floats(4, 14), min_size=5, max_size=5),
    canals=st.lists(st.floats(6, 24), min_size=5, max_size=5),
    slip=st.floats(3, 12).flatmap(lambda size: st.sampled_from([size, -size])),
    kind=st.sampled_from(LENGTHS),
    share=st.floats(0.01, 1),
    way=st.sampled_from([None, "anterior", "posterior"]),
)
def test_what_is_read_back_is_what_was_set(
    spines: Any, depth: float, heights: Any, canals: Any, slip: float, kind: str, share: float,
    way: Any,
) -> None:  # fmt: skip
    """The ratio times the depth is the length, and the depth is that of the patient."""
    discs = spines.healthy()
    for place, disc in enumerate(discs.values()):
        disc.values |= _measured(heights[place], canals[place], slip, depth)
        disc.values["spondylolisthesis"] = "present"
    report = spines.write(discs)
    assert depth_mm(report) == pytest.approx(depth, rel=0.02)
    size = max(0.1, round(share * LONGEST_MM[kind], 1))
    way = way if kind == "slip_mm" else None
    changed = edit.set_measure(report, "L3-L4", kind, size, direction=way)
    length, ratio = at(changed, "L3-L4", kind), at(changed, "L3-L4", RATIOS[kind])
    sign = {None: 1 if slip > 0 or kind != "slip_mm" else -1, "anterior": 1, "posterior": -1}[way]
    assert length.value == sign * size
    assert isinstance(ratio.value, float)
    assert abs(ratio.value * depth_mm(report) - sign * size) <= 0.0005 * depth_mm(report) + 1e-9
    assert depth_mm(changed) == pytest.approx(depth, rel=0.02)  # the reader's number is no evidence
    again = edit.set_measure(changed, "L3-L4", kind, size)
    assert at(again, "L3-L4", kind).value == length.value


def test_the_comparison_with_a_prior_follows(spines: Any, slipped: Report) -> None:
    discs = {lv.replace("-", "_"): _measured(8.9, 13.2, 0.3) for lv in spines.healthy()}
    prior: dict[str, Any] = {
        **discs,
        "L4_L5": {"spondylolisthesis": "present", **_measured(8, 12, 5)},
    }
    before = spines.write(spines.healthy(**prior), t1=False)  # of other images
    earlier = Earlier(before, read=False, stated=True)
    compared = edit.compare(slipped, earlier)
    assert compared.prior is not None
    slip = at(compared, "L4-L5", "slip_ratio").id

    def verdict(report: Report) -> str:
        assert report.prior is not None
        return next(c.verdict for c in report.prior.changes if c.finding == slip)

    assert verdict(compared) == "unchanged"
    report = edit.set_measure(compared, "L4-L5", "slip_mm", 12)
    assert verdict(report) == "increased"
    assert "slip increased from 5 to 12 mm (set by the reader) at L4-L5" in told(report)
    back = edit.set_measure(report, "L4-L5", "slip_mm", 5.2)
    assert verdict(back) == "unchanged"


def test_a_slip_the_other_way_is_no_unchanged_one(spines: Any, slipped: Report) -> None:
    prior: dict[str, Any] = {
        lv.replace("-", "_"): _measured(8.9, 13.2, 0.3) for lv in spines.healthy()
    }
    prior["L4_L5"] = {"spondylolisthesis": "present", **_measured(8, 12, 5)}
    before = spines.write(spines.healthy(**prior), t1=False)
    compared = edit.compare(slipped, Earlier(before, read=False, stated=True))
    turned = edit.set_measure(compared, "L4-L5", "slip_mm", 5.2, direction="posterior")
    said = "Compared with the prior study: posterior slip instead of anterior (set by the reader)"
    assert f"{said} at L4-L5." in told(turned)
    german = edit.restyle(turned, "standard", "de")
    said = "Dorsalversatz statt Ventralversatz (vom Befunder gesetzt) im Segment L4-L5."
    assert said in told(german)
    small = edit.set_measure(compared, "L4-L5", "slip_mm", 1, direction="posterior")
    assert "instead" not in told(small)  # within the error of measuring, it has no sure direction
    (item,) = (s for s in turned.sentences if s.section == "impression" and s.changes)
    for wrong in ("anterior slip instead of posterior (set by the reader)",
                  "posterior slip instead of anterior"):  # fmt: skip
        text = f"Compared with the prior study: {wrong} at L4-L5."
        lying = tuple(
            s.model_copy(update={"text": text}) if s == item else s for s in turned.sentences
        )
        with pytest.raises(CheckFailedError):
            require(turned.model_copy(update={"sentences": lying}))


def test_no_number_belies_the_change(spines: Any) -> None:
    """Vertebrae that were measured larger make a disc lower for its depth, and yet more mm."""
    discs = {lv.replace("-", "_"): _measured(8.9, 13.2, 0.3, 30) for lv in spines.healthy()}
    now = {lv.replace("-", "_"): _measured(8.9, 13.2, 0.3, 37) for lv in spines.healthy()}
    before = spines.write(spines.healthy(**{**discs, "L4_L5": _measured(10, 13, 0, 30)}), t1=False)
    report = spines.write(spines.healthy(**now))
    compared = edit.compare(report, Earlier(before, read=False, stated=True))
    compared = edit.set_measure(compared, "L4-L5", "disc_height_mm", 10.5)
    said = "disc height decreased from 33% to 28% of the vertebral depth (set by the reader)"
    assert said in told(compared)
    require(compared)
    (item,) = (s for s in compared.section("findings") if s.changes and s.level == "L4-L5")
    assert compared.prior is not None
    text = item.text.replace("33% to 28% of the vertebral depth", "10 to 10.5 mm")
    lying = item.model_copy(update={"text": text})
    assert check_changes(lying, compared.findings, compared.prior)


def test_a_slip_whose_size_a_reader_set_can_not_be_called_absent(slipped: Report) -> None:
    report = edit.set_measure(slipped, "L4-L5", "slip_mm", 7)
    with pytest.raises(CheckFailedError, match=r"size of the slip at L4-L5.*undo"):
        edit.set_grade(report, "L4-L5", "spondylolisthesis", "absent")
    edit.set_grade(slipped, "L4-L5", "spondylolisthesis", "absent")


@pytest.mark.parametrize(
    ("language", "said", "wrong"),
    [
        (
            "en",
            "slip increased from 5 to 10.5 mm (set by the reader)",
            ("5 to 11 mm (set by the reader)", "5 to 10.5 mm", "5 (set by the reader) to 10.5 mm"),
        ),
        (
            "de",
            "Zunahme des Versatzes von 5 auf 10,5 mm (vom Befunder gesetzt)",
            ("5 auf 11 mm (vom Befunder gesetzt)", "5 auf 10,5 mm"),
        ),
    ],
)
def test_a_change_says_that_a_reader_set_its_length(
    slipped: Report, language: str, said: str, wrong: tuple[str, ...]
) -> None:
    before = slipped.model_copy(
        update={"provenance": slipped.provenance.model_copy(update={"input_sha256": "0" * 64})}
    )
    written = edit.restyle(slipped, "standard", language)
    compared = edit.compare(written, Earlier(before, stated=True))
    report = edit.set_measure(compared, "L4-L5", "slip_mm", 10.5)
    sentences = [s for s in report.sentences if said in s.text]
    assert {s.section for s in sentences} == {"findings", "impression"}
    require(report)
    right = said.partition(" from ")[2] or said.partition(" von ")[2]
    assert report.prior is not None
    for text in wrong:
        lying = sentences[0].model_copy(update={"text": sentences[0].text.replace(right, text)})
        assert check_changes(lying, report.findings, report.prior, language), text
    back = edit.compare(
        edit.restyle(before, "standard", language),
        Earlier(report.model_copy(update={"prior": None}), stated=True),
    )
    again = {"en": "10.5 (set by the reader) to 5 mm", "de": "10,5 (vom Befunder gesetzt) auf 5 mm"}
    assert again[language] in told(back)
    require(back)
