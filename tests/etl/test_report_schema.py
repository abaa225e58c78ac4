"""The written schema is that of the types, and reports hold to it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from jsonschema import Draft202012Validator

from etl import schema
from etl.load import to_json
from radixgpt.report import Report


def test_the_schema_is_in_step_with_the_types() -> None:
    assert schema.PATH.read_text(encoding="utf-8") == schema.schema_text(), (
        "run: python -m etl.schema"
    )


def test_reports_are_valid(degenerated: Report, spines: Any) -> None:
    contract = json.loads(schema.PATH.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(contract)
    validator = Draft202012Validator(contract)
    for report in (degenerated, spines.write(spines.healthy(), t1=False, spacing=False)):
        assert not list(validator.iter_errors(json.loads(to_json(report))))
    broken = json.loads(to_json(degenerated))
    broken["findings"][0]["status"] = "sure"
    assert list(validator.iter_errors(broken))


def test_json_comes_back_as_the_same_report(degenerated: Report) -> None:
    assert Report.model_validate_json(to_json(degenerated)) == degenerated


def test_reports_have_the_promised_keys(degenerated: Report) -> None:
    data = json.loads(to_json(degenerated))
    promised = "schema_version status study findings sentences checks provenance"
    assert set(promised.split()) <= set(data)
    keys = {"id", "level", "kind", "value", "side", "status", "confidence", "evidence"}
    assert keys <= set(data["findings"][0])
    assert {"text", "section", "findings"} <= set(data["sentences"][0])


def test_importing_the_writer_is_light() -> None:
    code = (
        "import sys, etl; "
        "print([m for m in ('numpy', 'jinja2', 'yaml', 'PIL', 'torch', 'pydantic') "
        "if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_two_drafts_of_one_study_are_alike(spines: Any) -> None:
    assert to_json(spines.write(spines.degenerated())) == to_json(
        spines.write(spines.degenerated())
    )
