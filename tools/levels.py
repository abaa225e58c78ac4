"""Find, outline, number and measure the discs of the lumbar column.

Discs are counted upwards from the lowest mobile disc, which is taken as L5-S1; transitional
anatomy can't be excluded without the whole spine, so the reader can shift the numbering. Ratios
are taken against the patient's own vertebral depth; millimetres are stated only where the pixel
spacing is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import count
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from radixgpt.eligibility import Eligibility
from radixgpt.level import disc_at, vertebra_above
from radixgpt.observation import Evidence, Observation
from radixgpt.report import ModelFacts
from radixgpt.study import Series, Study
from radixgpt.weights import load_card
from tools import same_spine, slips, texture
from tools.column import Column, Disc, body_outline, canal_depth
from tools.column_net import CANAL, ColumnNet
from tools.columns import columns_of, doubt, reconcile
from tools.framing import Frame

TOOL = "levels"
NUMBERING_BASIS = "counted upwards from the lowest disc, taken as L5-S1"
UNCERTAIN = "uncertain, because the disc next to it could be L5-S1 as well"
DOUBTFUL = 0.45
"""Share of the lowest disc's chance from which another disc makes the numbering uncertain.

Set on the training patients: it tells three of the five whose numbering admits two readings, and a
few of the others (see the model card).
"""
NO_TEXTURE = "the disc shows no texture: it was painted over, or lost in the image"
"""Why nothing is said of a disc that was found."""
_POLYGON_POINTS = 36


@cache
def model() -> ColumnNet:
    """The shipped column network, loaded once.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    from safetensors.torch import load_file

    net = ColumnNet()
    tensors = load_file(load_card("levels").file("column.safetensors"))
    net.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return net.eval()


def model_facts() -> ModelFacts:
    """Name, version and hash of the weights."""
    return load_card("levels").facts()


class View:
    """One graded series: its slice, frame and column, and how doubtful the study's numbering is."""

    def __init__(
        self, series: Series, index: int, framed: Frame, column: Column, doubt: float = 0.0
    ) -> None:
        self.series = series
        self.index = index
        self.framed = framed
        self.column = column
        self.doubt = doubt
        self._textureless: dict[int, bool] = {}

    @property
    def pixels(self) -> npt.NDArray[np.float32]:
        """The mid-sagittal slice, (rows, columns)."""
        slice_: npt.NDArray[np.float32] = self.series.pixels[self.index]
        return slice_

    def disc(self, place: int) -> Disc | None:
        """The disc ``place`` discs above the lowest, if it was found here."""
        return self.column.discs[place] if place < len(self.column.discs) else None

    def textureless(self, place: int) -> bool:
        """Whether the disc ``place`` discs above the lowest was found, but shows no texture."""
        if place not in self._textureless:
            disc = self.disc(place)
            self._textureless[place] = disc is not None and self._flat(disc)
        return self._textureless[place]

    def _flat(self, disc: Disc) -> bool:
        outline = disc.outline
        if not len(outline):  # only pointed at: the middle third of where it must lie
            along, across = disc.along, np.array([-disc.along[1], disc.along[0]])
            turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
            outline = disc.centre + disc.length * (
                0.3 * np.cos(turns)[:, None] * along + 0.1 * np.sin(turns)[:, None] * across
            )
        rows, columns = np.nonzero(self.column.classes)
        if not len(rows):
            return False
        around = [(columns.min(), rows.min()), (columns.max(), rows.max())]
        return texture.textureless(
            self.pixels, self.framed.to_slice(outline), self.framed.to_slice(around)
        )

    def millimetres(self, length: float) -> float | None:
        """A frame length in millimetres; None where spacing is unknown."""
        if self.series.geometry is None:
            return None
        # A frame has square pixels, so one axis is enough.
        return length * self.series.geometry.spacing[1] / self.framed.scale[0]

    def evidence(
        self,
        outline: npt.NDArray[np.float64],
        axis: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None = None,
    ) -> Evidence:
        """Frame coordinates as evidence in the slice's own pixels."""
        step = max(1, -(-len(outline) // _POLYGON_POINTS))
        instances = self.series.instances
        return Evidence(
            series=self.series.key,
            instance=instances[self.index] if self.index < len(instances) else "",
            slice_index=self.index,
            polygon=tuple(self._point(p) for p in outline[::step]),
            axis=(self._point(axis[0]), self._point(axis[1])) if axis else None,
            tool=_version(),
        )

    def _point(self, point: npt.NDArray[np.float64]) -> tuple[float, float]:
        x, y = self.framed.to_slice(point)[0]
        return round(float(x), 1), round(float(y), 1)


@cache
def _version() -> str:
    facts = model_facts()
    return f"{TOOL} {facts.version}"


_SEEN: WeakKeyDictionary[Study, tuple[Eligibility, list[View]]] = WeakKeyDictionary()


def views(study: Study, eligibility: Eligibility) -> list[View]:
    """The graded series with their columns, numbered alike, T2 first; kept while the study is."""
    if study in _SEEN and _SEEN[study][0] == eligibility:
        return _SEEN[study][1]
    chosen = [
        (series, eligibility.mid_slices[key])
        for key in eligibility.graded_series
        for series in (study.one(key),)
    ]
    found = columns_of(
        model(),
        [series.pixels[index] for series, index in chosen],
        [s.geometry.spacing if s.geometry else None for s, _ in chosen],
    )
    doubtful = doubt([column for _, column in found])
    reconcile([column for _, column in found])
    seen = [
        View(series, index, framed, column, doubtful)
        for (series, index), (framed, column) in zip(chosen, found, strict=True)
    ]
    _SEEN[study] = (eligibility, seen)
    return seen


def run(study: Study, eligibility: Eligibility, *, shift: int = 0) -> list[Observation]:
    """Find and measure the discs of the eligible slices.

    Args:
        study: the study after triage.
        eligibility: which series and slices to look at.
        shift: levels by which the numbering is moved upwards, as a reader may decide.

    Returns:
        Observations of kinds ``numbering``, ``agreement`` (where two series seem to show two
        spines), ``canal``, ``disc``, ``vertebra`` and the measured
        kinds of ``radixgpt.finding``.

    Raises:
        LevelError: the shift names discs that do not exist.
        WeightsError: the weights are missing or damaged.
    """
    return observe(views(study, eligibility), shift)


def observe(seen: list[View], shift: int = 0) -> list[Observation]:
    """The observations of columns that were found already."""
    ids = (f"{TOOL}-{n}" for n in count(1))
    version = model_facts().version
    out: list[Observation] = []

    def add(kind: str, **fields: object) -> None:
        out.append(
            Observation.model_validate(
                {"id": next(ids), "tool": TOOL, "tool_version": version, "kind": kind, **fields}
            )
        )

    top = max((len(view.column.discs) for view in seen), default=0)
    if not top:
        return out
    anchor = max(view.column.anchor_chance for view in seen)
    basis, status = NUMBERING_BASIS, "value"
    if shift:  # the reader has decided
        basis = f"{basis}; then shifted by {shift:+d} by the reader"
    elif max(view.doubt for view in seen) >= DOUBTFUL:
        basis, status = f"{basis}; {UNCERTAIN}", "indeterminate"
    add("numbering", value=basis, status=status, confidence=round(anchor, 3))
    if same_spine.doubt([(view.framed.pixels, view.column) for view in seen]):
        add("agreement", status="indeterminate", reason=same_spine.UNLIKE_TEXT)
    add("canal", evidence=[v.evidence(o) for v in seen if len(o := _largest(v.column, CANAL))])
    for place in range(top):
        name = disc_at(place + shift)
        here = [(view, disc) for view in seen if (disc := view.disc(place)) is not None]
        if not here:
            add("disc", level=name, status="not_assessable", reason="the disc was not found")
            continue
        add(
            "disc",
            level=name,
            evidence=[v.evidence(d.outline, (d.anterior, d.posterior)) for v, d in here],
        )
        above = [
            v.evidence(outline)
            for v, d in here
            if (upper := v.disc(place + 1)) is not None
            and len(outline := body_outline(v.column.classes, upper, d))
        ]
        if above:
            add("vertebra", level=vertebra_above(name), evidence=above)
        _measure(add, name, place + shift, [(v, d, v.textureless(place)) for v, d in here])
    return out


def _largest(column: Column, wanted: int) -> npt.NDArray[np.float64]:
    from skimage.measure import find_contours

    contours = find_contours(np.pad((column.classes == wanted).astype(float), 1), 0.5)
    empty: npt.NDArray[np.float64] = np.zeros((0, 2))
    return max(contours, key=len)[:, ::-1] - 1 if contours else empty


def _measure(add: object, name: str, index: int, here: Iterable[tuple[View, Disc, bool]]) -> None:
    """Add the measured kinds of one disc, from the first series that outlines it with texture."""
    assert callable(add)
    shown = [(v, d) for v, d, flat in here if not flat]
    view, disc = next(((v, d) for v, d in shown if d.height > 0), (None, None))
    if view is None or disc is None:
        reason = "the disc was not outlined" if shown else NO_TEXTURE
        for kind in ("disc_height_index", "canal_ratio", "slip_ratio"):
            add(kind, level=name, status="not_assessable", reason=reason)
        return
    column = view.column
    evidence = [view.evidence(disc.outline, (disc.anterior, disc.posterior))]
    step = slips.measure(column, disc).against(slips.usual(), index).smaller
    lengths = (
        ("disc_height_index", "disc_height_mm", disc.height, "the disc was not outlined"),
        (
            "canal_ratio",
            "canal_mm",
            canal_depth(column.classes, disc),
            "the canal was not found behind the disc",
        ),
        (
            "slip_ratio",
            "slip_mm",
            None if step is None else step * column.depth,
            "neither the canal nor the posterior walls were outlined on both sides of the disc",
        ),
    )
    for ratio, metric, length, reason in lengths:
        if length is None:
            add(ratio, level=name, status="not_assessable", reason=reason)
            continue
        add(ratio, level=name, value=round(length / column.depth, 3), unit="1", evidence=evidence)
        mm = view.millimetres(length)
        if mm is not None:
            add(metric, level=name, value=round(mm, 1), unit="mm", evidence=evidence)
