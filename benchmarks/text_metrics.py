"""Wall time of text metrics on the same pairs, against the libraries that they agree with.

    python benchmarks/text_metrics.py
    python benchmarks/text_metrics.py --pairs 2000 --json

Pairs are made up by a seeded grammar in the manner of lumbar reports; no real note is read. Each
side works in this one process on one core and starts from the same strings; both cut them into
tokens first: for BLEU, ROUGE-L and CIDEr of COCO by this project's tokens (pycocoevalcap's own
tokenizer is a Java program, whose time is not counted against it), for the rest by the library's
own. Scores have to agree to 1e-6, of the corpus and of each pair.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

TIMES_FASTER = 5.0
"""How much faster than pycocoevalcap the three COCO metrics together have to be."""
AGREEMENT = 1e-6

LEVELS = ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")
GRADES = ("mild", "moderate", "severe", "minimal")
SIDES = ("left", "right", "bilateral")
FINDINGS = (
    "disc bulge", "disc protrusion", "disc desiccation", "facet arthropathy", "annular fissure",
    "ligamentum flavum thickening", "loss of disc height", "Modic type 2 endplate change",
)  # fmt: skip
RESULTS = ("spinal canal stenosis", "foraminal narrowing", "subarticular stenosis", "root contact")
CLOSINGS = (
    "The conus ends at {level}.",
    "No fracture is seen.",
    "Vertebral heights are preserved.",
    "Grade 1 anterolisthesis of {size} mm at {level}.",
    "Compared with the prior study, findings are unchanged.",
)

Scores = Mapping[str, tuple[float, Sequence[float]]]
"""Metric to the corpus score and those of the pairs."""


def report(rng: random.Random) -> list[str]:
    """The sentences of one made-up report."""
    said = []
    for level in LEVELS:
        finding, grade = rng.choice(FINDINGS), rng.choice(GRADES)
        if rng.random() < 0.25:
            said.append(f"{level}: No significant abnormality.")
        else:
            said.append(
                f"{level}: {grade.capitalize()} {finding} with {rng.choice(GRADES)} "
                f"{rng.choice(SIDES)} {rng.choice(RESULTS)}, measuring {rng.randint(2, 14)} mm."
            )
    for closing in rng.sample(CLOSINGS, rng.randint(1, 3)):
        said.append(closing.format(level=rng.choice(LEVELS), size=rng.randint(2, 9)))
    return said


def pairs(number: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Candidates and references: a candidate keeps most of the reference's sentences."""
    rng = random.Random(seed)
    candidates, references = [], []
    for _ in range(number):
        reference, other = report(rng), report(rng)
        kept = [
            line if rng.random() < 0.6 else spare
            for line, spare in zip(reference, [*other, *other], strict=False)
            if rng.random() < 0.95
        ]
        candidates.append(" ".join(kept))
        references.append(" ".join(reference))
    return candidates, references


def ours(families: Sequence[str]) -> Callable[[list[str], list[str]], Scores]:
    """Score with this project's families."""
    from eval.batch import scoring
    from eval.batch.engine import EngineName, engine
    from eval.batch.pairs import Pair

    def score(candidates: list[str], references: list[str]) -> Scores:
        corpus = [
            Pair(str(i), c, (r,), str(i))
            for i, (c, r) in enumerate(zip(candidates, references, strict=True))
        ]
        with engine(EngineName.SERIAL) as run:
            scored = scoring.joined(scoring.score(corpus, families, run))
        each = scored.scores()
        whole = {
            metric: float(figure(scored.rows[family.name].sum(axis=0, keepdims=True))[0])
            for family in scoring.families(families)
            for metric, figure in family.figures.items()
        }
        return {metric: (whole[metric], each[metric].tolist()) for metric in whole}

    return score


def pycocoevalcap(candidates: list[str], references: list[str]) -> Scores:
    """COCO's BLEU, ROUGE-L and CIDEr."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    from eval.text import tokens

    truth = {i: [" ".join(tokens.coco(text))] for i, text in enumerate(references)}
    given = {i: [" ".join(tokens.coco(text))] for i, text in enumerate(candidates)}
    with contextlib.redirect_stdout(io.StringIO()):
        bleu, bleus = Bleu(4).compute_score(truth, given)
        rouge, rouges = Rouge().compute_score(truth, given)
        cider, ciders = Cider().compute_score(truth, given)
    return {
        **{f"bleu_{n + 1}": (bleu[n], bleus[n]) for n in range(4)},
        "rouge_l_coco": (rouge, rouges),
        "cider": (cider, ciders),
    }


def rouge_score(stemmed: bool) -> Callable[[list[str], list[str]], Scores]:
    """Google's ROUGE."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=stemmed)
    end = "_stemmed" if stemmed else ""

    def score(candidates: list[str], references: list[str]) -> Scores:
        found: dict[str, list[float]] = {}
        for candidate, reference in zip(candidates, references, strict=True):
            for name, value in scorer.score(reference, candidate).items():
                found.setdefault(name, []).append(value.fmeasure)
        return {
            f"{name.replace('rouge', 'rouge_').lower()}{end}": (float(np.mean(values)), values)
            for name, values in found.items()
        }

    return score


def sacrebleu(candidates: list[str], references: list[str]) -> Scores:
    """SacreBLEU's BLEU and chrF, of the corpus and of each pair."""
    from sacrebleu.metrics import BLEU, CHRF

    bleu, one, chrf = BLEU(), BLEU(effective_order=True), CHRF()
    return {
        name: (
            corpus.corpus_score(candidates, [references]).score,
            [
                each.sentence_score(c, [r]).score
                for c, r in zip(candidates, references, strict=True)
            ],
        )
        for name, corpus, each in (("sacrebleu", bleu, one), ("chrf", chrf, chrf))
    }


def nltk(candidates: list[str], references: list[str]) -> Scores:
    """NLTK's corpus BLEU on COCO's tokens; of the corpus alone, unsmoothed."""
    from nltk.translate.bleu_score import corpus_bleu

    from eval.text import tokens

    truth = [[tokens.coco(text)] for text in references]
    given = [tokens.coco(text) for text in candidates]
    return {"bleu_4": (float(corpus_bleu(truth, given)), [])}


@dataclass(frozen=True)
class Row:
    """One comparison; seconds are of one run each, after a warm-up on a few pairs."""

    library: str
    metrics: str
    theirs: float
    ours: float
    times_faster: float
    apart: float


def compare(
    name: str,
    theirs: Callable[[list[str], list[str]], Scores],
    families: Sequence[str],
    texts: tuple[list[str], list[str]],
    repeats: int,
) -> Row:
    """Time both sides in turn, the best of ``repeats``, and find how far their scores lie apart."""
    sides: tuple[Callable[[list[str], list[str]], Scores], ...] = (theirs, ours(families))
    for side in sides:
        side(texts[0][:50], texts[1][:50])
    seconds = [float("inf"), float("inf")]
    found: list[Any] = [None, None]
    for _ in range(repeats):
        for k, side in enumerate(sides):
            gc.collect()
            begun = time.perf_counter()
            found[k] = side(*texts)
            seconds[k] = min(seconds[k], time.perf_counter() - begun)
    apart = 0.0
    for metric, (corpus, each) in found[0].items():
        apart = max(apart, abs(corpus - found[1][metric][0]))
        if len(each):
            apart = max(apart, float(np.abs(np.subtract(each, found[1][metric][1])).max()))
    shown = ", ".join(found[0])
    return Row(name, shown, seconds[0], seconds[1], seconds[0] / seconds[1], apart)


def main() -> int:
    """Measure, print, and return 1 when scores lie apart or the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument(
        "--repeats", type=int, default=3, help="runs each, of which the best counts"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()

    texts = pairs(args.pairs)
    words = sum(len(text.split()) for text in texts[1]) / max(1, len(texts[1]))
    coco = compare("pycocoevalcap", pycocoevalcap, ("bleu", "coco"), texts, args.repeats)
    rows = [
        coco,
        compare("rouge-score", rouge_score(False), ("rouge",), texts, 1),
        compare("rouge-score, stemmed", rouge_score(True), ("rouge_stemmed",), texts, 1),
        compare("sacrebleu", sacrebleu, ("sacrebleu", "chrf"), texts, 1),
        compare("nltk", nltk, ("bleu",), texts, 1),
    ]
    agree = all(row.apart <= AGREEMENT for row in rows)
    held = agree and coco.times_faster >= TIMES_FASTER
    if args.json:
        print(
            json.dumps(
                {
                    "pairs": args.pairs,
                    "words": round(words, 1),
                    "cores": os.cpu_count(),
                    "python": platform.python_version(),
                    "numpy": np.__version__,
                    "rows": [asdict(row) for row in rows],
                    "held": held,
                },
                indent=2,
            )
        )
    else:
        print(f"{args.pairs:,} pairs of {words:.0f} words, one process, one core each\n")
        print("| library | metrics | library, s | ours, s | times faster | furthest apart |")
        print("|---|---|---|---|---|---|")
        for row in rows:
            print(
                f"| {row.library} | {row.metrics} | {row.theirs:.2f} | {row.ours:.2f} "
                f"| {row.times_faster:.1f} | {row.apart:.1e} |"
            )
        print(f"\nall within {AGREEMENT:g}: {'yes' if agree else 'NO'} · ", end="")
        aim = "reached" if coco.times_faster >= TIMES_FASTER else "MISSED"
        print(f"aim of {TIMES_FASTER:g} times pycocoevalcap: {aim}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
