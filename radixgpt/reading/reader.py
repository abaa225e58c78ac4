"""``read``: from a path to a study."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from radixgpt.errors import RejectedObjectError, UnsafeInputError
from radixgpt.reading import dicom, nifti, picture
from radixgpt.reading.archive import Item, items
from radixgpt.reading.dataset import parse
from radixgpt.reading.decoder import Decoder
from radixgpt.reading.frame import Frame
from radixgpt.reading.identity import Keyring, check_one_patient
from radixgpt.reading.limits import LIMITS, Limits
from radixgpt.reading.ordering import to_series
from radixgpt.reading.reasons import REASONS, nothing_usable, rejected
from radixgpt.reading.sniff import sniff
from radixgpt.study import Quarantined, Study

TWO_STUDIES = "The input holds several examinations; the one with the most images was read."
MIXED_SOURCES = (
    "Images without patient data lie among DICOM objects; whether they show the same patient "
    "can't be checked."
)
REPEATED = "Equal pictures or volumes were read once; dropped: {}."


@dataclass
class _Found:
    """What has been read so far.

    Attributes:
        objects: of each DICOM image its owner, its neutral name and its slices.
        owners: of every DICOM object, image or not.
        loose: slices that no header gives to a patient: pictures and NIfTI volumes.
        quarantine: neutral name of an object and reason code.
        repeated: pictures or volumes that were there before.
        voxels: pixels of all slices.
    """

    objects: list[tuple[dicom.Owner, str, list[Frame]]] = field(default_factory=list)
    owners: list[dicom.Owner] = field(default_factory=list)
    loose: list[Frame] = field(default_factory=list)
    quarantine: list[tuple[str, str]] = field(default_factory=list)
    repeated: int = 0
    voxels: int = 0

    def count(self, frames: list[Frame], limits: Limits) -> None:
        """Keep the whole study under its cap.

        Raises:
            UnsafeInputError: more pixels than are ever read.
        """
        self.voxels += sum(frame.pixels.size for frame in frames)
        if self.voxels > limits.study_voxels:
            raise UnsafeInputError(
                "The study holds more pixels than are ever read.", "Give the spine series alone."
            )


def read(
    path: Path | str, *, salt: bytes | None = None, force: bool = False, limits: Limits = LIMITS
) -> Study:
    """Read one examination: a DICOM, NIfTI, PNG or JPEG file, a folder or a zip of them.

    Series are split, ordered and turned upright (``radixgpt.reading.ordering``,
    ``radixgpt.reading.orientation``); pixels become float32 after the modality transform, larger
    is brighter. Identifiers, dates, free text, names of files and paths are dropped on reading.
    What can't be read is listed in ``Study.quarantine`` with a reason code, and the rest is read.

    Args:
        path: file or folder.
        salt: secret for the keys of study and instances. Equal input and salt give equal keys;
            without a salt they hold for this process only.
        force: read DICOM objects that lack the preamble of a file, too.
        limits: how much is read at most.

    Raises:
        InputError: there is nothing at the path, or nothing but sound objects without an image.
        UnreadableError: nothing in it can be read.
        UnsafeInputError: an input that would harm the machine, or nothing but such objects.
        MixedPatientsError: objects of more than one patient.
    """
    keys = Keyring(salt)
    found = _Found()
    with Decoder(limits) as decoder:
        for item in items(Path(path), limits):
            try:
                _read_item(item, found, keys, decoder, limits, force=force)
            except RejectedObjectError as error:
                found.quarantine.append((item.name, error.reason))
    check_one_patient(owner.subject.person for owner in found.owners)
    if not found.objects and not found.loose:
        raise nothing_usable([reason for _, reason in found.quarantine])
    chosen, warnings = _one_study(found)
    owners = [owner for owner, _, _ in chosen]
    frames = [frame for _, _, of_object in chosen for frame in of_object]
    identity = {owner.study for owner in owners if owner.study} or {
        frame.instance for frame in (frames or found.loose)
    }
    return Study(
        key=keys.study(identity),
        series=tuple(to_series([*frames, *found.loose])),
        quarantine=tuple(
            Quarantined(name, reason, REASONS[reason][0])
            for name, reason in sorted(found.quarantine, key=lambda q: int(q[0].split()[-1]))
        ),
        warnings=tuple(warnings),
        age_band=_most_common([owner.age_band for owner in owners]),
        sex=_most_common([owner.sex for owner in owners]),
        subject=Counter(owner.subject for owner in owners).most_common(1)[0][0] if owners else None,
    )


def _read_item(
    item: Item,
    found: _Found,
    keys: Keyring,
    decoder: Decoder,
    limits: Limits,
    *,
    force: bool,
) -> None:
    """Add one object to what has been found.

    Raises:
        RejectedObjectError: the object is left out.
        UnsafeInputError: the whole input is too large.
    """
    data = item.load()
    kind, reason = sniff(data)
    if kind is None:
        raise rejected(reason)
    if kind == "bare-dicom" and not force:
        raise rejected("no-preamble")
    if kind in ("dicom", "bare-dicom"):
        parsed = parse(data, limits, bare=kind == "bare-dicom")
        owner = dicom.owner(parsed.header, keys)
        # An object that is no image still tells of a second patient.
        found.owners.append(owner)
        frames = dicom.frames(parsed, keys, decoder, limits)
        found.count(frames, limits)
        found.objects.append((owner, item.name, frames))
        return
    if kind == "picture":
        frames = [picture.frame(data, keys, limits)]
    else:
        frames = nifti.frames(data, keys, limits, packed=kind == "nifti-gz")
    if frames[0].series in {frame.series for frame in found.loose}:
        found.repeated += 1
        return
    found.count(frames, limits)
    found.loose.extend(frames)


def _one_study(found: _Found) -> tuple[list[tuple[dicom.Owner, str, list[Frame]]], list[str]]:
    """The objects of the examination with the most images; the others go to the quarantine.

    Objects that name no examination belong to any.
    """
    warnings: list[str] = []
    images: Counter[str] = Counter()
    for owner, _, frames in found.objects:
        if owner.study:
            images[owner.study] += len(frames)
    largest = images.most_common(1)[0][0] if images else ""
    chosen = [o for o in found.objects if o[0].study in ("", largest)]
    if len(images) > 1:
        warnings.append(TWO_STUDIES)
        left_out = [name for owner, name, _ in found.objects if owner.study not in ("", largest)]
        found.quarantine.extend((name, "other-study") for name in left_out)
    if found.objects and found.loose:
        warnings.append(MIXED_SOURCES)
    if found.repeated:
        warnings.append(REPEATED.format(found.repeated))
    return chosen, warnings


def _most_common(values: list[str | None]) -> str | None:
    known = Counter(value for value in values if value is not None)
    return known.most_common(1)[0][0] if known else None


def content_hash(study: Study) -> str:
    """SHA-256 over the pixels of all series, for provenance; it depends on pixels alone.

    Two studies have the same hash if their series have the same shapes and values in the same
    order, whatever they were read from.
    """
    total = hashlib.sha256()
    for series in study.series:
        total.update(repr(series.pixels.shape).encode())
        total.update(np.ascontiguousarray(series.pixels, dtype="<f4").data)
    return total.hexdigest()
