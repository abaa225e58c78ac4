"""Checkpoints of a training that resumes: taken up by the same recipe only, with its log."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from radixgpt.errors import InputError, RadixError

FILE, LOG = "checkpoint.pt", "log.jsonl"


class Part(Protocol):
    """A network or an optimiser."""

    def state_dict(self) -> dict[str, Any]:
        """What it is to be made of again."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Make it of this."""


def keep(out: Path, parts: Mapping[str, Part], done: int, recipe: Mapping[str, Any]) -> None:
    """Write the state after ``done`` steps; a kill leaves the one before whole."""
    state: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
    new = out / f"{FILE}.new"
    torch.save({**state, "step": done, "recipe": dict(recipe)}, new)
    new.replace(out / FILE)


def taken_up(
    out: Path, parts: Mapping[str, Part], recipe: Mapping[str, Any], *, first_logged: int
) -> int:
    """Bring parts to the state that is kept in a folder, if there is one.

    The log loses the steps after it, which a killed run wrote and the next will write again.

    Args:
        out: the folder of the run.
        parts: by name, as they were kept.
        recipe: how the training is to go on; the same as before.
        first_logged: the number that the log gives the first step.

    Returns:
        How many steps are done.

    Raises:
        InputError: the checkpoint is damaged, or of another recipe.
    """
    if not (out / FILE).is_file():
        (out / LOG).unlink(missing_ok=True)
        return 0
    try:
        state = torch.load(out / FILE, weights_only=True)
        before, done = dict(state["recipe"]), int(state["step"])
    except (OSError, EOFError, RuntimeError, KeyError, pickle.UnpicklingError) as error:
        raise InputError(
            f"The checkpoint in '{out.name}' can't be read.", "Delete it to begin anew."
        ) from error
    other = [k for k in sorted({*before, *recipe}) if before.get(k) != recipe.get(k)]
    if other:
        told = ", ".join(f"{k} {before.get(k)}, now {recipe.get(k)}" for k in other)
        raise InputError(
            f"The checkpoint in '{out.name}' is of another recipe: {told}.",
            "Go on with the same recipe, or name another --out.",
        )
    for name, part in parts.items():
        part.load_state_dict(state[name])
    log = out / LOG
    if log.is_file():
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        held = [line for line in lines if _step(line) < done + first_logged]
        log.with_suffix(".new").write_text("".join(held), encoding="utf-8")
        log.with_suffix(".new").replace(log)
    return done


def _step(line: str) -> float:
    """The step of a line; beyond all of one that a kill cut short."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError):
        return float("inf")


def told(run: Callable[[Sequence[str] | None], None], argv: Sequence[str] | None) -> int:
    """Run a training that resumes from the command line; its exit code.

    What went wrong is told in a line and gives 1, a break by the keyboard 130.
    """
    try:
        run(argv)
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Broken off; the same command goes on from the last checkpoint.\n")
        return 130
    return 0
