"""Which mapper reads which source; what has none of its own is a folder of studies."""

from __future__ import annotations

from functools import partial

from data.mapping import (
    kauh,
    lumbar_notes,
    mtsamples,
    openi,
    roco,
    rocov2,
    spider,
    spider_full,
    spider_masks,
    studies,
    sudirman,
    sudirman_full,
)
from data.mapping.source import Mapper

MAPPERS: dict[str, Mapper] = {
    "spider": spider.units,
    "spider_full": spider_full.units,
    "spider_masks": spider_masks.units,
    "sudirman": sudirman.units,
    "sudirman_full": sudirman_full.units,
    "kauh": kauh.units,
    "kauh_full": kauh.units_of_folders,
    "lumbar_notes": lumbar_notes.units,
    "lumbar_notes_full": lumbar_notes.units,
    "mtsamples": mtsamples.units,
    "mtsamples_full": partial(mtsamples.units, reports=mtsamples.PUBLISHED),
    "roco": roco.units,
    "rocov2": rocov2.units,
    "openi": openi.units,
}


def mapper_of(key: str) -> Mapper:
    """The mapper of a source."""
    return MAPPERS.get(key, studies.units)
