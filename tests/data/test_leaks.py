"""Sides for patients: nobody crosses, duplicates stay together, shares hold; leaks are found."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from scipy import ndimage
from typer.testing import CliRunner

from cli import app
from data.duplicates.pair import Pair, groups_of
from data.leaks import check, leaks
from data.splits import run
from data.splits.assign import SHARES, assign, fixed_by_weights, labels_of, tally
from data.splits.record import content, read_splits
from data.splits.run import check_workspace, split_workspace
from data.splits.spider import fixed_sides
from data.tables import write_tables
from data.workspace import Workspace
from radixgpt.case import Case, Image, Split, StatedFinding, read_cases, write_cases
from radixgpt.errors import CaseError


def _say(what: str, done: int, total: int) -> None:
    assert 0 <= done <= total


def case(name: str, patient: str, source: str = "made", **fields: Any) -> Case:
    return Case(id=f"{source}/{name}", source=source, licence="CC0", patient=patient, **fields)


def pair(one: Case, other: Case) -> Pair:
    return Pair(
        kind="text",
        cases=(one.id, other.id),
        patients=(one.patient, other.patient),
        likeness=1.0,
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Case], list[Pair]]:
    """Cases of up to 60 patients of two sources, with findings, and pairs among them."""
    count = draw(st.integers(1, 60))
    cases = [
        case(
            str(number),
            f"made/{draw(st.integers(0, count))}",
            draw(st.sampled_from(["one", "two"])),
            findings=tuple(
                StatedFinding(level="L4-L5", kind=kind)
                for kind in draw(st.sets(st.sampled_from("abcd"), max_size=2))
            ),
        )
        for number in range(count)
    ]
    places = st.integers(0, count - 1)
    linked = draw(st.lists(st.tuples(places, places), max_size=6))
    pairs = [
        pair(cases[one], cases[other])
        for one, other in linked
        if cases[one].patient != cases[other].patient
    ]
    return cases, pairs


@given(world=worlds(), seed=st.integers(0, 3))
def test_no_patient_and_no_duplicate_crosses(
    world: tuple[list[Case], list[Pair]], seed: int
) -> None:
    cases, pairs = world
    sides = assign(cases, pairs, shares=SHARES, seed=seed)
    assert set(sides) == {one.patient for one in cases}
    split = [one.model_copy(update={"split": sides[one.patient]}) for one in cases]
    assert check(split, pairs).none()
    assert assign(cases, pairs, shares=SHARES, seed=seed) == sides


@given(world=worlds(), seed=st.integers(0, 3))
def test_each_source_has_its_shares(world: tuple[list[Case], list[Pair]], seed: int) -> None:
    """Shares are off by no more than the largest group, what a label may pull, and strangers."""
    cases, pairs = world
    own = [one.model_copy(update={"patient": f"{one.source}/{one.patient}"}) for one in cases]
    by_id = {one.id: one for one in own}
    pairs = [pair(by_id[p.cases[0]], by_id[p.cases[1]]) for p in pairs]
    sides = assign(own, pairs, shares=SHARES, seed=seed)
    largest = max((len(group) for group in groups_of(p.patients for p in pairs)), default=1)
    patients = Counter(patient.split("/")[0] for patient in sides)
    there = Counter((patient.split("/")[0], side) for patient, side in sides.items())
    strangers = sum(p.patients[0].split("/")[0] != p.patients[1].split("/")[0] for p in pairs)
    slack = 4 + largest + largest * strangers  # four labels, each rounded
    for source, number in patients.items():
        for side, share in SHARES.items():
            assert abs(there[source, side] - share * number) <= slack


def test_a_new_source_moves_nobody() -> None:
    old = [case(str(i), f"made/{i}") for i in range(40)]
    new = [case(str(i), f"other/{i}", "other") for i in range(25)]
    before = assign(old, [], shares=SHARES, seed=1)
    after = assign([*new, *old], [], shares=SHARES, seed=1)
    assert {patient: after[patient] for patient in before} == before


def test_spiders_patients_keep_the_sides_that_the_weights_know() -> None:
    fixed = fixed_sides()
    cases = [case(str(number), f"spider/{number}", "spider") for number in fixed]
    cases.append(case("9999", "spider/9999", "spider", facts={"subset": "validation"}))
    cases.append(case("12", "spider/12", "spider_masks"))
    for seed, shares in ((1, SHARES), (7, {"train": 0.5, "test": 0.5})):
        sides = assign(cases, [], shares=shares, seed=seed)  # type: ignore[arg-type]
        assert {number: sides[f"spider/{number}"] for number in fixed} == fixed
        assert sides["spider/9999"] == "test"
    assert Counter(fixed.values()) == {"train": 142, "development": 37}
    assert len(fixed_by_weights(cases)) == 180


def test_who_shares_something_with_a_fixed_patient_goes_along() -> None:
    development = next(n for n, side in fixed_sides().items() if side == "development")
    known = case("1", f"spider/{development}", "spider")
    others = [case(str(i), f"made/{i}") for i in range(9)]
    sides = assign([known, *others], [pair(known, others[4])], shares=SHARES, seed=0)
    assert sides["made/4"] == "development"


def test_duplicates_across_fixed_sides_are_told() -> None:
    fixed = fixed_sides()
    one, other = (
        case(str(n), f"spider/{n}", "spider")
        for n in (next(n for n, s in fixed.items() if s == side) for side in set(fixed.values()))
    )
    with pytest.raises(CaseError, match="different sides of the fixed split"):
        assign([one, other], [pair(one, other)], shares=SHARES, seed=0)


def test_labels_are_what_is_or_may_be_there() -> None:
    found = [
        StatedFinding(level="L4-L5", kind="modic", value=2),
        StatedFinding(level="L4-L5", kind="disc_bulging", assertion="uncertain"),
        StatedFinding(level="L4-L5", kind="disc_herniation", assertion="absent"),
        StatedFinding(level="L4-L5", kind="fracture", assertion="historical"),
    ]
    cases = [case("1", "made/1", findings=tuple(found), facts={"label": "scoliosis"})]
    assert labels_of(cases) == {"made/1": {"modic 2", "disc_bulging", "label scoliosis"}}
    sources, labels = tally(cases, {"made/1": "test"})
    assert sources == {"made": {"test": (1, 1)}}
    assert labels["modic 2"] == {"test": 1}


def test_what_leaks_is_told() -> None:
    cases = [
        case("1", "made/a", split="train"),
        case("2", "made/a", split="test"),
        case("3", "made/b", split="train"),
        case("4", "made/c", split="development"),
        case("5", "made/d", split="development"),
        case("6", "made/e"),
    ]
    pairs = [pair(cases[2], cases[3]), pair(cases[3], cases[4])]
    found = leaks(cases, pairs)
    assert found.undealt == ("made/6",)
    assert found.patients == ("made/a",)
    assert found.pairs == (pairs[0],)
    assert found.checked == 2
    with pytest.raises(CaseError, match="The split leaks") as error:
        check(cases, pairs)
    assert "1 cases have no split (made/6)" in error.value.problem
    assert "1 patients lie on two sides (made/a)" in error.value.problem
    assert "1 duplicates lie on two sides (made/3 and made/4: text)" in error.value.problem


def test_what_a_split_depends_on() -> None:
    one = case("1", "made/1", report={"findings": "text"})
    changed = [
        one.model_copy(update={"patient": "made/2"}),
        one.model_copy(update={"report": {"findings": "other"}}),
        one.model_copy(update={"images": (Image(path="a", sha256="b"),)}),
        one.model_copy(update={"findings": (StatedFinding(level=None, kind="scoliosis"),)}),
    ]
    assert len({content([c]) for c in [one, *changed]}) == 5
    assert content([one]) == content([one.model_copy(update={"split": "train"})])


def _picture(path: Path, seed: int) -> None:
    rough = np.random.default_rng(seed).normal(size=(96, 72))
    smooth = ndimage.gaussian_filter(rough, 3)
    Pillow.fromarray((255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)).save(path)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Thirty patients with a picture or a note each; two share a picture, two a note."""
    place = Workspace(tmp_path)
    cases = []
    for number in range(20):
        _picture(tmp_path / f"{number}.png", 3 if number == 7 else number)
        image = Image(path=f"{number}.png", sha256=str(number))
        cases.append(case(str(number), f"made/{number}", images=(image,)))
    for number in range(20, 30):
        level = "L4-L5" if number in (21, 26) else f"L{number % 4 + 1}-L{number % 4 + 2}"
        size = 5 if number in (21, 26) else number
        text = f"A disc bulge of {size} mm at {level} touches the left nerve root."
        cases.append(case(str(number), f"made/{number}", report={"findings": text}))
    write_cases(place.cases, cases)
    write_tables(place.cases, place.tables)
    return place


def _cases(workspace: Workspace) -> dict[str, Case]:
    return {one.id: one for one in read_cases(workspace.cases)}


def test_a_workspace_is_split_and_checked(workspace: Workspace) -> None:
    splits = split_workspace(workspace, shares=SHARES, seed=4, say=_say)
    assert splits.groups == (("made/21", "made/26"), ("made/3", "made/7"))
    assert Counter(one.kind for one in splits.pairs) == {"picture": 1, "text": 1}
    assert read_splits(workspace.splits) == splits
    cases = _cases(workspace)
    assert {name: one.split for name, one in cases.items()} == splits.cases
    assert cases["made/3"].split == cases["made/7"].split
    assert cases["made/21"].split == cases["made/26"].split
    people = {side: count.patients for side, count in splits.sources["made"].items()}
    assert people == {"train": 21, "development": 5, "test": 4}
    table = pd.read_parquet(workspace.tables / "cases.parquet").set_index("case")
    assert table["split"].to_dict() == splits.cases
    assert check_workspace(workspace, say=_say).checked == 2
    again = split_workspace(workspace, shares=SHARES, seed=4, say=_say)
    assert again == splits
    assert split_workspace(workspace, shares=SHARES, seed=5, say=_say).cases != splits.cases


def test_a_leak_put_in_by_hand_is_found(workspace: Workspace) -> None:
    split_workspace(workspace, shares=SHARES, seed=4, say=_say)
    cases = _cases(workspace)
    other: Split = "test" if cases["made/3"].split != "test" else "train"
    moved = [
        one.model_copy(update={"split": other}) if name == "made/7" else one
        for name, one in cases.items()
    ]
    write_cases(workspace.cases, moved)
    with pytest.raises(CaseError, match="made/3 and made/7: picture"):
        check_workspace(workspace, say=_say)


def test_the_command_splits_and_checks(workspace: Workspace) -> None:
    invoke = CliRunner().invoke
    where = ["-w", str(workspace.root)]
    early = invoke(app, ["data", "split", *where, "--check"])
    assert early.exit_code == 3
    assert "30 cases have no split" in early.stderr
    told = invoke(app, ["data", "split", *where, "--seed", "4"])
    assert told.exit_code == 0, told.output
    assert "made: train 21 patients (21 cases), development 5" in told.stdout
    assert "1 by picture, 1 by text; 2 groups" in told.stdout
    checked = invoke(app, ["data", "split", *where, "--check"])
    assert checked.exit_code == 0
    assert "Nothing leaks: 2 duplicates" in checked.stdout
    machine = invoke(app, ["data", "split", *where, "--shares", "0.5,0,0.5", "--json", "-q"])
    result = json.loads(machine.stdout)
    assert set(result["sources"]["made"]) == {"train", "test"}
    assert "cases" not in result
    quiet = invoke(app, ["data", "split", *where, "--check", "--json", "-q"])
    assert json.loads(quiet.stdout) == {"leaks": 0, "duplicates": 2}


@pytest.mark.parametrize("shares", ["0.5,0.5", "a,b,c", "0.5,0.6,0.1", "-0.1,0.6,0.5", "nan,1,0"])
def test_shares_that_cant_be_used_are_wrong_usage(workspace: Workspace, shares: str) -> None:
    arguments = ["data", "split", "-w", str(workspace.root), f"--shares={shares}"]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 2
    assert "The shares" in told.stderr


def test_no_cases_are_told(tmp_path: Path) -> None:
    empty = Workspace(tmp_path)
    for written in (False, True):
        if written:
            write_cases(empty.cases, [])
        with pytest.raises(CaseError, match=r"no cases"):
            split_workspace(empty, shares=SHARES, seed=0, say=_say)
    with pytest.raises(CaseError, match=r"There is no splits\.json"):
        read_splits(empty.splits)
    empty.splits.write_text("{}")
    with pytest.raises(CaseError, match="damaged"):
        read_splits(empty.splits)


def test_fixed_patients_are_two_people_however_alike_they_look(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixed = fixed_sides()
    one, other = (next(n for n, s in fixed.items() if s == side) for side in set(fixed.values()))
    cases = [case(str(n), f"spider/{n}", "spider") for n in (one, other)]
    write_cases(workspace.cases, [*cases, *read_cases(workspace.cases)])
    look = pair(*cases).model_copy(update={"kind": "person"})
    monkeypatch.setattr(run, "find", lambda *_: [look])
    assert split_workspace(workspace, shares=SHARES, seed=0, say=_say).pairs == ()
    copy = pair(*cases).model_copy(update={"kind": "picture"})
    monkeypatch.setattr(run, "find", lambda *_: [copy])
    with pytest.raises(CaseError, match="different sides of the fixed split"):
        split_workspace(workspace, shares=SHARES, seed=0, say=_say)
