"""Values of the source's header as text, for formats that are no DICOM."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.valuerep import PersonName


def text_of(header: Dataset, keyword: str) -> str:
    """A value as text; several, which some headers have by mistake, with what parts them."""
    value = header.get(keyword)
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value).strip()
    if hasattr(value, "__iter__") and not hasattr(value, "family_name"):
        return "\\".join(str(part) for part in value).strip()
    return str(value).strip()


def person_of(header: Dataset) -> PersonName | None:
    """The patient's name by its parts; None where the header has none."""
    value = header.get("PatientName")
    if not value:
        return None
    name: PersonName = value if hasattr(value, "family_name") else value[0]
    return name
