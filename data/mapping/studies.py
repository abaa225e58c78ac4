"""A folder of studies as DICOM, NIfTI, PNG or JPEG; a case is a study.

Studies are read by :mod:`radixgpt.reading`, which drops identifiers, and are laid out anew in the
workspace under names that tell nothing. Patient keys are keyed hashes: equal for one patient of one
workspace, of no meaning elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data.mapping.index import TWO_PEOPLE, Group, Named, indexed
from data.mapping.links import emptied, hash_of, link
from data.mapping.source import CHANGED, Mapped, Refused, Source, Unit
from radixgpt.case import Case, Image
from radixgpt.errors import CaseError, InputError, RefusedError
from radixgpt.reading import read
from radixgpt.reading.identity import Keyring
from radixgpt.study import Series, Study

NO_PATIENT = "Nothing tells whose study it is; it counts as one patient's own."
_NUMBER = "{:05d}"


def units(source: Source, named: Named | None = None) -> Iterator[Unit]:
    """A unit a study, after one for the files that belong to none.

    Args:
        source: the source.
        named: gives the patient's key from a file's path, for sources whose folders tell it.

    Raises:
        CaseError: the folder holds nothing that can be read.
    """
    say = partial(source.say, f"Looking at {source.key}")
    index = indexed(source.folder, Keyring(source.salt), say, named)
    if not index.groups and not index.rejected:
        raise CaseError("The folder is empty.", "Gather the source again.")
    refused = tuple(source.refused(file, error) for file, error in index.rejected)
    total = len(index.groups) + 1
    yield Unit("files", lambda: Mapped(unit="files", refused=refused), 1, total)
    mixed = index.mixed()
    for done, group in enumerate(index.groups, start=2):
        two = not group.known and group.patient in mixed
        yield Unit(group.key, partial(_unit, source, group, two), done, total)


def _unit(source: Source, group: Group, two_people: bool) -> Mapped:
    if two_people:
        error = RefusedError(*TWO_PEOPLE)
        return Mapped(
            unit=group.key, refused=tuple(source.refused(file, error) for file in group.files)
        )
    home = emptied(source.studies / group.key)
    reader = _dicom if group.dicom else _loose
    studies, images, refused = reader(source, group, home)
    if not images:
        home.rmdir()
        return Mapped(unit=group.key, refused=tuple(refused))
    patient = group.known or f"{source.key}/{group.patient or group.key}"
    facts = {
        "sex": next((study.sex for study in studies if study.sex), None),
        "age_band": next((study.age_band for study in studies if study.age_band), None),
        "synthetic": "yes" if any(study.synthetic for study in studies) else None,
    }
    warnings = [] if group.known or group.patient else [NO_PATIENT]
    for study in studies:
        warnings += [*study.warnings, *(w for series in study.series for w in series.warnings)]
    changed = any(source.hashed(file)[1] for file in group.files)
    case = Case(
        id=f"{source.key}/{group.key}",
        source=source.key,
        licence=source.licence(group.files[0]),
        patient=patient,
        images=tuple(images),
        facts={name: value for name, value in facts.items() if value is not None},
        warnings=tuple(dict.fromkeys([*warnings, *([CHANGED] if changed else [])])),
    )
    return Mapped(unit=group.key, cases=(case,), refused=tuple(refused))


def _dicom(
    source: Source, group: Group, home: Path
) -> tuple[list[Study], list[Image], list[Refused]]:
    """A study of DICOM objects, an image a series."""
    together = home / "all"
    for number, file in enumerate(group.files, start=1):
        link(file, together / f"{_NUMBER.format(number)}.dcm")
    try:
        study = read(together, salt=source.salt)
    except InputError as error:
        emptied(home)
        return [], [], [source.refused(file, error) for file in group.files]
    refused = []
    for left in study.quarantine:
        file = group.files[int(left.name.split()[-1]) - 1]
        refused.append(source.refused(file, RefusedError(left.detail, "Export it again.")))
    images = []
    for series in study.series:
        files = dict.fromkeys(
            group.instances[instance]
            for instance in series.instances
            if instance in group.instances
        )
        for number, file in enumerate(files, start=1):
            link(file, home / series.key / f"{_NUMBER.format(number)}.dcm")
        images.append(_image(source, home / series.key, series))
    emptied(together).rmdir()
    return [study], images, refused


def _loose(
    source: Source, group: Group, home: Path
) -> tuple[list[Study], list[Image], list[Refused]]:
    """Pictures and volumes, an image each."""
    studies: list[Study] = []
    images: list[Image] = []
    refused: list[Refused] = []
    for file in group.files:
        try:
            study = read(file, salt=source.salt)
        except InputError as error:
            refused.append(source.refused(file, error))
            continue
        suffix = "".join(s for s in file.suffixes[-2:] if s.lower() in _SUFFIXES).lower()
        place = home / f"s{len(images) + 1}{suffix}"
        link(file, place)
        studies.append(study)
        images.append(_image(source, place, max(study.series, key=lambda s: s.slices)))
    return studies, images, refused


_SUFFIXES = frozenset({".nii", ".gz", ".png", ".jpg", ".jpeg"})


def _image(source: Source, place: Path, series: Series) -> Image:
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    _, rows, columns = series.pixels.shape
    facts: dict[str, str | float | None] = {"slices": float(series.slices), **series.technique}
    if series.geometry and series.geometry.slice_gap:
        facts["slice_gap_mm"] = series.geometry.slice_gap
    if series.contrast_agent is not None:
        facts["contrast_agent"] = "yes" if series.contrast_agent else "no"
    return Image(
        path=source.path(place),
        sha256=hash_of(files),
        modality=str(series.modality),
        plane=str(series.plane),
        sequence=str(series.sequence),
        region=str(series.region),
        rows=rows,
        columns=columns,
        spacing=series.geometry.spacing if series.geometry else None,
        facts=facts,
    )
