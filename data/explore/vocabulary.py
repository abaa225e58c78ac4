"""Reports: how long they are, and which words tell one source from the others.

Only counts of words go on the page, and only of words that several people's texts share; whole
sentences go there by request alone.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt

import numpy as np

from data.explore.chart import Spec, bars, boxes, figure, lines, logarithmic_axis
from data.explore.columns import counts
from data.explore.pixels import sampled
from data.explore.section import Part, Section, Statistics, Table, absent
from data.explore.tables import CAPTION, Say, Tables
from data.explore.wording import count, listing, number, percent
from radixgpt.report import SECTIONS

TITLE = "Reports: length and vocabulary"
MOST_TEXTS = 20_000
"""So many texts are read for their words; lengths are of all."""
LEAST_PATIENTS = 5
"""A term is shown if the texts of so many patients hold it, so that no name is."""
MOST_TERMS = 15
EXCERPT = 220
"""Characters of an excerpt."""
_WORD = re.compile(r"[CTLScTls]\d{1,2}(?:[-/][CTLSctls]?\d{1,2})?\b|[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PART = re.compile(r"[.,;:!?()\n]+")
_TITLES_OF_PEOPLE = frozenset({"dr", "mr", "mrs", "ms", "miss", "prof"})
_STOP = frozenset(
    word
    for words in (
        "a an and are as at be been but by for from has have he her his i if in into is it",
        "its of on or our she so that the their them there these they this those to was we",
        "were which will with you your",
    )
    for word in words.split()
)
_APART = 1.96
"""z-score from which a term sets a source apart at all."""
_MOST_GROUPS = 8
_CURVE_POINTS = 40


@dataclass
class _Words:
    """What the texts of one source hold.

    Attributes:
        terms: how often each word, and each pair of neighbours, occurs.
        holders: patients whose texts hold it; counting ends at ``LEAST_PATIENTS``.
        total: words, pairs not counted.
        growth: number of words and of different words after each text.
    """

    terms: Counter[str] = field(default_factory=Counter)
    holders: dict[str, set[str]] = field(default_factory=dict)
    total: int = 0
    single: Counter[str] = field(default_factory=Counter)
    growth: list[tuple[int, int]] = field(default_factory=list)

    def add(self, text: str, patient: str) -> None:
        words = words_of(text)
        self.total += len(words)
        self.single.update(words)
        pairs = [
            f"{one} {other}"
            for part in _PART.split(text)
            for one, other in pairwise(words_of(part))
            if one not in _STOP and other not in _STOP and one not in _TITLES_OF_PEOPLE
        ]
        terms = [word for word in words if word not in _STOP] + pairs
        self.terms.update(terms)
        for term in set(terms):
            holders = self.holders.setdefault(term, set())
            if len(holders) < LEAST_PATIENTS:
                holders.add(patient)
        self.growth.append((self.total, len(self.single)))

    def shareable(self, term: str) -> bool:
        return len(self.holders.get(term, ())) >= LEAST_PATIENTS


def words_of(text: str) -> list[str]:
    """Words and levels of a text in lower case; other numbers are left out.

    >>> words_of("Disc bulge at L4-L5, 3 mm; T12 isn't wedged.")
    ['disc', 'bulge', 'at', 'l4-l5', 'mm', 't12', "isn't", 'wedged']
    """
    found = (word.lower().replace("’", "'") for word in _WORD.findall(text))
    return [word for word in found if any(letter.isalpha() for letter in word)]


def vocabulary(tables: Tables, say: Say, *, seed: int, excerpts: bool = False) -> Section:
    """Measure the texts of the cases, by source.

    Args:
        tables: the cases.
        say: told how far it is.
        seed: of the sample where there are very many texts.
        excerpts: show the beginnings of a few texts of each source.
    """
    names, people = list(tables.cases["source"]), list(tables.cases["patient"])
    rows = [row for row, text in enumerate(tables.texts) if text]
    if not rows:
        return absent("reports", TITLE, "The cases hold no text, so there are no words to count.")
    sources = [str(names[row]) for row in rows]
    lengths: dict[str, list[int]] = {}
    chosen = set(sampled(sources, MOST_TEXTS, seed))
    by_source: dict[str, _Words] = {}
    for position, (row, source) in enumerate(zip(rows, sources, strict=True)):
        text = tables.texts[row]
        lengths.setdefault(source, []).append(len(words_of(text)))
        if position in chosen:
            by_source.setdefault(source, _Words()).add(text, str(people[row]))
        if position % 500 == 0 or position + 1 == len(rows):
            say("Reading texts", position + 1, len(rows))
    named = _largest(lengths)
    statistics = _statistics(tables, rows, lengths, by_source)
    return Section(
        "reports",
        TITLE,
        _sentence(statistics),
        statistics,
        parts=(
            *_parts(statistics, named, lengths, by_source),
            *(_excerpts(tables, rows, seed) if excerpts else []),
        ),
        alerts=tuple(_alerts(statistics)),
        notes=(
            "Words in lower case, numbers left out, levels kept. The most telling terms have the "
            "largest z-score of their log-odds against the other sources, with all sources as "
            "the prior (Monroe, Colaresi and Quinn 2008); with one source, the most frequent "
            f"terms. A term is shown only if texts of {LEAST_PATIENTS} patients hold it.",
            *(
                (f"Words of a sample of {len(chosen):,} of {len(rows):,} texts.",)
                if len(chosen) < len(rows)
                else ()
            ),
        ),
    )


def _largest(lengths: Mapping[str, Sequence[int]]) -> list[str]:
    ordered = sorted(lengths, key=lambda name: (-len(lengths[name]), name))
    return ordered[:_MOST_GROUPS]


def _statistics(
    tables: Tables,
    rows: Sequence[int],
    lengths: Mapping[str, Sequence[int]],
    by_source: Mapping[str, _Words],
) -> Statistics:
    told = tables.cases.iloc[list(rows)]
    every = [n for of_source in lengths.values() for n in of_source]
    whole: Counter[str] = Counter()
    for words in by_source.values():
        whole.update(words.single)
    sections = Counter(name for names in told["sections"] for name in names)
    return {
        "texts": len(rows),
        "origin": counts(told["report_origin"].astype(object)),
        "words": _five(every),
        "different_words": len(whole),
        "all_words": sum(whole.values()),
        "words_seen_once": sum(n == 1 for n in whole.values()),
        "sections": {name: sections[name] for name in (*SECTIONS, CAPTION) if name in sections},
        "sources": {
            source: {
                "texts": len(lengths[source]),
                "words": _five(lengths[source]),
                "different_words": len(words.single),
                "words_seen_once": sum(n == 1 for n in words.single.values()),
                "telling_terms": telling_terms(source, by_source),
            }
            for source, words in sorted(by_source.items())
        },
    }


def _five(values: Sequence[int]) -> list[float]:
    return [round(float(v), 1) for v in np.percentile(values, (5, 25, 50, 75, 95))]


def telling_terms(source: str, by_source: Mapping[str, _Words]) -> dict[str, float]:
    """The terms of a source that set it apart, with their z-scores; alone, their counts.

    Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn, Political
    Analysis 2008, eq. 16 to 22), the prior being the counts in all sources.
    """
    own = by_source[source]
    terms = [term for term in own.terms if own.shareable(term)]
    if len(by_source) == 1:
        frequent = sorted(terms, key=lambda term: (-own.terms[term], term))[:MOST_TERMS]
        return {term: float(own.terms[term]) for term in frequent}
    whole: Counter[str] = Counter()
    for words in by_source.values():
        whole.update(words.terms)
    prior_total = whole.total()
    own_total = own.terms.total()
    scores: dict[str, float] = {}
    for term in terms:
        prior, here = whole[term], own.terms[term]
        elsewhere = prior - here
        other_total = prior_total - own_total
        odds = np.log((here + prior) / (own_total + prior_total - here - prior))
        others = np.log((elsewhere + prior) / (other_total + prior_total - elsewhere - prior))
        spread = sqrt(1 / (here + prior) + 1 / (elsewhere + prior))
        scores[term] = float((odds - others) / spread)
    apart = [term for term, score in scores.items() if score > _APART]
    best = sorted(apart, key=lambda term: (-scores[term], term))
    return {term: round(scores[term], 2) for term in _unlike(best)}


def _unlike(terms: Sequence[str]) -> list[str]:
    """The first terms, without a word that only repeats part of a pair above it."""
    kept: list[str] = []
    for term in terms:
        if len(kept) == MOST_TERMS:
            break
        if not any(term in other.split() for other in kept if " " in other):
            kept.append(term)
    return kept


def _sentence(s: Statistics) -> str:
    said = (
        f"{count(s['texts'], 'text')} of {number(s['words'][2])} words in the middle (90% between "
        f"{number(s['words'][0])} and {number(s['words'][4])})"
    )
    if len(s["sources"]) > 1:
        medians = {source: v["words"][2] for source, v in s["sources"].items()}
        longest = max(medians, key=lambda source: medians[source])
        shortest = min(medians, key=lambda source: medians[source])
        if medians[longest] > medians[shortest]:
            said += (
                f", longest in {longest} ({number(medians[longest])}) and shortest in {shortest} "
                f"({number(medians[shortest])})"
            )
    once = percent(s["words_seen_once"], s["different_words"])
    return f"{said}; {count(s['different_words'], 'different word')}, {once} of them seen once."


def _parts(
    s: Statistics,
    named: Sequence[str],
    lengths: Mapping[str, Sequence[int]],
    by_source: Mapping[str, _Words],
) -> list[Part]:
    summaries = {name: _five(lengths[name]) for name in named}
    logarithmic = max(v[4] for v in summaries.values()) > 10 * max(
        1.0, min(v[2] for v in summaries.values())
    ) and all(v[0] > 0 for v in summaries.values())
    parts: list[Part] = [
        figure(
            "reports-length",
            "Words a text",
            ("", boxes(summaries, x="words", logarithmic=logarithmic)),
            note="Box: middle half; line: median; whiskers: 5th to 95th percentile.",
            height=max(240, 110 + 40 * len(named)),
        ),
        figure(
            "reports-growth",
            "New words as texts are added",
            ("", _growth(named, by_source)),
            note="A curve that does not level off will bring words that no model has met; axes "
            "logarithmic.",
            height=max(300, 110 + 40 * len(named)),
        ),
    ]
    terms = [
        (
            f"{name} ({count(s['sources'][name]['texts'], 'text')})",
            bars(list(told), {"terms": list(told.values())}, lying=True, x=_measure(s)),
        )
        for name in named
        if (told := s["sources"][name]["telling_terms"])
    ]
    if terms:
        parts.append(
            figure(
                "reports-terms",
                "Most telling terms" if len(s["sources"]) > 1 else "Most frequent terms",
                *terms,
                height=430,
            )
        )
    if s["sections"]:
        headings: dict[str, str] = {str(name): title for name, title in SECTIONS.items()}
        headings[CAPTION] = "Caption, no report"
        titles = [headings[name] for name in s["sections"]]
        drawn = bars(titles, {"texts": list(s["sections"].values())}, lying=True, x="texts")
        parts.append(
            figure(
                "reports-sections",
                "Sections with text",
                ("", drawn),
                height=max(240, 100 + 34 * len(titles)),
            )
        )
    return parts


def _measure(s: Statistics) -> str:
    return "z-score of the log-odds" if len(s["sources"]) > 1 else "occurrences"


def _growth(named: Sequence[str], by_source: Mapping[str, _Words]) -> Spec:
    """Different words after so many words, a few points a source."""
    drawn: Spec = {"data": [], "layout": {}}
    for position, name in enumerate(named):
        growth = by_source[name].growth if name in by_source else []
        if not growth:
            continue
        at = sorted({int(i) for i in np.linspace(0, len(growth) - 1, _CURVE_POINTS)})
        spec = lines(
            [growth[i][0] for i in at],
            {name: [growth[i][1] for i in at]},
            x_title="words read",
            y_title="different words",
        )
        trace = spec["data"][0]
        trace["line"]["color"] = f"${position}"
        drawn["data"].append(trace)
        drawn["layout"] = spec["layout"] | {"hovermode": "closest", "showlegend": len(named) > 1}
    for name, axis in (("xaxis", "x"), ("yaxis", "y")):
        ends = [value for trace in drawn["data"] for value in trace[axis]]
        drawn["layout"][name] |= logarithmic_axis([max(1, value) for value in ends])
    return drawn


def _excerpts(tables: Tables, rows: Sequence[int], seed: int) -> list[Part]:
    """The beginnings of three texts of each source, drawn by the seed."""
    by_source: dict[str, list[int]] = {}
    for row in rows:
        by_source.setdefault(str(tables.cases["source"].iloc[row]), []).append(row)
    rng = random.Random(seed)
    shown = []
    for source, of_source in sorted(by_source.items()):
        for row in sorted(rng.sample(of_source, min(3, len(of_source)))):
            text = " ".join(tables.texts[row].split())
            cut = text if len(text) <= EXCERPT else text[: EXCERPT - 1].rstrip() + "…"
            shown.append((str(tables.cases["id"].iloc[row]), source, cut))
    return [
        Table(
            "Excerpts",
            ("case", "source", "text"),
            tuple(shown),
            "Shown because --excerpts was asked for; look at the licences before passing it on.",
        )
    ]


def _alerts(s: Statistics) -> list[str]:
    alerts = []
    generated = s["origin"].get("generated", 0)
    if generated:
        alerts.append(
            f"{count(generated, 'text')} generated from labels: keep them apart from people's "
            "texts wherever they are used or scored."
        )
    short = [source for source, v in s["sources"].items() if v["words"][2] < 5]
    if short:
        alerts.append(f"Half of the texts of {listing(short)} have fewer than five words.")
    return alerts
