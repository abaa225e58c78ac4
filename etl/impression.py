"""The impression: what matters, most severe first, levels that share it together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from etl.asked import Asked, unseen_asked
from etl.board import DISC, OPEN, Board, Grouped, is_absent, is_present, is_probable
from etl.describe import (
    degeneration,
    grouped_ids,
    healthy,
    open_text,
    open_topics,
    slip_words,
    whole_level,
)
from etl.phrases import first_lower
from radixgpt.finding import ENDPLATES, GRADED, Finding
from radixgpt.level import order
from radixgpt.observation import Status
from radixgpt.report import Sentence

# Rank of an item, most severe first. A slip or a herniation may need something done; a type 1
# Modic change is active and more often painful than type 2 (Modic 1988); degeneration ranks by its
# Pfirrmann grade.
_RANK_SLIP = 100
_RANK_HERNIATION = 90
_RANK_DEGENERATION = {5: 80, 4: 60, 3: 30, 2: 5}
_RANK_MODIC = {1: 50, 2: 40, 3: 40}
_RANK_ENDPLATES = 20
_RANK_DISC = 25
_RANK_ABSENT = 2
_RANK_OPEN = 1
_RANK_ANSWER = 1000

_WEIGHTY = ("disc_herniation", "spondylolisthesis")
"""Kinds whose absence, or being left open, belongs into the impression."""
_WORTH_A_LINE = 3
"""Pfirrmann grade from which degeneration is listed by its grade."""


@dataclass(frozen=True)
class _Item:
    rank: float
    text: str
    ids: tuple[str, ...]


def impression_sentences(
    board: Board, reason: str | None, asked: Sequence[Asked] = ()
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """The impression in its order: what answers the question, then the rest.

    Args:
        board: findings to conclude from.
        reason: why the study was not graded, None when it was.
        asked: what the clinical information asks.
    """
    if reason is not None and len(board.wholly("not_assessable")) == len(board.levels):
        found = [f for level in board.levels for f in board.at(level, *GRADED)]
        text = board.phrases.say("impression_refused", levels=board.levels, reason=reason)
        refused = _Item(0, text, tuple(f.id for f in found))
        opened = _left_open(board, asked, graded=False)
        return tuple(map(_sentence, opened)), (_sentence(refused),)
    items = list(_short(board) if board.phrases.style.impression == "short" else _full(board))
    if not items:
        items = list(_nothing(board))
    items = _answered(board, items, asked)
    items.sort(key=lambda item: -item.rank)
    answers = [item for item in items if item.rank >= _RANK_ANSWER]
    rest = items[len(answers) :]
    return tuple(map(_sentence, answers)), tuple(map(_sentence, rest))


def _sentence(item: _Item) -> Sentence:
    return Sentence(text=item.text, section="impression", findings=item.ids)


def _full(board: Board) -> Iterator[_Item]:
    yield from _slips(board)
    yield from _herniations(board)
    worst = max((grade for grade, _, _ in _grades(board)), default=0)
    told: set[str] = set()
    for grade in sorted({g for g, _, _ in _grades(board)}, reverse=True):
        if grade >= _WORTH_A_LINE or grade == worst > 1:
            levels = [level for g, level, _ in _grades(board) if g == grade]
            told.update(levels)
            yield _degenerated(board, grade, levels)
    yield from _discs(board, [level for level in board.levels if level not in told])
    yield from _modic(board)
    yield from _bare_endplates(board)
    yield from _weighty_absent(board)
    yield from _open(board)


def _short(board: Board) -> Iterator[_Item]:
    yield from _slips(board)
    yield from _herniations(board)
    grades = [(g, level, f) for g, level, f in _grades(board) if g >= _WORTH_A_LINE]
    if grades:
        worst = max(g for g, _, _ in grades)
        levels = [level for _, level, _ in grades]
        most = [level for g, level, _ in grades if g == worst]
        if len(most) == len(levels):
            text = board.phrases.say(
                "impression_degeneration",
                text=degeneration(board, worst),
                common=[],
                levels=levels,
                more=[],
            )
        else:
            text = board.phrases.say("impression_most", levels=levels, worst=most, grade=worst)
        ids = tuple(f.id for _, _, f in grades)
        yield _Item(_RANK_DEGENERATION[worst], text, ids)
    told = {level for _, level, _ in grades}
    yield from _discs(board, [level for level in board.levels if level not in told])
    yield from _modic(board)


# --- what was asked -----------------------------------------------------------------------------


def _answered(board: Board, items: Sequence[_Item], asked: Sequence[Asked]) -> list[_Item]:
    """The items, those first that answer a question, with the answers that are still missing."""
    answers: list[_Item] = []
    about: set[str] = set()
    for one in asked:
        levels = [lv for lv in board.levels if not one.levels or lv in one.levels]
        kinds = [kind for kind in one.kinds if kind in GRADED]
        about |= {f.id for lv in levels for f in board.at(lv, *kinds)}
        stated = {name for item in (*items, *answers) for name in item.ids}
        answers.extend(_answers(board, kinds, levels, stated, named=bool(one.levels)))
    first = [replace(i, rank=i.rank + _RANK_ANSWER) if about & {*i.ids} else i for i in items]
    answers.extend(_left_open(board, asked, graded=True))
    return [*first, *(replace(a, rank=a.rank + _RANK_ANSWER) for a in answers)]


def _left_open(board: Board, asked: Sequence[Asked], *, graded: bool) -> Iterator[_Item]:
    """What was asked and no tool looks at."""
    if told := unseen_asked(board.unseen, asked, board.phrases, graded=graded):
        yield _Item(_RANK_OPEN, *told)


def _answers(
    board: Board, kinds: Sequence[str], levels: Sequence[str], stated: set[str], *, named: bool
) -> Iterator[_Item]:
    """Answers that the impression does not give without a question.

    What is absent at some levels is only told where it is present at none of those asked for, or
    where a level was named.
    """
    for kind in (k for k in kinds if k != "pfirrmann"):
        here = [f for lv in levels for f in board.at(lv, kind)]
        there = [f for f in here if f.status == "value" and not is_absent(f)]
        missing = [f for f in there if f.id not in stated]
        if missing and kind != "modic":  # every Modic type has its line
            groups = _present_groups(board, (kind,), _levels(missing))
            yield _item(board, _RANK_DISC, _by_level(board, groups), missing)
        absent = [f for f in here if is_absent(f) and f.id not in stated]
        if absent and (named or not there):
            told = _levels(absent)
            for places, topics in board.grouped((kind,), is_absent, told).items():
                words = board.nouns(topics)
                text = board.phrases.say("absent_on_slices", items=words, levels=places)
                yield _Item(_RANK_ABSENT, text, board.ids(places, topics))
    if "pfirrmann" in kinds:
        left = [(g, lv) for g, lv, f in _grades(board) if lv in levels and f.id not in stated]
        for grade in sorted({g for g, _ in left}, reverse=True):
            at = [lv for g, lv in left if g == grade]
            ids = tuple(f.id for g, lv, f in _grades(board) if g == grade and lv in at)
            if grade == 1:
                text = board.phrases.say("absent_on_slices", items=[healthy(board)], levels=at)
            else:
                worded = degeneration(board, grade)
                text = board.phrases.say(
                    "impression_degeneration", text=worded, common=[], levels=at, more=[]
                )
            yield _Item(_RANK_DEGENERATION.get(grade, _RANK_ABSENT), text, ids)
    for status in OPEN:
        left_open = board.grouped(kinds, partial(_is_left, stated=stated, status=status), levels)
        if left_open:
            yield _still_open(board, status, left_open)


def _is_left(f: Finding, *, stated: set[str], status: Status) -> bool:
    return f.status == status and f.id not in stated


# --- items --------------------------------------------------------------------------------------


def _grades(board: Board) -> list[tuple[int, str, Finding]]:
    """Pfirrmann grade, level and finding, from head to tail."""
    found = []
    for level in board.levels:
        graded = board.grade(level, "pfirrmann")
        if graded is not None:
            found.append((graded[0], level, graded[1]))
    return found


def _slips(board: Board) -> Iterator[_Item]:
    for level in board.levels:
        for f in board.at(level, "spondylolisthesis"):
            if not is_present(f):
                continue
            words: dict[str, object] = {"slip": "", "direction": "", "meyerding": None}
            ids: tuple[str, ...] = ()
            size = board.number(level, "slip_ratio")
            if board.phrases.style.slip_in_impression:
                words, ids = slip_words(board, level)
            text = board.phrases.say(
                "impression_listhesis", item=board.item(f), level=level, **words
            )
            rank = _RANK_SLIP + (min(abs(size[0]), 1.0) if size else 0.0)
            yield _Item(rank, text, (f.id, *ids))


def _present_groups(
    board: Board, kinds: Sequence[str], levels: Sequence[str]
) -> dict[str, list[Finding]]:
    """Present findings of these kinds by their wording, which holds side and doubt."""
    groups: dict[str, list[Finding]] = {}
    for kind in kinds:
        for level in levels:
            for f in board.at(level, kind):
                if is_present(f):
                    groups.setdefault(board.item(f), []).append(f)
    return _sure_first(groups)


def _sure_first(groups: dict[str, list[Finding]]) -> dict[str, list[Finding]]:
    """The wordings with those first that are not "probable"."""
    return dict(sorted(groups.items(), key=lambda one: all(map(is_probable, one[1]))))


def _at(board: Board, text: str, found: Sequence[Finding]) -> str:
    return board.phrases.say("at", text=text, levels=_levels(found))


def _by_level(board: Board, groups: Mapping[str, Sequence[Finding]]) -> list[str]:
    """Wordings at their levels; those of the same levels together."""
    texts: dict[tuple[str, ...], list[str]] = {}
    for text, found in groups.items():
        texts.setdefault(tuple(_levels(found)), []).append(text)
    return [
        board.phrases.say("at", text=board.phrases.list_and(together), levels=levels)
        for levels, together in texts.items()
    ]


def _levels(found: Sequence[Finding]) -> list[str]:
    return sorted({f.level for f in found if f.level is not None}, key=order)


def _item(board: Board, rank: float, parts: Sequence[str], found: Sequence[Finding]) -> _Item:
    text = board.phrases.say("impression_item", parts=parts)
    return _Item(rank, text, tuple(f.id for f in found))


def _herniations(board: Board) -> Iterator[_Item]:
    groups = _present_groups(board, ("disc_herniation",), board.levels)
    for place, (text, found) in enumerate(groups.items()):
        yield _item(board, _RANK_HERNIATION - place / 10, [_at(board, text, found)], found)


def _degenerated(board: Board, grade: int, levels: Sequence[str]) -> _Item:
    """Discs of one grade; what all of them share is said first, the rest by level."""
    groups = _present_groups(board, ("disc_narrowing", "disc_bulging"), levels)
    common = {text: found for text, found in groups.items() if _levels(found) == list(levels)}
    more = {text: found for text, found in groups.items() if text not in common}
    text = board.phrases.say(
        "impression_degeneration",
        text=degeneration(board, grade),
        common=list(common),
        levels=levels,
        more=_by_level(board, more),
    )
    own = tuple(f.id for g, level, f in _grades(board) if level in levels and g == grade)
    ids = tuple(f.id for found in groups.values() for f in found)
    return _Item(_RANK_DEGENERATION[grade], text, (*own, *ids))


def _discs(board: Board, levels: Sequence[str]) -> Iterator[_Item]:
    """Narrowing and bulging at levels whose degeneration has no line of its own."""
    groups = _present_groups(board, ("disc_narrowing", "disc_bulging"), levels)
    if groups:
        found = [f for g in groups.values() for f in g]
        yield _item(board, _RANK_DISC, _by_level(board, groups), found)


def _modic(board: Board) -> Iterator[_Item]:
    by_type: dict[int, list[Finding]] = {}
    for level in board.levels:
        graded = board.grade(level, "modic")
        if graded is not None and graded[0] > 0:
            by_type.setdefault(graded[0], []).append(graded[1])
    if by_type:
        types = sorted(by_type, key=lambda t: (-_RANK_MODIC[t], t))
        parts = []
        for place, grade in enumerate(types):
            words = board.phrases.say("modic", grade=grade)
            parts.append(_at(board, words if not place else first_lower(words), by_type[grade]))
        yield _item(board, _RANK_MODIC[types[0]], parts, [f for t in types for f in by_type[t]])


def _bare_endplates(board: Board) -> Iterator[_Item]:
    """Endplate changes at levels without a Modic type."""
    bare: dict[str, list[Finding]] = {}
    every: list[Finding] = []
    for level in board.levels:
        graded = board.grade(level, "modic")
        found = [f for f in board.at(level, *ENDPLATES) if is_present(f)]
        if found and (graded is None or graded[0] == 0):
            every.extend(found)
            if len(items := board.items(found)) == 1:
                bare.setdefault(items[0], []).extend(found)
            else:
                for f in found:
                    bare.setdefault(board.item(f), []).append(f)
    if len(bare) > 1 and len(_levels(every)) > 1 and not any(f.side for f in every):
        bare = _whichever_endplate(board, every)
    if bare:
        yield _item(board, _RANK_ENDPLATES, _by_level(board, _sure_first(bare)), every)


def _whichever_endplate(board: Board, found: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Endplate changes by level; which endplate it is at which level the findings section says."""
    by_level: dict[str | None, list[Finding]] = {}
    for f in found:
        by_level.setdefault(f.level, []).append(f)
    groups: dict[str, list[Finding]] = {}
    for here in by_level.values():
        words = board.unsided("endplates", probable=all(map(is_probable, here)))
        groups.setdefault(words, []).extend(here)
    return groups


def _weighty_absent(board: Board) -> Iterator[_Item]:
    """Herniation and slip where they are absent at every level that was graded."""
    if len(board.levels) > 1:
        topics = board.grouped(_WEIGHTY, is_absent, board.levels).get(board.levels, [])
        if topics:
            text = board.phrases.say(
                "absent_on_slices", items=board.nouns(topics), levels=board.levels
            )
            yield _Item(_RANK_ABSENT, text, board.ids(board.levels, topics))


def _open(board: Board) -> Iterator[_Item]:
    """Herniation and slip that were looked for and left open."""
    levels = [level for level in board.levels if level not in board.wholly("indeterminate")]
    groups = board.grouped(_WEIGHTY, lambda f: f.status == "indeterminate", levels)
    if groups:
        yield _still_open(board, "indeterminate", groups)


def _nothing(board: Board) -> Iterator[_Item]:
    """When there is nothing to rank: what is absent, else that nothing could be decided."""
    fine = [(level, f) for grade, level, f in _grades(board) if grade == 1]
    if fine:
        text = board.phrases.say(
            "absent_on_slices",
            items=[healthy(board)],
            levels=[level for level, _ in fine],
        )
        yield _Item(_RANK_ABSENT, text, tuple(f.id for _, f in fine))
    groups = board.grouped((*DISC, "spondylolisthesis"), is_absent, board.levels)
    for levels, topics in groups.items():
        text = board.phrases.say("absent_on_slices", items=board.nouns(topics), levels=levels)
        yield _Item(_RANK_ABSENT, text, board.ids(levels, topics))
    if not fine and not groups:
        for status in OPEN:
            if len(board.wholly(status)) == len(board.levels):
                yield _Item(_RANK_OPEN, *whole_level(board, board.levels, status))
            elif still_open := open_topics(board, status, board.levels):
                yield _still_open(board, status, still_open)


def _still_open(board: Board, status: Status, groups: Grouped) -> _Item:
    return _Item(_RANK_OPEN, open_text(board, status, groups), grouped_ids(board, groups))
