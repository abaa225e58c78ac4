"""SPIDER as published: volumes instead of slices; a case is a patient, the same as in ``spider``.

``overview.csv`` has a row a volume, ``radiological_gradings.csv`` a row a disc, ``images`` and
``masks`` hold ``<patient>_<t1|t2|t2_SPACE>.mha``. Volumes are rewritten as NIfTI, which the reader
of studies reads, with their spacing; of the labels, vertebrae become 1, discs 2 and the canal 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data.mapping import spider
from data.mapping.source import Source, Unit
from radixgpt.case import Image
from radixgpt.errors import InputError, RefusedError
from radixgpt.reading import read

_CANAL, _DISCS = 100, 200


def units(source: Source) -> Iterator[Unit]:
    """A unit a patient, after one for the rows and volumes that belong to none.

    Raises:
        CaseError: a table can't be used.
    """
    layout = spider.Layout("overview.csv", "radiological_gradings.csv", _volumes, _image, "mha")
    return spider.units(source, layout)


def _volumes(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.rglob("*.mha"))}


def _image(source: Source, file: Path, facts: dict[str, Any]) -> tuple[Image, tuple[str, ...]]:
    """A volume as an image of a case, rewritten under ``studies``, and warnings.

    Raises:
        RefusedError: it can't be read.
    """
    place = source.studies / f"{file.stem}.nii.gz"
    _rewrite(file, place)
    try:
        series = max(read(place, salt=source.salt).series, key=lambda one: one.slices)
    except InputError as error:
        raise RefusedError(error.problem, error.mend) from error
    _, warnings = source.hashed(file)
    mask = next(iter(sorted((source.folder / "masks").rglob(file.name))), None)
    if mask is not None:
        labels = source.studies / f"{file.stem}_mask.nii.gz"
        _rewrite(mask, labels, labels=True)
        facts = {**facts, "mask": source.path(labels)}
    _, rows, columns = series.pixels.shape
    digest, _ = source.hashed(place)
    image = Image(
        path=source.path(place),
        sha256=digest,
        rows=rows,
        columns=columns,
        spacing=series.geometry.spacing if series.geometry else None,
        **{**facts, "facts": {**facts["facts"], "slices": float(series.slices)}},
    )
    return image, warnings


def _rewrite(file: Path, place: Path, *, labels: bool = False) -> None:
    import SimpleITK

    SimpleITK.ProcessObject.GlobalWarningDisplayOff()
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        volume = SimpleITK.ReadImage(str(file), imageIO="MetaImageIO")
        if labels:
            own = SimpleITK.GetArrayFromImage(volume)
            ours = np.select([own == 0, own < _CANAL, own == _CANAL, own > _DISCS], [0, 1, 3, 2], 0)
            made = SimpleITK.GetImageFromArray(ours.astype(np.uint8))
            made.CopyInformation(volume)
            volume = made
        SimpleITK.WriteImage(volume, str(place), imageIO="NiftiImageIO")
    except RuntimeError as error:
        raise RefusedError(
            "The volume is damaged or cut off.", "Gather the source again."
        ) from error
