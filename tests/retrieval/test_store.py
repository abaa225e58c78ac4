"""An index on disk: whole or not at all, refused when it does not fit, and forgetful."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radixgpt.errors import CorpusError
from radixgpt.weights import Manifest as WeightsManifest
from retrieval import manifest as manifests
from retrieval import writer
from retrieval.corpus import Item, cleaned
from retrieval.manifest import MANIFEST, EncoderFacts, Kind
from retrieval.store import Store
from retrieval.writer import Writer

Make = Callable[..., Item]
SPINE = {"L4-L5": {"pfirrmann": 5, "modic": 2}}


def begun(folder: Path, encoder: EncoderFacts | None, kind: Kind = "flat") -> Writer:
    return Writer.create(folder, writer.fresh("test", encoder=encoder, kind=kind))


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
def test_what_is_written_is_read_again(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts, kind: Kind
) -> None:
    items = [make_item(n, SPINE, "L4-L5: Modic type 2 changes.") for n in range(6)]
    made = begun(tmp_path / "i", encoder, kind)
    made.add(items)
    made.finish()
    store = Store.open(tmp_path / "i", encoder=encoder)
    assert [entry.id for entry in store.entries] == [one.entry.id for one in items]
    assert store.entries[3] == items[3].entry
    assert store.manifest.vectors == {"image": 6, "disc": 30, "text": 6}
    assert store.manifest.licences == {"CC BY 4.0": 6}
    assert store.manifest.patients == 6
    discs = store.spaces["disc"]
    scores, ids = discs.index.search(items[3].discs["L4-L5"][None], 1)
    place = discs.places(ids[0])
    assert discs.rows[place] == [3]
    assert scores[0, 0] == pytest.approx(1, abs=1e-3)


def test_the_manifest_is_one_of_weights_besides(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts
) -> None:
    made = begun(tmp_path / "i", encoder)
    made.add([make_item(1, SPINE)])
    made.finish()
    read = WeightsManifest.model_validate_json((tmp_path / "i" / MANIFEST).read_bytes())
    assert len(read.files) == 2


def test_another_encoder_is_refused(tmp_path: Path, make_item: Make, encoder: EncoderFacts) -> None:
    made = begun(tmp_path / "i", encoder)
    made.add([make_item(1, SPINE)])
    made.finish()
    other = encoder.model_copy(update={"sha256": "6" * 64})
    with pytest.raises(CorpusError, match="another version of its weights"):
        Store.open(tmp_path / "i", encoder=other)
    with pytest.raises(CorpusError, match="asked with the encoder else"):
        Store.open(tmp_path / "i", encoder=encoder.model_copy(update={"name": "else"}))
    assert Store.open(tmp_path / "i").spaces == {}  # by text and findings it may be asked


def test_an_index_without_vectors_refuses_any_encoder(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts
) -> None:
    made = begun(tmp_path / "i", None)
    made.add([make_item(1, SPINE)])
    made.finish()
    assert Store.open(tmp_path / "i").entries
    with pytest.raises(CorpusError, match="without an encoder"):
        Store.open(tmp_path / "i", encoder=encoder)


def test_no_index_and_damage_are_told(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts
) -> None:
    with pytest.raises(CorpusError, match=r"no index (in the folder|at) '"):
        Store.open(tmp_path)
    folder = tmp_path / "i"
    made = begun(folder, encoder)
    made.add([make_item(1, SPINE)])
    with pytest.raises(CorpusError, match="not built to its end"):
        Store.open(folder)
    made.finish()
    cases = next(folder.glob("cases-*"))
    whole = cases.read_bytes()
    cases.write_bytes(whole.replace(b"test/1", b"test/2"))
    with pytest.raises(CorpusError, match="is damaged"):
        Store.open(folder)
    cases.unlink()
    with pytest.raises(CorpusError, match="lacks its file"):
        Store.open(folder)
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text[:-20])
    with pytest.raises(CorpusError, match="not valid"):
        Store.open(folder)
    (folder / MANIFEST).write_text(json.dumps({"format": 99}))
    with pytest.raises(CorpusError, match="newer version"):
        Store.open(folder)


def test_a_file_elsewhere_is_not_read(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts
) -> None:
    folder = tmp_path / "i"
    made = begun(folder, encoder)
    made.add([make_item(1, SPINE)])
    found = made.finish()
    (tmp_path / "secret").write_text("x")
    bad = found.model_copy(update={"files": {**found.files, "../secret": "0" * 64}})
    manifests.write(folder, bad)
    with pytest.raises(CorpusError, match="names a file elsewhere"):
        Store.open(folder)


def test_a_build_that_was_stopped_goes_on(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SAVED_EVERY", 2)
    folder = tmp_path / "i"

    def five() -> Iterator[Item]:
        for number in range(5):
            if number == 3:
                raise KeyboardInterrupt
            yield make_item(number, SPINE)

    with pytest.raises(KeyboardInterrupt):
        begun(folder, encoder).add(five())
    again = begun(folder, encoder)
    assert set(again.known) == {"test/0", "test/1"}
    again.add(make_item(n, SPINE) for n in range(5) if f"test/{n}" not in again.known)
    again.finish()
    store = Store.open(folder, encoder=encoder)
    assert [entry.id for entry in store.entries] == [f"test/{n}" for n in range(5)]
    assert len(list(folder.iterdir())) == 3  # one segment, two files, and the manifest
    with pytest.raises(CorpusError, match="There is an index"):
        begun(folder, encoder)


def test_a_build_goes_on_with_the_same_options_alone(tmp_path: Path, encoder: EncoderFacts) -> None:
    begun(tmp_path / "i", encoder)
    with pytest.raises(CorpusError, match="other options"):
        begun(tmp_path / "i", encoder, "hnsw")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.png").touch()
    with pytest.raises(CorpusError, match="not empty"):
        begun(tmp_path / "full", encoder)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
def test_add_replaces_and_delete_leaves_nothing(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts, kind: Kind
) -> None:
    folder = tmp_path / "i"
    made = begun(folder, encoder, kind)
    made.add([make_item(n, SPINE, f"Remark number {n}x.") for n in range(4)])
    made.finish()
    Writer(folder).add([make_item(4, SPINE), make_item(2, SPINE, "Rewritten.", sha256="new")])
    store = Store.open(folder, encoder=encoder)
    assert sorted(entry.id for entry in store.entries) == [f"test/{n}" for n in range(5)]
    assert b"number 2x" not in all_bytes(folder)
    assert Writer(folder).known["test/2"] == "new"
    gone = make_item(3, SPINE).discs["L4-L5"]
    assert Writer(folder).delete(ids=["test/3"], patients=["test/0"]) == 2
    store = Store.open(folder, encoder=encoder)
    assert sorted(entry.id for entry in store.entries) == ["test/1", "test/2", "test/4"]
    assert b"number 3x" not in all_bytes(folder)
    assert b"number 0x" not in all_bytes(folder)
    assert gone.astype(np.float16).tobytes() not in all_bytes(folder)
    assert gone.astype(np.float16).astype(np.float32).tobytes() not in all_bytes(folder)
    discs = store.spaces["disc"]
    assert len(discs.index) == 15
    scores, _ = discs.index.search(gone[None], 15)
    assert scores.max() < 0.99
    vectors = discs.index.vectors(discs.ids)
    four = next(i for i, e in enumerate(store.entries) if e.id == "test/4")
    assert np.allclose(
        vectors[discs.rows == four][0], make_item(4, SPINE).discs["L1-L2"], atol=1e-3
    )
    with pytest.raises(CorpusError, match="'nobody' is not in the index"):
        Writer(folder).delete(ids=["nobody"])


def test_two_writers_do_not_overwrite_each_other(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts
) -> None:
    folder = tmp_path / "i"
    made = begun(folder, encoder)
    made.add([make_item(1, SPINE)])
    made.finish()
    first, second = Writer(folder), Writer(folder)
    first.add([make_item(2, SPINE)])
    with pytest.raises(CorpusError, match="another process"):
        second.add([make_item(3, SPINE)])
    assert [entry.id for entry in Store.open(folder).entries] == ["test/1", "test/2"]


def test_whatever_stops_a_change_the_index_is_as_before(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "i"
    made = begun(folder, encoder)
    made.add([make_item(1, SPINE)])
    made.finish()
    before = Store.open(folder, encoder=encoder)

    def lost(_folder: Path, _manifest: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(manifests, "write", lost)  # new files are there, the manifest is not
        with pytest.raises(KeyboardInterrupt):
            Writer(folder).add([make_item(2, SPINE, "Half written.")])
    after = Store.open(folder, encoder=encoder)
    assert list(after.entries) == list(before.entries)
    Writer(folder).delete(ids=["test/1"])
    assert b"Half written" not in all_bytes(folder)  # what was left over is cleared away


def test_segments_fill_up(
    tmp_path: Path, make_item: Make, encoder: EncoderFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SEGMENT", 4)
    monkeypatch.setattr(writer, "SAVED_EVERY", 3)
    folder = tmp_path / "i"
    made = begun(folder, encoder)
    made.add([make_item(n, SPINE) for n in range(7)])
    made.finish()
    for number in (7, 8):
        Writer(folder).add([make_item(number, SPINE)])
    store = Store.open(folder, encoder=encoder)
    assert sum(one.cases for one in store.manifest.segments) == 9
    assert max(one.cases for one in store.manifest.segments) <= 4
    assert len(store.manifest.segments) <= 4
    assert len(set(store.spaces["disc"].ids)) == 45


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "/srv/jane/1"}, {"patient": "C:\\jane"}, {"key_image": "../../jane.png"},
        {"id": "a\nb"}, {"id": ""}, {"name": "Jane Doe"},
    ],
)  # fmt: skip
def test_an_entry_holds_no_path_and_no_name(make_item: Make, fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"workspace|at least 1|Extra|no name has"):
        make_item(1, SPINE, **fields)


def test_a_line_of_an_entry_is_one_line(make_item: Make) -> None:
    made = make_item(1, SPINE, licence="CC BY\n\x1b[2J 4.0", source="a\tb").entry
    assert (made.licence, made.source) == ("CC BY [2J 4.0", "a b")


def test_vectors_must_fit(tmp_path: Path, make_item: Make, encoder: EncoderFacts) -> None:
    made = begun(tmp_path / "i", encoder)
    good = make_item(1, SPINE)
    with pytest.raises(CorpusError, match="the length 2"):
        made.add([Item(good.entry, image=2 * np.asarray(good.image))])
    with pytest.raises(CorpusError, match="dimension 16"):
        made.add([Item(good.entry, image=np.eye(8, dtype=np.float32)[0])])
    with pytest.raises(CorpusError, match="'L9' is not a disc"):
        made.add([Item(good.entry, discs={"L9": np.asarray(good.image)})])
    assert made.known == {}


@given(st.text())
def test_a_text_is_kept_without_what_steers_a_terminal(text: str) -> None:
    kept = cleaned(text)
    assert cleaned(kept) == kept
    assert "\x1b" not in kept
    assert "\u202e" not in kept
    assert len(kept.splitlines()) <= kept.count("\n") + 1


def test_control_characters_are_dropped(make_item: Make) -> None:
    made = make_item(1, None, "red \x1b[31malert\x07 \u202egnp.exe\nnext")
    assert made.entry.text == "red [31malert gnp.exe\nnext"
