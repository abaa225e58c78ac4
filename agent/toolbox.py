"""The tools as a language model calls them: wrapped once, typed, each returning content for the
model and images for the user.

A tool's docstring is its description. Images, paths and identifiers go into the artifact, which no
model sees. Tools raise the project's own errors; the graph turns them into messages.
"""

from __future__ import annotations

from langchain_core.tools import BaseTool

from agent.captioning import caption_image
from agent.changes import (
    confirm_change,
    draft_report,
    list_changes,
    remove_sentences,
    restore_sentences,
    restyle,
    set_grade,
    shift_numbering,
    shorten_impression,
    undo,
)
from agent.comparing import compare_prior
from agent.lookups import (
    about,
    describe_study,
    explain,
    find_levels,
    get_findings,
    measure,
    show_image,
)
from agent.making import make_synthetic_image
from agent.reading_texts import check_caption, detect_concepts
from agent.remeasuring import set_measure
from agent.similar_cases import find_similar_cases

TOOLS: tuple[BaseTool, ...] = (
    describe_study,
    find_levels,
    get_findings,
    measure,
    show_image,
    draft_report,
    restyle,
    shorten_impression,
    remove_sentences,
    restore_sentences,
    shift_numbering,
    set_grade,
    set_measure,
    confirm_change,
    undo,
    list_changes,
    explain,
    check_caption,
    detect_concepts,
    caption_image,
    find_similar_cases,
    compare_prior,
    make_synthetic_image,
    about,
)
"""Every tool of the agent."""

LOOKUPS = frozenset(
    {
        "describe_study",
        "find_levels",
        "get_findings",
        "measure",
        "show_image",
        "list_changes",
        "explain",
        "check_caption",
        "detect_concepts",
        "find_similar_cases",
        "compare_prior",
        "make_synthetic_image",
        "about",
    }
)
"""The tools that change nothing, so that their order among themselves is of no matter."""

TITLES: dict[str, str] = {
    "describe_study": "Looking at what the study is",
    "find_levels": "Listing the levels",
    "get_findings": "Looking up findings",
    "measure": "Looking up measurements",
    "show_image": "Opening an image",
    "draft_report": "Drafting the report",
    "restyle": "Rewording the report",
    "shorten_impression": "Shortening the impression",
    "remove_sentences": "Taking a level out of the report",
    "restore_sentences": "Bringing a level back into the report",
    "shift_numbering": "Moving the numbering",
    "set_grade": "Preparing a change",
    "set_measure": "Preparing a change",
    "confirm_change": "Making the change",
    "undo": "Taking a change back",
    "list_changes": "Listing the changes",
    "explain": "Looking up the evidence",
    "check_caption": "Holding the caption against the images",
    "detect_concepts": "Detecting concepts",
    "caption_image": "Writing a caption",
    "find_similar_cases": "Looking for similar cases",
    "compare_prior": "Comparing with the prior study",
    "make_synthetic_image": "Making up an image",
    "about": "Listing what I can do",
}
"""What a door shows while a tool runs."""
