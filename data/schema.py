"""The JSON schema of a case, made from its types: ``python -m data.schema`` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path

from radixgpt.case import Case

PATH = Path(__file__).resolve().parents[1] / "docs" / "reference" / "cases.schema.json"
"""Where the schema is kept for those who read cases with other software."""


def schema_text() -> str:
    """The schema (JSON Schema 2020-12) of one line of cases, as indented text."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Case.model_json_schema(mode="validation"),
    }
    return f"{json.dumps(schema, indent=2)}\n"


def main() -> None:
    """Write the schema to its place."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
