"""Pictures of nothing: text, drawings, noises, gradients, blanks and blobs, all computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

Pixels = npt.NDArray[np.float32]


def page(rng: np.random.Generator) -> Pixels:
    """Lines of letters; the words mean nothing."""
    wide, high = int(rng.integers(300, 800)), int(rng.integers(300, 900))
    page = Image.new("L", (wide, high), 255)
    draw = ImageDraw.Draw(page)
    size = int(rng.integers(11, 34))
    font = ImageFont.load_default(size)
    y = int(rng.integers(10, 60))
    while y < high - 30:
        words = ("".join(rng.choice(list("aeioulnrstmd"), rng.integers(2, 10))) for _ in range(14))
        draw.text((20, y), " ".join(words), fill=int(rng.integers(0, 90)), font=font)
        y += int(size * rng.choice((1.3, 1.3, 1.3, 2.4)))
    pixels = np.asarray(page, np.float32)
    return 255 - pixels if rng.random() < 0.3 else pixels


def drawing(rng: np.random.Generator) -> Pixels:
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


def noise(rng: np.random.Generator) -> Pixels:
    """Noise of many spectra, from white to that of clouds."""
    shape = (int(rng.integers(200, 520)), int(rng.integers(200, 520)))
    noise: npt.NDArray[np.floating]
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


def gradient(rng: np.random.Generator) -> Pixels:
    """A ramp, or waves of one."""
    rows, columns = int(rng.integers(150, 500)), int(rng.integers(150, 500))
    y, x = np.mgrid[0:rows, 0:columns]
    plain = x * rng.normal() + y * rng.normal() + rng.normal() * np.hypot(x - 100, y - 100)
    waves = np.sin(plain / float(rng.uniform(10, 80))) if rng.random() < 0.4 else plain
    return np.asarray(waves, np.float32)


def blank(rng: np.random.Generator) -> Pixels:
    """One grey, perhaps with a hot pixel or a frame."""
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


def blobs(rng: np.random.Generator) -> Pixels:
    """Smooth blobs in a dark field: a phantom of no anatomy."""
    smooth = ndimage.gaussian_filter(rng.normal(size=(300, 300)), float(rng.uniform(5, 25)))
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    inside = (x / rng.uniform(0.4, 0.9)) ** 2 + (y / rng.uniform(0.4, 0.9)) ** 2 < 1
    bounded: Pixels = ((smooth - smooth.min()) * inside).astype(np.float32)
    return bounded


MAKERS: dict[str, Callable[[np.random.Generator], Pixels]] = {
    "text": page,
    "drawing": drawing,
    "noise": noise,
    "gradient": gradient,
    "blank": blank,
    "blobs": blobs,
}
"""What makes each kind of nothing; all give float32 (rows, columns)."""
