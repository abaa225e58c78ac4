"""Levels and lists in words, and templates that insist on their variables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from etl.lexicon import clean, disc_name, level_sets, tokenize
from etl.phrases import Phrases, chance, chance_in_percent, list_and, span, styles
from radixgpt.errors import SettingsError
from radixgpt.level import DISCS, LUMBAR_DISCS, order


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        (["L4-L5"], "L4-L5"),
        (["L4-L5", "L3-L4"], "L3-L4 and L4-L5"),
        (["L3-L4", "L4-L5", "L5-S1"], "L3-L4 to L5-S1"),
        (["L1-L2", "L3-L4", "L4-L5", "L5-S1"], "L1-L2 and L3-L4 to L5-S1"),
        (["L1-L2", "L2-L3", "L5-S1"], "L1-L2, L2-L3 and L5-S1"),
        (list(LUMBAR_DISCS), "all five lumbar levels"),
        (["T12-L1", *LUMBAR_DISCS], "T12-L1 to L5-S1"),
    ],
)
def test_span(levels: list[str], words: str) -> None:
    assert span(levels) == words


@settings(deadline=None)
@given(st.sets(st.sampled_from(DISCS), min_size=1))
def test_levels_in_words_are_read_back(levels: set[str]) -> None:
    problems: list[str] = []
    sets = level_sets(tokenize(clean(f"Disc bulging at {span(sorted(levels))}.")), problems)
    assert not problems
    assert [list(found) for _, _, found in sets] == [sorted(levels, key=order)]


@pytest.mark.parametrize("text", ["L4-L5", "l4/5", "L4-5", "L4 - L5", "L4 on L5"])
def test_spellings_of_a_disc(text: str) -> None:
    assert disc_name(text) == "L4-L5"


@pytest.mark.parametrize("text", ["L3-L5", "L6-S1", "L4", "L45", "S1-L5"])
def test_what_is_no_disc(text: str) -> None:
    assert disc_name(text) is None


def test_lists() -> None:
    assert list_and([]) == ""
    assert list_and(["a"]) == "a"
    assert list_and(["a", "b", "c"]) == "a, b and c"


def test_a_variable_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        Phrases().say("level", level="L4-L5")


def test_styles() -> None:
    assert styles() == ("standard", "concise", "prose", "short_impression", "short_prose")
    with pytest.raises(SettingsError, match="standard, concise, prose, short_impression, short"):
        Phrases("poetic")


def test_concise_changes_options_only() -> None:
    short, full = Phrases("concise"), Phrases()
    assert short.style.impression == "short"
    assert full.style.impression == "full"
    assert short.say("comparison") == full.say("comparison")


@pytest.mark.parametrize(
    ("probability", "said", "percent"),
    [
        (0.0, "<0.01", "<1%"),
        (0.004, "<0.01", "<1%"),
        (0.01, "0.01", "1%"),
        (0.5, "0.50", "50%"),
        (0.99, "0.99", "99%"),
        (0.996, ">0.99", ">99%"),
        (1.0, ">0.99", ">99%"),
    ],
)
def test_no_probability_reads_as_certainty(probability: float, said: str, percent: str) -> None:
    assert chance(probability) == said
    assert chance_in_percent(probability) == percent
