"""Gather, map and split the staged data: everything becomes a case, nothing leaks."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from data.gather import registry
from data.gather.gatherer import gather
from data.gather.staged import StagedSource
from data.mapping.run import map_workspace
from data.schema import PATH
from data.splits.assign import SHARES
from data.splits.run import split_workspace
from data.splits.spider import fixed_sides
from data.workspace import Workspace
from radixgpt.case import read_cases
from radixgpt.level import DISCS, VERTEBRAE
from radixgpt.terminology.table import kinds


def _say(what: str, done: int, total: int) -> None:
    assert 0 <= done <= max(total, done)


@pytest.mark.data
def test_the_staged_data_from_nothing_to_splits(shared_data: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for entry in registry.staged():
        source = StagedSource(entry, shared_data, link=True)
        gather(source, workspace, accepted=False, say=_say)
    result = map_workspace(workspace, say=_say)
    assert {one.source: (one.cases, one.images, one.refused) for one in result.outcomes} == {
        "dicom_examples": (11, 11, 1),
        "kauh": (272, 272, 0),
        "lumbar_notes": (436, 0, 0),
        "mtsamples": (272, 0, 1),
        "roco": (240, 0, 0),
        "spider": (179, 360, 0),
        "spider_masks": (30, 320, 0),
        "sudirman": (198, 198, 0),
    }
    splits = split_workspace(workspace, shares=SHARES, seed=20, say=_say)  # checks for leaks
    cases = list(read_cases(workspace.cases))
    assert {case.split for case in cases} == {"train", "development", "test"}
    spider = {case.patient: case.split for case in cases if case.patient.startswith("spider/")}
    assert spider == {f"spider/{number}": side for number, side in fixed_sides().items()}
    assert Counter(pair.kind for pair in splits.pairs) == {"picture": 7, "text": 69}
    assert {case.split for case in cases if case.source == "sudirman"} == {"train"}
    for source in ("kauh", "lumbar_notes", "mtsamples", "roco"):
        sides = splits.sources[source]
        total = sum(side.patients for side in sides.values())
        for name, share in SHARES.items():
            assert abs(sides[name].patients / total - share) < 0.02, (source, name)
    known = kinds()
    assert all(finding.kind in known for case in cases for finding in case.findings)
    assert all(f.level in (None, *DISCS, *VERTEBRAE) for case in cases for f in case.findings)
    assert all(case.licence not in ("", "unknown") for case in cases)
    told = set(re.findall(r"`(\w+)`", PATH.with_name("cases.md").read_text(encoding="utf-8")))
    facts = {name for case in cases for name in case.facts}
    facts |= {name for case in cases for image in case.images for name in image.facts}
    assert facts <= told
    table = pd.read_parquet(workspace.tables / "findings.parquet")
    assert len(table) == sum(len(case.findings) for case in cases)
