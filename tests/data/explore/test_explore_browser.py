"""The page in a real browser: it draws, switches, tells, and asks the network for nothing."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pillow

if TYPE_CHECKING:
    from conftest import Explored

pytestmark = pytest.mark.browser

PATIENCE = 180_000
"""Milliseconds to wait for anything; a machine that trains models besides is slow."""
SCREENSHOT = os.environ.get("EXPLORE_SCREENSHOT")
"""Where to keep a picture of the page, as ``docs/images/explore.png``; nowhere by default."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def page_file(phantoms: Explored) -> Path:
    path = phantoms.root / "index.html"
    path.write_text(phantoms.whole.html(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no Chromium: install it to test the page")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[(1280, "light"), (400, "dark")], ids=["wide-light", "narrow-dark"])
def opened(chromium: Any, page_file: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    width, scheme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(page_file.as_uri())
    yield page
    assert errors == []
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}
    context.close()


def _draw_all(page: Any) -> None:
    """Scroll through the page, so that every figure comes into sight."""
    for figure in page.locator("[data-figure], #map-figure").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for()


def test_every_figure_is_drawn_and_nothing_sticks_out(opened: Any) -> None:
    _draw_all(opened)
    for figure in opened.locator("[data-figure]").all():
        name = figure.get_attribute("data-figure")
        marks = figure.locator(".trace, .hm image, .points path, .lines path, .boxlayer path")
        assert marks.count() > 0, name
    wide = opened.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


def test_the_map_takes_another_colour_and_shows_an_image(opened: Any) -> None:
    plot = opened.locator("#map-plot")
    plot.scroll_into_view_if_needed()
    plot.locator(".point").first.wait_for()
    colours = "() => [...document.querySelectorAll('#map-plot .point')].map(p => p.style.fill)"
    before = opened.evaluate(colours)
    assert len(set(before)) == 2  # two sources
    select = opened.locator("#map-colour")
    select.select_option(label="sequence")
    opened.wait_for_function("document.getElementById('map-plot').dataset.column === 'sequence'")
    by_sequence = opened.evaluate(colours)
    assert len(by_sequence) == len(before)
    select.select_option(label="age, years")
    opened.wait_for_function("document.getElementById('map-plot').dataset.column === 'age, years'")
    assert len(set(opened.evaluate(colours))) > 5

    plot.locator(".point").nth(3).hover(force=True)
    card = opened.locator("#card")
    card.wait_for()
    assert card.locator("img").evaluate("image => image.naturalWidth") > 20
    assert "phantoms" in card.locator("b").inner_text()
    assert "age, years" in card.inner_text()


def test_views_of_a_figure_are_chosen(opened: Any) -> None:
    figure = opened.locator('[data-figure="cooccurrence-graded"]')
    figure.scroll_into_view_if_needed()
    figure.locator(".hm").wait_for()
    read = "f => f.querySelector('.plot').data[0].text.flat().join()"
    phi = figure.evaluate(read)
    figure.get_by_role("button", name="lift").click()
    figure.locator('button[aria-pressed="true"]', has_text="lift").wait_for()
    assert figure.evaluate(read) != phi
    measures = opened.locator('[data-figure="quality-measures"]')
    measures.scroll_into_view_if_needed()
    measures.locator("select").select_option(label="noise")
    measures.locator(".xtitle", has_text="noise").wait_for()


def test_a_label_of_the_data_is_text_in_a_figure(chromium: Any, evil_page: Path) -> None:
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.on("dialog", lambda dialog: pytest.fail("a script of the data ran"))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(evil_page.as_uri())
    _draw_all(page)
    assert "<b>bold</b><img" in page.locator('[data-figure="cohort-sources"]').inner_text()
    assert page.locator(".plot img, .plot b").count() == 0
    assert errors == []
    context.close()


@pytest.mark.skipif(not SCREENSHOT, reason="a picture is made when EXPLORE_SCREENSHOT names it")
def test_keep_a_picture(chromium: Any, page_file: Path) -> None:
    assert SCREENSHOT
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(page_file.as_uri())
    _draw_all(page)
    page.locator("#map").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#map').scrollIntoView({behavior: 'instant'})")
    page.locator("#map-colour").select_option(label="kind of image")
    page.wait_for_timeout(500)
    page.locator("#map-plot .point").nth(40).hover(force=True)
    page.wait_for_timeout(500)
    shot = Pillow.open(io.BytesIO(page.screenshot()))
    few = shot.convert("RGB").quantize(256, kmeans=2, dither=Pillow.Dither.NONE)
    few.save(Path(SCREENSHOT), optimize=True)
    assert Path(SCREENSHOT).stat().st_size <= 400_000
    context.close()
