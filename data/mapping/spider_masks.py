"""SPIDER's T2 SPACE slices with masks; a case is a patient, the same as in ``spider``.

``images`` and ``masks`` hold ``<patient>_t2_SPACE_slice<number>.png``; a mask is 0 background, 1
vertebra, 2 disc, 3 spinal canal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data.mapping.pictures import NO_SPACING, picture, pictures
from data.mapping.source import Mapped, Refused, Source, Unit
from radixgpt.case import Case, Image
from radixgpt.errors import CaseError, RefusedError

_NAME = re.compile(r"(?P<patient>[^_]+)_t2_SPACE_slice(?P<slice>\d+)")
_LABELS = 4


def units(source: Source) -> Iterator[Unit]:
    """A unit a patient, after one for what belongs to none.

    Raises:
        CaseError: there is no picture.
    """
    files = pictures(source.folder / "images")
    masks = pictures(source.folder / "masks")
    if not files:
        raise CaseError("The folder images holds no picture.", "Gather the source again.")
    patients: dict[str, list[tuple[int, str]]] = {}
    loose: list[Refused] = []
    for name, file in files.items():
        match = _NAME.fullmatch(name)
        if match is None:
            error = RefusedError(
                "The name has another form than patient_t2_SPACE_sliceN.", "Rename the picture."
            )
            loose.append(source.refused(file, error))
            continue
        patients.setdefault(match["patient"], []).append((int(match["slice"]), name))
    orphan = RefusedError("No picture belongs to this mask.", "Gather the source again.")
    loose += [source.refused(masks[name], orphan) for name in masks if name not in files]
    total = len(patients) + 1
    yield Unit("loose", lambda: Mapped(unit="loose", refused=tuple(loose)), 1, total)
    for done, (key, slices) in enumerate(sorted(patients.items()), start=2):
        names = [name for _, name in sorted(slices)]
        yield Unit(key, partial(_unit, source, key, names, files, masks), done, total)


def _unit(
    source: Source, key: str, names: list[str], files: dict[str, Path], masks: dict[str, Path]
) -> Mapped:
    images: list[Image] = []
    refused: list[Refused] = []
    warnings = [NO_SPACING]
    for name in names:
        try:
            image, told = picture(
                source,
                files[name],
                modality="MR",
                plane="sagittal",
                sequence="t2_space",
                region="lumbar",
                mask=source.path(masks[name]) if name in masks else None,
                facts={"slice": float(name.rpartition("slice")[2])},
            )
        except RefusedError as error:
            refused.append(source.refused(files[name], error))
            continue
        warnings += told
        if name in masks:
            problem = _mask_problem(masks[name], image)
            if problem:
                refused.append(source.refused(masks[name], problem))
                image = image.model_copy(update={"mask": None})
        else:
            warnings.append(f"Slice {name.rpartition('slice')[2]} has no mask.")
        images.append(image)
    if not images:
        return Mapped(unit=key, refused=tuple(refused))
    case = Case(
        id=f"{source.key}/{key}",
        source=source.key,
        licence=source.licence(),
        patient=f"spider/{key}",
        images=tuple(images),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    return Mapped(unit=key, cases=(case,), refused=tuple(refused))


def _mask_problem(file: Path, image: Image) -> RefusedError | None:
    """Why a mask can't be the picture's, or None."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with Pillow.open(file, formats=("PNG",)) as mask:
            if (mask.height, mask.width) != (image.rows, image.columns):
                return RefusedError(
                    "The mask has another size than its picture.", "Gather the source again."
                )
            if mask.mode != "L" or any(mask.histogram()[_LABELS:]):
                return RefusedError("The mask holds other labels than 0 to 3.", "Label it anew.")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return RefusedError("The mask is damaged or cut off.", "Gather the source again.")
    return None
