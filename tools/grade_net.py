"""The network that grades discs.

Each disc's T1 and T2 crops go through one EfficientNet-Lite0. What is seen in the crop as a whole
and what is seen where in it (the crops are upright, so a place is an anatomical one), the measures
and the level are joined into a token, and a small transformer lets the discs of a patient see one
another, as a reader judges a disc beside its neighbours. Either sequence may be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.backbone import FEATURES, PYRAMID_CHANNELS, EfficientNetLite0
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
WIDTH = 192
"""Size of a disc's token."""
_FINE = 3
"""Which map of the pyramid shows where something is: the one at stride 16."""
_PLACES = (7, 3)
"""Rows and columns of places in a crop."""
_PER_PLACE = 32


Inputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Crops, which of them are there, measures, levels and patients."""


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
        self.project = nn.ModuleList(nn.Linear(FEATURES, WIDTH) for _ in SEQUENCES)
        self.squeeze = nn.Conv2d(PYRAMID_CHANNELS[_FINE], _PER_PLACE, 1)
        self.place = nn.ModuleList(
            nn.Linear(_PER_PLACE * _PLACES[0] * _PLACES[1], WIDTH) for _ in SEQUENCES
        )
        self.missing = nn.Parameter(torch.zeros(len(SEQUENCES), WIDTH))
        self.level = nn.Embedding(LEVELS, WIDTH)
        self.measures = nn.Sequential(
            nn.Linear(2 * len(SEQUENCES) * len(MEASURES), 64), nn.ReLU(), nn.Linear(64, WIDTH)
        )
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            WIDTH, 4, 384, dropout=0.2, batch_first=True, norm_first=True
        )
        self.context = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.pfirrmann = nn.Linear(WIDTH, 4)
        self.modic = nn.Linear(WIDTH, 4)
        self.binary = nn.Linear(WIDTH, len(BINARY))

    def _look(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is seen in k crops (k, rows, columns).

        Returns:
            As a whole (k, 1280), place by place (k, places), and the map at stride 16 that both
            come from.
        """
        if not len(crops):
            size = _PER_PLACE * _PLACES[0] * _PLACES[1]
            none = crops.new_zeros(0, PYRAMID_CHANNELS[_FINE], 1, 1)
            return crops.new_zeros(0, FEATURES), crops.new_zeros(0, size), none
        maps = self.encoder.pyramid(crops[:, None])
        whole = self.encoder.head(maps[-1]).mean(dim=(2, 3))
        fine = functional.relu(self.squeeze(maps[_FINE]))
        return whole, functional.adaptive_avg_pool2d(fine, _PLACES).flatten(1), maps[_FINE]

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
        return self._grade(crops, there, measures, levels, patients)[0]

    def heat(self, given: Inputs, logit: Callable[[Grades], Tensor]) -> Tensor:
        """Where in the crops a logit comes from (HiResCAM: Draelos and Carin 2020).

        Args:
            given: what :meth:`forward` takes, in its order.
            logit: the number to be explained.

        Returns:
            (n, 2, rows / 16, columns / 16), at least 0: each place's positive share of the logit;
            0 where a crop is missing.
        """
        there = given[1]
        with torch.enable_grad():
            grades, fine = self._grade(*given)
            (gradient,) = torch.autograd.grad(logit(grades), fine)
        shares = (gradient * fine).sum(1).detach().clamp(min=0)
        out = shares.new_zeros(*there.shape, *shares.shape[1:])
        out[there] = shares
        return out

    def tokens(self, given: Inputs) -> Tensor:
        """What the grades of n discs are read from: what was seen, measured and mixed of each.

        Args:
            given: what :meth:`forward` takes, in its order.

        Returns:
            (n, WIDTH); the heads are linear in it.
        """
        return self._mix(*given)[0]

    def beside_t2(self, given: Inputs) -> tuple[Grades, Grades]:
        """Grades as :meth:`forward` gives them, and of the discs in T2 from T2 alone.

        Each crop is looked at once.

        Args:
            given: what :meth:`forward` takes, in its order.

        Returns:
            The grades of all n discs, and of those that have a T2 crop, in their order.
        """
        crops, there, measures, levels, patients = given
        whole, places, _ = self._look(crops[there])
        both = self._mixed(whole, places, there, measures, levels, patients)
        shown, of_t2 = there[:, 0], torch.nonzero(there)[:, 1] == 0
        alone = torch.zeros_like(there[shown])
        alone[:, 0] = True
        own = measures[shown].clone()
        own[:, 1:] = torch.nan
        seen = whole[of_t2], places[of_t2]
        t2 = self._mixed(*seen, alone, own, levels[shown], patients[shown])
        return self._heads(both), self._heads(t2)

    def _heads(self, mixed: Tensor) -> Grades:
        return Grades(self.pfirrmann(mixed), self.modic(mixed), self.binary(mixed))

    def _grade(
        self, crops: Tensor, there: Tensor, measures: Tensor, levels: Tensor, patients: Tensor
    ) -> tuple[Grades, Tensor]:
        mixed, fine = self._mix(crops, there, measures, levels, patients)
        return self._heads(mixed), fine

    def _mix(
        self, crops: Tensor, there: Tensor, measures: Tensor, levels: Tensor, patients: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The token of each disc after the others were seen, and the map at stride 16."""
        whole, places, fine = self._look(crops[there])
        return self._mixed(whole, places, there, measures, levels, patients), fine

    def _mixed(
        self,
        whole: Tensor,
        places: Tensor,
        there: Tensor,
        measures: Tensor,
        levels: Tensor,
        patients: Tensor,
    ) -> Tensor:
        """The token of each disc after the others were seen, from what :meth:`_look` returned."""
        token = self.level(levels.clamp(0, LEVELS - 1))
        for i, (project, place) in enumerate(zip(self.project, self.place, strict=True)):
            part = self.missing[i].expand(len(there), -1).clone()
            where = torch.nonzero(there)[:, 1] == i
            part[there[:, i]] = project(self.dropout(whole[where])) + place(
                self.dropout(places[where])
            )
            token = token + part
        known = ~measures.isnan()
        filled = torch.where(known, measures, torch.zeros_like(measures)).clamp(-3, 3)
        token = token + self.measures(torch.cat([filled.flatten(1), known.flatten(1).float()], 1))
        same = patients[:, None] == patients[None, :]
        mixed: Tensor = self.norm(self.context(token[None], mask=~same)[0])
        return mixed
