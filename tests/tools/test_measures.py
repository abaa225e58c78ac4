"""Measures of phantoms whose lengths are known, and a table that is never made twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image as Pictures

from data.synth.phantom import Disc, Phantom, Rendered, render
from radixgpt.case import Case, Image
from radixgpt.errors import CaseError
from radixgpt.level import LUMBAR_DISCS
from tools import embeddings, measures

SLIPPED, NARROW = "L4-L5", "L2-L3"
WORN = {SLIPPED: Disc(pfirrmann=4, slip_mm=7.0), NARROW: Disc(pfirrmann=5, narrowing=0.6)}


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return render(Phantom().with_discs(**WORN), size=320)


def image(root: Path, name: str, pixels: np.ndarray, sequence: str = "t2") -> Image:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.clip(pixels / np.percentile(pixels, 99.8) * 255, 0, 255).astype(np.uint8)
    Pictures.fromarray(grey).save(path)
    return Image(
        path=name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        modality="MR",
        plane="sagittal",
        sequence=sequence,
    )


def case(number: int, *images: Image) -> Case:
    return Case(
        id=f"phantom/{number}",
        source="phantom",
        licence="CC0",
        patient=f"phantom/{number}",
        images=images,
    )


@pytest.fixture
def two(rendered: Rendered, tmp_path: Path) -> list[Case]:
    """Two patients with T1 and T2 of the same phantom."""
    return [
        case(n, *(image(tmp_path, f"{n}/{s}.png", p, s) for s, p in rendered.images.items()))
        for n in (1, 2)
    ]


def test_a_phantom_is_measured_as_it_was_made(
    rendered: Rendered, two: list[Case], tmp_path: Path
) -> None:
    rows = measures.measure_discs(two[:1], tmp_path, tmp_path / "m")
    assert set(rows["sequence"]) == {"t1", "t2"}
    assert rows["reason"].isna().all()
    t2 = rows[rows["sequence"] == "t2"].set_index("level")
    assert set(LUMBAR_DISCS) <= set(t2.index)
    for level in LUMBAR_DISCS:
        truth, worn = rendered.truth[level], level in WORN
        there = (t2.loc[level, "x"], t2.loc[level, "y"])
        assert there == pytest.approx(rendered.disc_centres[level], abs=9), level
        height, canal = (float(truth[k]) for k in ("disc_height_index", "canal_ratio"))
        # The mean height of a concave disc is more than its height in the middle.
        near = pytest.approx(height, abs=0.1 if worn else 0.03)
        assert t2.loc[level, "disc_height_index"] == near, level
        assert t2.loc[level, "canal_ratio"] == pytest.approx(canal, rel=0.3), level
    assert t2.loc[list(LUMBAR_DISCS), "height_to_own_median"].idxmin() == NARROW
    slips = t2.loc[list(LUMBAR_DISCS), "slip_ratio"]
    assert slips.abs().idxmax() == SLIPPED
    assert slips[SLIPPED] == pytest.approx(float(rendered.truth[SLIPPED]["slip_ratio"]), abs=0.08)
    assert np.isnan(slips["L5-S1"])
    bright = t2["signal_to_canal"]
    assert max(bright[SLIPPED], bright[NARROW]) < min(bright["L1-L2"], bright["L3-L4"])


def test_ratios_do_not_depend_on_the_size_of_a_pixel(rendered: Rendered, tmp_path: Path) -> None:
    pixels = np.asarray(rendered.images["t2"])
    plain = image(tmp_path, "plain.png", pixels)
    tall = image(tmp_path, "tall.png", np.repeat(pixels, 2, axis=0)).model_copy(
        update={"spacing": (0.5, 1.0)}
    )
    rows = measures.measure_discs([case(1, plain), case(2, tall)], tmp_path, tmp_path / "m")
    first, second = (g.set_index("level") for _, g in rows.groupby("case"))
    for name in ("disc_height_index", "canal_ratio"):
        assert second.loc[list(LUMBAR_DISCS), name].to_numpy() == pytest.approx(
            first.loc[list(LUMBAR_DISCS), name].to_numpy(), rel=0.2
        )


def test_what_is_no_sagittal_lumbar_mr_is_not_measured(two: list[Case]) -> None:
    good = two[0].images[0]
    assert measures.measurable(good)
    for other in (
        {"plane": "axial"},
        {"plane": "unknown"},
        {"modality": "CT"},
        {"sequence": "stir"},
        {"region": "cervical"},
    ):
        assert not measures.measurable(good.model_copy(update=other)), other


def test_an_image_without_a_column_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(0, 255, (96, 96))
    rows = measures.measure_discs([case(1, image(tmp_path, "n.png", noise))], tmp_path, tmp_path)
    assert rows["reason"].tolist() == ["no-column"]
    assert rows["level"].isna().all()


def test_a_damaged_image_costs_no_other(two: list[Case], tmp_path: Path) -> None:
    (tmp_path / two[0].images[0].path).write_bytes(b"no picture")
    discs = measures.measure_discs(two, tmp_path, tmp_path / "m")
    assert set(discs.loc[discs["image"] == two[0].images[0].path, "reason"]) == {"unreadable"}
    assert discs.loc[discs["image"] != two[0].images[0].path, "level"].notna().all()
    vectors = embeddings.embed_images(two, tmp_path, tmp_path / "m").set_index("image")
    lost = vectors.loc[two[0].images[0].path]
    assert lost["reason"] == "unreadable"
    assert pd.isna(lost["embedding"])
    assert vectors.drop(index=two[0].images[0].path)["reason"].isna().all()


def test_a_path_out_of_the_workspace_is_refused(two: list[Case], tmp_path: Path) -> None:
    for path in ("../1/t2.png", "/etc/hosts", "C:/x.png", ""):
        lost = case(3, two[0].images[0].model_copy(update={"path": path}))
        with pytest.raises(CaseError, match="out of the workspace"):
            measures.measure_discs([lost], tmp_path, tmp_path / "m")
        with pytest.raises(CaseError, match="out of the workspace"):
            embeddings.embed_images([lost], tmp_path, tmp_path / "m")


def count_calls(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> list[tuple[object, ...]]:
    """Let a function run, and keep what it was called with."""
    calls: list[tuple[object, ...]] = []
    real: Callable[..., object] = getattr(module, name)

    def counted(*args: object) -> object:
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(module, name, counted)
    return calls


def test_nothing_is_measured_twice(
    two: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count_calls(monkeypatch, measures, "columns_of")
    first = measures.measure_discs(two[:1], tmp_path, tmp_path / "m")
    again = measures.measure_discs(two[:1], tmp_path, tmp_path / "m")
    assert len(calls) == 1
    pd.testing.assert_frame_equal(first, again)
    both = measures.measure_discs(two, tmp_path, tmp_path / "m")
    assert len(calls) == 2
    pd.testing.assert_frame_equal(both[both["case"] == "phantom/1"], first)
    # Another image under the same name, and other weights, are measured anew.
    changed = two[0].images[0].model_copy(update={"sha256": "0" * 64})
    measures.measure_discs([case(1, changed)], tmp_path, tmp_path / "m")
    assert len(calls) == 3
    monkeypatch.setattr(measures, "fingerprint", lambda *_: "other")
    measures.measure_discs(two[:1], tmp_path, tmp_path / "m")
    assert len(calls) == 4


def test_a_killed_run_goes_on_where_it_was(
    two: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.measure_store._EVERY_SECONDS", 0.0)
    calls = count_calls(monkeypatch, measures, "columns_of")

    def killed(_what: str, done: int, _total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measures.measure_discs(two, tmp_path, tmp_path / "m", killed)
    assert not (tmp_path / "m" / "discs.parquet").exists()
    rows = measures.measure_discs(two, tmp_path, tmp_path / "m")
    assert len(calls) == 2
    assert set(rows["case"]) == {"phantom/1", "phantom/2"}
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["discs.parquet"]
    stored = pd.read_parquet(tmp_path / "m" / "discs.parquet")
    assert stored["level"].tolist() == rows["level"].tolist()


def test_a_damaged_table_is_told(two: list[Case], tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "discs.parquet").write_bytes(b"PAR1 but not quite")
    with pytest.raises(CaseError, match=r"discs\.parquet.*Delete it"):
        measures.measure_discs(two, tmp_path, tmp_path / "m")


def test_embeddings_tell_phantoms_from_noise(
    two: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).uniform(0, 255, (128, 128))
    cases = [*two, case(3, image(tmp_path, "3/n.png", noise))]
    threads = torch.get_num_threads()
    calls = count_calls(monkeypatch, embeddings, "features")
    rows = embeddings.embed_images(cases, tmp_path, tmp_path / "m")
    assert torch.get_num_threads() == threads
    assert len(rows) == 5
    vectors = embeddings.matrix(rows)
    assert vectors.shape == (5, 1280)
    assert np.isfinite(vectors).all()
    # The two patients' slices are the same pixels; noise is like neither.
    assert vectors[0] == pytest.approx(vectors[2], rel=1e-3, abs=1e-3)
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    assert apart[4, :4].min() > 2 * apart[:4, :4].max()
    assert rows["looks"].iloc[4] == "pattern"
    made = len(calls)
    again = embeddings.embed_images(cases, tmp_path, tmp_path / "m")
    assert len(calls) == made > 0
    assert (embeddings.matrix(again) == vectors).all()
