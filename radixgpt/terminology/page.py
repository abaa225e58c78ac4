"""The page that lists every code with its source: ``docs/reference/codes.md``."""

from __future__ import annotations

from pathlib import Path

from radixgpt.codes import distinct_codes

PATH = Path(__file__).resolve().parents[2] / "docs" / "reference" / "codes.md"

_INTRODUCTION = """# Codes

Every code that an export or a concept may carry, from one table (`radixgpt/codes.py`, with the
anatomy and findings of `radixgpt/terminology`). A code stands here only where it was read at the
source named; what could not be confirmed has a code of our own (`99RADIXGPT`) or none. Check digits
are tested: SNOMED CT's (Verhoeff 1969), LOINC's (mod 10). A language model never writes a code.
Written by `python -m radixgpt.terminology.page`.

| scheme | code | meaning | source |
| --- | --- | --- | --- |
"""


def page() -> str:
    """``docs/reference/codes.md``: every code with its meaning in our words and its source."""
    rows = [f"| {c.scheme} | {c.value} | {c.meaning} | {c.source} |\n" for c in distinct_codes()]
    return _INTRODUCTION + "".join(rows)


def main() -> None:
    """Write the page to its place."""
    PATH.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
