"""Made-up images as PNG files that say what they are."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt

from radixgpt import __version__

MARK = "SYNTHETIC image made by a program, not of a patient"


def as_png(picture: npt.NDArray[np.float32], *, by: str, asked: str, seed: int) -> bytes:
    """A PNG with text chunks that mark it.

    Args:
        picture: (rows, columns) in [-1, 1].
        by: what made it: ``phantom``, ``rgan``, ``diffusion``, ...
        asked: what it was asked to show.
        seed: of what was drawn.

    The chunk ``Synthetic`` is ``true``, and ``Description`` begins with :data:`MARK`.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Synthetic", "true")
    told.add_text("Software", f"RadiXGPT {__version__}, {by}")
    told.add_itxt("Description", f"{MARK}. Asked for: {asked}", zip=len(asked) > 500)
    told.add_text("Seed", str(seed))
    grey = np.clip(np.rint((picture + 1) * 127.5), 0, 255).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(grey).save(out, "PNG", pnginfo=told)
    return out.getvalue()
