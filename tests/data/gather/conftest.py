"""A publisher on loopback, a real PACS on loopback, and small files to gather."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
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
_DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


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


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc: its DICOMweb address, its DIMSE address, and a way in."""

    http: str
    dicom_port: int
    aet: str = "ORTHANC"

    @property
    def dicomweb(self) -> str:
        return f"{self.http}/dicom-web"

    @property
    def dimse(self) -> str:
        return f"dimse://{self.aet}@127.0.0.1:{self.dicom_port}"

    def send(self, data: bytes) -> None:
        request = urllib.request.Request(f"{self.http}/instances", data)
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 200


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _ready(http: str, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(200):
        if process.poll() is not None:
            return False
        try:
            with urllib.request.urlopen(f"{http}/dicom-web/studies?limit=1", timeout=1):
                return True
        except OSError:
            time.sleep(0.05)
    return False


@pytest.fixture(scope="session")
def start_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Orthanc]]:
    """Starts an empty Orthanc on loopback; it is stopped when the tests end."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    if program is None or not _DICOMWEB.exists():
        pytest.skip("Orthanc is not here: apt-get install orthanc orthanc-dicomweb")
    running: list[subprocess.Popen[bytes]] = []

    def start() -> Orthanc:
        folder = tmp_path_factory.mktemp("orthanc")
        for _ in range(3):  # another process may take a free port first
            http, dicom_port = _free_port(), _free_port()
            settings = {
                "Name": "RADIXGPT-TEST",
                "HttpPort": http,
                "DicomPort": dicom_port,
                "DicomAet": "ORTHANC",
                "RemoteAccessAllowed": False,
                "AuthenticationEnabled": False,
                "StorageDirectory": str(folder / "db"),
                "IndexDirectory": str(folder / "db"),
                "Plugins": [str(_DICOMWEB)],
                "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
                "DicomCheckCalledAet": True,
                "DicomAlwaysAllowEcho": False,
                "DicomAlwaysAllowStore": False,
                "DicomAlwaysAllowFind": False,
                "DicomAlwaysAllowGet": False,
                "DicomCheckModalityHost": True,
                "DicomModalities": {"us": ["RADIXGPT", "127.0.0.1", 11112]},
                "ExecuteLuaEnabled": False,
            }
            (folder / "orthanc.json").write_text(json.dumps(settings))
            with (folder / "log").open("wb") as log:
                process = subprocess.Popen(
                    [program, str(folder / "orthanc.json")], stdout=log, stderr=log
                )
            running.append(process)
            if _ready(f"http://127.0.0.1:{http}", process):
                return Orthanc(f"http://127.0.0.1:{http}", dicom_port)
        raise AssertionError((folder / "log").read_text(errors="replace"))

    yield start
    for process in running:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def orthanc(start_orthanc: Callable[[], Orthanc]) -> Orthanc:
    """One Orthanc for all tests that only read what they themselves have sent."""
    return start_orthanc()
