"""Download one published file: resumed where it broke off, checked against its published hash.

What has come lies in ``NAME.part``; beside it ``NAME.part.json`` tells which version of the file it
is a part of (RFC 9110, sections 13.1.5 and 14), so that parts of two versions are never joined.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from data.gather.source import Say
from radixgpt.errors import GatherError, MissingPackageError
from radixgpt.reading.sniff import sniff

if TYPE_CHECKING:
    import httpx

_KEPT = "What has come is kept: the same command goes on from there."
_GONE = frozenset({404, 410})
_REFUSED = frozenset({401, 402, 403, 407, 451})
_AGAIN = frozenset({408, 425, 429})
_HEAD = 1024


@dataclass(frozen=True)
class Remote:
    """A file at an address.

    Attributes:
        address: where it is published.
        name: what it is called, for people and on the disk.
        size: number of its bytes, where published.
        sha256: its published hash, if any.
        md5: its published hash, where the publisher gives no better one.
        page: where a person finds it.
    """

    address: str
    name: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    page: str = ""


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        tries: attempts in a row that bring nothing new.
        wait: seconds before the second attempt; doubled before each further one.
        longest_wait: seconds that a server may ask for.
        timeout: seconds without a byte.
        sleep: waits.
    """

    tries: int = 5
    wait: float = 1.0
    longest_wait: float = 60.0
    timeout: float = 30.0
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)


PATIENCE = Patience()


@dataclass
class _Part:
    """What has come of a file."""

    path: Path
    address: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def validator(self) -> tuple[str, int | None]:
        """Version that the part is of, and the whole size; it is dropped where they don't fit."""
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            if state["address"] == self.address:
                return str(state["validator"]), state["total"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.drop()
        return "", None

    def begin(self, validator: str, total: int | None) -> None:
        """Start anew."""
        self.path.unlink(missing_ok=True)
        state = {"address": self.address, "validator": validator, "total": total}
        self._state.write_text(json.dumps(state), encoding="utf-8")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    @property
    def _state(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")


class _BrokenError(Exception):
    """The connection broke, or the server asked to come again later."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.wait = wait


def download(
    remote: Remote,
    folder: Path,
    say: Say,
    *,
    mirror: str | None = None,
    patience: Patience = PATIENCE,
    room: Callable[[int], None] = lambda _: None,
) -> Path:
    """Bring a file into a folder.

    Args:
        remote: the file.
        folder: where it goes; made if it is not there.
        say: progress in megabytes.
        mirror: base address of a mirror that holds ``HOST/PATH`` of the published addresses.
        patience: how long to try.
        room: called with the bytes still to come; raises where the disk has no room for them.

    Raises:
        GatherError: the server can't be reached or refuses, or the file is not what it should be.
        MissingPackageError: httpx is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / remote.name
    if whole.is_file():
        if not _wrong(remote, whole):
            return whole
        whole.unlink()
    part = _Part(whole.with_name(f"{whole.name}.part"), remote.address)
    for again in (True, False):
        resumed = part.size > 0
        _bring(remote, part, say, mirror, patience, room)
        if _is_web_page(part.path):
            part.drop()
            raise _web_page(remote)
        wrong = _wrong(remote, part.path)
        if not wrong:
            break
        part.drop()
        if not (
            resumed and again
        ):  # joined parts may be of two versions: once more, from the start
            raise GatherError(
                f"{remote.name} is not what was published: {wrong}.",
                f"Try again later; if it stays so, the publisher has changed it: {remote.page}",
            )
    part.path.replace(whole)
    part.drop()
    return whole


def _bring(
    remote: Remote,
    part: _Part,
    say: Say,
    mirror: str | None,
    patience: Patience,
    room: Callable[[int], None],
) -> None:
    """Bring what is missing of a part, in as many attempts as it takes."""
    try:
        import httpx
    except ImportError as error:
        raise MissingPackageError(
            "Downloading needs the package httpx.", "Install it: pip install 'radixgpt[data]'."
        ) from error
    address = _at(mirror, remote.address)
    host = urlsplit(address).hostname or "the server"
    timeout = httpx.Timeout(patience.timeout, connect=min(patience.timeout, 10.0))
    headers = {"Accept-Encoding": "identity", "User-Agent": "RadiXGPT"}
    with httpx.Client(timeout=timeout, headers=headers, follow_redirects=True) as client:
        failed = 0
        while True:
            before = part.size
            try:
                _attempt(client, address, remote, part, say, room)
                return
            except httpx.TooManyRedirects as error:
                raise GatherError(
                    f"{host} sends {remote.name} in circles.", f"Look at {remote.page}"
                ) from error
            except (httpx.TransportError, _BrokenError) as error:
                failed = 1 if part.size > before else failed + 1
                if failed >= patience.tries:
                    raise _unreachable(host, remote, part, error) from error
                asked = error.wait if isinstance(error, _BrokenError) else 0.0
                wait = max(patience.wait * 2 ** (failed - 1), min(asked, patience.longest_wait))
            say(f"Waiting for {host}", failed, patience.tries)
            patience.sleep(wait)


def _unreachable(host: str, remote: Remote, part: _Part, error: Exception) -> GatherError:
    if part.size:
        return GatherError(f"The connection to {host} broke while {remote.name} came.", _KEPT)
    if isinstance(error, _BrokenError):
        return GatherError(f"{host} is out of order: {error}.", "Try again later.")
    return GatherError(
        f"{host} can't be reached.",
        "Check the network, and HTTPS_PROXY where a proxy is needed; without a network, gather "
        "a local folder, or name a mirror with --mirror.",
    )


def _attempt(
    client: httpx.Client,
    address: str,
    remote: Remote,
    part: _Part,
    say: Say,
    room: Callable[[int], None],
) -> None:
    """Ask once for what is missing, and write it as it comes.

    Raises:
        _BrokenError: it is worth asking again.
    """
    validator, total = part.validator()
    start = part.size
    if start and start == (total or remote.size):
        return
    headers = {}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator:
            headers["If-Range"] = validator
    with client.stream("GET", address, headers=headers) as response:
        _check(response, address, remote)
        if response.status_code == 416:  # there is less than we have: not the same file
            part.drop()
            raise _BrokenError("the file became shorter")
        if response.status_code == 206:
            _check_range(response, start, total, part)
        else:
            start = 0
            total = _length(response)
            part.begin(_validator(response), total)
        expected = total if total is not None else remote.size
        room(max((expected or 0) - start, 0))
        _write(response, remote, part, start, expected, say)
    if expected is not None and part.size != expected:
        raise _BrokenError("the connection closed early")


def _write(
    response: httpx.Response,
    remote: Remote,
    part: _Part,
    start: int,
    expected: int | None,
    say: Say,
) -> None:
    done = start
    what = f"{remote.name} (MB)"
    with part.path.open("ab", buffering=0) as file:
        for chunk in response.iter_raw():  # as it comes: what was buffered would be lost
            done += len(chunk)
            if expected is not None and done > expected:
                part.drop()
                raise GatherError(
                    f"{remote.name} is longer than was announced.", f"Look at {remote.page}"
                )
            file.write(chunk)
            say(what, done // 1_000_000, max(expected or 0, done) // 1_000_000)


def _check(response: httpx.Response, address: str, remote: Remote) -> None:
    """Turn what the server says into an error, unless it sends the file."""
    status = response.status_code
    host = response.url.host
    asked = urlsplit(address)
    if asked.scheme == "https" and any(
        step.url.scheme != "https" for step in (*response.history, response)
    ):
        raise GatherError(
            f"{asked.hostname} leads to an address that is not encrypted.",
            f"Look at {remote.page}",
        )
    if status in _GONE:
        raise GatherError(
            f"{remote.name} is no longer at its address ({host} says {status}).",
            f"Look for it at {remote.page}, and gather a local copy.",
        )
    if status in _REFUSED:
        raise GatherError(
            f"{host} refuses {remote.name} ({status}).",
            f"It may ask for a login: download it from {remote.page}, and gather the local copy.",
        )
    if status in _AGAIN or status >= 500:
        raise _BrokenError(f"it says {status}", _retry_after(response))
    if status not in (200, 206, 416):
        raise GatherError(f"{host} answers {status} for {remote.name}.", f"Look at {remote.page}")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if status != 416 and kind == "text/html":
        raise _web_page(remote)


def _is_web_page(path: Path) -> bool:
    with path.open("rb") as file:
        return sniff(file.read(_HEAD))[1] == "html"


def _web_page(remote: Remote) -> GatherError:
    return GatherError(
        f"A web page came instead of {remote.name}.",
        f"It may ask for a login or for patience: download it from {remote.page}, and gather the "
        "local copy.",
    )


def _check_range(response: httpx.Response, start: int, total: int | None, part: _Part) -> None:
    """Whether a partial answer goes on where the part ends.

    Raises:
        _BrokenError: it does not; the part was dropped.
    """
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    span, _, whole = rest.partition("/")
    first = span.partition("-")[0]
    fits = unit.lower() == "bytes" and first == str(start)
    if not fits or (total is not None and whole not in ("*", str(total))):
        part.drop()
        raise _BrokenError("it sends another part than was asked for")


def _length(response: httpx.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _validator(response: httpx.Response) -> str:
    """What If-Range may hold: a strong entity tag, or else the date of the last change."""
    tag: str = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    changed: str = response.headers.get("Last-Modified", "")
    return changed


def _retry_after(response: httpx.Response) -> float:
    wait = 0.0
    with suppress(ValueError):  # it may also be a date: our own waiting will do then
        wait = float(response.headers.get("Retry-After", "0"))
    return max(wait, 0.0)


def _wrong(remote: Remote, path: Path) -> str:
    """What is wrong with a whole file; empty where it is as published."""
    size = path.stat().st_size
    if remote.size is not None and size != remote.size:
        return f"it has {size} bytes instead of {remote.size}"
    for algorithm, published in (("sha256", remote.sha256), ("md5", remote.md5)):
        if published:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, algorithm).hexdigest()
            if found != published:
                return f"its {algorithm} is {found}"
    return ""


def _at(mirror: str | None, address: str) -> str:
    """The address itself, or where a mirror keeps it."""
    if mirror is None:
        return address
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    return f"{mirror.rstrip('/')}/{parts.netloc}{parts.path}{query}"
