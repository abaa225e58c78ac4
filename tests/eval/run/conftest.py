"""A workspace with tiny pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with the pictures of cases 0 to 5; the grey of a picture is ten times its number."""
    (tmp_path / "images").mkdir()
    for number in range(6):
        pixels = np.full((8, 6), 10 * number, np.uint8)
        pixels[0] = 200
        Picture.fromarray(pixels, mode="L").save(tmp_path / f"images/{number}.png")
    return tmp_path
