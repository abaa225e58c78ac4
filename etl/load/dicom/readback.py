"""An imaging measurement report (TID 1500) read back into findings, as a stranger would read it.

Nothing here knows how the report was written: codes become kinds, levels, sides and values again
through the table of codes, and whatever does not fit is a problem in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from radixgpt.codes import (
    QUALIFIERS,
    STATUSES,
    STRUCTURE,
    Code,
    all_codes,
    kind_code,
    site_code,
    value_code,
)
from radixgpt.finding import KINDS, Finding
from radixgpt.level import DISCS, VERTEBRAE
from radixgpt.observation import Side, Status

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Key = tuple[str, str]
"""Scheme and value of a code."""
Reference = tuple[str, str, int | None]
"""SOP class, SOP instance and frame of a referenced image."""


@dataclass
class ReadItem:
    """One finding of the tree."""

    finding: Finding
    images: tuple[Reference, ...]
    percent: float | None
    changes: tuple[Key | None, ...] = ()


@dataclass
class ReadGroup:
    """One measurement group of the tree."""

    label: str = ""
    uid: str = ""
    level: str | None = None
    sites: list[Key] = field(default_factory=list)
    subject: Key | None = None
    template: str = ""
    points: tuple[tuple[float, float], ...] = ()
    region_image: Reference | None = None
    items: list[ReadItem] = field(default_factory=list)
    text: str = ""


@dataclass
class Reading:
    """What a tree says, and what is wrong with how it says it."""

    groups: list[ReadGroup] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """All findings of the tree."""
        return [one.finding for group in self.groups for one in group.items]


def key(code: Code) -> Key:
    """Scheme and value."""
    return code.scheme, code.value


@cache
def _kinds() -> dict[Key, str]:
    return {key(kind_code(name)): name for name in KINDS}


@cache
def _levels() -> dict[Key, str]:
    return {key(site_code(level)): level for level in (*DISCS, *VERTEBRAE)}


@cache
def regions() -> frozenset[Key]:
    """Codes of a finding site that is no level but a part of the spine."""
    return frozenset(key(site_code(None, r)) for r in ("lumbar", "thoracic", "cervical", "unknown"))


@cache
def _meanings() -> dict[Key, str]:
    sites = [site_code(level) for level in (*DISCS, *VERTEBRAE)]
    sites.extend(site_code(None, r) for r in ("lumbar", "thoracic", "cervical", "unknown"))
    return {key(c): c.meaning for c in (*all_codes(), *sites)}


def code_of(item: Dataset, keyword: str) -> Key | None:
    """The code in a sequence of one."""
    found = item.get(keyword)
    if not found:
        return None
    return str(found[0].get("CodingSchemeDesignator", "")), str(found[0].get("CodeValue", ""))


def name_of(item: Dataset) -> Key | None:
    """The concept name of an item."""
    return code_of(item, "ConceptNameCodeSequence")


def walk(item: Dataset) -> Iterator[Dataset]:
    """An item and all below it."""
    yield item
    for child in item.get("ContentSequence") or ():
        yield from walk(child)


def reference_of(item: Dataset) -> Reference | None:
    """The image that an item refers to."""
    found = item.get("ReferencedSOPSequence")
    if not found:
        return None
    frame = found[0].get("ReferencedFrameNumber")
    return (
        str(found[0].get("ReferencedSOPClassUID", "")),
        str(found[0].get("ReferencedSOPInstanceUID", "")),
        None if frame is None else int(frame),
    )


def unknown_codes(root: Dataset) -> Iterator[str]:
    """Codes of the tree that the table does not hold, or with other words than it has."""
    for item in walk(root):
        for keyword in ("ConceptNameCodeSequence", "ConceptCodeSequence"):
            for one in item.get(keyword) or ():
                yield from _unknown(one)
        for measured in item.get("MeasuredValueSequence") or ():
            for one in measured.get("MeasurementUnitsCodeSequence") or ():
                yield from _unknown(one)


def _unknown(one: Dataset) -> Iterator[str]:
    which = str(one.get("CodingSchemeDesignator", "")), str(one.get("CodeValue", ""))
    meaning = _meanings().get(which)
    if meaning is None:
        yield f"the code {which[1][:20]} of {which[0][:16]} is not in the table of codes"
    elif one.get("CodeMeaning") != meaning:
        yield f"the code {which[1]} is called otherwise than '{meaning}'"


def read_measurements(root: Dataset) -> Reading:
    """The groups of a tree with their findings."""
    reading = Reading()
    holders = [
        child
        for child in root.get("ContentSequence") or ()
        if name_of(child) == key(STRUCTURE["measurements"])
    ]
    if len(holders) != 1:
        reading.problems.append("it has not just one container of imaging measurements")
    for holder in holders:
        for child in holder.get("ContentSequence") or ():
            if name_of(child) == key(STRUCTURE["group"]) and child.get("ValueType") == "CONTAINER":
                reading.groups.append(_group(child, reading.problems))
            else:
                reading.problems.append("the measurements hold something that is no group")
    return reading


def _group(container: Dataset, problems: list[str]) -> ReadGroup:
    s = {key(code): name for name, code in STRUCTURE.items()}
    group = ReadGroup()
    template = container.get("ContentTemplateSequence")
    group.template = str(template[0].get("TemplateIdentifier", "")) if template else ""
    children = list(container.get("ContentSequence") or ())
    # The site comes first, wherever it stands: each finding of the group lies there.
    for child in children:
        if s.get(name_of(child) or ("", "")) == "site":
            group.sites.append(code_of(child, "ConceptCodeSequence") or ("", ""))
    if len(group.sites) == 1:
        group.level = _levels().get(group.sites[0])
    for child in children:
        name = name_of(child)
        role = s.get(name or ("", ""))
        if role == "tracking":
            group.label = str(child.get("TextValue", ""))
        elif role == "tracking_uid":
            group.uid = str(child.get("UID", ""))
        elif role == "finding":
            group.subject = code_of(child, "ConceptCodeSequence")
        elif role == "comment":
            group.text = str(child.get("TextValue", ""))
        elif role == "region":
            _region(child, group)
        elif name in _kinds():
            _item(child, _kinds()[name], group, problems)
        elif role not in ("site", "category"):
            problems.append("a group holds something that is not known")
    return group


def _region(child: Dataset, group: ReadGroup) -> None:
    data = [float(v) for v in child.get("GraphicData") or ()]
    group.points = tuple(zip(data[::2], data[1::2], strict=False))
    for below in child.get("ContentSequence") or ():
        if below.get("RelationshipType") == "SELECTED FROM":
            group.region_image = reference_of(below)


def _item(child: Dataset, kind: str, group: ReadGroup, problems: list[str]) -> None:
    """Add one finding to its group."""
    where = f"{kind} at {group.level or 'the whole study'}"
    below = list(child.get("ContentSequence") or ())
    sides = [_side(b) for b in below if name_of(b) == key(STRUCTURE["laterality"])]
    status, value, unit = _value(child, kind, problems, where)
    percent = None
    remark = ""
    for b in below:
        if name_of(b) == key(STRUCTURE["certainty"]):
            percent, said = _number(b)
            if said != ("UCUM", "%"):
                problems.append(f"{where}: its certainty is not given in per cent")
        elif name_of(b) == key(STRUCTURE["comment"]):
            remark = str(b.get("TextValue", ""))
    if percent is not None and not 0 <= percent <= 100:
        problems.append(f"{where}: a certainty of {percent} per cent")
        percent = None
    images = tuple(
        r
        for b in below
        if b.get("RelationshipType") == "INFERRED FROM" and (r := reference_of(b)) is not None
    )
    side: Side | None = sides[0] if sides else None
    finding = Finding(
        id=f"r{len(group.items)}-{group.uid[-12:]}",
        level=group.level,
        kind=kind,
        value=value,
        unit=unit,
        side=side,
        status=status,
        reason=remark if status != "value" else None,
        confidence=None if percent is None else percent / 100,
        set_by_reader=status == "value" and bool(remark),  # nothing else is remarked of a value
    )
    changes = tuple(
        code_of(b, "ConceptCodeSequence") for b in below if name_of(b) == key(STRUCTURE["change"])
    )
    group.items.append(ReadItem(finding, images, percent, changes))


def _side(item: Dataset) -> Side | None:
    value = code_of(item, "ConceptCodeSequence")
    sides: tuple[Side, ...] = ("left", "right", "bilateral")
    return next((side for side in sides if key(QUALIFIERS[side]) == value), None)


def _value(
    child: Dataset, kind: str, problems: list[str], where: str
) -> tuple[Status, str | int | float | None, str | None]:
    """Status, value and unit of a finding's item."""
    measured = not KINDS[kind].values
    said = code_of(child, "ConceptCodeSequence")
    for status, code in STATUSES.items():
        if said == key(code):
            return status, None, None
    if (child.get("ValueType") == "NUM") != measured:
        problems.append(f"{where} is of the wrong type of item")
        return "not_assessable", None, None
    if not measured:
        for value in KINDS[kind].values:
            if said == key(value_code(kind, value)):
                return "value", value, None
        problems.append(f"{where} has a value that its scale has not")
        return "not_assessable", None, None
    number, unit = _number(child)
    if number is None:
        problems.append(f"{where} has no number")
        return "not_assessable", None, None
    wanted = KINDS[kind].unit or ""
    if unit != ("UCUM", wanted):
        problems.append(f"{where} is given in '{unit[1][:10]}', not in '{wanted}'")
    return "value", number, wanted


def _number(item: Dataset) -> tuple[float | None, Key]:
    measured: Any = (item.get("MeasuredValueSequence") or [None])[0]
    if measured is None:
        return None, ("", "")
    unit = code_of(measured, "MeasurementUnitsCodeSequence") or ("", "")
    value = measured.get("NumericValue")
    return (None if value is None else float(value)), unit
