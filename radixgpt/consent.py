"""Consent: no pixel of a study leaves this machine without a yes to the study and the address.

The setting names a server, which is no consent yet: a person says yes for one study and one
address, in this session. What was allowed is kept in memory alone and ends with the process.
Loopback addresses (RFC 1122, RFC 4291) are this machine and need none.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from radixgpt.errors import ConsentError, SettingsError

_PORTS = {"http": 80, "https": 443}


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

    _given: set[tuple[str, Address]] = field(default_factory=set)

    def give(self, study: str, url: str) -> None:
        """Note a yes; to be called on a person's explicit confirmation and on nothing else.

        Args:
            study: the study's key.
            url: of the server.

        Raises:
            SettingsError: that is no address.
        """
        self._given.add((study, address_of(url)))

    def withdraw(self, study: str | None = None) -> None:
        """Take consents back: those of one study, or all."""
        self._given = {one for one in self._given if study is not None and one[0] != study}

    def given(self, study: str, url: str) -> bool:
        """Whether pixels of a study may go to an address."""
        address = address_of(url)
        return address.here or (study, address) in self._given

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
