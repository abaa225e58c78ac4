"""From a path to a checked report, without a language model: the fixed node of the agent.

The language model can't skip or change these steps; it only decides when they run and words what
they found.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from radixgpt.eligibility import Eligibility
from radixgpt.observation import Observation
from radixgpt.patient import Subject
from radixgpt.report import ModelFacts, Report
from radixgpt.study import Study

if TYPE_CHECKING:
    from agent.audit.recorder import Recorder
    from etl.prior import Earlier

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    return None


@dataclass(frozen=True)
class Reading:
    """Everything that the tools saw in one study."""

    study: Study
    eligibility: Eligibility
    observations: tuple[Observation, ...]
    models: tuple[ModelFacts, ...]
    level_shift: int = 0
    seconds: float = 0.0


def read_study(
    path: Path | str, *, salt: bytes | None = None, progress: Progress = _silent
) -> Study:
    """Read a study from a file, folder or zip.

    Args:
        path: of the study.
        salt: of the keys of study and instances; without one they hold for this process only.
        progress: called with a short text as each step begins.

    Raises:
        InputError: nothing in it can be read.
    """
    from radixgpt.reading import read

    progress("Reading the study")
    return read(Path(path), salt=salt)


def look(
    study: Study,
    *,
    level_shift: int = 0,
    eligibility: Eligibility | None = None,
    progress: Progress = _silent,
) -> Reading:
    """Let every tool look at a study: triage, then levels and the classifier, or radiographs.

    Args:
        study: as read.
        level_shift: how many levels the numbering is moved upwards (-1: downwards).
        eligibility: what triage has said of this very study before, to be taken over.
        progress: called with a short text as each step begins.

    Raises:
        WeightsError: the shipped weights are missing or damaged.
        LevelError: the shift leaves the spine.
    """
    from tools import classifier, levels, triage

    begun = time.perf_counter()
    if eligibility is None:
        progress("Checking what the study is")
        study, eligibility = triage.run(study)
    observations: list[Observation] = []
    models: list[ModelFacts] = [triage.model_facts()]
    if eligibility.gradable:
        progress("Finding and numbering the discs")
        found = levels.run(study, eligibility, shift=level_shift)
        models.append(levels.model_facts())
        progress("Grading the discs")
        graded = classifier.run(study, eligibility, found)
        models.append(classifier.model_facts())
        observations = [*found, *graded]
    elif eligibility.radiographs:
        from tools import radiographs

        progress("Reading the radiographs")
        observations = radiographs.run(study, eligibility)
        models.append(radiographs.model_facts())
    return Reading(
        study,
        eligibility,
        tuple(observations),
        tuple(models),
        level_shift,
        time.perf_counter() - begun,
    )


def earlier(
    path: Path | str,
    now: Subject | None,
    *,
    stated: bool = False,
    level_shift: int = 0,
    salt: bytes | None = None,
    progress: Progress = _silent,
) -> Earlier:
    """A prior study to be compared with: read, looked at and reported, or an earlier report.json.

    Args:
        path: of the study, or of its report.json.
        now: whom the present study is of; a study of another is refused before it is looked at.
        stated: whether the person says that it is of the same patient.
        level_shift: how many levels the prior's numbering is moved upwards.
        salt: that the present study was read with; see :func:`radixgpt.reading.read`.
        progress: called with a short text as each step begins.

    Raises:
        InputError: nothing in it can be read, or it is no report; it is of another patient, or of
            a later day.
        CheckFailedError: the earlier report does not agree with its findings.
    """
    from etl.load.formats import read_report
    from etl.prior import Earlier, require_earlier
    from radixgpt.reading import read

    if Path(path).suffix.lower() == ".json":
        progress("Reading the prior report")
        return Earlier(read_report(Path(path)), read=False, stated=stated)
    progress("Reading the prior study")
    study = read(Path(path), salt=salt)
    require_earlier(study.subject, now, stated=stated)
    told = look(study, level_shift=level_shift, progress=lambda text: progress(f"Prior: {text}"))
    return Earlier(write(told), study.subject, stated=stated)


def write(
    reading: Reading,
    *,
    style: str = "standard",
    language: str | None = None,
    progress: Progress = _silent,
) -> Report:
    """Turn what was seen into a report that passed its checks.

    Args:
        reading: what the tools saw.
        style: a style by its name or the path of its file.
        language: of the text; None for the style's own, else English.
        progress: called with a short text as each step begins.

    Raises:
        CheckFailedError: the report does not agree with its findings.
    """
    from etl import draft

    progress("Writing and checking the report")
    return draft(
        reading.study,
        reading.eligibility,
        reading.observations,
        models=reading.models,
        level_shift=reading.level_shift,
        style=style,
        language=language,
        seconds=reading.seconds,
    )


def report(
    path: Path | str,
    *,
    level_shift: int = 0,
    style: str = "standard",
    language: str | None = None,
    progress: Progress = _silent,
    audit: Recorder | None = None,
) -> tuple[Reading, Report]:
    """Read, look and write in one call; ``Report.provenance.seconds`` covers all of it.

    With ``audit`` the run is recorded.
    """
    begun = time.perf_counter()
    study = read_study(path, salt=audit.salt if audit else None, progress=progress)
    if audit is not None:
        audit.begin("report", study)
    return drafted(
        study,
        begun,
        level_shift=level_shift,
        style=style,
        language=language,
        progress=progress,
        audit=audit,
    )


def drafted(
    study: Study,
    begun: float,
    *,
    level_shift: int = 0,
    style: str = "standard",
    language: str | None = None,
    progress: Progress = _silent,
    audit: Recorder | None = None,
) -> tuple[Reading, Report]:
    """Look and write in one call.

    Args:
        study: as read.
        begun: when the reading of it began, by :func:`time.perf_counter`.
        level_shift: how many levels the numbering is moved upwards.
        style: how the report is worded, by the name of a style or the path of its file.
        language: of the report; None for the style's own, else English.
        progress: called with a short text as each step begins.
        audit: a record that has begun.
    """
    reading = look(study, level_shift=level_shift, progress=progress)
    seconds = time.perf_counter() - begun
    reading = replace(reading, seconds=audit.took(seconds) if audit else seconds)
    if audit is not None:
        audit.looked(reading)
    report = write(reading, style=style, language=language, progress=progress)
    if audit is not None:
        audit.reported(report, do="draft", style=style, language=language)
    return reading, report
