"""Time to write a report in every format, from its JSON and its study.

    python benchmarks/export_latency.py --runs 5 --json

Measures what `radixgpt export REPORT --study STUDY` does on the bundled synthetic study: read the
report and check it, read the study and its headers, write all formats. The first call of the
process, which imports the writers, is shown apart. Seconds by the clock and of the processor, since
other work may keep the cores busy; the script fails beyond the limit of processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SECONDS_ALLOWED = 3.0


@dataclass(frozen=True)
class Row:
    """One thing that was timed; median seconds of warm calls."""

    what: str
    files: int
    kilobytes: float
    clock: float
    processor: float


class Timer:
    """Seconds by the clock and of the processor since it was made."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """By the clock, of the processor."""
        return time.perf_counter() - self._clock, time.process_time() - self._processor


def everything(report: Path, study: Path) -> int:
    """What the command does; the number of files."""
    from etl.load import formats

    job = formats.job_of(formats.read_report(report), study, datetime.now().astimezone())
    made = formats.export(job, [formats.ALL])
    assert not made.skipped, made.skipped
    return len(made.files)


def by_format(report: Path, study: Path, runs: int) -> list[Row]:
    """Each format by itself, pictures drawn anew for each."""
    from dataclasses import replace

    from etl.load import formats

    read = formats.read_report(report)
    job = formats.job_of(read, study, datetime.now().astimezone())
    rows = []
    for name, form in formats.FORMATS.items():
        taken = []
        for _ in range(runs):
            alone = replace(job)  # without what another format has made already
            timer = Timer()
            files = form.write(alone)
            taken.append(timer.read())
        size = sum(len(data) for data in files.values()) / 1024
        rows.append(_row(name, len(files), size, taken))
    return rows


def _row(what: str, files: int, kilobytes: float, taken: list[tuple[float, float]]) -> Row:
    clock, processor = (statistics.median(column) for column in zip(*taken, strict=True))
    return Row(what, files, round(kilobytes, 1), round(clock, 3), round(processor, 3))


def main() -> None:
    """Measure, print, and fail beyond the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()

    from agent import pipeline
    from data.synth import bundled
    from etl import load

    study = bundled.study_folder()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        report.write_text(load.to_json(pipeline.report(study)[1]), encoding="utf-8")
        timer = Timer()
        files = everything(report, study)
        first = timer.read()
        taken = []
        for _ in range(args.runs):
            timer = Timer()
            everything(report, study)
            taken.append(timer.read())
        rows = [_row("all", files, 0, taken), *by_format(report, study, args.runs)]
    if args.json:
        print(
            json.dumps(
                {
                    "python": platform.python_version(),
                    "load": os.getloadavg()[0],
                    "first": {"clock": round(first[0], 3), "processor": round(first[1], 3)},
                    "rows": [asdict(row) for row in rows],
                },
                indent=2,
            )
        )
    else:
        print("| format | files | kB | seconds | processor |")
        print("| --- | --- | --- | --- | --- |")
        for row in rows:
            size = f"{row.kilobytes:.0f}" if row.kilobytes else ""
            print(f"| {row.what} | {row.files} | {size} | {row.clock:.2f} | {row.processor:.2f} |")
        print(f"\nFirst call {first[0]:.1f} s ({first[1]:.1f} s of the processor).")
    if rows[0].processor > SECONDS_ALLOWED:
        sys.exit(f"{rows[0].processor:.1f} s of the processor; {SECONDS_ALLOWED:.0f} s are allowed")


if __name__ == "__main__":
    main()
