"""What is graded, what is refused, and with which reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.synth.phantom import Rendered, render, sample
from radixgpt.eligibility import REASONS, Eligibility
from radixgpt.study import BodyRegion, Geometry, Modality, Plane, Sequence, Series, Study
from tools import midline, triage, triage_signal
from tools.triage import _best, _Verdict
from tools.triage_weights import eyes

Pixels = npt.NDArray[np.float32]


@cache
def phantom(seed: int = 5) -> Rendered:
    return render(sample(np.random.default_rng(seed)), size=288)


def series(pixels: Pixels, key: str = "s1") -> Series:
    stack = pixels if pixels.ndim == 3 else pixels[None]
    return Series(key, np.ascontiguousarray(stack, np.float32))


def decide(*given: Series) -> tuple[Study, Eligibility]:
    return triage.run(Study("k", given))


def test_phantom_pair_without_header_is_graded() -> None:
    images = phantom().images
    study, decision = decide(series(images["t1"], "s1"), series(images["t2"], "s2"))
    assert decision.gradable
    assert (decision.t1, decision.t2) == ("s1", "s2")
    assert decision.mid_slices == {"s1": 0, "s2": 0}
    assert decision.graded_series == ("s2", "s1")
    for one in study.series:
        assert (one.modality, one.plane, one.region) == (
            Modality.MR,
            Plane.SAGITTAL,
            BodyRegion.LUMBAR,
        )
        assert set(one.facts_from.values()) == {"pixels"}


def test_header_facts_stand() -> None:
    stated = series(phantom().images["t2"]).with_facts(
        "header", modality=Modality.MR, sequence=Sequence.T2_SPACE, region=BodyRegion.WHOLE_SPINE
    )
    study, decision = decide(stated)
    assert decision.gradable
    assert decision.t2 == "s1"
    assert study.series[0].sequence is Sequence.T2_SPACE
    assert study.series[0].region is BodyRegion.WHOLE_SPINE
    assert study.series[0].facts_from == {
        "modality": "header",
        "sequence": "header",
        "region": "header",
        "plane": "pixels",
    }


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"modality": Modality.CT}, "not-mr"),
        ({"modality": Modality.DX}, "not-mr"),
        ({"modality": Modality.OTHER}, "not-mr"),
        ({"modality": Modality.MR, "region": BodyRegion.CERVICAL}, "not-lumbar"),
        ({"modality": Modality.MR, "region": BodyRegion.OTHER}, "not-spine"),
        ({"modality": Modality.MR, "plane": Plane.AXIAL}, "not-sagittal"),
        ({"plane": Plane.SAGITTAL, "sequence": Sequence.STIR}, "no-t1-or-t2"),
        ({"plane": Plane.SAGITTAL, "sequence": Sequence.LOCALIZER}, "no-t1-or-t2"),
    ],
)
def test_what_the_header_rules_out(facts: dict[str, object], reason: str) -> None:
    stated = replace(series(phantom().images["t2"]), **facts)  # type: ignore[arg-type]
    _, decision = decide(stated)
    assert not decision.gradable
    assert decision.reason == reason
    assert decision.detail.startswith(REASONS[decision.reason])


def lumbar(pixels: Pixels) -> Series:
    return replace(
        series(pixels),
        modality=Modality.MR,
        plane=Plane.SAGITTAL,
        sequence=Sequence.T2,
        region=BodyRegion.LUMBAR,
    )


def page() -> Pixels:
    from finetune.triage_nothing import page as text

    return text(np.random.default_rng(2))


@pytest.mark.parametrize(
    ("make", "reasons"),
    [
        (lambda: np.full((300, 260), 7, np.float32), {"blank"}),
        (lambda: np.linspace(0, 9, 90_000, dtype=np.float32).reshape(300, 300), {"blank"}),
        (lambda: np.random.default_rng(1).normal(size=(300, 300)), {"noise"}),
        (lambda: np.random.default_rng(1).normal(size=(9, 300, 300)), {"noise"}),
        (page, {"not-spine", "noise"}),
        (lambda: np.zeros((64, 64), np.float32), {"too-small"}),
    ],
)
def test_a_header_does_not_vouch_for_pixels(make: Callable[[], Pixels], reasons: set[str]) -> None:
    pixels = make()
    for shown in (lumbar(pixels), series(pixels)):
        _, decision = decide(shown)
        assert not decision.gradable
        assert decision.reason in reasons


@pytest.mark.parametrize(
    ("turn", "word"),
    [
        (lambda x: x[::-1, ::-1], "upside down"),
        (lambda x: x[::-1], "upside down"),
        (lambda x: x[:, ::-1], "mirrored"),
        (lambda x: np.rot90(x), "turned by 90 degrees"),
    ],
)
def test_turned_slices_are_refused_and_told(turn: Callable[[Pixels], Pixels], word: str) -> None:
    _, decision = decide(series(turn(phantom().images["t2"])))
    assert not decision.gradable
    if decision.reason == "no-column":
        assert word in decision.detail


@given(seed=st.integers(0, 40), power=st.floats(0.6, 1.6), gain=st.floats(0.01, 400))
@settings(max_examples=12, deadline=None)
def test_a_negative_is_told_from_a_slice(seed: int, power: float, gain: float) -> None:
    for pixels in phantom(seed % 4).images.values():
        shown = (pixels / pixels.max()) ** power * gain
        assert eyes().negative.chance(shown) < 0.5
        assert eyes().negative.chance(shown.max() - shown) >= 0.5


def test_inverted_slices_are_refused() -> None:
    pixels = phantom().images["t2"]
    _, decision = decide(series(pixels.max() - pixels))
    assert decision.reason == "inverted"


@pytest.mark.parametrize(
    ("spoil", "word"), [(lambda x: x.max() - x, "inverted"), (lambda x: x[::-1], "upside down")]
)
def test_a_series_left_out_beside_a_good_one_is_told(
    spoil: Callable[[Pixels], Pixels], word: str
) -> None:
    images = phantom().images
    study, decision = decide(series(images["t1"], "s1"), series(spoil(images["t2"]), "s2"))
    assert decision.gradable
    assert decision.t2 is None
    assert any(word in warning for warning in study.warnings)


def test_a_column_without_its_junction_is_refused() -> None:
    rendered = phantom()
    row = int(rendered.disc_centres["L3-L4"][1])
    _, decision = decide(lumbar(rendered.images["t2"][:row]))
    assert decision.reason == "no-column"


def test_the_nearest_reason_is_told() -> None:
    shown = series(phantom().images["t2"])
    axial = replace(shown, key="s1", modality=Modality.MR, plane=Plane.AXIAL)
    scan = replace(shown, key="s2", modality=Modality.CT)
    _, decision = decide(scan, axial)
    assert decision.reason == "not-sagittal"


def test_nothing_is_no_image() -> None:
    study, decision = triage.run(Study("k", ()))
    assert study.series == ()
    assert decision.reason == "not-an-image"


def test_t2_tse_is_preferred_then_more_slices() -> None:
    stack = np.zeros((3, 4, 4), np.float32)
    space = _Verdict(replace(series(stack, "s1"), sequence=Sequence.T2_SPACE), chance=0.99)
    single = _Verdict(replace(series(stack[:1], "s2"), sequence=Sequence.T2), chance=0.9)
    volume = _Verdict(replace(series(stack[:2], "s3"), sequence=Sequence.T2), chance=0.8)
    assert _best([space, single, volume]) is volume
    assert _best([space, single]) is single
    assert _best([space]) is space
    assert _best([]) is None


@given(
    st.integers(0, 2**31),
    st.integers(100, 300),
    st.integers(100, 300),
    st.floats(0.01, 1e4),
    st.floats(-1e4, 1e4),
)
@settings(max_examples=15, deadline=None)
def test_white_noise_is_noise_at_any_scale(
    seed: int, rows: int, columns: int, gain: float, level: float
) -> None:
    noise = np.random.default_rng(seed).normal(size=(rows, columns)) * gain + level
    assert triage_signal.verdict(noise.astype(np.float32)) == "noise"


@given(st.floats(0.01, 1e3), st.floats(-1e3, 1e3))
@settings(max_examples=10, deadline=None)
def test_a_phantom_is_signal_at_any_scale(gain: float, level: float) -> None:
    assert (
        triage_signal.verdict(phantom().images["t1"] * np.float32(gain) + np.float32(level)) is None
    )


@pytest.mark.parametrize("place", [0, 1])
def test_a_slice_that_ends_above_the_junction_is_refused(place: int) -> None:
    names = ("L5-S1", "L4-L5", "L3-L4")
    rendered = phantom()
    lower, upper = (rendered.disc_centres[name][1] for name in names[place : place + 2])
    for image in (rendered.images["t1"], rendered.images["t2"]):
        whole = decide(series(image))[1]
        assert whole.gradable
        cut = image[: round(0.5 * lower + 0.5 * upper)]
        padded = np.pad(cut, ((0, 24), (0, 0)))
        for shown in (cut, padded):
            _, decision = decide(series(shown))
            assert not decision.gradable
            assert decision.reason == "no-column"


@pytest.mark.parametrize("count", [5, 11])
def test_midline_of_a_phantom_that_lies_off_centre(count: int) -> None:
    step, true = 5.0, count - 3
    chosen = sample(np.random.default_rng(5))
    volume = np.stack(
        [
            render(chosen, ("t2",), size=224, offset_mm=(index - true) * step).images["t2"]
            for index in range(count)
        ]
    )
    found = midline.find(volume)
    assert found.basis == "column"
    assert abs(found.index - true) <= 1
    assert found.index in found.scores


def test_mirror_plane_is_found_without_a_column() -> None:
    rng = np.random.default_rng(3)
    half = [np.cumsum(rng.normal(size=(60, 60)), 0) for _ in range(9)]
    volume = np.stack([*half[:0:-1], *half]).astype(np.float32)  # mirrored about slice 8
    assert midline.mirror_plane(volume) == 8
    assert midline.mirror_plane(volume[2:]) == 6


def test_spacing_undoes_a_stretched_slice() -> None:
    image = phantom().images["t2"]
    squeezed = np.asarray(Image.fromarray(image).resize((288, 160), Image.Resampling.BOX))
    flat = replace(series(squeezed), geometry=Geometry((288 / 160, 1.0)))
    _, decision = decide(flat)
    assert decision.gradable


def test_model_facts_name_the_weights() -> None:
    facts = triage.model_facts()
    assert facts.name == "radixgpt-triage"
    assert len(facts.sha256) == 64


def picture(path: Path) -> Pixels:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("L"), np.float32)


@pytest.mark.data
def test_real_pairs_are_graded(shared_data: Path) -> None:
    from finetune.spider import image, split

    _, development = split(shared_data)
    pairs = [
        (image(shared_data, f"{p}_t1"), image(shared_data, f"{p}_t2")) for p in development[:6]
    ]
    graded = [
        decide(series(t1.astype(np.float32), "s1"), series(t2.astype(np.float32), "s2"))[1]
        for t1, t2 in pairs
        if t1 is not None and t2 is not None
    ]
    assert (
        sum(decision.t1 == "s1" and decision.t2 == "s2" for decision in graded) >= len(graded) - 1
    )


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("kauh_xray/images/scol_000.jpg", "not-mr"),
        ("sudirman_slices/slice_001.png", "not-sagittal"),
        ("sudirman_slices/slice_037.png", "not-sagittal"),
    ],
)
def test_real_other_images_are_told_apart(shared_data: Path, name: str, reason: str) -> None:
    _, decision = decide(series(picture(shared_data / name)))
    assert decision.reason == reason


@pytest.mark.data
def test_the_neck_is_never_graded(shared_data: Path) -> None:
    from pydicom import dcmread

    for name in ("Spine1", "cervicalKyphosis"):
        pixels = dcmread(shared_data / "dicom" / f"{name}.dcm").pixel_array
        _, decision = decide(series(pixels.astype(np.float32)))
        assert not decision.gradable
