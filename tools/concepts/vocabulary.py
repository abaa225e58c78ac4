"""The vocabulary of concepts: of gradings, anatomy, technique, and of captions of spine figures.

It is written by ``python -m finetune.concepts fit`` from the tables of ``radixgpt.terminology`` and
from the CUIs of the staged ROCO captions. Meanings are our own words; those CUIs of the captions
that no table confirms have none.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from radixgpt.weights import load_card

Group = Literal[
    "finding", "vertebra", "disc", "region", "part", "modality", "plane", "sequence", "caption"
]

NO_TOOL = "no tool here looks for it"
"""Why a concept is not detectable, unless a tool that is added looks for it after all."""


class Entry(BaseModel):
    """One concept.

    Attributes:
        key: its CUI, or our name for it where no CUI was confirmed.
        detector: the tool that looks for it; empty where none does.
        why_not: why no tool detects it.
        names: of a finding, the rows of the table (``kind`` or ``kind:value``) that have this
            concept; of the rest, our name of the level, region, part, modality, plane or weighting.
        captions: how many of the ROCO captions have it.
        word: the word or two words that go with it in the ROCO captions, if one does.
        with_word: how many of its captions have the word.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    cui: str | None = None
    meaning: str = ""
    group: Group
    detector: str = ""
    why_not: str = ""
    source: str = Field(default="", description="Where the CUI was read")
    names: tuple[str, ...] = ()
    captions: int = 0
    word: str = ""
    with_word: int = 0


_ENTRIES: TypeAdapter[tuple[Entry, ...]] = TypeAdapter(tuple[Entry, ...])


@cache
def vocabulary() -> tuple[Entry, ...]:
    """Every concept, those that a tool looks for first.

    Raises:
        WeightsError: ``weights/concepts`` is missing or damaged.
    """
    return _ENTRIES.validate_json(load_card("concepts").file("vocabulary.json").read_bytes())


def dumped(entries: tuple[Entry, ...]) -> bytes:
    """A vocabulary as it is written."""
    return _ENTRIES.dump_json(entries, indent=1, exclude_defaults=True) + b"\n"
