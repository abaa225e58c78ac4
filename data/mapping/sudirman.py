"""Sudirman: lumbar MRI slices without labels; a case is a slice.

The set doesn't tell whose slices they are, and many are neighbours from one person: all of them
share one patient key, so that a split keeps them on one side.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data.mapping.pictures import NO_SPACING, picture, pictures
from data.mapping.source import Mapped, Source, Unit
from data.mapping.views import views
from radixgpt.case import Case
from radixgpt.errors import CaseError, RefusedError

NO_PATIENTS = "The source knows no patients: slices may be of one person."
_STAGED = "sudirman_slices"


def units(source: Source) -> Iterator[Unit]:
    """A unit a slice.

    Raises:
        CaseError: there is no picture.
    """
    files = pictures(source.folder)
    if not files:
        raise CaseError("The folder holds no picture.", "Gather the source again.")
    for done, (name, file) in enumerate(files.items(), start=1):
        yield Unit(name, partial(_unit, source, name, file), done, len(files))


def _unit(source: Source, name: str, file: Path) -> Mapped:
    seen = views().get(f"{_STAGED}/{file.name}")
    try:
        image, told = picture(
            source,
            file,
            modality="MR",
            region="lumbar",
            plane=seen.view if seen else "unknown",
            sequence=(seen and seen.sequence) or "unknown",
            facts={"mid_sagittal": "yes"} if seen and seen.mid_sagittal else {},
        )
    except RefusedError as error:
        return Mapped(unit=name, refused=(source.refused(file, error),))
    case = Case(
        id=f"{source.key}/{name}",
        source=source.key,
        licence=source.licence(),
        patient=f"{source.key}/unknown",
        images=(image,),
        warnings=(NO_PATIENTS, NO_SPACING, *told),
    )
    return Mapped(unit=name, cases=(case,))
