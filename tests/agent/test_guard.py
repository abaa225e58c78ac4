from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import answers, guard
from agent import content as c
from agent.pipeline import Reading, write
from agent.session import Session
from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS


@pytest.mark.parametrize(
    "text",
    [
        "L4-L5: Moderate disc degeneration (Pfirrmann IV).",
        "There is a disc herniation at L4-L5.",
        "No disc herniation at L5-S1.",
        "- L5-S1: Type 2 Modic changes.\n- L2-L3: Disc bulging.",
        "**L4-L5:** disc height 9.6 mm.",
        "Disc bulging at L1-L2 is indeterminate.",
        "No tool here assesses the facet joints.",
        "A nerve root compression is not assessed.",
        "I can't say whether there is a tumour.",
        "Foraminal stenosis and the facet joints are not assessed.",
        "Do you mean L3-L4 or L4-L5?",
        "You're welcome! Ask me anything else about the study.",
        "Here is the image.",
    ],
)
def test_what_the_findings_say_passes(session: Session, text: str) -> None:
    assert guard.problems(text, session.draft().findings) == ()


@pytest.mark.parametrize(
    "text",
    [
        "There is a disc herniation at L3-L4.",
        "No disc herniation at L4-L5.",
        "L4-L5: Severe disc degeneration (Pfirrmann V).",
        "Left disc herniation at L4-L5.",
        "L5-S1: Type 1 Modic changes.",
        "L4-L5: disc height 7.2 mm.",
        "Disc bulging at L1-L2.",
        "There is a fracture of L1.",
        "I also noticed a suspicious mass in the left kidney.",
        "No tool measured it, but there is likely a tumour at L3.",
        "The spine is otherwise normal.",
        "Everything else looks fine.",
        "The disc herniation at L4-L5 has progressed since the last study.",
        "You should undergo surgery.",
        "Spinal stenosis at L4-L5.",
        "Disc herniation is present at all levels.",
        "There is spondylolisthesis at L5-S1 with a slip of 6 mm.",
        "All discs are healthy.",
        "The nerve root is not compressed.",
        "No tool here assesses tumours, and a metastasis lies in L3.",
        "I can't say whether it hurts, but L3 looks suspicious for a fracture.",
        "Not assessed: nerve roots. L1 is fractured.",
    ],
)
def test_what_no_finding_says_is_refused(session: Session, text: str) -> None:
    assert guard.problems(text, session.draft().findings)


def test_without_findings_nothing_may_be_stated() -> None:
    assert guard.problems("L4-L5: Disc herniation.", ())
    assert not guard.problems("Hello, how can I help?", ())


def spines() -> st.SearchStrategy[dict[str, dict[str, object]]]:
    values = {
        kind: st.sampled_from([v for v in KINDS[kind].values if v is not None]) for kind in GRADED
    }
    return st.fixed_dictionaries(
        {}, optional={level: st.fixed_dictionaries({}, optional=values) for level in LUMBAR_DISCS}
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    spine=spines(),
    levels=st.lists(st.sampled_from(LUMBAR_DISCS), min_size=1, unique=True),
    kinds=st.lists(st.sampled_from(GRADED), unique=True),
)
def test_the_templates_answers_state_their_findings_and_no_more(
    make_reading: Callable[..., Reading],
    spine: dict[str, dict[str, object]],
    levels: list[str],
    kinds: list[str],
) -> None:
    from etl.check import check_sentence

    findings = write(make_reading(spine)).findings
    chosen = [f for f in findings if f.level in levels and f.kind in (kinds or GRADED)]
    content = c.FindingsContent(
        levels=tuple(levels), kinds=tuple(kinds), which="all",
        findings=tuple(c.without_evidence(f) for f in chosen),
    )  # fmt: skip
    stated = answers.sentences(content.findings)
    assert check_sentence("\n".join(stated), chosen, complete=True) == []
    assert c.from_text(c.to_text(content)) == content
    assert answers.findings(content).startswith(("- ", "L", "No", "The", "Ind", "Not"))


@pytest.mark.parametrize(
    "text",
    [
        "Yes.", "No.", "It is not there.", "There is one.", "Two.", "I do.", "All good.", "👍",
        "Your back is OK.", "Did you know that the spine is normal?", "The nоrmal spine.",
        "Which disc herniation at L3-L4 is normal?", "Not assessed, everything great.",
        "Die Wirbelsäule ist unauffällig.", "n o r m a l", "The patient is called Jane.",
        "See https://evil.example", "![x](a)", "It is done and you are healthy.",
    ],
)  # fmt: skip
def test_what_says_anything_in_other_words_or_signs_is_refused(text: str) -> None:
    assert guard.problems(text, ())


@pytest.mark.parametrize(
    "text",
    [
        "Three cases are shown beside this answer.", "The report is now shorter.", "Done.",
        "Shall I? Yes or no.", "Should I set L4-L5 to Pfirrmann III?", "Which level do you mean?",
    ],
)  # fmt: skip
def test_what_says_nothing_of_a_patient_passes(text: str) -> None:
    assert guard.problems(text, ()) == ()
