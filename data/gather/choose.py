"""From what a user names to the sources that it means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from data.gather import naming, registry
from data.gather.association import DEFAULT_AET, Peer
from data.gather.dicomweb import DicomWebSource
from data.gather.dimse import DimseSource
from data.gather.local import OWN, LocalSource, key_of
from data.gather.pacs import TERMS, Question
from data.gather.public import PublicSource
from data.gather.source import Source, Terms
from data.gather.staged import StagedSource
from data.workspace import Workspace
from radixgpt.errors import GatherError

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Where the staged data lies unless the settings say otherwise: beside the checkout."""

_DIMSE = re.compile(
    r"dimse(?P<tls>s?)://(?P<aet>[!-~ ]{1,16})@(?P<host>[^@:/]+):(?P<port>\d{1,5})/?"
)
_AET = re.compile(r"[!-\[\]-~ ]{1,16}")  # PS3.5 table 6.2-1: no backslash, no control character


@dataclass(frozen=True)
class Wish:
    """What a user asks for.

    Attributes:
        name: ``shared``, the key of a set, a path, or the address of a PACS.
        shared: folder of the staged data, where it was set.
        mirror: base address of a mirror of the public sets.
        link: hard-link files of this disk.
        keep_names: keep names of the user's own files.
        key: key for the user's own source.
        licence: of the user's own data.
        citation: of the user's own data.
        question: which studies of a PACS are wanted.
        calling_aet: how we call ourselves to a PACS.
        token: bearer token for DICOMweb.
    """

    name: str
    shared: Path | None = None
    mirror: str | None = None
    link: bool = False
    keep_names: bool = False
    key: str | None = None
    licence: str | None = None
    citation: str | None = None
    question: Question = field(default_factory=Question)
    calling_aet: str = DEFAULT_AET
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Known:
    """A source that can be named.

    Attributes:
        where: ``staged`` or ``public``.
        gigabytes: about how much comes over the network; 0 for staged sets.
        there: whether a staged set is on this machine; None for public sets.
    """

    key: str
    title: str
    where: str
    terms: Terms
    gigabytes: float
    there: bool | None


def known(shared: Path | None) -> list[Known]:
    """Every source of the registry."""
    staged = [
        Known(s.key, s.title, "staged", s.terms, 0.0, s.is_there()) for s in _staged(shared, False)
    ]
    public = [
        Known(p.key, p.title, "public", p.terms, p.gigabytes, None) for p in registry.public()
    ]
    return staged + public


def choose(wish: Wish, workspace: Workspace) -> list[Source]:
    """The sources that a wish means.

    Raises:
        GatherError: nothing has that name, or the address of a PACS can't be read.
        InputError: a path leads nowhere.
    """
    if wish.key in {source.key for source in known(wish.shared)}:
        raise GatherError(f"'{wish.key}' is a known set.", "Choose another name with --as.")
    named = _registered(wish)
    if named:
        return named
    if wish.name.startswith(("http://", "https://")):
        return [_dicomweb(wish, workspace)]
    if wish.name.startswith(("dimse://", "dimses://")):
        return [_dimse(wish, workspace)]
    path = Path(wish.name)
    if not path.exists() and re.fullmatch(r"\w+", wish.name):
        raise GatherError(
            f"'{wish.name[:60]}' is neither a known source nor a path.",
            "See radixgpt data gather --list.",
        )
    _check_apart(path, workspace)
    keys = naming.keyring(workspace.root)
    key = wish.key or key_of(path, keys)
    return [LocalSource(path, key, keys, _terms(wish, OWN), wish.keep_names, wish.link)]


def _check_apart(path: Path, workspace: Workspace) -> None:
    """Stop where a folder would be gathered into itself."""
    try:
        given, gathered = path.resolve(), workspace.gathered.resolve()
    except (OSError, RuntimeError):
        return  # a loop of links: opening it tells
    if given.is_relative_to(gathered) or gathered.is_relative_to(given):
        raise GatherError(
            "The workspace lies within what is to be gathered, or holds it.",
            "Name a workspace outside of it, with -w.",
        )


def _registered(wish: Wish) -> list[Source]:
    """The sources of the registry that the wish names, if any."""
    staged = _staged(wish.shared, wish.link)
    if wish.name == "shared":
        there: list[Source] = [source for source in staged if source.is_there()]
        if not there:
            raise GatherError(
                "No staged data is here.",
                "Set RADIXGPT_SHARED_DATA to its folder, or fetch published sets: "
                "radixgpt data gather --list.",
            )
        return there
    if wish.mirror is not None and not is_web(wish.mirror):
        raise GatherError(
            "The address of the mirror can't be read.", "Write https://HOST/PATH, for --mirror."
        )
    every: list[Source] = [*staged]
    every += [PublicSource(entry, wish.mirror) for entry in registry.public()]
    return [source for source in every if source.key == wish.name]


def _staged(shared: Path | None, link: bool) -> list[StagedSource]:
    return [StagedSource(entry, shared or BESIDE, link) for entry in registry.staged()]


def is_web(address: str) -> bool:
    """Whether it is the base address of a service on the web, and holds no password."""
    try:
        parts = urlsplit(address)
        if parts.port == 0 or not parts.hostname:
            return False
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and not parts.username and not parts.query


def _dicomweb(wish: Wish, workspace: Workspace) -> DicomWebSource:
    if not is_web(wish.name):
        raise GatherError(
            "The address of the DICOMweb service can't be read.",
            "Write https://HOST/PATH; user and password belong in .netrc.",
        )
    keys = naming.keyring(workspace.root)
    return DicomWebSource(
        wish.name, wish.key or "pacs", keys, wish.question, _terms(wish, TERMS), wish.token
    )


def peer_of(address: str, calling_aet: str = DEFAULT_AET) -> Peer:
    """The PACS behind ``dimse://AET@HOST:PORT``, or ``dimses://`` for DIMSE over TLS.

    Raises:
        GatherError: the address or our title can't be used.
    """
    match = _DIMSE.fullmatch(address)
    if match is None or not 0 < int(match["port"]) < 65536 or not _AET.fullmatch(match["aet"]):
        raise GatherError("The address of the PACS can't be read.", "Write dimse://AET@HOST:PORT.")
    if not _AET.fullmatch(calling_aet):
        raise GatherError(
            "The calling title can't be used.", "Give --calling-aet 1 to 16 plain characters."
        )
    return Peer(
        match["host"], int(match["port"]), match["aet"], calling_aet, tls=bool(match["tls"])
    )


def _dimse(wish: Wish, workspace: Workspace) -> DimseSource:
    peer = peer_of(wish.name, wish.calling_aet)
    keys = naming.keyring(workspace.root)
    return DimseSource(peer, wish.key or "pacs", keys, wish.question, _terms(wish, TERMS))


def _terms(wish: Wish, own: Terms) -> Terms:
    """The terms of the user's own data, with what the user states."""
    return replace(
        own,
        licence=wish.licence or own.licence,
        citation=wish.citation or own.citation,
    )
