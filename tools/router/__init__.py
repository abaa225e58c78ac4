"""Which tool an utterance asks for, and with which arguments: the embedded router.

A trained linear classifier (:mod:`tools.router.model`) tells the intent, rules
(:mod:`tools.router.slots`) read levels, kinds, grades and numbers, and :mod:`tools.router.resolve`
joins both with the turn before. It needs numpy and ``weights/router`` only.
"""

from tools.router.resolve import Call, Previous
from tools.router.route import Route, Router, load_router

__all__ = ["Call", "Previous", "Route", "Router", "load_router"]
