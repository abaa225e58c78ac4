"""Exploring cases: one page, complete in itself, that shows what the data is and what is wrong."""

from __future__ import annotations

from data.explore.embedding import Embedding
from data.explore.exploration import Exploration, Given, explore, images_to_open, open_images
from data.explore.tables import Tables, read_tables

__all__ = [
    "Embedding",
    "Exploration",
    "Given",
    "Tables",
    "explore",
    "images_to_open",
    "open_images",
    "read_tables",
]
