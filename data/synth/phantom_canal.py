"""The spinal canal of a phantom: the curve behind the bodies, the bony canal and the dural sac.

Positions are given along the curve (``s``, towards the feet) and across it (``t``, towards the
back, 0 at the posterior wall of the bodies), in millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline, RegularGridInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from data.synth.phantom_parameters import Phantom
from data.synth.phantom_shapes import Body, Bones, DiscSpace, Vec
from data.synth.phantom_signal import Array

_STEP_MM = 0.4
_COARSE_MM = 3.5
SAC_HALF_WIDTH_MM = 9.0
CANAL_HALF_WIDTH_MM = 11.5
LEAST_SAC_MM = 2.0


@dataclass(frozen=True)
class Curve:
    """A smooth plane curve, sampled evenly.

    Attributes:
        points: shape (n, 2); ``normals`` point to the back.
    """

    points: npt.NDArray[np.float64]

    @cached_property
    def s(self) -> npt.NDArray[np.float64]:
        """Length along the curve of each point."""
        steps = np.hypot(*np.diff(self.points, axis=0).T)
        return np.concatenate([[0.0], np.cumsum(steps)])

    @cached_property
    def normals(self) -> npt.NDArray[np.float64]:
        """Unit normals, towards the back."""
        tangent = np.gradient(self.points, self.s, axis=0)
        tangent /= np.hypot(*tangent.T)[:, None]
        return np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.points)

    def nearest(self, point: Vec) -> float:
        """Length along the curve of the place nearest to a point."""
        return float(self.s[self._tree.query(point)[1]])

    def at(self, s: float) -> tuple[Vec, Vec]:
        """Point and normal at a length along the curve."""
        i = int(np.clip(np.searchsorted(self.s, s), 0, len(self.s) - 1))
        return self.points[i], self.normals[i]

    def project(self, x: Array, y: Array) -> tuple[Array, Array]:
        """(s, t) of points of any shape."""
        flat = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)
        _, index = self._tree.query(flat)
        offset = flat - self.points[index]
        normal = self.normals[index]
        across = (offset * normal).sum(axis=1)
        # The step along the tangent makes s continuous between the samples.
        along = self.s[index] + offset[:, 1] * normal[:, 0] - offset[:, 0] * normal[:, 1]
        return (
            along.reshape(x.shape).astype(np.float32),
            across.reshape(x.shape).astype(np.float32),
        )

    def project_grid(self, x: Array, y: Array) -> tuple[Array, Array]:
        """(s, t) over a regular grid (x of shape (1, n), y of shape (m, 1)), computed coarsely."""
        left, right = float(x.min()), float(x.max())
        top, bottom = float(y.min()), float(y.max())
        xs = np.linspace(left, right, int((right - left) / _COARSE_MM) + 3, dtype=np.float32)
        ys = np.linspace(top, bottom, int((bottom - top) / _COARSE_MM) + 3, dtype=np.float32)
        cx, cy = np.broadcast_arrays(xs[None, :], ys[:, None])
        both = np.stack(self.project(cx, cy), axis=-1)
        fx, fy = np.broadcast_arrays(x, y)
        fine = RegularGridInterpolator((ys, xs), both)(np.stack([fy, fx], axis=-1))
        return fine[..., 0].astype(np.float32), fine[..., 1].astype(np.float32)


@dataclass(frozen=True)
class Canal:
    """Bony canal and dural sac of a phantom in one sagittal plane.

    Attributes:
        wall: follows the posterior walls of the bodies in the midline.
        z: distance of the plane from the midline.
    """

    phantom: Phantom
    bones: Bones
    wall: Curve
    z: float = 0.0

    @cached_property
    def discs(self) -> dict[str, float]:
        """``s`` of the back of each disc."""
        return {name: self.wall.nearest(_back(disc)) for name, disc in self.bones.discs.items()}

    @cached_property
    def bodies(self) -> dict[str, float]:
        """``s`` of the middle of each body's posterior wall."""
        return {name: self.wall.nearest(_wall_middle(b)) for name, b in self.bones.bodies.items()}

    @cached_property
    def sacral(self) -> tuple[float, ...]:
        """``s`` of the upper posterior corner of each sacral segment."""
        return tuple(self.wall.nearest(b.upper.posterior) for b in self.bones.sacrum)

    @property
    def tip(self) -> float:
        """``s`` where the sac ends."""
        return float(np.interp(self.phantom.sac_end, range(len(self.sacral)), self.sacral))

    @property
    def conus(self) -> float:
        """``s`` of the tip of the cord."""
        return self.discs["L1-L2"] - 6 - 30 * self.phantom.conus * self.phantom.scale

    def bony_depth(self, s: Array) -> Array:
        """Depth of the bony canal in this plane; it closes at the pedicles."""
        places = [self.discs["T12-L1"], self.discs["L3-L4"], self.sacral[0], self.sacral[2]]
        share = np.interp(s, [*places, self.sacral[4]], [0.95, 1.0, 0.98, 0.55, 0.25])
        narrow = _lens(self.z, CANAL_HALF_WIDTH_MM * self.phantom.scale)
        depth = (share * self.phantom.canal_mm * self.phantom.scale * narrow).astype(np.float32)
        return np.maximum(depth - self.stenosis(s), 0).astype(np.float32)

    def stenosis(self, s: Array) -> Array:
        """How much less deep the canal is than its build, narrowed from behind at the discs."""
        total = np.zeros_like(s, np.float32)
        for name, place in self.discs.items():
            lost = self.phantom.discs[name].stenosis_mm
            if lost > 0:
                total += np.float32(lost) * np.exp(-0.5 * ((s - place) / 6) ** 2)
        return total.astype(np.float32)

    def flavum(self, s: Array) -> Array:
        """How far the ligamentum flavum stands into the canal."""
        total = np.zeros_like(s)
        for name, place in self.discs.items():
            thick = self.phantom.discs[name].flavum_mm
            if thick > 0:
                total += np.float32(thick) * np.exp(-0.5 * ((s - place - 1) / 5) ** 2)
        return total.astype(np.float32)

    def sac_edges(self, s: Array) -> tuple[Array, Array]:
        """``t`` of the front and the back of the sac; equal where there is none.

        A disc that stands into the canal pushes the front of the sac back; half of that the sac
        gives way to, as far as the fat behind it has room.
        """
        phantom, scale = self.phantom, self.phantom.scale
        low = [self.discs["L4-L5"], self.discs["L5-S1"], self.sacral[0], self.sacral[1]]
        rest = np.interp(s, low, [0.8, 1.8, 3.0, 3.5]) * scale
        width = np.interp(
            s,
            [self.discs["T11-T12"], self.discs["T12-L1"], self.discs["L3-L4"], *low[1:]],
            [1.05, 1.08, 1.0, 0.92, 0.82, 0.62],
        )
        width = width * phantom.sac_mm * scale
        pushed = np.zeros_like(rest)
        for name, disc in self.bones.discs.items():
            state = disc.state
            reach = max(state.bulge_mm, state.herniation_mm if state.herniation != "none" else 0)
            if reach <= 0:
                continue
            wide = max(3.0, 0.4 * disc.height) + 0.4 * abs(state.migration_mm)
            moved = 0.5 * state.migration_mm
            bump = (reach + 0.5) * np.exp(-0.5 * ((s - self.discs[name] - moved) / wide) ** 2)
            pushed = np.maximum(pushed, bump)
        room = np.maximum(self.bony_depth(s) - rest - width - 0.8, 0)
        front = np.maximum(rest, pushed)
        back = rest + width + np.minimum(0.5 * (front - rest), 0.7 * room) - self.flavum(s)
        back = back - self.stenosis(s)
        back = np.maximum(back, front + LEAST_SAC_MM)
        round_ = _lens(self.z, SAC_HALF_WIDTH_MM * scale)
        end = np.sqrt(np.clip((self.tip - s) / 12, 0, 1)) * round_
        middle, half = (front + back) / 2, (back - front) / 2
        return (middle - half * end).astype(np.float32), (middle + half * end).astype(np.float32)

    def sac_distance(self, s: Array, t: Array) -> Array:
        """Signed distance to the sac; positive everywhere where there is none."""
        front, back = self.sac_edges(s)
        result = np.maximum(front - t, t - back) + np.where(back - front < 0.4, 2.0, 0.0)
        return result.astype(np.float32)


def canal_of(phantom: Phantom, midline: Bones, z: float = 0.0) -> Canal:
    """The canal behind the bones of the midline, seen ``z`` millimetres from it."""
    return Canal(phantom, midline, wall_curve(midline), z)


def wall_curve(bones: Bones) -> Curve:
    """A curve along the posterior walls from above the column down to the coccyx."""
    corners: list[Vec] = []
    for body in bones.bodies.values():
        corners += [body.upper.posterior, _wall_middle(body), body.lower.posterior]
    for body in bones.sacrum:
        corners += [body.upper.posterior, body.lower.posterior]
    return _spline(np.array(corners), smoothing=0.6)


def smooth_curve(bones: Bones) -> Curve:
    """The course of the column without its steps, for the soft tissue around it."""
    corners = [_wall_middle(body) for body in bones.bodies.values()]
    corners += [_wall_middle(body) for body in bones.sacrum]
    return _spline(np.array(corners), smoothing=1.3)


def _spline(points: npt.NDArray[np.float64], smoothing: float) -> Curve:
    points = gaussian_filter1d(points, smoothing, axis=0, mode="nearest")
    up, down = points[0] - points[2], points[-1] - points[-3]
    up, down = up / np.hypot(*up), down / np.hypot(*down)
    low, straight = points[-1] + down * 30, np.array([0.0, 120.0])
    tail = down * 30 + straight / 4
    points = np.vstack(
        [points[0] + up * 160, points[0] + up * 80, points, low, low + tail, low + tail + straight]
    )
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    keep = np.concatenate([[True], np.diff(lengths) > 0.2])
    spline = CubicSpline(lengths[keep], points[keep])
    return Curve(spline(np.arange(0, lengths[-1], _STEP_MM)))


def _back(disc: DiscSpace) -> Vec:
    middle: Vec = (disc.upper.posterior + disc.lower.posterior) / 2
    return middle


def _wall_middle(body: Body) -> Vec:
    middle: Vec = (body.upper.posterior + body.lower.posterior) / 2
    waist: Vec = body.frame.u * (0.035 * body.depth * body.waist)
    return middle - waist


def _lens(z: float, half_width: float) -> float:
    return float(np.sqrt(max(0.0, 1 - (z / half_width) ** 2)))
