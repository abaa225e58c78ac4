"""Concepts: chances, thresholds, what drove them, and what is never said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.concepts import rows_of, score
from radixgpt.eligibility import Eligibility
from radixgpt.errors import CaseError
from radixgpt.finding import ABSENT, PRESENT
from radixgpt.observation import Evidence, Observation
from radixgpt.study import Modality, Plane, Sequence, Series, Study
from tools.concepts import Entry, run, said
from tools.concepts.combine import Rate, Rule, Rules
from tools.concepts.files import dumped, ids_of, image_of

HERNIATION = Entry(
    key="C0021818", cui="C0021818", meaning="disc herniation", group="finding",
    detector="classifier", names=("disc_herniation", "disc_herniation:protrusion"),
)  # fmt: skip
DEGENERATION = Entry(
    key="C0158266", cui="C0158266", meaning="disc degeneration", group="finding",
    detector="classifier", names=("pfirrmann:3", "pfirrmann:4", "pfirrmann:5"),
)  # fmt: skip
BULGING = Entry(
    key="disc_bulging", meaning="disc bulging", group="finding", detector="classifier",
    names=("disc_bulging",),
)  # fmt: skip
STENOSIS = Entry(
    key="C0037944", cui="C0037944", meaning="stenosis", group="finding",
    why_not="no tool here looks for it", names=("canal_stenosis",),
)  # fmt: skip
MR = Entry(key="C0024485", cui="C0024485", group="modality", detector="triage", names=("MR",))
CT = Entry(key="C0040405", cui="C0040405", group="modality", detector="triage", names=("CT",))
SAGITTAL = Entry(
    key="C0935598", cui="C0935598", group="plane", detector="triage", names=("sagittal",)
)
DISC = Entry(key="C0223548", cui="C0223548", group="disc", detector="levels", names=("L4-L5",))
ENTRIES = (HERNIATION, DEGENERATION, BULGING, STENOSIS, MR, CT, SAGITTAL, DISC)
SAME = Rule(combine="any", slope=1.0, offset=0.0, threshold=0.4)
RULES = Rules(
    findings={entry.key: SAME for entry in (HERNIATION, DEGENERATION, BULGING)},
    anatomy={"C0223548": Rate(found=0.97, missed=0.1)},
    facts={"modality:MR": 0.98, "plane:sagittal": 0.99},
)
GRADED = Eligibility(True)


def observed(kind: str, level: str, **named: float) -> Observation:
    place = Evidence(series="s1", slice_index=0, polygon=((1, 1), (3, 1), (3, 3)))
    return Observation(
        id=f"{kind}-{level}", tool="classifier", tool_version="1", kind=kind, level=level,
        probabilities={name.lstrip("g"): value for name, value in named.items()}, evidence=(place,),
    )  # fmt: skip


def herniated(level: str, chance: float) -> Observation:
    return observed("disc_herniation", level, **{PRESENT: chance, ABSENT: 1 - chance})


def study(source: str = "pixels") -> Study:
    series = Series("s1", np.ones((3, 4, 4), np.float32))
    facts = {"modality": Modality.MR, "plane": Plane.SAGITTAL, "sequence": Sequence.T2}
    return Study("x", (series.with_facts(source, **facts),))  # type: ignore[arg-type]


def detected(*observations: Observation, of: Study | None = None, eligible=GRADED):  # type: ignore[no-untyped-def]
    found = run(of or study(), eligible, observations, fitted=RULES, entries=ENTRIES)
    return {one.key: one for one in found}


def test_levels_join_and_the_surest_one_drives() -> None:
    found = detected(herniated("L3-L4", 0.2), herniated("L4-L5", 0.5))["C0021818"]
    assert found.score == pytest.approx(1 - 0.8 * 0.5, abs=1e-3)
    assert (found.level, found.present, found.threshold) == ("L4-L5", True, 0.4)
    assert found.evidence[0].polygon


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.floats(0, 1))
def test_another_level_never_makes_a_finding_less_likely(chances: list[float], more: float) -> None:
    levels = ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1", "T12-L1")
    some = [herniated(level, chance) for level, chance in zip(levels, chances, strict=False)]
    before = detected(*some)["C0021818"].score
    after = detected(*some, herniated(levels[len(some)], more))["C0021818"].score
    assert after >= before - 1e-9


def test_grades_of_a_degenerated_disc_add_up() -> None:
    graded = observed("pfirrmann", "L4-L5", g1=0.1, g2=0.3, g3=0.3, g4=0.2, g5=0.1)
    assert detected(graded)["C0158266"].score == pytest.approx(0.6, abs=1e-3)


def test_what_no_tool_looks_for_is_never_scored() -> None:
    found = detected(herniated("L4-L5", 0.9))
    assert "C0037944" not in found


def test_a_concept_that_its_types_say_is_not_said_besides() -> None:
    general = Entry(
        key="C4280778", cui="C4280778", group="finding", why_not="said by its types",
        names=("modic",),
    )  # fmt: skip
    graded = observed("modic", "L4-L5", g0=0.1, g1=0.1, g2=0.7, g3=0.1)
    assert run(study(), GRADED, [graded], fitted=RULES, entries=[general]) == ()


def test_a_finding_of_another_tool_counts_and_is_not_called_calibrated() -> None:
    found = detected(observed("canal_stenosis", "L4-L5", **{PRESENT: 0.7, ABSENT: 0.3}))["C0037944"]
    assert (found.present, found.calibrated, found.score) == (True, False, pytest.approx(0.7))


def test_what_was_not_looked_at_is_neither_said_nor_denied() -> None:
    found = detected(eligible=Eligibility(False, reason="not-lumbar"))
    for key in ("C0021818", "C0158266", "C0223548"):
        assert (found[key].status, found[key].score, found[key].present) == (
            "not_assessed", None, None,
        )  # fmt: skip
        assert "another region" in found[key].reason


def test_a_series_that_lacks_keeps_its_reason() -> None:
    grade = Observation(
        id="o", tool="classifier", tool_version="1", kind="pfirrmann", level="L4-L5",
        status="not_assessable", reason="needs a T2-weighted series",
    )  # fmt: skip
    assert detected(grade)["C0158266"].reason == "needs a T2-weighted series"


def test_technique_by_header_is_certain_and_by_pixels_is_not() -> None:
    by_pixels, by_header = detected(), detected(of=study("header"))
    assert by_pixels["C0024485"].score == 0.98
    assert by_header["C0024485"].score == 1.0
    assert by_header["C0024485"].tool == "header"
    assert by_header["C0040405"].present is False
    assert by_header["C0935598"].evidence[0].slice_index == 1
    blank = dataclasses.replace(study().series[0], modality=Modality.UNKNOWN)
    unknown = detected(of=Study("x", (blank,)))
    assert unknown["C0024485"].status == "not_assessed"
    assert unknown["C0040405"].status == "not_assessed"


@pytest.mark.parametrize("source", ["pixels", "header"])
def test_a_radiograph_is_no_mr_no_ct_and_lies_in_no_plane(source: str) -> None:
    film = Series("s1", np.ones((1, 4, 4), np.float32)).with_facts(
        source, modality=Modality.DX, plane=Plane.SAGITTAL
    )  # type: ignore[arg-type]
    dx = Entry(key="C1306645", cui="C1306645", group="modality", detector="triage", names=("DX",))
    found = run(
        Study("x", (film,)), Eligibility(False, "not-mr"), (), fitted=RULES, entries=(*ENTRIES, dx)
    )
    assert said(found) == ("C1306645",)
    by_key = {one.key: one for one in found}
    assert by_key["C1306645"].calibrated == (source == "header")
    for key in ("C0024485", "C0040405", "C0935598"):
        assert not by_key[key].present
        assert (by_key[key].score == 0.0) == (source == "header")
        assert (by_key[key].status == "not_assessed") == (source == "pixels")


def test_a_disc_that_was_found_is_likelier_than_one_that_was_not() -> None:
    there = Observation(id="1", tool="levels", tool_version="1", kind="disc", level="L4-L5")
    other = there.model_copy(update={"level": "L3-L4"})
    assert detected(there)["C0223548"].score == 0.97
    assert detected(other)["C0223548"].present is False


def test_only_codes_are_submitted() -> None:
    bulging = observed("disc_bulging", "L4-L5", **{PRESENT: 0.99, ABSENT: 0.01})
    found = run(study(), GRADED, [bulging, herniated("L4-L5", 0.9)], fitted=RULES, entries=ENTRIES)
    assert "disc_bulging" in {one.key for one in found if one.present}
    assert said(found) == ("C0935598", "C0024485", "C0021818")


CUIS = st.lists(st.from_regex(r"C\d{7}", fullmatch=True), unique=True, max_size=5)
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=12
).filter(lambda name: name == name.strip() and len(name.splitlines()) == 1)
ROWS = st.dictionaries(NAMES, CUIS, min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(rows=ROWS)
def test_a_written_submission_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[str]]
) -> None:
    path = tmp_path_factory.mktemp("clef") / "concepts.csv"
    path.write_text(dumped(rows.items()), encoding="utf-8")
    read = rows_of(path)
    assert {name: cell for _, name, cell in read} == {n: ";".join(c) for n, c in rows.items()}
    assert ids_of(path) == tuple(rows)
    assert score(read, read).f1 == 1.0


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("a", ["C0000001"]), ("a", [])], "Two images"),
        ([("a", ["C0000001", "C0000001"])], "twice"),
        ([("a", ["C0000001;C0000002"])], "malformed"),
        ([("", [])], "no usable id"),
        ([("a\nb", [])], "no usable id"),
        ([("a", [f"C{n:07}" for n in range(101)])], "101 CUIs"),
    ],
)
def test_a_submission_that_could_not_be_scored_is_not_written(
    rows: list[tuple[str, list[str]]], told: str
) -> None:
    with pytest.raises(CaseError, match=told):
        dumped(rows)


def test_ids_lead_to_images_within_the_folder(tmp_path: Path) -> None:
    (tmp_path / "one.png").touch()
    (tmp_path / "two").mkdir()
    assert image_of(tmp_path, "one").name == "one.png"
    assert image_of(tmp_path, "two").is_dir()
    for name in ("three", "../one", ".."):
        with pytest.raises(CaseError):
            image_of(tmp_path, name)
    listed = tmp_path / "list.csv"
    listed.write_text("ID,CUIs\none,\none,\n")
    with pytest.raises(CaseError, match="twice"):
        ids_of(listed)
