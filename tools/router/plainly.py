"""What the words of an utterance decide by themselves, whatever intent the classifier gives it.

These are rules for what the classifier was not trained on: no such level, a value that is dictated,
the meaning of a term, a side alone.
"""

from __future__ import annotations

import re

from tools.router.calls import Ask, Call, Previous, Resolved, levels_of
from tools.router.degrees import dictated
from tools.router.lay import simply, without_simply
from tools.router.resized import resized
from tools.router.slots import Slots

_LOOKUPS = ("findings", "findings_abnormal", "measure", "image", "explain", "follow_up", "levels")
_TERM = (
    r"(?:pfirrmann|modic|(?:disc )?(?:herniation|protrusion|extrusion|prolapse|bulg(?:e|ing)"
    r"|degeneration|space narrowing|narrowing)|(?:spondylo|antero|retro)?listhesis"
    r"|meyerding|endplate|slipped disc|schmorl(?:'s)? nodes?)"
)
_MEANING = re.compile(
    rf"^(?:and |but |so )*(?:what(?:'s|s| is| are| does| do)|define|explain|meaning of)"
    rf"(?: a| an| the (?:term|word|meaning of))?(?: an?)? {_TERM}"
    r"(?: (?:grad(?:e|ing)|type|scale|system|classification|changes?|[0-5]|[iv]+))*"
    r"(?: (?:mean|stand for|meaning|in general))?\W*$"
)
_CHANGED = ("set_grade", "shift", "remove", "undo", "impression", "short", "standard", "yes", "no")
_WAY = re.compile(r"^(?:up|down)(?:wards?)?\W*$")
_ALL_RIGHT = re.compile(r"^(?:o?k+|okay|fine|good|all ?right|cool)\W*$")
_REPORT = r"(?:impression|conclusion|report|findings|text|sentences?)"
_TOPICS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "other_study",
        re.compile(
            r"^(?:please |can you |now )*(?:"
            r"(?:open |load |start |take |go to |close )?(?:a |the )?(?:new|next|another|other)"
            r" (?:patient|study|case|exam\w*)"
            r"|start over|begin again|restart|clear (?:the )?(?:chat|all|everything))\W*$"
        ),
    ),
    (
        "no_comparison",
        re.compile(
            r"^(?:please |can you |could you |now |and )*"
            r"(?:add|write|note|mention|state|say|include|put|insert)\b"
            r"(?: (?:a|the|in|into|to|sentence|line|note|remark|report|it|text))*"
            r"(?: (?:that|saying|there|is|was|are|were|we|have|had))*"
            r" no (?:prior |previous |earlier )?"
            r"(?:comparisons?|priors?|(?:prior|previous|earlier) (?:stud(?:y|ies)|imaging|exam\w*))"
            r"(?: (?:stud(?:y|ies)|exam\w*|imaging|is|was|are|were|available|made|done|possible"
            r"|here|in the report|please))*\W*$"
        ),
    ),
    (
        "free_text",
        re.compile(
            r"^(?:please |can you |could you |now |and )*(?:"
            r"(?:add|write|put|insert|append|include|type|change|replace|set|make)\b"
            rf".*[\"“'][^\"”']{{3,}}[\"”'].*\b{_REPORT}\b"
            rf"|(?:change|set|replace|rewrite|edit|make) (?:the |my |this )?{_REPORT}"
            r" (?:to|with|by|say|read)\b"
            r"(?!.*\b(?:short|brief|long|concise|standard|full|detail)))"
        ),
    ),
)
"""What is not done here, whatever tool the classifier would call."""
_SHOW = re.compile(
    r"^(?:please |can you |could you |now |and )*(?:show|display|open|see|pull up)\b"
)
ALL = 99
"""More changes than anyone makes."""
_TIMES = re.compile(
    r"\b(?:(two|three|four|five|\d) (?:times|changes|steps|edits)|last (two|three|four|five|\d)"
    r"|twice|both)\b"
)
_ALL_CHANGES = re.compile(
    r"\bundo (?:all|everything)\b|\ball (?:of )?(?:my |the )?(?:changes|edits)\b"
)
_CHANGES = re.compile(
    r"^(?:what|which)(?: changes| edits| grades)? (?:did|have|had) (?:i|we)"
    r" (?:change[ds]?|edit(?:ed)?|set|overrid\w+|made?)\b"
    r"|^(?:please )?(?:list|show)(?: me)? (?:all )?(?:of )?(?:my|the|our) (?:changes|edits)\W*$"
)
_NUMBERING_OFF = re.compile(
    r"\b(?:levels?|numbering|numbers?|count(?:ing|ed)?|labels?|segments?|you(?:'re| are))\b"
    r".*\btoo (?:low|high)\b"
)
_ASKS = re.compile(
    r"^(?:and |so |but |then )*(?:is|are|was|were|does|do|did|has|have|which|how|why|where)\b"
)
_PROSE = re.compile(
    r"^(?!.*\b(?:caption|descri\w+)\b).*?(?P<no>\b(?:not|no|without|instead of|from)\b[\w ]*?)?"
    r"\b(?:prose|running text|flowing text|(?:full|whole|complete) sentences)\b"
)
"""A report in prose is asked for, or one that is not."""
_BIDS = re.compile(
    r"\b(?:please|set|change|correct|fix|make|put|shift|move|renumber|relabel\w*|number\w*|label\w*"
    r"|call\w*|mark\w*|really|actually|should|too (?:low|high)|count\w*)\b"
)
_CORRECTS = re.compile(
    r"\b(?:shift\w*|mov(?:e|ed|ing)|re-?number\w*|numb(?:e?r)\w*|re-?name\w*|named?|re-?label\w*"
    r"|label\w*|call\w*|mark\w*|count\w*|really|actually|truth|fact|should|offset|up|down"
    r"|(?:up|down)wards?|higher|lower|too (?:low|high)|cranial\w*|caudal\w*|again|more|another)\b"
    r"|\bxdisc is (?:the )?xdisc\b|[+-] ?\d"
)
"""Words that move a numbering; two levels alone do not."""
_COMPARE = re.compile(r"\b(?:compar\w+|versus|vs|difference between)\b")
_TAKE_OUT = re.compile(
    r"^(?:please |can you |could you |now |and )*"
    r"(?:remove|delete|drop|omit|erase|leave out|take out|cut|skip|strike)\b"
)
_THEN = r"(?:and |then |now |next |ok(?:ay)? |also |,|so |but )*"
_LEVEL_ALONE = re.compile(rf"^{_THEN}(?:at |in |for |what about |how about )?xdisc\W*$")
_WHAT_AT = re.compile(
    rf"^{_THEN}what (?:does|do|did|has|have|is|are|was|were)\b(?! it\b).*"
    r"\b(?:at|in|about|with|on) (?:the )?xdisc(?: (?:disc|level))?\W*$"
)
_WHAT_OF_IT = re.compile(
    rf"^{_THEN}what (?:do|did|can) you (?:say|think|see|find|make)\b.*\b(?:it|that|this|there)\W*$"
)
_WHICH_SLICE = re.compile(
    r"\b(?:on|in|from) (?:which|what) (?:slices?|images?|sequences?|series)\b"
)
_SEEN = ("get_findings", "measure", "explain", "show_image")
_BID = r"(?:let(?:'s| us)|can we|could we|we|i|want|would|like|i'd|i'll|please|to|just|only|again)"
_PUT = r"(?:on|to|with|at|about|in|into|over|back|now|only|the|disc|level|around)"
_TURN_TO = re.compile(
    rf"^{_THEN}(?:{_BID} )*(?:(?P<stay>concentrat\w+|focus\w*|attention|talk|speak|discuss|stick)"
    rf"|turn|move|back|return|continue|proceed|carry on)(?: {_PUT})* xdisc"
    r"(?: (?:disc|level|alone|only|now|first|again|please|for now))*\W*$"
)
"""A level is turned to, and nothing of it is asked."""
_FOCUS = re.compile(rf"^{_THEN}(?:{_BID} )*(?:concentrat\w+|focus\w*)\b")
_GRADE = re.compile(
    rf"^{_THEN}(?:wait,? )?(?:(?:what|which)(?:'s| is| was)? ?)?(?:the |its |disc )*grade"
    r"(?: (?:is|was|does|did|has|have|had|you|give|gave|see|at|of|for|in|on|to|the|it|level|disc"
    r"|there|here|xdisc|then|again|please))*\W*$"
)
"""The grade of a disc, no kind being named: Pfirrmann's."""
_EXPLAIN_ALL = re.compile(
    rf"^{_THEN}(?:hi|hello|hey|please|can you|could you|would you|,|\W)*explain(?: me| to me)?"
    r" (?:my|this|the|these|all|his|her)(?: (?:lumbar|whole|spine|back))*"
    r" (?:mri?s?|scans?|images?|pictures?|study|results?|findings)(?: (?:to|for) me)?\W*$"
)
_ASTRAY = re.compile(
    r"\b(?:ignore|forget|pretend|disregard|rules?|instructions?|prompt|jokes?|poem|story|normal)\b"
)
"""Words that want more than simple words."""
_GIST = re.compile(
    r"\b(?:mri?|scans?|images?|pictures?|study|results?|findings|everything|all|spine|back)\b"
)
_SIGNS = re.compile(
    r"^(?:please |can you |could you |now |and )*(?:co-?)?sign(?: off)?(?: on)?"
    r"(?: (?:the|this|my))? (?:report|draft|it)(?: (?:as|for|by|with|in the name of)\b.*)?\W*$"
)
_WHO_SIGNED = re.compile(
    r"\b(?:who|whom)(?: (?:has|have))? (?:co-?)?sign(?:s|ed)\b"
    r"|^(?:is|was|has)(?: (?:it|this|the|my))?(?: (?:report|draft))?(?: been)? signed\b"
)
_BIDS_NORMAL = re.compile(
    r"^(?:please |can you |could you |now |and )*(?:set|make|call|mark|grade|change|put)"
    r"(?: (?:the|all|every|whole|of|rest|other))*"
    r" (?:everything|all|every|spine|study|levels?|discs?|grades?|findings|rest)"
    r"(?: (?:to|as|is|are))* (?:normal|healthy|fine|unremarkable)\W*$"
)
_AFFECTED = re.compile(
    rf"^{_THEN}(?:at |on )?(?:which|what) (?:lumbar )?(?:discs?|levels?|segments?)"
    r"(?: (?:is|are|looks?|seems?))* (?:affected|involved|abnormal|diseased|degenerate[d]?|damaged"
    r"|pathologic\w*|bad|worn)(?: (?:here|then|please|most|by|at|in|the|this|study))*\W*$"
)
_ALL_NORMAL = re.compile(
    r"^(?:so )?(?:is|are) (?:the|this|my|his|her|all|everything)(?: the)?"
    r"(?: (?:lumbar|spine|back|study|scan|mri|discs?|levels?))* (?:all )?(?:normal|fine)\W*$"
)


def _times(text: str) -> int:
    """How many changes are to be taken back; ``ALL`` for all of them."""
    if _ALL_CHANGES.search(text):
        return ALL
    found = _TIMES.search(text)
    if not found:
        return 1
    said = found.group(1) or found.group(2) or "2"
    return {"two": 2, "three": 3, "four": 4, "five": 5}.get(said) or int(said)


def _goes_on(intent: str, said: Slots, previous: Previous) -> str:
    """The intent of what takes up the turn before; empty where nothing does."""
    before = previous.call.tool
    if previous.pending:
        return ""
    if before in _SEEN and _LEVEL_ALONE.match(said.masked):
        return "follow_up"
    turned = _TURN_TO.match(said.masked)
    if before == "show_image" and turned and not turned["stay"]:
        return "image"
    looked = before == "show_image" and not (said.sequence or said.unassessed)
    asked = intent in ("image", "follow_up") and _WHAT_OF_IT.match(said.text)
    return "findings" if looked and asked else ""


def _plain_look(said: Slots) -> bool:
    """Whether a level is asked about, and nothing of it by name."""
    named = said.kinds or said.quantities or said.unassessed or said.others
    return bool(said.discs) and not named and _WHAT_AT.match(said.masked) is not None


def _looks(intent: str, said: Slots, previous: Previous | None) -> str:
    """The lookup that is meant by words that name none; empty where they do."""
    if intent not in (*_LOOKUPS, "study", "about", "set_grade", "shift") or said.unassessed:
        return ""
    bids = intent in ("set_grade", "shift") and _BIDS.search(said.text)
    if not bids and _TURN_TO.match(said.masked):
        return "findings"
    if not bids and _FOCUS.match(said.masked) and (said.kinds or said.quantities):
        return "measure" if said.quantities and not said.kinds else "findings"
    if _GRADE.match(said.masked) and not said.order:
        held = bool(said.discs or said.vertebrae) or previous is None
        return "findings" if held else "follow_up"
    return "findings" if _EXPLAIN_ALL.match(said.text) else ""


def asks_grade(said: Slots) -> bool:
    """Whether a grade is asked for and no kind is named."""
    return not (said.kinds or said.quantities) and _GRADE.match(said.masked) is not None


def _in_simple_words(intent: str, said: Slots, previous: Previous | None) -> Resolved | str:
    """What is looked up for somebody who wants simple words; they change nothing."""
    named = said.discs or said.vertebrae or said.others
    if said.kinds and not named and _MEANING.match(without_simply(said.masked)):
        return Call("define", {"kinds": list(said.kinds)})
    if named or said.kinds:
        return "measure" if intent == "measure" else "findings"
    if intent == "report":
        return intent
    if previous and previous.call.tool in _SEEN and not _GIST.search(without_simply(said.text)):
        levels = levels_of(previous.call)
        return Call("get_findings", {"levels": levels} if levels else {})
    return Call("get_findings")


def said_plainly(intent: str, said: Slots, previous: Previous | None) -> Resolved | str:
    """What the words themselves decide whatever the intent: a call, or a better intent."""
    if _WAY.match(said.text) and not (previous and previous.call.tool == "shift_numbering"):
        return Ask("meaning")  # an answer to a question that was not just asked
    if _ALL_RIGHT.match(said.text) and intent == "off_topic":
        return Call("thanks")
    if not re.search(r"\w", said.text):
        return Call("off_topic")
    if (degree := dictated(said, previous)) is not None:
        return degree
    if _BIDS_NORMAL.match(said.text):
        return Ask("one")  # one grade at a time waits for a yes
    if _SIGNS.match(said.text) or _WHO_SIGNED.search(said.text):
        return Call("told", {"topic": "signing"})
    if (length := resized(said, previous)) is not None:
        return length
    for topic, pattern in _TOPICS:
        if pattern.search(said.text) and intent != "off_topic":
            return Call("told", {"topic": topic})
    if said.other_image and intent in (*_LOOKUPS, "about", "study") and _SHOW.match(said.text):
        return "image"
    if intent != "off_topic" and (asked := _PROSE.search(said.text)):
        return Call("restyle", {"style": "standard" if asked["no"] else "prose"})
    if _CHANGES.search(said.text):
        return Call("list_changes")
    if previous is not None and (goes_on := _goes_on(intent, said, previous)):
        return goes_on
    plain = simply(said.text) and not (said.unassessed or said.order or _ASTRAY.search(said.text))
    if plain and intent not in _CHANGED:
        return _in_simple_words(intent, said, previous)
    if looks := _looks(intent, said, previous):
        return looks
    if said.discs and _WHICH_SLICE.search(said.text) and intent in _LOOKUPS:
        return "explain"
    if intent in ("study", "explain", "not_assessed") and _plain_look(said):
        return "findings"
    if _NUMBERING_OFF.search(said.text) and said.by and not (said.kinds or said.quantities):
        return "shift"
    if _COMPARE.search(said.text) and len(said.discs) > 1 and not (said.unassessed or said.order):
        return "findings" if intent != "measure" else intent
    if intent == "undo" and (times := _times(said.text)) > 1:
        return Call("undo", {"times": times})
    if said.kinds and not (said.discs or said.vertebrae) and _TAKE_OUT.match(said.text):
        return Ask("whole_level")
    if said.unknown and intent != "off_topic":
        return Call("not_assessed")
    named = said.discs or said.vertebrae or said.others
    if _MEANING.match(said.masked) and said.kinds and not named:
        return Call("define", {"kinds": list(said.kinds)})
    if said.side and not (named or said.kinds or said.quantities) and intent in _LOOKUPS:
        return Call("not_assessed")
    among = said.discs and said.others and not said.unassessed  # "L4-L5 and T12-L1"
    if intent == "not_assessed" and (said.half or among):
        return "findings"
    if intent == "not_assessed" and _ALL_NORMAL.match(said.text) and not said.unassessed:
        return "findings_abnormal"
    if intent in _LOOKUPS and _AFFECTED.match(said.text):
        return "findings" if said.worst else "findings_abnormal"
    if intent == "levels" and said.normal:
        return "findings_abnormal"
    if intent in ("shift", "set_grade") and _ASKS.match(said.text) and not _BIDS.search(said.text):
        return "findings"  # a question changes nothing
    if intent == "shift" and not _CORRECTS.search(said.masked):
        return "findings" if said.discs or said.kinds else Ask("meaning")
    if intent == "impression" and said.longer:
        return "standard"
    if intent == "undo" and said.back and len(said.discs) == 1 and not said.kinds:
        return Call("restore_sentences", {"level": said.discs[0]})
    if said.order and said.kinds and (said.discs or said.vertebrae) and intent in _LOOKUPS:
        return "set_grade"
    return intent
