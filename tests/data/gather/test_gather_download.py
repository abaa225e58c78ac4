"""Downloads: broken off and resumed, checked, and told clearly when they can't be had."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.gather.download import Patience, Remote, download
from radixgpt.errors import GatherError

CONTENT = random.Random(7).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "/files/set.zip"
HASTY = Patience(tries=3, wait=0.0, timeout=5.0, sleep=lambda _: None)

Fetch = Callable[..., Path]


@pytest.fixture
def remote(site: Any) -> Remote:
    site.files[PATH] = CONTENT
    return Remote(
        f"{site.base}{PATH}", "set.zip", len(CONTENT), SHA256, page="https://example.org/set"
    )


def fetch(remote: Remote, folder: Path, patience: Patience = HASTY) -> Path:
    return download(remote, folder, lambda *_: None, patience=patience)


def test_a_file_comes_whole_and_only_once(remote: Remote, tmp_path: Path, site: Any) -> None:
    path = fetch(remote, tmp_path)
    assert path.read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == ["set.zip"]
    assert fetch(remote, tmp_path) == path
    assert len(site.asked) == 1


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(1, 200_000), max_size=5), tagged=st.booleans())
def test_a_broken_download_goes_on_where_it_broke(
    remote: Remote,
    site: Any,
    tmp_path_factory: pytest.TempPathFactory,
    cuts: list[int],
    tagged: bool,
) -> None:
    site.asked.clear()
    site.tagged = tagged
    site.faults[PATH] = [("break", cut) for cut in cuts]
    path = fetch(remote, tmp_path_factory.mktemp("broken"))
    assert path.read_bytes() == CONTENT
    come = 0
    for (_, wanted), cut in zip(site.asked, [*cuts, len(CONTENT)], strict=False):
        assert wanted == (f"bytes={come}-" if come else "")
        come += cut
    assert len(site.asked) <= len(cuts) + 1


def test_a_later_call_goes_on_too(remote: Remote, tmp_path: Path, site: Any) -> None:
    site.faults[PATH] = [("break", 1000), ("status", 503), ("status", 503), ("status", 503)]
    with pytest.raises(GatherError, match="broke") as caught:
        fetch(remote, tmp_path)
    assert "goes on from there" in caught.value.mend
    assert (tmp_path / "set.zip.part").stat().st_size == 1000
    fetch(remote, tmp_path)
    assert site.asked[-1] == (PATH, "bytes=1000-")


@pytest.mark.parametrize("tagged", [True, False])
def test_parts_of_two_versions_are_never_joined(
    remote: Remote, tmp_path: Path, site: Any, tagged: bool
) -> None:
    site.tagged = tagged
    site.faults[PATH] = [("break", 1000), *[("status", 500)] * 3]
    with pytest.raises(GatherError):
        fetch(remote, tmp_path)
    renewed = CONTENT[::-1]
    site.files[PATH] = renewed
    changed = replace(remote, sha256=hashlib.sha256(renewed).hexdigest())
    assert fetch(changed, tmp_path).read_bytes() == renewed


def test_a_server_without_ranges_starts_anew(remote: Remote, tmp_path: Path, site: Any) -> None:
    site.faults[PATH] = [("break", 1000), ("plain", 0)]
    assert fetch(remote, tmp_path).read_bytes() == CONTENT


def test_a_part_that_is_longer_than_the_file_is_dropped(
    remote: Remote, tmp_path: Path, site: Any
) -> None:
    unsized = replace(remote, size=None)
    site.faults[PATH] = [("break", 200_000), *[("status", 500)] * 3]
    with pytest.raises(GatherError):
        fetch(unsized, tmp_path)
    site.files[PATH] = CONTENT[:1000]
    shorter = replace(unsized, sha256=hashlib.sha256(CONTENT[:1000]).hexdigest())
    assert fetch(shorter, tmp_path).read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize(
    "wrong",
    [{"sha256": "0" * 64}, {"sha256": None, "md5": "0" * 32}, {"size": len(CONTENT) + 1}],
)
def test_what_was_not_published_is_refused(
    remote: Remote, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(GatherError) as caught:
        fetch(replace(remote, **wrong), tmp_path)
    assert "set.zip" in caught.value.problem
    assert not (tmp_path / "set.zip").exists()


def test_the_right_md5_is_enough(remote: Remote, tmp_path: Path) -> None:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert fetch(replace(remote, sha256=None, md5=md5), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "told", "requests"),
    [
        (404, "no longer at its address", 1),
        (410, "no longer at its address", 1),
        (403, "refuses", 1),
        (418, "answers 418", 1),
        (503, "out of order", 3),
        (429, "out of order", 3),
    ],
)
def test_a_refusal_is_told_and_only_a_passing_one_is_asked_again(
    remote: Remote, tmp_path: Path, site: Any, status: int, told: str, requests: int
) -> None:
    site.faults[PATH] = [("status", status)] * 3
    with pytest.raises(GatherError, match=told):
        fetch(remote, tmp_path)
    assert len(site.asked) == requests


def test_a_login_page_is_no_zip(remote: Remote, tmp_path: Path, site: Any) -> None:
    site.files["/login"] = b"<!DOCTYPE html><html>Please log in</html>"
    site.types["/login"] = "text/html; charset=utf-8"
    site.faults[PATH] = [("redirect", "/login")]
    with pytest.raises(GatherError, match="A web page came instead") as caught:
        fetch(remote, tmp_path)
    assert "https://example.org/set" in caught.value.mend
    assert not list(tmp_path.iterdir())


def test_a_page_that_calls_itself_a_file_is_no_zip(
    remote: Remote, tmp_path: Path, site: Any
) -> None:
    site.files[PATH] = b"  <html>Too many requests</html>"
    with pytest.raises(GatherError, match="A web page came instead"):
        fetch(replace(remote, size=None, sha256=None), tmp_path)


def test_circles_end(remote: Remote, tmp_path: Path, site: Any) -> None:
    site.faults[PATH] = [("redirect", PATH)] * 50
    with pytest.raises(GatherError, match="in circles"):
        fetch(remote, tmp_path)


def test_no_network_is_told_with_its_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    waits: list[float] = []
    remote = Remote("http://127.0.0.1:9/set.zip", "set.zip")
    with pytest.raises(GatherError, match="can't be reached") as caught:
        fetch(remote, tmp_path, Patience(tries=4, wait=1.0, sleep=waits.append))
    assert "--mirror" in caught.value.mend
    assert waits == [1.0, 2.0, 4.0]


def test_a_mirror_holds_host_and_path(tmp_path: Path, site: Any) -> None:
    site.files["/mirror/example.org/a/set.zip?download=1"] = CONTENT
    remote = Remote("https://example.org/a/set.zip?download=1", "set.zip")
    path = download(remote, tmp_path, lambda *_: None, mirror=f"{site.base}/mirror/")
    assert path.read_bytes() == CONTENT


def test_the_room_is_asked_for_what_is_still_to_come(
    remote: Remote, tmp_path: Path, site: Any
) -> None:
    asked: list[int] = []
    site.faults[PATH] = [("break", 1000)]
    download(remote, tmp_path, lambda *_: None, patience=HASTY, room=asked.append)
    assert asked == [len(CONTENT), len(CONTENT) - 1000]
