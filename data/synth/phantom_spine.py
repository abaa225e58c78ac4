"""Paints the spine: canal, posterior elements, discs and bodies."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from data.synth import phantom_signal as tissue
from data.synth.phantom_anatomy import stream
from data.synth.phantom_canal import Canal
from data.synth.phantom_canvas import Canvas, bell, smooth
from data.synth.phantom_parameters import Disc, Phantom
from data.synth.phantom_shapes import Body, Bones, DiscSpace, Vec, rounded
from data.synth.phantom_signal import Array, Tissue

ENDPLATE_MM = 1.1
"""Thickness of the dark endplate between a disc and the marrow."""


_PLAIN = Disc(pfirrmann=3)


class Part(IntEnum):
    """What fills a pixel."""

    BACKGROUND = 0
    BODY = 1
    DISC = 2
    SAC = 3
    SACRUM = 4
    POSTERIOR = 5


def marrow(phantom: Phantom, grain: Array) -> Tissue:
    """Marrow between red and yellow, mottled by ``grain``."""
    share = np.clip(np.float32(phantom.look.fatty_marrow) + grain, 0, 1)
    return tissue.RED_MARROW.mixed(tissue.YELLOW_MARROW, share)


def paint_canal(canvas: Canvas, phantom: Phantom, canal: Canal) -> None:
    """Epidural fat, then sac, cord and roots."""
    s, t = canal.wall.project_grid(canvas.x, canvas.y)
    whole, depth = canvas.whole, canal.bony_depth(s)
    grain = canvas.texture("epidural", (3.0, 0.12))
    open_ = np.clip((canal.sacral[4] - s) / 10, 0, 1).astype(np.float32)
    inside = np.maximum(-t - 0.3, t - depth - 1.5)
    if float(depth.max()) > 1:
        cover = np.clip(0.5 - inside / canvas.pixel_mm, 0, 1) * open_
        canvas.paint(whole, cover, tissue.FAT, gain=np.clip(0.9 + grain, 0.5, 1.1))
        # Between two laminae lies fat, behind a lamina's front the dark ligament.
        pads = np.zeros_like(s)
        for place in canal.discs.values():
            pads = np.maximum(pads, bell(s - np.float32(place + 1), 7.0))
        band = np.abs(t - depth - 1.2 + canal.flavum(s)) - 1.1 - 0.5 * canal.flavum(s)
        flavum = np.clip(0.5 - band / canvas.pixel_mm, 0, 1) * (1 - 0.45 * pads) * open_
        canvas.paint(whole, 0.85 * flavum, tissue.LIGAMENT)
    _sac(canvas, phantom, canal, s, t)


def _sac(canvas: Canvas, phantom: Phantom, canal: Canal, s: Array, t: Array) -> None:
    front, back = canal.sac_edges(s)
    distance = canal.sac_distance(s, t)
    if not bool((distance < 0).any()):
        return
    whole, rng = canvas.whole, stream(phantom, "sac")
    canvas.fill(whole, distance - 0.6, tissue.LIGAMENT)
    canvas.fill(whole, distance, tissue.FLUID, part=Part.SAC)
    inner = np.clip(0.5 - distance / canvas.pixel_mm, 0, 1).astype(np.float32)
    width, scale = np.maximum(back - front, 0.5), phantom.scale
    ends = [canal.conus - 45, canal.conus - 22, canal.conus - 6, canal.conus]
    thick = np.interp(s, ends, [7.6, 8.0, 4.0, 0.4]) * scale
    thick = thick * np.sqrt(max(0.0, 1 - (canvas.z / 5.5) ** 2))
    half = np.minimum(thick, 0.8 * width) / 2
    cord = np.maximum(np.abs(t - front - 0.5 * width - 0.3) - half, s - np.float32(canal.conus))
    if float(np.max(half)) > 0.5:
        canvas.fill(whole, cord.astype(np.float32), tissue.CORD, soft=1.5)
    # Roots of the cauda equina: thin strands that lie back and gather where the sac is narrow.
    strands = np.zeros_like(s)
    run = np.clip((s - canal.conus) / (canal.tip - canal.conus), 0, 1)
    for _ in range(8):
        start, end, thin = rng.uniform(0.45, 0.95), rng.uniform(0.25, 0.95), rng.uniform(0.35, 0.7)
        wave = 0.03 * np.sin(s / rng.uniform(9, 22) + rng.uniform(0, 6) + canvas.z / 3)
        line = bell((t - front) - (start + (end - start) * run + wave) * width, thin)
        strands = np.maximum(strands, line * np.float32(rng.uniform(0.45, 0.9)))
    crowded = np.clip(1.1 - width / (0.75 * phantom.sac_mm * scale), 0, 1)
    reach = smooth(s, canal.conus - 20, canal.conus - 5) * smooth(s, canal.tip - 8, canal.tip - 45)
    cover = np.clip(strands + 0.6 * crowded, 0, 0.92) * reach * inner
    canvas.paint(whole, cover.astype(np.float32), tissue.ROOTS)
    flow = canvas.texture("flow", (2.5, 1.0))
    pulsing = np.clip(0.35 * flow - 0.35, 0, 0.4) * inner * smooth(s, canal.conus + 25, canal.conus)
    canvas.paint(whole, pulsing, Tissue(60.0, 3000.0, 200.0))


def paint_posterior(canvas: Canvas, phantom: Phantom, canal: Canal) -> None:
    """Spinous processes in the midline, laminae beside it, pedicles and facets further out."""
    z = abs(canvas.z) / phantom.scale
    spinous = float(np.clip((6.0 - z) / 2.5, 0, 1))
    pedicle = float(np.clip((z - 8.5) / 2.5, 0, 1) * np.clip((23 - z) / 3, 0, 1))
    lamina = float(np.clip((z - 3.5) / 2.5, 0, 1) * np.clip((22 - z) / 2, 0, 1)) * (1 - pedicle)
    names = list(canal.bones.bodies)
    for name in names:
        if spinous > 0:
            _spinous(canvas, phantom, canal, name, spinous)
        if lamina > 0:
            _lamina(canvas, phantom, canal, name, lamina)
    for name in names:
        if pedicle > 0:
            _pedicle(canvas, phantom, canal, name, pedicle)


def _bone(
    canvas: Canvas,
    phantom: Phantom,
    centre: Vec,
    axis: tuple[Vec, Vec],
    size: tuple[float, float],
    *,
    name: str,
    cover: float,
    radius: float,
) -> None:
    """A rounded piece of bone, ``size`` half its length and height along its own axes."""
    window = canvas.around(float(centre[0]), float(centre[1]), max(size) * 1.5 + 3)
    if window is None:
        return
    x, y = canvas.grid(window)
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    along = dx * np.float32(axis[0][0]) + dy * np.float32(axis[0][1])
    across = dx * np.float32(axis[1][0]) + dy * np.float32(axis[1][1])
    rough = (
        canvas.texture("bone edge", (4.5, 0.9), (2.0, 0.3))[window]
        if name != "facet"
        else np.float32(0)
    )
    taller = size[1] * (1 + 0.14 * np.clip(along / size[0], -1, 1))
    distance = rounded(
        np.abs(along + 0.8 * np.sin(across / 4)) - size[0], np.abs(across) - taller, radius
    )
    distance = (distance + rough).astype(np.float32)
    edge = np.clip(0.5 - (distance - 0.7) / (1.6 * canvas.pixel_mm), 0, 1) * cover * 0.8
    canvas.paint(window, edge.astype(np.float32), tissue.CORTEX, part=Part.POSTERIOR)
    grain = 0.1 * canvas.texture("marrow", (5.0, 1.0), (1.2, 0.7))[window]
    core = np.clip(0.5 - (distance + 0.35) / (1.8 * canvas.pixel_mm), 0, 1) * cover
    canvas.paint(window, core.astype(np.float32), marrow(phantom, 0.08 + grain))


def _spinous(canvas: Canvas, phantom: Phantom, canal: Canal, name: str, cover: float) -> None:
    rng, scale = stream(phantom, "spinous " + name), phantom.scale
    thoracic = name.startswith("T")
    point, normal = canal.wall.at(canal.bodies[name])
    down = np.array([-normal[1], normal[0]])
    length = rng.uniform(12.5, 16) * scale * (0.68 if name == "L5" else 1)
    height = rng.uniform(7.2, 9.2) * scale * (0.68 if name == "L5" or thoracic else 1)
    tilt = np.deg2rad(42 if thoracic else 20 + rng.uniform(-6, 6))
    axis = normal * np.cos(tilt) + down * np.sin(tilt)
    away = phantom.canal_mm * scale + 2.5 + length * np.cos(tilt)
    centre = point + normal * away + down * (13 if not thoracic else 16) * scale
    size = (length, height)
    across = np.array([-axis[1], axis[0]])
    _bone(canvas, phantom, centre, (axis, across), size, name=name, cover=cover, radius=5.0)


def _lamina(canvas: Canvas, phantom: Phantom, canal: Canal, name: str, cover: float) -> None:
    scale = phantom.scale
    point, normal = canal.wall.at(canal.bodies[name])
    down = np.array([-normal[1], normal[0]])
    lean = np.deg2rad(18)
    axis = down * np.cos(lean) + normal * np.sin(lean)
    depth = max(
        0.55 * phantom.canal_mm, float(canal.bony_depth(np.zeros((1, 1), np.float32))[0, 0])
    )
    centre = point + normal * (depth + 5.0 * scale) + down * 9 * scale
    size = (9.0 * scale, 3.4 * scale)
    across = np.array([-axis[1], axis[0]])
    _bone(canvas, phantom, centre, (axis, across), size, name=name, cover=cover, radius=3.0)


def _pedicle(canvas: Canvas, phantom: Phantom, canal: Canal, name: str, cover: float) -> None:
    """Pedicle, articular processes, and the fat and root of the foramen below."""
    scale, body = phantom.scale, canal.bones.bodies[name]
    u, n = body.frame.u, body.frame.n
    back = body.frame.point(body.depth / 2, 0.0)
    foramen = back + u * 5 * scale - n * 0.42 * body.height
    window = canvas.around(float(foramen[0]), float(foramen[1]), 16 * scale)
    if window is not None:
        x, y = canvas.grid(window)
        dx, dy = x - np.float32(foramen[0]), y - np.float32(foramen[1])
        along, across = dx * u[0] + dy * u[1], dx * n[0] + dy * n[1]
        hole = (np.hypot(along / 5.5, (across + 2) / 11) - 1) * 5 * scale
        edge = np.clip(0.5 - hole / (2 * canvas.pixel_mm), 0, 1) * cover
        canvas.paint(window, edge.astype(np.float32), tissue.FAT)
        root = np.hypot(along + 0.5, (across - 4) / 1.3) - 2.3 * scale
        edge = np.clip(0.5 - root / (1.5 * canvas.pixel_mm), 0, 1) * cover
        canvas.paint(window, edge.astype(np.float32), tissue.ROOTS)
    axis = (u, n)
    size = (7.0 * scale, 6.5 * scale * (0.8 if name.startswith("T") else 1))
    centre = back + u * 4.5 * scale + n * 0.2 * body.height
    _bone(canvas, phantom, centre, axis, size, name="pedicle", cover=cover, radius=3.0)
    lean = np.deg2rad(14)
    down = -n * np.cos(lean) + u * np.sin(lean)
    across = np.array([-down[1], down[0]])
    for along, aside, length, width in ((1.0, 14.0, 13.5, 4.6), (21.0, 17.5, 9.0, 4.2)):
        spot = back + u * aside * scale + down * along * scale
        half = (length * scale, width * scale)
        _bone(canvas, phantom, spot, (down, across), half, name="facet", cover=cover, radius=3.5)


def paint_discs(canvas: Canvas, phantom: Phantom, bones: Bones) -> None:
    """Paint every disc of this plane."""
    for disc in bones.discs.values():
        _disc(canvas, phantom, disc)


def _disc(canvas: Canvas, phantom: Phantom, disc: DiscSpace) -> None:
    centre, state = disc.centre(), disc.state
    half = disc.depth / 2 + abs(state.slip_mm) + state.herniation_mm + abs(state.migration_mm) + 8
    window = canvas.around(float(centre[0]), float(centre[1]), half)
    if window is None:
        return
    x, y = canvas.grid(window)
    rng = stream(phantom, "disc " + disc.name)
    distance = disc.distance(x, y, canvas.z)
    along, across = disc.frame.local(x, y)
    below, above = disc.gaps(x, y)
    thick = np.maximum((below + above) / 2, 0.5)
    level = np.clip((above - below) / (2 * thick), -1.5, 1.5)
    kind, depth = tissue.DISC_TISSUE[state.pfirrmann], np.float32(disc.depth)
    inside = (along - np.float32(0.05) * depth) / (np.float32(0.39) * depth)
    away = (np.abs(inside) ** 2.6 + np.abs(level) ** 2.6) ** (1 / 2.6)
    steep = 12.0 if state.pfirrmann <= 2 else 5.5
    nucleus = 1 / (1 + np.exp(np.clip((away - 0.92) * steep, -30, 30)))
    cleft_chance = rng.random()
    if state.pfirrmann == 2 or (state.pfirrmann == 1 and cleft_chance < 0.4):
        deep = 0.5 if state.pfirrmann == 2 else 0.25
        band = bell(level * thick - 0.3 * np.sin(along / 5), 1.0)
        nucleus = nucleus * (1 - deep * band * np.exp(-((inside / 0.75) ** 4)))
    patchy = 0.18 if state.pfirrmann >= 3 else 0.06
    grain = canvas.texture("disc", (2.2, 1.0))[window]
    nucleus = np.clip(nucleus * (1 + patchy * grain), 0, 1.1)
    bright = float(np.clip(rng.normal(1, 0.06), 0.9, 1.1))
    core = Tissue(kind.nucleus.pd, kind.nucleus.t1, float(kind.nucleus.t2) * bright)
    rim = np.clip(-distance / 5, 0, 1)
    annulus_t2 = np.where(along > 0, kind.annulus_posterior_t2, kind.annulus_anterior_t2)
    annulus = Tissue(
        58 * (0.72 + 0.28 * np.clip(-distance / 3, 0, 1)),
        np.full_like(distance, 700.0),
        annulus_t2 * (0.55 + 0.45 * rim),
    )
    mixed = annulus.mixed(core, nucleus.astype(np.float32))
    if state.fissure:
        at = along - np.float32(disc.depth / 2 - 2.0)
        mixed = mixed.mixed(Tissue(95.0, 1500.0, 320.0), 0.8 * bell(at, 0.9) * bell(across, 1.4))
    canvas.fill(window, distance - 0.5, tissue.LIGAMENT)
    canvas.fill(window, distance, mixed, part=Part.DISC)
    if state.vacuum:
        gas = bell(level * thick, 0.7) * np.clip(1 - (inside / 1.1) ** 2, 0, 1)
        canvas.paint(window, (0.8 * gas).astype(np.float32), tissue.AIR)


def paint_bodies(canvas: Canvas, phantom: Phantom, bones: Bones) -> None:
    """Paint the sacrum with its remnant discs, then every body of this plane."""
    discs = phantom.discs
    for upper, lower in zip(bones.sacrum[:-1], bones.sacrum[1:], strict=True):
        _remnant(canvas, upper, lower)
    for i, body in enumerate(bones.sacrum):
        _body(canvas, phantom, body, Part.SACRUM, above="L5-S1" if i == 0 else None, below=None)
    names = list(discs)
    for name, body in bones.bodies.items():
        above = next((d for d in names if d.endswith("-" + name)), None)
        below = next(d for d in names if d.startswith(name + "-"))
        _body(canvas, phantom, body, Part.BODY, above=above, below=below)


def _remnant(canvas: Canvas, upper: Body, lower: Body) -> None:
    """The thin rest of a disc between two sacral segments."""
    space = DiscSpace("", _PLAIN, upper.lower, lower.upper)
    centre = space.centre()
    window = canvas.around(float(centre[0]), float(centre[1]), space.depth / 2 + 4)
    if window is None:
        return
    x, y = canvas.grid(window)
    distance = space.distance(x, y)
    canvas.fill(window, distance - 0.8, tissue.CORTEX, part=Part.SACRUM)
    canvas.fill(window, distance + 0.2, Tissue(65.0, 800.0, 75.0))


def _body(
    canvas: Canvas,
    phantom: Phantom,
    body: Body,
    part: Part,
    *,
    above: str | None,
    below: str | None,
) -> None:
    centre = body.frame.origin
    half = float(np.hypot(body.height, body.depth)) / 2 + 6
    window = canvas.around(float(centre[0]), float(centre[1]), half)
    if window is None:
        return
    x, y = canvas.grid(window)
    rng = stream(phantom, "body " + body.name)
    distance = body.distance(x, y)
    along, across = body.frame.local(x, y)
    top, bottom = body.upper.beyond(x, y), body.lower.beyond(x, y)
    plates = np.maximum(top, bottom)
    grain = canvas.texture("marrow", (5.0, 1.0), (1.2, 0.7))[window]
    filling = marrow(phantom, 0.09 * grain + 0.08 * bell(across, 0.14 * body.height))
    if part is Part.BODY:
        vein = bell(across, 1.2) * smooth(along, 0.02 * body.depth, 0.25 * body.depth)
        vein = vein * np.float32(rng.uniform(0.3, 0.8) * np.exp(-((canvas.z / 6) ** 2)))
        filling = filling.mixed(Tissue(95.0, 1000.0, 190.0), vein)
    for disc, plate in ((above, top), (below, bottom)):
        if disc is not None and phantom.discs[disc].modic:
            filling = _modic(canvas, phantom, disc, body, filling, plate, along, grain)
    bone = phantom.vertebrae.get(body.name)
    if bone is not None and bone.oedema:
        share = 0.2 + 0.65 * smooth(across, -0.2 * body.height, 0.2 * body.height)
        filling = filling.mixed(tissue.ENDPLATE_OEDEMA, np.clip(share + 0.1 * grain, 0, 0.95))
    if bone is not None and bone.haemangioma:
        spot = (rng.uniform(-0.25, 0.25) * body.depth, rng.uniform(-0.2, 0.2) * body.height)
        ball = np.hypot(along - spot[0], across - spot[1]) - rng.uniform(4, 8)
        aside = float(np.exp(-((canvas.z / 7) ** 2)))
        filling = filling.mixed(tissue.ENDPLATE_FAT, 0.85 * aside * smooth(ball, 0.8, -0.8))
    # The whole bone is dark cortex, the marrow within it thinner by the endplate and the wall.
    marrow_edge = np.maximum(distance + 0.7, plates + ENDPLATE_MM).astype(np.float32)
    canvas.fill(window, distance, tissue.CORTEX, part=Part.BACKGROUND)
    canvas.fill(window, marrow_edge, filling, part=part)


def _modic(
    canvas: Canvas,
    phantom: Phantom,
    disc: str,
    body: Body,
    filling: Tissue,
    plate: Array,
    along: Array,
    grain: Array,
) -> Tissue:
    """Marrow next to a degenerate disc, changed up to a wavy border."""
    state, rng = phantom.discs[disc], stream(phantom, f"modic {disc} {body.name}")
    deep = state.modic_extent * body.height
    wavy = 0.85 + 0.3 * np.cos(along / 9 + rng.uniform(-1, 1)) + 0.12 * grain
    share = 0.92 * smooth(-plate - np.float32(deep) * wavy, 1.8, -1.8)
    return filling.mixed(tissue.MODIC_TISSUE[state.modic], share.astype(np.float32))
