"""The page as `python app.py` serves it, and a browser that looks at it: for the scripts beside."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 180_000


@dataclass
class Served:
    """A server that runs: its address, its process, and when it was started (monotonic)."""

    address: str
    process: subprocess.Popen[str]
    started: float

    def megabytes(self) -> float:
        """Memory that the server holds now (resident set)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024


@contextmanager
def started(**environment: str) -> Iterator[Served]:
    """Start the program on a free port and end it; whether it answers yet is not waited for."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"GRADIO_SERVER_PORT": str(port), "PYTHONUNBUFFERED": "1", **environment}
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Served(f"http://127.0.0.1:{port}", process, begun)
        finally:
            process.terminate()


@contextmanager
def served(**environment: str) -> Iterator[Served]:
    """Start the page on a free port, wait until it answers, and end it."""
    with started(**environment) as page_of:
        assert page_of.process.stdout is not None
        port = page_of.address.rpartition(":")[2]
        for line in page_of.process.stdout:
            if f":{port}" in line:
                break
        else:
            sys.exit("The page did not start.")
        yield page_of


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("There is no Chromium here: install it (apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def tab(browser: Any, address: str, width: int = 1280, height: int = 800, **look: str) -> Any:
    """A tab of its own, with the page in it."""
    context = browser.new_context(viewport={"width": width, "height": height}, **look)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    page.locator(".rx-viewer[data-ready]").wait_for()
    return page


def open_example(page: Any, name: str = "worn") -> None:
    """Open an example study and wait until it is graded."""
    page.locator(".rx-menu:has([data-example]) > summary").click()
    page.locator(f'.rx-examples [data-example="{name}"]').click()
    page.locator(".rx-chip").nth(4).wait_for()
    page.locator("#rx-chat .bot").filter(has_text="no patient").last.wait_for()


def ask(page: Any, text: str) -> None:
    """Send a message."""
    box = page.locator("#rx-box textarea")
    box.fill(text)
    box.press("Enter")


def draft(page: Any) -> None:
    """Draft the report."""
    page.get_by_role("button", name="Draft the report").click()
    page.locator('.rx-report [data-section="impression"]').wait_for()
