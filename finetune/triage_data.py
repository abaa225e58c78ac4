"""What triage learns from: lumbar slices, and everything that is not one.

The views of the Sudirman slices and of the KAUH radiographs (:mod:`data.mapping.views`) were
set by eye for this project. Everything else comes from headers, from the packages that the project
depends on anyway, or is computed.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from data.mapping.views import views
from finetune import spider, triage_nothing
from radixgpt.level import disc_index
from tools.triage_looks import Kind

Pixels = npt.NDArray[np.float32]
Part = Literal["train", "held_out"]

SEED = 23


@dataclass(frozen=True, eq=False)
class Example:
    """One image.

    Attributes:
        pixels: (rows, columns), any range.
        kind: what it shows.
        sequence: ``t1``, ``t2`` or ``stir`` of a sagittal slice, else None.
        source: where it comes from; sources are left out whole to see how the unknown is met.
        part: ``train``, or ``held_out`` for figures only.
        good: a mid-sagittal lumbar T1 or T2 slice that must not be refused.
        patient: of SPIDER, else 0.
    """

    pixels: Pixels
    kind: Kind
    source: str
    part: Part
    sequence: str | None = None
    good: bool = False
    patient: int = 0
    junction: tuple[float, ...] = ()
    """Rows of the discs set by eye, L5-S1 first, in shares of the height; empty if unknown."""


def lumbar(shared: Path) -> Iterator[Example]:
    """SPIDER slices, and T2 SPACE slices beside the middle; parts by patient."""
    train, development = spider.split(shared)
    parts: dict[int, Part] = dict.fromkeys(train, "train")
    parts.update(dict.fromkeys(development, "held_out"))
    for patient, part in sorted(parts.items()):
        if patient in spider.UPSIDE_DOWN:
            continue
        for contrast in ("t1", "t2", "t2_SPACE"):
            pixels = spider.image(shared, f"{patient}_{contrast}")
            if pixels is not None:
                yield Example(
                    pixels.astype(np.float32),
                    "sagittal_spine",
                    f"spider_{contrast}",
                    part,
                    contrast[:2],
                    good=True,
                    patient=patient,
                    junction=_rows(shared, patient, contrast, pixels.shape),
                )
    for index, (patient, pixels, _) in enumerate(spider.masked_slices(shared, parts)):
        if index % 3 == 0 and patient not in spider.UPSIDE_DOWN:
            yield Example(
                pixels.astype(np.float32),
                "sagittal_spine",
                "space",
                parts[patient],
                "t2",
                patient=patient,
            )


def _rows(shared: Path, patient: int, contrast: str, shape: tuple[int, ...]) -> tuple[float, ...]:
    """Rows of the discs of a slice, or of the T2 slice of the same patient and shape."""
    levels = spider.points().get(f"{patient}_{contrast}")
    if levels is None:
        other = spider.image(shared, f"{patient}_t2")
        alike = other is not None and other.shape == shape
        levels = spider.points().get(f"{patient}_t2") if alike else None
    if not levels:
        return ()
    return tuple(levels[level][1] / shape[0] for level in sorted(levels, key=disc_index))


def spoilt(example: Example, rng: np.random.Generator) -> Iterator[tuple[str, Example]]:
    """What a good slice must not look like: turned, mirrored, or cut off above its junction.

    Yields:
        What was done (``turned`` or ``cut``), and the copy.
    """
    turns: tuple[Callable[[Pixels], Pixels], ...] = (
        lambda x: x[::-1],
        lambda x: x[:, ::-1],
        lambda x: x[::-1, ::-1],
        lambda x: np.rot90(x),
        lambda x: np.rot90(x, -1),
    )
    turned = turns[int(rng.integers(len(turns)))](example.pixels)
    yield "turned", replace(example, pixels=turned, good=False)
    if len(example.junction) >= 4:
        place = int(rng.integers(0, 3))
        lower, upper = example.junction[place], example.junction[place + 1]
        row = int((0.6 * lower + 0.4 * upper) * len(example.pixels))
        if row > 120:
            yield "cut", replace(example, pixels=example.pixels[:row], good=False)


def pseudo_stir(shared: Path) -> Iterator[Example]:
    """T2 slices with the fat of their T1 partner taken out: what stands in for STIR."""
    train, development = spider.split(shared)
    for patients, part in ((train, "train"), (development, "held_out")):
        for patient in sorted(set(patients) - spider.UPSIDE_DOWN):
            t1, t2 = (spider.image(shared, f"{patient}_{c}") for c in ("t1", "t2"))
            if t1 is None or t2 is None or t1.shape != t2.shape:
                continue
            fat = np.clip(t1 / max(np.percentile(t1, 97), 1.0), 0, 1).astype(np.float32)
            pixels = t2.astype(np.float32) * (1 - 0.9 * ndimage.gaussian_filter(fat, 1))
            yield Example(
                pixels, "sagittal_spine", "pseudo_stir", _part(part), "stir", patient=patient
            )


def _part(name: str) -> Part:
    return "train" if name == "train" else "held_out"


def viewed(shared: Path) -> Iterator[Example]:
    """Sudirman slices and KAUH radiographs.

    Every Sudirman sagittal slice is held out: they are the other hospital that the figures on
    refusals need. The rest goes three to two.
    """
    kinds: dict[str, Kind] = {
        "sagittal": "sagittal_spine",
        "axial": "axial_spine",
        "coronal": "coronal_body",
        "ap": "radiograph_ap",
        "lateral": "radiograph_lateral",
    }
    for index, (place, seen) in enumerate(views().items()):
        kind = kinds[seen.view]
        part: Part = "held_out" if kind == "sagittal_spine" or index % 5 < 2 else "train"
        yield Example(
            grey(shared / place),
            kind,
            f"{place.split('_')[0]}_{seen.view}",
            part,
            seen.sequence if seen.sequence in ("t1", "t2") else None,
            good=seen.mid_sagittal,
        )


def grey(path: Path) -> Pixels:
    """A picture file as grey values."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), np.float32)


_DICOM: tuple[tuple[str, Kind, Part], ...] = (
    ("CT_small", "ct", "train"),
    ("bad_sequence", "ct", "train"),
    ("693_J2KR", "ct", "train"),
    ("cervicalKyphosis", "ct", "held_out"),
    ("Abdo", "coronal_body", "train"),
    ("MR2_J2KR", "other_mr", "train"),
    ("emri_small", "other_mr", "train"),
    ("t1_series_pddl", "other_mr", "train"),
    ("MR_small", "other_mr", "train"),
    ("Spine1", "sagittal_spine", "held_out"),
)


def fixtures(shared: Path) -> Iterator[Example]:
    """Other regions and modalities. The cervical ones, an MR and a CT, are never trained on."""
    from pydicom import dcmread

    for name, kind, part in _DICOM:
        place = shared / "dicom" / name
        paths = sorted(place.glob("*.dcm")) if place.is_dir() else [place.with_suffix(".dcm")]
        for path in paths:
            pixels = np.atleast_3d(dcmread(path).pixel_array.astype(np.float32))
            frames = pixels if pixels.shape[2] != 1 else np.moveaxis(pixels, 2, 0)
            for frame in frames[:: max(1, len(frames) // 4)]:
                yield Example(frame, kind, f"dicom_{name}", part)


_PACKAGED: tuple[tuple[str, str, Kind, Part], ...] = (
    *(
        ("skimage", f"data/{name}", "photograph", "train")
        for name in (
            "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png",
            "clock_motion.png", "coffee.png", "coins.png", "gravel.png",
            "hubble_deep_field.jpg", "ihc.png", "logo.png",
        )
    ),
    *(
        ("skimage", f"data/{name}", "photograph", "held_out")
        for name in (
            "moon.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg", "grass.png",
            "microaneurysms.png",
        )
    ),
    ("skimage", "data/page.png", "page", "train"),
    ("skimage", "data/horse.png", "page", "train"),
    *(
        ("skimage", f"data/{name}", "page", "held_out")
        for name in ("text.png", "chessboard_GRAY.png", "color.png", "phantom.png")
    ),
    ("sklearn", "datasets/images/china.jpg", "photograph", "train"),
    ("sklearn", "datasets/images/flower.jpg", "photograph", "held_out"),
    *(
        ("gradio", f"media_assets/images/{name}", "photograph", "held_out")
        for name in ("bus.png", "cheetah.jpg", "lion.jpg", "tower.jpg", "groot.jpeg", "avatar.png")
    ),
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", "photograph", "held_out"),
    ("matplotlib", "mpl-data/sample_data/s1045.ima.gz", "other_mr", "held_out"),
    *(
        ("pydicom", f"data/test_files/{name}.dcm", "photograph", "held_out")
        for name in ("examples_palette", "examples_rgb_color", "JPEG2000")
    ),
    ("pydicom", "data/test_files/examples_overlay.dcm", "other_mr", "held_out"),
)  # fmt: skip


def packaged() -> Iterator[Example]:
    """Photographs, drawings and a few medical images that installed packages bring along."""
    for package, place, kind, part in _PACKAGED:
        try:
            path = Path(str(files(package))) / place
        except ModuleNotFoundError:
            continue
        if not path.is_file():
            continue
        if path.suffix == ".gz":
            raw = gzip.decompress(path.read_bytes())
            pixels = np.frombuffer(raw, np.uint16).astype(np.float32).reshape(256, 256)
        elif path.suffix == ".dcm":
            from pydicom import dcmread

            stored = dcmread(path).pixel_array.astype(np.float32)
            pixels = stored.mean(2) if stored.ndim == 3 else stored
        else:
            pixels = grey(path)
        yield Example(pixels, kind, f"package_{package}", part)


def computed(count: int, part: Part) -> Iterator[Example]:
    """Pages of text, drawings, noises, blanks and gradients, ``count`` of each."""
    rng = np.random.default_rng((SEED, part == "train"))
    for source, make in triage_nothing.MAKERS.items():
        kind: Kind = "page" if source in ("text", "drawing") else "pattern"
        for _ in range(count):
            yield Example(make(rng), kind, source, part)


def phantoms(count: int, seed: int, part: Part) -> Iterator[Example]:
    """The project's own phantoms: the demonstration must not be refused."""
    from data.synth.phantom import render, sample

    rng = np.random.default_rng(seed)
    for _ in range(count):
        rendered = render(sample(rng), size=320)
        for name, pixels in rendered.images.items():
            yield Example(
                np.asarray(pixels, np.float32),
                "sagittal_spine",
                "phantom",
                part,
                name,
                good=name in ("t1", "t2"),
            )


@cache
def everything(shared: Path, *, phantom_count: int = 40) -> tuple[Example, ...]:
    """All examples, each as it is."""
    return (
        *lumbar(shared),
        *pseudo_stir(shared),
        *viewed(shared),
        *fixtures(shared),
        *packaged(),
        *computed(30, "train"),
        *computed(30, "held_out"),
        *(phantoms(phantom_count, SEED, "train") if phantom_count else ()),
        *(phantoms(phantom_count // 2, SEED + 1, "held_out") if phantom_count else ()),
    )


def vary(example: Example, rng: np.random.Generator) -> Example:
    """A copy cropped or padded, turned a little, with other greys, field and noise."""
    pixels = example.pixels.astype(np.float32)
    low, high = np.percentile(pixels, (0.5, 99.5))
    x = np.clip((pixels - low) / max(float(high - low), 1e-6), 0, 1)
    rows, columns = x.shape
    if rng.random() < 0.5:
        x = ndimage.rotate(x, float(rng.uniform(-8, 8)), reshape=False, order=1)
    if rng.random() < 0.5:
        up, left = int(rng.uniform(0, 0.08) * rows), int(rng.uniform(0, 0.2) * columns)
        x = x[up : rows - int(rng.uniform(0, 0.04) * rows), left:]
    else:
        x = np.pad(x, int(rng.uniform(0, 0.12) * min(x.shape)))
    x = x ** float(np.exp(rng.uniform(-0.5, 0.5)))
    field = ndimage.zoom(rng.normal(size=(4, 4)), [s / 4 for s in x.shape], order=3)
    x = x * np.exp(field[: x.shape[0], : x.shape[1]] * float(rng.uniform(0, 0.25)))
    if rng.random() < 0.3:
        x = ndimage.gaussian_filter(x, float(rng.uniform(0.4, 1.3)))
    x = x + rng.normal(size=x.shape) * float(rng.uniform(0, 0.04))
    return replace(example, pixels=x.astype(np.float32))
