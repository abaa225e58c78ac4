"""Draw the notes that are annotated by hand: seeded, stratified, no text twice.

Strata are the length of the note (terciles of characters) by how many lumbar levels it names (none,
one, more), each given its share of the sample by largest remainder. Texts that differ in letter
case, spacing or punctuation alone count as one.
"""

from __future__ import annotations

import csv
import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from radixgpt.errors import CaseError

SEED = 1603
SIZE = 60
AGAIN = 15
"""How many of the sample are marked a second time."""
NOTES = "reports/lumbar_mri_notes.csv"

_LEVEL = re.compile(r"(?i)\b[ld]v?\s?\d{1,2}\s?[-/,\\&]?\s?[ls]?v?\s?\d")


def read_notes(shared: Path) -> dict[str, str]:
    """Notes by patient number, as they stand in the shared data.

    Raises:
        CaseError: the file is missing or has no ``patient_id`` and ``note``.
    """
    path = shared / NOTES
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return {row["patient_id"]: row["note"] for row in csv.DictReader(lines)}
    except FileNotFoundError as error:
        raise CaseError(
            f"There is no {NOTES} in the shared data.",
            "Name the folder with --shared, or set RADIXGPT_SHARED_DATA.",
        ) from error
    except KeyError as error:
        raise CaseError(f"{NOTES} has no column {error}.", "Fetch the file anew.") from error


def digest(text: str) -> str:
    """SHA-256 of a note's text, by which a changed note is told."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(text: str) -> str:
    """What is left of a text when letter case, spacing and punctuation are taken away."""
    return re.sub(r"\W+", " ", text.lower()).strip()


def draw(notes: Mapping[str, str], size: int = SIZE, seed: int = SEED) -> list[str]:
    """Patient numbers of the sample, in numeric order."""
    first: dict[str, str] = {}
    for patient in sorted(notes, key=int):
        first.setdefault(same(notes[patient]), patient)
    pool = sorted(first.values(), key=int)
    lengths = sorted(len(notes[patient]) for patient in pool)
    cuts = lengths[len(lengths) // 3], lengths[2 * len(lengths) // 3]
    strata: dict[tuple[int, int], list[str]] = {}
    for patient in pool:
        text = notes[patient]
        levels = len({re.sub(r"\W", "", level.lower()) for level in _LEVEL.findall(text)})
        key = sum(len(text) >= cut for cut in cuts), min(levels, 2)
        strata.setdefault(key, []).append(patient)
    shares = {key: size * len(members) / len(pool) for key, members in strata.items()}
    counts = {key: int(share) for key, share in shares.items()}
    by_rest = sorted(strata, key=lambda key: (counts[key] - shares[key], key))
    for key in by_rest[: size - sum(counts.values())]:
        counts[key] += 1
    generator = random.Random(seed)
    drawn = [
        patient for key in sorted(strata) for patient in generator.sample(strata[key], counts[key])
    ]
    return sorted(drawn, key=int)


def draw_again(drawn: Sequence[str], size: int = AGAIN, seed: int = SEED + 1) -> list[str]:
    """Patient numbers of those that are marked a second time, in numeric order."""
    return sorted(random.Random(seed).sample(list(drawn), size), key=int)
