"""The findings section as prose: finding by finding over all levels, instead of level by level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.board import DISC, OPEN, Board, is_absent, is_present, is_probable
from etl.describe import (
    degeneration,
    grouped_ids,
    healthy,
    open_text,
    open_topics,
    slip_words,
    whole_level,
)
from etl.phrases import first_upper
from radixgpt.finding import ENDPLATES, GRADED, Finding
from radixgpt.report import Sentence

_ABSENT = tuple(kind for kind in GRADED if kind != "pfirrmann")


def prose_sentences(board: Board) -> tuple[Sentence, ...]:
    """Every graded finding of the board in sentences, each with the ids it states."""
    described = board.described
    parts = [
        *_degenerated(board, described),
        *_present(board, DISC, described),
        *_slips(board, described),
        *_modic(board, described),
        *_absent(board, described, beside_modic=True),
        *_present(board, ENDPLATES, described),
        *_absent(board, described, beside_modic=False),
        *_open(board, described),
    ]
    for status in OPEN:
        if levels := board.wholly(status):
            parts.append(whole_level(board, levels, status))
    return tuple(Sentence(text=text, section="findings", findings=ids) for text, ids in parts)


_Part = tuple[str, tuple[str, ...]]


def _at(board: Board, text: str, levels: Sequence[str]) -> str:
    return f"{first_upper(board.phrases.say('at', text=text, levels=levels))}."


def _degenerated(board: Board, levels: Sequence[str]) -> Iterator[_Part]:
    """Discs by Pfirrmann grade, worst first."""
    found: dict[int, list[tuple[str, Finding]]] = {}
    for level in levels:
        if (graded := board.grade(level, "pfirrmann")) is not None:
            found.setdefault(graded[0], []).append((level, graded[1]))
    for grade in sorted(found, reverse=True):
        named = [level for level, _ in found[grade]]
        ids = tuple(f.id for _, f in found[grade])
        if grade > 1:
            yield _at(board, degeneration(board, grade), named), ids
        else:
            text = board.phrases.say("absent_at", items=[healthy(board)], levels=named)
            yield text, ids


def _present(board: Board, kinds: Sequence[str], levels: Sequence[str]) -> Iterator[_Part]:
    """What is there, by its wording; wordings of the same levels together, sure ones first."""
    found: dict[str, list[tuple[str, tuple[Finding, ...]]]] = {}
    for level in levels:
        here = [f for f in board.at(level, *kinds) if is_present(f)]
        for words, stated in board.worded(here):
            found.setdefault(words, []).append((level, stated))
    places: dict[tuple[str, ...], list[tuple[str, list[Finding]]]] = {}
    for words, at in found.items():
        every = [f for _, stated in at for f in stated]
        places.setdefault(tuple(level for level, _ in at), []).append((words, every))
    rank = {kind: place for place, kind in enumerate(kinds)}

    def first(one: tuple[tuple[str, ...], list[tuple[str, list[Finding]]]]) -> tuple[int, bool]:
        stated = one[1][0][1]
        return min(rank[f.kind] for f in stated), all(map(is_probable, stated))

    for where, together in sorted(places.items(), key=first):
        text = board.phrases.list_and([words for words, _ in together])
        yield _at(board, text, where), tuple(f.id for _, stated in together for f in stated)


def _slips(board: Board, levels: Sequence[str]) -> Iterator[_Part]:
    for level in levels:
        for f in board.at(level, "spondylolisthesis"):
            if is_present(f):
                words, ids = slip_words(board, level)
                text = board.phrases.say(
                    "impression_listhesis", item=board.item(f), level=level, **words
                )
                yield text, (f.id, *ids)


def _modic(board: Board, levels: Sequence[str]) -> Iterator[_Part]:
    found: dict[int, list[tuple[str, Finding]]] = {}
    for level in levels:
        graded = board.grade(level, "modic")
        if graded is not None and graded[0] > 0:
            found.setdefault(graded[0], []).append((level, graded[1]))
    for grade, places in sorted(found.items()):
        text = board.phrases.say("modic", grade=grade)
        yield _at(board, text, [level for level, _ in places]), tuple(f.id for _, f in places)


def _absent(board: Board, levels: Sequence[str], *, beside_modic: bool) -> Iterator[_Part]:
    """What was looked for and not seen; at every level first.

    Beside a Modic change, which is one of the endplates, the endplates have no further one; this
    is told by itself, right behind the Modic changes.
    """
    changed = {level for level in levels if (board.grade(level, "modic") or (0,))[0] > 0}

    def beside(f: Finding) -> bool:
        return f.kind in ENDPLATES and f.level in changed

    words_of = "other" if beside_modic else "kind"
    groups = board.grouped(_ABSENT, lambda f: is_absent(f) and beside(f) == beside_modic, levels)
    for places, topics in sorted(groups.items(), key=lambda item: -len(item[0])):
        everywhere = list(places) == list(board.levels) and not beside_modic
        phrase = "absent_on_slices" if everywhere else "absent_at"
        text = board.phrases.say(phrase, items=board.nouns(topics, words_of), levels=places)
        yield text, board.ids(places, topics)


def _open(board: Board, levels: Sequence[str]) -> Iterator[_Part]:
    for status in OPEN:
        if groups := open_topics(board, status, levels):
            yield open_text(board, status, groups), grouped_ids(board, groups)
