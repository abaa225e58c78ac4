"""The phrases of a report in one language and style, and the small words between levels and items.

The phrases of a language are in ``etl/languages``; how a house tells them is its style
(:mod:`etl.styles`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from etl.styles import STANDARD, in_language, style_in, styles
from radixgpt.level import DISCS, LUMBAR_DISCS, order
from radixgpt.style import LANGUAGES, Section, Spelling, Style

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from radixgpt.report import Report

__all__ = [
    "ROMAN",
    "STANDARD",
    "Phrases",
    "chance",
    "chance_in_percent",
    "list_and",
    "list_or",
    "roman",
    "span",
    "styles",
]

PLACE = Path(__file__).with_name("languages")
ENGLISH = "en"
ROMAN = ("0", "I", "II", "III", "IV", "V")
"""Numerals of a grade, by the grade."""

_Words = Mapping[str, Mapping[str | int, str]]


def list_and(items: Sequence[str], word: str = "and") -> str:
    """``a, b and c``."""
    return _listed(items, word)


def list_or(items: Sequence[str], word: str = "or") -> str:
    """``a, b or c``."""
    return _listed(items, word)


def _listed(items: Sequence[str], word: str) -> str:
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def span(
    levels: Sequence[str],
    to: str = "to",
    joined: str = "and",
    every: str = "all five lumbar levels",
) -> str:
    """Discs in words: ``all five lumbar levels``, ``L1-L2 and L3-L4 to L5-S1``.

    Three or more neighbours become a range.

    Args:
        levels: discs.
        to: the word of a range.
        joined: the word before the last.
        every: the words for all lumbar discs.
    """
    levels = sorted(set(levels), key=order)
    if levels == list(LUMBAR_DISCS):
        return every
    runs: list[list[str]] = []
    for level in levels:
        if runs and DISCS.index(level) == DISCS.index(runs[-1][-1]) + 1:
            runs[-1].append(level)
        else:
            runs.append([level])
    parts: list[str] = []
    for run in runs:
        parts.extend([f"{run[0]} {to} {run[-1]}"] if len(run) > 2 else run)
    return list_and(parts, joined)


def first_upper(text: str) -> str:
    """The text with its first letter in upper case and the rest as it is."""
    return text[:1].upper() + text[1:]


def first_lower(text: str) -> str:
    """The text with its first letter in lower case, but for a name or an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def roman(grade: int) -> str:
    """``IV`` for 4."""
    return ROMAN[grade]


def whole(number: float) -> str:
    """The size of a number, rounded to a whole one."""
    return f"{abs(number):.0f}"


def percent(ratio: float) -> str:
    """The size of a ratio in whole per cent, without the sign."""
    return f"{abs(ratio) * 100:.0f}"


def chance(probability: float) -> str:
    """A probability in two decimals; what rounds to none or to certainty is neither of them."""
    return _short_of(probability, "{:.2f}", "<0.01", ">0.99")


def chance_in_percent(probability: float) -> str:
    """A probability in whole per cent with the sign, such as ``87%`` and ``>99%``."""
    return _short_of(probability, "{:.0%}", "<1%", ">99%")


def _short_of(probability: float, form: str, least: str, most: str) -> str:
    step = round(probability * 100)
    return least if step <= 0 else most if step >= 100 else form.format(probability)


class Phrases:
    """The phrases of one style and language.

    Args:
        style: name of a style, path of a style file, or a style.
        language: of :data:`radixgpt.style.LANGUAGES`; None for the style's own, else English.

    Raises:
        SettingsError: there is no such style or language.
    """

    def __init__(self, style: str | Style = STANDARD, language: str | None = None) -> None:
        self.style = in_language(style, language)
        self.language = self.style.language or ENGLISH
        self._data = _load(self.language)
        self._words = cast(_Words, self._data["words"])

    @classmethod
    def of(cls, report: Report) -> Phrases:
        """The phrases that a report is written in."""
        return cls(style_in(report))

    def say(self, phrase: str, **values: object) -> str:
        """A phrase with its variables filled in; one that is not given is an error."""
        text = _compiled(self.language, str(self._data[phrase])).render(**values)
        return spelled(text, self.spelling)

    @property
    def spelling(self) -> Spelling:
        """How the style spells; only English is spelled in two ways."""
        return self.style.spelling if self.language == ENGLISH else "British"

    @property
    def tag(self) -> str:
        """The language and its spelling by RFC 5646: ``en-GB``, ``de-DE``."""
        return self._words["tag"][self.spelling]

    def word(self, group: str, name: str | int) -> str:
        """One word of a group, such as ``word("sequence", "t1")``."""
        own = self.style.words.get(group, {}).get(str(name))
        return spelled(self._words[group][name], self.spelling) if own is None else own

    def words(self, group: str) -> tuple[str, ...]:
        """The names of the words of a group."""
        return tuple(str(name) for name in self._words[group])

    def has_word(self, group: str, name: str | int) -> bool:
        """Whether a group has this word."""
        return name in self._words.get(group, ())

    def heading(self, section: Section) -> str:
        """The heading of a section."""
        return self.style.headings.get(section) or self.word("section", section)

    def headings(self) -> dict[Section, str]:
        """Every section in the order of the style, with its heading."""
        return {section: self.heading(section) for section in self.style.sections}

    def list_and(self, items: Sequence[str]) -> str:
        """``a, b and c``."""
        return list_and(items, self.word("small", "and"))

    def list_or(self, items: Sequence[str]) -> str:
        """``a, b or c``."""
        return list_or(items, self.word("small", "or"))

    def decimal(self, number: str) -> str:
        """A number as written with the language's decimal mark."""
        return number.replace(".", self.word("small", "decimal"))

    def length(self, size: float, *, own: bool) -> str:
        """A length in mm without its sign: a measured one is whole, a reader's own as it was set.

        Args:
            size: in mm, negative where a slip is posterior.
            own: whether a reader set it: ``7`` or ``7.5``.
        """
        return self.decimal(f"{abs(size):.1f}".removesuffix(".0")) if own else whole(size)

    def told(self, text: str) -> str:
        """What another part of the software says of a study, in this language.

        A text that the language file does not know is quoted as what it is.
        """
        if not text or self.language == ENGLISH:
            return spelled(text, self.spelling)
        found = _told(self.language, text)
        return self.say("untranslated", text=text) if found is None else found


def words_of(group: str) -> frozenset[str]:
    """The names of the words of a group in any language; empty where there is no such group."""
    names: set[str] = set()
    for language in LANGUAGES:
        names.update(str(name) for name in cast(_Words, _load(language)["words"]).get(group, ()))
    return frozenset(names)


def spelled(text: str, spelling: Spelling) -> str:
    """An English text in American spelling where that is the style's."""
    if spelling == "British":
        return text
    return _swapped(text, "American")


def as_checked(text: str, language: str) -> str:
    """A text as the checks read it, whichever way its language is spelled."""
    return _swapped(text, "British") if language == ENGLISH else text


def _swapped(text: str, to: Spelling) -> str:
    pairs = cast(Mapping[str, str], _load(ENGLISH)["american"])
    words = pairs if to == "American" else {there: here for here, there in pairs.items()}

    def other(match: re.Match[str]) -> str:
        word = words[match[0].lower()]
        return first_upper(word) if match[0][0].isupper() else word

    return _spellings(to).sub(other, text)


@cache
def _spellings(to: Spelling) -> re.Pattern[str]:
    pairs = cast(Mapping[str, str], _load(ENGLISH)["american"])
    known = pairs.keys() if to == "American" else pairs.values()
    return re.compile(rf"\b(?:{'|'.join(sorted(known, key=len, reverse=True))})\b", re.IGNORECASE)


# --- what the software says -------------------------------------------------------------------


def _told(language: str, text: str) -> str | None:
    """A message in another language, None if the language file does not know it."""
    for pattern, translation in _messages(language):
        if (match := pattern.fullmatch(text)) is not None:
            parts = [_part(language, part) for part in match.groups()]
            return translation.format(*parts)
    return None


def _part(language: str, text: str) -> str:
    """A variable part of a message: a message itself, a list of them, or a number or name."""
    for written in (text, first_upper(text), f"{first_upper(text)}."):
        if (found := _told(language, written)) is not None:
            if written == text:
                return found
            return (
                first_lower(found) if text.endswith(".") else first_lower(found).removesuffix(".")
            )
    for mark in (", ", " and ", " or "):
        if mark in text:
            small = cast(_Words, _load(language)["words"])["small"]
            parts = [_part(language, part) for part in text.split(mark)]
            word = mark if mark == ", " else f" {small[mark.strip()]} "
            return word.join(parts)
    return text


@cache
def _messages(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    messages = cast(Mapping[str, str], _load(language)["messages"])
    return tuple(
        (re.compile("(.+?)".join(re.escape(part) for part in english.split("{}"))), translation)
        for english, translation in messages.items()
    )


# --- files ------------------------------------------------------------------------------------


@cache
def _load(language: str) -> dict[str, object]:
    import yaml

    text = (PLACE / f"{language}.yaml").read_text(encoding="utf-8")
    return cast(dict[str, object], yaml.safe_load(text))


@cache
def _compiled(language: str, text: str) -> Template:
    return _environment(language).from_string(text)


@cache
def _environment(language: str) -> Environment:
    from jinja2 import Environment, StrictUndefined

    words = cast(_Words, _load(language)["words"])
    small, every = words["small"], words["all_levels"]
    # Plain text: each way of loading a report escapes for its own format.
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701
    spans = partial(span, to=small["to"], joined=small["and"])
    environment.filters.update(
        list_and=partial(list_and, word=small["and"]),
        list_or=partial(list_or, word=small["or"]),
        none_of=partial(_none_of, words=words),
        span=partial(spans, every=every["inside"]),
        at=partial(_at, words=words, every=every["inside"]),
        at_none=partial(_at, words=words, every=every["nowhere"]),
        parted=partial(_parted, word=small["and"]),
        span_none=partial(spans, every=every["nowhere"]),
        span_first=partial(spans, every=every["first"]),
        decimal=lambda number: str(number).replace(".", small["decimal"]),
        **{f.__name__: f for f in (first_upper, first_lower, roman, whole, percent)},
    )
    return environment


def _parted(parts: Sequence[str], word: str) -> str:
    """``a and b``; with semicolons where a list in a part would run into the next."""
    lists = any(mark in part for part in parts for mark in (", ", f" {word} "))
    return "; ".join(parts) if lists or len(parts) > 2 else _listed(parts, word)


def _at(levels: Sequence[str], words: _Words, every: str) -> str:
    """Levels with the word before them, which may depend on how many they are."""
    small, before = words["small"], words["at"]
    said = span(levels, to=small["to"], joined=small["and"], every=every)
    key = "every" if said == every else "one" if len(set(levels)) == 1 else "several"
    return f"{before[key]} {said}"


def _none_of(items: Sequence[str], words: _Words) -> str:
    """``no a, b or c``; in a language whose "no" agrees with the noun, ``no a, no b and no c``."""
    small = words["small"]
    agreeing = words.get("agreeing")
    if agreeing is None:
        return f"{small['no']} {list_or(items, small['or'])}"

    def no(item: str) -> str:
        for noun, word in agreeing.items():
            if item.startswith(str(noun)):
                return word
        return small["no"]

    declined = words.get("declined", {})

    def after_no(item: str) -> str:
        first, _, rest = item.partition(" ")
        return f"{declined[first]} {rest}" if first in declined else item

    return list_and([f"{no(item)} {after_no(item)}" for item in items], small["and"])
