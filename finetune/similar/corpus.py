"""The shipped corpus: the training patients' vectors, gradings and a text that is generated.

No image of anybody's is in it. The gradings are those of the data's radiologist; the texts are
written from them by ``data.generated.text``, and are called so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.generated import text
from finetune import seen, spider
from finetune.classifier_data import DiscViews
from finetune.clip import material, pairs
from radixgpt.level import disc_at
from retrieval.corpus import Entry, Floats, Item
from retrieval.encoder import Encoder
from retrieval.lexical import tokens_of
from retrieval.prints import print_of

Say = Callable[[str, int, int], None]
LICENCE = "CC BY 4.0"


def name_of(patient: int) -> str:
    """The pseudonym of a patient, as the mapping of the data gives it."""
    return f"spider/{patient}"


def items(shared: Path, patients: Iterable[int], encoder: Encoder | None, say: Say) -> list[Item]:
    """The cases of patients, with their vectors.

    Args:
        shared: the staged data.
        patients: their numbers.
        encoder: None for a corpus without vectors.
        say: told how far it has come.
    """
    wanted = list(patients)
    discs: dict[int, list[DiscViews]] = {}
    whole: dict[int, pairs.Slice] = {}
    if encoder is not None:
        say("Cutting discs", 0, len(wanted))
        for disc in material.discs_of(shared, wanted, lumbar=False):
            discs.setdefault(disc.patient, []).append(disc)
        whole = {one.patient: one for one in pairs.whole_slices(shared, wanted)}
    found: list[Item] = []
    for done, patient in enumerate(wanted, start=1):
        entry = entry_of(shared, patient)
        if encoder is None:
            found.append(Item(entry))
        else:
            found.append(_with_vectors(entry, discs.get(patient, []), whole.get(patient), encoder))
        say("Encoding cases", done, len(wanted))
    return found


def entry_of(shared: Path, patient: int) -> Entry:
    """A patient's gradings as facts, and the text that is generated from them."""
    findings = seen.stated(shared, patient)
    report = text.write(findings, name_of(patient))
    pictures = (spider.image(shared, f"{patient}_{n}") for n in seen.sequences_of(shared, patient))
    return Entry(
        id=name_of(patient),
        patient=name_of(patient),
        source="spider",
        licence=LICENCE,
        modality="MR",
        region="lumbar",
        split="train",
        findings=findings,
        report=report,
        origin="generated",
        prints=tuple(print_of(pixels) for pixels in pictures if pixels is not None),
        tokens=tokens_of(report, findings),
    )


def _with_vectors(
    entry: Entry, discs: list[DiscViews], whole: pairs.Slice | None, encoder: Encoder
) -> Item:
    vectors = encoder.images([pairs.views_of(disc) for disc in discs])
    by_level: dict[str, Floats] = {
        disc_at(disc.index): vector for disc, vector in zip(discs, vectors, strict=True)
    }
    image = None if whole is None else encoder.images([whole.pictures])[0]
    return Item(entry, image=image, text=encoder.texts([entry.text])[0], discs=by_level)


def thumbnails(shared: Path, patient: int, side: int = 64) -> dict[str, npt.NDArray[np.float32]]:
    """What pixel similarity compares: each sequence's framed slice, small, mean 0 and length 1."""
    from tools.framing import frame

    found: dict[str, npt.NDArray[np.float32]] = {}
    for name in seen.sequences_of(shared, patient):
        pixels = spider.image(shared, f"{patient}_{name}")
        if pixels is not None:
            flat = frame(pixels, side).pixels.ravel()
            flat = flat - flat.mean()
            found["t1" if name == "t1" else "t2"] = flat / max(float(np.linalg.norm(flat)), 1e-6)
    return found
