"""Train a model that ships by one command: its stages in turn, as its card names them.

::

    python -m finetune.whole levels
    python -m finetune.whole classifier --list   # print the commands, run nothing
    python -m finetune.whole classifier --threads 1   # while another training runs beside it

Stages are seeded; those that take long resume, so the same command goes on after an interruption.
It writes into ``weights``; what is fitted to a model has to be fitted again after it (``AFTER``).
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence

STAGES: dict[str, tuple[str, ...]] = {
    "levels": (
        "levels masks --steps 800 --phantoms 0",
        "levels transfer --steps 900 --phantoms 110",
        "levels export",
        "usual_steps",
    ),
    "classifier": ("classifier train", "classifier export", "classifier_calibration"),
    "triage": ("triage fit", "triage_negative fit", "triage_cut fit"),
    "radiographs": ("radiographs train",),
    "captions": ("captions fit",),
    "concepts": ("concepts fit",),
    "captioner": ("captioner train", "captioner export"),
    "clip": ("clip train",),
    "similar": ("similar build",),
    "router": ("router",),
    "rgan": ("rgan train", "rgan export"),
    "diffusion": ("diffusion train", "diffusion export"),
}
"""Model to its stages, each a module of ``finetune`` with its arguments."""
AFTER = {
    "levels": ("triage", "classifier"),
    "classifier": ("captions", "concepts", "captioner"),
}
"""Model to what is fitted to it."""
THREADED = ("levels", "classifier")
"""Models whose stages run on two threads unless told otherwise; the others take one."""


def commands(model: str, threads: int | None = None) -> list[list[str]]:
    """The command lines of a model, in their order; ``threads`` is for those of ``THREADED``."""
    told = ["--threads", str(threads)] if threads and model in THREADED else []
    return [
        [sys.executable, "-m", *shlex.split(f"finetune.{stage}"), *told] for stage in STAGES[model]
    ]


def run(
    model: str,
    call: Callable[[Sequence[str]], int] = subprocess.call,
    *,
    threads: int | None = None,
) -> int:
    """Run the stages until one fails; its exit code, or 0."""
    for command in commands(model, threads):
        sys.stderr.write(f"python {shlex.join(command[1:])}\n")
        if (code := call(command)) != 0:
            sys.stderr.write("This stage failed; mend it and give the same command again.\n")
            return code
    if model in AFTER:
        sys.stderr.write(f"Fit again what rests on it: {', '.join(AFTER[model])}.\n")
    return 0


def main() -> int:
    """Train one model."""
    parser = argparse.ArgumentParser(prog="python -m finetune.whole", description=__doc__)
    parser.add_argument("model", choices=sorted(STAGES))
    parser.add_argument("--list", action="store_true", help="print the commands, run nothing")
    parser.add_argument("--threads", type=int, help=f"of {' and '.join(THREADED)}; 2 unless given")
    options = parser.parse_args()
    if options.list:
        lines = commands(options.model, options.threads)
        print("\n".join(f"python {shlex.join(one[1:])}" for one in lines))
        return 0
    return run(options.model, threads=options.threads)


if __name__ == "__main__":
    sys.exit(main())
