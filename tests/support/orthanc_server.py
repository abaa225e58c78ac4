"""A real PACS on loopback: Orthanc with its DICOMweb plugin, started for the tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


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

    def count(self) -> int:
        """Objects that it holds."""
        with urllib.request.urlopen(f"{self.http}/statistics", timeout=10) as response:
            return int(json.load(response)["CountInstances"])

    def file(self, instance: str) -> bytes:
        """An object as it holds it, by its SOP Instance UID."""
        asked = urllib.request.Request(f"{self.http}/tools/lookup", instance.encode())
        with urllib.request.urlopen(asked, timeout=10) as response:
            (found,) = [one for one in json.load(response) if one["Type"] == "Instance"]
        with urllib.request.urlopen(f"{self.http}{found['Path']}/file", timeout=10) as response:
            data: bytes = response.read()
            return data

    def send(self, data: bytes) -> None:
        request = urllib.request.Request(f"{self.http}/instances", data)
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 200


def free_port() -> int:
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
def start_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Orthanc]]:
    """Starts an empty Orthanc on loopback; it is stopped when the tests end."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    if program is None or not _DICOMWEB.exists():
        assert "CI" not in os.environ, "install orthanc, orthanc-dicomweb: these must run in CI"
        pytest.skip("Orthanc is not here: apt-get install orthanc orthanc-dicomweb")
    running: list[subprocess.Popen[bytes]] = []

    def start(**more: Any) -> Orthanc:
        folder = tmp_path_factory.mktemp("orthanc")
        for _ in range(3):  # another process may take a free port first
            http, dicom_port = free_port(), free_port()
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
                **more,
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
def orthanc(start_orthanc: Callable[..., Orthanc]) -> Orthanc:
    """One Orthanc for all tests that only read what they themselves have sent."""
    return start_orthanc()
