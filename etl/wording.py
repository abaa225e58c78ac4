"""What a sentence claims, read from its words alone.

This reader knows nothing of the templates that wrote a sentence, so it also judges sentences that
a language model reworded. It is strict on purpose: a word it does not know, a number it can't
place or a negation it can't resolve is a problem, never a pass.
"""

from __future__ import annotations

import re
from dataclasses import replace

from etl.claim import Claim, Polarity, Reading
from etl.lexicon import WORDS, Token, clean, level_sets, number, tokenize
from etl.words import Words
from radixgpt.finding import ABSENT, GRADED, ITEMS, PRESENT
from radixgpt.observation import Side, Status

_PFIRRMANN: frozenset[str | int] = frozenset({1, 2, 3, 4, 5})
_MODIC: frozenset[str | int] = frozenset({0, 1, 2, 3})

_ITEM = "item_"
"""What the names of tokens for items begin with."""
_MENTIONS = {
    "modic",
    "pfirrmann",
    "degeneration",
    "narrowing",
    "bulging",
    "herniation",
    "endplates",
    "listhesis",
    "scoliosis",
    *(f"{_ITEM}{name}" for name in ITEMS),
}
_NOUNS = {
    "curve": "curve",
    "slip": "slip",
    "canal": "canal",
    "disc_height": "disc_height",
    "height_index": "index",
}
_LENGTHS = {"slip": "slip_mm", "canal": "canal_mm", "disc_height": "disc_height_mm"}
_RATIOS = {"slip": "slip_ratio", "canal": "canal_ratio", "index": "disc_height_index"}

_CUES = {"affirmed_before", "negated_before", "negates", "side", "side_after"}
_QUANTITIES = {"millimetres", "percent", "ratio", "degrees", "meyerding", "superlative"}

_CLAUSE_END = re.compile(r"(;|\.(?!\d)|[!?\n])")


def read(text: str, language: str = "en") -> Reading:
    """Read the claims of a text of one or more sentences.

    Levels are given to a claim so: a clause that begins with levels (``L4-L5: ...``) says
    everything of those; else a claim belongs to the next levels in its clause, or to the last
    ones when none follow; a clause without levels continues with those of the clause before.
    "Indeterminate: ..." and "Not assessed: ..." hold until the end of the sentence.
    """
    claims: list[Claim] = []
    problems: list[str] = []
    inherited: tuple[str, ...] | None = ()
    heading: Polarity = "plain"
    words = WORDS[language]
    for clause in _CLAUSE_END.split(clean(text, language)):
        if _CLAUSE_END.fullmatch(clause):
            heading = heading if clause == ";" else "plain"
            continue
        tokens = tokenize(clause, words)
        sets = level_sets(tokens, problems, words)
        reader = _Clause(tokens, sets, problems, heading, words)
        found, levels = reader.claims(), [s for _, _, s in sets] or None
        heading = reader.heading
        if levels is None:
            if inherited is None and found:
                problems.append(f"'{clause.strip()}' does not say which level it means")
            found = [replace(c, levels=inherited or ()) for c in found]
        else:
            inherited = levels[0] if len(set(levels)) == 1 else None
        claims.extend(found)
    return Reading(tuple(claims), tuple(dict.fromkeys(problems)))


class _Clause:
    """Reads one clause: which mentions, of which levels, and whether affirmed or negated."""

    def __init__(
        self,
        tokens: list[Token],
        sets: list[tuple[int, int, tuple[str, ...]]],
        problems: list[str],
        heading: Polarity,
        words: Words,
    ) -> None:
        self.words = words
        self.heading = heading
        self.tokens = tokens
        self.sets = sets
        self.problems = problems
        self.measured: set[str] = set()
        self.in_set = {i for first, last, _ in sets for i in range(first, last + 1)}

    def claims(self) -> list[Claim]:
        polarity = self._polarities()
        self._words()
        self._order_of_levels()
        found: list[tuple[int, Claim]] = []
        for place, token in enumerate(self.tokens):
            if place in polarity:
                found.extend((place, c) for c in self._mention(place, polarity[place]))
            elif token.name in ("millimetres", "percent", "ratio", "degrees"):
                found.extend((place, c) for c in self._measure(place, token))
            elif token.name == "meyerding":
                grade = number(token.match["meyerding_grade"])
                found.append((place, Claim("slip_ratio", token.text, meyerding=grade)))
            elif token.name == "superlative":
                found.append((place, Claim("pfirrmann", token.text, superlative=True)))
        for token in self.tokens:
            if token.name in _NOUNS and _NOUNS[token.name] not in self.measured:
                self.problems.append(f"'{token.text}' has no number")
        if not found:
            found = self._whole_level()
        if not found and (self.sets or any(t.name in _CUES for t in self.tokens)):
            # "...; L5-S1 does" may state something without naming it.
            self.problems.append("a part of it names no finding")
        found = self._said_by_reader(self._sides(found))
        placed = [(place, replace(c, levels=self._levels(place))) for place, c in found]
        self._superlative_among(placed)
        return [c for _, c in placed]

    def _superlative_among(self, placed: list[tuple[int, Claim]]) -> None:
        """Refuse "degeneration at A and B, most severe at C": C has to be among the others."""
        named = {
            level
            for place, c in placed
            if self.tokens[place].name == "degeneration"
            for level in c.levels
        }
        if any(c.superlative and not named.issuperset(c.levels) for _, c in placed):
            self.problems.append("the most severe level is not among those named")

    # --- affirmed, negated, indeterminate, not assessed -------------------------------------

    def _polarities(self) -> dict[int, Polarity]:
        """Polarity of every mention, by the place of its token."""
        result: dict[int, Polarity] = {}
        state = self.heading
        pending: list[int] = []
        negated_here: list[int] = []

        def close_negation() -> None:
            self._unclear_list(negated_here, self.words.lists)
            negated_here.clear()

        for place, token in enumerate(self.tokens):
            if token.name in _MENTIONS:
                result[place] = state
                pending.append(place)
                if state == "negated" and token.name != "pfirrmann":
                    negated_here.append(place)
            elif token.name in _QUANTITIES and state != "plain":
                self.problems.append(f"'{token.text}' can't be negated or left open")
            elif token.name == "negates":
                if state == "negated" and self._before(place) in (
                    ",",
                    *self.words.joins,
                    *self.words.lists,
                ):
                    close_negation()  # "no A at X, no B at Y"
                elif state != "plain":
                    self.problems.append(f"'{token.text}' follows another negation")
                state = "negated"
            elif token.name in ("ends", "with") or token.name == "affirmed_before":
                close_negation()
                if state == "negated":
                    state = "plain"
                pending = []
            elif token.name in ("negated_before", "indeterminate", "not_assessable"):
                new: Polarity = (
                    "negated"
                    if token.name == "negated_before"
                    else "indeterminate"
                    if token.name == "indeterminate"
                    else "not_assessable"
                )
                if state != "plain":
                    self.problems.append(f"'{token.text}' follows another negation")
                if pending:
                    for p in pending:
                        result[p] = new
                    self._unclear_list(pending, (*self.words.joins, *self.words.lists))
                    pending = []
                elif new == "negated":
                    self.problems.append(f"'{token.text}' says nothing of a finding")
                else:
                    state = self.heading = new
        close_negation()
        return result

    def _before(self, place: int) -> str:
        return self.tokens[place - 1].text.lower() if place else ""

    def _unclear_list(self, places: list[int], joined: tuple[str, ...]) -> None:
        """Refuse a negation over several mentions that are not plainly one list."""
        if len(places) < 2:
            return
        between = {t.text.lower() for t in self.tokens[places[-2] + 1 : places[-1]]}
        if not between & set(joined):
            self.problems.append("it is not clear what the negation covers")

    # --- words --------------------------------------------------------------------------------

    def _words(self) -> None:
        for place, token in enumerate(self.tokens):
            if place in self.in_set:
                continue
            if token.name == "word" and token.text.lower() not in self.words.plain_words:
                self.problems.append(f"'{token.text}' is not something that was looked at")
            elif token.name == "number":
                self.problems.append(f"the number {token.text} has no finding")
            elif token.name == "other":
                self.problems.append(f"'{token.text}' can't be read")

    # --- mentions -----------------------------------------------------------------------------

    def _mention(self, place: int, polarity: Polarity) -> list[Claim]:
        token = self.tokens[place]
        match, text = token.match, token.text
        if token.name == "modic":
            grade = match["modic_a"] or match["modic_b"]
            if match["modic_a"] and match["modic_b"]:
                self.problems.append(f"'{text}' names two types")
            values = frozenset({number(grade)}) if grade else _MODIC - {0}
            return [self._graded("modic", text, values, _MODIC, polarity)]
        if token.name == "pfirrmann":
            exact: frozenset[str | int] = frozenset({number(match["pfirrmann_grade"])})
            if polarity == "negated" and self.tokens[place - 1].text == "(":
                polarity = "plain"  # "no disc degeneration (Pfirrmann I)" names the grade
            return [self._graded("pfirrmann", text, exact, _PFIRRMANN, polarity)]
        if token.name == "degeneration":
            degree = (match["degree_a"] or match["degree_b"] or "").lower()
            values = frozenset({self.words.degrees[degree]}) if degree else _PFIRRMANN - {1}
            return [self._graded("pfirrmann", text, values, _PFIRRMANN, polarity)]
        if token.name == "endplates":
            where = (match["plate_a"] or match["plate_b"] or match["plate_c"] or "").lower()
            changed, spared = self.words.plates.get(where, ("", ""))
            if spared:
                return self._one_endplate(text, changed, polarity)
            kinds = [f"endplate_{changed}"] if changed else ["endplate_upper", "endplate_lower"]
            either = polarity == "plain" and not where
            return [replace(self._binary(kind, text, polarity), either=either) for kind in kinds]
        if token.name.startswith(_ITEM):
            return [self._binary(token.name.removeprefix(_ITEM), text, polarity)]
        kind = {
            "narrowing": "disc_narrowing",
            "bulging": "disc_bulging",
            "herniation": "disc_herniation",
            "listhesis": "spondylolisthesis",
            "scoliosis": "scoliosis",
        }[token.name]
        return [self._binary(kind, text, polarity)]

    def _one_endplate(self, text: str, changed: str, polarity: Polarity) -> list[Claim]:
        """What "above but not below the disc" says of both endplates."""
        if polarity != "plain":
            self.problems.append("it is not clear what the negation covers")
        upper: Polarity = "plain" if changed == "upper" else "negated"
        lower: Polarity = "negated" if upper == "plain" else "plain"
        return [
            self._binary("endplate_upper", text, upper),
            self._binary("endplate_lower", text, lower),
        ]

    def _graded(
        self,
        kind: str,
        text: str,
        values: frozenset[str | int],
        scale: frozenset[str | int],
        polarity: Polarity,
    ) -> Claim:
        if polarity == "negated":
            return Claim(kind, text, allowed=scale - values)
        if polarity == "plain":
            return Claim(kind, text, allowed=values)
        return Claim(kind, text, status=polarity)

    def _binary(self, kind: str, text: str, polarity: Polarity) -> Claim:
        if polarity in ("negated", "plain"):
            value = PRESENT if polarity == "plain" else ABSENT
            return Claim(kind, text, allowed=frozenset({value}))
        status: Status = "indeterminate" if polarity == "indeterminate" else "not_assessable"
        return Claim(kind, text, status=status)

    def _whole_level(self) -> list[tuple[int, Claim]]:
        """The claims of "L1-L2: Not assessed.", which speaks of every graded kind."""
        for place, token in enumerate(self.tokens):
            if token.name in ("indeterminate", "not_assessable") and self.sets:
                status: Status = (
                    "indeterminate" if token.name == "indeterminate" else "not_assessable"
                )
                return [(place, Claim(kind, token.text, status=status)) for kind in GRADED]
        return []

    def _measure(self, place: int, token: Token) -> list[Claim]:
        nouns = [(i, _NOUNS[t.name]) for i, t in enumerate(self.tokens) if t.name in _NOUNS]
        ways = [w for t in self.tokens if t.name == "slip" and (w := t.match["direction"])]
        before = [noun for i, noun in nouns if i < place]
        self.measured.update(noun for noun in before[-1:] or [n for _, n in nouns[:1]])
        noun = before[-1] if before else nouns[0][1] if nouns else None
        if token.name == "millimetres":
            kind = _LENGTHS.get(noun or "")
            written = token.match["length"]
        elif token.name == "degrees":
            kind = "curve_angle" if noun == "curve" else None
            written = token.match["angle"]
        else:
            kind = _RATIOS.get(noun or "")
            written = token.match["share"] or token.match["ratio_number"]
        if kind is None:
            self.problems.append(f"the number {token.text} has no finding")
            return []
        return [
            Claim(
                kind,
                token.text,
                number=written.replace(",", "."),
                percent=token.name == "percent",
                source="measured" if self.words.says_measured(t.text for t in self.tokens) else "",
                direction=self.words.directions[ways[0].lower()]
                if ways and noun == "slip"
                else None,
            )
        ]

    def _said_by_reader(self, found: list[tuple[int, Claim]]) -> list[tuple[int, Claim]]:
        """Give each "set by the reader" to what is claimed just before it."""
        marks: set[int] = set()
        for place, token in enumerate(self.tokens):
            before = [p for p, _ in found if p < place]
            if token.name == "by_reader" and not before:
                self.problems.append(f"'{token.text}' belongs to no finding")
            elif token.name == "by_reader":
                marks.add(max(before))
        if any(place in marks and c.source == "measured" for place, c in found):
            self.problems.append("it is called both measured and set by the reader")
        return [(p, replace(c, source="reader") if p in marks else c) for p, c in found]

    # --- sides and levels ---------------------------------------------------------------------

    def _sides(self, found: list[tuple[int, Claim]]) -> list[tuple[int, Claim]]:
        """Give each named side to the mention after it ("on the left": before it)."""
        mentions = sorted({place for place, _ in found if self.tokens[place].name in _MENTIONS})
        sides: dict[int, Side] = {}
        for place, token in enumerate(self.tokens):
            if token.name == "side":
                target = next((m for m in mentions if m > place), None)
                words = token.match["side_a"]
            elif token.name == "side_after":
                target = next((m for m in reversed(mentions) if m < place), None)
                words = token.match["side_b"]
            else:
                continue
            if target is None or target in sides:
                self.problems.append(f"'{token.text}' belongs to no finding")
            else:
                sides[target] = self.words.sides[words.lower()]
        return [(place, replace(c, side=sides.get(place, c.side))) for place, c in found]

    def _leading(self) -> bool:
        """Whether the clause begins with its levels."""
        before = " ".join(t.text.lower() for t in self.tokens[: self.sets[0][0]])
        return before in self.words.leading

    def _order_of_levels(self) -> None:
        """With several sets of levels only "A at X, B and C at Y" is clear."""
        if len(self.sets) < 2:
            return
        speaks = [i for i, t in enumerate(self.tokens) if t.name in _MENTIONS | {"superlative"}]
        begin = 0
        clear = not self._leading()
        for first, last, _ in self.sets:
            clear = clear and any(begin <= i < first for i in speaks)
            begin = last + 1
        # Behind the last levels only a grade in brackets may follow.
        clear = clear and all(
            self.tokens[i].name == "pfirrmann" and self.tokens[i - 1].text == "("
            for i in speaks
            if i >= begin
        )
        if not clear:
            self.problems.append("it is not clear which level is meant")

    def _levels(self, place: int) -> tuple[str, ...]:
        if not self.sets:
            return ()
        if self._leading():
            return self.sets[0][2]
        following = [levels for first, _, levels in self.sets if first > place]
        return following[0] if following else self.sets[-1][2]
