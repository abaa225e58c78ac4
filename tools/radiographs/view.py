"""Whether a radiograph of the spine is an AP or a lateral view, and where that is seen.

One linear head on the pooled features of the frozen backbone, the mean of a film and its mirror
image, as a lateral film may face either way. The same weights, laid over the last
maps before pooling, give the class activation map (Zhou et al., CVPR 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tools.backbone import EfficientNetLite0
from tools.triage_looks import features

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ViewHead:
    """A logistic rule.

    Attributes:
        weight, bias: (1280,) and (1,) on the pooled features; positive speaks for a lateral view.
    """

    weight: Floats
    bias: Floats

    def lateral(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Chance of a lateral view for films (n, 2, 1280), each as it is and mirrored."""
        scores = (np.asarray(features, np.float64) @ self.weight).mean(1) + float(self.bias[0])
        chance: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(scores, -40, 40)))
        return chance

    def activation(self, maps: Floats, *, lateral: bool) -> Floats:
        """What speaks for a view, (r, c) in [0, 1], from maps (1280, r, c) before pooling."""
        seen = np.einsum("f,frc->rc", self.weight if lateral else -self.weight, maps)
        seen = np.maximum(seen - np.median(seen), 0)
        return np.asarray(seen / max(float(seen.max()), 1e-6), np.float32)


def pooled(network: EfficientNetLite0, frame: Floats) -> Floats:
    """Features (2, 1280) of one frame (rows, columns) as it is and mirrored."""
    return features(network, np.stack([frame, frame[:, ::-1]]))


@torch.inference_mode()
def last_maps(network: EfficientNetLite0, frame: Floats) -> Floats:
    """The 1280 maps (1280, r, c) before pooling of one frame (rows, columns) in [-1, 1]."""
    stacked = torch.from_numpy(np.ascontiguousarray(frame))[None, None]
    maps: Floats = network.head(network.pyramid(stacked)[-1])[0].numpy()
    return maps
