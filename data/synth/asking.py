"""Findings in words to what is asked of an image: every word is understood, or all is refused.

A report is read for what can be found in it; a request is read whole. So this is no reader of
reports: what isn't in :mod:`data.synth.asking_words` is named and refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from data.synth.asking_facts import WHOLE, Facts, Found
from data.synth.asking_words import (
    ASKABLE,
    FINDINGS,
    NAMES,
    OTHERS,
    QUALIFIERS,
    RANGE,
    compiled,
)
from data.synth.request import Request
from radixgpt.errors import InputError
from radixgpt.language.levels import LevelMention, find_levels
from radixgpt.language.spelling import Plain

_EXAMPLES = "'L4-L5 pfirrmann 5', 'L5-S1 disc herniation', 'L3 fracture'"
_BOOK = {
    **{("finding", name): rule for name, rule in compiled(FINDINGS).items()},
    **{("qualifier", name): rule for name, rule in compiled(QUALIFIERS).items()},
    **{(name, name): rule for name, rule in compiled(OTHERS).items()},
}
_HEALTHY = re.compile(
    r"\W*(?:everything |all |(?:all )?(?:lumbar )?(?:discs?|levels?|spine) )?(?:healthy|normal)"
    r"(?: (?:lumbar )?(?:discs?|spine))?\W*",
    re.IGNORECASE,
)
"""What asks for no finding at all."""
_WORD = re.compile(r"[^\s,;:.]+|\S")
_JOINT = re.compile(r"(?: (?:is|tip|at|in|of|behind|opposite|the))* ?")
_PLACED = ("conus", "sac_end", "apex")
"""Findings and qualifiers that are followed by a level of their own."""


@dataclass(frozen=True)
class Token:
    """One piece of a request.

    Attributes:
        sort: ``finding``, ``qualifier``, ``level``, or the name of another word.
        name: which one.
        parts: what its pattern caught, by the group's name without its number.
        level: of a level, or of what has a level of its own.
    """

    sort: str
    name: str
    start: int
    end: int
    parts: dict[str, str]
    level: LevelMention | None = None


def asked(texts: Sequence[str]) -> Request:
    """What findings in words ask for.

    Args:
        texts: "healthy" asks for no finding.

    Raises:
        InputError: a word is not understood, a finding has no place or no grade, is doubtful, can't
            be drawn, or contradicts another; the message says what can be asked for.
    """
    facts = Facts()
    for text in texts:
        _read(text, facts)
    return Request(facts.checked())


def _read(text: str, facts: Facts) -> None:
    if _HEALTHY.fullmatch(text) is not None:
        return
    tokens = _tokens(text)
    if not any(token.sort == "finding" for token in tokens):
        named = text.strip()[:60]
        raise InputError(
            f"No finding is understood in '{named}'." if named else "No finding is named.",
            f"Name a place and a finding, such as {_EXAMPLES}. What can be asked for: {ASKABLE}.",
        )
    sentences: list[list[Token]] = [[]]
    for token in tokens:
        if token.sort == "stop":
            sentences.append([])
        elif token.sort != "fill":
            sentences[-1].append(token)
    last: LevelMention | None = None
    for sentence in sentences:
        last = _sentence(sentence, last, facts)


def _tokens(text: str) -> list[Token]:
    """Every word of a text, in order.

    Raises:
        InputError: words are not understood, or say what no image can show.
    """
    plain = Plain(text)
    placed = _placed(plain.text)
    masked = plain.text
    for start, level in placed.items():
        masked = masked[:start] + " " * level.end + masked[start + level.end :]
    levels = {level.start: level for level in find_levels(masked)}
    tokens: list[Token] = []
    unknown: list[str] = []
    place, end = 0, len(plain.text)
    while place < end:
        if plain.text[place] == " ":
            place += 1
            continue
        token = _token(plain.text, place, levels, placed)
        if token is None:
            word = _WORD.match(plain.text, place)
            assert word is not None
            first, last = plain.span(*word.span())
            unknown.append(plain.original[first:last])
            place = word.end()
            continue
        said = plain.original[slice(*plain.span(token.start, token.end))]
        doubt = RANGE.match(plain.text, token.end) if token.parts else None
        if doubt is not None and token.start not in levels:
            raise InputError(
                f"'{said}{plain.text[token.end : doubt.end()]}' is uncertain; an image shows one "
                "grade.",
                "Ask for one, or for two images.",
            )
        if token.sort == "finding" and token.name.endswith("?"):
            allowed = "1 to 5" if token.name == "pfirrmann?" else "0 to 3"
            raise InputError(f"'{said}' needs a grade.", f"Grades: {allowed}.")
        _drawable(token, said)
        tokens.append(token)
        place = token.end
    if unknown:
        raise _not_understood(unknown, any(token.sort == "finding" for token in tokens), text)
    return tokens


def _placed(text: str) -> dict[int, LevelMention]:
    """The levels of conus, sac and apex, which are no finding's, by where they start."""
    found: dict[int, LevelMention] = {}
    for (_, name), rule in _BOOK.items():
        for match in rule.finditer(text) if name in _PLACED else ():
            joint = _JOINT.match(text, match.end())
            assert joint is not None
            own = find_levels(re.split("[,;]|and", text[joint.end() :], maxsplit=1)[0])
            if own and own[0].start == 0:
                found[joint.end()] = own[0]
    return found


def _token(
    text: str, place: int, levels: dict[int, LevelMention], placed: dict[int, LevelMention]
) -> Token | None:
    """The longest of all that may stand at a place."""
    if place in levels:
        end = levels[place].end
        end += text[end : end + 1] == "s"  # all lumbar discs
        return Token("level", "level", place, end, {}, levels[place])
    best: Token | None = None
    for (sort, name), rule in _BOOK.items():
        match = rule.match(text, place)
        if match is None or (best is not None and match.end() <= best.end):
            continue
        if any(place < start < match.end() for start in levels):
            continue
        parts = {key.rstrip("0123456789"): v for key, v in match.groupdict().items() if v}
        best = Token(sort, name, place, match.end(), parts)
    if best is None or best.name not in _PLACED:
        return best
    joint = _JOINT.match(text, best.end)
    level = placed.get(joint.end()) if joint is not None else None
    if joint is None or level is None:
        raise InputError(
            f"'{text[place : best.end]}' needs a place.", "Name one, such as 'conus at L2'."
        )
    return Token(best.sort, best.name, place, joint.end() + level.end, best.parts, level)


def _drawable(token: Token, said: str) -> None:
    if token.sort == "doubt":
        raise InputError(
            f"'{said}' is uncertain; an image shows a finding or not.",
            "Say that it is there, or leave it out.",
        )
    if token.sort == "side":
        raise InputError(
            f"'{said}': no side of a finding can be drawn; all lie in the midline.",
            "Leave the side out; of the canal there is 'canal stenosis'.",
        )
    if token.sort == "degree":
        raise InputError(
            f"'{said}' is no measure, and would be drawn as any other.",
            "Leave the degree out, or give a grade or millimetres, such as 'bulging 4 mm', "
            "'canal stenosis 6 mm', 'fracture genant 2'.",
        )


def _not_understood(unknown: Sequence[str], any_finding: bool, text: str) -> InputError:
    words = ", ".join(f"'{word[:30]}'" for word in dict.fromkeys(unknown))
    near = {
        name
        for word in unknown
        for name in get_close_matches(word.lower(), NAMES, 2, 0.6)
        + [n for n in NAMES if len(word) > 3 and word.lower() in n]
    }
    hint = f"Near to it: {', '.join(sorted(near))}. " if near else ""
    problem = f"Not understood: {words}."
    if not any_finding:
        problem = f"No finding is understood in '{text.strip()[:60]}': {words}."
    return InputError(
        problem, f"{hint}Write it as in {_EXAMPLES}. What can be asked for: {ASKABLE}."
    )


# --- which finding lies where, and what is said of it --------------------------------------------


def _sentence(
    tokens: Sequence[Token], before: LevelMention | None, facts: Facts
) -> LevelMention | None:
    """Read one sentence; the level that the next one goes on with."""
    found = _findings(tokens)
    clauses: list[list[Token]] = [[]]
    for place, token in enumerate(tokens):
        if token.sort == "comma" or (token.sort == "and" and _crossed(clauses[-1], tokens, place)):
            clauses.append([])
        elif token.sort in ("level", "finding"):
            clauses[-1].append(token)
    current, pending = before, list[Found]()
    unused: Token | None = None
    for clause in clauses:
        levels = [token for token in clause if token.sort == "level"]
        own = [token for token in clause if token.sort == "finding" and token.name not in WHOLE]
        for token in (t for t in clause if t.sort == "finding" and t.name in WHOLE):
            facts.add(found[token.start], None)
        if levels and unused is not None:
            break
        if not levels:
            for token in own:
                if current is None:
                    pending.append(found[token.start])
                else:
                    facts.add(found[token.start], current)
                    unused = None
            continue
        first = levels[0]
        for one in pending:
            facts.add(one, first.level)
        taken, pending = bool(pending), []
        # A clause that begins with its finding has the level behind it.
        follows = bool(own) and own[0].start < first.start
        for place, level in enumerate(levels):
            if len(levels) == 1:
                mine = own
            elif follows:
                low = levels[place - 1].start if place else -1
                mine = [t for t in own if low < t.start < level.start]
            else:
                high = levels[place + 1].start if place + 1 < len(levels) else 1 << 30
                mine = [t for t in own if level.start < t.start < high]
            for token in mine:
                facts.add(found[token.start], level.level)
            own = [t for t in own if t not in mine] if len(levels) > 1 else own
            if not mine and not (taken and place == 0):
                unused = level
                if level is not levels[-1]:
                    break
            current = level.level
        split = follows and current is not before and before is not None
        around = bool(own) and own[0].start < first.start < own[-1].start
        if len(levels) > 1 and own:
            raise _ambiguous()
        if around and (split or (first.level is not None and len(first.level.discs) > 1)):
            raise _ambiguous()
    if unused is not None:
        raise InputError(
            "A level is named without a finding, or it is not clear which finding is where.",
            f"Write the level before its findings, one level a sentence, such as {_EXAMPLES}.",
        )
    if pending:
        raise InputError(
            f"No level is named for '{pending[0].name.replace('_', ' ')}'.",
            f"Name the disc or the vertebra with each finding, such as {_EXAMPLES}.",
        )
    return current


def _crossed(clause: Sequence[Token], tokens: Sequence[Token], joint: int) -> bool:
    """Whether an "and" parts a vertebra from a disc, each with one finding, in either order.

    "L3 fracture and a herniation at L5-S1" can be read in one way, as "L4-L5 pfirrmann 5 and
    modic 2 at L5-S1" can't.
    """
    after: list[Token] = []
    for token in tokens[joint + 1 :]:
        if token.sort in ("comma", "and", "or"):
            break
        if token.sort in ("level", "finding", "with"):
            after.append(token)
    both = [*clause, *after]
    discs = {bool(token.level.discs) for token in both if token.sort == "level" and token.level}
    turned = [token.sort for token in after] == [token.sort for token in reversed(clause)]
    return len(clause) == 2 and turned and len(discs) == 2


def _ambiguous() -> InputError:
    return InputError(
        "It is not clear which finding is at which level.",
        f"Write the level before its findings, one level a sentence, such as {_EXAMPLES}.",
    )


def _findings(tokens: Sequence[Token]) -> dict[int, Found]:
    """The findings of a sentence with what qualifies them, by where they start."""
    found: dict[int, Found] = {}
    waiting: list[Token] = []
    last: Found | None = None
    denied = False
    joined = ""
    for i, token in enumerate(tokens):
        if token.sort == "finding":
            if joined == "or" and not denied:
                raise InputError(
                    "'or' is uncertain; an image shows one finding or the other.",
                    "Ask for one, or for two images.",
                )
            listed = any(t.sort == "or" for t in tokens[i:])
            if denied and joined in ("and", "comma") and not listed:
                raise InputError(
                    f"It is not clear whether '{token.name.replace('_', ' ')}' is denied.",
                    "Say 'no' or 'with' before each finding.",
                )
            last = Found(token.name, dict(token.parts), token.level, denied)
            found[token.start] = last
            for one in waiting:
                _qualify(last, one)
            waiting, joined = [], ""
        elif token.sort == "qualifier":
            after = next((t for t in tokens[i + 1 :] if t.sort != "qualifier"), None)
            leads = after is not None and after.sort == "finding"
            mine = last is not None and not joined and last.takes(token.name, token.parts)
            if mine and last is not None:
                _qualify(last, token)
            elif leads:
                waiting.append(token)
            elif last is not None:
                _qualify(last, token)
            else:
                raise _loose(token)
        elif token.sort == "no":
            denied, joined, last = True, "", None
        elif token.sort == "absent":
            if last is None:
                raise _loose(token)
            last.denied = True
        elif token.sort in ("but", "with"):
            denied, joined = False, "" if token.sort == "with" else "but"
        elif token.sort in ("and", "or", "comma"):
            joined = joined if joined == "or" else token.sort
        elif token.sort == "level":
            # What was denied before a level is over with it: "no herniation at L4-L5, bulging".
            denied = denied and last is None
            joined, last = "", None
    if waiting:
        raise _loose(waiting[0])
    return found


def _qualify(found: Found, token: Token) -> None:
    if not found.takes(token.name, token.parts):
        raise _loose(token, found.name)
    found.take(token.name, token.parts, token.level)


def _loose(token: Token, name: str = "") -> InputError:
    words = " ".join(token.parts.values()) or token.name
    of = f" of '{name.replace('_', ' ')}'" if name else ""
    return InputError(
        f"It is not clear what '{words}' says{of}.",
        f"Write each measure right behind its finding. What can be asked for: {ASKABLE}.",
    )
