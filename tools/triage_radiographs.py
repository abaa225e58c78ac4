"""Which series are radiographs of the spine, and in which view; those another tool reads.

A header may say that a series is a radiograph, but not that it shows a spine: the pixels must look
like one. There were no radiographs of other parts to learn from, so one of those without a header
that names its part may be taken for a spine (``weights/triage/card.md``).
"""

from __future__ import annotations

from radixgpt.study import BodyRegion, Modality, Series, View
from tools import triage_signal
from tools.radiographs import view_of
from tools.triage_looks import features, framed
from tools.triage_weights import Eyes

_SURE = 0.5
"""Chance of both kinds of radiograph together from which it is one."""


def radiograph(series: Series, shipped: Eyes) -> Series | None:
    """The series with its view where it is a radiograph of the spine, else None.

    Args:
        series: after the checks of triage, which note what the pixels tell of the modality.
        shipped: the weights of triage.

    Raises:
        WeightsError: the weights of ``tools.radiographs`` are missing or damaged.
    """
    stated = series.modality in (Modality.DX, Modality.CR)
    if not stated or series.region is BodyRegion.OTHER:
        return None
    for index in range(series.slices):
        pixels = series.pixels[index]
        if min(pixels.shape) < triage_signal.SMALLEST or triage_signal.verdict(pixels):
            return None  # an empty side is common beside a collimated spine and no reason
        spacing = series.geometry.spacing if series.geometry else None
        (look,) = shipped.heads.look(features(shipped.network, framed(pixels, spacing)[None]))
        if look.kinds["radiograph_ap"] + look.kinds["radiograph_lateral"] < _SURE:
            return None
    views = {view_of(series, index)[0] for index in range(series.slices)}
    seen = views.pop() if len(views) == 1 else View.UNKNOWN
    if series.facts_from.get("view") == "header" or seen is View.UNKNOWN:
        return series
    return series.with_facts("pixels", view=seen)
