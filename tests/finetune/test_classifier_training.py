"""Training of the disc grades: batches, learning, calibration and abstention."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from finetune import classifier, classifier_data
from finetune.classifier_data import MARGIN, DiscViews
from tools import crops
from tools.grade_net import BINARY, GradeNet

STORED = (round(crops.ROWS * MARGIN), round(crops.COLUMNS * MARGIN))


def discs(patients: int, seed: int = 0) -> list[DiscViews]:
    """Discs whose grey level gives their grade away."""
    rng = np.random.default_rng(seed)
    made = []
    for patient in range(patients):
        for index in range(3):
            grade = int(rng.integers(1, 6))
            views: dict[str, list[crops.Crop]] = {}
            for sequence in ("t2", "t1"):
                pixels = np.full(STORED, 1 - grade * 0.35, np.float32)
                pixels += rng.normal(0, 0.05, STORED).astype(np.float32)
                measures = np.full(len(crops.MEASURES), grade / 5, np.float32)
                views[sequence] = [crops.Crop(pixels, measures)]
            binary = tuple(int(grade > 3) for _ in BINARY)
            made.append(DiscViews(patient, index, grade, 2 * int(grade == 5), binary, views))
    return made


def test_a_batch_has_the_network_s_shapes() -> None:
    batch = classifier_data.collate(discs(2), np.random.default_rng(0))
    assert batch.crops.shape == (6, 2, crops.ROWS, crops.COLUMNS)
    assert batch.measures.shape == (6, 2, len(crops.MEASURES))
    assert batch.there.any(dim=1).all()
    assert batch.patients.tolist() == [0, 0, 0, 1, 1, 1]


def test_one_sequence_alone_hides_the_other() -> None:
    batch = classifier_data.collate(discs(1), None, only="t1")
    assert batch.there.tolist() == [[False, True]] * 3
    assert batch.measures[:, 0].isnan().all()


def test_patients_do_not_see_one_another() -> None:
    torch.manual_seed(0)
    model = GradeNet().eval()
    both = discs(2)
    with torch.no_grad():
        alone = classifier.predict(model, both[:3])
        together = classifier.predict(model, both)
    for name, values in alone.items():
        assert torch.allclose(values, together[name][:3], atol=1e-4)


def test_a_disc_sees_its_neighbours() -> None:
    torch.manual_seed(0)
    model = GradeNet().eval()
    own = discs(1)
    with torch.no_grad():
        alone = classifier.predict(model, own[:1])["pfirrmann"][0]
        beside = classifier.predict(model, own)["pfirrmann"][0]
    assert not torch.allclose(alone, beside, atol=1e-4)


def test_folds_part_the_patients() -> None:
    parts = classifier.folds(tuple(range(20)))
    assert sorted(p for part in parts for p in part) == list(range(20))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_training_saves_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "start", lambda model: None)
    training = discs(4)
    classifier.train_fold(training, discs(2, seed=9), tmp_path, 0, 1)
    first = (tmp_path / "train.log").read_text().splitlines()
    assert len(first) == 1
    classifier.train_fold(training, [], tmp_path, 0, 1)
    assert (tmp_path / "train.log").read_text().splitlines() == first
    model = GradeNet()
    model.load_state_dict(torch.load(tmp_path / "fold0.pt", weights_only=True))


@pytest.mark.data
def test_discs_are_cut_with_their_gradings(shared_data: Path, tmp_path: Path) -> None:
    from finetune import spider
    from tools.levels import model

    some = {name: spider.points()[name] for name in ("9_t2", "10_t2")}
    built = list(classifier_data.build(shared_data, model(), some))
    assert {d.patient for d in built} == {9, 10}
    graded = {(g.patient, g.disc): g for g in spider.gradings(shared_data)}
    for disc in built:
        assert set(disc.views) <= {"t1", "t2"}
        from radixgpt.level import disc_at

        assert disc.pfirrmann == graded[disc.patient, disc_at(disc.index)].pfirrmann
