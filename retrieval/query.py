"""What an index is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

from radixgpt.case import StatedFinding
from retrieval.corpus import Entry, Floats
from retrieval.facts import Place
from retrieval.overlap import Asked, Of, Reasons


@dataclass(frozen=True, eq=False)
class Query:
    """What is asked for.

    Attributes:
        asked: findings, each with the chances of what it may be.
        doubted: places of these that the tools could not decide.
        whole: whether these are all that is known of a study.
        tokens: words to look for, as :mod:`retrieval.lexical` makes them.
        discs: level to the vector of that disc of the open study.
        image: vector of the open study's slices.
        compared: whether the open study's vectors are compared; else they only tell who its patient
            is.
        text: vector of a question; it is held against texts, and against the discs that it names,
            or whole slices where it names none.
        level: the disc that alone is asked about, empty for all.
        patient: pseudonym of the open study's patient, where it is known.
        prints: of the open study's pictures.
    """

    asked: Asked = field(default_factory=dict)
    doubted: frozenset[Place] = frozenset()
    whole: bool = False
    tokens: tuple[str, ...] = ()
    discs: Mapping[str, Floats] = field(default_factory=dict)
    image: Floats | None = None
    compared: bool = True
    text: Floats | None = None
    level: str = ""
    patient: str = ""
    prints: tuple[str, ...] = ()

    @property
    def of(self) -> Of:
        """What the findings are of."""
        return "question" if not self.whole else "disc" if self.level else "study"

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        pictures = self.compared and (self.discs or self.image is not None)
        return not (self.asked or self.tokens or pictures or self.text is not None)


@dataclass(frozen=True)
class Filters:
    """Which cases may be returned at all.

    Attributes:
        modality, region, source: as entries name them; empty for any.
        level: a disc of which something is stated; empty for any.
        having: each of these findings must be stated so: denied where it is denied, with its grade
            or degree where it has one.
    """

    modality: str = ""
    region: str = ""
    source: str = ""
    level: str = ""
    having: tuple[StatedFinding, ...] = ()


@dataclass(frozen=True, eq=False)
class Hit:
    """One case that was found.

    Attributes:
        rank: from 1.
        score: the higher, the more alike; of no meaning beyond one search.
        signals: of each signal that was asked for its own value: the share of findings, how near
            the vectors are in standard deviations, BM25.
        alike: how alike it is, in words.
        reasons: what is shared and what differs.
    """

    entry: Entry
    rank: int
    score: float
    signals: Mapping[str, float]
    alike: str
    reasons: Reasons


@dataclass(frozen=True, eq=False)
class Answer(Sequence[Hit]):
    """The cases that were found, the most alike first.

    Attributes:
        own: cases of the open study's own patient that were left out.
        notes: what of the question could not be followed, a sentence each.
    """

    hits: tuple[Hit, ...] = ()
    own: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Hit]: ...
    def __getitem__(self, place: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[place]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


def merged(*filters: Filters) -> Filters:
    """Filters of which each must hold; a later name stands before an earlier one."""
    found = Filters()
    for one in filters:
        named: dict[str, str] = {
            name: value
            for name in ("modality", "region", "source", "level")
            if (value := getattr(one, name))
        }
        found = replace(found, **named, having=(*found.having, *one.having))
    return found


def wanted(findings: Iterable[StatedFinding]) -> Filters:
    """The filter that asks for findings."""
    return Filters(having=tuple(findings))
