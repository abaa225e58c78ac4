"""Captions: what is read of them, and whether they fit what the tools saw."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.generated import text as generated
from radixgpt.case import StatedFinding
from radixgpt.errors import InputError
from radixgpt.finding import ABSENT, PRESENT
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation
from radixgpt.study import BodyRegion, Modality, Plane, Sequence, Series, Study, View
from tools.captions import check, classify
from tools.captions.agreement import Weighing
from tools.captions.technique import find_technique

RULES = Weighing(offset=2.0, worst=-0.8, mean=-1.0, low=0.2, high=0.5)
BINARY = ("disc_narrowing", "disc_bulging", "disc_herniation", "spondylolisthesis")
Grades = Mapping[tuple[str, str], int]


def study(*, known: bool = True) -> Study:
    facts = (
        {"modality": Modality.MR, "plane": Plane.SAGITTAL, "region": BodyRegion.LUMBAR}
        if known
        else {}
    )
    series = Series("s1", np.ones((1, 4, 4), np.float32), **facts)
    return Study("x", (series.with_facts("header", sequence=Sequence.T2) if known else series,))


def sure(value: str, values: tuple[str, ...], chance: float = 0.95) -> dict[str, float]:
    rest = (1 - chance) / (len(values) - 1)
    return {one: chance if one == value else rest for one in values}


def seen(grades: Grades, chance: float = 0.95) -> list[Observation]:
    made = []
    for (level, kind), value in grades.items():
        if kind == "pfirrmann":
            named = sure(str(value), ("1", "2", "3", "4", "5"), chance)
        elif kind == "modic":
            named = sure(str(value), ("0", "1", "2", "3"), chance)
        else:
            named = sure(PRESENT if value else ABSENT, (ABSENT, PRESENT), chance)
        made.append(
            Observation(
                id=f"o{len(made)}", tool="classifier", tool_version="1", kind=kind, level=level,
                probabilities=named,
            )
        )  # fmt: skip
    return made


def stated(grades: Grades) -> list[StatedFinding]:
    found = []
    for (level, kind), value in grades.items():
        there = "present" if value or kind == "pfirrmann" else "absent"
        number = value if kind in ("pfirrmann", "modic") else None
        found.append(
            StatedFinding.model_validate(
                {"level": level, "kind": kind, "value": number, "assertion": there}
            )
        )
    return found


@st.composite
def spines(draw: st.DrawFn) -> dict[tuple[str, str], int]:
    grades: dict[tuple[str, str], int] = {}
    for level in LUMBAR_DISCS:
        grades[level, "pfirrmann"] = draw(st.integers(1, 5))
        grades[level, "modic"] = draw(st.integers(0, 3))
        for kind in BINARY:
            grades[level, kind] = draw(st.integers(0, 1))
    return grades


def written(grades: Grades, seed: str) -> str:
    return "\n".join(generated.write(stated(grades), seed).values())


@settings(max_examples=15, deadline=None)
@given(grades=spines(), seed=st.text(max_size=4))
def test_a_caption_of_the_very_findings_agrees(grades: Grades, seed: str) -> None:
    found = check(written(grades, seed), study(), seen(grades), weights=RULES)
    assert found.verdict == "fits"
    assert not found.of("contradict")
    assert found.of("agree")


@settings(max_examples=15, deadline=None)
@given(grades=spines(), seed=st.text(max_size=4), place=st.integers(0, 19))
def test_a_turned_finding_contradicts_at_its_level(grades: Grades, seed: str, place: int) -> None:
    level, kind = LUMBAR_DISCS[place % 5], BINARY[place // 5]
    truth, turned = {**grades, (level, kind): 0}, {**grades, (level, kind): 1}
    right = check(written(truth, seed), study(), seen(truth), weights=RULES)
    wrong = check(written(turned, seed), study(), seen(truth), weights=RULES)
    assert (level, kind) in {(one.level, one.about) for one in wrong.of("contradict")}
    assert {one.about for one in wrong.of("contradict")} == {kind}
    assert wrong.verdict in ("fits_in_part", "does_not_fit")
    assert wrong.score is not None
    assert right.score is not None
    assert wrong.score < right.score


@settings(max_examples=15, deadline=None)
@given(place=st.integers(0, 19), there=st.booleans())
def test_a_denied_finding_contradicts_where_it_is(place: int, there: bool) -> None:
    level, kind = LUMBAR_DISCS[place % 5], BINARY[place // 5]
    name = {"disc_narrowing": "disc space narrowing"}.get(kind, kind.replace("_", " "))
    observed = seen({(level, kind): int(there)})
    found = check(f"{level}: No {name}.", study(), observed, weights=RULES)
    assert [one.about for one in found.of("contradict" if there else "agree")] == [kind]
    assert found.verdict == ("does_not_fit" if there else "fits")


def test_a_denial_beside_a_statement_is_of_no_level_that_is_told() -> None:
    observed = seen({("L4-L5", "disc_bulging"): 1, ("L5-S1", "disc_bulging"): 0})
    text = "Disc bulge at L4-L5. L5-S1 looks better in comparison. No disc bulging seen."
    found = check(text, study(), observed, weights=RULES)
    assert found.verdict == "fits"
    assert not found.of("contradict")


@settings(max_examples=25, deadline=None)
@given(grade=st.integers(1, 5), said=st.integers(1, 5))
def test_a_grade_agrees_with_its_neighbours_and_no_further(grade: int, said: int) -> None:
    observed = seen({("L4-L5", "pfirrmann"): grade})
    found = check(f"L4-L5: Pfirrmann grade {said} disc.", study(), observed, weights=RULES)
    (one,) = [s for s in found.statements if s.about == "pfirrmann"]
    assert (one.answer == "agree") == (abs(grade - said) <= 1)
    assert (one.answer == "contradict") == (abs(grade - said) > 1)


def test_the_score_falls_as_a_statement_becomes_less_likely() -> None:
    scores = []
    for chance in (0.9, 0.6, 0.4, 0.1, 0.01):
        observed = seen({("L4-L5", "disc_herniation"): 1}, chance)
        scores.append(check("Disc herniation at L4-L5.", study(), observed, weights=RULES).score)
    assert scores == sorted(scores, key=lambda score: -(score or 0))
    assert scores[0] != scores[-1]


@pytest.mark.parametrize(
    "caption",
    [
        "Sagittal T2-weighted MRI of the lumbar spine.",
        "Compression fracture of L1 with retropulsion.",
        "Foraminal stenosis at L4-L5 on the left.",
        "Possible disc herniation at L4-L5.",
        "Happy holidays.",
    ],
)
def test_nothing_fits_merely_because_nothing_could_be_checked(caption: str) -> None:
    observed = seen({("L4-L5", "disc_herniation"): 1})
    found = check(caption, study(), observed, weights=RULES)
    assert found.verdict == "cannot_tell"
    assert "No finding of the caption could be checked" in found.reasons[-1]


def test_an_image_that_no_tool_read_tells_nothing() -> None:
    found = check("Sagittal MRI. Disc herniation at L4-L5.", study(known=False), (), weights=RULES)
    assert found.verdict == "cannot_tell"
    assert found.score is None
    assert {one.answer for one in found.statements} == {"cannot_tell"}


def test_an_unsure_tool_and_a_side_can_not_be_told() -> None:
    (herniation,) = seen({("L4-L5", "disc_herniation"): 1})
    unsure = herniation.model_copy(update={"status": "indeterminate"})
    text = "Disc herniation at L4-L5."
    assert check(text, study(), [unsure], weights=RULES).verdict == "cannot_tell"
    left = check("Left disc herniation at L4-L5.", study(), [herniation], weights=RULES)
    (one,) = [s for s in left.statements if s.about == "disc_herniation"]
    assert (one.answer, one.reason) == ("cannot_tell", "no tool here tells the side")
    there_is_none = seen({("L4-L5", "disc_herniation"): 0})
    denied = check("Left disc herniation at L4-L5.", study(), there_is_none, weights=RULES)
    assert denied.verdict == "does_not_fit"


def test_a_denial_without_a_level_is_of_all_levels() -> None:
    grades = {(level, "disc_herniation"): 0 for level in LUMBAR_DISCS}
    text = "No disc herniation at any level."
    assert check(text, study(), seen(grades), weights=RULES).verdict == "fits"
    grades["L4-L5", "disc_herniation"] = 1
    found = check(text, study(), seen(grades), weights=RULES)
    assert found.of("contradict")[0].level is None
    assert "at L4-L5" in found.of("contradict")[0].seen


@pytest.mark.parametrize(
    ("caption", "about"),
    [
        ("Axial CT of the lumbar spine.", "modality"),
        ("Axial MRI of the lumbar spine.", "plane"),
        ("Sagittal MRI of the cervical spine.", "region"),
        ("Sagittal T2 MRI of the brain.", "region"),
        ("Sagittal STIR image of the lumbar spine.", "sequence"),
    ],
)
def test_the_wrong_technique_does_not_fit_whatever_the_findings(caption: str, about: str) -> None:
    observed = seen({("L4-L5", "disc_herniation"): 1})
    found = check(f"{caption} Disc herniation at L4-L5.", study(), observed, weights=RULES)
    assert found.verdict == "does_not_fit"
    assert about in {one.about for one in found.of("contradict")}
    assert "The caption says" in found.reasons[0]


@pytest.mark.parametrize(
    "caption", ["Disc herniation on the left at L4-L5.", "Fracture of L2.", "A cat on a sofa."]
)
def test_what_can_not_be_checked_has_no_score(caption: str) -> None:
    observed = seen({("L4-L5", "disc_herniation"): 1})
    found = check(caption, study(), observed, weights=RULES)
    assert (found.verdict, found.score) == ("cannot_tell", None)


def test_a_study_that_was_not_graded_says_so_of_what_a_grader_looks_for() -> None:
    found = check("Disc herniation and a fracture at L4-L5.", study(), (), weights=RULES)
    assert {one.about: one.reason for one in found.of("cannot_tell")} == {
        "disc_herniation": "no disc was graded in these images",
        "fracture": "no tool here looks for it",
    }


def test_the_view_of_a_radiograph_counts() -> None:
    pixels = np.ones((1, 4, 4), np.float32)
    film = dataclasses.replace(Series("s1", pixels, modality=Modality.DX), view=View.AP)
    scoliosis = Observation(
        id="o1", tool="radiographs", tool_version="1", kind="scoliosis",
        probabilities={PRESENT: 0.9, ABSENT: 0.1},
    )  # fmt: skip
    right = check(
        "AP radiograph of the spine with scoliosis.",
        Study("x", (film,)), [scoliosis], weights=RULES,
    )  # fmt: skip
    assert right.verdict == "fits"
    assert [one.seen for one in right.statements if one.about == "scoliosis"] == ["present 90%"]
    wrong = check(
        "Lateral radiograph of the spine.", Study("x", (film,)), [scoliosis], weights=RULES
    )
    assert [one.about for one in wrong.of("contradict")] == ["view"]


@pytest.mark.parametrize(
    ("text", "modality", "regions", "planes", "sequences", "contrast"),
    [
        ("Sagital T2W MRI of the C-spine", "MR", ("cervical",), ("sagittal",), ("t2",), None),
        ("CT of L2 without contrast", "CT", ("lumbar",), (), (), False),
        ("Lateral X ray of the thoracolumbar junction", "DX", ("thoracic", "lumbar"), ("lateral",),
         (), None),
        ("Axial PET-CT image at C4", "other", ("cervical",), ("axial",), (), None),
        ("T1- and T2-weighted images after gadolinium", "MR", (), (), ("t1", "t2"), True),
        ("CT-guided biopsy", None, (), (), (), None),
        ("Post-contrast T1 fat-sat coronal thoracic spine", "MR", ("thoracic",), ("coronal",),
         ("t1",), True),
        ("Axial T1 post-contrast at L4-L5", "MR", ("lumbar",), ("axial",), ("t1",), True),
        ("Coronal STIR MR of a brain", "MR", ("other",), ("coronal",), ("stir",), None),
        ("Knee MRI", "MR", ("other",), (), (), None),
        ("MRI of the brain and the cervical spine", "MR", ("other", "cervical"), (), (), None),
        ("Lateral radiograph of the head and neck", "DX", ("cervical",), ("lateral",), (), None),
        ("Chest CT with a fracture of T9; the femoral head is normal", "CT", ("thoracic",), (), (),
         None),
        ("MRI with a fat T1 vertebra and contrast at T1", "MR", ("thoracic",), (), (), None),
        ("Hypertrophy of the transverse ligament at T5", None, ("thoracic",), (), (), None),
        ("postoperative coronal CTThis shows rods from T8 to L3", "CT", ("thoracic", "lumbar"),
         ("coronal",), (), None),
    ],
)  # fmt: skip
def test_technique(
    text: str,
    modality: str | None,
    regions: tuple[str, ...],
    planes: tuple[str, ...],
    sequences: tuple[str, ...],
    contrast: bool | None,
) -> None:
    found = find_technique(text)
    assert found.modality == modality
    assert set(found.regions) == set(regions)
    assert (found.planes, found.sequences, found.contrast) == (planes, sequences, contrast)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    if text.strip():
        classify(text)
    else:
        with pytest.raises(InputError, match="empty"):
            classify(text)


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="characters"):
        classify("disc " * 10_000)
