"""The systems that ``radixgpt eval run`` can run, wired to the agent and the tools.

The judge knows no system; what it runs is opened here, in whatever process the case runs in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import radixgpt
from eval.run.registry import KINDS
from eval.run.system import Answer, Answerer, Asked, System
from radixgpt.case import Case
from radixgpt.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eval.bench.folder import Study
    from radixgpt.report import Section


@dataclass(frozen=True)
class Setup:
    """What systems are made from.

    Attributes:
        train: cases of the training split, of the sources that are run.
        root: the workspace that images' paths start from.
        measures: folder that keeps embeddings.
        llm: setting of the language model.
        llm_timeout: seconds to wait for its server.
        captioner: setting of what writes captions.
        say: told what is done, how much, and of how much.
    """

    train: Sequence[Case]
    root: Path
    measures: Path
    llm: str
    llm_timeout: float
    captioner: str
    say: Callable[[str, int, int], None]


def write(case: Case) -> Mapping[Section, str]:
    """The text generated from a case's gradings."""
    from data.generated import text

    return text.write(case.findings, case.id)


@dataclass(frozen=True)
class Pipeline:
    """The project's own pipeline."""

    def __call__(self) -> Answerer:
        """Open it; weights stay loaded within a process, nothing of a study does."""
        return _pipeline


def _pipeline(asked: Asked) -> Answer:
    from agent import pipeline
    from eval.batch.given import of_report
    from tools.threads import one_thread

    with one_thread():
        _, draft = pipeline.report(asked.folder)
    said = (*draft.section("findings"), *draft.section("impression"))
    return Answer("\n".join(sentence.text for sentence in said), of_report(draft))


@dataclass(frozen=True)
class Captions:
    """The captioner: one caption of the whole study, findings read from its text by the judge."""

    captioner: str

    def __call__(self) -> Answerer:
        """Open it; weights stay loaded within a process, nothing of a study does."""

        def answer(asked: Asked) -> Answer:
            from agent import pipeline
            from tools import captioner
            from tools.threads import one_thread

            with one_thread():
                seen = pipeline.look(pipeline.read_study(asked.folder))
                found = captioner.caption(
                    seen.study,
                    seen.eligibility,
                    seen.observations,
                    captioner=captioner.Chosen(self.captioner),
                    seed=asked.seed,
                )
            return Answer(found.written)  # the report's words would be marked for the report's

        return answer


@dataclass(frozen=True)
class Blind:
    """A language model that is told the exam alone."""

    llm: str
    timeout: float

    def __call__(self) -> Answerer:
        """Open it: each case is a conversation of its own."""

        def answer(asked: Asked) -> Answer:
            from agent import blind

            return Answer(blind.report(self.llm, asked.exam, timeout=self.timeout))

        return answer


def system(name: str, setup: Setup) -> System:
    """The system of a name.

    Raises:
        SettingsError: there is no such system, or it lacks what it needs.
        LanguageModelError: it needs a language model, and none is set.
        WeightsError: weights are missing or damaged.
        CaseError: there is no training case that it can learn from.
    """
    if name not in KINDS:
        raise SettingsError(f"There is no system '{name[:40]}'.", f"Known: {', '.join(KINDS)}.")
    if name == "radixgpt":
        return System(name, Pipeline(), _weights())
    if name == "captioner":
        return System(name, Captions(setup.captioner), {**_weights(), "captioner": setup.captioner})
    if name == "template-of-normals":
        return _normals()
    if name == "most-frequent":
        return _most_frequent(setup)
    if name == "nearest-neighbour":
        return _nearest(setup)
    from agent import blind

    blind.require(setup.llm)
    return System(name, Blind(setup.llm, setup.llm_timeout), {"llm": setup.llm.partition("@")[0]})


def _weights() -> dict[str, str]:
    from radixgpt.weights import load_card
    from tools.registry import capabilities

    names = {weights.name for tool in capabilities() for weights in tool.weights}
    hashes = {name: load_card(name).facts().sha256 for name in sorted(names)}
    return {"radixgpt": radixgpt.__version__, **hashes}


def _normals() -> System:
    from data.generated import text
    from eval.run import baselines
    from eval.run.tasks import as_text

    findings = baselines.normals()
    answer = Answer(as_text(text.write(findings, "template-of-normals")), findings)
    return System("template-of-normals", baselines.Constant(answer))


def _most_frequent(setup: Setup) -> System:
    from data.generated import text
    from eval.run import baselines
    from eval.run.tasks import answer_of, as_text

    answers = [answer_of(case, write) for case in setup.train]
    texts = [answer.text for answer in answers if answer.findings is None]
    if 2 * len(texts) > len(answers):
        return System("most-frequent", baselines.Constant(Answer(baselines.commonest_text(texts))))
    findings = baselines.most_frequent(setup.train)
    answer = Answer(as_text(text.write(findings, "most-frequent")), findings)
    return System("most-frequent", baselines.Constant(answer))


def _nearest(setup: Setup) -> System:
    import numpy as np

    from eval.run.baselines import Nearest
    from eval.run.tasks import answer_of
    from radixgpt.errors import CaseError
    from tools import embeddings, look_alike

    pictured = [case for case in setup.train if case.images]
    if not pictured:
        raise CaseError(
            "No training case has images to look alike.", "Split the cases: radixgpt data split."
        )
    rows = embeddings.embed_images(pictured, setup.root, setup.measures, say=setup.say)
    vectors = look_alike.vectors_of(rows)
    known = [case for case in pictured if case.id in vectors]
    matrix = np.stack([vectors[case.id] for case in known])
    answers = tuple(answer_of(case, write) for case in known)
    made_of = {"weights": look_alike.made_of(), "cases": str(len(known))}
    return System("nearest-neighbour", Nearest(matrix, answers, look_alike.vector_of), made_of)


def ranking(
    index: Sequence[Study], say: Callable[[str, int, int], None]
) -> Callable[[Path], list[str]]:
    """Order an index of studies by how alike their images look to those of a folder.

    Raises:
        InputError: an image can't be read.
        WeightsError: weights are missing or damaged.
    """
    import numpy as np

    from tools import look_alike

    vectors = []
    for done, study in enumerate(index, start=1):
        vectors.append(look_alike.vector_of(study.images[0].parent))
        say("Looking at the index", done, len(index))
    matrix = np.stack(vectors)

    def rank(folder: Path) -> list[str]:
        likeness = matrix @ look_alike.vector_of(folder)
        return [index[place].id for place in np.argsort(-likeness, kind="stable")]

    return rank


def similar(index: Sequence[Study]) -> Callable[[Path], list[str]]:
    """Order an index of studies by the shipped index of similar cases, as a study in a folder asks.

    Raises:
        CorpusError: the shipped index does not hold each of these studies, or is damaged.
        WeightsError: weights are missing or damaged.
    """
    from agent import pipeline
    from radixgpt.errors import CorpusError
    from tools.similar import finder
    from tools.threads import one_thread

    asked = finder.opened()
    wanted = {study.id for study in index}
    if not wanted <= set(asked.store.entries.column("id")):
        raise CorpusError(
            "The shipped index of similar cases does not hold the benchmark's studies.",
            "Build the benchmark from the cases that the index was made of.",
        )

    def rank(folder: Path) -> list[str]:
        with one_thread():
            reading = pipeline.look(pipeline.read_study(folder))
        seen = (reading.study, reading.eligibility, reading.observations)
        hits = asked.like(*seen, k=finder.MOST)
        return [hit.entry.id for hit in hits if hit.entry.id in wanted]

    return rank
