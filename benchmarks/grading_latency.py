"""Time to grade the discs of a study, and to draw where a grade comes from.

    python benchmarks/grading_latency.py
    python benchmarks/grading_latency.py --runs 20 --json

On the bundled phantom study, warm: triage, levels, the grading of all discs (networks, trees,
calibration), and the heat map of one grade. The script fails beyond 1.5 s for the grading of a
study and 0.3 s for a heat map.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

GRADING_ALLOWED = 1.5
HEAT_ALLOWED = 0.3


def timed(call: Callable[[], object], runs: int) -> list[float]:
    """Seconds of each of some calls, after one that is not counted."""
    call()
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begun)
    return sorted(seconds)


def main() -> int:
    """Measure, print, and return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()

    import copy

    import torch

    from data.synth import bundled
    from radixgpt.reading import read
    from tools import classifier, heat, levels, triage

    with tempfile.TemporaryDirectory() as folder:
        study, eligible = triage.run(read(bundled.study_folder(Path(folder) / "demo")))

    def fresh() -> object:
        """The same study as another object: what is kept for a study is not used again."""
        return copy.copy(study)

    def grade() -> object:
        own = fresh()
        found = levels.run(own, eligible)  # type: ignore[arg-type]
        return classifier.run(own, eligible, found)  # type: ignore[arg-type]

    found = levels.run(study, eligible)
    graded = classifier.run(study, eligible, found)
    one = next(o for o in graded if o.kind == "pfirrmann")
    seconds = {
        "triage": timed(lambda: triage.run(fresh()), args.runs),  # type: ignore[arg-type]
        "levels and grades of all discs": timed(grade, args.runs),
        "heat map of one grade": timed(lambda: heat.run(study, eligible, found, one), args.runs),
    }
    p50 = {name: statistics.median(some) for name, some in seconds.items()}
    held = (
        p50["levels and grades of all discs"] <= GRADING_ALLOWED
        and p50["heat map of one grade"] <= HEAT_ALLOWED
    )
    if args.json:
        print(json.dumps({"p50_seconds": p50, "threads": torch.get_num_threads(), "held": held}))
        return 0 if held else 1
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, load {load:.1f}\n")
    print("| step | median s | slowest s |")
    print("| --- | --- | --- |")
    for name, some in seconds.items():
        print(f"| {name} | {p50[name]:.2f} | {some[-1]:.2f} |")
    print(f"\nlimits {GRADING_ALLOWED:g} s and {HEAT_ALLOWED:g} s {'held' if held else 'BROKEN'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
