"""The report as Markdown and as a page: whole, escaped, self-contained, marked as a draft."""

from __future__ import annotations

import base64
import io
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from PIL import Image

from etl import draft, edit
from etl.load import to_html, to_markdown
from etl.load.table import grades, measurements, value_words
from etl.phrases import Phrases
from radixgpt.eligibility import Eligibility
from radixgpt.report import DRAFT_MARK, SECTIONS, Report

HOSTILE = "<script>alert(1)</script> **bold** [x](javascript:1) | `code` {{ 7*7 }} # no heading"


class Page(HTMLParser):
    """Tags, ids, links, sources and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)
        for name, value in attrs:
            target = {"id": self.ids, "href": self.links, "src": self.sources}.get(name)
            if target is not None:
                target.append(str(value))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def hostile(spines: Any) -> tuple[Report, str, str]:
    """A report whose history is hostile, as page and as Markdown."""
    study, eligibility = spines.study()
    report = draft(
        study,
        eligibility,
        spines.observe(spines.degenerated()),
        models=spines.MODELS,
        clinical_information=HOSTILE,
        seconds=2.5,
    )
    return report, to_html(report, study), to_markdown(report)


def test_the_page_needs_nothing_else(hostile: tuple[Report, str, str]) -> None:
    _, html, _ = hostile
    page = Page(html)
    assert not {"script", "link", "iframe", "object", "form", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all(link.startswith("#") for link in page.links)
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not re.search(r"https?://|@import|url\(", html)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "script" not in policy[1]


def test_every_link_leads_to_an_element(hostile: tuple[Report, str, str]) -> None:
    page = Page(hostile[1])
    assert page.links
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_every_stating_sentence_is_linked_and_shows_its_findings(
    hostile: tuple[Report, str, str],
) -> None:
    report, html, _ = hostile
    stating = [s for s in report.sentences if s.findings]
    assert len(Page(html).links) == len(stating)
    assert html.count('class="tip"') == len(stating)
    assert "L4-L5 Pfirrmann: IV <b>90%</b> <i>T2-weighted slice 2, T1-weighted slice 2" in html


def test_all_text_is_on_the_page_and_escaped(hostile: tuple[Report, str, str]) -> None:
    report, html, _ = hostile
    text = Page(html).text
    for sentence in report.sentences:
        said = sentence.text
        if sentence.level is not None:
            said = said.removeprefix(f"{sentence.level}: ")
        assert said in text
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "49" not in Page(html).text.split("Comparison")[0]
    assert text.count(DRAFT_MARK) >= 2
    for heading in SECTIONS.values():
        assert heading in text


def test_key_images_are_pictures(hostile: tuple[Report, str, str]) -> None:
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(source.split(",")[1])))
        for source in Page(hostile[1]).sources
    ]
    assert len(pictures) == 5 * 2 + 2  # a crop of each level and one overview, in T1 and T2
    assert {p.format for p in pictures} == {"PNG"}
    assert max(p.height for p in pictures) >= 600


def test_a_refused_study_has_a_page_too(spines: Any) -> None:
    study, _ = spines.study()
    report = draft(study, Eligibility(False, "not-spine", "x"), [], models=())
    page = Page(to_html(report, study))
    assert "do not look like a spine examination" in page.text
    assert not page.sources
    assert all(link.removeprefix("#") in page.ids for link in page.links)


def test_a_synthetic_study_is_marked_on_the_page(spines: Any) -> None:
    from dataclasses import replace

    study, eligibility = spines.study()
    study = replace(study, series=tuple(replace(s, synthetic=True) for s in study.series))
    report = draft(study, eligibility, spines.observe(spines.healthy()), models=())
    assert "synthetic images, not of a patient" in Page(to_html(report, study)).text


def test_what_a_reader_set_is_marked_on_the_page(spines: Any, degenerated: Report) -> None:
    study, _ = spines.study()
    html = to_html(edit.set_grade(degenerated, "L4-L5", "pfirrmann", 5), study)
    assert "L4-L5 Pfirrmann: V <i>set by the reader</i>" in html


def test_markdown_has_nine_sections_a_mark_and_numbers(hostile: tuple[Report, str, str]) -> None:
    report, _, markdown = hostile
    assert markdown.startswith(f"# {DRAFT_MARK}\n")
    assert markdown.rstrip().endswith(f"*{DRAFT_MARK}*")
    headings = re.findall(r"^## (.+)$", markdown, re.MULTILINE)
    assert headings[:9] == list(SECTIONS.values())
    numbered = re.findall(r"^(\d+)\. ", markdown, re.MULTILINE)
    assert numbered == [str(i + 1) for i in range(len(report.section("impression")))]
    assert "**L4-L5:** Moderate disc degeneration (Pfirrmann IV)" in markdown


def test_markdown_escapes_what_users_write(hostile: tuple[Report, str, str]) -> None:
    markdown = hostile[2]
    history = markdown.split("## Clinical information")[1].split("##")[0].strip()
    assert not re.search(r"(?<!\\)[<>*`|{}\[\]#]", history)
    assert "\n" not in history


def test_markdown_tables_are_whole(hostile: tuple[Report, str, str]) -> None:
    rows = [line for line in hostile[2].splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert widths == {10, 5}
    assert any("| IV (0.90) |" in row for row in rows)


def test_tables(degenerated: Report, spines: Any) -> None:
    table = grades(degenerated)
    assert [level for level, _ in table.rows] == ["L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1"]
    by_level = dict(table.rows)
    assert by_level["L5-S1"][0].text == "V"
    assert by_level["L5-S1"][0].tone == "positive"
    assert by_level["L1-L2"][4].text == "none"
    assert by_level["L1-L2"][4].tone == "normal"
    assert measurements(degenerated).headings == (
        "Canal depth (mm)",
        "Slip to vertebral depth",
        "Slip (mm)",
    )
    discs = spines.healthy()
    discs["L1-L2"].statuses = {"modic": "indeterminate"}
    cell = dict(grades(spines.write(discs)).rows)["L1-L2"][4]
    assert (cell.text, cell.tone, cell.chance) == ("indeterminate", "open", "")
    assert cell.note


def test_probabilities_have_the_decimal_mark_of_the_language(degenerated: Report) -> None:
    german = to_markdown(edit.restyle(degenerated, "standard", "de"))
    assert "| IV (0,90) |" in german
    assert not re.search(r"\(\d\.\d", german)


@pytest.mark.parametrize(
    ("sure", "said", "german"), [(0.999, ">0.99", ">0,99"), (0.994, "0.99", "0,99")]
)
def test_no_probability_reads_as_certainty(
    spines: Any, sure: float, said: str, german: str
) -> None:
    discs = spines.healthy()
    discs["L4-L5"].confidence = sure
    report = spines.write(discs)
    assert f"| II ({said}) |" in unescape(to_markdown(report)).replace("\\", "")
    assert f"| II ({german}) |" in unescape(
        to_markdown(edit.restyle(report, "standard", "de"))
    ).replace("\\", "")
    percent = ">99%" if sure > 0.995 else "99%"
    html = unescape(to_html(report, spines.study()[0]))
    assert f"II <small>{percent}</small>" in html
    assert f"<b>{percent}</b>" in html
    assert "100%</" not in html


def test_nothing_is_minus_nought(degenerated: Report) -> None:
    small = [
        f.model_copy(update={"value": -0.003 if f.kind == "slip_ratio" else -0.02})
        for f in degenerated.findings
        if f.kind in ("slip_ratio", "slip_mm")
    ]
    shown = {value_words(f, Phrases()) for f in small}
    assert shown == {"0.00", "0.0"}


def test_a_disc_above_the_lumbar_spine_has_a_row_where_it_was_measured(
    degenerated: Report,
) -> None:
    one = next(f for f in degenerated.findings if f.kind == "slip_ratio")
    open_ = {"status": "not_assessable", "value": None, "reason": "the disc was not outlined"}
    above = (
        one.model_copy(update={"id": "x1", "level": "T11-T12"}),
        one.model_copy(update={"id": "x2", "level": "T10-T11", **open_}),
    )
    report = degenerated.model_copy(update={"findings": (*degenerated.findings, *above)})
    levels = [level for level, _ in measurements(report).rows]
    assert "T11-T12" in levels
    assert "T10-T11" not in levels


def test_the_limitations_say_how_was_measured(degenerated: Report, spines: Any) -> None:
    assert any("disc height as area over length" in s.text for s in degenerated.sentences)
    alike = spines.write(spines.healthy())
    measured = any(f.kind.endswith(("_mm", "_ratio", "_index")) for f in alike.findings)
    assert measured == any("area over length" in s.text for s in alike.sentences)
