"""Concept detection: which UMLS concepts an image or a study shows, how surely, and where.

Each concept has the calibrated chance that the tools give it, the threshold from which it is said,
and the region that drove it. A concept that no tool looks for stands in the vocabulary as not
detectable: it is never scored, and so never said to be absent.
"""

from tools.concepts.detect import Detected, model_facts, run, said
from tools.concepts.vocabulary import Entry, vocabulary

__all__ = ["Detected", "Entry", "model_facts", "run", "said", "vocabulary"]
