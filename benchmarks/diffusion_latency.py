"""Time to draw one column from the embedded diffusion model, and one crop from the GAN.

    python benchmarks/diffusion_latency.py --runs 5 --threads 2 --json

"Processor" is the processor time, which no other work on the machine lengthens. Fails beyond the
limit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SECONDS_ALLOWED = 5.0


def main() -> int:
    """Measure and print; 1 where the median of either is beyond the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    import torch

    from data.synth.conditions import DiscGrades, Wanted
    from data.synth.diffusion import sample as diffusion
    from data.synth.rgan import sample as rgan

    torch.set_num_threads(options.threads)
    wanted = Wanted("t2", {"L4-L5": DiscGrades(4)})
    ways: dict[str, Callable[[int], object]] = {
        "diffusion": lambda seed: diffusion.draw(wanted, seed=seed),
        "rgan": lambda seed: rgan.draw(wanted, "L4-L5", seed=seed),
    }
    rows = {}
    for name, draw in ways.items():
        draw(0)
        taken, spent = [], []
        for seed in range(options.runs):
            begun, cpu = time.perf_counter(), time.process_time()
            draw(seed)
            taken.append(time.perf_counter() - begun)
            spent.append(time.process_time() - cpu)
        rows[name] = {
            "median": round(statistics.median(taken), 3),
            "slowest": round(max(taken), 3),
            "processor": round(statistics.median(spent), 3),
        }
    if options.json:
        print(json.dumps({"threads": options.threads, "runs": options.runs, "images": rows}))
    else:
        print("| image by | median | slowest | processor |")
        print("| --- | --- | --- | --- |")
        for name, row in rows.items():
            print(
                f"| {name} | {row['median']:.2f} s | {row['slowest']:.2f} s "
                f"| {row['processor']:.2f} s |"
            )
    return int(any(float(row["median"]) > SECONDS_ALLOWED for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
