"""Where the steps of the data leave what they make: one folder, one name a thing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT = Path("out/data")


@dataclass(frozen=True)
class Workspace:
    """A folder that ``gather``, ``map``, ``split``, ``explore`` and ``baselines`` share.

    Paths in cases and in the provenance are relative to ``root``, so the folder can be moved.
    """

    root: Path = DEFAULT

    @property
    def gathered(self) -> Path:
        """One folder a source, as gathered."""
        return self.root / "gathered"

    @property
    def provenance(self) -> Path:
        """JSON lines: path, source, licence, address and hash of every gathered file."""
        return self.root / "provenance.jsonl"

    @property
    def mapped(self) -> Path:
        """JSON lines a source: what came of each unit of its mapping, kept so that it resumes."""
        return self.root / "mapped"

    @property
    def refused(self) -> Path:
        """JSON lines: files and rows that no case was made from, each with its reason."""
        return self.root / "refused.jsonl"

    @property
    def studies(self) -> Path:
        """Folders of studies laid out anew, under names that tell nothing."""
        return self.root / "studies"

    @property
    def cases(self) -> Path:
        """JSON lines of :class:`radixgpt.case.Case`."""
        return self.root / "cases.jsonl"

    @property
    def tables(self) -> Path:
        """Parquet tables of the cases: ``cases``, ``images`` and ``findings``."""
        return self.root / "tables"

    @property
    def splits(self) -> Path:
        """JSON: the split of every case, its settings, duplicates and counts."""
        return self.root / "splits.json"

    @property
    def measures(self) -> Path:
        """Parquet tables of what the tools measure: ``discs`` and ``embeddings``."""
        return self.root / "measures"

    @property
    def exploration(self) -> Path:
        """The exploration as a folder with ``index.html``."""
        return self.root / "explore"

    @property
    def baselines(self) -> Path:
        """The baselines: ``baselines.json``, ``baselines.csv`` and ``index.html``."""
        return self.root / "baselines"
