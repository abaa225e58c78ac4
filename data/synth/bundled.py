"""The demonstration study that comes with the project: a phantom whose findings are known."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from data.synth import phantom_dicom
from data.synth.phantom_anatomy import build
from data.synth.phantom_parameters import DISCS_SHOWN, Disc, Look, Phantom
from data.synth.phantom_truth import Truth
from data.synth.phantom_truth import truth as phantom_truth
from radixgpt.errors import InputError
from radixgpt.level import LUMBAR_DISCS

SLICES = 9

_WORN = {
    "L2-L3": Disc(pfirrmann=2),
    "L3-L4": Disc(pfirrmann=3, narrowing=0.1),
    "L4-L5": Disc(pfirrmann=4, narrowing=0.35, bulge_mm=3.0, slip_mm=6.0, flavum_mm=0.8),
    "L5-S1": Disc(
        pfirrmann=5,
        narrowing=0.6,
        bulge_mm=2.0,
        modic=2,
        modic_extent=0.38,
        endplate_upper=True,
        endplate_lower=True,
    ),
}

PHANTOM = Phantom(
    seed=11,
    discs={name: _WORN.get(name, Disc()) for name in DISCS_SHOWN},
    sacral_slope_deg=40.0,
    canal_mm=18.5,
    sac_mm=15.0,
    fov_mm=290.0,  # with 280 the levels model is in doubt about the count, which hides the rest
    place=(0.5, 0.76),
    look=Look(matrix=(384, 320), snr=34.0, coil_depth_mm=110.0, fatty_marrow=0.45),
)
"""Worn from L3-L4 down: a slip with a bulge at L4-L5, a collapsed L5-S1 with Modic type 2."""


def truth() -> dict[str, Truth]:
    """What is true of the bundled study, by lumbar disc (see :mod:`data.synth.phantom_truth`)."""
    found = phantom_truth(PHANTOM, build(PHANTOM))
    return {disc: found[disc] for disc in LUMBAR_DISCS}


def study_folder(cache: Path | None = None) -> Path:
    """The folder of the bundled study's DICOM files, written at the first call.

    The folder's name depends on the parameters and on the code that renders them, so a change of
    either makes a new one. It appears at once and complete, also when two processes ask together.

    Args:
        cache: where to keep it; the user's cache folder when None.

    Raises:
        InputError: the folder can't be written.
    """
    return written(PHANTOM, cache)


def written(phantom: Phantom, cache: Path | None = None, *, axial: Sequence[str] = ()) -> Path:
    """The folder of a phantom's DICOM files, as in :func:`study_folder`.

    Args:
        phantom: what to write.
        cache: where to keep it; the user's cache folder when None.
        axial: discs along which an axial T2 slice is written too.

    Raises:
        InputError: the folder can't be written.
    """
    home = user_cache() if cache is None else cache
    folder = home / f"phantom-{_version(phantom, axial)}"
    files = SLICES * len(phantom_dicom.SEQUENCES) + len(axial)
    if folder.is_dir() and len(list(folder.glob("*.dcm"))) == files:
        return folder
    try:
        home.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="phantom-", suffix=".part", dir=home))
    except OSError as error:
        raise InputError(
            "The study could not be written.", "Give a cache folder that can be written to."
        ) from error
    try:
        phantom_dicom.write(phantom, made, slices=SLICES, axial=axial)
        if folder.is_dir() and len(list(folder.glob("*.dcm"))) != len(list(made.glob("*.dcm"))):
            shutil.rmtree(folder)
        if not folder.is_dir():
            _settle(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _settle(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # otherwise another process was first, with the same files
            raise InputError(
                "The bundled study could not be written.", "Empty the cache folder and try again."
            ) from error


def user_cache() -> Path:
    """The folder for things that can be made again: ``$XDG_CACHE_HOME`` or the system's own."""
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "radixgpt"
    if local := os.environ.get("LOCALAPPDATA"):
        return Path(local) / "radixgpt" / "cache"
    return Path.home() / ".cache" / "radixgpt"


def _version(phantom: Phantom, axial: Sequence[str]) -> str:
    digest = hashlib.sha256(phantom_dicom.fingerprint(phantom).encode())
    digest.update(",".join(axial).encode())
    for source in sorted(Path(__file__).parent.glob("phantom*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
