"""Pairs of pictures and captions from mapped cases: of one split, called what they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from data.synth.phantom import Disc, Phantom, render
from finetune.vlm import pairs
from finetune.vlm.__main__ import main
from finetune.vlm.pairs import Choice, Pair
from radixgpt.case import Case, Image, StatedFinding, write_cases
from radixgpt.errors import CaseError
from radixgpt.language.reader import read
from radixgpt.level import LUMBAR_DISCS
from tools.captioner import bitmaps, questions
from tools.captioner.caption import Scope
from tools.captioner.pictures import gather
from tools.threads import one_thread


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


GRADES = {
    "pfirrmann": 2, "modic": 0, "disc_bulging": 0, "disc_herniation": 0, "disc_narrowing": 0,
    "endplate_upper": 0, "endplate_lower": 0, "spondylolisthesis": 0,
}  # fmt: skip


def graded(**ill: dict[str, int]) -> tuple[StatedFinding, ...]:
    """Gradings of all lumbar discs, healthy but for ``l4_l5`` and its like."""
    named = {name.upper().replace("_", "-"): values for name, values in ill.items()}
    return tuple(
        StatedFinding(
            level=level, kind=kind, value=value,
            assertion="absent" if value == 0 else "present",
        )
        for level in LUMBAR_DISCS
        for kind, value in {**GRADES, **named.get(level, {})}.items()
    )  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three phantoms as cases of three patients, and a case of a text alone."""
    root = tmp_path_factory.mktemp("workspace")
    cases = []
    for number, split in enumerate(("train", "development", "train"), start=1):
        rendered = render(Phantom(seed=number).with_discs(L4_L5=Disc(pfirrmann=4)), size=256)
        images = []
        for name, pixels in rendered.images.items():
            if name not in ("t1", "t2"):
                continue
            low, high = np.percentile(pixels, (0, 99.8))
            grey = np.clip((np.asarray(pixels) - low) / (high - low) * 255, 0, 255)
            path = root / f"{number}_{name}.png"
            Pillow.fromarray(grey.astype(np.uint8)).save(path)
            images.append(
                Image(
                    path=path.name, sha256="0" * 64, modality="MR", plane="sagittal",
                    sequence=name, region="lumbar",
                )
            )  # fmt: skip
        cases.append(
            Case(
                id=f"made/{number}", source="made", licence="CC0-1.0", patient=f"made/{number}",
                images=tuple(images), split=split, report_origin="human" if number == 3 else "none",
                report={"findings": "L4-L5: degenerated."} if number == 3 else {},
                findings=graded(l4_l5={"pfirrmann": 4, "disc_bulging": 1, "modic": 2}),
            )
        )  # fmt: skip
    cases.append(
        Case(
            id="made/4", source="made", licence="CC0-1.0", patient="made/4", split="train",
            caption="Normal.", report_origin="human",
        )
    )  # fmt: skip
    write_cases(root / "cases.jsonl", cases)
    return root


@pytest.fixture(scope="module")
def made(workspace: Path) -> list[Pair]:
    out = workspace / "pairs" / "train.jsonl"
    told = ["pairs", workspace / "cases.jsonl", "-o", out, "--of", "study", "image", "disc"]
    assert main(["--quiet" if one is None else str(one) for one in [*told, None]]) == 0
    return pairs.read_pairs(out)


def test_pairs_are_of_one_split_and_say_where_they_are_from(made: list[Pair]) -> None:
    assert {pair.patient for pair in made} == {"made/1", "made/3"}
    assert {pair.split for pair in made} == {"train"}
    assert {pair.origin for pair in made} == {"generated"}
    assert {pair.of for pair in made} == {"study", "image", "disc"}
    assert len({pair.id for pair in made}) == len(made)
    per_patient = [pair.of for pair in made if pair.patient == "made/1"]
    assert per_patient.count("study") == 1
    assert per_patient.count("image") == 2
    assert 3 <= per_patient.count("disc") <= 5


def test_captions_state_what_the_pictures_bear_and_the_gradings_say(made: list[Pair]) -> None:
    for pair in made:
        found = [one for one in read(pair.caption).findings if one.assertion == "present"]
        stated = {(one.level, one.kind, one.value) for one in found}
        healthy = {one for one in stated if one[0] != "L4-L5"}
        assert {one[1:] for one in healthy} <= {("pfirrmann", 2)}
        if pair.of == "disc" and "L4-L5" not in pair.id:
            assert stated == healthy
            continue
        assert ("L4-L5", "disc_bulging", None) in stated
        both = len(pair.pictures) == 2
        assert (("L4-L5", "pfirrmann", 4) in stated) == (both or "t2" in pair.id)
        assert any(kind == "modic" for _, kind, _ in stated) == both


def test_pictures_and_questions_are_those_of_the_captioner(
    made: list[Pair], workspace: Path
) -> None:
    from radixgpt.case import read_cases
    from tools import case_images, levels, triage

    case = next(iter(read_cases(workspace / "cases.jsonl")))
    study, eligibility = triage.run(case_images.study_of(case, workspace)[0])
    seen = levels.run(study, eligibility)
    for scope, name in ((Scope(), "study"), (Scope.of_disc("L4-L5"), "disc L4-L5")):
        shown = gather(study, eligibility, seen, scope)
        pair = next(p for p in made if p.id.startswith(f"{case.id} {name}"))
        assert pair.question == questions.of(shown, scope)
        turn = pairs.turn_of(pair, workspace / "pairs")
        assert turn.caption == pair.caption
        assert [np.asarray(one).tolist() for one in turn.pictures] == [
            np.asarray(bitmaps.of(one)).tolist() for one in shown.images
        ]


def test_a_picture_is_kept_once_under_a_name_that_tells_nothing(
    made: list[Pair], workspace: Path
) -> None:
    names = {name for pair in made for name in pair.pictures}
    there = {f"train/{path.name}" for path in (workspace / "pairs" / "train").iterdir()}
    assert names == there
    assert all(len(Path(name).stem) == 24 for name in names)


def test_wordings_vary_and_come_again(workspace: Path, tmp_path: Path) -> None:
    cases = list(pairs_cases(workspace))
    choice = Choice(scopes=("study",), variants=4)
    texts = []
    for name in ("a", "b"):
        pairs.make(cases, workspace, tmp_path / f"{name}.jsonl", choice)
        texts.append([pair.caption for pair in pairs.read_pairs(tmp_path / f"{name}.jsonl")])
    assert texts[0] == texts[1]
    assert len(texts[0]) == 8
    assert len(set(texts[0])) > 2


def pairs_cases(workspace: Path) -> list[Case]:
    from radixgpt.case import read_cases

    return list(read_cases(workspace / "cases.jsonl"))


def test_what_people_wrote_is_called_so(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "human.jsonl"
    found = pairs.make(pairs_cases(workspace), workspace, out, Choice(text="human"))
    (pair,) = pairs.read_pairs(out)
    assert (pair.origin, pair.caption, pair.patient) == ("human", "L4-L5: degenerated.", "made/3")
    assert found.without == {
        "without a text that a person wrote": 1,
        "without images that the tools look at": 1,
    }


def test_splits_that_leak_are_refused(workspace: Path, tmp_path: Path) -> None:
    cases = pairs_cases(workspace)
    out = tmp_path / "x.jsonl"
    both = [*cases, cases[0].model_copy(update={"id": "made/9", "split": "test"})]
    with pytest.raises(CaseError, match="on two sides"):
        pairs.make(both, workspace, out, Choice())
    none = [case.model_copy(update={"split": None}) for case in cases]
    with pytest.raises(CaseError, match="not split"):
        pairs.make(none, workspace, out, Choice())
    with pytest.raises(CaseError, match="No pair comes of the 0 cases of the split test"):
        pairs.make(cases, workspace, out, Choice(split="test"))
    with pytest.raises(CaseError, match="1 without gradings"):
        pairs.make(cases[3:], workspace, out, Choice())
    assert list(tmp_path.iterdir()) == []


def test_a_path_out_of_the_workspace_is_refused(workspace: Path, tmp_path: Path) -> None:
    case = pairs_cases(workspace)[0]
    image = case.images[0].model_copy(update={"path": "../secret.png"})
    away = case.model_copy(update={"images": (image,)})
    with pytest.raises(CaseError, match="out of the workspace"):
        pairs.make([away], workspace, tmp_path / "x.jsonl", Choice())


def test_files_that_are_no_pairs_are_refused(
    made: list[Pair], tmp_path: Path, workspace: Path
) -> None:
    path = tmp_path / "pairs.jsonl"
    lines: dict[str, Callable[[dict[str, Any]], Any]] = {
        "line 1": lambda told: {**told, "more": 1},
        "pictures": lambda told: {**told, "pictures": []},
        "caption": lambda told: {**told, "caption": ""},
    }
    for said, change in lines.items():
        path.write_text(json.dumps(change(made[0].model_dump(mode="json"))), encoding="utf-8")
        with pytest.raises(CaseError, match=said):
            pairs.read_pairs(path)
    for content, said in ((b"", "holds no pairs"), (b"\xff\xfe", "UTF-8")):
        path.write_bytes(content)
        with pytest.raises(CaseError, match=said):
            pairs.read_pairs(path)
    other = made[0].model_copy(update={"split": "test"})
    path.write_text(f"{made[0].model_dump_json()}\n{other.model_dump_json()}\n", encoding="utf-8")
    with pytest.raises(CaseError, match="mixes the splits"):
        pairs.read_pairs(path)
    with pytest.raises(CaseError, match="can't be read"):
        pairs.turn_of(made[0], tmp_path)
    for name in ("../train/x.png", str(workspace / "1_t1.png")):
        away = made[0].model_copy(update={"pictures": (name,)})
        with pytest.raises(CaseError, match="out of its folder"):
            pairs.turn_of(away, tmp_path)
