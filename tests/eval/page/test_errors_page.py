"""The error page: what it holds, and what it does in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from eval.batch import scoring
from eval.batch.engine import EngineName, engine
from eval.batch.marks import Mark
from eval.batch.pairs import Pair
from eval.page import errors
from radixgpt.errors import SettingsError

HOSTILE = (
    "</script><script>document.title='taken'</script><img src=x onerror=document.title='taken'>"
)


def _pairs(folder: Path) -> list[Pair]:
    Image.fromarray(np.tile(np.arange(0, 60000, 120, np.uint16), (300, 1))).save(
        folder / "deep.png"
    )
    (folder / "broken.png").write_bytes(b"no picture")
    good = "Disc bulge at L4-L5 with mild narrowing."
    pairs = [
        Pair(f"s{i}", good.replace("mild", "severe") if i % 2 else good, (good,), f"p{i // 2}")
        for i in range(12)
    ]
    pairs[1] = Pair("s1", "", (good, "A second reading."), "p0", folder / "deep.png")
    pairs[3] = Pair("s3", f"bulge {HOSTILE} \u2028", ("<b>Disc</b>",), "p1", folder / "broken.png")
    pairs[5] = Pair("s5", "word " * 4000, (good,), "p2", folder / "absent.png")
    return pairs


def _marks(pair: Pair) -> Sequence[Mark]:
    if pair.id == "s1":
        return [Mark("bulge", "missed", "L4-L5", "left"), Mark("fissure", "right", "L5-S1")]
    if pair.id == "s5":
        return [
            Mark("slip", "wrong_level", "L1-L2", "", "L2-L3 in the reference", "type 2", "L2-L3")
        ]
    return [Mark("bulge", "wrong_level", "L3-L4", note="L4-L5 in the reference")] * (
        pair.id == "s7"
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    pairs = _pairs(folder)
    with engine(EngineName.SERIAL) as run:
        scored = scoring.joined(scoring.score(pairs, ["bleu", "rouge"], run))
    scores, values = scoring.summary(scored, draws=20), scored.scores()
    choice = errors.choose(values, scores, each=4)
    text = errors.render(
        pairs,
        values,
        scores,
        choice,
        title=f"<i>c.csv</i> {HOSTILE}",
        notes=["Left out: METEOR: no Java."],
        markers=[_marks],
    )
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8")
    return path


def _data(page: Path) -> Any:
    text = page.read_text(encoding="utf-8")
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert held is not None
    return json.loads(held[1])


def test_the_worst_and_some_at_random_are_held(page: Path) -> None:
    studies = _data(page)["studies"]
    assert len(studies) == 8
    assert sum(study["worst"] for study in studies) == 4
    assert {"s1", "s3", "s5"} <= {study["id"] for study in studies if study["worst"]}


def test_pictures_are_embedded_or_missed(page: Path) -> None:
    by_id = {study["id"]: study for study in _data(page)["studies"]}
    assert by_id["s1"]["image"].startswith("data:image/jpeg;base64,")
    assert "can't be read" in by_id["s3"]["no_image"]
    assert "not there" in by_id["s5"]["no_image"]
    assert by_id["s5"]["said"] == ["1 of its texts are cut at 12,000 characters"]


def test_nothing_is_fetched_and_no_text_is_markup(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("</script>") == 2
    assert "<img" not in text
    assert not re.search(r"""(?:src|href)\s*=\s*["']?https?:""", text)
    assert "default-src 'none'" in text


def test_an_unknown_metric_is_told_and_all_fit_when_few() -> None:
    scores = [scoring.Score("m", 0.5, 0.4, 0.6, 3, "smaller", "")]
    values = {"m": np.array([0.1, np.nan, 0.9])}
    with pytest.raises(SettingsError, match="no metric n "):
        errors.choose(values, scores, by="n")
    assert errors.choose(values, scores).rows == [0, 1, 2]
    one = errors.choose(values, scores, each=1)
    assert one.worst == {2}, "smaller is better, and what can't be computed is not the worst"


@pytest.fixture(scope="module")
def tab(page: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no Chromium: install it to test the page")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        shown = browser.new_page(viewport={"width": 1440, "height": 1000})
        shown.set_default_timeout(120_000)
        failed: list[str] = []
        shown.on("pageerror", lambda error: failed.append(str(error)))
        shown.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
        asked: list[str] = []
        shown.on("request", lambda request: asked.append(request.url.split(":")[0]))
        shown.goto(page.as_uri())
        shown.locator("#rows tr").first.wait_for()
        yield shown
        browser.close()
    assert failed == []
    assert set(asked) <= {"file", "data"}


def _ids(tab: Any) -> list[str]:
    return [str(text) for text in tab.locator("#rows th").all_inner_texts()]


@pytest.mark.browser
def test_in_a_browser_it_sorts_filters_and_shows_both_texts(tab: Any) -> None:
    assert tab.title().startswith("<i>c.csv</i> </script>")
    assert tab.locator("#rows tr").count() == 8
    assert _ids(tab)[0] in {"s1", "s5"}

    tab.get_by_role("button", name="study", exact=True).click()
    assert _ids(tab) == sorted(_ids(tab), key=lambda name: int(name[1:]))
    tab.locator(".metric", has_text="bleu_1").click()
    assert tab.locator("th[aria-sort=ascending]").inner_text().startswith("bleu_1")

    tab.locator("#level").select_option("L4-L5")
    assert _ids(tab) == ["s1"]
    assert tab.locator(".text.candidate").inner_text() == "no text"
    assert tab.locator(".text.reference mark").first.inner_text().startswith("Disc bulge")
    assert tab.locator(".marks li.missed").inner_text() == "missed L4-L5 left bulge"
    assert tab.locator(".detail img").evaluate("image => image.naturalWidth") > 50
    tab.get_by_label("Which reference").select_option("1")
    assert "second reading" in tab.locator(".text.reference").inner_text()

    tab.locator("#level").select_option("L2-L3")
    assert _ids(tab) == ["s5"], "the level that the reference names is found too"
    said = "wrong level L1-L2 slip, type 2 (L2-L3 in the reference)"
    assert tab.locator(".marks li.wrong_level").inner_text() == said
    tab.locator("#level").select_option("L4-L5")

    tab.locator("#status").select_option("wrong_level")
    assert tab.locator("#detail").inner_text() == "No study fits the filters."
    tab.locator("#level").select_option("")
    tab.locator("#status").select_option("")

    tab.locator("#find").fill("onerror")
    assert _ids(tab) == ["s3"]
    assert tab.locator(".text.candidate").inner_text().startswith("bulge </script>")
    assert tab.title() != "taken"
    tab.locator("#find").fill("")
    tab.keyboard.press("Escape")
    tab.locator("#rows tr").first.click()
    first = tab.locator("#rows tr[aria-selected=true] th").inner_text()
    tab.keyboard.press("ArrowDown")
    second = tab.locator("#rows tr[aria-selected=true] th").inner_text()
    assert [first, second] == _ids(tab)[:2]
    assert tab.url.endswith(f"#{second}")
