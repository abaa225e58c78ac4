"""A vision-language model behind a server that speaks the OpenAI protocol (chat completions).

What is sent: the question, and the pictures as PNG data URLs made of arrays of grey values. No
header, name, key, date or path is in reach here. Nothing is sent to another machine unless the
caller hands over the address that a person allowed; redirects are not followed, and a server on
this machine is spoken to without a proxy.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from radixgpt import __version__
from radixgpt.consent import Address, address_of
from radixgpt.errors import CaptionerError, ConsentError
from radixgpt.report import ModelFacts
from tools.captioner import bitmaps, questions
from tools.captioner.backends import Wanted
from tools.captioner.checking import LONGEST, whole_sentences
from tools.captioner.pictures import Pictures

if TYPE_CHECKING:
    import httpx
    from PIL.Image import Image

KEY = "OPENAI_API_KEY"
"""The variable that the server's key is read from, as every client of the protocol does."""
MOST_TOKENS = 600
_TRIES = 3
_WAITS = (0.5, 2.0)
"""Seconds before the second and the third try; a server may ask for up to the last of them more."""
_LONGEST_WAIT = 10.0
_LARGEST = 2 * 2**20
"""Bytes of an answer; a caption with all its wrapping is far shorter."""
_BUSY = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Remote:
    """A captioner behind a server.

    Attributes:
        model: its name there.
        url: of the protocol's root, such as ``https://host/v1``.
        timeout: seconds to wait for an answer.
    """

    model: str
    url: str
    timeout: float = 120.0

    def describe(self, pictures: Pictures, wanted: Wanted) -> str:
        """What the model says of the pictures: text of unknown worth, to be checked.

        Raises:
            ConsentError: the pictures would leave this machine, and nobody allowed this address.
            CaptionerError: the server can't be reached, refuses, or gives no text.
        """
        shown = [bitmaps.of(picture) for picture in pictures.images]
        if not shown:
            return ""
        question = questions.of(pictures, wanted.scope, wanted.style, wanted.refused)
        return self.ask(shown, question, allowed=wanted.allowed)

    def ask(self, shown: Sequence[Image], question: str, *, allowed: Address | None) -> str:
        """Send bitmaps and a question, and return the text of the answer.

        Args:
            shown: mode ``L``.
            question: in words.
            allowed: the address that a person allowed; not needed for this machine.

        Raises:
            ConsentError: another address, or none, was allowed.
            CaptionerError: as for :meth:`describe`.
        """
        address = address_of(self.url)
        if not address.here and address != allowed:
            raise ConsentError(
                f"The pictures would leave this machine for {address}, and nobody allowed that.",
                "Allow it for this study, or use a captioner on this machine.",
            )
        pictures = [
            {
                "type": "image_url",
                "image_url": {
                    "url": "data:image/png;base64," + base64.b64encode(bitmaps.png(one)).decode()
                },
            }
            for one in shown
        ]
        told = [*pictures, {"type": "text", "text": question}]
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": told}],
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
        }
        return _text(self._send(body, address))

    def facts(self) -> tuple[ModelFacts, ...]:
        """Its name; which version a server runs, only the server knows."""
        return (ModelFacts(name=f"openai:{self.model}", version="as served", sha256=""),)

    def _send(self, body: dict[str, Any], address: Address) -> bytes:
        """The body of the answer, after some tries where the server is busy."""
        import httpx

        headers = {"User-Agent": f"radixgpt/{__version__}"}
        if key := os.environ.get(KEY, "").strip():
            if not key.isascii() or not key.isprintable():
                raise CaptionerError("The key has characters that no key has.", f"Check {KEY}.")
            headers["Authorization"] = f"Bearer {key}"
        where = f"{self.url.rstrip('/')}/chat/completions"
        limits = httpx.Timeout(self.timeout, connect=min(10.0, self.timeout))
        # A proxy would carry what is meant for this machine away from it.
        with httpx.Client(
            timeout=limits, headers=headers, follow_redirects=False, trust_env=not address.here
        ) as client:
            for attempt in range(_TRIES):
                last = attempt == _TRIES - 1
                try:
                    status, waits, content = _post(client, where, body, self.timeout)
                except httpx.ConnectError as error:
                    if last:
                        raise self._unreachable(error) from error
                    time.sleep(_WAITS[attempt])
                    continue
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    raise self._unreachable(error) from error
                if status == 200:
                    return content
                if status not in _BUSY or last:
                    raise self._refused(status, content)
                time.sleep(min(max(waits, _WAITS[attempt]), _LONGEST_WAIT))
        raise AssertionError("the last try returns or raises")

    def _unreachable(self, error: Exception) -> CaptionerError:
        import httpx

        if isinstance(error, httpx.TimeoutException):
            return CaptionerError(
                f"The captioner's server did not answer within {self.timeout:g} seconds.",
                "Look at the server, or raise RADIXGPT_CAPTIONER_TIMEOUT.",
            )
        return CaptionerError(
            f"The captioner's server can't be reached ({type(error).__name__}).",
            "Start it and check its address in RADIXGPT_CAPTIONER, or set it to embedded.",
        )

    def _refused(self, status: int, content: bytes) -> CaptionerError:
        """A refusal in words, without addresses, keys or the server's own text."""
        name = f"The model '{self.model[:60]}'"
        told = content[:2000].decode("utf-8", "replace").lower()
        if status in (401, 403):
            return CaptionerError("The captioner's server refused the key.", f"Check {KEY}.")
        if status == 404:
            return CaptionerError(
                f"{name} is not known to its server.", "Check the name and the address."
            )
        if status == 413:
            return CaptionerError(
                "The pictures are too large for the captioner's server.",
                "Raise its limit, or caption one image at a time.",
            )
        if status in (400, 415, 422) and any(w in told for w in ("image", "vision", "multimodal")):
            return CaptionerError(f"{name} takes no pictures.", "Choose a model that sees.")
        if 300 <= status < 400:
            return CaptionerError(
                "The captioner's server would send the pictures on to another address.",
                "Write the address that it really has into RADIXGPT_CAPTIONER.",
            )
        return CaptionerError(
            f"The captioner's server answered with an error ({status}).",
            "Look at the server, or set RADIXGPT_CAPTIONER to embedded.",
        )


def load(model: str, url: str, *, timeout: float = 120.0) -> Remote:
    """The client of a server; the server itself is first asked with a picture.

    Raises:
        SettingsError: the URL is no address of a server.
    """
    address_of(url)
    return Remote(model, url, timeout)


def _post(
    client: httpx.Client, url: str, body: dict[str, Any], timeout: float
) -> tuple[int, float, bytes]:
    """Status, seconds that the server asks to wait, and the answer up to the largest size."""
    import httpx

    content = bytearray()
    until = time.monotonic() + timeout
    with client.stream("POST", url, json=body) as answer:
        for part in answer.iter_bytes():
            content += part
            if len(content) > _LARGEST:
                raise CaptionerError(
                    "The captioner's server answers with more than a caption.",
                    "Check that the address is one of a chat model.",
                )
            if time.monotonic() > until:  # drop by drop: each read is in time, the whole is not
                raise httpx.ReadTimeout("the answer as a whole took too long")
        after = answer.headers.get("retry-after", "")
        return answer.status_code, float(after) if after.isdecimal() else 0.0, bytes(content)


def _text(content: bytes) -> str:
    """The text of an answer, at most :data:`tools.captioner.checking.LONGEST` characters.

    Raises:
        CaptionerError: it is not of the protocol, or holds no text.
    """
    try:
        choice = json.loads(content)["choices"][0]
        said, cut = choice["message"]["content"], choice.get("finish_reason") == "length"
        if isinstance(said, list):  # some servers give parts
            said = " ".join(part["text"] for part in said if part.get("type") == "text")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CaptionerError(
            "The captioner's server answers in a way that can't be read.",
            "Check that the address is one of a server that speaks the OpenAI protocol.",
        ) from error
    if not isinstance(said, str) or not said.strip():
        raise CaptionerError(
            "The captioner's server gave no text.", "Try again, or choose another model."
        )
    text = said.strip()
    return whole_sentences(text[:LONGEST]) if cut or len(text) > LONGEST else text
