"""Which tool an utterance asks for, and with which arguments: the embedded router.

A trained linear classifier (:mod:`tools.router.model`) tells the intent, rules
(:mod:`tools.router.slots`) read levels, kinds, grades and numbers, and :mod:`tools.router.resolve`
joins both with the turn before. It needs numpy and ``weights/router`` only.
"""

from tools.router.calls import Call, Previous
from tools.router.offers import is_request
from tools.router.requests import routes
from tools.router.route import Route, Router, load_router
from tools.router.slots import Slots, read
from tools.router.taken_up import TAKEN_UP

__all__ = [
    "TAKEN_UP",
    "Call",
    "Previous",
    "Route",
    "Router",
    "Slots",
    "is_request",
    "load_router",
    "read",
    "routes",
]
