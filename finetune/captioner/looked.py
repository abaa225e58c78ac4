"""What the tools and the captioner's eyes saw of the development patients, kept for measurements.

They go the whole way, from slices without a header through triage, levels and classifier, so that a
wrong numbering counts. Nothing of them takes part in the training.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from finetune import seen
from radixgpt.eligibility import Eligibility
from radixgpt.observation import Observation
from radixgpt.study import Series, Study
from tools import classifier, levels, triage
from tools.captioner import Scope
from tools.captioner.embedded import see
from tools.captioner.pictures import gather
from tools.threads import one_thread

Say = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Looked:
    """One patient.

    Attributes:
        tokens: what the eyes see of each lumbar disc in all series, and in T2 alone; empty where
            the study was refused.
    """

    patient: int
    study: Study
    eligibility: Eligibility
    observations: tuple[Observation, ...]
    tokens: Mapping[str, Tensor]
    tokens_t2: Mapping[str, Tensor]


def look(study: Study, patient: int) -> Looked:
    """Run everything on one study."""
    with one_thread():
        study, eligible = triage.run(study)
        found: list[Observation] = []
        if eligible.gradable:
            found = levels.run(study, eligible)
            found += classifier.run(study, eligible, found)
        tokens = [
            see(gather(study, eligible, found, scope)) if eligible.gradable else {}
            for scope in (Scope(), t2_of(eligible))
        ]
    return Looked(patient, study, eligible, tuple(found), tokens[0], tokens[1])


def t2_of(eligible: Eligibility) -> Scope:
    """The T2 image, or the T1 image where there is no other."""
    series = eligible.graded_series
    return Scope.of_image(series[0]) if series else Scope()


def load(shared: Path, patients: Iterable[int], folder: Path, state: str, say: Say) -> list[Looked]:
    """The patients, each looked at once for each state of the weights.

    Args:
        shared: the staged data.
        patients: whom to look at.
        folder: keeps a file a patient.
        state: names the weights.
        say: told what is done, how much, and of how much.
    """
    wanted = list(patients)
    folder = folder / f"looked-{state}"
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for done, patient in enumerate(wanted, start=1):
        path = folder / f"{patient}.pickle"
        if not path.is_file():
            made = look(seen.study_of(shared, patient), patient)
            new = path.with_suffix(".new")
            new.write_bytes(pickle.dumps(made))
            new.replace(path)
        found.append(pickle.loads(path.read_bytes()))  # noqa: S301 -- written by this very function
        say("Looking at the development patients", done, len(wanted))
    return found


def spoiled(study: Study, how: str, rng: np.random.Generator) -> Study:
    """A study whose images are blank or noise, in their own sizes, without any fact.

    Args:
        study: any.
        how: ``blank`` or ``noise``.
        rng: draws the noise.
    """

    def pixels(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        if how == "blank":
            return np.zeros(shape, np.float32)
        return rng.uniform(0, 255, shape).astype(np.float32)

    return Study(study.key, tuple(Series(s.key, pixels(s.pixels.shape)) for s in study.series))
