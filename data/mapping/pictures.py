"""Picture files as images of a case: whole, hashed and measured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from data.mapping.source import Refused, Source
from radixgpt.case import Image
from radixgpt.errors import RefusedError
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.quiet import quiet

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
NO_SPACING = "Pictures carry no spacing, and some are stretched: no millimetres."


def pictures(folder: Path) -> dict[str, Path]:
    """The pictures of a folder by their names without suffix; empty where it isn't there."""
    if not folder.is_dir():
        return {}
    return {
        path.stem: path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    }


def picture(source: Source, file: Path, **facts: Any) -> tuple[Image, tuple[str, ...]]:
    """A picture as an image of a case, and warnings.

    Args:
        source: that it belongs to.
        file: the picture.
        facts: further fields of the image.

    Raises:
        RefusedError: it can't be read to its end.
    """
    rows, columns = _size(file)
    digest, warnings = source.hashed(file)
    image = Image(path=source.path(file), sha256=digest, rows=rows, columns=columns, **facts)
    return image, warnings


def _size(file: Path) -> tuple[int, int]:
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with quiet(), Pillow.open(file, formats=("PNG", "JPEG")) as opened:
            if max(opened.size) > LIMITS.side:
                raise RefusedError("The picture is too large.", "Scale it down.")
            opened.load()
            return opened.height, opened.width
    except FileNotFoundError as error:
        raise RefusedError("The picture is missing.", "Gather the source again.") from error
    except (
        UnidentifiedImageError,
        Pillow.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise RefusedError(
            "The picture is damaged or cut off.", "Gather the source again."
        ) from error


def unnamed(source: Source, files: Iterable[Path], table: str) -> list[Refused]:
    """Refusals of pictures that no row of a table names."""
    error = RefusedError(
        f"No row of {table} names this picture.", "Add its row, or take the picture away."
    )
    return [source.refused(file, error) for file in files]
