"""What the viewer is told: windows, levels, directions, pixels."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agent.session import Session
from radixgpt.study import Modality, Plane, Series, Study
from radixgpt.study import Sequence as Weighting
from ui import viewer
from ui.desk import Desk


def test_the_view_is_json_and_holds_no_pixels(session: Session) -> None:
    view = viewer.view(Desk(session))
    assert len(json.dumps(view)) < 20_000
    assert [s["name"] for s in view["series"]] == ["Sag T1", "Sag T2"]
    assert view["first"] == "s2"
    assert view["synthetic"] is True


def test_a_desk_without_study_has_an_empty_view() -> None:
    view = viewer.view(Desk(Session()))
    assert view["series"] == []
    assert view["levels"] == []


def test_levels_come_head_to_tail_with_outline_tone_and_line(session: Session) -> None:
    levels = viewer.levels(session)
    assert [one["level"] for one in levels] == ["L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1"]
    worn = levels[3]
    assert worn["tone"] == 2
    assert worn["line"] == "Pf 4 · bulge"
    assert levels[0]["tone"] == 0
    assert {mark["series"] for mark in worn["marks"]} == {"s1", "s2"}
    assert len(worn["marks"][0]["polygon"]) == 4


def test_levels_follow_the_reader_where_there_is_a_report(drafted: Session) -> None:
    drafted.set_grade("L4-L5", "pfirrmann", 2)
    assert viewer.levels(drafted)[3]["line"].startswith("Pf 2")


def test_nothing_graded_is_not_shown_as_nothing_found(session: Session) -> None:
    state = session._now()
    discs = tuple(o for o in state.reading.observations if o.kind == "disc")
    session._state = replace(state, reading=replace(state.reading, observations=discs))
    assert {one["tone"] for one in viewer.levels(session)} == {-1}


def test_edges_name_the_patients_directions(study: Study) -> None:
    shown = viewer.view(_desk(study))["series"][0]
    assert shown["edges"] == {"left": "A", "right": "P", "top": "H", "bottom": "F"}
    assert shown["spacing"] == [1.5, 1.5]


def test_the_slices_have_their_place_in_the_patient(study: Study) -> None:
    frame = viewer.view(_desk(study))["series"][0]["frame"]
    assert frame["row"] == [0.0, 1.0, 0.0]
    assert frame["positions"] == [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]


def test_vertebrae_and_canal_come_with_their_outlines(session: Session) -> None:
    state = session._now()
    disc = next(o for o in state.reading.observations if o.kind == "disc")
    more = (
        disc.model_copy(update={"kind": "vertebra", "level": "L4"}),
        disc.model_copy(update={"kind": "canal", "level": None}),
    )
    seen = (*state.reading.observations, *more)
    session._state = replace(state, reading=replace(state.reading, observations=seen))
    view = viewer.view(Desk(session))
    for layer in ("vertebrae", "canal"):
        (one,) = view[layer]
        assert {mark["series"] for mark in one["marks"]} == {"s1", "s2"}


def test_without_geometry_no_direction_and_no_spacing(study: Study) -> None:
    flat = replace(study.series[0], geometry=None)
    shown = viewer.view(_desk(Study("k", (flat,))))["series"][0]
    assert shown["edges"] is None
    assert shown["frame"] is None
    assert shown["spacing"] is None


def test_presets_fit_the_modality(study: Study) -> None:
    mr = study.series[1]
    names = [w["name"] for w in viewer.windows(mr)]
    assert names == ["Auto", "Spine, soft tissue", "Bone marrow", "Wide"]
    ct = replace(mr, modality=Modality.CT, window=(40.0, 350.0))
    by_name = {w["name"]: (w["centre"], w["width"]) for w in viewer.windows(ct)}
    assert by_name["Bone"] == (500.0, 2000.0)
    assert by_name["As acquired"] == (40.0, 350.0)


def test_names_say_only_what_is_known(study: Study) -> None:
    plain = replace(
        study.series[0],
        modality=Modality.UNKNOWN,
        plane=Plane.UNKNOWN,
        sequence=Weighting.UNKNOWN,
    )
    assert viewer.name(plain) == "Images"
    assert viewer.name(replace(plain, modality=Modality.CT, plane=Plane.AXIAL)) == "Ax CT"


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=8),
        elements=st.floats(-3000, 30000, width=32),
    )
)
def test_pixels_give_the_stored_values_back(values: np.ndarray) -> None:
    shown = Series(key="s1", pixels=values)
    told = viewer.view(_desk(Study("k", (shown,))))["series"][0]
    packed = np.frombuffer(viewer.pixels(shown, values.shape[0] - 1), dtype="<u2")
    back = told["lowest"] + told["step"] * packed.astype(np.float64)
    spread = float(values.max()) - float(values.min())
    assert np.abs(back.reshape(values.shape[1:]) - values[-1]).max() <= spread / 65535 + 1e-2


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=8),
        elements=st.floats(-3000, 30000, width=32),
    )
)
def test_every_preset_has_a_width(values: np.ndarray) -> None:
    for modality in (Modality.MR, Modality.CT, Modality.DX, Modality.UNKNOWN):
        for window in viewer.windows(Series(key="s1", pixels=values, modality=modality)):
            assert window["width"] > 0


def _desk(study: Study) -> Desk:
    session = Session()
    session.use(study)
    return Desk(session)
