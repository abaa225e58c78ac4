"""Text in pixels: what the header says of it, and a look for letters that were drawn in.

Nothing is removed from pixels. An object that may show text is kept out and listed, so that a
person looks at it. The look finds lines of machine-drawn letters in one grey value; it is a
safeguard and no proof that there is none (``docs/howto/deidentify.md`` has what it finds).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from radixgpt.reading.header import Header

Why = Literal["declared", "capture", "modality", "letters"]

_CAPTURE_CLASS = "1.2.840.10008.5.1.4.1.1.7"
_CAPTURE_TYPES = frozenset(
    {
        "SCREEN SAVE",
        "SCREENSHOT",
        "SCREEN",
        "CAPTURE",
        "REPORT",
        "CSA REPORT",
        "DOSE_INFO",
        "PASTED",
    }
)
_TEXT_MODALITIES = frozenset({"US", "ES", "XC", "GM", "SM", "OT", "SC", "IVUS", "OP", "PX"})
_MOST_FRAMES = 16
_THRESHOLDS = (0.98, 0.75, 0.5)
_LETTERS = 5
"""Letters in a line that make a text: markers such as ``L`` or ``R`` are no text."""


def why(header: Header, stack: npt.NDArray[Any]) -> Why | None:
    """Why an object may show text; None where nothing speaks for it.

    Args:
        header: of the object.
        stack: its samples, shape (frames, rows, columns) or with a last axis of colours.
    """
    if header.text("BurnedInAnnotation").upper() == "YES":
        return "declared"
    types = {one.upper() for one in header.texts("ImageType")}
    if header.text("SOPClassUID").startswith(_CAPTURE_CLASS) or types & _CAPTURE_TYPES:
        return "capture"
    if header.text("Modality").upper() in _TEXT_MODALITIES:
        return "modality"
    chosen = np.unique(np.linspace(0, len(stack) - 1, min(len(stack), _MOST_FRAMES)).astype(int))
    return "letters" if any(shows_text(stack[index]) for index in chosen) else None


def shows_text(frame: npt.NDArray[Any]) -> bool:
    """Whether letters stand in a line, drawn brighter or darker than nearly all of a frame.

    Args:
        frame: shape (rows, columns), or with a last axis of colours.
    """
    grey = (frame.max(axis=-1) if frame.ndim == 3 else frame).astype(np.float32)
    low, high = float(grey.min()), float(grey.max())
    if high <= low:
        return False
    level = (grey - low) / (high - low)
    # Smoothed letters hold together at a lower threshold only.
    return any(
        _line_of_letters(level >= share) or _line_of_letters(level <= 1 - share)
        for share in _THRESHOLDS
    )


def _line_of_letters(drawn: npt.NDArray[np.bool_]) -> bool:
    """Whether several small shapes of like height stand on one line, close to one another."""
    from scipy import ndimage

    share = float(drawn.mean())
    if not 0 < share < 0.25:  # the background, or nothing
        return False
    shapes, count = ndimage.label(drawn, structure=np.ones((3, 3), dtype=int))
    if not _LETTERS <= count <= 20_000:
        return False
    sizes = np.bincount(shapes.ravel(), minlength=count + 1)
    boxes: list[tuple[int, int, int, int]] = []
    for number, place in enumerate(ndimage.find_objects(shapes), start=1):
        top, bottom = place[0].start, place[0].stop
        left, right = place[1].start, place[1].stop
        height, width = bottom - top, right - left
        filled = sizes[number] / (height * width)
        if 5 <= height <= 64 and 1 <= width <= 1.6 * height and filled >= 0.2:
            # A stroke is thin: most of a letter's pixels lie at its edge, unlike a bright blob's.
            if width > 2 and filled > 0.85:
                continue
            boxes.append((top, bottom, left, right))
    return any(_line_from(box, boxes) >= _LETTERS for box in boxes)


def _line_from(first: tuple[int, int, int, int], boxes: list[tuple[int, int, int, int]]) -> int:
    """How many letters follow one another on the line of a first one, that one counted."""
    top, bottom, _, edge = first
    height = bottom - top
    slack = max(1, round(0.12 * height))
    count = 1
    for other in sorted(boxes, key=lambda box: box[2]):
        if other[2] < edge or abs(other[1] - bottom) > slack:
            continue
        if abs((other[1] - other[0]) - height) > max(2, 0.35 * height):
            continue
        if other[2] - edge > 1.2 * height:
            break
        count, edge = count + 1, other[3]
    return count
