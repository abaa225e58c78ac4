"""What triage learns from: lumbar slices, and everything that is not one.

The views of the Sudirman slices and of the KAUH radiographs in ``finetune/points/views.csv`` were
set by eye for this project. Everything else comes from headers, from the packages that the project
depends on anyway, or is computed.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from finetune import spider
from tools.triage_looks import Kind

Pixels = npt.NDArray[np.float32]
Part = Literal["train", "held_out"]

VIEWS = Path(__file__).parent / "points" / "views.csv"
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


def lumbar(shared: Path) -> Iterator[Example]:
    """SPIDER slices, and T2 SPACE slices beside the middle; parts by patient."""
    train, development = spider.split(shared)
    parts: dict[int, Part] = dict.fromkeys(train, "train") | dict.fromkeys(development, "held_out")
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
    with VIEWS.open(newline="") as file:
        for index, row in enumerate(csv.DictReader(file)):
            kind = kinds[row["view"]]
            part: Part = "held_out" if kind == "sagittal_spine" or index % 5 < 2 else "train"
            yield Example(
                grey(shared / row["image"]),
                kind,
                f"{row['image'].split('_')[0]}_{row['view']}",
                part,
                row["sequence"] if row["sequence"] in ("t1", "t2") else None,
                good=row["mid_sagittal"] == "1",
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
    ("Spine1", "other_mr", "held_out"),
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
        ("skimage", f"data/{name}", "not_medical", "train")
        for name in (
            "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png",
            "clock_motion.png", "coffee.png", "coins.png", "gravel.png",
            "hubble_deep_field.jpg", "horse.png", "ihc.png", "logo.png", "page.png",
        )
    ),
    *(
        ("skimage", f"data/{name}", "not_medical", "held_out")
        for name in (
            "moon.png", "motorcycle_left.png", "text.png", "retina.jpg", "rocket.jpg", "grass.png",
            "microaneurysms.png", "chessboard_GRAY.png", "color.png", "phantom.png",
        )
    ),
    ("sklearn", "datasets/images/china.jpg", "not_medical", "train"),
    ("sklearn", "datasets/images/flower.jpg", "not_medical", "held_out"),
    *(
        ("gradio", f"media_assets/images/{name}", "not_medical", "held_out")
        for name in ("bus.png", "cheetah.jpg", "lion.jpg", "tower.jpg", "groot.jpeg", "avatar.png")
    ),
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", "not_medical", "held_out"),
    ("matplotlib", "mpl-data/sample_data/s1045.ima.gz", "other_mr", "held_out"),
    *(
        ("pydicom", f"data/test_files/{name}.dcm", "not_medical", "held_out")
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
    makers: dict[str, Callable[[np.random.Generator], Pixels]] = {
        "text": _page,
        "drawing": _drawing,
        "noise": _noise,
        "gradient": _gradient,
        "blank": _blank,
        "blobs": _blobs,
    }
    for source, make in makers.items():
        for _ in range(count):
            yield Example(make(rng), "not_medical", source, part)


def _page(rng: np.random.Generator) -> Pixels:
    """Lines of letters; the words mean nothing."""
    wide, high = int(rng.integers(300, 800)), int(rng.integers(300, 900))
    page = Image.new("L", (wide, high), 255)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(int(rng.integers(11, 34)))
    y = int(rng.integers(10, 60))
    while y < high - 30:
        words = ("".join(rng.choice(list("aeioulnrstmd"), rng.integers(2, 10))) for _ in range(14))
        draw.text((20, y), " ".join(words), fill=int(rng.integers(0, 90)), font=font)
        y += int(font.size * rng.choice((1.3, 1.3, 1.3, 2.4)))
    pixels = np.asarray(page, np.float32)
    return 255 - pixels if rng.random() < 0.3 else pixels


def _drawing(rng: np.random.Generator) -> Pixels:
    """Axes with lines, bars or boxes, as a chart or a window of a program."""
    page = Image.new("L", (int(rng.integers(300, 700)), int(rng.integers(250, 600))), 245)
    draw = ImageDraw.Draw(page)
    wide, high = page.size
    for _ in range(int(rng.integers(4, 25))):
        xs, ys = np.sort(rng.integers(0, wide, 2)), np.sort(rng.integers(0, high, 2))
        shade = int(rng.integers(0, 240))
        box = (int(xs[0]), int(ys[0]), int(xs[1]) + 1, int(ys[1]) + 1)
        match int(rng.integers(0, 4)):
            case 0:
                draw.rectangle(box, outline=shade, width=2)
            case 1:
                draw.rectangle(box, fill=shade)
            case 2:
                draw.ellipse(box, outline=shade, width=3)
            case _:
                draw.line(box, fill=shade, width=2)
    return np.asarray(page, np.float32)


def _noise(rng: np.random.Generator) -> Pixels:
    """Noise of many spectra, from white to that of clouds."""
    shape = (int(rng.integers(200, 520)), int(rng.integers(200, 520)))
    match int(rng.integers(0, 6)):
        case 0:
            noise = rng.normal(size=shape)
        case 1:
            noise = rng.uniform(size=shape)
        case 2:
            noise = np.hypot(rng.normal(size=shape), rng.normal(size=shape))
        case 3:
            noise = (rng.random(shape) < rng.uniform(0.02, 0.5)) * 255.0
        case 4:
            noise = ndimage.gaussian_filter(rng.normal(size=shape), float(rng.uniform(0.5, 3)))
        case _:
            u = np.hypot(*np.meshgrid(np.fft.fftfreq(shape[1]), np.fft.fftfreq(shape[0])))
            shaped = np.fft.fft2(rng.normal(size=shape)) / np.maximum(u, 1e-3) ** rng.uniform(
                0.5, 1.6
            )
            noise = np.fft.ifft2(shaped).real
    return noise.astype(np.float32)


def _gradient(rng: np.random.Generator) -> Pixels:
    rows, columns = int(rng.integers(150, 500)), int(rng.integers(150, 500))
    y, x = np.mgrid[0:rows, 0:columns]
    plain = x * rng.normal() + y * rng.normal() + rng.normal() * np.hypot(x - 100, y - 100)
    waves = np.sin(plain / float(rng.uniform(10, 80))) if rng.random() < 0.4 else plain
    return waves.astype(np.float32)


def _blank(rng: np.random.Generator) -> Pixels:
    shape = (int(rng.integers(150, 500)), int(rng.integers(150, 500)))
    blank = np.full(shape, float(rng.integers(0, 255)), np.float32)
    match int(rng.integers(0, 3)):
        case 0:
            return blank
        case 1:  # the reader's rounding, a hot pixel
            blank[int(rng.integers(0, shape[0])), int(rng.integers(0, shape[1]))] += 90
            return blank
        case _:  # a frame around nothing
            blank[4:-4, 4:-4] += 40
            return blank


def _blobs(rng: np.random.Generator) -> Pixels:
    """Smooth blobs in a dark field: a phantom of no anatomy."""
    smooth = ndimage.gaussian_filter(rng.normal(size=(300, 300)), float(rng.uniform(5, 25)))
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    inside = (x / rng.uniform(0.4, 0.9)) ** 2 + (y / rng.uniform(0.4, 0.9)) ** 2 < 1
    bounded: Pixels = ((smooth - smooth.min()) * inside).astype(np.float32)
    return bounded


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
        x = np.pad(x, [(int(rng.uniform(0, 0.15) * s), int(rng.uniform(0, 0.15) * s)) for s in x.shape])
    x = x ** float(np.exp(rng.uniform(-0.5, 0.5)))
    field = ndimage.zoom(rng.normal(size=(4, 4)), [s / 4 for s in x.shape], order=3)
    x = x * np.exp(field[: x.shape[0], : x.shape[1]] * float(rng.uniform(0, 0.25)))
    if rng.random() < 0.3:
        x = ndimage.gaussian_filter(x, float(rng.uniform(0.4, 1.3)))
    x = x + rng.normal(size=x.shape) * float(rng.uniform(0, 0.04))
    return replace(example, pixels=x.astype(np.float32))
