"""Requests for the heat map of a level, which the words decide before any intent is looked for.

"Where did the network look at L4-L5?", "heat map of the Modic grade at L5-S1": the classifier was
not trained on them and would show the image alone. Without a level, the last call's one is meant.
"""

from __future__ import annotations

import re

from tools.router.calls import Call
from tools.router.slots import read

_LOOKED = re.compile(
    r"\bheat[- ]?maps?\b|\bsaliency\b|\bactivation maps?\b|\battention maps?\b"
    r"|\bwhere (?:did|does|do|was|is|has|have) (?:the |your )?"
    r"(?:network|model|tool|classifier|grader|ai|it|you)s? (?:look\w*|pay attention|focus\w*)\b"
    r"|\bwhat (?:did|does|was) (?:the |your )?(?:network|model|classifier|grader|ai) look\w* at\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:no|without|not|don't|hide|remove)\b", re.IGNORECASE)


def looked(utterance: str, before: Call | None) -> Call | None:
    """The call that shows where the network looked at one disc; None for any other message."""
    if _LOOKED.search(utterance) is None or _NOT.search(utterance):
        return None
    said = read(utterance)
    discs = list(said.discs)
    if not discs and not said.vertebrae and not said.unknown and before is not None:
        last = before.args.get("level")
        discs = [last] if isinstance(last, str) else []
    if len(discs) != 1 or len(said.kinds) > 1:
        return None
    return Call("explain", {"level": discs[0], **({"kind": said.kinds[0]} if said.kinds else {})})
