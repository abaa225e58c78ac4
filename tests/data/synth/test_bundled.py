"""The bundled study: written once, complete, and known."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from data.synth import bundled
from radixgpt.errors import InputError
from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS


def test_written_once_and_mended(tmp_path: Path) -> None:
    folder = bundled.study_folder(tmp_path)
    files = sorted(folder.glob("*.dcm"))
    assert len(files) == 2 * bundled.SLICES
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]  # no leftovers
    times = [path.stat().st_mtime_ns for path in files]
    assert bundled.study_folder(tmp_path) == folder
    assert [path.stat().st_mtime_ns for path in files] == times
    whole = pydicom.dcmread(files[0])
    files[0].unlink()
    assert bundled.study_folder(tmp_path) == folder
    assert pydicom.dcmread(files[0]) == whole


def test_known_findings() -> None:
    truth = bundled.truth()
    assert tuple(truth) == LUMBAR_DISCS
    for values in truth.values():
        assert all(values[kind] in KINDS[kind].values for kind in GRADED)
    assert [truth[disc]["pfirrmann"] for disc in LUMBAR_DISCS] == [1, 2, 3, 4, 5]
    assert truth["L5-S1"]["modic"] == 2
    assert truth["L5-S1"]["disc_narrowing"] == "present"
    assert truth["L4-L5"]["spondylolisthesis"] == "present"
    assert truth["L1-L2"]["disc_narrowing"] == "absent"


def test_cache_follows_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert bundled.user_cache() == tmp_path / "radixgpt"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert bundled.user_cache().name == "radixgpt"


def test_unwritable_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cache folder"):
        bundled.study_folder(tmp_path / "file" / "below")
