"""Pictures of the surest wrong grades of the development patients, for whoever wants to look.

They show patients, so they go to ``runs/failures`` and never into the repository::

    python -m finetune.failures --most 4
    python -m finetune.failures --numbering   # the studies whose levels are wrongly numbered
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch

from finetune import classifier_groups, spider
from finetune.classifier_groups import Disc
from finetune.classifier_look import BINARY, look, study_of, wrong_levels
from radixgpt.observation import Evidence
from tools import levels


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


def by_eye(series: str, spots: Mapping[str, tuple[float, float]]) -> list[Evidence]:
    """Small squares about the centres that were set by eye, highest first, of the middle slice."""
    placed = sorted(spots.values(), key=lambda spot: spot[1])
    return [
        Evidence(
            series=series,
            slice_index=0,
            polygon=((x - 3, y - 3), (x + 3, y - 3), (x + 3, y + 3), (x - 3, y + 3)),
        )
        for x, y in placed
    ]


def draw_numbering(shared: Path, out: Path, patients: Iterable[int]) -> list[Path]:
    """Draw the T2 of every wrongly numbered study: discs as found, centres and names by eye."""
    from etl.load import Mark, key_image

    drawn = []
    for patient in patients:
        study, eligible = study_of(shared, patient)
        if eligible.t2 is None or not wrong_levels(shared, patient, study, eligible, 0):
            continue
        name = next(n for n in (f"{patient}_t2", f"{patient}_t2_SPACE") if n in spider.points())
        spots = spider.points()[name]
        named = sorted(spots, key=lambda level: spots[level][1])
        marks = [
            Mark(e, f"found {o.level}")
            for o in levels.run(study, eligible)
            if o.kind == "disc"
            for e in o.evidence
            if e.series == eligible.t2
        ]
        squares = by_eye(eligible.t2, spots)
        marks += [Mark(e, n, True) for n, e in zip(named, squares, strict=True)]
        path = out / f"numbering-{patient}.png"
        path.write_bytes(key_image(study, marks))
        drawn.append(path)
    return drawn


def main() -> None:
    """Draw them."""
    from rich.console import Console
    from rich.progress import track

    from etl.load import Mark, key_image
    from tools import heat

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/failures"))
    parser.add_argument("--numbering", action="store_true", help="wrongly numbered studies alone")
    parser.add_argument("--most", type=int, default=4, help="of each kind")
    options = parser.parse_args()
    torch.set_num_threads(2)
    options.out.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    _, patients = spider.split(options.shared)
    if options.numbering:
        found = draw_numbering(options.shared, options.out, patients)
        console.print(f"{len(found)} written to {options.out}")
        return
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
