"""Pictures of the surest wrong grades of the development patients, for whoever wants to look.

They show patients, so they go to ``runs/failures`` and never into the repository::

    python -m finetune.failures --most 4
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from finetune import classifier_groups, spider
from finetune.classifier_groups import Disc
from finetune.classifier_look import BINARY, look, study_of


def surest_wrong(discs: list[Disc], kind: str, most: int) -> list[tuple[float, Disc]]:
    """The discs whose stated value of a kind is wrong, the surest first, with its probability."""
    wrong = []
    for disc in discs:
        said = disc.said.get(kind)
        if said is None or said.status != "value" or said.confidence is None:
            continue
        if said.value != disc.truth(kind):
            wrong.append((said.confidence, disc))
    return sorted(wrong, key=lambda pair: -pair[0])[:most]


def main() -> None:
    """Draw them."""
    from rich.console import Console
    from rich.progress import track

    from etl.load import Mark, key_image
    from tools import heat

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/failures"))
    parser.add_argument("--most", type=int, default=4, help="of each kind")
    options = parser.parse_args()
    torch.set_num_threads(2)
    options.out.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    _, patients = spider.split(options.shared)
    seen = {p: look(options.shared, p) for p in track(patients, "Looking", console=console)}
    discs = classifier_groups.discs_of(options.shared, seen)
    for kind in ("pfirrmann", "modic", *BINARY):
        for rank, (sure, disc) in enumerate(surest_wrong(discs, kind, options.most), start=1):
            study, eligible = study_of(options.shared, disc.patient)
            said = disc.said[kind]
            maps = heat.run(study, eligible, seen[disc.patient].observations, said)
            for one in maps:
                marks = [
                    Mark(e, f"{disc.level}: {said.value}, graded {disc.truth(kind)}", True)
                    for e in said.evidence
                    if e.series == one.series
                ]
                name = f"{kind}-{rank}-{study.one(one.series).sequence.value}-{sure:.2f}.png"
                (options.out / name).write_bytes(key_image(study, marks, heat=one.values))
    console.print(f"Written to {options.out}")


if __name__ == "__main__":
    main()
