"""An index with the encoder that asks it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from radixgpt.eligibility import REASONS, Eligibility, Reason
from radixgpt.errors import InputError, NotEligibleError
from radixgpt.finding import Finding
from radixgpt.observation import Observation
from radixgpt.study import Study
from radixgpt.weights import WEIGHTS
from retrieval import encoder as encoders
from retrieval import manifest as manifests
from retrieval.encoder import Encoder
from retrieval.facts import facts
from retrieval.lexical import tokens_asked
from retrieval.manifest import EncoderFacts
from retrieval.overlap import sure
from retrieval.query import Answer, Filters, Query
from retrieval.search import Searcher
from retrieval.store import Store
from tools.similar import question as questions
from tools.similar.study import LookedAt, asked_by, doubted_by, look
from tools.threads import one_thread

SHIPPED = WEIGHTS / "similar"
"""The index that ships."""
_NOTHING: frozenset[Reason] = frozenset(("blank", "noise", "too-small", "not-an-image"))
"""Why pictures are like no other: some case is always the nearest to them."""
MOST = 50
"""Cases of one answer."""


def facts_of(encoder: Encoder) -> EncoderFacts:
    """What a manifest keeps of an encoder."""
    return EncoderFacts(name=encoder.name, sha256=encoder.sha256, dimension=encoder.dimension)


@dataclass(frozen=True, eq=False)
class Finder:
    """Finds cases in one index.

    Attributes:
        searcher: of the index.
        encoder: that made its vectors; None where it has none, or they are not asked for.
    """

    searcher: Searcher
    encoder: Encoder | None = None

    @property
    def store(self) -> Store:
        """The index."""
        return self.searcher.store

    def like(
        self,
        study: Study,
        eligibility: Eligibility,
        observations: Iterable[Observation],
        *,
        findings: Sequence[Finding] = (),
        level: str = "",
        patient: str = "",
        k: int = 5,
        filters: Filters | None = None,
    ) -> Answer:
        """The cases most like a study, or whose disc at ``level`` is most like its own.

        Args:
            study: after triage.
            eligibility: what triage said of it.
            observations: what the tools saw.
            findings: of its report; those that the reader set count before the tools'.
            level: a disc that was found; empty for the whole study.
            patient: pseudonym of its patient, where it is known.
            k: how many at most.
            filters: which cases may be returned.

        Raises:
            InputError: the level was not found, or nothing in the study can be asked with.
            NotEligibleError: the images hold nothing, as triage says.
            WeightsError: weights are missing or damaged.
        """
        if eligibility.reason in _NOTHING:
            raise NotEligibleError(
                eligibility.reason,
                REASONS[eligibility.reason],
                "No case is like such images; open others, or ask by text.",
            )
        seen = tuple(observations)
        looked = look(study, eligibility, seen, self.encoder)
        asked = asked_by(seen, findings, level=level)
        if level and not asked and level not in looked.discs:
            raise InputError(
                f"{level} was not found in this study.", "Name a level that was found."
            )
        query = Query(
            asked=asked,
            doubted=doubted_by(seen, findings),
            whole=True,
            discs=looked.discs,
            image=looked.image,
            level=level,
            patient=patient,
            prints=looked.prints,
        )
        if query.empty:
            raise InputError(
                "Nothing in this study can be asked with: it was not graded.",
                "Ask by text, or use an index with vectors.",
            )
        found = self.searcher.search(query, min(k, MOST), filters)
        if asked or not eligibility.reason:
            return found
        alone = "No finding of it is known: its pictures alone order the cases."
        return replace(found, notes=(*found.notes, f"{REASONS[eligibility.reason]} {alone}"))

    def told(
        self,
        text: str,
        *,
        looked: LookedAt | None = None,
        patient: str = "",
        k: int = 5,
        filters: Filters | None = None,
    ) -> Answer:
        """The cases that a text asks for, such as "severe narrowing at L4-L5 with Modic 2".

        Args:
            text: the question.
            looked: at the open study, whose own patient is not to be returned.
            patient: pseudonym of its patient, where it is known.
            k: how many at most.
            filters: which cases may be returned.

        Raises:
            InputError: the text is empty or too long, names a level or a grade that there is not,
                or nothing of it is understood.
        """
        question = questions.parse(text)
        stated, unread = facts(question.findings), self._unread(question.words)
        if not stated and not question.tells(unread):
            raise questions.nothing_understood(question)
        words = None
        if self.encoder is not None:
            with one_thread():
                words = self.encoder.texts([text])[0]
        own = looked or LookedAt()
        query = Query(
            asked=sure(stated),
            tokens=tokens_asked(text),
            text=words,
            discs=own.discs,
            image=own.image,
            compared=False,
            patient=patient,
            prints=own.prints,
        )
        found = self.searcher.search(query, min(k, MOST), filters)
        return replace(found, notes=question.notes(unread))

    def _unread(self, words: Sequence[str]) -> list[str]:
        """The words that neither a case's text nor the encoder knows."""
        left = [word for word in words if not self.searcher.lexicon.knows(word)]
        if self.encoder is None or not left:
            return left
        return self.encoder.unknown(" ".join(left))


def opened(folder: Path | None = None, *, encoder: str = "", vectors: bool = True) -> Finder:
    """An index, read once as long as it does not change.

    Args:
        folder: of the index; the shipped one if None.
        encoder: as :func:`retrieval.encoder.load` takes it, for an index that an encoder of a
            folder or file made: its name tells no path.
        vectors: whether vectors are asked for; without, findings and words alone.

    Raises:
        CorpusError: there is no index, it is damaged, or another encoder made it.
        WeightsError: the encoder's weights are missing or damaged.
    """
    place = folder or SHIPPED
    try:
        changed = (place / manifests.MANIFEST).stat().st_mtime_ns
    except OSError as error:
        raise manifests.none_in(place) from error
    return _opened(place, changed, encoder, vectors)


@cache
def _opened(folder: Path, changed: int, encoder: str, vectors: bool) -> Finder:
    made = manifests.read(folder).encoder
    if made is None or not vectors:
        return Finder(Searcher(Store.open(folder)))
    asking = encoders.load(setting_of(made, encoder))
    return Finder(Searcher(Store.open(folder, encoder=facts_of(asking))), asking)


def setting_of(made: EncoderFacts, setting: str = "") -> str:
    """What loads the encoder that made an index.

    Args:
        made: from the manifest.
        setting: of the user; an index of the shipped encoder is asked with that all the same.
    """
    if not made.name.startswith("open_clip:"):
        return encoders.EMBEDDED
    return setting if setting not in ("", encoders.EMBEDDED) else made.name
