import pytest
from hypothesis import given
from hypothesis import strategies as st

from radixgpt.language.levels import find_levels
from radixgpt.language.spelling import Plain
from radixgpt.level import DISCS, LUMBAR_DISCS, VERTEBRAE


def found(text):
    mentions = find_levels(Plain(text).text)
    return [mention.discs or mention.vertebrae for mention in mentions]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("L4-5", [("L4-L5",)]),
        ("L4/5", [("L4-L5",)]),
        ("l4_l5", [("L4-L5",)]),
        ("L45", [("L4-L5",)]),
        ("L5S1", [("L5-S1",)]),
        ("L5/S 1", [("L5-S1",)]),
        ("L5-1", [("L5-S1",)]),
        ("LV5/SV1", [("L5-S1",)]),
        ("Th12/L1", [("T12-L1",)]),
        ("D11/D12", [("T11-T12",)]),
        ("C5/C6", [("C5-C6",)]),
        ("L4,5 and L5-S1", [("L4-L5", "L5-S1")]),
        ("L3/4 and 4/5", [("L3-L4", "L4-L5")]),
        ("L2/L3,L3/L4&L4/5 levels", [("L2-L3", "L3-L4", "L4-L5")]),
        ("L3-4 through L5-S1", [("L3-L4", "L4-L5", "L5-S1")]),
        ("L3-S1", [("L3-L4", "L4-L5", "L5-S1")]),
        ("L4 to S1", [("L4-L5", "L5-S1")]),
        ("L4 over L5", [("L4-L5",)]),
        ("S1/L5", [("L5-S1",)]),
        ("L1, L2 and L4 vertebrae", [("L1", "L2", "L4")]),
        ("all lumbar discs", [LUMBAR_DISCS]),
        ("the last mobile disc", [("L5-S1",)]),
        ("lumbosacral junction", [("L5-S1",)]),
        ("bulge at L4-5, protrusion at L5-S1", [("L4-L5",), ("L5-S1",)]),
        ("L5 over L5", []),
        ("S3-S4", []),
        ("T2 signal on T1/T2 images", []),
        ("the left L5 nerve root", []),
        ("L5 and S1 exiting roots", []),
        ("root (S1)", []),
        ("L4,5 mm", [("L4",)]),
        ("3.5 x 4/5 mm, 4/5 power", []),
        ("L14, XL4, L4.5", []),
    ],
)
def test_spellings(text, levels):
    assert found(text) == levels


@pytest.mark.parametrize("disc", DISCS)
def test_every_disc_is_read_by_its_own_name(disc):
    if disc == "T1-T2":  # two weightings, unless it is called a level
        assert found(f"{disc} level") == [(disc,)]
    else:
        assert found(disc) == [(disc,)]


@given(st.text(st.sampled_from("lLtTsScd12345/-,& andto.\n"), max_size=40))
def test_only_levels_that_exist(text):
    plain = Plain(text).text
    end = 0
    for mention in find_levels(plain):
        assert end <= mention.start < mention.end <= len(plain)
        end = mention.end
        assert set(mention.discs) <= set(DISCS)
        assert set(mention.vertebrae) <= set(VERTEBRAE)
        assert mention.discs or mention.vertebrae
