"""Explanations that are asked for in simple words, which no tool gives: findings and a remark."""

from __future__ import annotations

import re

_SIMPLE = re.compile(
    r"\b(?:in|with|using|into) (?:(?:very|more|really|some|a|few|the) )*"
    r"(?:simpl(?:e|er|est)|plain|easy|easier|everyday|basic|lay(?:man|person|people)?(?:'?s)?|normal"
    r"|ordinary|understandable|non-?(?:medical|technical))"
    r" (?:words?|terms?|english|language|speech|way|manner)\b"
    r"|\b(?:for|to) (?:an? |the )?(?:lay(?:person|man|people|woman)?|non-?(?:doctor|expert"
    r"|specialist|medic)s?|dumm(?:y|ies)|beginners?|child|kid|(?:five|ten|5|10)[- ]year[- ]old)\b"
    r"|\blike (?:to )?(?:i'?m|i am|an?|i were) (?:five|5|ten|10|child|kid|beginner|layman)\b"
    r"|\bso (?:that )?(?:even )?i (?:can |could )?understand(?: (?:it|this|them))?\b"
    r"|\bwithout (?:the |any |all )?(?:jargon|medical (?:terms|words))\b",
    re.IGNORECASE,
)


def simply(text: str) -> bool:
    """Whether simple words are asked for."""
    return _SIMPLE.search(text) is not None


def without_simply(text: str) -> str:
    """The text without the phrase that asks for simple words."""
    return " ".join(_SIMPLE.sub(" ", text).split())
