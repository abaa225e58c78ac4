"""What the shared image backbone sees in every image of cases, as a table of vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radixgpt.case import Case, Image
from radixgpt.errors import InputError
from tools.case_images import check_inside, load
from tools.measure_store import Store, fingerprint, key_of
from tools.threads import one_thread
from tools.triage_looks import Floats, features, framed
from tools.triage_weights import eyes

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str, int, int], None]
COLUMNS = {
    "case": "string",
    "image": "string",
    "looks": "string",
    "looks_chance": "float64",
    "distance": "float64",
    "embedding": "object",
    "reason": "string",
}
"""Columns of the table with their pandas types."""
_SOURCES = (
    "backbone.py",
    "case_images.py",
    "embeddings.py",
    "framing.py",
    "midline.py",
    "triage_looks.py",
)
_BATCH = 4
_SIDE_BY_SIDE = 2


def embed_images(
    cases: Iterable[Case],
    root: Path,
    folder: Path,
    say: Say = lambda _what, _done, _total: None,
) -> pd.DataFrame:
    """Embed all images of cases; what was embedded before is not done again.

    Args:
        cases: with images.
        root: the workspace that the images' paths start from.
        folder: keeps ``embeddings.parquet``.
        say: told what is done, how much of it, and of how much.

    Returns:
        A row an image: ``case``, ``image`` (its path), ``looks`` (kind of
        :data:`tools.triage_looks.KINDS`) with its chance, ``distance`` to lumbar sagittal slices,
        and ``embedding``, 1280 features of the frozen EfficientNet-Lite0 as float32. An image that
        can't be read has no embedding, and ``reason`` holds the error's code. Sorted by case and
        image.

    Raises:
        CaseError: a path leads out of the workspace, or the stored table is damaged.
        WeightsError: the weights of triage are missing or damaged.
    """
    store = Store(folder, "embeddings", fingerprint(("levels", "triage"), _SOURCES), COLUMNS)
    wanted: dict[str, tuple[str, Image]] = {}
    for case in cases:
        for image in case.images:
            check_inside(image, case.id)
            key = key_of(case.id, image.path, image.sha256, str(image.spacing))
            wanted[key] = (case.id, image)
    waiting = [(key, *one) for key, one in wanted.items() if key not in store]
    done = len(wanted) - len(waiting)
    batches = [waiting[i : i + _BATCH] for i in range(0, len(waiting), _BATCH)]
    # Batches side by side use two processors better than one batch in two threads does.
    pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
    try:
        with one_thread():
            for made in pool.map(lambda batch: _embedded(batch, root), batches):
                for key, row in made:
                    store.add(key, [row])
                done += len(made)
                say("Embedding images", done, len(wanted))
    finally:
        pool.shutdown(cancel_futures=True)
    rows = store.finish(("case", "image"))
    return rows[rows["key"].isin(set(wanted))].reset_index(drop=True)


def _embedded(batch: list[tuple[str, str, Image]], root: Path) -> list[tuple[str, dict[str, Any]]]:
    """The rows of one batch by their keys."""
    rows: dict[str, dict[str, Any]] = {}
    frames: dict[str, Floats] = {}
    for key, case_id, image in batch:
        rows[key] = {"case": case_id, "image": image.path}
        try:
            loaded = load(image, root)
        except InputError as error:
            rows[key]["reason"] = error.code
        else:
            frames[key] = framed(loaded.pixels, loaded.spacing)
    if frames:
        shipped = eyes()
        vectors = features(shipped.network, np.stack(list(frames.values())))
        looks = shipped.heads.look(vectors)
        for key, vector, look in zip(frames, vectors, looks, strict=True):
            rows[key] |= {
                "looks": look.kind,
                "looks_chance": round(look.kinds[look.kind], 4),
                "distance": round(look.distance, 4),
                "embedding": vector.astype(np.float32),
            }
    return list(rows.items())


def matrix(rows: pd.DataFrame) -> Floats:
    """The vectors (n, 1280) of rows that have one."""
    stacked: Floats = np.stack([np.asarray(v, np.float32) for v in rows["embedding"]])
    return stacked
