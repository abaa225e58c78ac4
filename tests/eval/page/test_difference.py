from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eval.page.difference import words_apart


def test_words_that_differ_are_marked_with_what_stands_between() -> None:
    reference, candidate = words_apart(
        "Mild disc bulge at L4-L5, no stenosis.", "mild disc protrusion at L3-L4. No stenosis"
    )
    assert reference == [
        (False, "Mild disc "),
        (True, "bulge"),
        (False, " at "),
        (True, "L4-L5"),
        (False, ", no stenosis."),
    ]
    assert [text for apart, text in candidate if apart] == ["protrusion", "L3-L4"]


def test_a_run_of_words_is_one_piece() -> None:
    assert words_apart("a lost left side", "a side")[0] == [
        (False, "a "),
        (True, "lost left"),
        (False, " side"),
    ]
    assert words_apart("", "new text.")[1] == [(True, "new text"), (False, ".")]


@given(st.text(), st.text())
def test_the_pieces_are_the_texts_and_the_common_words_the_same(first: str, second: str) -> None:
    one, other = words_apart(first, second)
    assert "".join(text for _, text in one) == first
    assert "".join(text for _, text in other) == second
    assert words_apart(first, first)[0] == ([(False, first)] if first else [])
