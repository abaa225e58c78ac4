"""The radiograph tool: the midline and its bend, the gates, and what is shipped."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radixgpt.eligibility import Eligibility
from radixgpt.finding import KINDS
from radixgpt.observation import Observation
from radixgpt.study import BodyRegion, Modality, Series, Study, View
from radixgpt.weights import WEIGHTS
from tools import radiographs, triage
from tools.radiographs.curve import FEWEST_ROWS, trace
from tools.radiographs.curve_net import ROWS, STRIDE, strip
from tools.radiographs.view import ViewHead
from tools.triage_quality import judge

Floats = npt.NDArray[np.float64]
MAP_ROWS = ROWS // STRIDE


def chances(line: Floats, columns: int = 24, none: float = 0.02) -> Floats:
    """A map whose chances lie about a line; no spine where the line is NaN."""
    places = np.arange(columns)
    out = np.zeros((len(line), columns + 1))
    for row, x in enumerate(line):
        if np.isnan(x):
            out[row, -1] = 1
        else:
            bell = np.exp(-0.5 * ((places - x) / 0.7) ** 2) + 1e-4
            out[row] = np.r_[bell / bell.sum() * (1 - none), none]
    return out


def sine(degrees: float, waves: float = 1.0) -> Floats:
    """A sine over the whole map whose two steepest tangents differ by an angle."""
    slope = np.tan(np.radians(degrees / 2))
    turn = 2 * np.pi * waves / MAP_ROWS
    return 12 + slope / turn * np.sin(turn * (np.arange(MAP_ROWS) + 0.5))


def angle(line: Floats, shape: tuple[int, int] = (768, 330)) -> float:
    found = trace(chances(line), shape, shape[1] * MAP_ROWS / shape[0])
    assert found is not None
    return found.angle


def test_a_straight_spine_has_no_curve_and_a_leaning_one_neither() -> None:
    assert angle(np.full(MAP_ROWS, 12.0)) < 0.5
    assert angle(np.linspace(4, 18, MAP_ROWS)) < 3


@settings(deadline=None, max_examples=30)
@given(degrees=st.floats(15, 90), waves=st.sampled_from([1.0, 1.5]))
def test_the_angle_of_a_curve_is_found(degrees: float, waves: float) -> None:
    line = sine(degrees, waves)
    assert angle(line) == pytest.approx(degrees, rel=0.2)
    assert angle(24 - 1 - line) == pytest.approx(angle(line), abs=0.5)


@settings(deadline=None, max_examples=20)
@given(first=st.floats(5, 30), more=st.floats(5, 40))
def test_more_bend_never_measures_less(first: float, more: float) -> None:
    assert angle(sine(first + more)) > angle(sine(first))


def test_the_angle_does_not_depend_on_how_a_film_is_cut() -> None:
    """Columns beside the spine change nothing: the shape of the film is no shortcut."""
    line = sine(40)
    wide = trace(chances(line + 20, 64), (768, 878), 64)
    narrow = trace(chances(line, 24), (768, 330), 24)
    assert wide is not None
    assert narrow is not None
    assert wide.angle == pytest.approx(narrow.angle, abs=0.5)


def test_a_short_spine_is_not_measured_and_its_ends_are_found() -> None:
    line = np.full(MAP_ROWS, 12.0)
    line[FEWEST_ROWS - 1 :] = np.nan
    assert trace(chances(line), (768, 330), 24) is None
    line = np.full(MAP_ROWS, 12.0)
    line[:8], line[40:] = np.nan, np.nan
    found = trace(chances(line), (768, 330), 24)
    assert found is not None
    assert found.share == pytest.approx(32 / MAP_ROWS)
    assert found.y[0] == pytest.approx(8.5 * 768 / MAP_ROWS - 0.5)
    assert len(found.outline()) >= 20


def test_a_strip_keeps_the_proportion_of_the_patient() -> None:
    pixels = np.add.outer(np.arange(400.0), np.arange(200.0)).astype(np.float32)
    film, columns = strip(pixels)
    assert film.shape == (ROWS, 224)
    assert columns == 28
    assert strip(pixels, (1.0, 2.0))[1] == 56
    assert strip(pixels[:, :20])[0].shape[1] == 32


def test_class_activation_adds_up_to_the_score() -> None:
    """The map shows what the decision rests on: its mean is the score without the bias."""
    rng = np.random.default_rng(3)
    head = ViewHead(rng.normal(size=1280).astype(np.float32), np.zeros(1, np.float32))
    maps = rng.random((1280, 5, 7)).astype(np.float32)
    seen = head.activation(maps, lateral=True)
    assert seen.shape == (5, 7)
    assert seen.max() == pytest.approx(1)
    assert np.unravel_index(seen.argmax(), seen.shape) == np.unravel_index(
        np.einsum("f,frc->rc", head.weight, maps).argmax(), seen.shape
    )


# --- the shipped weights ------------------------------------------------------------------------


def film(view: View = View.UNKNOWN, seed: int = 0, **facts: object) -> Series:
    """A drawn film: a bright column of blocks between dark lungs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:600, 0:260]
    pixels = (
        60 + 90 * np.exp(-(((x - 130) / 22.0) ** 2)) + 12 * np.sin(y / 5.0) * (abs(x - 130) < 24)
    )
    pixels = (pixels + rng.normal(0, 3, pixels.shape)).astype(np.float32)
    known = {"view": "header"} if view is not View.UNKNOWN else {}
    return Series("s1", pixels[None], modality=Modality.DX, view=view, facts_from=known, **facts)  # type: ignore[arg-type]


def run(series: Series) -> dict[str, Observation]:
    found = radiographs.run(Study("k", (series,)), Eligibility(False, radiographs=("s1",)))
    assert {o.kind for o in found} - {"view"} <= set(KINDS)
    return {o.kind: o for o in found}


def test_scoliosis_is_never_judged_but_on_an_ap_film() -> None:
    for view in (View.LATERAL, View.OTHER):
        said = run(film(view))
        assert said["view"].value == view.value
        assert said["scoliosis"].status == "not_assessable"
        assert said["scoliosis"].reason == radiographs.NEEDS_AP
        assert "curve_angle" not in said


@pytest.mark.parametrize("view", [v for v in View if v is not View.LATERAL])
def test_a_slip_is_never_stated_but_on_a_lateral_film(view: View) -> None:
    said = run(film(view))
    assert said["spondylolisthesis"].value is None
    assert said["spondylolisthesis"].status == "not_assessable"
    assert "slip_ratio" not in said


def test_a_lateral_film_without_vertebrae_is_not_assessed() -> None:
    rng = np.random.default_rng(2)
    pixels = rng.normal(100, 20, (500, 300)).astype(np.float32)
    blank = Series("s1", pixels[None], view=View.LATERAL, facts_from={"view": "header"})
    said = run(blank)["spondylolisthesis"]
    assert said.status == "not_assessable"
    assert said.reason == radiographs.NO_DISCS


def test_what_is_stated_passes_its_threshold_and_shows_where_it_was_seen() -> None:
    from tools.radiographs.weights import heads

    said = run(film(View.AP))
    found = said["scoliosis"]
    if found.status == "value":
        assert found.confidence is not None
        assert found.confidence >= heads().thresholds.scoliosis
    if "curve_angle" in said:
        assert found.evidence[0].polygon
    heat = radiographs.heat(film(View.AP), 0)
    assert heat.shape == (600, 260)
    assert 0 <= heat.min() <= heat.max() <= 1
    assert radiographs.heat(film(View.LATERAL), 0).shape == (600, 260)


def test_a_page_that_a_header_calls_a_radiograph_is_refused() -> None:
    from finetune.triage_nothing import noise, page

    rng = np.random.default_rng(1)
    for pixels in (page(rng), noise(rng), np.zeros((300, 300), np.float32)):
        series = Series("s1", pixels[None], modality=Modality.DX, region=BodyRegion.LUMBAR)
        _, decision = triage.run(Study("k", (series,)))
        assert decision.radiographs == ()
        assert not decision.read


def test_a_radiograph_of_another_part_is_refused_by_its_header() -> None:
    series = film(View.AP, region=BodyRegion.OTHER)
    assert triage.run(Study("k", (series,)))[1].radiographs == ()


def test_no_fragment_of_a_name_is_in_weights_or_marks() -> None:
    """Original names begin with N and a number, and hold ages, sexes and words such as AIS."""
    from finetune.radiographs_corners import CORNERS
    from finetune.radiographs_data import MIDLINES

    texts = [
        (WEIGHTS / "radiographs" / name).read_text(encoding="utf-8")
        for name in ("card.md", "manifest.json")
    ]
    texts += [place.read_text(encoding="utf-8") for place in (MIDLINES, CORNERS)]
    for text in texts:
        assert not re.search(r"\bN\d+\s*,|\bT?L?AIS\b|\bolisthesis\b|_100\d_|\byrs\b", text)


def test_quality_names_what_limits_an_image() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:400, 0:400]
    good = (100 + 60 * np.sin(x / 6.0) * np.cos(y / 7.0) + rng.normal(0, 1.5, x.shape)).astype(
        np.float32
    )
    assert judge(good).limits == ()
    assert judge(good).words == ""
    assert "noisy" in judge(good + rng.normal(0, 25, good.shape).astype(np.float32)).limits
    assert "few grey levels" in judge(np.round(good / 20) * 20).limits
    assert "bright parts clipped" in judge(np.minimum(good, 120)).limits
    assert judge(good[:200, :200]).limits[0].startswith("small")
    half = good.copy()
    half[:200] = 0
    assert any("empty" in limit for limit in judge(half).limits)
    assert "noisy" in judge(good + rng.normal(0, 25, good.shape).astype(np.float32)).words


@pytest.mark.data
def test_films_of_the_set(shared_data: Path) -> None:
    """The held-out films of either view, and a strong curve beside straight spines."""
    from finetune.radiographs_data import films

    held = [f for f in films(shared_data) if f.held_out]
    wanted = [f for f in held if f.view == "lateral"][:3] + [f for f in held if f.view == "ap"][:6]
    right = 0
    for one in wanted:
        series = Series("s1", one.pixels[None])
        study, decision = triage.run(Study("k", (series,)))
        assert decision.radiographs == ("s1",)
        said = {o.kind: o for o in radiographs.run(study, decision)}
        right += said["view"].value == one.view
        if one.view == "ap":
            assert said["spondylolisthesis"].status == "not_assessable"
            assert "slip_ratio" not in said
    assert right >= len(wanted) - 1


@pytest.mark.data
def test_slips_of_the_set(shared_data: Path) -> None:
    """The heads that ship learnt from these films: they must say so, either way round."""
    from finetune.radiographs_corners import slipped
    from finetune.radiographs_data import films

    pixels = next(f for f in films(shared_data) if f.key == "spond_230").pixels
    both = [run(lateral(p)) for p in (pixels, np.ascontiguousarray(pixels[:, ::-1]))]
    for said in both:
        assert said["spondylolisthesis"].value == "present"
        assert said["spondylolisthesis"].evidence[0].polygon
    one, other = (float(said["slip_ratio"].value or 0) for said in both)
    assert one == pytest.approx(other, abs=0.01)
    assert one > 0.3
    disc = np.array(both[0]["slip_ratio"].evidence[0].polygon)[[0, 1, 3, 2]]
    again = run(lateral(slipped(pixels, disc, -one)))
    assert again["spondylolisthesis"].value is None
    heat = radiographs.heat(lateral(pixels), 0)
    assert heat.shape == pixels.shape
    assert heat.max() == pytest.approx(1)


def lateral(pixels: npt.NDArray[np.float32]) -> Series:
    return Series("s1", pixels[None], view=View.LATERAL, facts_from={"view": "header"})


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1)])
def test_an_image_of_one_line_is_small_and_has_no_noise(shape: tuple[int, int]) -> None:
    quality = judge(np.ones(shape, np.float32))
    assert quality.limits[0] == f"small ({shape[0]} x {shape[1]} pixels)"
    assert "noisy" not in quality.limits
