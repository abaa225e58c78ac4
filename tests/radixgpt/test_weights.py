from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from radixgpt.errors import WeightsError
from radixgpt.weights import WEIGHTS, cards, load_card, write_manifest


def make(root: Path, content: bytes = b"numbers") -> Path:
    folder = root / "thing"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(content)
    (folder / "card.md").write_text("# Thing\n")
    write_manifest(
        folder,
        files=("model.safetensors",),
        name="thing",
        version="1",
        licence="Apache-2.0",
        summary="does things",
        labels=["a", "b"],
        thresholds={"a": 0.5},
        image_size=256,
    )
    return folder


def test_what_is_written_can_be_loaded_and_is_verified(tmp_path: Path) -> None:
    make(tmp_path)
    card = load_card("thing", root=tmp_path)
    assert card.file("model.safetensors").read_bytes() == b"numbers"
    assert card.manifest.labels == ["a", "b"]
    assert card.value("image_size") == 256
    assert card.text() == "# Thing\n"
    assert len(card.facts().sha256) == 64
    assert [c.name for c in cards(root=tmp_path)] == ["thing"]


def test_an_altered_file_is_refused_even_after_it_was_verified(tmp_path: Path) -> None:
    folder = make(tmp_path)
    card = load_card("thing", root=tmp_path)
    card.file("model.safetensors")
    (folder / "model.safetensors").write_bytes(b"other numbers")
    with pytest.raises(WeightsError, match="damaged"):
        card.file("model.safetensors")


def test_what_is_missing_is_named_with_its_mend(tmp_path: Path) -> None:
    folder = make(tmp_path)
    card = load_card("thing", root=tmp_path)
    with pytest.raises(WeightsError, match=r"there are: thing.*Restore"):
        load_card("nothing", root=tmp_path)
    with pytest.raises(WeightsError, match="There are no weights"):
        load_card("../thing", root=tmp_path)
    with pytest.raises(WeightsError, match="no file"):
        card.file("other.bin")
    with pytest.raises(WeightsError, match="lacks 'size'"):
        card.value("size")
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="missing"):
        card.file("model.safetensors")
    (folder / "manifest.json").write_text(json.dumps({"name": "thing"}))
    with pytest.raises(WeightsError, match="not valid at version"):
        load_card("thing", root=tmp_path)


def test_manifest_of_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="missing"):
        write_manifest(
            tmp_path, files=("x",), name="x", version="1", licence="Apache-2.0", summary=""
        )


def test_every_shipped_file_has_the_hash_of_its_manifest() -> None:
    for card in cards():
        assert card.text().startswith("#")
        for file in card.manifest.files:
            card.file(file)
    assert WEIGHTS.is_dir()


def test_capabilities_are_listed_without_torch() -> None:
    code = (
        "import sys; from radixgpt.weights import cards; cards();"
        "sys.exit(any(m in sys.modules for m in ('torch', 'langchain', 'numpy')))"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
