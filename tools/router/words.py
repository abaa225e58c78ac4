"""The words people use for kinds, quantities and what no tool assesses; misspelt words mended."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST = 500
"""Characters of an utterance that are read; a question about a study is never longer."""

_TRADE = """
abnormal abnormalities absent anterolisthesis anything bulge bulges bulging canal cancer
change collapsed compressed conclusion confidence correct degenerated degeneration delete
desiccated desiccation discs display endplate endplates evidence explain extruded extrusion
findings fracture grade height heights herniated herniation herniations image impression
infection levels listhesis lumbosacral measure measured measurement measurements metastasis
modic narrowed narrowing nerve numbering operation pathology pfirrmann picture please present
probability problem problems prolapse prolapsed protruded protrusion remove renumber report
restore scoliosis sentence sentences sequence sequences shift shorten shorter slipped spinal
spondylolisthesis standard stenosis stenotic surgery thanks tumour vertebra vertebrae
worst
"""
SPELT = frozenset(_TRADE.split())
"""Words of the trade that a misspelt word is mended to."""

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_VARIANTS = {
    "disk": "disc", "disks": "discs", "tumor": "tumour", "tumors": "tumours",
    "plz": "please", "pls": "please", "pic": "picture", "pics": "pictures",
    "wat": "what", "wats": "whats", "u": "you", "edema": "oedema",
    "mri": "mri", "hemangioma": "haemangioma", "color": "colour",
}  # fmt: skip
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def tidy(text: str) -> str:
    """Lower case, plain dashes and quotes, single spaces, British spelling of a few words."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).translate(_DASHES).replace("’", "'")
    plain = " ".join(plain.lower().replace("end plate", "endplate").split())
    return _WORD.sub(lambda m: _VARIANTS.get(m.group(), m.group()), plain)


@lru_cache(maxsize=4096)
def _nearest(word: str) -> str:
    """The one word of the trade that is nearest by edits, or the word itself.

    One edit is allowed from five letters on, two from seven on, any number of vowels and doubled
    letters from four on; the first letter must be right.
    """
    for candidate in sorted(SPELT):
        if len(word) > 3 and candidate[0] == word[0] and _skeleton(candidate) == _skeleton(word):
            return candidate
    allowed = 0 if len(word) < 5 else 1 if len(word) < 7 else 2
    best, distance = word, allowed + 1
    for candidate in sorted(SPELT):
        if candidate[0] != word[0] or abs(len(candidate) - len(word)) > allowed:
            continue
        edits = _edits(word, candidate)
        if edits < distance:
            best, distance = candidate, edits
    return best


def _skeleton(word: str) -> str:
    """Consonants without repeats; too short a skeleton is the word itself."""
    bare = re.sub(r"(.)\1+", r"\1", re.sub(r"[aeiou]", "", word))
    return bare if len(bare) > 2 else word


def _edits(first: str, second: str) -> int:
    """Edit distance with neighbouring letters swapped as one edit (optimal string alignment)."""
    rows = [list(range(len(second) + 1))]
    for i, a in enumerate(first, 1):
        row = [i]
        for j, b in enumerate(second, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def mend(text: str, known: frozenset[str]) -> str:
    """A tidy text with misspelt words of the trade put right; ``known`` words stay as they are."""

    def one(match: re.Match[str]) -> str:
        word = match.group()
        return word if word in known or word in SPELT else _nearest(word)

    return _WORD.sub(one, text)


_NOT_CANAL = r"(?!.{0,12}(?:canal|foram|recess))"
KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            "pfirrmann",
            r"pfirr?man+|\bdegenerat(?:ed|ion|ing)\b|desiccat|dehydrat|\bdri?ed\b|\bdry(?:ing)?\b"
            r"|\bworn\b|\bwear\b|\bblack discs?\b|\bdark discs?\b|water content|\bhydrat"
            r"|(?:loss|lost|los[st]s?|reduced|low|decreased)[\w ]{0,14} signal|signal loss",
        ),
        (
            "disc_narrowing",
            rf"(?<!canal )\bnarrow(?:ed|ing|s)?\b{_NOT_CANAL}|height (?:loss|reduc)"
            r"|(?:loss|lost|lose|reduced|decreased|reduction)"
            r"(?: of| in| any| some| its| their| the)?(?: disc)? height"
            r"|collaps|\bflatten|space[\w ]{0,4} reduced|reduced disc space"
            r"|\bthinn(?:ed|ing)\b|gap[\w -]{0,12} smaller",
        ),
        ("disc_bulging", r"\bbulg|\bbuldg|stick(?:s|ing)? out"),
        (
            "disc_herniation",
            r"\bherni|\bhnp\b|protru|extru|prolaps|sequest|ruptur"
            r"|slip(?:ped|s|ping)?(?: a| my| the)? disc|disc[\w ,-]{0,14} slipped",
        ),
        ("modic", r"\bmodic"),
        ("endplate_upper", r"(?:upper|superior|top) endplate|endplate_?upper"),
        ("endplate_lower", r"(?:lower|inferior|bottom) endplate|endplate_?lower"),
        ("endplates", r"\bendplate|\bschmorl"),
        (
            "spondylolisthesis",
            r"listhes|\bslip(?:ped|s|ping|page)?\b|out of place|out of line",
        ),
    )
)
"""Words of each kind, looked for in this order; ``endplates`` stands for both."""

QUANTITIES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (quantity, re.compile(pattern))
    for quantity, pattern in (
        (
            "disc_height",
            r"\bheights?\b|\bdhi\b|how (?:high|tall|thick|many mm is)|\bthick(?:ness)?\b|\bhigh\b",
        ),
        (
            "canal",
            r"\bcanals?\b|\bstenos|\bstenot|\b(?:thecal|dural) sac\b|\bap (?:diameter|width|depth)",
        ),
        ("slip", r"\bslip|listhes"),
    )
)
"""Words of each measured quantity."""

UNASSESSED = re.compile(
    r"\b(?:facet\w*|foram\w*|neuroforam\w*|recess\w*|tumou?rs?|cancers?|metasta\w*|malignan\w*"
    r"|lesions?|mass(?:es)?|fractur\w*|infect\w*|discitis|spondylodiscitis|abscess\w*|conus|cauda"
    r"|nerves?|roots?|radicul\w*|impinge\w*|compress\w*|cord|myelo\w*|scolio\w*|lordo\w*|kypho\w*"
    r"|cobb|pelvic|hardware|screws?|implants?|haemangioma\w*|cysts?|fissures?|tears?|ligament\w*"
    r"|flavum|sacroiliac|si joints?|kidneys?|aorta|bladder|hips?|muscles?|multifidus|goutallier"
    r"|osteopor\w*|osteophyt\w*|pars|marrow signal|bone marrow|scar|transitional|surg\w*|operat\w*"
    r"|treat\w*|therap\w*|medic(?:ine|ation)s?|drugs?|pain\w*|painkillers?|hurts?|ache\w*|numb\w*"
    r"|prognos\w*|heal\w*|exercis\w*|sports?|work again|paraly\w*|differential|previous (?:mri|scan"
    r"|exam\w*)|prior|last (?:mri|scan|exam\w*)|cervical|thoracic|neck|brain)\b"
)
"""Things that are asked of a spine examination and that no tool here looks at."""


def kinds_in(text: str) -> tuple[str, ...]:
    """The kinds of finding that a tidy text names, in the order of a report."""
    found: list[str] = []
    left = text
    for kind, pattern in KINDS:
        match = pattern.search(left)
        if not match:
            continue
        if kind == "endplates":
            if not any(k.startswith("endplate") for k in found):
                found += ["endplate_upper", "endplate_lower"]
            continue
        found.append(kind)
        # "slipped disc" is a herniation, so its words must not count as a slip as well
        left = pattern.sub(" ", left)
    return tuple(found)


def quantities_in(text: str) -> tuple[str, ...]:
    """The measured quantities that a tidy text names."""
    return tuple(name for name, pattern in QUANTITIES if pattern.search(text))
