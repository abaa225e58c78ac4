"""The trivial reader that rules must beat: words, levels and sides of a line, nothing else.

A line that has a word of a kind states the kind at each level and on the side that the line names.
Denial, slips of spelling, headings and what a side belongs to are not looked at.
"""

from __future__ import annotations

import re

from radixgpt.case import StatedFinding
from radixgpt.level import find_discs
from radixgpt.observation import Side

_WORDS: dict[str, str] = {
    "disc_bulging": "bulg",
    "disc_herniation": "herniation|protrusion|extrusion|prolapse",
    "disc_degeneration": "desiccat|dehydrated",
    "disc_narrowing": "narrowed disc|disc narrowing",
    "annular_fissure": "annular tear|fissure",
    "modic": "modic",
    "endplate_change": "end ?plate",
    "schmorl_node": "schmorl",
    "spondylolisthesis": "spondylolisthesis",
    "thecal_sac_compression": "thecal sac",
    "nerve_root_compression": "nerve root",
    "foraminal_stenosis": "neural canal|exit canal|foramen|foramina",
    "canal_stenosis": "spinal canal",
    "facet_arthropathy": "facet",
    "ligamentum_flavum_hypertrophy": "ligamentum flavum",
    "osteophytes": "osteophyte",
    "spondylosis": "spondylo(?:sis|tic)|degenerative change",
    "muscle_spasm": "spasm",
    "scoliosis": "scoliosis",
    "fracture": "fracture|wedging",
    "haemangioma": "ha?emangioma",
    "tarlov_cyst": "tarlov",
    "postoperative": "surgery|operation",
}
_KINDS = {kind: re.compile(words, re.IGNORECASE) for kind, words in _WORDS.items()}
_LEFT = re.compile(r"\b(?:left|lt)\b", re.IGNORECASE)
_RIGHT = re.compile(r"\b(?:right|rt)\b", re.IGNORECASE)
_BOTH = re.compile(r"\b(?:both|bilateral)\b", re.IGNORECASE)


def keywords(text: str) -> list[StatedFinding]:
    """Everything that has a word in a line, as present."""
    found = []
    for line in text.splitlines():
        levels: list[str | None] = [*find_discs(line)] or [None]
        found += [
            StatedFinding(level=level, kind=kind, side=_side(line))
            for kind, words in _KINDS.items()
            if words.search(line)
            for level in levels
        ]
    return found


def _side(line: str) -> Side | None:
    left, right = _LEFT.search(line), _RIGHT.search(line)
    if _BOTH.search(line) or (left and right):
        return "bilateral"
    return "left" if left else "right" if right else None
