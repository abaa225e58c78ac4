"""Words of texts: what is counted, what tells sources apart, and what must never be shown."""

from __future__ import annotations

import doctest
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.explore import chart, licences, vocabulary, wording
from data.explore.vocabulary import EXCERPT, LEAST_PATIENTS, words_of
from data.explore.wording import listing, number, percent, wilson
from radixgpt.case import Case

if TYPE_CHECKING:
    from conftest import Explore

SECRET = "Quetzalcoatl"


def _note(number: int, text: str, source: str = "notes", patient: str = "") -> Case:
    return Case(
        id=f"{source}/{number}",
        source=source,
        licence="CC0 1.0",
        patient=patient or f"{source}/{number}",
        report={"findings": text},
        report_origin="human",
    )


@pytest.mark.parametrize("module", [wording, vocabulary, licences, chart])
def test_examples_in_the_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted
    assert not result.failed


@given(st.text(max_size=200))
def test_words_are_lower_case_and_within_the_text(text: str) -> None:
    for word in words_of(text):
        assert word
        assert word == word.lower()
        assert not word.isdigit()


@given(total=st.integers(1, 2000), data=st.data())
def test_an_interval_holds_its_share(total: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, total))
    low, high = wilson(hits, total)
    assert 0 <= low <= hits / total + 1e-12
    assert hits / total - 1e-12 <= high <= 1
    assert low < high


@given(part=st.integers(0, 10_000), rest=st.integers(0, 10_000))
def test_a_share_is_nothing_or_all_only_when_it_is(part: int, rest: int) -> None:
    said = percent(part, part + rest)
    assert (said == "0%") == (part == 0)
    assert (said == "100%") == (rest == 0 and part > 0)


@given(st.floats(1e-6, 1e12))
def test_numbers_are_readable_and_near(value: float) -> None:
    said = number(value)
    assert "e" not in said
    assert float(said.replace(",", "")) == pytest.approx(value, rel=0.006)


def test_terms_that_set_a_source_apart(run_explore: Explore) -> None:
    left = [_note(i, "the thecal sac is compressed at L4-L5", "one") for i in range(30)]
    right = [_note(i, "the radiograph shows scoliosis at L4-L5", "two") for i in range(30)]
    s = run_explore([*left, *right]).statistics("reports")["sources"]
    # A pair holds its words, so these are not told again.
    assert set(s["one"]["telling_terms"]) >= {"thecal sac"}
    assert set(s["two"]["telling_terms"]) >= {"radiograph shows"}
    assert "l4-l5" not in s["one"]["telling_terms"]
    assert "the" not in s["one"]["telling_terms"]
    assert not set(s["one"]["telling_terms"]) & set(s["two"]["telling_terms"])


def test_the_z_score_of_a_term_is_that_of_the_formula(run_explore: Explore) -> None:
    from math import log, sqrt

    left = [_note(i, "disc disc", "one") for i in range(12)]
    right = [_note(i, "bone disc", "two") for i in range(12)]
    terms = run_explore([*left, *right]).statistics("reports")["sources"]["one"]["telling_terms"]
    # Terms: one has disc 24 and "disc disc" 12; two has bone 12, disc 12, "bone disc" 12.
    here, there, prior = 12, 0, 12
    own, other, whole = 36, 36, 72
    odds = log((here + prior) / (own + whole - here - prior))
    odds -= log((there + prior) / (other + whole - there - prior))
    expected = odds / sqrt(1 / (here + prior) + 1 / (there + prior))
    assert terms["disc disc"] == pytest.approx(expected, abs=0.005)


def test_a_name_in_few_texts_is_never_on_the_page(run_explore: Explore) -> None:
    several = [_note(i, f"seen by {SECRET} today") for i in range(LEAST_PATIENTS - 1)]
    others = [_note(100 + i, "disc bulge at L4-L5") for i in range(10)]
    page = run_explore([*several, *others]).whole.html()
    assert SECRET.lower() not in page.lower()


def test_many_texts_of_one_patient_are_one_holder(run_explore: Explore) -> None:
    notes = [_note(i, f"seen by {SECRET}", patient="notes/one") for i in range(40)]
    assert SECRET.lower() not in run_explore(notes).whole.html().lower()


def test_no_sentence_of_a_text_is_on_the_page_unless_asked_for(run_explore: Explore) -> None:
    sentence = "Broad based protrusion with <b>unusual</b> wording & indents the thecal sac"
    notes = [_note(i, f"{sentence} number {i}. {'More of it. ' * 60}") for i in range(12)]
    silent = run_explore(notes).whole
    assert "protrusion with" not in silent.html()
    assert "protrusion with" not in str(silent.statistics())
    loud = run_explore(notes, excerpts=True).whole.html()
    assert "Broad based protrusion with &lt;b&gt;unusual&lt;/b&gt; wording &amp; indents" in loud
    assert "<b>unusual" not in loud
    assert loud.count("protrusion with") == 3
    shown = loud.split("Broad based")[1].split("</td>")[0]
    assert len(shown) < EXCERPT + 40


def test_listing_names_the_first_and_counts_the_rest() -> None:
    assert listing(["a"]) == "a"
    assert listing(list("abcdefgh"), most=3) == "a, b, c and 5 more"
