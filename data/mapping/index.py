"""What lies in a folder of studies: DICOM objects by study, everything else by folder.

DICOM objects are put together by what their headers say, wherever they lie. A picture or NIfTI
volume tells nothing of its owner: those of one folder at the top count as one study of one patient,
and one that lies in no folder counts as a study of its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from data.mapping.journal import files_below
from radixgpt.errors import RejectedObjectError
from radixgpt.patient import Person
from radixgpt.reading import dicom
from radixgpt.reading.dataset import parse
from radixgpt.reading.identity import Keyring
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.reasons import rejected
from radixgpt.reading.sniff import sniff

TWO_PEOPLE = (
    "Its patient id is shared by objects that tell another name, birth date or sex: two people.",
    "Give each person their own id.",
)
_NOBODY = re.compile(
    r"(?:anon\w*|unknown|none|null|nil|n/?a|no[ _]?(?:name|id)|(?:de-?)?identified|removed|redacted"
    r"|deleted|patient|test|pseudo\w*|x+|0+|[-_. ]*)[-_^ ]*",
    re.IGNORECASE,
)
"""Ids that stand for nobody: many people share them."""


@dataclass
class Group:
    """The files of one study.

    Attributes:
        key: hex digest that names the study, equal in every run of this workspace.
        patient: hex digest of the patient's id; empty where none is told, or one that many share.
        known: the source's own pseudonym of the patient, where files are put together by it.
        files: in the order of their names.
        instances: remapped SOP instance UID to its file; of DICOM objects.
        people: whom the objects tell.
        dicom: whether they are DICOM objects.
    """

    key: str
    patient: str = ""
    known: str = ""
    files: list[Path] = field(default_factory=list)
    instances: dict[str, Path] = field(default_factory=dict)
    people: set[Person] = field(default_factory=set)
    dicom: bool = False


@dataclass
class Index:
    """What a folder holds.

    Attributes:
        groups: the studies.
        rejected: files that are no images or can't be read, with the reason.
    """

    groups: list[Group] = field(default_factory=list)
    rejected: list[tuple[Path, RejectedObjectError]] = field(default_factory=list)

    def mixed(self) -> set[str]:
        """The patients whose objects tell of two people."""
        by_patient: dict[str, set[Person]] = defaultdict(set)
        for group in self.groups:
            if group.patient and not group.known:
                by_patient[group.patient] |= group.people
        return {
            patient
            for patient, people in by_patient.items()
            if any(one.differs(other) for one in people for other in people)
        }


Named = Callable[[PurePosixPath], str]
"""The source's own pseudonym of a patient from a file's path within its folder; may be empty."""


def indexed(
    folder: Path, keys: Keyring, say: Callable[[int, int], None], named: Named | None = None
) -> Index:
    """Look at every file below a folder.

    Args:
        folder: of the source.
        keys: of the workspace.
        say: told how many files were looked at, and how many there are.
        named: for sources whose folders tell the patients.
    """
    files = files_below(folder)
    index = Index()
    groups: dict[str, Group] = {}
    for done, file in enumerate(files, start=1):
        try:
            _add(file, folder, keys, groups, named)
        except RejectedObjectError as error:
            index.rejected.append((file, error))
        say(done, len(files))
    index.groups = sorted(groups.values(), key=lambda group: group.key)
    return index


def _add(
    file: Path, folder: Path, keys: Keyring, groups: dict[str, Group], named: Named | None
) -> None:
    try:
        if file.stat().st_size > LIMITS.object_bytes:
            raise rejected("too-large")
        if file.is_symlink() and not file.resolve().is_relative_to(folder.resolve()):
            raise rejected("link")
        data = file.read_bytes()
    except OSError:
        raise rejected("not-readable") from None
    kind, reason = sniff(data)
    if kind is None:
        raise rejected(reason)
    if kind == "bare-dicom":
        raise rejected("no-preamble")
    within = PurePosixPath(file.relative_to(folder).as_posix())
    known = named(within) if named else ""
    if kind != "dicom":
        place = within.parts[0] if len(within.parts) > 1 else within.as_posix()
        group = _group(groups, keys.digest("loose-study", place).hex())
        group.files.append(file)
        group.known = group.known or known
        return
    header = parse(data, LIMITS).header
    owner = dicom.owner(header, keys)
    study = owner.study or f"folder {within.parent.as_posix()}"
    group = _group(groups, keys.digest("study", f"{known}\0{study}").hex())
    group.known = known
    group.dicom = True
    group.files.append(file)
    group.people.add(owner.subject.person)
    group.instances.setdefault(keys.uid(header.text("SOPInstanceUID")), file)
    if not _NOBODY.fullmatch(header.text("PatientID").strip()):
        group.patient = (
            group.patient or keys.digest("patient", owner.subject.person.patient_id).hex()[:16]
        )


def _group(groups: dict[str, Group], digest: str) -> Group:
    key = digest[:16]
    return groups.setdefault(key, Group(key))
