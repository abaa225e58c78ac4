"""What the words of an utterance decide by themselves, whatever intent the classifier gives it.

These are rules for what the classifier was not trained on: no such level, a value that is dictated,
the meaning of a term, a side alone.
"""

from __future__ import annotations

import re

from tools.router.calls import Ask, Call, Previous, Resolved
from tools.router.slots import Slots

_LOOKUPS = ("findings", "findings_abnormal", "measure", "image", "explain", "follow_up", "levels")
_TERM = (
    r"(?:pfirrmann|modic|(?:disc )?(?:herniation|protrusion|extrusion|prolapse|bulg(?:e|ing)"
    r"|degeneration|space narrowing|narrowing)|(?:spondylo|antero|retro)?listhesis"
    r"|endplate|slipped disc|schmorl(?:'s)? nodes?)"
)
_MEANING = re.compile(
    rf"^(?:and |but |so )*(?:what(?:'s|s| is| are| does| do)|define|explain|meaning of)"
    rf"(?: a| an| the (?:term|word|meaning of))?(?: an?)? {_TERM}"
    r"(?: (?:grad(?:e|ing)|type|scale|system|classification|changes?|[0-5]|[iv]+))*"
    r"(?: (?:mean|stand for|meaning|in general))?\W*$"
)
_WAY = re.compile(r"^(?:up|down)(?:wards?)?\W*$")
_ALL_RIGHT = re.compile(r"^(?:o?k+|okay|fine|good|all ?right|cool)\W*$")
_OTHER_STUDY = re.compile(
    r"^(?:please |can you |now )*(?:"
    r"(?:open |load |start |take |go to |close )?(?:a |the )?(?:new|next|another|other)"
    r" (?:patient|study|case|exam\w*)"
    r"|start over|begin again|restart|clear (?:the )?(?:chat|all|everything))\W*$"
)
_SHOW = re.compile(
    r"^(?:please |can you |could you |now |and )*(?:show|display|open|see|pull up)\b"
)
_NORMAL = re.compile(r"\b(?:normal|healthy|unremarkable|unaffected|spared|fine)\b")
_ALL_NORMAL = re.compile(
    r"^(?:so )?(?:is|are) (?:the|this|my|his|her|all|everything)(?: the)?"
    r"(?: (?:lumbar|spine|back|study|scan|mri|discs?|levels?))* (?:all )?(?:normal|fine)\W*$"
)


def said_plainly(intent: str, said: Slots, previous: Previous | None) -> Resolved | str:
    """What the words themselves decide whatever the intent: a call, or a better intent."""
    if _WAY.match(said.text) and not (previous and previous.call.tool == "shift_numbering"):
        return Ask("meaning")  # an answer to a question that was not just asked
    if _ALL_RIGHT.match(said.text) and intent == "off_topic":
        return Call("thanks")
    if _OTHER_STUDY.match(said.text):
        return Call("other_study")
    if said.other_image and intent in (*_LOOKUPS, "about", "study") and _SHOW.match(said.text):
        return "image"
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
    if intent == "levels" and _NORMAL.search(said.text):
        return "findings_abnormal"
    if intent == "impression" and said.longer:
        return "standard"
    if intent == "undo" and said.back and len(said.discs) == 1 and not said.kinds:
        return Call("restore_sentences", {"level": said.discs[0]})
    if said.order and said.kinds and (said.discs or said.vertebrae) and intent in _LOOKUPS:
        return "set_grade"
    return intent
