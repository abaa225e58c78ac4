"""Renew the pictures of the page in docs/images, from the page itself.

    python benchmarks/page_pictures.py

Everything in them is synthetic. Four pictures: the page, a change with what it does before it is
made, the page in the dark with two linked series and a signed report, and at the width of a phone.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image
from served_page import ROOT, ask, chromium, draft, open_example, served, tab

FOLDER = ROOT / "docs" / "images"
_MOST_BYTES = 400_000


def keep(page: Any, name: str, folder: Path = FOLDER) -> None:
    """A picture of the page in 256 colours."""
    page.wait_for_timeout(600)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = folder / f"{name}.png"
    shot.quantize(256, kmeans=2, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size <= _MOST_BYTES, f"{name} is too large"
    print(path.relative_to(ROOT))


def main() -> None:
    with chromium() as browser, served() as page_of:
        page = tab(browser, page_of.address)
        open_example(page)
        ask(page, "What is at L4-L5?")
        page.locator('#rx-chat a[href*="#show="] img').first.wait_for()
        page.locator(".rx-report").wait_for()
        page.mouse.move(500, 20)
        keep(page, "chat")

        page.locator('.rx-grades [data-place="L4-L5"][data-kind="pfirrmann"]').click()
        page.locator("#rx-scale .rx-button", has_text="5").click()
        page.locator(".rx-proposed").wait_for()
        keep(page, "edit")

        page.locator('[data-do="confirm"]').click()
        page.locator("details.rx-revision").wait_for()
        page.locator(".rx-sign-open").click()
        page.locator("#rx-sign [name=name]").fill("Example Reader")
        page.locator("#rx-sign [name=role]").fill("radiologist")
        page.locator("#rx-sign [type=submit]").click()
        page.locator(".rx-signed").wait_for()
        page.locator(".rx-look").click()
        page.set_viewport_size({"width": 1500, "height": 860})
        page.locator(".rx-beside-toggle").click()
        page.locator('[data-layer="vertebrae"]').click()
        page.locator('[data-layer="canal"]').click()
        page.locator(".rx-second[data-shown^=s]").wait_for()
        keep(page, "dark")
        page.context.close()

        page = tab(browser, page_of.address, width=390, height=844)
        open_example(page)
        draft(page)
        page.locator('.rx-chip[data-level="L4-L5"]').click()
        page.evaluate("scrollTo(0, 0)")
        keep(page, "phone")


if __name__ == "__main__":
    main()
