"""What lies around the spine: belly, vessels, muscles, fat, skin and air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

from data.synth import phantom_signal as tissue
from data.synth.phantom_anatomy import stream
from data.synth.phantom_canal import Curve
from data.synth.phantom_canvas import Canvas, bell, smooth
from data.synth.phantom_parameters import Phantom
from data.synth.phantom_shapes import Bones
from data.synth.phantom_signal import Array


@dataclass(frozen=True)
class Field:
    """Where each pixel lies against the column, all of the canvas' shape, millimetres.

    Attributes:
        s: along the smoothed course of the column, towards the feet; ``t`` across, towards the
            back, 0 at the posterior walls.
        front: in front of the bodies (negative behind their anterior walls).
        skin: behind the skin of the back (negative within the body).
        belly: in front of the skin of the abdomen (negative within the body).
        fat: thickness of the fat under the skin of the back.
    """

    s: Array
    t: Array
    front: Array
    skin: Array
    belly: Array
    fat: Array


def field(canvas: Canvas, phantom: Phantom, bones: Bones, curve: Curve) -> Field:
    """Measure every pixel against the column and the body's outline."""
    s, t = curve.project_grid(canvas.x, canvas.y)
    first, last = bones.bodies["T12"], bones.sacrum[0]
    places = [curve.nearest(b.upper.posterior) for b in (first, last, bones.sacrum[2])]
    depth = np.interp(s, places, [first.depth, last.depth, 0.4 * last.depth]).astype(np.float32)
    look, scale, rng = phantom.look, phantom.scale, stream(phantom, "outline")
    y = canvas.y[:, 0]
    # The line of the back: the course of the column, smoothed, and the muscle behind it, which
    # thins over the sacrum.
    order = np.argsort(curve.points[:, 1])
    line = np.interp(y, curve.points[order, 1], curve.points[order, 0])
    line = gaussian_filter1d(line, 22 / canvas.pixel_mm, mode="nearest")
    muscle = np.interp(y, [-60, 0, 50, 100], [1, 0.8, 0.3, 0.2]) * look.body_mm * scale
    fat = look.back_fat_mm * np.interp(y, [-220, -40, 30, 120], [0.5, 0.8, 1.2, 1.4])
    canal = phantom.canal_mm * scale
    wave = rng.normal(0, 1.2) * np.sin(y / 42 + rng.uniform(0, 6))
    skin_x = gaussian_filter1d(line + canal + muscle + fat + wave, 8 / canvas.pixel_mm)
    skin_x = skin_x - max(0.0, abs(canvas.z) - 18) ** 2 / 260  # the back is round
    steep = np.hypot(1, np.gradient(skin_x, canvas.pixel_mm))
    skin = (canvas.x - skin_x[:, None]) / steep[:, None]
    belly_x = np.interp(y, [-220, -60, 40, 120], [-25, -10, 0, 12]) - look.belly_mm * scale - 40
    belly = belly_x[:, None] + 2.5 * np.sin(y / 30)[:, None] - canvas.x
    thickness = np.broadcast_to(fat[:, None], canvas.parts.shape)
    rough = canvas.texture("fat border", (12.0, 1.4))
    return Field(
        s,
        t,
        (-t - depth).astype(np.float32),
        skin.astype(np.float32),
        belly.astype(np.float32),
        (thickness + rough).astype(np.float32),
    )


def paint(canvas: Canvas, phantom: Phantom, bones: Bones, place: Field) -> None:
    """Paint everything but the spine itself."""
    _belly(canvas, phantom, bones, place)
    _back(canvas, phantom, place)
    _outline(canvas, phantom, place)


def _belly(canvas: Canvas, phantom: Phantom, bones: Bones, place: Field) -> None:
    whole, rng = canvas.whole, stream(phantom, "belly")
    blobs = canvas.texture("bowel", (9.0, 1.0), (3.5, 0.5)) + np.float32(rng.normal(0, 0.4))
    grain = canvas.texture("grain", (4.0, 0.6), (1.5, 0.35))
    wall = 1 - 0.25 * bell(blobs - 0.3, 0.18)
    bowel = 0.8 * smooth(blobs, -0.7, 0.6) + 0.2 * smooth(blobs, 0.2, 0.5)
    ones = np.ones_like(place.s)
    canvas.paint(whole, ones, tissue.FAT, gain=np.clip(0.72 + 0.12 * grain, 0.3, 1) * wall)
    canvas.paint(whole, bowel, tissue.BOWEL, gain=np.clip(1 + 0.15 * grain, 0.5, 1.4) * wall)
    # Fat before the column, and the anterior longitudinal ligament on it.
    near = bell(np.maximum(place.front + 1.2 * blobs, 0), 4.5)
    canvas.paint(whole, near, tissue.FAT, gain=np.clip(0.72 + 0.18 * grain, 0.3, 1))
    # Beside the bodies lies the psoas muscle.
    aside = np.float32(np.clip((abs(canvas.z) / phantom.scale - 13) / 8, 0, 1))
    canvas.paint(whole, 0.8 * bell(place.front - 0.6, 0.9) * (1 - aside), tissue.LIGAMENT)
    # It is round: its front falls back to the side, where it ends.
    far = max(0.0, abs(canvas.z) / phantom.scale - 30)
    ends = np.float32(np.clip((56 - abs(canvas.z) / phantom.scale) / 4, 0, 1))
    psoas = smooth(place.front + 2 * grain + np.float32(0.045 * far * far), 9, 4) * aside * ends
    canvas.paint(whole, psoas, tissue.MUSCLE, gain=np.clip(1 + 0.1 * grain, 0.6, 1.3))
    if phantom.look.aorta:
        radius = rng.uniform(6.5, 9.5) * phantom.scale
        course = radius + rng.uniform(3, 9) + 3 * np.sin(place.s / 40 + rng.uniform(0, 6))
        _, end_y = bones.bodies["L4"].frame.origin
        inside = smooth(np.abs(place.front - course), radius + 0.8, radius - 0.8)
        inside = inside * smooth(canvas.y, float(end_y) + 6, float(end_y) - 6)
        canvas.paint(whole, inside * np.float32(np.exp(-((canvas.z / 9) ** 2))), tissue.BLOOD)
    if phantom.look.bladder:
        _pelvis(canvas, phantom, rng)


def _pelvis(canvas: Canvas, phantom: Phantom, rng: np.random.Generator) -> None:
    """A bladder and gas in the bowel, in front of and below the sacrum."""
    scale = phantom.scale
    organs = (
        (-rng.uniform(30, 60), rng.uniform(75, 110), rng.uniform(16, 32), tissue.FLUID),
        (-rng.uniform(0, 25), rng.uniform(55, 90), rng.uniform(6, 15), tissue.AIR),
        (-rng.uniform(35, 80), rng.uniform(25, 60), rng.uniform(5, 12), tissue.AIR),
        (-rng.uniform(20, 55), rng.uniform(40, 70), rng.uniform(14, 22), tissue.MUSCLE),
    )
    for x, y, radius, filling in reversed(organs):
        flat, turn = rng.uniform(0.5, 0.9), rng.uniform(-0.6, 0.6)
        window = canvas.around(x * scale, y * scale, radius * scale + 4)
        if window is None:
            continue
        gx, gy = canvas.grid(window)
        dx, dy = gx - np.float32(x * scale), gy - np.float32(y * scale)
        along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        bent = across + 1.5 * np.sin(along / 7)
        distance = (np.hypot(along, bent / flat) - radius * scale).astype(np.float32)
        canvas.fill(window, distance - 1.6, tissue.MUSCLE)
        canvas.fill(window, distance, filling)


def _back(canvas: Canvas, phantom: Phantom, place: Field) -> None:
    """Muscles and ligaments behind the spine, streaked with fat along their fibres."""
    rng = stream(phantom, "muscle")
    strands = np.zeros((420, 160), np.float32)
    for long, wide, height in ((7, 1.1, 1.0), (16, 3.2, 0.8)):
        made = gaussian_filter(rng.standard_normal(strands.shape, dtype=np.float32), (long, wide))
        strands += height * made / made.std()
    shear = canvas.z * 1.3
    where = [
        np.clip(place.s * 0.7 + place.t * 0.35 + shear, 0, 419),
        np.clip(place.t * 1.4 + 5 + abs(canvas.z) * 0.8, 0, 159),
    ]
    fibre = map_coordinates(strands, where, order=1)
    bundles = np.float32(
        np.clip((abs(canvas.z) - 16) / 6, 0, 1)
    )  # to the sides they are cut across
    if bundles > 0:
        fibre = fibre + bundles * (canvas.texture("bundles", (2.2, 1.0), (5.0, 0.8)) - fibre)
    cloud = canvas.texture("muscle", (5.0, 0.8), (2.0, 0.6))
    # In the midline there are ligaments and fat, to the sides of it muscle.
    aside = float(np.clip(abs(canvas.z) / 8, 0, 1))
    mean = 0.2 + 0.45 * phantom.look.fatty_muscle - 0.12 * aside
    fatty = np.clip(mean + 0.15 * cloud + 0.19 * fibre, 0.03, 0.97).astype(np.float32)
    lean = tissue.Tissue(52.0, 620.0, 26.0).mixed(tissue.MUSCLE, aside)
    behind = smooth(place.t, -1, 1)
    canvas.paint(canvas.whole, behind, lean)
    canvas.paint(canvas.whole, behind * fatty, tissue.FAT)


def _outline(canvas: Canvas, phantom: Phantom, place: Field) -> None:
    """Fat under the skin, fascia, skin, and air around the body."""
    whole = canvas.whole
    grain = canvas.texture("skin fat", (4.0, 0.7), (1.3, 0.5))
    strands = canvas.texture("septa", (2.5, 1.0))
    septa = np.clip(0.92 + 0.05 * grain, 0.5, 1.1) * (1 - 0.3 * bell(strands, 0.06))
    behind = smooth(place.t, 0, 4)
    inner = place.skin + place.fat
    canvas.paint(whole, smooth(inner, -0.6, 0.6) * behind, tissue.FAT, gain=septa)
    canvas.paint(whole, 0.7 * bell(inner, 0.9) * behind, tissue.LIGAMENT)
    belly_fat = place.belly + np.float32(0.7 * phantom.look.back_fat_mm + 6)
    canvas.paint(whole, smooth(belly_fat, -0.8, 0.8), tissue.FAT, gain=septa)
    canvas.paint(whole, 0.7 * bell(belly_fat + 2, 2.0), tissue.MUSCLE)
    outside = np.maximum(place.skin, place.belly)
    canvas.paint(whole, smooth(outside, -2.3, -1.3), tissue.SKIN)
    canvas.paint(whole, smooth(outside, -0.5, 0.5), tissue.AIR)
