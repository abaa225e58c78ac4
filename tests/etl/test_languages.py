"""A report in another language says the same, sentence by sentence, and is checked as strictly."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.check import STATING, check, check_sentence
from etl.edit import restyle
from etl.lexicon import WORDS, clean, level_sets, tokenize
from etl.load.markdown import to_markdown
from etl.phrases import PLACE, Phrases, _load
from etl.styles import styles
from etl.wording import read
from radixgpt.errors import SettingsError
from radixgpt.level import DISCS, order
from radixgpt.report import Report
from radixgpt.style import LANGUAGES, ORDER

OTHERS = [language for language in LANGUAGES if language != "en"]
# Words about how a language puts its small words, which another may not need.
OF_ONE = {"agreeing", "declined", "shortened", "sure_of_two"}
SAME = {"small", "tag", "mark"}


def german(report: Report) -> Report:
    return restyle(report, report.style, "de")


def test_an_unknown_language_is_told() -> None:
    with pytest.raises(SettingsError, match="'tlh'"):
        Phrases(language="tlh")


@pytest.mark.parametrize("language", OTHERS)
def test_every_phrase_and_word_is_there(language: str) -> None:
    english, other = _load("en"), _load(language)
    assert set(english) - {"american"} == set(other)
    ours = cast(dict[str, dict[str, str]], english["words"])
    theirs = cast(dict[str, dict[str, str]], other["words"])
    assert set(ours) - OF_ONE == set(theirs) - OF_ONE
    for group in set(ours) - OF_ONE - SAME:
        assert set(ours[group]) == set(theirs[group]), group


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("style", styles())
def test_a_real_spine_says_the_same_sentence_by_sentence(
    spines: Any, language: str, style: str
) -> None:
    report = spines.write(spines.degenerated(), style=style)
    other = restyle(report, style, language)
    assert other.language == language
    assert other.findings == report.findings
    assert [(s.section, s.level, s.findings) for s in other.sentences] == [
        (s.section, s.level, s.findings) for s in report.sentences
    ]
    for ours, theirs in zip(report.sentences, other.sentences, strict=True):
        if ours.section in STATING:
            said = [(c.kind, c.levels, c.status, c.side) for c in read(ours.text).claims]
            told = [(c.kind, c.levels, c.status, c.side) for c in read(theirs.text, "de").claims]
            assert sorted(map(str, said)) == sorted(map(str, told)), theirs.text


def test_the_degenerated_spine_in_german(degenerated: Report) -> None:
    report = german(degenerated)
    said = [s.text for s in report.section("findings")]
    assert said[0] == "L1-L2: Minimale Bandscheibendegeneration (Pfirrmann II) ohne " + (
        "Höhenminderung des Bandscheibenfachs, Bandscheibenvorwölbung oder Bandscheibenvorfall."
    )
    assert "Spondylolisthese mit gemessenem Ventralversatz von 6 mm (Meyerding Grad I)." in said
    assert "Modic-Veränderungen Typ 2 mit Grund- und Deckplattenveränderungen." in said
    assert report.section("impression")[1].text == "Bandscheibenvorfall im Segment L5-S1."
    assert report.mark == "KI-Entwurf, nicht für den klinischen Gebrauch"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_report_can_be_told_in_german(spines: Any, data: st.DataObject) -> None:
    report = data.draw(spines.reports())
    other = german(report)
    assert [s.findings for s in other.sentences] == [s.findings for s in report.sentences]


# --- no English is left -----------------------------------------------------------------------


def test_the_words_of_english_are_known(english_in: Any) -> None:
    assert english_in("Disc herniation seen, with and graded") >= {"and", "seen", "with", "disc"}
    assert not english_in("Bandscheibenvorfall in Höhe L4-L5.")


def test_no_english_word_is_left(spines: Any, english_in: Any) -> None:
    for style in styles():
        for options in ({}, {"t1": False}, {"t2": False}, {"spacing": False, "header": False}):
            report = spines.write(spines.degenerated(), style=style, **options)
            assert not english_in(to_markdown(german(report)))


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_of_the_software_is_translated(language: str) -> None:
    from etl import transform
    from radixgpt.eligibility import REASONS
    from radixgpt.reading import dicom, facts, nifti, ordering, picture, pixels, reader
    from tools import classifier, levels, radiographs, same_spine, triage

    phrases = Phrases(language=language)
    texts = [
        *REASONS.values(),
        *(getattr(transform, n) for n in ("NO_T1", "NO_T2", "NOT_LOCATED", "NOT_GRADED")),
        *(getattr(transform, n) for n in ("NO_VERDICT", "DISAGREE", "SLIP_DISAGREES")),
        transform.HEIGHT_DISAGREES,
        *(
            value.format(3) if "{}" in value else value
            for module in (dicom, facts, nifti, ordering, picture, pixels, reader)
            for name, value in vars(module).items()
            if name.isupper() and not name.startswith("_") and isinstance(value, str)
            if value.endswith(".")
        ),
        same_spine.UNLIKE_TEXT,
        levels.NO_TEXTURE,
        radiographs.NO_VIEW,
        radiographs.NEEDS_AP,
        radiographs.NEEDS_LATERAL,
        radiographs.NO_DISCS,
        radiographs.NO_SLIP,
        radiographs.NO_LINE,
        radiographs.CLOSE,
        *(classifier._between("pfirrmann", found) for found in ([], ["2", "3"], ["2", "3", "4"])),
        classifier._between("modic", ["0", "2"]),
        classifier._between("disc_bulging", ["absent", "present"]),
        triage._CUT_OFF,
        *(triage._TURNED.format(turn) for turn in triage._TURNS),
        "One T2 series was not graded: the slices seem to be mirrored; store them upright, "
        "facing left.",
        "The image quality is limited: noisy, small (90 x 80 pixels), lower 40% empty.",
        "One series was not graded: the lower 40% of the slice is empty.",
    ]
    foreign = {"the", "and", "is", "of", "not", "are", "to", "absent", "present", "no", "lower"}
    for text in texts:
        told = phrases.told(text)
        assert not told.startswith("Meldung der Software"), text
        assert not foreign & set(re.findall(r"[a-z]+", told.lower())), told


def test_an_unknown_message_is_quoted_as_what_it_is() -> None:
    said = Phrases(language="de").told("The moon is full.")
    assert said == "Meldung der Software auf Englisch: „The moon is full.“"


# --- and the checks hold ----------------------------------------------------------------------


@settings(deadline=None)
@given(st.sets(st.sampled_from(DISCS), min_size=1))
def test_levels_in_words_are_read_back(levels: set[str]) -> None:
    problems_: list[str] = []
    at = Phrases(language="de").say("at", text="Bandscheibenvorfall", levels=sorted(levels))
    tokens = tokenize(clean(at, "de"), WORDS["de"])
    sets = level_sets(tokens, problems_, WORDS["de"])
    assert not problems_
    assert [list(found) for _, _, found in sets] == [sorted(levels, key=order)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Unauffällige Bandscheiben.", "Unauffällige"),
        ("Bandscheibenvorfall in Höhe L4-L5, unverändert.", "unverändert"),
        ("Progredienter Bandscheibenvorfall in Höhe L4-L5.", "Progredienter"),
        ("Spinalkanalstenose in Höhe L4-L5.", "Spinalkanalstenose"),
    ],
)
def test_what_no_finding_states_is_refused(degenerated: Report, text: str, word: str) -> None:
    found = check_sentence(text, german(degenerated).findings, language="de")
    assert any(word in problem for problem in found)


def test_an_english_sentence_is_none_of_a_german_report(degenerated: Report) -> None:
    report = german(degenerated)
    place = next(i for i, s in enumerate(report.sentences) if s.section == "impression")
    changed = report.sentences[place].model_copy(
        update={"text": degenerated.section("impression")[0].text}
    )
    sentences = (*report.sentences[:place], changed, *report.sentences[place + 1 :])
    failed = {
        c.rule
        for c in check(report.model_copy(update={"sentences": sentences}))
        if not c.passed and c.severity == "error"
    }
    assert failed == {"text-agrees-with-findings"}


def test_headings_are_of_the_language() -> None:
    headings = Phrases(language="de").headings()
    assert list(headings) == list(ORDER)
    assert headings["findings"] == "Befund"


def test_an_adjective_is_declined_behind_no() -> None:
    phrases = Phrases(language="de")
    other = phrases.word("other", "endplates")
    said = phrases.say("absent_at", items=[other], levels=["L3-L4"])
    assert said == "Keine weiteren Endplattenveränderungen im Segment L3-L4."


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_phrase_stands_twice_in_its_file(language: str) -> None:
    text = (PLACE / f"{language}.yaml").read_text(encoding="utf-8")
    names = re.findall(r"(?m)^(\w+):", text)
    assert len(names) == len(set(names))
