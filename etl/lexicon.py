"""The words that the reader of sentences knows, apart from the templates that write them.

Text is cut into tokens, each by the first pattern that fits, and the levels among them are put
together to sets.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from radixgpt.eligibility import REASONS
from radixgpt.level import DISCS, LUMBAR_DISCS

_GRADE = r"(?:i{1,3}|iv|v|[0-9]+)"
_DEGREE = r"(?:(?P<degree{n}>minimal|mild|moderate|severe) )?"
_SERIES_WORD = r"(?:[- ](?:or|and|/)[- ]?t[12])?[- ]?(?:weighted|series|sequence|slices?|images?)"

PATTERNS: tuple[tuple[str, str], ...] = (
    ("sequence", rf"t[12]{_SERIES_WORD}\b"),
    ("five", r"(?:all |the )*five lumbar (?:levels|discs)|(?:all|every) (?:the )?lumbar levels?"),
    ("disc", r"(?:[ctls])\d{1,2} ?(?:[-/]| on ) ?(?:[ctls])?\d{1,2}(?!\w|\.\d)"),
    ("vertebra", r"[ctls]\d{1,2}(?!\w|\.\d)"),
    (
        "modic",
        rf"(?:types? (?P<modic_a>{_GRADE}) )?modic(?: types?)?(?: (?P<modic_b>{_GRADE})\b)?"
        r"(?:[- ]type)?(?: (?:endplate |marrow |signal )*changes?)?",
    ),
    ("pfirrmann", rf"pfirrmann(?: grade)? (?P<pfirrmann_grade>{_GRADE})\b"),
    ("meyerding", rf"meyerding(?: grade)? (?P<meyerding_grade>{_GRADE})\b"),
    ("superlative", r"most (?:severe|marked|pronounced)"),
    (
        "degeneration",
        _DEGREE.format(n="_a")
        + r"(?:intervertebral )?(?:disc )?degeneration(?: grade)?"
        + r"|"
        + _DEGREE.format(n="_b")
        + r"degenerative (?:disc )?(?:disease|changes?)",
    ),
    ("height_index", r"disc height index"),
    (
        "narrowing",
        r"(?:disc[ -](?:space|height) |disc )?narrowing|narrowed disc(?: space)?"
        r"|(?:loss of|reduced) disc height|disc height loss",
    ),
    ("disc_height", r"disc height"),
    ("bulging", r"(?:disc )?bulg(?:es?|ing)"),
    ("herniation", r"(?:disc )?herniations?|herniated disc"),
    (
        "endplates",
        r"(?:other )?(?:(?P<plate_a>upper and lower|upper|lower) )?endplate changes?"
        r"(?: (?P<plate_b>above and below|above but not below|below but not above|above|below)"
        r"(?: the disc)?)?",
    ),
    ("listhesis", r"spondylolisthes[ie]s"),
    ("scoliosis", r"scoliosis"),
    ("curve", r"(?:sideways |lateral )?curve(?: angle)?"),
    ("degrees", r"(?P<angle>\d+) ?(?:degrees?\b|°)"),
    ("slip", r"(?:(?P<direction>anterior|posterior) )?slip(?:page)?"),
    ("canal", r"(?:midline |anteroposterior )*(?:spinal )?canal (?:depth|diameter)"),
    ("millimetres", r"(?P<length>\d+(?:\.\d+)?) ?(?:mm|millimet(?:re|er)s?)\b"),
    ("percent", r"(?P<share>\d+(?:\.\d+)?) ?(?:%|per ?cent)"),
    ("ratio", r"(?P<ratio_number>\d+\.\d+)(?![\w%])"),
    ("side_after", r"(?:on|to) the (?P<side_b>left|right)(?: side)?"),
    ("side", r"(?P<side_a>left|right|bilateral)(?:[- ]sided)?"),
    (
        "not_assessable",
        r"not (?:assessed|assessable|graded|gradable)|(?:could not|cannot) be (?:assessed|graded)",
    ),
    (
        "indeterminate",
        r"indeterminate|undetermined|(?:could not|cannot) be determined",
    ),
    ("unlocated", r"could not be located"),
    (
        "negated_before",
        r"not (?:seen|present|identified|visible|evident|shown|found|detected)|absent",
    ),
    ("negates", r"no evidence of|no|without|neither|absence of"),
    ("affirmed_before", r"present|seen|identified|visible|evident|shown|found|detected|noted"),
    ("ends", r"but|although|while|however|whereas"),
    ("with", r"with"),
    ("word", r"[a-z]+(?:['-][a-z]+)*"),
    ("number", r"\d+(?:[.,]\d+)*"),
    ("mark", r"[,:()/&+%-]"),
    ("other", r"\S"),
)
TOKEN = re.compile(
    "|".join(
        f"(?P<{name}>{pattern})"
        if name in ("mark", "other")
        else rf"(?P<{name}>(?<![\w-])(?:{pattern})(?!\w))"
        for name, pattern in PATTERNS
    ),
    re.IGNORECASE,
)

PLAIN_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
    a an the this that these those there here it its they their which who at in on of for from
    to through by as into between within and or nor also both is are was were be been being
    has have had shows show showing demonstrates demonstrate demonstrating reveals reveal
    revealing does do appears appear suggests suggest suggesting consistent reported graded
    stated given recorded measured measures measuring measurement measurements estimated about
    approximately grade graded disc discs intervertebral space level levels lumbar spine
    lumbosacral slice slices mid-sagittal midsagittal sagittal midline image images study
    series single vertebra vertebral body depth endplate endplates associated additional
    accompanying together only main overall summary finding findings impression probable
    probably possible possibly likely definite definitely suspected assessment reader model
    automated draft low confidence below threshold because since located identified evaluable
    radiograph radiographs view views ap lateral
    """,
    )
)
"""Words that claim nothing by themselves; any other word is a problem."""

_REASON_TEXTS = tuple(sorted(REASONS.values(), key=len, reverse=True))
_LINKS = {",", "and", "or", "to", "through", "&"}
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}


@dataclass(frozen=True)
class Token:
    """A piece of a clause: the name of its pattern, its text and its match."""

    name: str
    text: str
    match: re.Match[str]


def number(grade: str) -> int:
    """Roman or Arabic numeral to a number."""
    lowered = grade.lower()
    return _ROMAN[lowered] if lowered in _ROMAN else int(lowered)


def clean(text: str) -> str:
    """Unify dashes and spaces, and take out the fixed sentences on why a study is refused."""
    text = unicodedata.normalize("NFKC", text)
    for reason in _REASON_TEXTS:
        text = text.replace(reason, "")
    text = re.sub("[‐‑‒–—−]", "-", text)
    return re.sub(r"[ \t]+", " ", text)


def tokenize(clause: str) -> list[Token]:
    """A clause as tokens; only white space is left out."""
    return [
        Token(next(name for name, _ in PATTERNS if match[name] is not None), match[0], match)
        for match in TOKEN.finditer(clause)
    ]


def disc_name(text: str) -> str | None:
    """A disc as written (``L4-L5``, ``L4/5``, ``L5 on S1``) by its proper name, None if none is."""
    match = re.fullmatch(
        r"([ctls])(\d{1,2}) ?(?:[-/]| on ) ?([ctls])?(\d{1,2})", text.strip(), re.IGNORECASE
    )
    if match is None:
        return None
    part, first, second_part, second = match.groups()
    above = f"{part.upper()}{int(first)}"
    below = f"{(second_part or part).upper()}{int(second)}"
    name = f"{above}-{below}"
    return name if name in DISCS else None


def level_sets(tokens: list[Token], problems: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Sets of levels as (first token, last token, levels); lists and ranges are put together."""
    sets: list[tuple[int, int, tuple[str, ...]]] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.name == "vertebra":
            problems.append(f"names {token.text}, a vertebra, of which no finding is stated")
        if token.name not in ("disc", "five"):
            position += 1
            continue
        levels: list[str] = []
        first = last = position
        link = ","
        while True:
            token = tokens[position]
            if token.name == "five":
                levels.extend(LUMBAR_DISCS)
            else:
                name = disc_name(token.text)
                if name is None:
                    problems.append(f"'{token.text}' is not a disc")
                elif link in ("to", "through") and levels:
                    begin, end = DISCS.index(levels[-1]), DISCS.index(name)
                    if begin >= end:
                        problems.append(f"the levels {levels[-1]} to {name} run the wrong way")
                    levels.extend(DISCS[begin + 1 : end + 1])
                else:
                    levels.append(name)
            last = position
            ahead = position + 1
            words = []
            while ahead < len(tokens) and tokens[ahead].text.lower() in _LINKS:
                words.append(tokens[ahead].text.lower())
                ahead += 1
            if not words or ahead >= len(tokens) or tokens[ahead].name not in ("disc", "five"):
                break
            link, position = words[-1] if len(words) == 1 else "and", ahead
        if len(set(levels)) != len(levels):
            problems.append("names a level twice")
        if levels:
            sets.append((first, last, tuple(dict.fromkeys(levels))))
        position = last + 1
    return sets
