"""How long the exploration takes, and how large its page is.

radixgpt data gather shared && radixgpt data map && radixgpt data split
python benchmarks/explore.py -w out/data          # cold: nothing is embedded yet
python benchmarks/explore.py --made-up 100000     # cases that are made up, without images
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data.workspace import DEFAULT, Workspace  # noqa: E402
from radixgpt.case import Case, Image, StatedFinding, write_cases  # noqa: E402

KINDS = ("disc_bulging", "disc_herniation", "disc_narrowing")
LEVELS = ("L3-L4", "L4-L5", "L5-S1")


def made_up(count: int) -> Iterator[Case]:
    """Cases of 300 sources with a text, nine graded findings and an image that is not there."""
    for i in range(count):
        findings = tuple(
            StatedFinding(level=level, kind=kind, assertion="absent" if (i + k) % 5 else "present")
            for k, (level, kind) in enumerate((x, y) for x in LEVELS for y in KINDS)
        )
        yield Case(
            id=f"s{i % 300}/{i}",
            source=f"s{i % 300}",
            licence="CC0 1.0",
            patient=f"p{i // 2}",
            images=(
                Image(
                    path=f"gone/{i}.png",
                    sha256=str(i),
                    modality="MR",
                    facts={"manufacturer": f"Maker{i % 40}", "echo_time_ms": float(i % 500 + 1)},
                ),
            ),
            report={"findings": f"Disc bulge at L4-L5, word{i % 9000} and others."},
            report_origin="human",
            findings=findings,
            split=("train", "development", "test")[i % 3],
            facts={"sex": "F" if i % 2 else "M", "age_years": float(i % 90)},
        )


def measure(workspace: Path, out: Path, what: str) -> None:
    """Run the command as a user does, and print what it took."""
    busy = os.getloadavg()[0]
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "data", "explore", "-w", workspace, "-o", out, "-q"],
        check=True,
    )
    took = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    size = (out / "index.html").stat().st_size
    print(
        f"{what}: {took:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of processor time so far), "
        f"page {size / 1e6:.1f} MB, at most {used.ru_maxrss / 1e6:.2f} GB of memory; "
        f"load before {busy:.1f} on {os.cpu_count()} processors"
    )


def main() -> None:
    """Measure a workspace cold and warm, or cases that are made up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-w", "--workspace", type=Path, default=DEFAULT)
    parser.add_argument("--made-up", type=int, metavar="N")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if asked.made_up:
            root = Path(scratch)
            write_cases(root / "cases.jsonl", made_up(asked.made_up))
            measure(root, root / "page", f"{asked.made_up:,} cases that are made up")
            return
        # A copy without measures: nothing of the workspace is touched.
        place, root = Workspace(asked.workspace), Path(scratch)
        for name in place.root.iterdir():
            if name not in (place.measures, place.exploration, place.baselines):
                (root / name.name).symlink_to(name.resolve())
        measure(root, root / "page", "cold")
        measure(root, root / "page", "again")


if __name__ == "__main__":
    main()
