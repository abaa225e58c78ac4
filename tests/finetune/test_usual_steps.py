"""The usual steps go with the column network: an export lacks them until they are fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from finetune import classifier_data, levels, usual_steps
from finetune.classifier_data import DiscViews
from radixgpt.errors import WeightsError
from radixgpt.weights import WEIGHTS, load_card
from tools import slips
from tools.column_net import ColumnNet
from tools.grade_net import BINARY


def disc(index: int, *, canal: float, slipped: bool) -> DiscViews:
    binary = tuple(int(slipped and name == "spondylolisthesis") for name in BINARY)
    step = slips.Steps(canal, -canal)
    return DiscViews(1, index, 3, 0, binary, {}, {"t2": step})


def test_it_is_the_median_at_each_level_of_what_did_not_slip() -> None:
    discs = [disc(0, canal=value, slipped=False) for value in (0.01, 0.02, 0.06)]
    discs += [disc(0, canal=0.9, slipped=True), disc(7, canal=0.05, slipped=False)]
    usual = usual_steps.fit(discs, [usual_steps.steps_of(one) for one in discs])
    assert usual.canal == (0.02, 0, 0, 0, 0, 0.05)
    assert usual.walls == (-0.02, 0, 0, 0, 0, -0.05)


def test_an_exported_network_is_whole_after_its_usual_steps(tmp_path: Path) -> None:
    out, weights = tmp_path / "runs", tmp_path / "weights"
    out.mkdir()
    torch.manual_seed(0)
    torch.save(ColumnNet().state_dict(), out / "transfer.pt")
    levels.export(out, weights / "levels")
    with pytest.raises(WeightsError, match="usual_steps"):
        load_card("levels", root=weights).value("usual_steps")
    usual = slips.Usual(canal=(0.1,) * 6, walls=(0.2,) * 6)
    usual_steps.write(usual, weights)
    card = load_card("levels", root=weights)
    assert slips.Usual.model_validate(card.value("usual_steps")) == usual
    assert card.file("column.safetensors").is_file()
    shipped = load_card("levels", root=WEIGHTS).manifest
    assert set(card.manifest.model_extra or {}) == set(shipped.model_extra or {})


def test_kept_discs_are_made_anew_for_another_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[int] = []

    def build(*_: object) -> list[DiscViews]:
        built.append(len(built))
        return [disc(len(built), canal=0.0, slipped=False)]

    monkeypatch.setattr(classifier_data, "build", build)
    cache = tmp_path / "runs" / "discs.pickle"
    one, other = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    first = classifier_data.load(tmp_path, one, cache)  # type: ignore[arg-type]
    assert classifier_data.load(tmp_path, one, cache) == first  # type: ignore[arg-type]
    assert built == [0]
    assert classifier_data.load(tmp_path, other, cache) != first  # type: ignore[arg-type]
    assert built == [0, 1]


def test_a_file_of_before_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    cache = tmp_path / "phantoms.pickle"
    cache.write_bytes(pickle.dumps([disc(0, canal=0.0, slipped=False)]))
    monkeypatch.setattr(classifier_data, "phantoms", lambda _, count: [None] * count)
    assert len(classifier_data.load_phantoms(ColumnNet(), 3, cache)) == 3
    assert np.shape(classifier_data.load_phantoms(ColumnNet(), 2, cache)) == (2,)
