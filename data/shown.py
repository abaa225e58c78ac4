"""The one picture that stands for an image of a case: the picture itself, or a volume's middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from radixgpt.case import Image
from radixgpt.errors import CaseError, InputError
from radixgpt.reading import read
from radixgpt.reading.quiet import quiet

_PICTURES = (".png", ".jpg", ".jpeg")
_DARK, _BRIGHT = 1.0, 99.0  # percentiles that become black and white


def shown(root: Path, image: Image) -> npt.NDArray[np.uint8]:
    """Grey values of shape (rows, columns): of a picture, or of the middle slice of a series.

    Args:
        root: the workspace that the image's path starts from.
        image: of a case.

    Raises:
        CaseError: the file is missing or can't be read.
    """
    path = root / image.path
    if not path.resolve().is_relative_to(root.resolve()):
        raise CaseError("The path of an image leads out of the workspace.", "Map the source again.")
    if path.suffix.lower() in _PICTURES:
        return _picture(path)
    try:
        series = max(read(path).series, key=lambda one: one.slices)
    except InputError as error:
        raise CaseError(f"{image.path}: {error.problem}", "Map the source again.") from error
    middle = series.pixels[series.slices // 2]
    low, high = np.percentile(middle, (_DARK, _BRIGHT))
    scaled = (middle - low) / max(float(high - low), 1e-6)
    return np.asarray(np.clip(scaled, 0, 1) * 255, np.uint8)


def _picture(path: Path) -> npt.NDArray[np.uint8]:
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with quiet(), Pillow.open(path, formats=("PNG", "JPEG")) as opened:
            return np.asarray(opened.convert("L"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise CaseError(
            f"The picture {path.name} can't be read.", "Gather and map the source again."
        ) from error
