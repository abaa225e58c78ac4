"""The development patients as queries: from slices without a header through every tool."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from finetune import seen
from radixgpt.observation import Observation
from radixgpt.weights import load_card
from retrieval.encoder import Encoder
from tools import classifier, levels, triage
from tools.similar.study import LookedAt, look
from tools.threads import one_thread

Say = Callable[[str, int, int], None]
OUT = Path("runs/similar")
_USED = ("triage", "levels", "classifier")


@dataclass(frozen=True)
class Asking:
    """What one patient asks with.

    Attributes:
        observations: what the tools saw; none where triage refused.
        looked: the vectors and prints.
    """

    patient: int
    observations: tuple[Observation, ...]
    looked: LookedAt


def asking(
    shared: Path, patients: Iterable[int], encoder: Encoder, say: Say, out: Path = OUT
) -> list[Asking]:
    """Look at patients with every tool; what was seen is kept until a weight changes."""
    state = hashlib.sha256(encoder.sha256.encode())
    for name in _USED:
        state.update(load_card(name).manifest.model_dump_json().encode())
    folder = out / state.hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Asking] = []
    wanted = list(patients)
    for done, patient in enumerate(wanted, start=1):
        path = folder / f"{patient}.pickle"
        if not path.is_file():
            path.write_bytes(pickle.dumps(_asking(shared, patient, encoder)))
        found.append(pickle.loads(path.read_bytes()))  # noqa: S301 -- written just above
        say("Looking at patients", done, len(wanted))
    return found


def _asking(shared: Path, patient: int, encoder: Encoder) -> Asking:
    with one_thread():
        study, eligibility = triage.run(seen.study_of(shared, patient))
        found: list[Observation] = []
        if eligibility.gradable:
            found = levels.run(study, eligibility)
            found += classifier.run(study, eligibility, found)
        return Asking(patient, tuple(found), look(study, eligibility, found, encoder))
