"""Reports of radiographs: what they say, and that the checks hold them to their findings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from etl import draft
from etl.check import check_sentence
from etl.edit import restyle, tell
from etl.load import to_html, to_markdown
from etl.phrases import styles
from radixgpt.eligibility import Eligibility
from radixgpt.errors import CheckFailedError
from radixgpt.observation import Evidence, Observation
from radixgpt.report import Report
from radixgpt.study import Modality, Series, Study, View

BAND = ((20.0, 10.0), (30.0, 10.0), (30.0, 180.0), (20.0, 180.0))


def study(view: View = View.AP, **facts: Any) -> Study:
    pixels = np.add.outer(np.arange(200.0), np.arange(60.0)).astype(np.float32)[None]
    return Study("k", (Series("s1", pixels, modality=Modality.DX, view=view, **facts),))


def seen(kind: str, **fields: Any) -> Observation:
    placed = Evidence(series="s1", slice_index=0, polygon=BAND)
    return Observation.model_validate(
        {
            "id": kind,
            "tool": "radiographs",
            "tool_version": "1",
            "kind": kind,
            "evidence": [placed],
            **fields,
        }
    )


NO_SLIP = seen(
    "spondylolisthesis",
    status="not_assessable",
    reason="Spondylolisthesis was not assessable: it needs a lateral radiograph",
)


def written(*observations: Observation, style: str = "standard", **facts: Any) -> Report:
    eligible = Eligibility(False, reason="not-mr", radiographs=("s1",))
    return draft(study(**facts), eligible, observations, models=(), style=style)


def text(report: Report, name: str) -> str:
    return " ".join(s.text for s in report.sentences if s.section == name)


@pytest.mark.parametrize("style", styles())
@pytest.mark.parametrize(
    ("fields", "angle", "said"),
    [
        (
            {"value": "present", "confidence": 0.96},
            34.2,
            "Scoliosis with a measured curve of 34 degrees.",
        ),
        (
            {"value": "present", "confidence": 0.6},
            12.0,
            "Probable scoliosis with a measured curve of 12 degrees.",
        ),
        ({"value": "absent", "confidence": 0.9}, 4.0, "No scoliosis seen on the radiograph."),
        (
            {"status": "indeterminate", "reason": "too close to call"},
            9.0,
            "Scoliosis indeterminate; measured curve 9 degrees.",
        ),
        (
            {"status": "indeterminate", "reason": "not traced"},
            None,
            "Scoliosis indeterminate.",
        ),
    ],
)
def test_an_ap_film_is_reported(
    style: str, fields: dict[str, Any], angle: float | None, said: str
) -> None:
    found = [seen("view", value="ap"), seen("scoliosis", **fields), NO_SLIP]
    if angle is not None:
        found.append(seen("curve_angle", value=angle, unit="deg"))
    report = written(*found, style=style)
    assert all(check.passed for check in report.obligatory)
    assert text(report, "exam") == "Radiograph of the spine."
    assert text(report, "technique") == "Plain radiograph, AP view."
    assert said in text(report, "findings")
    assert said in text(report, "impression")
    assert "Spondylolisthesis not assessed." in text(report, "findings")
    limits = text(report, "limitations")
    assert "it needs a lateral radiograph." in limits
    assert "The view (AP) was judged from the image" in limits
    assert "were not assessed" in limits
    whole = to_markdown(report)
    assert "normal" not in whole.lower()
    assert "T1" not in whole
    assert "L4" not in whole
    page = to_html(report, study())
    assert "Radiograph, AP view" in page
    assert page.count("data:image/png") == 1


NO_CURVE = seen(
    "scoliosis",
    status="not_assessable",
    reason="Scoliosis was not assessable: it needs an AP radiograph",
)


@pytest.mark.parametrize("style", styles())
@pytest.mark.parametrize(
    ("fields", "share", "said"),
    [
        (
            {"value": "present", "confidence": 0.96},
            0.224,
            "Spondylolisthesis with a measured anterior slip of 22% of the vertebral depth "
            "(Meyerding grade I).",
        ),
        (
            {"value": "present", "confidence": 0.96},
            0.57,
            "Spondylolisthesis with a measured anterior slip of 57% of the vertebral depth "
            "(Meyerding grade III).",
        ),
        (
            {"value": "present", "confidence": 0.6},
            None,
            "Probable spondylolisthesis.",
        ),
        ({"value": "absent", "confidence": 0.9}, None, "No spondylolisthesis seen"),
        (
            {"status": "indeterminate", "reason": "too close to call"},
            None,
            "Spondylolisthesis indeterminate.",
        ),
    ],
)
def test_a_lateral_film_is_reported(
    style: str, fields: dict[str, Any], share: float | None, said: str
) -> None:
    found = [seen("view", value="lateral"), NO_CURVE, seen("spondylolisthesis", **fields)]
    if share is not None:
        found.append(seen("slip_ratio", value=share, unit="1"))
    report = written(*found, style=style, view=View.LATERAL)
    assert all(check.passed for check in report.obligatory)
    assert said in text(report, "findings")
    assert said in text(report, "impression")
    assert "Scoliosis not assessed." in text(report, "findings")
    limits = text(report, "limitations")
    assert "The level of a slip is not named" in limits
    assert "L4" not in to_markdown(report)
    assert " mm" not in text(report, "findings")


@pytest.mark.parametrize(
    "claim",
    [
        "No spondylolisthesis seen.",
        "Spondylolisthesis at L4-L5.",
        "Spondylolisthesis with a measured anterior slip of 60% of the vertebral depth.",
        "Spondylolisthesis with a measured posterior slip of 22% of the vertebral depth.",
        "Spondylolisthesis with a measured anterior slip of 22% of the vertebral depth "
        "(Meyerding grade II).",
        "Spondylolisthesis with a measured anterior slip of 8 mm.",
    ],
)
def test_a_wrong_slip_is_caught(claim: str) -> None:
    report = written(
        NO_CURVE,
        seen("spondylolisthesis", value="present", confidence=0.95),
        seen("slip_ratio", value=0.22, unit="1"),
        view=View.LATERAL,
    )
    right = "Spondylolisthesis with a measured anterior slip of 22% of the vertebral depth."
    assert check_sentence(right, report.findings) == []
    assert check_sentence(claim, report.findings)


@pytest.mark.parametrize("style", styles())
def test_a_slip_in_german(style: str, english_in: Any) -> None:
    found = seen("spondylolisthesis", value="present", confidence=0.95)
    size = seen("slip_ratio", value=0.22, unit="1")
    report = restyle(written(found, size, NO_CURVE, view=View.LATERAL), style, "de")
    said = (
        "Spondylolisthese mit gemessenem Ventralversatz von 22 % der Wirbelkörpertiefe "
        "(Meyerding Grad I)."
    )
    assert said in text(report, "findings")
    assert said in text(report, "impression")
    assert "Die Höhe eines Versatzes wird nicht benannt" in text(report, "limitations")
    assert not english_in(to_markdown(report))


def test_what_was_asked_of_a_film_comes_first() -> None:
    found = seen("scoliosis", value="absent", confidence=0.9)
    report = written(seen("view", value="ap"), found, NO_SLIP)
    asked = tell(report, question="Wirbelgleiten? Fraktur?")
    assert [s.text for s in asked.section("impression")] == [
        "Spondylolisthesis not assessed.",
        "Not assessed: vertebral bodies.",
        "No scoliosis seen on the radiograph.",
    ]
    assert text(tell(report, question="Scoliosis?"), "impression").startswith("No scoliosis seen")


def test_a_view_of_the_header_is_not_called_judged() -> None:
    report = written(
        seen("scoliosis", status="not_assessable", reason="It needs an AP radiograph"),
        NO_SLIP,
        view=View.LATERAL,
        facts_from={"view": "header"},
    )
    assert text(report, "technique") == "Plain radiograph, lateral view."
    assert "judged" not in text(report, "limitations")
    assert text(report, "impression") == "Scoliosis not assessed. Spondylolisthesis not assessed."


@pytest.mark.parametrize(
    "claim",
    [
        "No scoliosis seen.",
        "Scoliosis with a measured curve of 40 degrees.",
        "Scoliosis with spondylolisthesis.",
        "Normal alignment.",
        "Scoliosis at L4-L5.",
        "Left scoliosis.",
        "Scoliosis, unchanged.",
        "Scoliosis of 34 mm.",
    ],
)
def test_a_wrong_sentence_is_caught(claim: str) -> None:
    report = written(
        seen("scoliosis", value="present", confidence=0.9),
        seen("curve_angle", value=34.0, unit="deg"),
        NO_SLIP,
    )
    assert check_sentence("Scoliosis with a measured curve of 34 degrees.", report.findings) == []
    assert check_sentence(claim, report.findings)


def test_scoliosis_needs_its_value_and_its_evidence() -> None:
    bare = seen("scoliosis", value="present", confidence=0.9).model_copy(update={"evidence": ()})
    with pytest.raises(CheckFailedError, match="no evidence"):
        written(bare, NO_SLIP)
    with pytest.raises(CheckFailedError, match="not a value"):
        written(seen("scoliosis", value="left", confidence=0.9), NO_SLIP)


def test_films_of_one_study_complete_one_another() -> None:
    """What one view can't show, the other may: the value stands over "not assessable"."""
    other = seen("scoliosis", status="not_assessable", reason="It needs an AP radiograph")
    report = written(seen("scoliosis", value="absent", confidence=0.9), other, NO_SLIP)
    assert [f.value for f in report.findings if f.kind == "scoliosis"] == ["absent"]


@pytest.mark.parametrize("style", styles())
@pytest.mark.parametrize("status", ["value", "indeterminate"])
def test_a_film_in_german(style: str, status: str, english_in: Any) -> None:
    fields = (
        {"value": "present", "confidence": 0.9} if status == "value" else {"reason": "not told"}
    )
    curve = seen("curve_angle", value=34.2, unit="deg")
    report = restyle(
        written(seen("scoliosis", status=status, **fields), NO_SLIP, curve, style=style),
        style,
        "de",
    )
    said = text(report, "findings")
    words = (
        "Skoliose mit gemessener Krümmung von 34 Grad." if status == "value" else "Skoliose unklar"
    )
    assert said.startswith(words)
    assert text(report, "technique") == "Röntgenaufnahme, Projektion: ap."
    told = to_markdown(report)
    assert "Spondylolisthese nicht beurteilbar" in told
    assert not english_in(told)


def test_an_unknown_message_is_quoted_and_holds_no_german_report_back() -> None:
    odd = NO_SLIP.model_copy(
        update={"reason": "Spondylolisthesis was not assessable: the film is cut"}
    )
    found = seen("scoliosis", value="absent", confidence=0.9)
    report = restyle(written(found, odd), "standard", "de")
    assert "auf Englisch: „Spondylolisthesis was not assessable: the film is cut“" in text(
        report, "limitations"
    )
