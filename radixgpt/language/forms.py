"""Degrees and denials by side and level: "foramina: mild right, none left".

A form, a table in words and much prose give one finding several times, each time with a side, a
degree, a grade or a denial of its own, beside its name. Words of these sorts that stand side by
side are a run; the runs before and behind a name are cut into entries, one for each time that it
is said. What holds no such entries is left to the rules for clauses.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from radixgpt.language.clause import Mention
from radixgpt.language.levels import LevelMention
from radixgpt.language.lexicon import DEGREES, Item, degree_of, number
from radixgpt.language.meanings import MEANINGS

_IMPLIED = {"foramen": "narrow", "recess": "narrow", "canal": "narrow", "facet": "degenerate"}
"""What a degree alone says of a structure."""
_GRADED = {"pfirrmann": 5, "modic": 3, "spondylolisthesis": 5}
"""Highest grade by kind."""
_TOKEN = re.compile(
    r"(?P<degree>\b(?:(?:mild|moderate|severe|marked|slight)(?:ly)?|minimal(?:ly)?|minor|trace)\b"
    r"(?:(?: ?- ?| to | ?/ ?)(?:mild|moderate|severe|marked)(?:ly)?\b)?)"
    r"|(?P<none>\b(?:none|nil|no|absent|negative|not (?:seen|present|identified|evident|visible"
    r"|noted))\b|\(-\)|(?<=: )n\b)"
    r"|(?P<patent>\b(?:widely )?patent\b)"
    r"|(?P<good>\b(?:normal|unremarkable|preserved|intact|clear|open|ok|okay)\b)"
    r"|(?P<side>\b(?:right|left) ?(?:(?:greater|more|worse) than|[<>]) ?(?:the )?(?:right|left)\b"
    r"|\b(?:right|left|bilateral(?:ly)?|both(?! (?:levels?|cases?)))\b"
    r"(?:[ -]?side[ds]?\b)?)"
    r"|(?P<grade>\b(?:meyerding )?(?:grades? |types? )?(?:i{1,3}|iv|v|[0-5])"
    r"(?![\w/-]|\.\d| ?(?:mm|cm|x|%)))"
    r"|(?P<join>,(?: and\b)?|[;&/]|\band\b)"
    r"|(?P<opens>[:=]|(?<= )-(?= )|\(|\b(?:is|are|was|were)\b)"
    r"|(?P<fill>\)|\b(?:on|at|in|of|to|the|levels?|types?|grades?|changes?|convex|discs?)\b)"
    r"|(?P<noun>\b(?:narrowing|stenosis|encroachment|compromise|hypertrophy|arthropathy)\b)"
)
_ENDS = re.compile(r" ?(?:$|[.,;)\n|])")
_GOES_ON = re.compile(r" (?:and|with|but|due|from|secondary|because|causing)\b")
_SAYS = ("level", "side", "degree", "none", "patent", "good", "grade", "noun")
"""Sorts of words that a run may end with."""
_BARE_GRADE = re.compile(r"\bpfirrmann(?: (?:grades?|grading|scores?|classification))*")


@dataclass(frozen=True)
class _Token:
    """A word of a run: what it is, and its level, side, degree, grade or denial."""

    sort: str
    start: int
    end: int
    value: object = None


@dataclass(frozen=True)
class _Entry:
    """What is said of a finding once."""

    start: int
    end: int
    level: LevelMention | None = None
    side: str | None = None
    state: str | int | None = None
    """Degree, grade, or ``absent``."""

    @property
    def sorts(self) -> tuple[bool, bool]:
        return self.side is not None, self.state is not None

    def meets(self, other: _Entry) -> bool:
        """Whether both say something of one sort."""
        both = zip((*self.sorts, self.level), (*other.sorts, other.level), strict=True)
        return any(one and another for one, another in both)

    def and_(self, other: _Entry) -> _Entry:
        """Both as one, the first before the other where they meet."""
        return replace(
            self,
            end=other.end,
            level=self.level or other.level,
            side=self.side or other.side,
            state=other.state if self.state is None else self.state,
        )


@dataclass(frozen=True)
class _Head:
    """The name of what a form speaks of."""

    mention: Mention
    is_bare: bool


class Entries:
    """Entries of a text: its words of the sorts that runs are made of, found once.

    Args:
        text: the text in one spelling.
        levels: levels named in it.
    """

    def __init__(self, text: str, levels: Sequence[LevelMention]) -> None:
        self._text = text
        self._tokens = list(_tokens(text, levels))
        self._starts = [token.start for token in self._tokens]

    def read(
        self, start: int, end: int, items: Sequence[Item]
    ) -> tuple[list[Mention], list[Item], int]:
        """What a sentence says of a finding more than once, or behind its name.

        Args:
            start: first character of the sentence.
            end: its last character + 1; the last entries may stand behind it, up to the line's end.
            items: items of the lexicon within the sentence.

        Returns:
            What the entries state, the items that are in none of them, and where the last one ends.
        """
        mentions: list[Mention] = []
        rest: list[Item] = []
        upto = start
        for index, item in enumerate(items):
            if item.start < upto:
                continue
            head = _head(self._text, items, index)
            read = None if head is None else self._read(head, upto)
            if read is None:
                rest.append(item)
                continue
            stated, begin, upto = read
            mentions.extend(stated)
            while rest and rest[-1].start >= begin:
                rest.pop()
        for match in _BARE_GRADE.finditer(self._text, upto, end):
            if any(one.start <= match.start() < one.end for one in items):
                continue
            read = self._read(_Head(_plain("pfirrmann", *match.span(), None), is_bare=True), upto)
            if read is not None:
                stated, begin, upto = read
                mentions.extend(one for one in stated if one.value is not None)
                rest = [one for one in rest if not begin <= one.start < upto]
        return mentions, rest, upto

    def _read(self, head: _Head, upto: int) -> tuple[list[Mention], int, int] | None:
        """What the entries around a name state, where the first begins and the last ends."""
        name = head.mention
        ahead, behind = self._before(name.start, upto), self._behind(head)
        before, after = _entries(ahead), _entries(behind)
        alike = len(before) > 1 and len({entry.sorts for entry in before}) == 1
        if alike and (all(before[0].sorts) or _placed(before)):
            # "no right and mild left foraminal stenosis"
            stated = [_mention(head, entry, name.end) for entry in _inherit(before, None)]
            return stated, ahead[0].start, name.end
        if not after:
            return None
        entries = _joined(ahead, behind)
        is_said = any(entry.state is not None for entry in after)
        places = {(entry.side, entry.level) for entry in entries}
        if not is_said and (len(after) < 2 or len(entries) < 2 or len(places) < 2):
            return None
        if not is_said and not all(entry.side for entry in entries):
            return None
        begin = min([name.start, *(token.start for token in ahead)])
        end = behind[-1].end
        return [_mention(head, entry, end) for entry in entries], begin, end

    def _before(self, name: int, upto: int) -> list[_Token]:
        run: list[_Token] = []
        edge = name
        for index in range(bisect_left(self._starts, name) - 1, -1, -1):
            token = self._tokens[index]
            if token.start < upto or token.end > edge:
                break
            apart = self._text[token.end : edge].strip()
            if apart or token.sort in ("opens", "noun", "grade", "good"):
                break
            run.append(token)
            edge = token.start
        run.reverse()
        while run and run[0].sort in ("join", "fill", "patent"):
            run.pop(0)
        return [] if run and run[-1].sort == "join" else run

    def _behind(self, head: _Head) -> list[_Token]:
        """The run behind a name, up to the last place where it may end."""
        text, edge = self._text, head.mention.end
        run: list[_Token] = []
        for index in range(bisect_left(self._starts, edge), len(self._tokens)):
            token = self._tokens[index]
            gap = text[edge : token.start]
            if gap.strip() or "\n" in gap or not _fits(head, token, run):
                break
            run.append(token)
            edge = token.end
        if head.is_bare and (not run or text[run[0].start] not in ":=-"):
            return []
        is_opened = bool(run) and run[0].sort == "opens"
        is_cut = False
        while run:
            last = run[-1]
            if last.sort in _SAYS:
                goes_on = _GOES_ON.match(text, last.end) is not None
                natural = is_opened or not (is_cut or last.sort == "degree")
                if _ENDS.match(text, last.end) or (goes_on and natural):
                    break
                is_cut = True
            elif text.startswith(")", last.start):
                break
            run.pop()
        return run


def _tokens(text: str, levels: Sequence[LevelMention]) -> Iterator[_Token]:
    position = 0
    for level in (*levels, None):
        end = len(text) if level is None else level.start
        for match in _TOKEN.finditer(text, position, end):
            sort = match.lastgroup or ""
            yield _Token(sort, match.start(), match.end(), _value(sort, match[0]))
        if level is not None:
            yield _Token("level", level.start, level.end, level)
            position = max(level.end, position)


def _value(sort: str, words: str) -> object:
    if sort == "degree":
        return degree_of(words)
    if sort == "side":
        named = re.findall(r"right|left", words)
        return named[0] if len(named) == 1 else "bilateral"
    if sort == "grade":
        return number(words.split()[-1])
    return None


def _head(text: str, items: Sequence[Item], index: int) -> _Head | None:
    """What a form is about: a finding, or a structure with or without the word for its state."""
    item = items[index]
    if item.sort == "finding":
        value = item.grade if item.grade is not None else item.entry.value
        return _Head(_plain(item.name, item.start, item.end, value), is_bare=False)
    if item.sort != "structure":
        return None
    state, end = _IMPLIED.get(item.name), item.end
    following = items[index + 1] if index + 1 < len(items) else None
    is_bare = not (
        following is not None
        and following.sort == "state"
        and not text[item.end : following.start].strip()
    )
    if following is not None and not is_bare:
        state, end = following.name, following.end
    kind, assertion = MEANINGS.get((item.name, state or ""), ("", "absent"))
    if assertion != "present":
        return None
    mention = replace(_plain(kind, item.start, end, None), structure=item.name)
    return _Head(mention, is_bare)


def _plain(kind: str, start: int, end: int, value: str | int | None) -> Mention:
    return Mention(kind, start, end, value, None, "present", (start, end))


def _placed(entries: Sequence[_Entry]) -> bool:
    """Whether each entry has a level, and a side or a degree beside it."""
    return all(entry.level for entry in entries) and any(entries[0].sorts)


def _joined(before: Sequence[_Token], behind: Sequence[_Token]) -> list[_Entry]:
    """All entries; a side before the name holds for all behind it that name none."""
    first = _entries(before)
    if len(first) != 1:
        return _inherit(first + _entries(behind), None)
    entries = _entries([*before, _Token("join", 0, 0), *behind])
    after = _entries(behind)
    if first[0].side == "bilateral" and entries[0] == first[0] and after[0].side:
        entries = after  # "bilateral stenosis, mild on the right and moderate on the left"
    side = first[0].side if not any(entry.side for entry in after) else None
    return _inherit(_emphasised(entries), side)


def _emphasised(entries: list[_Entry]) -> list[_Entry]:
    """Entries of which one names a level again: "at L3-4 and L4-5, severe at L4-5"."""
    found: list[_Entry] = []
    for entry in entries:
        last = found[-1] if found else None
        if last is not None and last.level and entry.level and not entry.side:
            rest = tuple(disc for disc in last.level.discs if disc not in entry.level.discs)
            if set(entry.level.discs) < set(last.level.discs):
                found[-1] = replace(last, level=replace(last.level, discs=rest))
                entry = replace(entry, side=last.side)
        found.append(entry)
    return found


def _inherit(entries: list[_Entry], side: str | None) -> list[_Entry]:
    """Each entry with the level of the one before, if it names none, and a side of them all."""
    found: list[_Entry] = []
    level: LevelMention | None = None
    for entry in entries:
        level = entry.level or level
        found.append(replace(entry, level=level, side=entry.side or side))
    return found


def _mention(head: _Head, entry: _Entry, end: int) -> Mention:
    name = head.mention
    state = entry.state
    degree = state if isinstance(state, str) and state in DEGREES else None
    return replace(
        name,
        value=state if isinstance(state, int) else name.value,
        severity=degree,
        assertion="absent" if state == "absent" else "present",
        state=(name.start, end),
        sides=frozenset() if entry.side is None else frozenset((entry.side,)),
        judged=entry.start if degree or entry.start >= name.end else None,
        at=entry.level,
        filled=True,
    )


def _fits(head: _Head, token: _Token, run: Sequence[_Token]) -> bool:
    """Whether a word may stand in the run behind a name."""
    if token.sort == "good":
        return head.is_bare
    if token.sort == "patent":
        return bool(head.mention.structure)
    if token.sort == "grade":
        highest = _GRADED.get(head.mention.kind, 0)
        return isinstance(token.value, int) and token.value <= highest
    if token.sort == "noun":
        return (
            bool(head.mention.structure)
            and bool(run)
            and run[-1].sort in ("degree", "none", "side")
        )
    if token.sort == "opens" and run:
        return run[-1].sort in ("level", "side", "fill") or token.end - token.start == 1
    return True


def _entries(run: Sequence[_Token]) -> list[_Entry]:
    """A run cut into entries: at a comma or "and" where a sort of word comes again behind it."""
    found: list[_Entry] = []
    for part in _parts(run):
        last = found[-1] if found else None
        if last is None or last.meets(part):
            found.append(part)
        else:
            found[-1] = last.and_(part)
    return found


def _parts(run: Sequence[_Token]) -> Iterator[_Entry]:
    now: _Entry | None = None
    for token in run:
        if token.sort == "join":
            if now is not None:
                yield now
            now = None
            continue
        one = _single(token)
        if one is None:
            continue
        if now is None:
            now = one
        elif now.meets(one):
            yield now
            now = one
        else:
            now = now.and_(one)
    if now is not None:
        yield now


def _single(token: _Token) -> _Entry | None:
    """One word as an entry; None for a word that only joins."""
    start, end, value = token.start, token.end, token.value
    if token.sort in ("none", "patent", "good") or (token.sort == "grade" and value == 0):
        return _Entry(start, end, state="absent")
    if token.sort in ("degree", "grade") and isinstance(value, str | int):
        return _Entry(start, end, state=value)
    if token.sort == "side" and isinstance(value, str):
        return _Entry(start, end, side=value)
    if isinstance(value, LevelMention):
        return _Entry(start, end, level=value)
    return None
