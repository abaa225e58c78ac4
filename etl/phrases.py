"""The phrase templates of a style, and the small words that put levels and items together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from radixgpt.errors import SettingsError
from radixgpt.level import DISCS, LUMBAR_DISCS, order

if TYPE_CHECKING:
    from jinja2 import Environment, Template

TEMPLATES = Path(__file__).with_name("templates")
STANDARD = "standard"
ROMAN = ("0", "I", "II", "III", "IV", "V")
"""Numerals of a grade, by the grade."""


def list_and(items: Sequence[str]) -> str:
    """``a, b and c``."""
    return _listed(items, "and")


def list_or(items: Sequence[str]) -> str:
    """``a, b or c``."""
    return _listed(items, "or")


def _listed(items: Sequence[str], word: str) -> str:
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def span(levels: Sequence[str]) -> str:
    """Discs in words: ``the five lumbar levels``, ``L1-L2 and L3-L4 to L5-S1``.

    Three or more neighbours become a range.
    """
    levels = sorted(set(levels), key=order)
    if levels == list(LUMBAR_DISCS):
        return "the five lumbar levels"
    runs: list[list[str]] = []
    for level in levels:
        if runs and DISCS.index(level) == DISCS.index(runs[-1][-1]) + 1:
            runs[-1].append(level)
        else:
            runs.append([level])
    parts: list[str] = []
    for run in runs:
        parts.extend([f"{run[0]} to {run[-1]}"] if len(run) > 2 else run)
    return list_and(parts)


def first_upper(text: str) -> str:
    """The text with its first letter in upper case and the rest as it is."""
    return text[:1].upper() + text[1:]


def roman(grade: int) -> str:
    """``IV`` for 4."""
    return ROMAN[grade]


def whole(number: float) -> str:
    """The size of a number, rounded to a whole one."""
    return f"{abs(number):.0f}"


def percent(ratio: float) -> str:
    """The size of a ratio in whole per cent, without the sign."""
    return f"{abs(ratio) * 100:.0f}"


class Phrases:
    """The phrases of one style.

    Args:
        style: name of a file in ``etl/templates``; what it leaves out is as in ``standard``.

    Raises:
        SettingsError: there is no such style.
    """

    def __init__(self, style: str = STANDARD) -> None:
        if style not in styles():
            raise SettingsError(
                f"There is no report style '{style[:20]}'.", f"Use one of: {', '.join(styles())}."
            )
        self.style = style
        self._data = {**_load(STANDARD), **_load(style)}
        self._words = cast(Mapping[str, Mapping[str | int, str]], self._data["words"])
        self._options = cast(Mapping[str, str | bool], self._data["options"])

    def say(self, phrase: str, **values: object) -> str:
        """A phrase with its variables filled in; one that is not given is an error."""
        return _compiled(str(self._data[phrase])).render(**values)

    def word(self, group: str, name: str | int) -> str:
        """One word of a group, such as ``word("sequence", "t1")``."""
        return self._words[group][name]

    def has_word(self, group: str, name: str | int) -> bool:
        """Whether a group has this word."""
        return name in self._words[group]

    def option(self, name: str) -> str | bool:
        """An option of the style."""
        return self._options[name]


@cache
def styles() -> tuple[str, ...]:
    """The names of the styles, ``standard`` first."""
    names = sorted(path.stem for path in TEMPLATES.glob("*.yaml"))
    return (STANDARD, *(name for name in names if name != STANDARD))


@cache
def _load(style: str) -> dict[str, object]:
    import yaml

    text = (TEMPLATES / f"{style}.yaml").read_text(encoding="utf-8")
    return cast(dict[str, object], yaml.safe_load(text))


@cache
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    # Plain text: each way of loading a report escapes for its own format.
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701
    for helper in (list_and, list_or, span, first_upper, roman, whole, percent):
        environment.filters[helper.__name__] = helper
    return environment
