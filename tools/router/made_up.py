"""Requests for a made-up image or study, which the words decide before any intent is looked for.

The classifier was not trained on them. What is to be shown is handed on as it was said. Whoever
speaks of something synthetic never changes the open study by it: what is not understood of such a
request is left to the tool, which says what can be asked for.
"""

from __future__ import annotations

import re
from typing import Any

from tools.router.calls import Call
from tools.router.slots import read
from tools.router.words import kinds_in, tidy

TOOL = "make_synthetic_image"
_POLITE = (
    r"\W*(?:(?:please|can you|could you|would you|will you|can i|could i|may i|let us|let['’]s|now"
    r"|and|also|hi|hello|hey|thanks|ok(?:ay)?)[,.!]? )*"
    r"(?:i(?: would|['’]d)? )?(?:(?:want|like|need) to )?"
)
_MADE = r"(?:synthetic|made[- ]up|artificial|simulated|fake|fabricated|phantom|teaching)"
_KIND = (
    r"(?: (?:sagittal|lumbar|spine|new|more|whole|full|entire|complete|dicom|example"
    r"|mri?|(?P<{}>t[12])(?:[- ]?weighted)?))*"
)
_THING = r"(?:images?|pictures?|slices?|scans?|mris?|spines?|examples?|study|studies|cases?)"
_HOW_MANY = (
    r"(?:an?|some|one more|one|another|a few|several|many|\d{1,4}|two|three|four|five|six|ten)"
)
_LATE_SEQUENCE = r"(?: (?:in|as) (?P<late>t[12]))?"
_FINDINGS = r"\b(?P<findings>.+)"
_REQUEST = re.compile(
    _POLITE + r"(?:make|draw|generate|create|show|synthesi[sz]e|simulate|produce|give|build|prepare"
    rf"|fabricate|download|get|have|need|want|like)(?: (?:me|us|up))*(?: {_HOW_MANY})?"
    + _KIND.format("before")
    + rf" (?:{_MADE}"
    + _KIND.format("after")
    + rf" {_THING}|phantoms?|simulations?)"
    + rf"{_LATE_SEQUENCE} (?:of|with|that shows?|showing|having){_FINDINGS}",
    re.IGNORECASE,
)
_PLAIN = tuple(
    re.compile(
        _POLITE
        + rf"{verbs}(?: (?:me|us|up))*(?: {_HOW_MANY})?"
        + _KIND.format("before")
        + rf" {_THING}{_LATE_SEQUENCE} {joined}{_FINDINGS}",
        re.IGNORECASE,
    )
    for verbs, joined in (
        # What is generated or simulated is made up, whatever it is called.
        (
            r"(?:generate|synthesi[sz]e|simulate|fabricate)",
            r"(?:of|with|that shows?|showing|having)",
        ),
        # An image that is to be drawn with a finding is none of the study's.
        (r"(?:make|draw|create|produce|build)", r"(?:with|that shows?|showing|having)"),
    )
)
"""Requests that do not say that it is to be made up."""
_OPEN = re.compile(
    r"\b(?:this|my|our|open|current|his|her|the) (?:open |current )?"
    r"(?:patients?|study|case|reports?|prior|findings?|images?|scan|mri?)\b"
    r"|^ ?the\b|^ ?(?:the )?(?:disc )?(?:at )?l\d ?[-/]? ?[ls]?\d\W*$",
    re.IGNORECASE,
)
"""What is of the open study, not of one that is to be made up."""
_BARE = re.compile(
    _POLITE + r"(?:make|draw|generate|create|synthesi[sz]e|simulate|produce|build|fabricate)"
    rf"(?: (?:me|us|up))*(?: {_HOW_MANY})?(?: (?P<healthy>healthy|normal))?"
    rf"(?: (?:lumbar|sagittal|t[12]))*"
    rf" (?:(?:(?:{_MADE}|whole|dicom|(?P<normal>healthy|normal)) )+{_THING}|phantoms?"
    r"|(?<=(?:an| \d| a|wo|ee) )stud(?:y|ies))"
    r"(?:,? please|(?P<none> (?:without (?:any )?|with no )(?:anything|findings?)"
    r"| with everything (?:healthy|normal)))*\W*",
    re.IGNORECASE,
)
"""A request that names no finding, which the tool answers by what can be asked for."""
_LOOSE = re.compile(
    rf"(?<!\bthe )(?<!\bthis )(?<!\bthat )\b(?:(?:{_MADE}|synthetische\w*)(?: [\w-]+){{0,3}}?"
    rf" (?P<thing>{_THING}|patients?|datasets?|series|studien?|bild\w*|x-?rays?|radiographs?|films?"
    r"|cts?)|phantoms?)\b(?P<findings>.*)",
    re.IGNORECASE,
)
"""Something synthetic, however it is asked for."""
_WANTED = re.compile(
    r"\b(?:make|making|draw|generat\w*|creat\w*|show|synthesi[sz]e|simulat\w*|produce|give|build"
    r"|prepare|fabricate|download|get|have|need|want|like|add|another|erstelle?n?|mach\w*"
    r"|erzeuge?n?)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    _POLITE + r"(?:is|are|was|were|do|does|did|what|which|why|how|where|who|when)\b", re.IGNORECASE
)
_JOINED = re.compile(
    r"[\s:,;.-]*(?:(?:of|with|and|that|which|shows?|showing|having|has|for|where|mit|study"
    r"|image)\b[\s:,]*)*",
    re.IGNORECASE,
)
_OTHER_MODALITY = re.compile(r"x-?rays?|radiographs?|films?|cts?", re.IGNORECASE)
_BY = re.compile(
    r"[,;]? *\b(?:by|with|using|from) (?:an? |the )?(?P<by>diffusion|gan|rgan|phantom)"
    r"(?: (?:model|network))?\b",
    re.IGNORECASE,
)
_LATE = re.compile(r"[,;]? *\b(?:in|on|as) (?P<sequence>t[12])(?:[- ]?weighted)?\b", re.IGNORECASE)
_STUDY = re.compile(r"\b(?:stud(?:y|ies|ien?)|cases?|patients?|datasets?|series)\b", re.IGNORECASE)
_END = re.compile(
    r"[,;]? *\b(?:please|thanks|thank you|for (?:my )?(?:teaching|students|training)"
    r"|as (?:an? )?(?:dicom ?)?(?:zip|files?|dicom))\W*$",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"^(?:no|without(?: any)?) (?:findings?|anything)$", re.IGNORECASE)
_LONGEST = 400
"""Characters of such a request; a longer text speaks of something else."""
_OF_IT = re.compile(
    r"\b(?:open|load|read|grade|download|save|show|report|draft)\b.*\b(?:(?:the zip"
    r"|(?:synthetic|made[- ]up|new) (?:study|image|one|case))\b"
    r"|(?:it|that|them|this one)(?: (?:please|now|again|too|here))*\W*$)",
    re.IGNORECASE,
)


def made_up(utterance: str) -> Call | None:
    """The call for a made-up image or study; None for any other message."""
    if len(utterance) > _LONGEST:
        return None
    text = " ".join(utterance.split())
    if (bare := _BARE.fullmatch(text)) is not None:
        nothing = bare["healthy"] or bare["normal"] or bare["none"]
        study = {"study": True} if _STUDY.search(text) else {}
        return Call(TOOL, {"findings": "healthy" if nothing else "", **study})
    found = _REQUEST.fullmatch(text)
    if found is not None and "teaching" in found[0].lower() and _OPEN.search(found["findings"]):
        return None
    if found is None:
        found = next((m for one in _PLAIN if (m := one.fullmatch(text)) is not None), None)
        if found is not None and not _is_new(text, found):
            return _of_the_study(found)
    return _called(text, found) if found is not None else _loosely(text)


def about_made_up(utterance: str, last: Call | None) -> Call | None:
    """What a message means that refers to what was just made up; None if it does not.

    Args:
        utterance: what was said.
        last: the call just before, in this message or the turn before.
    """
    if last is None or last.tool != TOOL:
        return None
    if _OF_IT.search(utterance) is not None:
        return Call("told", {"topic": "made_up"})
    before, said = read(str(last.args.get("findings", ""))), read(utterance)
    alone = re.fullmatch(r"\W*(?:(?:and|at|in|on|for|make it|please)\b ?)*xdisc\W*", said.masked)
    if alone and len(said.discs) == 1 and not (before.discs or before.vertebrae):
        return Call(TOOL, {**last.args, "findings": f"{last.args['findings']} at {said.discs[0]}"})
    return None


def _is_new(text: str, found: re.Match[str]) -> bool:
    """Whether an image or study that isn't called synthetic must be one that is to be made."""
    if _OPEN.search(found["findings"]) is not None:
        return False
    named = kinds_in(tidy(found["findings"]))
    verb = re.match(_POLITE + r"(?:generate|synth|simulate|fabric)", text, re.IGNORECASE)
    # no study is drawn otherwise
    return bool(named or verb or _STUDY.search(text, 0, found.start("findings")))


def _of_the_study(found: re.Match[str]) -> Call | None:
    """The call for an image of a level of the open study that was asked for as if it were drawn."""
    discs = read(found["findings"]).discs
    wanted = re.search(rf"\b(?:images?|pictures?|slices?){_LATE_SEQUENCE} \w+$",
                       found[0][: found.start("findings")], re.IGNORECASE)  # fmt: skip
    return Call("show_image", {"level": discs[0]}) if discs and wanted else None


def _called(text: str, found: re.Match[str]) -> Call:
    said = found.groupdict()
    args = _args(said["findings"], said.get("before") or said.get("after") or said["late"])
    if _STUDY.search(text, 0, found.start("findings")) is not None:
        args["study"] = True
    return Call(TOOL, args)


def _loosely(text: str) -> Call | None:
    """The call of a request that speaks of something synthetic in words of its own."""
    found = _LOOSE.search(text)
    if found is None or _ASKS.match(text) is not None:
        return None
    ahead = text[: found.start()]
    if _WANTED.search(ahead) is None and re.fullmatch(_POLITE + r"(?:an? )?", ahead, re.I) is None:
        return None
    rest, thing = found["findings"], found["thing"] or ""
    joined = _JOINED.match(rest)
    assert joined is not None, "it matches nothing, too"
    args = _args(rest[joined.end() :], None)
    if _OTHER_MODALITY.fullmatch(thing):
        args["findings"] = f"{thing} {args['findings']}"  # which the tool refuses in words
    elif _STUDY.search(found[0][: len(found[0]) - len(rest)] + joined[0]):
        args["study"] = True
    return Call(TOOL, args)


def _args(text: str, sequence: str | None) -> dict[str, Any]:
    args: dict[str, Any] = {}
    if (late := _LATE.search(text)) is not None:
        sequence, text = late["sequence"], _LATE.sub("", text)
    if sequence:
        args["sequence"] = sequence.lower()
    if (by := _BY.search(text)) is not None:
        args["by"] = {"gan": "rgan"}.get(by["by"].lower(), by["by"].lower())
        text = _BY.sub("", text)
    while (end := _END.search(text)) is not None:
        text = text[: end.start()]
    text = _NOTHING.sub("healthy", text.strip(" \t\n.?!:,;"))
    return {"findings": text, **args}
