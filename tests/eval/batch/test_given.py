"""Findings, CUIs and kinds in the cells of tables."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from eval.batch import given, pairs
from eval.findings.statement import Judged
from radixgpt.case import StatedFinding
from radixgpt.errors import CaseError
from radixgpt.finding import Finding
from radixgpt.report import Provenance, Report, StudyFacts

BULGE = '[{"level": "L4-L5", "kind": "disc_bulging"}]'


def _report(folder: Path) -> Path:
    facts = StudyFacts(
        key="k", modality="MR", region="lumbar", gradable=True, reason=None, numbering_basis="x",
        series=(),
    )  # fmt: skip
    graded: list[tuple[str, object, str]] = [
        ("pfirrmann", 4, "value"),
        ("modic", 0, "value"),
        ("disc_bulging", "present", "value"),
        ("disc_herniation", "absent", "value"),
        ("spondylolisthesis", None, "indeterminate"),
        ("disc_height_index", 0.3, "value"),
    ]
    findings = tuple(
        Finding.model_validate(
            {"id": f"f{n}", "level": "L4-L5", "kind": kind, "value": value, "status": status}
        )
        for n, (kind, value, status) in enumerate(graded)
    )
    report = Report(
        study=facts,
        findings=findings,
        sentences=(),
        provenance=Provenance(software="x", version=""),
    )
    path = folder / "report.json"
    path.write_text(report.model_dump_json(), encoding="utf-8")
    return path


def test_findings_come_from_a_list_or_from_a_report_of_ours(tmp_path: Path) -> None:
    assert given.findings(BULGE) == (StatedFinding(level="L4-L5", kind="disc_bulging"),)
    found = {one.kind: one for one in given.findings(str(_report(tmp_path)))}
    assert {kind: (one.value, one.assertion) for kind, one in found.items()} == {
        "pfirrmann": (4, "present"),
        "modic": (0, "absent"),
        "disc_bulging": (None, "present"),
        "disc_herniation": (None, "absent"),
    }


def test_cells_travel_with_their_pair_whatever_the_order(tmp_path: Path) -> None:
    _report(tmp_path)
    references = tmp_path / "r.jsonl"
    rows = [
        {"id": 1, "text": "a", "findings": json.loads(BULGE), "judged": "disc_bulging"},
        {"id": 2, "text": "b", "cuis": ""},
        {"id": 2, "text": "c"},
    ]
    references.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    candidates = tmp_path / "c.csv"
    candidates.write_text("id,text,findings\n2,x,\n1,y,report.json\n", encoding="utf-8")
    corpus = pairs.check(references, candidates)
    assert not corpus.in_order
    first, second = corpus
    assert given.findings(first.given.findings or "")[0].kind == "pfirrmann"
    assert first.references_given[0].judged == "disc_bulging"
    assert second.given == given.NOTHING
    assert [cells.cuis for _, cells in second.each_reference()] == ["", None]
    assert corpus.sources == {
        "reference findings": "given for 1 of 3 rows",
        "reference CUIs": "given for 1 of 3 rows",
        "candidate findings": "given for 1 of 2 rows",
    }


def test_all_bad_cells_are_told_at_once_with_their_rows(tmp_path: Path) -> None:
    cells = [
        {"findings": [{"level": "L4-L5"}]},
        {"findings": "no-report.json"},
        {"cuis": "C1;c1"},
        {"judged": "modic:colour"},
        {"findings": "[", "cuis": ";".join(map(str, range(101)))},
    ]
    path = tmp_path / "r.jsonl"
    path.write_text(
        "\n".join(json.dumps({"id": n, "text": "", **cell}) for n, cell in enumerate(cells)),
        encoding="utf-8",
    )
    answers = tmp_path / "c.csv"
    answers.write_text("id,text\n" + "".join(f"{n},x\n" for n in range(5)), encoding="utf-8")
    with pytest.raises(CaseError) as told:
        pairs.check(path, answers)
    for part in (
        "row 1: findings can't be read: 0.kind",
        "row 2: findings name no-report.json, which can't be opened",
        "row 3: cuis: C1 is there twice",
        "row 4: judged: modic has colour",
        "row 5: findings can't be read",
        "row 5: cuis: 101 concepts",
    ):
        assert part in told.value.problem
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        ({"level": "L4-L5", "kind": "disc_buldging"}, r"0\.kind: disc_buldging is no kind"),
        ({"level": "L4/5", "kind": "disc_bulging"}, r"0\.level: L4/5 is no level"),
        ({"level": "L4-L5", "kind": "pfirrmann", "value": 9}, "pfirrmann goes from 1 to 5"),
        ({"level": "L4-L5", "kind": "pfirrmann", "value": "IV"}, "pfirrmann goes from 1 to 5"),
        ({"level": "L4-L5", "kind": "modic", "value": 1.5}, "modic goes from 0 to 3"),
        ({"level": "L4-L5", "kind": "spondylolisthesis", "value": math.nan}, "nan is no number"),
    ],
)
def test_findings_that_could_never_match_are_refused(finding: object, told: str) -> None:
    with pytest.raises(CaseError, match=told):
        given.findings(json.dumps([finding]))
    assert given.findings('[{"level": "L4-L5", "kind": "pfirrmann", "value": 4.0}]')


def test_a_path_that_no_system_has_is_told() -> None:
    with pytest.raises(CaseError, match="can't be opened"):
        given.findings("a\0b")


def test_an_unknown_kind_can_not_have_been_judged() -> None:
    with pytest.raises(CaseError, match="disc_buldging is no kind"):
        given.judged("modic;disc_buldging")


def test_a_kind_that_is_merged_is_judged_as_what_it_is_merged_into() -> None:
    assert given.judged("pfirrmann:grade;endplate_upper:side") == Judged(
        frozenset({"disc_degeneration", "endplate_change"}),
        frozenset({"disc_degeneration"}),
        frozenset({"endplate_change"}),
    )


def test_cuis_may_be_a_list(tmp_path: Path) -> None:
    assert given.given({"cuis": ["C1", "C2"]}, tmp_path).cuis == "C1;C2"


def test_a_file_that_is_no_report_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CaseError, match=r"x\.json, which is no report"):
        given.findings(str(tmp_path / "x.json"))


def test_kinds_that_were_judged() -> None:
    assert given.judged("modic:grade; disc_bulging ;foraminal_stenosis:grade:side") == Judged(
        frozenset({"modic", "disc_bulging", "foraminal_stenosis"}),
        frozenset({"modic", "foraminal_stenosis"}),
        frozenset({"foraminal_stenosis"}),
    )
