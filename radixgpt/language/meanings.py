"""Which kind of finding a structure and its state make, as a table."""

from __future__ import annotations

from radixgpt.case import Assertion

_ROWS: tuple[tuple[str, str, str, Assertion], ...] = (
    ("sac", "compress narrow", "thecal_sac_compression", "present"),
    ("sac", "contact", "thecal_sac_contact", "present"),
    ("sac", "good", "thecal_sac_compression", "absent"),
    ("cord", "compress", "cord_compression", "present"),
    ("cord cord_signal", "good", "cord_signal_change", "absent"),
    ("cord cord_signal", "less more", "cord_signal_change", "present"),
    ("root", "compress", "nerve_root_compression", "present"),
    ("root", "contact", "nerve_root_contact", "present"),
    ("foramen", "compress narrow", "foraminal_stenosis", "present"),
    ("foramen", "good", "foraminal_stenosis", "absent"),
    ("recess", "compress narrow", "lateral_recess_stenosis", "present"),
    ("recess", "good", "lateral_recess_stenosis", "absent"),
    ("canal", "compress narrow", "canal_stenosis", "present"),
    ("canal", "good", "canal_stenosis", "absent"),
    ("disc_space", "narrow less", "disc_narrowing", "present"),
    ("disc_space", "good", "disc_narrowing", "absent"),
    ("disc", "degenerate dry", "disc_degeneration", "present"),
    ("disc", "wet", "disc_degeneration", "absent"),
    ("disc", "narrow lower", "disc_narrowing", "present"),
    ("disc_signal", "less", "disc_degeneration", "present"),
    ("disc_signal", "good", "disc_degeneration", "absent"),
    ("endplate", "degenerate irregular", "endplate_change", "present"),
    ("endplate", "good", "endplate_change", "absent"),
    ("facet", "thick degenerate irregular", "facet_arthropathy", "present"),
    ("facet", "good", "facet_arthropathy", "absent"),
    ("flavum", "thick", "ligamentum_flavum_hypertrophy", "present"),
    ("flavum", "good", "ligamentum_flavum_hypertrophy", "absent"),
    ("body_height", "less", "fracture", "present"),
    ("body_height", "good", "fracture", "absent"),
    ("lordosis", "less", "loss_of_lordosis", "present"),
    ("lordosis", "good", "loss_of_lordosis", "absent"),
    ("alignment", "less", "malalignment", "present"),
    ("alignment", "good", "malalignment", "absent"),
    ("marrow", "less more", "marrow_signal_change", "present"),
    ("marrow", "good", "marrow_signal_change", "absent"),
)
MEANINGS: dict[tuple[str, str], tuple[str, Assertion]] = {
    (structure, state): (kind, assertion)
    for structures, states, kind, assertion in _ROWS
    for structure in structures.split()
    for state in states.split()
}
"""Kind and assertion by structure and state."""

CONSEQUENCES = frozenset(
    {
        "thecal_sac_compression",
        "thecal_sac_contact",
        "cord_compression",
        "nerve_root_compression",
        "nerve_root_contact",
        "foraminal_stenosis",
        "lateral_recess_stenosis",
        "canal_stenosis",
        "annular_fissure",
        "ligamentum_flavum_hypertrophy",
        "facet_arthropathy",
        "retropulsion",
    }
)
"""Kinds that go with another lesion and share its level."""
