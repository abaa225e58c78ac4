"""Every number of a section, against a count by hand of the cases in conftest.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from data.explore.section import Figure, Table
from radixgpt.case import Case, StatedFinding

if TYPE_CHECKING:
    from conftest import Explore, Explored


def test_cohort(hand: Explored) -> None:
    s = hand.statistics("cohort")
    assert (s["cases"], s["patients"], s["images"], s["reports"]) == (6, 5, 5, 2)
    assert (s["graded_findings"], s["stated_findings"], s["cases_with_concepts"]) == (12, 3, 1)
    assert s["most_cases_of_a_patient"] == 2
    assert s["sex"] == {"unknown": 3, "F": 1, "M": 1}
    assert s["age"] == {"known": 2, "median": 42.0, "youngest": 34.0, "oldest": 50.0}
    assert s["sources"]["alpha"] == {
        "cases": 4,
        "patients": 3,
        "images": 5,
        "reports": 0,
        "graded_findings": 12,
        "stated_findings": 0,
        "concepts": 0,
    }
    assert s["sources"]["beta"]["reports"] == 2
    assert s["splits"] == {
        "train": {"cases": 2, "patients": 2},
        "test": {"cases": 2, "patients": 2},
        "unknown": {"cases": 2, "patients": 2},
    }
    sentence = hand.section("cohort").sentence
    assert sentence.startswith("6 cases of 5 patients from 2 sources, 67% of the cases from alpha")
    assert "50% of the 2 patients of known sex are women" in sentence
    assert "the median age is 42 (34 to 50, known of 2)" in sentence


def test_the_figure_of_sources_shows_the_counts(hand: Explored) -> None:
    figure = hand.section("cohort").parts[0]
    assert isinstance(figure, Figure)
    drawn = {
        t["name"]: dict(zip(t["y"], t["x"], strict=True)) for t in figure.views[0].spec["data"]
    }
    assert drawn == {
        "train": {"alpha": 2, "beta": 0},
        "test": {"alpha": 2, "beta": 0},
        "no split": {"alpha": 0, "beta": 2},
    }


def test_the_table_of_sources_adds_up(hand: Explored) -> None:
    table = next(p for p in hand.section("cohort").parts if isinstance(p, Table))
    assert table.rows[-1] == ("all", 5, 6, 5, 2, 12, 3, 1)


def test_acquisition(hand: Explored) -> None:
    s = hand.statistics("acquisition")
    assert s["images"] == 5
    assert s["what"] == {"MR T2": 4, "MR T1": 1}
    assert s["manufacturer"] == {"Acme": 4, "unknown": 1}
    assert s["manufacturer_as_told"] == {"ACME Medical": 3, "Acme": 1, "unknown": 1}
    assert s["field_strength_t"] == {"1.5 T": 3, "3 T": 1, "unknown": 1}
    assert s["echo_time_ms"] == {"known": 2, "median": 100.0, "least": 100.0, "most": 100.0}
    assert hand.section("acquisition").sentence == (
        "MR T2 makes 80% of the 5 images; of the 4 whose scanner is named, 100% come from Acme, "
        "and 75% of 4 were made at 1.5 T."
    )


def test_prevalence(hand: Explored) -> None:
    s = hand.statistics("prevalence")
    bulging = s["graded"]["disc_bulging"]
    # Of six statements one is uncertain; the others are at L4-L5 (two of three) and L5-S1 (one of
    # two).
    assert (bulging["n"], bulging["positive"], bulging["share"]) == (5, 3, 0.6)
    assert (bulging["cases"], bulging["positive_cases"]) == (3, 2)
    assert {k: (v["n"], v["positive"]) for k, v in bulging["levels"].items()} == {
        "L4-L5": (3, 2),
        "L5-S1": (2, 1),
    }
    # Wilson's interval of 3 of 5, worked out apart: centre 0.5635, half width 0.3308.
    assert bulging["low"] == pytest.approx(0.2307, abs=2e-4)
    assert bulging["high"] == pytest.approx(0.8824, abs=2e-4)
    # Pfirrmann counts from grade IV; the two grades of alpha/2 at L5-S1 are one place.
    degenerated = s["graded"]["pfirrmann"]
    assert (degenerated["n"], degenerated["positive"]) == (5, 2)
    assert s["grades"]["pfirrmann"] == {
        "L4-L5": {"1": 0, "2": 0, "3": 1, "4": 1, "5": 1},
        "L5-S1": {"1": 1, "2": 1, "3": 1, "4": 0, "5": 0},
    }
    stated = s["stated"]["disc_bulging"]
    assert (stated["statements"], stated["cases"]) == (2, 1)
    assert stated["cases_by_level"]["present"] == {"L4-L5": 1}
    assert s["stated"]["fracture"]["assertions"]["absent"] == 1
    assert s["stated"]["fracture"]["cases_by_level"]["absent"] == {"no level": 1}
    assert hand.section("prevalence").sentence == (
        "Disc bulging is the most frequent graded finding (60% of 5); disc degeneration IV-V the "
        "rarest (40%, 2 in all); texts speak most often of disc bulging (1 case)."
    )


def _pair(number: int, first: bool, second: bool) -> Case:
    findings = tuple(
        StatedFinding(level="L4-L5", kind=kind, assertion="present" if there else "absent")
        for kind, there in (("disc_bulging", first), ("disc_narrowing", second))
    )
    name = f"s/{number}"
    return Case(id=name, source="s", licence="MIT", patient=name, findings=findings)


def test_cooccurrence_of_a_table_of_four(run_explore: Explore) -> None:
    # 12 both, 4 only the first, 2 only the second, 6 neither: of 24.
    table = [(True, True)] * 12 + [(True, False)] * 4 + [(False, True)] * 2 + [(False, False)] * 6
    run = run_explore([_pair(i, a, b) for i, (a, b) in enumerate(table)])
    pair = run.statistics("cooccurrence")["graded"]["pairs"]["disc_bulging & disc_narrowing"]
    assert (pair["n"], pair["first"], pair["second"], pair["both"]) == (24, 16, 14, 12)
    assert pair["phi"] == pytest.approx((12 * 6 - 4 * 2) / math.sqrt(16 * 8 * 14 * 10), abs=1e-4)
    assert pair["lift"] == pytest.approx(24 * 12 / (16 * 14), abs=1e-4)
    assert run.section("cooccurrence").sentence == (
        "Disc bulging and disc space narrowing come together most at the same level (phi 0.48, "
        "lift 1.29; 12 of 24 places)."
    )


def test_too_few_places_are_not_paired(hand: Explored) -> None:
    section = hand.section("cooccurrence")
    assert section.absent
    assert "at 20 places" in section.sentence


def test_reports(hand: Explored) -> None:
    s = hand.statistics("reports")
    # "disc bulge at l4-l5 no fracture disc bulge at l4-l5", "grade changes generated from labels"
    assert s["texts"] == 2
    assert s["origin"] == {"generated": 1, "human": 1}
    assert s["sources"]["beta"]["texts"] == 2
    assert (s["all_words"], s["different_words"], s["words_seen_once"]) == (15, 11, 7)
    assert s["words"][2] == 7.5
    assert s["sections"] == {"findings": 1, "impression": 1, "caption": 1}
    assert any("1 text generated from labels" in alert for alert in hand.section("reports").alerts)


def test_quality_counts_missing_files_and_sizes(hand: Explored) -> None:
    s = hand.statistics("quality")
    assert (s["images"], s["measured"], s["missing"], s["unreadable"]) == (5, 4, 1, 0)
    assert s["missing_by_source"] == {"alpha": 1}
    assert s["sizes"] == {"different": 1, "rows": [64, 64], "columns": [48, 48]}
    assert s["with_spacing"] == 1
    alerts = hand.section("quality").alerts
    assert alerts[0] == "1 image file missing: 1 of alpha."
    assert alerts[1].startswith("80% of the images have no trusted pixel spacing")


def test_duplicates_and_leaks(hand: Explored) -> None:
    s = hand.statistics("duplicates")
    assert s["pairs"] == {"file": 1}
    assert s["duplicates"] == [
        {
            "shared": "the same file",
            "cases": ["alpha/1", "alpha/4"],
            "likeness": 1.0,
            "turned": "",
            "splits": ["test", "train"],
        }
    ]
    assert {(leak["shared"], tuple(leak["cases"])) for leak in s["leaks"]} == {
        ("one patient", ("alpha/1", "alpha/2")),
        ("the same file", ("alpha/1", "alpha/4")),
    }
    assert s["splits"]["train"] == {"cases": 2, "patients": 2}
    assert s["balance"]["disc_bulging"] == {
        "train": {"n": 3, "positive": 1},
        "test": {"n": 2, "positive": 2},
    }
    assert hand.section("duplicates").sentence.endswith("2 things cross the splits.")


def test_contradictions(hand: Explored) -> None:
    found = hand.statistics("suspicious")["contradictions"]
    assert found == [
        {
            "case": "alpha/2",
            "origin": "graded",
            "kind": "pfirrmann",
            "level": "L5-S1",
            "side": None,
            "said": ["1", "3"],
        }
    ]


def test_missing_data(hand: Explored) -> None:
    fields = hand.statistics("missing")["fields"]
    assert fields["sex"] == {"alpha": {"of": 4, "missing": 2}, "beta": {"of": 2, "missing": 2}}
    assert fields["report"]["alpha"] == {"of": 4, "missing": 4}
    assert fields["report"]["beta"] == {"of": 2, "missing": 0}
    assert fields["split"]["beta"] == {"of": 2, "missing": 2}
    assert fields["image file"] == {"alpha": {"of": 5, "missing": 1}}
    assert fields["pixel spacing"] == {"alpha": {"of": 5, "missing": 4}}
    assert fields["echo time"] == {"alpha": {"of": 5, "missing": 3}}
    assert "view" not in fields  # no radiograph is there
    assert hand.section("missing").sentence == (
        "Nothing is known of mask; of what is known in part, pixel spacing is missing most (80%); "
        "4 fields of 19 complete."
    )


def test_licences(hand: Explored) -> None:
    s = hand.statistics("licences")["licences"]
    assert s["CC BY 4.0"] == {
        "cases": 4,
        "images": 5,
        "texts": 0,
        "sources": ["alpha"],
        "conditions": ["name the authors"],
    }
    assert s["CC BY-NC 4.0"]["conditions"] == ["name the authors", "no commercial use"]
    assert hand.section("licences").sentence == (
        "67% of the cases are under CC BY 4.0, the others under CC BY-NC 4.0; 2 forbid commercial "
        "use by name."
    )


def test_every_section_has_one_sentence(hand: Explored) -> None:
    keys = [section.key for section in hand.whole.sections]
    assert keys == [
        "cohort",
        "acquisition",
        "prevalence",
        "cooccurrence",
        "reports",
        "quality",
        "map",
        "duplicates",
        "suspicious",
        "missing",
        "licences",
    ]
    for section in hand.whole.sections:
        assert section.sentence.endswith(".")
        assert section.sentence[0].isupper() or section.sentence[0].isdigit()
        assert section.parts or section.absent or section.map


def test_equal_input_and_seed_give_equal_numbers(hand: Explored, hand_again: Explored) -> None:
    assert hand_again.whole.statistics() == hand.whole.statistics()
