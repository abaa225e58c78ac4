"""What a text says of how an image was made: modality, region, plane, weighting, contrast.

Rules on words, the first mention before later ones. What is not said stays empty; nothing is
guessed from what is likely.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from radixgpt.language.levels import find_levels
from radixgpt.language.spelling import Plain

_GLUED = re.compile(
    r"(?<=[a-z])(?=[A-Z][a-z]{2}|[A-Z]{2})|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})|(?<=\))(?=[A-Z][a-z])"
)
"""Where a title runs into the text behind it, as in "contrastMRI of the spine"."""

_WEIGHTED = (
    r"\b{n}(?=[- ]?(?:wi?\b|weigh\w*|mri\b|mr\b|gad\w*|sequence\w*|signal\w*|images?\b|axial"
    r"|sagittal|coronal|transverse|turbo|fast|spin|[ft]?se\b|space\b|hyper\w*|hypo\w*|flair|stir"
    r"|fat\b|fat-?(?:sat|sup)\w*|post\b|post-?contrast|with contrast"
    r"|(?:[- ]?(?:,|and|or|/) ?(?:turbo |sagittal )?t[12]\b)|(?: \w+){{1,3}} mri\b))"
    r"|(?<=sagittal ){n}\b(?!-| ?t\d|[- ](?:level|vertebra|disc))|(?<=axial ){n}\b(?!-t?\d)"
    r"|(?<=coronal ){n}\b(?!-t?\d)|(?<=-contrast ){n}\b(?! (?:level|vertebra))"
    r"|(?<=turbo ){n}\b|(?<=mri ){n}\b(?! (?:level|vertebra))|(?:\b(?:in|on) ){n}(?=[.,;]|$)"
)
_MODALITIES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "other",
        re.compile(
            r"\bpet\b|\bspect\b|scintigra\w*|\bbone scan|fluoroscop\w*|\bultraso\w*|\busg\b"
            r"|sonogra\w*|venogra\w*|discogra\w*|echocardiogra\w*|(?<!ct )(?<!mr )(?<!tomography )"
            r"angiogra\w*|gastrointestinal study|gastrografin|\bdexa\b|photograph\w*"
        ),
    ),
    (
        "MR",
        re.compile(
            r"\bmris?\b|magnetic resonance|\bmr\b|\bstir\b|\bmprage\b|\bflair\b|spin[- ]echo|"
            + _WEIGHTED.format(n="t[12]")
        ),
    ),
    (
        "CT",
        re.compile(
            r"(?<!pet )(?<!pet-)(?<!pet/)\bcts?\b(?![- ]guid)"
            r"|comput(?:ed|eri[sz]ed)(?: axial)? tomogra\w*"
        ),
    ),
    (
        "DX",
        re.compile(
            r"radiographs?\b|radiogra(?:phy|phic|phie)\b|radiograms?\b|\bx[- ]?rays?\b"
            r"|plain films?\b|roentgen\w*|invertogram"
        ),
    ),
)
_ELSEWHERE = (
    r"(?:brain|heads?(?! and neck)|skull|knees?|shoulders?|wrists?|elbows?|ankles?|(?:fore)?foot"
    r"|hands?|breasts?|heart|liver|femur)\b(?![- ]like)"
)
"""Parts of the body whose images show no spine; chest, abdomen and pelvis show it in part."""
_IMAGES = (
    r"(?:mris?|mr|cts?|x[- ]?rays?|radiogra(?:ph|phy|m)s?|images?|imaging|scans?|films?"
    r"|tomogra(?:phy|ms?)|magnetic resonance)"
)
_REGIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "cervical",
        re.compile(
            r"cervical|\bc-?spine\b|\bneck\b(?! of)|\batlas\b|atlant\w*|odontoid|atlo\w+|\bacdf\b"
        ),
    ),
    ("thoracic", re.compile(r"(?<!intra)thoracic|\bt-?spine\b|thoraco\w*|\bdorsal (?:spin|vert)")),
    ("thoracic", re.compile(r"dorso-?lumbar")),
    (
        "lumbar",
        re.compile(
            r"lumbar(?! (?:veins?|ureter|kidney|puncture|arter|region of the abd|area\b(?!\.|,|$)))"
            r"|lumbo-?\w*|\bl-?spine\b"
        ),
    ),
    ("sacral", re.compile(r"sacr(?:al|um|o)\w*|coccy\w*|lumbo-?sacral")),
    ("whole-spine", re.compile(r"(?:whole|full[- ]length|entire|total|full) spine")),
    (
        "other",
        re.compile(
            rf"\b{_IMAGES}(?: (?:images?|imaging|scans?|study|examination))? (?:of|through)"
            rf"(?: (?:the|an?|his|her|left|right|normal|adult))*? {_ELSEWHERE}"
            rf"|\b{_ELSEWHERE}(?: (?:plain|sagittal|axial|coronal|t[12]))?[- ]{_IMAGES}\b"
        ),
    ),
)
_NOT_A_PLANE = (
    r"(?! (?:diameters?|plane that|balance|alignment|angle|skelet\w+|process\w*|ligament\w*"
    r"|myelitis|axis|atlantal|clefts?|and passes|load\w*))"
)
_SHOT = (
    r"(?= (?:\w+[- ]){0,4}?(?:views?|radiogra\w+|x[- ]?rays?|projections?|films?|fluoroscop\w+"
    r"|images?|mpr|scout)\b| and lateral| \))"
)
_PLANES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("sagittal", re.compile(r"sagg?itt?al" + _NOT_A_PLANE)),
    (
        "axial",
        re.compile(
            r"(?<!co)\b(?:trans)?axial"
            + _NOT_A_PLANE
            + r"|transverse"
            + _NOT_A_PLANE
            + r"|cross[- ]section\w*(?! area)(?= \w+ (?:resonance|images?|ct|mri)| images?)"
        ),
    ),
    ("coronal", re.compile(r"coronal" + _NOT_A_PLANE)),
    (
        "ap",
        re.compile(
            r"(?:\b(?:antero-?posterior|postero-?anterior|posterior-anterior|ap|pa|dorso-?ventral"
            r"|frontal))\b" + _SHOT
        ),
    ),
    (
        "lateral",
        re.compile(
            r"(?:\blatero-?lateral|\bprofile|(?<!uni)(?<!bi)\blateral)\b"
            + _SHOT
            + r"|\bin lateral projection"
        ),
    ),
)
_SEQUENCES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("t1", re.compile(_WEIGHTED.format(n="t1"))),
    ("t2", re.compile(_WEIGHTED.format(n="t2"))),
    ("stir", re.compile(r"\bstir\b|short[- ]tau inversion")),
    ("pd", re.compile(r"\bproton[- ]density|\bpd[- ]?(?:w\b|weight\w*)")),
    ("flair", re.compile(r"\bflair\b")),
)
_WITH = re.compile(
    r"\b(?:with|after|following)(?: (?:iv|intravenous))? (?:contrast|gadolinium|gad)\b"
    r"|post-?(?: ?)contrast|contrast[- ]enhanced|enhanced (?:t1|ct|mri)|\bgad(?:olinium)?\b"
)
_WITHOUT = re.compile(
    r"\bwithout (?:iv |intravenous )?(?:contrast|gadolinium)\b|non-?contrast|\bpre-?contrast"
    r"|unenhanced|\bplain (?:ct|mri)\b"
)
_LETTER = {"C": "cervical", "T": "thoracic", "L": "lumbar", "S": "sacral"}


class Technique(BaseModel):
    """What a text says of an image; each list in the order in which it is said, empty if not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modalities: tuple[str, ...] = Field(description="MR, CT, DX or other")
    regions: tuple[str, ...] = Field(
        description="cervical, thoracic, lumbar, sacral, whole-spine, by words and by levels; "
        "other: a part of the body without spine, named as what is imaged"
    )
    named_regions: tuple[str, ...] = Field(description="Those of them that are named by words")
    planes: tuple[str, ...] = Field(description="sagittal, axial, coronal; ap, lateral: views")
    sequences: tuple[str, ...] = Field(description="t1, t2, stir, pd, flair")
    contrast: bool | None = Field(description="Whether contrast was given; null if not said")

    @property
    def modality(self) -> str | None:
        """The modality that is named first."""
        return self.modalities[0] if self.modalities else None


def find_technique(text: str) -> Technique:
    """Read how an image was made; never raises for any text."""
    plain = Plain(_GLUED.sub(". ", text)).text
    given, withheld = _WITH.search(plain), _WITHOUT.search(plain)
    modalities = _found(plain, _MODALITIES)
    named = _found(plain, _REGIONS)
    return Technique(
        modalities=modalities,
        regions=_merged(named, _regions_of_levels(plain)),
        named_regions=named,
        planes=_found(plain, _PLANES),
        sequences=_found(plain, _SEQUENCES) if modalities[:1] != ("CT",) else (),
        contrast=None if bool(given) == bool(withheld) else bool(given),
    )


def _found(text: str, rules: Iterable[tuple[str, re.Pattern[str]]]) -> tuple[str, ...]:
    """Names by the place of their first mention."""
    first: dict[str, int] = {}
    for name, pattern in rules:
        match = pattern.search(text)
        if match is not None:
            first[name] = min(match.start(), first.get(name, match.start()))
    return tuple(sorted(first, key=lambda name: first[name]))


def _merged(*lists: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in lists for name in some))


def _regions_of_levels(text: str) -> tuple[str, ...]:
    """The regions of levels: a disc belongs to its upper vertebra."""
    found: list[str] = []
    for mention in find_levels(text):
        named = mention.discs if mention.pair and mention.discs else mention.vertebrae
        found += [_LETTER[level[0]] for level in (named or mention.discs) if level[0] in _LETTER]
    return tuple(dict.fromkeys(found))
