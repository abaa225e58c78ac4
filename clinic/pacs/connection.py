"""Which PACS is meant, and whether it may be spoken to over this connection."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from data.gather.association import DEFAULT_AET, Peer
from data.gather.choose import is_web, peer_of
from data.gather.dicomweb import client_of
from radixgpt.consent import Address
from radixgpt.errors import SettingsError

_FORMS = "https://HOST/PATH for DICOMweb, dimse://AET@HOST:PORT, or dimses:// for DIMSE over TLS"


@dataclass(frozen=True)
class Connection:
    """A PACS, and how it is reached; made by :func:`connection_of`.

    Attributes:
        url: of the DICOMweb services; empty for DIMSE.
        peer: for DIMSE; None for DICOMweb.
        token: bearer token for DICOMweb.
        ca: file with the certificates of the authorities to trust.
    """

    url: str = ""
    peer: Peer | None = None
    token: str = field(default="", repr=False)
    ca: Path | None = None

    @property
    def title(self) -> str:
        """One line for people."""
        if self.peer is not None:
            return self.peer.title
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"DICOMweb at {parts.hostname}{port}"

    @property
    def encrypted(self) -> bool:
        """Whether it is TLS, with a certificate that is verified."""
        return self.peer.tls if self.peer is not None else self.url.startswith("https:")

    @property
    def here(self) -> bool:
        """Whether it is this machine."""
        host = self.peer.host if self.peer is not None else urlsplit(self.url).hostname or ""
        return Address("http", host.lower(), 0).here

    def client(self) -> Any:
        """A DICOMweb client.

        Raises:
            GatherError: a token would travel unencrypted.
            MissingPackageError: dicomweb-client is not installed.
        """
        return client_of(self.url, self.token, self.ca)

    def dimse(self) -> Peer:
        """The peer.

        Raises:
            SettingsError: it is a DICOMweb service.
        """
        if self.peer is None:
            raise SettingsError("This needs DIMSE.", "Give dimse://AET@HOST:PORT.")
        return self.peer


def connection_of(
    address: str,
    *,
    calling_aet: str = DEFAULT_AET,
    token: str = "",
    ca: Path | None = None,
    unencrypted: bool = False,
) -> Connection:
    """The PACS at an address.

    Args:
        address: ``https://…``, ``http://…``, ``dimse://AET@HOST:PORT`` or ``dimses://…``.
        calling_aet: how we call ourselves.
        token: bearer token.
        ca: PEM file of the authorities to trust.
        unencrypted: whether an unencrypted connection to another machine was asked for.

    Raises:
        GatherError: the address or our title can't be used.
        SettingsError: there is none, it is no such address, or it is unencrypted and that was not
            asked for.
    """
    if not address:
        raise SettingsError("No PACS is named.", f"Name it with --at or RADIXGPT_PACS: {_FORMS}.")
    if ca is not None and not ca.is_file():
        raise SettingsError(
            "The file of certificates can't be read.", "Give a PEM file (--ca, RADIXGPT_PACS_CA)."
        )
    if address.startswith(("dimse://", "dimses://")):
        found = Connection(peer=replace(peer_of(address, calling_aet), ca=ca), ca=ca)
    elif is_web(address):
        found = Connection(url=address, token=token, ca=ca)
    else:
        raise SettingsError(
            "The address of the PACS can't be read.",
            f"Write {_FORMS}; user and password belong in .netrc.",
        )
    if not (found.encrypted or found.here or unencrypted):
        raise SettingsError(
            f"The connection to {found.title} is not encrypted.",
            "Use https:// or dimses://; within a network that you trust, --unencrypted allows it.",
        )
    return found
