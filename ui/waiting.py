"""The page's address before the page: a sheet that says what is coming, while Gradio is imported.

The import takes seconds, so the address is bound at once by a server of the standard library; the
sheet asks it again until the page itself answers, and then loads it. It fetches nothing else.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from radixgpt.errors import SettingsError

HOST = "127.0.0.1"
FIRST, MOST = 7860, 100
"""The first port that is tried and how many, as Gradio does."""
HIGHEST = 65535
"""The highest port that there is."""
MARK = "X-RadiXGPT-Waiting"
"""A header that the page itself does not send."""
_SHEET = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>RadiXGPT</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 18vh auto;
  padding: 0 1rem; }}
</style></head><body>
<h1>RadiXGPT</h1>
<p role="status">The page is opening. This takes a few seconds.</p>
<p><strong>For research. Not a medical device.</strong> Every draft says &ldquo;AI draft, not for
clinical use&rdquo;. It looks at the mid-sagittal plane of lumbar MR and at nothing else.</p>
<noscript><p>Load this address again in a few seconds.</p></noscript>
<script>
async function look() {{
  try {{
    const answer = await fetch("/", {{cache: "no-store"}});
    if (answer.ok && !answer.headers.has("{MARK}")) return location.reload();
  }} catch {{}}
  setTimeout(look, 250);
}}
setTimeout(look, 250);
</script></body></html>
""".encode()
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
    MARK: "1",
}


class _Sheet(BaseHTTPRequestHandler):
    timeout = 5.0

    def do_GET(self) -> None:
        if self.path.partition("?")[0] == "/":
            self._answer(200, _SHEET)
        else:
            self._answer(503, b"")

    do_HEAD = do_GET  # noqa: N815 the library's name

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Any other request: nothing is here yet, and it is not repeated what was asked."""
        self._answer(503 if code == 501 else code, b"The page is opening. Ask again in a moment.\n")

    def version_string(self) -> str:
        return "RadiXGPT"

    def _answer(self, code: int, content: bytes) -> None:
        self.send_response(code)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if code != 200:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _bound(port: int | None) -> ThreadingHTTPServer:
    """A server on the port, or on the first of Gradio's that is free.

    Raises:
        SettingsError: none is free, or Gradio's variable names no port.
    """
    told = os.environ.get("GRADIO_SERVER_PORT", "")
    if told and not (told.isdecimal() and 0 < int(told) <= HIGHEST):
        raise SettingsError(
            f"GRADIO_SERVER_PORT is '{told[:20]}', which is no port.",
            f"Set it to a number from 1 to {HIGHEST}.",
        )
    named = port or int(told or 0)
    for number in (named,) if named else range(FIRST, FIRST + MOST):
        try:
            return ThreadingHTTPServer((HOST, number), _Sheet)
        except OSError as error:
            if named or error.errno != errno.EADDRINUSE:
                raise taken(named) from error
    raise taken(None)


def taken(port: int | None) -> SettingsError:
    """What is said of a port that can't be had."""
    return SettingsError(
        f"The page could not be opened on port {port or f'{FIRST} or the hundred after it'}.",
        "Another program uses it: close that one, or name another port.",
    )


@contextmanager
def sheet(port: int | None = None) -> Iterator[int]:
    """Serve the sheet to this machine until the end of the block, and give its port.

    Args:
        port: the port; Gradio's variable, or the next free one from 7860 on, otherwise.

    Raises:
        SettingsError: the port is taken.
    """
    server = _bound(port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
