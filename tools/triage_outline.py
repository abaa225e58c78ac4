"""Which studies of the spine are laid out as a draft although no tool reads them.

Another region of the spine, and CT, are outside of what the models learnt. Their header has to say
what they are; the pixels may only object: a photograph, a page, a pattern or another part of the
body is refused whatever its header says.
"""

from __future__ import annotations

import numpy as np

from radixgpt.eligibility import Outline
from radixgpt.study import BodyRegion, Modality, Series, Study
from tools import triage_signal
from tools.triage_looks import Kind, features, framed
from tools.triage_weights import Eyes

REGIONS = (BodyRegion.CERVICAL, BodyRegion.THORACIC, BodyRegion.LUMBAR, BodyRegion.WHOLE_SPINE)
_OBJECTIONS: dict[Modality, tuple[Kind, ...]] = {
    Modality.MR: ("photograph", "page", "pattern", "other_mr", "coronal_body"),
    Modality.CT: ("photograph", "page", "pattern"),
}
_SURE = 0.5
"""Chance of all objections together from which a series is refused."""


def outline_of(study: Study, shipped: Eyes) -> Outline | None:
    """Modality and region of a study that can be laid out, None for any other.

    Args:
        study: after the checks of triage; every series was refused.
        shipped: the weights of triage.
    """
    found = {(s.modality.value, s.region.value) for s in study.series if _stands(s, shipped)}
    return Outline(*found.pop()) if len(found) == 1 else None


def _stands(series: Series, shipped: Eyes) -> bool:
    """Whether the header says that it is of the spine and the pixels do not object."""
    stated = all(series.facts_from.get(fact) == "header" for fact in ("modality", "region"))
    if not stated or series.modality not in _OBJECTIONS or series.region not in REGIONS:
        return False
    pixels = series.pixels[series.slices // 2]
    if min(pixels.shape) < triage_signal.SMALLEST or triage_signal.verdict(pixels):
        return False
    spacing = series.geometry.spacing if series.geometry else None
    (look,) = shipped.heads.look(features(shipped.network, framed(pixels, spacing)[np.newaxis]))
    return sum(look.kinds[kind] for kind in _OBJECTIONS[series.modality]) < _SURE
