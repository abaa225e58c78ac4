"""Two tables scored from end to end: checked, scored, summed up, with the page of the errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eval.adapters.process import Adapter
from eval.batch import content, output, pairs, scoring
from eval.batch.annotations import annotated
from eval.batch.block import SIZE
from eval.batch.engine import EngineName, engine
from eval.batch.family import Shared
from eval.batch.pairs import Pair
from eval.page import errors
from eval.records import told_at_once
from radixgpt.errors import CaseError, RadixError, SettingsError

Say = scoring.Say


@dataclass(frozen=True)
class Annotations:
    """Annotations of both sides by one extractor, which is named in the scores."""

    references: Path
    candidates: Path
    extractor: str


@dataclass(frozen=True)
class Wish:
    """How two tables are to be scored.

    Attributes:
        families: names; none for all that can run.
        annotations: for RadGraph F1; made by rules where there are none.
        only: file with the CUIs of the secondary concept score, one a line.
        engine: where to work.
        workers: processes, or CPUs of a local Ray.
        draws: of the bootstrap.
        seed: of the bootstrap and of the page.
        worst_by: the metric whose worst studies the page shows.
        page_studies: how many of the worst, and how many random ones; 0 for no page.
        settings: what else ``scores.json`` is to tell of the run.
        title: of the page.
        adapters: how learned metrics are run, by name.
    """

    families: Sequence[str] = ()
    annotations: Annotations | None = None
    only: Path | None = None
    engine: EngineName = EngineName.PROCESSES
    workers: int = 2
    draws: int = 1000
    seed: int = 0
    worst_by: str = ""
    page_studies: int = errors.EACH
    settings: Mapping[str, object] = field(default_factory=dict)
    title: str = ""
    adapters: Mapping[str, Adapter] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        scores: of the corpus.
        left_out: families that can't run here, and what they lack.
        files: contents of ``scores.json`` and of the page, by name.
    """

    scores: list[scoring.Score]
    left_out: dict[str, RadixError]
    files: dict[str, str]


def score_tables(
    references: Path,
    candidates: Path,
    out: Path,
    wish: Wish,
    *,
    say: Say = lambda _what, _done, _total: None,
) -> Outcome:
    """Score the candidates of a table against references; the studies' scores go to ``out``.

    Raises:
        CaseError: a table, an annotation or the list of CUIs can't be used.
        SettingsError: there is no such family or metric.
        RadixError: a family that was asked for by name can't run here.
    """
    names, left_out = scoring.usable(_wanted(wish), Shared(adapters=wish.adapters))
    worst_by = errors.metric_of(wish.worst_by, scoring.metrics(names))
    corpus = pairs.check(references, candidates)
    # Starting processes takes longer than two blocks do.
    small = corpus.studies <= 2 * SIZE and wish.engine is EngineName.PROCESSES
    inputs = {"references": references, "candidates": candidates}
    if wish.annotations is not None:
        inputs["annotations of references"] = wish.annotations.references
        inputs["annotations of candidates"] = wish.annotations.candidates
    shared = Shared(
        sources=corpus.sources,
        extractor=wish.annotations.extractor if wish.annotations else "",
        only=frozenset() if wish.only is None else concepts_listed(wish.only),
        adapters=wish.adapters,
    )
    with _with(wish.annotations, corpus) as studies:
        with engine(EngineName.SERIAL if small else wish.engine, wish.workers) as run_blocks:
            parts = scoring.score(
                studies, names, run_blocks, shared=shared, total=corpus.studies, say=say
            )
            scored = scoring.joined(output.written(parts, out))
        scores = scoring.summary(scored, draws=wish.draws, seed=wish.seed, shared=shared)
        files = {
            output.SCORES: output.summary_of(
                scores,
                left_out,
                inputs,
                metrics=names,
                draws=wish.draws,
                seed=wish.seed,
                **wish.settings,
            )
        }
        if wish.page_studies:
            values = scored.scores()
            files[output.PAGE] = errors.render(
                studies,
                values,
                scores,
                errors.choose(values, scores, by=worst_by, each=wish.page_studies, seed=wish.seed),
                title=wish.title or f"{candidates.name} against {references.name}",
                notes=[f"Left out: {lack.problem} {lack.mend}" for lack in left_out.values()],
                markers=scoring.markers(names),
            )
    return Outcome(scores, left_out, files)


def _wanted(wish: Wish) -> list[str]:
    """The families that are asked for; the secondary concept score where its list is given."""
    listed = content.CONCEPTS_LISTED.name
    if wish.only is None and listed in wish.families:
        raise SettingsError(
            f"{listed} has no list of CUIs.", "Give one with --concepts-only, one CUI a line."
        )
    radgraph = content.RADGRAPH.name
    if wish.annotations is not None and wish.families and radgraph not in wish.families:
        raise SettingsError(
            f"Annotations are given, and {radgraph} is not among the metrics.",
            f"Add {radgraph} to --metrics, or leave the annotations out.",
        )
    if wish.only is None or listed in wish.families:
        return list(wish.families)
    return [*(wish.families or scoring.usable([])[0]), listed]


def concepts_listed(path: Path) -> frozenset[str]:
    """The CUIs of a file, one a line; the first column where it has several.

    Raises:
        CaseError: it can't be read, holds none, or a line below the first (which may be a
            heading) names none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(
            f"{path.name} can't be read.", "Give UTF-8 text, one CUI a line."
        ) from error
    cells = [line.replace("\t", ",").split(",")[0].strip().upper() for line in lines]
    found = frozenset(cell for cell in cells if cell.startswith("C") and cell[1:].isdecimal())
    told_at_once(
        [
            f"{path.name}, line {number}: {cell[:60]} is no CUI"
            for number, cell in enumerate(cells, start=1)
            if number > 1 and cell and cell not in found
        ],
        "Write one CUI a line, such as C0158266.",
    )
    if not found:
        raise CaseError(f"{path.name} names no CUI.", "Write one a line, such as C0158266.")
    return found


@contextmanager
def _with(annotations: Annotations | None, corpus: pairs.Pairs) -> Iterator[Iterable[Pair]]:
    if annotations is None:
        yield corpus
        return
    with annotated(corpus, annotations.references, annotations.candidates) as studies:
        yield studies
