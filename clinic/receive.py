"""A receiver of DICOM objects (C-STORE): a PACS or a scanner sends, every object is kept whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from radixgpt.consent import Address
from radixgpt.errors import GatherError, MissingPackageError, RadixError, SettingsError
from radixgpt.reading.limits import LIMITS

_TIMEOUT = 60.0
_MOST_ASSOCIATIONS = 10
_SUCCESS, _NO_SPACE, _NOT_UNDERSTOOD = 0x0000, 0xA700, 0xC000

Keep = Callable[[bytes], None]
"""Keeps an object, a DICOM file: it is on disk when this returns. Else it raises ``OSError`` or an
error of ours.
"""


@dataclass(frozen=True)
class Listening:
    """Where a receiver listens, and whom it admits.

    Attributes:
        aet: its title; a sender has to call it so.
        host: address that it listens at.
        admitted: calling titles; empty admits all.
    """

    aet: str
    port: int
    host: str = "127.0.0.1"
    admitted: tuple[str, ...] = ()

    @property
    def here(self) -> bool:
        """Whether only this machine can reach it."""
        return Address("http", self.host.lower(), 0).here


def listening_of(text: str, admitted: tuple[str, ...] = ()) -> Listening:
    """From ``AET:PORT`` (on this machine alone) or ``AET@HOST:PORT``.

    Raises:
        SettingsError: it is neither, or it admits everybody on a network.
    """
    rest, _, port = text.rpartition(":")
    aet, _, host = rest.partition("@")
    titles = (aet, *admitted)
    if not port.isdecimal() or not 0 < int(port) < 65536 or not all(map(_is_title, titles)):
        raise SettingsError(
            "That is no place to listen at.",
            "Write AET:PORT, such as RADIXGPT:11112, or AET@HOST:PORT; a title has 1 to 16 plain "
            "characters.",
        )
    found = Listening(aet, int(port), host or "127.0.0.1", admitted)
    if not (found.here or admitted):
        raise SettingsError(
            "Anybody on the network could send to it.",
            "Name the titles that may, with --admit; listen on this machine alone with AET:PORT.",
        )
    return found


def _is_title(text: str) -> bool:
    """Whether it is an application entity title (PS3.5 6.2)."""
    return (
        0 < len(text.strip()) <= 16 and text.isascii() and text.isprintable() and "\\" not in text
    )


@contextmanager
def received(at: Listening, keep: Keep) -> Iterator[None]:
    """Receive objects while the context lasts.

    A sender hears "stored" after ``keep`` has returned, and never before.

    Raises:
        GatherError: nothing can listen there.
        MissingPackageError: pynetdicom is not installed.
    """
    try:
        from pynetdicom import AE, AllStoragePresentationContexts, evt
        from pynetdicom.sop_class import Verification  # type: ignore[attr-defined,unused-ignore]
    except ImportError as error:
        raise MissingPackageError(
            "Receiving needs the package pynetdicom.",
            "Install it: pip install 'radixgpt[data]'.",
        ) from error
    from data.gather.association import SYNTAXES

    def store(event: Any) -> int:
        data = event.encoded_dataset()
        if len(data) > LIMITS.object_bytes:
            return _NOT_UNDERSTOOD
        try:
            keep(data)
        except (OSError, RadixError):
            return _NO_SPACE
        return _SUCCESS

    entity = AE(at.aet)
    entity.require_called_aet = True
    entity.require_calling_aet = list(at.admitted)
    entity.maximum_associations = _MOST_ASSOCIATIONS
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _TIMEOUT
    entity.add_supported_context(Verification)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, list(SYNTAXES))
    try:
        server = entity.start_server(
            (at.host, at.port), block=False, evt_handlers=[(evt.EVT_C_STORE, store)]
        )
    except OSError as error:
        raise GatherError(
            f"Nothing can listen at {at.host}:{at.port}: {error.strerror}.",
            "Choose a free port, and an address of this machine.",
        ) from error
    try:
        yield
    finally:
        server.shutdown()
