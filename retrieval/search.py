"""Which cases are like what is asked for: findings, vectors and words together.

Dense likeness alone rates "severe stenosis" and "no stenosis" as alike, so what the findings share
leads, and vectors and words decide between cases that share as much. The same patient is never
returned, a patient at most once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from radixgpt.errors import SettingsError
from radixgpt.level import DISCS
from retrieval import prints
from retrieval.corpus import Floats
from retrieval.facts import facts
from retrieval.lexical import Lexicon
from retrieval.overlap import Floats64, Overlaps, reasons
from retrieval.query import Answer, Filters, Hit, Query
from retrieval.store import Store

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

SIGNALS = ("findings", "vectors", "words")
WEIGHTS: Mapping[str, float] = {"findings": 1.0, "vectors": 0.2, "words": 0.1}
"""What each signal counts, in its standard deviations over the candidates; 0.2 was the best of five
on the development patients, and no better than none by more than chance."""
_EVERY = 5_000
"""Allowed cases up to which every one is compared; of more, the best of each signal."""
_BEST = 200
_LOOKED_AT = ("patient", "modality", "region", "source")
_NAMED = ("modality", "region", "source")
_TOLD = 12
"""Names that a message lists."""
_ONE_PICTURE = 0.9995
"""Cosine from which two vectors are of one picture (half precision keeps 0.9999)."""
_COPIES = 8
"""Cases of one picture that are looked for."""


class Searcher:
    """Searches one index.

    Args:
        store: the index; opened with an encoder if vectors are to be asked for.
        weights: what each signal counts.
    """

    def __init__(self, store: Store, weights: Mapping[str, float] = WEIGHTS) -> None:
        self.store = store
        self.weights = weights

    @cached_property
    def overlaps(self) -> Overlaps:
        """What the cases state."""
        return Overlaps(self.store.entries.facts())

    @cached_property
    def lexicon(self) -> Lexicon:
        """What the cases' texts say."""
        return Lexicon(list(self.store.entries.tokens()))

    @cached_property
    def _columns(self) -> dict[str, npt.NDArray[np.str_]]:
        return {name: np.array(self.store.entries.column(name), np.str_) for name in _LOOKED_AT}

    @cached_property
    def _prints(self) -> tuple[npt.NDArray[np.uint64], Rows]:
        return self.store.entries.prints()

    def search(self, query: Query, k: int = 5, filters: Filters | None = None) -> Answer:
        """The cases most like what is asked for, the most alike first.

        Args:
            query: what is asked for.
            k: how many at most.
            filters: which cases may be returned.

        Raises:
            SettingsError: no case at all is of the modality, region or source that is named.
        """
        if query.empty or not len(self.store.entries):
            return Answer()
        self._require(filters or Filters())
        own = self._same_patient(query)
        left_out = int(own.sum())
        allowed = self._allowed(filters or Filters()) & ~own
        rows = np.flatnonzero(allowed)
        if not len(rows):
            return Answer(own=left_out)
        signals: dict[str, Floats64] = {}
        if query.asked:
            signals["findings"] = self.overlaps.scores(query.asked, query.of)
        if query.tokens:
            signals["words"] = self.lexicon.scores(query.tokens)
        if len(rows) > _EVERY:
            rows = self._best(query, signals, rows)
        values = {name: scores[rows] for name, scores in signals.items()}
        near = self._likeness(query, rows)
        if near is not None:
            values["vectors"] = near
        total = _fused(values, self.weights)
        chosen: list[Hit] = []
        seen: set[str] = set()
        patients = self._columns["patient"]
        for place in np.argsort(-total, kind="stable"):
            row = int(rows[place])
            if (patient := str(patients[row])) in seen:
                continue
            seen.add(patient)
            entry = self.store.entries[row]
            here = {
                name: float(values[name][place])
                for name in SIGNALS
                if name in values and not np.isnan(values[name][place])
            }
            found = reasons(query.asked, facts(entry.findings), query.of, query.doubted)
            words = _in_words(here, values, len(rows))
            chosen.append(Hit(entry, len(chosen) + 1, float(total[place]), here, words, found))
            if len(chosen) == k:
                break
        return Answer(tuple(chosen), own=left_out)

    # --- who may be returned ------------------------------------------------------------------

    def _require(self, filters: Filters) -> None:
        """Refuse a name that no case has: it would find nothing, and look like an answer."""
        for name in _NAMED:
            if (wanted := getattr(filters, name)) and wanted not in self._columns[name]:
                there = ", ".join(sorted(set(self._columns[name].tolist()))[:_TOLD])
                raise SettingsError(
                    f"No case of the index is of the {name} '{wanted[:40]}'.",
                    f"There are: {there}.",
                )

    def _allowed(self, filters: Filters) -> Bools:
        kept = np.ones(len(self.store.entries), bool)
        for name in _NAMED:
            wanted = getattr(filters, name)
            if wanted:
                kept &= self._columns[name] == wanted
        if filters.level:
            kept &= self.overlaps.at(filters.level)
        for place, wanted in facts(filters.having).items():
            kept &= self.overlaps.stating(place, wanted)
        return kept

    def _same_patient(self, query: Query) -> Bools:
        """The cases of the open study's own patient: by name of the pseudonym, or by a picture."""
        patients = self._columns["patient"]
        rows = prints.near(query.prints, *self._prints) | set(self._one_picture(query))
        people = {query.patient, *(str(patients[row]) for row in rows)} - {""}
        own: Bools = np.isin(patients, sorted(people))
        return own

    def _one_picture(self, query: Query) -> Iterator[int]:
        """Cases of which a vector is the open study's own."""
        for space, level, vector in _pictures(query):
            here = self._at(space, level)
            if here is None:
                continue
            ids, places = here
            index = self.store.spaces[space].index
            scores, found = index.search(vector[None], min(_COPIES, len(ids)), allowed=ids)
            near = found[0][scores[0] >= _ONE_PICTURE]
            yield from self.store.spaces[space].rows[places[np.searchsorted(ids, near)]].tolist()

    # --- vectors ------------------------------------------------------------------------------

    @cached_property
    def _by_level(self) -> dict[tuple[str, str], tuple[Rows, Rows]]:
        """Numbers and places of the vectors of each space and level."""
        found: dict[tuple[str, str], tuple[Rows, Rows]] = {}
        for name, space in self.store.spaces.items():
            for code in np.unique(space.levels):
                places = np.flatnonzero(space.levels == code)
                level = DISCS[code] if code >= 0 else ""
                found[name, level] = space.ids[places], places
        return found

    def _at(self, space: str, level: str) -> tuple[Rows, Rows] | None:
        return self._by_level.get((space, level))

    def _best(self, query: Query, signals: Mapping[str, Floats64], rows: Rows) -> Rows:
        """Of very many cases those that any signal puts first."""
        found: set[int] = set()
        for scores in signals.values():
            own = scores[rows]
            best = np.argpartition(-own, min(_BEST, len(own) - 1))[:_BEST]
            found.update(rows[best][own[best] > 0].tolist())
        kept = np.zeros(len(self.store.entries), bool)
        kept[rows] = True
        for space, level, vector in _vectors(query):
            here = self._at(space, level)
            if here is None:
                continue
            ids, places = here
            owners = self.store.spaces[space].rows[places]
            free = ids if kept[owners].all() else ids[kept[owners]]
            _, near = self.store.spaces[space].index.search(vector[None], _BEST, allowed=free)
            stands = np.searchsorted(ids, near[0][near[0] >= 0])
            found.update(owners[stands].tolist())
        return np.array(sorted(found), np.int64) if found else rows[:_BEST]

    def _likeness(self, query: Query, rows: Rows) -> Floats64 | None:
        """How near the vectors are, (rows,): the mean of each one's standard deviations.

        Cosines of two pictures, of two texts and of a text with a picture are not of one scale.

        Returns:
            nan where a case has no vector that is asked for; None where no case has.
        """
        total, count = np.zeros(len(rows)), np.zeros(len(rows))
        place_of = np.full(len(self.store.entries), -1, np.int64)
        place_of[rows] = np.arange(len(rows))
        for space, level, vector in _vectors(query):
            here = self._at(space, level)
            if here is None:
                continue
            ids, places = here
            owners = place_of[self.store.spaces[space].rows[places]]
            kept = owners >= 0
            if not kept.any():
                continue
            cosines = np.asarray(self.store.spaces[space].index.vectors(ids[kept]) @ vector, float)
            spread = float(cosines.std())
            if spread > 0:
                cosines = (cosines - cosines.mean()) / spread
            total[owners[kept]] += cosines
            count[owners[kept]] += 1
        if not count.any():
            return None
        means: Floats64 = np.divide(total, count, out=np.full(len(rows), np.nan), where=count > 0)
        return means


def _pictures(query: Query) -> Iterator[tuple[str, str, Floats]]:
    """The vectors of the open study, whatever of it is asked about."""
    yield from (("disc", level, vector) for level, vector in query.discs.items())
    if query.image is not None:
        yield "image", "", query.image


def _vectors(query: Query) -> Iterator[tuple[str, str, Floats]]:
    """The vectors that are compared, each with its space and level."""
    if query.level and query.compared:
        if query.level in query.discs:
            yield "disc", query.level, query.discs[query.level]
    elif query.compared:
        yield from _pictures(query)
    if query.text is not None:
        yield "text", "", query.text
        levels = sorted({level for _, level, _ in query.asked if level in DISCS})
        yield from (("disc", level, query.text) for level in levels)
        if not levels:
            yield "image", "", query.text


def _fused(values: Mapping[str, Floats64], weights: Mapping[str, float]) -> Floats64:
    """The weighted sum of the signals, each in its standard deviations over the candidates.

    A case without a vector stands at the mean.
    """
    total: Floats64 = np.zeros(len(next(iter(values.values()))))
    for name, own in values.items():
        known = own[~np.isnan(own)]
        if not len(known):
            continue
        spread = float(known.std())
        if spread > 0:
            total += weights.get(name, 0.0) * np.nan_to_num((own - known.mean()) / spread)
    return total


_SHARES = (
    (0.9, "nearly the same findings"),
    (0.75, "much the same findings"),
    (0.5, "partly the same findings"),
    (0.0, "few of the findings"),
)


def _in_words(here: Mapping[str, float], values: Mapping[str, Floats64], rows: int) -> str:
    """How alike a case is, by what was compared."""
    parts: list[str] = []
    if "findings" in here:
        share = here["findings"]
        parts.append(
            next((words for least, words in _SHARES if share > least), "none of the findings")
        )
    if "vectors" in here:
        known = values["vectors"][~np.isnan(values["vectors"])]
        nearer = int((known > here["vectors"]).sum())
        if nearer < max(1, rows // 20):
            parts.append("among the most alike images")
        elif nearer < rows / 4:
            parts.append("rather alike images")
    if here.get("words", 0.0) > 0 and "findings" not in here:
        parts.append("words in common")
    return ", ".join(parts) or "little in common"
