"""``radixgpt pacs`` against a real Orthanc, by DICOMweb and by DIMSE, as a user calls it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from orthanc_server import free_port
from pydicom import dcmread
from pydicom.uid import BasicTextSRStorage, generate_uid
from typer.testing import CliRunner, Result

from cli import app

WAYS = pytest.mark.parametrize("way", ["dicomweb", "dimse"])


def call(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(app, ["pacs", *map(str, arguments)], env=environment)


def pulled(folder: Path) -> dict[str, Path]:
    files = folder.rglob("*.dcm")
    return {str(dcmread(p, stop_before_pixels=True).SOPInstanceUID): p for p in files}


@WAYS
def test_a_study_goes_there_is_found_and_comes_back(
    way: str, orthanc: Any, make_study: Any, tmp_path: Path
) -> None:
    study = make_study()
    at = ("--at", getattr(orthanc, way))
    sent = call("send", study.write(tmp_path / "in"), "--yes", "--json", "-q", *at)
    assert sent.exit_code == 0, sent.output
    assert json.loads(sent.stdout) == {"stored": 4, "changed": 0, "drafts": 0, "left_out": {}}
    for instance, data in study.files.items():
        assert dcmread(io.BytesIO(orthanc.file(instance))) == dcmread(io.BytesIO(data))

    found = call("find", "--patient", study.number, "--json", *at)
    (row,) = json.loads(found.stdout)["studies"]
    assert (row["uid"], row["date"], row["modalities"]) == (study.uid, "20240105", "MR")
    assert row["images"] == 4
    told = call("find", "--patient", study.number, *at).output
    assert study.uid in told
    assert not any(secret in told + found.output for secret in ("ZQDOE", study.number))

    out = tmp_path / "out"
    came = call("pull", study.uid, "-o", out, "--json", "-q", *at)
    assert came.exit_code == 0, came.output
    (folder,) = json.loads(came.stdout)["studies"]
    assert pulled(out / folder).keys() == study.files.keys()
    for instance, path in pulled(out).items():
        original, came_back = dcmread(io.BytesIO(study.files[instance])), dcmread(path)
        assert came_back.PixelData == original.PixelData
        assert came_back.PatientName == original.PatientName
    names = " ".join(str(p.relative_to(out)) for p in out.rglob("*")) + came.output
    assert not any(s in names for s in ("ZQ", "zq", study.uid, *study.files))

    lost = next(iter(pulled(out).values()))
    lost.unlink()
    again = json.loads(call("pull", study.uid, "-o", out, "--json", "-q", *at).stdout)
    assert (again["new"], again["there"]) == (1, 3)
    assert lost.exists()


def test_a_study_comes_by_c_move(
    start_orthanc: Callable[..., Any], make_study: Any, tmp_path: Path
) -> None:
    port = free_port()
    orthanc = start_orthanc(DicomModalities={"us": ["RADIXGPT", "127.0.0.1", port]})
    study, other = make_study(), make_study()
    for one in (study, other):
        for data in one.files.values():
            orthanc.send(data)
    arguments = ("pull", study.uid, "-o", tmp_path / "out", "--at", orthanc.dimse, "-q", "--json")
    came = call(*arguments, "--move", f"RADIXGPT:{port}")
    assert came.exit_code == 0, came.output
    assert json.loads(came.stdout)["new"] == 4
    assert pulled(tmp_path / "out").keys() == study.files.keys()
    again = call(*arguments, "--move", f"RADIXGPT:{port}")
    assert json.loads(again.stdout)["there"] == 4
    stranger = call(*arguments, "--move", f"STRANGER:{free_port()}")
    assert stranger.exit_code == 8
    assert "Traceback" not in stranger.output
    assert "STRANGER" in stranger.output


@WAYS
def test_nothing_is_sent_unconfirmed_and_the_question_says_what_it_would_be(
    way: str, start_orthanc: Callable[..., Any], orthanc: Any, make_study: Any, tmp_path: Path
) -> None:
    study = make_study(SeriesDescription="AI findings, draft")
    before = orthanc.count()
    result = call("send", study.write(tmp_path / "in"), "--at", getattr(orthanc, way))
    assert result.exit_code == 7
    said = " ".join(result.output.split())
    assert "4 objects of one patient (4 MR Image Storage) would be sent" in said
    assert "4 are drafts that nobody signed" in said
    assert "nobody confirmed" in said
    assert not any(secret in said for secret in ("ZQDOE", study.number))
    assert orthanc.count() == before


@WAYS
def test_what_the_pacs_does_not_take_is_told(
    way: str, start_orthanc: Callable[..., Any], make_study: Any, tmp_path: Path
) -> None:
    full = start_orthanc(MaximumStorageSize=1, MaximumStorageMode="Reject")
    study = make_study(count=2, PixelData=b"\0" * (64 * 64 * 2))
    big = dcmread(io.BytesIO(next(iter(study.files.values()))))
    big.Rows = big.Columns = 1024
    big.PixelData = b"\1" * (1024 * 1024 * 2)
    buffer = io.BytesIO()
    big.SOPInstanceUID = big.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    big.save_as(buffer)
    study.files["big"] = buffer.getvalue()
    result = call("send", study.write(tmp_path / "in"), "--yes", "-q", "--at", getattr(full, way))
    assert result.exit_code == 8, result.output
    assert "has not taken 1 objects" in " ".join(result.output.split())
    assert "2 were taken" in " ".join(result.output.split())
    assert full.count() == 2


def test_sending_twice_does_no_harm(orthanc: Any, make_study: Any, tmp_path: Path) -> None:
    study = make_study()
    arguments = ("send", study.write(tmp_path / "in"), "--yes", "-q", "--at", orthanc.dimse)
    assert call(*arguments).exit_code == 0
    count = orthanc.count()
    assert call(*arguments).exit_code == 0
    assert orthanc.count() == count


def test_objects_of_several_kinds_and_syntaxes_go_in_one_call(
    orthanc: Any, make_study: Any, tmp_path: Path
) -> None:
    from pydicom.data import get_testdata_file

    names = ("MR_small_implicit.dcm", "MR_small_RLE.dcm", "CT_small.dcm", "test-SR.dcm")
    instances = []
    for number, name in enumerate(names):
        made = dcmread(str(get_testdata_file(name, download=False)))
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        made.SOPClassUID = made.SOPClassUID or BasicTextSRStorage
        instances.append(str(made.SOPInstanceUID))
        made.save_as(tmp_path / f"{number}.dcm")
    (tmp_path / "notes.txt").write_text("no DICOM")
    result = call("send", tmp_path, "--yes", "--json", "-q", "--at", orthanc.dimse)
    assert json.loads(result.stdout)["stored"] == 4, result.output
    assert json.loads(result.stdout)["left_out"] == {"unknown-format": 1}
    for instance in instances:
        assert orthanc.file(instance)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``server.pem`` and ``server.key`` for localhost, and ``other.pem`` that nobody signed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here")
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("server", "other"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True,
        )  # fmt: skip
    return folder


# pynetdicom does not close the socket of a connection that was refused.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_certificates_are_verified(
    start_orthanc: Callable[..., Any], certificates: Path, make_study: Any, tmp_path: Path
) -> None:
    server = str(certificates / "server.pem")
    orthanc = start_orthanc(
        DicomTlsEnabled=True,
        DicomTlsCertificate=server,
        DicomTlsPrivateKey=str(certificates / "server.key"),
        DicomTlsTrustedCertificates=server,
        DicomTlsRemoteCertificateRequired=False,
    )
    address = f"dimses://ORTHANC@localhost:{orthanc.dicom_port}"
    study = make_study().write(tmp_path / "in")
    trusted = call("send", study, "--yes", "-q", "--at", address, "--ca", server)
    assert trusted.exit_code == 0, trusted.output
    assert orthanc.count() == 4
    for ca in ((), ("--ca", certificates / "other.pem")):
        refused = call("find", "--limit", 1, "--at", address, *ca)
        assert refused.exit_code == 8
        assert "certificate" in refused.output
