"""What the tools say of the SPIDER patients: the training patients unseen, the development ones.

The training patients are graded by networks that did not learn from them; the
development patients go the whole way, from slices without a header through triage, levels and
classifier. Both are kept in ``runs/seen`` until a weight changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

from data.mapping.gradings import BINARY as KIND_OF
from finetune import classifier_data, spider
from finetune.classifier import folds, of_folds
from finetune.classifier_calibration import out_of_fold
from radixgpt.case import StatedFinding
from radixgpt.eligibility import Eligibility
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS, disc_at
from radixgpt.observation import Evidence, Observation
from radixgpt.study import BodyRegion, Modality, Plane, Sequence, Series, Study
from radixgpt.weights import load_card
from tools import classifier, levels, slips, triage
from tools.calibration import Chances

Say = Callable[[str, int, int], None]
OUT = Path("runs/seen")
_USED = ("triage", "levels", "classifier")
_UNSEEN = TypeAdapter(dict[int, tuple[Observation, ...]])


class Facts(BaseModel):
    """The facts of one series after triage, without its pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: str
    plane: str
    sequence: str
    region: str


class Seen(BaseModel):
    """What the tools said of one patient."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: int
    gradable: bool
    series: tuple[Facts, ...]
    observations: tuple[Observation, ...]

    def study(self) -> Study:
        """The study with its facts; its pixels are one blank point a series."""
        blank = np.zeros((1, 1, 1), np.float32)
        return Study(
            f"patient-{self.patient}",
            tuple(
                Series(
                    f"s{i + 1}",
                    blank,
                    modality=Modality(facts.modality),
                    plane=Plane(facts.plane),
                    sequence=Sequence(facts.sequence),
                    region=BodyRegion(facts.region),
                    facts_from=dict.fromkeys(("modality", "plane", "sequence", "region"), "pixels"),
                )
                for i, facts in enumerate(self.series)
            ),
        )

    def eligibility(self) -> Eligibility:
        """Whether triage let it pass."""
        return Eligibility(self.gradable, None if self.gradable else "no-column")


def stated(shared: Path, patient: int) -> tuple[StatedFinding, ...]:
    """The gradings of a patient's discs as findings; those of no finding are denied."""
    found: list[StatedFinding] = []
    for row in spider.gradings(shared):
        if row.patient != patient:
            continue
        found.append(StatedFinding(level=row.disc, kind="pfirrmann", value=row.pfirrmann))
        change = "present" if row.modic else "absent"
        found.append(
            StatedFinding.model_validate(
                {"level": row.disc, "kind": "modic", "value": row.modic, "assertion": change}
            )
        )
        found += [
            StatedFinding(
                level=row.disc, kind=KIND_OF[name], assertion="present" if there else "absent"
            )
            for name, there in row.binary.items()
        ]
    return tuple(found)


def sequences_of(shared: Path, patient: int) -> tuple[str, ...]:
    """The staged slices of a patient that are looked at: T2, or else T2 SPACE, and T1."""
    t2 = "t2" if spider.image(shared, f"{patient}_t2") is not None else "t2_SPACE"
    return tuple(n for n in (t2, "t1") if spider.image(shared, f"{patient}_{n}") is not None)


def study_of(shared: Path, patient: int) -> Study:
    """The staged slices of a patient without any fact."""
    series: list[Series] = []
    for name in sequences_of(shared, patient):
        pixels = spider.image(shared, f"{patient}_{name}")
        if pixels is not None:
            series.append(Series(f"s{len(series) + 1}", pixels[None].astype(np.float32)))
    return Study(f"patient-{patient}", tuple(series))


def look(study: Study, patient: int, *, grade: bool = True) -> Seen:
    """Run triage, levels and, if asked for, the classifier on a study."""
    study, eligible = triage.run(study)
    found: list[Observation] = []
    if eligible.gradable:
        found = levels.run(study, eligible)
        if grade:
            found += classifier.run(study, eligible, found)
    facts = tuple(
        Facts(modality=s.modality, plane=s.plane, sequence=s.sequence, region=s.region)
        for s in study.series
    )
    return Seen(
        patient=patient, gradable=eligible.gradable, series=facts, observations=tuple(found)
    )


def development(shared: Path, say: Say, out: Path = OUT) -> list[Seen]:
    """The development patients, graded by the shipped ensemble."""
    patients = spider.split(shared)[1]
    return _kept(out, "development", patients, lambda p: look(study_of(shared, p), p), say)


def numbered(shared: Path, say: Say, out: Path = OUT, most: int = 60) -> list[Seen]:
    """Some training patients from slices without a header to their levels, without grades."""
    patients = spider.split(shared)[0][:most]
    return _kept(
        out, "numbered", patients, lambda p: look(study_of(shared, p), p, grade=False), say
    )


def unseen(
    shared: Path,
    regime: str = "both",
    trained: Path = Path("runs/classifier"),
    out: Path = OUT,
) -> dict[int, tuple[Observation, ...]]:
    """Grades of each training patient's lumbar discs by the networks that did not learn from it.

    Args:
        shared: the staged data.
        regime: ``both``, ``t2`` or ``t1``: which sequences are looked at.
        trained: where ``finetune.classifier train`` keeps its discs and networks.
        out: where what was seen is kept.
    """
    path = out / f"unseen-{regime}-{_state()}.json"
    if path.is_file():
        return _UNSEEN.validate_json(path.read_bytes())
    train, _ = spider.split(shared)
    discs = classifier_data.load(shared, levels.model(), trained / "discs.pickle")
    cut = [d for d in discs if d.patient in train]
    seen = out_of_fold(of_folds(trained), cut, folds(train), regime)
    chances = seen.chances(seen.trees(), classifier.calibrations()[regime], slips.usual())
    found: dict[int, list[Observation]] = {}
    for row, disc in enumerate(seen.discs):
        level = disc_at(disc.index)
        if level in LUMBAR_DISCS:
            found.setdefault(disc.patient, []).extend(_graded(chances, row, level, regime))
    kept = {patient: tuple(observed) for patient, observed in found.items()}
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_UNSEEN.dump_json(kept))
    return kept


def _graded(chances: Chances, row: int, level: str, regime: str) -> Iterable[Observation]:
    """The observations that the classifier makes of one disc, its abstentions included."""
    one = slice(row, row + 1)
    own = Chances(chances.pfirrmann[one], chances.modic[one], chances.binary[one])
    for kind in GRADED:
        yield Observation.model_validate(
            {
                "id": f"unseen-{kind}-{level}",
                "tool": classifier.TOOL,
                "tool_version": classifier.model_facts().version,
                "kind": kind,
                "level": level,
                "evidence": [Evidence(series="s1", slice_index=0)],
                **classifier.statement(kind, own, regime),
            }
        )


def _kept(
    out: Path, name: str, patients: Iterable[int], see: Callable[[int], Seen], say: Say
) -> list[Seen]:
    """Read what was seen before under the same weights and code, look at the rest, keep all."""
    there = {}
    path = out / f"{name}-{_state()}.jsonl"
    if path.is_file():
        before = path.read_text(encoding="utf-8").splitlines()
        there = {one.patient: one for one in map(Seen.model_validate_json, before)}
    wanted = list(patients)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        for done, patient in enumerate(wanted, start=1):
            if patient not in there:
                there[patient] = see(patient)
                lines.write(there[patient].model_dump_json(exclude_defaults=True) + "\n")
                lines.flush()
            say(f"Looking at the {name} patients", done, len(wanted))
    return [there[patient] for patient in wanted]


def _state() -> str:
    """A short hash of the weights and thresholds that were used."""
    whole = hashlib.sha256()
    for folder in _USED:
        whole.update(load_card(folder).manifest.model_dump_json().encode())
    return whole.hexdigest()[:12]
