"""A rule: its name, how grave a breach is, and what finds one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from radixgpt.report import Report, Section, Severity

STATING: tuple[Section, ...] = ("findings", "impression")
"""The sections whose sentences state findings."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: by which it is known.
        severity: an ``error`` holds the report back; a ``warning`` a person should look at before
            signing; an ``info`` is worth knowing.
        broken: yields what breaks it.
    """

    name: str
    severity: Severity
    broken: Callable[[Report], Iterator[str]]

    @property
    def title(self) -> str:
        """What the rule asks for, in a sentence."""
        return (self.broken.__doc__ or "").strip().partition("\n")[0]
