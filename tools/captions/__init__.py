"""Captions: what a text about an image says, and whether it fits what the tools saw there.

A caption or a report sentence is classified by rules (:func:`classify`): modality, region, plane,
weighting and contrast, and the findings that it asserts, as :mod:`radixgpt.language` reads them.
:func:`check` compares that with what the tools saw, statement by statement. The text is data: it is
read and never followed.
"""

from tools.captions.agreement import Agreement, check
from tools.captions.reading import LONGEST, Caption, classify
from tools.captions.technique import Technique

__all__ = ["LONGEST", "Agreement", "Caption", "Technique", "check", "classify"]
