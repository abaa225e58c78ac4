"""What a user names, and the sources that it means."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from data.gather.choose import Wish, choose, known
from data.gather.gatherer import gather
from data.gather.local import LocalSource
from data.gather.pacs import Question
from data.workspace import Workspace
from radixgpt.errors import GatherError, MissingPackageError


def test_every_known_set_can_be_named(workspace: Workspace) -> None:
    for one in known(None):
        (source,) = choose(Wish(name=one.key), workspace)
        assert (source.key, source.title) == (one.key, one.title)
        assert source.terms.ask == (one.where == "public")


def test_a_folder_called_like_a_set_is_named_by_its_path(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spider").mkdir()
    monkeypatch.chdir(tmp_path)
    (source,) = choose(Wish(name="./spider"), workspace)
    assert isinstance(source, LocalSource)
    assert source.key.startswith("local_")
    assert "spider" not in source.key


@pytest.mark.parametrize("key", ["spider", "rocov2"])
def test_own_data_takes_no_name_of_a_known_set(
    tmp_path: Path, workspace: Workspace, key: str
) -> None:
    with pytest.raises(GatherError, match="known set"):
        choose(Wish(name=str(tmp_path), key=key), workspace)


@pytest.mark.parametrize("key", ["", "Upper", "a/b", "..", "x" * 60, "DOE^JANE"])
def test_a_key_is_a_plain_word(tmp_path: Path, workspace: Workspace, key: str) -> None:
    (tmp_path / "own").mkdir()
    source = LocalSource(tmp_path / "own", key, None)  # type: ignore[arg-type]
    with pytest.raises(GatherError, match="key is made of"):
        gather(source, workspace, accepted=True, say=lambda *_: None)


@pytest.mark.parametrize("inner", ["", "workspace", "workspace/gathered", "workspace/gathered/x"])
def test_nothing_is_gathered_into_itself(tmp_path: Path, workspace: Workspace, inner: str) -> None:
    (workspace.gathered / "x").mkdir(parents=True)
    with pytest.raises(GatherError, match="workspace lies within"):
        choose(Wish(name=str(tmp_path / inner)), workspace)


@pytest.mark.parametrize(
    "mirror", ["", "mirror", "ftp://host", "https://", "http://host:port", "https://u:p@host"]
)
def test_a_mirror_is_a_web_address(workspace: Workspace, mirror: str) -> None:
    with pytest.raises(GatherError, match="mirror can't be read"):
        choose(Wish(name="openi", mirror=mirror), workspace)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("kauh_full", "httpx"),
        ("https://127.0.0.1:9/", "dicomweb_client.web"),
        ("dimse://A@127.0.0.1:9", "pynetdicom"),
    ],
)
def test_a_missing_package_is_told_with_its_mend(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    (source,) = choose(Wish(name=name, question=Question(limit=1)), workspace)
    with pytest.raises(MissingPackageError) as caught:
        gather(source, workspace, accepted=True, say=lambda *_: None)
    assert "radixgpt[data]" in caught.value.mend
