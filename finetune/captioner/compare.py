"""The small decoder and SmolLM2-135M with LoRA, each alone, on the same tokens and figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from finetune import spider
from finetune.captioner import large, measure
from finetune.captioner import looked as looking
from finetune.captioner.fit import Sample
from finetune.captioner.looked import Looked
from finetune.captioner.marks import Asked, marks
from tools import classifier
from tools.captioner.decoder import Decoder

Write = Callable[[Asked, Looked], str]
TASKS = ("study", "disc")


def compare(
    shared: Path, folder: Path, net: Decoder, say: measure.Say, tasks: Sequence[str] = TASKS
) -> dict[str, Any]:
    """Figures of both, unbound, on a third of the development patients.

    Args:
        shared: the staged data.
        folder: where both were trained.
        net: the small decoder.
        say: told what is done, how much, and of how much.
        tasks: of :data:`TASKS`.
    """
    _, development = spider.split(shared)
    state = classifier.model_facts().sha256[:12]
    patients = looking.load(shared, development, folder, state, say)
    by_number = {one.patient: one for one in patients}
    big = large.trained(folder)

    def by_large(one: Asked, patient: Looked) -> str:
        tokens = measure.tokens_of(one, patient)
        mine = {level: t for level, t in tokens.items() if one.level in (None, level)}
        if not mine:
            return ""
        return big.say(Sample(one.task, measure.STYLE, one.sequences, mine, ()))

    def by_small(one: Asked, patient: Looked) -> str:
        return measure.free(one, measure.tokens_of(one, patient), net)

    writers: dict[str, Write] = {"small": by_small, "SmolLM2-135M with LoRA": by_large}
    found: dict[str, Any] = {"tasks": {}, "parameters": {}}
    for name, parts in (("small", net.parameters()), ("SmolLM2-135M with LoRA", big.parameters())):
        found["parameters"][name] = sum(p.numel() for p in parts)
    for task in tasks:
        wanted = measure.asked(shared, development, task)
        # Every third patient: SmolLM2 needs many seconds for each caption.
        wanted = [one for one in wanted if development.index(one.patient) % 3 == 0]
        found["tasks"][task] = {}
        for name, write in writers.items():
            texts, seconds = [], []
            for done, one in enumerate(wanted, start=1):
                begun = time.process_time()
                texts.append(write(one, by_number[one.patient]))
                seconds.append(time.process_time() - begun)
                say(f"{name}, {task}", done, len(wanted))
            own = marks(shared, wanted, texts, measure.STYLE)
            own["seconds"] = round(float(np.median(seconds)), 2)
            found["tasks"][task][name] = own
    return found
