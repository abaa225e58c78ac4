"""METEOR as its own program computes it, and the program's life; needs Java."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator

import numpy as np
import pytest

from eval.batch import scoring
from eval.batch.engine import EngineName, engine
from eval.batch.pairs import Pair
from eval.text import meteor, tokens
from radixgpt.errors import MissingPackageError, RadixError

SENTENCES = (
    "the disc bulge at l4-l5 is mild with mildly narrowed left foramen and herniation",
    "of normal discs bulging spinal canal stenosis seen",
)
WORDS = [word for sentence in SENTENCES for word in sentence.split()]


@pytest.fixture(scope="module")
def program() -> Iterator[meteor.Program]:
    if shutil.which("java") is None:
        pytest.skip("no Java here")
    pytest.importorskip("pycocoevalcap", reason="needs the eval extra")
    yield meteor.program()
    meteor.close()


def _drawn(n: int) -> list[tuple[list[str], list[list[str]]]]:
    rng = random.Random(0)
    pairs = []
    for i in range(n):
        references = [rng.choices(WORDS, k=rng.randint(0, 12)) for _ in range(1 + i % 2)]
        candidate = [rng.choice(WORDS) if rng.random() < 0.3 else w for w in references[0]]
        pairs.append((references[0] if i % 7 == 0 else candidate, references))
    hostile = [
        "a ||| b",
        "|||",
        "|",
        "one\ntwo\r\nthree",
        "EVAL ||| 1 2 3",
        "椎間板 \ud800 膨隆",
        "",
    ]
    return pairs + [(tokens.coco(text), [tokens.coco(text), ["disc"]]) for text in hostile]


def test_scores_are_the_programs(program: meteor.Program) -> None:
    rows = np.array([program.statistics(c, references) for c, references in _drawn(60)])
    each, corpus = program.scores(rows)
    np.testing.assert_allclose(meteor.score(rows), each, atol=1e-12)
    assert meteor.score(rows.sum(axis=0, keepdims=True))[0] == pytest.approx(corpus, abs=1e-12)
    assert each.max() == 1.0
    assert each.min() == 0.0


def test_hostile_text_leaves_the_pairs_in_step(program: meteor.Program) -> None:
    alone = program.statistics(["disc", "bulge"], [["disc", "bulge"]])
    for candidate, references in _drawn(0):
        program.statistics(candidate, references)
    np.testing.assert_array_equal(program.statistics(["disc", "bulge"], [["disc", "bulge"]]), alone)
    assert meteor.score(alone[None])[0] == 1.0


def test_scores_are_pycocoevalcaps(program: meteor.Program) -> None:
    from pycocoevalcap.meteor.meteor import Meteor

    theirs = Meteor()
    pairs = [(c, [r for r in refs if r] or [["x"]]) for c, refs in _drawn(20)[:20]]
    corpus, each = theirs.compute_score(
        {i: [" ".join(r) for r in refs] for i, (_, refs) in enumerate(pairs)},
        {i: [" ".join(c)] for i, (c, _) in enumerate(pairs)},
    )
    for pipe in (theirs.meteor_p.stdout, theirs.meteor_p.stderr):
        pipe.close()
    rows = np.array([program.statistics(c, references) for c, references in pairs])
    np.testing.assert_allclose(meteor.score(rows), each, atol=1e-9)
    assert meteor.score(rows.sum(axis=0, keepdims=True))[0] == pytest.approx(corpus, abs=1e-9)


def test_scoring_ends_the_program_it_started(program: meteor.Program) -> None:
    pairs = [Pair(str(i), "disc bulge", ("a disc bulge",), str(i)) for i in range(3)]
    with engine(EngineName.SERIAL) as run:
        scored = scoring.joined(scoring.score(pairs, ["meteor"], run))
    assert (scored.scores()["meteor"] > 0.3).all()
    with pytest.raises(RadixError, match="it ended"):
        program.statistics(["disc"], [["disc"]])


def test_without_java_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pycocoevalcap", reason="needs the eval extra")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingPackageError, match=r"METEOR: no Java\."):
        meteor.Program()
