"""Running a system over tasks: each case apart, failures recorded, what is done not done again."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from eval.batch.engine import Map
from eval.run import outputs
from eval.run.outputs import Failure, Output
from eval.run.probes import changed
from eval.run.registry import Probe
from eval.run.system import Asked, Open, System
from eval.run.tasks import Task
from radixgpt.errors import RadixError

Say = Callable[[str, int, int], None]
_CHANGED = (Probe.BLANK, Probe.NOISE, Probe.FLIPPED)
_BUGS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a faulty system may raise in one case, and the others go on."""


def run(
    system: System,
    tasks: Sequence[Task],
    folder: Path,
    run_blocks: Map,
    *,
    say: Say = lambda _what, _done, _total: None,
) -> dict[str, Output]:
    """Run a system over tasks, and keep the outputs in ``folder`` as they come.

    Every case has a fresh instance of the system and a folder of its own, which is gone afterwards.

    Returns:
        Output by case, for all tasks.

    Raises:
        CaseError: the folder holds a damaged output.
    """
    done = outputs.read(folder)
    left = [task for task in tasks if task.id not in done]
    say("Running", len(tasks) - len(left), len(tasks))
    with outputs.keeping(folder) as keep:
        for number, output in enumerate(run_blocks(_one, left, system.open), start=1):
            keep(output)
            done[output.id] = output
            say("Running", len(tasks) - len(left) + number, len(tasks))
    return {task.id: done[task.id] for task in tasks}


def _one(start: Open, task: Task) -> Output:
    """Run one case; whatever fails in it is its own failure."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="radixgpt-run-") as name:
        try:
            folder = Path(name)
            _lay_out(task, folder)
            answer = start()(Asked(folder, task.exam, task.seed))
        except RadixError as error:
            return Output(id=task.id, failure=Failure(code=error.code, problem=error.problem))
        except _BUGS as error:
            # The message may hold a path or a patient's text: the type has to do.
            said = f"The system failed with {type(error).__name__}."
            return Output(id=task.id, failure=Failure(code="fault", problem=said))
    return Output(
        id=task.id,
        text=answer.text,
        findings=answer.findings,
        seconds=round(time.perf_counter() - begun, 3),
    )


def _lay_out(task: Task, folder: Path) -> None:
    """Put the images of a case into its folder, under names that tell nothing."""
    for number, source in enumerate(task.images, start=1):
        target = folder / f"image-{number}{''.join(source.suffixes[-2:]).lower()}"
        if task.probe in _CHANGED:
            changed(source, target.with_suffix(".png"), task.probe, task.seed + number)
        elif source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
