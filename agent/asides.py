"""What a question also asked for and no tool answered: said at the end of an answer.

The router carries out what it can place. Whatever else a question names must not be passed over in
silence: sides, other levels, structures that no tool looks at, images that are not shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent import content as c
from tools.router import load_router, read
from tools.router.words import LONGEST, UNASSESSED

_SIDE = re.compile(
    r"\b(?:left|right)[- ](?:hand |sided? |sided$|para\w+|foram\w+|lateral|leg|herni\w+|bulg\w+"
    r"|protru\w+|extru\w+)|\b(?:left|right)[- ]sided?\b|\bsides?\b|\b(?:bi|uni)lateral\w*"
    r"|\b(?:on|to|at|about) the (?:left|right)\b|\b(?:left|right)(?:,? or |/| and )(?:left|right)\b"
    r"|\b(?:left|right)\W*$"
)
_OTHER_SLICE = re.compile(
    r"\b(?:next|previous|other|another|all|every|lateral|parasagittal) (?:slices?|images?)\b"
    r"|\bslice \d|\bscroll\w*|\bzoom\w*|\bwindow\w*"
)
_SIGN = re.compile(r"\b(?:sign|signs|signing|signature|finali[sz]e\w*|authori[sz]e|release|send)\b")
_STATING = (c.FindingsContent, c.MeasuresContent, c.ReasonsContent)


def asides(question: str, contents: Sequence[c.Content]) -> tuple[str, ...]:
    """Sentences on what the answer leaves open of a question."""
    said = read(question, known=load_router().known)
    told: list[str] = []
    if len(question) > LONGEST:
        told.append(f"Only the first {LONGEST} characters of the message were read.")
    stating = any(isinstance(one, _STATING) for one in contents)
    shown = any(isinstance(one, c.ImageContent) for one in contents)
    if said.others and (stating or shown):
        told.append(f"{' and '.join(dict.fromkeys(said.others))}: not assessed.")
    if stating and (left := _unassessed(said.masked)):
        told.append(f"Not assessed by any tool here: {', '.join(left)}.")
    if stating and _SIDE.search(said.text):
        told.append("No tool here tells the side of a finding.")
    if shown and (said.other_image or _OTHER_SLICE.search(said.text)):
        told.append(
            "In the chat I show the graded sagittal T1 and T2 slices only; the viewer has all "
            "series and slices."
        )
    if _SIGN.search(said.text) and any(isinstance(one, c.ReportContent) for one in contents):
        told.append("It stays a draft: nothing here signs or sends a report.")
    return tuple(told)


def _unassessed(masked: str) -> tuple[str, ...]:
    """The words of a question that name what no tool looks at."""
    found: list[str] = []
    end = -2
    for match in UNASSESSED.finditer(masked):
        if match.start() == end + 1:
            found[-1] = f"{found[-1]} {match.group()}"  # "cord compression" is one thing
        else:
            found.append(match.group())
        end = match.end()
    return tuple(dict.fromkeys(word for word in found if "xvert" not in word))
