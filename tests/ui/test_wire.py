"""The wire: only a desk's token opens its slices, images and report; files arrive nameless."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from agent.audit import lines
from agent.events import Image
from agent.session import Session
from ui import desk as desk_of
from ui.desk import Desks
from ui.wire import Wire


@pytest.fixture
def desks(drafted: Session):
    """Desk ``a`` with a read study and its draft, desk ``b`` empty."""
    sessions = iter([drafted, Session()])
    made = Desks(lambda: next(sessions))
    made.at("a")
    made.at("b")
    yield made
    made.close_all()


@pytest.fixture
def client(desks: Desks):
    async def inner(request: object) -> PlainTextResponse:
        return PlainTextResponse("inner")

    routes = [
        Route("/", inner, methods=["GET"]),
        Route("/gradio_api/upload", inner, methods=["POST"]),
    ]
    with TestClient(Wire(Starlette(routes=routes), desks)) as made:
        yield made


def test_a_slice_comes_as_it_was_read(client: TestClient, desks: Desks) -> None:
    desk = desks.at("a")
    answer = client.get(f"/study/{desk.token}/slice/{desk.edition}/s2/1")
    assert answer.status_code == 200
    values = np.frombuffer(answer.content, dtype="<u2").astype(float)
    read = desk.session.study.one("s2").pixels
    step = (read.max() - read.min()) / 65535
    assert np.abs(values * step + read.min() - read[1].ravel()).max() <= step
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("rest", ["slice/99/s2/1", "slice/0/s2/99", "evidence/9.png", "nonsense"])
def test_what_is_not_there_is_gone(client: TestClient, desks: Desks, rest: str) -> None:
    assert client.get(f"/study/{desks.at('a').token}/{rest}").status_code == 404


def test_an_unknown_series_is_told_plainly(client: TestClient, desks: Desks) -> None:
    answer = client.get(f"/study/{desks.at('a').token}/slice/0/s9/0")
    assert answer.status_code == 409
    assert "no series" in answer.text
    assert "Traceback" not in answer.text


def test_one_desk_sees_nothing_of_another(client: TestClient, desks: Desks) -> None:
    one, other = desks.at("a"), desks.at("b")
    address = one.keep(Image(b"png of a", "", "s2", 1))
    number = address.rsplit("/", 1)[1]
    assert client.get("/" + address).content == b"png of a"
    assert client.get(f"/study/{other.token}/evidence/{number}").status_code == 404
    made = one.keep_study(b"zip of a")
    answer = client.get("/" + made)
    assert (answer.content, answer.headers["content-type"]) == (b"zip of a", "application/zip")
    assert "synthetic-study.zip" in answer.headers["content-disposition"]
    assert client.get("/" + made.replace(one.token, other.token)).status_code == 404
    assert client.get(f"/study/{other.token}/slice/0/s2/1").status_code == 404
    assert client.get(f"/study/{other.token}/report.json").status_code == 404
    assert client.get(f"/study/{'x' * 32}/slice/0/s2/1").status_code == 404


def test_the_record_of_the_session_can_be_downloaded(client: TestClient, desks: Desks) -> None:
    answer = client.get(f"/study/{desks.at('a').token}/audit.jsonl")
    assert lines.read(answer.content).begin.run == "chat"
    assert "radixgpt-audit.jsonl" in answer.headers["content-disposition"]
    assert client.get(f"/study/{desks.at('b').token}/audit.jsonl").status_code == 404


def test_the_draft_can_be_downloaded_in_every_form(client: TestClient, desks: Desks) -> None:
    base = f"/study/{desks.at('a').token}/report."
    report = json.loads(client.get(base + "json").text)
    assert report["status"] == "draft"
    for form in ("html", "md"):
        answer = client.get(base + form)
        assert answer.status_code == 200
        assert "not for clinical use" in answer.text
        assert f"report.{form}" in answer.headers["content-disposition"]
    for form, start, media in (("pdf", b"%PDF", "pdf"), ("docx", b"PK", "wordprocessingml")):
        answer = client.get(base + form)
        assert answer.content.startswith(start)
        assert media in answer.headers["content-type"]
        assert f"report.{form}" in answer.headers["content-disposition"]
    for form in ("sr", "hl7", "exe"):
        assert client.get(base + form).status_code == 404


def test_files_arrive_under_neutral_names(client: TestClient, desks: Desks) -> None:
    desk = desks.at("b")
    base = f"/study/{desk.token}/upload/7/"
    assert client.put(base + "1.nii.gz", content=b"abc").status_code == 200
    with desk.uploaded(7) as path:
        assert path.name == "1.nii.gz"
        assert path.read_bytes() == b"abc"
    for name in ("DOE^JANE.dcm", "../1.dcm", "1.dcm/x", "a.dcm"):
        assert client.put(base + name, content=b"abc").status_code in (404, 405)


def test_a_study_that_is_too_large_is_refused_and_deleted(
    client: TestClient, desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_of, "MAX_UPLOAD_BYTES", 10)
    desk = desks.at("b")
    folder: Path = desk.slot(1, "1.dcm").parent
    answer = client.put(f"/study/{desk.token}/upload/1/1.dcm", content=b"x" * 11)
    assert answer.status_code == 413
    assert "Open only the series" in answer.text
    assert not folder.exists()


def test_gradios_own_upload_is_shut(client: TestClient) -> None:
    assert client.post("/gradio_api/upload", content=b"x").status_code == 403


def test_every_answer_forbids_the_browser_to_speak_to_others(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.text == "inner"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"


def _edit(client: TestClient, token: str, **asked: object) -> dict[str, object]:
    answer = client.post(f"/study/{token}/edit", json=asked)
    assert answer.status_code == 200
    told: dict[str, object] = answer.json()
    return told


def test_an_edit_is_done_or_refused_in_a_sentence(client: TestClient, desks: Desks) -> None:
    desk = desks.at("a")
    asked = {"level": "L4-L5", "kind": "pfirrmann", "value": 5}
    assert _edit(client, desk.token, do="propose", **asked)["done"] is True
    assert desk.session.changes == 0
    assert _edit(client, desk.token, do="confirm")["done"] is True
    assert desk.session.changes == 1
    refused = _edit(client, desk.token, do="propose", **{**asked, "value": 9})
    assert refused["done"] is False
    assert "is not a value of" in str(refused["said"])
    assert _edit(client, desks.at("b").token, do="undo")["done"] is False
    assert client.post(f"/study/{'x' * 32}/edit", json={"do": "undo"}).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"do": "' + b"x" * 70_000 + b'"}'])
def test_what_is_no_edit_changes_nothing(client: TestClient, desks: Desks, body: bytes) -> None:
    answer = client.post(f"/study/{desks.at('a').token}/edit", content=body)
    assert answer.status_code == 400
    assert desks.at("a").session.changes == 0


def test_once_signed_the_downloads_are_final_and_the_draft_is_kept(
    client: TestClient, desks: Desks
) -> None:
    token = desks.at("a").token
    base = f"/study/{token}/"
    assert client.get(base + "report.fhir").status_code == 404
    assert _edit(client, token, do="sign", name="", role="radiologist")["done"] is False
    assert _edit(client, token, do="sign", name="Ada Reader", role="radiologist")["done"] is True
    final = json.loads(client.get(base + "report.json").text)
    assert (final["status"], final["signature"]["name"]) == ("final", "Ada Reader")
    assert (
        '"radixgpt-report.json"' in client.get(base + "report.json").headers["content-disposition"]
    )
    for form, said in (("fhir", "DiagnosticReport"), ("hl7", "ORU^R01"), ("md", "Ada Reader")):
        assert said in client.get(base + f"report.{form}").text
    draft = json.loads(client.get(base + "draft.json").text)
    assert (draft["status"], draft["signature"]) == ("draft", None)
    assert _edit(client, token, do="undo")["done"] is False
    assert _edit(client, token, do="reopen")["done"] is True
    assert json.loads(client.get(base + "report.json").text)["status"] == "draft"
