"""The map, what neighbours share, and the facts that findings go with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

from data.explore import Embedding, Given
from data.explore.shortcuts import association
from radixgpt.case import Case, Image, StatedFinding

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Explore


def test_perfect_and_no_association() -> None:
    sides = pd.Series(["a", "b"] * 40)
    told = association(sides, sides.map({"a": "x", "b": "y"}))
    assert told == (pytest.approx(1.0), 80)
    crossed = pd.Series(["x", "x", "y", "y"] * 20)
    assert association(sides, crossed) == (0.0, 80)


def test_association_is_bergsmas() -> None:
    # 30 a/x, 10 a/y, 20 b/x, 40 b/y: chi-square is 100 * (30*40 - 10*20)^2 / (40*60*50*50).
    first = pd.Series(["a"] * 40 + ["b"] * 60)
    second = pd.Series(["x"] * 30 + ["y"] * 10 + ["x"] * 20 + ["y"] * 40)
    phi = (30 * 40 - 10 * 20) ** 2 / (40 * 60 * 50 * 50)
    expected = ((phi - 1 / 99) / (2 - 1 / 99 - 1)) ** 0.5
    told = association(first, second)
    assert told is not None
    assert told[0] == pytest.approx(expected)


def test_unknown_and_few_are_left_out() -> None:
    first = pd.Series(["a", "b"] * 15 + ["unknown"] * 50)
    assert association(first, pd.Series(["x", "y"] * 40)) is None
    assert association(pd.Series(["a"] * 80), pd.Series(["x", "y"] * 40)) is None


def _cases(root: Path, count: int) -> tuple[list[Case], dict[str, np.ndarray]]:
    """Images of two makers; the embedding knows the maker and nothing of the finding."""
    rng = np.random.default_rng(0)
    cases, vectors = [], {}
    (root / "gathered").mkdir(exist_ok=True)
    for i in range(count):
        path = f"gathered/{i}.png"
        Pillow.fromarray(rng.integers(0, 255, (30, 20), dtype=np.uint8)).save(root / path)
        maker = "Acme" if i % 2 else "Zenith"
        facts = {"manufacturer": maker, "echo_time_ms": 10.0 + i}
        there = bool(rng.random() < 0.5)
        finding = StatedFinding(
            level="L4-L5", kind="disc_bulging", assertion="present" if there else "absent"
        )
        cases.append(
            Case(
                id=f"s/{i}",
                source="s",
                licence="MIT",
                patient=f"s/{i}",
                images=(Image(path=path, sha256=str(i), modality="MR", facts=facts),),
                findings=(finding,),
            )
        )
        vectors[path] = (rng.normal(0, 0.1, 6) + (np.eye(6)[0] * (1 if i % 2 else -1))).astype("f4")
    return cases, vectors


def test_neighbours_share_what_the_embedding_knows(run_explore: Explore, tmp_path: Path) -> None:
    cases, vectors = _cases(tmp_path, 80)
    run = run_explore(cases, Given(embedding=Embedding("made up", vectors)))
    shared = run.statistics("map")["shared_by_neighbours"]
    assert shared["manufacturer"]["same"] == 1.0
    # 39 of the 79 others have the same maker.
    assert shared["manufacturer"]["chance"] == pytest.approx(39 / 79, abs=1e-4)
    assert shared["manufacturer"]["above_chance"] == 1.0
    assert abs(shared["finding: Disc bulging"]["above_chance"]) < 0.2
    assert run.statistics("map")["embedding"] == "made up"
    assert run.section("map").sentence.startswith("Neighbours on the map share manufacturer most")
    assert any("does not learn the scanner" in alert for alert in run.section("map").alerts)


def test_the_map_holds_a_point_a_thumbnail_and_a_value_for_each_image(
    run_explore: Explore, tmp_path: Path
) -> None:
    cases, vectors = _cases(tmp_path, 40)
    drawn = run_explore(cases, Given(embedding=Embedding("made up", vectors))).section("map").map
    assert drawn is not None
    assert drawn["name"] == [f"s/{i}" for i in range(40)]
    columns = {column["title"]: column for column in drawn["columns"]}
    maker = columns["manufacturer"]
    assert [maker["labels"][code] for code in maker["codes"]] == ["Zenith", "Acme"] * 20
    assert columns["echo time, ms"]["values"] == [10.0 + i for i in range(40)]
    assert "finding: Disc bulging" in columns
    assert "source" not in columns  # there is but one
    for values in (drawn["x"], drawn["y"], drawn["thumbnail"]):
        assert len(values) == 40
    # The two makers lie apart on the map, as they do in the embedding.
    places = np.column_stack([drawn["x"], drawn["y"]])
    gap = np.linalg.norm(places[0::2].mean(0) - places[1::2].mean(0))
    assert gap > np.linalg.norm(places[0::2] - places[0::2].mean(0), axis=1).mean()


def test_images_of_the_same_patient_are_no_neighbours(run_explore: Explore, tmp_path: Path) -> None:
    # Twins: two images of each patient are equal, and their label is the patient's own.
    cases, vectors = _cases(tmp_path, 80)
    rng = np.random.default_rng(3)
    told = []
    for i, case in enumerate(cases):
        pair = i // 2
        vectors[case.images[0].path] = np.eye(41, dtype="f4")[pair] + rng.normal(0, 1e-3, 41)
        facts = {"hand": "left" if np.random.default_rng(pair).random() < 0.5 else "right"}
        told.append(case.model_copy(update={"patient": f"s/p{pair}", "facts": facts}))
    run = run_explore(told, Given(embedding=Embedding("made up", vectors)))
    assert abs(run.statistics("map")["shared_by_neighbours"]["hand"]["above_chance"]) < 0.3


def test_without_weights_the_page_says_that_thumbnails_stand_in(
    run_explore: Explore, tmp_path: Path
) -> None:
    cases, _ = _cases(tmp_path, 40)
    run = run_explore(cases)
    assert run.statistics("map")["embedding"] == "thumbnail pixels"
    assert "the map rests on the pixels of small thumbnails" in run.whole.html()


def test_equal_images_make_a_map_too(run_explore: Explore, tmp_path: Path) -> None:
    cases, vectors = _cases(tmp_path, 12)
    same = dict.fromkeys(vectors, np.ones(6, np.float32))
    drawn = run_explore(cases, Given(embedding=Embedding("made up", same))).section("map").map
    assert drawn is not None
    assert set(drawn["x"]) == {0.0}


def test_a_finding_that_the_view_tells_is_an_alert(run_explore: Explore) -> None:
    cases = []
    for i in range(60):
        side = "ap" if i % 2 else "lateral"
        label = ("scoliosis" if i % 3 else "normal") if side == "ap" else "spondylolisthesis"
        image = Image(path=f"{i}.jpg", sha256=str(i), modality="DX", view=side)
        cases.append(
            Case(
                id=f"s/{i}",
                source="s",
                licence="MIT",
                patient=f"s/{i}",
                images=(image,),
                facts={"label": label},
            )
        )
    section = run_explore(cases).section("cooccurrence")
    assert section.statistics["facts"]["Label of the case"]["view"]["v"] > 0.95
    assert any("goes with kind of image" in a and "view" in a for a in section.alerts)
