"""The phantom: a parametric sagittal lumbar spine whose every grade and length is known.

``sample`` draws plausible parameters, ``render`` makes sagittal T1- and T2-weighted slices and
``axial`` axial ones, with label maps and truth. It is geometry and physics, not a patient: sound
for exact tests, for the demonstration and for training what must see shapes; grades of tissue must
be learnt from real images.
"""

from __future__ import annotations

from data.synth.phantom_axial import Axial, axial
from data.synth.phantom_parameters import (
    DISCS_SHOWN,
    VERTEBRAE_SHOWN,
    Disc,
    Look,
    Phantom,
    Vertebra,
    sample,
)
from data.synth.phantom_render import Rendered, render
from data.synth.phantom_spine import Part

__all__ = [
    "DISCS_SHOWN",
    "VERTEBRAE_SHOWN",
    "Axial",
    "Disc",
    "Look",
    "Part",
    "Phantom",
    "Rendered",
    "Vertebra",
    "axial",
    "render",
    "sample",
]
