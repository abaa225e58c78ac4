"""The report as JSON, as ``docs/reference/report.schema.json`` describes it."""

from __future__ import annotations

from radixgpt.report import Report


def to_json(report: Report) -> str:
    """The report as indented JSON text that ends in a newline."""
    return f"{report.model_dump_json(indent=2)}\n"
