"""What an index is made of: written last, read first, and checked.

An index is a folder. ``manifest.json`` names its files with their hashes and is replaced in one
step, so that a reader sees the index before a change or after it, never between. It is a manifest
of :mod:`radixgpt.weights` besides, so that an index can ship like weights do.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from radixgpt.errors import CorpusError
from retrieval.corpus import cleaned

MANIFEST = "manifest.json"
FORMAT = 1
Kind = Literal["flat", "hnsw", "ivf"]
"""How vectors are searched: exactly, through a graph, or through lists of neighbours."""
_MEND = "Build the index again, or restore its folder."


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EncoderFacts(_Model):
    """The encoder that made the vectors; no other one may ask for them."""

    name: str
    sha256: str
    dimension: int = Field(gt=0)


class Segment(_Model):
    """A part of the entries, with their vectors in a file of the same name."""

    entries: str = Field(description="File of JSON lines")
    vectors: str | None = Field(description="File of arrays; null without an encoder")
    cases: int = Field(ge=0)


class Manifest(_Model):
    """What ``manifest.json`` says.

    Attributes:
        complete: False while an index is being built; such an index is not searched.
        structures: space to the file of its graph or lists; a flat index has none.
        next_vector: number that the next vector gets; numbers are never given twice.
        workspace: way from the index to the workspace, of ``..`` alone; None where it lies
            elsewhere.
    """

    format: int = FORMAT
    name: str
    version: str
    licence: str
    summary: str = ""
    files: dict[str, str] = Field(description="SHA-256 of every file")
    software: str
    kind: Kind = "flat"
    complete: bool = False
    encoder: EncoderFacts | None
    segments: tuple[Segment, ...] = ()
    structures: dict[str, str] = Field(default_factory=dict)
    next_vector: int = 0
    cases: int = 0
    patients: int = 0
    vectors: dict[str, int] = Field(default_factory=dict, description="How many, by space")
    licences: dict[str, int] = Field(default_factory=dict, description="Licence to cases")
    origins: dict[str, int] = Field(default_factory=dict, description="Who wrote the texts")
    workspace: str | None = Field(default=None, pattern=r"^\.\.(/\.\.)*$|^\.$")

    @field_validator("name", "version", "licence", "summary")
    @classmethod
    def _one_line(cls, text: str) -> str:
        return " ".join(cleaned(text).split())[:500]


def name_of(folder: Path) -> str:
    """How a folder is called in a message, without the path of a machine."""
    return folder.resolve().name


def none_in(folder: Path) -> CorpusError:
    """The error for a folder without an index."""
    what = "folder" if folder.is_dir() else "file" if folder.exists() else ""
    named = f"in the {what} '{name_of(folder)}'" if what else f"at '{name_of(folder)}'"
    return CorpusError(
        f"There is no index {named}.",
        "Make one (radixgpt index build CASES -o FOLDER), or name another one by -i or "
        "RADIXGPT_INDEX.",
    )


def read(folder: Path) -> Manifest:
    """The manifest of an index.

    Raises:
        CorpusError: there is none, it does not parse, or a newer version wrote it.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise none_in(folder) from error
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"The manifest of the index '{name_of(folder)}' can't be read.", _MEND
        ) from error
    try:
        found = Manifest.model_validate_json(text)
    except ValidationError as error:
        if _format_of(text) > FORMAT:
            raise CorpusError(
                "The index was written by a newer version.", "Update RadiXGPT, or build it again."
            ) from error
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the file"
        raise CorpusError(
            f"The manifest of the index '{name_of(folder)}' is not valid at {where}.", _MEND
        ) from error
    if found.format != FORMAT:
        raise CorpusError(
            f"The index has the format {found.format}; this version reads {FORMAT}.",
            "Build the index again, or update RadiXGPT.",
        )
    return found


def _format_of(text: str) -> int:
    try:
        value = json.loads(text)["format"]
    except (ValueError, KeyError, TypeError):
        return 0
    return value if isinstance(value, int) else 0


def check(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its hash.

    Raises:
        CorpusError: one is missing or altered, or the manifest names a file that it has no hash of.
    """
    named = [name for one in manifest.segments for name in (one.entries, one.vectors) if name]
    for name in (*named, *manifest.structures.values()):
        if name not in manifest.files:
            raise CorpusError(f"The manifest of the index has no hash of {name[:60]}.", _MEND)
    for name, expected in manifest.files.items():
        if "/" in name or "\\" in name or name.startswith("."):
            raise CorpusError("The manifest of the index names a file elsewhere.", _MEND)
        try:
            found = sha256(folder / name)
        except OSError as error:
            raise CorpusError(
                f"The index '{name_of(folder)}' lacks its file {name[:60]}.", _MEND
            ) from error
        if found != expected:
            raise CorpusError(
                f"The index '{name_of(folder)}' is damaged: {name[:60]} is not what its manifest "
                "says.",
                _MEND,
            )


def matches(made: EncoderFacts | None, asked: EncoderFacts) -> None:
    """Refuse an encoder that did not make the vectors.

    Raises:
        CorpusError: the index has no vectors, or another encoder or version made them.
    """
    if made is None:
        raise CorpusError(
            "The index has no vectors: it was built without an encoder.",
            "Search it by text and findings, or build it again with an encoder.",
        )
    if made != asked:
        same = made.name == asked.name
        what = "another version of its weights" if same else f"the encoder {asked.name[:80]}"
        raise CorpusError(
            f"The index was made with {made.name[:80]} ({made.sha256[:8]}), and is asked with "
            f"{what} ({asked.sha256[:8]}).",
            "Use the encoder that made it, or build the index again.",
        )


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def replace(path: Path, data: bytes) -> None:
    """Write a file so that it is there as a whole or not at all, also after a loss of power.

    Raises:
        CorpusError: the folder can't be written to, or the disk is full.
    """
    new = path.with_name(path.name + ".new")
    try:
        with new.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(path)
    except OSError as error:
        raise CorpusError(
            f"No index can be written there: {error.strerror or 'unknown reason'}.",
            "Name a folder that you may write to, on a disk with room; the index is as it was "
            "before.",
        ) from error


def write(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in the place of the one before; its files must be there already."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
    replace(folder / MANIFEST, text.encode())
