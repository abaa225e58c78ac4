"""The network that grades discs.

Each disc's T1 and T2 crops go through one EfficientNet-Lite0; the two feature vectors, the
measures and the level are joined into a token, and a small transformer lets the discs of a patient
see one another, as a reader judges a disc beside its neighbours. Either sequence may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tools.backbone import FEATURES, EfficientNetLite0
from tools.crops import MEASURES

LEVELS = 10
"""Discs that have an own place: 0 is L5-S1; higher ones share the last."""
BINARY = (
    "disc_narrowing",
    "disc_bulging",
    "disc_herniation",
    "endplate_upper",
    "endplate_lower",
    "spondylolisthesis",
)
SEQUENCES = ("t2", "t1")
_TOKEN = 192


@dataclass
class Grades:
    """Logits of n discs.

    Attributes:
        pfirrmann: (n, 4) logits of the grade being above 1, 2, 3, 4 (ordinal, non-increasing
            in expectation).
        modic: (n, 4) logits of types 0 to 3.
        binary: (n, 6) logits in the order of BINARY.
    """

    pfirrmann: Tensor
    modic: Tensor
    binary: Tensor


class GradeNet(nn.Module):
    """Crops of one or more patients to the logits of each disc."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        self.project = nn.ModuleList(nn.Linear(FEATURES, _TOKEN) for _ in SEQUENCES)
        self.missing = nn.Parameter(torch.zeros(len(SEQUENCES), _TOKEN))
        self.level = nn.Embedding(LEVELS, _TOKEN)
        self.measures = nn.Sequential(
            nn.Linear(2 * len(SEQUENCES) * len(MEASURES), 64), nn.ReLU(), nn.Linear(64, _TOKEN)
        )
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            _TOKEN, 4, 384, dropout=0.2, batch_first=True, norm_first=True
        )
        self.context = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(_TOKEN)
        self.pfirrmann = nn.Linear(_TOKEN, 4)
        self.modic = nn.Linear(_TOKEN, 4)
        self.binary = nn.Linear(_TOKEN, len(BINARY))

    def forward(
        self, crops: Tensor, there: Tensor, measures: Tensor, levels: Tensor, patients: Tensor
    ) -> Grades:
        """Grade n discs.

        Args:
            crops: (n, 2, rows, columns) T2 and T1 crops in [-1, 1]; anything where missing.
            there: (n, 2) bool, which crops exist.
            measures: (n, 2, len(MEASURES)), NaN where unknown.
            levels: (n,) int64, discs above L5-S1.
            patients: (n,) int64, equal for the discs of one patient.
        """
        token = self.level(levels.clamp(0, LEVELS - 1))
        flat = self.encoder(crops[there][:, None]) if there.any() else crops.new_zeros(0, FEATURES)
        for i, project in enumerate(self.project):
            own = there[:, i]
            part = self.missing[i].expand(len(crops), -1).clone()
            where = torch.nonzero(there)[:, 1] == i
            part[own] = project(self.dropout(flat[where]))
            token = token + part
        known = ~measures.isnan()
        filled = torch.where(known, measures, torch.zeros_like(measures)).clamp(-3, 3)
        token = token + self.measures(torch.cat([filled.flatten(1), known.flatten(1).float()], 1))
        same = patients[:, None] == patients[None, :]
        mixed = self.norm(self.context(token[None], mask=~same)[0])
        return Grades(self.pfirrmann(mixed), self.modic(mixed), self.binary(mixed))
