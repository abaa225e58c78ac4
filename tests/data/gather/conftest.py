"""A publisher on loopback, and small files to gather; the PACS is in tests/support."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from data.gather.naming import keyring
from data.workspace import Workspace
from radixgpt.reading.identity import Keyring

NAME, NUMBER = "DOE^JANE", "HOSPITAL-4711"


def say(what: str, done: int, total: int) -> None:
    assert what
    assert 0 <= done <= max(total, done)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def keys(workspace: Workspace) -> Keyring:
    return keyring(workspace.root)


def dicom(**elements: Any) -> bytes:
    """A small MR object as a DICOM file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = elements.pop("TransferSyntaxUID", ExplicitVRLittleEndian)
    meta.MediaStorageSOPClassUID = MRImageStorage
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    pixels = np.random.default_rng(len(elements)).integers(0, 999, (8, 8), dtype=np.uint16)
    values: dict[str, Any] = {
        "SOPClassUID": MRImageStorage,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "PatientName": NAME,
        "PatientID": NUMBER,
        "PatientBirthDate": "19700131",
        "StudyDate": "20240105",
        "StudyDescription": "MRI lumbar spine",
        "Modality": "MR",
        "Rows": 8,
        "Columns": 8,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 0,
        "PixelData": pixels.tobytes(),
    }
    for keyword, value in {**values, **elements}.items():
        setattr(made, keyword, value)
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def make_dicom() -> Callable[..., bytes]:
    return dicom


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def make_zip() -> Callable[[dict[str, bytes]], bytes]:
    return zipped


@dataclass
class Site:
    """What a publisher's server holds, does wrong, and was asked.

    Attributes:
        files: path to content.
        types: path to Content-Type, where it is not a file's.
        faults: path to what goes wrong, one fault a request: ``("break", n)`` closes after n
            bytes, ``("status", code)``, ``("redirect", path)``, ``("plain", 0)`` ignores ranges,
            ``("slow", n)`` sends n bytes and then waits until the site is closed.
        asked: path and Range of every request.
        tagged: whether files have an entity tag.
    """

    base: str
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    types: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[tuple[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    asked: list[tuple[str, str]] = field(default_factory=list)
    tagged: bool = True
    closing: threading.Event = field(default_factory=threading.Event)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = unquote(handler.path)
        wanted = handler.headers.get("Range", "")
        self.asked.append((path, wanted))
        fault, value = self.faults[path].pop(0) if self.faults[path] else ("", 0)
        if fault == "status":
            handler.send_response(value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if fault == "redirect":
            handler.send_response(302)
            handler.send_header("Location", value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if path not in self.files:
            handler.send_error(404)
            return
        self._send(handler, path, wanted, fault, value)

    def _send(
        self, handler: BaseHTTPRequestHandler, path: str, wanted: str, fault: str, value: Any
    ) -> None:
        data = self.files[path]
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        fresh = handler.headers.get("If-Range", tag) == tag
        start = 0
        if wanted and fresh and fault != "plain":
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                handler.send_response(416)
                handler.send_header("Content-Range", f"bytes */{len(data)}")
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            handler.send_response(200)
        handler.send_header("Content-Length", str(len(data) - start))
        handler.send_header("Content-Type", self.types.get(path, "application/octet-stream"))
        if self.tagged:
            handler.send_header("ETag", tag)
        handler.end_headers()
        body = data[start:]
        if fault in ("break", "slow"):
            handler.wfile.write(body[:value])
            handler.wfile.flush()
            if fault == "slow":
                self.closing.wait(60)
            handler.close_connection = True
            return
        handler.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the tests."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found: list[Site] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found[0].answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        found.append(Site(f"http://127.0.0.1:{server.server_address[1]}"))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield found[0]
        found[0].closing.set()
        server.shutdown()
        thread.join()
