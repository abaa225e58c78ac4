"""How soon the page shows itself and answers, and what many sessions cost.

    python benchmarks/page_times.py --sessions 8

Measured in Debian's Chromium against `python app.py`: from the start of the process and from the
call of the address to the first paint; from sending a question to the first step in the chat and to
the whole answer; then so many tabs at once, each with a study and a question of its own, and the
memory of the server before, with all of them open, and once they are closed.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import time
from pathlib import Path
from typing import Any

from served_page import PATIENCE, ask, chromium, open_example, served, started, tab

FIRST_PAINT_ALLOWED = 3.0
FIRST_STEP_ALLOWED = 1.0
QUESTION = "What is at L4-L5?"

# Notes when the message, a step and the answer's picture first stand in the conversation.
_WATCH = """() => {
  const seen = {};
  const begun = performance.now();
  window.rxSeen = seen;
  const before = document.querySelectorAll("#rx-chat .thought-group").length;
  const look = () => {
    const now = (performance.now() - begun) / 1000;
    if (document.querySelectorAll("#rx-chat .thought-group").length > before) seen.step ??= now;
    if (document.querySelector('#rx-chat a[href*="#show="] img')) seen.answer ??= now;
  };
  new MutationObserver(look).observe(document.querySelector("#rx-chat"),
    { childList: true, subtree: true, characterData: true });
  document.querySelector("#rx-box textarea").dispatchEvent(
    new KeyboardEvent("keypress", { key: "Enter", bubbles: true }));
}"""


def paint(page: Any) -> float:
    """Seconds from the call of the address to the first contentful paint."""
    return float(
        page.evaluate(
            "() => performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"
        )
    )


def start(browser: Any) -> tuple[float, float, float]:
    """Seconds from the start of the program to its first paint, and to a page that can be used.

    The tab is opened before and calls the address as soon as something listens there. The third is
    the processor's seconds that the program has used by then.
    """
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    with started() as page_of:
        host, _, port = page_of.address.removeprefix("http://").partition(":")
        while True:
            with socket.socket() as there:
                if there.connect_ex((host, int(port))) == 0:
                    break
            time.sleep(0.02)
        called = time.monotonic() - page_of.started
        page.goto(page_of.address)
        page.wait_for_function(
            "() => performance.getEntriesByName('first-contentful-paint').length > 0"
        )
        painted = called + paint(page)
        page.locator(".rx-viewer[data-ready]").wait_for()
        usable = time.monotonic() - page_of.started
        times = Path(f"/proc/{page_of.process.pid}/stat").read_text(encoding="utf-8").split()
        used = (int(times[13]) + int(times[14])) / os.sysconf("SC_CLK_TCK")
    context.close()
    return painted, usable, used


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sessions", type=int, default=8)
    arguments.add_argument("--calls", type=int, default=5)
    arguments.add_argument("--start-only", action="store_true", help="measure the start alone")
    given = arguments.parse_args()
    print("| what | median | slowest | allowed |\n| --- | --- | --- | --- |")

    def row(what: str, seconds: list[float], allowed: str = "") -> None:
        middle, most = statistics.median(seconds), max(seconds)
        print(f"| {what} | {middle:.2f} s | {most:.2f} s | {allowed} |", flush=True)

    with chromium() as browser:
        starts = [start(browser) for _ in range(given.calls)]
        row("start of the program to first paint", [one[0] for one in starts],
            f"{FIRST_PAINT_ALLOWED:.0f} s")  # fmt: skip
        row("start of the program to a page that can be used", [one[1] for one in starts])
        print(f"\nBest: {min(one[0] for one in starts):.2f} s and "
              f"{min(one[1] for one in starts):.2f} s; the program then had used "
              f"{min(one[2] for one in starts):.2f} s of the processor.")  # fmt: skip
    if given.start_only:
        return
    with chromium() as browser, served() as page_of:
        ready = time.monotonic() - page_of.started
        paints, readies = [], []
        for number in range(given.calls):
            called = time.monotonic()
            page = tab(browser, page_of.address)
            readies.append(time.monotonic() - called)
            paints.append(paint(page))
            if number == 0:
                row("start of the program to its first answer", [ready])
            page.context.close()
        row("address called to first paint", paints, f"{FIRST_PAINT_ALLOWED:.0f} s")
        row("address called to a page that can be used", readies)

        page = tab(browser, page_of.address)
        open_example(page)
        steps, answers = [], []
        for _ in range(given.calls):
            page.locator("#rx-clear").click()
            page.locator(".rx-example").wait_for()
            open_example(page)
            page.locator("#rx-box textarea").fill(QUESTION)
            page.evaluate(_WATCH)
            page.wait_for_function("() => window.rxSeen.answer !== undefined")
            seen = page.evaluate("() => window.rxSeen")
            steps.append(seen["step"])
            answers.append(seen["answer"])
        row("question sent to its first step", steps, f"{FIRST_STEP_ALLOWED:.0f} s")
        row("question sent to its whole answer", answers)
        page.context.close()

        before = page_of.megabytes()
        began = time.monotonic()
        tabs = [tab(browser, page_of.address) for _ in range(given.sessions)]
        for page in tabs:
            page.locator(".rx-example").click()
        for page in tabs:
            page.locator(".rx-chip").nth(4).wait_for()
        opened = time.monotonic() - began
        began = time.monotonic()
        for page in tabs:
            ask(page, QUESTION)
        answered = []
        for page in tabs:
            page.locator('#rx-chat a[href*="#show="] img').first.wait_for()
            answered.append(time.monotonic() - began)
        during = page_of.megabytes()
        for page in tabs:
            page.context.close()
        time.sleep(2)
        after = page_of.megabytes()
        row(f"{given.sessions} tabs at once: all studies open and graded", [opened])
        row(f"{given.sessions} questions at once: answered", answered)
        print(
            f"\nMemory of the server: {before:.0f} MB before, {during:.0f} MB with "
            f"{given.sessions} tabs, {after:.0f} MB once they are closed."
        )


if __name__ == "__main__":
    main()
