"""Time and peak memory of scoring a large corpus of short pairs, as `radixgpt eval score` does it.

    python benchmarks/score_million.py
    python benchmarks/score_million.py --pairs 200000 --metrics bleu,coco,rouge,chrf --json

Two tables are written to a temporary folder by the seeded grammar of text_metrics.py and scored in
a process of its own, from checking the tables to the error page. Its peak memory is that of the
process and of its largest worker. With --grow a tenth of the pairs is scored first, which shows how
memory grows with the corpus.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

GIGABYTES_ALLOWED = 3.0


@dataclass(frozen=True)
class Row:
    """One run."""

    pairs: int
    megabytes: float
    seconds: float
    pairs_a_second: float
    peak_gigabytes: float


def short_pairs(number: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Candidates and references of three sentences."""
    from benchmarks.text_metrics import report

    rng = random.Random(seed)
    for _ in range(number):
        reference = rng.sample(report(rng), 3)
        candidate = [line if rng.random() < 0.7 else rng.choice(report(rng)) for line in reference]
        yield " ".join(candidate), " ".join(reference)


def write_tables(folder: Path, number: int) -> tuple[Path, Path]:
    """Write the two tables."""
    paths = folder / "references.csv", folder / "candidates.csv"
    with (
        paths[0].open("w", newline="", encoding="utf-8") as first,
        paths[1].open("w", newline="", encoding="utf-8") as second,
    ):
        references, candidates = csv.writer(first), csv.writer(second)
        references.writerow(["id", "text", "patient"])
        candidates.writerow(["id", "text"])
        for row, (candidate, reference) in enumerate(short_pairs(number)):
            references.writerow([f"s{row}", reference, f"p{row // 2}"])
            candidates.writerow([f"s{row}", candidate])
    return paths


def measure(number: int, metrics: str, workers: int) -> Row:
    """Write and score one corpus."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        references, candidates = write_tables(folder, number)
        size = sum(path.stat().st_size for path in (references, candidates)) / 1e6
        child = subprocess.Popen(
            [
                sys.executable, __file__, "--child", "-r", str(references), "-c", str(candidates),
                "-o", str(folder / "out"), "--metrics", metrics, "--workers", str(workers),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        begun = time.perf_counter()
        said, _ = child.communicate()
        seconds = time.perf_counter() - begun
        if child.returncode:
            raise SystemExit(f"scoring failed with {child.returncode}")
        peak = float(said.strip().splitlines()[-1])
    return Row(number, size, seconds, number / seconds, peak)


def child(arguments: list[str]) -> None:
    """Score, then print the peak memory in gigabytes."""
    import cli

    try:
        cli.app(["eval", "score", *arguments, "--quiet", "--draws", "200"])
    except SystemExit as end:
        if end.code:
            raise
    kibibytes = sum(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(kibibytes * 1024 / 1e9)


def main() -> int:
    """Measure, print, and return 1 when the memory allowed is exceeded."""
    if "--child" in sys.argv:
        child(sys.argv[sys.argv.index("--child") + 1 :])
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--metrics", default="bleu,coco,rouge")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--grow", action="store_true", help="score a tenth of the pairs first")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    sizes = [args.pairs // 10, args.pairs] if args.grow else [args.pairs]
    rows = [measure(number, args.metrics, args.workers) for number in sizes]
    held = rows[-1].peak_gigabytes <= GIGABYTES_ALLOWED
    if args.json:
        print(
            json.dumps(
                {
                    "metrics": args.metrics,
                    "workers": args.workers,
                    "cores": os.cpu_count(),
                    "rows": [asdict(row) for row in rows],
                    "held": held,
                },
                indent=2,
            )
        )
    else:
        print(f"{args.metrics}; {args.workers} workers on {os.cpu_count()} cores\n")
        print("| pairs | tables, MB | seconds | pairs a second | peak memory, GB |")
        print("|---|---|---|---|---|")
        for row in rows:
            print(
                f"| {row.pairs:,} | {row.megabytes:.0f} | {row.seconds:.0f} "
                f"| {row.pairs_a_second:,.0f} | {row.peak_gigabytes:.2f} |"
            )
        print(f"\nlimit {GIGABYTES_ALLOWED:g} GB {'held' if held else 'BROKEN'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
