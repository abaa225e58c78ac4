"""Time from a warm call to the written report, and peak memory.

    make bench
    python benchmarks/report_latency.py --runs 20 --pairs 10 --json

Measures the path that `radixgpt report` takes, from reading the files to writing JSON, Markdown and
the page, on the bundled synthetic study and, where the real data is staged (RADIXGPT_SHARED_DATA),
on pairs of T1 and T2 pictures of it. The first call of the process loads the models and is shown
apart.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SECONDS_ALLOWED = 6.0
GIGABYTES_ALLOWED = 3.0


@dataclass(frozen=True)
class Row:
    """Warm calls on one kind of study; seconds."""

    study: str
    calls: int
    graded: int
    p50: float
    p95: float
    slowest: float


def write_report(study: Path, out: Path) -> bool:
    """Everything that a call does; true when the study was graded."""
    from agent import pipeline
    from etl import load

    reading, report = pipeline.report(study)
    (out / "report.json").write_text(load.to_json(report), encoding="utf-8")
    (out / "report.md").write_text(load.to_markdown(report), encoding="utf-8")
    (out / "report.html").write_text(load.to_html(report, reading.study), encoding="utf-8")
    return reading.eligibility.gradable


def timed(study: Path, out: Path) -> tuple[float, bool]:
    """Seconds that a call took, and whether the study was graded."""
    begun = time.perf_counter()
    graded = write_report(study, out)
    return time.perf_counter() - begun, graded


def row(name: str, studies: list[Path], out: Path) -> Row:
    """Time one call for each entry of ``studies``."""
    results = [timed(study, out) for study in studies]
    seconds = sorted(taken for taken, _ in results)
    return Row(
        study=name,
        calls=len(seconds),
        graded=sum(graded for _, graded in results),
        p50=statistics.median(seconds),
        p95=seconds[round(0.95 * (len(seconds) - 1))],
        slowest=seconds[-1],
    )


def real_pairs(data: Path, n: int, into: Path) -> list[Path]:
    """The first ``n`` patients with a T1 and a T2 picture, each linked into a folder of its own."""
    images = data / "spider" / "images"
    found: list[Path] = []
    for t1 in sorted(images.glob("*_t1.png"), key=lambda path: int(path.name.split("_")[0])):
        t2 = t1.with_name(t1.name.replace("_t1", "_t2"))
        if len(found) < n and t2.is_file():
            folder = into / f"pair{len(found)}"
            folder.mkdir()
            (folder / "t1.png").write_bytes(t1.read_bytes())
            (folder / "t2.png").write_bytes(t2.read_bytes())
            found.append(folder)
    return found


def peak_gigabytes() -> float:
    """Highest resident memory of this process and of its largest child, together."""
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if platform.system() == "Darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + child) * unit / 1e9


def main() -> int:
    """Measure, print, and return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=10, help="warm calls on the bundled study")
    parser.add_argument("--pairs", type=int, default=10, help="real pairs, where they are staged")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()

    from data.synth import bundled
    from radixgpt.settings import load

    data = load().shared_data or ROOT.parent / "shared" / "data"
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        out = scratch / "out"
        out.mkdir()
        demo = bundled.study_folder(scratch / "demo")
        first, _ = timed(demo, out)
        rows = [row("bundled phantom, DICOM", [demo] * max(1, args.runs), out)]
        pairs = real_pairs(data, args.pairs, scratch)
        if pairs:
            rows.append(row("real T1 and T2, PNG", pairs, out))

    peak = peak_gigabytes()
    held = all(r.p50 <= SECONDS_ALLOWED for r in rows) and peak <= GIGABYTES_ALLOWED
    if args.json:
        result = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "first_call_seconds": round(first, 2),
            "rows": [asdict(r) for r in rows],
            "peak_gigabytes": round(peak, 2),
            "limits": {"p50_seconds": SECONDS_ALLOWED, "gigabytes": GIGABYTES_ALLOWED},
            "held": held,
        }
        print(json.dumps(result, indent=2))
    else:
        print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
        print("| study | calls | graded | p50 s | p95 s | slowest s |")
        print("|---|---|---|---|---|---|")
        for r in rows:
            print(
                f"| {r.study} | {r.calls} | {r.graded} "
                f"| {r.p50:.2f} | {r.p95:.2f} | {r.slowest:.2f} |"
            )
        print(f"\nfirst call {first:.2f} s · peak memory {peak:.2f} GB · ", end="")
        print(f"limits {SECONDS_ALLOWED:g} s and {GIGABYTES_ALLOWED:g} GB", end=" ")
        print("held" if held else "BROKEN")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
