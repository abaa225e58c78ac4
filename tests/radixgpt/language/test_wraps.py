"""Lines that only wrap are one sentence; lines of a list stay apart."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radixgpt.language.reader import findings_in
from radixgpt.language.spelling import Plain
from radixgpt.language.wraps import Wraps

REPORT = (
    "L3-L4: There is no evidence of focal disc protrusion, central canal stenosis or nerve root "
    "compression.",
    "L4-L5: Broad-based disc bulge with superimposed left paracentral disc protrusion, abutting "
    "the thecal sac and compressing the traversing left L5 nerve root. Pfirrmann grade IV.",
    "L5-S1: No disc herniation. Mild bilateral facet arthropathy and ligamentum flavum hypertrophy "
    "cause moderate canal stenosis and mild right foraminal narrowing.",
    "Modic type 2 change of the L4 and L5 vertebral bodies. No fracture is seen.",
)


def read(text: str) -> set[tuple[object, ...]]:
    return {(f.kind, f.level, f.side, f.value, f.assertion) for f in findings_in(text)}


@given(
    st.integers(40, 120),
    st.lists(st.sampled_from(REPORT), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\n   "]),
)
def test_a_report_reads_alike_at_any_width(
    columns: int, lines: list[str], capitals: bool, end: str
) -> None:
    written = [line.upper() if capitals else line for line in lines]
    page = "\n".join(textwrap.fill(line, columns, break_on_hyphens=False) for line in written)
    assert read(page.replace("\n", end)) == read("\n".join(written))


@pytest.mark.parametrize(
    ("text", "assertions"),
    [
        ("No evidence of disc\nherniation at L4-L5.", {"absent"}),
        ("There is no disc herniation or canal\nstenosis at L4-L5.", {"absent"}),
        ("No canal stenosis\nor disc bulge at L4-L5", {"absent"}),
        ("No disc herniation\nmild bulging at L4-L5", {"absent", "present"}),
        ("- no herniation\n- bulging at L4-L5", {"absent", "present"}),
        ("No disc herniation\n\nherniation at L5-S1", {"absent", "present"}),
        ("no disc\n\nherniation at L5-S1", {"present"}),
        ("L4-L5 bulging on the left\nL5-S1 no herniation", {"absent", "present"}),
        ("No disc herniation\n   mild bulging at L4-L5", {"absent", "present"}),
        ("L4-L5 bulging\nL5-S1 no herniation", {"absent", "present"}),
    ],
)
def test_what_is_denied_is_what_the_sentence_denies(text: str, assertions: set[str]) -> None:
    assert {one[-1] for one in read(text)} == assertions


def test_a_range_of_grades_over_two_lines_keeps_its_level() -> None:
    assert read("L4-L5: Pfirrmann grade III to\nIV.") == {
        ("pfirrmann", "L4-L5", None, 3, "uncertain")
    }


def test_the_longest_line_of_a_list_does_not_run_into_the_next_level() -> None:
    text = (
        "L3-L4\nDiffuse disc bulge compressing the thecal sac and neural canals\n"
        "L4-L5\nDisc protrusion\nL5-S1: annular fissure"
    )
    assert {(kind, level) for kind, level, *_ in read(text)} >= {
        ("disc_bulging", "L3-L4"),
        ("disc_herniation", "L4-L5"),
        ("annular_fissure", "L5-S1"),
    }
    assert ("disc_herniation", "L3-L4") not in {one[:2] for one in read(text)}


def test_a_complete_line_before_another_statement_stays_whole() -> None:
    full = "No significant disc protrusion or herniation is seen"
    assert Plain(f"{full}\nsmall tarlov cyst\n{full}\nsmall renal cyst").text.count("\n") == 3


@given(st.text(st.sampled_from("aA4.,L-&(\n\r\t \u2028İ"), max_size=60))
def test_any_text_has_an_answer_at_every_break(text: str) -> None:
    wraps = Wraps(text)
    for place, letter in enumerate(text):
        if letter == "\n":
            assert wraps.joins(place, place + 1) in (True, False)
    assert Plain(text).text is not None
