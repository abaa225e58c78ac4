"""Texts generated from gradings say what the gradings say, whatever the words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.generated.text import by_disc, phrases, write
from eval.findings.statement import stated
from radixgpt.case import StatedFinding
from radixgpt.language.reader import findings_in
from radixgpt.level import LUMBAR_DISCS

BINARY = (
    *("disc_narrowing", "disc_bulging", "disc_herniation", "spondylolisthesis"),
    *("endplate_upper", "endplate_lower"),
)


def gradings(level: str, pfirrmann: int, modic: int, **binary: bool) -> list[StatedFinding]:
    return [
        StatedFinding(level=level, kind="pfirrmann", value=pfirrmann),
        StatedFinding(
            level=level, kind="modic", value=modic, assertion="present" if modic else "absent"
        ),
        *(
            StatedFinding(
                level=level, kind=kind, assertion="present" if binary.get(kind) else "absent"
            )
            for kind in BINARY
        ),
    ]


disc = st.fixed_dictionaries(
    {"pfirrmann": st.integers(1, 5), "modic": st.integers(0, 3)},
    optional={kind: st.booleans() for kind in BINARY},
)
spine = st.dictionaries(st.sampled_from(["T12-L1", *LUMBAR_DISCS]), disc, min_size=1)


@given(spine, st.integers(0, 10_000))
def test_a_text_is_read_back_as_what_it_was_made_from(
    discs: dict[str, dict[str, int]], seed: int
) -> None:
    findings = [
        one
        for level, grades in discs.items()
        for one in gradings(level, **grades)  # type: ignore[arg-type]
    ]
    text = write(findings, str(seed))
    wanted = stated(findings)
    told = stated(findings_in(text["findings"], "findings"))
    assert told.found == wanted.found, text["findings"]
    everywhere = stated(
        [*findings_in(text["findings"]), *findings_in(text["impression"], "impression")]
    )
    places = {one.place for one in everywhere.found}
    assert places == {one.place for one in wanted.found}, text["impression"]
    for place in everywhere.denied:
        if place[1]:
            assert wanted.denies(place) or place[0] == "endplate_change", place


def test_the_seed_alone_decides_the_words() -> None:
    findings = gradings("L4-L5", 4, 1, disc_bulging=True)
    assert write(findings, "spider/1") == write(findings, "spider/1")
    variants = {write(findings, f"spider/{n}")["findings"] for n in range(40)}
    assert len(variants) > 20


def test_nothing_graded_is_nothing_written() -> None:
    assert write([], "x") == {}
    assert write([StatedFinding(level="L4", kind="fracture")], "x") == {}


def test_what_was_not_graded_is_not_denied() -> None:
    findings = [StatedFinding(level="L4-L5", kind="pfirrmann", value=2)]
    for seed in range(20):
        text = write(findings, str(seed))
        assert "erniation" not in text["findings"] + text["impression"]


def test_grades_are_collected_by_disc_from_head_to_tail() -> None:
    found = by_disc([*gradings("L5-S1", 3, 0), *gradings("L1-L2", 1, 2, disc_bulging=True)])
    assert list(found) == ["L1-L2", "L5-S1"]
    assert found["L1-L2"]["modic"] == 2
    assert found["L1-L2"]["disc_bulging"] == 1
    assert found["L5-S1"]["disc_bulging"] == 0


@pytest.mark.parametrize(
    ("name", "phrase"),
    [(name, phrase) for name in (*BINARY, "modic", "pfirrmann") for phrase in phrases()[name]],
)
def test_each_phrase_alone_is_its_finding(name: str, phrase: str) -> None:
    said = phrase.format(number=3, roman="III").rstrip(",")
    (one,) = stated(findings_in(f"L4-L5: {said}.")).found
    (wanted,) = stated(
        [
            StatedFinding(
                level="L4-L5", kind=name, value=3 if name in ("modic", "pfirrmann") else None
            )
        ]
    ).found
    assert one == wanted
