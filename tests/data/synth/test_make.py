"""Made-up images: what is asked for in words is what the phantom's truth says, and files say so."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.synth import make
from data.synth.conditions import BINARY, DiscGrades
from data.synth.marked import MARK, as_png
from data.synth.phantom_anatomy import build
from data.synth.phantom_truth import truth
from data.synth.phantom_wanted import phantom_of
from data.synth.request import Request
from radixgpt.errors import InputError
from radixgpt.finding import PRESENT
from radixgpt.level import LUMBAR_DISCS

GRADES = st.builds(
    DiscGrades, st.integers(1, 5), st.integers(0, 3), st.frozensets(st.sampled_from(BINARY))
)


@settings(max_examples=10)
@given(
    discs=st.dictionaries(st.sampled_from(LUMBAR_DISCS), GRADES, max_size=3),
    seed=st.integers(0, 999),
)
def test_a_phantom_has_what_is_wanted_and_nothing_else(
    discs: dict[str, DiscGrades], seed: int
) -> None:
    phantom = phantom_of(discs, seed)
    found = truth(phantom, build(phantom))
    for level in LUMBAR_DISCS:
        grades = discs.get(level, DiscGrades())
        assert found[level]["pfirrmann"] == grades.pfirrmann
        assert found[level]["modic"] == grades.modic
        assert {kind for kind in BINARY if found[level][kind] == PRESENT} == grades.present


def test_a_curve_is_not_made_up_in_one_slice() -> None:
    request = make.asked(["scoliosis"])
    with pytest.raises(InputError, match="sideways curve") as told:
        next(make.pictures(request, "t2", "phantom"))
    assert "--study" in told.value.mend
    make.ready(request, "phantom", study=True)


@pytest.mark.parametrize(
    "text",
    [
        "L4-L5 annular fissure",
        "L3 fracture",
        "scoliosis",
        "L4-L5 slip 6 mm",
        "L4-L5 protrusion",
        "conus at L2",
    ],
)
@pytest.mark.parametrize("by", ["rgan", "diffusion"])
def test_networks_are_not_asked_for_what_they_never_learned(text: str, by: make.By) -> None:
    with pytest.raises(InputError, match="can't draw") as told:
        make.ready(make.asked(["L4-L5 pfirrmann 4", text]), by)
    assert "--by phantom" in told.value.mend


def test_networks_are_asked_for_graded_kinds() -> None:
    request = make.asked(["L4-L5 pfirrmann 4 with slip, narrowing and endplates"])
    make.ready(request, "diffusion")
    present = frozenset({"spondylolisthesis", "disc_narrowing", "endplate_upper", "endplate_lower"})
    assert request.graded() == {"L4-L5": DiscGrades(4, 0, present)}


def test_what_a_build_can_not_have_is_told_before_anything_is_made() -> None:
    with pytest.raises(InputError, match="seed"):
        make.ready(make.asked(["L4-L5 canal depth 19 mm"]), "phantom", 3)
    with pytest.raises(InputError, match="together"):
        make.ready(make.asked(["L4-L5 disc height 4 mm and no narrowing"]), "phantom", 3)


def test_the_truth_tells_spine_vertebrae_discs_sources_and_what_follows() -> None:
    known = make.truth_of(make.asked(["L4-L5 canal depth 7 mm", "L3 fracture genant 2"]), 4)
    told = json.loads(known.as_json())
    assert told["synthetic"] is True
    assert told["follows"] == ["L4-L5 canal_stenosis"]
    assert set(told["discs"]) == set(LUMBAR_DISCS)
    assert told["vertebrae"]["L3"]["genant"] == 2
    assert 0.25 <= told["vertebrae"]["L3"]["loss_front"] < 0.4
    assert told["spine"]["curve_angle"] == 0
    assert "Steurer" in told["sources"]["canal_stenosis"]
    assert "Genant" in told["sources"]["genant"]


def test_a_seed_makes_the_same_image_and_the_next_another() -> None:
    discs = make.asked(["L4-L5 pfirrmann 5"])
    one, two = make.pictures(discs, "t2", "phantom", seed=3, count=2)
    (again,) = make.pictures(discs, "t2", "phantom", seed=3)
    assert (one.seed, two.seed) == (3, 4)
    assert (one.pixels == again.pixels).all()
    assert (one.pixels != two.pixels).any()
    assert -1 <= one.pixels.min() < one.pixels.max() <= 1


def test_the_gan_needs_a_disc() -> None:
    with pytest.raises(InputError, match="none is named"):
        next(make.pictures(Request(), "t2", "rgan"))


@settings(max_examples=10)
@given(asked=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=600))
def test_a_png_says_that_it_is_synthetic_and_keeps_the_grey_values(asked: str) -> None:
    pixels = np.linspace(-1, 1, 256, dtype=np.float32).reshape(16, 16)
    with Image.open(BytesIO(as_png(pixels, by="phantom", asked=asked, seed=7))) as picture:
        told = picture.text  # type: ignore[attr-defined]
        assert (np.asarray(picture) == np.arange(256).reshape(16, 16)).all()
    assert told["Synthetic"] == "true"
    assert told["Description"].startswith(MARK)
    assert told["Seed"] == "7"


def test_a_study_says_in_each_header_that_it_is_synthetic(tmp_path: Path) -> None:
    folder = make.study(make.asked(["L5-S1 spondylolisthesis"]), tmp_path / "study", seed=2)
    files = sorted(folder.glob("*.dcm"))
    assert len(files) == 18
    for file in files:
        header = pydicom.dcmread(file, stop_before_pixels=True)
        assert str(header.ImageComments).startswith("SYNTHETIC")
        assert str(header.PatientName) == "SYNTHETIC^PHANTOM"
