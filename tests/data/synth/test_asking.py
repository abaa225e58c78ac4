"""Findings in words: every word is understood, or the request is refused with what can be asked."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.synth.asking import asked
from data.synth.conditions import DiscGrades
from data.synth.request import Request
from radixgpt.errors import InputError
from radixgpt.finding import ABSENT, PRESENT

UNDERSTOOD = [
    ("healthy", "all lumbar discs healthy"),
    ("everything normal", "all lumbar discs healthy"),
    (
        "L4-L5 pfirrmann 5 narrowing bulging slip 6",
        "L4-L5: Pfirrmann 5, disc space narrowing, disc bulging, spondylolisthesis, slip 6 mm",
    ),
    (
        "L4-L5: Pfirrmann grade V, disc bulging, no herniation. L5-S1: Modic type II.",
        "L4-L5: Pfirrmann 5, disc bulging, no disc herniation; L5-S1: Modic 2",
    ),
    ("L4-L5 disc bulging and no herniation", "L4-L5: disc bulging, no disc herniation"),
    ("a herniation at L4-L5", "L4-L5: disc herniation"),
    ("pfirrmann 5 at L4-L5, modic 2 at L5-S1", "L4-L5: Pfirrmann 5; L5-S1: Modic 2"),
    ("pfirrmann 5 at L4-L5 and modic 2 at L5-S1", "L4-L5: Pfirrmann 5; L5-S1: Modic 2"),
    ("L4/5 bulge, L5-S1 prolapse", "L4-L5: disc bulging; L5-S1: disc herniation"),
    (
        "L3-L4 and L4-L5 disc space narrowing",
        "L3-L4: disc space narrowing; L4-L5: disc space narrowing",
    ),
    ("L4-L5 grade 2 spondylolisthesis", "L4-L5: spondylolisthesis, slip grade 2"),
    (
        "L4-L5 6 mm slip and 3 mm bulging",
        "L4-L5: disc bulging, bulging 3 mm, spondylolisthesis, slip 6 mm",
    ),
    (
        "L4-L5 retrolisthesis 4 mm",
        "L4-L5: spondylolisthesis, slipped backward, slip 4 mm backward",
    ),
    ("L5-S1 endplates", "L5-S1: endplate change above, endplate change below"),
    ("L5-S1 endplate changes below", "L5-S1: endplate change below"),
    ("L4-L5 spinal canal narrowing 6.5 mm", "L4-L5: canal stenosis, canal depth 6.5 mm"),
    (
        "L4-L5 disc extrusion 7 mm migrated down 6 mm",
        "L4-L5: disc herniation, extrusion, herniation 7 mm, extrusion migrated down 6 mm",
    ),
    ("L4-L5 fissure and vacuum", "L4-L5: annular fissure, vacuum"),
    ("L4-L5 ligamentum flavum hypertrophy", "L4-L5: thickened ligamentum flavum"),
    (
        "L3 acute wedge fracture genant 2",
        "L3: fracture, wedge fracture, fracture genant 2, marrow oedema",
    ),
    (
        "L1 and L2 haemangioma, L4-L5 bulging",
        "L1: haemangioma; L2: haemangioma; L4-L5: disc bulging",
    ),
    (
        "scoliosis 25 degrees convex to the right, apex L3",
        "spine: scoliosis, curve 25 degrees, curve convex right, curve apex L3",
    ),
    ("conus at L1-L2, L4-L5 pfirrmann 4", "spine: conus at L1-L2; L4-L5: Pfirrmann 4"),
    ("the dural sac ends at S2", "spine: sac end at S2"),
    ("L4-L5 no herniation or bulging", "L4-L5: no disc bulging, no disc herniation"),
    ("no disc herniation at L4-L5, pfirrmann 3", "L4-L5: Pfirrmann 3, no disc herniation"),
    ("all lumbar discs pfirrmann 2", "; ".join(
        f"{level}: Pfirrmann 2" for level in ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")
    )),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), UNDERSTOOD)
def test_a_text_is_understood_whole_and_told_so_that_it_is_read_alike(
    text: str, words: str
) -> None:
    request = asked([text])
    assert request.told() == words
    assert asked([words]).facts == request.facts


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "No finding"),
        ("banana", "'banana'"),
        ("L4-L5", "No finding"),
        ("L4-L5 pfirrmann 5 sparkles", "'sparkles'"),
        ("L4-L5 T2 image with bulging", "'T2', 'image'"),
        ("L4-L5 pfirrmann 5 stenos", "canal stenosis"),
        ("L4-L5 spondylosis", "spondylolisthesis"),
        ("L4-L5 sequestration", "'sequestration'"),
        ("L4-L5 pfirrmann 3 or 4", "uncertain"),
        ("L4-L5 Pfirrmann 3-4", "uncertain"),
        ("L4-L5 pfirrmann III/IV", "uncertain"),
        ("L4-L5 modic 1 to 2", "uncertain"),
        ("L4-L5 bulging 3 or 4 mm", "uncertain"),
        ("L4-L5 bulging or herniation", "uncertain"),
        ("L4-L5 possible disc herniation", "uncertain"),
        ("L4-L5 herniation?", "uncertain"),
        ("L4-L5 left disc herniation", "side"),
        ("L4-L5 foraminal narrowing", "side"),
        ("L4-L5 mild bulging", "'mild'"),
        ("L4-L5 pfirrmann 7", "Grades: 1, 2, 3, 4, 5"),
        ("L4-L5 pfirrmann", "needs a grade"),
        ("L4-L5 modic", "needs a grade"),
        ("L4-L5 slip 2", "grade 2"),
        ("L4-L5 slip grade 3", "Grades: 1, 2"),
        ("L4-L5 slip -6 mm", "'-6'"),
        ("L4-L5 slip 40 mm", "3 to 16 mm"),
        ("L4-L5 narrowing 5 %", "20 to 85"),
        ("L4-L5 disc height", "needs a number"),
        ("L4-L5 pfirrmann 5 6 mm", "not clear what '6 mm'"),
        ("L4-L5 no bulging 3 mm", "not clear"),
        ("L4-L5 no herniation, bulging", "not clear whether"),
        ("L4-L5 no retrolisthesis", "leaves open"),
        ("L4-L5 pfirrmann 5 and modic 2 at L5-S1", "not clear which"),
        ("L4-L5 herniation L5-S1", "not clear which"),
        ("bulging at L4-L5 and L5-S1 herniation", "not clear which"),
        ("bulging at L4-L5 and L5-S1 with herniation", "not clear which"),
        ("L3-L4 narrowing and bulging and herniation at L5-S1", "not clear which"),
        ("herniation", "No level"),
        ("C5-C6 disc herniation", "no lumbar disc"),
        ("L4 pfirrmann 5", "no lumbar disc"),
        ("L4-L5 fracture", "no lumbar vertebra"),
        ("T7 fracture", "no lumbar vertebra"),
        ("conus at L5", "no place"),
        ("conus", "needs a place"),
        ("L3 wedge biconcave fracture", "one shape"),
        ("L3 fracture 10 %", "20 %"),
        ("scoliosis 5 degrees", "10 to 50"),
        ("curve convex to the left", "needs its angle"),
        ("L4-L5 normal, bulging", "contradict"),
    ],
)
def test_what_is_not_understood_whole_is_refused_with_the_mend(text: str, word: str) -> None:
    with pytest.raises(InputError) as told:
        asked([text])
    assert word in f"{told.value}"
    assert told.value.mend


@pytest.mark.parametrize(
    "text",
    ["L3 fracture and a herniation at L5-S1", "herniation at L5-S1 and L3 fracture"],
)
def test_and_parts_a_vertebra_from_a_disc_where_each_has_one_finding(text: str) -> None:
    assert asked([text]).facts == asked(["L3 fracture", "L5-S1 herniation"]).facts


@pytest.mark.parametrize(
    "texts",
    [
        ("L4-L5 pfirrmann 5", "L4-L5 pfirrmann 2"),
        ("L4-L5 pfirrmann 5, L4-L5 pfirrmann 2",),
        ("L4-L5 disc herniation", "no disc herniation at L4-L5"),
        ("L4-L5 slip 6 mm", "L4-L5 no spondylolisthesis"),
        ("L3 fracture genant 1", "L3 fracture genant 3"),
        ("scoliosis 20 degrees", "scoliosis 30 degrees"),
    ],
)
def test_what_contradicts_itself_is_refused(texts: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="contradict"):
        asked(texts)


def understood(text: str) -> Request | None:
    """What is asked for, or None where it is refused in words."""
    try:
        return asked([text])
    except InputError:
        return None


SAID = (
    "L4-L5 L3 L5-S1 pfirrmann 5 modic 2 bulging narrowing slip 6 mm no and or with at , . the "
    "fracture genant % scoliosis degrees grade conus apex acute extrusion migrated up canal "
    "stenosis disc height herniation left mild sparkles absent but healthy"
)
WORDS = st.sampled_from(SAID.split())


@settings(max_examples=300)
@given(words=st.lists(WORDS, max_size=9))
def test_whatever_is_said_is_understood_or_refused_in_words(words: list[str]) -> None:
    request = understood(" ".join(words))
    if request is not None:
        assert not {"sparkles", "left", "mild"} & set(words)
        assert asked([request.told()]).facts == request.facts


@settings(max_examples=200)
@given(words=st.lists(WORDS, max_size=7), strange=st.sampled_from(["oblique", "tumour", "xyzzy"]))
def test_one_strange_word_refuses_all(words: list[str], strange: str) -> None:
    at = len(words) // 2
    with pytest.raises(InputError) as told:
        asked([" ".join([*words[:at], strange, *words[at:]])])
    assume("Not understood" in str(told.value))
    assert f"'{strange}'" in str(told.value)


def test_a_request_of_grades_is_those_grades() -> None:
    grades = {"L4-L5": DiscGrades(5, 1, frozenset({"disc_bulging"}))}
    assert Request.of(grades).graded() == grades
    assert Request().told() == "all lumbar discs healthy"


def test_a_request_tells_what_is_there_what_is_denied_and_what_is_measured() -> None:
    request = asked(["L4-L5 slip 6 mm and no bulging, L3 fracture, scoliosis 20 degrees"])
    assert request.as_dict() == {
        "spine": {"present": ["scoliosis"], "curve_angle": 20.0},
        "L3": {"present": ["fracture"]},
        "L4-L5": {
            "pfirrmann": 1,
            "modic": 0,
            "present": ["spondylolisthesis"],
            "absent": ["disc_bulging"],
            "slip_mm": 6.0,
        },
    }
    assert request.at("L4-L5")["disc_bulging"] == ABSENT
    assert request.at("L3")["fracture"] == PRESENT
