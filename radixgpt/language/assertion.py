"""What a sentence says of what it names: there, not there, perhaps, or once.

Triggers with a scope, after the idea of NegEx (Chapman 2001) and ConText (Harkema 2009): words
before a finding reach forward, words after it reach back, and both stop where the thought turns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from radixgpt.case import Assertion

_CHANGE = (
    r" (?:(?:significant|interval|definite|appreciable|relevant|substantial|further"
    r"|evidence of|new) )*"
    r"(?:(?:changes?|progression|worsening|increase|decrease|enlargement|growth|improvement"
    r"|deterioration|loosening|widening) (?:in|of|from|since)\b|height loss of the\b)"
)
"""After "no": what follows is there, and was before."""
_NOT = r"(?:not|(?:is|are|was|were|does|do|did|has|have)n['’]t)"
_LESION = (
    r"bulg|herniat|protru|extru|sequest|prolaps|desicc|dehydrat|degenerat|slip|spondylolisth|listhe"
    r"|anterolisth|retrolisth|stenos|modic|fissur|torn|fractur"
)
"""How the lesions begin that "not" denies without a verb of seeing: "not herniated"."""
_NO = re.compile(
    rf"\b(?:no longer|no(?!{_CHANGE}| more than\b)|nil|without(?!{_CHANGE})|absence of"
    r"|insufficient to cause|negative for|free of"
    r"|free from|neither|nor|lack of|rather than|instead of|fails? to|never|den(?:ies|ied)"
    rf"|(?:can ?not|can['’]t|(?:could|do|did)(?: not|n['’]t)) (?:see|find|identify|detect)"
    rf"(?! (?:an?y? )?{_CHANGE[1:]})"
    r"(?! (?:the |its |an? )?(?:\w+ )?(?:level|site|cause|extent|origin|source)s?\b)"
    rf"|{_NOT} (?:caus|show|compress|associat|result|produc|demonstrat|indent|narrow|displac|abut"
    r"|encroach|imping|significantly|reach|touch|contact)\w*"
    rf"|absent(?= (?!(?:in|on|at|from|and|or|but|with)\b)[a-z])"
    rf"|{_NOT}(?: (?:an?|any))?(?: (?:true|frank|real|discrete|definite))?"
    rf"(?= (?:discs? )?(?:{_LESION}))|non(?=[- ]?(?:{_LESION})))"
    r"\b(?! ?\.? ?\d)|\b(?:ruled out|excluded|absent) ?:"
)
_THEN = r" (?:on|in|at) (?:the |an? )?(?:prior|previous|earlier|last|old|preceding|initial)\b"
"""Behind what was not seen then, so that it is new."""
_NOT_SEEN = re.compile(
    r"\b(?:(?:(?:can)?not|no longer) (?:be )?(?:clearly |definitely |well )?"
    r"(?:seen|present|identified|evident|noted|demonstrated|visuali[sz]ed|appreciated|detected"
    r"|shown|found|observed|apparent|visible|compressed|involved|affected|narrowed|stenosed)"
    rf"(?!{_THEN})"
    r"|(?:is|are|was|were) (?:absent|(?:seen|present|noted|identified) neither)"
    r"|(?<!be )(?:ruled out|excluded|denied)(?! ?:))\b"
)
_UNTICKED = re.compile(r"\[ ?\]")
"""A box of a form that nobody ticked: what it stands for is neither there nor denied."""
_NONE = re.compile(r" ?[:=] ?(?:none|nil|no|absent|negative)\b(?= *(?:[.,;)]|$))")
"""What a form fills in behind a finding: "herniation: none"."""
_UNSAID = re.compile(
    r"\b(?:not|cannot be|can not be|could not be) (?:assess|grad|evaluat|includ|measur|determin)\w+"
    r"|\b(?:indeterminate|undetermined|non-?diagnostic)"
)
_ADVICE = re.compile(
    r"\b(?:(?:consider|recommend\w*|advis\w*|suggest(?:ed|s)?|correlat\w+)\b"
    r"[^.]*?\bto (?:exclude|rule out|evaluate|assess|look)|(?:evaluate|assess) for)\b"
)
"""What is advised states nothing of what it looks for."""
_PERHAPS = re.compile(
    r"\b(?:probabl\w+|possibl\w+|possibility of|likely|suggest\w*(?: of)?|suspicious|suspicion"
    r"|suspected|may(?! \d)|might|could (?:be"
    r"|represent)|query|questionable|r/o|rule out|to exclude|excluding (?=an?\b|any\b)"
    r"|presum\w+|versus|vs|differential|concern\w* for|(?:hardly|barely|scarcely) any|not quite"
    r"|unlikely|doubtful|equivocal|potential(?:ly)?|(?:argu|speak|militat)\w* against"
    r"|(?:can ?not|can['’]t|could not|unable to) (?:\w+ly )?(?:exclude|rule out)"
    r"|mostly(?! (?:at|in|noted|on|seen|around|involving|l\d)))\b"
    r"|\?+(?! *(?:cor?r|for\b|needs?|advis|clinical|please|to be|contrast))"
)
_PERHAPS_AFTER = re.compile(
    r"\b(?:(?:can ?not|can't|could not) be (?:completely |entirely |definitely )?(?:excluded"
    r"|ruled out)|not (?:completely |entirely )?(?:excluded|ruled out)|(?:is|are|remains?)"
    r" (?:also )?(?:(?:felt|thought|considered) (?:to be )?)?(?:possible|suspected|likely|probable"
    r"|questionable|unlikely|(?:less|not) likely|doubtful|equivocal)|should be considered)\b|\(\?\)"
    r"|(?<!scan )(?<!us )\?+(?=\W*$)"
)
_TOLD = r"(?:seen|noted|described|demonstrated|reported|identified|shown|known|mentioned)"
"""Behind "previously", of what is there still unless the text says what became of it."""
_ONCE = re.compile(
    rf"\b(?:history of|resolution of|operated case of|following|h/o"
    rf"|previous(?!ly {_TOLD})\w*(?! {_TOLD})|prior"
    r"|known(?: case of| to have)?|status post|s/p|remote|formerly|past|resolved|healed)\b"
)
_COMPARED = re.compile(
    r"\b(?:compar\w+ (?:to|with)|since|from|than|relative to)(?: (?:the|an?|her|his|last))* $"
)
_STUDY = re.compile(r" *(?:stud|exam|mri?\b|ct\b|scan|imag|report|film|radiograph|one\b|[,.;]|$)")
"""Around "prior", of the study that this one is compared with: what is said is of today."""
_STILL = re.compile(
    r"\b(?:unchanged|stable|still|persist\w*|progress\w*|(?:in|de)creased|larger|smaller|again)\b"
)
"""What a known lesion is or does today."""
_NOW = re.compile(
    r"\b(?:new|now|current\w*|residual|recurrent|persist\w+|remaining)\b"
    r"|(?:,| with)(?= (?:mild|moderate|severe|marked|left|right)\b)"
)
"""Where what was once ends, and what is there today begins."""
_ONCE_AFTER = re.compile(r"\b(?:resolved|healed)\b")
_EXCEPT = r"except\w*|apart from|aside from|other than"
_TURN = re.compile(
    rf"\b(?:but|however|although|though|while|whereas|{_EXCEPT}|otherwise|yet|only|noting)\b"
    r"|[;:?|[]|\. "
)
_DESPITE = re.compile(r"\b(?:despite|in spite of|notwithstanding)\b")
"""Before what is there all the same: no denial that comes earlier reaches past it."""
_EXCEPTED = re.compile(rf"\b(?:{_EXCEPT}|but for)\b")
_OWN_DEGREE = re.compile(
    r" (?:and|with) (?:an? |there is )?(?:mild|moderate|severe|marked|minimal)(?:ly)?"
    r"(?! (?:or|to)\b)"
)
"""Where "no" ends, as what comes has a degree: "no stenosis and mild bulging"."""
_LIST_ENDS = re.compile(
    r" *(?:(?:and )?(?:with|associated|adequate|normal|preserved|mild|moderate|severe|diffuse|small"
    r"|large|there|the|caus|result|lead|extend|more|also|which|where|central|left|right|multi"
    r"|however|grade|modic(?! (?:endplate )?changes?(?:,| n?or\b))|most|wide|broad|old)"
    r"|(?!bulging|narrowing|thickening)[a-z]+ing\b|[ctls]\d)"
)
_CAUSE = re.compile(
    r" (?:from|by|because(?: of)?|due to|related to|secondary to|caused by|resulting from"
    r"|as a result of|in|around"
    r"|(?<!evidence )(?<!sign )(?<!signs )(?<!recurrence )(?<!suggestion )of)"
    r" (?=(?:the|this|that|these|an?) (?:[\w/-]+ ){0,4}?[a-z]*"
    r"(?:protrusion|extrusion|bulge|herniation|fracture|spondylolisthesis|slip|hemangioma|defect"
    r"|scar|osteophyte|hypertrophy|screw|surgery|fusion|lesion)|[a-z]+s at\b)"
)
"""Before what a denial takes to be there."""
_CAUSE_ENDS = re.compile(r",| n?or (?!the\b)")
_OR = re.compile(r"\bn?or\b")
_OR_COMMA = re.compile(r",|\bn?or\b")
_DOES = re.compile(
    r"\b(?:(?:compress|indent|encroach|effac|displac|abut|imping|caus|result|obliterat)\w*ing"
    r"|with|associated)\b"
)
_ORDER: tuple[Assertion | None, ...] = (None, "absent", "uncertain", "historical")
_TRIGGER = re.compile(
    r"\?|\[ ?\]|n['’]t\b"
    r"|\b(?:consider|recommend|advis|evaluate|assess|correlat|nil|unlikely|doubtful|equivocal"
    r"|potential|argu|speak|militat|rather|instead|insufficient|unable|should|no|not|without"
    r"|absen|negative|free|neither|nor|lack|fail|never|den[iy]|ruled|exclud"
    r"|hardly|barely|scarcely|probab"
    r"|possib|likely|suggest|suspic|suspect|may|might|could|can|indeterm|undeterm|non|query|question|r/o|rule|presum"
    r"|versus|vs|differ|concern|mostly|history|h/o|previous|prior|known|status|s/p|remote|former"
    r"|past|resol|healed)"
)
"""What every trigger begins with, so that most sentences need no further look."""
_FARTHEST = 400
"""How far, in characters, a denial reaches at all."""
_NEAR = 40
"""How far, in characters, a word of history reaches."""


@dataclass(frozen=True)
class Scope:
    """Part of a sentence that one trigger rules.

    Attributes:
        assertion: what holds of findings that begin within; None if nothing is said of them.
        start: first character in the text.
        end: last character + 1.
    """

    assertion: Assertion | None
    start: int
    end: int


def find_scopes(text: str, start: int, end: int) -> list[Scope]:
    """Scopes of the triggers within one sentence of a text in one spelling."""
    scopes: list[Scope] = []
    sentence = text[start:end]
    if _TRIGGER.search(sentence) is None:
        return scopes
    turns = [match.start() + start for match in _TURN.finditer(sentence)]
    against = sorted(turns + [match.start() + start for match in _DESPITE.finditer(sentence)])
    perhaps_after = [match.span() for match in _PERHAPS_AFTER.finditer(sentence)]

    def ahead(position: int, stop: Callable[[str], int]) -> int:
        limit = min((turn for turn in against if turn >= position), default=end)
        return position + stop(text[position:limit])

    def back(position: int) -> int:
        return max((turn for turn in turns if turn < position), default=start)

    for match in _UNSAID.finditer(sentence):
        position = match.start() + start
        names = sentence[match.end() :].lstrip(" d").startswith(":")
        scopes.append(Scope(None, position, end) if names else Scope(None, start, position))
    for match in _ADVICE.finditer(sentence):
        point = text.find(".", match.end() + start, end)
        scopes.append(Scope(None, match.end() + start, end if point < 0 else point))
    for match in _UNTICKED.finditer(sentence):
        scopes.append(Scope(None, match.end() + start, ahead(match.end() + start, len)))
    for match in _NOT_SEEN.finditer(sentence):
        if not _within(match.start(), perhaps_after):
            position = match.start() + start
            scopes.append(Scope("absent", back(position), position))
    for match in _NONE.finditer(sentence):
        position = match.start() + start
        entry = max(back(position), text.rfind(",", start, position) + 1)
        scopes.append(Scope("absent", entry, position))
    for match in _NO.finditer(sentence):
        if not _NOT_SEEN.match(sentence, match.start()):
            position = match.end() + start
            stop = ahead(position, _length_of_denial)
            scopes.extend(
                Scope("absent", first, last)
                for first, last in _without_causes(text, match.start() + start, position, stop)
            )
    for first, _ in perhaps_after:
        scopes.append(Scope("uncertain", back(first + start), first + start))
    for match in _PERHAPS.finditer(sentence):
        if not _within(match.start(), perhaps_after):
            position = match.end() + start
            scopes.append(Scope("uncertain", position, ahead(position, _length_of_doubt)))
    for match in _ONCE.finditer(sentence):
        if _COMPARED.search(sentence, 0, match.start()) and _STUDY.match(sentence, match.end()):
            continue
        if match[0] == "known" and _STILL.search(sentence, match.end()):
            continue
        position = match.end() + start
        now = _NOW.search(text, position, min(position + _NEAR, end))
        stop = min(position + _NEAR, end) if now is None else now.start()
        scopes.append(Scope("historical", position, stop))
    for match in _ONCE_AFTER.finditer(sentence):
        scopes.append(Scope("historical", back(match.start() + start), match.start() + start))
    return scopes


def assertion_at(scopes: list[Scope], *positions: int) -> Assertion | None:
    """What holds of a finding whose words begin at ``positions``: denial goes before doubt.

    None where the sentence says that it was not looked at.
    """
    held = {
        scope.assertion
        for scope in scopes
        if any(scope.start <= position < scope.end for position in positions)
    }
    return next((one for one in _ORDER if one in held), "present")


def excepted(text: str, finding: int, place: int) -> int | None:
    """Where what is said of a finding leaves off for a place: "no bulge *except* at L4-L5".

    Args:
        text: in one spelling.
        finding: last character of the finding + 1.
        place: first character of the place.

    Returns:
        The last character + 1 of the word between them that does so, None if there is none.
    """
    found = _EXCEPTED.search(text, finding, place)
    return None if found is None else found.end()


def _within(position: int, spans: list[tuple[int, int]]) -> bool:
    return any(first <= position < last for first, last in spans)


def _length_of_denial(text: str) -> int:
    """How far "no" reaches: past a comma only while a list goes on ("no a, b or c")."""
    position = 0
    text = text[:_FARTHEST]
    other = _OWN_DEGREE.search(text)
    if other is not None:
        text = text[: other.start()]
    while (comma := text.find(",", position)) >= 0:
        rest = text[comma + 1 :]
        if _OR.match(rest.lstrip()):
            position = comma + 1
            continue
        segment = _OR_COMMA.split(rest, maxsplit=1)[0]
        goes_on = _OR.search(rest) is not None and len(segment.split()) <= 5
        if not goes_on or _LIST_ENDS.match(rest):
            return comma
        position = comma + 1
    return len(text)


def _without_causes(text: str, start: int, position: int, stop: int) -> list[tuple[int, int]]:
    """A denial's parts without what it takes to be there: "no stenosis from *the L4-5 bulge*"."""
    parts: list[tuple[int, int]] = []
    while (cause := _CAUSE.search(text, position, stop)) is not None:
        comma = _CAUSE_ENDS.search(text, cause.end(), stop)
        parts.append((start, cause.start()))
        start = position = stop if comma is None else comma.start()
    return [*parts, (start, stop)]


def _length_of_doubt(text: str) -> int:
    """How far "probably" reaches: past a comma only to another short name, not to what it does."""
    does = _DOES.search(text, 2)  # "possibly compressing" doubts that it compresses
    text = text[: does.start()] if does is not None else text
    position = 0
    while (comma := text.find(",", position)) >= 0:
        rest = text[comma + 1 :]
        segment = rest.split(",")[0]
        if len(segment.split()) > 3 or _LIST_ENDS.match(rest):
            return comma
        position = comma + 1
    return len(text)
