"""The ways a report leaves: text, pages, Word, PDF, DICOM objects, FHIR and HL7.

``etl.load.formats`` has them all by name and imports a writer when it is asked for.
"""

from __future__ import annotations

from etl.load.figure import Mark, key_image
from etl.load.html import to_html
from etl.load.json import to_json
from etl.load.markdown import to_markdown

__all__ = ["Mark", "key_image", "to_html", "to_json", "to_markdown"]
