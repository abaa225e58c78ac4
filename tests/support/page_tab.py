"""A tab of a real browser on the page, with what it did besides what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 180_000
"""Milliseconds to wait for anything; a machine that trains models besides is slow."""


@dataclass
class Tab:
    """A tab of a browser of its own, and what it did besides what it was told."""

    page: Any
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def ask(self, text: str) -> None:
        box = self.page.locator("#rx-box textarea")
        box.fill(text)
        box.press("Enter")
        self.page.locator("#rx-chat .user").filter(has_text=text).last.wait_for()

    def open_example(self) -> None:
        self.page.locator(".rx-example").click()
        self.page.locator(".rx-chip").nth(4).wait_for()
        self.said("no patient")

    def said(self, text: str) -> None:
        self.page.locator("#rx-chat .bot").filter(has_text=text).last.wait_for()

    def draft(self) -> None:
        """Draft the report; an answer about a level may have drafted it."""
        if not self.page.locator(".rx-report").count():
            self.page.get_by_role("button", name="Draft the report").click()
        self.page.locator('.rx-report [data-section="impression"]').wait_for()

    def download(self, form: str, folder: Path) -> Path:
        """A file of the report, from the menu."""
        self.page.locator("#rx-middle .rx-menu > summary").click()
        with self.page.expect_download() as download:
            self.page.locator(".rx-link", has_text=form).click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def shown(self) -> str:
        """The slice that is drawn, as ``SERIES:INDEX``."""
        return str(self.page.locator(".rx-stage").get_attribute("data-shown") or "")

    def wait_shown(self, series_and_index: str) -> None:
        self.page.locator(f'.rx-stage[data-shown="{series_and_index}"]').wait_for()

    def brightness(self) -> float:
        """Spread of the grey values in the drawn image: 0 when nothing is drawn."""
        return float(
            self.page.evaluate(
                """() => {
                  const canvas = document.querySelector(".rx-canvas");
                  const { width, height } = canvas;
                  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
                  let low = 255, high = 0;
                  for (let i = 0; i < data.length; i += 4) {
                    low = Math.min(low, data[i]); high = Math.max(high, data[i]);
                  }
                  return high - low;
                }"""
            )
        )


@contextmanager
def tab_of(chromium: Any, address: str) -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    tab = Tab(context.new_page())

    def note(message: Any) -> None:
        if message.type == "error":
            tab.errors.append(f"{message.text} {message.location.get('url', '')}")

    def request(sent: Any) -> None:
        if sent.url.startswith(("http", "ws")):
            tab.hosts.add(str(urlsplit(sent.url).hostname))

    tab.page.on("console", note)
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on("request", request)
    tab.page.goto(address)
    tab.page.locator(".rx-viewer[data-ready]").wait_for()
    try:
        yield tab
        assert tab.errors == []
        assert tab.hosts == {"127.0.0.1"}
    except BaseException as error:
        error.add_note(f"The chat says: {tab.page.locator('#rx-chat').inner_text()[-600:]}")
        error.add_note(f"The browser says: {tab.errors}")
        raise
    finally:
        context.close()
