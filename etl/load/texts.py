"""The formats that are text, as files: JSON, Markdown and the self-contained page."""

from __future__ import annotations

from etl.load.html import page
from etl.load.job import Job
from etl.load.json import to_json
from etl.load.markdown import to_markdown


def json_file(job: Job) -> dict[str, bytes]:
    """``report.json``, as it is stored."""
    return {"report.json": to_json(job.signed).encode()}


def markdown_file(job: Job) -> dict[str, bytes]:
    """``report.md``."""
    return {"report.md": to_markdown(job.signed).encode()}


def html_file(job: Job) -> dict[str, bytes]:
    """``report.html``.

    Raises:
        InputError: the study is not at hand.
    """
    job.needs_study()
    return {"report.html": page(job.report, job.overviews, job.crops).encode()}
