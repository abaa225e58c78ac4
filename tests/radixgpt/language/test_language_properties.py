"""Whatever is read: nothing raises, nothing is outside the text, nothing hangs on white space."""

from hypothesis import given
from hypothesis import strategies as st

from radixgpt.language.reader import findings_in, read
from radixgpt.level import DISCS, VERTEBRAE
from radixgpt.terminology.table import kinds

_WORDS = """
    disc bulge protrusion sac thecal root roots nerve foramen canal spinal narrow compressing the
    and or no without probable ? left right both more to L4-5 L5/S1 L3 at of with , . : ; / level
    mild severe facet hypertrophy flavum ligamentum normal adequate is not seen stenosis endplate
    degenerative changes modic type II old fracture previous surgery Lt. Rt. multilevel \n - ( )
    FINDINGS: IMPRESSION: HISTORY: LSS MRI : dehydrated abutting exit neural recess lateral cord
""".replace("\n ", " \n ").split(" ")
texts = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from([word for word in _WORDS if word]), max_size=40).map(" ".join),
)


@given(texts)
def test_whatever_comes_is_read(text):
    reading = read(text)
    for finding in reading.findings:
        assert finding.kind in kinds()
        assert finding.level is None or finding.level in DISCS or finding.level in VERTEBRAE
        assert finding.section is not None
        assert finding.span is not None
        first, last = finding.span
        assert 0 <= first < last <= len(reading.sections[finding.section])


@given(texts)
def test_each_statement_comes_once(text):
    found = findings_in(text)
    keys = [(f.kind, f.level, f.side, f.assertion) for f in found]
    assert len(set(keys)) == len(keys)


@given(texts, st.text(" \n\t", max_size=5))
def test_white_space_at_the_end_changes_nothing(text, space):
    assert findings_in(text.rstrip() + space) == findings_in(text.rstrip())


@given(texts)
def test_doubled_spaces_change_no_statement(text):
    def said(words):
        return [(f.kind, f.level, f.side, f.assertion, f.value) for f in findings_in(words)]

    assert said(text.replace(" ", "   ")) == said(text)
