"""The house itself: what the README promises, what must not be in the repository, what ships."""

from __future__ import annotations

import ast
import importlib.metadata
import itertools
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from radixgpt import __version__
from radixgpt.settings import Settings
from radixgpt.weights import cards

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 2**20


def _tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _texts() -> list[tuple[str, str]]:
    """Name and text of every tracked file that is text."""
    found = []
    for path in _tracked():
        try:
            found.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def _pyproject() -> dict[str, object]:
    project: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return project


def _lock() -> dict[str, list[str]]:
    versions: dict[str, list[str]] = {}
    for line in (ROOT / "lock.txt").read_text().splitlines():
        requirement = Requirement(line)
        versions.setdefault(requirement.name, []).append(str(requirement.specifier)[2:])
    return versions


def _tree() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- tree:.*?-->\n```\n(.*?)```", readme, re.DOTALL)
    assert block is not None, "the README has no tree"
    return [line.split()[0] for line in block[1].splitlines()]


def test_readme_tree_names_only_what_is_there() -> None:
    missing = [name for name in _tree() if not (ROOT / name).exists()]
    assert not missing


def test_readme_tree_names_every_file_and_folder_at_the_top() -> None:
    named = {name.strip("/").split("/")[0] for name in _tree()}
    there = {path.relative_to(ROOT).parts[0] for path in _tracked()}
    assert there - named == set()


def test_links_in_the_documents_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken


_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_FIELD = re.compile(r"\{[A-Za-z_]\w*(?:[:!.\[][^{}\n]*)?\}")
_TO_DO = re.compile(r"\b(?:TODO|FIXME|TBD|XXX)\b")
_NAMES = {
    "ADAM", "BENCH", "BERT", "CLAIM", "CLIP", "COCO", "CONSORT", "DINO", "FLAIR", "HTML", "HTTP",
    "LIME", "METEOR", "MIMIC", "REST", "ROUGE", "SIFT", "SPACE", "SPIDER", "STIR",
}  # fmt: skip
"""Names in capitals that are words besides."""


def _unfilled(page: str) -> list[str]:
    """What a page leaves to be filled in: ``{field}``, ``TODO``, or an English word in capitals."""
    words = frozenset((ROOT / "weights" / "router" / "words.txt").read_text().split())
    prose = _CODE.sub(" ", page)
    capitals = [
        w for w in re.findall(r"(?<![-\w])[A-Z]{4,}\b", prose) if w.lower() in words - _NAMES
    ]
    alone = re.findall(r"^[\s|*]*([A-Z]{4,})[\s|*]*$", prose, re.MULTILINE)
    return [*_FIELD.findall(prose), *_TO_DO.findall(prose), *{*capitals, *alone} - _NAMES]


def test_no_page_or_card_is_left_to_be_filled_in() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "weights").rglob("*.md")]
    left = {p.relative_to(ROOT).as_posix(): _unfilled(p.read_text("utf-8")) for p in pages}
    assert {page: marks for page, marks in left.items() if marks} == {}


@pytest.mark.parametrize(
    ("page", "marks"),
    [
        ("fits in\n{size}, and", ["{size}"]),
        ("{share:.1%} of all", ["{share:.1%}"]),
        ("as measured:\n\nCOMPARE\n\nWhat ships", ["COMPARE"]),
        ("reaches SHIPPED on the test part", ["SHIPPED"]),
        ("| a | b |\n|---|---|\nQWXZ\n", ["QWXZ"]),
        ("TODO: say why", ["TODO"]),
        ("DICOM of the SPIDER set, `{study}`, AUROC, T2 SPACE", []),
        ('```\n{"a": {b}}\nCOMPARE\n```', []),
    ],
)
def test_what_is_left_to_be_filled_in_is_seen(page: str, marks: list[str]) -> None:
    assert _unfilled(page) == marks


def test_names_at_the_top_collide_with_no_installed_distribution() -> None:
    ours = {path.stem for path in ROOT.glob("*.py")}
    ours |= {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert "radixgpt" in ours
    theirs = importlib.metadata.packages_distributions()
    clashes = {
        name: theirs[name] for name in ours & theirs.keys() if {*theirs[name]} - {"radixgpt"}
    }
    assert not clashes


def test_no_registry_address() -> None:
    # Put together from halves, so that this file does not trip over itself.
    hosts = [
        "pypi." + "org",
        "python" + "hosted.org",
        "npmjs." + "com",
        "download." + "pytorch.org",
    ]
    found = [(name, host) for name, text in _texts() for host in hosts if host in text]
    assert not found


def test_no_path_of_a_machine() -> None:
    pattern = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:work|farm|root|home/[a-z]+|Users/\w+)/")
    found = [(name, hit[0]) for name, text in _texts() for hit in pattern.finditer(text)]
    assert not found


def test_no_large_file_and_no_medical_image() -> None:
    for path in _tracked():
        assert path.stat().st_size < 25 * MEGABYTE, path.name
        assert not path.name.lower().endswith((".dcm", ".nii", ".nii.gz", ".mha")), path.name


def test_weights_ship_with_card_and_manifest_and_stay_small() -> None:
    folders = sorted(path for path in (ROOT / "weights").iterdir() if path.is_dir())
    assert folders, "no weights ship"
    shipped = {card.folder: card for card in cards()}
    assert sorted(shipped) == folders
    for folder, card in shipped.items():
        text = card.text()
        assert len(text) > 500, f"{folder.name}/card.md says too little"
        for name in card.manifest.files:
            assert card.file(name).is_file()
        extra = {path.name for path in folder.iterdir()} - set(card.manifest.files)
        assert {"manifest.json", "card.md"} <= extra
    size = sum(path.stat().st_size for path in (ROOT / "weights").rglob("*") if path.is_file())
    assert size < 60 * MEGABYTE


def test_versions_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == "Apache-2.0"


def test_space_requirements_are_the_project_dependencies() -> None:
    project = _pyproject()["project"]
    assert isinstance(project, dict)
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == project["dependencies"]


def test_space_front_matter_starts_this_page() -> None:
    front = yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert front["sdk"] == "gradio"
    assert [front["sdk_version"]] == _lock()["gradio"]
    assert (ROOT / front["app_file"]).is_file()
    assert front["license"] == "apache-2.0"
    assert len(front["short_description"]) <= 60


def test_lock_holds_every_dependency_within_its_range_and_no_address() -> None:
    project = _pyproject()["project"]
    assert isinstance(project, dict)
    lock = _lock()
    wanted = [
        *project["dependencies"],
        *itertools.chain(*project["optional-dependencies"].values()),
    ]
    for line in wanted:
        requirement = Requirement(line)
        name = requirement.name.lower().replace("_", "-")
        assert name in lock, f"{name} is not in lock.txt: make the lock again"
        for version in lock[name]:
            assert requirement.specifier.contains(version), (line, version)
    assert "://" not in (ROOT / "lock.txt").read_text()


def test_settings_page_lists_every_setting_with_its_default() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `RADIXGPT_\w+` \| (.*?) \|", page, re.MULTILINE))
    assert rows.keys() == Settings.model_fields.keys()
    for name, field in Settings.model_fields.items():
        default = (
            "none"
            if field.default in (None, "")
            else f"`{field.default:g}`"
            if isinstance(field.default, float)
            else f"`{str(field.default).lower()}`"
            if isinstance(field.default, bool)
            else f"`{field.default}`"
        )
        assert rows[name] == default


@pytest.mark.skipif("CI" not in os.environ, reason="only CI has to bring a Chromium")
def test_ci_brings_a_browser() -> None:
    assert shutil.which("chromium"), "install chromium: the tests of the page must run in CI"


def _imports(path: Path) -> set[str]:
    """The top-level names that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_no_room_imports_a_door_and_the_doors_bring_no_foreign_language() -> None:
    folders = [path.parent for path in ROOT.glob("*/__init__.py")]
    modules = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(modules) > 20
    assert [path.name for path in modules if _imports(path) & {"app", "cli"}] == []
    foreign = {"langchain", "langchain_core", "langgraph", "faiss", "torch"}
    assert _imports(ROOT / "app.py") & {"cli", *foreign} == set()
    assert _imports(ROOT / "cli.py") & {"gradio", *foreign} == set()
