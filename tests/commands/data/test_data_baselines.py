"""``radixgpt data baselines`` on phantoms: what it writes, and the exploration it draws anew."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures
from typer.testing import CliRunner

import cli
from data.synth.phantom import render, sample
from data.workspace import Workspace
from radixgpt.case import Case, Image, StatedFinding, write_cases
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS

run = CliRunner().invoke
SECTION = "Baselines on measured features"


def _case(number: int, root: Path) -> Case:
    rendered = render(sample(np.random.default_rng(number)), size=224)
    images = []
    for sequence, pixels in rendered.images.items():
        path = root / f"{number}_{sequence}.png"
        grey = np.clip(pixels / np.percentile(pixels, 99.8) * 255, 0, 255).astype(np.uint8)
        Pictures.fromarray(grey).save(path)
        images.append(
            Image(
                path=path.name,
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                modality="MR",
                plane="sagittal",
                sequence=sequence,
            )
        )
    return Case(
        id=f"phantom/{number}",
        source="phantom",
        licence="CC0",
        patient=f"phantom/{number}",
        images=tuple(images),
        split="development" if number % 4 == 0 else "train",
        findings=tuple(
            StatedFinding(
                level=level,
                kind=kind,
                value=None if isinstance(value, str) else value,
                assertion="absent" if value in ("absent", 0) else "present",
            )
            for level in LUMBAR_DISCS
            for kind in GRADED
            for value in (rendered.truth[level][kind],)
        ),
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    pytest.importorskip("statsmodels", reason="needs the data extra")
    place = Workspace(tmp_path_factory.mktemp("workspace"))
    write_cases(place.cases, [_case(number, place.root) for number in range(1, 9)])
    return place


def test_the_table_is_written_and_the_exploration_shows_it(workspace: Workspace) -> None:
    folder = ["-w", str(workspace.root), "--quiet"]
    explored = run(cli.app, ["data", "explore", *folder])
    assert explored.exit_code == 0, explored.output
    page = workspace.exploration / "index.html"
    assert SECTION not in page.read_text(encoding="utf-8")
    learned = run(cli.app, ["data", "baselines", *folder, "--jobs", "1"])
    assert learned.exit_code == 0, learned.output
    with (workspace.baselines / "baselines.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["finding"] for row in rows} == set(GRADED)
    # Eight patients teach little; what can't be estimated says why.
    assert all(row["value"] or row["reason"] for row in rows)
    assert SECTION in page.read_text(encoding="utf-8")


def test_without_cases_it_says_what_to_do(tmp_path: Path) -> None:
    result = run(cli.app, ["data", "baselines", "-w", str(tmp_path)])
    assert result.exit_code == 3
    assert "radixgpt data map" in result.stderr
