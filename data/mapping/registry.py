"""Which mapper reads which source; what has none of its own is a folder of studies."""

from __future__ import annotations

from data.mapping import (
    kauh,
    lumbar_notes,
    mtsamples,
    roco,
    spider,
    spider_masks,
    studies,
    sudirman,
)
from data.mapping.source import Mapper

MAPPERS: dict[str, Mapper] = {
    "spider": spider.units,
    "spider_masks": spider_masks.units,
    "sudirman": sudirman.units,
    "kauh": kauh.units,
    "lumbar_notes": lumbar_notes.units,
    "mtsamples": mtsamples.units,
    "roco": roco.units,
}


def mapper_of(key: str) -> Mapper:
    """The mapper of a source."""
    return MAPPERS.get(key, studies.units)
