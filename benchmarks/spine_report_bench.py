"""SpineReportBench for our own systems, from staged data to the tables of docs/benchmark.md.

    python benchmarks/spine_report_bench.py --shared shared/data -o out/spine-report-bench
    python benchmarks/spine_report_bench.py --cases out/data/cases.jsonl --shared shared/data \
        -o out/spine-report-bench --llm gguf:MODEL.gguf --write docs/benchmark.md

Builds the benchmark, lets every system predict on the studies and on their probes, scores all of
it, and prints the tables as Markdown; --write puts them into a page, between its marks. Each step
is a command of `radixgpt`, which is shown as it runs. What lies in the folder already is not made
again; other weights want a new folder, as predictions are never mixed.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from eval.bench.definition import definition  # noqa: E402
from eval.run.registry import KINDS  # noqa: E402

BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
READERS = ("rules", "keywords")


def radixgpt(*arguments: object, shared: Path | None = None) -> str:
    """Run a command, which is shown, and hand back what it prints; ``shared`` is the staged data.

    Raises:
        SystemExit: it failed; it has said why.
    """
    words = [str(argument) for argument in arguments]
    print(f"radixgpt {shlex.join(words)}", file=sys.stderr, flush=True)
    ran = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "RADIXGPT_SHARED_DATA": str(shared.resolve())} if shared else None,
    )
    if ran.returncode:
        raise SystemExit(ran.returncode)
    return ran.stdout


def workspace(shared: Path, out: Path) -> Path:
    """The staged data, mapped and split."""
    folder = out / "data"
    cases = folder / "cases.jsonl"
    if not (folder / "splits.json").exists():
        radixgpt("data", "gather", "shared", "-w", folder, "--link", "-q", shared=shared)
        radixgpt("data", "map", "-w", folder, "-q")
        radixgpt("data", "split", "-w", folder, "-q")
    return cases


def predicted(system: str, bench: Path, cases: Path, out: Path, llm: str | None) -> dict[str, Path]:
    """Predictions of a system that writes reports: probe to folder.

    A system that needs no images is asked once: what it is shown on a probe is the same.
    """
    asked = ["--system", system, "--bench", bench, "--cases", cases, "-q"]
    asked += ["--llm", llm] if llm and system == "llm-without-images" else []
    folders = {"none": out / "none"}
    radixgpt("eval", "bench", "predict", *asked, "-o", folders["none"])
    for probe in map(str, definition().probes):
        if "images" not in KINDS[system].needs:
            folders[probe] = folders["none"]
            continue
        folders[probe] = out / probe
        radixgpt("eval", "bench", "predict", *asked, "--probe", probe, "-o", folders[probe])
    return folders


def score(bench: Path, folders: dict[str, Path], out: Path) -> None:
    """Score every task that a system has predictions of, with the task's probes."""
    for name, task in definition().tasks.items():
        file = f"{name}.jsonl"
        if not (folders["none"] / file).exists():
            continue
        probes = [f"--probe={p}={folders[p] / file}" for p in map(str, task.probes)]
        predictions = folders["none"] / file
        asked = ["--task", name, "--bench", bench, "--predictions", predictions, *probes]
        radixgpt("eval", "bench", "score", *asked, "-o", out, "-q")


def write(page: Path, tables: str) -> None:
    """Put the tables between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page.name} has no marks {BEGIN} and {END}.")
    page.write_text(f"{before}{BEGIN}\n{tables.strip()}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Build, predict, score, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--shared", type=Path, required=True, help="folder of the staged data")
    parser.add_argument("--cases", type=Path, help="mapped and split cases; made otherwise")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for everything")
    parser.add_argument("--llm", help="language model for llm-without-images; left out otherwise")
    parser.add_argument("--systems", nargs="+", choices=[*KINDS, *READERS], help="these alone")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="page to put the tables into")
    args = parser.parse_args()

    cases, bench = args.cases or workspace(args.shared, args.out), args.out / "bench"
    if not (bench / "manifest.json").exists():
        radixgpt("eval", "bench", "build", "--cases", cases, "-o", bench, "-q")
    systems = args.systems or [*KINDS, *READERS]
    if args.llm is None:
        systems = [system for system in systems if system != "llm-without-images"]
    named = []
    for system in systems:
        out = args.out / "predictions" / system
        if system in READERS:
            asked = ["--system", system, "--bench", bench, "--notes", args.shared, "-q"]
            radixgpt("eval", "bench", "predict", *asked, "-o", out / "none")
            folders = {"none": out / "none"}
        else:
            folders = predicted(system, bench, cases, out, args.llm)
        scores = args.out / "scores" / system
        score(bench, folders, scores)
        model = f" ({Path(args.llm.partition(':')[2]).stem})" if system.startswith("llm") else ""
        named.append(f"{system}{model}={scores}")
    tables = radixgpt("eval", "bench", "table", *named)
    print(tables, end="")
    if args.write:
        write(args.write, tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
