"""Measure the embedded captioner on the development patients, beside baselines and spoiled images.

Three tasks: a caption of the study, of the T2 image, and of each lumbar disc, in the standard
style, from slices without a header. "Captioner" is what ships: the decoder within what the
observations support, checked and finished, in its own words. "Decoder alone" shows what it reads
from the images by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from data.generated.captions import Shown, joined, write
from eval.run.baselines import most_frequent
from finetune import seen, spider
from finetune.captioner import looked as looking
from finetune.captioner.looked import Looked
from finetune.captioner.marks import Asked, generated, graded, marks
from radixgpt.case import Case
from radixgpt.errors import NotEligibleError
from radixgpt.level import LUMBAR_DISCS
from radixgpt.statistics import intervals
from tools import classifier, triage
from tools.captioner import Scope, Style, Wanted, caption
from tools.captioner.caption import Caption
from tools.captioner.decoder import Decoder
from tools.captioner.embedded import Embedded, see
from tools.captioner.pictures import DiscCrops, Pictures, gather
from tools.captioner.support import Support, support
from tools.crops import Crop

Say = Callable[[str, int, int], None]
STYLE: Style = "standard"
TASKS = ("study", "image", "disc")
Tokens = Mapping[str, Tensor]
BOTH = frozenset(("t1", "t2"))


def asked(shared: Path, patients: Sequence[int], task: str) -> list[Asked]:
    """The captions of a task, of all patients."""
    found = []
    for patient in patients:
        names = frozenset(name[:2] for name in seen.sequences_of(shared, patient))
        if task == "disc":
            levels = [level for level in LUMBAR_DISCS if level in graded(shared, patient)]
            found += [Asked(task, patient, names, level) for level in levels]
        elif task == "image":
            found.append(Asked(task, patient, frozenset(("t2",)) & names or names))
        else:
            found.append(Asked(task, patient, names))
    return found


def scope_of(one: Asked, patient: Looked) -> Scope:
    """The scope of a caption that is asked for."""
    if one.level is not None:
        return Scope.of_disc(one.level)
    return Scope() if one.task == "study" else looking.t2_of(patient.eligibility)


def bound(one: Asked, patient: Looked, net: Decoder | None) -> Caption | None:
    """What ships: the checked caption, or None where the study or the disc was not found."""
    if not patient.eligibility.gradable:
        return None
    captioner = Embedded(net)
    return caption(
        patient.study,
        patient.eligibility,
        patient.observations,
        scope_of(one, patient),
        style=STYLE,
        captioner=_Unnamed(captioner),
    )


@dataclass(frozen=True)
class _Unnamed:
    """A captioner that is not exported yet, and so has no facts."""

    own: Embedded
    url: str = ""

    def describe(self, pictures: Pictures, wanted: Wanted) -> str:
        return self.own.describe(pictures, wanted)

    def facts(self) -> tuple[()]:
        return ()


def free(one: Asked, tokens: Tokens, net: Decoder) -> str:
    """The decoder alone, whatever the observations say."""
    if not tokens or (one.level is not None and one.level not in tokens):
        return ""
    scope = Scope(of="image" if one.task == "image" else one.task, level=one.level)  # type: ignore[arg-type]
    wanted = Wanted(scope, STYLE, Support(scope, ()))
    return Embedded(net, bound=False).say(tokens, one.sequences, Pictures((), ()), wanted)


def tokens_of(one: Asked, patient: Looked) -> Tokens:
    """What the eyes see of what a caption is of."""
    return patient.tokens_t2 if one.task == "image" else patient.tokens


# --- spoiled images -------------------------------------------------------------------------------


def others(patients: Sequence[int]) -> dict[int, int]:
    """Another patient for each: the next one, in an order fixed by a seed."""
    order = np.random.default_rng(3).permutation(patients).tolist()
    return {int(a): int(b) for a, b in zip(order, [*order[1:], order[0]], strict=True)}


def spoiled_tokens(patient: Looked, scope: Scope, how: str, seed: int) -> Tokens:
    """What the eyes would see of crops that are blank or noise, in the places of this patient's."""
    if not patient.eligibility.gradable:
        return {}
    rng = np.random.default_rng([seed, patient.patient])

    def crop(own: Crop) -> Crop:
        shape = own.pixels.shape
        pixels = np.full(shape, -1.0) if how == "blank" else rng.uniform(-1, 1, shape)
        return Crop(pixels.astype(np.float32), np.full_like(own.measures, np.nan))

    shown = gather(patient.study, patient.eligibility, patient.observations, scope)
    discs = tuple(
        DiscCrops(disc.level, disc.place, {name: crop(own) for name, own in disc.crops.items()})
        for disc in shown.discs
    )
    return see(replace(shown, discs=discs))


def refused(shared: Path, folder: Path, how: str, say: Say) -> int:
    """How many development studies made blank or noise are refused, so have no caption."""
    state = classifier.model_facts().sha256[:12]
    patients = looking.load(shared, spider.split(shared)[1], folder, state, say)
    count = 0
    for done, one in enumerate(patients, start=1):
        say(f"Refusing {how}", done, len(patients))
        study = looking.spoiled(one.study, how, np.random.default_rng(one.patient))
        judged, eligible = triage.run(study)
        try:
            caption(judged, eligible, ())
        except NotEligibleError:
            count += 1
    return count


# --- baselines ------------------------------------------------------------------------------------


def baselines(
    shared: Path, wanted: Sequence[Asked], training: Sequence[int], nearest: Mapping[int, int]
) -> dict[str, list[str]]:
    """The most frequent caption, and that of the training patient whose images look most alike."""
    from data.generated.text import by_disc

    cases = [
        Case(
            id=f"spider/{p}",
            source="spider",
            licence="CC BY 4.0",
            patient=str(p),
            findings=seen.stated(shared, p),
        )
        for p in training
    ]
    usual = by_disc(most_frequent(cases))
    return {
        "most frequent caption": [
            generated(usual, one, STYLE, f"most frequent/{one.task}") for one in wanted
        ],
        "nearest neighbour": [
            generated(graded(shared, nearest[one.patient]), one, STYLE, str(nearest[one.patient]))
            for one in wanted
        ],
    }


def nearest_of(shared: Path, patients: Sequence[int], training: Sequence[int]) -> dict[int, int]:
    """The training patient that looks most like each patient."""
    from tools.look_alike import joined as one_vector
    from tools.threads import one_thread
    from tools.triage_looks import features, framed
    from tools.triage_weights import eyes

    def vector(patient: int) -> np.ndarray:
        frames = [framed(s.pixels[0], None) for s in seen.study_of(shared, patient).series]
        with one_thread():
            return one_vector(features(eyes().network, np.stack(frames)))

    known = np.stack([vector(p) for p in training])
    return {p: training[int(np.argmax(known @ vector(p)))] for p in patients}


def of_the_eyes(one: Asked, patient: Looked) -> str:
    """What the templates would write of the observations: all that may be said."""
    import random

    if not patient.eligibility.gradable:
        return ""
    scope = scope_of(one, patient)
    may = support(patient.study, patient.eligibility, patient.observations, scope)
    discs: dict[str, dict[str, int]] = {}
    for (level, kind), fact in may.facts.items():
        if level is not None:
            value = fact.value
            number = value if isinstance(value, int) else int(value == "present")
            discs.setdefault(level, {})[kind] = number
    shown = Shown(one.sequences, one.level)
    return joined(write(discs, shown, STYLE, random.Random(f"eyes/{one.patient}/{one.level}")))


# --- everything -----------------------------------------------------------------------------------


def measure(shared: Path, folder: Path, net: Decoder, task: str, say: Say) -> dict[str, Any]:
    """Every figure of one task.

    Args:
        shared: the staged data.
        folder: keeps what was looked at.
        net: the decoder.
        task: one of :data:`TASKS`.
        say: told what is done, how much, and of how much.
    """
    training, development = spider.split(shared)
    state = classifier.model_facts().sha256[:12]
    patients = looking.load(shared, development, folder, state, say)
    by_number = {one.patient: one for one in patients}
    other = others(development)
    wanted = asked(shared, development, task)
    texts: dict[str, list[str]] = {}
    captions: list[Caption | None] = []
    for done, one in enumerate(wanted, start=1):
        captions.append(bound(one, by_number[one.patient], net))
        say(f"Captions: {task}", done, len(wanted))
    texts["captioner"] = [one.written if one else "" for one in captions]
    place = {(one.patient, one.level): i for i, one in enumerate(wanted)}
    texts["captioner, another patient's image"] = [
        texts["captioner"][place[key]] if (key := (other[one.patient], one.level)) in place else ""
        for one in wanted
    ]
    texts["templates on the eyes' grades"] = [
        of_the_eyes(one, by_number[one.patient]) for one in wanted
    ]
    texts["decoder alone"] = [
        free(one, tokens_of(one, by_number[one.patient]), net) for one in wanted
    ]
    texts["decoder alone, another patient's image"] = [
        free(one, tokens_of(one, by_number[other[one.patient]]), net) for one in wanted
    ]
    for how in ("blank", "noise"):
        spoilt = {
            one.patient: spoiled_tokens(
                one, looking.t2_of(one.eligibility) if task == "image" else Scope(), how, 1
            )
            for one in patients
        }
        texts[f"decoder alone, {how} crops"] = [
            free(one, spoilt[one.patient], net) for one in wanted
        ]
        say(f"Spoiled crops: {how}", 1, 1)
    texts |= baselines(shared, wanted, training, nearest_of(shared, development, training))
    written = [one for one in captions if one]
    return {
        "patients": len(patients),
        "not graded": sum(not one.eligibility.gradable for one in patients),
        "systems": {name: marks(shared, wanted, several, STYLE) for name, several in texts.items()},
        "differences": differences(shared, wanted, texts),
        "captions written": len(written),
        "sentences left out by the check": sum(len(one.refused) for one in written),
        "seconds": [one.seconds for one in written],
    }


def differences(
    shared: Path, wanted: Sequence[Asked], texts: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """By how much the finding F1 of one is above another's, on the same draws of patients."""
    from eval.findings.compare import FIGURES
    from finetune.captioner.marks import counts

    pairs = (
        ("captioner", "nearest neighbour"),
        ("captioner", "most frequent caption"),
        ("captioner", "captioner, another patient's image"),
        ("decoder alone", "nearest neighbour"),
        ("decoder alone", "decoder alone, another patient's image"),
        ("decoder alone", "decoder alone, blank crops"),
    )
    rows = {name: counts(shared, wanted, texts[name]) for pair in pairs for name in pair}
    f1 = FIGURES["finding_f1"]

    def figures(chosen: np.ndarray) -> list[float]:
        each = {
            name: float(np.nan_to_num(f1(own[chosen].sum(0, keepdims=True))[0]))
            for name, own in rows.items()
        }
        return [each[a] - each[b] for a, b in pairs]

    values = figures(np.arange(len(wanted)))
    ends = intervals([one.patient for one in wanted], figures)
    return {
        f"{a} - {b}": {
            "value": round(values[k], 3),
            "interval": [round(float(end), 3) for end in ends[k]],
        }
        for k, (a, b) in enumerate(pairs)
    }
