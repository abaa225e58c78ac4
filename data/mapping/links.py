"""Studies laid out anew under names that tell nothing: hard links, else copies."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path


def link(file: Path, place: Path) -> None:
    """Put a file at a place, without taking up room where the file system allows it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.hardlink_to(file.resolve())
    except OSError:  # another disk, or a file system without hard links
        shutil.copyfile(file, place)


def emptied(folder: Path) -> Path:
    """A folder with nothing in it."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def hash_of(files: Iterable[Path]) -> str:
    """SHA-256 over the bytes of files, one after the other."""
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            while piece := opened.read(1 << 20):
                total.update(piece)
    return total.hexdigest()
