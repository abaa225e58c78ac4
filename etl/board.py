"""Findings laid out by level, kind and side, as the writer of a report looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from etl.phrases import Phrases
from radixgpt.finding import ABSENT, ENDPLATES, GRADED, ITEMS, PRESENT, Finding
from radixgpt.level import order
from radixgpt.observation import Side, Status

SURE = 0.7
"""A present finding below this confidence is called probable."""

DISC = ("disc_narrowing", "disc_bulging", "disc_herniation")
"""Kinds that belong to the disc itself."""
OPEN: tuple[Status, ...] = ("indeterminate", "not_assessable")
"""What a finding without a value is."""

Topic = tuple[str, Side | None]
"""A kind and a side; the kind may be ``endplates``, upper and lower at once."""
Grouped = dict[tuple[str, ...], list[Topic]]
"""Topics by the levels they share."""
Test = Callable[[Finding], bool]


def is_absent(f: Finding) -> bool:
    """Whether a finding says that there is nothing: absent, or Modic 0."""
    return f.status == "value" and (f.value == ABSENT or (f.kind == "modic" and f.value == 0))


def is_probable(f: Finding) -> bool:
    """Whether a present finding is said with doubt."""
    return f.confidence is not None and f.confidence < SURE and not f.set_by_reader


def is_present(f: Finding) -> bool:
    """Whether a binary finding says present."""
    return f.status == "value" and f.value == PRESENT


class Board:
    """The findings of a report by place.

    Args:
        findings: all findings of the report.
        phrases: the style's phrases.
        omitted: levels that are not to be described.
        each: whether every level has a line, although all are open in the same way.
    """

    def __init__(
        self,
        findings: Iterable[Finding],
        phrases: Phrases,
        omitted: Sequence[str] = (),
        *,
        each: bool = False,
    ) -> None:
        self.phrases = phrases
        self.each = each
        findings = tuple(findings)
        self.unseen = tuple(f for f in findings if f.kind in ITEMS)
        self._findings: dict[tuple[str, str], list[Finding]] = {}
        for f in findings:
            if f.level is not None and f.level not in omitted:
                self._findings.setdefault((f.level, f.kind), []).append(f)
        graded = {level for level, kind in self._findings if kind in GRADED}
        self.levels: tuple[str, ...] = tuple(sorted(graded, key=order))

    def at(self, level: str, *kinds: str) -> list[Finding]:
        """The findings of these kinds at a level, in the order of the kinds."""
        return [f for kind in kinds for f in self._findings.get((level, kind), ())]

    def grade(self, level: str, kind: str) -> tuple[int, Finding] | None:
        """The grade at a level and the finding that gives it."""
        for f in self.at(level, kind):
            if f.status == "value" and isinstance(f.value, int):
                return f.value, f
        return None

    def number(self, level: str, kind: str) -> tuple[float, Finding] | None:
        """The measured number at a level and the finding that gives it."""
        for f in self.at(level, kind):
            if f.status == "value" and isinstance(f.value, int | float):
                return float(f.value), f
        return None

    def wholly(self, status: Status) -> list[str]:
        """Levels at which everything that could be graded has this status."""
        return [level for level in self.levels if self._wholly(level, status)]

    def _wholly(self, level: str, status: Status) -> bool:
        found = self.at(level, *GRADED)
        if {f.kind for f in found} != set(GRADED) or any(f.side for f in found):
            return False
        return all(f.status == status for f in found)

    @property
    def described(self) -> list[str]:
        """Levels at which something is said of a kind by itself: not all is open in one way."""
        return [lv for lv in self.levels if not any(self._wholly(lv, s) for s in OPEN)]

    def grouped(self, kinds: Iterable[str], test: Test, levels: Sequence[str]) -> Grouped:
        """Topics that pass a test, by the levels at which they do."""
        levels_of: dict[Topic, list[str]] = {}
        for kind in kinds:
            for level in levels:
                for f in self.at(level, kind):
                    if test(f):
                        levels_of.setdefault((kind, f.side), []).append(level)
        return group(levels_of)

    def ids(self, levels: Iterable[str], topics: Iterable[Topic]) -> tuple[str, ...]:
        """Ids of the findings on these topics, from head to tail."""
        wanted = {
            (k, side)
            for kind, side in topics
            for k in (ENDPLATES if kind == "endplates" else (kind,))
        }
        return tuple(
            f.id for level in levels for f in self.at(level, *GRADED) if (f.kind, f.side) in wanted
        )

    def other_endplate(self, f: Finding) -> Finding | None:
        """The finding on the other endplate of the same disc and side."""
        other = ENDPLATES[f.kind == ENDPLATES[0]]
        return next((o for o in self.at(f.level or "", other) if o.side == f.side), None)

    def item(self, f: Finding, words_of: str = "present") -> str:
        """A present finding as a noun phrase, with its side and doubt."""
        return self._phrase(self.phrases.word(words_of, f.kind), f.side, probable=is_probable(f))

    def unsided(self, kind: str, *, probable: bool) -> str:
        """A kind as a noun phrase without a side, with its doubt."""
        return self._phrase(self.phrases.word("kind", kind), None, probable=probable)

    def _phrase(self, noun: str, side: Side | None, *, probable: bool) -> str:
        said = None if side is None else self.phrases.word("side", side)
        return self.phrases.say("item", noun=noun, side=said, probable=probable)

    def items(self, found: Sequence[Finding]) -> list[str]:
        """Present findings as noun phrases, as :meth:`worded` gives them."""
        return [words for words, _ in self.worded(found)]

    def worded(self, found: Sequence[Finding]) -> list[tuple[str, tuple[Finding, ...]]]:
        """Present findings as noun phrases with what each states.

        Both endplates at once are one. What is sure comes first, so that a "probable" is never
        read over what follows it.
        """
        words: list[tuple[str, tuple[Finding, ...]]] = [(self.item(f), (f,)) for f in found]
        plates = [f for f in found if f.kind in ENDPLATES]
        if len(plates) == 2 and (both := self._both(plates)):
            others = [one for one in words if one[1][0] not in plates]
            words = [*others, (both, tuple(plates))]
        return sorted(words, key=lambda one: all(map(is_probable, one[1])))

    def _both(self, plates: Sequence[Finding]) -> str:
        """Two changed endplates of a disc as one noun phrase; empty where they can't be."""
        side = plates[0].side
        if side != plates[1].side:
            return ""
        sure = [f for f in plates if not is_probable(f)]
        if len(sure) != 1:
            noun = self.phrases.word("present", "endplates")
            return self._phrase(noun, side, probable=not sure)
        if not self.phrases.has_word("sure_of_two", sure[0].kind):
            return ""
        return self._phrase(self.phrases.word("sure_of_two", sure[0].kind), side, probable=False)

    def nouns(
        self, topics: Sequence[Topic], words_of: str = "kind", *, begun: bool = False
    ) -> list[str]:
        """Topics as nouns for "No ... seen"; the word disc is said once.

        Args:
            topics: what is named.
            words_of: the group of words.
            begun: whether a disc was named before.
        """
        words: list[str] = []
        for kind, side in topics:
            short = begun and side is None and self.phrases.has_word("shortened", kind)
            noun = self.phrases.word("shortened" if short else words_of, kind)
            words.append(self._phrase(noun, side, probable=False))
            begun = begun or (len(words) == 1 and side is None and kind in ("pfirrmann", *DISC))
        return words


def group(levels_of: dict[Topic, list[str]]) -> Grouped:
    """Put topics together that share their levels; both endplates at once become one topic."""
    split: list[tuple[Topic, list[str]]] = []
    for (kind, side), levels in levels_of.items():
        if kind in ENDPLATES:
            other = levels_of.get((ENDPLATES[kind == ENDPLATES[0]], side), [])
            both = [level for level in levels if level in other]
            if kind == ENDPLATES[0]:
                split.append((("endplates", side), both))
            split.append(((kind, side), [level for level in levels if level not in both]))
        else:
            split.append(((kind, side), levels))
    result: Grouped = {}
    for topic, levels in split:
        if levels:
            result.setdefault(tuple(levels), []).append(topic)
    return result
