"""A spool that is watched until it is idle, and objects to put into it."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import fake_drafts
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from clinic.watch import spool as spools
from clinic.watch.run import Pace, Watch

PACE = Pace(quiet=0.3, settle=0.0, look=0.02, timeout=30)


def objects(count: int, **elements: Any) -> list[bytes]:
    """Objects of one new study."""
    study, series = generate_uid(), generate_uid()
    found = []
    for number in range(count):
        base = dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
        base.StudyInstanceUID, base.SeriesInstanceUID = study, series
        base.SOPInstanceUID = base.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        base.PatientName, base.PatientID, base.InstanceNumber = "ZQDOE^JANE", "ZQ-4711", number
        for keyword, value in elements.items():
            setattr(base, keyword, value)
        buffer = io.BytesIO()
        base.save_as(buffer)
        found.append(buffer.getvalue())
    return found


class Runner:
    """Watches a folder until it is idle."""

    def __init__(self, root: Path) -> None:
        self.root, self.events = root, list[dict[str, Any]]()
        self.incoming = root / "incoming"
        self.incoming.mkdir(parents=True)

    def put(self, data: list[bytes], prefix: str = "zqdoe") -> None:
        for number, one in enumerate(data):
            (self.incoming / f"{prefix}-{number}.dcm").write_bytes(one)

    def run(self, draft: Any = fake_drafts.quick, pace: Pace = PACE) -> Watch:
        with spools.opened(self.root) as spool:
            watch = Watch(spool, ("json",), pace, self.events.append, draft)
            watch._since -= 60
            watch.run(threading.Event(), once=True)
        return watch

    def names(self, state: str) -> list[str]:
        return sorted(p.name for p in (self.root / state).glob("study-*"))

    def drafted(self) -> Counter[str]:
        return Counter(e["study"] for e in self.events if e["event"] == "drafted")

    def images(self, state: str, name: str) -> int:
        return len(list((self.root / state / name / "images").iterdir()))


def hash_of(data: list[bytes]) -> frozenset[str]:
    return frozenset(f"{hashlib.sha256(one).hexdigest()[:32]}.dcm" for one in data)
