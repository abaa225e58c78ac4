"""The captioner's decoder: what it reads, what it leaves out, and the words it ends with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from captioned import (
    ELIGIBLE,
    GRADES,
    SCOPES,
    Grades,
    Says,
    captioned,
    observed,
    said_by,
    spines,
    study,
    unsupported,
    wild,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from data.generated.captions import ABSENT, STYLES
from radixgpt.eligibility import Eligibility
from radixgpt.finding import GRADED
from radixgpt.language.reader import sentences_in
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import DRAFT_MARK
from radixgpt.study import Study
from tools import classifier, levels
from tools.captioner import (
    Chosen,
    Scope,
    Style,
    caption,
    embedded,
)
from tools.captioner.checking import check, whole_sentences
from tools.captioner.decoder import BEGIN, MEMBERS, shown
from tools.captioner.support import support
from tools.captioner.wording import in_report_words
from tools.grade_net import WIDTH, GradeNet


def test_the_decoder_reads_step_by_step_as_it_learned() -> None:
    net = wild(3)
    seen, there = shown({"L4-L5": torch.randn(MEMBERS, WIDTH)})
    asked = torch.tensor([net.asked("disc", "note", frozenset(("t2",)))])
    said = torch.tensor([[net.number[word] for word in (BEGIN, "L4-L5", ":", "disc", "bulge")]])
    with torch.inference_mode():
        whole = net(asked, seen, there, said)
    memory, counts = net.begin(asked, seen, there)
    for place, number in enumerate(said[0].tolist()):
        logits, memory = net.step([number], place, memory, counts)
        torch.testing.assert_close(logits, whole[0, place], atol=1e-3, rtol=1e-3)
    seen[0, 0] = 9.0  # not shown: nothing of it is seen
    with torch.inference_mode():
        torch.testing.assert_close(net(asked, seen, there, said), whole)


def test_grades_are_read_from_the_tokens_that_the_captioner_gets() -> None:
    torch.manual_seed(0)
    net = GradeNet().eval()
    given = (
        torch.rand(2, 2, 112, 144) * 2 - 1,
        torch.tensor([[True, True], [True, False]]),
        torch.rand(2, 2, 8),
        torch.tensor([0, 1]),
        torch.zeros(2, dtype=torch.long),
    )
    with torch.inference_mode():
        tokens, grades = net.tokens(given), net(*given)
        assert tokens.shape == (2, WIDTH)
        torch.testing.assert_close(net.pfirrmann(tokens), grades.pfirrmann)
        torch.testing.assert_close(net.binary(tokens), grades.binary)


def test_the_shipped_captioner_describes_a_phantom(
    phantom_study: Callable[..., tuple[Study, Eligibility, Mapping[str, tuple[float, float]]]],
) -> None:
    phantom, eligible, _ = phantom_study()
    found = levels.run(phantom, eligible)
    found += classifier.run(phantom, eligible, found)
    by_id = {o.id: o for o in found}
    for scope in (Scope(), Scope.of_image(str(eligible.t2)), Scope.of_disc("L4-L5")):
        one = caption(phantom, eligible, found, scope, captioner=Chosen())
        assert one.text
        assert one.statements
        assert not one.refused
        assert not unsupported(one.written, found, scope.level)
        assert one.complete
        for said in one.statements:
            assert all(name in by_id for name in said.observations)
            assert said.evidence
            assert {e.series for e in said.evidence} <= {
                scope.series or e.series for e in said.evidence
            }
        assert {model.name for model in one.models} >= {"embedded captioner"}


def test_every_denied_kind_is_graded() -> None:
    assert {kind for kinds in ABSENT.values() for kind in kinds} <= set(GRADED)


@settings(max_examples=40, deadline=None)
@given(
    grades=spines(),
    seed=st.integers(0, 10_000),
    style=st.sampled_from(STYLES),
    scope_of=st.sampled_from(SCOPES),
)
def test_every_finding_is_told_whatever_the_decoder_prefers(
    grades: Grades, seed: int, style: Style, scope_of: Callable[[Grades], Scope]
) -> None:
    may = support(study(), ELIGIBLE, observed(grades), scope_of(grades))
    read = check(said_by(wild(seed), may, style), may, study())
    assert not may.unsaid(name for one in read.statements for name in one.observations)


def test_a_caption_that_gets_too_long_is_finished_in_plain_sentences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded, "LONGEST", 8)
    may = support(study(), ELIGIBLE, observed(GRADES), Scope())
    text = said_by(wild(1), may, "note")
    read = check(text, may, study())
    assert not may.unsaid(name for one in read.statements for name in one.observations)
    assert text.endswith("disc bulge.")


def report_words(grade: int) -> str:
    from etl.phrases import Phrases

    phrases = Phrases()
    degree = phrases.word("degeneration", grade).lower()
    return phrases.say("degeneration", word=degree, grade=grade)


@pytest.mark.parametrize(
    ("written", "reads"),
    [
        ("L1-L2: disc signal of Pfirrmann grade 2.", f"L1-L2: {report_words(2)}."),
        ("A Pfirrmann grade I disc noted at L1-L2.", f"N{report_words(1)[1:]} noted at L1-L2."),
        (
            "At L4-L5 there is disc degeneration (Pfirrmann grade 4), a bulging disc and "
            "Modic type II changes.",
            f"At L4-L5 there is {report_words(4)}, disc bulging and type 2 Modic changes.",
        ),
        # "No ..." would deny what stands beside it.
        ("L1-L2: Pfirrmann I with annular bulge.", "L1-L2: Pfirrmann I with disc bulging."),
        (
            "At L4-L5 there is Modic type II changes and a bulging disc.",
            "At L4-L5 there are type 2 Modic changes and disc bulging.",
        ),
        (
            "At L4-L5 there is a bulging disc and Modic type II changes.",
            "At L4-L5 there is disc bulging and type 2 Modic changes.",
        ),
        ("No loss of disc height at L4-L5.", "No disc space narrowing at L4-L5."),
        ("Upper and lower endplate changes at L4-L5.", None),
        ("Diffuse disc bulge at L4-L5.", None),
        ("MR image of the lumbar spine.", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_caption_has_the_words_of_the_report(written: str, reads: str | None) -> None:
    assert in_report_words(written) == (written if reads is None else reads)


@settings(max_examples=40, deadline=None)
@given(grades=spines(), seed=st.integers(0, 10_000), style=st.sampled_from(STYLES))
def test_the_words_of_the_report_state_the_same(grades: Grades, seed: int, style: Style) -> None:
    may = support(study(), ELIGIBLE, observed(grades), Scope())
    written = said_by(wild(seed), may, style)

    def stated(text: str) -> list[set[tuple[object, ...]]]:
        return [
            {(one.level, one.kind, one.value) for one in told.findings
             if one.kind != "disc_degeneration"}
            for told in sentences_in(text)
        ]  # fmt: skip

    assert stated(in_report_words(written)) == stated(written)


def test_a_text_that_was_cut_keeps_its_whole_sentences() -> None:
    assert whole_sentences("Bulge at L4-L5. No slip. At L5-S1 there is 2.5") == (
        "Bulge at L4-L5. No slip."
    )
    assert whole_sentences("Bulge at L4") == ""


def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "cuts", lambda *_: ({}, {}))


def test_a_caption_that_lacks_findings_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    unseen(monkeypatch)
    found = captioned(Says("Disc bulging at L4-L5."))
    assert not found.complete
    assert {one.named for one in found.unsaid} == {
        "disc degeneration at L4-L5", "disc bulging at L5-S1",
        "endplate change of the vertebra above the disc at L4-L5",
    }  # fmt: skip
    assert found.mark == DRAFT_MARK


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("The spine is normal.", "its one sentence was left out: it states nothing"),
        ("Tumour at L4-L5. Modic 2 at L4-L5.", "each of its 2 sentences was left out"),
        ("", "the captioner wrote no sentence"),
    ],
)
def test_an_empty_caption_says_the_true_reason(
    monkeypatch: pytest.MonkeyPatch, says: str, why: str
) -> None:
    unseen(monkeypatch)
    found = captioned(Says(says))
    assert not found.text
    assert why in found.silence
    assert "certain" not in found.silence


def test_an_image_that_no_tool_looked_at_has_its_own_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unseen(monkeypatch)
    found = captioned(Says("Disc bulging at L4-L5."), scope=Scope.of_image("s1", 0))
    assert found.text
    grades = {level: {"disc_bulging": 1} for level in LUMBAR_DISCS}
    places = frozenset((level, "disc_bulging") for level in LUMBAR_DISCS)
    unsure = caption(study(), ELIGIBLE, observed(grades, places), captioner=Says(""))
    assert unsure.silence == "no tool is certain of anything here: too close to call"
