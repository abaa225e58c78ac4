"""What the embedded decoder may write next: a state machine over the sentence being written.

The sentences are those of ``data/generated/captions.yaml``, as the decoder learned them. While one
is written, the machine keeps every way in which its words so far can be read: which frame, which
levels, which findings. A word is allowed if some way goes on with it and can be ended in a sentence
that the observations support. So no level, grade or finding can be written that the eyes did not
support, whatever the decoder's weights; and no statement twice, so that every caption ends. What
was not said when the decoder ends is told in plain sentences (:attr:`Machine.untold`): a caption
that stops early would look like a healthy rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache

from data.generated.captions import ABSENT, DEGENERATED, PRESENT, ROMAN, table, weighted
from radixgpt.finding import ABSENT as NO
from radixgpt.finding import KINDS
from radixgpt.finding import PRESENT as YES
from radixgpt.level import LUMBAR_DISCS
from radixgpt.study import BodyRegion, Modality, Plane, Study
from radixgpt.study import Sequence as Weighting
from tools.captioner.support import Support

Words = tuple[str, ...]
END = "<end>"
"""What closes a caption."""


@dataclass(frozen=True)
class Item:
    """One finding as a sentence names it.

    Attributes:
        place: in the order in which a sentence names findings.
        facts: kinds with the values that they must have at a level.
    """

    place: int
    facts: tuple[tuple[str, str | int], ...]


@cache
def there() -> tuple[tuple[Words, Item], ...]:
    """Every phrase that says that something is there."""
    found: list[tuple[Words, Item]] = []
    for place, kind in enumerate(PRESENT):
        values = KINDS[kind].values if KINDS[kind].type == "grade" else (YES,)
        for value in values:
            if value == 0:
                continue
            healthy = kind == "pfirrmann" and isinstance(value, int) and value < DEGENERATED
            number = value if isinstance(value, int) else 0
            item = Item(place, ((kind, value),))
            for phrase in table()["present"]["healthy" if healthy else kind]:
                words = phrase.format(roman=ROMAN[number], number=number).split()
                found.append((tuple(words), item))
    return tuple(found)


@cache
def not_there() -> tuple[tuple[Words, Item], ...]:
    """Every phrase that is denied."""
    found: list[tuple[Words, Item]] = []
    for place, (name, kinds) in enumerate(ABSENT.items()):
        facts = tuple((kind, 0 if kind == "modic" else NO) for kind in kinds)
        item = Item(len(PRESENT) + place, facts)
        found += [(tuple(phrase.split()), item) for phrase in table()["absent"][name]]
    return tuple(found)


@cache
def frames() -> Mapping[str, tuple[Words, ...]]:
    """The frames of sentences by what they are for."""
    return {
        name: tuple(tuple(frame.split()) for frame in several)
        for name, several in table()["frames"].items()
    }


@cache
def vocabulary() -> Words:
    """Every word that a caption may have, sorted."""
    words = {word for phrase, _ in (*there(), *not_there()) for word in phrase}
    words |= {word for several in frames().values() for frame in several for word in frame}
    words = {word for word in words if not word.startswith("{")}
    words |= {*LUMBAR_DISCS, *weighted(frozenset(("t1", "t2"))), "with", "and", "or", ","}
    return tuple(sorted(words))


@dataclass(frozen=True)
class Way:
    """One reading of the words of a sentence so far.

    Attributes:
        frame: the sentence's frame.
        at: place in it.
        queue: words that a phrase still needs.
        count: elements of the list at this place that are complete.
        open: whether another element has to follow, as after "and".
        last: whether the element after "and" or "or" has come.
        joined: whether the second element was joined by "with", so that the list may end with it.
        levels: named, or meant by "any level".
        items: named.
    """

    frame: Words
    at: int = 0
    queue: Words = ()
    count: int = 0
    open: bool = False
    last: bool = False
    joined: bool = False
    levels: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


Slot = str
_LAST = {"{levels}": "and", "{items}": "and", "{none}": "or"}
"""The word before the last element of a list; other slots have one element."""


class Machine:
    """The state of writing one caption.

    Args:
        support: what may be said.
        shown: the study with the series of the scope, whose facts decide how it may be called.
    """

    def __init__(self, support: Support, shown: Study) -> None:
        self._support = support
        self._weighted = _weighting(shown) if support.scope.level is None else ()
        self._said: set[tuple[str, str]] = set()
        self._started = False
        self._sentences = 0
        self._headed = False
        self._alive: dict[Way, bool] = {}
        self._after: dict[str, tuple[Way, ...]] | None = None
        self.ended = False
        self._ways: tuple[Way, ...] = self._beginnings()

    @property
    def between(self) -> bool:
        """Whether a sentence was just ended, or none begun."""
        return not self._started

    def allowed(self) -> frozenset[str]:
        """The words that may follow; :data:`END` among them where the caption may end."""
        if self.ended:
            return frozenset()
        words = set(self._following())
        if self.between and (self._said or not any(map(_states, self._ways))):
            words.add(END)
        return frozenset(words)

    @property
    def untold(self) -> dict[str, list[Words]]:
        """The phrases of the findings that were not said yet, by level from head to tail."""
        phrases = _phrases()
        found: dict[str, list[tuple[int, Words]]] = {}
        for fact in self._support.findings:
            known = phrases.get((fact.kind, fact.value))
            if known and fact.level and (fact.level, fact.kind) not in self._said:
                found.setdefault(fact.level, []).append(known)
        return {
            level: [words for _, words in sorted(found[level])]
            for level in self._support.levels
            if level in found
        }

    def sentence(self, level: str, items: Sequence[Words]) -> Words:
        """A plain sentence on a level, in the frame that may stand here."""
        frame = frames()["heading" if self._headed else "prose"][0]
        several = [word for item in items[:-1] for word in (*item, ",")][:-1]
        listed = (*several, "and", *items[-1]) if several else tuple(items[-1])
        fields = {"{level}": (level,), "{items}": listed}
        return tuple(word for part in frame for word in fields.get(part, (part,)))

    def advance(self, word: str) -> None:
        """Take a word that was written.

        Raises:
            ValueError: it is not allowed.
        """
        if word not in self.allowed():
            raise ValueError(f"'{word}' is not allowed here")
        if word == END:
            self.ended = True
            return
        self._started = True
        self._ways = self._following()[word]
        self._after = None
        done = [way for way in self._ways if way.at == len(way.frame)]
        if done:
            for way in done:
                self._said |= {
                    (level, kind)
                    for level in way.levels
                    for item in way.items
                    for kind, _ in item.facts
                }
                self._headed = self._headed or ":" in way.frame
            self._sentences += 1
            self._started = False
            self._alive.clear()
            self._ways = self._beginnings()

    def advance_to_end(self) -> None:
        """End the caption here, whatever was begun; the words since the last stop do not count."""
        self.ended = True

    def copy(self) -> Machine:
        """Another machine in the same state."""
        other = copy(self)
        other._said = set(self._said)
        other._alive = {}
        return other

    def _following(self) -> dict[str, tuple[Way, ...]]:
        """Every word that may follow, with the ways that it leads to."""
        if self._after is None:
            found: dict[str, dict[Way, None]] = {}
            for way in self._ways:
                for word, after in self._steps(way):
                    if self._can_end(after):
                        found.setdefault(word, {})[after] = None
            self._after = {word: tuple(ways) for word, ways in found.items()}
        return self._after

    # --- ways ---------------------------------------------------------------------------------

    def _beginnings(self) -> tuple[Way, ...]:
        every = tuple(LUMBAR_DISCS)
        ways = [
            Way(frame, levels=every if name == "nowhere" else ())
            for name, several in frames().items()
            for frame in several
            if self._may_begin(name)
        ]
        return tuple(way for way in ways if self._can_end(way))

    def _may_begin(self, name: str) -> bool:
        """Whether a kind of sentence may come here."""
        if name == "technique":
            return bool(self._weighted) and not self._sentences
        # After "L4-L5: ..." a reader takes a finding without a level before it for one of L4-L5.
        return not (self._headed and name in ("first", "free"))

    def _can_end(self, way: Way) -> bool:
        """Whether some words lead from here to the end of a supported sentence."""
        at = way.at
        if not way.count and not way.open:
            while at < len(way.frame) and not way.frame[at].startswith("{"):
                at += 1
        here = replace(way, at=at, queue=())
        if here not in self._alive:
            self._alive[here] = at == len(way.frame) or any(
                self._can_end(after) for _, after in self._steps(here)
            )
        return self._alive[here]

    def _steps(self, way: Way) -> Iterator[tuple[str, Way]]:
        """Every word that the frame has next, with what follows; not looking ahead."""
        if way.queue:
            yield way.queue[0], replace(way, queue=way.queue[1:])
            return
        if way.at == len(way.frame):
            return
        part = way.frame[way.at]
        if not part.startswith("{"):
            yield part, replace(way, at=way.at + 1)
            return
        if not way.count or way.open:
            yield from self._elements(part, way)
            return
        if part in _LAST and not way.last:
            yield ",", replace(way, open=True)
            yield _LAST[part], replace(way, open=True, last=True)
            if part == "{items}" and way.count == 1:
                yield "with", replace(way, open=True, joined=True)
        if way.count == 1 or way.last or (way.joined and way.count == 2):
            done = replace(way, at=way.at + 1, count=0, open=False, last=False, joined=False)
            yield from self._steps(done)

    def _elements(self, part: Slot, way: Way) -> Iterator[tuple[str, Way]]:
        """The first words of every element that a slot may have next."""
        done = replace(way, count=way.count + 1, open=False)
        if part == "{weighted}":
            yield self._weighted[0], replace(done, queue=self._weighted[1:])
        elif part in ("{level}", "{levels}"):
            for level in self._support.levels:
                after = not way.levels or _order(level) > _order(way.levels[-1])
                if after and self._holds(level, way.items) and self._fills(level, way):
                    yield level, replace(done, levels=(*way.levels, level))
        else:
            for words, item in not_there() if part == "{none}" else there():
                later = not way.items or item.place > way.items[-1].place
                if later and self._fits(way, item):
                    yield words[0], replace(done, queue=words[1:], items=(*way.items, item))

    def _fills(self, level: str, way: Way) -> bool:
        """Whether a level has something for every slot of the frame that is still empty."""
        return all(
            any(self._holds(level, (item,)) for item in _ITEMS[part]())
            for part in way.frame[way.at + 1 :]
            if part in _ITEMS
        )

    def _fits(self, way: Way, item: Item) -> bool:
        """Whether an item holds at the levels that were named, or at one that still may be."""
        items = (*way.items, item)
        if way.levels:
            return all(self._holds(level, items) for level in way.levels)
        return any(self._holds(level, items) for level in self._support.levels)

    def _holds(self, level: str, items: tuple[Item, ...]) -> bool:
        """Whether all items are supported at a level, and none was said of it before."""
        return all(
            self._support.holds(level, kind, value) and (level, kind) not in self._said
            for item in items
            for kind, value in item.facts
        )


@cache
def _phrases() -> Mapping[tuple[str, str | int | float], tuple[int, Words]]:
    """One phrase of each finding by its kind and value, with the item's place in a sentence."""
    found: dict[tuple[str, str | int | float], tuple[int, Words]] = {}
    for words, item in there():
        found.setdefault(item.facts[0], (item.place, words))
    return found


@cache
def _present_items() -> tuple[Item, ...]:
    return tuple(dict.fromkeys(item for _, item in there()))


@cache
def _absent_items() -> tuple[Item, ...]:
    return tuple(dict.fromkeys(item for _, item in not_there()))


_ITEMS: Mapping[Slot, Callable[[], tuple[Item, ...]]] = {
    "{items}": _present_items,
    "{item}": _present_items,
    "{none}": _absent_items,
}


def _states(way: Way) -> bool:
    """Whether a way is one of a sentence that states findings."""
    return "{weighted}" not in way.frame


def _order(level: str) -> int:
    return LUMBAR_DISCS.index(level)


def _weighting(shown: Study) -> Words:
    """How the weighting of sagittal lumbar MR is named; nothing where a fact is not known."""
    names: set[str] = set()
    for series in shown.series:
        known = (series.modality, series.plane, series.region)
        if known != (Modality.MR, Plane.SAGITTAL, BodyRegion.LUMBAR):
            continue
        if series.sequence is Weighting.T1:
            names.add("t1")
        elif series.sequence in (Weighting.T2, Weighting.T2_SPACE):
            names.add("t2")
    return weighted(frozenset(names))
