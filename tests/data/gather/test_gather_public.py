"""Every public set in its real layout, from a loopback publisher: whole, checked, resumed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from data.gather import provenance, registry
from data.gather.download import Patience
from data.gather.gatherer import Outcome, gather
from data.gather.public import PublicSource
from data.gather.registry import Public
from data.workspace import Workspace
from radixgpt.errors import GatherError, UnsafeInputError

MakeZip = Callable[[dict[str, bytes]], bytes]
HASTY = Patience(tries=2, wait=0.0, timeout=5.0, sleep=lambda _: None)
MHA = b"ObjectType = Image\nNDims = 3\n"
CLUTTER = {"__MACOSX/._x": b"left by a desktop"}

LAYOUT: dict[str, dict[str, Any]] = {
    "spider_full": {
        "overview.csv": b"new_file_name,subset\n1_t1,training\n",
        "radiological_gradings.csv": b"Patient,IVD label,Modic\n1,1,0\n",
        "masks.zip": {"masks/1_t1.mha": MHA, "masks/1_t2.mha": MHA},
        "images.zip": {"images/1_t1.mha": MHA, "images/1_t2.mha": MHA},
    },
    "sudirman_full": {
        "01_MRI_Data.zip": {
            "01_MRI_Data/0001/L-SPINE_LSS/T2_TSE_SAG_384_0002/A_L-SPINE_0001_001.ima": b"DICM1",
            "01_MRI_Data/0001/L-SPINE_LSS/T1_TSE_TRA_0005/A_L-SPINE_0001_002.ima": b"DICM2",
        }
    },
    "lumbar_notes_full": {"Radiologists Report.xlsx": b"PK\x03\x04 a workbook"},
    "kauh_full": {
        "ImagesOriginalSize.zip": {
            "ImagesOriginalSize/Scol/N93, Rt TL AIS, F, 14 Yrs.jpg": b"\xff\xd8\xff1",
            "ImagesOriginalSize/Normal/N1,N,20,F_1_0.jpg": b"\xff\xd8\xff2",
            "ImagesOriginalSize/Spond/N1,SP,50,M_1_0.jpg": b"\xff\xd8\xff3",
            **CLUTTER,
        }
    },
    "mtsamples_full": {"mtsamples.csv": b",description,medical_specialty\n0,x,Radiology\n"},
    "rocov2": {
        **{
            name: b"ID,CUIs\n"
            for split in ("train", "valid", "test")
            for name in (
                f"{split}_captions.csv",
                f"{split}_concepts.csv",
                f"{split}_concepts_manual.csv",
            )
        },
        "license_information.csv": b"ID,PMCID,Attribution,Link\n",
        "cui_mapping.csv": b"CUI,Canonical name\n",
        **{
            f"{split}_images.zip": {f"{split}/ROCOv2_2023_{split}_000001.jpg": b"\xff\xd8\xff"}
            for split in ("train", "valid", "test")
        },
    },
    "openi": {
        "NLMCXR_reports.tgz": {"ecgen-radiology/1.xml": b"<eCitation/>"},
        "NLMCXR_png.tgz": {
            "./CXR1_1_IM-0001-3001.png": b"\x89PNG1",
            "./CXR1_1_IM-0001-4001.png": b"\x89PNG2",
        },
    },
}


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def publish(site: Any, make_zip: MakeZip) -> Callable[[str], Public]:
    """Puts a set on the site; its entry then tells the sizes and hashes of these small files."""

    def put(key: str) -> Public:
        (entry,) = [one for one in registry.public() if one.key == key]
        files = []
        for published in entry.files:
            content = LAYOUT[key][published.remote.name]
            data = content
            if isinstance(content, dict):
                data = make_zip(content) if published.unpack == "zip" else tarred(content)
            parts = urlsplit(published.remote.address)
            site.files[f"/{parts.netloc}{parts.path}"] = data
            known = published.remote.sha256 and hashlib.sha256(data).hexdigest()
            size = published.remote.size and len(data)
            remote = replace(published.remote, sha256=known, size=size)
            files.append(replace(published, remote=remote))
        return replace(entry, files=tuple(files))

    return put


def expected(key: str) -> dict[str, bytes]:
    """What has to lie in the source's folder."""
    found: dict[str, bytes] = {}
    for name, content in LAYOUT[key].items():
        if isinstance(content, dict):
            found |= {n.removeprefix("./"): d for n, d in content.items() if n not in CLUTTER}
        else:
            found[name] = content
    return found


def gathered(workspace: Workspace, key: str) -> dict[str, bytes]:
    home = workspace.gathered / key
    return {p.relative_to(home).as_posix(): p.read_bytes() for p in home.rglob("*") if p.is_file()}


def bring(entry: Public, workspace: Workspace, site: Any, accepted: bool = True) -> Outcome:
    source = PublicSource(entry, site.base, HASTY)
    return gather(source, workspace, accepted=accepted, say=lambda *_: None)


def path_of(entry: Public, name: str) -> str:
    (address,) = [f.remote.address for f in entry.files if f.remote.name == name]
    return f"/{urlsplit(address).netloc}{urlsplit(address).path}"


def test_every_public_set_has_a_layout_here() -> None:
    assert {e.key: {f.remote.name for f in e.files} for e in registry.public()} == {
        key: set(files) for key, files in LAYOUT.items()
    }


@pytest.mark.parametrize("key", LAYOUT)
def test_a_set_comes_whole_with_its_provenance_and_only_once(
    key: str, publish: Callable[[str], Public], workspace: Workspace, site: Any
) -> None:
    entry = publish(key)
    outcome = bring(entry, workspace, site)
    assert gathered(workspace, key) == expected(key)
    assert outcome.added == len(expected(key))
    records = provenance.read(workspace.provenance)
    for name, data in expected(key).items():
        record = records[f"gathered/{key}/{name}"]
        assert record.sha256 == hashlib.sha256(data).hexdigest()
        assert record.licence == entry.terms.licence
        assert record.address.startswith("https://")
    before, asked = workspace.provenance.read_bytes(), len(site.asked)
    again = bring(entry, workspace, site)
    assert (again.added, again.verified, again.changed) == (0, len(expected(key)), 0)
    assert workspace.provenance.read_bytes() == before
    assert len(site.asked) == asked, "the network was not needed"
    assert not [p for p in (workspace.gathered / ".downloads").rglob("*") if p.is_file()]


def test_nothing_is_fetched_before_the_licence_is_accepted(
    publish: Callable[[str], Public], workspace: Workspace, site: Any
) -> None:
    with pytest.raises(GatherError, match="not accepted") as caught:
        bring(publish("kauh_full"), workspace, site, accepted=False)
    assert "--accept-licence" in caught.value.mend
    assert not site.asked
    assert not workspace.gathered.exists()


def test_an_accepted_licence_is_not_asked_for_again(
    publish: Callable[[str], Public], workspace: Workspace, site: Any
) -> None:
    entry = publish("kauh_full")
    bring(entry, workspace, site)
    assert bring(entry, workspace, site, accepted=False).verified == 3


def test_a_published_hash_is_checked(
    publish: Callable[[str], Public], workspace: Workspace, site: Any
) -> None:
    entry = publish("spider_full")
    site.files[path_of(entry, "images.zip")] += b"tampered"
    with pytest.raises(GatherError, match="is not what was published: its sha256"):
        bring(entry, workspace, site)
    assert "images/1_t1.mha" not in gathered(workspace, "spider_full")
    assert "masks/1_t1.mha" in gathered(workspace, "spider_full"), "what was sound is kept"


def test_without_a_published_hash_the_first_download_is_the_measure(
    publish: Callable[[str], Public], workspace: Workspace, site: Any, make_zip: MakeZip
) -> None:
    entry = publish("kauh_full")
    bring(entry, workspace, site)
    name = "ImagesOriginalSize/Scol/N93, Rt TL AIS, F, 14 Yrs.jpg"
    (workspace.gathered / "kauh_full" / name).unlink()
    site.files[path_of(entry, "ImagesOriginalSize.zip")] = make_zip({name: b"\xff\xd8\xffother"})
    with pytest.raises(GatherError, match="is not the file that was gathered on"):
        bring(entry, workspace, site)
    assert name not in gathered(workspace, "kauh_full")


def test_a_lost_or_damaged_file_is_brought_back(
    publish: Callable[[str], Public], workspace: Workspace, site: Any
) -> None:
    entry = publish("openi")
    bring(entry, workspace, site)
    home = workspace.gathered / "openi"
    (home / "ecgen-radiology/1.xml").unlink()
    (home / "CXR1_1_IM-0001-3001.png").write_bytes(b"damaged")
    before = workspace.provenance.read_bytes()
    bring(entry, workspace, site)
    assert gathered(workspace, "openi") == expected("openi")
    assert workspace.provenance.read_bytes() == before


def test_a_crash_while_unpacking_resumes_without_the_network(
    publish: Callable[[str], Public], workspace: Workspace, site: Any
) -> None:
    class CrashError(Exception):
        pass

    def crash(what: str, _done: int, _total: int) -> None:
        if what.startswith("Unpacking"):
            raise CrashError

    entry = publish("kauh_full")
    with pytest.raises(CrashError):
        gather(PublicSource(entry, site.base, HASTY), workspace, accepted=True, say=crash)
    asked = len(site.asked)
    outcome = bring(entry, workspace, site, accepted=False)
    assert (outcome.added, outcome.verified) == (2, 1)
    assert gathered(workspace, "kauh_full") == expected("kauh_full")
    assert len(site.asked) == asked


def test_a_damaged_archive_is_fetched_anew(
    publish: Callable[[str], Public], workspace: Workspace, site: Any
) -> None:
    entry = publish("kauh_full")
    path = path_of(entry, "ImagesOriginalSize.zip")
    whole = site.files[path]
    site.files[path] = whole[:-30]
    with pytest.raises(GatherError, match="damaged"):
        bring(entry, workspace, site)
    site.files[path] = whole
    bring(entry, workspace, site)
    assert gathered(workspace, "kauh_full") == expected("kauh_full")


def test_a_hostile_archive_writes_nothing_outside(
    publish: Callable[[str], Public], workspace: Workspace, site: Any, make_zip: MakeZip
) -> None:
    entry = publish("kauh_full")
    site.files[path_of(entry, "ImagesOriginalSize.zip")] = make_zip({"../../../slipped": b"x"})
    with pytest.raises(UnsafeInputError):
        bring(entry, workspace, site)
    assert not list(workspace.root.parent.rglob("slipped"))


def test_a_full_disk_is_told_before_it_is_full(
    publish: Callable[[str], Public],
    workspace: Workspace,
    site: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = publish("kauh_full")
    usage = type("Usage", (), {"free": 1 << 20})
    monkeypatch.setattr("data.gather.shelf.shutil.disk_usage", lambda _: usage)
    with pytest.raises(GatherError, match="free on the disk"):
        bring(entry, workspace, site)


def _command(site: Any, workspace: Workspace, *flags: str) -> list[str]:
    name = ["data", "gather", "kauh_full", "-w", str(workspace.root), "--mirror", site.base]
    return [sys.executable, "-m", "cli", *name, "--accept-licence", "--json", "--quiet", *flags]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_a_killed_download_goes_on_where_it_was(
    publish: Callable[[str], Public], workspace: Workspace, site: Any
) -> None:
    entry = publish("kauh_full")
    path = path_of(entry, "ImagesOriginalSize.zip")
    half = len(site.files[path]) // 2
    site.faults[path] = [("slow", half)]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    with subprocess.Popen(
        _command(site, workspace), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        part = workspace.gathered / ".downloads/kauh_full/ImagesOriginalSize.zip.part"
        for _ in range(600):
            if part.is_file() and part.stat().st_size == half:
                break
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    done = subprocess.run(
        _command(site, workspace), env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["sources"][0]["added"] == 3
    assert [wanted for _, wanted in site.asked] == ["", f"bytes={half}-"]
    assert gathered(workspace, "kauh_full") == expected("kauh_full")
