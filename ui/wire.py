"""What the page fetches beside Gradio's own events, served from memory under a desk's token.

The addresses, relative to the page:

- ``PUT study/TOKEN/upload/BATCH/NUMBER.SUFFIX``: one file of a study, under a neutral name: the
  file's own name, which may hold a patient's, never leaves the browser.
- ``GET study/TOKEN/slice/EDITION/SERIES/INDEX``: one slice, little-endian uint16, row by row;
  ``lowest + step * value`` is the stored value, with ``lowest`` and ``step`` from the view.
- ``GET study/TOKEN/evidence/NUMBER.png``: an evidence image of the conversation.
- ``GET study/TOKEN/synthetic/NUMBER.zip``: a made-up study of the conversation.
- ``GET study/TOKEN/report.html`` (``.md``, ``.json``, ``.docx``, ``.pdf``): the draft as it is now,
  or the report that was signed, then ``.fhir`` and ``.hl7`` too; ``draft.json``: the draft, signed
  or not.
- ``POST study/TOKEN/edit``: an edit of the report as JSON (:mod:`ui.editing`); the answer says
  whether it is ``done``, and a sentence. A signer's name comes this way: it stands in no queue
  and no log.
- ``GET study/TOKEN/audit.jsonl``: the record of the session, to make the draft again with.

Every answer of the page carries a policy that lets the browser speak to this server alone, so
that no text of a language model can make it fetch anything from elsewhere.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

import anyio.to_thread
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from radixgpt.errors import RadixError
from ui import editing, viewer
from ui.desk import Desk, Desks

_ROUTE = re.compile(r".*/study/(?P<token>[\w-]{20,64})/(?P<rest>[\w./-]+)")
_UPLOAD = re.compile(r"upload/(?P<batch>\d{1,6})/(?P<name>\d{1,6}(?:\.[a-z0-9]{1,8}){0,2})")
_SLICE = re.compile(r"slice/(?P<edition>\d{1,9})/(?P<series>\w{1,20})/(?P<index>\d{1,6})")
_EVIDENCE = re.compile(r"evidence/(?P<number>\d{1,9})\.png")
_SYNTHETIC = re.compile(r"synthetic/(?P<number>\d{1,9})\.zip")
_REPORT = re.compile(r"report\.(?P<form>html|md|json|docx|pdf|fhir|hl7)")
_MOST_ASKED = 64 * 1024
"""Bytes of an edit."""
_FINAL_ONLY = ("fhir", "hl7")
"""Forms that go to other systems: not before a person has signed."""
_GRADIO_UPLOAD = re.compile(r".*/upload/?")

_HERE_ONLY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors "
)


class Wire:
    """ASGI middleware around Gradio's app.

    Args:
        app: the app within.
        desks: where the tokens are looked up.
        framed_by: origins that may show the page in a frame; itself alone by default.
    """

    def __init__(self, app: ASGIApp, desks: Desks, framed_by: str = "'self'") -> None:
        self._app = app
        self._desks = desks
        self._policy = _HERE_ONLY + framed_by

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is ours, hand the rest on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = self._guarded(send)
        path, method = str(scope["path"]), str(scope["method"])
        if match := _ROUTE.fullmatch(path):
            response = await self._answer(match["token"], match["rest"], method, receive)
            await response(scope, receive, send)
        elif method == "POST" and _GRADIO_UPLOAD.fullmatch(path):
            # The page sends its files to the desk; nothing else may put files on this machine.
            await PlainTextResponse("Not here.", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _guarded(self, send: Send) -> Callable[[Message], Awaitable[None]]:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self._policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        return guarded

    async def _answer(self, token: str, rest: str, method: str, receive: Receive) -> Response:
        desk = self._desks.by_token(token)
        if desk is None:
            return _gone()
        if method == "PUT" and (match := _UPLOAD.fullmatch(rest)):
            return await _take(desk, int(match["batch"]), match["name"], receive)
        if method == "POST" and rest == "edit":
            return await _edit(desk, receive)
        if method != "GET":
            return _gone()
        if match := _SLICE.fullmatch(rest):
            work = partial(
                _slice, desk, int(match["edition"]), match["series"], int(match["index"])
            )
        elif match := _EVIDENCE.fullmatch(rest):
            work = partial(_evidence, desk, int(match["number"]))
        elif match := _SYNTHETIC.fullmatch(rest):
            work = partial(_synthetic, desk, int(match["number"]))
        elif match := _REPORT.fullmatch(rest):
            work = partial(_report, desk, match["form"])
        elif rest == "draft.json":
            work = partial(_report, desk, "json", draft=True)
        elif rest == "audit.jsonl":
            work = partial(_audit, desk)
        else:
            return _gone()
        try:
            return await anyio.to_thread.run_sync(work)
        except RadixError as error:
            return PlainTextResponse(str(error), 409)


def _gone() -> Response:
    return PlainTextResponse("This is not open here (any more). Open the study again.", 404)


def _fresh(content: bytes, media_type: str, **headers: str) -> Response:
    return Response(
        content, media_type=media_type, headers={"Cache-Control": "no-store", **headers}
    )


async def _take(desk: Desk, batch: int, name: str, receive: Receive) -> Response:
    """Write a request's body into the desk's inbox."""
    try:
        path = desk.slot(batch, name)
        size = 0
        async with await anyio.open_file(path, "wb") as stream:
            more = True
            while more:
                message = await receive()
                body: bytes = message.get("body", b"")
                size += len(body)
                desk.weigh(batch, name, size)
                await stream.write(body)
                more = message["type"] != "http.disconnect" and message.get("more_body", False)
    except RadixError as error:
        desk.discard_upload(batch)
        return PlainTextResponse(str(error), 413)
    return PlainTextResponse("ok")


def _slice(desk: Desk, edition: int, series: str, index: int) -> Response:
    if edition != desk.edition or not desk.session.has_study:
        return _gone()
    shown = desk.session.study.one(series)
    if index >= shown.slices:
        return _gone()
    packed = zlib.compress(viewer.pixels(shown, index), 1)
    return _fresh(packed, "application/octet-stream", **{"Content-Encoding": "deflate"})


def _evidence(desk: Desk, number: int) -> Response:
    png = desk.evidence(number)
    return _gone() if png is None else _fresh(png, "image/png")


def _synthetic(desk: Desk, number: int) -> Response:
    packed = desk.made_up(number)
    named = 'attachment; filename="synthetic-study.zip"'
    if packed is None:
        return _gone()
    return _fresh(packed, "application/zip", **{"Content-Disposition": named})


def _audit(desk: Desk) -> Response:
    if not desk.session.has_study:
        return _gone()
    named = 'attachment; filename="radixgpt-audit.jsonl"'
    text = desk.session.audit.text().encode()
    return _fresh(text, "application/jsonl", **{"Content-Disposition": named})


def _report(desk: Desk, form: str, *, draft: bool = False) -> Response:
    from etl.load import formats
    from etl.load.job import Job

    signed = None if draft else desk.session.signed
    report = signed or desk.session.report
    if report is None or (signed is None and form in _FINAL_ONLY):
        return _gone()
    # The page has no headers to hand on: its files are gone once they are read.
    job = Job(report, datetime.now().astimezone(), desk.session.study)
    ((name, content),) = formats.export(job, [form]).files.items()
    media_type = formats.FORMATS[form].media_type
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    stem = "radixgpt-report" if signed else "radixgpt-draft-report"
    suffix = name.partition(".")[2]
    return _fresh(
        content,
        media_type,
        **{"Content-Disposition": f'attachment; filename="{stem}.{suffix}"'},
    )


async def _edit(desk: Desk, receive: Receive) -> Response:
    body = b""
    more = True
    while more and len(body) <= _MOST_ASKED:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] != "http.disconnect" and message.get("more_body", False)
    try:
        asked = json.loads(body[: _MOST_ASKED + 1])
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        return PlainTextResponse("The edit was not understood. Load the page anew.", 400)
    try:
        said, done = await anyio.to_thread.run_sync(partial(editing.carry_out, desk, asked)), True
    except RadixError as error:
        said, done = str(error), False
    return JSONResponse({"done": done, "said": said}, headers={"Cache-Control": "no-store"})
