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
help modic narrowed narrowing nerve numbering operation pathology pfirrmann picture please present
probability problem problems prolapse prolapsed protruded protrusion remove renumber report
restore scoliosis sentence sentences sequence sequences shift shorten shorter slipped spinal
spondylolisthesis standard stenosis stenotic surgery thanks tumour undo vertebra vertebrae
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
    plain = " ".join(
        plain.lower().replace("end-plate", "endplate").replace("end plate", "endplate").split()
    )
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
            r"|\bworn\b|\bwear\b|\bblack discs?\b|\bdark(?:er|est)?\b|water content|\bhydrat"
            r"|(?:loss|lost|los[st]s?|reduced|low|decreased)[\w ]{0,14} signal|signal loss",
        ),
        (
            "disc_narrowing",
            rf"(?<!canal )\bnarrow(?:ed|ing|s)?\b{_NOT_CANAL}|height (?:loss|reduc)"
            r"|(?:loss|lost|lose|reduced|decreased|reduction)"
            r"(?: of| in| any| some| its| their| the)?(?: disc)? height"
            r"|collaps|\bflatten|squash|space[\w ]{0,4} reduced|reduced disc space"
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
            r"listhes|\bslip(?:ped|s|ping|page)?\b|out of place|out of line|\bmeyerding",
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
            r"\bcanals?\b|\bstenos|\bstenot|\bsac\b|\bap (?:diameter|width|depth)",
        ),
        ("slip", r"\bslip|listhes"),
    )
)
"""Words of each measured quantity."""

UNASSESSED = re.compile(
    r"\b(?:facet\w*|foram\w*|neuroforam\w*|recess\w*|tumou?rs?|cancers?|metasta\w*"
    r"|malignan\w*|lesions?|mass(?:es)?|fractur\w*|infect\w*|discitis|spondylodiscitis"
    r"|abscess\w*|conus|cauda|nerves?|nerve roots?|(?:[ls] ?[1-5]|xvert"
    r"|root)[ -]roots?|roots? (?:contact|compression|impingement|affected)|radicul\w*"
    r"|impinge\w*|compress\w*|cord|myelo\w*|scolio\w*|lordo\w*|kypho\w*|cobb|pelvic"
    r"|hardware|screws?|implants?|haemangioma\w*|cysts?|fissures?|annular tears?"
    r"|ligament\w*|flavum|sacroiliac|si joints?|kidneys?|aorta|bladder|hips?|muscles?"
    r"|multifidus|goutallier|osteopor\w*|osteophyt\w*|pars|marrow signal|bone marrow"
    r"|scar|transitional|surg\w*|operat\w*|treat\w*|therap\w*|medic(?:ine|ation)s?"
    r"|drugs?|pain\w*|painkillers?|hurts?|ache\w*|numb\w*|prognos\w*|heal\w*"
    r"|exercis\w*|sports?|work again|paraly\w*|differential|previous (?:mri|scan"
    r"|exam\w*)|prior|last (?:mri|scan|exam\w*|year)|cervical|thoracic|neck|brain"
    r"|spondylitis|ankylos\w+|inject\w*|steroids?|physio\w*|work-?up|fusion|crooked"
    r"|arthrit\w*|arthros\w*|effusion|wheelchair|to walk|tingling|toes?|my (?:feet"
    r"|foot|legs?)|pregnan\w+|over time|than before|since (?:my|the|last)"
    r"|compared (?:with|to)|unchanged|progress\w*|neoplas\w*|oedema|epidural"
    r"|h(?:a?)ematomas?|nodes|psoas|syrinx|arachnoid\w*|lipomatosis|incidental|liver"
    r"|spleen|genant|schizas|castellvi|fujiwara|baastrup|lee grade|pelvis|sacral slope"
    r"|injur\w*|dangerous|diagnosis|surgeon|pills?|cured?|second opinion|deformit\w+"
    r"|curvature|cage|odi)\b"
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


CUES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (cue, re.compile(rf"(?:{pattern})"))
    for cue, pattern in (
        (
            "asks",
            r"^(?:and |so |ok |but |then )*(?:is|are|was|were|does|do|did|has|have|can"
            r"|could|would|will|should|whats?|what's|which|how|why|where|when|who|any"
            r"|am|at (?:which|how|what))\b",
        ),
        (
            "you",
            r"\b(?:you|your|yourself|assistant|program|software|app)\b",
        ),
        (
            "i",
            r"\b(?:i|my|me|i'm|we|our)\b",
        ),
        (
            "show",
            r"\b(?:show|display|view|see|look at|pictures?|images?|photo|open|pull up"
            r"|bring up|mark|point|outlined?|where|visuali[sz]e|slices?|render|zoom)\b",
        ),
        (
            "explain",
            r"\b(?:why|explain|sure|certain|certainty|confiden\w+|probabilit\w+|likely"
            r"|likelihood|evidence|basis|reason\w*|how come|how do you know|really"
            r"|softmax|based on|justify|what makes|how did you|doubt|convinced"
            r"|speaks for|odds|back up|safe call|posterior|trust|reliable"
            r"|reliability)\b",
        ),
        (
            "remove",
            r"\b(?:remove|delete|drop|omit|erase|strike|(?:leave|take"
            r"|cut)(?: [\w-]+){0,3} out|skip|without|don't mention|get rid|exclude"
            r"|gone|scratch|don't want)\b",
        ),
        (
            "set",
            r"\b(?:set|change|correct|fix|mark|make|put|update|overwrite|override|edit"
            r"|should be|would call|disagree|amend|add|record|replace|enter|turn)\b",
        ),
        (
            "undo",
            r"\b(?:undo|revert|go back|restore|reverse|roll ?back|previous version"
            r"|bring(?: \w+)? back|put(?: \w+)? back|take(?: \w+){0,4} back|oops"
            r"|mistake|state before|(?:last|that|this|my) (?:edit|change)|reset"
            r"|changed my mind|like before|earlier version|pressed)\b",
        ),
        (
            "shift",
            r"\b(?:shift|renumber|relabel|move|offset|numbering|numbered|labels?"
            r"|labelled)\b",
        ),
        (
            "short",
            r"\b(?:short|shorter|shorten|brief|briefly|briefer|concise|compact|terse"
            r"|terser|condense|tighten|tighter|trim|cut\b.{0,12} down|less|too long"
            r"|wordy|verbose|succinct|crisp|crisper|abridge|smaller|lengthy|fewer"
            r"|reduce|compress|essentials|abbreviate|telegram|condensed"
            r"|too much text)\b",
        ),
        (
            "long",
            r"\b(?:standard|normal|full|longer|detailed|usual|original|regular|expand"
            r"|full-length|length|elaborate|long|default|complete sentences"
            r"|not so short)\b",
        ),
        (
            "report",
            r"\b(?:reports?|dictate|write|writes?|write-up|written|summary"
            r"|summari[sz]e|sum up|draft|generate|compose|prepare|wording|text"
            r"|document|letter|overview|formulate|wrap up)\b",
        ),
        (
            "impression",
            r"\b(?:impression|conclusion|summary at the end|final part|bottom line)\b",
        ),
        (
            "worst",
            r"\b(?:worst|most|severest|main|highest|index level|biggest|argmax|rank"
            r"|greatest|max)\b",
        ),
        (
            "abnormal",
            r"\b(?:abnormal\w*|patholog\w*|wrong|problems?|positives?|concerning|bad"
            r"|issues?|worr\w+|not right|not normal|unusual|trouble|affected|damage\w*"
            r"|striking|stands? out|healthy|alright|all right|in order|not ok"
            r"|significant|remarkable|out of the ordinary|bother|look good)\b",
        ),
        (
            "measure",
            r"\b(?:measur\w+|mm|millimet\w+|cm|ratios?|index|quantit\w+|numbers"
            r"|values?|how (?:wide|high|tall|big|large|thick|narrow|much)|width"
            r"|diameters?|percent\w*|size|dimensions?)\b",
        ),
        (
            "levels",
            r"\b(?:which|what|how many|list) (?:\w+ )?(?:levels|discs|vertebrae"
            r"|bones)\b|\bnumber(?:ed|ing)\b|\bcount\w*\b|\bdetect\w*\b|\bidentif\w+\b"
            r"|\brecogni[sz]\w+\b|\bsegment(?:ed|ation)\b|\b(?:visible|field of view"
            r"|enumerat\w+|labell?ing|trustworthy|start counting"
            r"|names? of the (?:levels|discs))\b",
        ),
        (
            "study",
            r"\b(?:study|scan|series|sequences?|modality|examination|exam|quality"
            r"|upload\w*|loaded|metadata|technique|acquired|contrast|dataset|plane"
            r"|weighting|protocol|mri|ct|gradable|body|field strength|spacing|voxels?"
            r"|planes?|thickness|region|axial|stir|suitable|complete|missing|left out"
            r"|input|good enough)\b",
        ),
        (
            "about",
            r"\b(?:help|capabilit\w+|limitations?|tools?|trained|accura\w+|save|export"
            r"|download|pdf|docx?|word|private|privacy|device|human|robot|ai|doctor"
            r"|trust|use this|how does this|language model|which model|who are you"
            r"|can you do|able to|manual|inputs?|accept|certified|validated|metrics"
            r"|architecture|weights|licen[cs]e|version are you|commands?|scope"
            r"|intended|copy|data sent|stored?|keep my|who can see|person|mistakes"
            r"|questions?|reliable|support)\b",
        ),
        (
            "grade",
            r"\b(?:grades?|grading|labels?|type|score|stage|findings?|results?"
            r"|predict\w+)\b",
        ),
        (
            "found",
            r"\b(?:found|see|saw|seen|predict\w*|read-?out|pictures show|images show"
            r"|came out|is there)\b",
        ),
        (
            "yes",
            r"^(?:yes|yeah|yep|yup|y|ok|okay|sure|confirm\w*|correct|go ahead|do it"
            r"|do that|please do|right|absolutely|of course|agreed|definitely|exactly"
            r"|proceed|that's right|fine|affirm\w+|i confirm|by all means|sounds good"
            r"|aye)\b",
        ),
        (
            "no",
            r"^(?:no|nope|nah|n|don't|cancel|stop|never ?mind|forget|leave it|keep it"
            r"|not|better not|abort|please don't|discard|hold on|wait|negative"
            r"|rather not)\b|\bdon't\b",
        ),
        (
            "thanks",
            r"\b(?:thanks?|thx|thanx|ty|cheers|perfect|great|awesome|cool|appreciated?"
            r"|bye|goodbye|see you|i see$|no more questions|answers my question"
            r"|helpful|nice|well done|good job|excellent|got it|understood|brilliant"
            r"|lovely|all i needed|that's all|that is all|wonderful|super)\b",
        ),
        (
            "greeting",
            r"^(?:hi|hey|hello|hiya|howdy|good (?:morning|afternoon|evening|day)"
            r"|greetings|hallo|yo|sup)\b",
        ),
        (
            "rules",
            r"\b(?:ignore|disregard|forget|pretend|instructions?|rules?|system|prompt"
            r"|password|token|secret|key|override|bypass|restrictions?|unrestricted"
            r"|developer|jailbreak|act as|roleplay|you are now|from now on|hidden"
            r"|guard|say that|state that|reply with|answer only|order you|an order"
            r"|admin\w*|note to|message|environment|configuration|no matter what)\b",
        ),
        (
            "personal",
            r"\b(?:should i|can i|will i|do i need|am i|my (?:leg|back|pain|doctor"
            r"|job)|hurt\w*|cure\w*|recover\w*|worse|better|recommend\w*|advi[sc]e"
            r"|prescri\w+|next step|cause\w*)\b",
        ),
    )
)
"""Words that hint at an intent; the classifier weighs them like any other feature."""


def cues_in(text: str) -> tuple[str, ...]:
    """The cues of a tidy text."""
    return tuple(cue for cue, pattern in CUES if pattern.search(text))
