"""The example studies: each is written once, marked, and shows what its note says."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from data.synth import bundled, examples
from data.synth.phantom_anatomy import build
from data.synth.phantom_truth import truth
from radixgpt.errors import InputError


def test_an_example_is_written_once_and_marked(tmp_path: Path) -> None:
    folder = examples.study_folder("healthy", tmp_path)
    files = sorted(folder.glob("*.dcm"))
    assert len(files) == 2 * bundled.SLICES
    assert all(str(pydicom.dcmread(f).PatientName) == "SYNTHETIC^PHANTOM" for f in files[:2])
    assert examples.study_folder("healthy", tmp_path) == folder
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_the_first_example_is_the_bundled_study(tmp_path: Path) -> None:
    first = next(iter(examples.EXAMPLES.values()))
    assert first.phantom() == bundled.PHANTOM
    assert not first.axial


def test_the_notes_are_true() -> None:
    healthy = examples.EXAMPLES["healthy"].phantom()
    assert all(values["pfirrmann"] == 1 for values in truth(healthy, build(healthy)).values())
    herniated = examples.EXAMPLES["herniated"].phantom()
    found = truth(herniated, build(herniated))
    assert found["L4-L5"]["disc_herniation"] == "present"
    assert found["L3-L4"]["disc_herniation"] == "absent"


def test_an_unknown_example_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no example"):
        examples.study_folder("../x", tmp_path)
