"""Similar cases: what an index holds of other patients that is like the open study.

A study asks with what the tools saw in it and with the vectors of its crops and slices; a text asks
with the findings that it states. What is found is other patients': it is quoted, and never joined
to the findings of the study.
"""

from tools.similar.finder import Finder, opened
from tools.similar.study import LookedAt, look

__all__ = ["Finder", "LookedAt", "look", "opened"]
