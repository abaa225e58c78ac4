"""One study to one draft, in the formats that are wanted."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

DEFAULT_FORMATS = "json,md,html"


def check(asked: str) -> tuple[str, ...]:
    """The formats that a comma-separated text asks for, ``json`` always among them.

    Raises:
        SettingsError: none, or one that there is not.
    """
    from etl.load.formats import ALL, FORMATS, chosen

    names = chosen(asked)
    names = tuple(FORMATS) if ALL in names else names
    return names if "json" in names else ("json", *names)


def draft(
    images: Path,
    out: Path,
    formats: tuple[str, ...],
    *,
    style: str = "standard",
    language: str | None = None,
) -> dict[str, Any]:
    """Read a study, draft its report and write it.

    Args:
        images: folder of the study.
        out: folder for the files.
        style: how it is worded, by the name of a style or the path of its file.
        language: of the report; None for the style's own, else English.
        formats: names; one that can't be written for this study is left out and told.

    Returns:
        ``read`` (whether a tool looked at it), ``reason`` (why not), ``seconds``, ``files``,
        ``skipped`` (format to reason) and ``left_out`` (reason code to number of objects).

    Raises:
        RadixError: there is no draft of it.
    """
    from collections import Counter

    from agent import pipeline
    from agent.audit.recorder import Recorder
    from clinic.watch.spool import keep
    from etl.load import formats as known
    from etl.load.job import Job
    from radixgpt.errors import InputError

    audit = Recorder()
    reading, report = pipeline.report(images, style=style, language=language, audit=audit)
    at = datetime.now().astimezone()
    if any(known.FORMATS[name].needs == "source" for name in formats):
        job = known.job_of(report, images, at)
    else:
        job = Job(report, at, reading.study)
    files: dict[str, bytes] = {}
    skipped: dict[str, str] = {}
    for name in formats:
        try:
            files.update(known.export(job, (name,)).files)
        except InputError as error:
            skipped[name] = error.problem
    files["audit.jsonl"] = audit.text().encode()
    for name, data in files.items():
        keep(out / name, data)
    return {
        "read": reading.eligibility.read,
        "reason": reading.eligibility.reason,
        "seconds": round(reading.seconds, 1),
        "files": sorted(files),
        "skipped": skipped,
        "left_out": dict(Counter(one.reason for one in reading.study.quarantine)),
    }
