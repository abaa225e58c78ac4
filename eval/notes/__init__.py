"""Radiologists' lumbar MRI notes: a hand-annotated sample, and how well the rules read it."""
