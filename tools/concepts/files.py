"""Files of the ImageCLEF concept task: ``ID,CUIs`` with ``;`` between the CUIs.

``eval.concepts`` reads and scores them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from eval.concepts import MOST, rows_of
from radixgpt.errors import CaseError

HEAD = ("ID", "CUIs")
IMAGES = (".png", ".jpg", ".jpeg", ".dcm", ".nii", ".nii.gz", "")
"""Endings of the image of an id, in the order in which they are looked for; last a folder."""


def dumped(rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A submission as CSV; an image without a concept has an empty cell.

    Raises:
        CaseError: an id is empty or repeated, has white space around it or a line break within; a
            CUI is repeated or holds a semicolon; or an image has more CUIs than are allowed.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(HEAD)
    seen: set[str] = set()
    for name, cuis in rows:
        _check(name, cuis, seen)
        seen.add(name)
        lines.writerow([name, ";".join(cuis)])
    return text.getvalue()


def _check(name: str, cuis: Sequence[str], seen: set[str]) -> None:
    if not name or name != name.strip() or len(name.splitlines()) > 1:
        raise CaseError("An image has no usable id.", "Give it a file name of one line.")
    if name in seen:
        raise CaseError(f"Two images have the id {name[:60]}.", "Rename one of the two.")
    if len(set(cuis)) < len(cuis) or any(";" in cui or cui != cui.strip() for cui in cuis):
        raise CaseError(f"Image {name[:60]} has a CUI twice, or a malformed one.", "Correct it.")
    if len(cuis) > MOST:
        raise CaseError(f"Image {name[:60]} has {len(cuis)} CUIs.", f"{MOST} are allowed.")


def ids_of(path: Path) -> tuple[str, ...]:
    """The ids of a file of the task, in its order; its CUIs are not looked at.

    Raises:
        CaseError: it can't be read, lists no id, or one twice.
    """
    found = [name for _, name, _ in rows_of(path)]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice or not all(found) or not found:
        what = f"lists {twice[0][:60]} twice" if twice else "lists an empty id, or none"
        raise CaseError(f"{path.name} {what}.", "List each image once.")
    return tuple(found)


def image_of(folder: Path, name: str) -> Path:
    """The file or folder of an id within a folder.

    Raises:
        CaseError: there is none, or the id leads out of the folder.
    """
    if Path(name).name != name or name in (".", ".."):
        raise CaseError(f"The id {name[:60]} is no file name.", "List ids as file names.")
    for ending in IMAGES:
        path = folder / f"{name}{ending}"
        if path.exists():
            return path
    raise CaseError(
        f"There is no image {name[:60]} in the folder.", "Put it there, as PNG, JPEG or DICOM."
    )
