import pytest
from hypothesis import given
from hypothesis import strategies as st

from radixgpt.language.spelling import Plain, mended, vocabulary


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("protruion", "protrusion"),
        ("tehcal", "thecal"),
        ("comprssing", "compressing"),
        ("encraoching", "encroaching"),
        ("disk", "disc"),
        ("schmorl's", "schmorl"),
        ("oedema", "edema"),
        ("thecalsac", "thecal sac"),
    ],
)
def test_slips_are_mended(word, right):
    assert mended(word) == right


@pytest.mark.parametrize(
    "word",
    ["injection", "never", "extended", "cerebral", "femoral", "exposure", "disc", "cat", "x"],
)
def test_other_words_are_left_alone(word):
    assert mended(word) == word


def test_the_vocabulary_mends_to_words_it_does_not_mend_again():
    words = vocabulary()
    assert [word for word in words.known if word in words.variants] == []
    again = {form: mended(form) for form in words.variants.values() if " " not in form}
    assert [word for word, other in again.items() if other != word] == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Lt. foramen", "left foramen"),
        ("more to the Rt.\nDisc", "more to the right.\ndisc"),
        ("L4–L5", "l4-l5"),
        ("bulge  noted \t here", "bulge noted here"),
        ("noted atL4/5", "noted at l4/5"),
        ("ends with the\nsac", "ends with the sac"),
        ("ends with the\nSac", "ends with the\nsac"),
        ("İstanbul", "İstanbul"),
    ],
)
def test_one_spelling(text, plain):
    assert Plain(text).text == plain


def test_spans_lead_back():
    plain = Plain("A  buldge,\n\nthe  thecalsac")
    place = plain.text.index("thecal sac")
    assert plain.original[slice(*plain.span(place, place + 10))] == "thecalsac"
    place = plain.text.index("bulge")
    assert plain.original[slice(*plain.span(place, place + 5))] == "buldge"


@given(st.text(st.sampled_from("ab L4-/.,\n\tİßLt.–disk")))
def test_every_span_is_within_the_original(text):
    plain = Plain(text)
    for start in range(len(plain.text)):
        first, last = plain.span(start, start + 1)
        assert 0 <= first < last <= len(text)
