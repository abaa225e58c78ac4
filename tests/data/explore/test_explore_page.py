"""The page: complete in itself, safe against what is in the data, small whatever its size."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data.explore import read_tables
from data.explore.section import Figure
from radixgpt.case import Case, Image, StatedFinding
from radixgpt.errors import CaseError

if TYPE_CHECKING:
    from conftest import Explore, Explored

EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">'
MEGABYTE = 2**20


class _Page(HTMLParser):
    """What a page would load, its ids and links, and the text of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "action") or (
                name == "href" and tag != "a"
            ):
                self.loads.append((tag, value or ""))
            if name == "id":
                self.ids.append(value or "")
            if name == "href" and tag == "a":
                self.links.append(value or "")
            assert not name.startswith("on"), (tag, name)


def _parsed(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page


def _figures(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', html, re.S)
    assert found is not None
    figures: dict[str, Any] = json.loads(found[1])
    return figures


def _resolved(value: Any, key: str = "") -> Any:
    """A specification with the page's colour names replaced by real ones."""
    if isinstance(value, list):
        return [_resolved(item, key) for item in value]
    if isinstance(value, dict):
        return {name: _resolved(item, name) for name, item in value.items()}
    if key == "colorscale":
        return "Viridis"
    if key == "color" and isinstance(value, str):
        assert re.fullmatch(r"\$(\d|soft|accent|step\d+of\d+)", value), value
        return "#123456"
    return value


def test_it_loads_nothing_from_anywhere(hand: Explored) -> None:
    html = hand.whole.html()
    page = _parsed(html)
    assert page.loads
    for tag, address in page.loads:
        assert address.startswith("data:image/"), (tag, address[:60])
    assert "link" not in page.tags
    assert "iframe" not in page.tags
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "default-src 'none'" in html
    assert html.count("plotly.js v") == 1  # the library is there, once


def test_every_link_of_the_contents_leads_to_its_section(hand: Explored) -> None:
    page = _parsed(hand.whole.html())
    assert len(page.ids) == len(set(page.ids))
    assert page.links
    for link in page.links:
        assert link.startswith("#")
        assert link[1:] in page.ids


def test_every_figure_is_what_plotly_takes(hand: Explored, run_explore: Explore) -> None:
    from plotly.graph_objects import Figure as PlotlyFigure

    figures = [
        part
        for section in hand.whole.sections
        for part in section.parts
        if isinstance(part, Figure)
    ]
    assert len(figures) > 12
    assert len({one.key for one in figures}) == len(figures)
    for one in figures:
        for view in one.views:
            drawn = PlotlyFigure(_resolved(view.spec))
            assert len(drawn.data)
            assert any(len(t.y if t.y is not None else ()) for t in drawn.data), one.key


def test_what_is_in_the_data_is_never_markup(run_explore: Explore) -> None:
    images = (Image(path="gone.png", sha256="1", modality="MR", facts={"manufacturer": EVIL}),)
    finding = StatedFinding(level="L4-L5", kind=EVIL, value=EVIL)
    cases = [
        Case(
            id=f"{EVIL}/{i}",
            source=EVIL,
            licence=EVIL,
            patient=f"{i}",
            images=images,
            report={"findings": f"{EVIL} {i}"},
            report_origin="human",
            findings=(finding, finding.model_copy(update={"value": "other"})),
            facts={"sex": EVIL, "label": EVIL},
            split="train" if i else "test",
        )
        for i in range(8)
    ]
    run = run_explore(cases, excerpts=True)
    html = run.whole.html()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;" in html
    _parsed(html)  # no handler of events in any element
    assert EVIL in json.dumps(_figures(html)).replace('\\"', '"')


def test_text_without_images_and_images_without_text(run_explore: Explore, tmp_path: Path) -> None:
    texts = [
        Case(
            id=f"t/{i}",
            source="t",
            licence="CC0 1.0",
            patient=f"t/{i}",
            report={"findings": f"Disc bulge at L4-L5, {i} mm."},
            report_origin="human",
        )
        for i in range(6)
    ]
    run = run_explore(texts)
    lacking = {s.key for s in run.whole.sections if s.absent}
    assert lacking == {"acquisition", "prevalence", "cooccurrence", "quality", "map", "suspicious"}
    _parsed(run.whole.html())
    for section in run.whole.sections:
        if section.absent:
            assert not section.parts
            assert section.map is None
    bare = [
        Case(
            id="i/1",
            source="i",
            licence="MIT",
            patient="i/1",
            images=(Image(path="gone.png", sha256="1"),),
        )
    ]
    other = run_explore(bare)
    assert other.section("reports").absent
    assert "None of the 1 image could be opened" in other.section("quality").sentence
    _parsed(other.whole.html())


def test_a_case_of_nothing_makes_a_page(run_explore: Explore) -> None:
    run = run_explore([Case(id="x/1", source="x", licence="", patient="x/1")])
    assert run.section("cohort").sentence == (
        "1 case of 1 patient from 1 source; no patient's sex is known, and no age is known."
    )
    assert run.statistics("licences")["licences"]["unknown"]["cases"] == 1
    _parsed(run.whole.html())


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


GOOD = '{"id": "a/1", "source": "a", "licence": "MIT", "patient": "a/1"}'


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), "holds no case"),
        (("",), "holds no case"),
        ((GOOD, '{"id": 1'), "line 2"),
        ((GOOD, GOOD), "a/1 is there twice, as case 1 and as case 2"),
        ((GOOD.replace('"a/1"}', '"a/1", "split": "holdout"}'),), "line 1: split"),
        (
            (GOOD[:-1] + ', "images": [{"path": "../x.png", "sha256": ""}]}',),
            "case a/1: the path of an image leads out",
        ),
        (
            (GOOD[:-1] + ', "images": [{"path": "/etc/x.png", "sha256": ""}]}',),
            "case a/1: the path of an image leads out",
        ),
        (
            (GOOD[:-1] + ', "findings": [{"kind": "modic", "level": "L9"}]}',),
            "case a/1: 'L9' is not a level",
        ),
    ],
)
def test_bad_files_are_told_with_their_place(
    tmp_path: Path, lines: tuple[str, ...], told: str
) -> None:
    with pytest.raises(CaseError) as caught:
        read_tables(_write(tmp_path / "cases.jsonl", *lines))
    assert told in caught.value.problem
    assert caught.value.mend


def test_bad_bytes_and_no_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_bytes(b"\xff\xfe{}")
    with pytest.raises(CaseError, match="not UTF-8"):
        read_tables(tmp_path / "cases.jsonl")
    with pytest.raises(CaseError, match=r"no none\.jsonl"):
        read_tables(tmp_path / "none.jsonl")


def test_a_damaged_split_is_told(run_explore: Explore, tmp_path: Path) -> None:
    (tmp_path / "splits.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CaseError, match="damaged"):
        run_explore([Case(id="x/1", source="x", licence="MIT", patient="x/1")])


def _many(count: int) -> Any:
    kinds = ("disc_bulging", "disc_herniation", "pfirrmann", "modic")
    levels = ("L3-L4", "L4-L5", "L5-S1")
    for i in range(count):
        findings = tuple(
            StatedFinding(level=level, kind=kind, value=(i * 7 + k) % 4 + 1)
            if kind == "pfirrmann"
            else StatedFinding(
                level=level, kind=kind, assertion="present" if (i + k) % 5 == 0 else "absent"
            )
            for k, (level, kind) in enumerate((x, y) for x in levels for y in kinds)
        )
        facts: dict[str, str | float | None] = {
            "manufacturer": f"Maker{i % 400} {i % 900}",
            "echo_time_ms": float(i % 5000 + 1),
            "repetition_time_ms": 5.0 + i,
        }
        known: dict[str, str | float | None] = {
            "sex": "F" if i % 2 else "M",
            "age_years": float(i % 90),
            f"fact{i % 1000}": "x",
        }
        yield Case(
            id=f"s{i % 300}/{i}",
            source=f"s{i % 300}",
            licence=f"Licence {i % 50}",
            patient=f"p{i // 2}",
            images=(
                Image(
                    path=f"gone/{i}.png",
                    sha256=str(i),
                    modality="MR",
                    rows=i % 2000,
                    facts={
                        **facts,
                        "echo_time_ms": float(i % 5000 + 1),
                        "repetition_time_ms": 5.0 + i,
                    },
                ),
            ),
            report={"findings": f"disc bulge word{i % 9000} at L4-L5 " * 3},
            report_origin="human",
            findings=findings,
            split=("train", "development", "test")[i % 3],
            facts=known,
        )


def test_very_many_cases_make_no_larger_page(run_explore: Explore) -> None:
    run = run_explore(_many(6_000))
    assert run.statistics("cohort")["cases"] == 6_000
    assert run.statistics("cohort")["most_cases_of_a_patient"] == 2
    size = len(run.whole.html().encode())
    assert size < 9 * MEGABYTE
    figures = _figures(run.whole.html())
    assert max(len(json.dumps(one)) for one in figures.values()) < MEGABYTE
