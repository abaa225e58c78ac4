"""Descriptions anew: the words of a closed vocabulary that occur in a text, in our own spelling.

No letter of the text itself is kept: a name may be glued to a word (``lumbalmueller``). What is
written is recognised by ``radixgpt.reading.vocabulary`` as the text was.
"""

from __future__ import annotations

import re

from radixgpt.reading import vocabulary
from radixgpt.study import BodyRegion, Sequence

_REGIONS = {
    BodyRegion.WHOLE_SPINE: "whole spine",
    BodyRegion.LUMBAR: "lumbar spine",
    BodyRegion.THORACIC: "thoracic spine",
    BodyRegion.CERVICAL: "cervical spine",
}
_PARTS = {
    BodyRegion.WHOLE_SPINE: "WHOLESPINE",
    BodyRegion.LUMBAR: "LSPINE",
    BodyRegion.THORACIC: "TSPINE",
    BodyRegion.CERVICAL: "CSPINE",
}
_WEIGHTS = {
    Sequence.LOCALIZER: "localizer",
    Sequence.T1: "T1",
    Sequence.T2: "T2",
    Sequence.STIR: "STIR",
    Sequence.T2_SPACE: "SPACE",
    Sequence.PD: "PD",
}
_PLANES = {
    "sagittal": re.compile(r"(?<![a-z])sag"),
    "coronal": re.compile(r"(?<![a-z])cor(?:onal)?(?![a-z])"),
    "axial": re.compile(r"(?<![a-z])(?:ax(?:ial)?|tra|trans(?:verse|versal)?)(?![a-z])"),
}
_MODALITIES = re.compile(r"(?<![a-z])(?:mri?|mrt|irm|rm|rmn)(?![a-z])")
_LONGEST = 64


def known_words(text: str) -> str:
    """What a description says, as far as the vocabulary goes; at most 64 characters."""
    lowered = text.lower()
    found = ["MR"] if _MODALITIES.search(lowered) else []
    found += [_REGIONS[region] for region in vocabulary.regions_of_words(text)]
    found += vocabulary.other_parts(text)
    weights = vocabulary.sequences_of_words(text)
    found += [word for kind, word in _WEIGHTS.items() if kind in weights]
    found += [plane for plane, pattern in _PLANES.items() if pattern.search(lowered)]
    said = ""
    for word in found:
        if len(said) + len(word) < _LONGEST:
            said = f"{said} {word}".strip()
    return said


def body_part(text: str) -> str:
    """A body part (PS3.16 annex L) that the vocabulary knows; empty for any other."""
    region, _ = vocabulary.region_of_part(text)
    if region in _PARTS:
        return _PARTS[region]
    letters = re.sub(r"[^A-Z]", "", text.upper())
    return letters if region is BodyRegion.OTHER else ""


def contrast_agent(text: str) -> str:
    """Whether a contrast agent was given, without its name or dose; empty for an empty text."""
    stated = text.strip().upper()
    if not stated:
        return ""
    return "NONE" if stated in ("NONE", "NO", "WITHOUT", "-") else "contrast agent"
