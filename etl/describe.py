"""The sentences of the findings section: overall, then level by level, then what is left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.board import DISC, OPEN, Board, Grouped, Test, Topic, is_absent, is_present
from etl.check import meyerding
from etl.transform import NOT_LOCATED
from radixgpt.finding import ENDPLATES, GRADED, Finding
from radixgpt.observation import Status
from radixgpt.report import Sentence

_SUMMED_UP = ("disc_herniation", "spondylolisthesis", "modic", *ENDPLATES)
"""Kinds whose absence at every level is said once, before the levels."""
_CLOSING = ("spondylolisthesis", "modic", *ENDPLATES)
"""Kinds whose absence at some levels is said once, behind the levels."""
SLIP_TOLD_FROM = 0.05
"""Share of the vertebral depth from which a measured slip is told; less is within its noise."""
_HOIST_FROM = 3
"""Number of levels from which absence everywhere is said once."""


@dataclass(frozen=True)
class _Part:
    text: str
    ids: tuple[str, ...]


def findings_sentences(board: Board) -> tuple[Sentence, ...]:
    """Every graded finding of the board in sentences, each with the ids it states."""
    described, not_assessed = board.described, board.wholly("not_assessable")
    everywhere = _absent_everywhere(board, described)
    if board.levels and len(not_assessed) == len(board.levels) and not board.each:
        return (_sentence(_Part(*whole_level(board, board.levels, "not_assessable"))),)

    sentences = []
    if everywhere:
        sentences.append(_sentence(_absent(board, everywhere, board.levels)))
    alone: list[str] = []
    by_level: list[tuple[str, list[_Part]]] = []
    for level in board.levels:
        if level in described:
            parts = _level(board, level, everywhere)
            if not parts:
                alone.append(level)
                parts = _open_items(board, level)
        else:
            status: Status = "not_assessable" if level in not_assessed else "indeterminate"
            parts = [_whole(board, level, status)]
        by_level.append((level, parts))
    for levels, together in _alike(board, by_level):
        sentences.extend(
            _level_sentences(board, levels[0], together[0])
            if len(levels) == 1
            else [_sentences_together(board, levels, together)]
        )
    rest = [level for level in described if level not in alone]
    sentences.extend(_sentence(part) for part in _closing(board, everywhere, described, rest))
    return tuple(sentences)


def _sentence(part: _Part, level: str | None = None) -> Sentence:
    return Sentence(text=part.text, section="findings", level=level, findings=part.ids)


def _level_sentences(board: Board, level: str, parts: Sequence[_Part]) -> list[Sentence]:
    """The sentences of one level; the first begins with its name."""
    sentences = [_sentence(part, level) for part in parts]
    if sentences:
        named = board.phrases.say("level", level=level, text=sentences[0].text)
        sentences[0] = sentences[0].model_copy(update={"text": named})
    return sentences


def _alike(
    board: Board, by_level: Sequence[tuple[str, list[_Part]]]
) -> list[tuple[list[str], list[list[_Part]]]]:
    """Levels with their parts; where the style tells them together, neighbours that read alike."""
    found: list[tuple[list[str], list[list[_Part]]]] = []
    for level, parts in by_level:
        texts = [part.text for part in parts]
        if (
            found
            and board.phrases.style.together
            and texts == [part.text for part in found[-1][1][0]]
        ):
            found[-1][0].append(level)
            found[-1][1].append(parts)
        else:
            found.append(([level], [parts]))
    return found


def _sentences_together(
    board: Board, levels: Sequence[str], parts: Sequence[Sequence[_Part]]
) -> Sentence:
    """What several levels have in common, once."""
    text = board.phrases.say("levels", levels=levels, text=" ".join(part.text for part in parts[0]))
    return _sentence(_Part(text, tuple(i for each in parts for part in each for i in part.ids)))


# --- overall ----------------------------------------------------------------------------------


def _absent_everywhere(board: Board, described: Sequence[str]) -> list[Topic]:
    """Topics that were looked at and are absent at every level of the report."""
    if len(described) < _HOIST_FROM or len(described) != len(board.levels):
        return []
    return board.grouped(_SUMMED_UP, _absent_alone(board), described).get(tuple(described), [])


def _absent(board: Board, topics: Sequence[Topic], levels: Sequence[str]) -> _Part:
    text = board.phrases.say("absent_on_slices", items=board.nouns(topics), levels=levels)
    return _Part(text, board.ids(levels, topics))


def _closing(
    board: Board, everywhere: Sequence[Topic], described: Sequence[str], rest: Sequence[str]
) -> list[_Part]:
    """What is absent at some levels only, then what is indeterminate or was not assessed."""
    parts = []
    for levels, topics in board.grouped(_CLOSING, _absent_alone(board), described).items():
        left = [t for t in topics if t not in everywhere]
        if left:
            text = board.phrases.say("absent_at", items=board.nouns(left), levels=levels)
            parts.append(_Part(text, board.ids(levels, left)))
    for status in OPEN:
        if groups := open_topics(board, status, rest):
            parts.append(_Part(open_text(board, status, groups), grouped_ids(board, groups)))
    return parts


def open_topics(board: Board, status: Status, levels: Sequence[str]) -> Grouped:
    """Topics with a status other than value, by the levels they share."""
    return board.grouped(GRADED, lambda f: f.status == status, levels)


def open_text(board: Board, status: Status, groups: Grouped) -> str:
    """``Indeterminate: disc bulging at L1-L2; disc herniation at L3-L4``."""
    parts = [
        board.phrases.say("at", text=board.phrases.list_and(board.nouns(topics)), levels=levels)
        for levels, topics in groups.items()
    ]
    return board.phrases.say(status, parts=parts)


def grouped_ids(board: Board, groups: Grouped) -> tuple[str, ...]:
    """Ids of all findings of these groups."""
    return tuple(i for levels, topics in groups.items() for i in board.ids(levels, topics))


# --- one level --------------------------------------------------------------------------------


def _level(board: Board, level: str, everywhere: Sequence[Topic]) -> list[_Part]:
    parts = [
        *_disc(board, level, everywhere),
        *_slip(board, level),
        *_endplates(board, level),
    ]
    if board.phrases.style.measurements:
        parts.extend(_measured(board, level))
    return parts


def degeneration(board: Board, grade: int) -> str:
    """``Moderate disc degeneration (Pfirrmann IV)``."""
    word = board.phrases.word("degeneration", grade)
    return board.phrases.say("degeneration", word=word, grade=grade)


def healthy(board: Board) -> str:
    """What a disc of Pfirrmann grade I has none of: ``disc degeneration (Pfirrmann I)``."""
    return board.phrases.say("degeneration_noun", grade=1)


def _disc(board: Board, level: str, everywhere: Sequence[Topic]) -> list[_Part]:
    """Degeneration with what goes with it, then what was looked for and not seen."""
    parts: list[_Part] = []
    graded = board.grade(level, "pfirrmann")
    found = [f for f in board.at(level, *DISC) if is_present(f)]
    missing = [
        f for f in board.at(level, *DISC) if is_absent(f) and (f.kind, f.side) not in everywhere
    ]
    topics = [(f.kind, f.side) for f in missing]
    ids, missing_ids = tuple(f.id for f in found), tuple(f.id for f in missing)
    say = board.phrases.say
    if graded is not None and graded[0] > 1:
        text = say(
            "degenerated",
            degeneration=degeneration(board, graded[0]),
            items=board.items(found),
            missing=board.nouns(topics),
        )
        return [_Part(text, (graded[1].id, *ids, *missing_ids))]
    if found:
        missing_here = [] if graded is not None else board.nouns(topics)
        text = say("present_without", items=board.items(found), missing=missing_here)
        parts.append(_Part(text, (*ids, *missing_ids[: len(missing_here)])))
        if missing_here:
            return parts
    nouns = board.nouns(topics, begun=graded is not None)
    if graded is not None:
        nouns, missing_ids = [healthy(board), *nouns], (graded[1].id, *missing_ids)
    if nouns:
        parts.append(_Part(say("absent", items=nouns), missing_ids))
    return parts


def slip_words(board: Board, level: str) -> tuple[dict[str, object], tuple[str, ...]]:
    """The measured slip for a phrase, and the ids of the findings that give it.

    Lengths are given where millimetres are known, else the share of the vertebral depth; nothing
    is given below :data:`SLIP_TOLD_FROM` unless a reader set it. A slip is anterior where the upper
    vertebra lies in front, which is where the number is positive.
    """
    length, ratio = board.number(level, "slip_mm"), board.number(level, "slip_ratio")
    words: dict[str, object] = {"slip": "", "direction": "", "meyerding": None, "reader": False}
    ids: list[str] = []
    own = length is not None and length[1].set_by_reader
    if ratio is None or (abs(ratio[0]) < SLIP_TOLD_FROM and not own):
        return words, ()
    if length is not None and own:
        words["slip"] = board.phrases.say(
            "own_mm", number=board.phrases.length(length[0], own=True)
        )
        words["direction"] = board.phrases.say("slip_direction", size=length[0])
        words["reader"] = True
        ids.append(length[1].id)
    elif length is not None and round(abs(length[0])) > 0:
        words["slip"] = board.phrases.say("slip_mm", mm=length[0])
        words["direction"] = board.phrases.say("slip_direction", size=length[0])
        ids.append(length[1].id)
    else:
        words["slip"] = board.phrases.say("slip_share", ratio=ratio[0])
        words["direction"] = board.phrases.say("slip_direction", size=ratio[0])
        ids.append(ratio[1].id)
    words["meyerding"] = meyerding(ratio[0])
    ids.append(ratio[1].id)
    return words, tuple(dict.fromkeys(ids))


def _slip(board: Board, level: str) -> list[_Part]:
    parts = []
    for f in board.at(level, "spondylolisthesis"):
        if is_present(f):
            words, ids = slip_words(board, level)
            text = board.phrases.say("listhesis", item=board.item(f), **words)
            parts.append(_Part(text, (f.id, *ids)))
    return parts


def _endplates(board: Board, level: str) -> list[_Part]:
    plates = [f for f in board.at(level, *ENDPLATES) if is_present(f)]
    spared = {f.id: o for f in plates if (o := board.other_endplate(f)) and is_absent(o)}
    items = [
        *board.items([f for f in plates if f.id not in spared]),
        *(board.item(f, "one_of_two") for f in plates if f.id in spared),
    ]
    ids = (*(f.id for f in plates), *(o.id for o in spared.values()))
    grade, modic = board.grade(level, "modic") or (0, None)
    if grade == 0 or modic is None:
        return [_Part(board.phrases.say("present", items=items), ids)] if items else []
    if items:
        text = board.phrases.say("modic_with", grade=grade, items=items)
        return [_Part(text, (modic.id, *ids))]
    absent = [t for ts in board.grouped(ENDPLATES, is_absent, [level]).values() for t in ts]
    if absent:
        nouns = board.nouns(absent, "other")
        text = board.phrases.say("modic_without", grade=grade, items=nouns)
        return [_Part(text, (modic.id, *board.ids([level], absent)))]
    return [_Part(f"{board.phrases.say('modic', grade=grade)}.", (modic.id,))]


def _beside_a_change(board: Board, f: Finding) -> bool:
    """Whether an endplate is unchanged beside a change, so that the level's sentence says both."""
    if f.kind not in ENDPLATES or f.level is None:
        return False
    if any(is_present(o) for o in board.at(f.level, *ENDPLATES)):
        other = board.other_endplate(f)
        return other is not None and is_present(other)
    return (board.grade(f.level, "modic") or (0, None))[0] > 0


def _absent_alone(board: Board) -> Test:
    return lambda f: is_absent(f) and not _beside_a_change(board, f)


def _measured(board: Board, level: str) -> list[_Part]:
    """What was measured at a level, then what the reader set, each in a sentence."""
    found = [
        (phrase, *number)
        for kind, phrase in (("disc_height_mm", "disc_height"), ("canal_mm", "canal_depth"))
        if (number := board.number(level, kind)) is not None
    ]
    say, parts = board.phrases.say, []
    if measured := [one for one in found if not one[2].set_by_reader]:
        items = [say(phrase, mm=size) for phrase, size, _ in measured]
        parts.append(_Part(say("measured", items=items), tuple(f.id for *_, f in measured)))
    if own := [one for one in found if one[2].set_by_reader]:
        items = [
            say(f"own_{phrase}", number=board.phrases.length(size, own=True))
            for phrase, size, _ in own
        ]
        parts.append(_Part(say("own_measures", items=items), tuple(f.id for *_, f in own)))
    return parts


def _whole(board: Board, level: str, status: Status) -> _Part:
    """A line for a level at which everything is indeterminate or not assessed."""
    found = board.at(level, *GRADED)
    ids = tuple(f.id for f in found)
    if status == "indeterminate":
        return _Part(board.phrases.say("level_indeterminate"), ids)
    unlocated = all(f.reason == NOT_LOCATED for f in found)
    return _Part(board.phrases.say("level_not_assessed", unlocated=unlocated), ids)


def whole_level(board: Board, levels: Sequence[str], status: Status) -> tuple[str, tuple[str, ...]]:
    """A sentence for levels at which everything is open, and the ids it states."""
    ids = tuple(f.id for level in levels for f in board.at(level, *GRADED))
    phrase = "whole_indeterminate" if status == "indeterminate" else "whole_not_assessed"
    return board.phrases.say(phrase, levels=levels), ids


def _open_items(board: Board, level: str) -> list[_Part]:
    """For a level of which nothing else is said: what is open there."""
    parts = []
    for status, phrase in zip(OPEN, ("items_indeterminate", "items_not_assessed"), strict=True):
        for topics in open_topics(board, status, [level]).values():
            text = board.phrases.say(phrase, items=board.nouns(topics))
            parts.append(_Part(text, board.ids([level], topics)))
    return parts
