"""The exploration: from a file of cases to its sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.explore.acquisition import acquisition
from data.explore.cohort import cohort
from data.explore.cooccurrence import cooccurrence
from data.explore.duplicates import duplicates
from data.explore.embedding import Embedding, embedding_map
from data.explore.licences import licences
from data.explore.missing import missing_data
from data.explore.page import to_html
from data.explore.pairs import known_pairs
from data.explore.pixels import Looks, look_at, sampled
from data.explore.places import Places
from data.explore.prevalence import prevalence
from data.explore.quality import quality
from data.explore.section import Section
from data.explore.suspicious import suspicious
from data.explore.tables import Say, Tables
from data.explore.vocabulary import vocabulary
from data.workspace import Workspace
from radixgpt import __version__

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "radixgpt-exploration/1"
MOST_IMAGES = 3000
"""So many images are opened; of more, a sample by source."""


@dataclass(frozen=True, eq=False)
class Given:
    """What the caller knows besides the cases; all of it may be missing.

    Attributes:
        embedding: vectors of images.
        seen: what each image looks like: ``case``, ``image``, ``looks``, ``looks_chance``.
        discs: what was measured of each disc.
        citations: of each source.
        more: sections that others made of the same cases, such as baselines.
    """

    embedding: Embedding | None = None
    seen: pd.DataFrame | None = None
    discs: pd.DataFrame | None = None
    citations: Mapping[str, str] | None = None
    more: tuple[Section, ...] = ()


@dataclass(frozen=True, eq=False)
class Exploration:
    """The sections, and what they were made from."""

    sections: tuple[Section, ...]
    sha256: str
    seed: int

    def statistics(self) -> dict[str, Any]:
        """The numbers behind the sections, for a machine."""
        return {
            "format": FORMAT,
            "radixgpt": __version__,
            "cases_sha256": self.sha256,
            "seed": self.seed,
            "sections": {
                s.key: {
                    "sentence": s.sentence,
                    "absent": s.absent,
                    "alerts": list(s.alerts),
                    "statistics": s.statistics,
                }
                for s in self.sections
            },
        }

    def html(self) -> str:
        """The page."""
        facts = {
            "title": "Exploration of the data",
            "command": "radixgpt data explore",
            "numbers": "explore.json",
            "version": __version__,
            "sha256": self.sha256,
            "seed": self.seed,
        }
        return to_html(self.sections, facts)


def images_to_open(tables: Tables, seed: int) -> list[int]:
    """Row numbers of the images that are opened: all, or a sample by source."""
    sources = tables.images["case"].map(tables.cases["source"])
    return sampled([str(source) for source in sources], MOST_IMAGES, seed)


def open_images(tables: Tables, root: Path, say: Say, *, seed: int) -> Looks:
    """Open and measure the images.

    Args:
        tables: the cases.
        root: folder that the images' paths start from.
        say: told how far it is.
        seed: of the sample.
    """
    return look_at(root, tables.images, images_to_open(tables, seed), say)


def explore(
    cases: Path,
    workspace: Workspace,
    tables: Tables,
    looks: Looks,
    given: Given,
    say: Say = lambda _what, _done, _total: None,
    *,
    seed: int = 0,
    excerpts: bool = False,
) -> Exploration:
    """Explore cases.

    Args:
        cases: their file.
        workspace: folder that the images' paths start from, and where the split lies.
        tables: the cases as :func:`read_tables` read them.
        looks: its images as :func:`open_images` opened them.
        given: what is known besides.
        say: told what is done, how much of it, and of how much.
        seed: of samples, folds and the projection; equal input and seed give equal numbers.
        excerpts: put the beginnings of a few texts on the page.
    """
    root = workspace.root
    known = known_pairs(cases, root, workspace.splits, tables, looks, say)
    sections = (
        cohort(tables),
        acquisition(tables),
        prevalence(tables),
        cooccurrence(tables),
        vocabulary(tables, say, seed=seed, excerpts=excerpts),
        quality(tables, looks),
        embedding_map(tables, looks, given.embedding, say, seed=seed),
        duplicates(tables, looks, known),
        suspicious(
            Places(root, tables, looks, given.discs), given.embedding, given.seen, say, seed=seed
        ),
        *given.more,
        missing_data(tables, looks),
        licences(tables, given.citations or {}),
    )
    return Exploration(sections, tables.sha256, seed)
