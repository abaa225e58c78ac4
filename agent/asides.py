"""What a question also asked for and no tool answered: said at the end of an answer.

The router carries out what it can place. Whatever else a question names must not be passed over in
silence: sides, other levels, structures that no tool looks at, images that are not shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent import content as c
from tools.router import Slots, load_router, read
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
_SORT = re.compile(r"\b(?:protru\w+|extru\w+|sequest\w+)\b")
_RANK = re.compile(r"\b(?:(?:second|third|next)[- ]worst|rank\w*)\b")
_LANGUAGE = re.compile(
    r"\bin (?:german|french|spanish|italian|dutch|portuguese|arabic|chinese|japanese|hindi|russian"
    r"|turkish|polish|indonesian|another language)\b|\btranslat\w+"
)
_CURVE = re.compile(r"(?:scolio\w*|cobb\w*|curv\w+)(?: (?:scolio\w*|cobb\w*|curv\w+|angles?))*$")
_MANY = re.compile(
    r"\b(?:[2-9]|\d{2,4}|two|three|four|five|six|ten|several|many|a few|some)\b"
    r"(?: [a-z-]+| t[12])*?"
    r" (?:phantoms|simulations|images|pictures|slices|scans|mris|spines|examples|studies|cases)\b",
    re.IGNORECASE,
)
_STATING = (c.FindingsContent, c.MeasuresContent, c.ReasonsContent)


def asides(question: str, contents: Sequence[c.Content]) -> tuple[str, ...]:
    """Sentences on what the answer leaves open of a question."""
    said = read(question, known=load_router().known)
    told: list[str] = []
    if len(question) > LONGEST and not any(isinstance(one, c.CaptionContent) for one in contents):
        told.append(f"Only the first {LONGEST} characters of the message were read.")
    stating = any(isinstance(one, _STATING) for one in contents)
    shown = any(isinstance(one, c.ImageContent) for one in contents)
    if said.others and (stating or shown):
        told.append(f"{' and '.join(dict.fromkeys(said.others))}: not assessed.")
    left = [one for one in _unassessed(said.masked) if not _answered(one, contents)]
    if stating and left:
        told.append(f"Not assessed by any tool here: {', '.join(left)}.")
    if stating and _SIDE.search(said.text):
        told.append("No tool here tells the side of a finding.")
    if shown and (said.other_image or _OTHER_SLICE.search(said.text)):
        told.append(
            "In the chat I show the graded sagittal T1 and T2 slices only; the viewer has all "
            "series and slices."
        )
    if stating and _SORT.search(said.text):
        told.append("Protrusion, extrusion and sequestration are all graded as herniation here.")
    if stating and _RANK.search(said.text):
        told.append("Levels are not ranked beyond the worst.")
    if any(isinstance(one, c.SyntheticContent) for one in contents) and _MANY.search(question):
        told.append("One is made at a time; ask again for another.")
    told += _on_the_report(said, contents)
    return tuple(told)


def _on_the_report(said: Slots, contents: Sequence[c.Content]) -> list[str]:
    """What a change of the report did beyond what was asked for, or did not do."""
    reports = [one for one in contents if isinstance(one, c.ReportContent)]
    told: list[str] = []
    if reports and _SIGN.search(said.text):
        told.append("It stays a draft: nothing here signs or sends a report.")
    if reports and _LANGUAGE.search(said.text):
        told.append("Here reports are in English; `radixgpt report --language de` writes German.")
    if said.kinds and any(one.tool == "remove_sentences" and one.changed for one in reports):
        told.append("All that was said of the level is out, not only that finding.")
    return told


def _answered(word: str, contents: Sequence[c.Content]) -> bool:
    """Whether a film's curve was told, which other studies leave out."""
    told = {f.kind for one in contents if isinstance(one, c.FindingsContent) for f in one.findings}
    return "scoliosis" in told and _CURVE.match(word) is not None


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
    no_thing = ("compared", "healthy")  # said of things, and no thing by themselves
    left = [word for word in found if "xvert" not in word and not word.startswith(no_thing)]
    return tuple(dict.fromkeys(left))
