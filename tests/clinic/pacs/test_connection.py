"""Which connections are allowed, what is told of them, and wrong calls."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner, Result

from cli import app
from clinic.pacs.connection import connection_of
from clinic.pacs.find import _COLUMNS, _row
from clinic.receive import listening_of
from radixgpt.errors import RadixError, SettingsError


def call(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(app, ["pacs", *map(str, arguments)], env=environment)


@pytest.mark.parametrize(
    ("address", "unencrypted", "allowed"),
    [
        ("http://127.0.0.1:8042/dicom-web", False, True),
        ("http://localhost/dicom-web", False, True),
        ("http://[::1]:8042/dicom-web", False, True),
        ("https://pacs.example.org/dicom-web", False, True),
        ("dimses://PACS@pacs.example.org:2762", False, True),
        ("dimse://PACS@127.0.0.1:4242", False, True),
        ("http://pacs.example.org/dicom-web", False, False),
        ("http://localhost.example.org/dicom-web", False, False),
        ("http://127.0.0.1.example.org/dicom-web", False, False),
        ("dimse://PACS@10.0.0.5:104", False, False),
        ("http://pacs.example.org/dicom-web", True, True),
        ("dimse://PACS@10.0.0.5:104", True, True),
    ],
)
def test_unencrypted_connections_stay_on_this_machine_unless_asked_for(
    address: str, unencrypted: bool, allowed: bool
) -> None:
    if allowed:
        connection_of(address, unencrypted=unencrypted)
    else:
        with pytest.raises(SettingsError, match="not encrypted"):
            connection_of(address, unencrypted=unencrypted)


def test_a_token_is_shown_nowhere() -> None:
    connection = connection_of("https://pacs.example.org/", token="zqsecret")
    assert "zqsecret" not in repr(connection) + connection.title


class Recorder(http.server.BaseHTTPRequestHandler):
    """Notes what it is asked with, and redirects to another address."""

    seen: ClassVar[set[tuple[int, str]]] = set()
    to = ""

    def do_GET(self) -> None:
        port: int = self.server.server_address[1]  # type: ignore[assignment]
        self.seen.add((port, self.headers.get("Authorization", "")))
        self.send_response(307)
        self.send_header("Location", self.to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, str]]:
    """A service, and another one that it redirects to."""
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) for _ in range(2)]
    urls = [f"http://127.0.0.1:{server.server_address[1]}" for server in servers]
    Recorder.seen, Recorder.to = set(), f"{urls[1]}/stolen"
    threads = [threading.Thread(target=s.serve_forever, args=(0.02,)) for s in servers]
    for thread in threads:
        thread.start()
    yield urls[0], urls[1]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_redirect_to_another_address_is_not_followed(
    elsewhere: tuple[str, str], make_study: Any, tmp_path: Path
) -> None:
    environment = {"DICOMWEB_TOKEN": "zqsecret"}
    for arguments in (
        ("find", "--limit", 1),
        ("send", make_study().write(tmp_path / "in"), "--yes", "-q"),
    ):
        result = call(*arguments, "--at", elsewhere[0], **environment)
        assert result.exit_code == 8, result.output
        assert "redirects to another address" in result.output
        assert "zqsecret" not in result.output
    port = int(elsewhere[0].rpartition(":")[2])
    assert Recorder.seen == {(port, "Bearer zqsecret")}, "the second address was never asked"


def test_https_is_verified(tmp_path: Path) -> None:
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
         tmp_path / "k", "-out", tmp_path / "c", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=False, capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl can't make a certificate here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c", tmp_path / "k")

    class Empty(Recorder):
        def do_GET(self) -> None:
            self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign,assignment]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        address = f"https://localhost:{server.server_address[1]}"
        refused = call("find", "--limit", 1, "--at", address)
        assert refused.exit_code == 8
        assert "certificate" in refused.output
        trusted = call("find", "--limit", 1, "--at", address, "--ca", tmp_path / "c")
        assert trusted.exit_code == 0, trusted.output
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# pynetdicom does not close the socket of a connection that was refused.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_wrong_calls_say_what_mends_them(make_study: Any, tmp_path: Path) -> None:
    study = make_study().write(tmp_path / "in")
    (tmp_path / "file").write_text("x")
    here = ("--at", "http://127.0.0.1:9/dicom-web")
    wrong: list[tuple[tuple[object, ...], int, str]] = [
        (("find",), 2, "No PACS is named"),
        (("find", "--limit", 1, "--at", "pacs.example.org"), 2, "can't be read"),
        (("find", "--limit", 1, "--at", "http://pacs.example.org"), 2, "--unencrypted"),
        (("find", "--limit", 1, "--at", "dimse://PACS@10.0.0.5:104"), 2, "--unencrypted"),
        (("find", "--limit", 1, "--at", "https://u:zqsecret@h/"), 2, ".netrc"),
        (("find", "--limit", 1, "--at", "dimse://PACS"), 8, "dimse://AET@HOST:PORT"),
        (("find", *here), 8, "Say which studies"),
        (("find", "--dates", "yesterday", *here), 8, "YYYYMMDD"),
        (("find", "--limit", 0, *here), 2, "equal to 1"),
        (("find", "--limit", 1, *here), 8, "can't be reached"),
        (("find", "--limit", 1, "--at", "dimse://X@127.0.0.1:9"), 8, "can't be reached"),
        (("find", "--limit", 1, "--ca", tmp_path / "no", *here), 2, "certificates"),
        (("find", "--limit", 1, "--calling-aet", "A" * 17, "--at", "dimse://X@127.0.0.1:9"), 8,
         "--calling-aet"),
        (("pull", "-o", tmp_path / "out", *here), 2, "UID"),
        (("pull", "1.2.3", *here), 2, "-o"),
        (("pull", "DOE^JANE", "-o", tmp_path / "out", *here), 8, "digits and dots"),
        (("pull", "1.2.3", "-o", tmp_path / "file", *here), 2, "it is a file"),
        (("pull", "1.2.3", "-o", tmp_path / "out", "--move", "X:1", *here), 2, "needs DIMSE"),
        (("pull", "1.2.3", "-o", tmp_path / "out", "--move", "here", "--at",
          "dimse://X@127.0.0.1:9"), 2, "AET:PORT"),
        (("send", "--yes", *here), 2, "PATH"),
        (("send", tmp_path / "nowhere", "--yes", *here), 3, "nothing that can be opened"),
        (("send", tmp_path / "file", "--yes", *here), 3, "no DICOM object"),
        (("send", study, *here), 7, "nobody confirmed"),
        (("send", study, "--yes", "-q", *here), 8, "can't be reached"),
        (("drop", "everything"), 2, "No such command"),
    ]  # fmt: skip
    for arguments, code, said in wrong:
        result = call(*arguments)
        assert result.exit_code == code, (arguments, result.output)
        assert said.lower() in " ".join(result.output.split()).lower(), (arguments, result.output)
        assert "Traceback" not in result.output
        assert "zqsecret" not in result.output


@pytest.mark.parametrize("text", ["", "A", ":11112", "A:0", "A:70000", "A" * 17 + ":104", "A:b"])
def test_places_to_listen_at_that_can_not_be_read(text: str) -> None:
    with pytest.raises(RadixError, match="no place to listen"):
        listening_of(text)


def test_a_receiver_for_a_network_names_whom_it_admits() -> None:
    assert listening_of("US:11112").host == "127.0.0.1"
    with pytest.raises(SettingsError, match="Anybody on the network"):
        listening_of("US@0.0.0.0:11112")
    assert listening_of("US@0.0.0.0:11112", ("PACS",)).admitted == ("PACS",)


def test_what_a_pacs_says_does_not_reach_the_terminal_as_it_is() -> None:
    row = _row({**{key: [] for key in _COLUMNS}, "StudyDescription": ["lumbar\x1b[31m\n spine"]})
    assert row.description == "lumbar[31m spine"
    assert (row.images, row.date) == (None, "")
