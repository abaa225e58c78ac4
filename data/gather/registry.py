"""What the project knows of public data: terms, addresses, sizes and hashes, in one YAML file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from data.gather.download import Remote
from data.gather.source import Terms
from data.gather.unpack import Kind


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Set(_Model):
    licence: str
    licence_url: str | None
    commercial: bool
    page: str
    citation: str
    note: str = ""


class _StagedRow(_Model):
    key: str
    of: str
    title: str
    place: str


class _FileRow(_Model):
    name: str
    address: str = Field(pattern=r"^https://")
    size: int | None
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")
    md5: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$")
    unpack: Kind | None = None


class _PublicRow(_Model):
    key: str
    of: str
    title: str
    gigabytes: float
    files: list[_FileRow] = Field(min_length=1)


class _File(_Model):
    sets: dict[str, _Set]
    staged: list[_StagedRow]
    public: list[_PublicRow]


@dataclass(frozen=True)
class Staged:
    """A set among the staged data.

    Attributes:
        key: its source key.
        title: one line for people.
        place: its folder or file within the staged data.
        address: the page of the published set that it was taken from.
        terms: of the published set.
    """

    key: str
    title: str
    place: str
    address: str
    terms: Terms


@dataclass(frozen=True)
class Published:
    """A file of a published set.

    Attributes:
        remote: its address, size and hash.
        unpack: kind of archive, if it is one; archives are unpacked and not kept.
    """

    remote: Remote
    unpack: Kind | None


@dataclass(frozen=True)
class Public:
    """A set at its published addresses.

    Attributes:
        key: its source key.
        title: one line for people.
        page: its page, for people.
        gigabytes: about how much comes over the network.
        terms: of the set.
        files: what is published.
    """

    key: str
    title: str
    page: str
    gigabytes: float
    terms: Terms
    files: tuple[Published, ...]


@cache
def _file() -> _File:
    text = resources.files("data.gather").joinpath("registry.yaml").read_text(encoding="utf-8")
    return TypeAdapter(_File).validate_python(yaml.safe_load(text))


def _terms(of: str) -> Terms:
    known = _file().sets[of]
    return Terms(
        licence=known.licence,
        licence_url=known.licence_url,
        commercial=known.commercial,
        citation=known.citation,
        note=known.note,
    )


def staged() -> list[Staged]:
    """Every set of the staged data, in the order of the registry."""
    return [
        Staged(row.key, row.title, row.place, _file().sets[row.of].page, _terms(row.of))
        for row in _file().staged
    ]


def public() -> list[Public]:
    """Every set that can be fetched, in the order of the registry."""
    return [
        Public(
            row.key,
            row.title,
            _file().sets[row.of].page,
            row.gigabytes,
            _terms(row.of),
            tuple(_published(file, _file().sets[row.of].page) for file in row.files),
        )
        for row in _file().public
    ]


def _published(row: _FileRow, page: str) -> Published:
    remote = Remote(row.address, row.name, row.size, row.sha256, row.md5, page)
    return Published(remote, row.unpack)
