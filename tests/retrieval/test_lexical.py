"""Words, with findings as words: a denied finding is not found by its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexical import Lexicon, tokens_asked, tokens_of


def test_findings_are_words_of_their_own() -> None:
    found = tokens_of(
        {"findings": "L4-L5: Modic type 2 changes. No disc herniation. Haemangioma."}, ()
    )
    assert "modic@L4-L5=2" in found
    assert "modic" in found
    assert "no disc_herniation@L4-L5" in found
    assert "haemangioma" in found
    assert "herniation" not in found
    assert "disc_herniation" not in found


def test_a_denial_is_not_found_by_the_finding() -> None:
    texts = ["No disc herniation at L4-L5.", "Disc herniation at L4-L5.", "Tarlov cyst at S2."]
    lexicon = Lexicon([tokens_of({"findings": text}, ()) for text in texts])
    asked = lexicon.scores(tokens_asked("herniation at L4-L5"))
    assert asked.argmax() == 1
    assert asked[0] == 0
    assert lexicon.scores(tokens_asked("without herniation at L4-L5")).argmax() == 0
    assert lexicon.scores(tokens_asked("Tarlov cyst")).argmax() == 2


@pytest.mark.parametrize("texts", [[], [()], [(), ()]])
def test_empty_corpora_score_nothing(texts: list[tuple[str, ...]]) -> None:
    assert Lexicon(texts).scores(["disc"]).tolist() == [0.0] * len(texts)


def test_questions_of_unknown_words_score_nothing() -> None:
    lexicon = Lexicon([("disc",), ("bulge", "disc")])
    assert lexicon.scores(["zebra"]).tolist() == [0, 0]
    assert lexicon.scores([]).tolist() == [0, 0]


@given(st.text(max_size=300))
def test_any_text_can_be_asked_for(text: str) -> None:
    lexicon = Lexicon([("disc", "bulge"), ("modic",)])
    assert (lexicon.scores(tokens_asked(text)) >= 0).all()
    assert isinstance(tokens_of({"findings": text}, ()), tuple)
