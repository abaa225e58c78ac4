"""What the project knows of public data: terms, addresses, sizes and hashes, in one YAML file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from data.gather.source import Terms


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


class _File(_Model):
    sets: dict[str, _Set]
    staged: list[_StagedRow]


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
