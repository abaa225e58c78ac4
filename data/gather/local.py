"""A folder, a zip or a file of the user's own: DICOM, NIfTI, PNG, JPEG.

Objects are gathered with the bytes that they have: patient data goes from one place of the user's
disk to another. Their names are replaced by hashes, unless the user says that they identify nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from data.gather import naming
from data.gather.shelf import Shelf, is_safe
from data.gather.source import Gathered, LeftOut, Say, Terms
from radixgpt.errors import InputError, RejectedObjectError
from radixgpt.reading.archive import Item, items
from radixgpt.reading.identity import Keyring
from radixgpt.reading.limits import LIMITS, MIB
from radixgpt.reading.reasons import nothing_usable, rejected
from radixgpt.reading.sniff import sniff

OWN = Terms(
    licence="the user's own data",
    licence_url=None,
    commercial=False,
    citation="not published",
    ask=False,
)
"""The terms of data that the user did not say more of."""

ADDRESS = "local"
_LIMITS = replace(LIMITS, objects=1_000_000, archive_bytes=65_536 * MIB)
_MEDIA_DIRECTORY = b"1.2.840.10008.1.3.10"  # Media Storage Directory, PS3.4 annex B
_SUFFIXES = {"dicom": ".dcm", "bare-dicom": ".dcm", "nifti": ".nii", "nifti-gz": ".nii.gz"}


@dataclass(frozen=True)
class LocalSource:
    """Files of this machine.

    Attributes:
        path: a file, a folder or a zip.
        key: the source's key; see :func:`key_of`.
        keys: the keyring of the workspace.
        terms: licence and citation, as far as the user stated them.
        keep_names: keep the names of files that aren't DICOM objects.
        link: hard-link files instead of copying them; members of a zip are always unpacked.
    """

    path: Path
    key: str
    keys: Keyring
    terms: Terms = OWN
    keep_names: bool = False
    link: bool = False

    @property
    def title(self) -> str:
        """One line for people; the path is not told."""
        return "The user's own files"

    def fetch(self, shelf: Shelf, say: Say) -> Iterator[Gathered | LeftOut]:
        """Copy or link every object that is DICOM, NIfTI, PNG or JPEG.

        Raises:
            InputError: nothing can be opened there, or nothing in it can be used.
            UnsafeInputError: it holds more than is ever read.
        """
        total = sum(1 for _ in items(self.path, _LIMITS))
        reasons: list[str] = []
        for number, item in enumerate(items(self.path, _LIMITS), start=1):
            try:
                yield self._bring(item, shelf)
            except RejectedObjectError as error:
                reasons.append(error.reason)
                yield LeftOut(error.reason)
            say(f"Gathering {self.key}", number, total)
        if len(reasons) == total:
            raise nothing_usable(reasons)

    def _bring(self, item: Item, shelf: Shelf) -> Gathered:
        data = item.load()
        kind, reason = sniff(data)
        if kind is None:
            raise rejected(reason)
        if kind == "dicom" and _MEDIA_DIRECTORY in data[:1024]:
            raise rejected("index")
        suffix = _SUFFIXES.get(kind) or (".png" if data.startswith(b"\x89PNG") else ".jpg")
        if self.keep_names and suffix != ".dcm":
            name = item.where
            if not is_safe(name):
                raise rejected("unsafe-path")
        else:
            name = naming.of_path(self.keys, str(self.path.resolve()), item.where, suffix)
        original = self.path / item.where if self.path.is_dir() else self.path
        if self.link and not self._is_archive():
            return shelf.copy(name, original, ADDRESS, link=True)
        return shelf.keep(name, data, ADDRESS)

    def _is_archive(self) -> bool:
        if self.path.is_dir():
            return False
        with self.path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"


def key_of(path: Path, keys: Keyring) -> str:
    """A key for a path that nobody named: it says nothing of the path, and is always the same.

    Raises:
        InputError: there is nothing at the path.
    """
    try:
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise InputError(
            "There is nothing that can be opened at the given path.",
            "Check the path and its permissions.",
        ) from None
    return f"local_{keys.digest('local-source', str(resolved)).hex()[:8]}"
