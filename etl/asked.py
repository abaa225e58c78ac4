"""What the clinical information asks: "disc herniation at L4-L5?", "Ausschluss Spinalkanalstenose".

The impression answers it first. A question is told by its mark or its words, or by the label that
``radixgpt report --question`` puts before it; what it asks for, by a closed list of names in
English and German, whichever language the report is in. A name that no tool looks at is answered
by "not assessed", and a question without a known name is said to be left to the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etl.outline import item_nouns, items_of, not_looked_at
from etl.phrases import Phrases
from radixgpt.finding import ITEMS, Finding
from radixgpt.language.levels import find_levels
from radixgpt.language.spelling import Plain
from radixgpt.level import DISCS
from radixgpt.report import StudyFacts
from radixgpt.style import LANGUAGES

_ASKS = re.compile(
    r"\?|\b(?:question|query|queried|rule out|r/o|to exclude|exclusion of|suspected|suspicion of"
    r"|(?:evaluate|assess|look|check) for|frage|fraglich\w*|ausschlu(?:ss|ß)|ausschlie(?:ss|ß)en"
    r"|verdacht)\b",
    re.IGNORECASE,
)
_SUSPECTED = re.compile(r"\bV\. ?a\.(?: auf)?|\bz\. ?A\.(?: von)?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.?!;])\s+")

_ROOTS = ("lateral_recesses", "foramina")
_NAMED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"herniat\w*|prolaps\w*|protrus\w*|extru\w*|sequest\w*|slipped disc|p\.?i\.?v\.?d|\bnpp\b"
        r"|\bbsv\b|bandscheibenvorf[aä]ll\w*|\bvorf[aä]ll\w*|\bhernie\w*",
        ("disc_herniation",),
    ),
    (r"\bbulg\w*|vorwölbung\w*", ("disc_bulging",)),
    (r"degenerat\w*|osteochondros\w*|desiccat\w*|\bddd\b", ("pfirrmann",)),
    (
        r"narrowing of the disc|disc[ -](?:space |height )*narrowing|loss of disc height"
        r"|höhenminderung\w*",
        ("disc_narrowing",),
    ),
    (r"\bmodic\b", ("modic",)),
    (
        r"\bendplate\w*|\bend plate\w*|(?:grund|deck|end)platte\w*",
        ("endplate_upper", "endplate_lower"),
    ),
    (
        r"listhes\w*|slippage|vertebral slip|wirbelgleiten|gleitwirbel",
        ("spondylolisthesis",),
    ),
    (r"foramin\w*|neuroforam\w*", ("foramina",)),
    (r"recess\w*", ("lateral_recesses",)),
    (r"nerve root\w*|root compression|radiculopath\w*|nervenwurzel\w*|wurzelkompression", _ROOTS),
    (
        r"(?<!foraminal )(?<!foramen)(?<!recess )(?<!foramin)stenos[ie]s|\w*kanalstenose\w*"
        r"|spinal canal|claudicat\w*|claudicatio\w*",
        ("spinal_canal",),
    ),
    (r"facet\w*|spondylarthros\w*", ("facet_joints",)),
    (r"fractur\w*|fraktur\w*|sinterung\w*|\bfx\b", ("vertebral_bodies",)),
    (
        r"metasta\w*|tumou?r\w*|malignan\w*|myelom\w*|marrow|osteomyelit\w*|knochenmark\w*",
        ("marrow",),
    ),
    (r"discitis|spondylodis[ck]itis|infection|infekt\w*", ("marrow", "disc_spaces")),
    (
        r"cauda|conus|konus|myelo(?:n\b|path\w*)|spinal cord|cord (?:compress|signal|lesion)\w*"
        r"|rückenmark\w*",
        ("cord", "conus"),
    ),
    (r"scolios\w*|skolios\w*", ("scoliosis", "alignment")),
    (r"alignment|lordos\w*|kyphos\w*", ("alignment",)),
    (r"hardware|screws?\b|implant\w*|schraube\w*", ("implants",)),
    (r"paraspinal\w*|paravertebral\w*|abscess\w*|abszess\w*", ("paraspinal",)),
)
_PATTERNS = tuple(
    (re.compile(rf"(?:{pattern})", re.IGNORECASE), kinds) for pattern, kinds in _NAMED
)


@dataclass(frozen=True)
class Asked:
    """What one sentence asks.

    Attributes:
        kinds: of findings, in the order of the list of names; empty where none is known.
        levels: discs that it names; empty where it asks of all.
    """

    kinds: tuple[str, ...]
    levels: tuple[str, ...] = ()


def label(phrases: Phrases) -> str:
    """What stands before a question that was given as one: ``Question:``."""
    return phrases.say("clinical_question", text="").strip()


def asked_in(text: str) -> tuple[Asked, ...]:
    """What the clinical information asks, question by question.

    Args:
        text: of the section, as it stands in the report.
    """
    said = _SUSPECTED.sub("Verdacht auf", text)
    begins = min((i for w in _labels() if (i := said.find(w)) >= 0), default=len(said))
    told = [s for s in _SENTENCE_END.split(said[:begins]) if _ASKS.search(s)]
    given = [s for s in _SENTENCE_END.split(said[begins:]) if s.strip()]
    return tuple(_asked(sentence) for sentence in (*told, *given))


def _labels() -> Iterator[str]:
    for language in LANGUAGES:
        yield label(Phrases(language=language))


def _asked(sentence: str) -> Asked:
    kinds = dict.fromkeys(
        kind for pattern, named in _PATTERNS if pattern.search(sentence) for kind in named
    )
    levels = {level for mention in find_levels(Plain(sentence).text) for level in mention.discs}
    return Asked(tuple(kinds), tuple(sorted(levels, key=DISCS.index)))


def unknown(asked: Sequence[Asked]) -> bool:
    """Whether something is asked and nothing of it has a known name."""
    return bool(asked) and not any(one.kinds for one in asked)


def unseen_asked(
    unseen: Sequence[Finding], asked: Sequence[Asked], phrases: Phrases, *, graded: bool
) -> tuple[str, tuple[str, ...]] | None:
    """The sentence on what is asked and no tool looks at, and its findings; None where all is seen.

    Args:
        unseen: the findings that say so.
        asked: in the clinical information.
        phrases: of the style.
        graded: whether levels were measured, as in no draft that is only laid out.
    """
    wanted = [kind for one in asked for kind in one.kinds]
    if not (found := [f for f in unseen if f.kind in wanted]):
        return None
    nouns = phrases.list_and(item_nouns(found, phrases, graded=graded))
    return phrases.say("not_assessable", parts=[nouns]), tuple(f.id for f in found)


def with_items(
    findings: Sequence[Finding], asked: Sequence[Asked], facts: StudyFacts
) -> tuple[Finding, ...]:
    """The findings with one, "not assessed", for each place that is asked and no tool looks at.

    Drafts that are laid out list such places anyway, and drafts of refused studies say that nothing
    was looked at.
    """
    if not facts.gradable:
        return tuple(findings)
    kept = [f for f in findings if f.kind not in ITEMS]
    places = items_of("MR", "lumbar")
    wanted = dict.fromkeys(k for one in asked for k in one.kinds if k in places)
    first = max((int(f.id.removeprefix("f")) for f in kept if f.id[1:].isdigit()), default=0) + 1
    items = [
        not_looked_at(kind).model_copy(update={"id": f"f{first + place}"})
        for place, kind in enumerate(wanted)
    ]
    return (*kept, *items)
