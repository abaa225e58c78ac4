"""The sentences that compare with a prior study: what it is, what has changed, what has not.

Each sentence names the changes that it states, and through them a finding in either study. What is
absent in both is not called unchanged, and what has no value in one of them is not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from etl.phrases import Phrases, first_upper
from etl.prior import LENGTHS
from radixgpt.finding import ABSENT, ENDPLATES, GRADED, Finding
from radixgpt.level import order
from radixgpt.prior import CLEAR, Change, Prior
from radixgpt.report import Sentence

_DAYS_TO_WEEKS, _DAYS_TO_MONTHS, _DAYS_TO_YEARS = 14, 61, 731
CONCLUDED: tuple[str, ...] = (*GRADED, "slip_ratio")
"""The kinds whose clear changes stand in the impression."""
_WEIGHTY = ("disc_herniation", "spondylolisthesis", "slip_ratio")
_ORDER = (*GRADED, *LENGTHS)


@dataclass(frozen=True)
class Pair:
    """A change with the findings that it joins."""

    change: Change
    now: Finding
    before: Finding

    @property
    def level(self) -> str:
        """The level of both."""
        return self.now.level or ""


def absent(f: Finding) -> bool:
    """Whether a graded finding says that there is nothing, or no degeneration to speak of."""
    return f.kind in GRADED and f.value in (ABSENT, 0)


class Changes:
    """The changes of a report, as the writer of its sentences looks at them.

    Args:
        prior: the comparison; None where there is none.
        findings: of this study.
        phrases: of the report.
        omitted: levels that are not to be described.
    """

    def __init__(
        self,
        prior: Prior | None,
        findings: Sequence[Finding],
        phrases: Phrases,
        omitted: Sequence[str] = (),
    ) -> None:
        self.prior = prior
        self.phrases = phrases
        self._now = {(f.level, f.kind): f for f in findings}
        self._then = {(f.level, f.kind): f for f in prior.findings} if prior else {}
        by_id = {f.id: f for f in findings}
        self.pairs: list[Pair] = []
        for change in prior.changes if prior else ():
            now, before = by_id.get(change.finding), prior.finding(change.prior) if prior else None
            if now is not None and before is not None and now.level not in omitted:
                self.pairs.append(Pair(change, now, before))

    # --- sections -----------------------------------------------------------------------------

    def comparison(self) -> Iterator[str]:
        """What the prior study is, and how it was compared."""
        say, prior = self.phrases.say, self.prior
        if prior is None:
            yield say("comparison")
            return
        yield say(
            "comparison_study",
            modality=self.phrases.word("modality", prior.modality),
            region=self.phrases.word("region", prior.region),
            interval=self._interval(prior.interval_days),
        )
        if prior.same_patient == "stated":
            yield say("comparison_stated")
        if prior.source == "report":
            yield say("comparison_report")
        if prior.numbering != "agrees":
            yield say("comparison_numbering")
            return
        yield say("comparison_method")
        if not prior.measurable:
            yield say("comparison_unmeasured")

    def _interval(self, days: int | None) -> str:
        say = self.phrases.say
        if days is None:
            return say("interval_unknown")
        if days < _DAYS_TO_WEEKS:
            return say("interval", count=days, unit="day")
        if days < _DAYS_TO_MONTHS:
            return say("interval", count=round(days / 7), unit="week")
        if days < _DAYS_TO_YEARS:
            return say("interval", count=round(days / 30.44), unit="month")
        return say("interval", count=round(days / 365.25), unit="year")

    def at(self, level: str) -> list[Sentence]:
        """The sentence on what has clearly changed at a level, if anything has."""
        pairs = [p for p in self.pairs if p.level == level and p.change.verdict in CLEAR]
        if not pairs:
            return []
        text = self.phrases.say("changed", parts=self._clauses(pairs, []))
        return [self._sentence("findings", text, pairs, level=level)]

    def closing(self) -> Iterator[Sentence]:
        """What has not changed, is not clearly changed, or could not be compared.

        Nothing where the numbering kept all levels from being compared: the comparison says so.
        """
        if self.prior is None or self.prior.numbering != "agrees":
            return
        graded = [p for p in self.pairs if p.now.kind in GRADED]
        for phrase, test in _CLOSING.items():
            pairs = [p for p in graded if test(p)]
            if pairs:
                text = self.phrases.say(phrase, parts=self._grouped(pairs))
                yield self._sentence("findings", text, pairs)

    def concluded(self) -> Iterator[tuple[bool, Sentence]]:
        """Items of the impression, each with whether something has clearly changed.

        Grades and slips are concluded on; how high a disc is and how wide the canal stays with the
        level.
        """
        clear = [p for p in self.pairs if p.change.verdict in CLEAR]
        weighty = [p for p in clear if p.now.kind in CONCLUDED]
        if weighty:
            text = self.phrases.say("changed", parts=self._over_levels(weighty))
            yield True, self._sentence("impression", text, weighty)
            return
        if clear:
            return
        same = [
            p
            for p in self.pairs
            if p.now.kind in GRADED and p.change.verdict in ("unchanged", "not_clear")
        ]
        if same:
            levels = sorted({p.level for p in same}, key=order)
            text = self.phrases.say("no_clear_change", levels=levels)
            yield False, self._sentence("impression", text, same)

    def _sentence(
        self, section: str, text: str, pairs: Sequence[Pair], level: str | None = None
    ) -> Sentence:
        return Sentence(
            text=text,
            section=section,  # type: ignore[arg-type]
            level=level,
            findings=tuple(p.now.id for p in pairs),
            changes=tuple(p.change.id for p in pairs),
        )

    # --- clauses ------------------------------------------------------------------------------

    def _noun(self, f: Finding, kind: str = "") -> str:
        side = None if f.side is None else self.phrases.word("side", f.side)
        noun = self.phrases.word("compared", kind or f.kind)
        return self.phrases.say("compared_item", noun=noun, side=side)

    def _clauses(self, pairs: Sequence[Pair], levels: Sequence[str]) -> list[str]:
        """One clause a change; new and vanished ones together."""
        say = self.phrases.say
        clauses = []
        for p in pairs:
            if p.change.verdict in ("increased", "decreased"):
                old, new = self._values(p)
                clauses.append(
                    say(
                        "from_to",
                        noun=self._noun(p.now),
                        verdict=p.change.verdict,
                        old=old,
                        new=new,
                        levels=levels,
                    )
                )
            elif p.change.verdict == "other" and p.now.kind == "slip_ratio":
                old, new = (say("slip_direction", size=f.value) for f in (p.before, p.now))
                own = p.now.set_by_reader
                clauses.append(say("turned", old=old, new=new, levels=levels, reader=own))
            elif p.change.verdict == "other":
                clauses.append(say("instead", old=p.before.value, new=p.now.value, levels=levels))
        for verdict in ("new", "resolved"):
            found = [p for p in pairs if p.change.verdict == verdict]
            if found:
                nouns = self._nouns(found, verdict)
                clauses.append(say(verdict, items=nouns, levels=levels))
        return clauses

    def _nouns(self, pairs: Sequence[Pair], verdict: str) -> list[str]:
        """Nouns of one level; both endplates of a side at once are one."""
        of = {(p.now.kind, p.now.side): p for p in pairs}
        nouns = []
        for (kind, side), p in of.items():
            if kind == ENDPLATES[1] and (ENDPLATES[0], side) in of:
                continue
            both = kind == ENDPLATES[0] and (ENDPLATES[1], side) in of
            nouns.append(self._noun(p.now, "endplates") if both else self._typed(p, verdict))
        return nouns

    def _over_levels(self, pairs: Sequence[Pair]) -> list[str]:
        """The clauses of several levels, the weightiest kinds first; levels that share one join."""
        ranked = sorted(pairs, key=lambda p: (p.now.kind not in _WEIGHTY, _ORDER.index(p.now.kind)))
        clauses: dict[str, tuple[list[Pair], list[str]]] = {}
        for verdict in ("new", "resolved"):
            at: dict[str, list[Pair]] = {}
            for p in ranked:
                if p.change.verdict == verdict:
                    at.setdefault(p.level, []).append(p)
            for level, found in at.items():
                (clause,) = self._clauses(found, [])
                clauses.setdefault(clause, (found, []))[1].append(level)
        for p in ranked:
            if p.change.verdict not in ("new", "resolved"):
                (clause,) = self._clauses([p], [])
                clauses.setdefault(clause, ([p], []))[1].append(p.level)
        rank = {id(p): place for place, p in enumerate(ranked)}
        told = sorted(clauses.values(), key=lambda one: rank[id(one[0][0])])
        return [self._clauses(found, sorted(levels, key=order))[0] for found, levels in told]

    def _typed(self, p: Pair, verdict: str) -> str:
        """A noun; Modic changes with their type."""
        if p.now.kind != "modic" or not verdict:
            return self._noun(p.now)
        grade = p.now.value if verdict == "new" else p.before.value
        return self.phrases.say("modic_type", grade=grade)

    def _values(self, p: Pair) -> tuple[str, str]:
        """Old and new value in words.

        Lengths where both are known and differ when rounded, the way that the ratios do: vertebrae
        may be measured larger in one study. What a reader set is given as it was set, and marked.
        """
        say = self.phrases.say
        if p.now.kind == "pfirrmann":
            return say("grade_old", grade=p.before.value), say("grade_new", grade=p.now.value)
        length = LENGTHS[p.now.kind]
        now, then = self._now.get((p.level, length)), self._then.get((p.level, length))
        old, new = (self._length(f) for f in (then, now))
        sizes = [abs(float(f.value or 0)) for f in (then, now) if f]
        grown = p.change.verdict == "increased"
        if now and then and old and new and old != new and (sizes[1] > sizes[0]) == grown:
            return (
                say("old_mm", number=old, reader=then.set_by_reader),
                say("new_mm", number=new, reader=now.set_by_reader),
            )
        old, new = (f"{abs(float(v or 0)) * 100:.0f}" for v in (p.before.value, p.now.value))
        return (
            say("old_share", number=old, reader=p.before.set_by_reader),
            say("new_share", number=new, reader=p.now.set_by_reader),
        )

    def _length(self, f: Finding | None) -> str:
        if f is None or not isinstance(f.value, int | float):
            return ""
        return self.phrases.length(float(f.value), own=f.set_by_reader)

    def _grouped(self, pairs: Sequence[Pair]) -> list[str]:
        """``disc bulging and disc herniation at L3-L4 to L5-S1``, kinds of the same levels."""
        by_noun: dict[str, list[str]] = {}
        by_level: dict[str, list[Pair]] = {}
        for p in sorted(pairs, key=lambda p: GRADED.index(p.now.kind)):
            by_level.setdefault(p.level, []).append(p)
        for level, found in by_level.items():
            for noun in self._nouns(found, ""):
                by_noun.setdefault(noun, []).append(level)
        by_levels: dict[tuple[str, ...], list[str]] = {}
        for noun, levels in by_noun.items():
            by_levels.setdefault(tuple(sorted(set(levels), key=order)), []).append(noun)
        return [
            self.phrases.say("at", text=self.phrases.list_and(nouns), levels=list(levels))
            for levels, nouns in by_levels.items()
        ]


_CLOSING: dict[str, Callable[[Pair], bool]] = {
    "unchanged": lambda p: p.change.verdict == "unchanged" and not absent(p.now),
    "not_clear": lambda p: p.change.verdict == "not_clear",
    "not_compared": lambda p: p.change.verdict == "not_compared",
}
"""Phrases of the closing sentences, and which changes each states."""


def with_changes(
    findings: Sequence[Sentence],
    answers: Sequence[Sentence],
    rest: Sequence[Sentence],
    changes: Changes,
) -> tuple[Sentence, ...]:
    """The sentences of findings and impression with those on changes among them.

    A level's change follows what is said of the level; the rest closes the findings. In the
    impression a change stands where its weight puts it, but after the answers to what was asked.

    Args:
        findings: sentences of the section, in their order.
        answers: those of the impression that answer the clinical question.
        rest: of the impression.
        changes: since the prior study, if there is one.
    """
    if changes.prior is None:
        return (*findings, *answers, *rest)
    told: list[Sentence] = []
    for place, sentence in enumerate(findings):
        told.append(sentence)
        following = findings[place + 1].level if place + 1 < len(findings) else None
        if sentence.level is not None and following != sentence.level:
            told.extend(changes.at(sentence.level))
    spoken = {s.level for s in findings}
    for level in sorted({p.level for p in changes.pairs} - spoken, key=order):
        told.extend(
            s.model_copy(
                update={
                    "text": changes.phrases.say("level", level=level, text=first_upper(s.text)),
                    "level": None,
                }
            )
            for s in changes.at(level)
        )
    told.extend(changes.closing())
    # What is new or has grown comes before what was there; that nothing has changed comes last.
    concluded = list(changes.concluded())
    first = [sentence for changed, sentence in concluded if changed]
    last = [sentence for changed, sentence in concluded if not changed]
    return (*told, *answers, *first, *rest, *last)
