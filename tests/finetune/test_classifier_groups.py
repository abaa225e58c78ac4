"""Groups, sensitivities, risk against coverage and failures, on gradings made for the test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finetune import classifier_groups as groups
from finetune.classifier_groups import Disc
from finetune.classifier_look import BINARY, Patient
from finetune.failures import by_eye, draw_numbering, surest_wrong
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Observation

COLUMNS = (
    "patient,disc,modic,endplate_upper,endplate_lower,spondylolisthesis,herniation,narrowing,"
    "bulging,pfirrmann"
)


def staged(folder: Path, patients: int = 24) -> Path:
    """Gradings of patients, in the layout of the data; half of them women."""
    rng = np.random.default_rng(4)
    spider = folder / "spider"
    spider.mkdir()
    rows = [COLUMNS]
    series = ["image,patient,sex,Manufacturer,MagneticFieldStrength"]
    for patient in range(1, patients + 1):
        for disc in range(1, 6):
            present = rng.integers(0, 2, 7)
            rows.append(
                f"{patient},{disc},{2 * present[0]},{present[1]},{present[2]},{present[3]},"
                f"{present[4]},{present[5]},{present[6]},{rng.integers(1, 6)}"
            )
        sex = "F " if patient % 2 else "M"
        series.append(f"{patient}_t2,{patient},{sex},SIEMENS,{1.5 if patient < 5 else 3.0}")
    (spider / "gradings.csv").write_text("\n".join(rows))
    (spider / "series.csv").write_text("\n".join(series))
    return folder


def seen(shared: Path, *, right: bool) -> dict[int, Patient]:
    """What a grader says that knows the gradings, or their opposite."""
    from finetune import spider

    found: dict[int, Patient] = {}
    for g in spider.gradings(shared):
        observations = []
        for kind, column in (("modic", ""), *BINARY.items()):
            is_there = g.modic > 0 if kind == "modic" else g.binary[column] == 1
            chance = 0.9 if is_there == right else 0.1
            names = ("0", "2") if kind == "modic" else ("absent", "present")
            probabilities = {names[0]: 1 - chance, names[1]: chance}
            best = max(probabilities, key=lambda name: probabilities[name])
            observations.append((kind, int(best) if kind == "modic" else best, probabilities))
        grade = g.pfirrmann if right else 6 - g.pfirrmann
        observations.append(("pfirrmann", grade, {str(grade): 0.8}))
        one = found.setdefault(g.patient, Patient(g.patient, [], True, [], frozenset(), False))
        one.observations.extend(
            Observation(
                id=f"{kind}-{g.disc}",
                tool="classifier",
                tool_version="0",
                kind=kind,
                level=g.disc,
                value=value,
                confidence=max(probabilities.values()),
                probabilities=probabilities,
            )
            for kind, value, probabilities in observations
        )
    return found


def test_a_grader_that_knows_is_right_in_every_group(tmp_path: Path) -> None:
    shared = staged(tmp_path)
    table = groups.groups(shared, seen(shared, right=True))
    lines = {line.split(" | ")[0].strip("| "): line for line in table.splitlines()[2:]}
    assert {"sex: women", "sex: men", "scanner: Siemens", "field: 3 T"} <= set(lines)
    assert {f"level: {level}" for level in LUMBAR_DISCS} <= set(lines)
    assert "1.00 (1.00 to 1.00)" in lines["sex: women"]
    assert "too few" in lines["field: 1.5 T"]


def test_the_numbering_is_counted_by_group_and_level(tmp_path: Path) -> None:
    shared = staged(tmp_path)
    patients = seen(shared, right=True)
    patients[2].numbered, patients[2].wrong = False, ["L5-S1"]
    table = groups.numbering(shared, patients)
    assert "| sex: men | 12 | 11 | 0.62 to 1.00 |" in table
    assert "| sex: women | 12 | 12 | 0.74 to 1.00 |" in table
    assert "| level: L5-S1 | 24 | 23 |" in table
    assert "| level: L1-L2 | 24 | 24 |" in table


def test_sensitivity_is_told_at_nine_in_ten_right_negatives(tmp_path: Path) -> None:
    shared = staged(tmp_path)
    right = groups.sensitivities(shared, seen(shared, right=True))
    wrong = groups.sensitivities(shared, seen(shared, right=False))
    assert "| disc_bulging |" in right
    assert right.count("| 1.00 |") == 7
    assert wrong.count("| 0.00 |") == 7


def test_the_surest_statements_are_counted_first(tmp_path: Path) -> None:
    shared = staged(tmp_path)
    table = groups.risk_coverage(shared, seen(shared, right=True))
    assert table.splitlines()[0].count("%") == len(groups.COVERAGES)
    assert table.count("100%") == 8 * len(groups.COVERAGES) + 1
    assert groups.risk_coverage(shared, seen(shared, right=False)).count(" 0%") >= 7


@pytest.mark.parametrize("kind", ["modic", "disc_bulging", "pfirrmann"])
def test_failures_are_the_surest_wrong_statements(tmp_path: Path, kind: str) -> None:
    shared = staged(tmp_path)
    discs: list[Disc] = groups.discs_of(shared, seen(shared, right=False))
    wrong = surest_wrong(discs, kind, 5)
    assert len(wrong) == 5
    assert all(one.said[kind].value != one.truth(kind) for _, one in wrong)
    assert not surest_wrong(groups.discs_of(shared, seen(shared, right=True)), kind, 5)


def test_centres_by_eye_are_squares_about_them_from_above() -> None:
    squares = by_eye("s1", {"L5-S1": (40.0, 90.0), "L4-L5": (35.0, 60.0)})
    assert [np.mean(one.polygon, axis=0).tolist() for one in squares] == [[35, 60], [40, 90]]


def test_wrongly_numbered_studies_are_drawn_and_others_are_not(
    shared_data: Path, tmp_path: Path
) -> None:
    drawn = draw_numbering(shared_data, tmp_path, (29, 30))
    assert [path.name for path in drawn] == ["numbering-29.png"]
    assert drawn[0].read_bytes().startswith(b"\x89PNG")
