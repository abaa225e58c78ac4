"""DICOMweb (PS3.18): studies are searched with QIDO-RS and fetched with WADO-RS."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from data.gather import naming
from data.gather.pacs import TERMS, Question
from data.gather.shelf import Shelf
from data.gather.source import Gathered, LeftOut, Say, Terms
from radixgpt.errors import GatherError, MissingPackageError
from radixgpt.reading.identity import Keyring
from radixgpt.reading.quiet import quiet

_ANY_SYNTAX = (("application/dicom", "*"),)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TIMEOUT = 60.0
_PAGE = 1000


@dataclass(frozen=True)
class DicomWebSource:
    """A DICOMweb service.

    Attributes:
        url: base address of its services.
        key: the source's key.
        keys: the keyring of the workspace.
        question: which studies are wanted.
        terms: licence and citation, as far as the user stated them.
        token: bearer token; user and password are read from ``.netrc``.
        ca: file with the certificates of the authorities to trust; the system's otherwise.
    """

    url: str
    key: str
    keys: Keyring
    question: Question
    terms: Terms = TERMS
    token: str = field(default="", repr=False)
    ca: Path | None = None

    @property
    def title(self) -> str:
        """One line for people."""
        return f"DICOMweb at {urlsplit(self.url).hostname}"

    def fetch(self, shelf: Shelf, say: Say) -> Iterator[Gathered | LeftOut]:
        """Fetch every object of the studies that is not there yet.

        Raises:
            GatherError: the service can't be reached, refuses, or knows no such study.
            MissingPackageError: dicomweb-client is not installed.
        """
        self.question.check()
        client = client_of(self.url, self.token, self.ca)
        with told(self.title):
            found = list(self._instances(client))
        if not found:
            raise GatherError("The PACS knows no such study.", "Ask for something else.")
        address = address_of(self.url)
        for number, (study, series, instance) in enumerate(found, start=1):
            name = naming.of_instance(self.keys, study, series, instance)
            if shelf.intact(name):
                yield shelf.told(name)
            else:
                data = self._object(client, study, series, instance)
                yield shelf.keep(name, data, address) if data else LeftOut("not-readable")
            say(f"Gathering {self.key}", number, len(found))

    def _instances(self, client: Any) -> Iterator[tuple[str, str, str]]:
        """UIDs of study, series and object of all that is wanted."""
        studies: dict[str, None] = {}
        for keys in self.question.matching():
            for row in client.search_for_studies(
                search_filters=keys, limit=self.question.limit or _PAGE, get_remaining=self._all
            ):
                studies[_uid(row, "0020000D")] = None
        for study in list(studies)[: self.question.limit]:
            wanted = {"Modality": self.question.modality} if self.question.modality else {}
            for row in client.search_for_series(
                study, search_filters=wanted, limit=_PAGE, get_remaining=True
            ):
                series = _uid(row, "0020000E")
                for one in client.search_for_instances(
                    study, series, limit=_PAGE, get_remaining=True
                ):
                    yield study, series, _uid(one, "00080018")

    @property
    def _all(self) -> bool:
        return self.question.limit is None

    def _object(self, client: Any, study: str, series: str, instance: str) -> bytes | None:
        """One object as a DICOM file; None where the service does not give it."""
        import requests

        with told(self.title), quiet():
            try:
                dataset = client.retrieve_instance(study, series, instance, media_types=_ANY_SYNTAX)
            except requests.HTTPError as error:
                if _is_refusal(error):
                    raise
                return None
            buffer = io.BytesIO()
            dataset.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()


def client_of(url: str, token: str = "", ca: Path | None = None) -> Any:
    """A client of a DICOMweb service.

    The certificate of the service is verified. Nothing is sent to any other address, wherever the
    service redirects to, and no token and no password unencrypted to another machine.

    Args:
        url: base address of its services.
        token: bearer token; user and password are read from ``.netrc``.
        ca: file with the certificates of the authorities to trust; the system's otherwise.

    Raises:
        GatherError: a token would travel unencrypted.
        MissingPackageError: dicomweb-client is not installed.
    """
    try:
        from dicomweb_client.web import DICOMwebClient
    except ImportError as error:
        raise MissingPackageError(
            "DICOMweb needs the package dicomweb-client.",
            "Install it: pip install 'radixgpt[data]'.",
        ) from error
    parts = urlsplit(url)
    open_to_all = parts.scheme != "https" and parts.hostname not in _LOOPBACK
    headers = {}
    if token:
        if open_to_all:
            raise GatherError(
                "A token must not travel unencrypted.", "Use the https address of the service."
            )
        headers["Authorization"] = f"Bearer {token}"
    session = _session(url, ca)
    if token or open_to_all:
        session.auth = _as_it_is  # .netrc would take the place of the token, or travel in the open
    client = DICOMwebClient(
        url.rstrip("/"), session=session, headers=headers, timeout=_TIMEOUT, permissive_uid=True
    )
    client.set_http_retry_params(retry=True, max_attempts=3, wait_exponential_multiplier=500)
    return client


def _as_it_is(request: Any) -> Any:
    return request


def _session(base: str, ca: Path | None) -> Any:
    """A session that asks one service alone, and sends the wildcards of a query as they are.

    RFC 3986 allows both in a query; the library escapes them, which Orthanc does not undo.
    """
    import requests
    from requests.adapters import HTTPAdapter

    home = _origin(base)

    class Adapter(HTTPAdapter):
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            if _origin(request.url) != home:
                raise requests.TooManyRedirects("the service redirects to another address")
            if ca is not None:  # here, since a variable of the environment outdoes the session's
                options["verify"] = str(ca)
            path, mark, query = request.url.partition("?")
            request.url = path + mark + query.replace("%2A", "*").replace("%3F", "?")
            return super().send(request, *args, **options)

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme, (parts.hostname or "").lower(), parts.port or usual


def address_of(url: str) -> str:
    """An address without the user and the query that it may hold."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", ""))


def _uid(row: dict[str, Any], tag: str) -> str:
    return str(row[tag]["Value"][0])


def _is_refusal(error: Any) -> bool:
    return error.response is None or error.response.status_code in (401, 403, 407)


@contextmanager
def told(title: str) -> Iterator[None]:
    """Turn what goes wrong on the way into the project's errors; no UID is told.

    Raises:
        GatherError: the service can't be reached, refuses, or gives no sense.
    """
    import requests

    try:
        yield
    except requests.HTTPError as error:
        status = "no status" if error.response is None else error.response.status_code
        if _is_refusal(error):
            raise GatherError(
                f"{title} refuses ({status}).",
                "Give DICOMWEB_TOKEN, or user and password in .netrc.",
            ) from None
        raise GatherError(
            f"{title} answers {status}.", "Check the address: it is the base of QIDO and WADO."
        ) from None
    except (ValueError, KeyError, IndexError, TypeError):
        raise GatherError(
            f"{title} gives no DICOMweb answer.", "Check the address: it is the base of the API."
        ) from None
    except requests.TooManyRedirects:
        raise GatherError(
            f"{title} redirects to another address.", "Give the address that it redirects to."
        ) from None
    except requests.exceptions.SSLError:
        raise GatherError(
            f"The certificate of {title} can't be verified.",
            "Name the authority that issued it (--ca, REQUESTS_CA_BUNDLE).",
        ) from None
    except requests.RequestException:
        raise GatherError(
            f"{title} can't be reached.", "Check the address, the network and the certificate."
        ) from None
