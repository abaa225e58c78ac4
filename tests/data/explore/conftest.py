"""Cases whose every number is known: a few written by hand, and many of phantoms."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from data.explore import Exploration, Given, Tables, explore, open_images, read_tables
from data.explore.pixels import Looks
from data.explore.section import Section
from data.workspace import Workspace
from radixgpt.case import Case, Concept, Image, StatedFinding, write_cases

LEVELS = ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")


def picture(root: Path, name: str, seed: int, shape: tuple[int, int] = (64, 48)) -> tuple[str, str]:
    """A picture of smooth noise; its path within the folder and its hash."""
    rng = np.random.default_rng(seed)
    rough = Pillow.fromarray(rng.integers(0, 255, (8, 6), dtype=np.uint8))
    path = root / "gathered" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    rough.resize(shape[::-1], Pillow.Resampling.BICUBIC).save(path)
    return f"gathered/{name}.png", hashlib.sha256(path.read_bytes()).hexdigest()


def image(root: Path, name: str, seed: int, **facts: Any) -> Image:
    path, digest = picture(root, name, seed)
    known: dict[str, Any] = {"modality": "MR", "plane": "sagittal", "region": "lumbar"}
    own = {key: facts.pop(key) for key in list(facts) if key in Image.model_fields}
    return Image(path=path, sha256=digest, facts=facts, **{**known, **own})


def grade(kind: str, level: str | None, value: int | bool) -> StatedFinding:
    """A graded finding: there or not, or its grade."""
    if isinstance(value, bool):
        return StatedFinding(level=level, kind=kind, assertion="present" if value else "absent")
    return StatedFinding(level=level, kind=kind, value=value)


def hand_cases(root: Path) -> list[Case]:
    """Six cases; the numbers of the tests were counted from these lines."""
    scanner = {"manufacturer": "ACME Medical", "field_strength_t": 1.5}
    t2 = {"echo_time_ms": 100.0, "repetition_time_ms": 4000.0}
    first = image(root, "a1_t1", 1, sequence="t1", rows=64, columns=48, **scanner)
    second = image(root, "a1_t2", 2, sequence="t2", **scanner, **t2)
    gone = image(root, "a3_t2", 4, sequence="t2", manufacturer="Acme", field_strength_t=3.0)
    (root / gone.path).unlink()
    known = {"source": "alpha", "licence": "CC BY 4.0"}
    return [
        Case(
            id="alpha/1",
            patient="alpha/p1",
            split="train",
            images=(first, second),
            facts={"sex": "F", "age_years": 34.0},
            findings=(
                grade("disc_bulging", "L4-L5", True),
                grade("disc_bulging", "L5-S1", False),
                grade("pfirrmann", "L4-L5", 4),
                grade("pfirrmann", "L5-S1", 2),
            ),
            **known,
        ),
        Case(
            id="alpha/2",
            patient="alpha/p1",
            split="test",
            images=(image(root, "a2_t2", 3, sequence="t2", spacing=(0.5, 0.5), **scanner, **t2),),
            findings=(
                grade("disc_bulging", "L4-L5", True),
                grade("disc_bulging", "L5-S1", True),
                grade("pfirrmann", "L4-L5", 5),
                grade("pfirrmann", "L5-S1", 1),
                grade("pfirrmann", "L5-S1", 3),
            ),
            **known,
        ),
        Case(
            id="alpha/3",
            patient="alpha/p2",
            split="train",
            images=(gone,),
            facts={"sex": "male", "age_years": 50.0},
            findings=(
                grade("disc_bulging", "L4-L5", False),
                grade("pfirrmann", "L4-L5", 3),
                StatedFinding(level="L5-S1", kind="disc_bulging", assertion="uncertain"),
            ),
            **known,
        ),
        Case(
            id="alpha/4",
            patient="alpha/p3",
            split="test",
            images=(second.model_copy(update={"facts": {}}),),
            warnings=("Odd.",),
            **known,
        ),
        Case(
            id="beta/1",
            source="beta",
            licence="CC BY-NC 4.0",
            patient="beta/1",
            report={
                "findings": "Disc bulge at L4-L5. No fracture.",
                "impression": "Disc bulge at L4-L5.",
            },
            report_origin="human",
            findings=(
                StatedFinding(level="L4-L5", kind="disc_bulging", section="findings", side="left"),
                StatedFinding(level="L4-L5", kind="disc_bulging", section="impression"),
                StatedFinding(level=None, kind="fracture", assertion="absent", section="findings"),
            ),
            concepts=(Concept(cui="C0000001"),),
        ),
        Case(
            id="beta/2",
            source="beta",
            licence="CC BY-NC 4.0",
            patient="beta/2",
            caption="Grade 3 changes generated from labels",
            report_origin="generated",
        ),
    ]


@dataclass(frozen=True, eq=False)
class Explored:
    """An exploration with what it was made from."""

    root: Path
    tables: Tables
    looks: Looks
    whole: Exploration

    def section(self, key: str) -> Section:
        return next(section for section in self.whole.sections if section.key == key)

    def statistics(self, key: str) -> dict[str, Any]:
        return self.section(key).statistics


Explore = Callable[..., Explored]


def explored(root: Path, cases: Iterable[Case], given: Given | None = None, **how: Any) -> Explored:
    """Write cases into a folder and explore them."""
    path = root / "cases.jsonl"
    write_cases(path, cases)
    tables = read_tables(path)
    looks = open_images(tables, root, lambda *_: None, seed=0)
    whole = explore(path, Workspace(root), tables, looks, given or Given(), **how)
    return Explored(root, tables, looks, whole)


@pytest.fixture(scope="session")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Explored:
    """The exploration of the hand-written cases."""
    root = tmp_path_factory.mktemp("hand")
    return explored(root, hand_cases(root))


@pytest.fixture
def hand_again(tmp_path: Path) -> Explored:
    """The same once more, elsewhere."""
    return explored(tmp_path, hand_cases(tmp_path))


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Explored:
    """The exploration of phantoms and made-up notes, as a page."""
    root = tmp_path_factory.mktemp("phantoms")
    cases = phantom_cases(root, 36)
    return explored(root, cases)


@pytest.fixture(scope="session")
def evil_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of cases whose names try to be markup."""
    root = tmp_path_factory.mktemp("evil")
    cases = [
        Case(
            id=f"{i}",
            source="<b>bold</b><img src=x onerror=alert(1)>",
            licence="<i>L</i>",
            patient=f"{i}",
            images=(image(root, f"{i}", i, sequence="t2", manufacturer="<u>M</u>"),),
            facts={"label": f"<a href='javascript:alert(2)'>{i % 2}</a>"},
        )
        for i in range(8)
    ]
    run = explored(root, cases)
    path = root / "index.html"
    path.write_text(run.whole.html(), encoding="utf-8")
    return path


@pytest.fixture
def run_explore(tmp_path: Path) -> Explore:
    """Explore cases in a folder of their own."""

    def run(cases: Iterable[Case], given: Given | None = None, **how: Any) -> Explored:
        return explored(tmp_path, cases, given, **how)

    return run


def phantom_cases(root: Path, patients: int) -> list[Case]:
    """Cases of phantoms from two made-up scanners, and made-up notes; of no person."""
    from data.synth.phantom import render, sample

    cases = []
    for number in range(patients):
        rng = np.random.default_rng(1000 + number)
        made = render(sample(rng), size=224)
        far = number % 3 == 0
        images = []
        for name, pixels in made.images.items():
            top = np.percentile(pixels, 99.7)
            slow = 1 if name == "t1" else 6
            grey = np.clip(pixels / top, 0, 1) ** (0.8 if far else 1.0)
            if far:
                grey = grey + rng.normal(0, 0.04, grey.shape)
            path = root / "gathered" / "phantoms" / f"{number}_{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Pillow.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8)).save(path)
            images.append(
                Image(
                    path=path.relative_to(root).as_posix(),
                    sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                    modality="MR",
                    plane="sagittal",
                    sequence=name,
                    region="lumbar",
                    rows=224,
                    columns=224,
                    facts={
                        "manufacturer": "Zenith" if far else "Acme",
                        "field_strength_t": 3.0 if far else 1.5,
                        "echo_time_ms": float(rng.integers(8, 15) if name == "t1" else 105),
                        "repetition_time_ms": float(rng.integers(450, 700) * slow),
                    },
                )
            )
        findings = []
        for level in LEVELS:
            for kind in ("disc_bulging", "disc_herniation", "disc_narrowing", "spondylolisthesis"):
                findings.append(grade(kind, level, made.truth[level][kind] == "present"))
            for kind in ("pfirrmann", "modic"):
                findings.append(grade(kind, level, int(float(made.truth[level][kind]))))
        source = "phantoms-far" if far else "phantoms"
        cases.append(
            Case(
                id=f"{source}/{number}",
                source=source,
                licence="CC BY 4.0" if far else "CC0 1.0",
                patient=f"{source}/{number}",
                images=tuple(images),
                findings=tuple(findings),
                split="train" if number % 5 else "development",
                facts={
                    "sex": "F" if rng.random() < 0.55 else "M",
                    "age_years": float(rng.integers(25, 85)) if number % 4 else None,
                },
            )
        )
    return [*cases, *_notes(patients)]


def _notes(count: int) -> list[Case]:
    rng = np.random.default_rng(3)
    notes = []
    for number in range(count):
        level = LEVELS[int(rng.integers(5))]
        kind, words = (
            ("disc_bulging", "diffuse disc bulge"),
            ("spinal_stenosis", "narrowing of the canal"),
            ("disc_herniation", "central protrusion"),
        )[int(rng.integers(3))]
        sure = rng.random() < 0.8
        rest = rng.choice(["alignment", "marrow", "conus", "facets", "muscles"], 3, replace=False)
        text = (
            f"{'There is' if sure else 'Possible'} {words} at {level}. "
            f"{', '.join(rest).capitalize()} unremarkable. No fracture."
        )
        notes.append(
            Case(
                id=f"notes/{number}",
                source="notes",
                licence="CC0 1.0",
                patient=f"notes/{number}",
                report={"findings": text},
                report_origin="human",
                findings=(
                    StatedFinding(
                        level=level,
                        kind=kind,
                        assertion="present" if sure else "uncertain",
                        section="findings",
                    ),
                    StatedFinding(
                        level=None, kind="fracture", assertion="absent", section="findings"
                    ),
                ),
                split="train" if number % 5 else "test",
            )
        )
    return notes
