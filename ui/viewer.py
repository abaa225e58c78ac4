"""What the viewer is told of a study: series, windows, levels and where they were seen.

The pixels themselves are fetched slice by slice (:mod:`ui.wire`); windowing and drawing happen in
the browser (``viewer.js``), so that scrolling needs no round trip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agent.pipeline import Reading
from agent.session import Session
from radixgpt.level import LUMBAR_DISCS, order
from radixgpt.observation import Evidence
from radixgpt.study import Geometry, Modality, Plane, Series, View
from radixgpt.study import Sequence as Weighting
from ui.desk import Desk
from ui.statement import Statement, of_level, statements

_SEQUENCE: Final = {
    Weighting.T1: "T1",
    Weighting.T2: "T2",
    Weighting.T2_SPACE: "T2 SPACE",
    Weighting.STIR: "STIR",
    Weighting.PD: "PD",
    Weighting.LOCALIZER: "localizer",
}
_PLANE: Final = {Plane.SAGITTAL: "Sag", Plane.AXIAL: "Ax", Plane.CORONAL: "Cor"}

# Usual reading windows in Hounsfield units: (name, centre, width).
_CT_WINDOWS: Final = (
    ("Soft tissue", 50.0, 400.0),
    ("Bone", 500.0, 2000.0),
    ("Lung", -600.0, 1500.0),
)
# MR has no scale of its own, so its presets are percentiles of what is not background.
_MR_WINDOWS: Final = (("Spine, soft tissue", 2.0, 97.0), ("Bone marrow", 15.0, 90.0))
_FILM_WINDOWS: Final = (("Bone", 30.0, 99.9), ("Soft tissue", 2.0, 90.0))


_VIEW: Final = {View.AP: "AP", View.LATERAL: "Lateral"}


def view(desk: Desk) -> dict[str, Any]:
    """Everything the viewer shows of a desk, as JSON; no pixels."""
    session = desk.session
    base = {"token": desk.token, "edition": desk.edition, "focus": desk.focus}
    if not session.has_study:
        return {**base, "series": [], "levels": [], "vertebrae": [], "canal": []}
    study = session.study
    reading = session.reading
    return {
        **base,
        "synthetic": study.synthetic,
        "series": [_series(series, reading) for series in study.series],
        "levels": levels(session),
        "vertebrae": _outlined(reading, "vertebra"),
        "canal": _outlined(reading, "canal"),
        "first": _first(reading),
    }


def _first(reading: Reading | None) -> str | None:
    """Handle of the series to begin with: the graded T2, else the graded T1."""
    return next(iter(reading.eligibility.graded_series), None) if reading is not None else None


def levels(session: Session) -> list[dict[str, Any]]:
    """The discs that were found, head to tail, with their outlines and a line about each."""
    if session.reading is None:
        return []
    said = statements(session)
    found = sorted(
        (o for o in session.reading.observations if o.kind == "disc" and o.level in LUMBAR_DISCS),
        key=lambda o: order(o.level or ""),
    )
    shown = []
    for disc in found:
        tone, line = _tone(s for s in said if s.level == disc.level)
        shown.append(
            {
                "level": disc.level,
                "tone": tone,
                "line": line,
                "facts": of_level(said, disc.level or ""),
                "marks": [_mark(e) for e in disc.evidence if e.polygon],
            }
        )
    return shown


def pixels(series: Series, index: int) -> bytes:
    """One slice as little-endian uint16, row by row, spread over the whole range of the series."""
    lowest, step = _scale(series.pixels)
    values = np.round((series.pixels[index] - lowest) / step)
    packed: bytes = np.clip(values, 0, 65535).astype("<u2").tobytes()
    return packed


def windows(series: Series) -> list[dict[str, Any]]:
    """Presets as ``{"name", "centre", "width"}`` in stored values; the first is the default."""
    sample = _sample(series.pixels)
    low, high = (float(v) for v in np.percentile(sample, (1.0, 99.5)))
    lowest, highest = float(series.pixels.min()), float(series.pixels.max())
    presets = [_preset("Auto", low, high)]
    if series.modality is Modality.CT:
        presets += [
            {"name": name, "centre": centre, "width": width} for name, centre, width in _CT_WINDOWS
        ]
    else:
        film = series.modality in (Modality.DX, Modality.CR)
        body = sample[sample > low + 0.05 * (high - low)]
        for name, below, above in _FILM_WINDOWS if film else _MR_WINDOWS:
            if body.size:
                ends = np.percentile(body, (below, above))
                presets.append(_preset(name, float(ends[0]), float(ends[1])))
    presets.append(_preset("Wide", lowest, highest))
    if series.window is not None:
        centre, width = series.window
        presets.append({"name": "As acquired", "centre": centre, "width": max(width, 1e-3)})
    return presets


def name(series: Series) -> str:
    """A short name: ``Sag T2``, ``AP radiograph``."""
    if series.view in _VIEW:
        return f"{_VIEW[series.view]} radiograph"
    plane = _PLANE.get(series.plane, "")
    sequence = _SEQUENCE.get(series.sequence, "")
    if series.modality is not Modality.MR or not sequence:
        sequence = sequence or ("" if series.modality is Modality.UNKNOWN else series.modality)
    return f"{plane} {sequence}".strip() or "Images"


def _series(series: Series, reading: Reading | None) -> dict[str, Any]:
    lowest, step = _scale(series.pixels)
    spacing = series.geometry.spacing if series.geometry else None
    middle = series.slices // 2
    graded = False
    if reading is not None:
        middle = reading.eligibility.mid_slices.get(series.key, middle)
        graded = series.key in reading.eligibility.graded_series
    return {
        "key": series.key,
        "name": name(series),
        "slices": series.slices,
        "rows": series.pixels.shape[1],
        "columns": series.pixels.shape[2],
        "spacing": list(spacing) if spacing else None,
        "lowest": lowest,
        "step": step,
        "windows": windows(series),
        "start": middle,
        "graded": graded,
        "synthetic": series.synthetic,
        "edges": _edges(series.geometry),
        "frame": _frame(series.geometry),
        "facts": _facts(series),
    }


def _scale(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Stored value of 0 and stored values per step, so that 65535 steps hold the range."""
    lowest, highest = float(values.min()), float(values.max())
    return lowest, max((highest - lowest) / 65535.0, 1e-9)


def _sample(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Every fourth pixel of at most nine slices of the middle: enough for percentiles."""
    middle = values.shape[0] // 2
    return values[max(middle - 4, 0) : middle + 5, ::4, ::4].ravel()


def _preset(title: str, low: float, high: float) -> dict[str, Any]:
    width = max(high - low, 1e-3)
    return {"name": title, "centre": low + width / 2, "width": width}


def _facts(series: Series) -> str:
    """One line about the acquisition, from the headers alone."""
    known = (
        ("field_strength_t", "{:g} T"),
        ("repetition_time_ms", "TR {:.0f}"),
        ("echo_time_ms", "TE {:.0f}"),
        ("slice_thickness_mm", "{:g} mm"),
    )
    parts = []
    for key, form in known:
        value = series.technique.get(key)
        if isinstance(value, int | float):
            parts.append(form.format(value))
    return " · ".join(parts)


def _edges(geometry: Geometry | None) -> dict[str, str] | None:
    """Patient directions at the image's edges (PS3.3 C.7.6.2, LPS), None where unknown."""
    if geometry is None or geometry.orientation is None:
        return None
    row, column = geometry.orientation[:3], geometry.orientation[3:]
    right, bottom = _direction(row), _direction(column)
    left, top = _direction([-c for c in row]), _direction([-c for c in column])
    return {"left": left, "right": right, "top": top, "bottom": bottom}


def _frame(geometry: Geometry | None) -> dict[str, Any] | None:
    """Where the slices lie in the patient (DICOM LPS, millimetres), None where unknown."""
    if geometry is None or geometry.orientation is None or geometry.positions is None:
        return None
    return {
        "row": list(geometry.orientation[:3]),
        "column": list(geometry.orientation[3:]),
        "positions": [[round(c, 3) for c in place] for place in geometry.positions],
    }


def _direction(cosines: Sequence[float]) -> str:
    axis = int(np.argmax(np.abs(cosines)))
    return ("LR", "PA", "HF")[axis][0 if cosines[axis] > 0 else 1]


def _mark(evidence: Evidence) -> dict[str, Any]:
    return {
        "series": evidence.series,
        "slice": evidence.slice_index,
        "polygon": [[round(x, 1), round(y, 1)] for x, y in evidence.polygon],
        "axis": [list(p) for p in evidence.axis] if evidence.axis else None,
    }


def _outlined(reading: Reading | None, kind: str) -> list[dict[str, Any]]:
    """What was outlined of a kind: its level, None for the canal, and where."""
    if reading is None:
        return []
    return [
        {"level": o.level, "marks": [_mark(e) for e in o.evidence if e.polygon]}
        for o in reading.observations
        if o.kind == kind
    ]


_SHORT: Final = {
    "disc_narrowing": "narrowed",
    "disc_bulging": "bulge",
    "disc_herniation": "herniation",
    "spondylolisthesis": "listhesis",
}


def _tone(said: Iterable[Statement]) -> tuple[int, str]:
    """How much a level asks for attention, for its colour, and a line about it.

    -1: nothing was graded; 0: no finding among what was graded; 1: some; 2: marked (Pfirrmann
    4 or 5, herniation or spondylolisthesis).
    """
    tone = -1
    parts: list[str] = []
    for one in said:
        if one.kind == "pfirrmann" and one.status == "indeterminate":
            parts.insert(0, "Pf ?")
        if one.status != "value":
            continue
        if one.kind == "pfirrmann":
            grade = int(one.value or 0)
            tone = max(tone, 2 if grade >= 4 else 1 if grade == 3 else 0)
            parts.insert(0, f"Pf {grade}")
        elif one.kind == "modic":
            tone = max(tone, 1 if one.value else 0)
            if one.value:
                parts.append(f"Modic {one.value}")
        elif one.kind in _SHORT:
            present = one.value == "present"
            marked = one.kind in ("disc_herniation", "spondylolisthesis")
            tone = max(tone, (2 if marked else 1) if present else 0)
            if present:
                parts.append(_SHORT[one.kind])
    return tone, " · ".join(parts)
