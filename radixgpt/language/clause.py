"""Structures joined with what is done to them, sentence by sentence.

"Compressing the sac and the roots", "sac or root compression" and "the canal is narrow" each name a
state and structures in another order; which kind of finding they make stands in ``meanings.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from radixgpt.case import Assertion
from radixgpt.language.levels import LevelMention
from radixgpt.language.lexicon import DEGREES, Item
from radixgpt.language.meanings import MEANINGS

_FILL = (
    r"(?: (?:is|are|was|were|be|been|appears?|appeared|seems?|shows?|showed|demonstrates?|with|also"
    r"|still|not|no|mild|mildly|moderate|moderately|severe|severely|marked|markedly|significant"
    r"|significantly|slight|slightly|relatively|diffusely|minimal|minimally|largely|grossly|of|noted"
    r"|overall|the|left|right|bilateral|both|well|otherwise|relative|degenerative|partially|partial"
    r"|multilevel|early|and|or|in|within|,|/|&|has|have|sided|side|at|on"
    r"|[lcts]\d+(?:[-/][lcts]?\d+)?))*"
)
_ADJACENT = re.compile(":?" + _FILL + " ?")
_ALSO = re.compile(
    r" (?:and|but|with|or|nor) (?:(?:mild|moderate|severe|marked|slight)(?:ly)? |some )?"
)
"""Between two states of one structure: "is degenerated and narrowed"."""
_SECOND = re.compile(
    r"[a-z]+ed\b|height |(?:compression|contact|impingement|displacement)\b"
    r"|(?:loss|reduction|decrease) (?:of|in)"
)
"""What a second state of a structure is: a participle, or what is lost."""
_LOSES = re.compile(r" (?:with|and) (?:[a-z]+ )?(?:loss|reduction|decrease) (?:of|in) height\b")
_DONE = re.compile(r" ?(?:$|[,.;)\n]|(?:at|in|on|with|and|but|by)\b)")
"""After a state that belongs to what stands before it, unlike "and narrowed canal"."""
_LISTED = re.compile(
    r" ?(?:,|and|or|nor|&|/|\+)? ?(?:(?:and|or|nor|the|of|both|left|right|bilateral|exit\w*"
    r"|neural|spinal|signals?|significant|no|any|its?|mild|moderate|severe|at|l\d|s\d|level)\b ?)*"
)
_LOCATION = re.compile(
    r"(?:\b(?:within|in|into|to|towards?|at|through|along|near|behind|inside|reaching|upto)|filling)"
    r"(?: (?:the|its|both|left|right|bilateral|sided?|more|upper|lower))* $"
)
_ACTIVE = re.compile(r"(?!narrowing|thickening|buckling|infolding)[a-z]+ing\b")
_GOVERNS = re.compile(
    r"(?: (?:on|upon|of))? (?:(?:the|both|its|left|right|bilateral) )+"
    r"(?:exit|neural|nerve|spinal|thecal|lateral|central|foram|canal|sac|root|cord|[ls]\d)"
)
_NOT = re.compile(r"\b(?:no|without|nor|not)\b")
_IS_NOT = re.compile(
    r" (?:(?:is|are|was|were|appears?|does|do) )?not (?:\w+ly )?(?:to be )?(?:at (?:l\d[-/]?\w* ))?"
)
"""Between a structure and a state that it is not in: "is not narrowed"."""
_BUT_NOT = re.compile(
    r",? ?(?:but|and|yet|though|although)? ?(?:without|(?:does |do )?not) (?:\w+ly )?"
)
"""Between a state and one that is denied: "abutting, but not compressing, the root"."""
_NOUN = re.compile(r"(?:stenos[ie]s|narrowing|hypertrophy|arthropathy|degeneration)\b")
_CHANGES = re.compile(r"degenerative.*change")
_AT = re.compile(r" (?:at|in|on) (?:the )?")
_JOINT = re.compile(r" ?(?:levels?)? ?(?:$|[\n.;,)]|and\b)")
"""What may follow the level of a finding that is not named again."""


@dataclass(frozen=True)
class Mention:
    """One finding that a sentence names, before its place is known.

    Attributes:
        kind: kind of finding.
        start: first character of the finding or structure, in the text in one spelling.
        end: last character of it + 1.
        value: type or grade.
        severity: ``mild``, ``moderate`` or ``severe``.
        assertion: what its own words say of it; triggers around it may change that.
        state: first character and last + 1 of the words of its state; itself for a finding.
        structure: name of the structure, empty for a finding.
        sides: sides that are named of it.
        judged: the place that decides whether it is denied; None for its words and their state.
        at: its level, where its own entry of several names one.
        filled: whether it is an entry of a form, which belongs to the heading, denied or not.
    """

    kind: str
    start: int
    end: int
    value: str | int | None
    severity: str | None
    assertion: Assertion
    state: tuple[int, int]
    structure: str = ""
    sides: frozenset[str] = frozenset()
    judged: int | None = None
    at: LevelMention | None = None
    filled: bool = False

    @property
    def span(self) -> tuple[int, int]:
        """All its words, from the first to the last."""
        return min(self.start, self.state[0]), max(self.end, self.state[1])


@dataclass
class _Reader:
    """The state of reading one sentence from left to right."""

    text: str
    start: int
    degrees: list[Item]
    mentions: list[Mention] = field(default_factory=list)
    pending: list[Item] = field(default_factory=list)
    acting: Item | None = None
    also: Item | None = None
    used: set[int] = field(default_factory=set)
    degree_of: dict[int, str | None] = field(default_factory=dict)
    last: int = 0
    stated: int = 0

    def gap(self, start: int, end: int) -> str:
        return self.text[start:end]

    def finding(self, item: Item) -> None:
        value = item.grade if item.grade is not None else item.entry.value
        severity = self._degree(item.start, 8)
        self.mentions.append(
            Mention(
                item.name,
                item.start,
                item.end,
                value,
                severity,
                "uncertain" if item.between else "present",
                (item.start, item.end),
            )
        )
        self.acting, self.pending = None, []

    def structure(self, item: Item) -> None:
        located = _LOCATION.search(self.text[max(self.start, item.start - 40) : item.start])
        own = self.gap(item.end, item.end + 1) == " " and _NOUN.match(self.text, item.end + 1)
        acting = None if own else self.acting  # "flattens the sac, with foraminal stenosis"
        if acting is not None and located is None and (item.name, acting.name) in MEANINGS:
            self._made(item, acting)
            if self.also is not None and (item.name, self.also.name) in MEANINGS:
                self._made(item, self.also)
                self.mentions[-1] = replace(self.mentions[-1], judged=self.also.start)
            # "Degenerated disc with loss of height": what goes on from here is of this structure.
            self.pending = [item] if _LOSES.match(self.text, item.end) else []
            return
        listed = self.pending and _LISTED.fullmatch(self.text, self.pending[-1].end, item.start)
        degree = self._degree(item.start, 5)
        if listed:
            degree = degree or self.degree_of.get(self.pending[0].start)
        else:
            self.pending = []
        self.degree_of[item.start] = degree
        self.pending.append(item)

    def state(self, item: Item) -> None:
        word = self.gap(item.start, item.end)
        self.degree_of[item.start] = self._degree(item.start, 3)
        fits = [one for one in self.pending if (one.name, item.name) in MEANINGS]
        if item.name == "narrow" and len(fits) > 1:  # "vacuum in the disc, canal stenosis"
            fits = [one for one in fits if one.name != "disc" or one is fits[-1]]
        forward = _ACTIVE.match(word) or (
            _GOVERNS.match(self.text, item.end) and not self._named(item)
        )
        if fits and not forward and self._adjoins(item):
            for one in fits:
                self._made(one, item)
            self.acting, self.stated = None, item.end
            return
        self.acting, self.pending = item, []

    def denied(self, item: Item) -> None:
        """A structure that is not in a state: "the canal is not narrowed"."""
        for one in self.pending:
            kind, assertion = MEANINGS.get((one.name, item.name), ("", ""))
            if assertion == "present" and _IS_NOT.fullmatch(self.text, one.end, item.start):
                self.used.add(item.start)
                words = (one.start, one.end)
                state = (item.start, item.end)
                self.mentions.append(Mention(kind, *words, None, None, "absent", state, one.name))

    def _named(self, state: Item) -> bool:
        """Whether a state and the structure right before it are one name: "foraminal stenosis"."""
        if not self.pending or self.gap(self.pending[-1].end, state.start) != " ":
            return False
        return _NOUN.match(self.text, state.start) is not None

    def _adjoins(self, state: Item) -> bool:
        """Whether a state stands right behind the structures before it, or behind their state."""
        end = self.pending[-1].end
        if _ADJACENT.fullmatch(self.text, end, state.start):
            return True
        return (
            self.stated > end
            and _ALSO.fullmatch(self.text, self.stated, state.start) is not None
            and _SECOND.match(self.text, state.start) is not None
            and _DONE.match(self.text, state.end) is not None
        )

    def _made(self, structure: Item, state: Item) -> None:
        kind, assertion = MEANINGS[structure.name, state.name]
        self.used.add(state.start)
        severity = self.degree_of[state.start]
        if severity is None and structure.start < state.start:
            severity = self.degree_of.get(structure.start)
        value = "desiccation" if state.name == "dry" and kind == "disc_degeneration" else None
        self.mentions.append(
            Mention(
                kind,
                structure.start,
                structure.end,
                value,
                severity if assertion == "present" else None,
                assertion,
                (state.start, state.end),
                structure.name,
            )
        )

    def _degree(self, position: int, words: int) -> str | None:
        """The degree before a word: the highest of those that stand close, nothing between."""
        found: list[str] = []
        upto = position
        for degree in reversed(self.degrees):
            if degree.end > upto:
                continue
            gap = self.gap(degree.end, upto)
            if "," in gap or len(gap.split()) > words or degree.end <= self.last:
                break
            found.append(degree.name)
            upto = degree.start
            words = 1
        return max(found, key=DEGREES.index) if found else None


def read_clause(
    text: str, start: int, end: int, items: Sequence[Item], levels: Sequence[LevelMention]
) -> list[Mention]:
    """Findings of one sentence, in the order of their words.

    Args:
        text: the text in one spelling.
        start: where the sentence begins.
        end: where it ends.
        items: items of the lexicon within it.
        levels: levels named within it.
    """
    reader = _Reader(text, start, [item for item in items if item.sort == "degree"])
    position = start
    for item in items:
        if item.sort in ("side", "degree"):
            continue
        if _NOT.search(text, position, item.start):
            if item.sort == "state":
                reader.denied(item)
            if reader.pending and not _LISTED.fullmatch(text, reader.pending[-1].end, item.start):
                _denied(reader)
                reader.pending = []
            is_turn = reader.acting is not None and _BUT_NOT.fullmatch(
                reader.text, reader.acting.end, item.start
            )
            reader.also = reader.acting if is_turn and item.sort == "state" else None
            reader.acting = None
        elif item.sort != "structure":
            reader.also = None
        if item.sort == "finding":
            _denied(reader)
            reader.finding(item)
        elif item.sort == "structure":
            reader.structure(item)
        else:
            reader.state(item)
        position = item.end
        reader.last = item.end
    _denied(reader)
    _left_over(reader, items, levels)
    _elided(reader, items, levels)
    return sorted(reader.mentions, key=lambda mention: mention.start)


def _denied(reader: _Reader) -> None:
    """A sac or root that "no" stands before, without a state, is not compressed."""
    for one in reader.pending:
        before = reader.text[max(reader.start, one.start - 45) : one.start]
        made = any(m.start <= one.start < m.end for m in reader.mentions)
        if one.name in ("sac", "root") and not made and _NOT.search(before):
            kind, _ = MEANINGS[one.name, "compress"]
            reader.mentions.append(
                Mention(
                    kind, one.start, one.end, None, None, "absent", (one.start, one.end), one.name
                )
            )


def _left_over(reader: _Reader, items: Sequence[Item], levels: Sequence[LevelMention]) -> None:
    """States of no structure: "narrowed L5-S1" is the disc's, "stenosis at L5-S1" the canal's.

    Plain degeneration is the spine's.
    """
    for item in items:
        if item.sort != "state" or item.start in reader.used:
            continue
        made = MEANINGS.get(("disc", item.name))
        if made is None:
            continue
        kind, assertion = made
        if reader.text.startswith("steno", item.start):
            kind = "canal_stenosis"
        value = "desiccation" if item.name == "dry" else None
        if item.name != "dry" and not any(
            level.discs and _ADJACENT.fullmatch(reader.text, item.end, level.start)
            for level in levels
        ):
            if _CHANGES.search(reader.text, item.start, item.end) is None:
                continue
            kind = "spondylosis"
        words = (item.start, item.end)
        degree = reader.degree_of.get(item.start)
        reader.mentions.append(Mention(kind, *words, value, degree, assertion, words))


def _elided(reader: _Reader, items: Sequence[Item], levels: Sequence[LevelMention]) -> None:
    """A degree with a level alone repeats the finding: "mild bulge at L3-L4, severe at L5-S1"."""
    for degree in reader.degrees:
        level = next((one for one in levels if one.start > degree.end), None)
        before = [one for one in reader.mentions if one.span[1] <= degree.start]
        if (
            level is None
            or not before
            or _AT.fullmatch(reader.text, degree.end, level.start) is None
        ):
            continue
        last = max(before, key=lambda one: one.span[1])
        told = any(one.start >= last.span[1] and one.end <= degree.start for one in levels)
        others = any(
            last.span[1] <= one.start < level.start and one.sort not in ("side", "degree")
            for one in items
        )
        if told and not others and _JOINT.match(reader.text, level.end) is not None:
            words = (degree.start, degree.end)
            again = replace(last, start=words[0], end=words[1], state=words, severity=degree.name)
            reader.mentions.append(replace(again, value=None, structure="", sides=frozenset()))
