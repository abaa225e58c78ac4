"""How long a study of many instances takes to read, from files to ordered series.

Makes up a study in a folder of its own: sagittal T1 and T2, an axial T2 and a STIR, MR slices of 16
bits with noise, and reads it several times. The first reading, which loads modules and fills the
file cache, is told apart from the warm ones. Reading is one process that waits for nothing but the
processor once the files are cached, so the script fails where the processor time of the warm
readings is above the limit: what else runs on the machine does not change the verdict.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT_SECONDS = 3.0
_SERIES = (
    ("T1 sag", 12.0, 550.0, (0, 1, 0, 0, 0, -1), 0),
    ("T2 sag", 102.0, 3500.0, (0, 1, 0, 0, 0, -1), 0),
    ("STIR sag", 60.0, 4000.0, (0, 1, 0, 0, 0, -1), 0),
    ("T2 ax", 98.0, 4200.0, (1, 0, 0, 0, 1, 0), 2),
)


def make(folder: Path, instances: int, side: int, syntax: str) -> None:
    """Write the study: so many instances of so many rows and columns, split over four series."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage, generate_uid

    random = np.random.default_rng(0)
    study, frame = generate_uid(), generate_uid()
    pool = [random.integers(0, 1500, (side, side), dtype=np.uint16) for _ in range(8)]
    for number, (name, echo, repetition, direction, axis) in enumerate(_SERIES):
        series = generate_uid()
        for index in range(instances * number // 4, instances * (number + 1) // 4):
            meta = FileMetaDataset()
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            meta.MediaStorageSOPClassUID = MRImageStorage
            made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
            made.SOPClassUID, made.SOPInstanceUID = MRImageStorage, generate_uid()
            meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
            made.StudyInstanceUID, made.SeriesInstanceUID = study, series
            made.FrameOfReferenceUID = frame
            made.PatientName = made.PatientID = "SYNTHETIC"
            made.Modality, made.SeriesDescription = "MR", name
            made.SeriesNumber, made.InstanceNumber = number + 1, index
            made.ScanningSequence, made.EchoTime, made.RepetitionTime = "SE", echo, repetition
            made.MagneticFieldStrength, made.BodyPartExamined = 1.5, "LSPINE"
            made.ImageOrientationPatient = list(direction)
            place = [0.0, 0.0, 0.0]
            place[axis] = 4.0 * index
            made.ImagePositionPatient = place
            made.PixelSpacing, made.SliceThickness = [0.6, 0.6], 4.0
            made.Rows = made.Columns = side
            made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
            made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
            made.PixelRepresentation = 0
            made.PixelData = np.roll(pool[index % 8], index, axis=0).tobytes()
            if syntax != "native":
                made.compress(UID("1.2.840.10008.1.2.5"))
            made.save_as(folder / f"{number}-{index:04}.dcm", enforce_file_format=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=400)
    parser.add_argument("--side", type=int, default=320, help="rows and columns")
    parser.add_argument("--syntax", choices=("native", "rle"), default="native")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    from radixgpt.reading import read

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, options.instances, options.side, options.syntax)
        seconds, processor = [], []
        for _ in range(options.runs + 1):
            begun, used = time.perf_counter(), time.process_time()
            study = read(folder)
            seconds.append(time.perf_counter() - begun)
            processor.append(time.process_time() - used)
        assert [series.slices for series in study.series] == [options.instances // 4] * 4
        assert not study.quarantine
    warm = seconds[1:]
    found = {
        "instances": options.instances,
        "side": options.side,
        "syntax": options.syntax,
        "first_seconds": round(seconds[0], 2),
        "median_seconds": round(statistics.median(warm), 2),
        "fastest_seconds": round(min(warm), 2),
        "slowest_seconds": round(max(warm), 2),
        "processor_seconds": round(statistics.median(processor[1:]), 2),
        "peak_gigabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "limit_seconds": LIMIT_SECONDS,
    }
    if options.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            print(f"{key:18} {value}")
    return int(statistics.median(processor[1:]) > LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
