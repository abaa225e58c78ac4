"""The words in which a finding may be asked for, and what each stands for.

Every pattern is matched against a text in one spelling (:mod:`radixgpt.language.spelling`), in
which oedema is ``edema`` and haemangioma ``hemangioma``.
"""

from __future__ import annotations

import re

ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_ONE = r"(?:\d+|i{1,3}|iv|v)(?![a-z0-9]|\.\d)"
_GRADE, _OTHER_GRADE = rf"(?P<grade1>{_ONE})", rf"(?P<grade2>{_ONE})"
_NUMBER = r"\d+(?:\.\d+)?"
_CHANGES = r"(?: (?:changes?|irregularit(?:y|ies)|degeneration|defects?))?"
_UP = r"(?:up|upwards?|cranially|cephalad)"
_DOWN = r"(?:down|downwards?|caudally|caudad)"

FINDINGS: dict[str, str] = {
    # The disc
    "pfirrmann": r"(?:(?:disc )?degeneration,? (?:of )?)?pfirrmann(?: (?:grade|type|score))*[ :=]*"
    + _GRADE,
    "pfirrmann?": r"pfirrmann(?: grade)?",
    "modic": rf"modic(?:[ -](?:types?|changes?|grade))*[ :=]*{_GRADE}(?: changes?)?"
    rf"|type {_OTHER_GRADE} modic(?: changes?)?",
    "modic?": r"modic(?: changes?)?",
    "disc_narrowing": r"(?:disc |space |height )*(?:narrow(?:ing|ed)?)(?: disc)?(?: space| height)?"
    r"|(?:disc )?height (?:loss|reduction)|(?:loss of|reduced) (?:disc )?height",
    "disc_height_index": r"disc height (?:index|ratio)",
    "disc_height_mm": r"disc height",
    "disc_bulging": r"(?:disc |annular )?bulg(?:e|es|ing|ed)(?: disc)?",
    "disc_herniation": r"(?:disc )?(?:herniations?|herniated(?: disc)?|prolapsed?)|hnp",
    "protrusion": r"(?:disc )?(?:protrusions?|protruded|protruding)(?: disc)?",
    "extrusion": r"(?:disc )?(?:extrusions?|extruded|extruding)(?: disc)?",
    "endplates": rf"end ?plates?{_CHANGES}(?: (?:both )?above and below)?"
    rf"|(?:upper and lower|both) end ?plates?{_CHANGES}",
    "endplate_upper": rf"end ?plates?{_CHANGES} above(?: the disc)?|upper end ?plates?{_CHANGES}",
    "endplate_lower": rf"end ?plates?{_CHANGES} below(?: the disc)?|lower end ?plates?{_CHANGES}",
    "spondylolisthesis": r"spondylolisthesis|anterolisthesis|listhesis|slip(?:page|ped)?",
    "retrolisthesis": r"retrolisthesis",
    "slip_ratio": r"slip ratio",
    "annular_fissure": r"(?:annular |annulus )?(?:fissures?|tears?)(?: (?:of|in) the annulus)?",
    "vacuum_phenomenon": r"vacuum(?: (?:phenomen(?:on|a)|disc|sign|cleft))?",
    "flavum": r"(?:thick(?:ened)? )?(?:ligamentum )?flavum"
    r"(?: (?:hypertrophy|thickening|thickened))?"
    r"|(?:hypertrophy|thickening) of (?:the )?(?:ligamentum )?flavum",
    # The canal
    "canal_stenosis": r"(?:spinal |central )*(?:canal |sac )?stenosis(?: of the (?:spinal )?canal)?"
    r"|(?:spinal |central )*(?:canal|sac) narrow(?:ing|ed)"
    r"|narrow(?:ing|ed)?(?: of the| of)?(?: spinal| central)* canal",
    "canal_mm": r"(?:spinal |dural )?(?:canal|sac)(?: depth)?",
    "canal_ratio": r"(?:spinal )?canal ratio",
    # Vertebrae
    "fracture": r"(?:vertebral |compression )*fractures?",
    "oedema": r"(?:bone |vertebral )?(?:marrow )?edema",
    "haemangioma": r"hemangiomas?",
    # The whole spine
    "scoliosis": r"scoliosis",
    "levoscoliosis": r"levoscoliosis",
    "dextroscoliosis": r"dextroscoliosis",
    "curve_angle": r"(?:(?:sideways|lateral|coronal) )?curve(?: angle)?(?: of the spine)?",
    "conus": r"conus(?: medullaris)?(?: tip)?(?: ends)?",
    "sac_end": r"(?:dural |thecal )?sac (?:ends?|tip)",
    "healthy": r"healthy|normal",
}

QUALIFIERS: dict[str, str] = {
    "part": rf"(?P<share1>{_NUMBER}) ?% (?P<part1>in front|anterior|front|(?:in the )?middle|behind"
    rf"|posterior|back)|(?P<part2>anterior|front|middle|posterior|back) (?:by )?"
    rf"(?P<share2>{_NUMBER}) ?%",
    "measure": rf"(?:of |by |over |= ?)?(?P<number>{_NUMBER})(?: ?(?P<unit>mm|cm|%"
    r"|millimet(?:er|re)s?|per ?cent|deg(?:rees?)?|°))?(?![a-z0-9])",
    "grade": rf"(?:meyerding|genant)(?: grade)?[ :=]*{_GRADE}|grade[ :=]*{_OTHER_GRADE}",
    "migrated": rf"migrat(?:ed|ion|ing)(?: (?P<far1>{_NUMBER}) ?mm)? "
    rf"(?:(?P<up>{_UP})|(?P<down>{_DOWN}))(?: (?:by )?(?P<far2>{_NUMBER}) ?mm)?"
    rf"|(?:(?P<up2>up|upward|cranial)|(?P<down2>down|downward|caudal)) migration"
    rf"(?: (?:of |by )?(?P<far3>{_NUMBER}) ?mm)?",
    "backward": r"backwards?|posterior(?:ly)?",
    "forward": r"forwards?|anterior(?:ly)?",
    "wedge": r"wedge(?:d|[ -]shaped)?",
    "biconcave": r"biconcave",
    "crush": r"crush(?:ed)?",
    "acute": r"acute|fresh",
    "convex": r"convex(?: to(?:wards)?)?(?: the)? (?P<way1>left|right)"
    r"|(?P<way2>left|right)[ -]convex(?:ity)?",
    "apex": r"apex",
}

OTHERS: dict[str, str] = {
    "no": r"no|without|not|nor",
    "absent": r"(?:is |are )?absent",
    "or": r"or",
    "but": r"but",
    "with": r"with|has|have|shows?|showing",
    "and": r"and|plus|&|\+",
    "at": r"at|in|of|behind",
    "comma": r"[,:]",
    "stop": r"[.;\n]+",
    "doubt": r"possibl[ey]|probabl[ey]|suspected|suspicion|suspicious|likely|unlikely|perhaps|maybe"
    r"|may be|might|questionable|versus|vs|doubtful|equivocal|about|approximately|\?|~|either",
    "side": r"left|right|bilateral|unilateral|(?:para|posteror?|ventro)?lateral(?:ly)?"
    r"|paracentral|foraminal|extraforaminal|left[ -]sided|right[ -]sided",
    "degree": r"mild(?:ly)?|moderate(?:ly)?|severe(?:ly)?|slight(?:ly)?|marked(?:ly)?|minimal"
    r"|minimally|minor|major|large|small|high[ -]grade|low[ -]grade|early|advanced|significant",
    "fill": r"the|an?|on|is|are|there|also|which|its|discs?|levels?|lumbar|spine|vertebra(?:l|e)?"
    r"|bod(?:y|ies)|present|seen|findings?|only|just|for|[()'\"]|-(?!\d)",
}

ASKABLE = (
    "of a disc: pfirrmann 1 to 5, modic 0 to 3, disc space narrowing, disc bulging, herniation, "
    "protrusion, extrusion (migrated up or down 5 mm), endplate changes above or below, "
    "spondylolisthesis or retrolisthesis (grade 1 or 2, or 6 mm), annular fissure, vacuum, "
    "thickened ligamentum flavum, canal stenosis, and disc height, slip or canal depth in mm; "
    "of a vertebra (L1 to L5): fracture (wedge, biconcave or crush, genant 1 to 3, acute), marrow "
    "oedema, haemangioma; of the spine: scoliosis (25 degrees, apex L2-L3), conus at L2, sac end "
    "at S2"
)
"""All that can be asked for, for messages."""

NAMES: tuple[str, ...] = (
    "pfirrmann", "modic", "disc space narrowing", "disc bulging", "disc herniation", "protrusion",
    "extrusion", "endplate changes", "spondylolisthesis", "slip", "retrolisthesis",
    "annular fissure", "vacuum", "ligamentum flavum", "canal stenosis", "disc height",
    "canal depth", "fracture", "marrow oedema", "haemangioma", "scoliosis", "conus", "sac end",
    "wedge", "biconcave", "acute", "migrated", "degrees", "apex",
)  # fmt: skip
"""Single names, to tell one that is near to a word that is not understood."""


def compiled(patterns: dict[str, str]) -> dict[str, re.Pattern[str]]:
    """Patterns that don't end within a word."""
    return {
        name: re.compile(rf"(?:{text})(?:(?<![a-z])|(?![a-z]))") for name, text in patterns.items()
    }


RANGE = re.compile(rf" ?(?:or|to|and|/|-|and/or) ?(?:grade |type )?(?:{_ONE})")
"""What makes a grade doubtful that stands before it."""
