"""The words that may be recognised in a header's free text, and nothing else of that text.

Descriptions are written by people and may hold names, remarks or instructions. They are searched
for the words below; what is found is a value of an enumeration, and the text goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from radixgpt.study import BodyRegion, Sequence

_S = r"[\s_\-/.]*"  # what may stand between two parts of a word
_B, _E = r"(?<![a-z0-9])", r"(?![a-z0-9])"


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(_B + "(?:" + "|".join(alternatives) + ")" + _E)


_REGIONS: tuple[tuple[BodyRegion, re.Pattern[str]], ...] = (
    (
        BodyRegion.WHOLE_SPINE,
        _words(
            rf"(?:whole|total|full|complete|entire|ganz(?:e)?){_S}(?:spine|ws|wirbels(?:ae|a|ä)ule)",
            rf"cttl(?:spine)?|ctl{_S}spine",
        ),
    ),
    (
        BodyRegion.LUMBAR,
        _words(
            rf"l(?:s|{_S}s)?{_S}spine|lspine|lumbar|lumbal\w*|lumbo\w*|lws",
            r"lendenwirbel\w*|lombaire|lombare|lomber|l(?:u|ú)mbar",
        ),
    ),
    (
        BodyRegion.THORACIC,
        _words(
            rf"(?:t|th|d){_S}spine|thoracic{_S}spine|thora[ck]al\w*|bws|brustwirbel\w*",
            rf"dorsal{_S}spine|(?:rachis|columna|colonna){_S}dorsale?",
        ),
    ),
    (
        BodyRegion.CERVICAL,
        _words(rf"c{_S}spine|cervical\w*|zervikal\w*|hws|halswirbel\w*|servikal"),
    ),
)

_OTHER_PARTS: dict[str, BodyRegion | None] = {
    **dict.fromkeys(("NECK", "SOFTTISSUENECK"), BodyRegion.CERVICAL),
    **dict.fromkeys(("CHEST", "THORAX", "LUNG", "HEART", "BREAST"), BodyRegion.THORACIC),
    **dict.fromkeys(
        ("ABDOMEN", "PELVIS", "ABDOMENPELVIS", "HIP", "SACRUM", "SIJOINT", "KIDNEY", "LIVER"),
        BodyRegion.LUMBAR,
    ),
    **dict.fromkeys(
        (
            *("HEAD", "BRAIN", "SKULL", "ORBIT", "FACE", "SHOULDER", "ELBOW", "WRIST", "HAND"),
            *("ARM", "KNEE", "ANKLE", "FOOT", "LEG", "THIGH", "FEMUR", "CALF", "EXTREMITY"),
        ),
        None,
    ),
}
"""Other parts of the body, each with the spinal region it may stand for by mistake."""

_OTHER_WORDS: dict[str, re.Pattern[str]] = {
    word: _words(pattern)
    for word, pattern in (
        *((word, word) for word in ("brain", "cerebral", "cranial", "liver", "pelvis", "shoulder")),
        *((word, word) for word in ("knee", "hip", "ankle", "wrist", "elbow", "prostate")),
        *((word, word) for word in ("breast", "chest", "cardiac", "heart", "femur", "foot")),
        *(("hand", "hand"), ("abdomen", r"abdom\w*"), ("kidney", "kidneys?")),
    )
}

_PARTS: dict[str, BodyRegion] = {
    **dict.fromkeys(("LSPINE", "LSSPINE", "LUMBAR", "LUMBARSPINE"), BodyRegion.LUMBAR),
    **dict.fromkeys(("LUMBOSACRALSPINE", "LUMBOSACRAL"), BodyRegion.LUMBAR),
    **dict.fromkeys(("TSPINE", "THORACICSPINE", "DSPINE"), BodyRegion.THORACIC),
    **dict.fromkeys(("CSPINE", "CERVICALSPINE", "CERVICAL"), BodyRegion.CERVICAL),
    **dict.fromkeys(("WHOLESPINE", "CTLSPINE"), BodyRegion.WHOLE_SPINE),
}
"""Body part examined (PS3.16 annex L), letters only."""

_CODES: dict[str, BodyRegion] = {
    **dict.fromkeys(("122496007", "T-11503", "297173004"), BodyRegion.LUMBAR),
    **dict.fromkeys(("122495006", "T-11502"), BodyRegion.THORACIC),
    **dict.fromkeys(("122494005", "T-11501"), BodyRegion.CERVICAL),
    **dict.fromkeys(("12738006", "T-A0100", "69536005", "T-D1100"), BodyRegion.OTHER),
}
"""Anatomic region codes (SNOMED CT, and SNOMED RT of older objects)."""

_WEIGHTS: tuple[tuple[Sequence, re.Pattern[str]], ...] = (
    (Sequence.LOCALIZER, _words(rf"locali[sz]ers?|scouts?|survey|loc|plan{_S}scan")),
    (Sequence.STIR, _words(r"stir\w*|tirm\w*")),
    (Sequence.T2_SPACE, _words(r"t2\w*space|(?:spc|space|cube|vista|mvox)")),
    (Sequence.T1, _words(r"t1\w*")),
    (Sequence.T2, _words(r"t2(?!\w*(?:star|\*))\w*")),
    (Sequence.PD, _words(rf"pdw?|proton{_S}density|dp")),
)

_CONTRASTS = {
    "T1": Sequence.T1,
    "T2": Sequence.T2,
    "PROTON_DENSITY": Sequence.PD,
    "STIR": Sequence.STIR,
}
"""Acquisition contrast of enhanced MR (PS3.3 C.8.13.3.1.1)."""

_MANUFACTURERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(_B + pattern))
    for name, pattern in (
        ("Siemens", "siemens"),
        ("Philips", "philips"),
        ("GE", rf"(?:ge{_E}|general electric)"),
        ("Canon", "canon"),
        ("Toshiba", "toshiba"),
        ("Hitachi", "hitachi"),
        ("Fujifilm", "fuji"),
        ("United Imaging", r"(?:uih|united imaging)"),
        ("Esaote", "esaote"),
        ("Hyperfine", "hyperfine"),
        ("Neusoft", "neusoft"),
        ("Shimadzu", "shimadzu"),
    )
)


def region_of_words(text: str) -> BodyRegion | None:
    """The one spinal region that a text names; None for none or several."""
    found = regions_of_words(text)
    if BodyRegion.WHOLE_SPINE in found:
        return BodyRegion.WHOLE_SPINE
    return found[0] if len(found) == 1 else None


def regions_of_words(text: str) -> list[BodyRegion]:
    """Every spinal region that a text names."""
    lowered = text.lower()
    return [region for region, pattern in _REGIONS if pattern.search(lowered)]


def names_other_part(text: str) -> bool:
    """Whether a text names a part of the body that is not the spine."""
    return bool(other_parts(text))


def other_parts(text: str) -> list[str]:
    """The parts of the body but the spine that a text names, in our spelling."""
    lowered = text.lower()
    return [word for word, pattern in _OTHER_WORDS.items() if pattern.search(lowered)]


def region_of_part(part: str) -> tuple[BodyRegion | None, BodyRegion | None]:
    """Region of a body part, and for another part the region it may stand for by mistake."""
    letters = re.sub(r"[^A-Z]", "", part.upper())
    if letters in _PARTS:
        return _PARTS[letters], None
    if letters in _OTHER_PARTS:
        return BodyRegion.OTHER, _OTHER_PARTS[letters]
    return region_of_words(part), None


def region_of_code(code: str) -> BodyRegion | None:
    """Region of an anatomic region code."""
    return _CODES.get(code.strip().upper())


def sequences_of_words(text: str) -> frozenset[Sequence]:
    """All weightings that a text names."""
    lowered = text.lower()
    return frozenset(kind for kind, pattern in _WEIGHTS if pattern.search(lowered))


def sequence_of_contrast(values: Iterable[str]) -> Sequence | None:
    """Weighting of an acquisition contrast."""
    return next((_CONTRASTS[value] for value in values if value in _CONTRASTS), None)


def manufacturer(text: str) -> str | None:
    """The maker, if it is one of the known ones."""
    lowered = text.lower()
    return next((name for name, pattern in _MANUFACTURERS if pattern.search(lowered)), None)
