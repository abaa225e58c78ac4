"""Similar cases of a study: vectors of its crops, findings of its tools, mapped cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as Pillow

from data.synth import bundled
from radixgpt.case import Case, Image, StatedFinding
from radixgpt.eligibility import Eligibility, Reason
from radixgpt.errors import CorpusError, InputError, NotEligibleError
from radixgpt.finding import Finding
from radixgpt.language.reader import read as read_text
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation
from radixgpt.study import Study
from retrieval import writer
from retrieval.corpus import Entry, Item
from retrieval.search import Searcher
from retrieval.store import Store
from retrieval.writer import Writer
from tools import levels
from tools.similar import Finder, cases, finder, look, told
from tools.similar.study import asked_by, doubted_by
from tools.threads import one_thread

if TYPE_CHECKING:
    from retrieval.encoder.embedded import Embedded

Looked = tuple[Study, Eligibility, list[Observation]]


@pytest.fixture(scope="module")
def phantom(phantom_study: Callable[..., Any]) -> Looked:
    """A phantom with its levels."""
    study, eligibility, _ = phantom_study()
    with one_thread():
        return study, eligibility, levels.run(study, eligibility)


def graded(level: str, **chances: Any) -> list[Observation]:
    return [
        Observation(id=f"o-{level}-{kind}", tool="classifier", tool_version="1", kind=kind,
                    level=level, probabilities=named)
        for kind, named in chances.items()
    ]  # fmt: skip


def finder_of(folder: Path, items: list[Item], encoder: Embedded | None) -> Finder:
    facts = finder.facts_of(encoder) if encoder is not None else None
    made = Writer.create(folder, writer.fresh("test", encoder=facts))
    made.add(items)
    made.finish()
    return Finder(Searcher(Store.open(folder, encoder=facts)), encoder)


def entry(number: int, text: str, **fields: Any) -> Entry:
    return Entry(
        **{"id": f"t/{number}", "patient": f"t/{number}", "source": "t", "licence": "CC0",
           "findings": read_text(text).findings, "report": {"findings": text}, "origin": "human",
           **fields}
    )  # fmt: skip


def test_a_study_has_a_vector_for_each_disc_and_one_for_its_slices(
    phantom: Looked, tiny_clip: Embedded
) -> None:
    looked = look(*phantom, tiny_clip, whole=True)
    assert set(LUMBAR_DISCS) <= set(looked.discs)
    for vector in (*looked.discs.values(), looked.image):
        assert vector is not None
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
    assert len(looked.prints) == 2
    again = look(*phantom, tiny_clip, whole=True)
    assert again.image is looked.image  # kept while the study is
    discs = look(*phantom, tiny_clip)
    assert discs.image is None
    assert np.allclose(discs.discs["L4-L5"], looked.discs["L4-L5"], atol=1e-4)
    without = look(*phantom, None)
    assert (without.discs, without.image, without.prints) == ({}, None, looked.prints)


def test_a_shifted_numbering_renames_the_discs(phantom: Looked, tiny_clip: Embedded) -> None:
    study, eligibility, found = phantom
    moved = look(study, eligibility, levels.run(study, eligibility, shift=1), tiny_clip)
    plain = look(study, eligibility, found, tiny_clip)
    assert np.array_equal(moved.discs["L4-L5"], plain.discs["L5-S1"])


def test_the_same_study_in_the_index_is_not_returned(
    tmp_path: Path, phantom: Looked, tiny_clip: Embedded
) -> None:
    looked = look(*phantom, tiny_clip, whole=True)
    own = Item(entry(1, "Disc bulge at L4-L5."), image=looked.image, discs=looked.discs)
    rng = np.random.default_rng(0)
    others = []
    for number in (2, 3):
        vector = rng.normal(size=tiny_clip.dimension).astype(np.float32)
        vector /= np.linalg.norm(vector)
        others.append(
            Item(entry(number, "Disc bulge at L4-L5."), image=vector, discs={"L4-L5": vector})
        )
    asked = finder_of(tmp_path / "i", [own, *others], tiny_clip)
    found = asked.like(*phantom)
    assert {hit.entry.id for hit in found} == {"t/2", "t/3"}
    looked_at = look(*phantom, tiny_clip)
    told_ = asked.told("disc bulge at L4-L5", looked=looked_at)
    assert {hit.entry.id for hit in told_} == {"t/2", "t/3"}
    assert {h.entry.id for h in asked.told("disc bulge at L4-L5")} == {"t/1", "t/2", "t/3"}


@pytest.mark.parametrize("reason", ["blank", "noise"])
def test_images_that_hold_nothing_are_like_no_case(
    tmp_path: Path, phantom: Looked, tiny_clip: Embedded, reason: Reason
) -> None:
    study = replace(phantom[0])  # not looked at yet
    looked = look(*phantom, tiny_clip, whole=True)
    own = Item(entry(1, "Disc bulge at L4-L5."), image=looked.image, discs=looked.discs)
    asking = finder_of(tmp_path / "i", [own], tiny_clip)
    with pytest.raises(NotEligibleError, match="No case is like such images"):
        asking.like(study, Eligibility(gradable=False, reason=reason), [])
    other = asking.like(study, Eligibility(gradable=False, reason="not-lumbar"), [])
    assert "its pictures alone order the cases" in other.notes[0]
    assert asking.told("disc bulge at L4-L5")


def test_what_the_tools_saw_asks_with_its_chances(tmp_path: Path, phantom: Looked) -> None:
    study, eligibility, found = phantom
    seen = [
        *found,
        *graded("L4-L5", pfirrmann={"4": 0.6, "5": 0.4}, modic={"0": 0.2, "2": 0.8},
                disc_herniation={"present": 0.1, "absent": 0.9}),
    ]  # fmt: skip
    asked = asked_by(seen)
    assert {place[0] for place in asked} == {"disc_degeneration", "modic", "disc_herniation"}
    assert asked_by(seen, level="L1-L2") == {}
    own = Finding(id="f1", level="L4-L5", kind="modic", value=0, set_by_reader=True)
    ((fact, chance),) = asked_by(seen, [own])["modic", "L4-L5", ""]
    assert (fact.state, chance) == ("absent", 1.0)
    texts = [
        "Modic type 2 at L4-L5. Pfirrmann grade IV at L4-L5.",
        "No Modic changes at L4-L5. Pfirrmann grade I at L4-L5.",
    ]
    items = [Item(entry(n, text)) for n, text in enumerate(texts)]
    asking = finder_of(tmp_path / "i", items, None)
    assert [h.entry.id for h in asking.like(study, eligibility, seen)] == ["t/0", "t/1"]
    (first, _) = asking.like(study, eligibility, seen, findings=[own], level="L4-L5")
    assert told.found_of(first).differing == ("L4-L5: no Modic changes (there Modic type 2)",)
    unsure = [
        *found,
        *graded("L4-L5", pfirrmann={"4": 1.0}, modic={"0": 0.45, "2": 0.55}),
    ]  # fmt: skip
    unsure[-2] = unsure[-2].model_copy(update={"value": 4})
    doubtful = {
        line
        for hit in asking.like(study, eligibility, unsure)
        for line in (*told.found_of(hit).shared, *told.found_of(hit).differing)
    }
    assert "L4-L5: Modic type 2, in doubt here" in doubtful
    assert "L4-L5: Modic type 2, in doubt here (there no Modic changes)" in doubtful
    assert "L4-L5: disc degeneration, Pfirrmann IV" in doubtful
    assert not doubted_by(unsure, [own])
    with pytest.raises(InputError, match="L2-L3 was not found"):
        asking.like(study, eligibility, seen, level="L2-L3")
    with pytest.raises(InputError, match="was not graded"):
        asking.like(study, Eligibility(False, "not-lumbar"), ())


@pytest.mark.parametrize("text", ["", "  ", "x" * 3000])
def test_a_question_has_words(tmp_path: Path, text: str) -> None:
    asking = finder_of(tmp_path / "i", [Item(entry(1, "Disc bulge at L4-L5."))], None)
    with pytest.raises(InputError, match="characters"):
        asking.told(text)


def test_a_found_case_is_told_with_its_reasons(tmp_path: Path) -> None:
    text = "L4-L5: Modic type 2 changes.\nNo disc herniation.\n\x1b[2JRead me."
    asking = finder_of(tmp_path / "i", [Item(entry(1, text))], None)
    (hit,) = asking.told("Modic 2 and herniation at L4-L5, fracture of L1")
    found = told.found_of(hit)
    assert found.shared == ("L4-L5: Modic type 2",)
    assert found.differing == ("L4-L5: disc herniation (there no disc herniation)",)
    assert found.unstated == ("L1: vertebral fracture",)
    assert found.stated == ("L4-L5: Modic type 2",)
    lines = list(told.lines([found]))
    assert lines[0].startswith("1. t/1: ")
    assert "   | Read me." in "\n".join(lines).replace("[2J", "")
    assert "\x1b" not in "".join(lines)
    assert json.loads(found.model_dump_json())["origin"] == "human"


# --- mapped cases ---------------------------------------------------------------------------------


def test_a_mapped_case_becomes_an_entry(tmp_path: Path, tiny_clip: Embedded) -> None:
    for number, source in enumerate(sorted(bundled.study_folder().rglob("*.dcm"))):
        (tmp_path / f"s{number}").mkdir()
        (tmp_path / f"s{number}" / "a.dcm").write_bytes(source.read_bytes())
    images = tuple(
        Image(path=path.name, sha256="0", modality="MR", region="lumbar")
        for path in sorted(tmp_path.iterdir())
    )
    case = Case(
        id="own/1", source="own", licence="mine", patient="own/p", images=images,
        findings=(StatedFinding(level="L4-L5", kind="pfirrmann", value=4),),
    )  # fmt: skip
    item, unread = cases.item_of(case, tmp_path, tiny_clip)
    assert unread == ()
    made = item.entry
    assert (made.modality, made.region, made.origin) == ("MR", "lumbar", "generated")
    assert "Pfirrmann" in made.text
    assert made.prints
    assert made.key_image == images[0].path
    assert item.image is not None
    assert item.text is not None
    assert cases.entry_of(case) == made.model_copy(update={"prints": ()})
    assert cases.fingerprint(case) != cases.fingerprint(case.model_copy(update={"licence": "x"}))


def test_a_text_alone_becomes_an_entry(tmp_path: Path) -> None:
    note = Case(
        id="notes/1", source="notes", licence="CC BY 4.0", patient="notes/1",
        report={"findings": "Disc bulge at L4-L5."}, report_origin="human",
        facts={"modality": "MR", "region": "lumbar"},
    )  # fmt: skip
    made = cases.item_of(note, tmp_path, None)[0].entry
    assert [(f.kind, f.level) for f in made.findings] == [("disc_bulging", "L4-L5")]
    assert (made.origin, made.modality, made.key_image) == ("human", "MR", None)
    caption = note.model_copy(update={"report": {}, "caption": "Modic 2 at L5-S1."})
    assert cases.entry_of(caption).text == "Modic 2 at L5-S1."


def test_pictures_that_can_not_be_read_are_told(tmp_path: Path, tiny_clip: Embedded) -> None:
    (tmp_path / "broken.png").write_text("no picture")
    grey = np.random.default_rng(0).integers(0, 255, (120, 100), np.uint8)
    Pillow.fromarray(grey).save(tmp_path / "grey.png")
    images = (Image(path="broken.png", sha256="0"), Image(path="grey.png", sha256="0"))
    case = Case(id="p/1", source="p", licence="CC0", patient="p/1", images=images)
    item, unread = cases.item_of(case, tmp_path, tiny_clip)
    assert len(unread) == 1
    assert unread[0].startswith("p/1: ")
    assert item.image is not None
    assert item.entry.text == ""
    outside = case.model_copy(update={"images": (Image(path="../x.png", sha256="0"),)})
    with pytest.raises((ValueError, InputError, CorpusError), match="workspace"):
        cases.item_of(outside, tmp_path, None)


def test_the_index_is_opened_once_and_again_when_it_changes(tmp_path: Path) -> None:
    finder_of(tmp_path / "i", [Item(entry(1, "Disc bulge at L4-L5."))], None)
    first = finder.opened(tmp_path / "i")
    assert finder.opened(tmp_path / "i") is first
    Writer(tmp_path / "i").add([Item(entry(2, "Disc bulge at L3-L4."))])
    assert len(finder.opened(tmp_path / "i").store.entries) == 2
    with pytest.raises(CorpusError, match="no index"):
        finder.opened(tmp_path)


def test_an_index_of_another_encoder_is_refused(
    tmp_path: Path, tiny_clip: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder_of(tmp_path / "i", [Item(entry(1, "Disc bulge at L4-L5."))], tiny_clip)

    class Other:
        name, sha256, dimension = "radixgpt-clip 2.0", "7" * 64, tiny_clip.dimension

    monkeypatch.setattr("retrieval.encoder.load", lambda _name: Other())
    with pytest.raises(CorpusError, match=r"made with radixgpt-clip 1\.0"):
        finder.opened(tmp_path / "i")
    assert finder.opened(tmp_path / "i", vectors=False).told("bulge at L4-L5")
