"""Traffic of language models' services that others have recorded, out of their source archives.

``make test`` downloads the archives that ``tests/agent/traffic/recordings.txt`` names. A recording
is a YAML file of requests with their answers. Nothing of it is written down here: what a test
expects, it reads from the recording.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
import yaml
from loopback import Given
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PINS = ROOT / "tests" / "agent" / "traffic" / "recordings.txt"
ARCHIVES = ROOT / ".venv" / "recordings"

_KEPT = ("content-type", "content-encoding", "retry-after")
"""The headers of an answer that a client reads; the others were for the recorder's connection."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Exchange:
    """A recorded request with its answer.

    Attributes:
        method: of the request.
        path: of the request, with its query.
        asked: the request's JSON.
        given: the answer, byte for byte.
    """

    method: str
    path: str
    asked: Any
    given: Given

    @property
    def told(self) -> Any:
        """The answer's JSON; a list where it came line by line."""
        body = _plain(self.given.body)
        try:
            return json.loads(body)
        except json.JSONDecodeError:
            return [json.loads(line) for line in body.splitlines() if line]


def pins() -> dict[str, tuple[str, str]]:
    """Version and SHA-256 of each archive, by the package's name."""
    found = {}
    for line in PINS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            told, _, sha256 = line.partition(" --hash=sha256:")
            one = Requirement(told)
            found[one.name] = (str(one.specifier).removeprefix("=="), sha256)
    return found


@cache
def archive(package: str, folder: Path = ARCHIVES) -> Path | None:
    """The archive of a package; None where it is not here, or is another than the pinned one."""
    version, sha256 = pins()[package]
    path = folder / f"{package.replace('-', '_')}-{version}.tar.gz"
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return path
    return None


def missing(package: str) -> NoReturn:
    """Skip the test for want of an archive; in CI it fails."""
    reason = f"the recordings of {package} are not here: run make test"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def read(path: Path, name: str) -> tuple[Exchange, ...]:
    """What the recording of this name in an archive holds, in order."""
    ends = tuple(f"/{name}.yaml{packed}" for packed in ("", ".gz"))
    with tarfile.open(path) as opened:
        (member,) = [m for m in opened.getmembers() if m.name.endswith(ends)]
        content = opened.extractfile(member)
        assert content is not None
        told = yaml.safe_load(_plain(content.read()))
    if "interactions" in told:
        pairs = [(one["request"], one["response"]) for one in told["interactions"]]
    else:
        pairs = list(zip(told["requests"], told["responses"], strict=True))
    return tuple(_exchange(asked, given) for asked, given in pairs)


def _exchange(asked: dict[str, Any], given: dict[str, Any]) -> Exchange:
    address = urlsplit(asked["uri"])
    query = f"?{address.query}" if address.query else ""
    body = given["body"]["string"]
    content = body.encode() if isinstance(body, str) else bytes(body)
    headers = {}
    for name, values in given["headers"].items():
        value = values[0] if isinstance(values, list) else values
        if name.lower() in _KEPT and "REDACTED" not in value:
            headers[name.title()] = value
    if not content.startswith(_GZIP):
        headers.pop("Content-Encoding", None)  # the recorder has unpacked it
    return Exchange(
        asked["method"],
        f"{address.path}{query}",
        json.loads(asked["body"]) if asked.get("body") else None,
        Given(given["status"]["code"], content, headers),
    )


def _plain(body: str | bytes) -> str:
    content = body.encode() if isinstance(body, str) else body
    return (gzip.decompress(content) if content.startswith(_GZIP) else content).decode()


@pytest.fixture
def recorded() -> Callable[[str, str], tuple[Exchange, ...]]:
    """``recorded(package, name)``: what a recording of a package's tests holds, in order."""

    def found(package: str, name: str) -> tuple[Exchange, ...]:
        path = archive(package)
        return read(path, name) if path is not None else missing(package)

    return found
