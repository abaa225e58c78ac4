"""Every sentence that the software writes of real pairs, to be read by a person.

    python benchmarks/every_sentence.py --pairs 20
    python benchmarks/every_sentence.py --patients 108 --whole
    python benchmarks/every_sentence.py --pairs 40 --beside --languages de

Grades pairs of T1 and T2 pictures (RADIXGPT_SHARED_DATA), words each report in every style and
language, and prints what the findings and the impression say: each sentence once, with its levels,
grades and numbers taken out, how often it stands and its longest example. ``--whole`` prints the
reports instead. ``--beside`` gives each study a clinical question, follow-up rules and a prior, and
prints every section. There are no two studies of one person among the data: the pair before it
plays the prior, so such reports are to be read for their words and not for their truth. Ends with
1 where a report does not pass its checks.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from radixgpt.report import Report

_VARIES = re.compile(r"\b[CTLS]\d{1,2}-[CTLS]\d{1,2}\b|\b(?:IV|I{1,3}|V)\b|\d+")
QUESTION = "Disc herniation at L4-L5? Progression of the spondylolisthesis? Canal stenosis?"
_LISTED = re.compile(r"#(?:,? (?:to|bis|and|und) #|, #)+")


def shape(text: str) -> str:
    """A sentence without its levels, grades and numbers."""
    return _LISTED.sub("#", _VARIES.sub("#", text))


def study_of(pair: Path, scratch: Path) -> Path:
    """A folder with the two pictures of a pair and nothing else."""
    folder = scratch / pair.name.removesuffix("_t1.png")
    folder.mkdir(exist_ok=True)
    for name in ("t1", "t2"):
        picture = pair.with_name(pair.name.replace("_t1", f"_{name}"))
        (folder / f"{name}.png").write_bytes(picture.read_bytes())
    return folder


def graded(study: Path, prior: Path | None) -> Report:
    """The report of a study in the style that ships as standard; with a prior, all beside it."""
    from agent import pipeline
    from agent.beside import Beside, completed

    reading, report = pipeline.report(study)
    if prior is None:
        return report
    beside = Beside(question=QUESTION, prior=prior, stated=True, follow_up=True)
    return completed(reading, report, beside)


def pairs(data: Path, patients: list[str], most: int) -> list[Path]:
    """T1 pictures of the first patients who have a T2 as well, or of those named."""
    found = sorted(
        (data / "spider" / "images").glob("*_t1.png"), key=lambda p: int(p.name.split("_")[0])
    )
    found = [p for p in found if p.with_name(p.name.replace("_t1", "_t2")).is_file()]
    if patients:
        return [p for p in found if p.name.split("_")[0] in patients]
    return found[:most]


def main() -> int:
    """Print the sentences, and return 1 where a check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=20, help="how many patients")
    parser.add_argument("--patients", nargs="*", default=[], help="these patients instead")
    parser.add_argument("--whole", action="store_true", help="print whole reports")
    parser.add_argument("--beside", action="store_true", help="with question, prior, follow-up")
    parser.add_argument("--languages", nargs="*", default=[], help="these alone")
    args = parser.parse_args()

    from etl import edit
    from etl.check import check
    from etl.phrases import styles
    from radixgpt.settings import load
    from radixgpt.style import LANGUAGES

    def shown(section: str) -> bool:
        return args.beside or section in ("findings", "impression")

    data = load().shared_data or ROOT.parent / "shared" / "data"
    found: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        chosen = [study_of(p, Path(folder)) for p in pairs(data, args.patients, args.pairs)]
        for number, study in enumerate(chosen):
            report = graded(study, chosen[number - 1] if args.beside else None)
            for language in args.languages or LANGUAGES:
                for style in styles():
                    said = edit.restyle(report, style, language)
                    failed += sum(not c.passed and c.severity == "error" for c in check(said))
                    if args.whole:
                        print(f"\n== {study.name} {style} {language}")
                    for sentence in said.sentences:
                        if shown(sentence.section):
                            if args.whole:
                                print(f"{sentence.section[:4]}  {sentence.text}")
                            group = found[language, sentence.section]
                            group[shape(sentence.text)].append(sentence.text)
    if not args.whole:
        for (tongue, section), group in sorted(found.items()):
            print(f"\n== {tongue} {section}: {len(group)} kinds of sentence")
            for texts in sorted(group.values(), key=len, reverse=True):
                print(f"{len(texts):5}  {max(texts, key=len)}")
    print(f"\n{failed} checks failed")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
