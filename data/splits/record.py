"""The split of a workspace as it is written: ``splits.json``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.duplicates.pair import Pair
from radixgpt.case import Case, Split
from radixgpt.errors import CaseError


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(_Model):
    """How much lies on one side."""

    patients: int = 0
    cases: int = 0


class Splits(_Model):
    """Which side every case is on, and why."""

    shares: dict[Split, float] = Field(description="Asked-for shares of each source's patients")
    seed: int
    of: str = Field(description="Hash of ids, patients, images and texts of the cases split")
    sources: dict[str, dict[Split, Side]] = Field(description="What each source has on each side")
    labels: dict[str, dict[Split, int]] = Field(
        description="Patients on each side with each label, over all sources"
    )
    fixed: int = Field(description="Patients whose side is fixed by the weights that ship")
    groups: tuple[tuple[str, ...], ...] = Field(
        description="Patients that are kept together, as they share a picture, person or text"
    )
    pairs: tuple[Pair, ...] = Field(description="What the patients of the groups share")
    boilerplate: int = Field(description="Texts that say nothing of their patient; never linked")
    cases: dict[str, Split] = Field(description="Case to its side")


def content(cases: Iterable[Case]) -> str:
    """Hash of what a split depends on."""
    total = hashlib.sha256()
    for case in cases:
        parts = [case.id, case.patient, case.text, *(image.sha256 for image in case.images)]
        parts += [finding.model_dump_json() for finding in case.findings]
        total.update("\0".join(parts).encode("utf-8", "surrogatepass") + b"\n")
    return total.hexdigest()[:32]


def write_splits(path: Path, splits: Splits) -> None:
    """Write a split; the file appears whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text(splits.model_dump_json(indent=1, exclude_defaults=True) + "\n", encoding="utf-8")
    new.replace(path)


def read_splits(path: Path) -> Splits:
    """Read a split.

    Raises:
        CaseError: there is none, or it is damaged.
    """
    try:
        return Splits.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise CaseError(
            f"There is no {path.name} here.", "Make it first: radixgpt data split."
        ) from error
    except ValidationError as error:
        raise CaseError(f"{path.name} is damaged.", "Make it anew: radixgpt data split.") from error
