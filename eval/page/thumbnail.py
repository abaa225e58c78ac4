"""A small picture of a study inside a page."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path

SIDE = 360
"""Pixels of the longer side at most."""


def thumbnail(path: Path) -> str:
    """A picture as a ``data:`` address, no larger than SIDE.

    Raises:
        ValueError: there is no such file, or it is no picture that can be read; the message is
            fit for a page and names no path.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as file:
            file.draft(None, (SIDE, SIDE))
            if file.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel
                values = np.asarray(file, float)
                low, high = float(values.min()), float(values.max())
                scaled = (values - low) * (255 / (high - low) if high > low else 0)
                shown = Image.fromarray(scaled.astype(np.uint8))
            else:
                shown = file.convert("L" if file.mode in ("1", "L", "LA") else "RGB")
            shown.thumbnail((SIDE, SIDE))
    except FileNotFoundError as error:
        raise ValueError("the picture is not there") from error
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise ValueError("the picture can't be read (PNG and JPEG can)") from error
    held = BytesIO()
    shown.save(held, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{b64encode(held.getvalue()).decode()}"
