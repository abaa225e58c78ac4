"""The models that can write captions, by the setting ``RADIXGPT_CAPTIONER``.

=========================== =======================================================
``embedded``                the small captioner that ships; no network
``transformers:PATH``       a folder of an image-text-to-text model of transformers
``openai:MODEL@URL``        a model that sees, behind an OpenAI-compatible server
=========================== =======================================================

Whatever wrote a text, :mod:`tools.captioner.checking` decides what stays of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from radixgpt.consent import Address
from radixgpt.errors import SettingsError
from radixgpt.report import ModelFacts
from tools.captioner.caption import Refused, Scope, Style
from tools.captioner.pictures import Pictures
from tools.captioner.support import Support

Kind = Literal["embedded", "transformers", "openai"]
KINDS: tuple[Kind, ...] = ("embedded", "transformers", "openai")


@dataclass(frozen=True)
class Wanted:
    """What a captioner is asked for.

    Attributes:
        scope: what the caption is about.
        style: how it is worded.
        support: what may be said. The embedded model can't write anything else; the others must
            not be told it, so that what they write is what they see.
        refused: sentences of its last try that failed the check, for another try.
        seed: of whatever is drawn.
        allowed: the address that a person lets the pictures go to; a server's client sends
            nothing without.
    """

    scope: Scope
    style: Style
    support: Support
    refused: tuple[Refused, ...] = ()
    seed: int = 0
    allowed: Address | None = None


class Captioner(Protocol):
    """A model that writes captions."""

    @property
    def url(self) -> str:
        """The server that the pictures go to; empty for a model in this process."""
        ...

    def describe(self, pictures: Pictures, wanted: Wanted) -> str:
        """Say what the pictures show, in plain sentences; checked afterwards.

        Raises:
            RadixError: it can't, with what mends it.
        """
        ...

    def facts(self) -> tuple[ModelFacts, ...]:
        """The models that it consists of."""
        ...


@dataclass(frozen=True)
class Chosen:
    """A captioner as a door asks for it.

    Attributes:
        setting: as in ``RADIXGPT_CAPTIONER``.
        timeout: seconds to wait for a server.
    """

    setting: str = "embedded"
    timeout: float = 120.0


def parse(setting: str) -> tuple[Kind, str, str]:
    """Kind, model and URL of a setting; the last two may be empty.

    Raises:
        SettingsError: the setting names no captioner.
    """
    kind, _, rest = setting.strip().partition(":")
    model, _, url = rest.partition("@") if kind == "openai" else (rest, "", "")
    if kind not in KINDS or (kind == "embedded") != (not rest) or (kind == "openai" and not url):
        named = kind if kind not in KINDS else f"{kind}:{rest.rpartition('/')[2]}"
        raise SettingsError(
            f"'{named[:200]}' is not a captioner.",
            "Set RADIXGPT_CAPTIONER to embedded, transformers:PATH or openai:MODEL@URL.",
        )
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError(
            f"'{url[:200]}' is not the address of a server.", "Begin it with http:// or https://."
        )
    return kind, model, url


@cache
def load(chosen: Chosen) -> Captioner:
    """The captioner of a choice, loaded once.

    Raises:
        SettingsError: the setting names no captioner.
        WeightsError: weights are missing or damaged.
        MissingPackageError: a package is missing.
    """
    kind, model, url = parse(chosen.setting)
    if kind == "embedded":
        from tools.captioner.embedded import Embedded

        return Embedded()
    if kind == "transformers":
        from tools.captioner import published

        return published.load(model, seconds=chosen.timeout)
    from tools.captioner import remote

    return remote.load(model, url, timeout=chosen.timeout)
