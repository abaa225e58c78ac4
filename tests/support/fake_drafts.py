"""Drafts for tests of the watching: quick ones, and ones that fail in every way.

They stand in a module of their own because the drafting process imports them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from radixgpt.errors import MixedPatientsError


def quick(images: Path, out: Path, formats: tuple[str, ...]) -> dict[str, Any]:
    """Lists the objects that it was given."""
    (out / "report.json").write_text("\n".join(sorted(p.name for p in images.iterdir())))
    return {"read": True, "reason": None, "seconds": 0.0, "files": ["report.json"]}


def slow(images: Path, out: Path, formats: tuple[str, ...]) -> dict[str, Any]:
    """Takes a while."""
    time.sleep(1.0)
    return quick(images, out, formats)


def stuck(images: Path, out: Path, formats: tuple[str, ...]) -> dict[str, Any]:
    """Never ends."""
    time.sleep(3600)
    return {}


def crashing(images: Path, out: Path, formats: tuple[str, ...]) -> dict[str, Any]:
    """Takes its process with it."""
    os._exit(7)


def raising(images: Path, out: Path, formats: tuple[str, ...]) -> dict[str, Any]:
    """Fails in a way that nobody foresaw."""
    raise AssertionError("zqsecret")


def incomplete(images: Path, out: Path, formats: tuple[str, ...]) -> dict[str, Any]:
    """Fails with one object, after a while."""
    if len(list(images.iterdir())) == 1:
        time.sleep(1.0)
        raise MixedPatientsError("It is not whole.", "Wait.")
    return quick(images, out, formats)


def refusing(images: Path, out: Path, formats: tuple[str, ...]) -> dict[str, Any]:
    """Refuses the study."""
    raise MixedPatientsError("Two patients.", "Give one.")
