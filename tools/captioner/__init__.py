"""Captions of a study, a series, an image or a disc, by a model that sees the images.

:func:`caption` shows the pictures of a scope to a captioner (the embedded one, a published
vision-language model, or one behind a server) and keeps of its text what the tools' observations
support, each statement led back to them. What no tool saw is not said.
"""

from tools.captioner.backends import Captioner, Chosen, Wanted
from tools.captioner.caption import STYLES, Caption, LeftOut, Refused, Said, Scope, Style
from tools.captioner.pictures import Picture, Pictures
from tools.captioner.write import caption

__all__ = [
    "STYLES",
    "Caption",
    "Captioner",
    "Chosen",
    "LeftOut",
    "Picture",
    "Pictures",
    "Refused",
    "Said",
    "Scope",
    "Style",
    "Wanted",
    "caption",
]
