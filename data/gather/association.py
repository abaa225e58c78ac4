"""Associations with a PACS (PS3.8): opened, refused and broken, in the project's words."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radixgpt.errors import GatherError, MissingPackageError, SettingsError

DEFAULT_AET = "RADIXGPT"
_ATTEMPTS = 3
"""A PACS that refuses may hang up before its refusal was read: asked again, it says so."""
_TIMEOUT = 30.0

SYNTAXES = (
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless SV1
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.5",  # RLE Lossless
)
"""Transfer syntaxes that objects are taken in."""


@dataclass(frozen=True)
class Peer:
    """A PACS that speaks DIMSE, and how we call ourselves.

    Attributes:
        tls: speak over TLS; the certificate has to be valid for the host.
        ca: file with the certificates of the authorities to trust; the system's otherwise.
    """

    host: str
    port: int
    aet: str
    calling_aet: str = DEFAULT_AET
    tls: bool = False
    ca: Path | None = None

    @property
    def title(self) -> str:
        """One line for people."""
        return f"{self.aet} at {self.host}:{self.port}"


@contextmanager
def associated(
    peer: Peer,
    contexts: Iterable[tuple[str, str | None]],
    *,
    store: Callable[[Any], int] | None = None,
    receives: tuple[str, ...] = (),
) -> Iterator[Any]:
    """An association with a PACS, released at the end.

    Args:
        peer: the PACS.
        contexts: what is to be done: SOP class and transfer syntax, None for the usual ones.
        store: takes an object that comes within the association, and gives its status.
        receives: SOP classes of objects that may come so (C-GET).

    Raises:
        GatherError: it can't be reached, or refuses us.
        MissingPackageError: pynetdicom is not installed.
        SettingsError: the certificates can't be read.
    """
    try:
        from pynetdicom import AE, build_role, evt
    except ImportError as error:
        raise MissingPackageError(
            "DIMSE needs the package pynetdicom.", "Install it: pip install 'radixgpt[data]'."
        ) from error
    entity = AE(peer.calling_aet)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _TIMEOUT
    entity.connection_timeout = 10.0
    for sop_class, syntax in contexts:
        if syntax is None:
            entity.add_requested_context(sop_class)
        else:
            entity.add_requested_context(sop_class, syntax)
    secured = (_tls(peer.ca), peer.host) if peer.tls else None
    for _ in range(_ATTEMPTS):
        association = entity.associate(
            peer.host,
            peer.port,
            ae_title=peer.aet,
            ext_neg=[build_role(sop_class, scp_role=True) for sop_class in receives],
            evt_handlers=[(evt.EVT_C_STORE, store)] if store else [],
            tls_args=secured,
        )
        if association.is_established or association.is_rejected:
            break
    if not association.is_established:
        raise _refused(peer, rejected=association.is_rejected)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def _tls(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError):
        raise SettingsError(
            "The file of certificates can't be read.", "Give a PEM file (--ca, RADIXGPT_PACS_CA)."
        ) from None


def _refused(peer: Peer, *, rejected: bool) -> GatherError:
    if rejected:
        return GatherError(
            f"{peer.title} refuses the calling title {peer.calling_aet}.",
            "Ask its administrator to admit it, or name an admitted one with --calling-aet; "
            "check the called title too.",
        )
    return GatherError(
        f"{peer.title} can't be reached.",
        "Check the address, the port, the network and the certificate."
        if peer.tls
        else "Check the address, the port and the network.",
    )


def lost(peer: Peer) -> GatherError:
    """The error for a connection that broke."""
    return GatherError(
        f"The connection to {peer.title} broke.",
        "What has come is kept: the same command goes on from there. If it breaks at once, ask "
        f"the administrator of the PACS to admit the calling title {peer.calling_aet}.",
    )
