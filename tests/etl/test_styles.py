"""A house's style is plain data: what it may say is followed, what is wrong is told by line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.edit import restyle
from etl.load.markdown import to_markdown
from etl.phrases import as_checked, spelled
from etl.styles import in_language, parse_style, read_style, style_of, styles
from radixgpt.errors import CheckFailedError, SettingsError
from radixgpt.report import Report
from radixgpt.style import ORDER, Style

HOUSE = """
name: Our house
like: concise
sections: [exam, clinical_information, technique, comparison, findings, impression,
           limitations, recommendations, critical_communication]
spelling: American
headings: {impression: Conclusion}
words: {modality: {MR: MR imaging}}
"""


def test_the_styles_that_ship() -> None:
    assert styles() == ("standard", "concise", "prose", "short_impression", "short_prose")
    assert style_of("prose").findings == "prose"
    assert style_of("concise").sections == ORDER


def test_a_house_style_is_followed(degenerated: Report) -> None:
    style = parse_style(HOUSE, "house.yaml")
    report = restyle(degenerated, style)
    assert report.style == "Our house"
    assert report.house is not None
    assert [*dict.fromkeys(s.section for s in report.sentences)] == list(style.sections)
    text = to_markdown(report)
    assert text.index("## Findings") < text.index("## Conclusion") < text.index("## Limitations")
    assert "MR imaging of the lumbar spine." in text
    assert not any("Measured" in s.text for s in report.section("findings"))
    again = Report.model_validate_json(report.model_dump_json())
    assert again == report
    assert restyle(again, "standard").house is None


def test_american_spelling(spines: Any) -> None:
    style = Style(name="here", spelling="American")
    text = to_markdown(spines.write(spines.degenerated(), style=style, spacing=False))
    assert "not given in millimeters" in text
    assert "millimetre" not in text


@given(st.text(max_size=60))
def test_spelling_goes_there_and_back(text: str) -> None:
    american = spelled(text, "American")
    assert spelled(american, "American") == american
    assert as_checked(american, "en") == as_checked(text, "en")


def test_a_word_that_would_change_the_meaning_is_refused(spines: Any) -> None:
    style = Style(name="house", words={"degeneration": {"3": "Severe"}})
    with pytest.raises(CheckFailedError, match="text-agrees-with-findings"):
        spines.write(spines.healthy(L4_L5={"pfirrmann": 3}), style=style)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("findings: poem", "line 1, field 'findings': input should be 'levels' or 'prose'"),
        ("name: a\nfnidings: prose", "line 2, field 'fnidings': there is no such field"),
        ("like: ours", "line 1, field 'like': there is no such style"),
        ("name: prose", "line 1, field 'name': it is the name of a style that ships"),
        ("sections: [exam]", "line 1, field 'sections': clinical_information"),
        ("sections:\n- exam\n- end", "line 3, field 'sections.1': input should be"),
        ("measurements: 7", "line 1, field 'measurements': input should be"),
        ("\nheadings:\n  exam: '<b>Exam</b>'", "line 3, field 'headings.exam': should be"),
        ("words: {side: {left: '{{ 7 }}'}}", "line 1, field 'words.side.left': should be"),
        ("words: {side: {up: up}}", "field 'words.side.up': the language files have no such"),
        (
            "words: {degeneration: {3: Severe}}",
            "line 1, field 'words.degeneration.3': 'Severe' is not read as what it stands for",
        ),
        (
            "words: {present: {disc_bulging: disc herniation}}",
            "'words.present.disc_bulging': 'disc",
        ),
        ("words: {present: {disc_herniation: foo}}", "'foo' is not read as what it stands for"),
        ("words: {songs: {a: b}}", "field 'words.songs.a': the language files have no such"),
        ("a: &x [1]\nb: *x", "line 1: anchors and aliases are not read"),
        ("name: a\nname: b", "line 2: the field 'name' is there twice"),
        ("name: !!python/object/apply:os.system [id]", "line 1"),
        ("name: [", "line 1"),
        ("- a", "line 1: it is no list of fields"),
        ("language: tlh", "line 1, field 'language'"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_field(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_style(text, "house.yaml")
    assert told in caught.value.problem
    assert "house.yaml" in caught.value.problem


def test_an_empty_file_is_the_standard_style() -> None:
    assert parse_style("", "ours.yaml") == Style(name="ours")


@settings(deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=80).map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_style_or_a_settings_error(text: str) -> None:
    try:
        style = parse_style(text, "ours.yaml")
    except SettingsError:
        return
    assert set(style.sections) == set(ORDER)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*Style.model_fields, "like", "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=12),
            lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=6), below),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_any_fields_are_a_style_or_a_settings_error(data: dict[str, object]) -> None:
    try:
        parse_style(yaml.safe_dump(data), "ours.yaml")
    except SettingsError:
        return


def test_deep_and_large_files_are_refused(tmp_path: Path) -> None:
    for text in ("[" * 5000, "a: " + "x" * 70_000):
        path = tmp_path / "s.yaml"
        path.write_text(text)
        with pytest.raises(SettingsError):
            read_style(path)
    with pytest.raises(SettingsError, match=r"none\.yaml can't be opened"):
        style_of(str(tmp_path / "none.yaml"))
    (tmp_path / "l.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="UTF-8"):
        read_style(tmp_path / "l.yaml")


def test_the_language_of_a_style_is_taken_where_none_is_asked_for() -> None:
    style = parse_style("language: de", "ours.yaml")
    assert in_language(style, None).language == "de"
    assert in_language(style, "en").language == "en"
    assert in_language("standard", None).language == "en"
