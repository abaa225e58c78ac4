"""PNG and JPEG to slices: no geometry, no millimetres, nothing of their metadata."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from radixgpt.reading.frame import LAST, Frame
from radixgpt.reading.identity import Keyring
from radixgpt.reading.limits import Limits
from radixgpt.reading.pixels import COLOUR_WARNING, luminance
from radixgpt.reading.quiet import quiet
from radixgpt.reading.reasons import rejected

PICTURE_WARNING = "Pictures carry no spacing; no millimetres are measured."


def frame(data: bytes, keys: Keyring, limits: Limits) -> Frame:
    """The one slice of a picture; of an animation its first frame.

    Pictures of equal bytes get equal keys.

    Raises:
        RejectedObjectError: damaged or too large.
    """
    pixels, coloured = _pixels(data, limits)
    key = keys.uid(data)
    warnings = [PICTURE_WARNING, COLOUR_WARNING] if coloured else [PICTURE_WARNING]
    return Frame(pixels=pixels, series=key, instance=key, order=LAST, warnings=tuple(warnings))


def _pixels(data: bytes, limits: Limits) -> tuple[npt.NDArray[Any], bool]:
    """Grey values of shape (rows, columns), and whether there was colour."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        # Nothing but these two decoders is let near the bytes.
        with quiet(), Image.open(BytesIO(data), formats=("PNG", "JPEG")) as opened:
            if max(opened.size) > limits.side:
                raise rejected("too-large")
            if opened.width * opened.height * 4 > limits.image_bytes:
                raise rejected("too-large")
            opened.load()
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I"):
                return np.asarray(image, dtype=np.int32), False
            if image.mode in ("1", "L"):
                return np.asarray(image.convert("L")), False
            if image.mode == "F":
                return np.asarray(image, dtype=np.float32), False
            colours = np.asarray(_on_black(image.convert("RGBA")))
    except Image.DecompressionBombError:
        raise rejected("too-large") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, MemoryError):
        raise rejected("damaged") from None
    if bool((colours == colours[..., :1]).all()):
        return colours[..., 0], False
    return luminance(colours), True


def _on_black(image: Any) -> Any:
    """Lay a picture with transparency on black."""
    from PIL import Image

    return Image.alpha_composite(Image.new("RGBA", image.size, "black"), image).convert("RGB")
