"""Consent: nothing of a study leaves this machine without a yes to the study and the address.

The setting names a server, which is no consent yet: a person says yes for one study and one
address, in this session, to its pixels or to the conversation about it. What was allowed is kept in
memory alone and ends with the process.
Loopback addresses (RFC 1122, RFC 4291) are this machine and need none.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from radixgpt.errors import ConsentError, SettingsError

_PORTS = {"http": 80, "https": 443}
What = Literal["pictures", "conversation"]
"""What may leave; a yes to the one is none to the other."""


@dataclass(frozen=True)
class Address:
    """Where a server listens: what a consent is given for, whatever the path on it.

    Attributes:
        scheme: ``http`` or ``https``.
        host: in lower case, without brackets.
    """

    scheme: str
    host: str
    port: int

    @property
    def here(self) -> bool:
        """Whether it is this machine; of names ``localhost`` alone, as others may lead away."""
        if self.host == "localhost":
            return True
        try:
            found = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return bool(found.is_loopback or (mapped is not None and mapped.is_loopback))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def address_of(url: str) -> Address:
    """The address of a URL.

    Raises:
        SettingsError: it is no http or https URL, or it carries a name and password.
    """
    wrong = SettingsError(
        f"'{url.rpartition('@')[2][:60]}' is not the address of a server.",
        "Write it as http://HOST:PORT/v1 or https://HOST/v1, and keys in their own variables.",
    )
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise wrong from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if scheme not in _PORTS or not host or parts.username or parts.password:
        raise wrong
    return Address(scheme, host, port or _PORTS[scheme])


@dataclass
class Consents:
    """What a person allowed in this session; never written to disk."""

    _given: set[tuple[str, Address, What]] = field(default_factory=set)

    def give(self, study: str, url: str, what: What = "pictures") -> None:
        """Note a yes; to be called on a person's explicit confirmation and on nothing else.

        Args:
            study: the study's key.
            url: of the server.
            what: may leave.

        Raises:
            SettingsError: that is no address.
        """
        self._given.add((study, address_of(url), what))

    def withdraw(self, study: str | None = None) -> None:
        """Take consents back: those of one study, or all."""
        self._given = {one for one in self._given if study is not None and one[0] != study}

    def given(self, study: str, url: str, what: What = "pictures") -> bool:
        """Whether pixels of a study, or the conversation about it, may go to an address."""
        address = address_of(url)
        return address.here or (study, address, what) in self._given

    def require(self, study: str, url: str) -> Address:
        """The address of a server that pixels of a study may go to.

        Raises:
            ConsentError: nobody said yes.
            SettingsError: that is no address.
        """
        address = address_of(url)
        if not self.given(study, url):
            raise ConsentError(
                f"The pixels of this study would leave this machine for {address}, and nobody "
                "allowed that.",
                "Allow it for this study (--send-pictures in the terminal, a yes in the chat), or "
                "set RADIXGPT_CAPTIONER to embedded or to a server on this machine.",
            )
        return address


def question(url: str, pictures: int) -> str:
    """What a person is asked before pixels leave, in words.

    Args:
        url: of the server.
        pictures: how many would be sent.

    Raises:
        SettingsError: that is no address.
    """
    address = address_of(url)
    how = "" if address.scheme == "https" else ", unencrypted"
    many = "1 picture" if pictures == 1 else f"{pictures} pictures"
    return (
        f"{many} of this study would be sent to {address}{how}: grey values alone, no name, id, "
        "date or path, but also whatever is burned into the image. Whoever runs that server can "
        "keep them. Send?"
    )


def about_conversation(url: str) -> str:
    """What a person is asked before a conversation and the findings it is about leave, in words.

    Args:
        url: of the language model's server.

    Raises:
        SettingsError: that is no address.
    """
    address = address_of(url)
    how = "" if address.scheme == "https" else ", unencrypted"
    return (
        f"The language model is at {address}{how}. To answer, this conversation would be sent "
        "there: what you type, word for word, and what the tools found in this study, as levels, "
        "grades, measurements and sentences of the report. No image, name, id or path is sent "
        "unless you type it. Whoever runs that server can keep it. Send? (yes; or no, and the "
        "embedded brain answers on this machine)"
    )


def stands(allowed: str, url: str) -> bool:
    """Whether a setting that lists hosts, with commas between, names the host of an address."""
    address = address_of(url)
    named = {one.strip().lower().rstrip(".") for one in allowed.split(",")}
    return address.host in named or str(address) in named


_MORE = r"(?:[ ,.!]+(?:please|do|send|it|them|the|pictures?|images?|go|ahead|that|i|allow))*[ .!]*"
_YES = re.compile(
    r"(?:yes|y|yep|yeah|yup|ok|okay|sure|i (?:do|allow|agree|confirm)|go ahead|send)" + _MORE
)
_NO = re.compile(r"(?:no|n|nope|nay|never|don'?t|do not|stop|cancel)(?:[ ,.!]+[a-z']+){0,4}[ .!]*")


def answer(text: str) -> bool | None:
    """The person's own yes or no to something that would leave; None for anything else.

    Nothing else may be in the message, so that nobody is taken at half a word.
    """
    said = text.strip().lower()
    if _YES.fullmatch(said):
        return True
    return False if _NO.fullmatch(said) else None
