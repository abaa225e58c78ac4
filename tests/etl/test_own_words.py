"""A reader's own words, sentences taken out, and the difference between before and after."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import edit, own_words
from etl.diff import difference, words
from etl.sign import sign
from radixgpt.errors import CheckFailedError
from radixgpt.report import Report, Sentence


def of(report: Report, section: Any, start: str) -> Sentence:
    (found,) = [s for s in report.section(section) if start in s.text]
    return found


def limits(report: Report) -> str:
    return " ".join(s.text for s in report.section("limitations"))


def test_a_reader_words_a_sentence_and_it_stays_through_other_changes(degenerated: Report) -> None:
    sentence = of(degenerated, "findings", "L4-L5: ")
    said = sentence.text.replace(" with ", ", with ")
    assert said != sentence.text
    report = edit.reword(degenerated, sentence, f"  {said}\n")
    assert of(report, "findings", "L4-L5: ").text == said
    assert of(report, "findings", "L4-L5: ").by_reader
    assert "1 sentence was worded by the reader." in limits(report)
    assert report.findings == degenerated.findings
    later = edit.drop_sentences(report, "L1-L2")
    assert of(later, "findings", "L4-L5: ").text == said


def test_words_go_when_their_finding_changes(degenerated: Report) -> None:
    sentence = of(degenerated, "findings", "L4-L5: ")
    report = edit.reword(degenerated, sentence, sentence.text.replace(" with ", ", with "))
    report = edit.set_grade(report, "L4-L5", "pfirrmann", 2)
    assert not any(s.by_reader for s in report.sentences)
    assert "worded by the reader" not in limits(report)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("Moderate", "Severe"), "differs from the finding"),
        (("L4-L5", "L3-L4"), "L3-L4"),
        (("(Pfirrmann IV)", "(Pfirrmann II)"), "differs from the finding"),
        ((".", ". A mass in the liver."), "'mass' is not something that was looked at"),
        ((".", ", otherwise normal."), "says 'normal'"),
    ],
)
def test_words_that_contradict_their_finding_are_refused_with_why(
    degenerated: Report, change: tuple[str, str], why: str
) -> None:
    sentence = of(degenerated, "findings", "L4-L5: Moderate")
    with pytest.raises(CheckFailedError) as caught:
        edit.reword(degenerated, sentence, sentence.text.replace(*change))
    assert why in caught.value.problem
    assert "fails" not in caught.value.problem
    assert not any(name in caught.value.problem for name in sentence.findings)


def test_words_that_leave_a_finding_out_are_refused_by_its_title(degenerated: Report) -> None:
    sentence = of(degenerated, "findings", "L4-L5: Moderate")
    with pytest.raises(CheckFailedError, match=r"leaves out .* at L4-L5"):
        edit.reword(degenerated, sentence, "L4-L5: Moderate disc degeneration (Pfirrmann IV).")


def test_the_history_is_free_but_for_dates_and_numbers(degenerated: Report) -> None:
    (history,) = degenerated.section("clinical_information")
    report = edit.reword(degenerated, history, "Pain since 2024-03-01, file 1234567.")
    (told,) = report.section("clinical_information")
    assert told.text == "Pain since [date], file [number]."
    assert told.by_reader
    assert edit.restyle(report, "concise").section("clinical_information") == (told,)


def test_fixed_sections_and_empty_words_are_refused(degenerated: Report) -> None:
    with pytest.raises(CheckFailedError, match="fixed"):
        edit.reword(degenerated, degenerated.section("comparison")[0], "Compared with before.")
    with pytest.raises(CheckFailedError, match="needs words"):
        edit.reword(degenerated, degenerated.section("findings")[0], " \n ")
    with pytest.raises(CheckFailedError, match="has to stay"):
        edit.leave_out(degenerated, degenerated.section("limitations")[0])


def test_a_sentence_taken_out_is_counted_and_kept_in_the_record(degenerated: Report) -> None:
    sentence = degenerated.section("impression")[-1]
    report = edit.leave_out(degenerated, sentence)
    assert sentence.text not in [s.text for s in report.section("impression")]
    assert report.left_out == (sentence,)
    assert "1 sentence was left out of this text on the reader's request." in limits(report)
    assert edit.restyle(report, "standard").left_out == (sentence,)


def test_what_the_impression_rests_on_can_not_be_taken_out_before_it(degenerated: Report) -> None:
    sentence = of(degenerated, "findings", "L4-L5: ")
    with pytest.raises(CheckFailedError, match="The impression rests on it: “"):
        edit.leave_out(degenerated, sentence)
    while True:
        try:
            report = edit.leave_out(degenerated, of(degenerated, "findings", "L4-L5: "))
            break
        except CheckFailedError as error:
            text = error.problem.split("“")[1].rstrip("”")
            degenerated = edit.leave_out(degenerated, of(degenerated, "impression", text))
    assert not any(s.text.startswith("L4-L5: ") for s in report.section("findings"))


def test_a_sentence_comes_back_when_its_finding_changes(degenerated: Report) -> None:
    sentence = degenerated.section("impression")[-1]
    report = edit.leave_out(degenerated, sentence)
    named = next(f for f in report.findings if f.id in sentence.findings)
    value = {"pfirrmann": 5, "modic": 2}.get(named.kind, "present")
    assert edit.set_grade(report, named.level or "", named.kind, value).left_out == ()


def test_the_last_sentence_of_a_section_stays(degenerated: Report) -> None:
    report = degenerated
    while len(report.section("impression")) > 1:
        report = edit.leave_out(report, report.section("impression")[0])
    with pytest.raises(CheckFailedError, match="only sentence of the impression"):
        edit.leave_out(report, report.section("impression")[0])


def test_a_signed_report_takes_no_words(degenerated: Report) -> None:
    from datetime import UTC, datetime

    signed = sign(degenerated, name="A Reader", role="radiologist", at=datetime.now(UTC))
    sentence = signed.section("impression")[0]
    for change in (edit.leave_out, lambda r, s: edit.reword(r, s, s.text)):
        with pytest.raises(CheckFailedError, match="signed report"):
            change(signed, sentence)


def test_the_difference_of_a_grade_shows_the_finding_and_its_sentences(degenerated: Report) -> None:
    assert not difference(degenerated, degenerated)
    told = difference(degenerated, edit.set_grade(degenerated, "L4-L5", "pfirrmann", 5))
    (regraded,) = told.findings
    assert (regraded.level, regraded.kind) == ("L4-L5", "pfirrmann")
    assert regraded.before is not None
    assert regraded.after is not None
    assert (regraded.before.value, regraded.after.value) == (4, 5)
    sections = {each.section for each in told.sentences}
    assert {"findings", "impression", "limitations"} <= sections
    (finding,) = [e for e in told.sentences if e.section == "findings"]
    assert "Moderate" in finding.before[0]
    assert "Severe" in finding.after[0]


@given(st.text("ab \n", max_size=20), st.text("ab \n", max_size=20))
def test_words_give_both_texts_back(before: str, after: str) -> None:
    parts = list(words(before, after))
    old = " ".join(text for how, text in parts if how != "new")
    new = " ".join(text for how, text in parts if how != "gone")
    assert (old.split(), new.split()) == (before.split(), after.split())


@given(st.text(max_size=900))
def test_one_line_is_one_short_line(text: str) -> None:
    line = own_words.one_line(text)
    assert len(line) <= 600
    assert line == " ".join(line.split())
    assert own_words.one_line(line) == line
