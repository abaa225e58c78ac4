"""What a finding weighs in the severity-weighted F1: 1, 2 or 4.

The steps are those that the RSNA 2024 lumbar challenge gives to normal or mild, moderate, severe.
A stated grade decides; without one, the kind does. The table is a choice of this project, made
before any system was scored with it, and part of the signature by its version.
"""

from __future__ import annotations

from eval.findings.statement import Statement

VERSION = "1"
URGENT = 4
"""A kind that changes what is done at once; no grade makes it lighter."""
_URGENT = frozenset(
    {
        "canal_lesion",
        "cord_compression",
        "cord_signal_change",
        "fracture",
        "infection",
        "marrow_lesion",
        "retropulsion",
    }
)
_NARROWS = frozenset(
    {
        "canal_stenosis",
        "disc_herniation",
        "foraminal_stenosis",
        "lateral_recess_stenosis",
        "marrow_oedema",
        "nerve_root_compression",
        "spondylolisthesis",
        "spondylolysis",
        "thecal_sac_compression",
    }
)
"""What narrows, slips or is fresh; of a kind in neither list, the weight is 1."""
_GRADES = {
    **{"mild": 1, "moderate": 2, "severe": 4},
    **{"Pfirrmann 3": 1, "Pfirrmann 4": 2, "Pfirrmann 5": 4},
    **{"type 1": 2, "type 2": 1, "type 3": 1},
    **{"protrusion": 2, "extrusion": 4, "sequestration": 4},
    **{"Meyerding 1": 2, "Meyerding 2": 4, "Meyerding 3": 4, "Meyerding 4": 4, "Meyerding 5": 4},
}


def weight(one: Statement) -> int:
    """The weight of a statement."""
    if one.kind in _URGENT:
        return URGENT
    return _GRADES.get(one.grade, 2 if one.kind in _NARROWS else 1)
