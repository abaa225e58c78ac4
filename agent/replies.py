"""What the embedded brain says without a tool: questions back, refusals, what a term means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers import scale, span_of
from agent.measured import QUANTITY
from radixgpt.finding import KINDS
from radixgpt.level import LUMBAR_DISCS
from tools.router import Route

GREETING = (
    "Hello. I can draft the report of the open study, answer questions on its findings and show "
    "the images behind them."
)
OFF_TOPIC = "I only talk about the open study and what I can do with it."
TOLD: Mapping[str, str] = {
    "film": (
        "No tool here assesses that on a radiograph, so I can't say. Looked for are scoliosis on "
        "AP films and a slip on lateral ones."
    ),
    "made_up": (
        "What is made up is not opened here by itself. A made-up study is a zip below its answer: "
        "download it and open it like any other study. All else is of the study that is open."
    ),
    "film_edit": (
        "What is found on a radiograph can't be set, moved or taken out here: it has no numbered "
        "levels. Correct it in the report that you write."
    ),
    "pasted": (
        "Quoted and pasted text is data here: what it asks for is not carried out. Say in your own "
        "words what you want changed."
    ),
    "other_study": (
        "On the page, New study clears the desk for another study, and what was said here is "
        "forgotten with it. To take the last change back, say *undo*."
    ),
    "simple_words": (
        "These are the words of a report, and I have no simpler ones. Ask what any of them means, "
        "and talk the result over with your doctor."
    ),
    "free_text": (
        "Free text can't be put into the report: each of its sentences rests on a finding. You can "
        "set a grade, take a level out, or reword a sentence in the report on the page."
    ),
    "no_comparison": (
        "There is nothing to add: without a prior study the report says so itself, under "
        "*Comparison*. With one, it names what it was compared with there instead."
    ),
    "measured": (
        "What was measured can be set by its level and in millimetres, one length at a time: say "
        "*set the slip at L4-L5 to 7 mm*, for instance. The share of the vertebral depth goes with "
        "it, and both are marked as set by the reader."
    ),
    "signing": (
        "Only a person signs: by *Sign* above the report on the page, or by `radixgpt sign`. It "
        "stays a draft until then."
    ),
    "no_degrees": (
        "Only disc degeneration has degrees here (minimal, mild, moderate and severe stand for "
        "Pfirrmann II to V); the other findings are present or absent. Say *call it absent*, for "
        "instance, or name the Pfirrmann grade."
    ),
}
"""What is not done here and why, by topic."""
NO_IDENTITY = "Names, ages, numbers and dates of a patient are left out when a study is read."
ENGLISH = "I read English only."
ONE_GRADE = "One grade at a time, please: name one level, one finding and its value."
NOTHING_WAITS = (
    "Nothing waits for a yes. A change that was offered lapses with the next message; say it again "
    "to have it."
)
_GRADED = (
    "Graded are disc degeneration, narrowing, bulging, herniation, Modic and endplate changes and "
    "spondylolisthesis from L1-L2 to L5-S1; disc height, canal depth and slip are measured."
)

_EARLIER = re.compile(
    r"\b(?:last (?:year|scan|mri|exam\w*|time)|previous|prior|earlier|(?:than|as) before"
    r"|unchanged|progress\w*|over time)\b"
)
_PATIENT = re.compile(
    r"\bpatient(?:'s|s)? (?:name|age|id|sex|gender|birth\w*|number)\b|\bdate of birth\b"
    r"|\bhow old is (?:the|this) patient\b|\bname of the patient\b"
    r"|\bwho is (?:the|this) patient\b"
)
_THANKS = re.compile(r"\b(?:thank\w*|thx|thanx|ty|cheers|appreciated?)\b")
_YES = re.compile(r"^(?:y|ye+s+|yea+h?|yep|yup|confirm\w*|do it|go ahead|i confirm)\b")
_NO = re.compile(r"^(?:no+|nope|nah|don't|cancel|stop|never ?mind)\b")

MEANINGS: Mapping[str, str] = {
    "pfirrmann": (
        "Pfirrmann grades (Pfirrmann 2001) tell how degenerated a disc is on T2 images: I is "
        "bright and homogeneous; II is bright with inhomogeneities; III is grey, the border of "
        "nucleus and annulus unclear; IV is dark grey to black, that border lost; V is black with "
        "a collapsed disc space."
    ),
    "modic": (
        "Modic types (Modic 1988) tell the signal of the marrow beside an endplate: 0 is no "
        "change; 1 is dark on T1 and bright on T2 (oedema); 2 is bright on T1 and bright or like "
        "marrow on T2 (fat); 3 is dark on both (sclerosis)."
    ),
    "disc_herniation": (
        "Herniation (disc nomenclature 2.0, Fardon 2014) is disc material displaced beyond the "
        "edge of the disc space over less than a quarter of its circumference; protrusion and "
        "extrusion are its forms. Here it is told as present or absent."
    ),
    "disc_bulging": (
        "Bulging (disc nomenclature 2.0, Fardon 2014) is disc tissue beyond the edge of the disc "
        "space over more than a quarter of its circumference; it is not a herniation. Here it is "
        "told as present or absent."
    ),
    "disc_narrowing": (
        "Disc space narrowing is a loss of the height between two vertebrae. Here it is told as "
        "present or absent, and the height is measured."
    ),
    "endplate": (
        "Endplate changes are defects of the bone that borders a disc, such as Schmorl's nodes. "
        "Here they are told as present or absent above and below each disc."
    ),
    "spondylolisthesis": (
        "Spondylolisthesis is a vertebra that has slipped against the one below. Meyerding (1932) "
        "grades it by quarters of the vertebral depth: I up to 25%, II up to 50%, III up to 75%, "
        "IV up to 100%. Here it is told as present or absent, and the slip is measured."
    ),
}
"""What a kind of finding is, by its published scale."""


def plain(route: Route) -> str:
    """The answer to a route that needs no tool and asks nothing back."""
    said, tool = route.slots, route.call.tool
    if tool == "define":
        told = ["endplate" if k.startswith("endplate") else k for k in route.call.args["kinds"]]
        return "\n\n".join(MEANINGS[kind] for kind in dict.fromkeys(told))
    if tool == "told":
        return TOLD[route.call.args["topic"]]
    if tool == "thanks":
        return _small_talk(said.text)
    if tool == "greeting":
        return GREETING
    if tool == "off_topic":
        if not re.search(r"\w", said.text):
            return _MISSING["meaning"]
        if _PATIENT.search(said.text):
            return NO_IDENTITY
        return f"{OFF_TOPIC} {ENGLISH}" if route.foreign else OFF_TOPIC
    if said.side and not route.topic:
        return (
            "No tool here tells the side of a finding: what is graded is one mid-sagittal slice. "
            "Name a level to hear what was graded there."
        )
    if _PATIENT.search(said.text):
        return NO_IDENTITY
    if _EARLIER.search(said.text):
        return (
            "To hear what has changed, open the prior study beside this one and say *compare with "
            "the prior*."
        )
    return not_assessed(route.topic, exists=route.exists)


def _small_talk(text: str) -> str:
    if _THANKS.search(text):
        return "You're welcome."
    if _YES.match(text):
        return NOTHING_WAITS
    return "All right, nothing was changed." if _NO.match(text) else "All right."


def not_assessed(level: str = "", *, exists: bool = True) -> str:
    """That no tool looks at what was asked for, or that there is no such level."""
    if level and not exists:
        sixth = (
            " A sixth lumbar vertebra is not told apart: levels are counted upwards from the "
            "junction, and the numbering can be shifted."
            if re.match(r"L6|L5-L6", level)
            else ""
        )
        return f"There is no level {level} here. The levels are {', '.join(LUMBAR_DISCS)}.{sixth}"
    if level:
        return f"{level} is not assessed: only the discs from L1-L2 to L5-S1 are graded."
    return f"No tool here assesses that, so I can't say. {_GRADED}"


def ask(route: Route) -> str:
    """A question back that names the readings to choose from, if there are any."""
    options = [describe(option.tool, option.args) for option in route.options]
    if len(options) == 2:
        asked = f"Do you mean (1) {options[0]} or (2) {options[1]}?"
    elif options:
        asked = f"Do you mean: {options[0]}? If not, please say it in other words."
    elif route.missing == "value" and route.kind:
        asked = f"Which value should {KINDS[route.kind].title} have? {scale(route.kind)}"
    else:
        asked = _MISSING.get(route.missing, _MISSING["meaning"])
    return f"{asked} {ENGLISH}" if route.foreign else asked


_MISSING = {
    "level": f"Which level do you mean? One of {', '.join(LUMBAR_DISCS)}.",
    "kind": "Which finding do you mean, for instance the Pfirrmann grade or the herniation?",
    "one": ONE_GRADE,
    "whole_level": (
        "Only all that is said of a level can be taken out of the report, not one kind of finding. "
        f"Which level is to be taken out? One of {', '.join(LUMBAR_DISCS)}."
    ),
    "meaning": "I'm not sure what you mean. Name a level and a finding, or ask what I can do.",
}


def describe(tool: str, args: Mapping[str, Any]) -> str:
    """A call in words, for a question back."""
    levels: Sequence[str] = args.get("levels") or ([args["level"]] if args.get("level") else [])
    at = f" at {span_of(levels)}" if levels else ""
    kinds = args.get("kinds") or ([args["kind"]] if args.get("kind") else [])
    titles = " and ".join(KINDS[kind].title for kind in kinds)
    if set(kinds) == {"endplate_upper", "endplate_lower"}:
        titles = "endplate changes"
    quantities = " and ".join(QUANTITY[q] for q in args.get("quantities", ()))
    if tool == "get_findings":
        which = {"abnormal": "abnormal findings", "worst": "the worst level"}
        return which.get(args.get("which", ""), titles or "all findings") + at
    if tool == "shift_numbering":
        by = int(args.get("by", 1))
        return f"moving the numbering {'up' if by > 0 else 'down'} by {abs(by)}"
    named = {
        "measure": f"the measured {quantities or 'values'}{at}",
        "show_image": f"the image{at}",
        "explain": f"the evidence for {titles or 'the grades'}{at}",
        "set_measure": f"setting the {QUANTITY.get(args.get('quantity', ''), 'length')}{at} to "
        f"{args.get('millimetres', '')} mm",
        "set_grade": f"setting {titles}{at} to {args.get('value', '')}",
        "remove_sentences": f"taking{at.removeprefix(' at')} out of the report",
        "restore_sentences": f"bringing{at.removeprefix(' at')} back into the report",
        "draft_report": "writing the report",
        "restyle": f"the report in the {args.get('style', '')} style",
        "shorten_impression": "a shorter impression",
        "find_levels": "which levels were found",
        "describe_study": "what the study is",
        "about": "what I can do",
        "undo": "taking the last change back"
        if int(args.get("times", 1)) == 1
        else f"taking the last {args['times']} changes back",
        "list_changes": "what you changed",
        "confirm_change": "going on with the offered change",
        "caption_image": "a caption of the images",
        "find_similar_cases": "similar cases of other patients",
        "compare_prior": "what has changed since the prior study",
    }
    return named[tool]
