"""From slices to series: split, ordered, without duplicates, upright.

Slices become one series if the source says so and they agree in matrix, spacing, orientation and
in echo time, b-value or stack. They are ordered by their place along the normal of the upright
slice (row direction x column direction): sagittal slices from left to right, axial ones from feet
to head, coronal ones from front to back. Without places the source's numbers decide.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radixgpt.reading.frame import Frame
from radixgpt.reading.orientation import Turn, normal, plane_of, upright
from radixgpt.study import BodyRegion, Geometry, Modality, Plane, Sequence, Series, Source, View

_SAME_DIRECTION = 0.9998  # cosine of about one degree
_SAME_SPACING = 0.01  # relative
_SAME_PLACE = 0.01  # millimetres
_GAP = 1.5  # times the usual distance: a slice is missing
_EVEN = 0.05  # relative difference of distances that still counts as even
_ASKEW = 0.996  # cosine of five degrees: a distance is off by less than half a percent

DUPLICATES = "Duplicate slices were dropped: {}."
CONFLICT = "Slices with the same identifier but other pixels were dropped: {}."
MISSING = "Slices are missing; distances across slices are not measured."
UNEVEN = "The slices are unevenly spaced; distances across slices are not measured."
ASKEW_STACK = "The stack of slices is askew; distances across slices are not measured."
SPLIT = "One series of the source holds several kinds of slices and was split."
NOT_NUMBERS = "Pixels that are no numbers were set to zero."


@dataclass
class _Group:
    """Slices that agree in everything that may not differ within a series."""

    frames: list[Frame]
    warnings: list[str]


def to_series(frames: Iterable[Frame]) -> list[Series]:
    """Put slices into series with handles ``s1``, ``s2``, ... in the order of the source."""
    by_source: dict[str, list[Frame]] = defaultdict(list)
    for frame in frames:
        by_source[frame.series].append(frame)
    series: list[Series] = []
    for source in sorted(by_source.values(), key=lambda source: source[0].order):
        groups = _split(source)
        localizer = _is_localizer(groups)
        for group in groups:
            key = f"s{len(series) + 1}"
            more = [SPLIT] if len(groups) > 1 and not localizer else []
            series.append(_series(key, group, localizer, more))
    return series


def _split(source: list[Frame]) -> list[_Group]:
    """Split one series of the source into groups that agree."""
    unique, warnings = _without_same_identifier(source)
    groups: list[list[Frame]] = []
    for frame in unique:
        for group in groups:
            if _agree(group[0], frame):
                group.append(frame)
                break
        else:
            groups.append([frame])
    found: list[_Group] = []
    for group in groups:
        found.extend(_by_place(group))
    for one in found:
        one.warnings.extend(warnings)
    return found


def _without_same_identifier(source: list[Frame]) -> tuple[list[Frame], list[str]]:
    """Drop slices that carry the identifier and number of an earlier one."""
    seen: dict[tuple[object, ...], Frame] = {}
    same = other = 0
    for frame in source:
        name = (frame.instance, frame.number)
        first = seen.setdefault(name, frame)
        if first is not frame:
            equal = first.pixels.shape == frame.pixels.shape and np.array_equal(
                first.pixels, frame.pixels
            )
            same, other = (same + 1, other) if equal else (same, other + 1)
    warnings = [DUPLICATES.format(same)] if same else []
    return list(seen.values()), warnings + ([CONFLICT.format(other)] if other else [])


def _agree(one: Frame, other: Frame) -> bool:
    if one.pixels.shape != other.pixels.shape or one.split != other.split:
        return False
    if one.placed != other.placed or (one.orientation is None) != (other.orientation is None):
        return False
    if one.orientation is not None and other.orientation is not None:
        mine, theirs = np.asarray(one.orientation), np.asarray(other.orientation)
        cosines = float(mine[:3] @ theirs[:3]), float(mine[3:] @ theirs[3:])
        if min(cosines) < _SAME_DIRECTION:
            return False
    if one.spacing is not None and other.spacing is not None:
        return bool(np.allclose(one.spacing, other.spacing, rtol=_SAME_SPACING, atol=0))
    return one.spacing is other.spacing


def _by_place(group: list[Frame]) -> list[_Group]:
    """Order a group; slices at one place with other pixels go to further groups.

    Slices at one place with equal pixels are duplicates.
    """
    if not group[0].placed:
        return [_without_places(group)]
    places = _places(group)
    ranked = sorted(range(len(group)), key=lambda i: (places[i], group[i].number))
    layers: list[list[Frame]] = []
    dropped = 0
    here: list[Frame] = []
    start = -np.inf
    for index in ranked:
        frame = group[index]
        if places[index] - start > _SAME_PLACE:
            here, start = [], places[index]
        if any(np.array_equal(frame.pixels, f.pixels) and _same_spot(frame, f) for f in here):
            dropped += 1
            continue
        if len(here) == len(layers):
            layers.append([])
        layers[len(here)].append(frame)
        here.append(frame)
    warnings = [DUPLICATES.format(dropped)] if dropped else []
    return [_Group(layer, list(warnings)) for layer in layers]


def _without_places(group: list[Frame]) -> _Group:
    kept: dict[tuple[int, bytes], Frame] = {}
    for frame in sorted(group, key=lambda f: f.number):
        kept.setdefault((frame.number, _hash(frame)), frame)
    dropped = len(group) - len(kept)
    return _Group(list(kept.values()), [DUPLICATES.format(dropped)] if dropped else [])


def _hash(frame: Frame) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(frame.pixels).data).digest()


def _same_spot(one: Frame, other: Frame) -> bool:
    if one.position is None or other.position is None:
        return False
    return bool(np.allclose(one.position, other.position, rtol=0, atol=_SAME_PLACE))


def _places(group: list[Frame]) -> npt.NDArray[np.float64]:
    """Place of each slice along the normal of the upright slices, millimetres."""
    orientation = group[0].orientation
    if orientation is None:
        return np.zeros(len(group))
    across = normal(upright(orientation).orientation(orientation))
    return np.asarray([f.position for f in group], dtype=np.float64) @ across


def _is_localizer(groups: list[_Group]) -> bool:
    """Whether one series of the source shows all three planes, as scouts do."""
    planes = {plane_of(g.frames[0].orientation) for g in groups if g.frames[0].orientation}
    return len(planes - {Plane.UNKNOWN}) == 3


def _series(key: str, group: _Group, localizer: bool, more: list[str]) -> Series:
    frames = group.frames
    first = frames[0]
    turn = upright(first.orientation) if first.orientation else Turn(False, False, False)
    rows, columns = turn.pixels(first.pixels).shape
    pixels = np.empty((len(frames), rows, columns), dtype=np.float32)
    for index, frame in enumerate(frames):
        frame.write_values(pixels[index], turn.pixels(frame.pixels))
    warnings = [*more, *group.warnings]
    if not all(frame.finite for frame in frames) and not np.isfinite(pixels).all():
        pixels = np.nan_to_num(pixels, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        warnings.append(NOT_NUMBERS)
    geometry = _geometry(frames, turn, warnings)
    for frame in frames:
        warnings.extend((*frame.warnings, *frame.facts.warnings))
    plane = plane_of(first.orientation) if first.orientation else Plane.UNKNOWN
    facts = frames[len(frames) // 2].facts
    sequence = Sequence.LOCALIZER if localizer else facts.sequence
    sources: dict[str, Source] = {
        "modality": _source(facts.modality),
        "plane": _source(None if plane is Plane.UNKNOWN else plane),
        "sequence": _source(sequence),
        "region": _source(facts.region),
    }
    if facts.view is not None:
        sources["view"] = "header"
    agents = Counter(f.facts.contrast_agent for f in frames)
    return Series(
        key=key,
        pixels=pixels,
        modality=facts.modality or Modality.UNKNOWN,
        plane=plane,
        sequence=sequence or Sequence.UNKNOWN,
        region=facts.region or BodyRegion.UNKNOWN,
        view=facts.view or View.UNKNOWN,
        geometry=geometry,
        instances=tuple(frame.instance for frame in frames),
        numbers=tuple(frame.number for frame in frames),
        turned=(turn.swap, turn.flip_rows, turn.flip_columns),
        facts_from=sources,
        window=frames[len(frames) // 2].window,
        technique=dict(facts.technique),
        contrast_agent=agents.most_common(1)[0][0],
        synthetic=any(frame.facts.synthetic for frame in frames),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _source(fact: object) -> Source:
    return "none" if fact is None else "header"


def _geometry(frames: list[Frame], turn: Turn, warnings: list[str]) -> Geometry | None:
    """Geometry of the upright slices; None without places or spacing."""
    first = frames[0]
    if first.orientation is None or first.spacing is None:
        return None
    positions = []
    for frame in frames:
        if frame.position is None or frame.orientation is None or frame.spacing is None:
            return None
        positions.append(
            turn.position(frame.position, frame.orientation, frame.spacing, frame.pixels.shape)
        )
    orientation = turn.orientation(first.orientation)
    return Geometry(
        spacing=turn.spacing(first.spacing),
        slice_gap=_slice_gap(np.asarray(positions), normal(orientation), first, warnings),
        positions=tuple(positions),
        orientation=orientation,
    )


def _slice_gap(
    positions: npt.NDArray[np.float64],
    across: npt.NDArray[np.float64],
    first: Frame,
    warnings: list[str],
) -> float | None:
    """Distance of neighbouring slices, None (with a warning) where it can't be trusted."""
    if len(positions) < 2:
        return None
    distances = np.diff(positions @ across)
    usual = float(np.sort(distances)[(len(distances) - 1) // 2])
    stated = first.stated_gap
    if distances.max() > _GAP * usual or (stated is not None and usual > _GAP * stated):
        warnings.append(MISSING)
        return None
    if np.abs(distances - usual).max() > max(_EVEN * usual, 2 * _SAME_PLACE):
        warnings.append(UNEVEN)
        return None
    along = positions[-1] - positions[0]
    if float(along @ across) < _ASKEW * float(np.linalg.norm(along)):
        warnings.append(ASKEW_STACK)
        return None
    return usual
