"""The tools by the Model Context Protocol: the SDK's own client, over stdio, with a subprocess."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import anyio
import numpy as np
import pytest
from PIL import Image

from agent import content as c
from agent.mcp_server import CHANGING, Bench, build
from agent.session import Session
from agent.toolbox import TOOLS

ROOT = Path(__file__).resolve().parents[2]
mcp = pytest.importorskip("mcp", reason="pip install -e '.[mcp]'")


def ask(args: list[str], work: Callable[[Any], Awaitable[None]]) -> None:
    """A client of a server that was started with these arguments."""
    from mcp import Client, StdioServerParameters

    environment = {"OMP_NUM_THREADS": "1", "PATH": os.environ.get("PATH", "")}
    environment |= {k: os.environ[k] for k in ("HOME", "XDG_CACHE_HOME") if k in os.environ}
    command = [str(ROOT / "cli.py"), "mcp", *args]
    server = StdioServerParameters(command=sys.executable, args=command, env=environment)

    async def run() -> None:
        async with Client(server, read_timeout_seconds=240.0) as client:
            await work(client)

    anyio.run(run)


def test_an_assistant_opens_a_study_through_a_process_of_its_own(noise: Path) -> None:
    """What crosses the pipe, on a picture that the real triage refuses; no network is loaded."""

    async def work(client: Any) -> None:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(listed) == {t.name for t in TOOLS} - CHANGING | {"open_study"}
        nothing = await client.call_tool("get_findings", {})
        assert nothing.is_error
        assert nothing.structured_content["problem"] == "No study is open."
        opened = await client.call_tool("open_study", {"path": str(noise)})
        assert not opened.is_error, opened
        assert opened.structured_content["gradable"] is False
        assert "allowed" not in json.dumps(opened.structured_content)
        refused = await client.call_tool("get_findings", {"levels": ["L4-L5"]})
        assert refused.structured_content["code"] == "not-eligible"
        outside = await client.call_tool("open_study", {"path": str(ROOT)})
        missing = await client.call_tool("open_study", {"path": str(noise / "nowhere")})
        assert outside.structured_content == missing.structured_content
        assert "may be opened" in outside.structured_content["problem"]

    ask(["--allow", str(noise)], work)


def test_an_assistant_is_given_findings_by_the_protocol(session: Session) -> None:
    """The same client and server within this process, on a study that was read by hand."""

    async def work(client: Any) -> None:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        for tool in TOOLS:
            if tool.name in listed:
                assert listed[tool.name].description == tool.description
        levels = listed["get_findings"].input_schema["$defs"]["Disc"]["enum"]
        assert levels == ["L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1"]
        assert listed["get_findings"].annotations.read_only_hint
        asked = {"levels": ["L4-L5"], "kinds": ["pfirrmann"]}
        found = await client.call_tool("get_findings", asked)
        (finding,) = found.structured_content["findings"]
        assert (finding["level"], finding["kind"]) == ("L4-L5", "pfirrmann")
        assert finding["value"] == 4
        images = [one for one in found.content if one.type == "image"]
        assert images[0].mime_type == "image/png"
        assert base64.b64decode(images[0].data).startswith(b"\x89PNG")
        wanted = {"findings": "L4-L5 pfirrmann 5", "study": True}
        made = (await client.call_tool("make_synthetic_image", wanted)).content
        (held,) = [one.resource for one in made if one.type == "resource"]
        assert held.mime_type == "application/zip"
        with ZipFile(BytesIO(base64.b64decode(held.blob))) as packed:
            assert len(packed.namelist()) == 18
        report = await client.call_tool("draft_report", {})
        assert report.structured_content["impression"]
        told = "".join(
            one.text for said in (found, report) for one in said.content if one.type == "text"
        )
        told += json.dumps([one.structured_content for one in (found, report)])
        assert not re.search(r"2\.25\.|study-[0-9a-f]{8}", told)
        for wrong in ({"levels": ["C5-C6"]}, {"path": "x"}, {"which": 3}):
            refused = await client.call_tool("get_findings", wrong)
            assert refused.is_error
            assert "arguments" in refused.structured_content["problem"]
        assert (await client.call_tool("set_grade", {})).is_error

    from mcp import Client

    async def run() -> None:
        async with Client(build(Bench(session, images=True)), read_timeout_seconds=60.0) as client:
            await work(client)

    anyio.run(run)


# --- without the protocol -------------------------------------------------------------------------


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed"
    folder.mkdir()
    grey = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    Image.fromarray(grey).save(folder / "one.png")
    Image.fromarray(grey.T).save(tmp_path / "outside.png")
    return folder


def test_only_what_was_allowed_is_opened(noise: Path) -> None:
    bench = Bench(Session(), allowed=[noise])
    (noise / "link.png").symlink_to(noise.parent / "outside.png")
    for path in ("../outside.png", "link.png", "nowhere.png", "\0", "x" * 5000):
        given = bench.call("open_study", {"path": str(noise / path)})
        assert given.failed, path
        assert "allowed" not in json.dumps(given.content.model_dump())
    assert bench.call("open_study", {"path": 3}).failed
    assert not bench.session.has_study
    assert not bench.call("open_study", {"path": str(noise / "one.png")}).failed
    assert bench.session.has_study


def test_pixels_stay_unless_they_are_allowed(session: Session) -> None:
    kept = Bench(session).call("show_image", {"level": "L4-L5"})
    assert (kept.pictures, kept.withheld) == ((), 1)
    given = Bench(session, images=True).call("show_image", {"level": "L4-L5"})
    assert given.pictures[0][0].startswith(b"\x89PNG")
    assert given.withheld == 0


def test_changes_are_off_unless_they_are_allowed(session: Session) -> None:
    plain = Bench(session)
    assert not CHANGING & {one["name"] for one in plain.listed()}
    refused = plain.call("shift_numbering", {"by": 1}).content
    assert isinstance(refused, c.ErrorContent)
    assert "--allow-changes" in refused.mend
    bench = Bench(session, changes=True)
    assert {one["name"] for one in bench.listed()} >= CHANGING
    bench.call("set_grade", {"level": "L4-L5", "kind": "pfirrmann", "value": "5"})
    assert not any(f.set_by_reader for f in session.draft().findings)
    assert not bench.call("confirm_change", {"accept": True}).failed
    assert any(f.set_by_reader for f in session.draft().findings)


def test_an_error_of_another_kind_tells_no_text(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("scans/jane-doe.dcm")

    monkeypatch.setattr(session, "look", broken)
    given = Bench(session).call("describe_study", {})
    assert given.failed
    assert "jane" not in given.content.model_dump_json()


def test_the_study_named_at_the_start_is_opened_by_itself(noise: Path) -> None:
    bench = Bench(Session(), study=noise / "one.png")
    given = bench.call("describe_study", {})
    assert not given.failed
    assert bench.call("about", {}).content.language_model == "the assistant that asks"  # type: ignore[union-attr]
