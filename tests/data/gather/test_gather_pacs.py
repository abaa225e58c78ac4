"""A real Orthanc on loopback, by DICOMweb and by DIMSE."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

from data.gather import provenance
from data.gather.choose import Wish, choose
from data.gather.gatherer import Outcome, gather
from data.gather.pacs import Question
from data.workspace import Workspace
from radixgpt.errors import GatherError

SECRETS = (b"DOE", b"JANE", b"4711", b"19700131")
WAYS = pytest.mark.parametrize("way", ["dicomweb", "dimse"])


class Cohort:
    """Two studies of one patient: UIDs and bytes of their objects."""

    def __init__(self, make_dicom: Callable[..., bytes]) -> None:
        self.number = f"HOSPITAL-4711-{generate_uid()[-8:]}"
        self.studies = [generate_uid(), generate_uid()]
        self.objects: list[bytes] = []
        for study, day in zip(self.studies, ("20240105", "20240301"), strict=True):
            for modality, count in (("MR", 3), ("SR", 1)):
                series = generate_uid()
                self.objects += [
                    make_dicom(
                        StudyInstanceUID=study,
                        SeriesInstanceUID=series,
                        PatientID=self.number,
                        StudyDate=day,
                        Modality=modality,
                        InstanceNumber=number,
                        **({"TransferSyntaxUID": ImplicitVRLittleEndian} if number == 2 else {}),
                    )
                    for number in range(1, count + 1)
                ]

    def uids(self, study: int | None = None, modality: str | None = None) -> set[str]:
        found = [dcmread(io.BytesIO(data)) for data in self.objects]
        return {
            d.SOPInstanceUID
            for d in found
            if (study is None or d.StudyInstanceUID == self.studies[study])
            and (modality is None or d.Modality == modality)
        }


@pytest.fixture(scope="module")
def cohort(orthanc: Any, make_dicom: Callable[..., bytes]) -> Cohort:
    made = Cohort(make_dicom)
    for data in made.objects:
        orthanc.send(data)
    return made


def bring(address: str, workspace: Workspace, question: Question, **wish: Any) -> Outcome:
    (source,) = choose(Wish(name=address, question=question, **wish), workspace)
    return gather(source, workspace, accepted=False, say=lambda *_: None)


def gathered(workspace: Workspace) -> dict[str, Path]:
    """SOP Instance UID to file."""
    files = [p for p in (workspace.gathered / "pacs").rglob("*") if p.is_file()]
    return {str(dcmread(p, stop_before_pixels=True).SOPInstanceUID): p for p in files}


@WAYS
def test_a_study_comes_whole_and_keeps_its_elements_and_syntax(
    way: str, orthanc: Any, cohort: Cohort, workspace: Workspace
) -> None:
    outcome = bring(getattr(orthanc, way), workspace, Question(patient=cohort.number))
    found = gathered(workspace)
    assert found.keys() == cohort.uids()
    assert outcome.added == len(cohort.objects)
    for data in cohort.objects:
        sent = dcmread(io.BytesIO(data))
        came = dcmread(found[sent.SOPInstanceUID])
        assert came == sent
        assert came.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
    folders = {p.parent.parent for p in found.values()}
    assert len(folders) == 2, "one folder a study"


@WAYS
def test_nothing_of_the_patient_is_told(
    way: str, orthanc: Any, cohort: Cohort, workspace: Workspace
) -> None:
    outcome = bring(getattr(orthanc, way), workspace, Question(patient=cohort.number))
    names = "\n".join(str(p) for p in gathered(workspace).values())
    told = workspace.provenance.read_text() + names + str(outcome.as_json()) + outcome.title
    for secret in (*(s.decode() for s in SECRETS), *cohort.studies, *cohort.uids()):
        assert secret not in told
    addresses = {r.address for r in provenance.read(workspace.provenance).values()}
    assert addresses == {getattr(orthanc, way)}


@WAYS
@pytest.mark.parametrize(
    ("question", "study", "modality"),
    [
        ({"studies": 0}, 0, None),
        ({"dates": "20240201-20240331"}, 1, None),
        ({"modality": "MR"}, None, "MR"),
        ({"dates": "20240105", "modality": "SR"}, 0, "SR"),
        ({"description": "*lumbar*"}, None, None),
        ({"description": "MRI?lumbar*"}, None, None),
    ],
)
def test_questions_choose(
    way: str,
    orthanc: Any,
    cohort: Cohort,
    workspace: Workspace,
    question: dict[str, Any],
    study: int | None,
    modality: str | None,
) -> None:
    if "studies" in question:
        question = {"studies": (cohort.studies[question["studies"]],)}
    bring(getattr(orthanc, way), workspace, Question(patient=cohort.number, **question))
    assert gathered(workspace).keys() == cohort.uids(study, modality)


@WAYS
def test_a_limit_limits(way: str, orthanc: Any, cohort: Cohort, workspace: Workspace) -> None:
    bring(getattr(orthanc, way), workspace, Question(patient=cohort.number, limit=1))
    assert gathered(workspace).keys() in (cohort.uids(0), cohort.uids(1))


@WAYS
def test_a_second_run_adds_nothing_and_a_lost_object_comes_again(
    way: str, orthanc: Any, cohort: Cohort, workspace: Workspace
) -> None:
    question = Question(patient=cohort.number)
    bring(getattr(orthanc, way), workspace, question)
    before = workspace.provenance.read_bytes()
    again = bring(getattr(orthanc, way), workspace, question)
    assert (again.added, again.verified) == (0, len(cohort.objects))
    lost = next(iter(gathered(workspace).values()))
    whole = lost.read_bytes()
    lost.unlink()
    bring(getattr(orthanc, way), workspace, question)
    assert lost.read_bytes() == whole
    assert workspace.provenance.read_bytes() == before


@WAYS
def test_an_unknown_study_is_told(way: str, orthanc: Any, workspace: Workspace) -> None:
    with pytest.raises(GatherError, match="knows no such study"):
        bring(getattr(orthanc, way), workspace, Question(studies=("1.2.3",)))


@WAYS
@pytest.mark.parametrize(
    ("question", "told"),
    [
        (Question(), "more than one wants"),
        (Question(studies=("DOE^JANE",)), "digits and dots"),
        (Question(dates="last week"), "dates can't be read"),
        (Question(patient="1\\2"), "backslash"),
    ],
)
def test_questions_that_cannot_be_asked(
    way: str, workspace: Workspace, question: Question, told: str
) -> None:
    address = {"dicomweb": "http://127.0.0.1:9/dicom-web", "dimse": "dimse://X@127.0.0.1:9"}[way]
    with pytest.raises(GatherError, match=told) as caught:
        bring(address, workspace, question)
    assert "JANE" not in str(caught.value)


def test_an_unknown_caller_and_a_wrong_title_are_told(orthanc: Any, workspace: Workspace) -> None:
    question = Question(limit=1)
    with pytest.raises(GatherError) as caught:
        bring(orthanc.dimse, workspace, question, calling_aet="STRANGER")
    assert "STRANGER" in str(caught.value)
    with pytest.raises(GatherError, match="refuses the calling title"):
        bring(orthanc.dimse.replace("ORTHANC", "OTHER"), workspace, question)


# pynetdicom does not close the socket of a connection that was refused.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("address", ["http://127.0.0.1:9/dicom-web", "dimse://X@127.0.0.1:9"])
def test_a_pacs_that_is_not_there_is_told(
    address: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(GatherError, match="can't be reached"):
        bring(address, workspace, Question(limit=1))


def test_another_service_is_no_dicomweb(site: Any, workspace: Workspace) -> None:
    site.files["/studies?limit=1"] = b"<html>Welcome</html>"
    site.types["/studies?limit=1"] = "text/html"
    with pytest.raises(GatherError, match="no DICOMweb answer"):
        bring(site.base, workspace, Question(limit=1))


def test_a_refusal_of_dicomweb_is_told(site: Any, workspace: Workspace) -> None:
    site.faults["/studies?limit=1"] = [("status", 401)]
    with pytest.raises(GatherError, match="refuses") as caught:
        bring(site.base, workspace, Question(limit=1))
    assert "DICOMWEB_TOKEN" in caught.value.mend


def test_a_token_does_not_travel_unencrypted(workspace: Workspace) -> None:
    with pytest.raises(GatherError, match="unencrypted"):
        bring("http://pacs.example.org/", workspace, Question(limit=1), token="secret")


@pytest.mark.parametrize(
    "address",
    [
        "dimse://ORTHANC",
        "dimse://@127.0.0.1:104",
        "dimse://A@host:0",
        "dimse://A@host:70000",
        "dimse://ABCDEFGHIJKLMNOPQ@host:104",
        "https://",
        "https://user:secret@host/dicom-web",
        "https://host:port/",
    ],
)
def test_addresses_that_cannot_be_read(address: str, workspace: Workspace) -> None:
    with pytest.raises(GatherError, match="can't be read") as caught:
        choose(Wish(name=address), workspace)
    assert "secret" not in str(caught.value)
