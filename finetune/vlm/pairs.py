"""Pairs of pictures and captions, made once from mapped cases and kept in one folder.

A file of JSON lines, and the pictures beside it as 8-bit PNG under the hash of what they show: the
folder can be carried to another machine. Captions are generated from gradings
(:mod:`data.generated.captions`) and called so, or are what a person wrote. All pairs of a file are
of one split, and no patient is in files of two.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.generated import captions
from data.generated.text import Grades, by_disc
from radixgpt.case import Case, Origin, Split
from radixgpt.eligibility import Eligibility
from radixgpt.errors import CaseError
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import SECTIONS
from tools import case_images, levels, triage
from tools.captioner import Pictures, Scope, bitmaps, questions
from tools.captioner.caption import Of
from tools.captioner.pictures import gather
from tools.captioner.turns import Turn
from tools.threads import one_thread

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap

Text = Literal["generated", "human"]
_SEQUENCES: Mapping[str, str] = {"t1": "t1", "t2": "t2", "t2_space": "t2"}
_NEEDS = {"pfirrmann": frozenset({"t2"}), "modic": frozenset({"t1", "t2"})}
"""Sequences that have to be shown before a grade is stated, as in ``tools.captioner.support``."""
_WRITTEN: tuple[str, ...] = ("findings", "impression")


class Pair(BaseModel):
    """One question with its pictures and its answer.

    Attributes:
        id: unique in the file.
        patient: decides the split.
        pictures: files, as seen from the folder of the pairs.
        origin: who wrote the caption: a person, or a program from gradings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    patient: str
    source: str
    licence: str
    split: Split
    of: Of
    pictures: tuple[str, ...] = Field(min_length=1)
    question: str
    caption: str = Field(min_length=1)
    origin: Origin


@dataclass(frozen=True)
class Choice:
    """Which pairs are made.

    Attributes:
        split: of the cases.
        scopes: ``study`` shows T2 and T1 together, ``image`` each alone, ``disc`` its crops.
        text: captions from gradings, or what a person wrote (of the study alone).
        variants: wordings of each generated caption.
    """

    split: Split = "train"
    scopes: tuple[Of, ...] = ("study", "image")
    text: Text = "generated"
    variants: int = 1
    sources: tuple[str, ...] = ()


@dataclass
class Made:
    """What came of the cases: pairs by scope, and cases that gave none by reason."""

    pairs: Counter[str] = field(default_factory=Counter)
    patients: set[str] = field(default_factory=set)
    without: Counter[str] = field(default_factory=Counter)


Say = Callable[[int, int], None]


def make(
    cases: Sequence[Case], root: Path, out: Path, choice: Choice, say: Say = lambda done, all_: None
) -> Made:
    """Write the pairs of one split; the file appears whole or not at all.

    Args:
        cases: of a workspace, all splits, so that patients on two sides are seen.
        root: the workspace that the paths of images start from.
        out: a file of JSON lines; the pictures go into a folder of its name beside it.
        choice: which pairs.
        say: told the number of cases done and to do.

    Raises:
        CaseError: the cases are not split, a patient is on two sides, or no pair comes of them.
    """
    check_sides(cases)
    chosen = [
        case
        for case in cases
        if case.split == choice.split and (not choice.sources or case.source in choice.sources)
    ]
    made = Made()
    folder = out.with_suffix("")
    out.parent.mkdir(parents=True, exist_ok=True)
    new = out.with_name(out.name + ".new")
    with new.open("w", encoding="utf-8") as lines, one_thread():
        for number, case in enumerate(chosen, start=1):
            try:
                for pair in _of_case(case, root, folder, choice):
                    lines.write(pair.model_dump_json() + "\n")
                    made.pairs[pair.of] += 1
                    made.patients.add(pair.patient)
            except _Without as error:
                made.without[str(error)] += 1
            say(number, len(chosen))
    if not made.pairs:
        new.unlink()
        why = "; ".join(f"{count} {reason}" for reason, count in made.without.items())
        raise CaseError(
            f"No pair comes of the {len(chosen)} cases of the split {choice.split}"
            f"{f' ({why})' if why else ''}.",
            "Name another split, source or text, or map and split the cases first.",
        )
    new.replace(out)
    return made


def check_sides(cases: Iterable[Case]) -> None:
    """Refuse cases that are not split by patient.

    Raises:
        CaseError: they are not.
    """
    side: dict[str, Split] = {}
    for case in cases:
        if case.split is None:
            continue
        if side.setdefault(case.patient, case.split) != case.split:
            raise CaseError(
                f"A patient of {case.source} is on two sides of the split.",
                "Split again: radixgpt data split.",
            )
    if not side:
        raise CaseError("The cases are not split.", "Split them first: radixgpt data split.")


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file.

    Raises:
        CaseError: it is missing, a line is no pair, or it mixes splits.
    """
    pairs: list[Pair] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    pairs.append(_pair(line, path.name, number))
    except OSError as error:
        raise CaseError(
            f"There is no {path.name} that can be read.",
            "Make it first: python -m finetune.vlm pairs CASES -o PAIRS.",
        ) from error
    except UnicodeDecodeError as error:
        raise CaseError(f"{path.name} is not UTF-8 text.", "Make it anew.") from error
    if not pairs:
        raise CaseError(f"{path.name} holds no pairs.", "Make it anew.")
    splits = sorted({pair.split for pair in pairs})
    if len(splits) > 1:
        raise CaseError(
            f"{path.name} mixes the splits {' and '.join(splits)}.", "Keep a file for each."
        )
    return pairs


def check_apart(train: Sequence[Pair], development: Sequence[Pair]) -> None:
    """Refuse to measure on what was learned from.

    Raises:
        CaseError: a patient is in both.
    """
    both = {pair.patient for pair in train} & {pair.patient for pair in development}
    if both:
        raise CaseError(
            f"{len(both)} patients are in the training and the development pairs.",
            "Make both from the same split: python -m finetune.vlm pairs --split.",
        )


def turn_of(pair: Pair, folder: Path) -> Turn:
    """A pair with its pictures loaded.

    Args:
        pair: of a file in ``folder``.
        folder: that the pictures' paths start from.

    Raises:
        CaseError: a picture is missing or damaged, or its path leads out of the folder.
    """
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    loaded = []
    for name in pair.pictures:
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CaseError(
                "The path of a picture leads out of its folder.", "Make the pairs anew."
            )
        try:
            with Pillow.open(path, formats=("PNG",)) as opened:
                loaded.append(opened.convert("L"))
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
            raise CaseError(
                f"A picture of the pair {pair.id} can't be read.", "Make the pairs anew."
            ) from error
    return Turn(tuple(loaded), pair.question, pair.caption)


# --- of one case -----------------------------------------------------------------------------


class _Without(Exception):  # noqa: N818
    """Why no pair comes of a case."""


def _of_case(case: Case, root: Path, folder: Path, choice: Choice) -> Iterator[Pair]:
    """The pairs of a case, from the pictures that the captioner would be shown of it.

    Raises:
        _Without: there are none.
        CaseError: the path of an image leads out of the workspace.
    """
    graded = {level: of for level, of in by_disc(case.findings).items() if level in LUMBAR_DISCS}
    written = "\n".join(case.report[s] for s in SECTIONS if s in case.report and s in _WRITTEN)
    if choice.text == "human" and (case.report_origin != "human" or not (written or case.caption)):
        raise _Without("without a text that a person wrote")
    if choice.text == "generated" and not graded:
        raise _Without("without gradings of lumbar discs")
    study, _ = case_images.study_of(case, root)
    study, eligibility = triage.run(study)
    if not eligibility.read:
        raise _Without("without images that the tools look at")
    seen = levels.run(study, eligibility) if eligibility.gradable else []
    for scope in _scopes(choice, eligibility, list(graded)):
        pictures = gather(study, eligibility, seen, scope)
        if not pictures.images:
            continue
        told = {disc.level: graded[disc.level] for disc in pictures.discs if disc.level in graded}
        if scope.level is not None:
            told = {scope.level: graded[scope.level]}
        files = tuple(_kept(bitmaps.of(one), folder) for one in pictures.images)
        for name, text in _texts(case, choice, pictures, scope, told, written):
            yield Pair(
                id=f"{case.id} {name}",
                patient=case.patient,
                source=case.source,
                licence=case.licence,
                split=choice.split,
                of=scope.of,
                pictures=files,
                question=questions.of(pictures, scope),
                caption=text,
                origin=choice.text,
            )


def _scopes(choice: Choice, eligibility: Eligibility, graded: Sequence[str]) -> Iterator[Scope]:
    if "study" in choice.scopes or choice.text == "human":
        yield Scope.of_study()
    if choice.text == "human":
        return
    if "image" in choice.scopes:
        yield from (Scope.of_image(key) for key in eligibility.graded_series)
    if "disc" in choice.scopes:
        yield from (Scope.of_disc(level) for level in graded)


def _texts(
    case: Case,
    choice: Choice,
    pictures: Pictures,
    scope: Scope,
    told: Mapping[str, Grades],
    written: str,
) -> Iterator[tuple[str, str]]:
    """A name within the case, and a caption, for each pair of a scope."""
    sequences = frozenset(
        _SEQUENCES[one.series.sequence]
        for one in pictures.images
        if one.series.sequence in _SEQUENCES
    )
    where = scope.level or "+".join(sorted(sequences)) or "any"
    if choice.text == "human":
        yield f"{scope.of} {where}", written or case.caption
        return
    # As far as the sequences that are shown bear the grades.
    borne = {
        level: {k: v for k, v in grades.items() if _NEEDS.get(k, frozenset()) <= sequences}
        for level, grades in told.items()
    }
    shown = captions.Shown(sequences, scope.level)
    for number in range(choice.variants):
        rng = random.Random(f"{case.id} {scope.of} {where} {number}")
        text = captions.joined(captions.write(borne, shown, "standard", rng))
        if text:
            yield f"{scope.of} {where} {number}", text


def _kept(picture: Bitmap, folder: Path) -> str:
    """Write a picture under the hash of its bytes, and tell its path from the pairs' folder."""
    data = bitmaps.png(picture)
    name = f"{hashlib.sha256(data).hexdigest()[:24]}.png"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / name).is_file():
        (folder / name).write_bytes(data)
    return f"{folder.name}/{name}"


def _pair(line: str, name: str, number: int) -> Pair:
    try:
        return Pair.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        raise CaseError(
            f"{name}, line {number}: {where}: {first['msg']}.", "Make the pairs anew."
        ) from error
