"""Small corpora: cases with gradings, texts and seeded vectors."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from radixgpt.case import StatedFinding
from radixgpt.level import LUMBAR_DISCS
from retrieval import writer
from retrieval.corpus import Entry, Floats, Item
from retrieval.lexical import tokens_of
from retrieval.manifest import EncoderFacts, Kind
from retrieval.store import Store
from retrieval.writer import Writer

ENCODER = EncoderFacts(name="seeded", sha256="5" * 64, dimension=16)
Spine = Mapping[str, Mapping[str, int]]
"""Level to kind to grade; everything else is healthy."""


def unit(seed: object, towards: Floats | None = None, share: float = 0.0) -> Floats:
    """A seeded vector of unit length, which leans towards another one by ``share``."""
    vector = np.random.default_rng(zlib.crc32(str(seed).encode())).normal(size=ENCODER.dimension)
    vector /= np.linalg.norm(vector)
    if towards is not None:
        vector = (1 - share) * vector + share * towards
        vector /= np.linalg.norm(vector)
    return vector.astype(np.float32)


def graded(spine: Spine) -> tuple[StatedFinding, ...]:
    """The gradings of a spine as the mapping of a table of grades makes them."""
    found: list[StatedFinding] = []
    for level in LUMBAR_DISCS:
        own = spine.get(level, {})
        found.append(StatedFinding(level=level, kind="pfirrmann", value=own.get("pfirrmann", 2)))
        change = own.get("modic", 0)
        found.append(
            StatedFinding(
                level=level, kind="modic", value=change,
                assertion="present" if change else "absent",
            )
        )  # fmt: skip
        for kind in ("disc_narrowing", "disc_bulging", "disc_herniation", "spondylolisthesis"):
            said: Any = "present" if own.get(kind) else "absent"
            found.append(StatedFinding(level=level, kind=kind, assertion=said))
    return tuple(found)


def item(number: int, spine: Spine | None = None, text: str = "", **fields: Any) -> Item:
    findings = graded(spine) if spine is not None else ()
    report: Any = {"findings": text} if text else {}
    entry = Entry(
        **{
            "id": f"test/{number}", "patient": f"test/{number}", "source": "test",
            "licence": "CC BY 4.0", "modality": "MR", "region": "lumbar", "findings": findings,
            "report": report, "origin": "human" if text else "none",
            "tokens": tokens_of(report, findings), **fields,
        }
    )  # fmt: skip
    discs = {level: unit((number, level)) for level in LUMBAR_DISCS} if spine is not None else {}
    return Item(
        entry,
        image=unit((number, "image")) if discs else None,
        text=unit((number, "text")) if text else None,
        discs=discs,
    )


@pytest.fixture
def built(tmp_path: Path) -> Callable[..., Store]:
    """An index of items, opened."""

    def build(*items: Item, kind: Kind = "flat", encoder: EncoderFacts | None = ENCODER) -> Store:
        made = Writer.create(tmp_path / "index", writer.fresh("test", encoder=encoder, kind=kind))
        made.add(items)
        made.finish()
        return Store.open(tmp_path / "index", encoder=encoder)

    return build


@pytest.fixture(scope="session")
def make_item() -> Callable[..., Item]:
    """``make_item(number, spine, text, **fields)``: a case with seeded vectors."""
    return item


@pytest.fixture(scope="session")
def encoder() -> EncoderFacts:
    return ENCODER


@pytest.fixture(scope="session")
def seeded() -> Callable[..., Floats]:
    return unit


@pytest.fixture(scope="session")
def gradings() -> Callable[[Spine], tuple[StatedFinding, ...]]:
    return graded
